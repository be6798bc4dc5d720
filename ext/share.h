/* SPDX-License-Identifier: Apache-2.0
 *
 * The attester's share: attesting is a cost that strangers can order, so one
 * quote is in flight at a time, few wait for it, none past its deadline, and
 * all together take at most a share of the wall time. Beyond it a handshake
 * that asks for Evidence is refused at once and the others go on.
 *
 * Of an attester that makes quotes together which are asked for at the same
 * time (is_shared), nobody waits for another's: quotes are in flight side by
 * side, and what counts is the time in which at least one is, which is what a
 * program that does one thing at a time loses to them.
 *
 * The share is a leaky bucket of busy nanoseconds: it holds `percent` of one
 * second and drains at `percent` of time.
 */
#ifndef ATLS_SHARE_H
#define ATLS_SHARE_H

#include <pthread.h>
#include <sys/types.h>

#include "clock.h"
#include "why.h"

#define ATLS_SHARE_MAX_WAITERS   8
#define ATLS_SHARE_MAX_IN_FLIGHT 1024 /* is_shared */

struct atls_share { /* of one process; remade after fork */
    pthread_mutex_t mutex;
    pthread_cond_t freed;
    pid_t pid;
    bool is_shared;
    bool is_busy;
    unsigned num_waiters;
    unsigned num_in_flight; /* is_shared */
    unsigned percent;
    int64_t level_ns;   /* what the bucket holds */
    int64_t drained_ns; /* when it was last drained */
    int64_t begun_ns;   /* of the quote in flight */
};

void atls_share_init(struct atls_share *share, unsigned percent,
                     bool is_shared);

/* atls_share_take: the right to quote, until atls_share_give. Waits at most to
 * deadline_ns of the monotonic clock. ATTESTER_BUSY, ATTESTER_TIMEOUT. */
enum atls_reason ATLS_MUST_USE atls_share_take(struct atls_share *share,
                                               int64_t deadline_ns,
                                               struct atls_why *why);
void atls_share_give(struct atls_share *share);

#endif
