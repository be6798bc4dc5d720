/* SPDX-License-Identifier: Apache-2.0
 *
 * What the processes of the section "verifier" have in common: Verifiers that
 * are atls serve behind a step that holds each answer back, one port for each
 * delay.
 */
#ifndef BENCH_VERIFIER_H
#define BENCH_VERIFIER_H

#include <stdbool.h>
#include <stddef.h>

#define BENCH_NUM_DELAYS  3
#define BENCH_MAX_MESSAGE 16384 /* bytes of a request or an answer */

extern const int bench_delays_ms[BENCH_NUM_DELAYS]; /* of each answer */

/* bench_verifier_connect: to loopback; -1: nobody is there. */
int bench_verifier_connect(int port);

/* bench_verifier_read: one HTTP message with a Content-Length, or without a
 * body, ended by a NUL in text (BENCH_MAX_MESSAGE bytes). 0: there is none. */
size_t bench_verifier_read(int fd, char *text);
bool bench_verifier_write(int fd, const char *text, size_t len);

#endif
