/* SPDX-License-Identifier: Apache-2.0
 *
 * Descriptors that are kept.
 */
#include "config.h"

#include "provider/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOWEST_DESCRIPTOR 512

/* As high as asked, or, where the limit is lower, wherever it is. */
static int move_high(int fd)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, LOWEST_DESCRIPTOR);

    if (high < 0)
        return fd;
    close(fd);
    return high;
}

static int take(int fd, struct atls_descriptor *out)
{
    struct stat status;
    int error_number;

    if (fd < 0)
        return errno;
    if (fstat(fd, &status) != 0) {
        error_number = errno;
        close(fd);
        return error_number;
    }
    *out = (struct atls_descriptor){.fd = move_high(fd),
                                    .device = status.st_dev,
                                    .special = status.st_rdev,
                                    .inode = status.st_ino};
    return 0;
}

int atls_descriptor_take(int fd, struct atls_descriptor *out)
{
    int saved = errno, error_number = take(fd, out);

    errno = saved;
    return error_number;
}

int atls_descriptor_open(const char *path, int flags,
                         struct atls_descriptor *out)
{
    int saved = errno, error_number = take(open(path, flags | O_CLOEXEC), out);

    errno = saved;
    return error_number;
}

bool atls_descriptor_is_ours(const struct atls_descriptor *descriptor)
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

int atls_descriptor_copy(const struct atls_descriptor *descriptor,
                         struct atls_descriptor *out)
{
    int saved = errno, error_number = EBADF;

    if (atls_descriptor_is_ours(descriptor))
        error_number = take(
            fcntl(descriptor->fd, F_DUPFD_CLOEXEC, LOWEST_DESCRIPTOR), out);
    errno = saved;
    return error_number;
}

void atls_descriptor_close(struct atls_descriptor *descriptor)
{
    int saved = errno;

    if (atls_descriptor_is_ours(descriptor))
        close(descriptor->fd);
    descriptor->fd = -1;
    errno = saved;
}
