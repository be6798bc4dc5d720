/* SPDX-License-Identifier: Apache-2.0
 *
 * When a delegate is made, renewed, kept and given up. Both clocks are set by
 * hand; nothing is waited for.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "ext/delegates.h"
#include "origin.h"
#include "../check_main.h"

#define SECOND_NS INT64_C(1000000000)
#define T0        INT64_C(1800000000)

int64_t __wrap_atls_clock_now(void);

static int64_t clock_ns = 1000 * SECOND_NS;

int64_t __wrap_atls_clock_now(void)
{
    return clock_ns;
}

/* A world that counts. */
static struct {
    unsigned num_vouched, num_told[3];
    struct atls_delegates_request request; /* the last one, with its TIK */
    uint8_t tik[ATLS_DELEGATION_HASH];
    enum atls_reason reason; /* what vouching comes to */
    int64_t shorter_s;       /* what it takes off the life */
    void (*meanwhile)(void);
    struct atls_delegates_news news;
} world;

static struct atls_delegates *delegates;

static enum atls_reason
vouch(void *arg, const struct atls_delegates_request *request,
      const struct atls_secret *value, struct atls_view bytes, int64_t now_s,
      struct atls_buf *record, int64_t *expires_s, struct atls_why *why)
{
    void (*meanwhile)(void) = world.meanwhile;
    struct atls_secret challenge;
    struct atls_origin origin;

    /* what the value is made of gives it */
    ck_assert_reason(atls_origin_read(bytes, &origin, NULL), ATLS_OK);
    ck_assert_reason(atls_origin_challenge(&origin, &challenge, NULL), ATLS_OK);
    ck_assert(
        atls_view_equal(atls_secret_view(&challenge), atls_secret_view(value)));
    (void)arg, (void)now_s;
    ck_assert_int_gt(request->deadline_ns, clock_ns);
    world.request = *request;
    memcpy(world.tik, request->tik, sizeof(world.tik));
    world.num_vouched++;
    world.meanwhile = NULL;
    if (meanwhile != NULL)
        meanwhile();
    *expires_s -= world.shorter_s;
    atls_buf_put(record, atls_secret_view(value));
    return world.reason == ATLS_OK
               ? ATLS_OK
               : atls_why(why, world.reason, "no answer from v.test");
}

static void tell(void *arg, const struct atls_delegates_news *news)
{
    (void)arg;
    world.num_told[news->event]++;
    world.news = *news;
}

static void setup(void)
{
    struct atls_delegates_world with = {
        .vouch = vouch, .tell = tell, .lifetime_s = 600};

    delegates = atls_delegates_new(&with);
    ck_assert_ptr_nonnull(delegates);
}

static void teardown(void)
{
    atls_delegates_free(delegates);
}

static const uint8_t *tik(uint8_t number)
{
    static uint8_t bytes[ATLS_DELEGATION_HASH];

    memset(bytes, number, sizeof(bytes));
    return bytes;
}

static enum atls_reason get(uint8_t number, int64_t now_s,
                            struct atls_delegate **out, struct atls_why *why)
{
    *why = (struct atls_why){0};
    return atls_delegates_get1(delegates, tik(number), 0, now_s,
                               clock_ns + SECOND_NS, out, why);
}

/* The delegate for that TIK; which one it is tells its address while another
 * reference keeps it. */
static struct atls_delegate *want(uint8_t number, int64_t now_s)
{
    struct atls_delegate *delegate;
    struct atls_why why;

    ck_assert_reason(get(number, now_s, &delegate, &why), ATLS_OK);
    return delegate;
}

static void refused(uint8_t number, int64_t now_s, enum atls_reason reason)
{
    struct atls_delegate *delegate;
    struct atls_why why;

    ck_assert_reason(get(number, now_s, &delegate, &why), reason);
    ck_assert_ptr_null(delegate);
    ck_assert_str_ne(why.text, "");
}

START_TEST(one_is_made_for_each_tls_key_and_serves_again)
{
    struct atls_delegate *first = want(1, T0), *again = want(1, T0 + 399);
    struct atls_delegate *other = want(2, T0);

    ck_assert_ptr_eq(first, again);
    ck_assert_ptr_ne(first, other);
    ck_assert_uint_eq(world.num_vouched, 2);
    ck_assert_uint_eq(world.num_told[ATLS_DELEGATES_MADE], 2);
    ck_assert_uint_eq(first->mandate.not_before, (uint64_t)T0);
    ck_assert_uint_eq(first->mandate.lifetime_s, 600);
    atls_delegate_free(first);
    atls_delegate_free(again);
    atls_delegate_free(other);
}
END_TEST

