/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that a policy names: whole, and no larger than a limit.
 */
#ifndef ATLS_FILE_H
#define ATLS_FILE_H

#include "why.h"

#define ATLS_FILE_MAX                                                          \
    (1 << 20) /* bytes of a policy or of a trust anchor file */

/* atls_file_read: appends all of the file to out. FILE_UNREADABLE,
 * OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_file_read(const char *path, struct atls_buf *out, struct atls_why *why);

/* atls_file_path: path, or folder/path when it is relative. malloc'ed; NULL:
 * no memory. */
char *atls_file_path(const char *folder, const char *path);

#endif
