/* SPDX-License-Identifier: Apache-2.0
 *
 * Quotes of a virtual TPM on SEV-SNP: of Azure's, and what an attacker makes of
 * a good one under an AMD of our own.
 */
#include "vtpm.h"

#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>

#include "base64url.h"
#include "chain.h"
#include "cbor.h"
#include "evidence.h"
#include "forge.h"
#include "forge_vtpm.h"
#include "learn.h"
#include "real_quote.h"
#include "../check_main.h"

#define TYPE_TPM "application/vnd.atls.tpm-quote+cbor"
#define B16(x)   x x x x x x x x x x x x x x x x
#define B32(x)   B16(x) B16(x)
#define B48(x)   B32(x) B16(x)

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

enum { AT_DATA = 1216, AT_RUNTIME = 1236 };

ATLS_AUTO_FREE(BIGNUM, BN_free)

static struct forge_snp chip;
static struct forge_vtpm forged;

static void set_up(void)
{
    forge_snp_open(&chip, ATLS_SNP_MILAN, forge_nonce(1));
    forged = (struct forge_vtpm){.chip = &chip, .ak = forge_key("ak-rsa")};
}

static void tear_down(void)
{
    forge_snp_clear(&chip);
    EVP_PKEY_free(forged.ak);
}

static void put_cmw(struct atls_buf *cmw)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);

    forge_vtpm_value(&forged, forge_nonce(FORGE_NONCE), &value);
    forge_cmw(cmw, TYPE_TPM, atls_buf_view(&value), 4);
}

static struct atls_verdict verdict;

static void judge_cmw(struct atls_view cmw, X509 *root, const char *more,
                      struct atls_view nonce, int64_t now,
                      enum atls_reason reason)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    atls_buf_text(&text, "{\"profiles\":{\"p\":{\"format\":\"vtpm\","
                         "\"trust_anchors\":[\"");
    forge_x509_json(&text, root);
    atls_buf_text(&text, "\"],");
    atls_buf_text(&text, more);
    atls_buf_text(&text, "}}}");
    ck_assert_msg(atls_policy_parse(atls_buf_view(&text), "p", "", NULL, NULL,
                                    &policy, &why) == ATLS_OK,
                  "%s", why.text);
    (void)atls_appraise(policy, cmw, nonce, now, NULL, &verdict);
    atls_policy_free(policy);
    ck_assert_msg(verdict.reason == reason, "want %s, found %s: %s",
                  atls_reason_name(reason), atls_reason_name(verdict.reason),
                  verdict.text);
}

static void judge(const char *more, enum atls_reason reason)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);

    put_cmw(&cmw);
    judge_cmw(atls_buf_view(&cmw), chip.ark, more, forge_nonce(FORGE_NONCE),
              FORGE_NOW, reason);
}

#define TEE  "\"tee\":{\"format\":\"snp\"}"
#define ANY  "\"any\":true," TEE
#define PCR7 "\"pcrs\":{\"sha256\":{\"7\":\"" B32("07") "\"}}"
#define PINNED                                                                 \
    PCR7 ",\"tee\":{\"format\":\"snp\",\"measurement\":\"" B48("4d") "\"}"

START_TEST(quote_whose_key_the_report_names_is_accepted)
{
    judge(PINNED, ATLS_OK);
    ck_assert_int_eq(verdict.tier, ATLS_TIER_AFFIRMING);
    ck_assert_int_eq(verdict.vector[ATLS_EXECUTABLES], 3);
    ck_assert_int_eq(verdict.vector[ATLS_RUNTIME_OPAQUE], 2);
    judge(ANY, ATLS_OK);
    ck_assert_int_eq(verdict.vector[ATLS_EXECUTABLES], 0);
}
END_TEST

