/* SPDX-License-Identifier: Apache-2.0
 *
 * What is wrong in openssl.cnf stops the program where it makes its first
 * SSL_CTX, and the error says file, section and key.
 */
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>

#include "pair.h"

static struct pair pair;

static char errors[4096];

static void keep_errors(void)
{
    const char *data = "";
    unsigned long code;
    size_t at = 0;

    while ((code = ERR_get_error_all(NULL, NULL, NULL, &data, NULL)) != 0 &&
           at < sizeof(errors))
        at += (size_t)snprintf(errors + at, sizeof(errors) - at, "%s|%s|%s\n",
                               ERR_lib_error_string(code),
                               ERR_reason_error_string(code), data);
}

static void load_and_fail(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    keep_errors();
    ck_assert_ptr_null(ctx);
    ck_assert_msg(strstr(errors, "atls|") != NULL, "%s", errors);
}

static void check_says(const char *text)
{
    ck_assert_msg(strstr(errors, text) != NULL, "want \"%s\" in %s", text,
                  errors);
}

static const struct setting_row {
    const char *sentence;
    const char *extra;
    const char *key; /* that the error names */
    const char *says;
} setting_rows[] = {
    {"an unknown key is refused", "colour = blue\n", "colour", "unknown key"},
    {"a key in upper case is refused", "Require = server\n", "Require",
     "unknown key"},
    {"another role is refused", "require = peers\n", "require", "peers"},
    {"another identity is refused", "identity = x500\n", "identity", "x500"},
    {"another binding is refused", "binding = loose\n", "binding", "loose"},
    {"another resume is refused", "resume = always\n", "resume", "always"},
    {"another attest_to is refused", "attest_to = all\n", "attest_to", "all"},
    {"another enforce is refused", "enforce = no\n", "enforce", "\"no\""},
    {"a timeout without a unit is refused", "timeout = 2\n", "timeout",
     "\"2\""},
    {"a timeout of nothing is refused", "timeout = 0s\n", "timeout", "0s"},
    {"a timeout too long is refused", "timeout = 61s\n", "timeout", "61s"},
    {"a share of nothing is refused", "attest_share = 0\n", "attest_share",
     "\"0\""},
    {"a share over 100 is refused", "attest_share = 101\n", "attest_share",
     "101"},
    {"another log is refused", "log = printer\n", "log", "printer"},
    {"a log in no folder is refused", "log = file:/nonexistent/log\n", "log",
     "/nonexistent/log"},
    {"a relative policy is refused", "policy = policy.json\n", "policy",
     "policy.json"},
    {"a missing policy is refused", "policy = /nonexistent/policy.json\n",
     "policy", "/nonexistent/policy.json"},
    {"an attester without a scheme is refused", "attester = soft\n", "attester",
     "soft"},
    {"an unknown attester is refused", "attester = attest:none-such\n",
     "attester", "none-such"},
    {"an attester without its key is refused", "attester = attest:soft\n",
     "attester", "genpkey"},
    {"an attester whose key is missing is refused",
     "attester = attest:soft?key=/nonexistent/key\n", "attester",
     "/nonexistent/key"},
    {"a URI that opens as no attester is refused",
     "attester = file:/nonexistent/key\n", "attester", ""},
    {"one of several attesters that is unknown is refused by its label",
     "attester.host = attest:none-such\n", "attester.host", "none-such"},
    {"a label that is none is refused", "attester.a/b = attest:tpm\n",
     "attester.a/b", "want a label"},
    {"attesters with labels and one without are refused",
     "attester = attest:tpm\nattester.host = attest:tpm\n", "attester",
     "several with a label each"},
    {"delegates of several attesters are refused",
     "attester.host = attest:tpm\ndelegate = 10m\n", "delegate",
     "want one attester without a label"},
    {"attesters that together make too much are refused",
     "attester.a = attest:ratsd?url=http://127.0.0.1:1\n"
     "attester.b = attest:ratsd?url=http://127.0.0.1:1\n",
     "attester.a", "want at most 65528 bytes of Evidence"},
    {"a type of a collection that is none is refused",
     "attester.host = attest:tpm\ncollection = x\n", "collection",
     "want a short URI or OID"},
    {"attested identities with enforce = log are refused",
     "identity = attested\nenforce = log\n", "enforce", "attested"},
};

START_TEST(setting)
{
    const struct setting_row *row = &setting_rows[_i];

    pair_setup(&(struct pair_config){.policy = "", .extra = row->extra});
    load_and_fail();
    check_says(pair_path("openssl.cnf"));
    check_says("[atls]");
    check_says(row->key);
    check_says(row->says);
}
END_TEST

/* RFC 9999: a collection is no record, which alone a delegate shows. */
START_TEST(delegates_of_an_attester_of_collections_are_refused)
{
    static const char *const settings[] = {"delegate = 10m\n",
                                           "passport = https://v.test\n"};

    pair_setup(&(struct pair_config){
        .attester = "soft.key",
        .provider = "slow",
        .scheme = "slow:",
        .options = "?fault=collection",
        .policy = "{\"verifiers\":{\"https://v.test\":{\"any\":true,"
                  "\"keys\":[\"../verifier.pem\"]}}}",
        .extra = settings[_i]});
    load_and_fail();
    check_says(_i == 0 ? "delegate: want" : "passport: want");
    check_says("makes a record, this makes collections alone");
}
END_TEST

START_TEST(requirement_without_a_policy_is_refused)
{
    static const char *const roles[] = {"server", "client", "both"};

    pair_setup(&(struct pair_config){.policy = "", .require = roles[_i]});
    load_and_fail();
    check_says("[atls]");
    check_says("policy");
}
END_TEST

