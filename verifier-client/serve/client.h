/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections and how long they may take. libmicrohttpd counts the time since
 * a connection's last byte, which a client can feed for ever; here each request
 * has one time for all of it: waiting for it, reading it, answering it.
 */
#ifndef ATLS_SERVE_CLIENT_H
#define ATLS_SERVE_CLIENT_H

#include <pthread.h>
#include <stdint.h>

struct atls_client {
    int fd;           /* libmicrohttpd's */
    int64_t since_ns; /* when it was accepted or its last request ended */
    struct atls_client *previous, *next;
};

struct atls_clients {
    pthread_mutex_t mutex;
    struct atls_client *first;
    int64_t limit_ns;
};

void atls_clients_init(struct atls_clients *clients, int64_t limit_ns);
void atls_clients_clear(struct atls_clients *clients);

/* atls_clients_add: NULL: no memory. atls_clients_remove comes before fd is
 * closed. */
struct atls_client *atls_clients_add(struct atls_clients *clients, int fd);
void atls_clients_remove(struct atls_clients *clients,
                         struct atls_client *client);

/* atls_clients_renew: a request has ended, the time of the next begins. */
void atls_clients_renew(struct atls_clients *clients,
                        struct atls_client *client);

/* atls_clients_sweep: shuts down what is overdue; how many. */
unsigned atls_clients_sweep(struct atls_clients *clients, int64_t now_ns);

#endif