START_TEST(both_parts_of_a_profile_are_judged)
{
    judge("\"pcrs\":{\"sha256\":{\"7\":\"" B32("08") "\"}},\"any\":true," TEE,
          ATLS_PCR_MISMATCH);
    judge("\"any\":true,\"tee\":{\"format\":\"snp\",\"measurement\":\"" B48(
              "4e") "\"}",
          ATLS_MEASUREMENT_REFUSED);
    ck_assert_int_eq(verdict.tier, ATLS_TIER_WARNING);
    judge("\"any\":true,\"tee\":{\"format\":\"snp\",\"vmpl\":1}",
          ATLS_CONFIGURATION_REFUSED);
    forge_snp_put(&chip, 0x08, 0xb0000, 8);
    judge(ANY, ATLS_DEBUG_REFUSED);
}
END_TEST

START_TEST(quote_is_held_against_every_key_of_a_tpm)
{
    judge(ANY ",\"firmware_version\":\"0000000000000000\"", ATLS_OK);
    judge(ANY ",\"firmware_version\":\"0000000000000001\"",
          ATLS_FIRMWARE_REFUSED);
    judge(ANY ",\"eventlog\":false", ATLS_OK);
    judge(ANY ",\"eventlog\":true", ATLS_CLAIM_MISSING);
}
END_TEST

START_TEST(key_that_the_report_does_not_cover_is_refused)
{
    forged.is_unsigned_data = true;
    judge(ANY, ATLS_AK_UNBOUND);
}
END_TEST

START_TEST(quote_by_another_key_is_refused)
{
    ATLS_AUTO(EVP_PKEY) *other = forge_key("ak-ecc");

    forged.signer = other;
    judge(ANY, ATLS_ALGORITHM_UNSUPPORTED);
}
END_TEST

START_TEST(quote_by_another_rsa_key_is_refused)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    size_t at = 0;

    put_cmw(&cmw);
    while (memcmp(cmw.data + at,
                  "\xff"
                  "TCG",
                  4) != 0)
        at++;
    cmw.data[at + 12] ^= 1; /* in qualifiedSigner */
    judge_cmw(atls_buf_view(&cmw), chip.ark, ANY, forge_nonce(FORGE_NONCE),
              FORGE_NOW, ATLS_SIGNATURE_INVALID);
}
END_TEST

START_TEST(runtime_data_without_the_key_is_refused)
{
    static const struct {
        const char *kid, *kty, *text;
        enum atls_reason reason;
    } rows[] = {
        {"HCLEkPub", NULL, NULL, ATLS_CLAIM_MISSING},
        {NULL, "EC", NULL, ATLS_CLAIM_MISSING},
        {NULL, NULL, "{}", ATLS_CLAIM_MISSING},
        {NULL, NULL, "[]", ATLS_CLAIM_MISSING},
        {NULL, NULL, "no JSON", ATLS_EVIDENCE_MALFORMED},
        {NULL, NULL, "[[[[[[[[[[[[[[[[[[", ATLS_EVIDENCE_MALFORMED},
        {NULL, NULL,
         "{\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"n\":\"qQ\","
         "\"e\":\"AQAB\"}]}",
         ATLS_AK_UNFIT},
        {NULL, NULL, "{\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\"}]}",
         ATLS_AK_UNFIT},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        forged.kid = rows[i].kid;
        forged.kty = rows[i].kty;
        forged.text = rows[i].text;
        judge(ANY, rows[i].reason);
    }
}
END_TEST

static const struct {
    uint32_t type, digest, len;
    size_t size;
    uint8_t magic;
    enum atls_reason reason;
} frames[] = {
    {4, 0, 0, 0, 0, ATLS_EVIDENCE_MALFORMED}, /* of TDX without td_quote */
    {3, 0, 0, 0, 0, ATLS_ALGORITHM_UNSUPPORTED},
    {1, 0, 0, 0, 0, ATLS_ALGORITHM_UNSUPPORTED},
    {0, 2, 0, 0, 0, ATLS_ALGORITHM_UNSUPPORTED}, /* SHA-384 */
    {0, 0, 0, 0, 1, ATLS_EVIDENCE_MALFORMED},
    {0, 0, 0xffff, 0, 0, ATLS_EVIDENCE_MALFORMED},
    {0, 0, 0xffffffff, 0, 0, ATLS_EVIDENCE_MALFORMED},
    {0, 0, 0, AT_RUNTIME, 0, ATLS_EVIDENCE_MALFORMED},
    {0, 0, 0, AT_RUNTIME - 1, 0, ATLS_EVIDENCE_MALFORMED},
    {0, 0, 0, AT_DATA, 0, ATLS_EVIDENCE_MALFORMED},
    {0, 0, 0, 4, 0, ATLS_EVIDENCE_MALFORMED},
    {0, 0, 7, 0, 0, ATLS_AK_UNBOUND}, /* less than what is covered */
};

