/* SPDX-License-Identifier: Apache-2.0
 *
 * The mask of one thread.
 */
#include "signals.h"

#include <pthread.h>
#include <time.h>

void atls_signals_hold(struct atls_signals *held)
{
    static const int own[] = {SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                              SIGABRT, SIGTRAP, SIGSYS};
    sigset_t set;

    sigpending(&set);
    held->was_pending = sigismember(&set, SIGPIPE) == 1;
    sigfillset(&set);
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        sigdelset(&set, own[i]);
    pthread_sigmask(SIG_BLOCK, &set, &held->before);
}

void atls_signals_release(const struct atls_signals *held)
{
    static const struct timespec at_once = {0, 0};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    while (!held->was_pending && sigtimedwait(&set, NULL, &at_once) == SIGPIPE)
        continue;
    pthread_sigmask(SIG_SETMASK, &held->before, NULL);
}
