/* SPDX-License-Identifier: Apache-2.0
 *
 * Attesting by an Attestation Result: what a peer's delegate may bring, and
 * what is refused. The Verifier is a key of this test, and its results say what
 * a row wants.
 */
#include <string.h>
#include <time.h>

#include "deviant.h"
#include "verifier.h"

#define VERIFIER "https://v.test"
#define VERIFIERS(more)                                                        \
    "\"verifiers\":{\"" VERIFIER "\":{\"keys\":[\"../verifier.pem\"],"         \
    "\"accept\":[{\"PSA_IOT\":[\"executables\"]}]" more "},"                   \
    "\"https://w.test\":{\"keys\":[\"../other.pem\"],\"any\":true}}"
#define POLICY(more)                                                           \
    "{" VERIFIERS(more) ",\"profiles\":{" PAIR_DEV "},\"rules\":[{"            \
                        "\"accept\":[],\"delegated_max_age\":\"10m\","         \
                        "\"passport\":[\"" VERIFIER "\"]}]}"
#define TRUSTEE "trustee+https://t.test"
#define OF_TRUSTEE                                                             \
    "{\"verifiers\":{\"" TRUSTEE "\":{\"keys\":[\"../verifier.pem\"],"         \
    "\"accept\":[{\"cpu0\":[\"executables\"]}]}},\"profiles\":{" PAIR_DEV      \
    "},\"rules\":[{\"accept\":[],\"delegated_max_age\":\"10m\",\"passport\":"  \
    "[\"" TRUSTEE "\"]}]}"
/* Nothing that a Verifier says of a session's nonce is taken for the
 * Evidence's. */
#define STRICT  POLICY(",\"nonce_checked\":[]")
#define CHECKED POLICY("") /* of PSA_IOT */

static struct pair pair;
static time_t time_ahead_s;

/* For the module too: this program exports it. */
__attribute__((visibility("default"))) time_t time(time_t *out)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec += time_ahead_s;
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}

static struct deviant peer;

enum nonce { NONCE_RIGHT, NONCE_NONE, NONCE_OTHER };
enum key { KEY_NONE, KEY_TIK, KEY_OTHER }; /* that the result attests */