START_TEST(report_of_another_form_is_refused)
{
    forged.type = frames[_i].type;
    forged.digest = frames[_i].digest;
    forged.len = frames[_i].len;
    forged.size = frames[_i].size;
    forged.magic = frames[_i].magic;
    judge(ANY, frames[_i].reason);
}
END_TEST

START_TEST(certificates_must_be_there)
{
    forged.hides_certificates = true;
    judge(ANY, ATLS_COLLATERAL_MISSING);
    forged.hides_certificates = false;
    forged.hides_report = true; /* certificates of nothing */
    judge(ANY, ATLS_EVIDENCE_MALFORMED);
}
END_TEST

static void judge_with(const char *key, enum atls_reason reason)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), cmw = atls_buf(FORGE_MAX);

    forge_vtpm_value(&forged, forge_nonce(FORGE_NONCE), &value);
    forge_vtpm_entry(&value, key, atls_view_text("quote"));
    forge_cmw(&cmw, TYPE_TPM, atls_buf_view(&value), 4);
    judge_cmw(atls_buf_view(&cmw), chip.ark, ANY, forge_nonce(FORGE_NONCE),
              FORGE_NOW, reason);
}

START_TEST(quote_of_a_td_does_not_stand_beside_a_report_of_sev_snp)
{
    judge_with("td_quote", ATLS_EVIDENCE_MALFORMED);
    forged.hides_certificates = true;
    judge_with("td_quote", ATLS_EVIDENCE_MALFORMED);
    forged.hides_report = true; /* nor alone */
    judge_with("td_quote", ATLS_EVIDENCE_MALFORMED);
    judge_with("td_quotes", ATLS_EVIDENCE_MALFORMED);
}
END_TEST

/* Of stored Evidence that lacks a nonce all else must be in order. */
START_TEST(quote_without_a_nonce_is_told_by_what_else_is_wrong)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), cmw = atls_buf(FORGE_MAX);
    struct atls_evidence *evidence = NULL;
    struct atls_why why = {0};

    forge_vtpm_value(&forged, atls_view(NULL, 0), &value);
    forge_cmw(&cmw, TYPE_TPM, atls_buf_view(&value), 4);
    judge_cmw(atls_buf_view(&cmw), chip.ark, ANY, forge_nonce(FORGE_NONCE),
              FORGE_NOW, ATLS_NONCE_MISSING);
    ck_assert_reason(
        atls_evidence_parse_stored(atls_buf_view(&cmw), &evidence, &why),
        ATLS_OK);
    atls_evidence_free(evidence);
    forged.type = 3;
    atls_buf_clear(&value);
    atls_buf_clear(&cmw);
    forge_vtpm_value(&forged, atls_view(NULL, 0), &value);
    forge_cmw(&cmw, TYPE_TPM, atls_buf_view(&value), 4);
    why = (struct atls_why){0};
    ck_assert_reason(
        atls_evidence_parse_stored(atls_buf_view(&cmw), &evidence, &why),
        ATLS_ALGORITHM_UNSUPPORTED);
    ck_assert_ptr_null(evidence);
}
END_TEST

START_TEST(quote_without_a_report_is_of_a_tpm_that_the_policy_knows)
{
    forged.hides_report = true;
    forged.hides_certificates = true;
    judge(ANY, ATLS_PROFILE_MISSING);
}
END_TEST

