/* SPDX-License-Identifier: Apache-2.0
 *
 * Counters that any thread adds to, in the text format of Prometheus (version
 * 0.0.4). Labels are words of ours, never a client's: verdicts, names of
 * reasons, routes, statuses.
 */
#ifndef ATLS_SERVE_METRICS_H
#define ATLS_SERVE_METRICS_H

#include "atls/atls.h"
#include "serve/route.h"

#define ATLS_METRICS_BUCKETS      12
#define ATLS_METRICS_STATUSES     16
#define ATLS_METRICS_TIERS        4
#define ATLS_METRICS_CERTIFICATES 8

struct atls_metrics { /* zeroed at first; members are atomic */
    uint64_t appraisals[ATLS_METRICS_TIERS][ATLS_NUM_REASONS];
    uint64_t buckets[ATLS_METRICS_BUCKETS + 1]; /* the last: longer */
    uint64_t appraisal_ns;
    uint64_t requests[ATLS_NUM_ROUTES + 1][ATLS_METRICS_STATUSES];
    uint64_t reloads, failed_reloads; /* of the service */
    uint64_t certificate_reloads, failed_certificate_reloads;
    uint64_t connections, connections_cut; /* now; ended as overdue */
    int64_t started; /* seconds since 1970, as all times here */
    int64_t certificates[ATLS_METRICS_CERTIFICATES]; /* notAfter, of the
                                                        server's chain, leaf
                                                        first; 0: none */
};

void atls_metrics_appraised(struct atls_metrics *metrics,
                            const struct atls_verdict *verdict,
                            int64_t duration_ns);
/* atls_metrics_answered: route NULL: none. */
void atls_metrics_answered(struct atls_metrics *metrics,
                           const struct atls_route *route, int status);

/* atls_metrics_put: everything, and when the service was loaded. */
void atls_metrics_put(const struct atls_metrics *metrics,
                      const struct atls_service *service, struct atls_buf *out);

#endif
