/* SPDX-License-Identifier: Apache-2.0
 *
 * Policies from CoRIMs: what they then accept and refuse, and the CoRIMs of
 * which none is made.
 */
#include <stdio.h>
#include <string.h>

#include "evidence.h"
#include "forge_cca.h"
#include "forge_corim.h"
#include "forge_snp.h"
#include "import.h"
#include "../check_main.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

static char left_out[4096];
static struct atls_why why;

static void keep(void *arg, const char *sentence)
{
    size_t len = strlen(left_out);

    (void)arg;
    snprintf(left_out + len, sizeof(left_out) - len, "%s\n", sentence);
}

/* The reason, with the policy's text where there is one. */
static enum atls_reason import_all(const struct atls_view *corims, size_t num,
                                   const struct atls_import_terms *terms,
                                   char **json)
{
    struct atls_import *import = atls_import_new(terms);
    enum atls_reason reason = ATLS_OK;

    *json = NULL;
    left_out[0] = '\0';
    why = (struct atls_why){0};
    ck_assert_ptr_nonnull(import);
    for (size_t i = 0; reason == ATLS_OK && i < num; i++)
        reason = atls_import_take(import, corims[i], "a.corim", &why);
    if (reason == ATLS_OK)
        reason = atls_import_policy(import, json, &why);
    ck_assert_reason(why.reason, reason);
    ck_assert_int_eq(*json == NULL, reason != ATLS_OK);
    atls_import_free(import);
    return reason;
}

static struct atls_import_terms terms_at(int64_t now)
{
    return (struct atls_import_terms){
        .corim.now = now, .name = "p", .tell = keep};
}

static enum atls_reason import_bytes(struct atls_view bytes,
                                     const struct atls_import_terms *terms)
{
    ATLS_AUTO_HEAP char *json = NULL;

    return import_all(&bytes, 1, terms, &json);
}

static char *policy_of(const char *notation, const char *second,
                       const struct atls_import_terms *terms)
{
    ATLS_AUTO_BUF first_corim = atls_buf(FORGE_MAX);
    ATLS_AUTO_BUF second_corim = atls_buf(FORGE_MAX);
    struct atls_view corims[2];
    enum atls_reason reason;
    char *json;

    forge_corim(&first_corim, notation);
    if (second != NULL)
        forge_corim(&second_corim, second);
    corims[0] = atls_buf_view(&first_corim);
    corims[1] = atls_buf_view(&second_corim);
    reason = import_all(corims, second != NULL ? 2 : 1, terms, &json);
    ck_assert_msg(reason == ATLS_OK, "%s: %s", atls_reason_name(reason),
                  why.text);
    return json;
}

static enum atls_reason judge(const char *json, const struct atls_buf *cmw,
                              int64_t now)
{
    struct atls_policy *policy = NULL;
    struct atls_verdict verdict;

    ck_assert_reason(atls_policy_parse(atls_view_text(json), "p", "", NULL,
                                       NULL, &policy, NULL),
                     ATLS_OK);
    (void)atls_appraise(policy, atls_buf_view(cmw), forge_nonce(FORGE_NONCE),
                        now, NULL, &verdict);
    atls_policy_free(policy);
    return verdict.reason;
}

/* PSA */

/* A token of a device with that key, in which one claim is another. */
static enum atls_reason judge_token(const char *json, const char *key_name,
                                    int64_t claim, const char *hex)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_key(key_name);
    ATLS_AUTO_BUF token = atls_buf(FORGE_MAX);
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct forge_claims claims;

    forge_claims(&claims, key, forge_nonce(FORGE_NONCE));
    if (hex != NULL)
        forge_claim_set(&claims, claim, hex);
    forge_psa(&token, &claims, key);
    forge_claims_clear(&claims);
    forge_cmw(&cmw, "10003", atls_buf_view(&token), 4);
    return judge(json, &cmw, 1);
}

START_TEST(psa_policy_accepts_what_the_corim_describes_and_nothing_else)
{
    const struct atls_import_terms terms = terms_at(1);
    ATLS_AUTO_HEAP char *json = policy_of(FORGE_PSA, NULL, &terms);

    ck_assert_str_eq(left_out, "");
    ck_assert_reason(judge_token(json, "psa", 0, NULL), ATLS_OK);
    ck_assert_reason(judge_token(json, "psa-other", 0, NULL),
                     ATLS_ANCHOR_UNKNOWN);
    ck_assert_reason(judge_token(json, "psa", 2396, "5820" FORGE_X32("97")),
                     ATLS_INSTANCE_REFUSED);
    ck_assert_reason(judge_token(json, "psa", 2395, "191000"),
                     ATLS_LIFECYCLE_REFUSED);
    /* one component that is listed, and not both */
    ck_assert_reason(judge_token(json, "psa", 2399,
                                 "81a3016353504502"
                                 "5820" FORGE_X32("02") "05"
                                                        "5820" FORGE_X32("05")),
                     ATLS_COMPONENT_REFUSED);
    /* and one that is not */
    ck_assert_reason(
        judge_token(
            json, "psa", 2399,
            "82a3016353504502"
            "5820" FORGE_X32("02") "05"
                                   "5820" FORGE_X32(
                                       "05") "a301644e53504502"
                                             "5820" FORGE_X32(
                                                 "04") "05"
                                                       "5820" FORGE_X32("06")),
        ATLS_COMPONENT_REFUSED);
}
END_TEST

START_TEST(values_and_keys_may_come_in_corims_of_their_own)
{
    const struct atls_import_terms terms = terms_at(1);
    ATLS_AUTO_HEAP char *json = policy_of(
        FORGE_CORIM(FORGE_COMID(FORGE_PSA_KEYS), FORGE_PSA_PROFILE),
        FORGE_CORIM(FORGE_COMID(FORGE_PSA_REFERENCES), FORGE_PSA_PROFILE),
        &terms);

    ck_assert_reason(judge_token(json, "psa", 0, NULL), ATLS_OK);
}
END_TEST

