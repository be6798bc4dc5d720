/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence that a Verifier judges, alone or after us: when it is asked, what,
 * and what its word is worth. Linked with --wrap: nobody is really asked.
 */
#include <stdio.h>
#include <string.h>

#include "cbor.h"
#include "evidence.h"
#include "forge.h"
#include "remote.h"
#include "../check_main.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

#define V "https://v.example"
#define W "https://w.example"
#define VERIFIER(name, more)                                                   \
    "'" name "':{'keys':{'kty':'EC','crv':'P-256',"                            \
    "'x':'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',"                       \
    "'y':'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0'},'any':true" more "}"
#define POLICY(more, profiles)                                                 \
    "{'verifiers':{" VERIFIER(V, more) "," VERIFIER(                           \
        W, more) "},'profiles':{" profiles "}}"
/* the forged token's lifecycle is secured */
#define LOCAL "'format':'psa','trust_anchors':['@'],'any':true"

enum { NOW = 1700000000, DEADLINE = 12345 };

static unsigned num_asked;
static struct atls_remote_question asked;
static char asked_type[256];
static uint64_t asked_policy;
static enum atls_reason answer;

enum atls_reason
__wrap_atls_remote_appraise(const struct atls_remote_question *question,
                            uint64_t policy_id, int64_t now,
                            struct atls_verdict *verdict);
enum atls_reason
__wrap_atls_remote_appraise(const struct atls_remote_question *question,
                            uint64_t policy_id, int64_t now,
                            struct atls_verdict *verdict)
{
    ck_assert_int_eq(now, NOW);
    num_asked++;
    asked = *question;
    atls_type_text(question->type, asked_type, sizeof(asked_type));
    asked_policy = policy_id;
    atls_verdict_init(verdict);
    verdict->reason = answer;
    verdict->tier = answer == ATLS_OK ? ATLS_TIER_WARNING : ATLS_TIER_NONE;
    verdict->vector[ATLS_FILE_SYSTEM] = 33;
    return answer;
}

static struct atls_policy *policy;
static struct atls_evidence *evidence;
static struct atls_verdict verdict;
static struct atls_buf cmw;

static void setup(void)
{
    cmw = atls_buf(FORGE_MAX);
}

static void teardown(void)
{
    atls_evidence_free(evidence);
    atls_policy_free(policy);
    atls_buf_clear(&cmw);
}

static void load(const char *template)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_key("psa");
    ATLS_AUTO_HEAP char *pem = forge_pem(key);
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_why why = {0};

    for (const char *c = template; *c != '\0'; c++)
        if (*c == '@')
            atls_buf_text(&text, pem);
        else
            atls_buf_u8(&text, *c == '\'' ? '"' : (uint8_t)*c);
    ck_assert_msg(atls_policy_parse(atls_buf_view(&text), "p", "", NULL, NULL,
                                    &policy, &why) == ATLS_OK,
                  "%s", why.text);
}

static void make_token(const char *signer)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_key("psa");
    ATLS_AUTO(EVP_PKEY) *with = forge_key(signer);
    ATLS_AUTO_BUF token = atls_buf(FORGE_MAX);
    struct forge_claims claims;

    forge_claims(&claims, key, forge_nonce(FORGE_NONCE));
    forge_psa(&token, &claims, with);
    forge_claims_clear(&claims);
    forge_cmw(&cmw, "10003", atls_buf_view(&token), 4);
}

static enum atls_reason judge(const char *setting, int64_t deadline_ns)
{
    const struct atls_terms terms = {.policy = policy,
                                     .now = NOW,
                                     .verifier = setting,
                                     .deadline_ns = deadline_ns};

    return atls_evidence_judge(atls_buf_view(&cmw), forge_nonce(FORGE_NONCE),
                               &terms, &verdict);
}

