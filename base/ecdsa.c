/* SPDX-License-Identifier: Apache-2.0
 *
 * ECDSA over raw r || s (RFC 9053, 2.1) with libcrypto. Errors of libcrypto are
 * told in the sentence and taken off its queue.
 */
#include "ecdsa.h"

#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/provider.h>

#include "cose.h"

ATLS_AUTO_FREE(EVP_MD, EVP_MD_free)
ATLS_AUTO_FREE(EVP_MD_CTX, EVP_MD_CTX_free)
ATLS_AUTO_FREE(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
ATLS_AUTO_FREE(ECDSA_SIG, ECDSA_SIG_free)

enum { MAX_FIELD = 66, MAX_DER = 3 + 2 * (3 + MAX_FIELD) };

/* ECDSA's rows of RFC 9053, table 1, each with the curve it is meant for */
static const struct atls_ecdsa algorithms[] = {
    {ATLS_COSE_ES256, "ES256", "SHA2-256", "prime256v1", "P-256", 32},
    {ATLS_COSE_ES384, "ES384", "SHA2-384", "secp384r1", "P-384", 48},
    {ATLS_COSE_ES512, "ES512", "SHA2-512", "secp521r1", "P-521", MAX_FIELD},
};
enum { NUM_ALGORITHMS = sizeof(algorithms) / sizeof(algorithms[0]) };

const struct atls_ecdsa *atls_ecdsa_of_id(int64_t id)
{
    for (size_t i = 0; i < NUM_ALGORITHMS; i++)
        if (algorithms[i].id == id)
            return &algorithms[i];
    return NULL;
}

/* After OPENSSL_cleanup libcrypto's own locks are gone, and a program may
 * still talk TLS in its atexit handlers. */
static bool libcrypto_is_alive(void)
{
    return OPENSSL_init_crypto(0, NULL) == 1;
}

enum atls_reason atls_ecdsa_of_key(const EVP_PKEY *key,
                                   const struct atls_ecdsa **out,
                                   struct atls_why *why)
{
    char group[32] = "";

    if (!libcrypto_is_alive())
        return atls_why(why, ATLS_CRYPTO_FAILED,
                        "the program called OPENSSL_cleanup");
    if (EVP_PKEY_is_a(key, "EC"))
        (void)EVP_PKEY_get_group_name(key, group, sizeof(group), NULL);
    for (size_t i = 0; i < NUM_ALGORITHMS; i++)
        if (strcmp(algorithms[i].group_name, group) == 0 ||
            strcmp(algorithms[i].nist_name, group) == 0) {
            *out = &algorithms[i];
            return ATLS_OK;
        }
    return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                    "ECDSA: want a key on P-256, P-384 or P-521");
}

/* Digests of the global library context are fetched once a process and kept
 * to its end: a fetch takes locks. A thread may have a default of its own,
 * which can go away. */
static EVP_MD *fetched[NUM_ALGORITHMS];

static bool is_global(OSSL_LIB_CTX *libctx)
{
    if (libctx == NULL)
        libctx = OSSL_LIB_CTX_set0_default(NULL); /* asks, and sets nothing */
    return libctx == OSSL_LIB_CTX_get0_global_default();
}

