/* SPDX-License-Identifier: Apache-2.0
 *
 * Written beside, then renamed. The name beside ends like no collateral does,
 * so that nobody reads what a crash left half written.
 */
#include "file_replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_SUFFIX = 32 };

static bool write_all(int fd, struct atls_view bytes)
{
    while (bytes.len > 0) {
        ssize_t done = write(fd, bytes.data, bytes.len);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        bytes = atls_view(bytes.data + done, bytes.len - (size_t)done);
    }
    return true;
}

/* One that an ended process of our number left is not in use. */
static int open_new(const char *path)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    int fd = open(path, flags, 0666);

    if (fd < 0 && errno == EEXIST && unlink(path) == 0)
        fd = open(path, flags, 0666);
    return fd;
}

static bool write_new(const char *path, struct atls_view bytes)
{
    int fd = open_new(path);
    bool is_good;

    if (fd < 0)
        return false;
    is_good = write_all(fd, bytes) && fsync(fd) == 0;
    return close(fd) == 0 && is_good;
}

/* A rename is on the disk when its folder is. */
static void sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    ATLS_AUTO_HEAP char *folder =
        slash == NULL
            ? strdup(".")
            : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    int fd =
        folder != NULL ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

enum atls_reason atls_file_replace(const char *path, struct atls_view bytes,
                                   struct atls_why *why)
{
    size_t size = strlen(path) + MAX_SUFFIX;
    ATLS_AUTO_HEAP char *beside = malloc(size);
    int saved;

    if (beside == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    snprintf(beside, size, "%s.new-%ld", path, (long)getpid());
    if (write_new(beside, bytes) && rename(beside, path) == 0) {
        sync_folder(path);
        return ATLS_OK;
    }
    saved = errno;
    (void)unlink(beside);
    return atls_why(why, ATLS_FILE_UNREADABLE, "%s: %s (uid %ld)", path,
                    strerror(saved), (long)geteuid());
}
