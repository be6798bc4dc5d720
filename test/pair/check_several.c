/* SPDX-License-Identifier: Apache-2.0
 *
 * Several attesters, a host and its device: what they make together is accepted
 * by a composite profile, and one that is bad, late or absent is told by its
 * label.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>

#include "deviant.h"

static struct pair pair;
static struct deviant peer;

static void setup_with(const char *provider, const char *options,
                       const char *require, const char *policy,
                       const char *extra)
{
    char scheme[16];

    snprintf(scheme, sizeof(scheme), "%s:", provider != NULL ? provider : "");
    pair_setup(&(struct pair_config){.several = true,
                                     .provider = provider,
                                     .scheme = provider != NULL ? scheme : NULL,
                                     .options = options,
                                     .require = require,
                                     .policy = policy != NULL ? policy
                                                              : PAIR_COMPOSITE,
                                     .extra = extra});
}

static void check_accepted(const char *scheme)
{
    static const char *const roles[] = {"client", "server"};

    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    for (int i = 0; i < 2; i++) {
        ck_assert_str_eq(pair_log_text(roles[i], "verdict"), "affirming");
        ck_assert_str_eq(pair_log_text(roles[i], "profile"), "both");
        ck_assert_str_eq(pair_log_text(roles[i], "peer_scheme"), scheme);
        ck_assert_str_eq(pair_log_text(roles[i], "own_scheme"), scheme);
    }
}

START_TEST(both_sides_attest_by_a_host_and_its_device)
{
    setup_with(NULL, NULL, "both", NULL, NULL);
    check_accepted("application/cmw+cbor");
}
END_TEST

#define TYPE "tag:example.com,2026:pair"
#define TYPED(type)                                                            \
    PAIR_COMPOSITE_OF("\"type\":\"" type "\"," PAIR_MEMBERS,                   \
                      PAIR_MEMBER("soft.pem"), PAIR_MEMBER("other.pem"))

START_TEST(collection_has_the_type_that_the_peers_policy_wants)
{
    setup_with(NULL, NULL, "both", TYPED(TYPE), "collection = " TYPE "\n");
    check_accepted("application/cmw+cbor; cmwc_t=\"" TYPE "\"");
}
END_TEST

START_TEST(collection_of_another_type_is_not_asked_for)
{
    setup_with(NULL, NULL, "server", TYPED("urn:other"),
               "collection = " TYPE "\n");
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_NOT_ANSWERED);
}
END_TEST

/* As setup_with, and the host has an attester of the same provider. */
static void setup_both_of(const char *provider, const char *of_host,
                          const char *of_device, const char *require)
{
    FILE *file;

    setup_with(provider, of_device, require, NULL, NULL);
    file = fopen(pair_path("openssl.cnf"), "a"); /* the later line counts */
    fprintf(file, "attester.host = %s:%s%s\n", provider,
            pair_path("../soft.key"), of_host);
    ck_assert_int_eq(fclose(file), 0);
}

/* Each waits for the other to be asked. */
START_TEST(members_are_asked_at_the_same_time)
{
    setup_both_of("slow", "?fault=meet", "?fault=meet", "server");
    setenv("SLOW_COUNT", pair_path("count"), 1);
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("client", "profile"), "both");
}
END_TEST

/* Whose Evidence it is, and who ends the handshake. */
static const struct fault_row {
    const char *sentence, *options;
    bool is_ours; /* the attesting side */
    enum atls_reason reason;
    const char *says;
} fault_rows[] = {
    {"a member that fails ends the handshake", "?fault=fail", true,
     ATLS_ATTESTER_FAILED, "member device: attester: "},
    {"a member that writes too much ends the handshake", "?fault=long", true,
     ATLS_ATTESTER_FAILED, "member device: attester: want 1 to 1024 bytes"},
    {"a member that writes nothing ends the handshake", "?fault=empty", true,
     ATLS_ATTESTER_FAILED, "member device: attester: want 1 to 1024 bytes"},
    {"a member that writes garbage ends the handshake", "?fault=garbage", true,
     ATLS_ATTESTER_FAILED, "member device: attester: want a record"},
    {"a member of another type ends the handshake", "?fault=type", true,
     ATLS_ATTESTER_FAILED, "member device: attester: want a record"},
    {"a member with another binder is refused by the peer", "?fault=binder",
     false, ATLS_BINDER_MISMATCH, "names another connection"},
};

