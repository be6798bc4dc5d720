/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence as Trustee reads it. The SEV-SNP report is Trustee's own test
 * report; that its signature would verify over what Trustee puts together again
 * is checked by putting it together here.
 */
#include "trustee.h"

#include <stdio.h>
#include <string.h>

#include "../check_main.h"
#include "base64url.h"
#include "file.h"
#include "json.h"
#include "tsm_report.h"

static struct atls_verifier verifier;

static json_t *put(const char *tee, const char *type, struct atls_view value,
                   enum atls_reason expected)
{
    struct atls_remote_question question = {
        .verifier = &verifier,
        .type = atls_type_of_text(atls_view_text(type)),
        .value = value,
        .tee = tee};
    ATLS_AUTO_BUF out = atls_buf(1 << 20);
    struct atls_why why = {0};
    json_t *json = NULL;

    ck_assert_reason(atls_trustee_put_evidence(&question, &out, &why),
                     expected);
    if (expected == ATLS_OK) {
        json = atls_json_parse(atls_buf_view(&out), ATLS_VERIFIER_ANSWER, &why);
        ck_assert_msg(json != NULL, "%s", why.text);
    }
    return json;
}

START_TEST(quote_is_in_padded_base64)
{
    ATLS_AUTO(json_t) *tdx =
        put("tdx", "application/x", atls_view_text("\xff\xfe\xfd>"), ATLS_OK);
    ATLS_AUTO(json_t) *sgx =
        put("sgx", "application/x", atls_view_text(""), ATLS_OK);

    ck_assert_str_eq(json_string_value(json_object_get(tdx, "quote")),
                     "//79Pg==");
    ck_assert_str_eq(json_string_value(json_object_get(sgx, "quote")), "");
}
END_TEST

START_TEST(token_is_an_array_of_numbers)
{
    ATLS_AUTO(json_t) *cca =
        put("cca", "application/x", atls_view("\0\x7\x63\x64\xff", 5), ATLS_OK);
    ATLS_AUTO(json_t) *token = json_pack("[i,i,i,i,i]", 0, 7, 99, 100, 255);

    ck_assert(json_equal(json_object_get(cca, "token"), token));
}
END_TEST

/* {"provider": "tdx_guest\n", "outblob": 'quote'} */
static const char report_cbor[] = "\xa2\x68provider\x6atdx_guest\n"
                                  "\x67outblob\x45quote";

START_TEST(tsm_report_is_unwrapped)
{
    ATLS_AUTO(json_t) *tdx =
        put("tdx", "application/vnd.veraison.tsm-report+cbor",
            atls_view(report_cbor, sizeof(report_cbor) - 1), ATLS_OK);
    ATLS_AUTO(json_t) *json =
        put("tdx", "application/vnd.veraison.tsm-report+json",
            atls_view_text("{\"provider\":\"tdx_guest\\n\","
                           "\"outblob\":\"cXVvdGU\"}"),
            ATLS_OK);

    ck_assert_str_eq(json_string_value(json_object_get(tdx, "quote")),
                     "cXVvdGU=");
    ck_assert(json_equal(tdx, json));
    put("snp", "application/vnd.veraison.tsm-report+cbor",
        atls_view(report_cbor, sizeof(report_cbor) - 1), ATLS_FORMAT_UNKNOWN);
    put("tdx", "application/vnd.veraison.tsm-report+cbor",
        atls_view(report_cbor, sizeof(report_cbor) - 2),
        ATLS_EVIDENCE_MALFORMED);
    put("tdx", "application/vnd.veraison.tsm-report+json",
        atls_view_text("{\"provider\":"), ATLS_EVIDENCE_MALFORMED);
}
END_TEST

/* and "eventlog": 'log' */
static const char logged_cbor[] = "\xa3\x68provider\x69tdx_guest"
                                  "\x67outblob\x45quote\x68"
                                  "eventlog\x43log";

START_TEST(event_log_of_a_td_goes_along)
{
    ATLS_AUTO(json_t) *tdx =
        put("tdx", "application/vnd.veraison.tsm-report+cbor",
            atls_view(logged_cbor, sizeof(logged_cbor) - 1), ATLS_OK);

    ck_assert_str_eq(json_string_value(json_object_get(tdx, "quote")),
                     "cXVvdGU=");
    ck_assert_str_eq(json_string_value(json_object_get(tdx, "cc_eventlog")),
                     "bG9n");
}
END_TEST

