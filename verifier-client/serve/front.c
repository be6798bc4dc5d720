/* SPDX-License-Identifier: Apache-2.0
 *
 * The socket is ours, each daemon has a duplicate of it: so connections that
 * wait in its queue are taken by whoever listens next.
 */
#include "serve/front.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

static enum atls_reason start_daemon(struct atls_front *front,
                                     const struct atls_tls *tls,
                                     struct atls_daemon **out,
                                     struct atls_why *why)
{
    struct atls_daemon_terms terms = front->terms;

    terms.listen_fd = fcntl(front->listener.fd, F_DUPFD_CLOEXEC, 0);
    if (terms.listen_fd < 0)
        return atls_why(why, ATLS_SETTING_INVALID, "--listen: %s",
                        strerror(errno));
    if (front->certificate != NULL) {
        terms.certificate = (char *)tls->certificate.data;
        terms.key = (char *)tls->key.data;
    }
    return atls_daemon_start(front->server, &terms, out, why);
}

enum atls_reason atls_front_start(struct atls_front *front,
                                  const char *listen_text, struct atls_why *why)
{
    bool has_tls = front->certificate != NULL;
    enum atls_reason reason =
        atls_tls_read(front->certificate, front->key, &front->tls, why);

    if (reason == ATLS_OK)
        reason =
            atls_listener_open(listen_text, has_tls, &front->listener, why);
    if (reason == ATLS_OK)
        reason = start_daemon(front, &front->tls, &front->daemon, why);
    if (reason == ATLS_OK)
        atls_tls_note(&front->tls, &front->server->metrics);
    return reason;
}

static void retire(struct atls_front *front, struct atls_daemon *next)
{
    atls_daemon_stop(front->retired);
    front->retired = front->daemon;
    front->retired_ns = atls_clock_now();
    front->daemon = next;
    atls_daemon_quiesce(front->retired);
}

static enum atls_reason reload(struct atls_front *front, struct atls_why *why)
{
    struct atls_tls tls;
    struct atls_daemon *next = NULL;
    enum atls_reason reason =
        atls_tls_read(front->certificate, front->key, &tls, why);

    if (reason == ATLS_OK && !atls_tls_equal(&tls, &front->tls))
        reason = start_daemon(front, &tls, &next, why);
    if (next != NULL) {
        retire(front, next);
        atls_tls_clear(&front->tls);
        front->tls = tls;
        atls_tls_note(&tls, &front->server->metrics);
        atls_server_say(front->server, ATLS_LOG_INFO, "certificate reloaded");
    } else {
        atls_tls_clear(&tls);
    }
    return reason;
}

void atls_front_reload(struct atls_front *front)
{
    struct atls_why why = {0};
    char text[ATLS_WHY_TEXT + 32];

    if (front->certificate == NULL || reload(front, &why) == ATLS_OK)
        return;
    snprintf(text, sizeof(text), "certificate not reloaded: %s", why.text);
    atls_server_say(front->server, ATLS_LOG_ERROR, text);
}

static bool is_over(const struct atls_front *front, int64_t since_ns)
{
    return atls_clock_now() - since_ns >
           (int64_t)front->terms.request_timeout_s * 1000000000;
}

void atls_front_tick(struct atls_front *front)
{
    atls_daemon_sweep(front->daemon);
    if (front->retired == NULL)
        return;
    atls_daemon_sweep(front->retired);
    if (!is_over(front, front->retired_ns))
        return;
    atls_daemon_stop(front->retired);
    front->retired = NULL;
}

static bool is_idle(const struct atls_front *front)
{
    return atls_daemon_is_idle(front->daemon) &&
           (front->retired == NULL || atls_daemon_is_idle(front->retired));
}

static void finish(struct atls_front *front)
{
    const struct timespec tick = {.tv_nsec = 20000000};
    int64_t since_ns = atls_clock_now();

    atls_daemon_quiesce(front->daemon);
    close(front->listener.fd);
    front->listener.fd = -1;
    do
        (void)nanosleep(&tick, NULL);
    while (!is_idle(front) && !is_over(front, since_ns));
}

void atls_front_stop(struct atls_front *front)
{
    if (front->daemon != NULL)
        finish(front);
    atls_daemon_stop(front->retired);
    atls_daemon_stop(front->daemon);
    atls_tls_clear(&front->tls);
}
