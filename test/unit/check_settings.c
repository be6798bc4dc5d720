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
    ck_assert(settings->num_attesters == 0 && settings->policy == NULL);
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
    ck_assert_uint_eq(settings->num_attesters, 1);
    ck_assert_ptr_null(settings->attesters[0].label);
    ck_assert_str_eq(settings->attesters[0].uri, "attest:tpm");
    ck_assert(!atls_settings_has_labels(settings));
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

/* A line each, so that a URI may have commas, blanks and options. */
START_TEST(several_attesters_have_labels_and_keep_their_order_and_uris)
{
    struct atls_settings *settings;
    struct atls_why why;

    ck_assert_reason(
        read_text("[atls]\n"
                  "attester.host = attest:tpm?tcti=swtpm:host=127.0.0.1,"
                  "port=2321&pcrs=sha256:0,7\n"
                  "attester.Device-1_a.b = attest:nitro\n"
                  "attester.2 = attest:soft?key=/a b.pem\n"
                  "attester =\n"
                  "collection = tag:example.com,2026:host-and-device\n",
                  &settings, &why),
        ATLS_OK);
    ck_assert_uint_eq(settings->num_attesters, 3);
    ck_assert(atls_settings_has_labels(settings));
    ck_assert_str_eq(settings->attesters[0].label, "host");
    ck_assert_str_eq(settings->attesters[0].uri,
                     "attest:tpm?tcti=swtpm:host=127.0.0.1,port=2321&"
                     "pcrs=sha256:0,7");
    ck_assert_str_eq(settings->attesters[1].label, "Device-1_a.b");
    ck_assert_str_eq(settings->attesters[1].uri, "attest:nitro");
    ck_assert_str_eq(settings->attesters[2].label, "2");
    ck_assert_str_eq(settings->attesters[2].uri, "attest:soft?key=/a b.pem");
    ck_assert_str_eq(settings->collection,
                     "tag:example.com,2026:host-and-device");
    atls_settings_free(settings);
}
END_TEST

#define LABEL_63                                                               \
    "a23456789012345678901234567890123456789012345678901234567890123"
#define TWO "attester.a = attest:tpm\nattester.b = attest:nitro\n"

START_TEST(label_has_63_bytes_at_most)
{
    struct atls_settings *settings;
    struct atls_why why;

    ck_assert_reason(read_text("[atls]\nattester." LABEL_63 " = attest:tpm\n",
                               &settings, &why),
                     ATLS_OK);
    ck_assert_str_eq(settings->attesters[0].label, LABEL_63);
    atls_settings_free(settings);
    ck_assert_reason(read_text("[atls]\nattester." LABEL_63 "4 = attest:tpm\n",
                               &settings, &why),
                     ATLS_SETTING_INVALID);
}
END_TEST

static const struct {
    const char *line, *says;
} bad[] = {
    {"attester.host = tpm", "attester.host: want a URI such as attest:tpm"},
    {"attester.host =", "attester.host: want a URI such as attest:tpm"},
    {"attester. = attest:tpm", "attester.: want a label of 1 to 63 letters"},
    {"attester.a/b = attest:tpm",
     "attester.a/b: want a label of 1 to 63 letters"},
    {"attesters = attest:tpm", "attesters: unknown key"},
    {"attester = attest:tpm\nattester.host = attest:tpm",
     "attester: want one, or several with a label each"},
    {"attester.host = attest:tpm\nattester = attest:tpm",
     "attester: want one, or several with a label each"},
    {TWO "attester.c = x:\nattester.d = x:\nattester.e = x:",
     "attester.e: want at most 4 attesters"},
    {TWO "delegate = 10m", "delegate: want one attester without a label"},
    {TWO "policy = /p.json\npassport = https://v.example",
     "passport: want one attester without a label"},
    {"collection = urn:example", "collection: want attesters with labels"},
    {"attester = attest:tpm\ncollection = urn:example",
     "collection: want attesters with labels"},
    {TWO "collection = example", "collection: want a short URI or OID"},
    {TWO "collection = urn:a\\\"b", "collection: want a short URI or OID"},
    {TWO "collection = urn:uuid:8d7c5930-1019-4022-8189-65a0127b8fa9",
     "collection: want a short URI or OID"},
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
    {"verifier = https://v.example", "verifier: want a policy that names it"},
    {"verifier = remote", "verifier: want local, or a name"},
    {"delegate = 10m", "delegate: want an attester beside it"},
    {"attester = attest:tpm\ndelegate = 9s", "delegate: want 0, or a duration"},
    {"attester = attest:tpm\ndelegate = 25h",
     "delegate: want 0, or a duration"},
    {"attester = attest:tpm\ndelegate = yes",
     "delegate: want 0, or a duration"},
    {"passport = https://v.example", "passport: want an attester beside it"},
    {"attester = attest:tpm\npassport = https://v.example",
     "passport: want a policy that names it"},
    {"passport = v.example", "passport: want nothing, or a name"},
};

START_TEST(a_bad_line_is_refused_with_file_section_and_key)
{
    struct atls_settings *settings;
    struct atls_why why;
    char text[512];

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
    tcase_add_test(cases,
                   several_attesters_have_labels_and_keep_their_order_and_uris);
    tcase_add_test(cases, label_has_63_bytes_at_most);
    tcase_add_loop_test(cases, a_bad_line_is_refused_with_file_section_and_key,
                        0, sizeof(bad) / sizeof(bad[0]));
    tcase_add_test(cases, a_missing_section_is_refused);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
