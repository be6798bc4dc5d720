/* SPDX-License-Identifier: Apache-2.0
 *
 * base64url and hex: the vectors of RFC 4648, 10, and what is no canonical
 * encoding.
 */
#include "base64url.h"

#include <string.h>

#include "../check_main.h"

static const struct {
    const char *bytes, *text;
} pairs[] = {
    {"", ""},
    {"f", "Zg"},
    {"fo", "Zm8"},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg"},
    {"fooba", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "-_-_"},
    {"\x23\x47\xda\x55", "I0faVQ"},
};

START_TEST(bytes_become_text_and_come_back)
{
    ATLS_AUTO_BUF text = atls_buf(64), bytes = atls_buf(64);

    atls_base64url_put(&text, atls_view_text(pairs[_i].bytes));
    ck_assert(atls_view_is(atls_buf_view(&text), pairs[_i].text));
    ck_assert(atls_base64url_decode(atls_buf_view(&text), &bytes));
    ck_assert(atls_view_is(atls_buf_view(&bytes), pairs[_i].bytes));
}
END_TEST

static const char *const refused[] = {
    "Z",    "Zm9vY", "Zg==", "Zg=",  "Zm8=", "Zh",      "Zm9", "Z g",
    "Zg\n", " Zg",   "-_+_", "-_/_", "Zm9$", "Zm9\x80", "=",   "Zm9vYh",
};

START_TEST(text_that_is_not_canonical_is_refused)
{
    ATLS_AUTO_BUF bytes = atls_buf(64);

    atls_buf_text(&bytes, "before");
    ck_assert_msg(!atls_base64url_decode(atls_view_text(refused[_i]), &bytes),
                  "%s", refused[_i]);
    ck_assert(atls_view_is(atls_buf_view(&bytes), "before"));
    ck_assert(!bytes.failed);
}
END_TEST

START_TEST(text_with_a_nul_is_refused)
{
    ATLS_AUTO_BUF bytes = atls_buf(64);

    ck_assert(!atls_base64url_decode(atls_view("Zm\0v", 4), &bytes));
}
END_TEST

START_TEST(decoding_ends_at_the_maximum)
{
    ATLS_AUTO_BUF bytes = atls_buf(5);

    ck_assert(atls_base64url_decode(atls_view_text("Zm9vYmE"), &bytes));
    ck_assert(!atls_base64url_decode(atls_view_text("Zg"), &bytes));
    ck_assert(bytes.failed);
}
END_TEST

START_TEST(hex_is_read_in_either_case)
{
    ATLS_AUTO_BUF bytes = atls_buf(8);

    ck_assert(atls_hex_decode(atls_view_text("00fFAb9"
                                             "0"),
                              &bytes));
    ck_assert(atls_view_equal(atls_buf_view(&bytes),
                              atls_view("\x00\xff\xab\x90", 4)));
}
END_TEST

static const char *const no_hex[] = {"0",  "0g", "g0", "0x00", "00 ",
                                     ":0", "@0", "`0", "0\xff"};

START_TEST(what_is_not_hex_is_refused)
{
    ATLS_AUTO_BUF bytes = atls_buf(8);

    ck_assert(!atls_hex_decode(atls_view_text(no_hex[_i]), &bytes));
    ck_assert_uint_eq(bytes.len, 0);
}
END_TEST

START_TEST(hex_is_cut_to_the_room)
{
    char text[6];

    atls_hex(atls_view_text("\x01\xab\xff"), text, sizeof(text));
    ck_assert_str_eq(text, "01ab");
    atls_hex(atls_view(NULL, 0), text, sizeof(text));
    ck_assert_str_eq(text, "");
    atls_hex(atls_view_text("\x01"), text, 1);
    ck_assert_str_eq(text, "");
    text[0] = 'x';
    atls_hex(atls_view_text("\x01"), text, 0);
    ck_assert_int_eq(text[0], 'x');
}
END_TEST

#define LOOP(test, rows)                                                       \
    tcase_add_loop_test(cases, test, 0, sizeof(rows) / sizeof(rows[0]))

int main(void)
{
    Suite *suite = suite_create("base64url");
    TCase *cases = tcase_create("base64url");

    LOOP(bytes_become_text_and_come_back, pairs);
    LOOP(text_that_is_not_canonical_is_refused, refused);
    tcase_add_test(cases, text_with_a_nul_is_refused);
    tcase_add_test(cases, decoding_ends_at_the_maximum);
    tcase_add_test(cases, hex_is_read_in_either_case);
    LOOP(what_is_not_hex_is_refused, no_hex);
    tcase_add_test(cases, hex_is_cut_to_the_room);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
