/* SPDX-License-Identifier: Apache-2.0
 *
 * Readers, bufs and the first cause.
 */
#include <string.h>

#include "bytes.h"
#include "why.h"
#include "../check_main.h"

START_TEST(reader_gives_integers_and_blocks_in_order)
{
    static const uint8_t bytes[] = {1, 0, 2, 0, 0, 1, 'x', 0, 1, 'y'};
    struct atls_reader in = atls_reader(atls_view(bytes, sizeof(bytes)));

    ck_assert_uint_eq(atls_reader_u8(&in), 1);
    ck_assert_uint_eq(atls_reader_u16(&in), 2);
    ck_assert(atls_view_is(atls_reader_u24_block(&in), "x"));
    ck_assert(!atls_reader_done(&in));
}
END_TEST

START_TEST(reader_remembers_a_short_read)
{
    static const uint8_t bytes[] = {0, 5, 'a'};
    struct atls_reader in = atls_reader(atls_view(bytes, sizeof(bytes)));

    ck_assert_uint_eq(atls_reader_u16_block(&in).len, 0);
    ck_assert_uint_eq(atls_reader_u8(&in), 0);
    ck_assert(!atls_reader_done(&in));
    ck_assert(!atls_reader_more(&in));
}
END_TEST

START_TEST(buf_refuses_more_than_its_maximum)
{
    ATLS_AUTO_BUF out = atls_buf(3);

    atls_buf_u16(&out, 0x0102);
    atls_buf_u16(&out, 0x0304);
    ck_assert(out.failed);
    ck_assert_uint_eq(out.len, 2);
}
END_TEST

START_TEST(buf_writes_lengths_afterwards)
{
    ATLS_AUTO_BUF out = atls_buf(64);
    size_t at = atls_buf_begin(&out, 3);

    atls_buf_text(&out, "abc");
    atls_buf_end(&out, at, 3);
    ck_assert(!out.failed);
    ck_assert(atls_view_equal(atls_buf_view(&out), atls_view("\0\0\3abc", 6)));
}
END_TEST

START_TEST(first_cause_wins)
{
    struct atls_why why = {0};

    ck_assert_reason(atls_why(&why, ATLS_CMW_MALFORMED, "byte %d", 7),
                     ATLS_CMW_MALFORMED);
    ck_assert_reason(atls_why(&why, ATLS_OUT_OF_MEMORY, NULL),
                     ATLS_CMW_MALFORMED);
    ck_assert_str_eq(why.text, "byte 7");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bytes");
    TCase *cases = tcase_create("bytes");

    tcase_add_test(cases, reader_gives_integers_and_blocks_in_order);
    tcase_add_test(cases, reader_remembers_a_short_read);
    tcase_add_test(cases, buf_refuses_more_than_its_maximum);
    tcase_add_test(cases, buf_writes_lengths_afterwards);
    tcase_add_test(cases, first_cause_wins);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
