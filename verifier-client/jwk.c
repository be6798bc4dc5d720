/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading public keys of Verifiers.
 */
#include "jwk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base64url.h"
#include "ecdsa.h"
#include "json.h"
#include "jws_algorithm.h"
#include "rsa.h"

enum { MAX_FIELD = 48, MAX_MODULUS = 1024, ED25519_LEN = 32 };

ATLS_AUTO_FREE(BIO, BIO_free_all)
ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)
ATLS_AUTO_FREE(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
ATLS_AUTO_FREE(X509, X509_free)

void atls_jws_keys_clear(struct atls_jws_keys *keys)
{
    for (size_t i = 0; i < keys->num; i++)
        EVP_PKEY_free(keys->items[i].key);
    free(keys->items);
    *keys = (struct atls_jws_keys){0};
}

/* Where a key is read from, and where it goes. */
struct reading {
    const char *source;
    struct atls_jws_keys *keys;
    struct atls_why *why;
};

static enum atls_reason wrong(const struct reading *reading, const char *want)
{
    return atls_why(reading->why, ATLS_VERIFIER_KEY, "%s: want %s",
                    reading->source, want);
}

static enum atls_reason no_memory(const struct reading *reading)
{
    return atls_why(reading->why, ATLS_OUT_OF_MEMORY, NULL);
}

/* What libcrypto did not take, unless it had no memory. */
static enum atls_reason refused(const struct reading *reading, const char *want)
{
    if (ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE)
        return no_memory(reading);
    return wrong(reading, want);
}

static enum atls_reason private_key(const struct reading *reading)
{
    return wrong(reading, "a public key, found a private one: take its public "
                          "half");
}

/* A key that no algorithm of ours is for. */
static enum atls_reason unfit(const struct reading *reading)
{
    return wrong(reading, "a public key on P-256, P-384 or Ed25519, or RSA of "
                          "2048 bits");
}

static enum atls_reason add(const struct reading *reading, EVP_PKEY *key,
                            const char *kid)
{
    const struct atls_jws_algorithm *algorithm = atls_jws_algorithm_of_key(key);
    struct atls_jws_keys *keys = reading->keys;
    struct atls_jws_key *items;

    if (algorithm == NULL)
        return unfit(reading);
    if (keys->num == ATLS_JWK_MAX_KEYS)
        return wrong(reading, "at most 16 keys");
    items = realloc(keys->items, (keys->num + 1) * sizeof(*items));
    if (items == NULL || EVP_PKEY_up_ref(key) != 1)
        return no_memory(reading);
    keys->items = items;
    items[keys->num] =
        (struct atls_jws_key){.key = key, .algorithm = algorithm};
    snprintf(items[keys->num].kid, sizeof(items[0].kid), "%s",
             kid != NULL ? kid : "");
    keys->num++;
    return ATLS_OK;
}

/* The bytes of a base64url member: between min and max. */
static enum atls_reason member_bytes(const struct reading *reading,
                                     const json_t *jwk, const char *name,
                                     size_t min, struct atls_buf *out)
{
    const json_t *text = json_object_get(jwk, name);
    char want[80];

    snprintf(want, sizeof(want), "a JWK with \"%s\": %zu to %zu bytes", name,
             min, out->max);
    if (min == out->max)
        snprintf(want, sizeof(want), "a JWK with \"%s\": %zu bytes", name, min);
    if (!json_is_string(text) ||
        json_string_length(text) > (out->max + 2) / 3 * 4)
        return wrong(reading, want);
    if (atls_base64url_decode(atls_view_text(json_string_value(text)), out) &&
        out->len >= min)
        return ATLS_OK;
    return out->failed && json_string_length(text) / 4 * 3 + 2 <= out->max
               ? no_memory(reading)
               : wrong(reading, want);
}

static EVP_PKEY *from_params(const char *type, OSSL_PARAM *params)
{
    ATLS_AUTO(EVP_PKEY_CTX) *context =
        EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;

    if (context == NULL || params == NULL ||
        EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        return NULL;
    return key;
}

/* RFC 7518, 6.2.1.2: coordinates have the full length of the field; libcrypto
 * looks whether the point is on the curve. */
static enum atls_reason read_ec(const struct reading *reading,
                                const struct atls_jws_algorithm *algorithm,
                                const json_t *jwk, EVP_PKEY **out)
{
    const struct atls_ecdsa *curve = atls_ecdsa_of_id(algorithm->ecdsa);
    ATLS_AUTO_BUF x = atls_buf(curve->field_len);
    ATLS_AUTO_BUF y = atls_buf(curve->field_len);
    uint8_t point[1 + 2 * MAX_FIELD] = {0x04};
    char group[16];
    OSSL_PARAM params[3];
    enum atls_reason reason =
        member_bytes(reading, jwk, "x", curve->field_len, &x);

    if (reason == ATLS_OK)
        reason = member_bytes(reading, jwk, "y", curve->field_len, &y);
    if (reason != ATLS_OK)
        return reason;
    memcpy(point + 1, x.data, x.len);
    memcpy(point + 1 + x.len, y.data, y.len);
    snprintf(group, sizeof(group), "%s", curve->group_name);
    params[0] =
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
                                                  point, 1 + x.len + y.len);
    params[2] = OSSL_PARAM_construct_end();
    *out = from_params("EC", params);
    return *out != NULL ? ATLS_OK : refused(reading, "a point on its curve");
}

/* RFC 8037, 2 */
static enum atls_reason read_okp(const struct reading *reading,
                                 const json_t *jwk, EVP_PKEY **out)
{
    ATLS_AUTO_BUF x = atls_buf(ED25519_LEN);
    enum atls_reason reason = member_bytes(reading, jwk, "x", ED25519_LEN, &x);

    if (reason != ATLS_OK)
        return reason;
    *out = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, x.data, x.len);
    return *out != NULL ? ATLS_OK : refused(reading, "a key of Ed25519");
}

