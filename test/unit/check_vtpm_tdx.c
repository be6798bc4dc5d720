/* SPDX-License-Identifier: Apache-2.0
 *
 * Quotes of a virtual TPM on TDX: a good one under an Intel of our own, what
 * an attacker makes of it, and Azure's report and quote by others.
 */
#include "vtpm.h"

#include <stdio.h>
#include <string.h>

#include "evidence.h"
#include "forge_tcb.h"
#include "forge_vtpm.h"
#include "learn.h"
#include "stock.h"
#include "want.h"
#include "../check_main.h"

#define TYPE_TPM "application/vnd.atls.tpm-quote+cbor"
#define B16(x)   x x x x x x x x x x x x x x x x
#define B32(x)   B16(x) B16(x)
#define B48(x)   B32(x) B16(x)

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

enum { AT_TD = 32, AT_RUNTIME = 1236, AT_ATTRIBUTES = 120 };

static struct forge_dcap platform;
static struct forge_dcap_quote td;
static struct forge_folder folder;
static struct forge_vtpm forged;
static struct atls_verdict verdict;

static void set_up(void)
{
    forge_dcap_open(&platform);
    forge_folder_open(&folder);
    forge_tcb_collateral(&platform, true, folder.path);
    forge_dcap_quote_init(&td, "tdx4", forge_nonce(1));
    forged = (struct forge_vtpm){
        .platform = &platform, .td = &td, .ak = forge_key("ak-rsa")};
}

static void tear_down(void)
{
    forge_folder_clear(&folder);
    forge_dcap_clear(&platform);
    EVP_PKEY_free(forged.ak);
}

/* profiles: JSON, with "F" for the folder */
static struct atls_policy *policy_of(const char *profiles)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    atls_buf_text(&text, "{\"profiles\":{");
    for (; *profiles != '\0'; profiles++)
        if (*profiles == 'F')
            atls_buf_text(&text, folder.path);
        else
            atls_buf_u8(&text, (uint8_t)*profiles);
    atls_buf_text(&text, "}}");
    ck_assert_msg(atls_policy_parse(atls_buf_view(&text), "p", "/", NULL, NULL,
                                    &policy, &why) == ATLS_OK,
                  "%s", why.text);
    return policy;
}

#define PROFILE(more)                                                          \
    "\"p\":{\"format\":\"vtpm\",\"trust_anchors\":[\"F/root.pem\"]," more "}"
#define TEE_OF(more) "\"tee\":{\"format\":\"tdx\",\"collateral\":\"F\"" more "}"
#define ANY_OF(more) PROFILE("\"any\":true," TEE_OF(more))
#define ANY          ANY_OF("")
#define PCR7(byte)   "\"pcrs\":{\"sha256\":{\"7\":\"" B32(byte) "\"}}"
#define PINNED(mrtd)                                                           \
    PROFILE(PCR7("07") "," TEE_OF(",\"mrtd\":\"" B48(mrtd) "\""))

static void judge_value(struct atls_view value, const char *profiles,
                        int64_t now, enum atls_reason reason)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct atls_policy *policy = policy_of(profiles);

    forge_cmw(&cmw, TYPE_TPM, value, 4);
    (void)atls_appraise(policy, atls_buf_view(&cmw), forge_nonce(FORGE_NONCE),
                        now, NULL, &verdict);
    atls_policy_free(policy);
    ck_assert_msg(verdict.reason == reason, "want %s, found %s: %s",
                  atls_reason_name(reason), atls_reason_name(verdict.reason),
                  verdict.text);
}

static void judge(const char *profiles, enum atls_reason reason)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);

    forge_vtpm_value(&forged, forge_nonce(FORGE_NONCE), &value);
    judge_value(atls_buf_view(&value), profiles, FORGE_DCAP_NOW, reason);
}

