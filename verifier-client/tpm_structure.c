/* SPDX-License-Identifier: Apache-2.0
 *
 * TPMS_ATTEST, TPMT_SIGNATURE and TPMT_PUBLIC: TPM 2.0 Library, Part 2.
 */
#include "tpm_structure.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "cose.h"
#include "ecdsa.h"
#include "rsa.h"

ATLS_AUTO_FREE(EVP_MD_CTX, EVP_MD_CTX_free)
ATLS_AUTO_FREE(BIGNUM, BN_free)

const struct atls_tpm_hash atls_tpm_hashes[ATLS_TPM_NUM_HASHES] = {
    {0x000b, "sha256", "SHA2-256", 32},
    {0x000c, "sha384", "SHA2-384", 48},
    {0x000d, "sha512", "SHA2-512", 64},
};

int atls_tpm_hash_index(uint64_t id)
{
    for (int i = 0; i < ATLS_TPM_NUM_HASHES; i++)
        if (atls_tpm_hashes[i].id == id)
            return i;
    return -1;
}

static enum atls_reason check_hash(int hash, const char *of, uint16_t id,
                                   struct atls_why *why)
{
    if (hash >= 0)
        return ATLS_OK;
    return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                    "TPM: %s: want SHA-256, SHA-384 or SHA-512, found %s "
                    "(0x%04x)",
                    of, id == 0x0004 ? "SHA-1" : "another", id);
}

enum {
    MAGIC = 0xff544347,
    ST_ATTEST_CERTIFY = 0x8017,
    ST_ATTEST_QUOTE = 0x8018
};
enum { MAX_SELECT = 4 }; /* bytes of a bitmap */

/* A bitmap, least significant bit first. */
static uint32_t take_mask(struct atls_reader *in)
{
    struct atls_view select = atls_reader_bytes(in, atls_reader_u8(in));
    uint32_t mask = 0;

    if (select.len > MAX_SELECT)
        in->failed = true;
    for (size_t i = 0; !in->failed && i < select.len; i++)
        mask |= (uint32_t)select.data[i] << (8 * i);
    if (mask >> ATLS_TPM_NUM_PCRS != 0)
        in->failed = true;
    return mask;
}

static enum atls_reason take_selections(struct atls_reader *in,
                                        struct atls_tpm_attest *out,
                                        struct atls_why *why)
{
    uint32_t num = atls_reader_u32(in);
    unsigned banks = 0;

    if (num > ATLS_TPM_NUM_HASHES)
        in->failed = true;
    for (uint32_t i = 0; !in->failed && i < num; i++) {
        uint16_t id = atls_reader_u16(in);
        int hash = atls_tpm_hash_index(id);
        enum atls_reason reason = ATLS_OK;

        if (!in->failed)
            reason = check_hash(hash, "PCR bank", id, why);
        if (reason != ATLS_OK)
            return reason;
        out->selections[i].hash = hash;
        out->selections[i].mask = take_mask(in);
        if (hash >= 0 && (banks & (1u << hash)) != 0)
            in->failed = true; /* a bank stands there once */
        banks |= hash >= 0 ? 1u << hash : 0;
    }
    out->num_selections = in->failed ? 0 : num;
    return ATLS_OK;
}

/* Between the type and what was attested */
static void take_head(struct atls_reader *in, struct atls_tpm_attest *out)
{
    out->qualified_signer = atls_reader_u16_block(in);
    out->extra_data = atls_reader_u16_block(in);
    out->clock_ms = atls_reader_u64(in);
    out->reset_count = atls_reader_u32(in);
    out->restart_count = atls_reader_u32(in);
    out->is_safe = atls_reader_u8(in) == 1;
    out->firmware_version = atls_reader_u64(in);
}

static enum atls_reason take_quote(struct atls_reader *in,
                                   struct atls_tpm_attest *out,
                                   struct atls_why *why)
{
    enum atls_reason reason;

    take_head(in, out);
    reason = take_selections(in, out, why);
    if (reason != ATLS_OK)
        return reason;
    out->pcr_digest = atls_reader_u16_block(in);
    if (!atls_reader_done(in))
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "TPM quote: want one TPMS_ATTEST");
    return ATLS_OK;
}

enum atls_reason atls_tpm_attest_parse(struct atls_view bytes,
                                       struct atls_tpm_attest *out,
                                       struct atls_why *why)
{
    struct atls_reader in = atls_reader(bytes);
    uint32_t magic = atls_reader_u32(&in);
    uint16_t type = atls_reader_u16(&in);

