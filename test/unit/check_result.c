/* SPDX-License-Identifier: Apache-2.0
 *
 * Attestation Results, judged: each way in which a Verifier's word does not
 * count, real results of a Veraison, and what Trustee does differently.
 */
#include "result.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

#include "base64url.h"
#include "forge.h"
#include "policy.h"
#include "../check_main.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

#define ADD_ROWS(cases, test, list)                                            \
    tcase_add_loop_test(cases, test, 0, sizeof(list) / sizeof((list)[0]))

enum { NOW = 1700000000 };

#define V       "https://v.example"
#define TRUSTEE "trustee+https://t.example"

static struct atls_policy *policy;
static struct atls_verdict verdict;
static int64_t expires;
static EVP_PKEY *signer;

static void setup(void)
{
    signer = forge_key("psa");
}

static void teardown(void)
{
    ck_assert_uint_eq(ERR_peek_error(), 0);
    atls_policy_free(policy);
    EVP_PKEY_free(signer);
}

/* ' for " */
static void put_quoted(struct atls_buf *out, const char *text)
{
    for (; *text != '\0'; text++)
        atls_buf_u8(out, *text == '\'' ? '"' : (uint8_t)*text);
}

static const struct atls_verifier *
verifier_with(const char *name, const char *keys, const char *members)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_why why = {0};

    atls_buf_text(&text, "{\"verifiers\":{\"");
    atls_buf_text(&text, name);
    atls_buf_text(&text, "\":{\"keys\":");
    atls_buf_text(&text, keys);
    put_quoted(&text, members);
    atls_buf_text(&text, "}}}");
    atls_policy_free(policy);
    policy = NULL;
    ck_assert_msg(atls_policy_parse(atls_buf_view(&text), "p", "", NULL, NULL,
                                    &policy, &why) == ATLS_OK,
                  "%s", why.text);
    return atls_policy_verifier(policy, atls_view_text(name));
}

static const struct atls_verifier *verifier_of(const char *name,
                                               const char *members)
{
    ATLS_AUTO_BUF jwk = atls_buf(FORGE_MAX);

    ck_assert_reason(atls_jwk_put(&jwk, signer, NULL, NULL), ATLS_OK);
    atls_buf_u8(&jwk, 0);
    return verifier_with(name, (const char *)jwk.data, members);
}

/* The subject's nonce is 32 bytes, a0 a1 ... */
#define NONCE    "oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8"
#define NONCE_64 NONCE "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define OTHER    "oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr4"

static enum atls_reason appraise_as(const struct atls_verifier *verifier,
                                    const char *payload, size_t nonce_len)
{
    ATLS_AUTO_BUF claims = atls_buf(FORGE_MAX), jws = atls_buf(FORGE_MAX);
    uint8_t nonce[64] = {0};
    struct atls_result_subject subject = {.nonce = atls_view(nonce, nonce_len)};

    memcpy(nonce, forge_nonce(32).data, 32);
    put_quoted(&claims, payload);
    ck_assert_reason(
        atls_jws_put(&jws, atls_buf_view(&claims), signer, NULL, NULL),
        ATLS_OK);
    return atls_result_appraise(verifier, atls_buf_view(&jws), &subject, NOW,
                                &verdict, &expires);
}

#define HEAD(iat)                                                              \
    "{'eat_profile':'tag:github.com,2023:veraison/ear','iat':" iat             \
    ",'ear.verifier-id':{'developer':'Veraison Project','build':'b'},"
#define OTHERS(id)                                                             \
    "{'eat_profile':'tag:github.com,2023:veraison/ear','iat':1700000000,"      \
    "'ear.verifier-id':{" id "'build':'b'},"
#define GOOD                                                                   \
    "'ear.status':'affirming','ear.trustworthiness-vector':{'hardware':2,"     \
    "'executables':2,'configuration':0}"
