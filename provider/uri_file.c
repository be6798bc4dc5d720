/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that URIs name.
 */
#include "config.h" /* strerror_r as GNU has it */

#include "provider/uri_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

enum { CHUNK = 1024 };

static enum atls_reason complain(const char *what, const char *path,
                                 int error_number, enum atls_reason reason,
                                 struct atls_why *why)
{
    char text[128];

    return atls_why(why, reason, "%s %s: %s (uid %u)", what, path,
                    strerror_r(error_number, text, sizeof(text)),
                    (unsigned)geteuid());
}

/* It may be a private key. */
static void wipe(uint8_t (*chunk)[CHUNK])
{
    OPENSSL_cleanse(*chunk, sizeof(*chunk));
}

static int read_all(int fd, struct atls_buf *out)
{
    __attribute__((cleanup(wipe))) uint8_t chunk[CHUNK];
    ssize_t len;

    for (;;) {
        len = read(fd, chunk, sizeof(chunk));
        if (len < 0 && errno == EINTR)
            continue;
        if (len <= 0)
            break;
        atls_buf_put(out, atls_view(chunk, (size_t)len));
        if (out->failed)
            return out->len + (size_t)len > out->max ? EFBIG : ENOMEM;
    }
    return len < 0 ? errno : 0;
}

enum atls_reason atls_uri_file_read(const char *path, const char *what,
                                    struct atls_buf *out,
                                    enum atls_reason reason_if_not,
                                    struct atls_why *why)
{
    struct stat status;
    int fd, error_number, saved = errno;

    /* O_NONBLOCK: a FIFO of that name must not hang the program */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        error_number = errno;
    } else {
        error_number = fstat(fd, &status) != 0   ? errno
                       : S_ISREG(status.st_mode) ? read_all(fd, out)
                                                 : EINVAL;
        close(fd);
    }
    errno = saved;
    if (error_number == ENOMEM)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (error_number != 0)
        return complain(what, path, error_number, reason_if_not, why);
    return ATLS_OK;
}
