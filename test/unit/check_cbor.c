/* SPDX-License-Identifier: Apache-2.0
 *
 * The CBOR decoder against what a peer may send, and the encoder.
 */
#include "cbor.h"

#include <string.h>

#include "../check_main.h"

#define BYTES(...)                                                             \
    atls_view((const uint8_t[]){__VA_ARGS__},                                  \
              sizeof((const uint8_t[]){__VA_ARGS__}))

START_TEST(integers_are_read_in_every_width)
{
    struct atls_cbor in =
        atls_cbor(BYTES(0x17, 0x18, 0x18, 0x19, 1, 0, 0x1a, 0, 1, 0, 0, 0x20,
                        0x39, 0, 6, 0x1b, 0, 0, 0, 0, 0, 0, 0, 7));

    ck_assert_uint_eq(atls_cbor_uint(&in), 23);
    ck_assert_uint_eq(atls_cbor_uint(&in), 24);
    ck_assert_uint_eq(atls_cbor_uint(&in), 256);
    ck_assert_uint_eq(atls_cbor_uint(&in), 65536);
    ck_assert_int_eq(atls_cbor_int(&in), -1);
    ck_assert_int_eq(atls_cbor_int(&in), -7);
    ck_assert_int_eq(atls_cbor_int(&in), 7);
    ck_assert(atls_cbor_done(&in));
}
END_TEST

START_TEST(map_is_walked_key_by_key)
{
    struct atls_cbor in = atls_cbor(
        BYTES(0xbf, 1, 0x43, 'a', 'b', 'c', 0x61, 'k', 0x82, 1, 2, 0xff));
    struct atls_cbor_iter map;

    atls_cbor_map(&in, &map);
    ck_assert(atls_cbor_next(&in, &map));
    ck_assert_int_eq(atls_cbor_int(&in), 1);
    ck_assert(atls_view_is(atls_cbor_bytes(&in), "abc"));
    ck_assert(atls_cbor_next(&in, &map));
    ck_assert(atls_view_is(atls_cbor_text(&in), "k"));
    ck_assert_uint_eq(atls_cbor_skip(&in).len, 3);
    ck_assert(!atls_cbor_next(&in, &map));
    ck_assert(atls_cbor_done(&in));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cbor");
    TCase *cases = tcase_create("cbor");

    tcase_add_test(cases, integers_are_read_in_every_width);
    tcase_add_test(cases, map_is_walked_key_by_key);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