#define TOP            "'eat_nonce':'" NONCE "=',"
#define PSA(more)      "'submods':{'PSA_IOT':{" GOOD more "}}}"
#define SUBMODS(text)  HEAD("1700000000") TOP "'submods':{" text "}}"
#define ACCEPT         ",'accept':[{'PSA_IOT':['hardware','executables']}]"
#define CCA            ",'accept':[{'CCA_REALM':[],'CCA_SSD_PLATFORM':[]}]"
#define REALM(text)    "'CCA_REALM':{" text "}"
#define PLATFORM(text) "'CCA_SSD_PLATFORM':{" text "}"

static const struct row {
    const char *members, *payload;
    enum atls_reason reason;
    const char *message;
} rows[] = {
    {ACCEPT, HEAD("1700000000") TOP PSA(""), ATLS_OK, ""},
    {",'any':true", HEAD("1700000000") TOP PSA(""), ATLS_OK, ""},
    /* age */
    {ACCEPT, HEAD("1699999670") TOP PSA(""), ATLS_OK, ""}, /* 5m30s */
    {ACCEPT, HEAD("1699999669") TOP PSA(""), ATLS_RESULT_STALE,
     "made at 1699999669, good until 1699999969, and now it is 1700000000"},
    {ACCEPT ",'max_age':'10s','skew':'0'", HEAD("1699999990") TOP PSA(""),
     ATLS_OK, ""},
    {ACCEPT ",'max_age':'10s','skew':'0'", HEAD("1699999989") TOP PSA(""),
     ATLS_RESULT_STALE, "good until"},
    {ACCEPT, HEAD("0") TOP PSA(""), ATLS_RESULT_STALE, "good until 300"},
    {ACCEPT, HEAD("1700000000") "'exp':1699999969," TOP PSA(""),
     ATLS_RESULT_STALE, "good until 1699999969"},
    {ACCEPT, HEAD("1700000000") "'exp':1699999970," TOP PSA(""), ATLS_OK, ""},
    /* an exp of next year does not lengthen max_age */
    {ACCEPT, HEAD("1699990000") "'exp':1800000000," TOP PSA(""),
     ATLS_RESULT_STALE, "good until 1699990300"},
    {ACCEPT, HEAD("1700000030") TOP PSA(""), ATLS_OK, ""},
    {ACCEPT, HEAD("1700000031") TOP PSA(""), ATLS_RESULT_FUTURE,
     "made at 1700000031 and now it is 1700000000"},
    {ACCEPT, HEAD("1700000000") "'nbf':1700000031," TOP PSA(""),
     ATLS_RESULT_FUTURE, "made at 1700000031"},
    /* nonces */
    {ACCEPT, HEAD("1700000000") "'eat_nonce':'" OTHER "'," PSA(""),
     ATLS_RESULT_NONCE, "the session: want nonce a0a1a2a3"},
    {ACCEPT, HEAD("1700000000") "'eat_nonce':'oKGio6SlpqeoqaqrrK2urw'," PSA(""),
     ATLS_RESULT_NONCE, "the session"},
    {ACCEPT, HEAD("1700000000") "'eat_nonce':'" NONCE_64 "'," PSA(""), ATLS_OK,
     ""},
    {ACCEPT, HEAD("1700000000") PSA(""), ATLS_RESULT_NONCE_UNCHECKED,
     "nothing shows that the Verifier found our nonce in the Evidence of "
     "PSA_IOT:"},
    {ACCEPT ",'nonce_checked':[]", HEAD("1700000000") TOP PSA(""),
     ATLS_RESULT_NONCE_UNCHECKED, "\"nonce_checked\""},
    /* the shipped list is for Veraison's own results */
    {ACCEPT, OTHERS("'developer':'Veraison Projec',") TOP PSA(""),
     ATLS_RESULT_NONCE_UNCHECKED, "\"nonce_checked\""},
    {ACCEPT, OTHERS("") TOP PSA(""), ATLS_RESULT_NONCE_UNCHECKED,
     "\"nonce_checked\""},
    {ACCEPT, OTHERS("'developer':1,") TOP PSA(""), ATLS_RESULT_NONCE_UNCHECKED,
     "\"nonce_checked\""},
    {ACCEPT ",'nonce_checked':['PSA_IOT']",
     OTHERS("'developer':'d',") TOP PSA(""), ATLS_OK, ""},
    {ACCEPT ",'nonce_checked':['PSA_IO','PSA_IOTA']",
     HEAD("1700000000") TOP PSA(""), ATLS_RESULT_NONCE_UNCHECKED, ""},
    {ACCEPT ",'nonce_checked':[]",
     HEAD("1700000000") PSA(",'eat_nonce':'" NONCE "'"), ATLS_OK, ""},
    {ACCEPT ",'nonce_checked':[]",
     HEAD("1700000000") TOP PSA(",'eat_nonce':'" NONCE_64 "'"), ATLS_OK, ""},
    {ACCEPT, HEAD("1700000000") TOP PSA(",'eat_nonce':'" OTHER "'"),
     ATLS_RESULT_NONCE, "PSA_IOT: want nonce"},
    {ACCEPT,
     HEAD("1700000000") "'eat_nonce':'" OTHER
                        "'," PSA(",'eat_nonce':'" NONCE "'"),
     ATLS_RESULT_NONCE, "the session"},
    {",'any':true",
     HEAD("1700000000") TOP "'submods':{'TPM_ENACTTRUST':{" GOOD "}}}",
     ATLS_RESULT_NONCE_UNCHECKED, "TPM_ENACTTRUST"},
    /* report_data is Trustee's alone */
    {ACCEPT ",'nonce_checked':[]",
     HEAD("1700000000") PSA(",'ear.veraison.annotated-evidence':{"
                            "'report_data':'" NONCE_64 "'}"),
     ATLS_RESULT_NONCE_UNCHECKED, ""},
    /* submodules */
    {ACCEPT, SUBMODS("'SEVSNP':{" GOOD "}"), ATLS_RESULT_SUBMOD,
     "found SEVSNP (affirming)"},
    {ACCEPT, SUBMODS("'PSA_IOT':{" GOOD "},'GPU':{" GOOD "}"),
     ATLS_RESULT_SUBMOD, "found PSA_IOT (affirming), GPU (affirming)"},
    {",'accept':[{'PSA_IOT':[],'GPU':[]}]", SUBMODS("'PSA_IOT':{" GOOD "}"),
     ATLS_RESULT_SUBMOD, "found PSA_IOT"},
    {",'accept':[{'PSA_IOT':[],'GPU':[]}],'nonce_checked':['PSA_IOT','GPU']",
     SUBMODS("'GPU':{" GOOD "},'PSA_IOT':{" GOOD "}"), ATLS_OK, ""},
    /* each submodule is fresh of its own */
    {",'accept':[{'PSA_IOT':[],'GPU':[]}]",
     SUBMODS("'GPU':{" GOOD "},'PSA_IOT':{" GOOD "}"),
     ATLS_RESULT_NONCE_UNCHECKED, "in the Evidence of GPU:"},
    {",'accept':[{'PSA_IOT':[],'GPU':[]}]",
     SUBMODS("'PSA_IOT':{" GOOD ",'eat_nonce':'" NONCE "'},'GPU':{" GOOD "}"),
     ATLS_RESULT_NONCE_UNCHECKED, "in the Evidence of GPU:"},
    {",'accept':[{'PSA_IOT':[],'GPU':[]}]",
     SUBMODS("'GPU':{" GOOD ",'eat_nonce':'" NONCE "'},'PSA_IOT':{" GOOD "}"),
     ATLS_OK, ""},
    {",'accept':[{'GPU':[],'PSA_IOT':[]}],'nonce_checked':[]",
     SUBMODS("'GPU':{" GOOD ",'eat_nonce':'" NONCE "'},'PSA_IOT':{" GOOD
             ",'eat_nonce':'" NONCE "'}"),
     ATLS_OK, ""},
    /* but that a platform token is bound to its realm's */
    {CCA, SUBMODS(PLATFORM(GOOD) "," REALM(GOOD)), ATLS_OK, ""},
    {CCA ",'nonce_checked':[]",
     SUBMODS(PLATFORM(GOOD) "," REALM(GOOD ",'eat_nonce':'" NONCE "'")),
     ATLS_OK, ""},
    {CCA ",'nonce_checked':[]", SUBMODS(PLATFORM(GOOD) "," REALM(GOOD)),
     ATLS_RESULT_NONCE_UNCHECKED, "in the Evidence of CCA_SSD_PLATFORM:"},
    {CCA ",'nonce_checked':[]",
     SUBMODS(REALM(GOOD) "," PLATFORM(GOOD ",'eat_nonce':'" NONCE "'")),
     ATLS_RESULT_NONCE_UNCHECKED, "in the Evidence of CCA_REALM:"},
    {CCA, HEAD("1700000000") "'submods':{" PLATFORM(GOOD) "," REALM(GOOD) "}}",
     ATLS_RESULT_NONCE_UNCHECKED, "in the Evidence of CCA_SSD_PLATFORM:"},
    {",'any':true", SUBMODS(PLATFORM(GOOD)), ATLS_RESULT_NONCE_UNCHECKED,
     "in the Evidence of CCA_SSD_PLATFORM:"},
    {",'any':true", SUBMODS(PLATFORM(GOOD) ",'PSA_IOT':{" GOOD "}"),
     ATLS_RESULT_NONCE_UNCHECKED, "in the Evidence of CCA_SSD_PLATFORM:"},
    {",'accept':[{'GPU':[]},{'PSA_IOT':[]}]", SUBMODS("'PSA_IOT':{" GOOD "}"),
     ATLS_OK, ""},
    {ACCEPT, SUBMODS("'ERROR':{'ear.status':'contraindicated'}"),
     ATLS_RESULT_SUBMOD, "found ERROR (contraindicated)"},
    /* claims */
    {",'accept':[{'PSA_IOT':['configuration']}]",
     SUBMODS("'PSA_IOT':{" GOOD "}"), ATLS_RESULT_REFUSED,
     "PSA_IOT: want configuration to be affirmed, found 0"},
    {",'accept':[{'PSA_IOT':['file-system']}]", SUBMODS("'PSA_IOT':{" GOOD "}"),
     ATLS_RESULT_REFUSED, "want file-system to be affirmed, found 0"},
    {",'accept':[{'PSA_IOT':['configuration']},{'PSA_IOT':['hardware']}]",
     SUBMODS("'PSA_IOT':{" GOOD "}"), ATLS_OK, ""},
    /* tiers */
    {",'any':true",
     SUBMODS("'PSA_IOT':{'ear.status':'warning',"
             "'ear.trustworthiness-vector':{'hardware':2,'executables':33}}"),
     ATLS_RESULT_REFUSED, "PSA_IOT: want affirming, found warning"},
    {",'any':true,'tiers':['affirming','warning']",
     SUBMODS("'PSA_IOT':{'ear.status':'warning',"
             "'ear.trustworthiness-vector':{'hardware':2,'executables':33}}"),
     ATLS_OK, ""},
    {",'accept':[{'PSA_IOT':['executables']}],'tiers':['affirming','warning']",
     SUBMODS("'PSA_IOT':{'ear.status':'warning',"
             "'ear.trustworthiness-vector':{'hardware':2,'executables':33}}"),
     ATLS_RESULT_REFUSED, "want executables to be affirmed, found 33"},
    {",'any':true,'tiers':['affirming','warning']",
     SUBMODS("'PSA_IOT':{'ear.status':'affirming',"
             "'ear.trustworthiness-vector':{'hardware':2,'executables':96}}"),
     ATLS_RESULT_REFUSED, "want affirming or warning, found contraindicated"},
    {",'any':true", SUBMODS("'PSA_IOT':{'ear.status':'none'}"),
     ATLS_RESULT_REFUSED, "want affirming, found none"},
    {",'any':true", SUBMODS("'PSA_IOT':{'ear.status':'affirming'}"),
     ATLS_RESULT_REFUSED, "want affirming, found none"},
    /* a status that lies about its vector */
    {",'any':true",
     SUBMODS("'PSA_IOT':{'ear.status':'affirming',"
             "'ear.trustworthiness-vector':{'hardware':2,'executables':35}}"),
     ATLS_RESULT_REFUSED, "want affirming, found warning"},
    {",'any':true",
     SUBMODS("'PSA_IOT':{" GOOD "},'GPU':{'ear.status':'contraindicated',"
             "'ear.veraison.policy-claims':{'problem':'it is broken'}}"),
     ATLS_RESULT_REFUSED,
     "GPU: want affirming, found contraindicated: it is "
     "broken"},
    {",'any':true", "{}", ATLS_RESULT_MALFORMED, "EAR"},
};