static const struct row {
    const char *sentence;
    const char *policy; /* NULL: STRICT */
    struct deviant_mandate mandate;
    enum deviant_binder binder;
    enum nonce of_submod, of_session;
    bool is_trustees; /* see struct verifier_word */
    int64_t age_s;    /* of the result */
    const char *key, *submod, *developer;
    enum key attested;
    bool is_contraindicated;
    enum atls_reason reason;
} rows[] = {
    {"a passport", .reason = ATLS_OK},
    {"a passport without the session's nonce", .of_session = NONCE_NONE,
     .reason = ATLS_OK},
    {"the session's nonce alone, of a Verifier that checks", .policy = CHECKED,
     .of_submod = NONCE_NONE, .reason = ATLS_OK},
    {"the session's nonce alone, of a Verifier that is not known to check",
     .policy = CHECKED, .developer = "test", .of_submod = NONCE_NONE,
     .reason = ATLS_RESULT_NONCE_UNCHECKED},
    {"the session's nonce alone", .of_submod = NONCE_NONE,
     .reason = ATLS_RESULT_NONCE_UNCHECKED},
    {"no nonce at all", .policy = CHECKED, .of_submod = NONCE_NONE,
     .of_session = NONCE_NONE, .reason = ATLS_RESULT_NONCE_UNCHECKED},
    {"another nonce of the Evidence", .of_submod = NONCE_OTHER,
     .reason = ATLS_RESULT_NONCE},
    {"another nonce of the session", .of_session = NONCE_OTHER,
     .reason = ATLS_RESULT_NONCE},
    {"a result for another delegate", .mandate = {.other_delegate = true},
     .reason = ATLS_RESULT_NONCE},
    {"a result for another TLS key", .mandate = {.other_tik = true},
     .reason = ATLS_RESULT_NONCE},
    {"a proof by another key", .mandate = {.other_proof = true},
     .reason = ATLS_DELEGATION_PROOF},
    {"an expired delegate", .mandate = {.age_s = 700},
     .reason = ATLS_DELEGATION_STALE},
    {"a delegate of the future", .mandate = {.age_s = -100},
     .reason = ATLS_DELEGATION_FUTURE},
    {"a life of an hour", .mandate = {.lifetime_s = 3600},
     .reason = ATLS_DELEGATION_LIFETIME},
    {"a stale result", .mandate = {.age_s = 400}, .age_s = 400,
     .reason = ATLS_RESULT_STALE},
    {"a result from before the delegate", .age_s = 120,
     .reason = ATLS_RESULT_STALE},
    {"a result of the future", .age_s = -120, .reason = ATLS_RESULT_FUTURE},
    {"another Verifier's result", .key = "other.key",
     .reason = ATLS_RESULT_SIGNATURE},
    {"a result about something else", .submod = "SEVSNP",
     .reason = ATLS_RESULT_SUBMOD},
    {"a result that says no", .is_contraindicated = true,
     .reason = ATLS_RESULT_REFUSED},
    {"a result that attests its TLS key", .attested = KEY_TIK,
     .reason = ATLS_OK},
    {"a result that attests another key", .attested = KEY_OTHER,
     .reason = ATLS_RESULT_KEY},
    {"a passport of Trustee", .is_trustees = true, .reason = ATLS_OK},
    {"a passport of Trustee for other report data", .is_trustees = true,
     .of_submod = NONCE_OTHER, .reason = ATLS_RESULT_NONCE},
    {"a passport of Trustee without report data", .is_trustees = true,
     .of_submod = NONCE_NONE, .of_session = NONCE_NONE,
     .reason = ATLS_RESULT_NONCE_UNCHECKED},
    {"a passport of Trustee for another TLS key", .is_trustees = true,
     .mandate = {.other_tik = true}, .reason = ATLS_RESULT_NONCE},
    {"a proof of another connection", .binder = BINDER_LAST_BIT,
     .reason = ATLS_BINDER_MISMATCH},
};
#define NUM_ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct row *row;
static bool server_shows_it;

static const char *key_of(enum key which)
{
    if (which == KEY_NONE)
        return NULL;
    return (which == KEY_TIK) == server_shows_it ? "server.key" : "client.key";
}

static struct atls_view nonce_of(enum nonce which, struct atls_view value)
{
    static uint8_t other[32];

    switch (which) {
    case NONCE_RIGHT:
        break;
    case NONCE_NONE:
        return atls_view(NULL, 0);
    case NONCE_OTHER:
        memcpy(other, value.data, sizeof(other));
        other[31] ^= 1;
        return atls_view(other, sizeof(other));
    }
    return value;
}

static void make_result(struct atls_view value, struct atls_buf *jws)
{
    const struct verifier_word word = {
        .key = row->key,
        .submod = row->is_trustees ? "cpu0" : row->submod,
        .developer = row->developer,
        .attested = key_of(row->attested),
        .of_submod = nonce_of(row->of_submod, value),
        .of_session = nonce_of(row->of_session, value),
        .is_trustees = row->is_trustees,
        .age_s = row->age_s,
        .is_contraindicated = row->is_contraindicated};

    verifier_sign(&word, jws);
}

static enum atls_reason answer(const struct atls_remote_question *question,
                               struct atls_buf *result, struct atls_why *why)
{
    (void)why;
    make_result(question->nonce, result);
    return ATLS_OK;
}

static struct deviant_mandate mandate;

