/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker without its socket: messages, whom it serves and how often, what
 * is quoted together, and the lock that its clients share with their children.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../check_main.h"
#include "provider/broker/callers.h"
#include "provider/broker/queue.h"
#include "provider/broker/tally.h"
#include "provider/broker_message.h"
#include "provider/lock.h"

#define SECOND_NS INT64_C(1000000000)

static const uint8_t origin[] = {0, 32, 1, 2, 3};

static void put_request(struct atls_buf *out)
{
    const struct atls_broker_request request = {
        ATLS_BROKER_QUOTE, 1234, atls_view_text("10003"),
        atls_view(origin, sizeof(origin))};

    atls_broker_request_put(out, &request);
    ck_assert(!out->failed);
}

START_TEST(request_is_read_as_it_was_written)
{
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_BROKER_MAX_REQUEST);
    struct atls_broker_request request;

    put_request(&bytes);
    ck_assert(atls_broker_request_read(atls_buf_view(&bytes), &request));
    ck_assert_int_eq(request.kind, ATLS_BROKER_QUOTE);
    ck_assert_uint_eq(request.timeout_ms, 1234);
    ck_assert(atls_view_is(request.format, "10003"));
    ck_assert(
        atls_view_equal(request.origin, atls_view(origin, sizeof(origin))));
}
END_TEST

START_TEST(request_of_another_shape_is_refused)
{
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_BROKER_MAX_REQUEST);
    struct atls_broker_request request;

    put_request(&bytes);
    for (size_t len = 0; len < bytes.len; len++)
        ck_assert(
            !atls_broker_request_read(atls_view(bytes.data, len), &request));
    bytes.data[0]++; /* version */
    ck_assert(!atls_broker_request_read(atls_buf_view(&bytes), &request));
    bytes.data[0]--;
    bytes.data[1] = 2; /* kind */
    ck_assert(!atls_broker_request_read(atls_buf_view(&bytes), &request));
    bytes.data[1] = 0;
    ck_assert(atls_broker_request_read(atls_buf_view(&bytes), &request));
    atls_buf_u8(&bytes, 0);
    ck_assert(!atls_broker_request_read(atls_buf_view(&bytes), &request));
}
END_TEST

static const enum atls_reason reasons[] = {
    ATLS_OK, ATLS_ATTESTER_DENIED, ATLS_ATTESTER_BUSY, ATLS_ATTESTER_FAILED};

START_TEST(reply_is_read_as_it_was_written)
{
    const struct atls_broker_reply written = {
        reasons[_i], atls_view_text("sentence"), atls_view_text("body")};
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_BROKER_MAX_REPLY);
    struct atls_broker_reply reply;

    atls_broker_reply_put(&bytes, &written);
    ck_assert(atls_broker_reply_read(atls_buf_view(&bytes), &reply));
    ck_assert_reason(reply.reason, reasons[_i]);
    ck_assert(atls_view_is(reply.text, "sentence"));
    ck_assert(atls_view_is(reply.body, "body"));
    for (size_t len = 0; len < bytes.len; len++)
        ck_assert(!atls_broker_reply_read(atls_view(bytes.data, len), &reply));
}
END_TEST

START_TEST(reason_of_a_newer_broker_is_a_failure)
{
    static const uint8_t bytes[] = {1, 3, 'N', 'E', 'W', 0, 0, 0, 0, 0};
    struct atls_broker_reply reply;

    ck_assert(atls_broker_reply_read(atls_view(bytes, sizeof(bytes)), &reply));
    ck_assert_reason(reply.reason, ATLS_ATTESTER_FAILED);
}
END_TEST

START_TEST(root_and_those_who_are_named_are_served_and_nobody_else)
{
    static struct atls_callers callers;

    atls_callers_init(&callers, 10);
    ck_assert_reason(atls_callers_add(&callers, "1234", NULL), ATLS_OK);
    ck_assert_reason(atls_callers_add(&callers, "root", NULL), ATLS_OK);
    ck_assert_uint_eq(callers.num, 2);
    ck_assert_ptr_nonnull(atls_callers_find(&callers, 0));
    ck_assert_ptr_nonnull(atls_callers_find(&callers, 1234));
    ck_assert_ptr_null(atls_callers_find(&callers, 1235));
    ck_assert_ptr_null(atls_callers_find(&callers, (uid_t)-1));
}
END_TEST

