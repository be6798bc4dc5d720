/* SPDX-License-Identifier: Apache-2.0
 *
 * The heap of this program, counted: malloc and its relatives are ours, and
 * hand on to glibc's. Sizes are what malloc_usable_size says.
 */
#ifndef BENCH_HEAP_H
#define BENCH_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct bench_heap {
    int64_t now, peak;  /* bytes */
    uint64_t num_calls; /* that gave memory */
};

extern struct bench_heap bench_heap;

#endif
