/* SPDX-License-Identifier: Apache-2.0
 *
 * We are guests in other processes: small stacks, threads, fork, daemons that
 * close what they find, chroot, an early OPENSSL_cleanup.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/err.h>

#include "deviant.h"

static struct pair pair;

static const struct pair_config wants_both = {.attester = "soft.key",
                                              .require = "both"};

static void connect_once(void)
{
    pair_handshake(&pair);
    pair_accepted(&pair);
}

/* SSL_MODE_ASYNC runs callbacks on 32 KiB of heap. Here these are painted, and
 * so is a field below them where an overflow would go. */
enum { ASYNC_STACK = 32768, FIELD = 65536, MAX_STACKS = 16, PAINT = 0xA5 };
static uint8_t *stacks[MAX_STACKS];
static size_t num_stacks;

static void *painted_malloc(size_t size, const char *file, int line)
{
    uint8_t *field;

    (void)file, (void)line;
    if (size != ASYNC_STACK || num_stacks == MAX_STACKS)
        return malloc(size);
    field = malloc(FIELD + ASYNC_STACK);
    if (field == NULL)
        return NULL;
    memset(field, PAINT, FIELD + ASYNC_STACK);
    stacks[num_stacks++] = field;
    return field + FIELD;
}

static uint8_t *stack_at(const void *pointer)
{
    for (size_t i = 0; i < num_stacks; i++)
        if (stacks[i] + FIELD == pointer)
            return stacks[i];
    return NULL;
}

static void *painted_realloc(void *pointer, size_t size, const char *file,
                             int line)
{
    (void)file, (void)line;
    ck_assert_ptr_null(stack_at(pointer));
    return realloc(pointer, size);
}

static void painted_free(void *pointer, const char *file, int line)
{
    (void)file, (void)line;
    if (pointer == NULL || stack_at(pointer) == NULL)
        free(pointer); /* the stacks stay to be looked at */
}

/* Bytes of the deepest stack; the field below must be as it was. */
static size_t deepest(void)
{
    size_t most = 0;

    for (size_t i = 0; i < num_stacks; i++) {
        size_t clean = 0;

        while (clean < FIELD + ASYNC_STACK && stacks[i][clean] == PAINT)
            clean++;
        ck_assert_uint_ge(clean, FIELD);
        if (FIELD + ASYNC_STACK - clean > most)
            most = FIELD + ASYNC_STACK - clean;
    }
    return most;
}

static void connect_on_small_stacks(SSL_CTX *client, SSL_CTX *server)
{
    pair_new(&pair, client, server);
    SSL_set_mode(pair.client.ssl, SSL_MODE_ASYNC);
    SSL_set_mode(pair.server.ssl, SSL_MODE_ASYNC);
    connect_once();
    pair_free(&pair);
    ck_assert_uint_gt(num_stacks, 0);
}

START_TEST(callbacks_take_at_most_8_kib_of_an_async_stack)
{
    size_t plain, ours;

    ck_assert_int_eq(
        CRYPTO_set_mem_functions(painted_malloc, painted_realloc, painted_free),
        1);
    pair_setup(&wants_both);
    connect_on_small_stacks(pair_bare_client_ctx(), pair_bare_server_ctx());
    plain = deepest();
    ASYNC_cleanup_thread();
    connect_on_small_stacks(pair_client_ctx(), pair_server_ctx());
    ours = deepest();
    ck_assert_str_eq(pair_log_text("client", "verdict"), "affirming");
    ck_assert_str_eq(pair_log_text("server", "verdict"), "affirming");
    ck_assert_msg(ours <= plain + 8192 && ours <= ASYNC_STACK,
                  "%zu bytes, %zu without us", ours, plain);
}
END_TEST

/* Threads on the same contexts. */

enum { NUM_CONNECTIONS = 12 };
static SSL_CTX *shared_client, *shared_server;