/* A newer version beside the older one: either, and no mixture of both. */
#define OTHER_SPE FORGE_COMPONENT("psa.software-component", "SPE", "12", "05")

START_TEST(each_reference_triple_is_a_profile)
{
    const struct atls_import_terms terms = terms_at(1);
    ATLS_AUTO_HEAP char *json = policy_of(
        FORGE_CORIM(FORGE_COMID("0: [[{" FORGE_PSA_CLASS "}, [" FORGE_SPE
                                ", " FORGE_NSPE "]], [{" FORGE_PSA_CLASS
                                "}, [" OTHER_SPE "]]], " FORGE_PSA_KEYS),
                    FORGE_PSA_PROFILE),
        NULL, &terms);

    ck_assert_ptr_nonnull(strstr(json, "\"p.1\""));
    ck_assert_ptr_nonnull(strstr(json, "\"p.2\""));
    ck_assert_reason(judge_token(json, "psa", 0, NULL), ATLS_OK);
    ck_assert_reason(judge_token(json, "psa", 2399,
                                 "81a3016353504502"
                                 "5820" FORGE_X32("12") "05"
                                                        "5820" FORGE_X32("05")),
                     ATLS_OK);
    ck_assert_reason(
        judge_token(
            json, "psa", 2399,
            "82a3016353504502"
            "5820" FORGE_X32("12") "05"
                                   "5820" FORGE_X32(
                                       "05") "a301644e53504502"
                                             "5820" FORGE_X32(
                                                 "03") "05"
                                                       "5820" FORGE_X32("06")),
        ATLS_COMPONENT_REFUSED);
}
END_TEST

/* CCA */

#define REM(byte) "5820" FORGE_X32(byte)
#define RPV       "{0: \"cca.rpv\", 1: {4: 560(h'" X64("41") "')}}"
#define CONFIG(more)                                                           \
    ", {0: \"cca.platform-config\", 1: {4: 560(h'cfcfcfcf')" more "}}"

#define TYPE_CCA                                                               \
    "application/eat+cwt; "                                                    \
    "eat_profile=\"tag:arm.com,2023:cca_platform#1.0.0\""

static enum atls_reason judge_realm(const char *json, int64_t claim,
                                    bool is_of_realm, const char *hex)
{
    ATLS_AUTO(EVP_PKEY) *cpak = forge_key("psa");
    ATLS_AUTO(EVP_PKEY) *rak = forge_ec("P-384");
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    uint8_t challenge[64] = {0}; /* the binder left, zeros right */
    static struct forge_cca cca;

    memcpy(challenge, forge_nonce(FORGE_NONCE).data, FORGE_NONCE);
    forge_cca(&cca, cpak, rak, atls_view(challenge, sizeof(challenge)));
    if (hex != NULL)
        forge_claim_set(is_of_realm ? &cca.realm : &cca.platform, claim, hex);
    forge_cca_put(&cca, &value);
    forge_cca_clear(&cca);
    forge_cmw(&cmw, TYPE_CCA, atls_buf_view(&value), 4);
    return judge(json, &cmw, 1);
}

START_TEST(cca_policy_wants_the_platform_and_the_realm_of_the_corims)
{
    const struct atls_import_terms terms = terms_at(1);
    ATLS_AUTO_HEAP char *json = policy_of(
        FORGE_CCA_REALM(FORGE_X32("43"),
                        FORGE_CCA_REGISTER("rim", "43") ", " FORGE_CCA_REGISTER(
                            "rem0", "45") ", " RPV),
        FORGE_CCA_PLATFORM(""), &terms);

    ck_assert_reason(judge_realm(json, 0, false, NULL), ATLS_OK);
    ck_assert_reason(judge_realm(json, 44238, true, "5820" FORGE_X32("44")),
                     ATLS_REALM_REFUSED);
    ck_assert_reason(judge_realm(json, 44235, true, "5840" X64("44")),
                     ATLS_REALM_REFUSED);
    ck_assert_reason(judge_realm(json, 44239, true,
                                 "84" REM("46") REM("45") REM("45") REM("45")),
                     ATLS_REALM_REFUSED);
    ck_assert_reason(judge_realm(json, 2396, false, "5820" FORGE_X32("01")),
                     ATLS_INSTANCE_REFUSED);
    ck_assert_reason(judge_realm(json, 2399, false,
                                 "81a3016353504502"
                                 "5820" FORGE_X32("02") "05"
                                                        "5820" FORGE_X32("05")),
                     ATLS_COMPONENT_REFUSED);
}
END_TEST

START_TEST(cca_configuration_is_pinned_unless_its_mask_leaves_it_open)
{
    struct atls_import_terms terms = terms_at(1);
    ATLS_AUTO_HEAP char *json = policy_of(
        FORGE_CCA_REALM(FORGE_X32("43"), FORGE_CCA_REGISTER("rim", "43")),
        FORGE_CCA_PLATFORM(CONFIG(", 5: h'ffffffff'")), &terms);

    ck_assert_ptr_nonnull(strstr(json, "\"config\": \"cfcfcfcf\""));
    free(json);
    terms.is_partial = true;
    json = policy_of(
        FORGE_CCA_REALM(FORGE_X32("43"), FORGE_CCA_REGISTER("rim", "43")),
        FORGE_CCA_PLATFORM(CONFIG(", 5: h'ffffff00'")), &terms);
    ck_assert_ptr_null(strstr(json, "config"));
    ck_assert_ptr_nonnull(strstr(left_out, "a.corim: left out: "
                                           "cca.platform-config"));
    ck_assert_reason(judge_realm(json, 0, false, NULL), ATLS_OK);
}
END_TEST

/* SEV-SNP */

