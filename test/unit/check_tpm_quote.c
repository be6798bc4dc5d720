/* SPDX-License-Identifier: Apache-2.0
 *
 * TPM quotes: of swtpm, of clouds, and what an attacker makes of a good one.
 */
#include "tpm.h"

#include <stdio.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/pem.h>

#include "base64url.h"
#include "cbor.h"
#include "forge.h"
#include "json.h"
#include "real_quote.h"
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

static enum atls_reason appraise(const struct real_quote *quote,
                                 const char *policy, struct atls_view nonce)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), cmw = atls_buf(FORGE_MAX);
    struct atls_policy *loaded = policy_for(quote->key, policy);
    struct atls_verdict verdict;

    real_quote_put(quote, &value);
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
    struct real_quote quote;
    char path[128];

    real_quote_open(&quote);
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
    real_quote_clear(&quote);
}
END_TEST

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
    ck_assert_str_eq(json_string_value(json_object_get(key, "kid")),
                     "HCLAkPub");
    ck_assert(atls_base64url_decode(
        atls_view_text(json_string_value(json_object_get(key, "n"))), &n));
    return real_rsa_key(atls_buf_view(&n));
}

START_TEST(quote_of_azure_is_judged)
{
    struct real_quote quote;

    real_quote_open(&quote);
    quote.key = azure_key();
    real_quote_azure(&quote, "tpm/azure-tpm-quote-v1.json");
    ck_assert_reason(appraise(&quote, ANY, atls_view_text("challenge")),
                     ATLS_OK);
    quote.pcrs.data[0] ^= 1;
    ck_assert_reason(appraise(&quote, ANY, atls_view_text("challenge")),
                     ATLS_PCR_DIGEST);
    real_quote_clear(&quote);
}
END_TEST

START_TEST(quote_of_azure_by_an_unknown_key_is_refused)
{
    ATLS_AUTO_BUF bare = atls_buf(FORGE_MAX);
    struct real_quote quote;

    real_quote_open(&quote);
    quote.key = azure_key();
    real_quote_azure(&quote, "tpm/azure-tpm-quote-v1.json");
    quote.attest.len = quote.signature.len = 0;
    ck_assert(forge_vector("tpm/azure-tpm-quote.msg", &quote.attest));
    ck_assert(forge_vector("tpm/azure-tpm-quote.sig", &bare));
    real_rsassa(&quote.signature, atls_buf_view(&bare));
    ck_assert_reason(appraise(&quote, ANY, atls_view_text("challenge")),
                     ATLS_SIGNATURE_INVALID);
    real_quote_clear(&quote);
}
END_TEST

START_TEST(quote_of_trustee_is_judged)
{
    struct atls_tpm_attest attest;
    struct real_quote quote;

    real_quote_open(&quote);
    real_quote_trustee(&quote, "tpm/trustee-tpm_evidence.json");
    ck_assert_reason(
        atls_tpm_attest_parse(atls_buf_view(&quote.attest), &attest, NULL),
        ATLS_OK);
    ck_assert_uint_eq(attest.extra_data.len, 64);
    ck_assert_reason(appraise(&quote, ANY, attest.extra_data), ATLS_OK);
    real_quote_clear(&quote);
}
END_TEST

/* Nobody asked for it with a nonce, so that it is refused; its signature and
 * its digest (a SHA-384 bank under a SHA-256 signature) are good. */
static void judge_gce(const struct real_quote *quote)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct atls_policy *policy =
        policy_for(quote->key, ANY ",\"eventlog\":true");
    struct atls_tpm_claims claims = {.has_public = false};
    struct atls_verdict verdict;
    struct atls_view nonce;

    real_quote_put(quote, &value);
    ck_assert_reason(
        atls_format_tpm.parse(atls_buf_view(&value), &claims, &nonce, NULL),
        quote->hash == 0x04 ? ATLS_ALGORITHM_UNSUPPORTED : ATLS_NONCE_MISSING);
    if (quote->hash != 0x04) {
        ck_assert_reason(atls_format_tpm.verify(&claims, quote->key, NULL),
                         ATLS_OK);
        atls_verdict_init(&verdict);
        claims.eventlog = atls_buf_view(&quote->eventlog);
        ck_assert_reason(atls_format_tpm.judge(&claims,
                                               atls_policy_profile(policy, "p"),
                                               0, &verdict),
                         ATLS_OK);
    }
    atls_policy_free(policy);
}

START_TEST(quotes_of_google_without_a_nonce_are_refused)
{
    struct real_quote quote;

    for (unsigned i = 0; i < 3; i++) {
        real_quote_open(&quote);
        ck_assert(real_quote_google(&quote, "tpm/gce-cos-85-no-nonce.pb", i));
        judge_gce(&quote);
        real_quote_clear(&quote);
    }
    real_quote_open(&quote);
    ck_assert(!real_quote_google(&quote, "tpm/gce-cos-85-no-nonce.pb", 3));
    real_quote_clear(&quote);
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
    real_rsassa(&signature, atls_buf_view(&bytes));
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
