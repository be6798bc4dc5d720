/* SPDX-License-Identifier: Apache-2.0
 *
 * Interposed by being in the executable; glibc keeps its own under the names
 * with __libc_ (malloc(3), "Replacing malloc" in glibc's manual).
 */
#include "heap.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t num, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *pointer);

struct bench_heap bench_heap;

static void *gain(void *pointer)
{
    bench_heap.now += (int64_t)malloc_usable_size(pointer);
    if (bench_heap.now > bench_heap.peak)
        bench_heap.peak = bench_heap.now;
    bench_heap.num_calls++;
    return pointer;
}

static void lose(void *pointer)
{
    bench_heap.now -= (int64_t)malloc_usable_size(pointer);
}

EXPORT void *malloc(size_t size)
{
    return gain(__libc_malloc(size));
}

EXPORT void *calloc(size_t num, size_t size)
{
    return gain(__libc_calloc(num, size));
}

EXPORT void *realloc(void *old, size_t size)
{
    lose(old);
    return gain(__libc_realloc(old, size));
}

EXPORT void *memalign(size_t alignment, size_t size)
{
    return gain(__libc_memalign(alignment, size));
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    return gain(__libc_memalign(alignment, size));
}

EXPORT int posix_memalign(void **out, size_t alignment, size_t size)
{
    *out = gain(__libc_memalign(alignment, size));
    return *out == NULL ? ENOMEM : 0;
}

EXPORT void free(void *pointer)
{
    lose(pointer);
    __libc_free(pointer);
}
