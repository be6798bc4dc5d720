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
    if (front->listener.is_loopback)
        front->terms.max_per_address = 0; /* all have one */
    if (reason == ATLS_OK)
        reason = start_daemon(front, &front->tls, &front->daemon, why);
    if (reason == ATLS_OK)
        atls_tls_note(&front->tls, &front->server->metrics);
    return reason;
}

/* next takes over. */
static void retire(struct atls_front *front, struct atls_daemon *next)
{
    front->retired[front->num_retired++] =
        (struct atls_retired){front->daemon, atls_clock_now()};
    atls_daemon_quiesce(front->daemon);
    front->daemon = next;
}

static enum atls_reason change(struct atls_front *front, struct atls_tls *tls,
                               struct atls_why *why)
{
    struct atls_daemon *next = NULL;
    enum atls_reason reason = start_daemon(front, tls, &next, why);

    if (reason != ATLS_OK)
        return reason;
    retire(front, next);
    atls_tls_clear(&front->tls);
    front->tls = *tls;
    *tls = (struct atls_tls){0};
    atls_tls_note(&front->tls, &front->server->metrics);
    __atomic_add_fetch(&front->server->metrics.certificate_reloads, 1,
                       __ATOMIC_RELAXED);
    atls_server_say(front->server, ATLS_LOG_INFO, "certificate reloaded");
    return ATLS_OK;
}

static enum atls_reason reload(struct atls_front *front, struct atls_why *why)
{
    struct atls_tls tls;
    enum atls_reason reason =
        atls_tls_read(front->certificate, front->key, &tls, why);
    bool is_new = reason == ATLS_OK && !atls_tls_equal(&tls, &front->tls);

    front->is_reload_due =
        is_new && front->num_retired == ATLS_FRONT_MAX_RETIRED;
    if (front->is_reload_due)
        atls_server_say(front->server, ATLS_LOG_INFO,
                        "certificate waits for requests under old ones");
    else if (is_new)
        reason = change(front, &tls, why);
    atls_tls_clear(&tls);
    return reason;
}

void atls_front_reload(struct atls_front *front)
{
    struct atls_why why = {0};
    char text[ATLS_WHY_TEXT + 32];

    if (front->certificate == NULL || reload(front, &why) == ATLS_OK)
        return;
    __atomic_add_fetch(&front->server->metrics.failed_certificate_reloads, 1,
                       __ATOMIC_RELAXED);
    snprintf(text, sizeof(text), "certificate not reloaded: %s", why.text);
    atls_server_say(front->server, ATLS_LOG_ERROR, text);
}

static bool is_over(const struct atls_front *front, int64_t since_ns)
{
    return atls_clock_now() - since_ns >
           (int64_t)front->terms.request_timeout_s * 1000000000;
}

static void end_oldest(struct atls_front *front)
{
    atls_daemon_stop(front->retired[0].daemon);
    front->num_retired--;
    memmove(&front->retired[0], &front->retired[1],
            front->num_retired * sizeof(front->retired[0]));
}

void atls_front_tick(struct atls_front *front)
{
    atls_daemon_sweep(front->daemon);
    for (size_t i = 0; i < front->num_retired; i++)
        atls_daemon_sweep(front->retired[i].daemon);
    while (front->num_retired > 0 && is_over(front, front->retired[0].since_ns))
        end_oldest(front);
    if (front->is_reload_due && front->num_retired < ATLS_FRONT_MAX_RETIRED)
        atls_front_reload(front);
}

static bool is_idle(const struct atls_front *front)
{
    for (size_t i = 0; i < front->num_retired; i++)
        if (!atls_daemon_is_idle(front->retired[i].daemon))
            return false;
    return atls_daemon_is_idle(front->daemon);
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
    while (front->num_retired > 0)
        end_oldest(front);
    atls_daemon_stop(front->daemon);
    atls_tls_clear(&front->tls);
}
