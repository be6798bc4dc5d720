/* SPDX-License-Identifier: Apache-2.0
 *
 * configfs-tsm as files, all relative to a descriptor of its folder. configfs
 * stores a binary attribute when its last descriptor is closed, and drops what
 * the store says (Linux, fs/configfs/file.c): the generation tells.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/descriptor.h"
#include "provider/tsm.h"

enum { CHUNK = 1024, PATH_BYTES = 128 };

static int hold(struct atls_descriptor descriptor, void **tree)
{
    struct atls_descriptor *held = malloc(sizeof(*held));

    if (held == NULL) {
        atls_descriptor_close(&descriptor);
        return ENOMEM;
    }
    *held = descriptor;
    *tree = held;
    return 0;
}

static int files_open(const char *path, void **tree)
{
    struct atls_descriptor descriptor;
    int error_number =
        atls_descriptor_open(path, O_PATH | O_DIRECTORY, &descriptor);

    return error_number != 0 ? error_number : hold(descriptor, tree);
}

static int files_copy(void *tree, void **copy)
{
    struct atls_descriptor descriptor;
    int error_number = atls_descriptor_copy(tree, &descriptor);

    return error_number != 0 ? error_number : hold(descriptor, copy);
}

static void files_close(void *tree)
{
    atls_descriptor_close(tree);
    free(tree);
}

static int fd_of(void *tree)
{
    return ((const struct atls_descriptor *)tree)->fd;
}

static int files_make(void *tree, const char *name)
{
    return mkdirat(fd_of(tree), name, 0700) == 0 ? 0 : errno;
}

static int files_remove(void *tree, const char *name)
{
    return unlinkat(fd_of(tree), name, AT_REMOVEDIR) == 0 ? 0 : errno;
}

static int open_attribute(void *tree, const char *name, const char *attribute,
                          int flags, int *fd)
{
    char path[PATH_BYTES];

    if (snprintf(path, sizeof(path), "%s/%s", name, attribute) >=
        (int)sizeof(path))
        return ENAMETOOLONG;
    *fd = openat(fd_of(tree), path, flags | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
    return *fd < 0 ? errno : 0;
}

static int files_write(void *tree, const char *name, const char *attribute,
                       struct atls_view bytes)
{
    int fd = -1,
        error_number = open_attribute(tree, name, attribute, O_WRONLY, &fd);
    ssize_t written;

    if (error_number != 0)
        return error_number;
    written = write(fd, bytes.data, bytes.len);
    if (written < 0)
        error_number = errno;
    else if ((size_t)written != bytes.len)
        error_number = EIO;
    if (close(fd) != 0 && error_number == 0)
        error_number = errno;
    return error_number;
}

static int read_all(int fd, struct atls_buf *out)
{
    uint8_t chunk[CHUNK];
    ssize_t len;

    while ((len = read(fd, chunk, sizeof(chunk))) > 0) {
        atls_buf_put(out, atls_view(chunk, (size_t)len));
        if (out->failed)
            return out->len + (size_t)len > out->max ? EFBIG : ENOMEM;
    }
    return len < 0 ? errno : 0;
}

static int files_read(void *tree, const char *name, const char *attribute,
                      struct atls_buf *out)
{
    int fd = -1,
        error_number = open_attribute(tree, name, attribute, O_RDONLY, &fd);

    if (error_number != 0)
        return error_number;
    error_number = read_all(fd, out);
    close(fd);
    return error_number;
}

static int files_list(void *tree, void (*each)(void *arg, const char *name),
                      void *arg)
{
    int fd = openat(fd_of(tree), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (folder == NULL) {
        int error_number = errno;

        if (fd >= 0)
            close(fd);
        return error_number;
    }
    for (int i = 0;
         i < ATLS_TSM_MAX_ENTRIES && (entry = readdir(folder)) != NULL; i++)
        each(arg, entry->d_name);
    closedir(folder);
    return 0;
}

const struct atls_tsm_ops atls_tsm_files = {
    .open = files_open,
    .copy = files_copy,
    .close = files_close,
    .make = files_make,
    .remove = files_remove,
    .write = files_write,
    .read = files_read,
    .list = files_list,
};
