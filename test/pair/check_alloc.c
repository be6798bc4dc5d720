/* SPDX-License-Identifier: Apache-2.0
 *
 * Every allocation of atls_ext.so fails once, in a handshake each. What is
 * right may then be refused; what is wrong must never be accepted, and nothing
 * may crash.
 */
#include "config.h"

#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "bearing.h"
#include "deviant.h"

static struct pair pair;
static struct deviant peer;

#ifndef __SANITIZE_ADDRESS__ /* which has an allocator of its own */

/* Calls from here are counted; number fail_at fails; 0: none does. */
static uintptr_t module_begin, module_end;
static _Atomic unsigned num_calls; /* also from threads of its own */
static unsigned fail_at;

static bool must_fail(const void *caller)
{
    uintptr_t at = (uintptr_t)caller;

    return fail_at != 0 && at >= module_begin && at < module_end &&
           atomic_fetch_add(&num_calls, 1) + 1 == fail_at;
}

static void *out_of_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t num, size_t size);
void *__libc_realloc(void *pointer, size_t size);
#define EXPORTED __attribute__((visibility("default")))

EXPORTED void *malloc(size_t size)
{
    return must_fail(__builtin_return_address(0)) ? out_of_memory()
                                                  : __libc_malloc(size);
}

EXPORTED void *calloc(size_t num, size_t size)
{
    return must_fail(__builtin_return_address(0)) ? out_of_memory()
                                                  : __libc_calloc(num, size);
}

EXPORTED void *realloc(void *pointer, size_t size)
{
    return must_fail(__builtin_return_address(0))
               ? out_of_memory()
               : __libc_realloc(pointer, size);
}

static int find_module(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size, (void)arg;
    if (strstr(info->dlpi_name, "atls_ext.so") == NULL)
        return 0;
    module_begin = info->dlpi_addr;
    for (size_t i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD)
            module_end = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr +
                         info->dlpi_phdr[i].p_memsz;
    return 1;
}

/* true: an allocation failed in it */
static bool connect_and_fail(unsigned at)
{
    pair_reconnect(&pair);
    num_calls = 0;
    fail_at = at;
    pair_handshake(&pair);
    fail_at = 0;
    return num_calls >= at;
}

/* Handshakes with each allocation failing; returns how many were accepted. */
static unsigned fail_each(unsigned *num)
{
    unsigned num_accepted = 0;

    dl_iterate_phdr(find_module, NULL);
    ck_assert_uint_ne(module_end, 0);
    for (*num = 0; connect_and_fail(*num + 1); ++*num)
        num_accepted += pair.client.is_done && pair.server.is_done &&
                        !pair.client.is_failed && !pair.server.is_failed;
    return num_accepted;
}

START_TEST(honest_peers_survive_each_allocation_failing)
{
    unsigned num;

    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "both"});
    pair_new(&pair, NULL, NULL);
    ck_assert_uint_lt(fail_each(&num), num);
    ck_assert_uint_gt(num, 10);
    pair_accepted(&pair); /* the last one, where none failed */
    pair_free(&pair);
}
END_TEST

/* Members of a collection are asked by threads of the module's own. */
START_TEST(honest_peers_with_several_attesters_survive_likewise)
{
    unsigned num;

    pair_setup(&(struct pair_config){
        .require = "both", .several = true, .policy = PAIR_COMPOSITE});
    pair_new(&pair, NULL, NULL);
    ck_assert_uint_lt(fail_each(&num), num);
    ck_assert_uint_gt(num, 10);
    pair_accepted(&pair);
    pair_free(&pair);
}
END_TEST

static const struct {
    const char *sentence;
    struct deviant peer;
} rows[] = {
    {"a wrong binder is never accepted", {.binder = BINDER_LAST_BIT}},
    {"missing Evidence is never accepted",
     {.certificate = DEVIANT_SENDS_NOTHING}},
    {"a silent peer is never accepted",
     {.hello = DEVIANT_SENDS_NOTHING,
      .encrypted_extensions = DEVIANT_SENDS_NOTHING,
      .certificate = DEVIANT_SENDS_NOTHING}},
    {"an unknown attester is never accepted", {.key = "other.key"}},
};

