/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that hold a secret: others must not be able to read or write them.
 */
#ifndef ATLS_SERVE_SECRET_H
#define ATLS_SERVE_SECRET_H

#include "why.h"

/* atls_secret_check: whoever is neither its owner nor of its group has no right
 * to the file. SETTING_INVALID; FILE_UNREADABLE: it is not there. */
enum atls_reason ATLS_MUST_USE atls_secret_check(const char *path,
                                                 struct atls_why *why);

#endif
