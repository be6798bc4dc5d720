/* SPDX-License-Identifier: Apache-2.0
 *
 * Attesters of somebody else: a good one, which needs no change of ours, and
 * slow and faulty ones, which cost nobody but those who asked for Evidence.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "deviant.h"
#include "spki.h"

static struct pair pair;
static struct deviant peer;

static void setup_slow(const char *require, const char *options,
                       const char *extra)
{
    pair_setup(&(struct pair_config){.attester = "soft.key",
                                     .provider = "slow",
                                     .scheme = "slow:",
                                     .options = options,
                                     .require = require,
                                     .extra = extra});
}

START_TEST(third_partys_attester_attests_for_both_sides)
{
    pair_setup(&(struct pair_config){.attester = "soft.key",
                                     .provider = "acme",
                                     .scheme = "acme:",
                                     .require = "both"});
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("client", "verdict"), "affirming");
    ck_assert_str_eq(pair_log_text("server", "verdict"), "affirming");
}
END_TEST

static const char *const suites[] = {"TLS_AES_128_GCM_SHA256",
                                     "TLS_AES_256_GCM_SHA384"};

/* It computes the binder from role, secret and key, and quotes no other. */
START_TEST(attester_that_makes_the_binder_itself_is_told_what_of)
{
    char seen[8] = "";
    FILE *file;

    pair_setup(&(struct pair_config){.attester = "soft.key",
                                     .provider = "maker",
                                     .scheme = "maker:",
                                     .require = "both"});
    setenv("MAKER_LOG", pair_path("made"), 1);
    pair_new(&pair, NULL, NULL);
    SSL_set_ciphersuites(pair.client.ssl, suites[_i]);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    file = fopen(pair_path("made"), "r");
    ck_assert_ptr_nonnull(fgets(seen, sizeof(seen), file));
    fclose(file);
    ck_assert_str_eq(seen, "sc"); /* the server's role, then the client's */
}
END_TEST

static void read_subject(struct atls_buf *out)
{
    FILE *file = fopen(pair_path("subject"), "rb");
    int byte;

    while (file != NULL && (byte = fgetc(file)) != EOF)
        atls_buf_u8(out, (uint8_t)byte);
    if (file != NULL)
        fclose(file);
}

static void put_leaf(const char *name, struct atls_buf *out)
{
    char path[64];
    FILE *file;
    X509 *leaf;

    snprintf(path, sizeof(path), "../%s.pem", name);
    file = fopen(pair_path(path), "r");
    ck_assert_ptr_nonnull(file);
    leaf = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    ck_assert_reason(atls_spki_put(out, leaf, NULL), ATLS_OK);
    X509_free(leaf);
}

static const struct subject_row {
    const char *sentence, *provider, *scheme, *require, *leaf;
} subject_rows[] = {
    {"an attester that lists subject-key is given the server's TLS key", "acme",
     "acme:", "server", "server"},
    {"an attester that lists subject-key is given the client's TLS key", "acme",
     "acme:", "client", "client"},
    {"an attester that does not list subject-key is given none", "slow",
     "slow:", "server", NULL},
};

START_TEST(subject)
{
    const struct subject_row *row = &subject_rows[_i];
    ATLS_AUTO_BUF given = atls_buf(ATLS_SPKI_MAX);
    ATLS_AUTO_BUF leaf = atls_buf(ATLS_SPKI_MAX);

    pair_setup(&(struct pair_config){.attester = "soft.key",
                                     .provider = row->provider,
                                     .scheme = row->scheme,
                                     .require = row->require});
    setenv("ACME_SUBJECT", pair_path("subject"), 1);
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    read_subject(&given);
    if (row->leaf != NULL)
        put_leaf(row->leaf, &leaf);
    ck_assert(atls_view_equal(atls_buf_view(&given), atls_buf_view(&leaf)));
}
END_TEST

static uint8_t recorded[2048];
static size_t recorded_len;

static void record_client_hello(struct pair *p, struct pair_side *from,
                                struct atls_buf *bytes)
{
    if (from != &p->client || recorded_len != 0)
        return;
    ck_assert_uint_le(bytes->len, sizeof(recorded));
    memcpy(recorded, bytes->data, bytes->len);
    recorded_len = bytes->len;
}