static void setup(int index, const char *require)
{
    row = &rows[index];
    server_shows_it = strcmp(require, "server") == 0;
    mandate = row->mandate;
    mandate.result = make_result;
    peer.mandate = &mandate;
    peer.binder = row->binder;
    pair_setup(&(struct pair_config){.require = require,
                                     .policy = row->is_trustees ? OF_TRUSTEE
                                               : row->policy != NULL
                                                   ? row->policy
                                                   : STRICT});
    deviant_speaks(&peer, row->is_trustees ? TRUSTEE : VERIFIER);
}

static void end(struct pair_side *judge)
{
    pair_handshake(&pair);
    if (row->reason == ATLS_OK) {
        pair_accepted(&pair);
        pair_free(&pair);
        ck_assert_str_eq(pair_log_text(judge->role, "verdict"), "affirming");
        ck_assert_str_eq(pair_log_text(judge->role, "peer_scheme"),
                         row->is_trustees ? TRUSTEE : VERIFIER);
    } else {
        pair_refused(&pair, judge, (int)atls_reason_alert(row->reason),
                     row->reason);
    }
    deviant_clear(&peer);
}

START_TEST(server_shows)
{
    setup(_i, "server");
    pair_new(&pair, NULL, deviant_server(&peer));
    end(&pair.client);
}
END_TEST

START_TEST(client_shows)
{
    setup(_i, "client");
    pair_new(&pair, deviant_client(&peer), NULL);
    end(&pair.server);
}
END_TEST

START_TEST(client_shows_what_a_server_signed)
{
    setup(0, "client");
    peer.binder = BINDER_OTHER_ROLE;
    pair_new(&pair, deviant_client(&peer), NULL);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 47, ATLS_BINDER_MISMATCH);
    deviant_clear(&peer);
}
END_TEST

/* Signed by a Verifier that the policy knows, and that this rule does not
 * take; or under another's name. */
START_TEST(another_verifier_cannot_be_chosen)
{
    setup(0, "server");
    deviant_clear(&peer);
    deviant_speaks(&peer, "https://w.test");
    pair_new(&pair, NULL, deviant_server(&peer));
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 47, ATLS_SCHEME_NOT_OFFERED);
    deviant_clear(&peer);
}
END_TEST

START_TEST(a_verifier_that_only_another_rule_takes_is_refused)
{
    setup(0, "server");
    pair_write_file("policy.json",
                    "{" VERIFIERS("") ",\"profiles\":{" PAIR_DEV
                                      "},\"rules\":[{\"match\":{\"uri\":"
                                      "\"a:b\"},\"delegated_max_age\":\"10m\","
                                      "\"passport\":[\"" VERIFIER
                                      "\"]},{\"accept\":[\"dev\"]}]}");
    pair_new(&pair, NULL, deviant_server(&peer));
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_PASSPORT_REFUSED);
    deviant_clear(&peer);
}
END_TEST

START_TEST(evidence_in_the_place_of_a_result_is_of_another_type)
{
    setup(0, "server");
    mandate.result = NULL;
    pair_new(&pair, NULL, deviant_server(&peer));
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 47, ATLS_CMW_TYPE);
    deviant_clear(&peer);
}
END_TEST

/* Our own, which a Verifier made for us. */
static void setup_own(enum key attested, const char *fault)
{
    static struct row asked = {.reason = ATLS_OK};

    asked.attested = attested;
    row = &asked;
    server_shows_it = true;
    pair_setup(&(struct pair_config){.attester = "soft.key",
                                     .provider = fault != NULL ? "slow" : NULL,
                                     .scheme = fault != NULL ? "slow:" : NULL,
                                     .options = fault,
                                     .require = "server",
                                     .policy = STRICT,
                                     .extra = "passport = " VERIFIER "\n",
                                     .is_stubbed = true});
    verifier_stub()->answer = answer;
}

static void fetch(enum key attested)
{
    setup_own(attested, NULL);
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
}

