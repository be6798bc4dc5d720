/* SPDX-License-Identifier: Apache-2.0
 *
 * Signals of the program that we are in, held off from one thread for a while
 * and from the threads that a library starts in it meanwhile: a handler that
 * runs on a thread which the program does not know may do anything. What comes
 * is delivered afterwards.
 */
#ifndef ATLS_SIGNALS_H
#define ATLS_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

struct atls_signals {
    sigset_t before;
    bool was_pending; /* SIGPIPE */
};

/* atls_signals_hold: all but those that a thread brings on itself (SIGSEGV and
 * its like), which would end the program if they were blocked. */
void atls_signals_hold(struct atls_signals *held);

/* atls_signals_release: as it was before; a SIGPIPE that was raised meanwhile
 * is taken away, as OpenSSL writes to sockets without MSG_NOSIGNAL. */
void atls_signals_release(const struct atls_signals *held);

#endif