#define X48(byte)         FORGE_X32(byte) FORGE_X16(byte)
#define MEASUREMENT(is)   "{0: 641, 1: {2: [[7, h'" X48(is) "']]}}"
#define RAW(mkey, hex)    "{0: " mkey ", 1: {4: 560(h'" hex "')}}"
#define SVN(mkey, tagged) "{0: " mkey ", 1: {1: " tagged "}}"

static struct forge_snp chip;

static void open_chip(void)
{
    forge_snp_open(&chip, ATLS_SNP_MILAN, forge_nonce(FORGE_NONCE));
    forge_snp_certify(&chip);
}

static void close_chip(void)
{
    forge_snp_clear(&chip);
}

/* With the ARK of the chip's maker */
static char *snp_policy(const char *references,
                        const struct atls_import_terms *terms)
{
    ATLS_AUTO_BUF notation = atls_buf(FORGE_MAX);

    atls_buf_text(&notation, "501({0: \"corim\", 1: [506(<<{1: {0: \"t\"}, 4: "
                             "{3: [[{0: {1: \"AMD\", 2: \"ARK\"}}, [555(\"");
    forge_x509_pem(&notation, chip.ark);
    atls_buf_text(&notation, "\")]]], ");
    atls_buf_text(&notation, references);
    atls_buf_text(&notation, "}}>>)], 3: 32(\"" FORGE_SNP_PROFILE "\")})");
    atls_buf_u8(&notation, '\0');
    return policy_of((const char *)notation.data, NULL, terms);
}

static enum atls_reason judge_guest(const char *json, size_t at, uint64_t value,
                                    size_t len)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct forge_snp guest = chip;

    guest.leaves_signature = false;
    if (len > 0)
        forge_snp_put(&guest, at, value, len);
    forge_snp_cmw(&guest, &cmw);
    return judge(json, &cmw, FORGE_NOW);
}

/* AMD 56860, ATTESTATION_REPORT */
enum {
    AT_GUEST_SVN = 4,
    AT_FAMILY_ID = 0x10,
    AT_VMPL = 0x30,
    AT_MEASUREMENT = 0x90,
    AT_HOST_DATA = 0xc0
};

START_TEST(snp_policy_accepts_the_guest_that_the_corim_describes)
{
    const struct atls_import_terms terms = terms_at(FORGE_NOW);
    ATLS_AUTO_HEAP char *json = snp_policy(
        FORGE_SNP_GUEST(
            ", 1: 560(h'" X48("4d") "')",
            MEASUREMENT("4d") ", " RAW("642", FORGE_X32("48")) ", " RAW(
                "3", FORGE_X16("46")) ", " RAW("5",
                                               "00000000") ", " SVN("1",
                                                                    "553(4)")),
        &terms);

    ck_assert_str_eq(left_out, "");
    ck_assert_reason(judge_guest(json, 0, 0, 0), ATLS_OK);
    ck_assert_reason(judge_guest(json, AT_MEASUREMENT, 1, 8),
                     ATLS_MEASUREMENT_REFUSED);
    ck_assert_reason(judge_guest(json, AT_HOST_DATA, 1, 8),
                     ATLS_CONFIGURATION_REFUSED);
    ck_assert_reason(judge_guest(json, AT_FAMILY_ID, 1, 8),
                     ATLS_MEASUREMENT_REFUSED);
    ck_assert_reason(judge_guest(json, AT_GUEST_SVN, 3, 4),
                     ATLS_MEASUREMENT_REFUSED);
    ck_assert_reason(judge_guest(json, AT_VMPL, 1, 4),
                     ATLS_CONFIGURATION_REFUSED);
}
END_TEST

/* TCB 4, 0, 24, 217: as the little-endian number of a TCB_VERSION */
#define TCB       "15643253305671417860"
#define TCB_NEWER "15715310899709345796"

START_TEST(snp_minimum_of_the_tcb_is_of_the_product_of_the_root)
{
    const struct atls_import_terms terms = terms_at(FORGE_NOW);
    ATLS_AUTO_HEAP char *json = snp_policy(
        FORGE_SNP_GUEST("", MEASUREMENT("4d") ", " SVN("647", "553(" TCB ")")),
        &terms);

    ck_assert_ptr_nonnull(strstr(json, "\"microcode\": 217"));
    ck_assert_reason(judge_guest(json, 0, 0, 0), ATLS_OK);
    free(json);
    json = snp_policy(FORGE_SNP_GUEST("", MEASUREMENT("4d") ", " SVN(
                                              "647", "553(" TCB_NEWER ")")),
                      &terms);
    ck_assert_reason(judge_guest(json, 0, 0, 0), ATLS_TCB_REFUSED);
}
END_TEST

START_TEST(snp_fields_that_a_policy_cannot_hold_are_named)
{
    struct atls_import_terms terms = terms_at(FORGE_NOW);
    ATLS_AUTO_HEAP char *json = NULL;

    terms.is_partial = true;
    json = snp_policy(
        FORGE_SNP_GUEST("",
                        MEASUREMENT("4d") ", " RAW(
                            "2", "0000000000030000") ", " SVN("1", "552(4)")),
        &terms);
    ck_assert_ptr_nonnull(strstr(left_out, "left out: POLICY"));
    ck_assert_ptr_nonnull(strstr(left_out, "left out: guest_svn, and nothing "
                                           "newer"));
    ck_assert_reason(judge_guest(json, AT_GUEST_SVN, 5, 4), ATLS_OK);
    ck_assert_reason(judge_guest(json, AT_GUEST_SVN, 3, 4),
                     ATLS_MEASUREMENT_REFUSED);
}
END_TEST

/* What is refused, with a part of the sentence */

#define PSA(references, keys)                                                  \
    FORGE_CORIM(FORGE_COMID(references ", " keys), FORGE_PSA_PROFILE)
#define PSA_WITH(measurements)                                                 \
    PSA("0: [[{" FORGE_PSA_CLASS "}, [" measurements "]]]", FORGE_PSA_KEYS)
