/* SPDX-License-Identifier: Apache-2.0
 *
 * Mutexes and fork.
 */
#include "provider/lock.h"

#include <sched.h>
#include <unistd.h>

void atls_lock_init(struct atls_lock *lock)
{
    pthread_mutex_init(&lock->mutex, NULL);
    atomic_init(&lock->pid, getpid());
}

void atls_lock_clear(struct atls_lock *lock)
{
    pthread_mutex_destroy(&lock->mutex);
}

/* The first thread of a child that comes makes the mutex anew. */
void atls_lock_take(struct atls_lock *lock)
{
    int own = getpid(), seen = atomic_load(&lock->pid);

    while (seen != own) {
        if (seen == -own) {
            sched_yield();
            seen = atomic_load(&lock->pid);
        } else if (atomic_compare_exchange_strong(&lock->pid, &seen, -own)) {
            pthread_mutex_init(&lock->mutex, NULL);
            atomic_store(&lock->pid, own);
            seen = own;
        }
    }
    pthread_mutex_lock(&lock->mutex);
}

void atls_lock_give(struct atls_lock *lock)
{
    pthread_mutex_unlock(&lock->mutex);
}
