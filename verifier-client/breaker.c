/* SPDX-License-Identifier: Apache-2.0
 *
 * One slot a URL that has timed out, named by a hash of 64 bits. Slots are
 * taken from a table of their own and stay; where it is full, a URL more is not
 * watched, which costs time and nothing else.
 */
#include "breaker.h"

#include <stdatomic.h>

static struct slot {
    _Atomic uint64_t name;         /* 0: free */
    atomic_int num_timeouts;       /* in a row */
    _Atomic int64_t open_until_ns; /* 0: never was */
} slots[ATLS_BREAKER_MAX];

/* FNV-1a; never 0 */
static uint64_t name_of(const char *url)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *url != '\0'; url++)
        hash = (hash ^ (uint8_t)*url) * UINT64_C(0x100000001b3);
    return hash | 1;
}

/* NULL: it has none. */
static struct slot *find(uint64_t name)
{
    for (size_t i = 0; i < ATLS_BREAKER_MAX; i++)
        if (slots[i].name == name)
            return &slots[i];
    return NULL;
}

/* NULL: the table is full. Slots are filled from the first on, so that two
 * threads that need one for the same name come to the same. */
static struct slot *need(uint64_t name)
{
    for (size_t i = 0; i < ATLS_BREAKER_MAX; i++) {
        uint64_t seen = 0;

        if (atomic_compare_exchange_strong(&slots[i].name, &seen, name) ||
            seen == name)
            return &slots[i];
    }
    return NULL;
}

static int64_t pause_from(int64_t now_ns)
{
    return now_ns + (int64_t)ATLS_BREAKER_OPEN_S * 1000000000;
}

/* Of those that come after the pause one is first, and the others are where
 * they were before it ended. */
bool atls_breaker_admits(const char *url, int64_t now_ns)
{
    struct slot *slot = find(name_of(url));
    int64_t open_until_ns;

    if (slot == NULL || slot->num_timeouts < ATLS_BREAKER_TIMEOUTS)
        return true;
    open_until_ns = slot->open_until_ns;
    return open_until_ns <= now_ns &&
           atomic_compare_exchange_strong(&slot->open_until_ns, &open_until_ns,
                                          pause_from(now_ns));
}

/* What comes after the pause is a trial: one more timeout opens it again. */
void atls_breaker_note(const char *url, bool timed_out, int64_t now_ns)
{
    uint64_t name = name_of(url);
    struct slot *slot = timed_out ? need(name) : find(name);

    if (slot == NULL)
        return;
    if (!timed_out) {
        slot->num_timeouts = 0;
        return;
    }
    slot->open_until_ns = pause_from(now_ns);
    if (slot->num_timeouts < ATLS_BREAKER_TIMEOUTS)
        atomic_fetch_add(&slot->num_timeouts, 1);
}
