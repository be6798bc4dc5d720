/* SPDX-License-Identifier: Apache-2.0
 *
 * The daemon that listens, and the one it took over from: with another
 * certificate a new daemon begins on the same socket, and the old one finishes
 * what it has.
 */
#ifndef ATLS_SERVE_FRONT_H
#define ATLS_SERVE_FRONT_H

#include "serve/daemon.h"
#include "serve/listener.h"
#include "serve/tls.h"

struct atls_front {
    const char *certificate, *key; /* paths; NULL: plain HTTP */
    struct atls_server *server;
    struct atls_daemon_terms terms; /* listen_fd, certificate and key are
                                       filled in */
    struct atls_listener listener;
    struct atls_tls tls;
    struct atls_daemon *daemon, *retired; /* NULL: none */
    int64_t retired_ns;
};

/* atls_front_start: listens at ADDR:PORT. What atls_tls_read,
 * atls_listener_open and atls_daemon_start return. */
enum atls_reason ATLS_MUST_USE atls_front_start(struct atls_front *front,
                                                const char *listen_text,
                                                struct atls_why *why);

/* atls_front_reload: certificate and key, if they are others now; the log says
 * what is wrong with them. */
void atls_front_reload(struct atls_front *front);

/* atls_front_tick: to be called now and then. */
void atls_front_tick(struct atls_front *front);

/* atls_front_stop: takes nobody new, finishes what is under way for as long as
 * a request may take, ends. */
void atls_front_stop(struct atls_front *front);

#endif