START_TEST(result_counts_as_far_as_the_policy_says)
{
    const struct row *row = &rows[_i];
    enum atls_reason reason =
        appraise_as(verifier_of(V, row->members), row->payload, 32);

    ck_assert_msg(reason == row->reason, "%s: %s", atls_reason_name(reason),
                  verdict.text);
    ck_assert_reason(verdict.reason, reason);
    ck_assert_msg(strstr(verdict.text, row->message) != NULL, "%s",
                  verdict.text);
    ck_assert((reason == ATLS_OK) == (verdict.text[0] == '\0'));
    ck_assert(reason == ATLS_OK || verdict.tier != ATLS_TIER_AFFIRMING);
    if (reason == ATLS_RESULT_SUBMOD || reason == ATLS_RESULT_REFUSED)
        ck_assert_ptr_nonnull(strstr(verdict.text, V));
}
END_TEST

START_TEST(verdict_tells_the_worst_and_until_when)
{
    ck_assert_reason(
        appraise_as(verifier_of(V, ",'any':true,'max_age':'1m',"
                                   "'nonce_checked':['PSA_IOT','GPU'],"
                                   "'tiers':['affirming','warning']"),
                    SUBMODS("'PSA_IOT':{" GOOD "},'GPU':{'ear.status':2,"
                            "'ear.trustworthiness-vector':{'hardware':32,"
                            "'file-system':3}}"),
                    32),
        ATLS_OK);
    ck_assert_int_eq(expires, NOW + 60);
    ck_assert_int_eq(verdict.tier, ATLS_TIER_WARNING);
    ck_assert_int_eq(verdict.vector[ATLS_HARDWARE], 32);
    ck_assert_int_eq(verdict.vector[ATLS_EXECUTABLES], 2);
    ck_assert_int_eq(verdict.vector[ATLS_FILE_SYSTEM], 3);
    ck_assert_reason(
        appraise_as(verifier_of(V, ACCEPT),
                    HEAD("1700000000") "'exp':1700000005," TOP PSA(""), 32),
        ATLS_OK);
    ck_assert_int_eq(expires, NOW + 5);
}
END_TEST