static const char *const no_users[] = {
    "", "no-such-user", "12x", "4294967295", "99999999999999999999", "-1"};

START_TEST(user_that_there_is_not_is_refused)
{
    static struct atls_callers callers;

    atls_callers_init(&callers, 10);
    ck_assert_reason(atls_callers_add(&callers, no_users[_i], NULL),
                     ATLS_SETTING_INVALID);
    ck_assert_uint_eq(callers.num, 1);
}
END_TEST

START_TEST(list_of_users_has_an_end)
{
    static struct atls_callers callers;
    char name[16];

    atls_callers_init(&callers, 10);
    for (int i = 1; i < ATLS_CALLERS_MAX; i++) {
        snprintf(name, sizeof(name), "%d", 1000 + i);
        ck_assert_reason(atls_callers_add(&callers, name, NULL), ATLS_OK);
    }
    ck_assert_reason(atls_callers_add(&callers, "2000", NULL),
                     ATLS_SETTING_INVALID);
}
END_TEST

START_TEST(user_has_a_rate_that_comes_back_with_time)
{
    static struct atls_callers callers;
    struct atls_caller *root;
    int64_t now = 1000 * SECOND_NS;

    atls_callers_init(&callers, 4);
    root = atls_callers_find(&callers, 0);
    for (int i = 0; i < 4; i++)
        ck_assert_reason(atls_caller_charge(root, 4, now, NULL), ATLS_OK);
    ck_assert_reason(atls_caller_charge(root, 4, now, NULL),
                     ATLS_ATTESTER_BUSY);
    now += SECOND_NS / 4;
    ck_assert_reason(atls_caller_charge(root, 4, now, NULL), ATLS_OK);
    ck_assert_reason(atls_caller_charge(root, 4, now, NULL),
                     ATLS_ATTESTER_BUSY);
}
END_TEST

static enum atls_reason put(struct atls_queue *queue, uid_t uid, pid_t pid,
                            bool is_batched)
{
    struct atls_pending *pending = calloc(1, sizeof(*pending));
    enum atls_reason reason;

    pending->reply_to = -1;
    pending->uid = uid;
    pending->pid = pid;
    pending->is_batched = is_batched;
    reason = atls_queue_put(queue, pending, NULL);
    if (reason != ATLS_OK)
        atls_pending_free(pending);
    return reason;
}

/* The pids that are taken, a digit each. */
static void assert_taken(struct atls_queue *queue, const char *wanted)
{
    struct atls_pending *list = atls_queue_take(queue), *at = list;

    for (; *wanted != '\0'; wanted++, at = at->next) {
        ck_assert_ptr_nonnull(at);
        ck_assert_int_eq(at->pid, *wanted - '0');
    }
    ck_assert_ptr_null(at);
    atls_pending_free(list);
}

/* One request each: b for a batch, u not; pids count from *pid. */
static void put_all(struct atls_queue *queue, const char *kinds, pid_t *pid)
{
    for (; *kinds != '\0'; kinds++, ++*pid)
        ck_assert_reason(put(queue, 100 + (uid_t)*pid, *pid, *kinds == 'b'),
                         ATLS_OK);
}

START_TEST(those_for_a_batch_are_taken_together_and_others_one_by_one)
{
    struct atls_queue queue;
    pid_t pid = 1;

    atls_queue_init(&queue);
    put_all(&queue, "bubbub", &pid);
    assert_taken(&queue, "1346");
    put_all(&queue, "u", &pid);
    assert_taken(&queue, "2");
    assert_taken(&queue, "5");
    put_all(&queue, "bb", &pid);
    assert_taken(&queue, "89");
    assert_taken(&queue, "7");
    ck_assert_uint_eq(queue.num, 0);
    ck_assert_uint_eq(queue.num_unbatched, 0);
    atls_queue_clear(&queue);
}
END_TEST

