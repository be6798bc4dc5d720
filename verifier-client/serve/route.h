/* SPDX-License-Identifier: Apache-2.0
 *
 * The paths that a Verifier has.
 */
#ifndef ATLS_SERVE_ROUTE_H
#define ATLS_SERVE_ROUTE_H

#include "serve/exchange.h"

typedef void atls_route_fn(struct atls_exchange *exchange);

struct atls_route {
    const char *name; /* for log and metrics: never a client's bytes */
    const char *path; /* with '/' at its end: and one more segment */
    const char *allow;
    atls_route_fn *get, *post, *delete; /* NULL: not allowed */
};

#define ATLS_NUM_ROUTES 5
extern const struct atls_route atls_routes[ATLS_NUM_ROUTES];

/* atls_route_find: NULL: there is no such path. */
const struct atls_route *atls_route_find(const char *path);

/* atls_route_run: the function for the method, or 405. HEAD is GET. */
void atls_route_run(const struct atls_route *route, const char *method,
                    struct atls_exchange *exchange);

/* Veraison's challenge-response API (challenge.c) */
#define ATLS_ROUTE_SESSION "/challenge-response/v1/session/"
atls_route_fn atls_challenge_new, atls_challenge_submit, atls_challenge_get,
    atls_challenge_delete;
/* What we say of ourselves (published.c, metrics.c) */
atls_route_fn atls_published_discovery, atls_published_keys, atls_metrics_get;

#endif
