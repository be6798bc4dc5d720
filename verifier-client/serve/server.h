/* SPDX-License-Identifier: Apache-2.0
 *
 * What all requests share: the service, which a reload replaces, the log and
 * the counters.
 */
#ifndef ATLS_SERVE_SERVER_H
#define ATLS_SERVE_SERVER_H

#include <pthread.h>

#include "log.h"
#include "serve/metrics.h"

struct atls_server {
    const struct atls_setup *setup;
    struct atls_session_key session_key;
    struct atls_metrics metrics;
    const char *log_target; /* of base/log.h */

    pthread_rwlock_t lock; /* around what a reload replaces */
    struct atls_service *service;
    struct atls_log *log;
};

/* atls_server_init: the log is open, the service loaded. session_key_path
 * NULL: a key of this process. SETTING_INVALID and what atls_service_load and
 * atls_session_key_* return. Clear *server whatever the reason. */
enum atls_reason ATLS_MUST_USE atls_server_init(struct atls_server *server,
                                                const struct atls_setup *setup,
                                                const char *session_key_path,
                                                const char *log_target,
                                                struct atls_why *why);
void atls_server_clear(struct atls_server *server);

/* atls_server_reload: the policy, with all that it names, and the keys, if they
 * can all be loaded; else everything stays, and the log says why. The log is
 * opened anew in any case. */
void atls_server_reload(struct atls_server *server);

/* A request, from its first byte to the last of its answer. */
void atls_server_begin(struct atls_server *server,
                       struct atls_exchange *exchange);
/* atls_server_end: counts and logs. peer is "address:port". */
void atls_server_end(struct atls_server *server, struct atls_exchange *exchange,
                     const char *peer, int64_t duration_ns);

/* atls_server_say: a sentence to the log. */
void atls_server_say(struct atls_server *server, enum atls_log_level level,
                     const char *text);

#endif