START_TEST(report_by_another_root_is_refused)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    X509 *other = forge_x509(&(struct forge_certificate){
        .name = "ARK-Milan", .key = forge_rsa(1), .is_ca = true});

    put_cmw(&cmw);
    judge_cmw(atls_buf_view(&cmw), other, ANY, forge_nonce(FORGE_NONCE),
              FORGE_NOW, ATLS_CHAIN_UNTRUSTED);
    X509_free(other);
}
END_TEST

START_TEST(profile_that_leaves_a_part_open_says_so)
{
    static const char *const texts[] = {
        PCR7 "," TEE,
        "\"tee\":{\"format\":\"snp\",\"measurement\":\"" B48("4d") "\"}",
        "\"any\":true",
        "\"any\":true,\"tee\":{}",
        "\"any\":true,\"tee\":{\"format\":\"tdx\"}",
        "\"any\":true,\"tee\":{\"format\":\"snp\",\"pcrs\":{}}"};
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;

    forge_snp_certify(&chip);
    atls_buf_text(&text, "{\"profiles\":{\"p\":{\"format\":\"vtpm\","
                         "\"trust_anchors\":[\"");
    forge_x509_json(&text, chip.ark);
    atls_buf_text(&text, "\"],");
    atls_buf_text(&text, texts[_i]);
    atls_buf_text(&text, "}}}");
    ck_assert_reason(atls_policy_parse(atls_buf_view(&text), "p", "", NULL,
                                       NULL, &policy, NULL),
                     ATLS_POLICY_INVALID);
}
END_TEST

START_TEST(profile_is_learned_for_both_parts)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX), pem = atls_buf(FORGE_MAX);
    struct atls_lesson lesson = {.now = FORGE_NOW};
    struct atls_evidence *evidence = NULL;
    ATLS_AUTO_HEAP char *json = NULL;
    struct atls_why why = {0};

    put_cmw(&cmw);
    forge_x509_pem(&pem, chip.ark);
    atls_buf_u8(&pem, 0);
    lesson.certificates = (const char *)pem.data;
    lesson.collateral = "/";
    ck_assert_reason(
        atls_evidence_parse(atls_buf_view(&cmw), NULL, &evidence, NULL),
        ATLS_OK);
    ck_assert_msg(atls_policy_learn(evidence, &lesson, &json, &why) == ATLS_OK,
                  "%s", why.text);
    ck_assert_ptr_nonnull(strstr(json, "\"measurement\": \"4d4d"));
    ck_assert_ptr_nonnull(strstr(json, "\"sha256\""));
    atls_evidence_free(evidence);
}
END_TEST

/* Good Evidence, to be changed, and where its parts are. */
static struct good {
    struct atls_buf value;
    struct atls_vtpm_claims parts;
    struct atls_policy *policy;
} good;

static void open_value(void)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_view nonce;

    good.value = atls_buf(FORGE_MAX);
    good.parts = (struct atls_vtpm_claims){.runtime_data = {NULL, 0}};
    forged.has_der = true; /* of the key; the ASK is the anchor */
    forge_vtpm_value(&forged, forge_nonce(FORGE_NONCE), &good.value);
    ck_assert_reason(atls_format_vtpm.parse(atls_buf_view(&good.value),
                                            &good.parts, &nonce, NULL),
                     ATLS_OK);
    atls_buf_text(&text, "{\"profiles\":{\"p\":{\"format\":\"vtpm\","
                         "\"trust_anchors\":[\"");
    forge_x509_json(&text, chip.ask);
    atls_buf_text(&text, "\"]," ANY "}}}");
    ck_assert_reason(atls_policy_parse(atls_buf_view(&text), "p", "", NULL,
                                       NULL, &good.policy, NULL),
                     ATLS_OK);
}

static void clear_value(void)
{
    atls_policy_free(good.policy);
    atls_buf_clear(&good.value);
}

static enum atls_reason judge_value(int64_t now)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);

    forge_cmw(&cmw, TYPE_TPM, atls_buf_view(&good.value), 4);
    return atls_appraise(good.policy, atls_buf_view(&cmw),
                         forge_nonce(FORGE_NONCE), now, NULL, &verdict);
}

