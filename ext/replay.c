/* SPDX-License-Identifier: Apache-2.0
 *
 * A ring of client randoms.
 */
#include "replay.h"

#include <pthread.h>
#include <string.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint8_t kept[ATLS_REPLAY_KEPT][SSL3_RANDOM_SIZE];
static size_t next;

static bool is_kept(const uint8_t *random)
{
    for (size_t i = 0; i < ATLS_REPLAY_KEPT; i++)
        if (memcmp(kept[i], random, SSL3_RANDOM_SIZE) == 0)
            return true;
    return false;
}

/* Who cannot have the mutex at once goes on unasked: it may have been taken in
 * another thread when this process forked. */
bool atls_replay_is_again(const uint8_t random[SSL3_RANDOM_SIZE])
{
    bool is_again;

    if (pthread_mutex_trylock(&mutex) != 0)
        return false;
    is_again = is_kept(random);
    if (!is_again) {
        memcpy(kept[next], random, SSL3_RANDOM_SIZE);
        next = (next + 1) % ATLS_REPLAY_KEPT;
    }
    pthread_mutex_unlock(&mutex);
    return is_again;
}
