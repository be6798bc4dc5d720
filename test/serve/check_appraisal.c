/* SPDX-License-Identifier: Apache-2.0
 *
 * From Evidence to a result and back: what atls serve signs of an Arm CCA token
 * is taken by a policy that was written for Veraison, and says of platform and
 * realm what is theirs.
 */
#include "serve/appraisal.h"

#include <stdio.h>
#include <string.h>

#include "../check_main.h"
#include "../unit/forge_cca.h"
#include "cca.h"
#include "json.h"
#include "result.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

#define TYPE                                                                   \
    "application/eat+cwt; "                                                    \
    "eat_profile=\"tag:arm.com,2023:cca_platform#1.0.0\""
#define X8(text)  text text text text text text text text
#define X32(text) X8(text) X8(text) X8(text) X8(text)
#define RIM       "\"rim\":\"" X32("43") "\""
#define NAME      "https://v.example"

enum { NOW = 1795000000, NONCE = 64 };

static struct atls_setup setup;
static struct atls_service service;
static struct atls_session session;
static EVP_PKEY *cpak, *rak;

static struct atls_policy *parse_policy(const char *text)
{
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    ck_assert_msg(atls_policy_parse(atls_view_text(text), "p", "", NULL, NULL,
                                    &policy, &why) == ATLS_OK,
                  "%s", why.text);
    return policy;
}

static void open_service(const char *reference)
{
    const struct atls_peer nobody = {.role = ATLS_ROLE_SERVER};
    ATLS_AUTO_HEAP char *pem = forge_pem(cpak);
    static char text[4096];

    snprintf(text, sizeof(text),
             "{\"profiles\":{\"p\":{\"format\":\"cca\",\"trust_anchors\":[{"
             "\"instance_id\":\"01" X32("02") "\",\"key\":\"%s\"}],%s}}}",
             pem, reference);
    service.policy = parse_policy(text);
    service.rule = atls_policy_match(service.policy, &nobody);
    ck_assert_ptr_nonnull(service.rule);
}

static void setup_all(void)
{
    cpak = forge_key("psa");
    rak = EVP_EC_gen("P-384");
    ck_assert_ptr_nonnull(rak);
    setup = (struct atls_setup){0};
    service = (struct atls_service){.setup = &setup};
    service.signers.items[0].key = forge_key("ak-ecc");
    service.signers.num = 1;
    memcpy(session.nonce, forge_nonce(NONCE).data, NONCE);
    session.nonce_len = NONCE;
}

static void clear_all(void)
{
    atls_policy_free(service.policy);
    EVP_PKEY_free(service.signers.items[0].key);
    EVP_PKEY_free(cpak);
    EVP_PKEY_free(rak);
}

/* Of another session. */
static struct atls_view other_nonce(void)
{
    static uint8_t nonce[NONCE];

    memcpy(nonce, forge_nonce(NONCE).data, NONCE);
    nonce[NONCE - 1] ^= 1;
    return atls_view(nonce, NONCE);
}

/* The signed result for a token with that challenge. */
static void submit(struct atls_view challenge, struct atls_buf *result,
                   struct atls_verdict *verdict)
{
    ATLS_AUTO_BUF token = atls_buf(FORGE_MAX);
    struct atls_submission submission = {
        .session = &session, .format = &atls_format_cca, .now = NOW};
    struct atls_why why = {0};
    static struct forge_cca cca;

    forge_cca(&cca, cpak, rak, challenge);
    forge_cca_put(&cca, &token);
    forge_cca_clear(&cca);
    ck_assert(atls_type_parse(atls_view_text(TYPE), &submission.type));
    submission.value = atls_buf_view(&token);
    ck_assert_msg(atls_appraisal_run(&service, &submission, verdict, result,
                                     &why) == ATLS_OK,
                  "%s", why.text);
}

/* What a Relying Party with that entry for the Verifier says of it. */
static enum atls_reason believe(const char *entry,
                                const struct atls_buf *result,
                                struct atls_verdict *verdict)
{
    ATLS_AUTO_BUF jwk = atls_buf(1024);
    static char text[4096];
    struct atls_result_subject subject = {.nonce = forge_nonce(NONCE)};
    struct atls_policy *policy;
    enum atls_reason reason;
    int64_t expires;

    ck_assert_reason(
        atls_jwk_put(&jwk, service.signers.items[0].key, NULL, NULL), ATLS_OK);
    snprintf(text, sizeof(text),
             "{\"verifiers\":{\"" NAME "\":{\"keys\":%.*s,%s}}}", (int)jwk.len,
             (const char *)jwk.data, entry);
    policy = parse_policy(text);
    reason = atls_result_appraise(
        atls_policy_verifier(policy, atls_view_text(NAME)),
        atls_buf_view(result), &subject, NOW, verdict, &expires);
    atls_policy_free(policy);
    return reason;
}