static EVP_MD *get1_digest(OSSL_LIB_CTX *libctx, const char *name)
{
    EVP_MD *digest, *none = NULL;
    size_t i = 0;

    while (i < NUM_ALGORITHMS && strcmp(algorithms[i].digest_name, name) != 0)
        i++;
    if (i == NUM_ALGORITHMS || !is_global(libctx))
        return EVP_MD_fetch(libctx, name, NULL);
    digest = __atomic_load_n(&fetched[i], __ATOMIC_ACQUIRE);
    if (digest == NULL) {
        digest = EVP_MD_fetch(NULL, name, NULL);
        if (digest == NULL)
            return NULL;
        if (__atomic_compare_exchange_n(&fetched[i], &none, digest, false,
                                        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            return EVP_MD_up_ref(digest) ? digest : NULL;
        EVP_MD_free(digest);
        digest = none;
    }
    return EVP_MD_up_ref(digest) ? digest : NULL;
}

static enum atls_reason crypto_failed(struct atls_why *why, const char *what)
{
    unsigned long error = ERR_peek_last_error();
    const char *text = ERR_reason_error_string(error);

    if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return atls_why(why, ATLS_CRYPTO_FAILED, "%s: %s", what,
                    text != NULL ? text : "libcrypto refused");
}

struct digest {
    uint8_t bytes[EVP_MAX_MD_SIZE];
    unsigned len;
};

static enum atls_reason digest_parts(OSSL_LIB_CTX *libctx, const char *name,
                                     const struct atls_view *parts,
                                     size_t num_parts, struct digest *out,
                                     struct atls_why *why)
{
    ATLS_AUTO(EVP_MD) *digest = get1_digest(libctx, name);
    ATLS_AUTO(EVP_MD_CTX) *context = EVP_MD_CTX_new();
    bool is_good;

    if (digest == NULL)
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "libcrypto has no digest %s", name);
    if (context == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    is_good = EVP_DigestInit_ex2(context, digest, NULL) == 1;
    for (size_t i = 0; is_good && i < num_parts; i++)
        is_good = EVP_DigestUpdate(context, parts[i].data, parts[i].len) == 1;
    if (!is_good || EVP_DigestFinal_ex(context, out->bytes, &out->len) != 1)
        return crypto_failed(why, name);
    return ATLS_OK;
}

/* X.690, 8.3: no leading zeros but the one that keeps it positive. */
static void put_der_integer(struct atls_buf *out, struct atls_view value)
{
    while (value.len > 1 && value.data[0] == 0) {
        value.data++;
        value.len--;
    }
    atls_buf_u8(out, 0x02);
    atls_buf_u8(out, (uint8_t)(value.len + (value.data[0] >> 7)));
    if (value.data[0] >> 7 != 0)
        atls_buf_u8(out, 0);
    atls_buf_put(out, value);
}

/* ECDSA-Sig-Value of RFC 3279, 2.2.3. raw is not empty and of even length. */
static void put_der_signature(struct atls_buf *out, struct atls_view raw)
{
    ATLS_AUTO_BUF integers = atls_buf(MAX_DER);
    size_t half = raw.len / 2;

    put_der_integer(&integers, atls_view(raw.data, half));
    put_der_integer(&integers, atls_view(raw.data + half, half));
    atls_buf_u8(out, 0x30);
    if (integers.len >= 0x80)
        atls_buf_u8(out, 0x81);
    atls_buf_u8(out, (uint8_t)integers.len);
    atls_buf_put(out, atls_buf_view(&integers));
    out->failed = out->failed || integers.failed;
}

static enum atls_reason verify_digest(EVP_PKEY *key, OSSL_LIB_CTX *libctx,
                                      const struct digest *digest,
                                      struct atls_view signature,
                                      struct atls_why *why)
{
    ATLS_AUTO(EVP_PKEY_CTX) *context =
        EVP_PKEY_CTX_new_from_pkey(libctx, key, NULL);
    ATLS_AUTO_BUF der = atls_buf(MAX_DER);
    int result;

    put_der_signature(&der, signature);
    if (der.failed)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (context == NULL || EVP_PKEY_verify_init(context) != 1)
        return crypto_failed(why, "ECDSA");
    result =
        EVP_PKEY_verify(context, der.data, der.len, digest->bytes, digest->len);
    if (result < 0)
        return crypto_failed(why, "ECDSA");
    if (result != 1)
        return atls_why(why, ATLS_SIGNATURE_INVALID,
                        "ECDSA: the signature is not this key's over this");
    return ATLS_OK;
}

static enum atls_reason
digest_and_verify(EVP_PKEY *key, OSSL_LIB_CTX *libctx, const char *digest_name,
                  const struct atls_view *parts, size_t num_parts,
                  struct atls_view signature, struct atls_why *why)
{
    struct digest digest;
    enum atls_reason reason =
        digest_parts(libctx, digest_name, parts, num_parts, &digest, why);

    if (reason != ATLS_OK)
        return reason;
    return verify_digest(key, libctx, &digest, signature, why);
}

static enum atls_reason verify(const struct atls_ecdsa *algorithm,
                               EVP_PKEY *key, OSSL_LIB_CTX *libctx,
                               const char *digest_name,
                               const struct atls_view *parts, size_t num_parts,
                               struct atls_view signature, struct atls_why *why)
{
    enum atls_reason reason;

    if (signature.len != 2 * algorithm->field_len)
        return atls_why(why, ATLS_SIGNATURE_INVALID,
                        "ECDSA: want a signature of %zu bytes, peer sent %zu",
                        2 * algorithm->field_len, signature.len);
    ERR_set_mark();
    reason = digest_and_verify(key, libctx, digest_name, parts, num_parts,
                               signature, why);
    ERR_pop_to_mark();
    return reason;
}

enum atls_reason atls_ecdsa_verify_with(const struct atls_ecdsa *algorithm,
                                        EVP_PKEY *key, OSSL_LIB_CTX *libctx,
                                        const struct atls_view *message,
                                        size_t num_parts,
                                        struct atls_view signature,
                                        struct atls_why *why)
{
    return verify(algorithm, key, libctx, algorithm->digest_name, message,
                  num_parts, signature, why);
}

enum atls_reason atls_ecdsa_verify(EVP_PKEY *key, OSSL_LIB_CTX *libctx,
                                   const char *digest_name,
                                   const struct atls_view *message,
                                   size_t num_parts, struct atls_view signature,
                                   struct atls_why *why)
{
    const struct atls_ecdsa *algorithm;
    enum atls_reason reason = atls_ecdsa_of_key(key, &algorithm, why);

    if (reason != ATLS_OK)
        return reason;
    return verify(algorithm, key, libctx, digest_name, message, num_parts,
                  signature, why);
}

/* In software, whatever provider the program's default properties prefer. */
static EVP_PKEY *key_of_point(const char *group, struct atls_view point)
{
    ATLS_AUTO(EVP_PKEY_CTX) *context =
        EVP_PKEY_CTX_new_from_name(NULL, "EC", "?provider=default");
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                         (char *)(uintptr_t)group, 0),
        OSSL_PARAM_construct_octet_string(
            OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point.data, point.len),
        OSSL_PARAM_construct_end()};
    EVP_PKEY *key = NULL;

    if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        return NULL;
    return key;
}

