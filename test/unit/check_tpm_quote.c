/* SPDX-License-Identifier: Apache-2.0
 *
 * TPM quotes: of swtpm, of clouds, and what an attacker makes of a good one.
 */
#include "tpm.h"

#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base64url.h"
#include "cbor.h"
#include "forge.h"
#include "json.h"
#include "../check_main.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)
ATLS_AUTO_FREE(BIO, BIO_free_all)

#define TYPE_TPM "application/vnd.atls.tpm-quote+cbor"
#define SWTPM_SHA256_PCRS                                                      \
    0x01008f /* 0, 1, 2, 3, 7, 16: all zero in these quotes */

static EVP_PKEY *real_key(const char *path)
{
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);
    ATLS_AUTO(BIO) *bio = NULL;

    ck_assert(forge_vector(path, &pem));
    bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    return PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
}

static EVP_PKEY *rsa_key(struct atls_view n)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *modulus = BN_bin2bn(n.data, (int)n.len, NULL);
    OSSL_PARAM *params;
    EVP_PKEY *key = NULL;

    ck_assert(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus));
    ck_assert(
        OSSL_PARAM_BLD_push_uint32(builder, OSSL_PKEY_PARAM_RSA_E, 65537));
    params = OSSL_PARAM_BLD_to_param(builder);
    ck_assert_int_eq(EVP_PKEY_fromdata_init(context), 1);
    ck_assert_int_eq(
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    BN_free(modulus);
    EVP_PKEY_CTX_free(context);
    return key;
}

static struct atls_policy *policy_for(EVP_PKEY *key, const char *more)
{
    ATLS_AUTO_HEAP char *pem = forge_pem(key);
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    atls_buf_text(&text, "{\"profiles\":{\"p\":{\"format\":\"tpm\","
                         "\"trust_anchors\":[\"");
    atls_buf_text(&text, pem);
    atls_buf_text(&text, "\"],");
    atls_buf_text(&text, more);
    atls_buf_text(&text, "}}}");
    ck_assert_msg(atls_policy_parse(atls_buf_view(&text), "p", "", NULL, NULL,
                                    &policy, &why) == ATLS_OK,
                  "%s", why.text);
    return policy;
}

/* A quote of others: its parts, to stand in our map. */
struct quote {
    EVP_PKEY *key;
    struct atls_buf attest, signature;
    uint16_t hash;
    uint32_t mask;
    struct atls_buf pcrs; /* values, one after the other */
};

static void open_quote(struct quote *quote)
{
    *quote = (struct quote){.attest = atls_buf(FORGE_MAX),
                            .signature = atls_buf(FORGE_MAX),
                            .pcrs = atls_buf(FORGE_MAX),
                            .hash = 0x0b,
                            .mask = 0xffffff};
}

static void clear_quote(struct quote *quote)
{
    EVP_PKEY_free(quote->key);
    atls_buf_clear(&quote->attest);
    atls_buf_clear(&quote->signature);
    atls_buf_clear(&quote->pcrs);
}

static void put_pcrs(const struct quote *quote, struct atls_buf *out)
{
    size_t num = (size_t)__builtin_popcount(quote->mask);
    size_t len = quote->pcrs.len / num, at = 0;

    atls_cbor_put_map(out, 1);
    atls_cbor_put_uint(out, quote->hash);
    atls_cbor_put_map(out, num);
    for (unsigned i = 0; i < 24; i++)
        if ((quote->mask >> i & 1) != 0) {
            atls_cbor_put_uint(out, i);
            atls_cbor_put_bytes(out, atls_view(quote->pcrs.data + at, len));
            at += len;
        }
}

static void put_quote(const struct quote *quote, struct atls_buf *out)
{
    uint8_t id[33];

    forge_id(quote->key, id);
    atls_cbor_put_map(out, 4);
    atls_cbor_put_text(out, "kid");
    atls_cbor_put_bytes(out, atls_view(id + 1, 32));
    atls_cbor_put_text(out, "pcrs");
    put_pcrs(quote, out);
    atls_cbor_put_text(out, "attest");
    atls_cbor_put_bytes(out, atls_buf_view(&quote->attest));
    atls_cbor_put_text(out, "signature");
    atls_cbor_put_bytes(out, atls_buf_view(&quote->signature));
}

