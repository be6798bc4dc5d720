/* SPDX-License-Identifier: Apache-2.0
 *
 * The extension's bytes in each message (doc/protocol.md, "Messages").
 */
#include <string.h>

#include "ext/wire.h"
#include "../check_main.h"

static struct atls_scheme of_format(uint16_t format)
{
    return atls_scheme_of_type(atls_type_of_format(format));
}

static struct atls_scheme of_text(const char *text)
{
    return atls_scheme_of_type(atls_type_of_text(atls_view_text(text)));
}

static struct atls_wire_hello hello_of(size_t num)
{
    struct atls_wire_hello hello = {0};

    for (size_t i = 0; i < num; i++)
        hello.server.list[i] = of_format((uint16_t)(10003 + i));
    hello.server.num = num;
    return hello;
}

static enum atls_reason read_hello(const void *bytes, size_t len,
                                   struct atls_wire_hello *hello,
                                   struct atls_why *why)
{
    *why = (struct atls_why){0};
    return atls_wire_read_hello(atls_view(bytes, len), hello, why);
}

START_TEST(client_hello_is_read_as_it_was_written)
{
    /* draft-fossati-seat-early-attestation: a u16 list each; evidence is
     * mechanism 0, content-format encoding 0, media type encoding 1 */
    static const uint8_t want[] = {0, 4, 0, 0, 0x27, 0x13, 0,  7,
                                   0, 1, 0, 3, 'a',  '/',  'b'};
    static struct atls_wire_hello hello, again;
    ATLS_AUTO_BUF out = atls_buf(ATLS_WIRE_MAX_HELLO);
    struct atls_why why;

    hello = hello_of(1);
    hello.client.num = 1;
    hello.client.list[0] = of_text("a/b");
    atls_wire_put_hello(&out, &hello);
    ck_assert(
        atls_view_equal(atls_buf_view(&out), atls_view(want, sizeof(want))));
    ck_assert_reason(read_hello(out.data, out.len, &again, &why), ATLS_OK);
    ck_assert_uint_eq(again.server.num, 1);
    ck_assert_uint_eq(again.server.list[0].type.format, 10003);
    ck_assert(atls_view_is(again.client.list[0].type.text, "a/b"));
}
END_TEST

START_TEST(client_hello_cut_or_extended_anywhere_is_malformed)
{
    static struct atls_wire_hello hello, again;
    ATLS_AUTO_BUF out = atls_buf(ATLS_WIRE_MAX_HELLO);
    struct atls_why why;

    hello = hello_of(3);
    atls_wire_put_hello(&out, &hello);
    for (size_t len = 0; len < out.len; len++)
        ck_assert_reason(read_hello(out.data, len, &again, &why),
                         ATLS_EXTENSION_MALFORMED);
    atls_buf_u8(&out, 0);
    ck_assert_reason(read_hello(out.data, out.len, &again, &why),
                     ATLS_EXTENSION_MALFORMED);
}
END_TEST

START_TEST(nine_schemes_in_a_list_are_too_many)
{
    static const uint8_t scheme[] = {0, 0, 0x27, 0x13};
    ATLS_AUTO_BUF out = atls_buf(ATLS_WIRE_MAX_HELLO);
    struct atls_wire_hello hello;
    struct atls_why why;

    atls_buf_u16(&out, 9 * sizeof(scheme));
    for (int i = 0; i < 9; i++)
        atls_buf_put(&out, atls_view(scheme, sizeof(scheme)));
    atls_buf_u16(&out, 0);
    ck_assert_reason(read_hello(out.data, out.len, &hello, &why),
                     ATLS_EXTENSION_TOO_LARGE);
}
END_TEST

START_TEST(a_client_hello_of_1025_bytes_is_too_large)
{
    static const uint8_t bytes[ATLS_WIRE_MAX_HELLO + 1] = {0};
    struct atls_wire_hello hello;
    struct atls_why why;

    ck_assert_reason(read_hello(bytes, sizeof(bytes), &hello, &why),
                     ATLS_EXTENSION_TOO_LARGE);
}
END_TEST

START_TEST(results_are_read_and_unknown_mechanisms_refused)
{
    static const uint8_t result[] = {0,   10, 1, 0, 3, 'v', '.',
                                     'e', 0,  0, 1, 7, 0,   0};
    uint8_t unknown[sizeof(result)];
    struct atls_wire_hello hello;
    struct atls_why why;

    memcpy(unknown, result, sizeof(result));
    unknown[2] = 2;
    ck_assert_reason(read_hello(result, sizeof(result), &hello, &why), ATLS_OK);
    ck_assert_uint_eq(hello.server.num, 2);
    ck_assert_int_eq(hello.server.list[0].mechanism, ATLS_MECHANISM_RESULT);
    ck_assert(atls_view_is(hello.server.list[0].verifier, "v.e"));
    ck_assert_int_eq(hello.server.list[1].mechanism, ATLS_MECHANISM_EVIDENCE);
    ck_assert_reason(read_hello(unknown, sizeof(unknown), &hello, &why),
                     ATLS_EXTENSION_MALFORMED);
}
END_TEST

