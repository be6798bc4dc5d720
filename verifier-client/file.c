/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a whole file.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_file(FILE *file)
{
    fclose(file);
}
ATLS_AUTO_FREE(FILE, close_file)

/* A pipe would keep its reader waiting, so only regular files are read. */
static FILE *open_regular(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    FILE *file = NULL;

    if (fd < 0)
        return NULL;
    if (fstat(fd, &status) != 0 || S_ISDIR(status.st_mode))
        errno = EISDIR;
    else if (!S_ISREG(status.st_mode))
        errno = EINVAL;
    else
        file = fdopen(fd, "r");
    if (file == NULL)
        close(fd);
    return file;
}

enum atls_reason atls_file_read(const char *path, struct atls_buf *out,
                                struct atls_why *why)
{
    ATLS_AUTO(FILE) *file = open_regular(path);
    uint8_t block[1024];
    size_t len = 1;

    if (file == NULL)
        return errno == ENOMEM
                   ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL)
                   : atls_why(why, ATLS_FILE_UNREADABLE, "%s: %s (uid %ld)",
                              path, strerror(errno), (long)geteuid());
    while (len > 0 && !out->failed) {
        len = fread(block, 1, sizeof(block), file);
        if (out->len + len > ATLS_FILE_MAX)
            return atls_why(why, ATLS_FILE_UNREADABLE,
                            "%s: want at most %d bytes", path, ATLS_FILE_MAX);
        atls_buf_put(out, atls_view(block, len));
    }
    if (ferror(file))
        return atls_why(why, ATLS_FILE_UNREADABLE, "%s: %s", path,
                        strerror(errno));
    return out->failed ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL) : ATLS_OK;
}

char *atls_file_path(const char *folder, const char *path)
{
    size_t size = strlen(folder) + strlen(path) + 2;
    char *joined = malloc(size);

    if (joined == NULL)
        return NULL;
    if (path[0] == '/' || folder[0] == '\0')
        snprintf(joined, size, "%s", path);
    else
        snprintf(joined, size, "%s/%s", folder, path);
    return joined;
}