static enum atls_reason appraise(const struct quote *quote, const char *policy,
                                 struct atls_view nonce)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), cmw = atls_buf(FORGE_MAX);
    struct atls_policy *loaded = policy_for(quote->key, policy);
    struct atls_verdict verdict;

    put_quote(quote, &value);
    forge_cmw(&cmw, TYPE_TPM, atls_buf_view(&value), 4);
    (void)atls_appraise(loaded, atls_buf_view(&cmw), nonce, 0, NULL, &verdict);
    atls_policy_free(loaded);
    return verdict.reason;
}

#define ANY         "\"any\":true"
#define ZERO        "00000000000000000000000000000000"
#define ONES        "ffffffffffffffffffffffffffffffff"
#define PCR7(value) "\"pcrs\":{\"sha256\":{\"7\":\"" value "\"}}"
#define ECC_NONCE   "nonce-ecc-0123456789abcdef012345"
#define RSA_NONCE   "nonce-rsa-0123456789abcdef012345"

static const struct swtpm_row {
    const char *quote, *key, *policy, *nonce;
    uint32_t mask;
    enum atls_reason reason;
} swtpm_rows[] = {
    {"quote-ecc", "ecc", ANY, ECC_NONCE, SWTPM_SHA256_PCRS, ATLS_OK},
    {"quote-rsa", "rsa", ANY, RSA_NONCE, SWTPM_SHA256_PCRS, ATLS_OK},
    {"quote-ecc", "ecc", PCR7(ZERO ZERO), ECC_NONCE, SWTPM_SHA256_PCRS,
     ATLS_OK},
    {"quote-ecc", "ecc", PCR7(ZERO ONES), ECC_NONCE, SWTPM_SHA256_PCRS,
     ATLS_PCR_MISMATCH},
    {"quote-ecc", "ecc", ANY, RSA_NONCE, SWTPM_SHA256_PCRS,
     ATLS_BINDER_MISMATCH},
    {"quote-ecc", "ecc", ANY, ECC_NONCE, SWTPM_SHA256_PCRS | 0x10,
     ATLS_PCR_DIGEST},
    {"quote-ecc", "ecc", ANY, ECC_NONCE, SWTPM_SHA256_PCRS & ~1u,
     ATLS_PCR_DIGEST},
    {"quote-ecc", "ecc", "\"pcrs\":{\"sha256\":{\"8\":\"" ZERO ZERO "\"}}",
     ECC_NONCE, SWTPM_SHA256_PCRS, ATLS_PCR_MISSING},
    {"quote-rsa", "ecc", ANY, RSA_NONCE, SWTPM_SHA256_PCRS,
     ATLS_ALGORITHM_UNSUPPORTED},
    {"certify-ecc", "ecc", ANY, ECC_NONCE, SWTPM_SHA256_PCRS,
     ATLS_TPM_NOT_A_QUOTE},
};

START_TEST(quote_of_swtpm_is_judged)
{
    const struct swtpm_row *row = &swtpm_rows[_i];
    size_t num = (size_t)__builtin_popcount(row->mask);
    struct quote quote;
    char path[128];

    open_quote(&quote);
    snprintf(path, sizeof(path), "tpm/swtpm-ak-%s.pub.pem", row->key);
    quote.key = real_key(path);
    snprintf(path, sizeof(path), "tpm/swtpm-%s.attest", row->quote);
    ck_assert(forge_vector(path, &quote.attest));
    snprintf(path, sizeof(path), "tpm/swtpm-%s.tpmt_signature", row->quote);
    ck_assert(forge_vector(path, &quote.signature));
    quote.mask = row->mask;
    memset(atls_buf_room(&quote.pcrs, 32 * num), 0, 32 * num);
    ck_assert_reason(appraise(&quote, row->policy, atls_view_text(row->nonce)),
                     row->reason);
    clear_quote(&quote);
}
END_TEST

static json_t *real_json(const char *path)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    json_t *json;

    ck_assert(forge_vector(path, &text));
    json = json_loadb((const char *)text.data, text.len, 0, NULL);
    ck_assert_ptr_nonnull(json);
    return json;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static void put_hex_list(struct atls_buf *out, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        forge_hex(out, json_string_value(json_array_get(list, i)));
}

/* The vTPM's AK stands in JSON that the SNP report covers; see the README of
 * the vectors. */
