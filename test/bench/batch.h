/* SPDX-License-Identifier: Apache-2.0
 *
 * What of the section "batch" is both the process's that measures and the
 * report's.
 */
#ifndef BENCH_BATCH_H
#define BENCH_BATCH_H

#define BENCH_BATCH_MS      200  /* a quote takes */
#define BENCH_BATCH_WAITING 1024 /* at once; more no user may have */
#define BENCH_BATCH_RATE    600  /* arrivals a second: more than is hoped for */

/* Goals: over the unbatched rate, over the rate of an attester that takes no
 * time, and of the time of a quote. */
#define BENCH_BATCH_FASTER 100.0
#define BENCH_BATCH_PART   0.85
#define BENCH_BATCH_P99    (2.1 * BENCH_BATCH_MS)

#endif
