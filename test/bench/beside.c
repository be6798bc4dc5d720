/* SPDX-License-Identifier: Apache-2.0
 *
 * The clock, the thread, and what it saw.
 */
#include "beside.h"

#include <time.h>

double bench_beside_now_ms(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6;
}

void bench_beside_sleep_until(double ms)
{
    struct timespec until = {.tv_sec = (time_t)(ms / 1000)};

    until.tv_nsec = (long)((ms - (double)until.tv_sec * 1000) * 1e6);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0)
        continue;
}

/* What begins under one thing and ends under the next waited for the first. */
static void shake_once(struct bench_beside *beside, double intended_ms)
{
    int during = beside->now;

    beside->has_failed =
        !bench_pair_run(beside->pair, 1, NULL) || beside->has_failed;
    if (during == BENCH_BESIDE_NOTHING || beside->num == BENCH_BESIDE_MAX)
        return;
    beside->ms[beside->num] = bench_beside_now_ms() - intended_ms;
    beside->during[beside->num] = during;
    beside->num++;
}

static void *run(void *arg)
{
    struct bench_beside *beside = arg;
    double intended_ms = bench_beside_now_ms();

    while (!beside->is_ending) {
        bench_beside_sleep_until(intended_ms);
        shake_once(beside, intended_ms);
        intended_ms += 1000.0 / BENCH_BESIDE_RATE;
    }
    return NULL;
}

bool bench_beside_start(struct bench_beside *beside,
                        const struct bench_pair *pair)
{
    beside->pair = pair;
    beside->now = BENCH_BESIDE_NOTHING;
    return pthread_create(&beside->thread, NULL, run, beside) == 0;
}

bool bench_beside_end(struct bench_beside *beside)
{
    beside->is_ending = true;
    return pthread_join(beside->thread, NULL) == 0 && !beside->has_failed;
}

size_t bench_beside_take(const struct bench_beside *beside, int what,
                         double *out)
{
    size_t num = 0;

    for (size_t i = 0; i < beside->num; i++)
        if (beside->during[i] == what)
            out[num++] = beside->ms[i];
    return num;
}
