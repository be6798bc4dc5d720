/* SPDX-License-Identifier: Apache-2.0
 *
 * The delegates of this process, one for each TIK in use and each way to be
 * vouched for. Each is renewed by the first handshake that comes after two
 * thirds of its life, while others go on with the old one; what could not be
 * renewed serves until it expires, and is tried again after growing pauses.
 * Nothing happens between handshakes, so an idle server catches up by itself.
 */
#ifndef ATLS_DELEGATES_H
#define ATLS_DELEGATES_H

#include "delegate.h"

#define ATLS_DELEGATES_MAX                                                     \
    16                           /* TIKs and ways together; the least recently \
                                    used makes room */
#define ATLS_DELEGATES_WAITERS 8 /* handshakes that wait for the first one */
#define ATLS_DELEGATES_PAUSE_S 60 /* the longest pause after a failure */

struct atls_delegates; /* of one process: made anew after fork */

enum atls_delegates_event {
    ATLS_DELEGATES_MADE,
    ATLS_DELEGATES_RENEWED,
    ATLS_DELEGATES_FAILED
};

/* What happened to one delegate; expires_s is that of the one in use, 0: there
 * is none. */
struct atls_delegates_news {
    enum atls_delegates_event event;
    unsigned way;
    const uint8_t *tik; /* ATLS_DELEGATION_HASH bytes */
    int64_t expires_s, took_ns;
    const struct atls_why *why; /* of a failure */
};

/* What is to be made, by when. */
struct atls_delegates_request {
    unsigned way;
    const uint8_t *tik;    /* ATLS_DELEGATION_HASH bytes */
    int64_t deadline_ns;   /* of atls_clock_now */
    bool is_renewal;       /* the one there is serves on if it fails */
    unsigned num_failures; /* before it, in a row */
};

/* The world, as far as it is needed here. */
struct atls_delegates_world {
    /* origin: what the value is made of (binder.h) */
    enum atls_reason (*vouch)(void *arg,
                              const struct atls_delegates_request *request,
                              const struct atls_secret *value,
                              struct atls_view origin, int64_t now_s,
                              struct atls_buf *record, int64_t *expires_s,
                              struct atls_why *why);
    void (*tell)(void *arg, const struct atls_delegates_news *news);
    void *arg;
    uint32_t lifetime_s;
};

/* atls_delegates_new: NULL: no memory. One a process: fork is watched. */
struct atls_delegates *
atls_delegates_new(const struct atls_delegates_world *world);
void atls_delegates_free(struct atls_delegates *delegates);

/* atls_delegates_get1: the one for this TIK and way, made or renewed if it must
 * be. now_s is the time to judge at, deadline_ns (atls_clock_now) the end of
 * all waiting. DELEGATE_PAUSED with the sentence of the last failure while it
 * is not tried again, DELEGATE_BUSY when too many wait for another handshake to
 * make it, or too long; else as atls_delegate_make. */
enum atls_reason ATLS_MUST_USE
atls_delegates_get1(struct atls_delegates *delegates,
                    const uint8_t tik[ATLS_DELEGATION_HASH], unsigned way,
                    int64_t now_s, int64_t deadline_ns,
                    struct atls_delegate **out, struct atls_why *why);

/* atls_delegates_is_paused: the last attempt at this way failed, it is not time
 * to try again, and there is nothing valid to show at now_s for any TIK. A
 * hint, for negotiation. */
bool atls_delegates_is_paused(struct atls_delegates *delegates, unsigned way,
                              int64_t now_s);

#endif