#define SNP(references)      FORGE_CORIM(FORGE_COMID(references), FORGE_SNP_PROFILE)
#define COMPONENT_OF(values) "{0: \"psa.software-component\", 1: {" values "}}"
#define DIGEST               "2: [[1, h'" FORGE_X32("02") "']]"
#define SIGNER               "13: [560(h'" FORGE_X32("05") "')]"
#define RIM                  FORGE_CCA_REGISTER("rim", "43")

static const struct refusal {
    const char *notation;
    enum atls_reason reason;
    const char *text;
} refusals[] = {
    /* the CoRIM */
    {"1", ATLS_CORIM_MALFORMED, "want a CoRIM"},
    {"501({})", ATLS_CORIM_MALFORMED, "want a CoRIM"},
    {"501({0: \"i\", 1: []})", ATLS_CORIM_MALFORMED, "want a CoRIM"},
    {"501({0: \"i\", 1: [h'00']})", ATLS_CORIM_MALFORMED, "want a CoRIM"},
    {"501({0: \"i\", 1: [506(1)]})", ATLS_CORIM_MALFORMED, "want a CoRIM"},
    {"501({0: \"i\", 1: [506(h'a0')], 1: [506(h'a0')]})", ATLS_CORIM_MALFORMED,
     "want a CoRIM"},
    {"501({0: \"i\", 1: [505(h'a0')]})", ATLS_CORIM_UNSUPPORTED,
     "found tag 505"},
    {"501({0: \"i\", 1: [506(h'a0')], 2: []})", ATLS_CORIM_UNSUPPORTED,
     "key 2"},
    {"501({0: \"i\", 1: [506(h'a0')], 4: {2: 1(1)}})", ATLS_CORIM_MALFORMED,
     "want a CoRIM"},
    {"501({0: \"i\", 1: [506(h'a0')], 4: {1: 2(1)}})", ATLS_CORIM_MALFORMED,
     "want a CoRIM"},
    {"501({0: \"i\", 1: [506(h'a0')], 4: {1: 1(0)}})", ATLS_CORIM_TIME,
     "valid until 0"},
    {"501({0: \"i\", 1: [506(h'a0')], 4: {0: 1(2), 1: 1(3)}})", ATLS_CORIM_TIME,
     "valid from 2"},
    {"501({0: \"i\", 1: [506(h'a0')]})", ATLS_CORIM_PROFILE,
     "found none that is a URI"},
    {"501({0: \"i\", 1: [506(h'a0')], 3: 111(h'00')})", ATLS_CORIM_PROFILE,
     "found none that is a URI"},
    {FORGE_CORIM("506(h'a0')", "http://arm.com/psa/iot/1"), ATLS_CORIM_PROFILE,
     "found http://arm.com/psa/iot/1"},
    /* the CoMID */
    {FORGE_CORIM("506(h'a0')", FORGE_PSA_PROFILE), ATLS_CORIM_MALFORMED,
     "a.corim: CoMID 1: want a concise-mid-tag"},
    {FORGE_CORIM("506(h'bf')", FORGE_PSA_PROFILE), ATLS_CORIM_MALFORMED,
     "want a concise-mid-tag"},
    {FORGE_CORIM(FORGE_COMID("0: []"), FORGE_PSA_PROFILE), ATLS_CORIM_MALFORMED,
     "want a concise-mid-tag"},
    {FORGE_CORIM(FORGE_COMID("0: [[{}]]"), FORGE_PSA_PROFILE),
     ATLS_CORIM_MALFORMED, "want an environment and a list"},
    {FORGE_CORIM("506(<<{1: {0: \"t\"}, 3: []}>>)", FORGE_PSA_PROFILE),
     ATLS_CORIM_UNSUPPORTED, "CoMID: key 3"},
    {PSA("1: [[{" FORGE_PSA_CLASS "}, []]]", FORGE_PSA_KEYS),
     ATLS_CORIM_UNSUPPORTED, "triples of key 1"},
    {PSA("0: [[{2: h'00'}, [" FORGE_SPE "]]]", FORGE_PSA_KEYS),
     ATLS_CORIM_UNSUPPORTED, "reference triple 1: environment: key 2"},
    {PSA("0: [[{0: {3: 1}}, [" FORGE_SPE "]]]", FORGE_PSA_KEYS),
     ATLS_CORIM_UNSUPPORTED, "class: key 3"},
    {PSA_WITH(""), ATLS_CORIM_MALFORMED, "want at least one measurement"},
    {PSA_WITH("{0: \"psa.software-component\", 1: {}}"), ATLS_CORIM_MALFORMED,
     "want at least one measurement"},
    {PSA_WITH("1"), ATLS_CORIM_MALFORMED, "want at least one measurement"},
    {PSA(FORGE_PSA_REFERENCES,
         "3: [[{" FORGE_PSA_CLASS ", 1: 550(h'@id@')}, [554(\"@psa@\")], {}]]"),
     ATLS_CORIM_UNSUPPORTED, "attest-key triple 1: conditions"},
    /* PSA */
    {PSA("0: [[{0: {0: 560(h'00')}}, [" FORGE_SPE "]]]", FORGE_PSA_KEYS),
     ATLS_CORIM_MALFORMED, "implementation ID"},
    {PSA("0: [[{0: {0: 600(h'" FORGE_X32("96") "')}}, [" FORGE_SPE "]]]",
         FORGE_PSA_KEYS),
     ATLS_CORIM_MALFORMED, "implementation ID"},
    {PSA("0: [[{" FORGE_PSA_CLASS ", 1: 550(h'@id@')}, [" FORGE_SPE "]]]",
         FORGE_PSA_KEYS),
     ATLS_CORIM_UNSUPPORTED, "one instance"},
    {PSA_WITH("{0: \"psa.else\", 1: {" DIGEST "}}"), ATLS_CORIM_UNSUPPORTED,
     "item 1: mkey"},
    {PSA_WITH("{0: 601({1: \"BL\"}), 1: {" DIGEST "}}"), ATLS_CORIM_UNSUPPORTED,
     "mkey"},
    {PSA_WITH("{0: \"cca.platform-config\", 1: {4: 560(h'00')}}"),
     ATLS_CORIM_UNSUPPORTED, "mkey"},
    {PSA_WITH(COMPONENT_OF(DIGEST)), ATLS_CORIM_MALFORMED, "one signer ID"},
    {PSA_WITH(COMPONENT_OF(SIGNER)), ATLS_CORIM_MALFORMED, "want digests"},
    {PSA_WITH(COMPONENT_OF(DIGEST ", 13: [560(h'00')]")), ATLS_CORIM_MALFORMED,
     "one signer ID"},
    {PSA_WITH(COMPONENT_OF("2: [[7, h'" FORGE_X32("02") "']], " SIGNER)),
     ATLS_CORIM_UNSUPPORTED, "digests"},
    {PSA_WITH(COMPONENT_OF("2: [[1, h'" FORGE_X32(
         "02") "'], [\"sha-256\", h'" FORGE_X32("03") "']], " SIGNER)),
     ATLS_CORIM_UNSUPPORTED, "digests"},
    {PSA_WITH(COMPONENT_OF(DIGEST ", 3: {0: 1}, " SIGNER)),
     ATLS_CORIM_UNSUPPORTED, "value of key 3"},
    {PSA_WITH(COMPONENT_OF(DIGEST ", -1: 1, " SIGNER)), ATLS_CORIM_UNSUPPORTED,
     "not known here"},
    {PSA_WITH("{0: \"psa.software-component\", 1: {" DIGEST ", " SIGNER
              "}, 2: []}"),
     ATLS_CORIM_UNSUPPORTED, "authorized-by"},
    {PSA_WITH(FORGE_SPE ", " OTHER_SPE), ATLS_CORIM_CONFLICT,
     "found a second one"},
    /* keys */
    {PSA(FORGE_PSA_REFERENCES, "3: [[{" FORGE_PSA_CLASS "}, "
                               "[554(\"@psa@\")]]]"),
     ATLS_CORIM_MALFORMED, "instance ID of 33 bytes"},
    {PSA(FORGE_PSA_REFERENCES,
         "3: [[{" FORGE_PSA_CLASS ", 1: 550(h'@id@')}, []]]"),
     ATLS_CORIM_MALFORMED, "want at least one key"},
    {PSA(FORGE_PSA_REFERENCES,
         "3: [[{" FORGE_PSA_CLASS ", 1: 550(h'@id@')}, [558({})]]]"),
     ATLS_CORIM_UNSUPPORTED, "tagged 554"},
    {PSA(FORGE_PSA_REFERENCES, "3: [[{" FORGE_PSA_CLASS
                               ", 1: 550(h'@id@')}, [554(\"/etc/k.pem\")]]]"),
     ATLS_CORIM_MALFORMED, "want one public key"},
    {PSA(FORGE_PSA_REFERENCES, "3: [[{" FORGE_PSA_CLASS ", 1: 550(h'@id@')}, "
                               "[554(\"@psa@@psa-other@\")]]]"),
     ATLS_CORIM_MALFORMED, "and no more"},
    {PSA(FORGE_PSA_REFERENCES, "3: [[{" FORGE_PSA_CLASS ", 1: 550(h'@id@')}, "
                               "[554(\"@psa@\"), 554(\"@psa-other@\")]]]"),
     ATLS_CORIM_CONFLICT, "found a second one"},
    {PSA(FORGE_PSA_REFERENCES,
         "3: [" FORGE_PSA_KEY ", [{" FORGE_PSA_CLASS ", 1: 550(h'@id@')}, "
         "[554(\"@psa-other@\")]]]"),
     ATLS_CORIM_CONFLICT, "found a second one"},
    /* an RSA key signs no PSA token: the policy itself says so */
    {PSA(FORGE_PSA_REFERENCES, "3: [[{" FORGE_PSA_CLASS ", 1: 550(h'@id@')}, "
                               "[554(\"@ak-rsa@\")]]]"),
     ATLS_POLICY_INVALID, "imported policy"},
    /* nothing pinned */
    {FORGE_CORIM(FORGE_COMID(FORGE_PSA_KEYS), FORGE_PSA_PROFILE),
     ATLS_CORIM_INCOMPLETE, "want reference values for the keys of 9696"},
    {FORGE_CORIM(FORGE_COMID(FORGE_PSA_REFERENCES), FORGE_PSA_PROFILE),
     ATLS_CORIM_INCOMPLETE, "want trust anchors beside the values of 9696"},
    {FORGE_CORIM("506(<<{4: {}}>>)", FORGE_PSA_PROFILE), ATLS_CORIM_INCOMPLETE,
     "want reference values of a platform"},
    {FORGE_CORIM(FORGE_COMID("0: [[{" FORGE_CCA_CLASS "}, [{0: "
                             "\"cca.platform-config\", 1: {4: 560(h'00')}}]]]"),
                 "tag:arm.com,2025:cca_platform#1.0.0"),
     ATLS_CORIM_INCOMPLETE, "any software would do"},
    /* CCA */
    {FORGE_CCA_PLATFORM(""), ATLS_CORIM_INCOMPLETE, "want values of a realm"},
    {FORGE_CCA_PLATFORM(CONFIG(", 5: h'00ffffff'")), ATLS_CORIM_UNSUPPORTED,
     "--partial leaves it out"},
    {FORGE_CCA_PLATFORM(CONFIG("") CONFIG("")), ATLS_CORIM_CONFLICT,
     "config: want one value"},
    {FORGE_CCA_PLATFORM(", {0: \"cca.platform-config\", 1: {4: h'00'}}"),
     ATLS_CORIM_MALFORMED, "tagged 560"},
    {FORGE_CCA_REALM(FORGE_X32("43"), RIM), ATLS_CORIM_INCOMPLETE,
     "want reference values of a platform"},
    {FORGE_CCA_REALM(FORGE_X32("43"), RPV), ATLS_CORIM_INCOMPLETE,
     "any realm would do"},
    {FORGE_CCA_REALM(FORGE_X32("44"), RIM), ATLS_CORIM_CONFLICT,
     "want the RIM"},
    {FORGE_CCA_REALM(FORGE_X32("43"), RIM ", " RIM), ATLS_CORIM_CONFLICT,
     "rim: want one value"},
    {FORGE_CCA_REALM(FORGE_X32("43"), FORGE_CCA_REGISTER("rem4", "43")),
     ATLS_CORIM_UNSUPPORTED, "mkey"},
    {FORGE_CCA_REALM(FORGE_X32("43"),
                     RIM ", {0: \"cca.rpv\", 1: {4: 560(h'41')}}"),
     ATLS_CORIM_MALFORMED, "64 bytes"},
    {FORGE_CCA_REALM(FORGE_X32("43"),
                     RIM ", {0: \"cca.rem0\", 1: {4: 560(h'41')}}"),
     ATLS_CORIM_UNSUPPORTED, "value of key 4"},
    {FORGE_CORIM(FORGE_COMID(FORGE_PSA_KEYS),
                 "tag:arm.com,2025:cca_realm#1.0.0"),
     ATLS_CORIM_UNSUPPORTED, "no keys here"},
    /* SEV-SNP */
    {SNP(FORGE_SNP_GUEST("", MEASUREMENT("4d"))), ATLS_CORIM_INCOMPLETE,
     "want trust anchors"},
    {SNP(FORGE_SNP_GUEST("", RAW("642", FORGE_X32("48")))),
     ATLS_CORIM_INCOMPLETE, "any guest would do"},
    {SNP(FORGE_SNP_GUEST("", MEASUREMENT("4d") ", " MEASUREMENT("4e"))),
     ATLS_CORIM_CONFLICT, "measurement: want one value"},
    {SNP(FORGE_SNP_GUEST("", SVN("1", "553(1)") ", " SVN("1", "553(2)"))),
     ATLS_CORIM_CONFLICT, "guest_svn: want one value"},
    {SNP(FORGE_SNP_GUEST("", RAW("641", "4d"))), ATLS_CORIM_MALFORMED,
     "48 bytes, found 1"},
    {SNP(FORGE_SNP_GUEST("", RAW("5", "04000000"))), ATLS_CORIM_MALFORMED,
     "vmpl"},
    {SNP(FORGE_SNP_GUEST("", SVN("1", "553(4294967296)"))),
     ATLS_CORIM_MALFORMED, "guest_svn"},
    {SNP(FORGE_SNP_GUEST("", SVN("1", "552(1)"))), ATLS_CORIM_UNSUPPORTED,
     "guest_svn, and nothing newer"},
    {SNP(FORGE_SNP_GUEST("", RAW("2", "0000000000030000"))),
     ATLS_CORIM_UNSUPPORTED, "POLICY: a policy cannot hold this"},
    {SNP(FORGE_SNP_GUEST("", RAW("9999", "00"))), ATLS_CORIM_UNSUPPORTED,
     "mkey"},
    {SNP(FORGE_SNP_GUEST("", "{0: \"641\", 1: {4: 560(h'00')}}")),
     ATLS_CORIM_UNSUPPORTED, "mkey"},
    {SNP(FORGE_SNP_GUEST(", 1: 560(h'00')", MEASUREMENT("4d"))),
     ATLS_CORIM_UNSUPPORTED, "the measurement as instance"},
    {SNP("3: [[{0: {1: \"AMD\"}}, [554(\"@psa@\")]]]"), ATLS_CORIM_UNSUPPORTED,
     "certificate in PEM, tagged 555"},
    {SNP("3: [[{0: {1: \"AMD\"}}, [555(\"@psa@\")]]]"), ATLS_CORIM_MALFORMED,
     "want one certificate"},
};
enum { NUM_REFUSALS = sizeof(refusals) / sizeof(refusals[0]) };

