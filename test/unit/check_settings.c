/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys of openssl.cnf: what each takes, what an error names.
 */
#include <stdio.h>
#include <string.h>

#include "ext/settings.h"
#include "../check_main.h"

static enum atls_reason read_text(const char *text,
                                  struct atls_settings **settings,
                                  struct atls_why *why)
{
    BIO *bio = BIO_new_mem_buf(text, -1);
    CONF *conf = NCONF_new(NULL);
    enum atls_reason reason;

    *why = (struct atls_why){0};
    ck_assert_int_eq(NCONF_load_bio(conf, bio, NULL), 1);
    reason = atls_settings_read(conf, "atls", "/etc/x.cnf", settings, why);
    NCONF_free(conf);
    BIO_free(bio);
    return reason;
}

START_TEST(defaults_ask_nothing_and_enforce)
{
    struct atls_settings *settings;
    struct atls_why why;

    ck_assert_reason(read_text("[atls]\npath = /x.so\n", &settings, &why),
                     ATLS_OK);
    ck_assert(settings->attester == NULL && settings->policy == NULL);
    ck_assert(!settings->requires_servers && !settings->requires_clients);
    ck_assert(settings->enforces && !settings->attests_to_any);
    ck_assert_int_eq(settings->identity, ATLS_IDENTITY_X509);
    ck_assert_uint_eq(settings->timeout_ms, 2000);
    ck_assert_uint_eq(settings->attest_share, 50);
    atls_settings_free(settings);
}
END_TEST

START_TEST(every_key_reaches_its_setting)
{
    struct atls_settings *settings;
    struct atls_why why;

    ck_assert_reason(read_text("[atls]\nattester = attest:tpm\n"
                               "require = both\npolicy = /p.json\n"
                               "identity = application\nattest_to = any\n"
                               "enforce = log\ntimeout = 300ms\n"
                               "attest_share = 20\nlog = stderr\n"
                               "binding = bound\nresume = never\n"
                               "verifier = https://v.test\ndelegate = 10m\n"
                               "passport = https://w.test\n",
                               &settings, &why),
                     ATLS_OK);
    ck_assert_str_eq(settings->attester, "attest:tpm");
    ck_assert_str_eq(settings->policy, "/p.json");
    ck_assert(settings->requires_servers && settings->requires_clients);
    ck_assert(!settings->enforces && settings->attests_to_any);
    ck_assert_int_eq(settings->identity, ATLS_IDENTITY_APPLICATION);
    ck_assert_uint_eq(settings->timeout_ms, 300);
    ck_assert_uint_eq(settings->attest_share, 20);
    ck_assert_int_eq(settings->delegate_s, 600);
    ck_assert_str_eq(settings->verifier, "https://v.test");
    ck_assert_str_eq(settings->passport, "https://w.test");
    atls_settings_free(settings);
}
END_TEST

static const struct {
    const char *line, *says;
} bad[] = {
    {"requires = server", "requires: unknown key"},
    {"require = servers", "require: want none, server, client or both"},
    {"require = server", "policy: require needs one"},
    {"attester = tpm", "attester: want a URI"},
    {"policy = policy.json", "policy: want an absolute path"},
    {"identity = none", "identity: want x509, application or attested"},
    {"attest_to = all", "attest_to: want rules or any"},
    {"enforce = no", "enforce: want yes or log"},
    {"identity = attested\nenforce = log", "enforce: want yes"},
    {"timeout = 2", "timeout: want 1ms to 60000ms"},
    {"timeout = 0s", "timeout: want 1ms to 60000ms"},
    {"timeout = -1s", "timeout: want 1ms to 60000ms"},
    {"attest_share = 101", "attest_share: want a percentage"},
    {"log = file:relative", "log: "},
    {"log = journal", "log: "},
    {"binding = draft", "binding: want bound"},
    {"resume = bounded", "resume: want never"},
    {"verifier = https://v.example",
     "verifier: want a policy that names it"},
    {"verifier = remote", "verifier: want local, or a name"},
    {"delegate = 10m", "delegate: want an attester beside it"},
    {"attester = attest:tpm\ndelegate = 9s", "delegate: want 0, or a duration"},
    {"attester = attest:tpm\ndelegate = 25h", "delegate: want 0, or a duration"},
    {"attester = attest:tpm\ndelegate = yes", "delegate: want 0, or a duration"},
    {"passport = https://v.example",
     "passport: want an attester beside it"},
    {"attester = attest:tpm\npassport = https://v.example",
     "passport: want a policy that names it"},
    {"passport = v.example", "passport: want nothing, or a name"},
};

START_TEST(a_bad_line_is_refused_with_file_section_and_key)
{
    struct atls_settings *settings;
    struct atls_why why;
    char text[256];

    snprintf(text, sizeof(text), "[atls]\n%s\n", bad[_i].line);
    ck_assert_reason(read_text(text, &settings, &why), ATLS_SETTING_INVALID);
    ck_assert_msg(strncmp(why.text, "/etc/x.cnf: [atls] ", 19) == 0 &&
                      strstr(why.text, bad[_i].says) != NULL,
                  "%s said: %s", bad[_i].line, why.text);
    ck_assert(settings == NULL);
}
END_TEST

START_TEST(a_missing_section_is_refused)
{
    struct atls_settings *settings;
    struct atls_why why;

    ck_assert_reason(read_text("[other]\n", &settings, &why),
                     ATLS_SETTING_INVALID);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("settings");
    TCase *cases = tcase_create("settings");

    tcase_add_test(cases, defaults_ask_nothing_and_enforce);
    tcase_add_test(cases, every_key_reaches_its_setting);
    tcase_add_loop_test(cases, a_bad_line_is_refused_with_file_section_and_key,
                        0, sizeof(bad) / sizeof(bad[0]));
    tcase_add_test(cases, a_missing_section_is_refused);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
