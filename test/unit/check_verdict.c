/* SPDX-License-Identifier: Apache-2.0
 *
 * Verdicts deny until the last step.
 */
#include "verdict.h"

#include "../check_main.h"

START_TEST(verdict_starts_denying)
{
    struct atls_verdict verdict;

    atls_verdict_init(&verdict);
    ck_assert_reason(verdict.reason, ATLS_PROFILE_MISSING);
    ck_assert_int_eq(verdict.tier, ATLS_TIER_NONE);
}
END_TEST

/* draft-ietf-rats-ar4si, 2.3 and 3.2 */
static const struct tier_row {
    int value;
    enum atls_tier tier;
} tier_rows[] = {
    {-128, ATLS_TIER_CONTRAINDICATED},
    {-97, ATLS_TIER_CONTRAINDICATED},
    {-96, ATLS_TIER_WARNING},
    {-33, ATLS_TIER_WARNING},
    {-32, ATLS_TIER_NONE},
    {-2, ATLS_TIER_NONE},
    {-1, ATLS_TIER_NONE},
    {0, ATLS_TIER_NONE},
    {1, ATLS_TIER_NONE},
    {2, ATLS_TIER_NONE},
    {31, ATLS_TIER_NONE},
    {32, ATLS_TIER_WARNING},
    {95, ATLS_TIER_WARNING},
    {96, ATLS_TIER_CONTRAINDICATED},
    {127, ATLS_TIER_CONTRAINDICATED},
};
enum { NUM_TIER_ROWS = sizeof(tier_rows) / sizeof(tier_rows[0]) };

START_TEST(refusal_is_never_affirming)
{
    struct atls_why why = {.reason = ATLS_PCR_MISMATCH, .text = "text"};
    struct atls_verdict verdict;

    atls_verdict_init(&verdict);
    verdict.vector[ATLS_HARDWARE] = 2;
    ck_assert_reason(atls_verdict_refuse(&verdict, ATLS_EXECUTABLES,
                                         (int8_t)tier_rows[_i].value, &why),
                     ATLS_PCR_MISMATCH);
    ck_assert_int_eq(verdict.tier, tier_rows[_i].tier);
    ck_assert_str_eq(verdict.text, "text");
}
END_TEST

START_TEST(refusal_without_a_reason_still_denies)
{
    struct atls_why why = {.reason = ATLS_OK};
    struct atls_verdict verdict;

    atls_verdict_init(&verdict);
    ck_assert_reason(atls_verdict_refuse(&verdict, ATLS_EXECUTABLES, 2, &why),
                     ATLS_PROFILE_MISSING);
}
END_TEST

START_TEST(only_an_affirming_vector_is_accepted)
{
    struct atls_verdict verdict;

    atls_verdict_init(&verdict);
    ck_assert_reason(atls_verdict_accept(&verdict), ATLS_PROFILE_MISSING);
    verdict.vector[ATLS_INSTANCE_IDENTITY] = 2;
    verdict.vector[ATLS_EXECUTABLES] = 33;
    ck_assert_reason(atls_verdict_accept(&verdict), ATLS_PROFILE_MISSING);
    ck_assert_int_eq(verdict.tier, ATLS_TIER_WARNING);
    verdict.vector[ATLS_EXECUTABLES] = 3;
    ck_assert_reason(atls_verdict_accept(&verdict), ATLS_OK);
    ck_assert_int_eq(verdict.tier, ATLS_TIER_AFFIRMING);
}
END_TEST

START_TEST(names_are_the_drafts)
{
    ck_assert_str_eq(atls_tier_name(ATLS_TIER_NONE), "none");
    ck_assert_str_eq(atls_tier_name(ATLS_TIER_AFFIRMING), "affirming");
    ck_assert_str_eq(atls_tier_name(ATLS_TIER_WARNING), "warning");
    ck_assert_str_eq(atls_tier_name(ATLS_TIER_CONTRAINDICATED),
                     "contraindicated");
    ck_assert_str_eq(atls_tier_name((enum atls_tier)7), "none");
    ck_assert_str_eq(atls_ar4si_name(ATLS_INSTANCE_IDENTITY),
                     "instance-identity");
    ck_assert_str_eq(atls_ar4si_name(ATLS_SOURCED_DATA), "sourced-data");
    ck_assert_str_eq(atls_ar4si_name(ATLS_NUM_AR4SI_CLAIMS), "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("verdict");
    TCase *cases = tcase_create("verdict");

    tcase_add_test(cases, verdict_starts_denying);
    tcase_add_loop_test(cases, refusal_is_never_affirming, 0, NUM_TIER_ROWS);
    tcase_add_test(cases, refusal_without_a_reason_still_denies);
    tcase_add_test(cases, only_an_affirming_vector_is_accepted);
    tcase_add_test(cases, names_are_the_drafts);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
