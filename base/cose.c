/* SPDX-License-Identifier: Apache-2.0
 *
 * COSE_Sign1 (RFC 9052, 4) and ECDSA over raw r || s (RFC 9053, 2.1). The
 * message is digested in parts, so that no Sig_structure is ever assembled.
 * Whether the key deserves trust is not asked here.
 */
#include "cose.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>

#include "cbor.h"

enum {
    LABEL_ALGORITHM = 1,
    LABEL_CRITICAL = 2,
    LABEL_CONTENT_TYPE = 3,
    LABEL_KEY_ID = 4
}; /* RFC 9052, table 3 */
enum { TAG_MAC0 = 17, TAG_SIGN1 = 18 };
enum { MAX_FIELD = 66, MAX_DER = 3 + 2 * (3 + MAX_FIELD) };

/* ECDSA's rows of RFC 9053, table 1, each with the curve that it is meant for.
 */
static const struct algorithm {
    int64_t id;
    const char *name;
    const char *digest_name;
    const char *group_name;
    size_t field_len; /* bytes of r, and of s */
} algorithms[] = {
    {ATLS_COSE_ES256, "ES256", "SHA2-256", "prime256v1", 32},
    {ATLS_COSE_ES384, "ES384", "SHA2-384", "secp384r1", 48},
    {ATLS_COSE_ES512, "ES512", "SHA2-512", "secp521r1", MAX_FIELD},
};
enum { NUM_ALGORITHMS = sizeof(algorithms) / sizeof(algorithms[0]) };

static const struct algorithm *algorithm_of(int64_t id)
{
    for (size_t i = 0; i < NUM_ALGORITHMS; i++)
        if (algorithms[i].id == id)
            return &algorithms[i];
    return NULL;
}

/* The row of the key's curve; NULL: not EC, or another curve. */
static const struct algorithm *algorithm_of_key(const EVP_PKEY *key)
{
    char group[32] = "";

    if (!EVP_PKEY_is_a(key, "EC") ||
        EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1)
        return NULL;
    for (size_t i = 0; i < NUM_ALGORITHMS; i++)
        if (strcmp(algorithms[i].group_name, group) == 0)
            return &algorithms[i];
    return NULL;
}

/* RFC 9052, 3.1: who does not understand a critical label must not go on. */
static bool takes_critical(struct atls_cbor *in)
{
    struct atls_cbor_iter labels;
    bool takes_all = true;

    atls_cbor_array(in, &labels);
    if (labels.left == 0)
        atls_cbor_fail(in);
    while (atls_cbor_next(in, &labels)) {
        struct atls_cbor label = *in;
        int64_t value = atls_cbor_int(&label);

        takes_all =
            takes_all && (value == LABEL_ALGORITHM ||
                          value == LABEL_CONTENT_TYPE || value == LABEL_KEY_ID);
        (void)atls_cbor_skip(in);
    }
    return takes_all;
}

struct header {
    bool has_algorithm, has_critical, is_understood;
    int64_t algorithm; /* 0, which is reserved: one that has no number */
};

static void take_parameter(struct atls_cbor *in, struct header *header)
{
    struct atls_cbor label = *in, value;
    int64_t number = atls_cbor_int(&label);

    (void)atls_cbor_skip(in);
    value = *in;
    (void)atls_cbor_skip(in);
    if (number == LABEL_ALGORITHM) {
        header->has_algorithm = true;
        header->algorithm = atls_cbor_int(&value);
    } else if (number == LABEL_CRITICAL) {
        header->has_critical = true;
        header->is_understood = takes_critical(&value);
        if (atls_cbor_failed(&value))
            atls_cbor_fail(in);
    }
}

static struct header take_header(struct atls_cbor *in, bool *is_empty)
{
    struct header header = {.is_understood = true};
    struct atls_cbor_iter parameters;

    *is_empty = true;
    atls_cbor_map(in, &parameters);
    while (atls_cbor_next(in, &parameters)) {
        *is_empty = false;
        take_parameter(in, &header);
    }
    return header;
}

/* RFC 9052, 3: a label in both headers is malformed. Those that are read here
 * may not stand in the unprotected one at all. */
static void take_unprotected(struct atls_cbor *in, struct atls_cose_sign1 *out)
{
    bool is_empty;
    struct header header = take_header(in, &is_empty);

    if (header.has_algorithm || header.has_critical)
        atls_cbor_fail(in);
    out->has_unprotected = !is_empty;
}

