/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole file that a URI names, bounded.
 */
#ifndef ATLS_URI_FILE_H
#define ATLS_URI_FILE_H

#include "why.h"

/* atls_uri_file_read: appends the file to *out; what says which file it is
 * ("key", "claims"). reason_if_not with path, uid and the system's words when
 * it cannot be opened, is no file, or does not fit; OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_uri_file_read(const char *path, const char *what, struct atls_buf *out,
                   enum atls_reason reason_if_not, struct atls_why *why);

#endif