static const struct row {
    const char *policy, *setting, *signer;
    enum atls_reason answer, reason;
    unsigned num_asked;
    const char *profile;
} rows[] = {
    /* the Verifier alone */
    {POLICY("", "'p':{'format':'psa','verifier':'" V "'}"), NULL, "psa",
     ATLS_OK, ATLS_OK, 1, "p"},
    {POLICY("", "'p':{'format':'psa','verifier':'" V "'}"), NULL, "psa-other",
     ATLS_OK, ATLS_OK, 1, "p"},
    {POLICY("", "'p':{'format':'psa','verifier':'" V "'}"), NULL, "psa",
     ATLS_RESULT_REFUSED, ATLS_RESULT_REFUSED, 1, "p"},
    {POLICY("", "'p':{'format':'psa'}"), V, "psa", ATLS_OK, ATLS_OK, 1, "p"},
    {POLICY("", "'p':{'format':'psa'}"), NULL, "psa", ATLS_OK,
     ATLS_VERIFIER_MISSING, 0, "p"},
    {POLICY("", "'p':{'format':'psa'}"), "https://x.example", "psa", ATLS_OK,
     ATLS_VERIFIER_MISSING, 0, "p"},
    /* we first */
    {POLICY("", "'p':{" LOCAL ",'verifier':'" V "'}"), NULL, "psa", ATLS_OK,
     ATLS_OK, 1, "p"},
    {POLICY("", "'p':{" LOCAL ",'verifier':'" V "'}"), NULL, "psa",
     ATLS_VERIFIER_TIMEOUT, ATLS_VERIFIER_TIMEOUT, 1, "p"},
    {POLICY("", "'p':{" LOCAL ",'verifier':'" V "'}"), NULL, "psa-other",
     ATLS_OK, ATLS_SIGNATURE_INVALID, 0, "p"},
    {POLICY("", "'p':{" LOCAL "}"), V, "psa", ATLS_RESULT_STALE,
     ATLS_RESULT_STALE, 1, "p"},
    {POLICY("", "'p':{" LOCAL "}"), NULL, "psa", ATLS_RESULT_STALE, ATLS_OK, 0,
     "p"},
    /* a setting that names nobody is never taken for none */
    {POLICY("", "'p':{" LOCAL "}"), "https://x.example", "psa", ATLS_OK,
     ATLS_VERIFIER_MISSING, 0, "p"},
    /* however many profiles name it, it is asked once */
    {POLICY("", "'a':{'format':'psa'},'b':{'format':'psa'},"
                "'c':{'format':'psa','verifier':'" V "'}"),
     V, "psa", ATLS_RESULT_SUBMOD, ATLS_RESULT_SUBMOD, 1, "a"},
    {POLICY("", "'a':{'format':'psa','verifier':'" V "'},"
                "'b':{'format':'psa','verifier':'" W "'}"),
     NULL, "psa", ATLS_RESULT_SUBMOD, ATLS_RESULT_SUBMOD, 2, "a"},
    /* a profile of another format asks nobody */
    {POLICY("", "'p':{'format':'tpm','verifier':'" V "'}"), NULL, "psa",
     ATLS_OK, ATLS_PROFILE_MISSING, 0, ""},
};

START_TEST(verifier_is_asked_where_the_profile_says)
{
    const struct row *row = &rows[_i];

    load(row->policy);
    make_token(row->signer);
    answer = row->answer;
    ck_assert_reason(judge(row->setting, DEADLINE), row->reason);
    ck_assert_reason(verdict.reason, row->reason);
    ck_assert_uint_eq(num_asked, row->num_asked);
    ck_assert_str_eq(verdict.profile, row->profile);
}
END_TEST

START_TEST(question_is_what_the_evidence_says)
{
    load(rows[0].policy);
    make_token("psa");
    ck_assert_reason(judge(NULL, DEADLINE), ATLS_OK);
    ck_assert_str_eq(asked.verifier->name, V);
    ck_assert_str_eq(asked_type,
                     "application/eat+cwt; "
                     "eat_profile=\"tag:psacertified.org,2023:psa#tfm\"");
    ck_assert_uint_eq(asked.nonce.len, FORGE_NONCE);
    ck_assert_int_eq(asked.deadline_ns, DEADLINE);
    ck_assert_uint_eq(asked_policy, atls_policy_id(policy));
    ck_assert_ptr_null(asked.tee);
    ck_assert_int_eq(verdict.tier, ATLS_TIER_WARNING);
    ck_assert_int_eq(verdict.vector[ATLS_FILE_SYSTEM], 33);
}
END_TEST