static void take_sign1(struct atls_cbor *in, struct atls_cose_sign1 *out)
{
    struct atls_cbor_iter items;

    atls_cbor_array(in, &items);
    if (atls_cbor_next(in, &items))
        out->protected_bstr = atls_cbor_bytes(in);
    if (atls_cbor_next(in, &items))
        take_unprotected(in, out);
    if (atls_cbor_next(in, &items))
        out->payload = atls_cbor_bytes(in);
    if (!atls_cbor_next(in, &items))
        atls_cbor_fail(in);
    out->signature = atls_cbor_bytes(in);
    if (atls_cbor_next(in, &items))
        atls_cbor_fail(in);
}

static enum atls_reason check_protected(struct atls_cose_sign1 *message,
                                        struct atls_why *why)
{
    struct atls_cbor in = atls_cbor(message->protected_bstr);
    bool is_empty;
    struct header header = take_header(&in, &is_empty);
    const struct algorithm *algorithm = algorithm_of(header.algorithm);

    if (!atls_cbor_done(&in) || !header.has_algorithm)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "COSE: want a protected header that names alg");
    if (!header.is_understood)
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "COSE: a crit header that we do not understand");
    if (algorithm == NULL)
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "COSE: want ES256, ES384 or ES512, peer sent alg %lld",
                        (long long)header.algorithm);
    if (message->signature.len != 2 * algorithm->field_len)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "COSE: %s signature: want %zu bytes, peer sent %zu",
                        algorithm->name, 2 * algorithm->field_len,
                        message->signature.len);
    message->algorithm = header.algorithm;
    return ATLS_OK;
}

enum atls_reason atls_cose_sign1_parse(struct atls_view bytes,
                                       struct atls_cose_sign1 *out,
                                       struct atls_why *why)
{
    struct atls_cbor in = atls_cbor(bytes);
    uint64_t tag = TAG_SIGN1;

    *out = (struct atls_cose_sign1){0};
    if (atls_cbor_peek(&in) == ATLS_CBOR_TAG) {
        out->is_tagged = true;
        tag = atls_cbor_tag(&in);
    }
    if (tag == TAG_MAC0)
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "COSE: want COSE_Sign1, peer sent COSE_Mac0");
    if (tag != TAG_SIGN1)
        atls_cbor_fail(&in);
    take_sign1(&in, out);
    if (!atls_cbor_done(&in))
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "COSE: want one COSE_Sign1 with its payload");
    return check_protected(out, why);
}

/* RFC 9052, 4.4: ["Signature1", protected, external_aad, payload], in four
 * parts, two of which are heads that go to storage. */
enum { NUM_PARTS = 4, MAX_HEADS = 32 };

static bool signed_parts(struct atls_view protected_bstr,
                         struct atls_view payload, struct atls_buf *storage,
                         struct atls_view parts[NUM_PARTS])
{
    size_t split;

    atls_cbor_put_array(storage, 4);
    atls_cbor_put_text(storage, "Signature1");
    atls_cbor_put_bytes_head(storage, protected_bstr.len);
    split = storage->len;
    atls_cbor_put_bytes(storage, atls_view(NULL, 0));
    atls_cbor_put_bytes_head(storage, payload.len);
    if (storage->failed)
        return false;
    parts[0] = atls_view(storage->data, split);
    parts[1] = protected_bstr;
    parts[2] = atls_view(storage->data + split, storage->len - split);
    parts[3] = payload;
    return true;
}

/* After OPENSSL_cleanup libcrypto's own locks are gone, and a program may
 * still talk TLS in its atexit handlers. */
static bool libcrypto_is_alive(void)
{
    return OPENSSL_init_crypto(0, NULL) == 1;
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
ATLS_AUTO_FREE(EVP_MD, EVP_MD_free)
ATLS_AUTO_FREE(EVP_MD_CTX, EVP_MD_CTX_free)
ATLS_AUTO_FREE(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
ATLS_AUTO_FREE(ECDSA_SIG, ECDSA_SIG_free)

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
        return atls_why(why, ATLS_SIGNATURE_INVALID, NULL);
    return ATLS_OK;
}

static enum atls_reason not_alive(struct atls_why *why)
{
    return atls_why(why, ATLS_CRYPTO_FAILED,
                    "the program called OPENSSL_cleanup");
}

static enum atls_reason verify(EVP_PKEY *key, OSSL_LIB_CTX *libctx,
                               const char *digest_name,
                               const struct atls_view *message,
                               size_t num_parts, struct atls_view signature,
                               struct atls_why *why)
{
    const struct algorithm *of_key = algorithm_of_key(key);
    enum atls_reason reason;
    struct digest digest;

    if (of_key == NULL)
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "ECDSA: want a key on P-256, P-384 or P-521");
    if (signature.len != 2 * of_key->field_len)
        return atls_why(why, ATLS_SIGNATURE_INVALID,
                        "ECDSA: want a signature of %zu bytes, peer sent %zu",
                        2 * of_key->field_len, signature.len);
    reason =
        digest_parts(libctx, digest_name, message, num_parts, &digest, why);
    if (reason != ATLS_OK)
        return reason;
    return verify_digest(key, libctx, &digest, signature, why);
}

