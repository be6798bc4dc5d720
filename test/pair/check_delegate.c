/* SPDX-License-Identifier: Apache-2.0
 *
 * Attesting by way of a delegate: who takes it, how often the attester is
 * asked, and what the log says.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deviant.h"

#define DELEGATED                                                              \
    "application/cmw+cbor; "                                                   \
    "cmwc_t=\"urn:uuid:8d7c5930-1019-4022-8189-65a0127b8fa9\"; of=\"10003\""
#define PSA                                                                    \
    "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\""
#define TAKES_DELEGATES                                                        \
    PAIR_RULES("{\"accept\":[\"dev\"],\"delegated_max_age\":\"10m\"}")

static struct pair pair;
static struct deviant peer;

static void setup(const char *require, const char *policy, const char *extra)
{
    pair_setup(&(struct pair_config){.attester = "soft.key",
                                     .require = require,
                                     .policy = policy,
                                     .extra = extra});
}

static void connect_and_accept(void)
{
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
}

/* Lines that say so. */
static size_t num_delegates_of(const char *outcome, pid_t pid)
{
    FILE *file = fopen(pair_path("log"), "r");
    char wanted[64], process[32] = "";
    static char line[8192];
    size_t num = 0;

    snprintf(wanted, sizeof(wanted), "\"outcome\":\"%s\"", outcome);
    if (pid != 0)
        snprintf(process, sizeof(process), "\"pid\":%d,", (int)pid);
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        num += strstr(line, "\"event\":\"delegate\"") != NULL &&
               strstr(line, wanted) != NULL && strstr(line, process) != NULL;
    if (file != NULL)
        fclose(file);
    return num;
}

static size_t num_delegates(const char *outcome)
{
    return num_delegates_of(outcome, 0);
}

START_TEST(a_server_attests_by_a_delegate_made_once)
{
    setup("server", TAKES_DELEGATES, "delegate = 10m\n");
    for (int i = 0; i < 3; i++) {
        connect_and_accept();
        ck_assert_str_eq(pair_log_text("server", "own_scheme"), DELEGATED);
        ck_assert_str_eq(pair_log_text("client", "peer_scheme"), DELEGATED);
        ck_assert_str_eq(pair_log_text("client", "verdict"), "affirming");
        ck_assert_str_eq(pair_log_text("client", "profile"), "dev");
    }
    ck_assert_uint_eq(num_delegates("made"), 1);
}
END_TEST

START_TEST(a_client_attests_by_a_delegate_made_once)
{
    setup("client", TAKES_DELEGATES, "delegate = 10m\n");
    for (int i = 0; i < 3; i++) {
        connect_and_accept();
        ck_assert_str_eq(pair_log_text("client", "own_scheme"), DELEGATED);
        ck_assert_str_eq(pair_log_text("server", "verdict"), "affirming");
    }
    ck_assert_uint_eq(num_delegates("made"), 1);
}
END_TEST

START_TEST(both_attest_by_delegates_of_their_own)
{
    setup("both", TAKES_DELEGATES, "delegate = 10m\n");
    connect_and_accept();
    connect_and_accept();
    ck_assert_str_eq(pair_log_text("client", "verdict"), "affirming");
    ck_assert_str_eq(pair_log_text("server", "verdict"), "affirming");
    ck_assert_uint_eq(num_delegates("made"), 2); /* two TLS keys */
}
END_TEST

/* It makes the value itself from key, TLS key and times, and quotes no other;
 * whether it makes quotes together is no hindrance. */
static const char *const makers[] = {NULL, "?batches"};

START_TEST(delegates_of_an_attester_that_makes_their_value_itself)
{
    char seen[8] = "";
    FILE *file;

    pair_setup(&(struct pair_config){.attester = "soft.key",
                                     .provider = "maker",
                                     .scheme = "maker:",
                                     .options = makers[_i],
                                     .require = "both",
                                     .policy = TAKES_DELEGATES,
                                     .extra = "delegate = 10m\n"});
    setenv("MAKER_LOG", pair_path("made"), 1);
    connect_and_accept();
    connect_and_accept();
    ck_assert_str_eq(pair_log_text("server", "own_scheme"), DELEGATED);
    ck_assert_str_eq(pair_log_text("client", "own_scheme"), DELEGATED);
    file = fopen(pair_path("made"), "r");
    ck_assert_ptr_nonnull(fgets(seen, sizeof(seen), file));
    fclose(file);
    ck_assert_str_eq(seen, "dd"); /* one for each TLS key */
}
END_TEST

static const char *const suites[] = {"TLS_AES_128_GCM_SHA256",
                                     "TLS_AES_256_GCM_SHA384"};

START_TEST(both_attest_by_delegates_with_every_hash)
{
    setup("both", TAKES_DELEGATES, "delegate = 10m\n");
    pair_new(&pair, NULL, NULL);
    SSL_set_ciphersuites(pair.client.ssl, suites[_i]);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
}
END_TEST

