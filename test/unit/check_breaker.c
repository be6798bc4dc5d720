/* SPDX-License-Identifier: Apache-2.0
 *
 * When a Verifier is left alone, and who tries it first.
 */
#include "breaker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "../check_main.h"

#define V "https://verifier.example"
#define W "https://other.example"

enum { NUM_THREADS = 8, NUM_OTHERS = 2000 };

static const int64_t second = 1000000000;

static void time_out(const char *url, int num, int64_t now_ns)
{
    for (int i = 0; i < num; i++)
        atls_breaker_note(url, true, now_ns);
}

START_TEST(three_timeouts_leave_it_alone_for_ten_seconds)
{
    time_out(V, 2, second);
    ck_assert(atls_breaker_admits(V, second));
    time_out(V, 1, second);
    ck_assert(!atls_breaker_admits(V, second));
    ck_assert(atls_breaker_admits(W, second));
    ck_assert(!atls_breaker_admits(V, 11 * second - 1));
    ck_assert(atls_breaker_admits(V, 11 * second));
}
END_TEST

START_TEST(timeouts_count_in_a_row)
{
    for (int i = 0; i < 6; i++)
        atls_breaker_note(V, i % 3 != 2, 1);
    ck_assert(atls_breaker_admits(V, 1));
}
END_TEST

START_TEST(a_trial_that_times_out_leaves_it_alone_again)
{
    time_out(V, 3, second);
    ck_assert(atls_breaker_admits(V, 11 * second));
    time_out(V, 1, 12 * second);
    ck_assert(!atls_breaker_admits(V, 22 * second - 1));
    ck_assert(atls_breaker_admits(V, 22 * second));
}
END_TEST

START_TEST(a_trial_that_is_answered_lets_all_in)
{
    time_out(V, 3, second);
    ck_assert(atls_breaker_admits(V, 11 * second));
    ck_assert(!atls_breaker_admits(V, 11 * second));
    atls_breaker_note(V, false, 11 * second);
    for (int i = 0; i < 3; i++)
        ck_assert(atls_breaker_admits(V, 11 * second));
    time_out(V, 2, 11 * second);
    ck_assert(atls_breaker_admits(V, 11 * second));
}
END_TEST

START_TEST(a_trial_that_never_tells_is_followed_by_another)
{
    time_out(V, 3, second);
    ck_assert(atls_breaker_admits(V, 11 * second));
    ck_assert(!atls_breaker_admits(V, 21 * second - 1));
    ck_assert(atls_breaker_admits(V, 21 * second));
}
END_TEST

static pthread_barrier_t all_there;
static atomic_int num_admitted;

static void *try(void *arg)
{
    const int64_t *now_ns = arg;

    pthread_barrier_wait(&all_there);
    num_admitted += atls_breaker_admits(V, *now_ns);
    return NULL;
}

START_TEST(of_many_threads_one_is_the_trial)
{
    pthread_t threads[NUM_THREADS];

    pthread_barrier_init(&all_there, NULL, NUM_THREADS);
    time_out(V, 3, 0);
    for (int64_t round = 1; round <= 50; round++) {
        int64_t now_ns = round * 10 * second;

        num_admitted = 0;
        for (int i = 0; i < NUM_THREADS; i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, try, &now_ns),
                             0);
        for (int i = 0; i < NUM_THREADS; i++)
            pthread_join(threads[i], NULL);
        ck_assert_int_eq(num_admitted, 1);
    }
}
END_TEST

/* However its place is found. */
START_TEST(another_verifiers_timeouts_are_its_own)
{
    char url[64];

    time_out(V, 3, second);
    for (int i = 0; i < NUM_OTHERS; i++) {
        snprintf(url, sizeof(url), "https://v%d.example", i);
        ck_assert_msg(atls_breaker_admits(url, second), "%s", url);
        atls_breaker_note(url, false, second);
    }
    ck_assert(!atls_breaker_admits(V, second));
}
END_TEST

START_TEST(more_verifiers_than_there_is_room_for_are_asked)
{
    char url[64];

    time_out(V, 3, second);
    for (int i = 0; i < NUM_OTHERS; i++) {
        snprintf(url, sizeof(url), "https://v%d.example", i);
        time_out(url, 3, second);
        ck_assert_int_eq(atls_breaker_admits(url, second),
                         i >= ATLS_BREAKER_MAX - 1);
    }
    ck_assert(!atls_breaker_admits(V, second));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("breaker");
    TCase *cases = tcase_create("breaker");

    tcase_add_test(cases, three_timeouts_leave_it_alone_for_ten_seconds);
    tcase_add_test(cases, timeouts_count_in_a_row);
    tcase_add_test(cases, a_trial_that_times_out_leaves_it_alone_again);
    tcase_add_test(cases, a_trial_that_is_answered_lets_all_in);
    tcase_add_test(cases, a_trial_that_never_tells_is_followed_by_another);
    tcase_add_test(cases, of_many_threads_one_is_the_trial);
    tcase_add_test(cases, another_verifiers_timeouts_are_its_own);
    tcase_add_test(cases, more_verifiers_than_there_is_room_for_are_asked);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