START_TEST(corim_that_a_policy_cannot_follow_is_refused_by_name)
{
    const struct refusal *row = &refusals[_i];
    const struct atls_import_terms terms = terms_at(1);
    ATLS_AUTO_BUF corim = atls_buf(FORGE_MAX);

    forge_corim(&corim, row->notation);
    ck_assert_reason(import_bytes(atls_buf_view(&corim), &terms), row->reason);
    ck_assert_msg(strstr(why.text, row->text) != NULL, "\"%s\" lacks \"%s\"",
                  why.text, row->text);
}
END_TEST

START_TEST(min_tcb_without_the_root_of_one_product_is_refused)
{
    struct atls_import_terms terms = terms_at(FORGE_NOW);
    ATLS_AUTO_BUF corim = atls_buf(FORGE_MAX);
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);

    forge_x509_pem(&pem, chip.certificate); /* of no ARK */
    atls_buf_u8(&pem, '\0');
    terms.anchors = (const char *)pem.data;
    forge_corim(&corim, SNP(FORGE_SNP_GUEST("", MEASUREMENT("4d") ", " SVN(
                                                    "647", "553(" TCB ")"))));
    ck_assert_reason(import_bytes(atls_buf_view(&corim), &terms),
                     ATLS_CORIM_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(why.text, "min_tcb: want roots"));
}
END_TEST

