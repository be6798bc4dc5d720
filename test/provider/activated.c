/* SPDX-License-Identifier: Apache-2.0
 *
 * What a service manager does: opens a socket, and starts the broker with it as
 * descriptor 3 (sd_listen_fds(3)) when the first caller stands there.
 *
 *     activated KIND PATH COMMAND ARG...
 *
 * KIND: "seqpacket" waits for the caller, who so connects to a socket that
 * nobody has touched yet; "stream" is of another type, "connected" listens to
 * nobody, "file" is no socket, "none" is closed; these do not wait.
 */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST = 3, HIGH = 100 };

static void need(int is_good, const char *what)
{
    if (is_good)
        return;
    perror(what);
    exit(99);
}

static int listen_at(const char *path, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    need(fd >= 0 &&
             bind(fd, (const struct sockaddr *)&address, sizeof(address)) ==
                 0 &&
             listen(fd, 16) == 0,
         path);
    return fd;
}

static int open_kind(const char *kind, const char *path)
{
    int pair[2];

    if (strcmp(kind, "seqpacket") == 0)
        return listen_at(path, SOCK_SEQPACKET);
    if (strcmp(kind, "stream") == 0)
        return listen_at(path, SOCK_STREAM);
    if (strcmp(kind, "file") == 0)
        return open("/dev/null", O_RDWR);
    if (strcmp(kind, "none") == 0)
        return -1;
    need(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0, kind);
    return pair[0];
}

static void wait_for_caller(int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};

    puts("listening");
    fflush(stdout);
    need(poll(&one, 1, -1) == 1, "poll");
}

static void put_in_place(int fd)
{
    int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, HIGH);

    close(FIRST);
    need(fd < 0 || dup2(high, FIRST) == FIRST, "dup2");
    if (fd > FIRST)
        close(fd);
}

int main(int argc, char **argv)
{
    char pid[16];
    int fd;

    need(argc > 3, "usage");
    fd = open_kind(argv[1], argv[2]);
    if (strcmp(argv[1], "seqpacket") == 0)
        wait_for_caller(fd);
    put_in_place(fd);
    snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", getenv("FDS") != NULL ? getenv("FDS") : "1", 1);
    execv(argv[3], argv + 3);
    need(0, argv[3]);
}