START_TEST(the_value_vouched_for_is_that_of_key_and_times)
{
    struct atls_delegate *delegate = want(1, T0);
    struct atls_secret value;

    ck_assert_reason(
        atls_mandate_value(&delegate->mandate, tik(1), &value, NULL), ATLS_OK);
    ck_assert(atls_view_equal(atls_secret_view(&value),
                              atls_buf_view(&delegate->record)));
    ck_assert_mem_eq(world.tik, tik(1), sizeof(world.tik));
    atls_delegate_free(delegate);
}
END_TEST

static struct atls_delegate *seen_meanwhile;

static void use_meanwhile(void)
{
    seen_meanwhile = want(1, T0 + 400);
}

START_TEST(two_thirds_of_its_life_later_one_renews_and_others_go_on)
{
    struct atls_delegate *old = want(1, T0), *renewed;

    world.meanwhile = use_meanwhile;
    renewed = want(1, T0 + 400);
    ck_assert_ptr_eq(seen_meanwhile, old);
    ck_assert_ptr_ne(renewed, old);
    ck_assert_uint_eq(world.num_vouched, 2);
    ck_assert_uint_eq(world.num_told[ATLS_DELEGATES_RENEWED], 1);
    atls_delegate_free(old);
    atls_delegate_free(renewed);
    atls_delegate_free(seen_meanwhile);
}
END_TEST

START_TEST(a_failed_renewal_keeps_the_old_one_until_it_expires)
{
    struct atls_delegate *old = want(1, T0), *kept;

    world.reason = ATLS_ATTESTER_FAILED;
    kept = want(1, T0 + 450);
    ck_assert_ptr_eq(kept, old);
    ck_assert_uint_eq(world.num_told[ATLS_DELEGATES_FAILED], 1);
    ck_assert_int_eq(world.news.expires_s, T0 + 600);
    atls_delegate_free(kept);
    atls_delegate_free(old);
    kept = want(1, T0 + 599); /* in the pause: not tried */
    atls_delegate_free(kept);
    ck_assert_uint_eq(world.num_vouched, 2);
    ck_assert(!atls_delegates_is_paused(delegates, 0, T0 + 599));
    ck_assert(atls_delegates_is_paused(delegates, 0, T0 + 600));
    ck_assert(!atls_delegates_is_paused(delegates, 1, T0 + 600));
    refused(1, T0 + 600, ATLS_DELEGATE_PAUSED);
    clock_ns += 2 * SECOND_NS;
    refused(1, T0 + 602, ATLS_ATTESTER_FAILED);
    world.reason = ATLS_OK;
    clock_ns += 3 * SECOND_NS;
    atls_delegate_free(want(1, T0 + 605));
    ck_assert(!atls_delegates_is_paused(delegates, 0, T0 + 605));
}
END_TEST

static void was_asked(bool is_renewal, unsigned num_failures)
{
    ck_assert_int_eq(world.request.is_renewal, is_renewal);
    ck_assert_uint_eq(world.request.num_failures, num_failures);
}

START_TEST(who_vouches_hears_whether_the_old_one_serves_on)
{
    atls_delegate_free(want(1, T0));
    was_asked(false, 0);
    world.reason = ATLS_VERIFIER_TIMEOUT;
    for (unsigned i = 0; i < 2; i++) {
        atls_delegate_free(want(1, T0 + 400));
        was_asked(true, i);
        clock_ns += 3 * SECOND_NS;
    }
    refused(1, T0 + 600, ATLS_VERIFIER_TIMEOUT);
    was_asked(false, 2);
}
END_TEST

/* How long it is not tried again, in tenths of a second. */
static int64_t pause_of_next_failure(void)
{
    unsigned num = world.num_vouched;
    int64_t tenths = 0;

    refused(1, T0, ATLS_ATTESTER_TIMEOUT);
    ck_assert_uint_eq(world.num_vouched, ++num);
    for (; tenths < 1000; tenths++, clock_ns += SECOND_NS / 10) {
        struct atls_delegate *delegate;
        struct atls_why why;

        world.reason = ATLS_OK;
        if (get(1, T0, &delegate, &why) == ATLS_OK) {
            /* back to the failure before: only the pause is measured */
            atls_delegate_free(delegate);
            break;
        }
        ck_assert_reason(why.reason, ATLS_DELEGATE_PAUSED);
        ck_assert_ptr_nonnull(strstr(why.text, "no answer from v.test"));
    }
    world.reason = ATLS_ATTESTER_TIMEOUT;
    return tenths;
}

START_TEST(the_first_pause_is_about_a_second)
{
    int64_t tenths;

    world.reason = ATLS_ATTESTER_TIMEOUT;
    tenths = pause_of_next_failure();
    ck_assert_int_ge(tenths, 7);
    ck_assert_int_le(tenths, 13);
}
END_TEST