START_TEST(nonce_in_a_field_of_64_bytes_is_equal_in_either_form)
{
    const struct atls_verifier *v = verifier_of(V, ACCEPT);

    ck_assert_reason(
        appraise_as(v, HEAD("1700000000") "'eat_nonce':'" NONCE_64 "'," PSA(""),
                    64),
        ATLS_OK);
    ck_assert_reason(appraise_as(v, HEAD("1700000000") TOP PSA(""), 64),
                     ATLS_OK);
    ck_assert_reason(appraise_as(v, HEAD("1700000000") TOP PSA(""), 48),
                     ATLS_RESULT_NONCE);
    ck_assert_reason(appraise_as(v, HEAD("1700000000") TOP PSA(""), 0),
                     ATLS_RESULT_NONCE);
    ck_assert_reason(
        appraise_as(v,
                    HEAD("1700000000") "'eat_nonce':'" NONCE
                                       "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                                       "AAAQ'," PSA(""),
                    32),
        ATLS_RESULT_NONCE);
}
END_TEST

START_TEST(result_made_before_it_was_asked_for_is_stale)
{
    ATLS_AUTO_BUF claims = atls_buf(FORGE_MAX), jws = atls_buf(FORGE_MAX);
    const struct atls_verifier *v = verifier_of(V, ACCEPT);
    struct atls_result_subject subject = {.nonce = forge_nonce(32)};

    put_quoted(&claims, HEAD("1699999900") TOP PSA(""));
    ck_assert_reason(
        atls_jws_put(&jws, atls_buf_view(&claims), signer, NULL, NULL),
        ATLS_OK);
    for (int i = 0; i < 2; i++) {
        subject.not_before = 1699999930 + i; /* skew is 30 s */
        ck_assert_reason(atls_result_appraise(v, atls_buf_view(&jws), &subject,
                                              NOW, &verdict, &expires),
                         i == 0 ? ATLS_OK : ATLS_RESULT_STALE);
    }
    ck_assert_ptr_nonnull(strstr(verdict.text, "before it was asked for"));
}
END_TEST

