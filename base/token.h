/* SPDX-License-Identifier: Apache-2.0
 *
 * A bearer token from a file (RFC 6750, 2.1), which somebody else renews.
 */
#ifndef ATLS_TOKEN_H
#define ATLS_TOKEN_H

#include "why.h"

#define ATLS_TOKEN_MAX 8192 /* bytes */

/* atls_token_read: the token and a NUL behind it, to the empty out. White
 * space at the end is not part of it; anything but the printable characters of
 * one word is refused, so that no header can be smuggled. FILE_UNREADABLE,
 * OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_token_read(const char *path, struct atls_buf *out, struct atls_why *why);

#endif
