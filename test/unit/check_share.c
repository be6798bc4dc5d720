/* SPDX-License-Identifier: Apache-2.0
 *
 * The attester's share: one at a time, a queue with an end, a part of the wall
 * time. Clocks are set by hand where a level matters; nothing is timed.
 */
#include <unistd.h>
#include <sys/wait.h>

#include "ext/share.h"
#include "../check_main.h"

#define SECOND_NS INT64_C(1000000000)

static enum atls_reason take(struct atls_share *share, int64_t wait_ns)
{
    struct atls_why why = {0};

    return atls_share_take(share, atls_clock_now() + wait_ns, &why);
}

START_TEST(a_quote_in_flight_makes_the_next_wait_until_its_deadline)
{
    struct atls_share share;

    atls_share_init(&share, 50, false);
    ck_assert_reason(take(&share, SECOND_NS), ATLS_OK);
    ck_assert_reason(take(&share, 1000), ATLS_ATTESTER_TIMEOUT);
    atls_share_give(&share);
    ck_assert_reason(take(&share, SECOND_NS), ATLS_OK);
}
END_TEST

START_TEST(a_full_queue_refuses_at_once)
{
    struct atls_share share;

    atls_share_init(&share, 50, false);
    ck_assert_reason(take(&share, SECOND_NS), ATLS_OK);
    share.num_waiters = ATLS_SHARE_MAX_WAITERS;
    ck_assert_reason(take(&share, 3600 * SECOND_NS), ATLS_ATTESTER_BUSY);
}
END_TEST

START_TEST(the_share_is_used_up_by_busy_time_and_comes_back_with_time)
{
    struct atls_share share;

    atls_share_init(&share, 50, false);
    ck_assert_reason(take(&share, SECOND_NS), ATLS_OK);
    share.begun_ns -= SECOND_NS; /* as if the quote had taken a second */
    atls_share_give(&share);
    ck_assert_reason(take(&share, SECOND_NS), ATLS_ATTESTER_BUSY);
    share.drained_ns -= 3 * SECOND_NS; /* as if three seconds had passed */
    ck_assert_reason(take(&share, SECOND_NS), ATLS_OK);
}
END_TEST

START_TEST(a_child_of_fork_does_not_inherit_a_quote_in_flight)
{
    struct atls_share share;
    pid_t child;
    int status;

    atls_share_init(&share, 50, false);
    ck_assert_reason(take(&share, SECOND_NS), ATLS_OK);
    child = fork();
    if (child == 0)
        _exit(take(&share, 1000) == ATLS_OK ? 0 : 1);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(an_attester_that_batches_makes_nobody_wait)
{
    struct atls_share share;

    atls_share_init(&share, 50, true);
    for (unsigned i = 0; i < ATLS_SHARE_MAX_IN_FLIGHT; i++)
        ck_assert_reason(take(&share, 0), ATLS_OK);
    ck_assert_reason(take(&share, 0), ATLS_ATTESTER_BUSY);
    atls_share_give(&share);
    ck_assert_reason(take(&share, 0), ATLS_OK);
}
END_TEST

/* As if `ns` had passed since the last call. */
static void pass(struct atls_share *share, int64_t ns)
{
    share->begun_ns -= ns;
    share->drained_ns -= ns;
}

START_TEST(quotes_side_by_side_count_once_and_count_while_they_last)
{
    struct atls_share share;

    atls_share_init(&share, 50, true);
    for (int i = 0; i < 8; i++)
        ck_assert_reason(take(&share, 0), ATLS_OK);
    pass(&share, SECOND_NS / 2); /* half of it has drained */
    ck_assert_reason(take(&share, 0), ATLS_OK);
    ck_assert_int_ge(share.level_ns, SECOND_NS / 4);
    ck_assert_int_lt(share.level_ns, SECOND_NS / 2);
    pass(&share, SECOND_NS);
    ck_assert_reason(take(&share, 0), ATLS_ATTESTER_BUSY);
    for (int i = 0; i < 9; i++)
        atls_share_give(&share);
    ck_assert_reason(take(&share, 0), ATLS_ATTESTER_BUSY);
    pass(&share, SECOND_NS); /* nothing is in flight: it drains */
    ck_assert_reason(take(&share, 0), ATLS_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("share");
    TCase *cases = tcase_create("share");

    tcase_add_test(cases,
                   a_quote_in_flight_makes_the_next_wait_until_its_deadline);
    tcase_add_test(cases, a_full_queue_refuses_at_once);
    tcase_add_test(cases,
                   the_share_is_used_up_by_busy_time_and_comes_back_with_time);
    tcase_add_test(cases, a_child_of_fork_does_not_inherit_a_quote_in_flight);
    tcase_add_test(cases, an_attester_that_batches_makes_nobody_wait);
    tcase_add_test(cases,
                   quotes_side_by_side_count_once_and_count_while_they_last);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