    *out = (struct atls_tpm_attest){0};
    if (in.failed)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "TPM quote: want one TPMS_ATTEST");
    if (magic != MAGIC || type != ST_ATTEST_QUOTE)
        return atls_why(why, ATLS_TPM_NOT_A_QUOTE,
                        "TPM quote: want magic ff544347 and type 8018, found "
                        "%08lx and %04x",
                        (unsigned long)magic, type);
    return take_quote(&in, out, why);
}

static enum atls_reason malformed_certify(struct atls_why *why)
{
    return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                    "TPM key attestation: want one TPMS_ATTEST");
}

enum atls_reason atls_tpm_certify_parse(struct atls_view bytes,
                                        struct atls_tpm_certify *out,
                                        struct atls_why *why)
{
    struct atls_reader in = atls_reader(bytes);
    uint32_t magic = atls_reader_u32(&in);
    uint16_t type = atls_reader_u16(&in);
    struct atls_tpm_attest head = {0};

    *out = (struct atls_tpm_certify){0};
    if (in.failed)
        return malformed_certify(why);
    if (magic != MAGIC || type != ST_ATTEST_CERTIFY)
        return atls_why(why, ATLS_TPM_NOT_A_CERTIFY,
                        "TPM key attestation: want magic ff544347 and type "
                        "8017, found %08lx and %04x",
                        (unsigned long)magic, type);
    take_head(&in, &head);
    out->qualified_signer = head.qualified_signer;
    out->extra_data = head.extra_data;
    out->name = atls_reader_u16_block(&in);
    (void)atls_reader_u16_block(&in); /* qualifiedName */
    return atls_reader_done(&in) ? ATLS_OK : malformed_certify(why);
}

enum atls_reason atls_tpm_signature_parse(struct atls_view bytes,
                                          struct atls_tpm_signature *out,
                                          struct atls_why *why)
{
    struct atls_reader in = atls_reader(bytes);
    uint16_t hash;

    *out = (struct atls_tpm_signature){0};
    out->algorithm = atls_reader_u16(&in);
    hash = atls_reader_u16(&in);
    if (!in.failed && out->algorithm != ATLS_TPM_RSASSA &&
        out->algorithm != ATLS_TPM_RSAPSS && out->algorithm != ATLS_TPM_ECDSA)
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "TPM quote: want RSASSA, RSAPSS or ECDSA, found "
                        "0x%04x",
                        out->algorithm);
    if (out->algorithm == ATLS_TPM_ECDSA) {
        out->r = atls_reader_u16_block(&in);
        out->s = atls_reader_u16_block(&in);
    } else {
        out->rsa = atls_reader_u16_block(&in);
    }
    if (!atls_reader_done(&in))
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "TPM quote: want one TPMT_SIGNATURE");
    out->hash = atls_tpm_hash_index(hash);
    return check_hash(out->hash, "signature", hash, why);
}

enum { MAX_FIELD = 66 }; /* bytes: P-521 */

/* A big-endian number to exactly len bytes. */
static bool put_number(struct atls_view number, uint8_t *out, size_t len)
{
    while (number.len > len && number.data[0] == 0) {
        number.data++;
        number.len--;
    }
    if (number.len > len)
        return false;
    memset(out, 0, len - number.len);
    if (number.len > 0)
        memcpy(out + len - number.len, number.data, number.len);
    return true;
}

static enum atls_reason verify_ecdsa(const struct atls_tpm_signature *signature,
                                     struct atls_view message, EVP_PKEY *key,
                                     struct atls_why *why)
{
    size_t field = ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
    uint8_t raw[2 * MAX_FIELD];

    if (field > MAX_FIELD || !put_number(signature->r, raw, field) ||
        !put_number(signature->s, raw + field, field))
        return atls_why(why, ATLS_SIGNATURE_INVALID,
                        "TPM quote: r or s is longer than the key's curve");
    return atls_ecdsa_verify(key, NULL,
                             atls_tpm_hashes[signature->hash].digest_name,
                             &message, 1, atls_view(raw, 2 * field), why);
}

static bool set_padding(EVP_PKEY_CTX *context, uint16_t algorithm)
{
    if (algorithm == ATLS_TPM_RSASSA)
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
    /* Part 1, B.7: the salt is as long as the key or the hash allow */
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_AUTO) == 1;
}

static enum atls_reason verify_rsa(const struct atls_tpm_signature *signature,
                                   struct atls_view message, EVP_PKEY *key,
                                   struct atls_why *why)
{
    const char *digest = atls_tpm_hashes[signature->hash].digest_name;
    ATLS_AUTO(EVP_MD_CTX) *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_context; /* context owns it */