/* A place of what was parsed, to be changed. */
static uint8_t *at_of(struct atls_view part, size_t at)
{
    ck_assert_uint_lt(at, part.len);
    return good.value.data + (part.data - good.value.data) + at;
}

static void flip(struct atls_view part, size_t step, enum atls_reason reason)
{
    ck_assert_uint_gt(part.len, 0);
    for (size_t i = 0; i < part.len; i += step) {
        *at_of(part, i) ^= 1;
        ck_assert_msg(judge_value(FORGE_NOW) == reason, "byte %zu: %s: %s", i,
                      atls_reason_name(verdict.reason), verdict.text);
        *at_of(part, i) ^= 1;
    }
}

START_TEST(flipped_bit_of_the_quote_is_refused)
{
    const struct atls_tpm_claims *quote = &good.parts.quote;

    open_value();
    flip(quote->attest.extra_data, 1, ATLS_BINDER_MISMATCH);
    flip(quote->attest.qualified_signer, 1, ATLS_SIGNATURE_INVALID);
    flip(quote->attest.pcr_digest, 1, ATLS_SIGNATURE_INVALID);
    flip(quote->signature.rsa, 3, ATLS_SIGNATURE_INVALID);
    flip(atls_view(quote->banks[0].values[7], 32), 1, ATLS_PCR_DIGEST);
    ck_assert_reason(judge_value(FORGE_NOW), ATLS_OK);
    clear_value();
}
END_TEST

/* Of the HCL's report: the hardware's, and what that is the digest of. The rest
 * of the frame is not signed, and nothing is taken from it. */
START_TEST(flipped_bit_of_the_report_is_refused)
{
    const struct atls_snp_report *report = &good.parts.snp.report;

    open_value();
    flip(report->report_data, 1, ATLS_SIGNATURE_INVALID);
    flip(report->measurement, 1, ATLS_SIGNATURE_INVALID);
    flip(report->chip_id, 1, ATLS_ENDORSEMENT_MISMATCH);
    flip(report->reported_tcb, 1, ATLS_ENDORSEMENT_MISMATCH);
    flip(atls_view(report->signed_part.data + 0x2a0, 48), 1,
         ATLS_SIGNATURE_INVALID);
    flip(atls_view(report->signed_part.data + 0x2a0 + 72, 48), 1,
         ATLS_SIGNATURE_INVALID);
    flip(good.parts.runtime_data, 3, ATLS_AK_UNBOUND);
    flip(atls_view(good.parts.quote.hcl_report.data, 4), 1,
         ATLS_EVIDENCE_MALFORMED);
    flip(atls_view(good.parts.quote.hcl_report.data + 4, 28), 1, ATLS_OK);
    ck_assert_reason(judge_value(FORGE_NOW), ATLS_OK);
    clear_value();
}
END_TEST

