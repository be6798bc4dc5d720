/* SPDX-License-Identifier: Apache-2.0
 *
 * Clients of a Verifier: keep-alive connections on loopback, each of which
 * sends the next request when it has all of the last answer.
 */
#ifndef BENCH_SERVE_H
#define BENCH_SERVE_H

#include <stdbool.h>
#include <stddef.h>

#define BENCH_SERVE_CLIENTS 8
#define BENCH_SERVE_ANSWER  8192 /* bytes of an answer, at most */
#define BENCH_SERVE_REQUEST 4096

struct bench_serve_client {
    int fd;
    bool is_opening; /* it has asked for a session */
    char request[BENCH_SERVE_REQUEST];
    size_t request_len, sent;
    char answer[BENCH_SERVE_ANSWER];
    size_t received;
};

struct bench_serve_clients {
    int port;
    char query[128];     /* of newSession: the nonce of the Evidence */
    char evidence[2048]; /* a CMW */
    size_t evidence_len;
    char path[256];       /* of the session that all use; "": each its own */
    unsigned num_started; /* appraisals, of */
    unsigned num_wanted;
    unsigned num_done, num_failed;
    char last[BENCH_SERVE_ANSWER]; /* the last answer to Evidence */
    struct bench_serve_client items[BENCH_SERVE_CLIENTS];
};

/* bench_serve_connect: opens the connections. */
bool bench_serve_connect(struct bench_serve_clients *clients);
void bench_serve_close(struct bench_serve_clients *clients);

/* bench_serve_open: a session for all; its path goes to clients->path. */
bool bench_serve_open(struct bench_serve_clients *clients);

/* bench_serve_run: num appraisals; false unless each was complete. */
bool bench_serve_run(struct bench_serve_clients *clients, unsigned num);

#endif
