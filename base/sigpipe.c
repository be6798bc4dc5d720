/* SPDX-License-Identifier: Apache-2.0
 *
 * SIGPIPE, held back in one thread.
 */
#include "sigpipe.h"

#include <pthread.h>
#include <time.h>

void atls_sigpipe_block(struct atls_sigpipe *guard)
{
    sigset_t set;

    sigpending(&set);
    guard->was_pending = sigismember(&set, SIGPIPE) == 1;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, &guard->before);
}

void atls_sigpipe_restore(const struct atls_sigpipe *guard)
{
    static const struct timespec at_once = {0, 0};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    while (!guard->was_pending && sigtimedwait(&set, NULL, &at_once) == SIGPIPE)
        continue;
    pthread_sigmask(SIG_SETMASK, &guard->before, NULL);
}
