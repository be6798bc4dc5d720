/* SPDX-License-Identifier: Apache-2.0
 *
 * The examples of RFC 9999 and what must not pass for one.
 */
#include "cmw.h"

#include <string.h>

#include "base64url.h"
#include "../check_main.h"

static enum atls_reason parse_hex(const char *hex, struct atls_buf *bytes,
                                  struct atls_buf *storage,
                                  struct atls_cmw *out)
{
    ck_assert(atls_hex_decode(atls_view_text(hex), bytes));
    return atls_cmw_parse(atls_buf_view(bytes), storage, out, NULL);
}

START_TEST(record_with_indicator_is_read)
{
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_CMW_MAX);
    ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX);
    struct atls_cmw cmw;

    ck_assert_reason(parse_hex("8319fde7442347da5504", &bytes, &storage, &cmw),
                     ATLS_OK);
    ck_assert(cmw.type.is_format);
    ck_assert_uint_eq(cmw.type.format, 64999);
    ck_assert_uint_eq(cmw.indicator, ATLS_CMW_EVIDENCE);
    ck_assert(atls_view_is(cmw.value, "\x23\x47\xda\x55"));
}
END_TEST

START_TEST(json_record_is_read)
{
    ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX);
    struct atls_cmw cmw;
    const char *text = "[\"application/vnd.example.rats-conceptual-msg\","
                       "\"I0faVQ\"]";

    ck_assert_reason(atls_cmw_parse(atls_view_text(text), &storage, &cmw, NULL),
                     ATLS_OK);
    ck_assert(cmw.is_json && !cmw.is_collection);
    ck_assert(atls_view_is(cmw.type.text,
                           "application/vnd.example.rats-conceptual-msg"));
    ck_assert(atls_view_is(cmw.value, "\x23\x47\xda\x55"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cmw");
    TCase *cases = tcase_create("cmw");

    tcase_add_test(cases, record_with_indicator_is_read);
    tcase_add_test(cases, json_record_is_read);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