START_TEST(attested_key_must_be_the_peers)
{
    ATLS_AUTO_BUF claims = atls_buf(FORGE_MAX), jws = atls_buf(FORGE_MAX);
    const struct atls_verifier *v = verifier_of(V, ACCEPT);
    struct atls_result_subject subject = {.nonce = forge_nonce(32)};
    uint8_t tik[32];

    put_quoted(&claims, HEAD("1700000000")
                            TOP PSA(",'ear.veraison.key-attestation':{'akpub':"
                                    "'AQID'}"));
    ck_assert_reason(
        atls_jws_put(&jws, atls_buf_view(&claims), signer, NULL, NULL),
        ATLS_OK);
    subject.tik = tik;
    ck_assert_int_eq(EVP_Digest("\1\2\3", 3, tik, NULL, EVP_sha256(), NULL), 1);
    ck_assert_reason(atls_result_appraise(v, atls_buf_view(&jws), &subject, NOW,
                                          &verdict, &expires),
                     ATLS_OK);
    tik[31] ^= 1;
    ck_assert_reason(atls_result_appraise(v, atls_buf_view(&jws), &subject, NOW,
                                          &verdict, &expires),
                     ATLS_RESULT_KEY);
}
END_TEST

START_TEST(result_under_another_key_says_nothing)
{
    ATLS_AUTO(EVP_PKEY) *ours = signer;
    const struct atls_verifier *v = verifier_of(V, ACCEPT);

    signer = forge_key("ak-ecc");
    ck_assert_reason(appraise_as(v, HEAD("1700000000") TOP PSA(""), 32),
                     ATLS_RESULT_SIGNATURE);
    ck_assert_int_eq(verdict.tier, ATLS_TIER_NONE);
    EVP_PKEY_free(signer);
    signer = forge_key("ak-rsa");
    ck_assert_reason(appraise_as(v, HEAD("1700000000") TOP PSA(""), 32),
                     ATLS_RESULT_KEY_UNKNOWN);
    for (int i = 0; i < ATLS_NUM_AR4SI_CLAIMS; i++)
        ck_assert_int_eq(verdict.vector[i], 0);
}
END_TEST

