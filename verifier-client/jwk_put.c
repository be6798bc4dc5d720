/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing public keys of Verifiers.
 */
#include "jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>

#include "base64url.h"
#include "ecdsa.h"
#include "json.h"
#include "jws_algorithm.h"

enum { MAX_MODULUS = 1024, ED25519_LEN = 32 }; /* bytes */

ATLS_AUTO_FREE(BIGNUM, BN_free)

static bool set_bytes(json_t *jwk, const char *name, struct atls_view bytes)
{
    ATLS_AUTO_BUF text = atls_buf(SIZE_MAX);

    atls_base64url_put(&text, bytes);
    return !text.failed &&
           json_object_set_new(
               jwk, name, json_stringn((const char *)text.data, text.len)) == 0;
}

/* len bytes, or as many as the number has when len is 0. */
static bool set_number(json_t *jwk, const char *name, EVP_PKEY *key,
                       const char *parameter, size_t len)
{
    ATLS_AUTO(BIGNUM) *number = NULL;
    uint8_t bytes[MAX_MODULUS];
    int num;

    if (EVP_PKEY_get_bn_param(key, parameter, &number) != 1)
        return false;
    num = len > 0 ? (int)len : BN_num_bytes(number);
    return num <= MAX_MODULUS && BN_bn2binpad(number, bytes, num) == num &&
           set_bytes(jwk, name, atls_view(bytes, (size_t)num));
}

static bool set_okp(json_t *jwk, EVP_PKEY *key)
{
    uint8_t bytes[ED25519_LEN];
    size_t len = sizeof(bytes);

    return EVP_PKEY_get_raw_public_key(key, bytes, &len) == 1 &&
           set_bytes(jwk, "x", atls_view(bytes, len));
}

static bool set_key(json_t *jwk, const struct atls_jws_algorithm *algorithm,
                    EVP_PKEY *key)
{
    const struct atls_ecdsa *curve = atls_ecdsa_of_id(algorithm->ecdsa);

    if (curve != NULL)
        return set_number(jwk, "x", key, OSSL_PKEY_PARAM_EC_PUB_X,
                          curve->field_len) &&
               set_number(jwk, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y,
                          curve->field_len);
    if (algorithm->crv != NULL)
        return set_okp(jwk, key);
    return set_number(jwk, "n", key, OSSL_PKEY_PARAM_RSA_N, 0) &&
           set_number(jwk, "e", key, OSSL_PKEY_PARAM_RSA_E, 0);
}

static bool set_text(json_t *jwk, const char *name, const char *text)
{
    return text == NULL ||
           json_object_set_new(jwk, name, json_string(text)) == 0;
}

static enum atls_reason put(struct atls_buf *out, EVP_PKEY *key,
                            const char *kid, struct atls_why *why)
{
    const struct atls_jws_algorithm *algorithm = atls_jws_algorithm_of_key(key);
    ATLS_AUTO(json_t) *jwk = atls_json_object();

    if (algorithm == NULL)
        return atls_why(why, ATLS_VERIFIER_KEY,
                        "want a key on P-256, P-384 or Ed25519, or RSA of 2048 "
                        "bits");
    if (!set_text(jwk, "alg", algorithm->name) || !set_text(jwk, "kid", kid) ||
        !set_text(jwk, "kty", algorithm->kty) ||
        !set_text(jwk, "crv", algorithm->crv))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (!set_key(jwk, algorithm, key))
        return atls_jws_crypto_failed(why, ATLS_CRYPTO_FAILED, "JWK");
    atls_json_put(out, jwk);
    return out->failed ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL) : ATLS_OK;
}

enum atls_reason atls_jwk_put(struct atls_buf *out, EVP_PKEY *key,
                              const char *kid, struct atls_why *why)
{
    enum atls_reason reason;

    ERR_set_mark();
    reason = put(out, key, kid, why);
    ERR_pop_to_mark();
    return reason;
}
