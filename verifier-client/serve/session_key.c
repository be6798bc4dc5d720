/* SPDX-License-Identifier: Apache-2.0
 *
 * The key that session ids are sealed with, as a file: text, so that it can be
 * copied to other instances by hand.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "base64url.h"
#include "file.h"
#include "serve/secret.h"
#include "serve/session.h"

enum { HEX = 2 * ATLS_SESSION_KEY };

static enum atls_reason fetch_cipher(struct atls_session_key *key,
                                     struct atls_why *why)
{
    key->cipher = EVP_CIPHER_fetch(NULL, "AES-256-SIV", NULL);
    return key->cipher != NULL ? ATLS_OK
                               : atls_why(why, ATLS_CRYPTO_FAILED,
                                          "libcrypto has no AES-256-SIV");
}

enum atls_reason atls_session_key_make(struct atls_session_key *key,
                                       struct atls_why *why)
{
    if (RAND_priv_bytes(key->bytes, sizeof(key->bytes)) != 1)
        return atls_why(why, ATLS_CRYPTO_FAILED, NULL);
    return fetch_cipher(key, why);
}

static enum atls_reason failed(const char *path, struct atls_why *why)
{
    return atls_why(why, ATLS_FILE_UNREADABLE, "%s: %s", path, strerror(errno));
}

/* fd's file, complete, gets its name: whoever finds it finds all of it, and
 * nobody's is replaced. */
static enum atls_reason link_file(int fd, const char *temporary,
                                  const char *path, struct atls_view text,
                                  struct atls_why *why)
{
    if (fchmod(fd, 0600) != 0 ||
        write(fd, text.data, text.len) != (ssize_t)text.len || fsync(fd) != 0)
        return failed(temporary, why);
    if (link(temporary, path) != 0 && errno != EEXIST)
        return failed(path, why);
    return ATLS_OK;
}

static enum atls_reason create(const char *path, struct atls_why *why)
{
    uint8_t bytes[ATLS_SESSION_KEY];
    char hex[HEX + 2];
    ATLS_AUTO_HEAP char *temporary = NULL;
    enum atls_reason reason;
    int fd;

    if (RAND_priv_bytes(bytes, sizeof(bytes)) != 1)
        return atls_why(why, ATLS_CRYPTO_FAILED, NULL);
    atls_hex(atls_view(bytes, sizeof(bytes)), hex, sizeof(hex));
    OPENSSL_cleanse(bytes, sizeof(bytes));
    hex[HEX] = '\n';
    if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
        temporary = NULL;
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    }
    fd = mkstemp(temporary);
    if (fd < 0)
        return failed(path, why);
    reason = link_file(fd, temporary, path, atls_view(hex, HEX + 1), why);
    OPENSSL_cleanse(hex, sizeof(hex));
    close(fd);
    unlink(temporary);
    return reason;
}

static enum atls_reason read_hex(const char *path, struct atls_session_key *key,
                                 struct atls_why *why)
{
    ATLS_AUTO_BUF text = atls_buf(ATLS_FILE_MAX);
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_SESSION_KEY);
    enum atls_reason reason = atls_file_read(path, &text, why);

    if (reason != ATLS_OK)
        return reason;
    if (text.len > 0 && text.data[text.len - 1] == '\n')
        text.len--;
    if (!atls_hex_decode(atls_buf_view(&text), &bytes) || bytes.failed ||
        bytes.len != ATLS_SESSION_KEY)
        return atls_why(why, ATLS_SETTING_INVALID,
                        "%s: want %d hex digits, found something else", path,
                        HEX);
    memcpy(key->bytes, bytes.data, bytes.len);
    return fetch_cipher(key, why);
}

enum atls_reason atls_session_key_read(const char *path,
                                       struct atls_session_key *key,
                                       struct atls_why *why)
{
    enum atls_reason reason = ATLS_OK;

    if (access(path, F_OK) != 0 && errno == ENOENT)
        reason = create(path, why);
    if (reason == ATLS_OK)
        reason = atls_secret_check(path, why);
    return reason == ATLS_OK ? read_hex(path, key, why) : reason;
}

void atls_session_key_clear(struct atls_session_key *key)
{
    EVP_CIPHER_free(key->cipher);
    OPENSSL_cleanse(key, sizeof(*key));
}