START_TEST(nobody_is_asked_without_a_deadline)
{
    load(rows[_i == 0 ? 0 : 6].policy);
    make_token("psa");
    ck_assert_reason(judge(NULL, 0), ATLS_VERIFIER_DEADLINE);
    ck_assert_uint_eq(num_asked, 0);
    ck_assert_reason(atls_appraise(policy, atls_buf_view(&cmw),
                                   forge_nonce(FORGE_NONCE), NOW, NULL,
                                   &verdict),
                     ATLS_VERIFIER_DEADLINE);
    ck_assert_int_eq(verdict.tier, ATLS_TIER_NONE);
}
END_TEST

START_TEST(nobody_is_asked_about_another_connections_evidence)
{
    struct atls_terms terms = {.now = NOW, .deadline_ns = DEADLINE};
    uint8_t other[FORGE_NONCE] = {0};

    load(rows[0].policy);
    make_token("psa");
    terms.policy = policy;
    ck_assert_reason(atls_evidence_judge(atls_buf_view(&cmw),
                                         atls_view(other, sizeof(other)),
                                         &terms, &verdict),
                     ATLS_BINDER_MISMATCH);
    ck_assert_uint_eq(num_asked, 0);
}
END_TEST

/* The setting's Verifier is asked about each member, and about nothing else. */

#define MEMBERS "'c':{'format':'composite','members':{'m':'p'}}"

static const struct {
    const char *policy, *setting;
    enum atls_reason answer, reason;
    unsigned num_asked;
} composites[] = {
    {POLICY("", MEMBERS ",'p':{'format':'psa'}"), V, ATLS_OK, ATLS_OK, 1},
    {POLICY("", MEMBERS ",'p':{" LOCAL "}"), V, ATLS_OK, ATLS_OK, 1},
    {POLICY("", MEMBERS ",'p':{" LOCAL "}"), NULL, ATLS_OK, ATLS_OK, 0},
    {POLICY("", MEMBERS ",'p':{" LOCAL "}"), V, ATLS_RESULT_REFUSED,
     ATLS_RESULT_REFUSED, 1},
    {POLICY("", MEMBERS ",'p':{" LOCAL "}"), "https://x.example", ATLS_OK,
     ATLS_VERIFIER_MISSING, 0},
};

static void wrap_in_collection(void)
{
    ATLS_AUTO_BUF record = atls_buf(FORGE_MAX);

    atls_buf_put(&record, atls_buf_view(&cmw));
    cmw.len = 0;
    atls_cbor_put_map(&cmw, 1);
    atls_cbor_put_text(&cmw, "m");
    atls_buf_put(&cmw, atls_buf_view(&record));
}

START_TEST(members_of_a_composite_are_judged_by_the_settings_verifier)
{
    load(composites[_i].policy);
    make_token("psa");
    wrap_in_collection();
    answer = composites[_i].answer;
    ck_assert_reason(judge(composites[_i].setting, DEADLINE),
                     composites[_i].reason);
    ck_assert_uint_eq(num_asked, composites[_i].num_asked);
    if (num_asked == 0)
        return;
    if (verdict.reason == ATLS_OK)
        ck_assert_int_eq(verdict.tier, ATLS_TIER_WARNING); /* as it was told */
    ck_assert_str_eq(asked.verifier->name, V);
    ck_assert_str_eq(asked_type,
                     "application/eat+cwt; "
                     "eat_profile=\"tag:psacertified.org,2023:psa#tfm\"");
    ck_assert_uint_eq(asked.nonce.len, FORGE_NONCE);
}
END_TEST

/* Evidence that only a Verifier knows */

#define OTHER(type) "'o':{'format':'other','types':'" type "'}"

