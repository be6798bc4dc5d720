/* SPDX-License-Identifier: Apache-2.0
 *
 * A fuzz target: one function over a peer's bytes, linked with libFuzzer
 * (--enable-fuzz) or with replay.c, which feeds it files.
 */
#ifndef ATLS_FUZZ_H
#define ATLS_FUZZ_H

#include <stdint.h>
#include <stdlib.h>

/* The folder of corpus/ that is this target's. */
extern const char fuzz_target[];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* fuzz_must: what holds for every input. Not assert(): NDEBUG would hide it. */
static inline void fuzz_must(int holds)
{
    if (!holds)
        abort();
}

#endif
