/* SPDX-License-Identifier: Apache-2.0
 *
 * Binding. What is said without TLS can be read and changed on the way, and an
 * answer's signature does not say whom it was meant for: so without TLS nobody
 * elsewhere is listened to.
 */
#include "serve/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/connect.h"

typedef struct addrinfo addrinfo;
ATLS_AUTO_FREE(addrinfo, freeaddrinfo)

enum { BACKLOG = 1024 };

static bool is_loopback(const struct sockaddr *address)
{
    const struct sockaddr_in *v4 = (const void *)address;
    const struct sockaddr_in6 *v6 = (const void *)address;

    if (address->sa_family == AF_INET)
        return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    return address->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static enum atls_reason name_socket(struct atls_listener *listener,
                                    struct atls_why *why)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    char host[48], port[8];
    bool is_v6;

    if (getsockname(listener->fd, (struct sockaddr *)&address, &len) != 0 ||
        getnameinfo((struct sockaddr *)&address, len, host, sizeof(host), port,
                    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return atls_why(why, ATLS_SETTING_INVALID, "--listen: %s",
                        strerror(errno));
    is_v6 = address.ss_family == AF_INET6;
    snprintf(listener->host, sizeof(listener->host), is_v6 ? "[%s]" : "%s",
             host);
    if (sscanf(port, "%u", &listener->port) != 1)
        listener->port = 0;
    return ATLS_OK;
}

static enum atls_reason open_at(const addrinfo *at, const char *listen_text,
                                struct atls_listener *listener,
                                struct atls_why *why)
{
    const int on = 1;

    listener->fd =
        socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->fd < 0 ||
        setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) !=
            0 ||
        bind(listener->fd, at->ai_addr, at->ai_addrlen) != 0 ||
        listen(listener->fd, BACKLOG) != 0)
        return atls_why(why, ATLS_SETTING_INVALID, "--listen %s: %s",
                        listen_text, strerror(errno));
    return name_socket(listener, why);
}

enum atls_reason atls_listener_open(const char *listen_text, bool may_be_far,
                                    struct atls_listener *out,
                                    struct atls_why *why)
{
    const addrinfo hints = {.ai_socktype = SOCK_STREAM,
                            .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    ATLS_AUTO(addrinfo) *found = NULL;
    struct atls_target target;

    *out = (struct atls_listener){.fd = -1};
    if (!atls_target_parse(listen_text, &target) ||
        getaddrinfo(target.host, target.port, &hints, &found) != 0)
        return atls_why(why, ATLS_SETTING_INVALID,
                        "--listen: want ADDR:PORT, found \"%s\"", listen_text);
    out->is_loopback = is_loopback(found->ai_addr);
    if (!out->is_loopback && !may_be_far)
        return atls_why(why, ATLS_SETTING_INVALID,
                        "--listen %s: plain HTTP is for loopback alone: add "
                        "--tls-cert and --tls-key",
                        listen_text);
    return open_at(found, listen_text, out, why);
}