START_TEST(pauses_grow_to_a_minute)
{
    world.reason = ATLS_ATTESTER_TIMEOUT;
    for (unsigned i = 1; i <= 9; i++) {
        int64_t shortest_s = i < 7 ? INT64_C(1) << (i - 1) : 60;

        refused(1, T0, ATLS_ATTESTER_TIMEOUT);
        ck_assert_uint_eq(world.num_vouched, i);
        clock_ns += shortest_s * SECOND_NS / 4 * 3 - 1;
        refused(1, T0, ATLS_DELEGATE_PAUSED);
        clock_ns += shortest_s * SECOND_NS / 2 + 1;
    }
    ck_assert_uint_eq(world.num_told[ATLS_DELEGATES_FAILED], 9);
}
END_TEST

START_TEST(an_idle_server_makes_a_new_one_at_its_next_handshake)
{
    struct atls_delegate *old = want(1, T0), *fresh = want(1, T0 + 86400);

    ck_assert_uint_eq(fresh->mandate.not_before, (uint64_t)T0 + 86400);
    atls_delegate_free(old);
    atls_delegate_free(fresh);
}
END_TEST

START_TEST(what_vouches_for_it_can_end_it_sooner)
{
    struct atls_delegate *first, *second;

    world.shorter_s = 300;
    first = want(1, T0);
    ck_assert_int_eq(first->expires_s, T0 + 300);
    second = want(1, T0 + 199);
    ck_assert_ptr_eq(first, second);
    atls_delegate_free(second);
    second = want(1, T0 + 200);
    ck_assert_ptr_ne(first, second);
    atls_delegate_free(first);
    atls_delegate_free(second);
}
END_TEST

START_TEST(what_has_expired_at_birth_is_a_failure)
{
    world.shorter_s = 600;
    refused(1, T0, ATLS_DELEGATION_STALE);
    ck_assert_uint_eq(world.num_vouched, 1);
    refused(1, T0, ATLS_DELEGATE_PAUSED);
}
END_TEST

START_TEST(a_clock_that_is_set_back_gets_another_one)
{
    struct atls_delegate *first = want(1, T0), *second = want(1, T0 - 61);

    ck_assert_ptr_ne(first, second);
    ck_assert_uint_eq(second->mandate.not_before, (uint64_t)T0 - 61);
    atls_delegate_free(first);
    atls_delegate_free(second);
}
END_TEST

static void ask_meanwhile(void)
{
    refused(1, T0, ATLS_DELEGATE_BUSY);
}

START_TEST(nobody_waits_for_itself)
{
    world.meanwhile = ask_meanwhile;
    atls_delegate_free(want(1, T0));
    ck_assert_uint_eq(world.num_vouched, 1);
}
END_TEST

START_TEST(the_least_recently_used_makes_room)
{
    for (uint8_t i = 0; i < ATLS_DELEGATES_MAX; i++)
        atls_delegate_free(want(i, T0));
    atls_delegate_free(want(0, T0));
    atls_delegate_free(want(100, T0)); /* in place of 1 */
    ck_assert_uint_eq(world.num_vouched, ATLS_DELEGATES_MAX + 1);
    atls_delegate_free(want(0, T0));
    ck_assert_uint_eq(world.num_vouched, ATLS_DELEGATES_MAX + 1);
    atls_delegate_free(want(1, T0));
    ck_assert_uint_eq(world.num_vouched, ATLS_DELEGATES_MAX + 2);
}
END_TEST

START_TEST(a_child_of_fork_has_its_own)
{
    struct atls_delegate *of_parent = want(1, T0), *of_child;
    pid_t child = fork();
    int status;

    if (child == 0) {
        of_child = want(1, T0);
        _exit(of_child != of_parent && world.num_vouched == 2 ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    of_child = want(1, T0); /* the parent's is still there */
    ck_assert_ptr_eq(of_child, of_parent);
    atls_delegate_free(of_child);
    atls_delegate_free(of_parent);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("delegates");
    TCase *cases = tcase_create("delegates");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, one_is_made_for_each_tls_key_and_serves_again);
    tcase_add_test(cases, the_value_vouched_for_is_that_of_key_and_times);
    tcase_add_test(cases,
                   two_thirds_of_its_life_later_one_renews_and_others_go_on);
    tcase_add_test(cases, a_failed_renewal_keeps_the_old_one_until_it_expires);
    tcase_add_test(cases, who_vouches_hears_whether_the_old_one_serves_on);
    tcase_add_test(cases, the_first_pause_is_about_a_second);
    tcase_add_test(cases, pauses_grow_to_a_minute);
    tcase_add_test(cases, an_idle_server_makes_a_new_one_at_its_next_handshake);
    tcase_add_test(cases, what_vouches_for_it_can_end_it_sooner);
    tcase_add_test(cases, what_has_expired_at_birth_is_a_failure);
    tcase_add_test(cases, a_clock_that_is_set_back_gets_another_one);
    tcase_add_test(cases, nobody_waits_for_itself);
    tcase_add_test(cases, the_least_recently_used_makes_room);
    tcase_add_test(cases, a_child_of_fork_has_its_own);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
