/* SPDX-License-Identifier: Apache-2.0
 *
 * atls_remote.so: one document, by one GET.
 */
#ifndef ATLS_REMOTE_GET_H
#define ATLS_REMOTE_GET_H

#include "remote.h"

/* atls_remote_get_by_http: atls_remote_get, of the module. */
enum atls_reason ATLS_MUST_USE
atls_remote_get_by_http(const struct atls_remote_document *document,
                        int64_t deadline_ns, struct atls_remote_copy *out,
                        struct atls_why *why);

#endif