/* RFC 7518, 6.3.1. An even exponent, or 1, is no key: anybody could sign. */
static enum atls_reason read_rsa(const struct reading *reading,
                                 const json_t *jwk, EVP_PKEY **out)
{
    ATLS_AUTO_BUF n = atls_buf(MAX_MODULUS), e = atls_buf(8);
    enum atls_reason reason = member_bytes(reading, jwk, "n", 256, &n);

    if (reason == ATLS_OK)
        reason = member_bytes(reading, jwk, "e", 1, &e);
    if (reason != ATLS_OK)
        return reason;
    if (e.data[e.len - 1] % 2 == 0 || (e.len == 1 && e.data[0] == 1))
        return wrong(reading, "an odd exponent of 3 or more");
    *out = atls_rsa_key(atls_buf_view(&n), atls_buf_view(&e));
    return *out != NULL ? ATLS_OK : refused(reading, "an RSA key");
}

static bool is_text(const json_t *jwk, const char *name, const char *text)
{
    const char *found = json_string_value(json_object_get(jwk, name));

    return found != NULL && strcmp(found, text) == 0;
}

/* RFC 7518, 6.2.2, 6.3.2 and 6.4.1: what only private and shared keys have */
static bool is_private(const json_t *jwk)
{
    static const char *const members[] = {"d",  "p",   "q", "dp", "dq",
                                          "qi", "oth", "k", NULL};

    for (size_t i = 0; members[i] != NULL; i++)
        if (json_object_get(jwk, members[i]) != NULL)
            return true;
    return is_text(jwk, "kty", "oct");
}

static const struct atls_jws_algorithm *algorithm_of(const json_t *jwk)
{
    for (size_t i = 0; atls_jws_algorithms[i].name != NULL; i++) {
        const struct atls_jws_algorithm *algorithm = &atls_jws_algorithms[i];

        if (is_text(jwk, "kty", algorithm->kty) &&
            (algorithm->crv == NULL || is_text(jwk, "crv", algorithm->crv)))
            return algorithm;
    }
    return NULL;
}

static bool may_verify(const json_t *operations)
{
    for (size_t i = 0; i < json_array_size(operations); i++) {
        const char *operation =
            json_string_value(json_array_get(operations, i));

        if (operation != NULL && strcmp(operation, "verify") == 0)
            return true;
    }
    return false;
}

/* RFC 7517, 4.2 to 4.4 */
static bool is_for_signatures(const json_t *jwk,
                              const struct atls_jws_algorithm *algorithm)
{
    const json_t *name = json_object_get(jwk, "alg");
    const json_t *operations = json_object_get(jwk, "key_ops");

    if (name != NULL &&
        (!json_is_string(name) ||
         !atls_jws_algorithm_is(algorithm, json_string_value(name))))
        return false;
    return (json_object_get(jwk, "use") == NULL ||
            is_text(jwk, "use", "sig")) &&
           (operations == NULL || may_verify(operations));
}

static enum atls_reason read_key(const struct reading *reading,
                                 const struct atls_jws_algorithm *algorithm,
                                 const json_t *jwk, EVP_PKEY **out)
{
    if (algorithm->ecdsa != 0)
        return read_ec(reading, algorithm, jwk, out);
    if (algorithm->crv != NULL)
        return read_okp(reading, jwk, out);
    return read_rsa(reading, jwk, out);
}