static EVP_PKEY *azure_key(void)
{
    ATLS_AUTO_BUF report = atls_buf(FORGE_MAX), n = atls_buf(FORGE_MAX);
    ATLS_AUTO(json_t) *json = NULL;
    const json_t *key;

    ck_assert(forge_vector("tpm/azure-hcl-report.bin", &report));
    json = json_loadb((const char *)report.data + 1236, report.len - 1236,
                      JSON_DISABLE_EOF_CHECK, NULL);
    key = json_array_get(json_object_get(json, "keys"), 0);
    ck_assert_str_eq(text_of(key, "kid"), "HCLAkPub");
    ck_assert(atls_base64url_decode(atls_view_text(text_of(key, "n")), &n));
    return rsa_key(atls_buf_view(&n));
}

/* RSASSA with SHA-256, whose bare signature the carrier holds. */
static void put_rsassa(struct atls_buf *out, struct atls_view bare)
{
    atls_buf_u16(out, 0x14);
    atls_buf_u16(out, 0x0b);
    atls_buf_u16(out, (uint16_t)bare.len);
    atls_buf_put(out, bare);
}

START_TEST(quote_of_azure_is_judged)
{
    ATLS_AUTO(json_t) *json = real_json("tpm/azure-tpm-quote-v1.json");
    ATLS_AUTO_BUF bare = atls_buf(FORGE_MAX);
    struct quote quote;

    open_quote(&quote);
    quote.key = azure_key();
    forge_hex(&quote.attest, text_of(json, "message"));
    forge_hex(&bare, text_of(json, "signature"));
    put_rsassa(&quote.signature, atls_buf_view(&bare));
    put_hex_list(&quote.pcrs, json_object_get(json, "pcrs"));
    ck_assert_reason(appraise(&quote, ANY, atls_view_text("challenge")),
                     ATLS_OK);
    quote.pcrs.data[0] ^= 1;
    ck_assert_reason(appraise(&quote, ANY, atls_view_text("challenge")),
                     ATLS_PCR_DIGEST);
    clear_quote(&quote);
}
END_TEST

START_TEST(quote_of_azure_by_an_unknown_key_is_refused)
{
    ATLS_AUTO(json_t) *json = real_json("tpm/azure-tpm-quote-v1.json");
    ATLS_AUTO_BUF bare = atls_buf(FORGE_MAX);
    struct quote quote;

    open_quote(&quote);
    quote.key = azure_key();
    ck_assert(forge_vector("tpm/azure-tpm-quote.msg", &quote.attest));
    ck_assert(forge_vector("tpm/azure-tpm-quote.sig", &bare));
    put_rsassa(&quote.signature, atls_buf_view(&bare));
    put_hex_list(&quote.pcrs, json_object_get(json, "pcrs"));
    ck_assert_reason(appraise(&quote, ANY, atls_view_text("challenge")),
                     ATLS_SIGNATURE_INVALID);
    clear_quote(&quote);
}
END_TEST

static void put_base64(struct atls_buf *out, const char *text)
{
    ATLS_AUTO_BUF url = atls_buf(FORGE_MAX);

    for (; *text != '\0' && *text != '='; text++)
        atls_buf_u8(&url, *text == '+'   ? '-'
                          : *text == '/' ? '_'
                                         : (uint8_t)*text);
    ck_assert(atls_base64url_decode(atls_buf_view(&url), out));
}

START_TEST(quote_of_trustee_is_judged)
{
    ATLS_AUTO(json_t) *json = real_json("tpm/trustee-tpm_evidence.json");
    const json_t *inner = json_object_get(json, "tpm_quote");
    ATLS_AUTO_BUF spki = atls_buf(FORGE_MAX);
    struct atls_tpm_attest attest;
    const uint8_t *at;
    struct quote quote;

    open_quote(&quote);
    put_base64(&spki, text_of(json, "ak_public"));
    at = spki.data;
    quote.key = d2i_PUBKEY(NULL, &at, (long)spki.len);
    put_base64(&quote.attest, text_of(inner, "message"));
    put_base64(&quote.signature, text_of(inner, "signature"));
    put_hex_list(&quote.pcrs, json_object_get(inner, "pcrs"));
    ck_assert_reason(
        atls_tpm_attest_parse(atls_buf_view(&quote.attest), &attest, NULL),
        ATLS_OK);
    ck_assert_uint_eq(attest.extra_data.len, 64);
    ck_assert_reason(appraise(&quote, ANY, attest.extra_data), ATLS_OK);
    clear_quote(&quote);
}
END_TEST

