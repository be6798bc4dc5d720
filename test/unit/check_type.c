/* SPDX-License-Identifier: Apache-2.0
 *
 * Types of conceptual messages are compared by meaning (RFC 9110, 8.3.1).
 */
#include "type.h"

#include <string.h>

#include "../check_main.h"

#define PSA                                                                    \
    "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\""
#define LEGACY                                                                 \
    "application/eat+cwt; "                                                    \
    "eat_profile=\"tag:psacertified.org,2019:psa#legacy\""

/* A spelling that is no media type is taken as it is. */
static struct atls_type type_of(const char *spelling)
{
    struct atls_type type;

    if (!atls_type_parse(atls_view_text(spelling), &type))
        type = atls_type_of_text(atls_view_text(spelling));
    return type;
}

static const struct {
    const char *a, *b;
} same[] = {
    {"10003", PSA},
    {"10004", LEGACY},
    {"263", "application/eat+cwt"},
    {"264", "application/eat+jwt"},
    {"265", "application/eat-bun+cbor"},
    {"266", "application/eat-bun+json"},
    {"267", "application/eat-ucs+cbor"},
    {"268", "application/eat-ucs+json"},
    {"64999", "64999"},
    {"263", "APPLICATION/Eat+CWT"},
    {"10003", "application/eat+cwt;EAT_Profile=\"tag:psacertified.org,2023:"
              "psa#tfm\""},
    {"10003", "application/eat+cwt \t;\t eat_profile=\"tag:psacertified.org,"
              "2023:psa#tfm\" "},
    {"10003", "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:"
              "psa\\#\\tfm\""},
    {"a/b; x=1; y=2", "a/b; y=2; x=1"},
    {"a/b; x=1", "a/b; x=\"1\""},
    {"a/b; x=\"\"", "a/b;x=\"\""},
    {"a/b; x=\"q\\\"\"", "a/b;x=\"\\q\\\"\""},
    {"no media type", "no media type"},
    {"a/b;", "a/b;"},
};

START_TEST(spellings_of_one_type_are_equal)
{
    ck_assert_msg(atls_type_equal(type_of(same[_i].a), type_of(same[_i].b)),
                  "%s, %s", same[_i].a, same[_i].b);
    ck_assert(atls_type_equal(type_of(same[_i].b), type_of(same[_i].a)));
}
END_TEST

static const struct {
    const char *a, *b;
} different[] = {
    {"10003", "10004"},
    {"10003", LEGACY},
    {"10003", "263"},
    {"10003", "application/eat+cwt"},
    {"263", PSA},
    {"64999", "64998"},
    {"64999", "application/eat+cwt"},
    {"0", ""},
    {"64999", ""},
    {"10003", "application/eat+cwt; eat_profile=\"TAG:psacertified.org,2023:"
              "psa#tfm\""},
    {"10003", "application/eat+cwt; profile=\"tag:psacertified.org,2023:psa#"
              "tfm\""},
    {"10003", PSA "; x=1"},
    {"10003", "application/eat+cwt; eat_profile=tag:psacertified.org,2023:psa#"
              "tfm"},
    {"a/b; x=1; y=2", "a/b; x=2; y=1"},
    {"a/b; x=1; y=2", "a/b; x=1; x=1"},
    {"a/b; x=\"1", "a/b; x=1"},
    {"a/b; x=ab", "a/b; x=a"},
    {"a/b; x=\"\"", "a/b"},
    {"a/b;", "a/b"},
    {"a/b", "a/c"},
    {"a/b", "c/b"},
    {"a/b", "A/B;"},
    {"a/b", "a"},
    {"", "a/b"},
    {"no media type", "No media type"},
};

START_TEST(types_that_differ_are_not_equal)
{
    ck_assert_msg(
        !atls_type_equal(type_of(different[_i].a), type_of(different[_i].b)),
        "%s, %s", different[_i].a, different[_i].b);
    ck_assert(
        !atls_type_equal(type_of(different[_i].b), type_of(different[_i].a)));
}
END_TEST

