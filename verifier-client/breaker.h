/* SPDX-License-Identifier: Apache-2.0
 *
 * When to stop asking a Verifier that does not answer: after three timeouts in
 * a row it is left alone for 10 seconds (doc/protocol.md, "Limits"). Of this
 * process; no lock, any thread, after fork.
 */
#ifndef ATLS_BREAKER_H
#define ATLS_BREAKER_H

#include "bytes.h"

#define ATLS_BREAKER_TIMEOUTS 3
#define ATLS_BREAKER_OPEN_S   10

/* atls_breaker_is_open: nobody should ask now. now_ns is of atls_clock_now. */
bool atls_breaker_is_open(const char *url, int64_t now_ns);

/* atls_breaker_note: how a question ended: in a timeout or otherwise. */
void atls_breaker_note(const char *url, bool timed_out, int64_t now_ns);

#endif
