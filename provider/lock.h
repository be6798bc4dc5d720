/* SPDX-License-Identifier: Apache-2.0
 *
 * A mutex that is free in a child of fork, whichever thread of its parent held
 * it.
 */
#ifndef ATLS_LOCK_H
#define ATLS_LOCK_H

#include <pthread.h>
#include <stdatomic.h>

struct atls_lock {
    pthread_mutex_t mutex;
    atomic_int pid; /* whose mutex it is; negative: who makes it anew */
};

void atls_lock_init(struct atls_lock *lock);
void atls_lock_clear(struct atls_lock *lock);
void atls_lock_take(struct atls_lock *lock);
void atls_lock_give(struct atls_lock *lock);

#endif