/* As much of protocol buffers as go-tpm-tools' attestations need. */
static uint64_t take_varint(struct atls_reader *in)
{
    uint64_t value = 0;
    uint8_t byte = 0x80;

    for (unsigned shift = 0; (byte & 0x80) != 0 && shift < 64; shift += 7) {
        byte = atls_reader_u8(in);
        value |= (uint64_t)(byte & 0x7f) << shift;
    }
    return value;
}

struct field {
    unsigned number;
    uint64_t value;
    struct atls_view bytes;
};

static bool take_field(struct atls_reader *in, struct field *out)
{
    uint64_t tag;

    if (!atls_reader_more(in))
        return false;
    tag = take_varint(in);
    *out = (struct field){.number = (unsigned)(tag >> 3)};
    if ((tag & 7) == 2)
        out->bytes = atls_reader_bytes(in, take_varint(in));
    else
        out->value = take_varint(in);
    return !in->failed;
}

/* {1: hash, 2: {1: index, 2: value}, in any order} */
static void take_gce_pcrs(struct atls_view bytes, struct quote *quote)
{
    struct atls_reader in = atls_reader(bytes), entry_in;
    struct field field, part;
    static uint8_t values[24][64];
    size_t len = 0;

    while (take_field(&in, &field)) {
        uint64_t index = 0;
        struct atls_view value = {0};

        if (field.number == 1) {
            quote->hash = (uint16_t)field.value;
            continue;
        }
        entry_in = atls_reader(field.bytes);
        while (take_field(&entry_in, &part))
            if (part.number == 1)
                index = part.value;
            else
                value = part.bytes;
        ck_assert_uint_lt(index, 24);
        len = value.len;
        memcpy(values[index], value.data, len);
    }
    for (unsigned i = 0; i < 24; i++)
        atls_buf_put(&quote->pcrs, atls_view(values[i], len));
}

static void take_gce_quote(struct atls_view bytes, struct quote *quote)
{
    struct atls_reader in = atls_reader(bytes);
    struct field field;

    while (take_field(&in, &field))
        if (field.number == 1)
            atls_buf_put(&quote->attest, field.bytes);
        else if (field.number == 2)
            atls_buf_put(&quote->signature, field.bytes);
        else
            take_gce_pcrs(field.bytes, quote);
}

/* Nobody asked for it with a nonce, so that it is refused; its signature and
 * its digest (a SHA-384 bank under a SHA-256 signature) are good. */
static void judge_gce(const struct quote *quote, struct atls_view eventlog)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct atls_policy *policy =
        policy_for(quote->key, ANY ",\"eventlog\":true");
    struct atls_tpm_claims claims = {.has_public = false};
    struct atls_verdict verdict;
    struct atls_view nonce;

    put_quote(quote, &value);
    ck_assert_reason(
        atls_format_tpm.parse(atls_buf_view(&value), &claims, &nonce, NULL),
        quote->hash == 0x04 ? ATLS_ALGORITHM_UNSUPPORTED : ATLS_NONCE_MISSING);
    if (quote->hash != 0x04) {
        ck_assert_reason(atls_format_tpm.verify(&claims, quote->key, NULL),
                         ATLS_OK);
        atls_verdict_init(&verdict);
        claims.eventlog = eventlog;
        ck_assert_reason(atls_format_tpm.judge(&claims,
                                               atls_policy_profile(policy, "p"),
                                               0, &verdict),
                         ATLS_OK);
    }
    atls_policy_free(policy);
}

static struct atls_view gce_log(struct atls_view all)
{
    struct atls_reader in = atls_reader(all);
    struct atls_view log = {NULL, 0};
    struct field field;

    while (take_field(&in, &field))
        if (field.number == 3)
            log = field.bytes;
    return log;
}

