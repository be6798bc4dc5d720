/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker's socket: who asks is what the kernel says, and a request is one
 * bounded datagram (broker_message.h).
 */
#ifndef ATLS_BROKER_SERVER_H
#define ATLS_BROKER_SERVER_H

#include "provider/broker/callers.h"
#include "provider/broker/quoter.h"

#define ATLS_SERVER_MAX_CONNECTIONS 1024
/* What one user may hold, and less where so many are named that their parts of
 * all would be smaller: nobody's can be taken by others. */
#define ATLS_SERVER_MAX_OF_CALLER  128
#define ATLS_SERVER_MAX_TIMEOUT_MS 60000
#define ATLS_SERVER_MAX_DELEGATE_S 86400 /* of life: the setting's limit */

struct atls_server {
    int listener;
    struct atls_callers *callers;
    struct atls_queue *queue;
    struct atls_quoter *quoter;
    struct atls_log *log;
};

/* atls_server_listen: a socket at path, for everybody to connect to: who is
 * served is decided by the kernel's word of who he is. What is left of a broker
 * that ended is removed. SETTING_INVALID. */
enum atls_reason ATLS_MUST_USE atls_server_listen(const char *path, int *out,
                                                  struct atls_why *why);

/* atls_server_inherit: a socket that somebody else opened for it, as systemd
 * does. SETTING_INVALID: it is not such a one as atls_server_listen makes. */
enum atls_reason ATLS_MUST_USE atls_server_inherit(int fd,
                                                   struct atls_why *why);

/* atls_server_run: until poll(2) fails. */
void atls_server_run(const struct atls_server *server);

#endif
