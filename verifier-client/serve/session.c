/* SPDX-License-Identifier: Apache-2.0
 *
 * Sealing by AES-256-SIV (RFC 5297), whose keys many instances can share
 * without agreeing on a counter: should their random bytes ever be equal, two
 * equal sessions get one id, and nothing else is lost.
 */
#include "serve/session.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "base64url.h"

enum {
    VERSION = 1,
    SALT = 8, /* random bytes that make ids differ */
    TAG = 16, /* RFC 5297: the synthetic IV */
    FIXED = 1 + 8 + SALT,
    MAX_PLAIN = FIXED + ATLS_SESSION_MAX_NONCE
};

static const char purpose[] = "atls challenge-response session";

static void cipher_ctx_free(EVP_CIPHER_CTX *ctx)
{
    EVP_CIPHER_CTX_free(ctx);
}
ATLS_AUTO_FREE(EVP_CIPHER_CTX, cipher_ctx_free)

static bool compose(const struct atls_session *session, struct atls_buf *plain)
{
    uint8_t salt[SALT];

    if (RAND_bytes(salt, sizeof(salt)) != 1)
        return false;
    atls_buf_u8(plain, VERSION);
    atls_buf_u64(plain, (uint64_t)session->expires);
    atls_buf_put(plain, atls_view(salt, sizeof(salt)));
    atls_buf_put(plain, atls_view(session->nonce, session->nonce_len));
    return !plain->failed;
}

static bool encrypt(const struct atls_session_key *key, struct atls_view plain,
                    struct atls_buf *sealed)
{
    ATLS_AUTO(EVP_CIPHER_CTX) *ctx = EVP_CIPHER_CTX_new();
    uint8_t *room = atls_buf_room(sealed, TAG + plain.len);
    int len = 0;

    return ctx != NULL && room != NULL &&
           EVP_EncryptInit_ex2(ctx, key->cipher, key->bytes, NULL, NULL) == 1 &&
           EVP_EncryptUpdate(ctx, NULL, &len, (const uint8_t *)purpose,
                             sizeof(purpose) - 1) == 1 &&
           EVP_EncryptUpdate(ctx, room + TAG, &len, plain.data,
                             (int)plain.len) == 1 &&
           EVP_EncryptFinal_ex(ctx, room + TAG + len, &len) == 1 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, room) == 1;
}

enum atls_reason atls_session_seal(const struct atls_session *session,
                                   const struct atls_session_key *key,
                                   char id[ATLS_SESSION_ID],
                                   struct atls_why *why)
{
    ATLS_AUTO_BUF plain = atls_buf(MAX_PLAIN);
    ATLS_AUTO_BUF sealed = atls_buf(TAG + MAX_PLAIN);
    ATLS_AUTO_BUF text = atls_buf(ATLS_SESSION_ID);

    if (!compose(session, &plain) ||
        !encrypt(key, atls_buf_view(&plain), &sealed))
        return atls_why(why, ATLS_CRYPTO_FAILED, NULL);
    atls_base64url_put(&text, atls_buf_view(&sealed));
    atls_buf_u8(&text, '\0');
    if (text.failed)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    memcpy(id, text.data, text.len);
    return ATLS_OK;
}

/* ctx NULL, or libcrypto's own failure, looks like a wrong tag: either way
 * there is no session. */
static bool decrypt(const struct atls_session_key *key, struct atls_view sealed,
                    uint8_t plain[MAX_PLAIN])
{
    ATLS_AUTO(EVP_CIPHER_CTX) *ctx = EVP_CIPHER_CTX_new();
    uint8_t tag[TAG];
    int len = 0;

    memcpy(tag, sealed.data, TAG);
    return ctx != NULL &&
           EVP_DecryptInit_ex2(ctx, key->cipher, key->bytes, NULL, NULL) == 1 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 &&
           EVP_DecryptUpdate(ctx, NULL, &len, (const uint8_t *)purpose,
                             sizeof(purpose) - 1) == 1 &&
           EVP_DecryptUpdate(ctx, plain, &len, sealed.data + TAG,
                             (int)sealed.len - TAG) == 1 &&
           EVP_DecryptFinal_ex(ctx, plain + len, &len) == 1;
}

static bool read_plain(struct atls_view plain, struct atls_session *out)
{
    struct atls_reader in = atls_reader(plain);
    struct atls_view nonce;

    *out = (struct atls_session){0};
    if (atls_reader_u8(&in) != VERSION)
        return false;
    out->expires = (int64_t)atls_reader_u64(&in);
    (void)atls_reader_bytes(&in, SALT);
    nonce = atls_reader_bytes(&in, plain.len - FIXED);
    if (!atls_reader_done(&in))
        return false;
    memcpy(out->nonce, nonce.data, nonce.len);
    out->nonce_len = nonce.len;
    return true;
}

enum atls_reason atls_session_open(const char *id,
                                   const struct atls_session_key *key,
                                   int64_t now, struct atls_session *out,
                                   struct atls_why *why)
{
    ATLS_AUTO_BUF sealed = atls_buf(TAG + MAX_PLAIN);
    uint8_t plain[MAX_PLAIN];
    size_t len;

    if (!atls_base64url_decode(atls_view_text(id), &sealed) || sealed.failed)
        return atls_why(why, ATLS_SESSION_MALFORMED, NULL);
    if (sealed.len < TAG + FIXED + ATLS_SESSION_MIN_NONCE)
        return atls_why(why, ATLS_SESSION_UNKNOWN, NULL);
    len = sealed.len - TAG;
    if (!decrypt(key, atls_buf_view(&sealed), plain) ||
        !read_plain(atls_view(plain, len), out) || now >= out->expires)
        return atls_why(why, ATLS_SESSION_UNKNOWN, NULL);
    return ATLS_OK;
}
