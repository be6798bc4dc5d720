/* SPDX-License-Identifier: Apache-2.0
 *
 * Plain handshakes in a thread of their own, while the process does something
 * else: open-loop, at a fixed rate, each latency from when it should have
 * begun.
 */
#ifndef BENCH_BESIDE_H
#define BENCH_BESIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "pair.h"

#define BENCH_BESIDE_RATE    100   /* a second */
#define BENCH_BESIDE_MAX     60000 /* handshakes that are kept */
#define BENCH_BESIDE_NOTHING -1

struct bench_beside {
    const struct bench_pair *pair;
    pthread_t thread;
    atomic_bool is_ending;
    atomic_int now; /* what the process does: a number, or _NOTHING */
    bool has_failed;
    size_t num;
    double ms[BENCH_BESIDE_MAX];
    int during[BENCH_BESIDE_MAX]; /* what it did when each began */
};

/* bench_beside_start: nobody else uses the pair. */
bool bench_beside_start(struct bench_beside *beside,
                        const struct bench_pair *pair);

/* bench_beside_end: false: a handshake failed. */
bool bench_beside_end(struct bench_beside *beside);

/* bench_beside_take: latencies during `what` go to out (BENCH_BESIDE_MAX). */
size_t bench_beside_take(const struct bench_beside *beside, int what,
                         double *out);

double bench_beside_now_ms(void); /* monotonic */
void bench_beside_sleep_until(double ms);

#endif
