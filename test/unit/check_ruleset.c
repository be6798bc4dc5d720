/* SPDX-License-Identifier: Apache-2.0
 *
 * A policy that follows its files: when they are looked at, how many of them,
 * and what threads and children see meanwhile. The clock is the test's.
 */
#include "ext/ruleset.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "forge_dcap.h"
#include "stamp.h"
#include "../check_main.h"

enum { NUM_MEMBERS = 200, NUM_THREADS = 4, NUM_POLICIES = 40 };

static struct forge_folder folder, members;
static char policy_path[128], log_path[128], log_target[160];
static struct atls_settings settings;
static struct atls_ruleset *ruleset;

static int64_t clock_ns = 1;
static atomic_uint num_stats;
static void (*_Atomic in_stat)(void); /* once */

int64_t __wrap_atls_clock_now(void);
int64_t __wrap_atls_clock_now(void)
{
    return __atomic_load_n(&clock_ns, __ATOMIC_RELAXED);
}

int __real_stat(const char *path, struct stat *out);
int __wrap_stat(const char *path, struct stat *out);
int __wrap_stat(const char *path, struct stat *out)
{
    void (*then)(void) = atomic_exchange(&in_stat, NULL);

    atomic_fetch_add(&num_stats, 1);
    if (then != NULL)
        then();
    return __real_stat(path, out);
}

static void pass_a_second(void)
{
    __atomic_add_fetch(&clock_ns, 1000000000, __ATOMIC_RELAXED);
}

/* Its one profile is called so. */
static void put_policy(const char *name, const char *more)
{
    EVP_PKEY *key = forge_key("psa");
    char *pem = forge_pem(key), path[128];
    static char text[2048];

    snprintf(text, sizeof(text),
             "{\"profiles\":{\"%s\":{\"format\":\"psa\","
             "\"lifecycle\":[\"secured\"],\"any\":true,"
             "\"trust_anchors\":[\"%s\"%s]}}}",
             name, pem, more);
    forge_folder_put(&folder, "new", atls_view_text(text));
    snprintf(path, sizeof(path), "%s/new", folder.path);
    ck_assert_int_eq(rename(path, policy_path), 0);
    EVP_PKEY_free(key);
    free(pem);
}

static void put_member(unsigned i, const char *comment)
{
    static const char *const keys[] = {"psa", "psa-other"};
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    char name[16];
    BIO *bio = BIO_new(BIO_s_mem());
    EVP_PKEY *key = forge_key(keys[i % 2]);
    char *pem;
    long len;

    ck_assert_int_eq(PEM_write_bio_PUBKEY(bio, key), 1);
    len = BIO_get_mem_data(bio, &pem);
    atls_buf_put(&text, atls_view(pem, (size_t)len));
    atls_buf_text(&text, comment);
    snprintf(name, sizeof(name), "%03u.pem", i);
    forge_folder_put(&members, name, atls_buf_view(&text));
    BIO_free(bio);
    EVP_PKEY_free(key);
}

static void set_up(void)
{
    struct atls_why why = {0};

    forge_folder_open(&folder);
    forge_folder_open(&members);
    snprintf(policy_path, sizeof(policy_path), "%s/policy.json", folder.path);
    snprintf(log_path, sizeof(log_path), "%s/log", folder.path);
    snprintf(log_target, sizeof(log_target), "file:%s", log_path);
    put_policy("first", "");
    settings = (struct atls_settings){.policy = policy_path,
                                      .identity = ATLS_IDENTITY_X509};
    ck_assert_reason(atls_log_open(log_target, &settings.log, &why), ATLS_OK);
}

static void open_ruleset(void)
{
    struct atls_why why = {0};

    ck_assert_msg(atls_ruleset_open(&settings, &ruleset, &why) == ATLS_OK, "%s",
                  why.text);
    num_stats = 0;
}

static void tear_down(void)
{
    atls_ruleset_free(ruleset);
    ruleset = NULL;
    atls_log_free(settings.log);
    forge_folder_clear(&folder);
    forge_folder_clear(&members);
}

static bool has_profile(const char *name)
{
    struct atls_policy *policy = atls_ruleset_get1(ruleset);
    bool has = atls_policy_profile(policy, name) != NULL;

    atls_policy_free(policy);
    return has;
}

static unsigned count_in_log(const char *text)
{
    FILE *file = fopen(log_path, "r");
    static char line[4096];
    unsigned num = 0;

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file) != NULL)
        num += strstr(line, text) != NULL;
    fclose(file);
    return num;
}

START_TEST(no_file_is_looked_at_twice_in_a_second)
{
    open_ruleset();
    put_policy("second", "");
    for (int i = 0; i < 1000; i++)
        ck_assert(has_profile("first"));
    ck_assert_uint_eq(num_stats, 0);
    pass_a_second();
    ck_assert(has_profile("second"));
    ck_assert_uint_gt(num_stats, 0);
    num_stats = 0;
    for (int i = 0; i < 1000; i++)
        ck_assert(has_profile("second"));
    ck_assert_uint_eq(num_stats, 0);
}
END_TEST

START_TEST(refresh_looks_at_once)
{
    open_ruleset();
    put_policy("second", "");
    atls_ruleset_refresh(ruleset);
    ck_assert(has_profile("second"));
}
END_TEST

