/* SPDX-License-Identifier: Apache-2.0
 *
 * Kept verdicts: for the same question alone, until they expire.
 */
#include "verdict_cache.h"

#include <stdatomic.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../check_main.h"

static char name[] = "https://verifier.example";
static char other_name[] = "https://other.example";
static struct atls_verifier verifier = {.name = name};
static struct atls_verifier other_verifier = {.name = other_name};

static struct atls_remote_question a_question(void)
{
    return (struct atls_remote_question){.verifier = &verifier,
                                         .type = atls_type_of_format(10003),
                                         .value = atls_view_text("evidence"),
                                         .nonce = atls_view_text("12345678")};
}

static struct atls_verdict_key key_of(const struct atls_remote_question *asked,
                                      uint64_t policy_id, uint64_t key_version)
{
    struct atls_verdict_key key;

    ck_assert_reason(
        atls_verdict_key(asked, policy_id, key_version, &key, NULL), ATLS_OK);
    return key;
}

static struct atls_verdict_key a_key(void)
{
    struct atls_remote_question question = a_question();

    return key_of(&question, 1, 1);
}

static bool find(struct atls_verdict_key key, int64_t now)
{
    struct atls_verdict verdict;

    return atls_verdict_cache_find(&key, now, &verdict);
}

static void keep(struct atls_verdict_key key, int64_t expires_s,
                 const char *text)
{
    struct atls_verdict verdict = {.reason = ATLS_OK};

    snprintf(verdict.text, sizeof(verdict.text), "%s", text);
    atls_verdict_cache_keep(&key, expires_s, &verdict);
}

START_TEST(verdict_is_found_until_it_expires)
{
    struct atls_verdict_key key = a_key();
    struct atls_verdict verdict;

    ck_assert(!find(key, 100));
    keep(key, 200, "kept");
    ck_assert(atls_verdict_cache_find(&key, 199, &verdict));
    ck_assert_str_eq(verdict.text, "kept");
    ck_assert(!find(key, 200));
    keep(key, 300, "anew");
    ck_assert(atls_verdict_cache_find(&key, 299, &verdict));
    ck_assert_str_eq(verdict.text, "anew");
}
END_TEST

START_TEST(any_other_question_has_another_key)
{
    struct atls_remote_question question[7];
    struct atls_verdict_key keys[9];

    for (size_t i = 0; i < 7; i++)
        question[i] = a_question();
    question[1].value = atls_view_text("evidencd");
    question[2].nonce = atls_view_text("12345679");
    question[3].type = atls_type_of_format(10004);
    question[4].verifier = &other_verifier;
    question[5].value = atls_view_text("evidence1"); /* no sliding */
    question[5].nonce = atls_view_text("2345678");
    question[6].tik = atls_view_text("another TLS key");
    for (size_t i = 0; i < 7; i++)
        keys[i] = key_of(&question[i], 1, 1);
    keys[7] = key_of(&question[0], 2, 1);
    keys[8] = key_of(&question[0], 1, 2);
    for (size_t i = 0; i < 9; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert_msg(memcmp(&keys[i], &keys[j], sizeof(keys[i])) != 0,
                          "%zu %zu", i, j);
}
END_TEST

START_TEST(a_full_table_loses_what_is_longest_unused)
{
    struct atls_remote_question question = a_question();
    static struct atls_verdict_key keys[ATLS_VERDICT_CACHE_MAX + 1];

    for (uint64_t i = 0; i <= ATLS_VERDICT_CACHE_MAX; i++)
        keys[i] = key_of(&question, i, 1);
    for (size_t i = 0; i < ATLS_VERDICT_CACHE_MAX; i++)
        keep(keys[i], 2000 - (int64_t)i, "");
    for (size_t i = 0; i < ATLS_VERDICT_CACHE_MAX; i++)
        ck_assert(i == 7 || find(keys[i], 100));
    keep(keys[ATLS_VERDICT_CACHE_MAX], 500, "");
    for (size_t i = 0; i <= ATLS_VERDICT_CACHE_MAX; i++)
        ck_assert_msg(find(keys[i], 100) == (i != 7), "%zu", i);
}
END_TEST

/* A delegate's, beside any number for one connection each. */
START_TEST(what_is_used_stays_whatever_else_is_kept)
{
    struct atls_remote_question question = a_question();
    struct atls_verdict_key used = key_of(&question, 0, 1);

    keep(used, 200, "");
    for (uint64_t i = 1; i < 10 * ATLS_VERDICT_CACHE_MAX; i++) {
        keep(key_of(&question, i, 1), 1000, "");
        ck_assert_msg(find(used, 100), "%d", (int)i);
    }
}
END_TEST

/* A thread keeps verdicts without an end, so that a child is likely to be made
 * while it holds the table. */
static atomic_bool is_over;

static void *keep_on(void *arg)
{
    struct atls_verdict_key key = a_key();

    (void)arg;
    while (!is_over)
        keep(key, 200, "busy");
    return NULL;
}

START_TEST(child_of_a_busy_process_can_keep_verdicts)
{
    struct atls_remote_question question = a_question();
    struct atls_verdict_key key = key_of(&question, 2, 2);
    pthread_t thread;
    int status;

    pthread_create(&thread, NULL, keep_on, NULL);
    for (int i = 0; i < 200; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            keep(key, 200, "of the child");
            _exit(find(key, 100) ? 0 : 1);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_int_eq(status, 0);
    }
    is_over = true;
    pthread_join(thread, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("verdict_cache");
    TCase *cases = tcase_create("verdict_cache");

    tcase_add_test(cases, verdict_is_found_until_it_expires);
    tcase_add_test(cases, any_other_question_has_another_key);
    tcase_add_test(cases, a_full_table_loses_what_is_longest_unused);
    tcase_add_test(cases, what_is_used_stays_whatever_else_is_kept);
    tcase_add_test(cases, child_of_a_busy_process_can_keep_verdicts);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
