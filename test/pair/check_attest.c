/* SPDX-License-Identifier: Apache-2.0
 *
 * Who attests is accepted, who need not is left alone, and the log says so.
 */
#include <string.h>

#include "deviant.h"

static struct pair pair;

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
    struct deviant server = {0};

    pair_setup(&(struct pair_config){.require = "server"});
    pair_new(&pair, NULL, deviant_server(&server));
    SSL_set_ciphersuites(pair.client.ssl, suites[_i]);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("client", "verdict"), "affirming");
}
END_TEST

START_TEST(an_implementation_of_the_document_alone_is_accepted_as_client)
{
    struct deviant client = {0};

    pair_setup(&(struct pair_config){.require = "client"});
    pair_new(&pair, deviant_client(&client), NULL);
    SSL_set_ciphersuites(pair.client.ssl, suites[_i]);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("server", "verdict"), "affirming");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("attest");
    TCase *cases = tcase_create("attest");

    tcase_add_test(cases, server_attests_and_the_client_accepts_it);
    tcase_add_test(cases, client_attests_and_the_server_accepts_it);
    tcase_add_test(cases, both_attest);
    tcase_add_loop_test(cases, both_attest_with_every_hash, 0, 3);
    tcase_add_loop_test(
        cases, an_implementation_of_the_document_alone_is_accepted_as_server, 0,
        3);
    tcase_add_loop_test(
        cases, an_implementation_of_the_document_alone_is_accepted_as_client, 0,
        3);
    suite_add_tcase(suite, cases);
    return pair_main(suite);
}
