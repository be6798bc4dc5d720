/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker's queue.
 */
#include "provider/broker/queue.h"

#include <unistd.h>

void atls_queue_init(struct atls_queue *queue)
{
    *queue = (struct atls_queue){.first = NULL};
    queue->last = &queue->first;
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->filled, NULL);
}

void atls_pending_free(struct atls_pending *pending)
{
    while (pending != NULL) {
        struct atls_pending *next = pending->next;

        if (pending->reply_to >= 0)
            close(pending->reply_to);
        atls_secret_clear(&pending->challenge);
        free(pending);
        pending = next;
    }
}

void atls_queue_clear(struct atls_queue *queue)
{
    atls_pending_free(queue->first);
    pthread_cond_destroy(&queue->filled);
    pthread_mutex_destroy(&queue->mutex);
}

static size_t count_of(const struct atls_queue *queue, uid_t uid)
{
    size_t num = 0;

    for (const struct atls_pending *at = queue->first; at != NULL;
         at = at->next)
        num += at->uid == uid;
    return num;
}

static size_t count_unbatched_of(const struct atls_queue *queue, uid_t uid)
{
    size_t num = 0;

    for (const struct atls_pending *at = queue->first; at != NULL;
         at = at->next)
        num += at->uid == uid && !at->is_batched;
    return num;
}

static enum atls_reason check_unbatched(const struct atls_queue *queue,
                                        uid_t uid, struct atls_why *why)
{
    if (queue->num_unbatched == ATLS_QUEUE_MAX_UNBATCHED)
        return atls_why(why, ATLS_ATTESTER_BUSY,
                        "%zu requests wait for a quote of their own already",
                        queue->num_unbatched);
    if (queue->num_unbatched >= ATLS_QUEUE_MAX_UNBATCHED_OF_CALLER &&
        count_unbatched_of(queue, uid) >= ATLS_QUEUE_MAX_UNBATCHED_OF_CALLER)
        return atls_why(why, ATLS_ATTESTER_BUSY,
                        "%d requests of uid %lu wait for a quote of their own "
                        "already",
                        ATLS_QUEUE_MAX_UNBATCHED_OF_CALLER, (unsigned long)uid);
    return ATLS_OK;
}

static enum atls_reason check_room(const struct atls_queue *queue,
                                   const struct atls_pending *pending,
                                   struct atls_why *why)
{
    if (queue->num == ATLS_QUEUE_MAX ||
        (queue->num >= ATLS_QUEUE_MAX_OF_CALLER &&
         count_of(queue, pending->uid) >= ATLS_QUEUE_MAX_OF_CALLER))
        return atls_why(why, ATLS_ATTESTER_BUSY,
                        "%zu requests wait for the attester already",
                        queue->num);
    return pending->is_batched ? ATLS_OK
                               : check_unbatched(queue, pending->uid, why);
}

enum atls_reason atls_queue_put(struct atls_queue *queue,
                                struct atls_pending *pending,
                                struct atls_why *why)
{
    enum atls_reason reason;

    pthread_mutex_lock(&queue->mutex);
    reason = check_room(queue, pending, why);
    if (reason == ATLS_OK) {
        pending->next = NULL;
        *queue->last = pending;
        queue->last = &pending->next;
        queue->num++;
        queue->num_unbatched += !pending->is_batched;
        pthread_cond_signal(&queue->filled);
    }
    pthread_mutex_unlock(&queue->mutex);
    return reason;
}

/* Moves the request at *from to the end of another list. */
static void move(struct atls_queue *queue, struct atls_pending **from,
                 struct atls_pending ***to)
{
    struct atls_pending *one = *from;

    *from = one->next;
    if (one->next == NULL)
        queue->last = from;
    one->next = NULL;
    **to = one;
    *to = &one->next;
    queue->num--;
    queue->num_unbatched -= !one->is_batched;
}

/* The first, or the first for a batch when it is the turn of those. */
static struct atls_pending **find_next(struct atls_queue *queue)
{
    struct atls_pending **at = &queue->first;

    if (!queue->was_unbatched)
        return at;
    while (*at != NULL && !(*at)->is_batched)
        at = &(*at)->next;
    return *at != NULL ? at : &queue->first;
}

static struct atls_pending *take_locked(struct atls_queue *queue)
{
    struct atls_pending *taken = NULL, **end = &taken;
    struct atls_pending **at = find_next(queue);
    size_t num = 1;

    if (*at == NULL)
        return NULL;
    move(queue, at, &end);
    queue->was_unbatched = !taken->is_batched;
    while (taken->is_batched && *at != NULL && num < ATLS_BATCH_MAX) {
        if ((*at)->is_batched) {
            move(queue, at, &end);
            num++;
        } else {
            at = &(*at)->next;
        }
    }
    return taken;
}

struct atls_pending *atls_queue_take(struct atls_queue *queue)
{
    struct atls_pending *taken;

    pthread_mutex_lock(&queue->mutex);
    while (queue->first == NULL && !queue->is_closed)
        pthread_cond_wait(&queue->filled, &queue->mutex);
    taken = queue->is_closed ? NULL : take_locked(queue);
    pthread_mutex_unlock(&queue->mutex);
    return taken;
}

void atls_queue_close(struct atls_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->is_closed = true;
    pthread_cond_broadcast(&queue->filled);
    pthread_mutex_unlock(&queue->mutex);
}
