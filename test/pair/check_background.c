/* SPDX-License-Identifier: Apache-2.0
 *
 * Background check in handshakes: what is asked of a Verifier and when, above
 * all for Evidence whose nonce nobody here can find. The Verifier is this
 * test, asked by way of remote_stub.so.
 */
#include "config.h" /* syscall */

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>

#include "clock.h"
#include "cmw.h"
#include "deviant.h"
#include "evidence.h"
#include "verifier.h"

#define VERIFIER "https://v.test"
#define UNKNOWN  "application/vnd.example.tee"
#define POLICY(more, profile, rule)                                            \
    "{\"verifiers\":{\"" VERIFIER "\":{\"keys\":[\"../verifier.pem\"],"        \
    "\"any\":true,\"nonce_checked\":[]" more                                   \
    "}},\"profiles\":{\"p\":{" profile "}},\"rules\":[{" rule "}]}"
#define BY_IT ",\"verifier\":\"" VERIFIER "\""
#define PSA                                                                    \
    POLICY("", "\"format\":\"psa\"" BY_IT, "\"delegated_max_age\":\"10m\"")
#define OTHER    "\"format\":\"other\",\"types\":\"" UNKNOWN "\""
#define UNPARSED POLICY(",\"unparsed\":true", OTHER BY_IT, "")

static struct pair pair;
static time_t ahead_s; /* of the monotonic clock */

/* For the module too: this program exports it. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t id,
                                                         struct timespec *now)
{
    int failed = (int)syscall(SYS_clock_gettime, id, now);

    if (id == CLOCK_MONOTONIC && failed == 0)
        now->tv_sec += ahead_s;
    return failed;
}

static struct deviant peer;
static struct remote_stub *stub;

enum nonce { NONCE_RIGHT, NONCE_NONE, NONCE_OTHER };
enum key { KEY_NONE, KEY_TIK, KEY_OTHER }; /* that the result attests */

/* In place of the token, something that only a Verifier knows. */
static void make_unknown(struct atls_buf *cmw)
{
    cmw->len = 0;
    atls_cmw_put(cmw, atls_type_of_text(atls_view_text(UNKNOWN)),
                 atls_view_text("evidence"), ATLS_CMW_EVIDENCE);
}

static const struct deviant_mandate right = {0},
                                    misplaced = {.other_tik = true};