START_TEST(quote_whose_key_the_td_names_is_accepted)
{
    judge(PINNED("11"), ATLS_OK);
    ck_assert_int_eq(verdict.tier, ATLS_TIER_AFFIRMING);
    ck_assert_int_eq(verdict.vector[ATLS_EXECUTABLES], 3);
    ck_assert_int_eq(verdict.vector[ATLS_HARDWARE], 2);
    judge(ANY, ATLS_OK);
    ck_assert_int_eq(verdict.vector[ATLS_EXECUTABLES], 0);
    forge_dcap_quote_init(&td, "tdx15", forge_nonce(1));
    judge(ANY, ATLS_OK);
}
END_TEST

START_TEST(both_parts_of_a_profile_are_judged)
{
    judge(PROFILE("\"any\":true," PCR7("08") "," TEE_OF("")),
          ATLS_PCR_MISMATCH);
    judge(PINNED("12"), ATLS_MEASUREMENT_REFUSED);
    td.body[AT_ATTRIBUTES] |= 1;
    judge(ANY, ATLS_DEBUG_REFUSED);
    judge(ANY_OF(",\"debug\":true"), ATLS_OK);
    td.body[AT_ATTRIBUTES] = 0;
    td.body[AT_ATTRIBUTES + 3] = 0; /* SEPT_VE_DISABLE, as on Azure */
    judge(ANY, ATLS_CONFIGURATION_REFUSED);
    judge(ANY_OF(",\"sept_ve_disable\":false"), ATLS_OK);
}
END_TEST

START_TEST(log_of_the_td_is_none_of_the_tpm)
{
    judge(ANY_OF(",\"eventlog\":true"), ATLS_CLAIM_MISSING);
}
END_TEST

START_TEST(key_that_the_td_does_not_name_is_refused)
{
    forged.is_unsigned_data = true;
    judge(ANY, ATLS_AK_UNBOUND);
    forged.is_unsigned_data = false;
    forged.report_data_end = 1; /* no zero */
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

static void put_with(const char *key, struct atls_view bytes,
                     struct atls_buf *value)
{
    forge_vtpm_value(&forged, forge_nonce(FORGE_NONCE), value);
    forge_vtpm_entry(value, key, bytes);
}

START_TEST(quote_of_the_td_must_be_there_and_nothing_of_amds)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);

    forged.hides_td_quote = true;
    judge(ANY, ATLS_EVIDENCE_MALFORMED);
    put_with("td_quote", atls_view(NULL, 0), &value);
    judge_value(atls_buf_view(&value), ANY, FORGE_DCAP_NOW,
                ATLS_EVIDENCE_MALFORMED);
    forged.hides_td_quote = false;
    atls_buf_clear(&value);
    put_with("certificates", atls_view_text("certificate"), &value);
    judge_value(atls_buf_view(&value), ANY, FORGE_DCAP_NOW,
                ATLS_EVIDENCE_MALFORMED);
}
END_TEST

/* A good quote of the same platform, of something else */
static void judge_other_quote(const char *kind, enum atls_reason reason)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), quote = atls_buf(FORGE_MAX);
    struct forge_dcap_quote other;

    forge_dcap_quote_init(&other, kind, forge_nonce(32));
    forge_dcap_quote(&platform, &other, &quote);
    forged.hides_td_quote = true;
    put_with("td_quote", atls_buf_view(&quote), &value);
    judge_value(atls_buf_view(&value), ANY, FORGE_DCAP_NOW, reason);
}

START_TEST(quote_of_something_else_on_the_platform_is_refused)
{
    judge_other_quote("tdx4", ATLS_AK_UNBOUND);
    judge_other_quote("sgx4", ATLS_FORMAT_UNKNOWN);
}
END_TEST

#define SNP                                                                    \
    "\"s\":{\"format\":\"vtpm\",\"trust_anchors\":[\"F/root.pem\"],"           \
    "\"any\":true,\"tee\":{\"format\":\"snp\"}}"

