/* SPDX-License-Identifier: Apache-2.0
 *
 * As little HTTP as a load needs: answers have a Content-Length.
 */
#define _GNU_SOURCE
#include "serve.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define API         "/challenge-response/v1/"
#define PATIENCE_MS 10000

static int connect_loopback(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)port);
    if (fd >= 0 &&
        connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

bool bench_serve_connect(struct bench_serve_clients *clients)
{
    bool is_well = true;

    for (size_t i = 0; i < BENCH_SERVE_CLIENTS; i++) {
        clients->items[i].fd = connect_loopback(clients->port);
        is_well = is_well && clients->items[i].fd >= 0;
    }
    return is_well;
}

void bench_serve_close(struct bench_serve_clients *clients)
{
    for (size_t i = 0; i < BENCH_SERVE_CLIENTS; i++)
        if (clients->items[i].fd >= 0)
            (void)close(clients->items[i].fd);
}

static void begin(struct bench_serve_client *client, size_t len)
{
    client->request_len = len;
    client->sent = client->received = 0;
}

static void ask_session(struct bench_serve_clients *clients,
                        struct bench_serve_client *client)
{
    int len = snprintf(client->request, sizeof(client->request),
                       "POST " API "newSession?nonce=%s HTTP/1.1\r\n"
                       "Host: localhost\r\nContent-Length: 0\r\n\r\n",
                       clients->query);

    client->is_opening = true;
    begin(client, (size_t)len);
}

static void submit(struct bench_serve_clients *clients,
                   struct bench_serve_client *client, const char *path)
{
    int len = snprintf(client->request, sizeof(client->request),
                       "POST %s HTTP/1.1\r\nHost: localhost\r\n"
                       "Content-Type: application/cmw\r\n"
                       "Content-Length: %zu\r\n\r\n",
                       path, clients->evidence_len);

    client->is_opening = false;
    memcpy(client->request + len, clients->evidence, clients->evidence_len);
    begin(client, (size_t)len + clients->evidence_len);
}

static void start_next(struct bench_serve_clients *clients,
                       struct bench_serve_client *client)
{
    client->request_len = 0;
    if (clients->num_started == clients->num_wanted)
        return;
    clients->num_started++;
    if (clients->path[0] != '\0')
        submit(clients, client, clients->path);
    else
        ask_session(clients, client);
}

/* The answer is all there: header, and as much body as it says. */
static bool is_whole(const struct bench_serve_client *client)
{
    const char *end = strstr(client->answer, "\r\n\r\n");
    const char *length = strstr(client->answer, "Content-Length: ");

    return end != NULL && length != NULL && length < end &&
           client->received >= (size_t)(end + 4 - client->answer) +
                                   strtoul(length + 16, NULL, 10);
}

static bool find_session(const char *answer, char *path, size_t size)
{
    const char *place = strstr(answer, "Location: session/");
    size_t len = place != NULL ? strcspn(place + 10, "\r") : 0;

    return strncmp(answer, "HTTP/1.1 201", 12) == 0 && len > 0 &&
           snprintf(path, size, API "%.*s", (int)len, place + 10) < (int)size;
}

static void take_answer(struct bench_serve_clients *clients,
                        struct bench_serve_client *client)
{
    char path[256];

    if (client->is_opening &&
        find_session(client->answer, path, sizeof(path))) {
        submit(clients, client, path);
        return;
    }
    if (strncmp(client->answer, "HTTP/1.1 200", 12) == 0 &&
        strstr(client->answer, "\"status\":\"complete\"") != NULL)
        clients->num_done++;
    else
        clients->num_failed++;
    memcpy(clients->last, client->answer, sizeof(clients->last));
    start_next(clients, client);
}

static bool send_some(struct bench_serve_client *client)
{
    ssize_t len =
        send(client->fd, client->request + client->sent,
             client->request_len - client->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (len > 0)
        client->sent += (size_t)len;
    return len > 0;
}

static bool receive_some(struct bench_serve_clients *clients,
                         struct bench_serve_client *client)
{
    ssize_t len =
        recv(client->fd, client->answer + client->received,
             sizeof(client->answer) - 1 - client->received, MSG_DONTWAIT);

    if (len <= 0)
        return false;
    client->received += (size_t)len;
    client->answer[client->received] = '\0';
    if (is_whole(client))
        take_answer(clients, client);
    return true;
}

static bool look_after(struct bench_serve_clients *clients,
                       const struct pollfd *fds)
{
    for (size_t i = 0; i < BENCH_SERVE_CLIENTS; i++) {
        struct bench_serve_client *client = &clients->items[i];

        if ((fds[i].revents & POLLOUT) != 0 && !send_some(client))
            return false;
        if ((fds[i].revents & ~POLLOUT) != 0 && !receive_some(clients, client))
            return false;
    }
    return true;
}

static void watch(const struct bench_serve_clients *clients, struct pollfd *fds)
{
    for (size_t i = 0; i < BENCH_SERVE_CLIENTS; i++) {
        const struct bench_serve_client *client = &clients->items[i];
        bool is_sending = client->sent < client->request_len;

        fds[i].fd = client->request_len > 0 ? client->fd : -1;
        fds[i].events = is_sending ? POLLOUT : POLLIN;
    }
}

static bool run(struct bench_serve_clients *clients)
{
    struct pollfd fds[BENCH_SERVE_CLIENTS];

    for (size_t i = 0; i < BENCH_SERVE_CLIENTS; i++)
        start_next(clients, &clients->items[i]);
    while (clients->num_done + clients->num_failed < clients->num_wanted) {
        watch(clients, fds);
        if (poll(fds, BENCH_SERVE_CLIENTS, PATIENCE_MS) <= 0 ||
            !look_after(clients, fds))
            return false;
    }
    return clients->num_failed == 0;
}

bool bench_serve_run(struct bench_serve_clients *clients, unsigned num)
{
    clients->num_wanted = num;
    clients->num_started = clients->num_done = clients->num_failed = 0;
    if (run(clients))
        return true;
    fprintf(stderr, "bench: the Verifier answered: %.200s\n", clients->last);
    return false;
}

bool bench_serve_open(struct bench_serve_clients *clients)
{
    struct bench_serve_client *client = &clients->items[0];
    struct pollfd ready = {.fd = client->fd, .events = POLLIN};

    ask_session(clients, client);
    if (!send_some(client) || client->sent < client->request_len)
        return false;
    while (!is_whole(client)) {
        ssize_t len =
            poll(&ready, 1, PATIENCE_MS) == 1
                ? recv(client->fd, client->answer + client->received,
                       sizeof(client->answer) - 1 - client->received, 0)
                : 0;

        if (len <= 0)
            return false;
        client->received += (size_t)len;
        client->answer[client->received] = '\0';
    }
    return find_session(client->answer, clients->path, sizeof(clients->path));
}