/* The setting's, of which the attester has had its part. */
static void check_time(void)
{
    const struct remote_stub *stub = verifier_stub();

    ck_assert_int_eq(stub->timeout_ns, INT64_C(2000000000));
    ck_assert_int_gt(stub->left_ns, 0);
    ck_assert_int_lt(stub->left_ns, stub->timeout_ns);
}

START_TEST(a_passport_that_attests_our_key_is_shown)
{
    fetch(KEY_TIK);
    pair_accepted(&pair);
    check_time();
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("client", "peer_scheme"), VERIFIER);
}
END_TEST

START_TEST(a_verifier_gets_the_first_record_that_is_made)
{
    setup_own(KEY_NONE, "?fault=both");
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(verifier_stub()->type,
                     "application/eat+cwt; "
                     "eat_profile=\"tag:psacertified.org,2023:psa#tfm\"");
}
END_TEST

START_TEST(a_verifier_gets_nothing_but_what_the_attester_was_asked_for)
{
    setup_own(KEY_NONE, "?fault=type");
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 80, ATLS_ATTESTER_FAILED);
    ck_assert_uint_eq(verifier_stub()->num_asked, 0);
}
END_TEST

static enum atls_reason hang(const struct atls_remote_question *question,
                             struct atls_buf *result, struct atls_why *why)
{
    (void)question;
    (void)result;
    return atls_why(why, ATLS_VERIFIER_TIMEOUT, "it hangs");
}

static void connect_and_accept(void)
{
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
}

/* The program may have one thread, which waits for the answer. */
START_TEST(a_renewal_waits_for_a_part_of_the_timeout)
{
    struct remote_stub *stub;

    setup_own(KEY_NONE, NULL);
    stub = verifier_stub();
    connect_and_accept();
    time_ahead_s = 250; /* of the 300 that the result is good for */
    stub->answer = hang;
    connect_and_accept();
    ck_assert_uint_eq(stub->num_asked, 2);
    ck_assert_int_gt(stub->left_ns, 0);
    ck_assert_int_le(stub->left_ns, stub->timeout_ns / 4);
    ck_assert(pair_log_says("VERIFIER_TIMEOUT"));
    connect_and_accept();
    ck_assert_uint_eq(stub->num_asked, 2);
}
END_TEST

START_TEST(a_passport_that_attests_another_key_is_shown_to_nobody)
{
    fetch(KEY_OTHER);
    pair_refused(&pair, &pair.server, 40, ATLS_RESULT_KEY);
}
END_TEST

static void add_row(TCase *cases, const TTest *test, const char *role,
                    int index)
{
    static char names[2 * NUM_ROWS][128];
    static size_t num;
    char *name = names[num++];

    snprintf(name, sizeof(names[0]), "%s shows %s: %s", role,
             rows[index].sentence, atls_reason_name(rows[index].reason));
    pair_add_row(cases, test, name, index);
}

int main(void)
{
    Suite *suite = suite_create("passport");
    TCase *cases = tcase_create("passport");

    for (size_t i = 0; i < NUM_ROWS; i++) {
        add_row(cases, server_shows, "server", (int)i);
        add_row(cases, client_shows, "client", (int)i);
    }
    tcase_add_test(cases, client_shows_what_a_server_signed);
    tcase_add_test(cases, a_passport_that_attests_our_key_is_shown);
    tcase_add_test(cases, a_verifier_gets_the_first_record_that_is_made);
    tcase_add_test(cases,
                   a_verifier_gets_nothing_but_what_the_attester_was_asked_for);
    tcase_add_test(cases, a_renewal_waits_for_a_part_of_the_timeout);
    tcase_add_test(cases,
                   a_passport_that_attests_another_key_is_shown_to_nobody);
    tcase_add_test(cases, another_verifier_cannot_be_chosen);
    tcase_add_test(cases, a_verifier_that_only_another_rule_takes_is_refused);
    tcase_add_test(cases, evidence_in_the_place_of_a_result_is_of_another_type);
    suite_add_tcase(suite, cases);
    return pair_main(suite);
}