START_TEST(a_batch_comes_after_each_quote_that_serves_one)
{
    struct atls_queue queue;
    pid_t pid = 1;

    atls_queue_init(&queue);
    put_all(&queue, "uuub", &pid);
    assert_taken(&queue, "1");
    put_all(&queue, "ub", &pid);
    assert_taken(&queue, "46"); /* and not 2, who came before */
    put_all(&queue, "b", &pid);
    assert_taken(&queue, "2");
    assert_taken(&queue, "7");
    assert_taken(&queue, "3"); /* nobody is passed over twice */
    assert_taken(&queue, "5");
    atls_queue_clear(&queue);
}
END_TEST

START_TEST(batch_is_no_larger_than_its_tree)
{
    struct atls_queue queue;
    struct atls_pending *list;
    size_t num = 0;

    atls_queue_init(&queue);
    for (int i = 0; i < ATLS_QUEUE_MAX; i++)
        ck_assert_reason(put(&queue, i % 2 == 0 ? 1 : 2, 1, true), ATLS_OK);
    ck_assert_reason(put(&queue, 3, 1, true), ATLS_ATTESTER_BUSY);
    list = atls_queue_take(&queue);
    for (const struct atls_pending *at = list; at != NULL; at = at->next)
        num++;
    ck_assert_uint_eq(num, ATLS_BATCH_MAX);
    ck_assert_uint_eq(queue.num, ATLS_QUEUE_MAX - ATLS_BATCH_MAX);
    atls_pending_free(list);
    atls_queue_clear(&queue);
}
END_TEST

START_TEST(one_user_does_not_fill_the_queue)
{
    struct atls_queue queue;

    atls_queue_init(&queue);
    for (int i = 0; i < ATLS_QUEUE_MAX_OF_CALLER; i++)
        ck_assert_reason(put(&queue, 1, 1, true), ATLS_OK);
    ck_assert_reason(put(&queue, 1, 1, true), ATLS_ATTESTER_BUSY);
    ck_assert_reason(put(&queue, 2, 1, true), ATLS_OK);
    atls_queue_clear(&queue);
}
END_TEST

START_TEST(few_wait_for_a_quote_of_their_own)
{
    struct atls_queue queue;

    atls_queue_init(&queue);
    for (int i = 0; i < ATLS_QUEUE_MAX_UNBATCHED; i++)
        ck_assert_reason(put(&queue, 10 + (uid_t)i, 1, false), ATLS_OK);
    ck_assert_reason(put(&queue, 2, 1, false), ATLS_ATTESTER_BUSY);
    ck_assert_reason(put(&queue, 2, 1, true), ATLS_OK);
    atls_queue_clear(&queue);
}
END_TEST

static const uid_t users[] = {0, 1};

START_TEST(one_user_does_not_fill_the_places_for_quotes_of_their_own)
{
    struct atls_queue queue;
    uid_t uid = users[_i];

    atls_queue_init(&queue);
    for (int i = 0; i < ATLS_QUEUE_MAX_UNBATCHED_OF_CALLER; i++)
        ck_assert_reason(put(&queue, uid, 1, false), ATLS_OK);
    ck_assert_reason(put(&queue, uid, 1, false), ATLS_ATTESTER_BUSY);
    ck_assert_reason(put(&queue, uid, 1, true), ATLS_OK);
    ck_assert_reason(put(&queue, 2, 1, false), ATLS_OK);
    atls_pending_free(atls_queue_take(&queue));
    ck_assert_reason(put(&queue, uid, 1, false), ATLS_OK);
    atls_queue_clear(&queue);
}
END_TEST

START_TEST(closed_queue_gives_nothing)
{
    struct atls_queue queue;

    atls_queue_init(&queue);
    ck_assert_reason(put(&queue, 1, 1, true), ATLS_OK);
    atls_queue_close(&queue);
    ck_assert_ptr_null(atls_queue_take(&queue));
    atls_queue_clear(&queue);
}
END_TEST

