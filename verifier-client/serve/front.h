/* SPDX-License-Identifier: Apache-2.0
 *
 * The daemon that listens, and those it took over from: with another
 * certificate a new daemon begins on the same socket, and the old ones finish
 * what they have, for as long as a request may take.
 */
#ifndef ATLS_SERVE_FRONT_H
#define ATLS_SERVE_FRONT_H

#include "serve/daemon.h"
#include "serve/listener.h"
#include "serve/tls.h"

#define ATLS_FRONT_MAX_RETIRED 8

struct atls_retired {
    struct atls_daemon *daemon;
    int64_t since_ns;
};

struct atls_front {
    const char *certificate, *key; /* paths; NULL: plain HTTP */
    struct atls_server *server;
    struct atls_daemon_terms terms; /* listen_fd, certificate and key are
                                       filled in */
    struct atls_listener listener;
    struct atls_tls tls;
    struct atls_daemon *daemon;                          /* NULL: none */
    struct atls_retired retired[ATLS_FRONT_MAX_RETIRED]; /* oldest first */
    size_t num_retired;
    bool is_reload_due; /* when the oldest has ended */
};

/* atls_front_start: listens at ADDR:PORT. What atls_tls_read,
 * atls_listener_open and atls_daemon_start return. */
enum atls_reason ATLS_MUST_USE atls_front_start(struct atls_front *front,
                                                const char *listen_text,
                                                struct atls_why *why);

/* atls_front_reload: certificate and key, if they are others now; the log says
 * what is wrong with them. While ATLS_FRONT_MAX_RETIRED old daemons finish, the
 * change waits. */
void atls_front_reload(struct atls_front *front);

/* atls_front_tick: to be called now and then. */
void atls_front_tick(struct atls_front *front);

/* atls_front_stop: takes nobody new, finishes what is under way for as long as
 * a request may take, ends. */
void atls_front_stop(struct atls_front *front);

#endif