static enum atls_reason judge_other(const char *text, size_t challenge_len)
{
    ATLS_AUTO_BUF storage = atls_buf(FORGE_MAX);
    struct atls_peer peer = {.role = ATLS_ROLE_SERVER};
    struct atls_terms terms = {.now = NOW,
                               .verifier = V,
                               .deadline_ns = DEADLINE,
                               .challenge = forge_nonce(challenge_len)};
    struct atls_why why = {0};
    struct atls_cmw record;

    load(text);
    forge_cmw(&cmw, "application/vnd.example.tee", atls_view_text("evidence"),
              4);
    ck_assert_reason(
        atls_evidence_parse(atls_buf_view(&cmw), NULL, &evidence, &why),
        ATLS_FORMAT_UNKNOWN);
    ck_assert_reason(
        atls_cmw_parse(atls_buf_view(&cmw), &storage, &record, NULL), ATLS_OK);
    ck_assert_reason(atls_evidence_wrap(&record, NULL, &evidence, NULL),
                     ATLS_OK);
    ck_assert_uint_eq(atls_evidence_nonce(evidence).len, 0);
    ck_assert(!atls_evidence_nonce_equal(evidence, forge_nonce(32)));
    terms.policy = policy;
    terms.rule = atls_policy_match(policy, &peer);
    return atls_evidence_appraise(evidence, &terms, &verdict);
}

static const struct {
    const char *policy;
    size_t challenge_len;
    enum atls_reason reason;
} others[] = {
    {POLICY(",'unparsed':true", OTHER("application/vnd.example.tee")), 32,
     ATLS_OK},
    {POLICY(",'unparsed':true", OTHER("Application/vnd.Example.tee")), 32,
     ATLS_OK},
    {POLICY(",'unparsed':true", OTHER("application/vnd.example.tee")), 0,
     ATLS_NONCE_MISSING},
    {POLICY("", OTHER("application/vnd.example.tee")), 32, ATLS_NONCE_MISSING},
    {POLICY(",'unparsed':true", OTHER("application/vnd.example.other")), 32,
     ATLS_PROFILE_MISSING},
    {POLICY(",'unparsed':true", "'p':{'format':'psa'}"), 32,
     ATLS_PROFILE_MISSING},
};

START_TEST(unknown_evidence_goes_only_where_the_policy_says)
{
    answer = ATLS_OK;
    ck_assert_reason(judge_other(others[_i].policy, others[_i].challenge_len),
                     others[_i].reason);
    ck_assert_uint_eq(num_asked, others[_i].reason == ATLS_OK ? 1 : 0);
    if (num_asked > 0) {
        ck_assert_str_eq(asked_type, "application/vnd.example.tee");
        ck_assert_uint_eq(asked.nonce.len, 32);
    }
}
END_TEST

START_TEST(evidence_of_a_known_type_is_not_wrapped)
{
    ATLS_AUTO_BUF storage = atls_buf(FORGE_MAX);
    struct atls_cmw record;

    make_token("psa");
    ck_assert_reason(
        atls_cmw_parse(atls_buf_view(&cmw), &storage, &record, NULL), ATLS_OK);
    ck_assert_reason(atls_evidence_wrap(&record, NULL, &evidence, NULL),
                     ATLS_CMW_TYPE);
    ck_assert_ptr_null(evidence);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("background");
    TCase *cases = tcase_create("background");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, verifier_is_asked_where_the_profile_says, 0,
                        sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(cases, question_is_what_the_evidence_says);
    tcase_add_loop_test(cases, nobody_is_asked_without_a_deadline, 0, 2);
    tcase_add_test(cases, nobody_is_asked_about_another_connections_evidence);
    tcase_add_loop_test(
        cases, members_of_a_composite_are_judged_by_the_settings_verifier, 0,
        sizeof(composites) / sizeof(composites[0]));
    tcase_add_loop_test(cases, unknown_evidence_goes_only_where_the_policy_says,
                        0, sizeof(others) / sizeof(others[0]));
    tcase_add_test(cases, evidence_of_a_known_type_is_not_wrapped);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
