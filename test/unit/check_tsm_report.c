/* SPDX-License-Identifier: Apache-2.0
 *
 * The envelope of configfs-tsm, in both spellings, and what is none.
 */
#include "tsm_report.h"

#include "cbor.h"
#include "forge.h"
#include "../check_main.h"

static enum atls_reason parse(const char *hex, const char *provider,
                              struct atls_tsm_report *out)
{
    static uint8_t bytes[256];
    ATLS_AUTO_BUF value = atls_buf(sizeof(bytes));
    struct atls_why why = {0};
    enum atls_reason reason;

    forge_hex(&value, hex);
    ck_assert(!value.failed);
    if (value.len > 0)
        memcpy(bytes, value.data, value.len); /* what *out points into */
    reason =
        atls_tsm_report_parse(atls_view(bytes, value.len), provider, out, &why);
    ck_assert_reason(why.reason, reason);
    return reason;
}

#define PROVIDER "6870726f7669646572"
#define OUTBLOB  "676f7574626c6f62"
#define AUXBLOB  "67617578626c6f62"
#define MANIFEST "6c6d616e6966657374626c6f62"
#define SERVICE  "70736572766963655f70726f7669646572"
#define SNP      "697365765f6775657374"   /* "sev_guest" */
#define SNP_LINE "6a7365765f67756573740a" /* with the kernel's newline */

START_TEST(report_of_the_kernel_is_read)
{
    struct atls_tsm_report report;

    ck_assert_reason(parse("a5" PROVIDER SNP_LINE OUTBLOB "420102" AUXBLOB
                           "4103" MANIFEST "40" SERVICE "610a",
                           ATLS_TSM_SNP, &report),
                     ATLS_OK);
    ck_assert(atls_view_is(report.provider, "sev_guest"));
    ck_assert(atls_view_is(report.outblob, "\1\2"));
    ck_assert(atls_view_is(report.auxblob, "\3"));
}
END_TEST

/* Their REPORT_DATA is SHA-512 of the challenge and the manifest. */
static const char *const services[] = {
    "a4" PROVIDER SNP_LINE OUTBLOB "4101" MANIFEST "4104" SERVICE
    "657376736d0a",
    "a3" PROVIDER SNP_LINE OUTBLOB "4101" MANIFEST "4104",
    "a3" PROVIDER SNP_LINE OUTBLOB "4101" SERVICE "657376736d0a",
};

START_TEST(report_of_a_service_in_the_guest_is_refused)
{
    struct atls_tsm_report report;

    ck_assert_reason(parse(services[_i], ATLS_TSM_SNP, &report),
                     ATLS_FORMAT_UNKNOWN);
    ck_assert_reason(parse(services[_i], NULL, &report), ATLS_FORMAT_UNKNOWN);
}
END_TEST

static const char *const good[] = {
    "a2" PROVIDER SNP OUTBLOB "4101",
    "a2" PROVIDER "497365765f6775657374" OUTBLOB "4101", /* as bytes */
    "a3" PROVIDER SNP OUTBLOB "4101" AUXBLOB "40",       /* empty: absent */
    "bf" PROVIDER SNP OUTBLOB "4101ff",
    "a4" PROVIDER SNP OUTBLOB "4101"
    "656f74686572a10102"
    "01f6", /* keys of later kernels */
};

START_TEST(report_of_other_form_is_read)
{
    struct atls_tsm_report report;

    ck_assert_reason(parse(good[_i], ATLS_TSM_SNP, &report), ATLS_OK);
    ck_assert(atls_view_is(report.outblob, "\1"));
    ck_assert_uint_eq(report.auxblob.len, 0);
}
END_TEST

static const char *const bad[] = {
    "",
    "80",
    "a0",
    "a1" OUTBLOB "4101",
    "a1" PROVIDER SNP,
    "a2" PROVIDER SNP OUTBLOB "40",                  /* empty */
    "a2" PROVIDER "60" OUTBLOB "4101",               /* empty */
    "a2" PROVIDER SNP OUTBLOB "6101",                /* text */
    "a2" PROVIDER SNP OUTBLOB "01",                  /* integer */
    "a2" PROVIDER SNP OUTBLOB "420102ff",            /* trailing */
    "a2" PROVIDER SNP OUTBLOB "4201",                /* cut */
    "a3" PROVIDER SNP OUTBLOB "4101" OUTBLOB "4102", /* twice */
    "a3" PROVIDER SNP OUTBLOB "4101" PROVIDER SNP,
};

START_TEST(map_that_is_no_report_is_refused)
{
    struct atls_tsm_report report;

    ck_assert_reason(parse(bad[_i], NULL, &report), ATLS_EVIDENCE_MALFORMED);
}
END_TEST

START_TEST(report_of_another_provider_is_told)
{
    struct atls_tsm_report report;

    ck_assert_reason(
        parse("a2" PROVIDER SNP OUTBLOB "4101", ATLS_TSM_TDX, &report),
        ATLS_FORMAT_UNKNOWN);
    ck_assert_reason(parse("a2" PROVIDER SNP OUTBLOB "4101", NULL, &report),
                     ATLS_OK);
    ck_assert_reason(parse("a2" PROVIDER "46617a7572650a" OUTBLOB "4101",
                           ATLS_TSM_TDX, &report),
                     ATLS_FORMAT_UNKNOWN);
}
END_TEST