/* Trustee: exp, no nonce, the Evidence's report_data as it was found. */
#define T_HEAD(more)                                                           \
    "{'eat_profile':'tag:github.com,2024:confidential-containers/Trustee',"    \
    "'iat':1700000000," more "'ear.verifier-id':{'developer':"                 \
    "'https://confidentialcontainers.org','build':'attestation-service 0.1'}," \
    "'submods':{'cpu0':{" GOOD ",'ear.veraison.annotated-evidence':{"          \
    "'init_data':'','snp':{'measurement':'AA'},'runtime_data_claims':null"
#define T_TAIL "}}}}"
#define T_GPU(more)                                                            \
    "}},'gpu0':{" GOOD ",'ear.veraison.annotated-evidence':{" more
#define T_EXP "'exp':1700000300,"
#define HEX   "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define STD_64                                                                 \
    "oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8AAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
    "AA"                                                                       \
    "AAAAAAAAAAAA=="

static const struct row trustee[] = {
    {",'any':true", T_HEAD(T_EXP) ",'report_data':'" STD_64 "'" T_TAIL, ATLS_OK,
     ""},
    {",'any':true", T_HEAD(T_EXP) ",'report_data':'" HEX ZEROS "'" T_TAIL,
     ATLS_OK, ""},
    {",'any':true", T_HEAD("") ",'report_data':'" STD_64 "'" T_TAIL,
     ATLS_RESULT_MALFORMED, "want exp"},
    {",'any':true", T_HEAD(T_EXP) T_TAIL, ATLS_RESULT_NONCE_UNCHECKED, "cpu0"},
    {",'any':true", T_HEAD(T_EXP) ",'report_data':'" ZEROS HEX "'" T_TAIL,
     ATLS_RESULT_NONCE, "cpu0: want nonce"},
    {",'any':true", T_HEAD(T_EXP) ",'report_data':'" ZEROS ZEROS "'" T_TAIL,
     ATLS_RESULT_NONCE, ""},
    /* 32 bytes in hex could be 48 in base64: only 64 are unambiguous */
    {",'any':true", T_HEAD(T_EXP) ",'report_data':'" HEX "'" T_TAIL,
     ATLS_RESULT_NONCE, "want report_data of 64 bytes in hex or base64"},
    {",'any':true", T_HEAD(T_EXP) ",'report_data':''" T_TAIL, ATLS_RESULT_NONCE,
     "want report_data of 64 bytes"},
    {",'any':true", T_HEAD(T_EXP) ",'report_data':1" T_TAIL, ATLS_RESULT_NONCE,
     "want report_data of 64 bytes"},
    /* what stands deeper may be the attester's own words */
    {",'any':true", T_HEAD(T_EXP) ",'tdx':{'report_data':'" STD_64 "'}" T_TAIL,
     ATLS_RESULT_NONCE_UNCHECKED, ""},
    {",'accept':[{'cpu0':['hardware']}]",
     T_HEAD(T_EXP) ",'report_data':'" STD_64 "'" T_TAIL, ATLS_OK, ""},
    /* one device's says nothing of another's */
    {",'any':true",
     T_HEAD(T_EXP) ",'report_data':'" STD_64 "'" T_GPU("") T_TAIL,
     ATLS_RESULT_NONCE_UNCHECKED, "in the Evidence of gpu0:"},
    {",'any':true", T_HEAD(T_EXP) T_GPU("'report_data':'" STD_64 "'") T_TAIL,
     ATLS_RESULT_NONCE_UNCHECKED, "in the Evidence of cpu0:"},
    {",'any':true",
     T_HEAD(T_EXP) ",'report_data':'" STD_64
                   "'" T_GPU("'report_data':'" STD_64 "'") T_TAIL,
     ATLS_OK, ""},
    {",'accept':[{'cpu0':['configuration']}]",
     T_HEAD(T_EXP) ",'report_data':'" STD_64 "'" T_TAIL, ATLS_RESULT_REFUSED,
     "configuration"},
};

