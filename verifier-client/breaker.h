/* SPDX-License-Identifier: Apache-2.0
 *
 * When to stop asking a Verifier that does not answer: after three timeouts in
 * a row it is left alone for 10 seconds, and then tried by one question at a
 * time (doc/protocol.md, "Limits"). Of this process; no lock, any thread, after
 * fork.
 */
#ifndef ATLS_BREAKER_H
#define ATLS_BREAKER_H

#include "bytes.h"

#define ATLS_BREAKER_TIMEOUTS 3
#define ATLS_BREAKER_OPEN_S   10
#define ATLS_BREAKER_MAX      64 /* Verifiers that are watched at once */

/* atls_breaker_admits: it may be asked now, and whoever asks tells
 * atls_breaker_note. After the pause that is one caller, the trial, until it
 * has told, or for another 10 seconds if it never does. now_ns is of
 * atls_clock_now. */
bool ATLS_MUST_USE atls_breaker_admits(const char *url, int64_t now_ns);

/* atls_breaker_note: how a question ended: in a timeout or otherwise. */
void atls_breaker_note(const char *url, bool timed_out, int64_t now_ns);

#endif
