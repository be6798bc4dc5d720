/* SPDX-License-Identifier: Apache-2.0
 *
 * Loopback sockets of the relay's programs.
 */
#include "net.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define TIMEOUT_S 30

static struct addrinfo *resolve(const char *address)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    const char *colon = strrchr(address, ':');
    struct addrinfo *found = NULL;
    char host[256];

    if (colon == NULL || (size_t)(colon - address) >= sizeof(host))
        return NULL;
    memcpy(host, address, (size_t)(colon - address));
    host[colon - address] = '\0';
    return getaddrinfo(host, colon + 1, &hints, &found) == 0 ? found : NULL;
}

static int open_socket(const char *address,
                       int (*attach)(int, const struct sockaddr *, socklen_t))
{
    struct addrinfo *found = resolve(address);
    int fd = found == NULL ? -1 : socket(AF_INET, SOCK_STREAM, 0);

    if (fd >= 0 && attach(fd, found->ai_addr, found->ai_addrlen) != 0) {
        close(fd);
        fd = -1;
    }
    if (found != NULL)
        freeaddrinfo(found);
    if (fd < 0)
        fprintf(stderr, "cannot use %s\n", address);
    return fd;
}

static int with_deadline(int fd)
{
    struct timeval timeout = {TIMEOUT_S, 0};

    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    return fd;
}

int net_listen(const char *address)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    struct sockaddr_storage bound;
    socklen_t len = sizeof(bound);
    int fd = open_socket(address, bind);

    if (fd < 0)
        return -1;
    if (listen(fd, 8) != 0 ||
        getsockname(fd, (struct sockaddr *)&bound, &len) != 0 ||
        getnameinfo((struct sockaddr *)&bound, len, host, sizeof(host), port,
                    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        close(fd);
        return -1;
    }
    printf("listening %s:%s\n", host, port);
    fflush(stdout);
    return fd;
}

int net_accept(int listener)
{
    return with_deadline(accept(listener, NULL, NULL));
}

int net_connect(const char *address)
{
    return with_deadline(open_socket(address, connect));
}
