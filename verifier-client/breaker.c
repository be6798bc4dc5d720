/* SPDX-License-Identifier: Apache-2.0
 *
 * One slot a URL, found by its hash; two URLs that share one share its fate.
 */
#include "breaker.h"

#include <stdatomic.h>

enum { NUM_SLOTS = 64 };

static struct slot {
    atomic_int num_timeouts;       /* in a row */
    _Atomic int64_t open_until_ns; /* 0: never was */
} slots[NUM_SLOTS];

/* FNV-1a */
static struct slot *slot_of(const char *url)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *url != '\0'; url++)
        hash = (hash ^ (uint8_t)*url) * UINT64_C(0x100000001b3);
    return &slots[hash % NUM_SLOTS];
}

bool atls_breaker_is_open(const char *url, int64_t now_ns)
{
    return slot_of(url)->open_until_ns > now_ns;
}

/* What comes after the pause is a trial: one more timeout opens it again. */
void atls_breaker_note(const char *url, bool timed_out, int64_t now_ns)
{
    struct slot *slot = slot_of(url);

    if (!timed_out)
        slot->num_timeouts = 0;
    else if (atomic_fetch_add(&slot->num_timeouts, 1) + 1 >=
             ATLS_BREAKER_TIMEOUTS)
        slot->open_until_ns =
            now_ns + (int64_t)ATLS_BREAKER_OPEN_S * 1000000000;
}