/* That the point is on the curve is libcrypto's check. */
enum atls_reason atls_ecdsa_point_key(const struct atls_ecdsa *algorithm,
                                      struct atls_view point, EVP_PKEY **out,
                                      struct atls_why *why)
{
    enum atls_reason reason = ATLS_CLAIM_INVALID;
    bool has_form =
        point.len == 1 + 2 * algorithm->field_len && point.data[0] == 0x04;

    *out = NULL;
    ERR_set_mark();
    if (has_form)
        *out = key_of_point(algorithm->group_name, point);
    if (has_form && *out == NULL &&
        ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE)
        reason = ATLS_OUT_OF_MEMORY;
    ERR_pop_to_mark();
    if (*out != NULL)
        return ATLS_OK;
    if (reason == ATLS_OUT_OF_MEMORY)
        return atls_why(why, reason, NULL);
    return atls_why(why, reason, "want a point on %s, found none",
                    algorithm->nist_name);
}

/* From DER to r || s, each of field_len bytes. */
static bool put_raw_signature(struct atls_buf *out, struct atls_view der,
                              size_t field_len)
{
    const unsigned char *at = der.data;
    ATLS_AUTO(ECDSA_SIG) *signature = d2i_ECDSA_SIG(NULL, &at, (long)der.len);
    uint8_t *room;

    if (signature == NULL)
        return false;
    room = atls_buf_room(out, 2 * field_len);
    return room != NULL &&
           BN_bn2binpad(ECDSA_SIG_get0_r(signature), room, (int)field_len) >=
               0 &&
           BN_bn2binpad(ECDSA_SIG_get0_s(signature), room + field_len,
                        (int)field_len) >= 0;
}

enum { MAX_QUERY = 80 };

/* The key signs where it is. Default properties that prefer another provider
 * would have libcrypto take the key there, which hardware does not let go and
 * takes in public part only. */
static const char *query_of(const EVP_PKEY *key, char out[MAX_QUERY])
{
    const OSSL_PROVIDER *provider = EVP_PKEY_get0_provider(key);
    int len;

    if (provider == NULL)
        return NULL;
    len = snprintf(out, MAX_QUERY, "?provider='%s'",
                   OSSL_PROVIDER_get0_name(provider));
    return len < MAX_QUERY ? out : NULL;
}

static enum atls_reason sign_digest(EVP_PKEY *key, OSSL_LIB_CTX *libctx,
                                    const struct digest *digest,
                                    size_t field_len, struct atls_buf *out,
                                    struct atls_why *why)
{
    char query[MAX_QUERY];
    ATLS_AUTO(EVP_PKEY_CTX) *context =
        EVP_PKEY_CTX_new_from_pkey(libctx, key, query_of(key, query));
    uint8_t der[MAX_DER];
    size_t len = sizeof(der);

    if (context == NULL || EVP_PKEY_sign_init(context) != 1 ||
        EVP_PKEY_sign(context, der, &len, digest->bytes, digest->len) != 1)
        return crypto_failed(why, "ECDSA signature");
    if (!put_raw_signature(out, atls_view(der, len), field_len))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return ATLS_OK;
}

enum atls_reason atls_ecdsa_put(struct atls_buf *out,
                                const struct atls_ecdsa *algorithm,
                                EVP_PKEY *key, OSSL_LIB_CTX *libctx,
                                const struct atls_view *message,
                                size_t num_parts, struct atls_why *why)
{
    enum atls_reason reason;
    struct digest digest;

    ERR_set_mark();
    reason = digest_parts(libctx, algorithm->digest_name, message, num_parts,
                          &digest, why);
    if (reason == ATLS_OK)
        reason =
            sign_digest(key, libctx, &digest, algorithm->field_len, out, why);
    ERR_pop_to_mark();
    return reason;
}