START_TEST(other_tees_are_refused)
{
    put("sample", "application/x", atls_view_text("x"), ATLS_VERIFIER_REFUSED);
    put("az-snp-vtpm", "application/x", atls_view_text("x"),
        ATLS_VERIFIER_REFUSED);
}
END_TEST

static bool read_vector(const char *name, struct atls_buf *out)
{
    char path[1024];
    const char *folder = getenv("ATLS_VECTORS");

    if (folder == NULL || snprintf(path, sizeof(path), "%s/snp/%s", folder,
                                   name) >= (int)sizeof(path))
        return false;
    return atls_file_read(path, out, NULL) == ATLS_OK;
}

static json_t *put_snp(struct atls_view report, struct atls_view table,
                       enum atls_reason expected)
{
    ATLS_AUTO_BUF out = atls_buf(1 << 20);
    struct atls_why why = {0};
    json_t *json = NULL;

    ck_assert_reason(atls_trustee_put_snp(report, table, &out, &why), expected);
    if (expected == ATLS_OK) {
        json = atls_json_parse(atls_buf_view(&out), ATLS_VERIFIER_ANSWER, &why);
        ck_assert_msg(json != NULL, "%s", why.text);
    }
    return json;
}

static void put_little(struct atls_buf *out, const json_t *object,
                       const char *name, size_t len)
{
    uint64_t value =
        (uint64_t)json_integer_value(json_object_get(object, name));

    for (size_t i = 0; i < len; i++)
        atls_buf_u8(out, (uint8_t)(value >> (8 * i)));
}

static void put_array(struct atls_buf *out, const json_t *object,
                      const char *name)
{
    const json_t *array = json_object_get(object, name);

    ck_assert(json_array_size(array) > 0);
    for (size_t i = 0; i < json_array_size(array); i++)
        atls_buf_u8(out, (uint8_t)json_integer_value(json_array_get(array, i)));
}

static void put_zeros(struct atls_buf *out, size_t len)
{
    while (len-- > 0)
        atls_buf_u8(out, 0);
}

static void put_tcb(struct atls_buf *out, const json_t *report,
                    const char *name)
{
    const json_t *tcb = json_object_get(report, name);

    ck_assert(json_is_null(json_object_get(tcb, "fmc")));
    put_little(out, tcb, "bootloader", 1);
    put_little(out, tcb, "tee", 1);
    put_zeros(out, 4);
    put_little(out, tcb, "snp", 1);
    put_little(out, tcb, "microcode", 1);
}

static void put_version(struct atls_buf *out, const json_t *report,
                        const char *name)
{
    const json_t *version = json_object_get(report, name);

    put_little(out, version, "build", 1);
    put_little(out, version, "minor", 1);
    put_little(out, version, "major", 1);
    put_zeros(out, 1);
}

/* The report as the crate writes it, for versions 2 and 3 before Turin. */
static void put_back(struct atls_buf *out, const json_t *report)
{
    const json_t *signature = json_object_get(report, "signature");

    put_little(out, report, "version", 4);
    put_little(out, report, "guest_svn", 4);
    put_little(out, report, "policy", 8);
    put_array(out, report, "family_id");
    put_array(out, report, "image_id");
    put_little(out, report, "vmpl", 4);
    put_little(out, report, "sig_algo", 4);
    put_tcb(out, report, "current_tcb");
    put_little(out, report, "plat_info", 8);
    put_little(out, report, "key_info", 4);
    put_zeros(out, 4);
    put_array(out, report, "report_data");
    put_array(out, report, "measurement");
    put_array(out, report, "host_data");
    put_array(out, report, "id_key_digest");
    put_array(out, report, "author_key_digest");
    put_array(out, report, "report_id");
    put_array(out, report, "report_id_ma");
    put_tcb(out, report, "reported_tcb");
    put_little(out, report, "cpuid_fam_id", 1);
    put_little(out, report, "cpuid_mod_id", 1);
    put_little(out, report, "cpuid_step", 1);
    put_zeros(out, 21);
    put_array(out, report, "chip_id");
    put_tcb(out, report, "committed_tcb");
    put_version(out, report, "current");
    put_version(out, report, "committed");
    put_tcb(out, report, "launch_tcb");
    put_zeros(out, 168);
    put_array(out, signature, "r");
    put_array(out, signature, "s");
    put_zeros(out, 512 - 144);
}

static const char *const reports[] = {"trustee-test.report.bin",
                                      "trustee-test-vlek.report.bin"};