START_TEST(profile_is_for_one_tee)
{
    judge(SNP, ATLS_PROFILE_MISSING);
    judge(SNP "," ANY, ATLS_OK);
    ck_assert_str_eq(verdict.profile, "p");
    judge(SNP "," PINNED("12"), ATLS_MEASUREMENT_REFUSED);
    judge(PINNED("12") "," SNP, ATLS_MEASUREMENT_REFUSED);
}
END_TEST

/* Without a way past verify_chain, judge would not take it either. */
START_TEST(claims_of_another_tee_are_never_judged)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct atls_policy *policy = policy_of(SNP);
    struct atls_vtpm_claims claims = {.tee = NULL};
    struct atls_view nonce;

    forge_vtpm_value(&forged, forge_nonce(FORGE_NONCE), &value);
    ck_assert_reason(
        atls_format_vtpm.parse(atls_buf_view(&value), &claims, &nonce, NULL),
        ATLS_OK);
    atls_verdict_init(&verdict);
    ck_assert_reason(atls_format_vtpm.judge(&claims,
                                            atls_policy_profile(policy, "s"),
                                            FORGE_DCAP_NOW, &verdict),
                     ATLS_PROFILE_MISSING);
    ck_assert_str_eq(atls_format_vtpm.submod_of(&claims), "AZTDXVTPM");
    atls_policy_free(policy);
}
END_TEST

static const char *const wrong[] = {
    PROFILE("\"any\":true,\"tee\":{\"format\":\"tdx\"}"),
    PROFILE(PCR7("07") "," TEE_OF("")),
    PROFILE("\"any\":true," TEE_OF(",\"measurement\":\"" B48("00") "\"")),
    PROFILE("\"any\":true," TEE_OF(",\"vmpl\":0")),
    PROFILE("\"any\":true,\"tee\":{\"format\":\"sgx\",\"collateral\":\"F\"}"),
};

START_TEST(wrong_profile_is_told)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;

    atls_buf_text(&text, "{\"profiles\":{");
    for (const char *at = wrong[_i]; *at != '\0'; at++)
        if (*at == 'F')
            atls_buf_text(&text, folder.path);
        else
            atls_buf_u8(&text, (uint8_t)*at);
    atls_buf_text(&text, "}}");
    ck_assert_reason(atls_policy_parse(atls_buf_view(&text), "p", "/", NULL,
                                       NULL, &policy, NULL),
                     ATLS_POLICY_INVALID);
}
END_TEST

START_TEST(collateral_is_intels)
{
    struct atls_policy *policy = policy_of(ANY);
    const struct atls_profile *profile = atls_policy_profile(policy, "p");
    struct atls_stock stock = {.collateral = NULL};

    atls_format_vtpm.stock(profile->reference, &stock);
    ck_assert_ptr_nonnull(stock.collateral);
    ck_assert_str_eq(stock.tee, "TDX");
    atls_policy_free(policy);
}
END_TEST

START_TEST(collateral_that_is_missing_or_old_is_told)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);

    forge_vtpm_value(&forged, forge_nonce(FORGE_NONCE), &value);
    judge_value(atls_buf_view(&value), ANY, platform.next + 1,
                ATLS_COLLATERAL_STALE);
    forge_folder_clear(&folder);
    forge_folder_open(&folder);
    forge_tcb_collateral(&platform, false, folder.path); /* of SGX */
    judge(ANY, ATLS_COLLATERAL_MISSING);
}
END_TEST

static struct atls_evidence *evidence_of(void)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), cmw = atls_buf(FORGE_MAX);
    struct atls_evidence *evidence = NULL;

    forge_vtpm_value(&forged, forge_nonce(FORGE_NONCE), &value);
    forge_cmw(&cmw, TYPE_TPM, atls_buf_view(&value), 4);
    ck_assert_reason(
        atls_evidence_parse(atls_buf_view(&cmw), NULL, &evidence, NULL),
        ATLS_OK);
    return evidence;
}