/* protocol.md, 7: four chains are verified for a peer, and no fifth one */
START_TEST(more_guests_than_a_peer_may_cost_are_refused)
{
    struct atls_import_terms terms = terms_at(FORGE_NOW);
    ATLS_AUTO_BUF corim = atls_buf(FORGE_MAX);
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);
    struct atls_view corims[5];
    ATLS_AUTO_HEAP char *json = NULL;

    forge_x509_pem(&pem, chip.ark);
    atls_buf_u8(&pem, '\0');
    terms.anchors = (const char *)pem.data;
    forge_corim(&corim, SNP(FORGE_SNP_GUEST("", MEASUREMENT("4d"))));
    for (size_t i = 0; i < 5; i++)
        corims[i] = atls_buf_view(&corim);
    ck_assert_reason(import_all(corims, 4, &terms, &json), ATLS_OK);
    free(json);
    ck_assert_reason(import_all(corims, 5, &terms, &json),
                     ATLS_CORIM_UNSUPPORTED);
}
END_TEST

/* 65 devices in one list, and 4096 bytes of map keys: the limits of CBOR */
START_TEST(corim_beyond_the_limits_of_cbor_is_refused)
{
    const struct atls_import_terms terms = terms_at(1);
    ATLS_AUTO_BUF notation = atls_buf(FORGE_MAX);
    ATLS_AUTO_BUF corim = atls_buf(FORGE_MAX);

    atls_buf_text(&notation, "501({0: \"i\", 1: [");
    for (unsigned i = 0; i < 65; i++)
        atls_buf_text(&notation, "506(h'a0'), ");
    atls_buf_text(&notation, "], 3: 32(\"" FORGE_PSA_PROFILE "\")})");
    atls_buf_u8(&notation, '\0');
    forge_corim(&corim, (const char *)notation.data);
    ck_assert_reason(import_bytes(atls_buf_view(&corim), &terms),
                     ATLS_CORIM_MALFORMED);
}
END_TEST