START_TEST(format_is_told_by_provider)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);

    forge_hex(&value, "a2" PROVIDER SNP_LINE OUTBLOB "4101");
    ck_assert(atls_tsm_report_is(atls_buf_view(&value), ATLS_TSM_SNP));
    ck_assert(!atls_tsm_report_is(atls_buf_view(&value), ATLS_TSM_TDX));
    value.len--;
    ck_assert(!atls_tsm_report_is(atls_buf_view(&value), ATLS_TSM_SNP));
}
END_TEST

START_TEST(map_of_a_bare_report_is_read_again)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct atls_tsm_report report;

    atls_tsm_report_put(&value, ATLS_TSM_TDX, atls_view_text("quote"));
    ck_assert_reason(atls_tsm_report_parse(atls_buf_view(&value), ATLS_TSM_TDX,
                                           &report, NULL),
                     ATLS_OK);
    ck_assert(atls_view_is(report.outblob, "quote"));
}
END_TEST

START_TEST(json_becomes_the_same_map)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct atls_tsm_report report;
    struct atls_why why = {0};

    ck_assert_reason(
        atls_tsm_report_convert(
            atls_view_text("{\"auxblob\":\"Aw\",\"other\":1,\"outblob\":"
                           "\"AQI\",\"provider\":\"sev_guest\\n\"}"),
            &value, &why),
        ATLS_OK);
    ck_assert_reason(atls_tsm_report_parse(atls_buf_view(&value), ATLS_TSM_SNP,
                                           &report, &why),
                     ATLS_OK);
    ck_assert(atls_view_is(report.outblob, "\1\2"));
    ck_assert(atls_view_is(report.auxblob, "\3"));
}
END_TEST

static const char *const bad_json[] = {
    "",
    "{",
    "[[[[[[[[[[[[[[[[[[[[",
    "{\"provider\":1,\"outblob\":\"AQ\"}",
    "{\"provider\":\"sev_guest\",\"outblob\":1}",
    "{\"provider\":\"sev_guest\",\"outblob\":\"A\"}",
    "{\"provider\":\"sev_guest\",\"outblob\":\"AQ==\"}",
    "{\"provider\":\"sev_guest\",\"outblob\":\"AQ\",\"outblob\":\"AQ\"}",
    "{\"provider\":\"sev_guest\",\"outblob\":\"AQ\"} 1"};

START_TEST(json_that_is_no_report_is_refused)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct atls_why why = {0};

    ck_assert_reason(
        atls_tsm_report_convert(atls_view_text(bad_json[_i]), &value, &why),
        ATLS_EVIDENCE_MALFORMED);
    ck_assert_reason(why.reason, ATLS_EVIDENCE_MALFORMED);
}
END_TEST

START_TEST(json_without_a_report_becomes_a_map_that_is_refused)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct atls_tsm_report report;

    ck_assert_reason(
        atls_tsm_report_convert(atls_view_text("[]"), &value, NULL), ATLS_OK);
    ck_assert_reason(
        atls_tsm_report_parse(atls_buf_view(&value), NULL, &report, NULL),
        ATLS_EVIDENCE_MALFORMED);
}
END_TEST

START_TEST(json_is_known_by_its_type)
{
    struct atls_type type;

    ck_assert(atls_type_parse(
        atls_view_text("application/vnd.veraison.TSM-report+json"), &type));
    ck_assert(atls_tsm_report_is_json(type));
    ck_assert(atls_type_parse(atls_view_text(atls_tsm_report_types[0]), &type));
    ck_assert(!atls_tsm_report_is_json(type));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tsm_report");
    TCase *tests = tcase_create("tsm_report");

    tcase_add_test(tests, report_of_the_kernel_is_read);
    tcase_add_loop_test(tests, report_of_other_form_is_read, 0,
                        sizeof(good) / sizeof(good[0]));
    tcase_add_loop_test(tests, map_that_is_no_report_is_refused, 0,
                        sizeof(bad) / sizeof(bad[0]));
    tcase_add_test(tests, report_of_another_provider_is_told);
    tcase_add_loop_test(tests, report_of_a_service_in_the_guest_is_refused, 0,
                        (int)(sizeof(services) / sizeof(services[0])));
    tcase_add_test(tests, format_is_told_by_provider);
    tcase_add_test(tests, map_of_a_bare_report_is_read_again);
    tcase_add_test(tests, json_becomes_the_same_map);
    tcase_add_loop_test(tests, json_that_is_no_report_is_refused, 0,
                        sizeof(bad_json) / sizeof(bad_json[0]));
    tcase_add_test(tests, json_without_a_report_becomes_a_map_that_is_refused);
    tcase_add_test(tests, json_is_known_by_its_type);
    suite_add_tcase(suite, tests);
    return check_main(suite);
}
