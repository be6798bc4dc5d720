/* SPDX-License-Identifier: Apache-2.0
 *
 * One line of JSON a request.
 */
#ifndef ATLS_SERVE_ACCESS_H
#define ATLS_SERVE_ACCESS_H

#include "serve/exchange.h"

/* atls_access_put: what no session and no Evidence can be made from. */
void atls_access_put(const struct atls_exchange *exchange, const char *peer,
                     int64_t duration_ns, struct atls_buf *out);

#endif
