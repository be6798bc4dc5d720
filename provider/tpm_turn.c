/* SPDX-License-Identifier: Apache-2.0
 *
 * A robust, process-shared mutex in a page of its own.
 */
#include "config.h" /* pthread_mutex_clocklock */

#include "provider/tpm_turn.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

struct atls_tpm_turn {
    pthread_mutex_t mutex;
    struct atls_tpm_left left;
};

static bool init_mutex(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attributes;
    bool is_good;

    if (pthread_mutexattr_init(&attributes) != 0)
        return false;
    is_good =
        pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) ==
            0 &&
        pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0 &&
        pthread_mutex_init(mutex, &attributes) == 0;
    pthread_mutexattr_destroy(&attributes);
    return is_good;
}

enum atls_reason atls_tpm_turn_new(struct atls_tpm_turn **out,
                                   struct atls_why *why)
{
    struct atls_tpm_turn *turn =
        mmap(NULL, sizeof(*turn), PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (turn == MAP_FAILED)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    atomic_init(&turn->left.is_pending, false);
    atomic_init(&turn->left.handle, 0);
    atomic_init(&turn->left.is_passing, false);
    for (unsigned i = 0; i < ATLS_TPM_MAX_PASSING; i++)
        atomic_init(&turn->left.passing[i], 0);
    if (!init_mutex(&turn->mutex)) {
        munmap(turn, sizeof(*turn));
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    }
    *out = turn;
    return ATLS_OK;
}

void atls_tpm_turn_free(struct atls_tpm_turn *turn)
{
    if (turn != NULL)
        munmap(turn, sizeof(*turn));
}

static struct timespec timespec_of(atls_deadline deadline)
{
    return (struct timespec){.tv_sec = (time_t)(deadline / 1000),
                             .tv_nsec = (long)(deadline % 1000) * 1000000};
}

enum atls_reason atls_tpm_turn_take(struct atls_tpm_turn *turn,
                                    atls_deadline deadline,
                                    struct atls_why *why)
{
    struct timespec until = timespec_of(deadline);
    int result = pthread_mutex_clocklock(&turn->mutex, CLOCK_MONOTONIC, &until);

    if (result == EOWNERDEAD)
        result = pthread_mutex_consistent(&turn->mutex);
    if (result == 0)
        return ATLS_OK;
    return atls_why(why, ATLS_ATTESTER_TIMEOUT,
                    "other threads or processes of this program kept the TPM "
                    "busy until the deadline");
}

void atls_tpm_turn_give(struct atls_tpm_turn *turn)
{
    pthread_mutex_unlock(&turn->mutex);
}

static void replace(struct atls_tpm_left *left, uint32_t from, uint32_t to)
{
    for (unsigned i = 0; i < ATLS_TPM_MAX_PASSING; i++)
        if (left->passing[i] == from) {
            left->passing[i] = to;
            return;
        }
}

void atls_tpm_left_add(struct atls_tpm_left *left, uint32_t handle)
{
    replace(left, 0, handle);
}

void atls_tpm_left_drop(struct atls_tpm_left *left, uint32_t handle)
{
    replace(left, handle, 0);
}

struct atls_tpm_left *atls_tpm_turn_left(struct atls_tpm_turn *turn)
{
    return &turn->left;
}