START_TEST(profile_is_learned_for_both_parts)
{
    const int root[] = {FORGE_DCAP_ROOT, -1};
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);
    struct atls_lesson lesson = {.now = FORGE_DCAP_NOW,
                                 .collateral = folder.path};
    struct atls_evidence *evidence = evidence_of();
    ATLS_AUTO_HEAP char *json = NULL;
    struct atls_why why = {0};

    forge_dcap_pem(&platform, &pem, root);
    atls_buf_u8(&pem, 0);
    lesson.certificates = (const char *)pem.data;
    ck_assert_msg(atls_policy_learn(evidence, &lesson, &json, &why) == ATLS_OK,
                  "%s", why.text);
    ck_assert_ptr_nonnull(strstr(json, "\"mrtd\": \"1111"));
    ck_assert_ptr_nonnull(strstr(json, "\"sha256\""));
    atls_evidence_free(evidence);
}
END_TEST

START_TEST(collateral_of_its_platform_is_what_is_wanted)
{
    struct atls_evidence *evidence = evidence_of();
    static struct atls_wants wants;

    atls_wants_of_evidence(&wants, evidence);
    ck_assert_uint_eq(wants.num, 4);
    ck_assert_int_eq(wants.items[0].kind, ATLS_WANT_PCK_CRL);
    ck_assert_int_eq(wants.items[3].kind, ATLS_WANT_QE_IDENTITY);
    ck_assert(wants.items[3].is_td);
    atls_evidence_free(evidence);
}
END_TEST

/* Good Evidence, to be changed, and where its parts are. */
static struct good {
    struct atls_buf value;
    struct atls_vtpm_claims parts;
    struct atls_policy *policy;
} good;

static void open_good(void)
{
    struct atls_view nonce;

    good.value = atls_buf(FORGE_MAX);
    good.parts = (struct atls_vtpm_claims){.tee = NULL};
    good.policy = policy_of(ANY);
    forge_vtpm_value(&forged, forge_nonce(FORGE_NONCE), &good.value);
    ck_assert_reason(atls_format_vtpm.parse(atls_buf_view(&good.value),
                                            &good.parts, &nonce, NULL),
                     ATLS_OK);
}

static void clear_good(void)
{
    atls_policy_free(good.policy);
    atls_buf_clear(&good.value);
}

static enum atls_reason judge_good(void)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);

    forge_cmw(&cmw, TYPE_TPM, atls_buf_view(&good.value), 4);
    return atls_appraise(good.policy, atls_buf_view(&cmw),
                         forge_nonce(FORGE_NONCE), FORGE_DCAP_NOW, NULL,
                         &verdict);
}

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
        ck_assert_msg(judge_good() == reason, "byte %zu: %s: %s", i,
                      atls_reason_name(verdict.reason), verdict.text);
        *at_of(part, i) ^= 1;
    }
}

START_TEST(flipped_bit_is_refused)
{
    const struct atls_tpm_claims *quote = &good.parts.quote;
    const struct atls_quote *of_td = &good.parts.tdx.quote;
    struct atls_view hcl;

    open_good();
    hcl = good.parts.quote.hcl_report;
    flip(of_td->body, 7, ATLS_SIGNATURE_INVALID);
    flip(of_td->td.report_data, 1, ATLS_SIGNATURE_INVALID);
    flip(of_td->signature, 5, ATLS_SIGNATURE_INVALID);
    flip(of_td->qe_signature, 5, ATLS_SIGNATURE_INVALID);
    flip(of_td->key, 5, ATLS_SIGNATURE_INVALID);
    flip(good.parts.runtime_data, 3, ATLS_AK_UNBOUND);
    flip(quote->attest.extra_data, 1, ATLS_BINDER_MISMATCH);
    flip(quote->attest.pcr_digest, 3, ATLS_SIGNATURE_INVALID);
    flip(quote->signature.rsa, 9, ATLS_SIGNATURE_INVALID);
    flip(atls_view(quote->banks[0].values[7], 32), 5, ATLS_PCR_DIGEST);
    /* a TDREPORT is nobody's word here */
    flip(atls_view(hcl.data + AT_TD, ATLS_SNP_REPORT), 97, ATLS_OK);
    ck_assert_reason(judge_good(), ATLS_OK);
    clear_good();
}
END_TEST