START_TEST(who_takes_no_delegates_gets_evidence_for_each_connection)
{
    setup("both", PAIR_POLICY, "delegate = 10m\n");
    connect_and_accept();
    ck_assert_str_eq(pair_log_text("server", "own_scheme"), PSA);
    ck_assert_str_eq(pair_log_text("client", "own_scheme"), PSA);
    ck_assert_uint_eq(num_delegates("made"), 0);
}
END_TEST

START_TEST(who_has_no_delegate_attests_for_each_connection)
{
    setup("both", TAKES_DELEGATES, NULL);
    connect_and_accept();
    ck_assert_str_eq(pair_log_text("server", "own_scheme"), PSA);
    ck_assert_str_eq(pair_log_text("client", "own_scheme"), PSA);
}
END_TEST

START_TEST(a_delegate_that_lives_longer_than_the_rule_takes_is_refused)
{
    setup("server", TAKES_DELEGATES, "delegate = 11m\n");
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_DELEGATION_LIFETIME);
}
END_TEST

START_TEST(evidence_by_a_delegate_is_judged_like_any_other)
{
    pair_setup(&(struct pair_config){.attester = "other.key",
                                     .require = "server",
                                     .policy = TAKES_DELEGATES,
                                     .extra = "delegate = 10m\n"});
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_ANCHOR_UNKNOWN);
}
END_TEST

START_TEST(an_attester_that_failed_is_not_asked_again_at_once)
{
    pair_setup(&(struct pair_config){.attester = "soft.key",
                                     .provider = "slow",
                                     .scheme = "slow:",
                                     .options = "?fault=fail",
                                     .require = "server",
                                     .policy = TAKES_DELEGATES,
                                     .extra = "delegate = 10m\n"});
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 80, ATLS_ATTESTER_FAILED);
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 80, ATLS_DELEGATE_PAUSED);
    ck_assert_uint_eq(num_delegates("failed"), 1);
}
END_TEST

/* What a delegate may not be, in both roles. */

static const struct row {
    const char *sentence;
    struct deviant_mandate mandate;
    enum deviant_binder binder;
    enum atls_reason reason;
} rows[] = {
    {"a delegate of the document alone (or stolen with the TLS key)",
     {0},
     BINDER_RIGHT,
     ATLS_OK},
    {"a delegate that is nearly at its end",
     {.age_s = 590},
     BINDER_RIGHT,
     ATLS_OK},
    {"a clock that is half a minute ahead",
     {.age_s = -30},
     BINDER_RIGHT,
     ATLS_OK},
    {"an expired delegate",
     {.age_s = 601},
     BINDER_RIGHT,
     ATLS_DELEGATION_STALE},
    {"a delegate of the future",
     {.age_s = -120},
     BINDER_RIGHT,
     ATLS_DELEGATION_FUTURE},
    {"a life of a day",
     {.lifetime_s = 86400},
     BINDER_RIGHT,
     ATLS_DELEGATION_LIFETIME},
    {"Evidence for another TLS key",
     {.other_tik = true},
     BINDER_RIGHT,
     ATLS_DELEGATION_VALUE},
    {"Evidence for another delegate",
     {.other_delegate = true},
     BINDER_RIGHT,
     ATLS_DELEGATION_VALUE},
    {"a proof by another key",
     {.other_proof = true},
     BINDER_RIGHT,
     ATLS_DELEGATION_PROOF},
    {"a proof of another connection",
     {0},
     BINDER_LAST_BIT,
     ATLS_BINDER_MISMATCH},
    {"a proof for another key", {0}, BINDER_OTHER_KEY, ATLS_BINDER_MISMATCH},
    {"a proof of no connection", {0}, BINDER_PUBLIC, ATLS_BINDER_MISMATCH},
};
#define NUM_ROWS (sizeof(rows) / sizeof(rows[0]))

static void end_row(const struct row *row, struct pair_side *judge)
{
    pair_handshake(&pair);
    if (row->reason == ATLS_OK) {
        pair_accepted(&pair);
        pair_free(&pair);
        ck_assert_str_eq(pair_log_text(judge->role, "verdict"), "affirming");
    } else {
        pair_refused(&pair, judge, (int)atls_reason_alert(row->reason),
                     row->reason);
    }
    deviant_clear(&peer);
}

START_TEST(server_shows)
{
    peer.mandate = &rows[_i].mandate;
    peer.binder = rows[_i].binder;
    setup("server", TAKES_DELEGATES, NULL);
    deviant_speaks(&peer, NULL);
    pair_new(&pair, NULL, deviant_server(&peer));
    end_row(&rows[_i], &pair.client);
}
END_TEST

START_TEST(client_shows)
{
    peer.mandate = &rows[_i].mandate;
    peer.binder = rows[_i].binder;
    setup("client", TAKES_DELEGATES, NULL);
    deviant_speaks(&peer, NULL);
    pair_new(&pair, deviant_client(&peer), NULL);
    end_row(&rows[_i], &pair.server);
}
END_TEST