START_TEST(corim_that_is_cut_anywhere_is_refused)
{
    const struct atls_import_terms terms = terms_at(1);
    ATLS_AUTO_BUF corim = atls_buf(FORGE_MAX);

    forge_corim(&corim, FORGE_PSA);
    for (size_t len = 0; len < corim.len; len++)
        ck_assert_reason(import_bytes(atls_view(corim.data, len), &terms),
                         ATLS_CORIM_MALFORMED);
    atls_buf_u8(&corim, 0);
    ck_assert_reason(import_bytes(atls_buf_view(&corim), &terms),
                     ATLS_CORIM_MALFORMED);
}
END_TEST

/* Signed ones */

static EVP_PKEY *author, *stranger;

static void open_keys(void)
{
    author = forge_key("psa-other");
    stranger = forge_key("psa");
}

static void close_keys(void)
{
    EVP_PKEY_free(author);
    EVP_PKEY_free(stranger);
}

static struct atls_import_terms terms_signed(EVP_PKEY *const *keys, size_t num)
{
    struct atls_import_terms terms = terms_at(1);

    terms.corim.keys = keys;
    terms.corim.num_keys = num;
    return terms;
}

static void sign(struct atls_buf *out, const char *notation, const char *header)
{
    ATLS_AUTO_BUF payload = atls_buf(FORGE_MAX);

    forge_corim(&payload, notation);
    forge_corim_sign(out, atls_buf_view(&payload), header, author);
}

START_TEST(signed_corim_counts_under_the_pinned_key_alone)
{
    EVP_PKEY *const both[] = {stranger, author};
    const struct atls_import_terms right = terms_signed(both, 2),
                                   wrong = terms_signed(both, 1),
                                   none = terms_at(1);
    ATLS_AUTO_BUF corim = atls_buf(FORGE_MAX);

    sign(&corim, FORGE_PSA, FORGE_CORIM_HEADER);
    ck_assert_reason(import_bytes(atls_buf_view(&corim), &right), ATLS_OK);
    ck_assert_reason(import_bytes(atls_buf_view(&corim), &wrong),
                     ATLS_CORIM_SIGNATURE);
    ck_assert_reason(import_bytes(atls_buf_view(&corim), &none),
                     ATLS_CORIM_KEY);
    ck_assert_ptr_nonnull(strstr(why.text, "--key"));
}
END_TEST

START_TEST(key_of_another_curve_verifies_nothing)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_ec("P-384");
    const struct atls_import_terms terms = terms_signed(&key, 1);
    ATLS_AUTO_BUF corim = atls_buf(FORGE_MAX);

    sign(&corim, FORGE_PSA, FORGE_CORIM_HEADER);
    ck_assert_reason(import_bytes(atls_buf_view(&corim), &terms),
                     ATLS_CORIM_SIGNATURE);
}
END_TEST

START_TEST(unsigned_corim_is_refused_where_a_key_is_given)
{
    const struct atls_import_terms terms = terms_signed(&author, 1);
    ATLS_AUTO_BUF corim = atls_buf(FORGE_MAX);

    forge_corim(&corim, FORGE_PSA);
    ck_assert_reason(import_bytes(atls_buf_view(&corim), &terms),
                     ATLS_CORIM_UNSIGNED);
}
END_TEST

/* Whatever bit it is: never a policy. */
START_TEST(signed_corim_that_was_changed_is_refused)
{
    const struct atls_import_terms terms = terms_signed(&author, 1);
    ATLS_AUTO_BUF corim = atls_buf(FORGE_MAX);

    sign(&corim, FORGE_PSA, FORGE_CORIM_HEADER);
    for (size_t i = 0; i < corim.len;
         i += i < 80 || i > corim.len - 70 ? 1 : 7) {
        enum atls_reason reason;

        corim.data[i] ^= 0x01;
        reason = import_bytes(atls_buf_view(&corim), &terms);
        corim.data[i] ^= 0x01;
        ck_assert_msg(reason == ATLS_CORIM_SIGNATURE ||
                          reason == ATLS_CORIM_MALFORMED ||
                          reason == ATLS_CORIM_UNSUPPORTED,
                      "byte %zu: %s", i, atls_reason_name(reason));
    }
    corim.data[corim.len - 1] ^= 0x80;
    ck_assert_reason(import_bytes(atls_buf_view(&corim), &terms),
                     ATLS_CORIM_SIGNATURE);
    ck_assert_reason(import_bytes(atls_view(corim.data, corim.len - 1), &terms),
                     ATLS_CORIM_MALFORMED);
}
END_TEST