    if (context == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (EVP_DigestVerifyInit_ex(context, &key_context, digest, NULL, NULL, key,
                                NULL) != 1 ||
        !set_padding(key_context, signature->algorithm))
        return atls_why(why, ATLS_CRYPTO_FAILED,
                        "TPM quote: libcrypto refuses RSA with %s", digest);
    if (EVP_DigestVerify(context, signature->rsa.data, signature->rsa.len,
                         message.data, message.len) != 1)
        return atls_why(why, ATLS_SIGNATURE_INVALID, NULL);
    return ATLS_OK;
}

enum atls_reason
atls_tpm_signature_verify(const struct atls_tpm_signature *signature,
                          struct atls_view message, EVP_PKEY *key,
                          struct atls_why *why)
{
    bool is_ecdsa = signature->algorithm == ATLS_TPM_ECDSA;
    enum atls_reason reason;

    if (!EVP_PKEY_is_a(key, is_ecdsa ? "EC" : "RSA"))
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "TPM quote: signed with %s, and the trust anchor is "
                        "another key",
                        is_ecdsa ? "ECDSA" : "RSA");
    ERR_set_mark();
    reason = is_ecdsa ? verify_ecdsa(signature, message, key, why)
                      : verify_rsa(signature, message, key, why);
    ERR_pop_to_mark();
    return reason;
}

enum { ALG_RSA = 0x0001, ALG_NULL = 0x0010, ALG_ECC = 0x0023 };

/* TPMT_SYM_DEF_OBJECT, 11.1.7, and the scheme, 11.2.3.5 */
static void take_schemes(struct atls_reader *in)
{
    if (atls_reader_u16(in) != ALG_NULL)
        (void)atls_reader_u32(in); /* key bits, mode */
    if (atls_reader_u16(in) != ALG_NULL)
        (void)atls_reader_u16(in); /* hash */
}

static void take_unique(struct atls_reader *in, struct atls_tpm_public *out)
{
    enum { DEFAULT_EXPONENT = 65537 }; /* 12.2.3.5: 0 stands for it */

    if (out->type == ALG_RSA) {
        (void)atls_reader_u16(in); /* key bits */
        out->exponent = atls_reader_u32(in);
        if (out->exponent == 0)
            out->exponent = DEFAULT_EXPONENT;
        out->n = atls_reader_u16_block(in);
        return;
    }
    out->curve = atls_reader_u16(in);
    if (atls_reader_u16(in) != ALG_NULL)
        (void)atls_reader_u16(in); /* hash of the KDF */
    out->x = atls_reader_u16_block(in);
    out->y = atls_reader_u16_block(in);
}

enum atls_reason atls_tpm_public_parse(struct atls_view bytes, const char *what,
                                       struct atls_tpm_public *out,
                                       struct atls_why *why)
{
    struct atls_reader in = atls_reader(bytes);

    *out = (struct atls_tpm_public){.type = atls_reader_u16(&in)};
    out->name_hash = atls_reader_u16(&in);
    out->attributes = atls_reader_u32(&in);
    (void)atls_reader_u16_block(&in); /* authPolicy */
    take_schemes(&in);
    take_unique(&in, out);
    if (!atls_reader_done(&in) ||
        (out->type != ALG_RSA && out->type != ALG_ECC))
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "TPM: %s: want one TPMT_PUBLIC, RSA or ECC", what);
    return ATLS_OK;
}

static bool is_ec_key(const struct atls_tpm_public *public, EVP_PKEY *key)
{
    size_t field = ((size_t)EVP_PKEY_get_bits(key) + 7) / 8, len = 0;
    uint8_t wanted[1 + 2 * MAX_FIELD] = {0x04}, point[sizeof(wanted)];

    return field <= MAX_FIELD &&
           EVP_PKEY_get_octet_string_param(key,
                                           OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
                                           point, sizeof(point), &len) == 1 &&
           len == 1 + 2 * field && put_number(public->x, wanted + 1, field) &&
           put_number(public->y, wanted + 1 + field, field) &&
           memcmp(wanted, point, len) == 0;
}

static bool is_rsa_key(const struct atls_tpm_public *public, EVP_PKEY *key)
{
    BIGNUM *n = NULL, *e = NULL;
    ATLS_AUTO(BIGNUM) *wanted =
        BN_bin2bn(public->n.data, (int)public->n.len, NULL);
    bool is_same = wanted != NULL &&
                   EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
                   EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
                   BN_cmp(n, wanted) == 0 && BN_is_word(e, public->exponent);

    BN_free(n);
    BN_free(e);
    return is_same;
}

