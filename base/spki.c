/* SPDX-License-Identifier: Apache-2.0
 *
 * Encoding and comparison are libcrypto's.
 */
#include "spki.h"

#include <openssl/err.h>

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

static enum atls_reason put(struct atls_buf *out, unsigned char *der, int len,
                            struct atls_why *why)
{
    if (len <= 0 || len > ATLS_SPKI_MAX)
        out->failed = true;
    else
        atls_buf_put(out, atls_view(der, (size_t)len));
    OPENSSL_free(der);
    return out->failed
               ? atls_why(why, ATLS_CRYPTO_FAILED,
                          "the public key has no encoding of 1 to %d bytes",
                          ATLS_SPKI_MAX)
               : ATLS_OK;
}

enum atls_reason atls_spki_put(struct atls_buf *out, X509 *leaf,
                               struct atls_why *why)
{
    unsigned char *der = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &der);

    return put(out, der, len, why);
}

enum atls_reason atls_spki_put_key(struct atls_buf *out, const EVP_PKEY *key,
                                   struct atls_why *why)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);

    return put(out, der, len, why);
}

enum atls_reason atls_spki_hash(struct atls_view spki,
                                uint8_t hash[ATLS_SPKI_HASH],
                                struct atls_why *why)
{
    return EVP_Q_digest(NULL, "SHA2-256", NULL, spki.data, spki.len, hash,
                        NULL) == 1
               ? ATLS_OK
               : atls_why(why, ATLS_CRYPTO_FAILED,
                          "the public key cannot be hashed");
}

bool atls_spki_is(struct atls_view spki, const EVP_PKEY *key)
{
    const unsigned char *at = spki.data;
    ATLS_AUTO(EVP_PKEY) *own = NULL;
    bool is_same;

    ERR_set_mark();
    if (spki.len > 0 && spki.len <= ATLS_SPKI_MAX)
        own = d2i_PUBKEY(NULL, &at, (long)spki.len);
    is_same =
        own != NULL && at == spki.data + spki.len && EVP_PKEY_eq(own, key) == 1;
    ERR_pop_to_mark();
    return is_same;
}