START_TEST(result_of_trustee_is_fresh_by_its_report_data)
{
    const struct row *row = &trustee[_i];
    enum atls_reason reason =
        appraise_as(verifier_of(TRUSTEE, row->members), row->payload, 32);

    ck_assert_msg(reason == row->reason, "%s: %s", atls_reason_name(reason),
                  verdict.text);
    ck_assert_msg(strstr(verdict.text, row->message) != NULL, "%s",
                  verdict.text);
}
END_TEST

/* Real ones: their clock and nonce are those of their session. */
#define SESSION(name) "veraison/live/" name ".session.json"

static const struct {
    const char *name, *members;
    enum atls_reason reason;
} real[] = {
    {"psa", ",'accept':[{'PSA_IOT':['executables','hardware']}]", ATLS_OK},
    {"psa", ",'accept':[{'PSA_IOT':['configuration']}]", ATLS_RESULT_REFUSED},
    {"psa", ",'accept':[{'PSA_IOT':[]}],'nonce_checked':[]",
     ATLS_RESULT_NONCE_UNCHECKED},
    {"cca",
     ",'accept':[{'CCA_REALM':['executables'],"
     "'CCA_SSD_PLATFORM':['hardware']}]",
     ATLS_OK},
    {"cca", ",'accept':[{'CCA_REALM':['executables']}]", ATLS_RESULT_SUBMOD},
    {"snp", ",'accept':[{'SEVSNP':['hardware','runtime-opaque']}]", ATLS_OK},
    {"snp", ",'accept':[{'SEVSNP':['executables']}]", ATLS_RESULT_REFUSED},
    {"psa-badnonce", ",'any':true", ATLS_RESULT_REFUSED},
    /* affirming for a random nonce: laundered (protocol.md, "Passport") */
    {"parsec-cca-rnd", ",'any':true", ATLS_RESULT_NONCE_UNCHECKED},
    {"parsec-cca", ",'accept':[{'PARSEC_CCA':['executables','hardware']}]",
     ATLS_RESULT_NONCE_UNCHECKED},
};