START_TEST(threads_share_their_contexts)
{
    /* Their quotes wait for each other, and no share is to end. */
    pair_setup(&(struct pair_config){.attester = "soft.key",
                                     .require = "both",
                                     .extra = "attest_share = 100\n"});
    shared_client = pair_client_ctx();
    shared_server = pair_server_ctx();
    pair_connect_at_once(shared_client, shared_server, NUM_CONNECTIONS);
    SSL_CTX_free(shared_client);
    SSL_CTX_free(shared_server);
    ck_assert_uint_eq(pair_log_lines("client"), PAIR_THREADS * NUM_CONNECTIONS);
}
END_TEST

/* Processes. */

static void expect_child(pid_t child)
{
    int status = -1;

    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
                  "the child ended with status %#x", (unsigned)status);
}

/* What the child asserts is its exit status; no atexit handlers of Check. */
static void connect_in_child(void)
{
    SSL_CTX_up_ref(shared_client);
    SSL_CTX_up_ref(shared_server);
    pair_new(&pair, shared_client, shared_server);
    pair_handshake(&pair);
    if (!pair.client.is_done || !pair.server.is_done || pair.client.is_failed ||
        pair.server.is_failed) {
        fprintf(stderr, "# %s%s", pair.client.errors, pair.server.errors);
        _exit(1);
    }
    pair_free(&pair);
}

static void make_shared(void)
{
    shared_client = pair_client_ctx();
    shared_server = pair_server_ctx();
}

START_TEST(parent_and_children_attest_after_fork)
{
    pid_t children[3];

    pair_setup(&wants_both);
    make_shared();
    connect_in_child(); /* the parent's first: everything is in use */
    for (size_t i = 0; i < 3; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            connect_in_child();
            OPENSSL_cleanup(); /* as a worker that ends in good order */
            _exit(0);
        }
    }
    for (size_t i = 0; i < 3; i++)
        expect_child(children[i]);
    connect_in_child();
    SSL_CTX_free(shared_client);
    SSL_CTX_free(shared_server);
    ck_assert_uint_eq(pair_log_lines("client"), 5);
    ck_assert_uint_eq(pair_log_lines("server"), 5);
}
END_TEST

/* As `daemon` and worse: a new session, and whatever was open is something
 * else now. */
static void daemonise(int victim)
{
    if (setsid() < 0 || chdir("/") != 0)
        _exit(2);
    for (int fd = 0; fd < 2048; fd++)
        if (fd != victim && fcntl(fd, F_GETFD) != -1 && dup2(victim, fd) < 0)
            _exit(3);
}

/* Check itself reports through a descriptor that was open. */
static bool victim_has(const char *text)
{
    static char content[65536];
    FILE *file = fopen(pair_path("victim"), "r");
    size_t len = fread(content, 1, sizeof(content), file);

    fclose(file);
    return memmem(content, len, text, strlen(text)) != NULL;
}

START_TEST(daemon_that_closes_everything_attests_and_gets_nothing_strange)
{
    pid_t child;

    pair_setup(&wants_both);
    pair_write_file("victim", "");
    make_shared();
    child = fork();
    if (child == 0) {
        daemonise(open(pair_path("victim"), O_RDWR));
        connect_in_child();
        _exit(0);
    }
    expect_child(child);
    ck_assert(!victim_has("handshake"));
    SSL_CTX_free(shared_client);
    SSL_CTX_free(shared_server);
}
END_TEST

/* Root, or whoever may be root in a namespace of his own. */
static bool enter_chroot(const char *folder)
{
    if (geteuid() != 0 && unshare(CLONE_NEWUSER) != 0)
        return false;
    return chroot(folder) == 0 && chdir("/") == 0;
}

static bool can_chroot(void)
{
    pid_t child = fork();
    int status = 1;

    if (child == 0)
        _exit(enter_chroot("/") ? 0 : 1);
    return waitpid(child, &status, 0) == child && status == 0;
}

static void drop_rights(void)
{
    if (geteuid() == 0 && getuid() == 0 && access("/proc", F_OK) != 0)
        (void)!(setgroups(0, NULL) == 0 && setgid(65534) == 0 &&
                setuid(65534) == 0);
}

