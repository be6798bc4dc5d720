/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP by libmicrohttpd, which has its only home here. A pool of threads with
 * one epoll each; appraisal is work for a processor alone, so that one thread a
 * core is enough and none waits.
 */
#ifndef ATLS_SERVE_DAEMON_H
#define ATLS_SERVE_DAEMON_H

#include "serve/client.h"
#include "serve/server.h"

struct atls_daemon_terms {
    int listen_fd;              /* the daemon closes it, also
                                   when it does not start */
    char *certificate;          /* PEM text, chain included; NULL: no TLS */
    char *key;                  /* PEM text */
    unsigned num_threads;       /* 0: one a core */
    unsigned max_connections;   /* beyond it new ones wait */
    unsigned max_per_address;   /* beyond it they are closed; 0: any */
    unsigned request_timeout_s; /* for all of a request */
};

struct atls_daemon;

/* atls_daemon_start: SETTING_INVALID with what libmicrohttpd said,
 * OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_daemon_start(struct atls_server *server,
                  const struct atls_daemon_terms *terms,
                  struct atls_daemon **out, struct atls_why *why);

/* atls_daemon_sweep: ends connections that are overdue. To be called now and
 * then. */
void atls_daemon_sweep(struct atls_daemon *daemon);

/* atls_daemon_quiesce: no new connections from now on, and the last answer on
 * each of those there are. */
void atls_daemon_quiesce(struct atls_daemon *daemon);
/* atls_daemon_is_idle: no request is under way. */
bool atls_daemon_is_idle(const struct atls_daemon *daemon);
/* atls_daemon_stop: ends what is left. */
void atls_daemon_stop(struct atls_daemon *daemon);

#endif