/* The order of P-384, little-endian */
static const uint8_t order[48] = {
    0x73, 0x29, 0xc5, 0xcc, 0x6a, 0x19, 0xec, 0xec, 0x7a, 0xa7, 0xb0, 0x48,
    0xb2, 0x0d, 0x1a, 0x58, 0xdf, 0x2d, 0x37, 0xf4, 0x81, 0x4d, 0x63, 0xc7,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

START_TEST(signature_outside_the_group_is_refused)
{
    uint8_t *half;

    open_value();
    half = at_of(good.parts.quote.hcl_report, 32 + 0x2a0 + (_i & 1 ? 72 : 0));
    memset(half, 0, sizeof(order));
    if (_i & 2)
        memcpy(half, order, sizeof(order));
    ck_assert_reason(judge_value(FORGE_NOW), ATLS_SIGNATURE_INVALID);
    clear_value();
}
END_TEST

START_TEST(rsa_signature_of_zeros_or_of_the_modulus_is_refused)
{
    ATLS_AUTO(BIGNUM) *n = NULL;

    open_value();
    memset(at_of(good.parts.quote.signature.rsa, 0), 0,
           good.parts.quote.signature.rsa.len);
    ck_assert_reason(judge_value(FORGE_NOW), ATLS_SIGNATURE_INVALID);
    ck_assert_int_eq(
        EVP_PKEY_get_bn_param(forged.ak, OSSL_PKEY_PARAM_RSA_N, &n), 1);
    BN_bn2bin(n, at_of(good.parts.quote.signature.rsa, 0));
    ck_assert_reason(judge_value(FORGE_NOW), ATLS_SIGNATURE_INVALID);
    clear_value();
}
END_TEST

/* Of what the ASK has signed, and of its signature: dates are looked at before
 * that, and not all of it can be read then. */
START_TEST(flipped_bit_of_the_certificate_is_refused)
{
    struct atls_view der;

    open_value();
    der = good.parts.quote.certificates;
    for (size_t i = 0; i < der.len; i += 2) {
        enum atls_reason reason;

        *at_of(der, i) ^= 1;
        reason = judge_value(FORGE_NOW);
        ck_assert_msg(
            reason == ATLS_CHAIN_UNTRUSTED || reason == ATLS_CHAIN_EXPIRED ||
                reason == ATLS_EVIDENCE_MALFORMED,
            "byte %zu: %s: %s", i, atls_reason_name(reason), verdict.text);
        *at_of(der, i) ^= 1;
    }
    flip(atls_view(der.data + der.len - 256, 256), 1, ATLS_CHAIN_UNTRUSTED);
    clear_value();
}
END_TEST

START_TEST(certificates_are_judged_at_the_given_time)
{
    open_value();
    ck_assert_reason(judge_value(FORGE_NOW + FORGE_YEAR + 1),
                     ATLS_CHAIN_EXPIRED);
    ck_assert_reason(judge_value(FORGE_NOW - FORGE_YEAR - 1),
                     ATLS_CHAIN_EXPIRED);
    clear_value();
}
END_TEST

START_TEST(evidence_cut_anywhere_or_longer_is_refused)
{
    struct atls_vtpm_claims claims;
    struct atls_view nonce;

    open_value();
    for (size_t len = 0; len <= good.value.len; len++) {
        claims = (struct atls_vtpm_claims){.runtime_data = {NULL, 0}};
        ck_assert_reason(atls_format_vtpm.parse(atls_view(good.value.data, len),
                                                &claims, &nonce, NULL),
                         len < good.value.len ? ATLS_EVIDENCE_MALFORMED
                                              : ATLS_OK);
    }
    atls_buf_u8(&good.value, 0);
    ck_assert_reason(judge_value(FORGE_NOW), ATLS_EVIDENCE_MALFORMED);
    clear_value();
}
END_TEST

/* At every border of the frame, and one byte before and behind */
START_TEST(hcl_report_cut_at_a_border_is_refused)
{
    static const size_t borders[] = {
        4,           8,           32,           AT_DATA,
        AT_DATA + 4, AT_DATA + 8, AT_DATA + 12, AT_DATA + 16,
        AT_RUNTIME};
    ATLS_AUTO_BUF hcl = atls_buf(FORGE_MAX);
    size_t end;

    forge_vtpm_report(&forged, &hcl);
    end = hcl.len - 64; /* of the runtime data */
    for (size_t i = 0; i < sizeof(borders) / sizeof(borders[0]); i++)
        for (size_t j = 0; j < 3; j++) {
            forged.size = borders[i] + j - 1;
            judge(ANY, ATLS_EVIDENCE_MALFORMED);
        }
    forged.size = end - 1;
    judge(ANY, ATLS_EVIDENCE_MALFORMED);
    forged.size = end;
    judge(ANY, ATLS_OK);
}
END_TEST

static X509 *real_ark(void)
{
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);
    ATLS_AUTO_CHAIN STACK_OF(X509) *chain = sk_X509_new_null();

    ck_assert(forge_vector("snp/ask_ark_milan.pem", &pem));
    ck_assert_reason(atls_chain_read(atls_buf_view(&pem), chain, NULL),
                     ATLS_OK);
    return sk_X509_delete(chain, 1);
}

