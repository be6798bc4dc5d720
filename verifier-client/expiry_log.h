/* SPDX-License-Identifier: Apache-2.0
 *
 * The end of what a policy rests on, told in the log long before: each item
 * once a day at most, from atls_expiry_soon on.
 */
#ifndef ATLS_EXPIRY_LOG_H
#define ATLS_EXPIRY_LOG_H

#include "expiry.h"
#include "log.h"

#define ATLS_EXPIRY_LOG_MAX 64 /* items that are told of in a day */

/* Zeroed: nothing was said yet. For one thread at a time; nothing in it breaks
 * when a child is forked while it is written. */
struct atls_expiry_log {
    struct {
        uint64_t item; /* a digest; 0: none */
        int64_t said;  /* when */
    } items[ATLS_EXPIRY_LOG_MAX];
    int64_t next; /* when there may be something to say */
};

/* atls_expiry_log_say: what is soon, stale or missing now and was not said in
 * the last 24 hours; sets next. To be called when a policy is read, and from
 * next on. */
void atls_expiry_log_say(struct atls_expiry_log *said,
                         const struct atls_policy *policy, int64_t now,
                         struct atls_log *log);

#endif