START_TEST(snp_report_survives_the_way_to_trustee_and_back)
{
    ATLS_AUTO_BUF report = atls_buf(ATLS_FILE_MAX);
    ATLS_AUTO_BUF again = atls_buf(4096);
    ATLS_AUTO(json_t) *json = NULL;

    if (!read_vector(reports[_i], &report))
        return;
    json = put_snp(atls_buf_view(&report), atls_view(NULL, 0), ATLS_OK);
    ck_assert(json_is_null(json_object_get(json, "cert_chain")));
    put_back(&again, json_object_get(json, "attestation_report"));
    ck_assert_uint_eq(again.len, report.len);
    for (size_t i = 0; i < again.len; i++)
        ck_assert_msg(again.data[i] == report.data[i], "byte %#zx", i);
}
END_TEST

START_TEST(tcb_of_turin_begins_with_its_fmc)
{
    uint8_t report[1184] = {5};
    ATLS_AUTO(json_t) *json = NULL;
    const json_t *parts, *tcb;

    report[0x188] = 0x1a;
    memcpy(report + 0x180, "\1\2\3\4\5\6\7\10", 8);
    report[0x1f8] = 9;
    json =
        put_snp(atls_view(report, sizeof(report)), atls_view(NULL, 0), ATLS_OK);
    parts = json_object_get(json, "attestation_report");
    tcb = json_object_get(parts, "reported_tcb");
    ck_assert_int_eq(json_integer_value(json_object_get(tcb, "fmc")), 1);
    ck_assert_int_eq(json_integer_value(json_object_get(tcb, "bootloader")), 2);
    ck_assert_int_eq(json_integer_value(json_object_get(tcb, "tee")), 3);
    ck_assert_int_eq(json_integer_value(json_object_get(tcb, "snp")), 4);
    ck_assert_int_eq(json_integer_value(json_object_get(tcb, "microcode")), 8);
    ck_assert_int_eq(
        json_integer_value(json_object_get(parts, "launch_mit_vector")), 9);
}
END_TEST

static const uint8_t vcek_table[] = {
    0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97,
    0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae, 72,   0,
    0,    0,    1,    0,    0,    0, /* ARK */
    0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad,
    0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd, 73,   0,
    0,    0,    2,    0,    0,    0, /* VCEK */
    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    'a',  'v',  'w'};

START_TEST(key_that_signed_the_report_goes_along)
{
    static const uint8_t report[1184] = {3};
    ATLS_AUTO(json_t) *json =
        put_snp(atls_view(report, sizeof(report)),
                atls_view(vcek_table, sizeof(vcek_table)), ATLS_OK);
    ATLS_AUTO(json_t) *chain =
        json_pack("[{s:s, s:[i,i]}]", "cert_type", "VCEK", "data", 'v', 'w');

    ck_assert(json_equal(json_object_get(json, "cert_chain"), chain));
}
END_TEST

START_TEST(table_that_is_cut_is_refused)
{
    static const uint8_t report[1184] = {3};

    for (size_t len = 1; len < sizeof(vcek_table); len++)
        put_snp(atls_view(report, sizeof(report)), atls_view(vcek_table, len),
                ATLS_EVIDENCE_MALFORMED);
}
END_TEST

START_TEST(report_of_another_length_is_refused)
{
    static const uint8_t report[1185];

    put_snp(atls_view(report, 1183), atls_view(NULL, 0),
            ATLS_EVIDENCE_MALFORMED);
    put_snp(atls_view(report, 1185), atls_view(NULL, 0),
            ATLS_EVIDENCE_MALFORMED);
    put_snp(atls_view(NULL, 0), atls_view(NULL, 0), ATLS_EVIDENCE_MALFORMED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trustee");
    TCase *cases = tcase_create("trustee");

    tcase_add_test(cases, quote_is_in_padded_base64);
    tcase_add_test(cases, event_log_of_a_td_goes_along);
    tcase_add_test(cases, token_is_an_array_of_numbers);
    tcase_add_test(cases, tsm_report_is_unwrapped);
    tcase_add_test(cases, other_tees_are_refused);
    tcase_add_loop_test(cases, snp_report_survives_the_way_to_trustee_and_back,
                        0, 2);
    tcase_add_test(cases, tcb_of_turin_begins_with_its_fmc);
    tcase_add_test(cases, key_that_signed_the_report_goes_along);
    tcase_add_test(cases, table_that_is_cut_is_refused);
    tcase_add_test(cases, report_of_another_length_is_refused);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