START_TEST(quotes_of_google_without_a_nonce_are_refused)
{
    ATLS_AUTO_BUF all = atls_buf(FORGE_MAX);
    struct atls_tpm_public public;
    struct atls_reader in;
    struct quote quote;
    struct field field;
    unsigned num = 0;

    ck_assert(forge_vector("tpm/gce-cos-85-no-nonce.pb", &all));
    in = atls_reader(atls_buf_view(&all));
    while (take_field(&in, &field)) {
        if (field.number == 1)
            ck_assert_reason(atls_tpm_public_parse(field.bytes, &public, NULL),
                             ATLS_OK);
        if (field.number != 2)
            continue;
        open_quote(&quote);
        ck_assert(atls_tpm_public_is_ak(&public));
        quote.key = rsa_key(public.n);
        ck_assert(atls_tpm_public_is(&public, quote.key));
        take_gce_quote(field.bytes, &quote);
        judge_gce(&quote, gce_log(atls_buf_view(&all)));
        clear_quote(&quote);
        num++;
    }
    ck_assert_uint_eq(num, 3);
}
END_TEST

static struct forge_quote good_quote(EVP_PKEY *key)
{
    return (struct forge_quote){.key = key,
                                .nonce = forge_nonce(FORGE_NONCE),
                                .selections = {{0x0b, 0x81}, {0x0c, 0x01}}};
}

static void put_le(struct atls_buf *out, uint32_t value, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        atls_buf_u8(out, (uint8_t)(value >> (8 * i)));
}

/* A crypto-agile log of SHA-256 with one event, of that PCR */
static void put_log(struct atls_buf *out, uint32_t index)
{
    static const char signature[] = "Spec ID Event03";

    put_le(out, 0, 4);
    put_le(out, 3, 4); /* EV_NO_ACTION */
    memset(atls_buf_room(out, 20), 0, 20);
    put_le(out, 28 + 4 + 1, 4);
    atls_buf_put(out, atls_view(signature, sizeof(signature)));
    put_le(out, 0, 4);
    put_le(out, 0x02000200, 4);
    put_le(out, 1, 4);
    put_le(out, 0x0b, 2);
    put_le(out, 32, 2);
    put_le(out, 0, 1);
    put_le(out, index, 4);
    put_le(out, 8, 4);
    put_le(out, 1, 4);
    put_le(out, 0x0b, 2);
    memset(atls_buf_room(out, 32), 0x5a, 32);
    put_le(out, 0, 4);
}

static enum atls_reason judge_log(struct atls_view log, const char *policy)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), cmw = atls_buf(FORGE_MAX);
    ATLS_AUTO(EVP_PKEY) *key = forge_key("ak-ecc");
    struct forge_quote quote = good_quote(key);
    struct atls_policy *loaded = policy_for(key, policy);
    struct atls_verdict verdict;

    forge_quote(&value, &quote);
    if (log.data != NULL) {
        value.data[0]++; /* entries of a map of less than 24 */
        atls_cbor_put_text(&value, "eventlog");
        atls_cbor_put_bytes(&value, log);
    }
    forge_cmw(&cmw, TYPE_TPM, atls_buf_view(&value), 4);
    (void)atls_appraise(loaded, atls_buf_view(&cmw), quote.nonce, 0, NULL,
                        &verdict);
    atls_policy_free(loaded);
    return verdict.reason;
}

START_TEST(event_log_must_add_up_to_the_quote_where_a_profile_wants_it)
{
    static const char wanted[] = ANY ",\"eventlog\":true";
    ATLS_AUTO_BUF of_7 = atls_buf(FORGE_MAX), of_3 = atls_buf(FORGE_MAX);
    struct atls_view none = {NULL, 0}, broken = atls_view_text("no log");

    put_log(&of_7, 7);
    put_log(&of_3, 3); /* which is not quoted */
    ck_assert_reason(judge_log(none, ANY), ATLS_OK);
    ck_assert_reason(judge_log(broken, ANY), ATLS_OK);
    ck_assert_reason(judge_log(atls_buf_view(&of_7), ANY), ATLS_OK);
    ck_assert_reason(judge_log(none, wanted), ATLS_CLAIM_MISSING);
    ck_assert_reason(judge_log(broken, wanted), ATLS_EVIDENCE_MALFORMED);
    ck_assert_reason(judge_log(atls_buf_view(&of_7), wanted),
                     ATLS_EVENTLOG_MISMATCH);
    ck_assert_reason(judge_log(atls_buf_view(&of_3), wanted),
                     ATLS_EVENTLOG_MISMATCH);
}
END_TEST

