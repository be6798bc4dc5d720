/* SPDX-License-Identifier: Apache-2.0
 *
 * One quote at a time, a queue with an end, a share of the wall time.
 */
#include "share.h"

#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000

void atls_share_init(struct atls_share *share, unsigned percent, bool is_shared)
{
    pthread_condattr_t attributes;

    *share = (struct atls_share){
        .percent = percent, .pid = getpid(), .is_shared = is_shared};
    pthread_mutex_init(&share->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&share->freed, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void drain(struct atls_share *share, int64_t now)
{
    int64_t drained = (now - share->drained_ns) / 100 * share->percent;

    share->level_ns = drained < share->level_ns ? share->level_ns - drained : 0;
    share->drained_ns = now;
}

static enum atls_reason wait_for_turn(struct atls_share *share,
                                      int64_t deadline_ns, struct atls_why *why)
{
    struct timespec until = {deadline_ns / SECOND_NS, deadline_ns % SECOND_NS};
    int failed = 0;

    if (share->num_waiters == ATLS_SHARE_MAX_WAITERS)
        return atls_why(why, ATLS_ATTESTER_BUSY,
                        "attester: %d handshakes wait for it already",
                        ATLS_SHARE_MAX_WAITERS);
    share->num_waiters++;
    while (share->is_busy && failed == 0)
        failed = pthread_cond_timedwait(&share->freed, &share->mutex, &until);
    share->num_waiters--;
    return share->is_busy ? atls_why(why, ATLS_ATTESTER_TIMEOUT,
                                     "attester: no turn before the timeout")
                          : ATLS_OK;
}

/* The time in which quotes are in flight side by side counts once. */
static void settle(struct atls_share *share, int64_t now)
{
    if (share->num_in_flight > 0)
        share->level_ns += now - share->begun_ns;
    share->begun_ns = now;
    drain(share, now);
}

static enum atls_reason join(struct atls_share *share, struct atls_why *why)
{
    if (share->num_in_flight == ATLS_SHARE_MAX_IN_FLIGHT)
        return atls_why(why, ATLS_ATTESTER_BUSY,
                        "attester: %d handshakes wait for it already",
                        ATLS_SHARE_MAX_IN_FLIGHT);
    share->num_in_flight++;
    return ATLS_OK;
}

static enum atls_reason take_turn(struct atls_share *share, int64_t deadline_ns,
                                  struct atls_why *why)
{
    enum atls_reason reason = wait_for_turn(share, deadline_ns, why);

    if (reason != ATLS_OK)
        return reason;
    share->is_busy = true;
    share->begun_ns = atls_clock_now();
    return ATLS_OK;
}

static enum atls_reason take_locked(struct atls_share *share,
                                    int64_t deadline_ns, struct atls_why *why)
{
    (share->is_shared ? settle : drain)(share, atls_clock_now());
    if (share->level_ns >= (int64_t)share->percent * (SECOND_NS / 100))
        return atls_why(why, ATLS_ATTESTER_BUSY,
                        "attester: over attest_share = %u percent of the wall "
                        "time; this handshake has to come again",
                        share->percent);
    return share->is_shared ? join(share, why)
                            : take_turn(share, deadline_ns, why);
}

enum atls_reason atls_share_take(struct atls_share *share, int64_t deadline_ns,
                                 struct atls_why *why)
{
    enum atls_reason reason;

    /* A child of fork has one thread: nobody of its own holds the mutex. */
    if (share->pid != getpid())
        atls_share_init(share, share->percent, share->is_shared);
    pthread_mutex_lock(&share->mutex);
    reason = take_locked(share, deadline_ns, why);
    pthread_mutex_unlock(&share->mutex);
    return reason;
}

void atls_share_give(struct atls_share *share)
{
    pthread_mutex_lock(&share->mutex);
    if (share->is_shared) {
        settle(share, atls_clock_now());
        share->num_in_flight--;
    } else {
        drain(share, atls_clock_now());
        share->level_ns += atls_clock_now() - share->begun_ns;
        share->is_busy = false;
        pthread_cond_signal(&share->freed);
    }
    pthread_mutex_unlock(&share->mutex);
}