START_TEST(unchanged_files_are_not_read_again)
{
    open_ruleset();
    for (int i = 0; i < 5; i++) {
        pass_a_second();
        ck_assert(has_profile("first"));
    }
    ck_assert_uint_eq(num_stats, 5); /* of the one file */
    ck_assert_uint_eq(count_in_log("read anew"), 0);
}
END_TEST

START_TEST(bad_policy_is_read_once_and_the_old_one_stays)
{
    open_ruleset();
    put_policy("second", ",\"nowhere.pem\"");
    for (int i = 0; i < 5; i++) {
        pass_a_second();
        ck_assert(has_profile("first"));
    }
    ck_assert_uint_eq(count_in_log("is not taken"), 1);
    ck_assert_uint_eq(count_in_log("nowhere.pem"), 1);
    put_policy("third", "");
    pass_a_second();
    ck_assert(has_profile("third"));
}
END_TEST

START_TEST(what_a_bad_policy_lacked_is_waited_for)
{
    char text[160];

    open_ruleset();
    snprintf(text, sizeof(text), ",\"%s/000.pem\"", members.path);
    put_policy("second", text);
    pass_a_second();
    ck_assert(has_profile("first"));
    put_member(0, "");
    pass_a_second();
    ck_assert(has_profile("second"));
}
END_TEST

START_TEST(policy_that_is_gone_is_missed_once)
{
    open_ruleset();
    ck_assert_int_eq(remove(policy_path), 0);
    for (int i = 0; i < 5; i++) {
        pass_a_second();
        ck_assert(has_profile("first"));
    }
    ck_assert_uint_eq(count_in_log("cannot be seen any more"), 1);
    put_policy("second", "");
    pass_a_second();
    ck_assert(has_profile("second"));
    ck_assert_int_eq(remove(policy_path), 0);
    pass_a_second();
    ck_assert(has_profile("second"));
    ck_assert_uint_eq(count_in_log("cannot be seen any more"), 2);
}
END_TEST

static void put_members_policy(void)
{
    char text[160];

    for (unsigned i = 0; i < NUM_MEMBERS; i++)
        put_member(i, "");
    snprintf(text, sizeof(text), ",\"%s/*.pem\"", members.path);
    put_policy("many", text);
}

START_TEST(many_files_are_looked_at_in_turns)
{
    unsigned looks = 0;

    put_members_policy();
    open_ruleset();
    pass_a_second();
    ck_assert(has_profile("many"));
    ck_assert_uint_eq(num_stats, 2 + ATLS_STAMPS_TURN);
    put_member(NUM_MEMBERS - 1, "longer than it was\n");
    while (count_in_log("read anew") == 0 && looks < 10) {
        pass_a_second();
        ck_assert(has_profile("many"));
        looks++;
    }
    ck_assert_uint_le(looks, NUM_MEMBERS / ATLS_STAMPS_TURN + 1);
}
END_TEST

START_TEST(new_file_of_a_folder_is_seen_at_the_next_look)
{
    put_members_policy();
    open_ruleset();
    put_member(NUM_MEMBERS, "");
    pass_a_second();
    ck_assert(has_profile("many"));
    ck_assert_uint_eq(count_in_log("read anew"), 1);
}
END_TEST

static atomic_bool is_over;

static void *take_often(void *arg)
{
    struct atls_policy *policy;

    while (!is_over) {
        pass_a_second();
        policy = atls_ruleset_get1(ruleset);
        (void)atls_policy_requires_all(policy, ATLS_ROLE_SERVER);
        atls_policy_free(policy);
    }
    return arg;
}

START_TEST(threads_go_on_while_one_reads)
{
    pthread_t threads[NUM_THREADS];
    char name[16];

    open_ruleset();
    for (int i = 0; i < NUM_THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_often, NULL),
                         0);
    for (int i = 0; i < NUM_POLICIES; i++) {
        snprintf(name, sizeof(name), "p%d", i);
        put_policy(name, "");
    }
    while (!has_profile(name))
        pass_a_second();
    is_over = true;
    for (int i = 0; i < NUM_THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert(has_profile(name));
}
END_TEST

/* The child has nobody who would finish the look that it was born in. */
static pid_t child;

static void fork_in_a_look(void)
{
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child > 0)
        return;
    put_policy("second", "");
    pass_a_second();
    _exit(has_profile("second") ? 0 : 1);
}

START_TEST(child_that_is_forked_in_a_look_looks_itself)
{
    int status = 0;

    open_ruleset();
    in_stat = fork_in_a_look;
    pass_a_second();
    ck_assert(has_profile("first") || has_profile("second"));
    ck_assert_int_gt(child, 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ruleset");
    TCase *cases = tcase_create("ruleset");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, no_file_is_looked_at_twice_in_a_second);
    tcase_add_test(cases, refresh_looks_at_once);
    tcase_add_test(cases, unchanged_files_are_not_read_again);
    tcase_add_test(cases, bad_policy_is_read_once_and_the_old_one_stays);
    tcase_add_test(cases, what_a_bad_policy_lacked_is_waited_for);
    tcase_add_test(cases, policy_that_is_gone_is_missed_once);
    tcase_add_test(cases, many_files_are_looked_at_in_turns);
    tcase_add_test(cases, new_file_of_a_folder_is_seen_at_the_next_look);
    tcase_add_test(cases, threads_go_on_while_one_reads);
    tcase_add_test(cases, child_that_is_forked_in_a_look_looks_itself);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