static const struct refusal headers[] = {
    {"{3: \"application/rim+cbor\"}", ATLS_OK, NULL},
    {"{3: \"application/corim-unsigned+cbor\", 4: h'00'}", ATLS_OK, NULL},
    {"{}", ATLS_CORIM_MALFORMED, "content type"},
    {"{3: \"application/eat+cwt\"}", ATLS_CORIM_MALFORMED, "content type"},
    {"{3: 10003}", ATLS_CORIM_MALFORMED, "content type"},
    {"{3: \"application/rim+cbor\", 8: <<{0: {0: \"a\"}, 1: {1: 1(1)}}>>}",
     ATLS_OK, NULL},
    {"{3: \"application/rim+cbor\", 8: <<{0: {0: \"a\"}, 1: {1: 1(0)}}>>}",
     ATLS_CORIM_TIME, "valid until 0"},
    {"{3: \"application/rim+cbor\", 8: <<{1: {0: 1(2), 1: 1(3)}}>>}",
     ATLS_CORIM_TIME, "valid from 2"},
    {"{3: \"application/rim+cbor\", 8: 1}", ATLS_CORIM_MALFORMED, "corim-meta"},
    {"{3: \"application/rim+cbor\", 8: h'a1'}", ATLS_CORIM_MALFORMED,
     "corim-meta"},
    {"{3: \"application/rim+cbor\", 15: {4: 1, \"x\": 1, 5: 1}}", ATLS_OK,
     NULL},
    {"{3: \"application/rim+cbor\", 15: {4: 0}}", ATLS_CORIM_TIME,
     "valid until 0"},
    {"{3: \"application/rim+cbor\", 15: {5: 2}}", ATLS_CORIM_TIME,
     "valid from 2"},
    {"{3: \"application/rim+cbor\", 15: {4: \"x\"}}", ATLS_CORIM_MALFORMED,
     "CWT claims"},
    {"{3: \"application/rim+cbor\", 2: [8], 8: h'a0'}", ATLS_CORIM_UNSUPPORTED,
     "crit"},
};
enum { NUM_HEADERS = sizeof(headers) / sizeof(headers[0]) };

START_TEST(header_says_what_was_signed_and_for_how_long)
{
    const struct atls_import_terms terms = terms_signed(&author, 1);
    ATLS_AUTO_BUF corim = atls_buf(FORGE_MAX);

    sign(&corim, FORGE_PSA, headers[_i].notation);
    ck_assert_reason(import_bytes(atls_buf_view(&corim), &terms),
                     headers[_i].reason);
    ck_assert_msg(headers[_i].text == NULL ||
                      strstr(why.text, headers[_i].text) != NULL,
                  "%s", why.text);
}
END_TEST

START_TEST(signature_is_verified_before_anything_is_read)
{
    const struct atls_import_terms terms = terms_signed(&stranger, 1);
    ATLS_AUTO_BUF corim = atls_buf(FORGE_MAX);

    sign(&corim, "501({})", "{3: 1}");
    ck_assert_reason(import_bytes(atls_buf_view(&corim), &terms),
                     ATLS_CORIM_SIGNATURE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("corim");
    TCase *policies = tcase_create("policies"), *bad = tcase_create("bad"),
          *is_signed = tcase_create("signed"), *snp = tcase_create("snp");

    tcase_add_test(
        policies, psa_policy_accepts_what_the_corim_describes_and_nothing_else);
    tcase_add_test(policies, values_and_keys_may_come_in_corims_of_their_own);
    tcase_add_test(policies, each_reference_triple_is_a_profile);
    tcase_add_test(policies,
                   cca_policy_wants_the_platform_and_the_realm_of_the_corims);
    tcase_add_test(policies,
                   cca_configuration_is_pinned_unless_its_mask_leaves_it_open);
    tcase_add_loop_test(bad,
                        corim_that_a_policy_cannot_follow_is_refused_by_name, 0,
                        NUM_REFUSALS);
    tcase_add_test(bad, corim_beyond_the_limits_of_cbor_is_refused);
    tcase_add_test(bad, corim_that_is_cut_anywhere_is_refused);
    tcase_add_unchecked_fixture(snp, open_chip, close_chip);
    tcase_add_test(snp, snp_policy_accepts_the_guest_that_the_corim_describes);
    tcase_add_test(snp, snp_minimum_of_the_tcb_is_of_the_product_of_the_root);
    tcase_add_test(snp, snp_fields_that_a_policy_cannot_hold_are_named);
    tcase_add_test(snp, min_tcb_without_the_root_of_one_product_is_refused);
    tcase_add_test(snp, more_guests_than_a_peer_may_cost_are_refused);
    tcase_add_checked_fixture(is_signed, open_keys, close_keys);
    tcase_add_test(is_signed, signed_corim_counts_under_the_pinned_key_alone);
    tcase_add_test(is_signed, key_of_another_curve_verifies_nothing);
    tcase_add_test(is_signed, unsigned_corim_is_refused_where_a_key_is_given);
    tcase_add_test(is_signed, signed_corim_that_was_changed_is_refused);
    tcase_add_loop_test(is_signed, header_says_what_was_signed_and_for_how_long,
                        0, NUM_HEADERS);
    tcase_add_test(is_signed, signature_is_verified_before_anything_is_read);
    tcase_set_timeout(snp, 120);
    tcase_set_timeout(is_signed, 120);
    suite_add_tcase(suite, policies);
    suite_add_tcase(suite, bad);
    suite_add_tcase(suite, is_signed);
    suite_add_tcase(suite, snp);
    return check_main(suite);
}