static const struct row {
    const char *sentence, *policy;
    const char *type; /* that it speaks of; NULL: of a PSA token */
    const struct deviant_mandate *mandate;
    void (*change)(struct atls_buf *cmw);
    enum deviant_binder binder;
    enum nonce of_submod; /* in the answer */
    enum key attested;    /* likewise */
    bool is_contraindicated;
    enum atls_reason failure; /* in place of an answer */
    enum atls_reason reason;
    unsigned num_asked;
} rows[] = {
    {"Evidence that a Verifier judges alone", PSA, .num_asked = 1},
    {"Evidence that it refuses", PSA, .is_contraindicated = true,
     .reason = ATLS_RESULT_REFUSED, .num_asked = 1},
    {"Evidence, and the answer is about other Evidence", PSA,
     .of_submod = NONCE_OTHER, .reason = ATLS_RESULT_NONCE, .num_asked = 1},
    {"Evidence, and the answer attests its TLS key", PSA, .attested = KEY_TIK,
     .num_asked = 1},
    {"Evidence, and the answer attests another key", PSA, .attested = KEY_OTHER,
     .reason = ATLS_RESULT_KEY, .num_asked = 1},
    {"Evidence, and there is no answer", PSA, .failure = ATLS_VERIFIER_TIMEOUT,
     .reason = ATLS_VERIFIER_TIMEOUT, .num_asked = 1},
    {"Evidence of another connection", PSA, .binder = BINDER_LAST_BIT,
     .reason = ATLS_BINDER_MISMATCH},
    {"Evidence for a nonce that is public", PSA, .binder = BINDER_PUBLIC,
     .reason = ATLS_BINDER_MISMATCH},
    {"Evidence by a delegate", PSA, .mandate = &right, .num_asked = 1},
    {"Evidence by a delegate, refused", PSA, .mandate = &right,
     .is_contraindicated = true, .reason = ATLS_RESULT_REFUSED, .num_asked = 1},
    {"Evidence by a delegate, and the answer attests its TLS key", PSA,
     .mandate = &right, .attested = KEY_TIK, .num_asked = 1},
    {"Evidence by a delegate, and the answer attests another key", PSA,
     .mandate = &right, .attested = KEY_OTHER, .reason = ATLS_RESULT_KEY,
     .num_asked = 1},
    {"Evidence by another's delegate", PSA, .mandate = &misplaced,
     .reason = ATLS_DELEGATION_VALUE},
    {"what nobody here knows, to be sent on", UNPARSED, UNKNOWN,
     .change = make_unknown, .num_asked = 1},
    {"what nobody here knows, made for another connection", UNPARSED, UNKNOWN,
     .change = make_unknown, .of_submod = NONCE_OTHER,
     .reason = ATLS_RESULT_NONCE, .num_asked = 1},
    {"what nobody here knows, and no nonce is found there either", UNPARSED,
     UNKNOWN, .change = make_unknown, .of_submod = NONCE_NONE,
     .reason = ATLS_RESULT_NONCE_UNCHECKED, .num_asked = 1},
    {"a token for what nobody here knows", UNPARSED, UNKNOWN,
     .reason = ATLS_CMW_TYPE},
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

static struct atls_view nonce_of(enum nonce which, struct atls_view nonce)
{
    static uint8_t other[64];

    switch (which) {
    case NONCE_RIGHT:
        break;
    case NONCE_NONE:
        return atls_view(NULL, 0);
    case NONCE_OTHER:
        memcpy(other, nonce.data, nonce.len);
        other[0] ^= 1;
        return atls_view(other, nonce.len);
    }
    return nonce;
}

static enum atls_reason answer(const struct atls_remote_question *question,
                               struct atls_buf *result, struct atls_why *why)
{
    const struct verifier_word word = {
        .attested = key_of(row->attested),
        .of_submod = nonce_of(row->of_submod, question->nonce),
        .of_session = question->nonce,
        .is_contraindicated = row->is_contraindicated};

    ck_assert_str_eq(question->verifier->name, VERIFIER);
    if (row->failure != ATLS_OK)
        return atls_why(why, row->failure, "as the test says");
    verifier_sign(&word, result);
    return ATLS_OK;
}

static void setup(int index, const char *require)
{
    row = &rows[index];
    server_shows_it = strcmp(require, "server") == 0;
    peer.mandate = row->mandate;
    peer.change = row->change;
    peer.binder = row->binder;
    pair_setup(&(struct pair_config){
        .require = require, .policy = row->policy, .is_stubbed = true});
    stub = verifier_stub();
    stub->answer = answer;
    if (row->type != NULL)
        deviant_speaks_type(&peer, row->type);
    else if (row->mandate != NULL)
        deviant_speaks(&peer, NULL);
}

/* Of Evidence that nobody here can read it is the binder; else what the
 * Evidence has, which was compared. */
static void check_nonce(struct pair_side *shows)
{
    bool is_server = shows == &pair.server, is_bound = row->mandate == NULL;
    ATLS_AUTO_BUF binder = atls_buf(64), cmw = atls_buf(8192);
    struct atls_evidence *evidence = NULL;

    deviant_binder(&peer, shows->ssl, is_server,
                   SSL_get_certificate(shows->ssl), &binder);
    ck_assert_int_eq(atls_view_equal(stub->nonce, atls_buf_view(&binder)),
                     is_bound);
    if (row->type != NULL) {
        ck_assert(atls_view_is(stub->value, "evidence"));
        ck_assert_str_eq(stub->type, UNKNOWN);
        return;
    }
    atls_cmw_put(&cmw, atls_type_of_text(atls_view_text(stub->type)),
                 stub->value, ATLS_CMW_EVIDENCE);
    ck_assert_reason(
        atls_evidence_parse(atls_buf_view(&cmw), NULL, &evidence, NULL),
        ATLS_OK);
    ck_assert(atls_view_equal(atls_evidence_nonce(evidence), stub->nonce));
    atls_evidence_free(evidence);
}

static void end(struct pair_side *shows, struct pair_side *judge)
{
    pair_handshake(&pair);
    ck_assert_uint_eq(stub->num_asked, row->num_asked);
    if (row->reason == ATLS_OK) {
        pair_accepted(&pair);
        check_nonce(shows);
        ck_assert_int_eq(stub->timeout_ns, INT64_C(2000000000));
        ck_assert_int_lt(stub->left_ns, stub->timeout_ns);
        ck_assert_str_eq(stub->verifier, VERIFIER);
        pair_free(&pair);
        ck_assert_str_eq(pair_log_text(judge->role, "verdict"), "affirming");
        ck_assert_str_eq(pair_log_text(judge->role, "profile"), "p");
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
    end(&pair.server, &pair.client);
}
END_TEST

START_TEST(client_shows)
{
    setup(_i, "client");
    pair_new(&pair, deviant_client(&peer), NULL);
    end(&pair.client, &pair.server);
}
END_TEST

START_TEST(client_shows_what_a_server_signed)
{
    setup(0, "client");
    peer.binder = BINDER_OTHER_ROLE;
    pair_new(&pair, deviant_client(&peer), NULL);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 47, ATLS_BINDER_MISMATCH);
    ck_assert_uint_eq(stub->num_asked, 0);
    deviant_clear(&peer);
}
END_TEST

/* doc/protocol.md, "What each side checks": strangers buy nothing. */
START_TEST(nobody_is_asked_about_a_stranger)
{
    SSL_CTX *server;

    setup(0, "server");
    server = deviant_server(&peer);
    pair_use_identity(server, "rogue");
    pair_new(&pair, NULL, server);
    SSL_set_verify(pair.client.ssl, SSL_VERIFY_NONE, NULL);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_CERTIFICATE_UNTRUSTED);
    ck_assert_uint_eq(stub->num_asked, 0);
    deviant_clear(&peer);
}
END_TEST

