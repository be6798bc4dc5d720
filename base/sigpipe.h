/* SPDX-License-Identifier: Apache-2.0
 *
 * Guests do not raise signals in a program: OpenSSL writes to sockets without
 * MSG_NOSIGNAL, and what that raises in this thread is taken away again.
 */
#ifndef ATLS_SIGPIPE_H
#define ATLS_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

struct atls_sigpipe {
    sigset_t before;
    bool was_pending;
};

void atls_sigpipe_block(struct atls_sigpipe *guard);
void atls_sigpipe_restore(const struct atls_sigpipe *guard);

#endif