/* *is_other: well, but for something else. */
static enum atls_reason read_jwk(const struct reading *reading,
                                 const json_t *jwk, bool *is_other)
{
    const struct atls_jws_algorithm *algorithm = algorithm_of(jwk);
    const json_t *kid = json_object_get(jwk, "kid");
    ATLS_AUTO(EVP_PKEY) *key = NULL;
    enum atls_reason reason;

    *is_other = false;
    if (!json_is_object(jwk))
        return wrong(reading, "a JWK");
    if (is_private(jwk))
        return private_key(reading);
    *is_other = algorithm == NULL || !is_for_signatures(jwk, algorithm);
    if (*is_other)
        return ATLS_OK;
    if (kid != NULL &&
        (!json_is_string(kid) || json_string_length(kid) >= ATLS_JWS_KID))
        return wrong(reading, "a \"kid\" of at most 63 bytes");
    reason = read_key(reading, algorithm, jwk, &key);
    return reason == ATLS_OK ? add(reading, key, json_string_value(kid))
                             : reason;
}

static enum atls_reason read_set(const struct reading *reading,
                                 const json_t *set)
{
    size_t before = reading->keys->num;
    enum atls_reason reason = ATLS_OK;
    bool is_other;

    for (size_t i = 0; reason == ATLS_OK && i < json_array_size(set); i++)
        reason = read_jwk(reading, json_array_get(set, i), &is_other);
    if (reason == ATLS_OK && reading->keys->num == before)
        return wrong(reading, "a JWK set with a key for ES256, ES384, EdDSA or "
                              "PS256 signatures");
    return reason;
}

static enum atls_reason read_json(const struct reading *reading,
                                  struct atls_view text)
{
    struct atls_why why = {0};
    ATLS_AUTO(json_t) *root = atls_json_parse(text, ATLS_VERIFIER_KEY, &why);
    const json_t *set = json_object_get(root, "keys");
    enum atls_reason reason;
    bool is_other;

    if (root == NULL)
        return atls_why(reading->why, why.reason, "%s: %s", reading->source,
                        why.text);
    if (set != NULL)
        return json_is_array(set) ? read_set(reading, set)
                                  : wrong(reading, "a list of keys");
    reason = read_jwk(reading, root, &is_other);
    if (reason == ATLS_OK && is_other)
        return wrong(reading, "a JWK for ES256, ES384, EdDSA or PS256 "
                              "signatures");
    return reason;
}

/* One PEM block, by its label. NULL: no public key. */
static EVP_PKEY *key_of_block(const char *label, const uint8_t *der, long len)
{
    ATLS_AUTO(X509) *certificate = NULL;

    if (strcmp(label, PEM_STRING_PUBLIC) == 0)
        return d2i_PUBKEY(NULL, &der, len);
    if (strcmp(label, PEM_STRING_X509) != 0)
        return NULL;
    certificate = d2i_X509(NULL, &der, len);
    return certificate != NULL ? X509_get_pubkey(certificate) : NULL;
}

static enum atls_reason read_block(const struct reading *reading,
                                   const char *label, const uint8_t *der,
                                   long len)
{
    ATLS_AUTO(EVP_PKEY) *key = NULL;

    if (strstr(label, "PRIVATE KEY") != NULL)
        return private_key(reading);
    key = key_of_block(label, der, len);
    return key != NULL ? add(reading, key, NULL)
                       : refused(reading, "PUBLIC KEY or CERTIFICATE in PEM");
}

static enum atls_reason read_pem(const struct reading *reading,
                                 struct atls_view text)
{
    ATLS_AUTO(BIO) *bio = BIO_new_mem_buf(text.data, (int)text.len);
    char *label = NULL, *header = NULL;
    uint8_t *der = NULL;
    size_t before = reading->keys->num;
    enum atls_reason reason = ATLS_OK;
    long len;

    if (bio == NULL)
        return no_memory(reading);
    while (reason == ATLS_OK &&
           PEM_read_bio(bio, &label, &header, &der, &len) == 1) {
        reason = read_block(reading, label, der, len);
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_free(der);
    }
    if (reason == ATLS_OK &&
        ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        return refused(reading, "PEM that can be read to its end");
    if (reason == ATLS_OK && reading->keys->num == before)
        return wrong(reading, "PUBLIC KEY or CERTIFICATE in PEM");
    return reason;
}

enum atls_reason atls_jws_keys_read(struct atls_view text, const char *source,
                                    struct atls_jws_keys *keys,
                                    struct atls_why *why)
{
    static const char begin[] = "-----BEGIN ";
    struct reading reading = {source, keys, why};
    enum atls_reason reason;
    int saved = errno;
    bool is_pem = false;

    for (size_t i = 0; !is_pem && i + sizeof(begin) <= text.len; i++)
        is_pem = memcmp(text.data + i, begin, sizeof(begin) - 1) == 0;
    ERR_set_mark();
    reason = is_pem ? read_pem(&reading, text) : read_json(&reading, text);
    ERR_pop_to_mark();
    errno = saved;
    return reason;
}
