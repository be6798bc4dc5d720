/* SPDX-License-Identifier: Apache-2.0
 *
 * A file put in another's place in one step, so that whoever reads finds one or
 * the other, whole.
 */
#ifndef ATLS_FILE_REPLACE_H
#define ATLS_FILE_REPLACE_H

#include "why.h"

/* atls_file_replace: path has these bytes, on the disk, with the mode that the
 * process's umask leaves of 0666; or FILE_UNREADABLE, and nothing has changed.
 */
enum atls_reason ATLS_MUST_USE atls_file_replace(const char *path,
                                                 struct atls_view bytes,
                                                 struct atls_why *why);

#endif
