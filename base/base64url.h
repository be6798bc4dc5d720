/* SPDX-License-Identifier: Apache-2.0
 *
 * base64url without padding (RFC 4648, 5; RFC 7515, appendix C) and hex.
 * Strict: no padding, no white space, no stray bits in the last character.
 */
#ifndef ATLS_BASE64URL_H
#define ATLS_BASE64URL_H

#include "bytes.h"

bool ATLS_MUST_USE atls_base64url_decode(struct atls_view text,
                                         struct atls_buf *out);
void atls_base64url_put(struct atls_buf *out, struct atls_view bytes);

/* Hex digits in pairs, either case; out gets the bytes appended. */
bool ATLS_MUST_USE atls_hex_decode(struct atls_view text, struct atls_buf *out);
/* atls_hex: lower-case digits and a NUL; cut to what fits into size. */
void atls_hex(struct atls_view bytes, char *text, size_t size);

#endif
