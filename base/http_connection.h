/* SPDX-License-Identifier: Apache-2.0
 *
 * libcurl's handles, each with the one connection that it keeps open. They wait
 * in slots that are taken and filled by one atomic step: no thread waits for
 * another's request, and there is no lock for fork to leave shut. What is asked
 * over them is http.c's.
 */
#ifndef ATLS_HTTP_CONNECTION_H
#define ATLS_HTTP_CONNECTION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <curl/curl.h>

#define ATLS_HTTP_MAX_IDLE 4 /* connections that are kept */

struct atls_http_connection {
    CURL *easy;
    CURLM *multi; /* which alone drives it */
    pid_t pid;    /* whose it is */
    int fd;       /* -1: none */
    dev_t device;
    ino_t inode;
    void *errand;                      /* sent off, unanswered; NULL: none */
    void (*free_errand)(void *);       /* its own */
    int64_t sent_ns;                   /* of atls_clock_now */
    struct atls_http_connection *next; /* of those that are left */
};

struct atls_http_connections {
    struct atls_http_connection *_Atomic idle[ATLS_HTTP_MAX_IDLE];
};

/* atls_http_connection_take: one that waits for nothing, kept or new; NULL: no
 * memory. To be kept or closed. */
struct atls_http_connection *
atls_http_connection_take(struct atls_http_connections *connections);
void atls_http_connection_keep(struct atls_http_connections *connections,
                               struct atls_http_connection *connection);
void atls_http_connection_close(struct atls_http_connection *connection);

/* atls_http_connection_close_all: those that wait in slots. */
void atls_http_connection_close_all(struct atls_http_connections *connections);

/* atls_http_connection_run: the transfer that `easy` was set to, to its end. */
CURLcode atls_http_connection_run(struct atls_http_connection *connection);

/* atls_http_connection_send_off: the transfer that `easy` was set to, as far as
 * it goes without waiting: its answer is read when the connection is wanted
 * next. errand is what the transfer writes to; it is freed then, or at once
 * when this fails. false: it ended here, and not well. */
bool atls_http_connection_send_off(struct atls_http_connection *connection,
                                   void *errand, void (*free_errand)(void *));

#endif