static void check_fault(const struct fault_row *row, const char *require)
{
    struct pair_side *attesting = *require == 's' ? &pair.server : &pair.client;
    struct pair_side *relying = *require == 's' ? &pair.client : &pair.server;
    struct pair_side *side = row->is_ours ? attesting : relying;

    setup_with("slow", row->options, require, NULL, NULL);
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_refused(&pair, side, (int)atls_reason_alert(row->reason), row->reason);
    ck_assert_ptr_nonnull(strstr(pair_log_text(side->role, "text"), row->says));
}

START_TEST(server_fault)
{
    check_fault(&fault_rows[_i], "server");
}
END_TEST

START_TEST(client_fault)
{
    check_fault(&fault_rows[_i], "client");
}
END_TEST

static const struct policy_row {
    const char *sentence, *policy;
    enum atls_reason reason;
    const char *says;
} policy_rows[] = {
    {"a member of another key is refused by its name",
     PAIR_COMPOSITE_OF(PAIR_MEMBERS, PAIR_MEMBER("soft.pem"),
                       PAIR_MEMBER("soft.pem")),
     ATLS_ANCHOR_UNKNOWN, "member device: "},
    {"members that are exchanged are refused",
     PAIR_COMPOSITE_OF(PAIR_MEMBERS, PAIR_MEMBER("other.pem"),
                       PAIR_MEMBER("soft.pem")),
     ATLS_ANCHOR_UNKNOWN, "member host: "},
    {"a member that the policy does not name is refused",
     PAIR_COMPOSITE_OF("\"members\":{\"host\":\"h\"}", PAIR_MEMBER("soft.pem"),
                       PAIR_MEMBER("other.pem")),
     ATLS_MEMBERS_REFUSED, "member device is not in its list"},
    {"a member that is missing is told",
     PAIR_COMPOSITE_OF(
         "\"members\":{\"host\":\"h\",\"device\":\"d\",\"disk\":\"d\"}",
         PAIR_MEMBER("soft.pem"), PAIR_MEMBER("other.pem")),
     ATLS_MEMBERS_REFUSED, "want a member disk"},
};

static void check_policy(const struct policy_row *row, const char *require)
{
    struct pair_side *relying = *require == 's' ? &pair.client : &pair.server;

    setup_with(NULL, NULL, require, row->policy, NULL);
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_refused(&pair, relying, (int)atls_reason_alert(row->reason),
                 row->reason);
    ck_assert_ptr_nonnull(
        strstr(pair_log_text(relying->role, "text"), row->says));
}

START_TEST(server_policy)
{
    check_policy(&policy_rows[_i], "server");
}
END_TEST

START_TEST(client_policy)
{
    check_policy(&policy_rows[_i], "client");
}
END_TEST

/* The device's attester makes the binder itself; the host's takes it as it is,
 * and is not told the secret of the connection. */
START_TEST(only_a_member_that_makes_the_binder_itself_is_told_what_of)
{
    char seen[8] = "";
    FILE *file;

    setup_both_of("maker", "?untold", NULL, "both");
    setenv("MAKER_LOG", pair_path("made"), 1);
    check_accepted("application/cmw+cbor");
    file = fopen(pair_path("made"), "r");
    ck_assert_ptr_nonnull(fgets(seen, sizeof(seen), file));
    fclose(file);
    ck_assert_str_eq(seen, "sc");
}
END_TEST

static void connect_async(void)
{
    pair_new(&pair, NULL, NULL);
    SSL_set_mode(pair.client.ssl, SSL_MODE_ASYNC);
    SSL_set_mode(pair.server.ssl, SSL_MODE_ASYNC);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
}

START_TEST(several_attest_from_within_an_async_job)
{
    setup_with(NULL, NULL, "both", NULL, NULL);
    connect_async();
    ck_assert_str_eq(pair_log_text("client", "verdict"), "affirming");
    ck_assert_str_eq(pair_log_text("server", "verdict"), "affirming");
}
END_TEST

static void wait_for_quote(void)
{
    const struct timespec pause = {0, 2000000};
    struct stat status;

    while (stat(pair_path("count"), &status) != 0)
        nanosleep(&pause, NULL);
}

static void *connect_first(void *arg)
{
    struct pair *first = arg;

    pair_handshake(first);
    return NULL;
}

/* One handshake has the device for long; the pair of the test comes after. */
static void begin_first(struct pair *first, pthread_t *thread)
{
    SSL_CTX *client, *server;

    setenv("SLOW_COUNT", pair_path("count"), 1);
    client = pair_client_ctx();
    server = pair_server_ctx();
    SSL_CTX_up_ref(client);
    SSL_CTX_up_ref(server);
    pair_new(first, client, server);
    pair_new(&pair, client, server);
    ck_assert_int_eq(pthread_create(thread, NULL, connect_first, first), 0);
    wait_for_quote();
}