static const struct {
    const char *reference, *entry;
    enum atls_reason reason;
} rows[] = {
    /* a policy for Veraison, as it is */
    {RIM,
     "\"accept\":[{\"CCA_REALM\":[\"executables\",\"instance-identity\"],"
     "\"CCA_SSD_PLATFORM\":[\"hardware\",\"configuration\",\"runtime-opaque\","
     "\"instance-identity\"]}]",
     ATLS_OK},
    {RIM, "\"any\":true", ATLS_OK},
    /* each says what is its own */
    {RIM, "\"accept\":[{\"CCA_REALM\":[\"hardware\"],\"CCA_SSD_PLATFORM\":[]}]",
     ATLS_RESULT_REFUSED},
    {RIM,
     "\"accept\":[{\"CCA_REALM\":[],\"CCA_SSD_PLATFORM\":[\"executables\"]}]",
     ATLS_RESULT_REFUSED},
    {"\"any\":true",
     "\"accept\":[{\"CCA_REALM\":[\"executables\"],\"CCA_SSD_PLATFORM\":[]}]",
     ATLS_RESULT_REFUSED},
    {RIM, "\"accept\":[{\"CCA_REALM\":[]}]", ATLS_RESULT_SUBMOD},
    {RIM, "\"accept\":[{\"CCA_SSD_PLATFORM\":[]}]", ATLS_RESULT_SUBMOD},
    /* the realm's nonce is its own, and what the platform is fresh by */
    {RIM, "\"any\":true,\"nonce_checked\":[]", ATLS_OK},
    /* what was refused, nobody vouches for */
    {"\"rim\":\"" X32("44") "\"", "\"any\":true", ATLS_RESULT_REFUSED},
};

START_TEST(cca_is_two_submodules_as_veraison_has_them)
{
    ATLS_AUTO_BUF result = atls_buf(ATLS_JWS_MAX);
    static struct atls_verdict verdict;
    enum atls_reason reason;

    open_service(rows[_i].reference);
    submit(forge_nonce(NONCE), &result, &verdict);
    reason = believe(rows[_i].entry, &result, &verdict);
    ck_assert_msg(reason == rows[_i].reason, "%s: %s", atls_reason_name(reason),
                  verdict.text);
}
END_TEST

START_TEST(components_are_the_platforms_executables)
{
    ATLS_AUTO_BUF result = atls_buf(ATLS_JWS_MAX);
    static struct atls_verdict verdict;
    json_t *learned = atls_json_object();
    static struct atls_cca_claims claims;
    ATLS_AUTO_BUF token = atls_buf(FORGE_MAX);
    struct atls_view nonce;
    static struct forge_cca cca;
    char *text;

    forge_cca(&cca, cpak, rak, forge_nonce(NONCE));
    forge_cca_put(&cca, &token);
    forge_cca_clear(&cca);
    ck_assert_reason(
        atls_cca_parse(atls_buf_view(&token), &claims, &nonce, NULL), ATLS_OK);
    ck_assert(atls_components_learn(claims.fields[ATLS_CCA_COMPONENTS].view,
                                    learned));
    text = json_dumps(learned, 0);
    ck_assert_ptr_nonnull(text);
    text[strlen(text) - 1] = '\0'; /* its members alone */
    open_service(text + 1);
    free(text);
    json_decref(learned);
    submit(forge_nonce(NONCE), &result, &verdict);
    ck_assert_reason(believe("\"accept\":[{\"CCA_REALM\":[],"
                             "\"CCA_SSD_PLATFORM\":[\"executables\"]}]",
                             &result, &verdict),
                     ATLS_OK);
    ck_assert_reason(believe("\"accept\":[{\"CCA_REALM\":[\"executables\"],"
                             "\"CCA_SSD_PLATFORM\":[]}]",
                             &result, &verdict),
                     ATLS_RESULT_REFUSED);
}
END_TEST

START_TEST(both_are_refused_for_another_nonce)
{
    ATLS_AUTO_BUF result = atls_buf(ATLS_JWS_MAX);
    static struct atls_verdict verdict;

    open_service(RIM);
    submit(other_nonce(), &result, &verdict);
    ck_assert_reason(verdict.reason, ATLS_BINDER_MISMATCH);
    for (int i = 0; i < ATLS_NUM_AR4SI_CLAIMS; i++)
        ck_assert_int_eq(verdict.vector[i], 99);
    ck_assert_reason(believe("\"any\":true", &result, &verdict),
                     ATLS_RESULT_REFUSED);
}
END_TEST

START_TEST(what_compares_no_nonce_is_trusted_by_neither_name)
{
    ATLS_AUTO_BUF result = atls_buf(ATLS_JWS_MAX);
    static struct atls_verdict verdict;

    setup.is_nonce_unchecked = true;
    open_service(RIM);
    submit(other_nonce(), &result, &verdict);
    ck_assert_reason(verdict.reason, ATLS_OK);
    ck_assert_reason(believe("\"any\":true", &result, &verdict),
                     ATLS_RESULT_NONCE_UNCHECKED);
    ck_assert_reason(
        believe("\"accept\":[{\"UNCHECKED_CCA_REALM\":[],"
                "\"UNCHECKED_CCA_SSD_PLATFORM\":[]}],\"nonce_checked\":["
                "\"UNCHECKED_CCA_REALM\",\"UNCHECKED_CCA_SSD_PLATFORM\"]",
                &result, &verdict),
        ATLS_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("appraisal");
    TCase *cases = tcase_create("appraisal");

    tcase_add_checked_fixture(cases, setup_all, clear_all);
    tcase_add_loop_test(cases, cca_is_two_submodules_as_veraison_has_them, 0,
                        sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(cases, components_are_the_platforms_executables);
    tcase_add_test(cases, both_are_refused_for_another_nonce);
    tcase_add_test(cases, what_compares_no_nonce_is_trusted_by_neither_name);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
