/* SPDX-License-Identifier: Apache-2.0
 *
 * Schemes: what is the same, and how they are spelled.
 */
#include "scheme.h"
#include "../check_main.h"

#define LEGACY                                                                 \
    "application/eat+cwt; "                                                    \
    "eat_profile=\"tag:psacertified.org,2019:psa#legacy\""
#define DELEGATED                                                              \
    "application/cmw+cbor; "                                                   \
    "cmwc_t=\"urn:uuid:8d7c5930-1019-4022-8189-65a0127b8fa9\"; of="

static struct atls_type type_of(const char *text)
{
    struct atls_type type;

    ck_assert(atls_type_parse(atls_view_text(text), &type));
    return type;
}

static const struct {
    const char *type, *delegated;
} rows[] = {
    {"10003", DELEGATED "\"10003\""},
    {LEGACY, DELEGATED "\"10004\""},
    {"application/vnd.atls.tpm-quote+cbor",
     DELEGATED "\"application/vnd.atls.tpm-quote+cbor\""},
    {"a/b; c=\"d\\\"e\"", DELEGATED "\"a/b; c=\\\"d\\\\\\\"e\\\"\""},
    {"65000", DELEGATED "\"65000\""},
};

START_TEST(a_delegated_type_names_the_type_delegated)
{
    ATLS_AUTO_BUF text = atls_buf(ATLS_TYPE_MAX_TEXT);
    struct atls_type type;

    atls_scheme_put_delegated(&text, type_of(rows[_i].type));
    ck_assert_msg(atls_view_is(atls_buf_view(&text), rows[_i].delegated),
                  "%.*s", (int)text.len, (const char *)text.data);
    ck_assert(atls_type_parse(atls_buf_view(&text), &type));
}
END_TEST

START_TEST(results_are_equal_by_their_verifier_alone)
{
    struct atls_scheme a = atls_scheme_of_verifier(atls_view_text("https://v"));
    struct atls_scheme b = atls_scheme_of_verifier(atls_view_text("https://V"));
    struct atls_scheme evidence = atls_scheme_of_type(type_of("10003"));

    ck_assert(atls_scheme_equal(&a, &a));
    ck_assert(!atls_scheme_equal(&a, &b));
    ck_assert(!atls_scheme_equal(&a, &evidence));
    ck_assert(!atls_scheme_equal(&evidence, &a));
    ck_assert(!atls_scheme_is_direct(&a));
}
END_TEST

START_TEST(evidence_is_equal_by_its_type)
{
    struct atls_scheme number = atls_scheme_of_type(type_of("10004"));
    struct atls_scheme text = atls_scheme_of_type(type_of(LEGACY));
    struct atls_scheme other = atls_scheme_of_type(type_of("10003"));

    ck_assert(atls_scheme_equal(&number, &text));
    ck_assert(!atls_scheme_equal(&number, &other));
    ck_assert(atls_scheme_is_direct(&number));
    number.is_delegated = true;
    ck_assert(!atls_scheme_is_direct(&number));
}
END_TEST

START_TEST(a_text_for_people_is_printable_and_cut)
{
    struct atls_scheme scheme =
        atls_scheme_of_verifier(atls_view_text("https://v\n"));
    char text[32];

    atls_scheme_text(&scheme, text, sizeof(text));
    ck_assert_str_eq(text, "https://v?");
    atls_scheme_text(&scheme, text, 6);
    ck_assert_str_eq(text, "https");
    scheme = atls_scheme_of_type(type_of("263"));
    atls_scheme_text(&scheme, text, sizeof(text));
    ck_assert_str_eq(text, "application/eat+cwt");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scheme");
    TCase *cases = tcase_create("scheme");

    tcase_add_loop_test(cases, a_delegated_type_names_the_type_delegated, 0,
                        sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(cases, results_are_equal_by_their_verifier_alone);
    tcase_add_test(cases, evidence_is_equal_by_its_type);
    tcase_add_test(cases, a_text_for_people_is_printable_and_cut);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