/* Azure's own: the quote and the report of one machine, by others */
START_TEST(quote_of_azure_is_accepted_up_to_amd)
{
    ATLS_AUTO_BUF hcl = atls_buf(FORGE_MAX), pem = atls_buf(FORGE_MAX);
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), cmw = atls_buf(FORGE_MAX);
    ATLS_AUTO(X509) *ark = real_ark();
    struct real_quote quote;

    real_quote_open(&quote);
    real_quote_azure(&quote, "tpm/azure-tpm-quote-v1.json");
    ck_assert(forge_vector("tpm/azure-hcl-report.bin", &hcl));
    ck_assert(forge_vector("snp/azure-hcl-report.vcek-chain.pem", &pem));
    real_quote_put(&quote, &value);
    real_quote_clear(&quote);
    forge_vtpm_entry(&value, "hcl_report", atls_buf_view(&hcl));
    forge_vtpm_entry(&value, "certificates", atls_buf_view(&pem));
    forge_cmw(&cmw, TYPE_TPM, atls_buf_view(&value), 4);
    judge_cmw(atls_buf_view(&cmw), ark, ANY, atls_view_text("challenge"),
              FORGE_NOW, ATLS_OK);
    judge_cmw(atls_buf_view(&cmw), ark, ANY, atls_view_text("challengf"),
              FORGE_NOW, ATLS_BINDER_MISMATCH);
    judge_cmw(atls_buf_view(&cmw), ark,
              "\"any\":true,\"tee\":{\"format\":\"snp\",\"measurement\":\"" B48(
                  "00") "\"}",
              atls_view_text("challenge"), FORGE_NOW, ATLS_MEASUREMENT_REFUSED);
}
END_TEST

#define ADD(test) tcase_add_test(tests, test)

int main(void)
{
    Suite *suite = suite_create("vtpm");
    TCase *tests = tcase_create("vtpm");
    const char *vectors = getenv("ATLS_VECTORS");

    tcase_set_timeout(tests, 120);
    (void)forge_rsa(0); /* once, not in each test's process */
    (void)forge_rsa(1);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    ADD(quote_whose_key_the_report_names_is_accepted);
    ADD(both_parts_of_a_profile_are_judged);
    ADD(quote_is_held_against_every_key_of_a_tpm);
    ADD(key_that_the_report_does_not_cover_is_refused);
    ADD(quote_by_another_key_is_refused);
    ADD(quote_by_another_rsa_key_is_refused);
    ADD(runtime_data_without_the_key_is_refused);
    tcase_add_loop_test(tests, report_of_another_form_is_refused, 0,
                        sizeof(frames) / sizeof(frames[0]));
    ADD(certificates_must_be_there);
    ADD(quote_of_a_td_does_not_stand_beside_a_report_of_sev_snp);
    ADD(quote_without_a_nonce_is_told_by_what_else_is_wrong);
    ADD(quote_without_a_report_is_of_a_tpm_that_the_policy_knows);
    ADD(report_by_another_root_is_refused);
    tcase_add_loop_test(tests, profile_that_leaves_a_part_open_says_so, 0, 6);
    ADD(profile_is_learned_for_both_parts);
    ADD(flipped_bit_of_the_quote_is_refused);
    ADD(flipped_bit_of_the_report_is_refused);
    ADD(flipped_bit_of_the_certificate_is_refused);
    tcase_add_loop_test(tests, signature_outside_the_group_is_refused, 0, 4);
    ADD(rsa_signature_of_zeros_or_of_the_modulus_is_refused);
    ADD(certificates_are_judged_at_the_given_time);
    ADD(evidence_cut_anywhere_or_longer_is_refused);
    ADD(hcl_report_cut_at_a_border_is_refused);
    if (vectors != NULL && vectors[0] != '\0')
        ADD(quote_of_azure_is_accepted_up_to_amd);
    suite_add_tcase(suite, tests);
    return check_main(suite);
}
