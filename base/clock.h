/* SPDX-License-Identifier: Apache-2.0
 *
 * The monotonic clock, for deadlines. What is judged is judged at a time that
 * the caller gives.
 */
#ifndef ATLS_CLOCK_H
#define ATLS_CLOCK_H

#include <stdint.h>

/* atls_clock_now: nanoseconds of CLOCK_MONOTONIC. */
int64_t atls_clock_now(void);

#endif
