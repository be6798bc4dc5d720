/* SPDX-License-Identifier: Apache-2.0
 *
 * Lengths of time as operators write them.
 */
#include "duration.h"
#include "../check_main.h"

static const struct {
    const char *text;
    int64_t seconds; /* -1: refused */
} rows[] = {
    {"0", 0},
    {"0s", 0},
    {"30s", 30},
    {"10m", 600},
    {"12h", 43200},
    {"7d", 604800},
    {"366d", ATLS_DURATION_MAX_S},
    {"367d", -1},
    {"999999999d", -1},
    {"1000000000s", -1},
    {"99999999999999999999s", -1},
    {"", -1},
    {"s", -1},
    {"10", -1},
    {"00", -1},
    {"-1s", -1},
    {"+1s", -1},
    {"1.5m", -1},
    {"10 m", -1},
    {" 10m", -1},
    {"10m ", -1},
    {"10ms", -1},
    {"10M", -1},
};

START_TEST(a_duration_is_a_number_with_its_unit)
{
    int64_t seconds;
    bool is_taken = atls_duration_parse(rows[_i].text, &seconds);

    ck_assert_msg(is_taken == (rows[_i].seconds >= 0), "\"%s\"", rows[_i].text);
    ck_assert_int_eq(seconds, is_taken ? rows[_i].seconds : 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("duration");
    TCase *cases = tcase_create("duration");

    tcase_add_loop_test(cases, a_duration_is_a_number_with_its_unit, 0,
                        sizeof(rows) / sizeof(rows[0]));
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
