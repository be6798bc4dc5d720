/* SPDX-License-Identifier: Apache-2.0
 *
 * HKDF-Expand-Label (RFC 9846, 7.1) by libcrypto's HKDF, and the binder on it.
 */
#include "binder.h"

#include <pthread.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#define LABEL_MAX 32 /* bytes, with "tls13 " */

/* Fetched once a process and kept: a fetch costs more than a derivation. */
static struct {
    pthread_once_t once;
    EVP_KDF *hkdf;
    EVP_MD *sha256, *sha384;
} fetched = {.once = PTHREAD_ONCE_INIT};

static void fetch(void)
{
    fetched.hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    fetched.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    fetched.sha384 = EVP_MD_fetch(NULL, "SHA384", NULL);
}

static const EVP_MD *hash_of_length(size_t len)
{
    pthread_once(&fetched.once, fetch);
    switch (len) {
    case 32:
        return fetched.sha256;
    case 48:
        return fetched.sha384;
    default:
        return NULL;
    }
}

ATLS_AUTO_FREE(EVP_KDF_CTX, EVP_KDF_CTX_free)

void atls_secret_clear(struct atls_secret *secret)
{
    OPENSSL_cleanse(secret, sizeof(*secret));
}

/* struct { uint16 length; opaque label<7..255>; opaque context<0..255>; } */
static size_t put_hkdf_label(uint8_t *info, const char *label,
                             struct atls_view context, size_t len)
{
    size_t label_len = strlen(label), at = 0;

    info[at++] = (uint8_t)(len >> 8);
    info[at++] = (uint8_t)len;
    info[at++] = (uint8_t)(label_len + 6);
    memcpy(info + at, "tls13 ", 6);
    memcpy(info + at + 6, label, label_len);
    at += label_len + 6;
    info[at++] = (uint8_t)context.len;
    if (context.len != 0)
        memcpy(info + at, context.data, context.len);
    return at + context.len;
}

enum atls_reason atls_expand_label(struct atls_view secret, const char *label,
                                   struct atls_view context, uint8_t *out,
                                   struct atls_why *why)
{
    const EVP_MD *hash = hash_of_length(secret.len);
    ATLS_AUTO(EVP_KDF_CTX) *kdf = NULL;
    uint8_t info[4 + LABEL_MAX + ATLS_BINDER_MAX];
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    OSSL_PARAM params[5];

    if (hash == NULL)
        return atls_why(why, ATLS_SECRET_MISSING,
                        "secret: want 32 or 48 bytes, have %zu", secret.len);
    kdf = EVP_KDF_CTX_new(fetched.hkdf);
    params[0] = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
    params[1] = OSSL_PARAM_construct_utf8_string(
        OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)EVP_MD_get0_name(hash), 0);
    params[2] = OSSL_PARAM_construct_octet_string(
        OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret.data, secret.len);
    params[3] = OSSL_PARAM_construct_octet_string(
        OSSL_KDF_PARAM_INFO, info,
        put_hkdf_label(info, label, context, secret.len));
    params[4] = OSSL_PARAM_construct_end();
    if (kdf == NULL || EVP_KDF_derive(kdf, out, secret.len, params) <= 0)
        return atls_why(why, ATLS_CRYPTO_FAILED, "HKDF refused \"%s\"", label);
    return ATLS_OK;
}

enum atls_reason
atls_binder_server_secret(struct atls_view server_handshake_traffic_secret,
                          struct atls_secret *out, struct atls_why *why)
{
    enum atls_reason reason =
        atls_expand_label(server_handshake_traffic_secret, "atls server",
                          atls_view(NULL, 0), out->bytes, why);

    out->len = reason == ATLS_OK ? server_handshake_traffic_secret.len : 0;
    return reason;
}

enum atls_reason atls_binder_make(const struct atls_secret *secret,
                                  struct atls_view spki,
                                  struct atls_secret *out, struct atls_why *why)
{
    const EVP_MD *hash = hash_of_length(secret->len);
    uint8_t digest[ATLS_BINDER_MAX];
    enum atls_reason reason;

    out->len = 0;
    if (hash == NULL)
        return atls_why(why, ATLS_SECRET_MISSING, NULL);
    if (!EVP_Digest(spki.data, spki.len, digest, NULL, hash, NULL))
        return atls_why(why, ATLS_CRYPTO_FAILED, "%s refused",
                        EVP_MD_get0_name(hash));
    reason = atls_expand_label(atls_secret_view(secret), "atls binder",
                               atls_view(digest, secret->len), out->bytes, why);
    out->len = reason == ATLS_OK ? secret->len : 0;
    return reason;
}

enum atls_reason atls_binder_make_for(const struct atls_secret *secret,
                                      X509 *leaf, struct atls_secret *out,
                                      struct atls_why *why)
{
    ATLS_AUTO_BUF spki = atls_buf(ATLS_SPKI_MAX);
    enum atls_reason reason = atls_spki_put(&spki, leaf, why);

    out->len = 0;
    return reason != ATLS_OK
               ? reason
               : atls_binder_make(secret, atls_buf_view(&spki), out, why);
}

enum atls_reason atls_binder_of_certificate(X509 *leaf, struct atls_secret *out,
                                            struct atls_why *why)
{
    ATLS_AUTO_BUF spki = atls_buf(ATLS_SPKI_MAX);
    enum atls_reason reason = atls_spki_put(&spki, leaf, why);

    if (reason == ATLS_OK)
        reason = atls_spki_hash(atls_buf_view(&spki), out->bytes, why);
    out->len = reason == ATLS_OK ? ATLS_SPKI_HASH : 0;
    return reason;
}