START_TEST(recorded_client_hello_is_not_quoted_for_again)
{
    SSL *ssl;

    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "server"});
    pair_new(&pair, NULL, NULL);
    pair.tap = record_client_hello;
    pair_handshake(&pair);
    pair_accepted(&pair);
    ssl = SSL_new(pair.server.ctx);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    BIO_write(SSL_get_rbio(ssl), recorded, (int)recorded_len);
    ck_assert_int_eq(SSL_accept(ssl), -1);
    ck_assert_int_eq(ERR_GET_REASON(ERR_peek_error()), ATLS_ATTESTER_BUSY);
    SSL_free(ssl);
    pair_free(&pair);
    pair_refused_in_log("server", 80, ATLS_ATTESTER_BUSY);
}
END_TEST

static const struct fault_row {
    const char *sentence, *options;
    bool is_ours; /* the attesting side ends the handshake */
    enum atls_reason reason;
} fault_rows[] = {
    {"an attester that fails ends the handshake", "?fault=fail", true,
     ATLS_ATTESTER_FAILED},
    {"an attester that writes too much ends the handshake", "?fault=long", true,
     ATLS_ATTESTER_FAILED},
    {"an attester that writes nothing ends the handshake", "?fault=empty", true,
     ATLS_ATTESTER_FAILED},
    {"an attester that writes garbage is refused by the peer", "?fault=garbage",
     false, ATLS_CMW_MALFORMED},
    {"an attester of another binder is refused by the peer", "?fault=binder",
     false, ATLS_BINDER_MISMATCH},
    {"an attester of another type is refused by the peer", "?fault=type", false,
     ATLS_CMW_TYPE},
};

START_TEST(server_fault)
{
    const struct fault_row *row = &fault_rows[_i];

    setup_slow("server", row->options, NULL);
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_refused(&pair, row->is_ours ? &pair.server : &pair.client,
                 (int)atls_reason_alert(row->reason), row->reason);
}
END_TEST

START_TEST(client_fault)
{
    const struct fault_row *row = &fault_rows[_i];

    setup_slow("client", row->options, NULL);
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_refused(&pair, row->is_ours ? &pair.client : &pair.server,
                 (int)atls_reason_alert(row->reason), row->reason);
}
END_TEST

START_TEST(what_the_attester_said_is_in_the_log)
{
    setup_slow("server", "?fault=fail", NULL);
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_free(&pair);
    ck_assert_ptr_nonnull(
        strstr(pair_log_text("server", "text"), "it was told to fail"));
}
END_TEST

START_TEST(attester_of_more_than_an_entry_holds_is_refused_at_load)
{
    setup_slow("server", "?fault=oversized", NULL);
    ck_assert_ptr_null(SSL_CTX_new(TLS_client_method()));
    ERR_clear_error();
}
END_TEST

/* attest_share: one percent of a second is spent by the first quote for the
 * next 39 seconds. */
START_TEST(over_its_share_who_asks_is_refused_and_others_are_served)
{
    setup_slow("server", "?ms=400", "attest_share = 1\n");
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_reconnect(&pair);
    pair_handshake(&pair);
    ck_assert_int_eq(pair.client.received_alert, 80);
    pair_refused(&pair, &pair.server, 80, ATLS_ATTESTER_BUSY);
    pair_new(&pair, pair_bare_client_ctx(), NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
}
END_TEST

/* Two threads want the attester; the second has less time than the first
 * takes. */
static SSL_CTX *shared_client, *shared_server;

static void *connect_first(void *arg)
{
    struct pair *first = arg;

    pair_handshake(first);
    return NULL;
}

static void wait_for_quote(void)
{
    const struct timespec pause = {0, 2000000};
    struct stat status;

    while (stat(pair_path("count"), &status) != 0)
        nanosleep(&pause, NULL);
}

START_TEST(no_turn_within_the_timeout_is_refused)
{
    static struct pair first;
    pthread_t thread;

    setup_slow("server", "?ms=1500", "timeout = 50ms\n");
    setenv("SLOW_COUNT", pair_path("count"), 1);
    shared_client = pair_client_ctx();
    shared_server = pair_server_ctx();
    SSL_CTX_up_ref(shared_client);
    SSL_CTX_up_ref(shared_server);
    pair_new(&first, shared_client, shared_server);
    pair_new(&pair, shared_client, shared_server);
    ck_assert_int_eq(pthread_create(&thread, NULL, connect_first, &first), 0);
    wait_for_quote();
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 80, ATLS_ATTESTER_TIMEOUT);
    pthread_join(thread, NULL);
    pair_free(&first);
}
END_TEST

