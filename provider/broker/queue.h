/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests that wait for the attester, in the order in which they came: those
 * for a batch are taken together, all others one by one, and never two of these
 * in a row while a batch waits. A peer decides whether its request can be in a
 * batch, so whoever cannot must not be the measure of those who can.
 */
#ifndef ATLS_BROKER_QUEUE_H
#define ATLS_BROKER_QUEUE_H

#include <pthread.h>
#include <sys/types.h>

#include "batch.h"
#include "origin.h"
#include "provider/deadline.h"
#include "type.h"

#define ATLS_QUEUE_MAX           2048 /* requests */
#define ATLS_QUEUE_MAX_OF_CALLER ATLS_BATCH_MAX
/* Each of these costs a quote: of all callers, and of one. */
#define ATLS_QUEUE_MAX_UNBATCHED           8
#define ATLS_QUEUE_MAX_UNBATCHED_OF_CALLER 2

struct atls_pending {
    struct atls_pending *next;
    enum atls_origin_kind kind;
    struct atls_secret challenge;
    bool is_batched;
    char format[ATLS_TYPE_MAX_TEXT + 1]; /* of the quote; empty: the first */
    atls_deadline deadline;
    int reply_to; /* owned */
    uid_t uid;
    pid_t pid;
    bool is_named; /* tally.h */
};

struct atls_queue {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    struct atls_pending *first, **last;
    size_t num, num_unbatched;
    bool was_unbatched; /* what was taken last */
    bool is_closed;
};

void atls_queue_init(struct atls_queue *queue);
void atls_queue_clear(struct atls_queue *queue);

/* atls_queue_put: takes pending, unless it returns something else than
 * ATLS_OK. ATTESTER_BUSY. */
enum atls_reason ATLS_MUST_USE atls_queue_put(struct atls_queue *queue,
                                              struct atls_pending *pending,
                                              struct atls_why *why);

/* atls_queue_take: waits for one, and gives all that are quoted with it, at
 * most ATLS_BATCH_MAX, as a list; NULL when the queue was closed. */
struct atls_pending *atls_queue_take(struct atls_queue *queue);
void atls_queue_close(struct atls_queue *queue);

void atls_pending_free(struct atls_pending *pending); /* and what follows */

#endif