/* SHA-256 of 32 zeros and the event's digest, in the place of a quoted PCR */
START_TEST(event_log_that_adds_up_is_taken)
{
    ATLS_AUTO_BUF log = atls_buf(FORGE_MAX);
    struct atls_tpm_claims claims = {.has_public = false};
    struct atls_profile profile = {.name = "p"};
    uint8_t extended[64] = {0}, value[32];

    memset(extended + 32, 0x5a, 32);
    ck_assert_int_eq(EVP_Q_digest(NULL, "SHA256", NULL, extended,
                                  sizeof(extended), value, NULL),
                     1);
    put_log(&log, 7);
    claims.eventlog = atls_buf_view(&log);
    claims.banks[0].mask = 1u << 7;
    claims.banks[0].values[7] = value;
    ck_assert_reason(atls_tpm_check_log(&claims, &profile, NULL), ATLS_OK);
    value[31] ^= 1;
    ck_assert_reason(atls_tpm_check_log(&claims, &profile, NULL),
                     ATLS_EVENTLOG_MISMATCH);
}
END_TEST

static enum atls_reason appraise_parts(const struct forge_quote *quote,
                                       struct atls_view attest,
                                       struct atls_view signature)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), cmw = atls_buf(FORGE_MAX);
    struct atls_policy *policy = policy_for(quote->key, ANY);
    struct atls_verdict verdict;

    forge_quote_map(&value, quote, attest, signature);
    forge_cmw(&cmw, TYPE_TPM, atls_buf_view(&value), 4);
    (void)atls_appraise(policy, atls_buf_view(&cmw), quote->nonce, 0, NULL,
                        &verdict);
    atls_policy_free(policy);
    return verdict.reason;
}

START_TEST(attest_cut_or_longer_is_malformed)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_key("ak-ecc");
    ATLS_AUTO_BUF attest = atls_buf(FORGE_MAX), signature = atls_buf(FORGE_MAX);
    struct forge_quote quote = good_quote(key);

    forge_quote_attest(&quote, &attest);
    forge_quote_signature(&quote, atls_buf_view(&attest), &signature);
    ck_assert_reason(appraise_parts(&quote, atls_buf_view(&attest),
                                    atls_buf_view(&signature)),
                     ATLS_OK);
    for (size_t len = 0; len < attest.len; len++)
        ck_assert_reason(appraise_parts(&quote, atls_view(attest.data, len),
                                        atls_buf_view(&signature)),
                         ATLS_EVIDENCE_MALFORMED);
    for (size_t len = 0; len < signature.len; len++)
        ck_assert_reason(appraise_parts(&quote, atls_buf_view(&attest),
                                        atls_view(signature.data, len)),
                         ATLS_EVIDENCE_MALFORMED);
}
END_TEST

/* Offsets of lengths in the attest of forge.c: qualifiedSigner, extraData, the
 * selections' count, a bitmap's length, pcrDigest. */
START_TEST(length_that_lies_is_malformed)
{
    static const struct {
        size_t at, width;
        enum atls_reason of_zero;
    } places[] = {
        {6, 2, ATLS_EVIDENCE_MALFORMED},
        {24, 2, ATLS_EVIDENCE_MALFORMED},
        {83, 4, ATLS_EVIDENCE_MALFORMED},
        {89, 1, ATLS_ALGORITHM_UNSUPPORTED}, /* the bitmap is the next bank */
        {99, 2, ATLS_EVIDENCE_MALFORMED},
    };
    static const uint8_t lies[] = {0x00, 0xff};
    ATLS_AUTO(EVP_PKEY) *key = forge_key("ak-ecc");
    ATLS_AUTO_BUF signature = atls_buf(FORGE_MAX);
    struct forge_quote quote = good_quote(key);

    for (size_t i = 0; i < 2; i++) {
        ATLS_AUTO_BUF attest = atls_buf(FORGE_MAX);

        forge_quote_attest(&quote, &attest);
        if (signature.len == 0)
            forge_quote_signature(&quote, atls_buf_view(&attest), &signature);
        memset(attest.data + places[_i].at, lies[i], places[_i].width);
        ck_assert_reason(appraise_parts(&quote, atls_buf_view(&attest),
                                        atls_buf_view(&signature)),
                         lies[i] == 0 ? places[_i].of_zero
                                      : ATLS_EVIDENCE_MALFORMED);
    }
}
END_TEST