START_TEST(certificate_request_ends_with_an_empty_nonce)
{
    static const uint8_t good[] = {0, 0, 0x27, 0x13, 0};
    static const uint8_t nonce[] = {0, 0, 0x27, 0x13, 1, 0xaa};
    struct atls_why why = {0};
    struct atls_scheme scheme;

    ck_assert_reason(atls_wire_read_certificate_request(
                         atls_view(good, sizeof(good)), &scheme, &why),
                     ATLS_OK);
    ck_assert_reason(
        atls_wire_read_certificate_request(atls_view(good, 4), &scheme, &why),
        ATLS_EXTENSION_MALFORMED);
    why = (struct atls_why){0};
    ck_assert_reason(atls_wire_read_certificate_request(
                         atls_view(nonce, sizeof(nonce)), &scheme, &why),
                     ATLS_NONCE_IN_HANDSHAKE);
    ck_assert_int_eq(atls_reason_alert(why.reason), 47);
}
END_TEST

START_TEST(a_result_scheme_is_read_as_it_was_written)
{
    static const uint8_t result[] = {1, 0, 1, 'v'};
    ATLS_AUTO_BUF out = atls_buf(ATLS_WIRE_MAX_HELLO);
    struct atls_scheme scheme;

    ck_assert_reason(atls_wire_read_encrypted_extensions(
                         atls_view(result, sizeof(result)), &scheme, NULL),
                     ATLS_OK);
    ck_assert_int_eq(scheme.mechanism, ATLS_MECHANISM_RESULT);
    ck_assert(atls_view_is(scheme.verifier, "v"));
    atls_wire_put_encrypted_extensions(&out, &scheme);
    ck_assert(atls_view_equal(atls_buf_view(&out),
                              atls_view(result, sizeof(result))));
}
END_TEST

START_TEST(schemes_that_have_no_room_are_left_out)
{
    static char name[ATLS_WIRE_MAX_LIST];
    struct atls_schemes schemes = {0};
    struct atls_scheme psa = of_format(10003), full;

    memset(name, 'v', sizeof(name));
    atls_schemes_add(&schemes, &psa);
    atls_schemes_add(&schemes, &psa);
    ck_assert_uint_eq(schemes.num, 1);
    full = atls_scheme_of_verifier(
        atls_view(name, ATLS_WIRE_MAX_LIST - 3)); /* all of the room */
    atls_schemes_add(&schemes, &full);
    ck_assert_uint_eq(schemes.num, 1);
    full.verifier.len -= 4; /* all that is left */
    atls_schemes_add(&schemes, &full);
    ck_assert_uint_eq(schemes.num, 2);
    schemes.list[1].verifier.len++;
    schemes.list[2] = of_format(10004);
    schemes.num = 3;
    atls_schemes_fit(&schemes);
    ck_assert_uint_eq(schemes.num, 2);
    ck_assert_uint_eq(schemes.list[1].type.format, 10004);
}
END_TEST

START_TEST(a_full_hello_is_within_the_limit)
{
    static char name[ATLS_WIRE_MAX_LIST - 3];
    static struct atls_wire_hello hello, again;
    struct atls_scheme scheme = atls_scheme_of_verifier(
        atls_view(name, sizeof(name))); /* as long as can be */
    ATLS_AUTO_BUF out = atls_buf(2 * ATLS_WIRE_MAX_HELLO);
    struct atls_why why;

    atls_schemes_add(&hello.server, &scheme);
    atls_schemes_add(&hello.client, &scheme);
    atls_wire_put_hello(&out, &hello);
    ck_assert_uint_eq(out.len, ATLS_WIRE_MAX_HELLO);
    ck_assert_reason(read_hello(out.data, out.len, &again, &why), ATLS_OK);
    ck_assert_uint_eq(again.client.num, 1);
}
END_TEST

START_TEST(an_empty_cmw_in_a_certificate_is_malformed)
{
    static const uint8_t empty[] = {0, 0, 0}, one[] = {0, 0, 1, 0x42};
    struct atls_why why = {0};
    struct atls_view cmw;

    ck_assert_reason(atls_wire_read_certificate(atls_view(one, 4), &cmw, &why),
                     ATLS_OK);
    ck_assert_uint_eq(cmw.len, 1);
    ck_assert_reason(
        atls_wire_read_certificate(atls_view(empty, 3), &cmw, &why),
        ATLS_EXTENSION_MALFORMED);
}
END_TEST

START_TEST(the_preferred_type_wins_whatever_its_spelling)
{
    struct atls_schemes preferred = {.num = 2}, able = {.num = 2};

    preferred.list[0] = of_text("a/x");
    preferred.list[1] = of_format(10003);
    able.list[0] = of_text("a/b");
    able.list[1] = of_text("application/EAT+cwt;"
                           "eat_profile=\"tag:psacertified.org,2023:psa#tfm\"");
    ck_assert_int_eq(atls_schemes_choose(&preferred, &able), 1);
    able.num = 1;
    ck_assert_int_eq(atls_schemes_choose(&preferred, &able), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wire");
    TCase *cases = tcase_create("wire");

    tcase_add_test(cases, client_hello_is_read_as_it_was_written);
    tcase_add_test(cases, client_hello_cut_or_extended_anywhere_is_malformed);
    tcase_add_test(cases, nine_schemes_in_a_list_are_too_many);
    tcase_add_test(cases, a_client_hello_of_1025_bytes_is_too_large);
    tcase_add_test(cases, results_are_read_and_unknown_mechanisms_refused);
    tcase_add_test(cases, certificate_request_ends_with_an_empty_nonce);
    tcase_add_test(cases, a_result_scheme_is_read_as_it_was_written);
    tcase_add_test(cases, schemes_that_have_no_room_are_left_out);
    tcase_add_test(cases, a_full_hello_is_within_the_limit);
    tcase_add_test(cases, an_empty_cmw_in_a_certificate_is_malformed);
    tcase_add_test(cases, the_preferred_type_wins_whatever_its_spelling);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