static const char *const no_spellings[] = {
    "",
    "65536",
    "99999",
    "100000",
    "010003",
    "-1",
    "+1",
    "1 ",
    " 1",
    "1.0",
    "0x10",
    "a",
    "a/",
    "/b",
    "a//b",
    "a/b/c",
    "a b/c",
    "a/b c",
    "a/b;",
    "a/b;;",
    "a/b; ",
    "a/b; x",
    "a/b; x=",
    "a/b; =1",
    "a/b; x =1",
    "a/b; x= 1",
    "a/b; x=1 y=2",
    "a/b; x=1,y=2",
    "a/b; x=\"",
    "a/b; x=\"1",
    "a/b; x=\"\\",
    "a/b; x=\"\\\"",
    "a/b; x=\"1\"2",
    "a/b; x=1; X=2",
    "a/b; x=\"\n\"",
    "a/b\n",
    " a/b",
    "a/b; x=\xc3\xa9",
    "\xc3\xa9/b",
    "a/b, c/d",
    "a/b;a=1;b=1;c=1;d=1;e=1;f=1;g=1;h=1;i=1",
    "a/b; x=\"\x7f\"",
};

START_TEST(what_is_neither_number_nor_media_type_is_refused)
{
    struct atls_type type;

    ck_assert_msg(!atls_type_parse(atls_view_text(no_spellings[_i]), &type),
                  "%s", no_spellings[_i]);
}
END_TEST

static const struct {
    const char *spelling;
    uint16_t format;
} numbers[] = {{"0", 0}, {"10003", 10003}, {"65535", 65535}};

START_TEST(numbers_are_content_formats)
{
    struct atls_type type;

    ck_assert(atls_type_parse(atls_view_text(numbers[_i].spelling), &type));
    ck_assert(type.is_format);
    ck_assert_uint_eq(type.format, numbers[_i].format);
}
END_TEST

START_TEST(media_type_of_255_bytes_is_taken_and_of_256_refused)
{
    char text[257] = "a/";
    struct atls_type type;

    memset(text + 2, 'b', 254);
    ck_assert(atls_type_parse(atls_view(text, 255), &type));
    ck_assert(!atls_type_parse(atls_view(text, 256), &type));
}
END_TEST

START_TEST(collections_are_told_by_their_type)
{
    static const char *const collections[] = {
        "application/cmw+cbor", "application/cmw+json", "Application/CMW+Cbor",
        "application/cmw+json; cmwc_t=\"urn:x\""};
    static const char *const others[] = {"application/cmw",
                                         "10003",
                                         "18",
                                         "a/cmw+cbor",
                                         "application/cmw+cbor;",
                                         "application/cmw+cborx"};

    for (size_t i = 0; i < sizeof(collections) / sizeof(char *); i++)
        ck_assert_msg(atls_type_is_collection(type_of(collections[i])), "%s",
                      collections[i]);
    for (size_t i = 0; i < sizeof(others) / sizeof(char *); i++)
        ck_assert_msg(!atls_type_is_collection(type_of(others[i])), "%s",
                      others[i]);
}
END_TEST

START_TEST(text_shows_the_media_type_or_the_number)
{
    char text[80];

    atls_type_text(atls_type_of_format(10003), text, sizeof(text));
    ck_assert_str_eq(text, PSA);
    atls_type_text(atls_type_of_format(64999), text, sizeof(text));
    ck_assert_str_eq(text, "64999");
    atls_type_text(atls_type_of_text(atls_view_text("a\n\x7f\xc3x/b")), text,
                   sizeof(text));
    ck_assert_str_eq(text, "a???x/b");
    atls_type_text(atls_type_of_text(atls_view_text("application/x")), text, 4);
    ck_assert_str_eq(text, "app");
    atls_type_text(atls_type_of_text(atls_view(NULL, 0)), text, sizeof(text));
    ck_assert_str_eq(text, "");
    atls_type_text(atls_type_of_format(64999), text, 3);
    ck_assert_str_eq(text, "64");
    text[0] = 'x';
    atls_type_text(atls_type_of_format(10003), text, 0);
    ck_assert_int_eq(text[0], 'x');
}
END_TEST

#define LOOP(test, rows)                                                       \
    tcase_add_loop_test(cases, test, 0, sizeof(rows) / sizeof(rows[0]))

int main(void)
{
    Suite *suite = suite_create("type");
    TCase *cases = tcase_create("type");

    LOOP(spellings_of_one_type_are_equal, same);
    LOOP(types_that_differ_are_not_equal, different);
    LOOP(what_is_neither_number_nor_media_type_is_refused, no_spellings);
    LOOP(numbers_are_content_formats, numbers);
    tcase_add_test(cases, media_type_of_255_bytes_is_taken_and_of_256_refused);
    tcase_add_test(cases, collections_are_told_by_their_type);
    tcase_add_test(cases, text_shows_the_media_type_or_the_number);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