START_TEST(worker_in_an_empty_chroot_without_rights_attests)
{
    pid_t child;

    pair_setup(&wants_both);
    ck_assert_int_eq(mkdir(pair_path("empty"), 0755), 0);
    make_shared();
    child = fork();
    if (child == 0) {
        if (!enter_chroot(pair_path("empty")))
            _exit(2);
        drop_rights();
        connect_in_child();
        _exit(0);
    }
    expect_child(child);
    SSL_CTX_free(shared_client);
    SSL_CTX_free(shared_server);
    ck_assert_str_eq(pair_log_text("client", "verdict"), "affirming");
}
END_TEST

START_TEST(worker_makes_new_contexts_in_an_empty_chroot)
{
    SSL_CTX *client, *server;
    pid_t child;

    pair_setup(&wants_both);
    ck_assert_int_eq(mkdir(pair_path("empty"), 0755), 0);
    make_shared();
    child = fork();
    if (child == 0) {
        if (!enter_chroot(pair_path("empty")))
            _exit(2);
        /* The policy's file is out of sight: the one that was read holds. */
        client = SSL_CTX_new(TLS_client_method());
        server = SSL_CTX_new(TLS_server_method());
        if (client == NULL || server == NULL)
            _exit(4);
        SSL_CTX_use_cert_and_key(
            server, SSL_CTX_get0_certificate(shared_server),
            SSL_CTX_get0_privatekey(shared_server), NULL, 1);
        SSL_CTX_use_cert_and_key(
            client, SSL_CTX_get0_certificate(shared_client),
            SSL_CTX_get0_privatekey(shared_client), NULL, 1);
        SSL_CTX_set1_cert_store(client, SSL_CTX_get_cert_store(shared_client));
        SSL_CTX_set1_cert_store(server, SSL_CTX_get_cert_store(shared_server));
        shared_client = client;
        shared_server = server;
        connect_in_child();
        _exit(0);
    }
    expect_child(child);
    SSL_CTX_free(shared_client);
    SSL_CTX_free(shared_server);
    ck_assert_str_eq(pair_log_text("client", "verdict"), "affirming");
    ck_assert_uint_eq(pair_log_count("old one stays"), 1); /* of two looks */
}
END_TEST

/* Redis, BIND and mariadbd call it themselves, whatever is still alive. */
START_TEST(openssl_cleanup_with_connections_alive_is_survived)
{
    pid_t child;

    pair_setup(&wants_both);
    child = fork();
    if (child == 0) {
        pair_new(&pair, NULL, NULL);
        if (_i != 0)
            pair_handshake(&pair);
        OPENSSL_cleanup();
        exit(0);
    }
    expect_child(child);
}
END_TEST

/* Guests leave things as they found them. */
static int errno_of_hello(SSL_CTX *client, SSL_CTX *server)
{
    int left;

    pair_new(&pair, client, server);
    errno = EXDEV;
    SSL_do_handshake(pair.client.ssl);
    left = errno;
    pair_free(&pair);
    return left;
}

START_TEST(errno_is_what_it_is_without_us)
{
    pair_setup(&wants_both);
    ck_assert_int_eq(
        errno_of_hello(NULL, NULL),
        errno_of_hello(pair_bare_client_ctx(), pair_bare_server_ctx()));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("life");
    TCase *cases = tcase_create("life"), *chroots = tcase_create("chroot");

    tcase_add_test(cases, threads_share_their_contexts);
    tcase_add_test(cases, parent_and_children_attest_after_fork);
    tcase_add_test(
        cases, daemon_that_closes_everything_attests_and_gets_nothing_strange);
    tcase_add_loop_test(
        cases, openssl_cleanup_with_connections_alive_is_survived, 0, 2);
    tcase_add_test(cases, errno_is_what_it_is_without_us);
    tcase_add_test(cases, callbacks_take_at_most_8_kib_of_an_async_stack);
    if (can_chroot()) {
        tcase_add_test(chroots,
                       worker_in_an_empty_chroot_without_rights_attests);
        tcase_add_test(chroots, worker_makes_new_contexts_in_an_empty_chroot);
    } else {
        pair_add_skip(chroots, "workers in a chroot attest",
                      "the right to chroot");
    }
    suite_add_tcase(suite, cases);
    suite_add_tcase(suite, chroots);
    return pair_main(suite);
}