static json_t *read_session(const char *name)
{
    ATLS_AUTO_BUF text = atls_buf(1 << 20);
    char path[128];

    snprintf(path, sizeof(path), "veraison/live/%s.session.json", name);
    ck_assert(forge_vector(path, &text));
    return atls_json_parse(atls_buf_view(&text), ATLS_RESULT_MALFORMED, NULL);
}

static enum atls_reason appraise_session(const struct atls_verifier *v,
                                         const json_t *session, int64_t now,
                                         int flip)
{
    const char *nonce = json_string_value(json_object_get(session, "nonce"));
    const char *result = json_string_value(json_object_get(session, "result"));
    ATLS_AUTO_BUF bytes = atls_buf(64);
    struct atls_result_subject subject = {0};
    size_t len = strlen(nonce);

    while (nonce[len - 1] == '=')
        len--;
    ck_assert(atls_base64url_decode(atls_view(nonce, len), &bytes));
    bytes.data[0] ^= (uint8_t)flip;
    subject.nonce = atls_buf_view(&bytes);
    return atls_result_appraise(v, atls_view_text(result), &subject, now,
                                &verdict, &expires);
}

START_TEST(results_of_a_real_veraison_are_judged)
{
    ATLS_AUTO(json_t) *session = read_session(real[_i].name);
    const struct atls_verifier *v;
    char key[512];

    snprintf(key, sizeof(key), "\"%s/veraison/ear/arc-pkey.jwk.json\"",
             getenv("ATLS_VECTORS"));
    v = verifier_with(V, key, real[_i].members);
    ck_assert_reason(appraise_session(v, session, 1795428140, 0),
                     real[_i].reason);
    ck_assert_reason(appraise_session(v, session, 1795428140, 1),
                     ATLS_RESULT_NONCE);
    ck_assert_reason(appraise_session(v, session, 1795428140 + 86400, 0),
                     ATLS_RESULT_STALE);
    ck_assert_reason(appraise_session(v, session, 1795428000, 0),
                     ATLS_RESULT_FUTURE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("result");
    TCase *cases = tcase_create("result");

    tcase_add_checked_fixture(cases, setup, teardown);
    ADD_ROWS(cases, result_counts_as_far_as_the_policy_says, rows);
    tcase_add_test(cases, verdict_tells_the_worst_and_until_when);
    tcase_add_test(cases, nonce_in_a_field_of_64_bytes_is_equal_in_either_form);
    tcase_add_test(cases, result_made_before_it_was_asked_for_is_stale);
    tcase_add_test(cases, attested_key_must_be_the_peers);
    tcase_add_test(cases, result_under_another_key_says_nothing);
    ADD_ROWS(cases, result_of_trustee_is_fresh_by_its_report_data, trustee);
    if (getenv("ATLS_VECTORS") != NULL && *getenv("ATLS_VECTORS") != '\0')
        ADD_ROWS(cases, results_of_a_real_veraison_are_judged, real);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