START_TEST(evidence_cut_anywhere_or_longer_is_refused)
{
    struct atls_vtpm_claims claims;
    struct atls_view nonce;

    open_good();
    for (size_t len = 0; len <= good.value.len; len++) {
        claims = (struct atls_vtpm_claims){.tee = NULL};
        ck_assert_reason(atls_format_vtpm.parse(atls_view(good.value.data, len),
                                                &claims, &nonce, NULL),
                         len < good.value.len ? ATLS_EVIDENCE_MALFORMED
                                              : ATLS_OK);
    }
    atls_buf_u8(&good.value, 0);
    ck_assert_reason(judge_good(), ATLS_EVIDENCE_MALFORMED);
    clear_good();
}
END_TEST

/* Azure's, by others: the TD names the key, up to Intel's root. The quote of
 * that TPM is not there, nor what Intel says of the platform. */
START_TEST(report_of_azure_is_named_by_its_td)
{
    ATLS_AUTO_BUF hcl = atls_buf(FORGE_MAX), quoted = atls_buf(FORGE_MAX);
    struct atls_hcl_report report;
    struct atls_quote quote;
    uint8_t wanted[64] = {0};
    EVP_PKEY *key = NULL;

    ck_assert(forge_vector("tdx/azure-hcl-report.bin", &hcl));
    ck_assert(forge_vector("tdx/azure-td-quote.dat", &quoted));
    ck_assert_reason(atls_hcl_report_parse(atls_buf_view(&hcl), &report, NULL),
                     ATLS_OK);
    ck_assert(report.is_td);
    ck_assert_uint_eq((size_t)(report.runtime_data.data - hcl.data),
                      AT_RUNTIME);
    ck_assert_reason(atls_quote_parse(atls_buf_view(&quoted), &quote, NULL),
                     ATLS_OK);
    ck_assert(EVP_Q_digest(NULL, "SHA256", NULL, report.runtime_data.data,
                           report.runtime_data.len, wanted, NULL));
    ck_assert(atls_view_equal(quote.td.report_data, atls_view(wanted, 64)));
    ck_assert_reason(atls_hcl_key(report.runtime_data, &key, NULL), ATLS_OK);
    EVP_PKEY_free(key);
}
END_TEST

#define ADD(test) tcase_add_test(tests, test)

int main(void)
{
    Suite *suite = suite_create("vtpm_tdx");
    TCase *tests = tcase_create("vtpm_tdx");
    ATLS_AUTO_BUF any = atls_buf(FORGE_MAX);

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    ADD(quote_whose_key_the_td_names_is_accepted);
    ADD(both_parts_of_a_profile_are_judged);
    ADD(log_of_the_td_is_none_of_the_tpm);
    ADD(key_that_the_td_does_not_name_is_refused);
    ADD(quote_by_another_key_is_refused);
    ADD(quote_of_the_td_must_be_there_and_nothing_of_amds);
    ADD(quote_of_something_else_on_the_platform_is_refused);
    ADD(profile_is_for_one_tee);
    ADD(claims_of_another_tee_are_never_judged);
    tcase_add_loop_test(tests, wrong_profile_is_told, 0,
                        (int)(sizeof(wrong) / sizeof(wrong[0])));
    ADD(collateral_is_intels);
    ADD(collateral_that_is_missing_or_old_is_told);
    ADD(profile_is_learned_for_both_parts);
    ADD(collateral_of_its_platform_is_what_is_wanted);
    ADD(flipped_bit_is_refused);
    ADD(evidence_cut_anywhere_or_longer_is_refused);
    if (forge_vector("tdx/azure-hcl-report.bin", &any))
        ADD(report_of_azure_is_named_by_its_td);
    suite_add_tcase(suite, tests);
    return check_main(suite);
}