START_TEST(each_user_of_a_batch_is_named_with_how_often_he_is_in_it)
{
    struct atls_queue queue;
    struct atls_pending *list;
    char text[ATLS_TALLY_TEXT];

    atls_queue_init(&queue);
    for (int i = 0; i < 40; i++)
        ck_assert_reason(put(&queue, 33, 100 + i, true), ATLS_OK);
    ck_assert_reason(put(&queue, 34, 7, true), ATLS_OK);
    ck_assert_reason(put(&queue, 33, 200, true), ATLS_OK);
    list = atls_queue_take(&queue);
    list->kind = ATLS_ORIGIN_CLIENT;
    ck_assert(atls_tally_name(list, text));
    ck_assert_str_eq(text, "pid 100 uid 33 client, 40 of uid 33 server, "
                           "pid 7 uid 34 server");
    ck_assert(!atls_tally_name(list, text));
    atls_pending_free(list);
    atls_queue_clear(&queue);
}
END_TEST

START_TEST(no_user_of_a_batch_is_left_unnamed)
{
    struct atls_queue queue;
    struct atls_pending *list;
    char text[ATLS_TALLY_TEXT], uid[32];
    bool is_named[ATLS_CALLERS_MAX] = {false};
    int num_texts = 0;

    atls_queue_init(&queue);
    for (unsigned i = 0; i < ATLS_CALLERS_MAX; i++) /* the longest numbers */
        ck_assert_reason(put(&queue, 4294967000U + i, INT32_MAX, true),
                         ATLS_OK);
    list = atls_queue_take(&queue);
    for (struct atls_pending *at = list; at != NULL; at = at->next)
        at->kind = ATLS_ORIGIN_DELEGATE; /* the longest word */
    for (; atls_tally_name(list, text); num_texts++)
        for (unsigned i = 0; i < ATLS_CALLERS_MAX; i++) {
            snprintf(uid, sizeof(uid), "uid %u delegate", 4294967000U + i);
            is_named[i] |= strstr(text, uid) != NULL;
        }
    for (int i = 0; i < ATLS_CALLERS_MAX; i++)
        ck_assert(is_named[i]);
    ck_assert_int_le(num_texts, 1 + ATLS_CALLERS_MAX / ATLS_TALLY_MAX_NAMED);
    atls_pending_free(list);
    atls_queue_clear(&queue);
}
END_TEST

START_TEST(lock_is_free_in_a_child_of_fork)
{
    struct atls_lock lock;
    int status = 0;
    pid_t pid;

    atls_lock_init(&lock);
    atls_lock_take(&lock); /* as another thread would hold it */
    pid = fork();
    if (pid == 0) {
        atls_lock_take(&lock);
        atls_lock_give(&lock);
        atls_lock_take(&lock);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    atls_lock_give(&lock);
    atls_lock_clear(&lock);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("broker");
    TCase *cases = tcase_create("broker");

    tcase_add_test(cases, request_is_read_as_it_was_written);
    tcase_add_test(cases, request_of_another_shape_is_refused);
    tcase_add_loop_test(cases, reply_is_read_as_it_was_written, 0,
                        sizeof(reasons) / sizeof(reasons[0]));
    tcase_add_test(cases, reason_of_a_newer_broker_is_a_failure);
    tcase_add_test(cases,
                   root_and_those_who_are_named_are_served_and_nobody_else);
    tcase_add_loop_test(cases, user_that_there_is_not_is_refused, 0,
                        sizeof(no_users) / sizeof(no_users[0]));
    tcase_add_test(cases, list_of_users_has_an_end);
    tcase_add_test(cases, user_has_a_rate_that_comes_back_with_time);
    tcase_add_test(cases,
                   those_for_a_batch_are_taken_together_and_others_one_by_one);
    tcase_add_test(cases, a_batch_comes_after_each_quote_that_serves_one);
    tcase_add_test(cases, batch_is_no_larger_than_its_tree);
    tcase_add_test(cases, one_user_does_not_fill_the_queue);
    tcase_add_test(cases, few_wait_for_a_quote_of_their_own);
    tcase_add_loop_test(
        cases, one_user_does_not_fill_the_places_for_quotes_of_their_own, 0,
        sizeof(users) / sizeof(users[0]));
    tcase_add_test(cases, closed_queue_gives_nothing);
    tcase_add_test(cases,
                   each_user_of_a_batch_is_named_with_how_often_he_is_in_it);
    tcase_add_test(cases, no_user_of_a_batch_is_left_unnamed);
    tcase_add_test(cases, lock_is_free_in_a_child_of_fork);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
