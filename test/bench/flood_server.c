/* SPDX-License-Identifier: Apache-2.0
 *
 * A server as event loops make it: one thread, one poll, every handshake step
 * in it. A connection gets one byte after its handshake, and is closed. Those
 * that get nowhere in time are dropped. Loopback only, until stdin ends.
 */
#define _GNU_SOURCE
#include "section.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>

#include "ours.h"
#include "pki.h"

#define MAX_CONNECTIONS 400
#define MAX_AGE_S       3

struct server {
    SSL_CTX *ctx;
    nfds_t num; /* fds: stdin, listener, connections */
    struct pollfd fds[MAX_CONNECTIONS + 2];
    SSL *ssl[MAX_CONNECTIONS + 2];
    time_t since[MAX_CONNECTIONS + 2];
    unsigned num_served, num_failed;
};

static time_t now_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_sec;
}

static int listen_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 ||
        listen(fd, 512) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return -1;
    printf("{\"port\": %d}\n", ntohs(address.sin_port));
    (void)fflush(stdout);
    return fd;
}

static void take_one(struct server *server)
{
    nfds_t i = server->num;
    int fd =
        accept4(server->fds[1].fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0)
        return;
    server->ssl[i] = i < MAX_CONNECTIONS + 2 ? SSL_new(server->ctx) : NULL;
    if (server->ssl[i] == NULL || SSL_set_fd(server->ssl[i], fd) != 1) {
        (void)close(fd);
        return;
    }
    SSL_set_accept_state(server->ssl[i]);
    server->fds[i] = (struct pollfd){.fd = fd, .events = POLLIN};
    server->since[i] = now_s();
    server->num++;
}

static void drop(struct server *server, nfds_t i)
{
    nfds_t last = --server->num;

    SSL_free(server->ssl[i]);
    (void)close(server->fds[i].fd);
    server->fds[i] = server->fds[last];
    server->ssl[i] = server->ssl[last];
    server->since[i] = server->since[last];
}

/* advance: true while the connection is to be kept. */
static bool advance(struct server *server, nfds_t i)
{
    SSL *ssl = server->ssl[i];
    int result = SSL_do_handshake(ssl);

    ERR_clear_error();
    if (result != 1 && SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ)
        return true;
    if (result == 1 && SSL_write(ssl, "k", 1) == 1) {
        (void)SSL_shutdown(ssl);
        server->num_served++;
    } else {
        server->num_failed++;
    }
    return false;
}

static void turn(struct server *server)
{
    time_t now = now_s();

    for (nfds_t i = server->num; i-- > 2;)
        if ((server->fds[i].revents != 0 && !advance(server, i)) ||
            now - server->since[i] > MAX_AGE_S)
            drop(server, i);
    if (server->fds[1].revents != 0 && server->num < MAX_CONNECTIONS + 2)
        take_one(server);
}

static void serve(struct server *server)
{
    while (poll(server->fds, server->num, 1000) >= 0 &&
           server->fds[0].revents == 0)
        turn(server);
    while (server->num > 2)
        drop(server, server->num - 1);
}

json_t *bench_server(const struct bench_task *task)
{
    static struct server server;

    if (!bench_ours_load(task->folder, task->name))
        return NULL;
    server.ctx = bench_pki_role(task->folder, true, false);
    if (server.ctx == NULL)
        return NULL;
    server.fds[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    server.fds[1] = (struct pollfd){.fd = listen_loopback(), .events = POLLIN};
    server.num = 2;
    if (server.fds[1].fd >= 0)
        serve(&server);
    SSL_CTX_free(server.ctx);
    return json_pack("{s:i,s:i}", "served", (int)server.num_served, "failed",
                     (int)server.num_failed);
}
