/* SPDX-License-Identifier: Apache-2.0
 *
 * Descriptors of TPMs.
 */
#include "config.h" /* strerror_r as GNU has it */

#include "provider/tpm_descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOWEST_DESCRIPTOR 512

static const char *advice(int error_number)
{
    switch (error_number) {
    case ENOENT:
    case ENXIO:
    case ENODEV:
        return "this machine shows no TPM 2.0; load its driver, or name "
               "another with tcti=";
    case EACCES:
    case EPERM:
        return "let this user read and write it (on Debian: group tss), or "
               "open it before rights are dropped";
    case EBUSY:
        return "another program has it; use the resource manager /dev/tpmrm0";
    default:
        return "see the kernel's log";
    }
}

static enum atls_reason cannot_open(const char *path, int error_number,
                                    struct atls_why *why)
{
    char text[128];

    return atls_why(
        why, ATLS_ATTESTER_ABSENT, "cannot open %s as uid %u: %s; %s", path,
        (unsigned)geteuid(), strerror_r(error_number, text, sizeof(text)),
        advice(error_number));
}

/* As high as asked, or, where the limit is lower, wherever it is. */
static int move_high(int fd)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, LOWEST_DESCRIPTOR);

    if (high < 0)
        return fd;
    close(fd);
    return high;
}

enum atls_reason atls_tpm_descriptor_open(const char *path,
                                          struct atls_tpm_descriptor *out,
                                          struct atls_why *why)
{
    struct stat status;
    int saved = errno, error_number = 0;
    /* O_NONBLOCK: else write() returns when the TPM has done its work, and no
     * deadline can be kept (Linux, drivers/char/tpm/tpm-dev-common.c). */
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0 || fstat(fd, &status) != 0)
        error_number = errno;
    else if (!S_ISCHR(status.st_mode))
        error_number = ENODEV;
    errno = saved;
    if (error_number != 0) {
        if (fd >= 0)
            close(fd);
        return cannot_open(path, error_number, why);
    }
    *out = (struct atls_tpm_descriptor){.fd = move_high(fd),
                                        .device = status.st_dev,
                                        .special = status.st_rdev,
                                        .inode = status.st_ino};
    errno = saved;
    return ATLS_OK;
}

bool atls_tpm_descriptor_is_ours(const struct atls_tpm_descriptor *descriptor)
{
    struct stat status;
    int saved = errno;
    bool is_ours = descriptor->fd >= 0 && fstat(descriptor->fd, &status) == 0 &&
                   status.st_dev == descriptor->device &&
                   status.st_ino == descriptor->inode &&
                   status.st_rdev == descriptor->special;

    errno = saved;
    return is_ours;
}

void atls_tpm_descriptor_close(struct atls_tpm_descriptor *descriptor)
{
    if (atls_tpm_descriptor_is_ours(descriptor))
        close(descriptor->fd);
    descriptor->fd = -1;
}

static int wait_connected(int fd, atls_deadline deadline)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
    socklen_t size = sizeof(int);
    int result, error_number = 0;

    do {
        result = poll(&poll_fd, 1, atls_deadline_left(deadline));
    } while (result < 0 && errno == EINTR);
    if (result == 0)
        return ETIMEDOUT;
    if (result < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error_number, &size) != 0)
        return errno;
    return error_number;
}

static int connect_to(const struct addrinfo *address, atls_deadline deadline,
                      int *out)
{
    int fd = socket(address->ai_family,
                    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error_number = 0, on = 1;

    if (fd < 0)
        return errno;
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0)
        error_number =
            errno == EINPROGRESS ? wait_connected(fd, deadline) : errno;
    if (error_number != 0) {
        close(fd);
        return error_number;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    *out = fd;
    return 0;
}

enum atls_reason atls_tpm_socket_connect(const char *host, const char *port,
                                         atls_deadline deadline, int *fd,
                                         struct atls_why *why)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    int result = getaddrinfo(host, port, &hints, &list);
    int saved = errno, error_number = EHOSTUNREACH;
    char text[128];

    if (result != 0)
        return atls_why(why, ATLS_ATTESTER_ABSENT, "TPM at %s port %s: %s",
                        host, port, gai_strerror(result));
    for (const struct addrinfo *at = list; at != NULL && error_number != 0;
         at = at->ai_next)
        error_number = connect_to(at, deadline, fd);
    freeaddrinfo(list);
    errno = saved;
    if (error_number == 0)
        return ATLS_OK;
    return atls_why(why,
                    error_number == ETIMEDOUT ? ATLS_ATTESTER_TIMEOUT
                                              : ATLS_ATTESTER_ABSENT,
                    "TPM at %s port %s: %s; start it, or name another with "
                    "tcti=",
                    host, port, strerror_r(error_number, text, sizeof(text)));
}
