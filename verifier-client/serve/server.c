/* SPDX-License-Identifier: Apache-2.0
 *
 * A reload makes a new service beside the old one and puts it in its place;
 * requests that have begun keep the one they began with.
 */
#include "serve/server.h"

#include <time.h>

#include "serve/access.h"

enum atls_reason atls_server_init(struct atls_server *server,
                                  const struct atls_setup *setup,
                                  const char *session_key_path,
                                  const char *log_target, struct atls_why *why)
{
    int64_t now = (int64_t)time(NULL);
    enum atls_reason reason;

    *server = (struct atls_server){.setup = setup, .log_target = log_target};
    server->metrics.started = now;
    pthread_rwlock_init(&server->lock, NULL);
    reason = atls_log_open(log_target, &server->log, why);
    if (reason == ATLS_OK)
        atls_log_lift_limit(server->log);
    if (reason == ATLS_OK)
        reason = session_key_path == NULL
                     ? atls_session_key_make(&server->session_key, why)
                     : atls_session_key_read(session_key_path,
                                             &server->session_key, why);
    return reason == ATLS_OK
               ? atls_service_load(setup, now, &server->service, why)
               : reason;
}

void atls_server_clear(struct atls_server *server)
{
    atls_session_key_clear(&server->session_key);
    atls_service_free(server->service);
    atls_log_free(server->log);
    pthread_rwlock_destroy(&server->lock);
}

static void reopen_log(struct atls_server *server)
{
    struct atls_log *log = NULL, *old;
    struct atls_why why = {0};

    if (atls_log_open(server->log_target, &log, &why) != ATLS_OK) {
        atls_server_say(server, ATLS_LOG_ERROR, why.text);
        return;
    }
    atls_log_lift_limit(log);
    pthread_rwlock_wrlock(&server->lock);
    old = server->log;
    server->log = log;
    pthread_rwlock_unlock(&server->lock);
    atls_log_free(old);
}

static void replace_service(struct atls_server *server,
                            struct atls_service *service)
{
    struct atls_service *old;

    pthread_rwlock_wrlock(&server->lock);
    old = server->service;
    server->service = service;
    pthread_rwlock_unlock(&server->lock);
    atls_service_free(old);
}

void atls_server_reload(struct atls_server *server)
{
    struct atls_service *service = NULL;
    struct atls_why why = {0};
    char text[ATLS_WHY_TEXT + 32];

    reopen_log(server);
    if (atls_service_load(server->setup, (int64_t)time(NULL), &service, &why) ==
        ATLS_OK) {
        replace_service(server, service);
        __atomic_add_fetch(&server->metrics.reloads, 1, __ATOMIC_RELAXED);
        atls_server_say(server, ATLS_LOG_INFO, "reloaded");
        return;
    }
    __atomic_add_fetch(&server->metrics.failed_reloads, 1, __ATOMIC_RELAXED);
    snprintf(text, sizeof(text), "not reloaded: %s", why.text);
    atls_server_say(server, ATLS_LOG_ERROR, text);
}

void atls_server_say(struct atls_server *server, enum atls_log_level level,
                     const char *text)
{
    pthread_rwlock_rdlock(&server->lock);
    atls_log_text(server->log, level, "%s", text);
    pthread_rwlock_unlock(&server->lock);
}

void atls_server_begin(struct atls_server *server,
                       struct atls_exchange *exchange)
{
    exchange->session_key = &server->session_key;
    exchange->metrics = &server->metrics;
    exchange->now = (int64_t)time(NULL);
    pthread_rwlock_rdlock(&server->lock);
    atls_service_up_ref(server->service);
    exchange->service = server->service;
    pthread_rwlock_unlock(&server->lock);
}

void atls_server_end(struct atls_server *server, struct atls_exchange *exchange,
                     const char *peer, int64_t duration_ns)
{
    ATLS_AUTO_BUF line = atls_buf(ATLS_LOG_LINE);

    atls_metrics_answered(&server->metrics, exchange->route,
                          exchange->answer.status);
    atls_access_put(exchange, peer, duration_ns, &line);
    pthread_rwlock_rdlock(&server->lock);
    if (!line.failed)
        atls_log_line(server->log, ATLS_LOG_INFO, atls_buf_view(&line));
    pthread_rwlock_unlock(&server->lock);
    atls_service_free(exchange->service);
}