/* ECDSA numbers of 0, of nothing, of the group's order, longer than it. */
static const char *const bad_numbers[] = {
    "0018000b"
    "0000"
    "0000",
    "0018000b"
    "000100"
    "000101",
    "0018000b"
    "000101"
    "000100",
    "0018000b"
    "0020"
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
    "000101",
    "0018000b"
    "000101"
    "0020"
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    "0018000b"
    "0021"
    "01ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
    "000101",
};

START_TEST(signature_outside_the_group_is_refused)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_key("ak-ecc");
    ATLS_AUTO_BUF attest = atls_buf(FORGE_MAX), signature = atls_buf(FORGE_MAX);
    struct forge_quote quote = good_quote(key);

    forge_quote_attest(&quote, &attest);
    forge_hex(&signature, bad_numbers[_i]);
    ck_assert_reason(appraise_parts(&quote, atls_buf_view(&attest),
                                    atls_buf_view(&signature)),
                     ATLS_SIGNATURE_INVALID);
}
END_TEST

START_TEST(rsa_signature_that_is_not_one_is_refused)
{
    static const char *const bare[] = {"", "00", "ff", "0000000000000000"};
    ATLS_AUTO(EVP_PKEY) *key = forge_key("ak-rsa");
    ATLS_AUTO_BUF attest = atls_buf(FORGE_MAX), signature = atls_buf(FORGE_MAX);
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX);
    struct forge_quote quote = good_quote(key);

    forge_quote_attest(&quote, &attest);
    forge_hex(&bytes, bare[_i]);
    put_rsassa(&signature, atls_buf_view(&bytes));
    ck_assert_reason(appraise_parts(&quote, atls_buf_view(&attest),
                                    atls_buf_view(&signature)),
                     ATLS_SIGNATURE_INVALID);
}
END_TEST

START_TEST(quote_is_accepted_under_each_curve_and_hash)
{
    static const struct {
        const char *curve;
        uint16_t hash;
    } rows[] = {{"P-256", 0x0b},
                {"P-256", 0x0d},
                {"P-384", 0x0c},
                {"P-384", 0x0b},
                {"P-521", 0x0d}};
    ATLS_AUTO(EVP_PKEY) *key = EVP_EC_gen(rows[_i].curve);
    ATLS_AUTO_BUF attest = atls_buf(FORGE_MAX), signature = atls_buf(FORGE_MAX);
    struct forge_quote quote = good_quote(key);

    quote.hash = rows[_i].hash;
    forge_quote_attest(&quote, &attest);
    forge_quote_signature(&quote, atls_buf_view(&attest), &signature);
    ck_assert_reason(appraise_parts(&quote, atls_buf_view(&attest),
                                    atls_buf_view(&signature)),
                     ATLS_OK);
}
END_TEST

static void add_real(TCase *cases)
{
    ATLS_AUTO_BUF any = atls_buf(FORGE_MAX);

    if (!forge_vector("tpm/swtpm-ak-ecc.pub.pem", &any))
        return; /* vectors.sh says so */
    tcase_add_loop_test(cases, quote_of_swtpm_is_judged, 0,
                        sizeof(swtpm_rows) / sizeof(swtpm_rows[0]));
    tcase_add_test(cases, quote_of_azure_is_judged);
    tcase_add_test(cases, quote_of_azure_by_an_unknown_key_is_refused);
    tcase_add_test(cases, quote_of_trustee_is_judged);
    tcase_add_test(cases, quotes_of_google_without_a_nonce_are_refused);
}

int main(void)
{
    Suite *suite = suite_create("tpm_quote");
    TCase *cases = tcase_create("tpm_quote");

    add_real(cases);
    tcase_add_test(cases,
                   event_log_must_add_up_to_the_quote_where_a_profile_wants_it);
    tcase_add_test(cases, event_log_that_adds_up_is_taken);
    tcase_add_test(cases, attest_cut_or_longer_is_malformed);
    tcase_add_loop_test(cases, length_that_lies_is_malformed, 0, 5);
    tcase_add_loop_test(cases, signature_outside_the_group_is_refused, 0,
                        sizeof(bad_numbers) / sizeof(bad_numbers[0]));
    tcase_add_loop_test(cases, rsa_signature_that_is_not_one_is_refused, 0, 4);
    tcase_add_loop_test(cases, quote_is_accepted_under_each_curve_and_hash, 0,
                        5);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