START_TEST(member_without_a_turn_in_time_is_named)
{
    static struct pair first;
    pthread_t thread;

    setup_with("slow", "?ms=1500", "server", NULL, "timeout = 50ms\n");
    begin_first(&first, &thread);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 80, ATLS_ATTESTER_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(pair_log_text("server", "text"),
                                 "member device: attester: no turn before"));
    pthread_join(thread, NULL);
    pair_free(&first);
}
END_TEST

/* The child has neither the threads of the parent's handshake nor the turns
 * that they hold. */
START_TEST(child_of_fork_attests_while_the_parents_device_is_busy)
{
    static struct pair first;
    pthread_t thread;
    int status = 1;
    pid_t child;

    setup_with("slow", "?ms=700", "server", NULL, "timeout = 5s\n");
    begin_first(&first, &thread);
    child = fork();
    if (child == 0) {
        pair_handshake(&pair);
        _exit(pair.client.is_done && !pair.client.is_failed ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    pthread_join(thread, NULL);
    pair_accepted(&first);
    pair_free(&first);
    pair_free(&pair);
}
END_TEST

/* Handshakes side by side, each with members side by side. */
START_TEST(threads_of_a_program_attest_by_several_at_once)
{
    enum { NUM_CONNECTIONS = 8 };
    SSL_CTX *client, *server;

    setup_with(NULL, NULL, "both", NULL, "attest_share = 100\n");
    client = pair_client_ctx();
    server = pair_server_ctx();
    pair_connect_at_once(client, server, NUM_CONNECTIONS);
    ck_assert_uint_eq(pair_log_lines("server"), PAIR_THREADS * NUM_CONNECTIONS);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}
END_TEST

/* One of two: the whole would be incomplete, so nothing is offered. */
START_TEST(absent_device_of_one_member_is_logged_and_nothing_is_offered)
{
    char extra[256];

    snprintf(extra, sizeof(extra),
             "attester.tpm = attest:tpm?tcti=device:/nonexistent/tpm0\n"
             "attest_to = any\n");
    pair_setup(
        &(struct pair_config){.several = true, .policy = "", .extra = extra});
    pair_new(&pair, deviant_client(&peer), NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    ck_assert_uint_eq(peer.encrypted_extensions_seen.len, 0);
    pair_free(&pair);
    ck_assert(pair_log_says("member tpm: "));
    ck_assert(pair_log_says("/nonexistent/tpm0"));
}
END_TEST

static void add_rows(TCase *cases)
{
    for (size_t i = 0; i < sizeof(fault_rows) / sizeof(fault_rows[0]); i++) {
        pair_add_row(cases, server_fault, fault_rows[i].sentence, (int)i);
        pair_add_row(cases, client_fault, fault_rows[i].sentence, (int)i);
    }
    for (size_t i = 0; i < sizeof(policy_rows) / sizeof(policy_rows[0]); i++) {
        pair_add_row(cases, server_policy, policy_rows[i].sentence, (int)i);
        pair_add_row(cases, client_policy, policy_rows[i].sentence, (int)i);
    }
}

int main(void)
{
    Suite *suite = suite_create("several");
    TCase *cases = tcase_create("several"), *life = tcase_create("life");

    tcase_add_test(cases, both_sides_attest_by_a_host_and_its_device);
    tcase_add_test(cases, collection_has_the_type_that_the_peers_policy_wants);
    tcase_add_test(cases, collection_of_another_type_is_not_asked_for);
    tcase_add_test(cases, members_are_asked_at_the_same_time);
    tcase_add_test(cases,
                   only_a_member_that_makes_the_binder_itself_is_told_what_of);
    add_rows(cases);
    tcase_add_test(life, several_attest_from_within_an_async_job);
    tcase_add_test(life, member_without_a_turn_in_time_is_named);
    tcase_add_test(life,
                   child_of_fork_attests_while_the_parents_device_is_busy);
    tcase_add_test(life, threads_of_a_program_attest_by_several_at_once);
    if (access(pair_build_path(".libs/atls_tpm.so"), R_OK) == 0)
        tcase_add_test(
            life, absent_device_of_one_member_is_logged_and_nothing_is_offered);
    else
        pair_add_skip(life, "a member's TPM that is absent is logged",
                      "attest:tpm");
    suite_add_tcase(suite, cases);
    suite_add_tcase(suite, life);
    return pair_main(suite);
}
