/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON that a peer may send.
 */
#include "json.h"

#include <string.h>

#include "../check_main.h"

static const char *const refused[] = {
    "",
    " ",
    "[",
    "]",
    "{",
    "}",
    "[1,]",
    "{\"a\":1,}",
    "[1]x",
    "[1][2]",
    "[1] 2",
    "{\"a\":1,\"a\":2}",
    "{\"a\":{\"b\":1,\"b\":1}}",
    "{\"a\":1,\"\\u0061\":2}",
    "'a'",
    "[nul]",
    "[01]",
    "[1e999]",
    "[99999999999999999999]",
    "[\"\xff\"]",
    "[\"\xc0\x80\"]",
    "[\"\\ud800\"]",
    "[\"\\u0000\"]",
    "[\"a\nb\"]",
    "[\"a",
    "[\"\\\"]",
    "{a:1}",
    "{1:1}",
    "/**/[]",
    "1",
    "\"a\"",
    "null",
    "\xef\xbb\xbf[]",
};

START_TEST(what_is_not_one_array_or_object_is_refused_with_its_place)
{
    struct atls_why why = {0};

    ck_assert_msg(atls_json_parse(atls_view_text(refused[_i]),
                                  ATLS_POLICY_INVALID, &why) == NULL,
                  "%s", refused[_i]);
    ck_assert_reason(why.reason, ATLS_POLICY_INVALID);
    ck_assert_ptr_nonnull(strstr(why.text, "line "));
    ck_assert_ptr_nonnull(strstr(why.text, "column "));
}
END_TEST

START_TEST(text_with_a_nul_is_refused)
{
    struct atls_why why = {0};

    ck_assert_ptr_null(
        atls_json_parse(atls_view("[1]\0", 4), ATLS_CMW_MALFORMED, &why));
    ck_assert_reason(why.reason, ATLS_CMW_MALFORMED);
    ck_assert_ptr_null(
        atls_json_parse(atls_view(NULL, 0), ATLS_CMW_MALFORMED, NULL));
}
END_TEST

static void nest(struct atls_buf *out, const char *open, const char *close,
                 unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        atls_buf_text(out, open);
    atls_buf_text(out, "[\"[[[[{{{{\\\"[[[[[[[[[[[[[[\"]");
    for (unsigned i = 0; i < depth; i++)
        atls_buf_text(out, close);
}

static const struct {
    const char *open, *close;
} nestings[] = {{"[", "]"}, {"{\"a\":", "}"}, {"[{}, ", "]"}};

START_TEST(depth_of_16_is_read_and_of_17_refused)
{
    for (unsigned depth = 15; depth <= 16; depth++) {
        ATLS_AUTO_BUF text = atls_buf(4096);
        ATLS_AUTO(json_t) *json = NULL;
        struct atls_why why = {0};

        nest(&text, nestings[_i].open, nestings[_i].close, depth);
        json = atls_json_parse(atls_buf_view(&text), ATLS_CMW_MALFORMED, &why);
        ck_assert_msg((json != NULL) == (depth == 15), "%s", why.text);
        ck_assert_reason(why.reason,
                         depth == 15 ? ATLS_OK : ATLS_CMW_MALFORMED);
    }
}
END_TEST

START_TEST(a_million_brackets_do_not_reach_the_parser)
{
    ATLS_AUTO_BUF text = atls_buf(1000000);
    struct atls_why why = {0};

    memset(atls_buf_room(&text, 1000000), '[', 1000000);
    ck_assert_ptr_null(
        atls_json_parse(atls_buf_view(&text), ATLS_CMW_MALFORMED, &why));
    ck_assert_str_eq(why.text, "JSON: want at most 16 levels");
}
END_TEST

START_TEST(object_is_read)
{
    struct atls_why why = {0};
    ATLS_AUTO(json_t) *json =
        atls_json_parse(atls_view_text(" {\"a\": [1, \"\\u00e9\"]}\n"),
                        ATLS_CMW_MALFORMED, &why);

    ck_assert_ptr_nonnull(json);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "a")), 2);
    ck_assert_reason(why.reason, ATLS_OK);
}
END_TEST

START_TEST(line_without_room_loses_members_in_order_and_stays_json)
{
    static const char *const expendable[] = {"b", "missing", "c", "a", NULL};
    static const char *const wanted[] = {"{\"a\":1,\"b\":[2,3],\"c\":\"d\"}",
                                         "{\"a\":1,\"c\":\"d\"}", "{\"a\":1}",
                                         "{}"};

    for (size_t max = 2; max <= strlen(wanted[0]); max++) {
        ATLS_AUTO(json_t) *json =
            json_pack("{s:i, s:[i, i], s:s}", "a", 1, "b", 2, 3, "c", "d");
        ATLS_AUTO_BUF out = atls_buf(max);
        size_t i = 0;

        while (strlen(wanted[i]) > max)
            i++;
        atls_json_fit(&out, json, expendable);
        ck_assert(!out.failed);
        ck_assert_msg(atls_view_is(atls_buf_view(&out), wanted[i]), "%zu", max);
    }
}
END_TEST

START_TEST(line_that_cannot_fit_is_none)
{
    static const char *const expendable[] = {"b", NULL};
    ATLS_AUTO(json_t) *json = json_pack("{s:i, s:i}", "a", 1, "b", 2);
    ATLS_AUTO_BUF out = atls_buf(6);

    atls_json_fit(&out, json, expendable);
    ck_assert(out.failed);
}
END_TEST

START_TEST(text_is_shown_even_when_it_is_no_utf8)
{
    ATLS_AUTO(json_t) *whole = atls_json_text("caf\xc3\xa9");
    ATLS_AUTO(json_t) *cut = atls_json_text("caf\xc3");

    ck_assert_str_eq(json_string_value(whole), "caf\xc3\xa9");
    ck_assert_str_eq(json_string_value(cut), "caf?");
}
END_TEST

#define LOOP(test, rows)                                                       \
    tcase_add_loop_test(cases, test, 0, sizeof(rows) / sizeof(rows[0]))

int main(void)
{
    Suite *suite = suite_create("json");
    TCase *cases = tcase_create("json");

    LOOP(what_is_not_one_array_or_object_is_refused_with_its_place, refused);
    tcase_add_test(cases, text_with_a_nul_is_refused);
    LOOP(depth_of_16_is_read_and_of_17_refused, nestings);
    tcase_add_test(cases, a_million_brackets_do_not_reach_the_parser);
    tcase_add_test(cases, object_is_read);
    tcase_add_test(cases,
                   line_without_room_loses_members_in_order_and_stays_json);
    tcase_add_test(cases, line_that_cannot_fit_is_none);
    tcase_add_test(cases, text_is_shown_even_when_it_is_no_utf8);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
