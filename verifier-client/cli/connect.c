/* SPDX-License-Identifier: Apache-2.0
 *
 * Sockets for atls probe.
 */
#include "cli/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static bool is_address(const char *host)
{
    uint8_t bytes[16];

    return inet_pton(AF_INET, host, bytes) == 1 ||
           inet_pton(AF_INET6, host, bytes) == 1;
}

bool atls_target_parse(const char *text, struct atls_target *out)
{
    const char *colon = strrchr(text, ':');
    size_t len;

    if (colon == NULL || colon == text || colon[1] == '\0')
        return false;
    len = (size_t)(colon - text);
    if (text[0] == '[' && colon[-1] == ']') {
        text++;
        len -= 2;
    } else if (memchr(text, ':', len) != NULL) {
        return false;
    }
    if (len == 0 || len >= sizeof(out->host) ||
        strlen(colon + 1) >= sizeof(out->port))
        return false;
    snprintf(out->host, sizeof(out->host), "%.*s", (int)len, text);
    snprintf(out->port, sizeof(out->port), "%s", colon + 1);
    out->is_address = is_address(out->host);
    return true;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

int64_t atls_connect_deadline(unsigned timeout_s)
{
    return now_ms() + timeout_s * INT64_C(1000);
}

bool atls_connect_wait(int fd, bool to_write, int64_t deadline_ms)
{
    struct pollfd item = {.fd = fd, .events = to_write ? POLLOUT : POLLIN};
    int64_t left;
    int found = 0;

    do {
        left = deadline_ms - now_ms();
        if (left > 0)
            found = poll(&item, 1, left > INT32_MAX ? INT32_MAX : (int)left);
    } while (left > 0 && found < 0 && errno == EINTR);
    return found > 0;
}

static int try_address(const struct addrinfo *address, int64_t deadline_ms)
{
    int error = 0;
    socklen_t len = sizeof(error);
    int fd = socket(address->ai_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
        return fd;
    error = errno;
    if (error == EINPROGRESS) {
        error = ETIMEDOUT;
        if (atls_connect_wait(fd, true, deadline_ms))
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    }
    if (error == 0)
        return fd;
    close(fd);
    errno = error;
    return -1;
}

int atls_connect_open(const struct atls_target *target, int64_t deadline_ms,
                      struct atls_why *why)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int fd = -1;
    int error = getaddrinfo(target->host, target->port, &hints, &found);

    if (error != 0) {
        atls_why(why, ATLS_ABANDONED, "%s:%s: %s", target->host, target->port,
                 gai_strerror(error));
        return -1;
    }
    for (struct addrinfo *a = found; fd < 0 && a != NULL; a = a->ai_next)
        fd = try_address(a, deadline_ms);
    if (fd < 0)
        atls_why(why, ATLS_ABANDONED, "%s:%s: %s", target->host, target->port,
                 strerror(errno));
    freeaddrinfo(found);
    return fd;
}

static bool send_all(int fd, const char *bytes, size_t len, int64_t deadline_ms)
{
    while (len > 0) {
        ssize_t sent = -1;

        if (!atls_connect_wait(fd, true, deadline_ms))
            return false;
        sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (sent > 0) {
            bytes += sent;
            len -= (size_t)sent;
        }
    }
    return true;
}

/* One byte at a time: what follows belongs to TLS. */
static bool receive(int fd, char *byte, int64_t deadline_ms)
{
    return atls_connect_wait(fd, false, deadline_ms) &&
           recv(fd, byte, 1, 0) == 1;
}

/* A reply of lines "250-...", the last "250 ..."; true if it begins so. */
static bool reply_is(int fd, const char *code, int64_t deadline_ms)
{
    char line[512];
    size_t len;

    do {
        for (len = 0; len < sizeof(line) - 1; len++)
            if (!receive(fd, &line[len], deadline_ms) || line[len] == '\n')
                break;
        line[len] = '\0';
    } while (len > 3 && line[3] == '-');
    return len < sizeof(line) - 1 && strncmp(line, code, strlen(code)) == 0;
}

static bool start_smtp(int fd, int64_t deadline_ms)
{
    static const char hello[] = "EHLO atls.invalid\r\n",
                      start[] = "STARTTLS\r\n";

    return reply_is(fd, "220", deadline_ms) &&
           send_all(fd, hello, sizeof(hello) - 1, deadline_ms) &&
           reply_is(fd, "250", deadline_ms) &&
           send_all(fd, start, sizeof(start) - 1, deadline_ms) &&
           reply_is(fd, "220", deadline_ms);
}

static bool start_imap(int fd, int64_t deadline_ms)
{
    static const char start[] = "a STARTTLS\r\n";

    return reply_is(fd, "* OK", deadline_ms) &&
           send_all(fd, start, sizeof(start) - 1, deadline_ms) &&
           reply_is(fd, "a OK", deadline_ms);
}

/* PostgreSQL's protocol 3.0, SSLRequest: length 8, code 80877103; 'S' back. */
static bool start_postgres(int fd, int64_t deadline_ms)
{
    static const char request[] = {0, 0, 0, 8, 4, (char)0xd2, 22, 47};
    char answer = 0;

    return send_all(fd, request, sizeof(request), deadline_ms) &&
           receive(fd, &answer, deadline_ms) && answer == 'S';
}

enum atls_reason atls_connect_start_tls(int fd, const char *protocol,
                                        int64_t deadline_ms,
                                        struct atls_why *why)
{
    static const struct {
        const char *name;
        bool (*start)(int fd, int64_t deadline_ms);
    } rows[] = {{"postgres", start_postgres},
                {"smtp", start_smtp},
                {"imap", start_imap}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].name, protocol) == 0)
            return rows[i].start(fd, deadline_ms)
                       ? ATLS_OK
                       : atls_why(why, ATLS_ABANDONED,
                                  "the server does not start TLS by %s",
                                  protocol);
    return atls_why(why, ATLS_SETTING_INVALID,
                    "--starttls: want postgres, smtp or imap, found \"%s\"",
                    protocol);
}