/* What the Verifier is asked when `late` has gone by of its second; so often
 * that it would be left alone. */
static enum atls_reason ask_late(int64_t late_ns, int times)
{
    static char url[] = VERIFIER;
    struct atls_verifier verifier = {.name = url, .peer = {.url = url}};
    const int64_t second = 1000000000;
    enum atls_reason reason = ATLS_OK;

    for (int i = 0; i < times; i++) {
        ATLS_AUTO_BUF result = atls_buf(1024);
        const struct atls_remote_question question = {
            .verifier = &verifier,
            .type = atls_type_of_format(10003),
            .timeout_ns = second,
            .deadline_ns = atls_clock_now() + second - late_ns};

        reason = atls_remote_ask(&question, &result, NULL);
    }
    return reason;
}

START_TEST(timeouts_count_where_there_was_time)
{
    static const struct row timeout = {.failure = ATLS_VERIFIER_TIMEOUT};
    const int64_t second = 1000000000;

    setup(0, "server");
    row = &timeout;
    atls_remote_set_folder(pair_path(""));
    ck_assert_reason(ask_late(second / 4 * 3, 6), ATLS_VERIFIER_TIMEOUT);
    ck_assert_uint_eq(stub->num_asked, 6);
    ck_assert_reason(ask_late(second, 6), ATLS_VERIFIER_TIMEOUT);
    ck_assert_uint_eq(stub->num_asked, 6); /* in no time, nobody is asked */
    ck_assert_reason(ask_late(second / 4, 3), ATLS_VERIFIER_TIMEOUT);
    ck_assert_reason(ask_late(second / 4, 1), ATLS_VERIFIER_BROKEN);
    ck_assert_uint_eq(stub->num_asked, 9);
}
END_TEST

/* The policy wants Evidence of everybody: also of the Verifier, by its own
 * word. */
static enum atls_reason
answer_attested(const struct atls_remote_question *question,
                struct atls_buf *result, struct atls_why *why)
{
    static struct pair inner;
    static struct deviant verifier;

    pair_new(&inner, NULL, deviant_server(&verifier));
    pair_handshake(&inner);
    pair_refused(&inner, &inner.client, 40, ATLS_VERIFIER_UNTRUSTED);
    ck_assert(pair_log_says("it cannot vouch for itself"));
    deviant_clear(&verifier);
    return answer(question, result, why);
}

START_TEST(a_verifier_cannot_vouch_for_itself)
{
    setup(0, "server");
    stub->answer = answer_attested;
    for (unsigned i = 1; i <= 2; i++) {
        pair_new(&pair, NULL, deviant_server(&peer));
        pair_handshake(&pair);
        pair_accepted(&pair);
        pair_free(&pair);
        ck_assert_uint_eq(stub->num_asked, i);
        deviant_clear(&peer);
    }
}
END_TEST

