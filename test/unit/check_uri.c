/* SPDX-License-Identifier: Apache-2.0
 *
 * attest: URIs, PCR lists and TCTI configurations.
 */
#include <stdio.h>
#include <string.h>

#include "../check_main.h"
#include "provider/attester.h"
#include "provider/pcrs.h"
#include "provider/tpm_target.h"
#include "provider/uri.h"

static enum atls_reason parse(const char *text)
{
    ATLS_AUTO_URI uri;

    return atls_uri_parse(text, &uri, NULL);
}

START_TEST(uri_gives_name_and_decoded_options)
{
    ATLS_AUTO_URI uri;

    ck_assert_reason(
        atls_uri_parse("attest:soft?key=a%20b&claims=c=d", &uri, NULL),
        ATLS_OK);
    ck_assert_str_eq(uri.name, "soft");
    ck_assert_uint_eq(uri.num_options, 2);
    ck_assert_str_eq(atls_uri_option(&uri, "key"), "a b");
    ck_assert_str_eq(atls_uri_option(&uri, "claims"), "c=d");
    ck_assert_ptr_null(atls_uri_option(&uri, "ke"));
}
END_TEST

START_TEST(uri_with_slashes_is_the_same)
{
    ATLS_AUTO_URI uri;

    ck_assert_reason(atls_uri_parse("ATTEST://tpm?pcrs=sha256:0", &uri, NULL),
                     ATLS_OK);
    ck_assert_str_eq(uri.name, "tpm");
    ck_assert_str_eq(atls_uri_option(&uri, "pcrs"), "sha256:0");
}
END_TEST

START_TEST(uri_without_a_name_is_the_list)
{
    ATLS_AUTO_URI uri;

    ck_assert_reason(atls_uri_parse("attest:", &uri, NULL), ATLS_OK);
    ck_assert_str_eq(uri.name, "");
}
END_TEST

START_TEST(uri_of_another_scheme_is_refused)
{
    ck_assert_reason(parse("file:soft"), ATLS_ATTESTER_UNKNOWN);
    ck_assert_reason(parse(""), ATLS_ATTESTER_UNKNOWN);
    ck_assert_reason(parse("attest"), ATLS_ATTESTER_UNKNOWN);
}
END_TEST

static const char *const bad_uris[] = {
    "attest:soft?",
    "attest:soft?key",
    "attest:soft?=x",
    "attest:soft?key=a&",
    "attest:soft?key=a&&claims=b",
    "attest:soft?key=a&key=b",
    "attest:soft?key=a&k%65y=b",
    "attest:soft?key=%",
    "attest:soft?key=%2",
    "attest:soft?key=%zz",
    "attest:soft?key=%00",
    "attest:so%00ft",
    "attest:x?a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1",
};

START_TEST(malformed_uri_is_refused)
{
    ck_assert_reason(parse(bad_uris[_i]), ATLS_ATTESTER_OPTION);
}
END_TEST

START_TEST(overlong_uri_is_refused)
{
    static char text[ATLS_URI_MAX_TEXT + 2] = "attest:";

    memset(text + 7, 'a', sizeof(text) - 8);
    ck_assert_reason(parse(text), ATLS_ATTESTER_OPTION);
}
END_TEST

START_TEST(unknown_attester_is_told_which_ones_there_are)
{
    const struct atls_attester *attester;
    struct atls_why why = {0};

    ck_assert_reason(atls_attester_find("tdx", &attester, &why),
                     ATLS_ATTESTER_UNKNOWN);
    ck_assert_msg(strncmp(why.text, "\"tdx\"; there are attest:soft, ", 29) == 0,
                  "%s", why.text);
    ck_assert_reason(atls_attester_find("soft", &attester, NULL), ATLS_OK);
    ck_assert_ptr_eq(attester, &atls_attester_soft);
}
END_TEST

START_TEST(pcr_list_gives_banks_in_the_order_of_their_numbers)
{
    struct atls_pcrs pcrs;

    ck_assert_reason(atls_pcrs_parse("sha384:0+sha256:0-7,14,23", &pcrs, NULL),
                     ATLS_OK);
    ck_assert_uint_eq(pcrs.num_banks, 2);
    ck_assert_uint_eq(pcrs.banks[0].algorithm, 0x000b);
    ck_assert_uint_eq(pcrs.banks[0].indices, 0x8040ff);
    ck_assert_uint_eq(pcrs.banks[1].algorithm, 0x000c);
    ck_assert_uint_eq(pcrs.banks[1].indices, 1);
}
END_TEST