static const struct {
    const char *sentence, *policy;
} policy_rows[] = {
    {"a policy that is no JSON is refused", "{"},
    {"a policy that is empty is refused", " "},
    {"a policy with an unknown key is refused", "{\"colour\":1}"},
    {"a policy whose trust anchor is missing is refused",
     "{\"profiles\":{\"x\":{\"format\":\"psa\",\"trust_anchors\":"
     "[\"nonexistent.pem\"],\"lifecycle\":[\"secured\"]}}}"},
    {"a policy whose rule accepts an unknown profile is refused",
     PAIR_RULES("{\"accept\":[\"nobody\"]}")},
    {"a policy that relaxes without a name is refused",
     PAIR_RULES("{\"require\":false}")},
    {"a policy that relaxes for clients is refused",
     PAIR_RULES("{\"match\":{\"role\":\"client\"},\"require\":false}")},
};

START_TEST(policy)
{
    pair_setup(&(struct pair_config){.require = "server",
                                     .policy = policy_rows[_i].policy});
    load_and_fail();
    check_says("[atls]");
    check_says("policy");
    check_says(pair_path("policy.json"));
}
END_TEST

START_TEST(attested_identity_needs_a_rule_that_says_no_oracle)
{
    pair_setup(&(struct pair_config){.require = "server",
                                     .extra = "identity = attested\n"});
    load_and_fail();
    check_says(pair_path("policy.json"));
    check_says("/rules/0");
    check_says("no_oracle");
}
END_TEST

START_TEST(unreadable_policy_is_refused)
{
    pair_setup(&(struct pair_config){.require = "server"});
    ck_assert_int_eq(remove(pair_path("policy.json")), 0);
    ck_assert_int_eq(symlink("policy.json", pair_path("policy.json")), 0);
    load_and_fail();
    check_says(pair_path("policy.json"));
}
END_TEST

/* A program that goes on after the error must not run unattested: libcrypto
 * remembers only that it has tried to load openssl.cnf. */
START_TEST(program_that_goes_on_gets_no_connection)
{
    SSL_CTX *client;

    pair_setup(&(struct pair_config){.policy = "", .extra = "colour = blue\n"});
    load_and_fail();
    client = SSL_CTX_new(TLS_client_method());
    if (client == NULL)
        return;
    SSL_CTX_set_verify(client, SSL_VERIFY_NONE, NULL);
    pair_new(&pair, client, SSL_CTX_new(TLS_server_method()));
    pair_handshake(&pair);
    ck_assert(pair.client.is_failed);
    ck_assert_uint_eq(pair.client.num_handshake_bytes, 0);
    pair_free(&pair);
}
END_TEST

START_TEST(missing_section_is_refused)
{
    char text[1024];

    snprintf(text, sizeof(text),
             "openssl_conf = init\nconfig_diagnostics = 1\n[init]\n"
             "atls = nowhere\n[atls]\npath = %s\n",
             pair_build_path(".libs/atls_ext.so"));
    pair_setup_raw(text);
    ck_assert_ptr_null(SSL_CTX_new(TLS_client_method()));
}
END_TEST

START_TEST(loading_twice_changes_nothing)
{
    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "both"});
    SSL_CTX_free(pair_client_ctx());
    ck_assert_int_eq(CONF_modules_load_file(pair_path("openssl.cnf"), NULL, 0),
                     1);
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_uint_eq(pair_log_lines("client"), 1);
}
END_TEST

START_TEST(unloading_the_modules_changes_nothing)
{
    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "both"});
    pair_new(&pair, NULL, NULL);
    CONF_modules_unload(1);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
}
END_TEST

START_TEST(module_before_the_providers_says_whose_move_it_is)
{
    char text[1024];

    snprintf(text, sizeof(text),
             "openssl_conf = init\nconfig_diagnostics = 1\n[init]\n"
             "atls = atls\nproviders = providers\n"
             "[providers]\ndefault = default_provider\natls = atls_provider\n"
             "[default_provider]\nactivate = 1\n[atls_provider]\nmodule = %s\n"
             "activate = 1\n[atls]\npath = %s\nattester = attest:none\n",
             pair_build_path(".libs/atls.so"),
             pair_build_path(".libs/atls_ext.so"));
    pair_setup_raw(text);
    load_and_fail();
    check_says("[atls]");
    check_says("attester");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("load");
    TCase *cases = tcase_create("load");

    for (size_t i = 0; i < sizeof(setting_rows) / sizeof(setting_rows[0]); i++)
        pair_add_row(cases, setting, setting_rows[i].sentence, (int)i);
    for (size_t i = 0; i < sizeof(policy_rows) / sizeof(policy_rows[0]); i++)
        pair_add_row(cases, policy, policy_rows[i].sentence, (int)i);
    tcase_add_loop_test(
        cases, delegates_of_an_attester_of_collections_are_refused, 0, 2);
    tcase_add_loop_test(cases, requirement_without_a_policy_is_refused, 0, 3);
    tcase_add_test(cases, attested_identity_needs_a_rule_that_says_no_oracle);
    tcase_add_test(cases, unreadable_policy_is_refused);
    tcase_add_test(cases, program_that_goes_on_gets_no_connection);
    tcase_add_test(cases, missing_section_is_refused);
    tcase_add_test(cases, loading_twice_changes_nothing);
    tcase_add_test(cases, unloading_the_modules_changes_nothing);
    tcase_add_test(cases, module_before_the_providers_says_whose_move_it_is);
    suite_add_tcase(suite, cases);
    return pair_main(suite);
}