/* A recorded ClientHello buys one quote at most, and only its own. */
START_TEST(no_quote_is_made_before_it_is_asked_for)
{
    struct stat status;

    setup_slow("client", "?ms=1", NULL);
    setenv("SLOW_COUNT", pair_path("count"), 1);
    pair_new(&pair, pair_bare_client_ctx(), NULL);
    pair_handshake(&pair);
    ck_assert(pair.server.is_failed);
    pair_free(&pair);
    ck_assert_int_ne(stat(pair_path("count"), &status), 0);
}
END_TEST

START_TEST(one_quote_is_made_for_one_certificate)
{
    struct stat status;

    setup_slow("server", "?ms=1", NULL);
    setenv("SLOW_COUNT", pair_path("count"), 1);
    pair_new(&pair, NULL, NULL);
    SSL_set1_groups_list(pair.client.ssl, "P-256:X25519");
    SSL_set1_groups_list(pair.server.ssl, "X25519");
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_int_eq(stat(pair_path("count"), &status), 0);
    ck_assert_int_eq(status.st_size, 1);
}
END_TEST

/* A device that cannot be opened: said once in the log, and then the machine
 * offers and answers nothing. */
START_TEST(absent_device_is_logged_and_nothing_is_offered)
{
    char extra[256];

    snprintf(extra, sizeof(extra),
             "attester = attest:tpm?tcti=device:/nonexistent/tpm0\n"
             "attest_to = any\n");
    pair_setup(&(struct pair_config){.policy = "", .extra = extra});
    pair_new(&pair, deviant_client(&peer), NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    ck_assert_uint_eq(peer.encrypted_extensions_seen.len, 0);
    pair_free(&pair);
    deviant_clear(&peer);
    pair_new(&pair, NULL, deviant_server(&peer));
    pair_handshake(&pair);
    ck_assert_uint_eq(peer.hello_seen.len, 0);
    pair_free(&pair);
    ck_assert(pair_log_says("/nonexistent/tpm0"));
}
END_TEST

/* A program may look at its errors after it has made an SSL_CTX. */
START_TEST(absent_device_leaves_the_errors_of_the_program)
{
    pair_setup(&(struct pair_config){
        .policy = "",
        .extra = "attester = attest:tpm?tcti=device:/nonexistent/tpm0\n"});
    ck_assert_int_eq(OPENSSL_init_ssl(0, NULL), 1);
    ERR_clear_error();
    ERR_raise_data(ERR_LIB_USER, 1, "the program's own");
    SSL_CTX_free(SSL_CTX_new(TLS_method()));
    ck_assert_int_eq(ERR_GET_LIB(ERR_get_error()), ERR_LIB_USER);
    ck_assert_uint_eq(ERR_get_error(), 0);
    ck_assert(pair_log_says("/nonexistent/tpm0"));
    ck_assert(!pair_log_says("the program's own"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("attester");
    TCase *cases = tcase_create("attester"), *tpm = tcase_create("tpm");

    tcase_add_test(cases, third_partys_attester_attests_for_both_sides);
    tcase_add_loop_test(
        cases, attester_that_makes_the_binder_itself_is_told_what_of, 0, 2);
    for (size_t i = 0; i < sizeof(subject_rows) / sizeof(subject_rows[0]); i++)
        pair_add_row(cases, subject, subject_rows[i].sentence, (int)i);
    tcase_add_test(cases, recorded_client_hello_is_not_quoted_for_again);
    for (size_t i = 0; i < sizeof(fault_rows) / sizeof(fault_rows[0]); i++) {
        pair_add_row(cases, server_fault, fault_rows[i].sentence, (int)i);
        pair_add_row(cases, client_fault, fault_rows[i].sentence, (int)i);
    }
    tcase_add_test(cases, what_the_attester_said_is_in_the_log);
    tcase_add_test(cases,
                   attester_of_more_than_an_entry_holds_is_refused_at_load);
    tcase_add_test(cases,
                   over_its_share_who_asks_is_refused_and_others_are_served);
    tcase_add_test(cases, no_turn_within_the_timeout_is_refused);
    tcase_add_test(cases, no_quote_is_made_before_it_is_asked_for);
    tcase_add_test(cases, one_quote_is_made_for_one_certificate);
    if (access(pair_build_path(".libs/atls_tpm.so"), R_OK) == 0) {
        tcase_add_test(tpm, absent_device_is_logged_and_nothing_is_offered);
        tcase_add_test(tpm, absent_device_leaves_the_errors_of_the_program);
    } else
        pair_add_skip(tpm, "a TPM that is absent is logged", "attest:tpm");
    suite_add_tcase(suite, cases);
    suite_add_tcase(suite, tpm);
    return pair_main(suite);
}