static const char *const bad_pcrs[] = {
    "",
    "sha256",
    "sha256:",
    "sha1:0",
    "md5:0",
    "sha256:24",
    "sha256:0-24",
    "sha256:7-0",
    "sha256:0,",
    "sha256:,0",
    "sha256:0--1",
    "sha256:-1",
    "sha256:0x1",
    "sha256:001",
    "sha256:0 ",
    "sha256:0+",
    "+sha256:0",
    "sha256:0:1",
    "sha256:0+sha256:1",
    "sha256:4294967296",
    "sha256:0+sha384:0+sha512:0+sha3_256:0+sha3_384:0",
};

START_TEST(malformed_pcr_list_is_refused)
{
    struct atls_pcrs pcrs;

    ck_assert_reason(atls_pcrs_parse(bad_pcrs[_i], &pcrs, NULL),
                     ATLS_ATTESTER_OPTION);
}
END_TEST

START_TEST(device_is_the_default_and_takes_a_path)
{
    struct atls_tpm_target target;

    ck_assert_reason(atls_tpm_target_parse("device", &target, NULL), ATLS_OK);
    ck_assert_int_eq(target.kind, ATLS_TPM_DEVICE);
    ck_assert_str_eq(target.text, "/dev/tpmrm0");
    ck_assert_reason(atls_tpm_target_parse("device:/dev/tpm1", &target, NULL),
                     ATLS_OK);
    ck_assert_str_eq(target.text, "/dev/tpm1");
}
END_TEST

START_TEST(swtpm_is_a_socket_with_host_and_port)
{
    struct atls_tpm_target target;

    ck_assert_reason(
        atls_tpm_target_parse("swtpm:port=7,host=::1", &target, NULL), ATLS_OK);
    ck_assert_int_eq(target.kind, ATLS_TPM_SOCKET);
    ck_assert_str_eq(target.text, "::1");
    ck_assert_str_eq(target.port, "7");
    ck_assert_reason(atls_tpm_target_parse("swtpm", &target, NULL), ATLS_OK);
    ck_assert_str_eq(target.text, "localhost");
    ck_assert_str_eq(target.port, "2321");
}
END_TEST

START_TEST(other_tctis_are_left_to_tpm2_tss)
{
    struct atls_tpm_target target;

    ck_assert_reason(
        atls_tpm_target_parse("mssim:host=h,port=1", &target, NULL), ATLS_OK);
    ck_assert_int_eq(target.kind, ATLS_TPM_TCTI);
    ck_assert_str_eq(target.text, "mssim:host=h,port=1");
}
END_TEST

static const char *const bad_targets[] = {
    "",
    ":x",
    "device:tpmrm0",
    "swtpm:host=",
    "swtpm:port=0",
    "swtpm:port=65536",
    "swtpm:port=1a",
    "swtpm:path=/x",
    "swtpm:,",
    "swtpm:port=12345678",
};

START_TEST(malformed_tcti_is_refused)
{
    struct atls_tpm_target target;

    ck_assert_reason(atls_tpm_target_parse(bad_targets[_i], &target, NULL),
                     ATLS_ATTESTER_OPTION);
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

int main(void)
{
    Suite *suite = suite_create("uri");
    TCase *cases = tcase_create("uri");

    tcase_add_test(cases, uri_gives_name_and_decoded_options);
    tcase_add_test(cases, uri_with_slashes_is_the_same);
    tcase_add_test(cases, uri_without_a_name_is_the_list);
    tcase_add_test(cases, uri_of_another_scheme_is_refused);
    tcase_add_loop_test(cases, malformed_uri_is_refused, 0, COUNT(bad_uris));
    tcase_add_test(cases, overlong_uri_is_refused);
    tcase_add_test(cases, unknown_attester_is_told_which_ones_there_are);
    tcase_add_test(cases, pcr_list_gives_banks_in_the_order_of_their_numbers);
    tcase_add_loop_test(cases, malformed_pcr_list_is_refused, 0,
                        COUNT(bad_pcrs));
    tcase_add_test(cases, device_is_the_default_and_takes_a_path);
    tcase_add_test(cases, swtpm_is_a_socket_with_host_and_port);
    tcase_add_test(cases, other_tctis_are_left_to_tpm2_tss);
    tcase_add_loop_test(cases, malformed_tcti_is_refused, 0,
                        COUNT(bad_targets));
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