enum atls_reason atls_ecdsa_verify(EVP_PKEY *key, OSSL_LIB_CTX *libctx,
                                   const char *digest_name,
                                   const struct atls_view *message,
                                   size_t num_parts, struct atls_view signature,
                                   struct atls_why *why)
{
    enum atls_reason reason;

    if (!libcrypto_is_alive())
        return not_alive(why);
    ERR_set_mark();
    reason =
        verify(key, libctx, digest_name, message, num_parts, signature, why);
    ERR_pop_to_mark();
    return reason;
}

static enum atls_reason verify_sign1(const struct atls_cose_sign1 *message,
                                     EVP_PKEY *key, OSSL_LIB_CTX *libctx,
                                     struct atls_why *why)
{
    const struct algorithm *algorithm = algorithm_of(message->algorithm);
    ATLS_AUTO_BUF heads = atls_buf(MAX_HEADS);
    struct atls_view parts[NUM_PARTS];

    if (algorithm == NULL || algorithm_of_key(key) != algorithm)
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "COSE: alg %lld does not fit the trust anchor's key",
                        (long long)message->algorithm);
    if (!signed_parts(message->protected_bstr, message->payload, &heads, parts))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return verify(key, libctx, algorithm->digest_name, parts, NUM_PARTS,
                  message->signature, why);
}

enum atls_reason atls_cose_sign1_verify(const struct atls_cose_sign1 *message,
                                        EVP_PKEY *key, OSSL_LIB_CTX *libctx,
                                        struct atls_why *why)
{
    enum atls_reason reason;

    if (!libcrypto_is_alive())
        return not_alive(why);
    ERR_set_mark();
    reason = verify_sign1(message, key, libctx, why);
    ERR_pop_to_mark();
    return reason;
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

static enum atls_reason sign_digest(EVP_PKEY *key, OSSL_LIB_CTX *libctx,
                                    const struct digest *digest,
                                    size_t field_len, struct atls_buf *out,
                                    struct atls_why *why)
{
    ATLS_AUTO(EVP_PKEY_CTX) *context =
        EVP_PKEY_CTX_new_from_pkey(libctx, key, NULL);
    uint8_t der[MAX_DER];
    size_t len = sizeof(der);

    if (context == NULL || EVP_PKEY_sign_init(context) != 1 ||
        EVP_PKEY_sign(context, der, &len, digest->bytes, digest->len) != 1)
        return crypto_failed(why, "ECDSA signature");
    if (!put_raw_signature(out, atls_view(der, len), field_len))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return ATLS_OK;
}

/* The message up to its signature, and the digest to sign. */
static enum atls_reason
put_unsigned(struct atls_buf *out, struct atls_view payload,
             const struct algorithm *algorithm, OSSL_LIB_CTX *libctx,
             struct digest *digest, struct atls_why *why)
{
    ATLS_AUTO_BUF header = atls_buf(MAX_HEADS);
    ATLS_AUTO_BUF heads = atls_buf(MAX_HEADS);
    struct atls_view parts[NUM_PARTS];

    atls_cbor_put_map(&header, 1);
    atls_cbor_put_int(&header, LABEL_ALGORITHM);
    atls_cbor_put_int(&header, algorithm->id);
    atls_cbor_put_tag(out, TAG_SIGN1);
    atls_cbor_put_array(out, 4);
    atls_cbor_put_bytes(out, atls_buf_view(&header));
    atls_cbor_put_map(out, 0);
    atls_cbor_put_bytes(out, payload);
    atls_cbor_put_bytes_head(out, 2 * algorithm->field_len);
    if (header.failed || out->failed ||
        !signed_parts(atls_buf_view(&header), payload, &heads, parts))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return digest_parts(libctx, algorithm->digest_name, parts, NUM_PARTS,
                        digest, why);
}

enum atls_reason atls_cose_sign1_put(struct atls_buf *out,
                                     struct atls_view payload, EVP_PKEY *key,
                                     OSSL_LIB_CTX *libctx, struct atls_why *why)
{
    const struct algorithm *algorithm;
    enum atls_reason reason;
    struct digest digest;

    if (!libcrypto_is_alive())
        return not_alive(why);
    algorithm = algorithm_of_key(key);
    if (algorithm == NULL)
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "COSE: want a key on P-256, P-384 or P-521");
    ERR_set_mark();
    reason = put_unsigned(out, payload, algorithm, libctx, &digest, why);
    if (reason == ATLS_OK)
        reason =
            sign_digest(key, libctx, &digest, algorithm->field_len, out, why);
    ERR_pop_to_mark();
    return reason;
}