bool atls_tpm_public_is(const struct atls_tpm_public *public, EVP_PKEY *key)
{
    if (public->type == ALG_RSA)
        return EVP_PKEY_is_a(key, "RSA") && is_rsa_key(public, key);
    return EVP_PKEY_is_a(key, "EC") && is_ec_key(public, key);
}

enum { /* TPMA_OBJECT, 8.3.2 */
       FIXED_TPM = 1 << 1,
       FIXED_PARENT = 1 << 4,
       SENSITIVE_DATA_ORIGIN = 1 << 5,
       RESTRICTED = 1 << 16,
       SIGN = 1 << 18,
       INSIDE = FIXED_TPM | FIXED_PARENT | SENSITIVE_DATA_ORIGIN | SIGN
};

bool atls_tpm_public_is_ak(const struct atls_tpm_public *public)
{
    return (public->attributes & (INSIDE | RESTRICTED)) ==
           (INSIDE | RESTRICTED);
}

bool atls_tpm_public_is_inside(const struct atls_tpm_public *public)
{
    return (public->attributes & INSIDE) == INSIDE;
}

enum atls_reason atls_tpm_public_is_named(const struct atls_tpm_public *public,
                                          struct atls_view bytes,
                                          struct atls_view name,
                                          struct atls_why *why)
{
    int hash = atls_tpm_hash_index(public->name_hash);
    enum atls_reason reason =
        check_hash(hash, "Name of the key", public->name_hash, why);
    uint8_t wanted[2 + ATLS_TPM_MAX_HASH];

    if (reason != ATLS_OK)
        return reason;
    wanted[0] = (uint8_t)(public->name_hash >> 8);
    wanted[1] = (uint8_t) public->name_hash;
    if (EVP_Q_digest(NULL, atls_tpm_hashes[hash].digest_name, NULL, bytes.data,
                     bytes.len, wanted + 2, NULL) != 1)
        return atls_why(why, ATLS_CRYPTO_FAILED, NULL);
    if (atls_view_equal(name, atls_view(wanted, 2 + atls_tpm_hashes[hash].len)))
        return ATLS_OK;
    return atls_why(why, ATLS_TLS_KEY_UNBOUND,
                    "TPM key attestation: the key that was certified is not "
                    "the one that is shown beside it");
}

static const struct atls_ecdsa *curve_of(uint16_t curve)
{
    switch (curve) { /* TPM_ECC_CURVE, 6.4 */
    case 0x0003:
        return atls_ecdsa_of_id(ATLS_COSE_ES256);
    case 0x0004:
        return atls_ecdsa_of_id(ATLS_COSE_ES384);
    case 0x0005:
        return atls_ecdsa_of_id(ATLS_COSE_ES512);
    default:
        return NULL;
    }
}

static enum atls_reason ec_key(const struct atls_tpm_public *public,
                               EVP_PKEY **out, struct atls_why *why)
{
    const struct atls_ecdsa *curve = curve_of(public->curve);
    uint8_t point[1 + 2 * MAX_FIELD] = {0x04};

    if (curve == NULL)
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "TPM: want a key on P-256, P-384 or P-521, found curve "
                        "0x%04x",
                        public->curve);
    if (!put_number(public->x, point + 1, curve->field_len) ||
        !put_number(public->y, point + 1 + curve->field_len, curve->field_len))
        return atls_why(why, ATLS_CLAIM_INVALID,
                        "TPM: want a point on %s, found longer numbers",
                        curve->group_name);
    return atls_ecdsa_point_key(
        curve, atls_view(point, 1 + 2 * curve->field_len), out, why);
}

static enum atls_reason rsa_key(const struct atls_tpm_public *public,
                                EVP_PKEY **out, struct atls_why *why)
{
    const uint8_t exponent[] = {
        (uint8_t)(public->exponent >> 24), (uint8_t)(public->exponent >> 16),
        (uint8_t)(public->exponent >> 8), (uint8_t) public->exponent};

    *out = atls_rsa_key(public->n, atls_view(exponent, sizeof(exponent)));
    return *out != NULL ? ATLS_OK
                        : atls_why(why, ATLS_CLAIM_INVALID,
                                   "TPM: want an RSA key, found something "
                                   "else");
}

enum atls_reason atls_tpm_public_key(const struct atls_tpm_public *public,
                                     EVP_PKEY **out, struct atls_why *why)
{
    *out = NULL;
    return public->type == ALG_RSA ? rsa_key(public, out, why)
                                   : ec_key(public, out, why);
}
