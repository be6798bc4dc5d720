/* SPDX-License-Identifier: Apache-2.0
 *
 * Who attests is accepted, who need not is left alone, and the log says so.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "deviant.h"

static struct pair pair;
static struct deviant peer;

START_TEST(server_attests_and_the_client_accepts_it)
{
    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "server"});
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("client", "reason"), "OK");
    ck_assert_str_eq(pair_log_text("client", "verdict"), "affirming");
    ck_assert_str_eq(pair_log_text("client", "profile"), "dev");
    ck_assert_str_eq(pair_log_text("client", "name"), "server.test");
    ck_assert_str_eq(pair_log_text("client", "binding"), "bound");
    ck_assert_str_eq(pair_log_text("server", "reason"), "OK");
}
END_TEST

START_TEST(client_attests_and_the_server_accepts_it)
{
    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "client"});
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("server", "verdict"), "affirming");
    ck_assert_str_eq(pair_log_text("server", "profile"), "dev");
}
END_TEST

START_TEST(both_attest)
{
    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "both"});
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("client", "verdict"), "affirming");
    ck_assert_str_eq(pair_log_text("server", "verdict"), "affirming");
}
END_TEST

static const char *const suites[] = {"TLS_AES_128_GCM_SHA256",
                                     "TLS_AES_256_GCM_SHA384",
                                     "TLS_CHACHA20_POLY1305_SHA256"};

START_TEST(both_attest_with_every_hash)
{
    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "both"});
    pair_new(&pair, NULL, NULL);
    SSL_set_ciphersuites(pair.client.ssl, suites[_i]);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
}
END_TEST

START_TEST(an_implementation_of_the_document_alone_is_accepted_as_server)
{

    pair_setup(&(struct pair_config){.require = "server"});
    pair_new(&pair, NULL, deviant_server(&peer));
    SSL_set_ciphersuites(pair.client.ssl, suites[_i]);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("client", "verdict"), "affirming");
}
END_TEST

START_TEST(an_implementation_of_the_document_alone_is_accepted_as_client)
{

    pair_setup(&(struct pair_config){.require = "client"});
    pair_new(&pair, deviant_client(&peer), NULL);
    SSL_set_ciphersuites(pair.client.ssl, suites[_i]);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("server", "verdict"), "affirming");
}
END_TEST

/* The log line: every key of atls(7) that applies, and no other. */

static void check_keys(const char *role, const char *const *keys)
{
    json_t *line = pair_log(role);
    size_t num = 0;

    for (; *keys != NULL; keys++, num++)
        ck_assert_msg(json_object_get(line, *keys) != NULL, "no %s", *keys);
    ck_assert_uint_eq(json_object_size(line), num);
    json_decref(line);
}

START_TEST(log_line_has_its_keys)
{
    static const char *const appraiser[] = {
        "time",    "event",   "role",   "name",        "binding", "peer_scheme",
        "verdict", "profile", "reason", "appraise_ms", "claims",  NULL};
    static const char *const attester[] = {
        "time",       "event",   "role",   "name",      "binding",
        "own_scheme", "verdict", "reason", "attest_ms", NULL};
    json_t *line;

    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "server"});
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    check_keys("client", appraiser);
    check_keys("server", attester);
    ck_assert_str_eq(pair_log_text("server", "verdict"), "none");
    line = pair_log("client");
    ck_assert_uint_gt(json_object_size(json_object_get(line, "claims")), 0);
    ck_assert(json_is_real(json_object_get(line, "appraise_ms")));
    json_decref(line);
}
END_TEST

START_TEST(names_in_the_log_cannot_break_its_lines)
{
    pair_setup(&(struct pair_config){.require = "client"});
    pair_new(&pair, pair_bare_client_ctx(), NULL);
    SSL_set_tlsext_host_name(pair.client.ssl, "a\"}\n{\"event\":\"handshake");
    pair_handshake(&pair);
    ck_assert(pair.server.is_failed);
    pair_free(&pair);
    ck_assert_uint_eq(pair_log_lines("server"), 1); /* it is valid JSON */
}
END_TEST

START_TEST(names_in_the_log_cannot_steer_a_terminal)
{
    pair_setup(&(struct pair_config){.require = "client"});
    pair_new(&pair, pair_bare_client_ctx(), NULL);
    SSL_set_tlsext_host_name(pair.client.ssl, "a\xc2\x9b"
                                              "2J"); /* U+009B */
    pair_handshake(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("server", "name"), "a\xc2\x9b"
                                                      "2J");
    ck_assert(!pair_log_says("\xc2\x9b"));
}
END_TEST

/* Over TCP the address is known. */

static void *connect_to(void *arg)
{
    const struct sockaddr_in *address = arg;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0)
        return NULL;
    SSL_set_fd(pair.client.ssl, fd);
    SSL_do_handshake(pair.client.ssl);
    return arg;
}

static int listen_on_loopback(struct sockaddr_in *address)
{
    socklen_t len = sizeof(*address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    *address = (struct sockaddr_in){.sin_family = AF_INET};
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)address, len), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)address, &len), 0);
    return fd;
}

START_TEST(log_line_has_the_peers_address)
{
    struct sockaddr_in address;
    char wanted[64];
    pthread_t thread;
    int listener, fd;

    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "server"});
    pair_new(&pair, NULL, NULL);
    listener = listen_on_loopback(&address);
    pthread_create(&thread, NULL, connect_to, &address);
    fd = accept(listener, NULL, NULL);
    SSL_set_fd(pair.server.ssl, fd);
    ck_assert_int_eq(SSL_do_handshake(pair.server.ssl), 1);
    pthread_join(thread, NULL);
    pair_free(&pair);
    close(fd);
    close(listener);
    snprintf(wanted, sizeof(wanted), "127.0.0.1:%u", ntohs(address.sin_port));
    ck_assert_str_eq(pair_log_text("client", "peer"), wanted);
    ck_assert_int_eq(strncmp(pair_log_text("server", "peer"), "127.0.0.1:", 10),
                     0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("attest");
    TCase *cases = tcase_create("attest"), *hashes = tcase_create("hashes");
    TCase *log = tcase_create("log");

    tcase_add_test(cases, server_attests_and_the_client_accepts_it);
    tcase_add_test(cases, client_attests_and_the_server_accepts_it);
    tcase_add_test(cases, both_attest);
    tcase_add_loop_test(hashes, both_attest_with_every_hash, 0, 3);
    tcase_add_loop_test(
        hashes, an_implementation_of_the_document_alone_is_accepted_as_server,
        0, 3);
    tcase_add_loop_test(
        hashes, an_implementation_of_the_document_alone_is_accepted_as_client,
        0, 3);
    tcase_add_test(log, log_line_has_its_keys);
    tcase_add_test(log, names_in_the_log_cannot_break_its_lines);
    tcase_add_test(log, names_in_the_log_cannot_steer_a_terminal);
    tcase_add_test(log, log_line_has_the_peers_address);
    suite_add_tcase(suite, log);
    suite_add_tcase(suite, cases);
    suite_add_tcase(suite, hashes);
    return pair_main(suite);
}