START_TEST(client_shows_what_a_server_signed)
{
    static const struct deviant_mandate right = {0};

    peer.mandate = &right;
    peer.binder = BINDER_OTHER_ROLE;
    setup("client", TAKES_DELEGATES, NULL);
    deviant_speaks(&peer, NULL);
    pair_new(&pair, deviant_client(&peer), NULL);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 47, ATLS_BINDER_MISMATCH);
    deviant_clear(&peer);
}
END_TEST

/* Which rule it is becomes known with the chain only. */
START_TEST(a_delegate_that_only_another_rule_takes_is_refused)
{
    static const struct deviant_mandate right = {0};

    peer.mandate = &right;
    setup("server",
          PAIR_RULES("{\"match\":{\"uri\":\"a:b\"},\"accept\":[\"dev\"],"
                     "\"delegated_max_age\":\"10m\"},{\"accept\":[\"dev\"]}"),
          NULL);
    deviant_speaks(&peer, NULL);
    pair_new(&pair, NULL, deviant_server(&peer));
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_DELEGATION_REFUSED);
    deviant_clear(&peer);
}
END_TEST

START_TEST(a_delegate_that_was_not_offered_cannot_be_chosen)
{
    static const struct deviant_mandate right = {0};

    peer.mandate = &right;
    setup("server", PAIR_POLICY, NULL);
    deviant_speaks(&peer, NULL);
    pair_new(&pair, NULL, deviant_server(&peer));
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 47, ATLS_SCHEME_NOT_OFFERED);
    deviant_clear(&peer);
}
END_TEST

static void bare_evidence(struct deviant *deviant)
{
    deviant_speaks(deviant, NULL);
    deviant->mandate = NULL;
}

START_TEST(evidence_without_its_delegate_is_of_another_type)
{
    setup("server", TAKES_DELEGATES, NULL);
    bare_evidence(&peer);
    pair_new(&pair, NULL, deviant_server(&peer));
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 47, ATLS_CMW_TYPE);
    deviant_clear(&peer);
}
END_TEST

START_TEST(a_child_of_fork_makes_its_own_delegate)
{
    pid_t child;
    int status;

    setup("server", TAKES_DELEGATES, "delegate = 10m\n");
    connect_and_accept();
    child = fork();
    if (child == 0) {
        connect_and_accept();
        connect_and_accept();
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    connect_and_accept();
    ck_assert_uint_eq(num_delegates("made"), 2);
    ck_assert_uint_eq(num_delegates_of("made", child), 1);
    ck_assert_uint_eq(num_delegates_of("made", getpid()), 1);
}
END_TEST

static void add_row(TCase *cases, const TTest *test, const char *role, int row)
{
    static char names[2 * NUM_ROWS][128];
    static size_t num;
    char *name = names[num++];

    snprintf(name, sizeof(names[0]), "%s shows %s: %s", role,
             rows[row].sentence, atls_reason_name(rows[row].reason));
    pair_add_row(cases, test, name, row);
}

int main(void)
{
    Suite *suite = suite_create("delegate");
    TCase *cases = tcase_create("delegate");

    tcase_add_test(cases, a_server_attests_by_a_delegate_made_once);
    tcase_add_test(cases, a_client_attests_by_a_delegate_made_once);
    tcase_add_test(cases, both_attest_by_delegates_of_their_own);
    tcase_add_loop_test(
        cases, delegates_of_an_attester_that_makes_their_value_itself, 0, 2);
    tcase_add_loop_test(cases, both_attest_by_delegates_with_every_hash, 0, 2);
    tcase_add_test(cases,
                   who_takes_no_delegates_gets_evidence_for_each_connection);
    tcase_add_test(cases, who_has_no_delegate_attests_for_each_connection);
    tcase_add_test(cases,
                   a_delegate_that_lives_longer_than_the_rule_takes_is_refused);
    tcase_add_test(cases, evidence_by_a_delegate_is_judged_like_any_other);
    tcase_add_test(cases, a_child_of_fork_makes_its_own_delegate);
    tcase_add_test(cases, an_attester_that_failed_is_not_asked_again_at_once);
    tcase_add_test(cases, client_shows_what_a_server_signed);
    tcase_add_test(cases, a_delegate_that_only_another_rule_takes_is_refused);
    tcase_add_test(cases, a_delegate_that_was_not_offered_cannot_be_chosen);
    tcase_add_test(cases, evidence_without_its_delegate_is_of_another_type);
    for (size_t i = 0; i < NUM_ROWS; i++) {
        if (rows[i].binder != BINDER_OTHER_KEY) /* its own, for a server */
            add_row(cases, server_shows, "server", (int)i);
        add_row(cases, client_shows, "client", (int)i);
    }
    suite_add_tcase(suite, cases);
    return pair_main(suite);
}
