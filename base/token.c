/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a bearer token.
 */
#include "config.h" /* strerror_r as GNU has it */

#include "token.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

/* A pipe would keep its reader waiting. */
static int open_regular(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;

    if (fd < 0)
        return -1;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

static void read_all(int fd, struct atls_buf *out)
{
    uint8_t chunk[512];
    ssize_t len;

    do {
        len = read(fd, chunk, sizeof(chunk));
        if (len > 0)
            atls_buf_put(out, atls_view(chunk, (size_t)len));
    } while (len > 0 || (len < 0 && errno == EINTR));
    if (len < 0)
        out->failed = true;
    OPENSSL_cleanse(chunk, sizeof(chunk));
}

static bool is_one_word(struct atls_view text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~')
            return false;
    return text.len > 0;
}

enum atls_reason atls_token_read(const char *path, struct atls_buf *out,
                                 struct atls_why *why)
{
    char text[128];
    int saved = errno, fd = open_regular(path);

    if (fd < 0) {
        (void)atls_why(why, ATLS_FILE_UNREADABLE, "token %s: %s (uid %u)", path,
                       strerror_r(errno, text, sizeof(text)),
                       (unsigned)geteuid());
        errno = saved;
        return ATLS_FILE_UNREADABLE;
    }
    read_all(fd, out);
    close(fd);
    errno = saved;
    while (out->len > 0 && strchr(" \t\r\n", out->data[out->len - 1]) != NULL)
        out->len--;
    if (out->failed || !is_one_word(atls_buf_view(out)))
        return atls_why(why, ATLS_FILE_UNREADABLE,
                        "token %s: want one word of at most %d printable "
                        "characters",
                        path, ATLS_TOKEN_MAX);
    atls_buf_u8(out, '\0');
    return out->failed ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL) : ATLS_OK;
}