START_TEST(server_never_accepted)
{
    unsigned num;

    peer = rows[_i].peer;
    pair_setup(&(struct pair_config){.require = "server"});
    pair_new(&pair, NULL, deviant_server(&peer));
    ck_assert_uint_eq(fail_each(&num), 0);
    ck_assert_uint_gt(num, 2);
    ck_assert(pair.client.is_failed);
    pair_free(&pair);
}
END_TEST

START_TEST(client_never_accepted)
{
    unsigned num;

    peer = rows[_i].peer;
    pair_setup(&(struct pair_config){.require = "client"});
    pair_new(&pair, deviant_client(&peer), NULL);
    ck_assert_uint_eq(fail_each(&num), 0);
    ck_assert_uint_gt(num, 2);
    ck_assert(pair.server.is_failed);
    pair_free(&pair);
}
END_TEST

/* Evidence in certificates */

#define BEARER                                                                 \
    PAIR_RULES("{\"accept\":[\"dev\"],\"bearer\":\"certificate\","             \
               "\"bearer_max_age\":\"2h\"}")

static void for_another_key(struct atls_buf *digest)
{
    digest->data[0] ^= 1;
}

START_TEST(certificates_that_bear_survive_each_allocation_failing)
{
    unsigned num;

    pair_setup(&(struct pair_config){.require = "both", .policy = BEARER});
    pair_new(&pair, NULL, bearing_server(&bearing_right));
    ck_assert_uint_lt(fail_each(&num), num);
    ck_assert_uint_gt(num, 10);
    pair_accepted(&pair);
    pair_free(&pair);
    pair_new(&pair, bearing_client(&bearing_right), NULL);
    ck_assert_uint_lt(fail_each(&num), num);
    ck_assert_uint_gt(num, 10);
    pair_accepted(&pair);
    pair_free(&pair);
}
END_TEST

static const struct {
    const char *sentence;
    struct bearing how;
} bearings[] = {
    {"a certificate for another key is never accepted",
     {.challenge = for_another_key}},
    {"a certificate that bears nothing is never accepted", {.place = NOWHERE}},
    {"a certificate of an unknown attester is never accepted",
     {.attester = "other.key"}},
    {"a certificate that bears twice is never accepted",
     {.place = IN_LEAF_TWICE}},
};

START_TEST(certificate_never_accepted)
{
    unsigned num;

    pair_setup(&(struct pair_config){.require = "both", .policy = BEARER});
    pair_new(&pair, NULL, bearing_server(&bearings[_i].how));
    ck_assert_uint_eq(fail_each(&num), 0);
    ck_assert_uint_gt(num, 2);
    ck_assert(pair.client.is_failed);
    pair_free(&pair);
    pair_new(&pair, bearing_client(&bearings[_i].how), NULL);
    ck_assert_uint_eq(fail_each(&num), 0);
    ck_assert_uint_gt(num, 2);
    ck_assert(pair.server.is_failed);
    pair_free(&pair);
}
END_TEST

static void add_tests(TCase *cases)
{
    tcase_add_test(cases, honest_peers_survive_each_allocation_failing);
    tcase_add_test(cases, honest_peers_with_several_attesters_survive_likewise);
    tcase_add_test(cases,
                   certificates_that_bear_survive_each_allocation_failing);
    for (size_t i = 0; i < sizeof(bearings) / sizeof(bearings[0]); i++)
        pair_add_row(cases, certificate_never_accepted, bearings[i].sentence,
                     (int)i);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pair_add_row(cases, server_never_accepted, rows[i].sentence, (int)i);
        pair_add_row(cases, client_never_accepted, rows[i].sentence, (int)i);
    }
}

#else

static void add_tests(TCase *cases)
{
    (void)pair, (void)peer;
    pair_add_skip(cases, "each allocation of the module fails once",
                  "a build without sanitizers");
}

#endif

int main(void)
{
    Suite *suite = suite_create("alloc");
    TCase *cases = tcase_create("alloc");

    add_tests(cases);
    suite_add_tcase(suite, cases);
    return pair_main(suite);
}
