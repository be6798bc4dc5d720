/* SPDX-License-Identifier: Apache-2.0
 *
 * A deadline: one moment of the monotonic clock, in ms, that is handed down
 * through every wait of a quote.
 */
#ifndef ATLS_DEADLINE_H
#define ATLS_DEADLINE_H

#include <limits.h>
#include <stdint.h>
#include <time.h>

typedef int64_t atls_deadline;

static inline int64_t atls_monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline atls_deadline atls_deadline_after(uint32_t ms)
{
    return atls_monotonic_ms() + ms;
}

/* atls_deadline_left: ms that are left, never negative; what poll takes. */
static inline int atls_deadline_left(atls_deadline deadline)
{
    int64_t left = deadline - atls_monotonic_ms();

    if (left < 0)
        return 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

#endif