static void connect_and_accept(void)
{
    pair_new(&pair, NULL, deviant_server(&peer));
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    deviant_clear(&peer);
}

/* Times that something stands in the log. */
static unsigned count_in_log(const char *text)
{
    FILE *file = fopen(pair_path("log"), "r");
    static char line[8192];
    unsigned num = 0;

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file) != NULL)
        num += strstr(line, text) != NULL;
    fclose(file);
    return num;
}

/* The key that was taken away is trusted on, which nobody would notice. */
START_TEST(the_log_says_once_that_keys_are_gone)
{
    static const char gone[] = "the changed keys of " VERIFIER " are not taken";

    setup(0, "server");
    pair_write_file("policy.json",
                    "{\"verifiers\":{\"" VERIFIER
                    "\":{\"keys\":[\"keys.pem\"],\"any\":true}},"
                    "\"profiles\":{\"p\":{\"format\":\"psa\"" BY_IT "}}}");
    ck_assert_int_eq(symlink("../verifier.pem", pair_path("keys.pem")), 0);
    connect_and_accept();
    ck_assert_int_eq(unlink(pair_path("keys.pem")), 0);
    for (unsigned i = 0; i < 3; i++) {
        ahead_s += 2;
        connect_and_accept();
        ck_assert_uint_eq(count_in_log(gone), 1);
    }
    ck_assert_int_eq(symlink("../verifier.pem", pair_path("keys.pem")), 0);
    ahead_s += 2;
    connect_and_accept();
    ck_assert_uint_eq(count_in_log("keys of " VERIFIER " read anew"), 1);
    ck_assert_uint_eq(count_in_log(gone), 1);
}
END_TEST

/* There is no way to have Evidence judged in which neither side of the question
 * is known to find the binder. */
START_TEST(what_nobody_here_knows_needs_a_verifier_that_is_told_so)
{
    static const struct {
        const char *policy, *setting;
    } forbidden[] = {{POLICY("", OTHER BY_IT, ""), NULL},
                     {POLICY("", OTHER, ""), "verifier = " VERIFIER "\n"}};
    const char *data = "";

    pair_setup(&(struct pair_config){.require = "server",
                                     .policy = forbidden[_i].policy,
                                     .extra = forbidden[_i].setting,
                                     .is_stubbed = true});
    ck_assert_ptr_null(SSL_CTX_new(TLS_client_method()));
    ERR_peek_error_all(NULL, NULL, NULL, &data, NULL);
    ck_assert_msg(
        strstr(data, "want \"unparsed\": true of its Verifier " VERIFIER) !=
            NULL,
        "%s", data);
}
END_TEST

START_TEST(what_nobody_here_knows_is_not_agreed_on_without_a_profile)
{
    bool is_server = _i == 0;

    setup(0, is_server ? "server" : "client");
    deviant_speaks_type(&peer, UNKNOWN);
    peer.change = make_unknown;
    pair_new(&pair, is_server ? NULL : deviant_client(&peer),
             is_server ? deviant_server(&peer) : NULL);
    pair_handshake(&pair);
    if (is_server)
        pair_refused(&pair, &pair.client, 47, ATLS_SCHEME_NOT_OFFERED);
    else
        pair_refused(&pair, &pair.server, 40, ATLS_SCHEME_NOT_SHARED);
    ck_assert_uint_eq(stub->num_asked, 0);
    deviant_clear(&peer);
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
    Suite *suite = suite_create("background");
    TCase *cases = tcase_create("background");

    for (size_t i = 0; i < NUM_ROWS; i++) {
        add_row(cases, server_shows, "server", (int)i);
        add_row(cases, client_shows, "client", (int)i);
    }
    tcase_add_test(cases, client_shows_what_a_server_signed);
    tcase_add_test(cases, nobody_is_asked_about_a_stranger);
    tcase_add_test(cases, a_verifier_cannot_vouch_for_itself);
    tcase_add_test(cases, the_log_says_once_that_keys_are_gone);
    tcase_add_test(cases, timeouts_count_where_there_was_time);
    tcase_add_loop_test(
        cases, what_nobody_here_knows_needs_a_verifier_that_is_told_so, 0, 2);
    tcase_add_loop_test(
        cases, what_nobody_here_knows_is_not_agreed_on_without_a_profile, 0, 2);
    suite_add_tcase(suite, cases);
    return pair_main(suite);
}
