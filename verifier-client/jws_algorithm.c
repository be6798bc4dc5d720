/* SPDX-License-Identifier: Apache-2.0
 *
 * ECDSA by base/ecdsa; Ed25519 and RSASSA-PSS by libcrypto's one-shot calls.
 */
#include "jws_algorithm.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "cose.h"
#include "ecdsa.h"

ATLS_AUTO_FREE(EVP_MD_CTX, EVP_MD_CTX_free)

enum { MIN_RSA_BITS = 2048, MAX_RSA_BITS = 8192 }; /* RFC 7518, 3.5: at least */

const struct atls_jws_algorithm atls_jws_algorithms[] = {
    {"ES256", NULL, "EC", "P-256", ATLS_COSE_ES256, NULL, NULL},
    {"ES384", NULL, "EC", "P-384", ATLS_COSE_ES384, NULL, NULL},
    {"EdDSA", "Ed25519", "OKP", "Ed25519", 0, "ED25519", NULL},
    {"PS256", NULL, "RSA", NULL, 0, "RSA", "SHA2-256"},
    {0},
};

static bool is_for(const struct atls_jws_algorithm *algorithm,
                   const EVP_PKEY *key)
{
    const struct atls_ecdsa *curve = NULL;
    int bits = EVP_PKEY_get_bits(key);

    if (algorithm->ecdsa != 0)
        return EVP_PKEY_is_a(key, "EC") &&
               atls_ecdsa_of_key(key, &curve, NULL) == ATLS_OK &&
               curve->id == algorithm->ecdsa;
    if (!EVP_PKEY_is_a(key, algorithm->key_type))
        return false;
    return algorithm->crv != NULL ||
           (bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS);
}

const struct atls_jws_algorithm *atls_jws_algorithm_of_key(const EVP_PKEY *key)
{
    for (size_t i = 0; atls_jws_algorithms[i].name != NULL; i++)
        if (is_for(&atls_jws_algorithms[i], key))
            return &atls_jws_algorithms[i];
    return NULL;
}

bool atls_jws_algorithm_is(const struct atls_jws_algorithm *algorithm,
                           const char *name)
{
    return strcmp(algorithm->name, name) == 0 ||
           (algorithm->also != NULL && strcmp(algorithm->also, name) == 0);
}

enum atls_reason atls_jws_crypto_failed(struct atls_why *why,
                                        enum atls_reason otherwise,
                                        const char *what)
{
    unsigned long error = ERR_peek_last_error();
    const char *text = ERR_reason_error_string(error);

    if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return atls_why(why, otherwise, "%s: %s", what,
                    text != NULL ? text : "libcrypto refused");
}

/* RFC 7518, 3.5: MGF1 with the same hash, a salt as long as the hash */
static bool set_padding(const struct atls_jws_algorithm *algorithm,
                        EVP_PKEY_CTX *context)
{
    if (algorithm->crv != NULL)
        return true;
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) ==
               1;
}

static enum atls_reason verify(const struct atls_jws_algorithm *algorithm,
                               EVP_PKEY *key, struct atls_view message,
                               struct atls_view signature, struct atls_why *why)
{
    ATLS_AUTO(EVP_MD_CTX) *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_context = NULL; /* context's */
    int result;

    if (context == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (EVP_DigestVerifyInit_ex(context, &key_context, algorithm->digest, NULL,
                                NULL, key, NULL) != 1 ||
        !set_padding(algorithm, key_context))
        return atls_jws_crypto_failed(why, ATLS_CRYPTO_FAILED, algorithm->name);
    if (signature.len != (size_t)EVP_PKEY_get_size(key))
        return atls_why(why, ATLS_RESULT_SIGNATURE,
                        "want a signature of %d bytes, found %zu",
                        EVP_PKEY_get_size(key), signature.len);
    result = EVP_DigestVerify(context, signature.data, signature.len,
                              message.data, message.len);
    if (result == 1)
        return ATLS_OK;
    return atls_jws_crypto_failed(
        why, result == 0 ? ATLS_RESULT_SIGNATURE : ATLS_CRYPTO_FAILED,
        algorithm->name);
}

static enum atls_reason verify_ecdsa(const struct atls_jws_algorithm *algorithm,
                                     EVP_PKEY *key, struct atls_view message,
                                     struct atls_view signature,
                                     struct atls_why *why)
{
    struct atls_why found = {0};
    enum atls_reason reason =
        atls_ecdsa_verify_with(atls_ecdsa_of_id(algorithm->ecdsa), key, NULL,
                               &message, 1, signature, &found);

    if (reason == ATLS_OK)
        return ATLS_OK;
    return atls_why(
        why, reason == ATLS_SIGNATURE_INVALID ? ATLS_RESULT_SIGNATURE : reason,
        "%s: %s", algorithm->name, found.text);
}

enum atls_reason
atls_jws_algorithm_verify(const struct atls_jws_algorithm *algorithm,
                          EVP_PKEY *key, struct atls_view message,
                          struct atls_view signature, struct atls_why *why)
{
    if (algorithm->ecdsa != 0)
        return verify_ecdsa(algorithm, key, message, signature, why);
    return verify(algorithm, key, message, signature, why);
}

static enum atls_reason sign(struct atls_buf *out,
                             const struct atls_jws_algorithm *algorithm,
                             EVP_PKEY *key, struct atls_view message,
                             struct atls_why *why)
{
    ATLS_AUTO(EVP_MD_CTX) *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_context = NULL; /* context's */
    size_t len = (size_t)EVP_PKEY_get_size(key);
    uint8_t *room = atls_buf_room(out, len);

    if (context == NULL || room == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (EVP_DigestSignInit_ex(context, &key_context, algorithm->digest, NULL,
                              NULL, key, NULL) != 1 ||
        !set_padding(algorithm, key_context) ||
        EVP_DigestSign(context, room, &len, message.data, message.len) != 1)
        return atls_jws_crypto_failed(why, ATLS_CRYPTO_FAILED, algorithm->name);
    return ATLS_OK;
}

enum atls_reason atls_jws_algorithm_put(
    struct atls_buf *out, const struct atls_jws_algorithm *algorithm,
    EVP_PKEY *key, struct atls_view message, struct atls_why *why)
{
    if (algorithm->ecdsa != 0)
        return atls_ecdsa_put(out, atls_ecdsa_of_id(algorithm->ecdsa), key,
                              NULL, &message, 1, why);
    return sign(out, algorithm, key, message, why);
}
