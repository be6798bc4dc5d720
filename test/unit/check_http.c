/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP as a guest: what base/http.c does to the process that it is in. The
 * server here is a thread that counts connections and answers at once.
 */
#include "config.h"

#include "http.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <curl/curl.h>
#include <fcntl.h>
#include <openssl/ssl.h>

#include "../check_main.h"
#include "clock.h"

static atomic_int num_connections, num_waiting;
static int held[2] = {-1, -1}; /* who reads it waits until it is closed */
static char url[64];
static int port;

static void wait_until_let_go(void)
{
    char byte;

    atomic_fetch_add(&num_waiting, 1);
    (void)!read(held[0], &byte, 1);
}

static void say(int peer, const char *text)
{
    (void)!send(peer, text, strlen(text), MSG_NOSIGNAL);
}

static void *serve(void *arg)
{
    int peer = (int)(intptr_t)arg;
    char request[1024];
    ssize_t len;

    while ((len = recv(peer, request, sizeof(request) - 1, 0)) > 0) {
        request[len] = '\0';
        if (strstr(request, "/wait") != NULL)
            wait_until_let_go();
        say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
                  "X-Chain:  one%0Atwo \r\nx-chain: three\r\n\r\nok");
    }
    close(peer);
    return NULL;
}

static void start_thread(void *(*run)(void *), int fd)
{
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, run, (void *)(intptr_t)fd),
                     0);
    pthread_detach(thread);
}

static void *listen_on(void *arg)
{
    int peer;

    while ((peer = accept((int)(intptr_t)arg, NULL, NULL)) >= 0) {
        atomic_fetch_add(&num_connections, 1);
        start_thread(serve, peer);
    }
    return NULL;
}

static void start_on(const char *scheme, void *(*run)(void *))
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(pipe2(held, O_CLOEXEC), 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(listen(fd, 16), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    port = ntohs(address.sin_port);
    snprintf(url, sizeof(url), "%s://127.0.0.1:%d", scheme, port);
    start_thread(run, fd);
}

static void start_server(void)
{
    start_on("http", listen_on);
}

static struct atls_http *new_client(void)
{
    struct atls_http_peer peer = {.url = url, .allows_loopback_http = true};
    struct atls_http *http = NULL;
    struct atls_why why = {0};

    ck_assert_reason(atls_http_new(&peer, &http, &why), ATLS_OK);
    return http;
}

static enum atls_reason get(struct atls_http *http, const char *path,
                            int timeout_ms, struct atls_why *why)
{
    static _Thread_local struct atls_http_response response;
    const struct atls_http_request request = {.method = "GET", .path = path};
    ATLS_AUTO_BUF body = atls_buf(16);
    enum atls_reason reason = atls_http_exchange(
        http, &request, atls_clock_now() + (int64_t)timeout_ms * 1000000,
        &response, &body, why);

    if (reason == ATLS_OK)
        ck_assert(atls_view_is(atls_buf_view(&body), "ok"));
    return reason;
}

static void get_well(struct atls_http *http)
{
    struct atls_why why = {0};
    enum atls_reason reason = get(http, "/", 60000, &why);

    ck_assert_msg(reason == ATLS_OK, "%s", why.text);
}

static int64_t ahead_s; /* of the monotonic clocks, for libcurl and for us */

__attribute__((visibility("default"))) int clock_gettime(clockid_t id,
                                                         struct timespec *now)
{
    int failed = (int)syscall(SYS_clock_gettime, id, now);

    if (id != CLOCK_REALTIME && failed == 0)
        now->tv_sec += ahead_s;
    return failed;
}

/* A server's new certificate and a file that was replaced count for those that
 * are made from then on. */
START_TEST(a_connection_is_used_for_a_minute)
{
    struct atls_http *http;

    start_server();
    http = new_client();
    get_well(http);
    ahead_s += ATLS_HTTP_LIFETIME_S / 2;
    get_well(http);
    ck_assert_int_eq(num_connections, 1);
    ahead_s += ATLS_HTTP_LIFETIME_S;
    get_well(http);
    ck_assert_int_eq(num_connections, 2);
    atls_http_free(http);
}
END_TEST

/* As libcurl tells it; a test takes away. */
static int taken_away;

__attribute__((visibility("default"))) curl_version_info_data *
curl_version_info(CURLversion version)
{
    static curl_version_info_data info;
    curl_version_info_data *(*real)(CURLversion);

    *(void **)&real = dlsym(RTLD_NEXT, "curl_version_info");
    info = *real(version);
    info.features &= ~taken_away;
    return &info;
}

static const struct {
    int feature;
    const char *name;
} needed[] = {{CURL_VERSION_ASYNCHDNS, "AsynchDNS"},
              {CURL_VERSION_THREADSAFE, "threadsafe"}};

START_TEST(a_libcurl_that_would_hold_us_up_is_not_used)
{
    struct atls_http_peer peer = {.url = "https://127.0.0.1"};
    struct atls_http *http = NULL;
    struct atls_why why = {0};

    taken_away = needed[_i].feature;
    ck_assert_reason(atls_http_new(&peer, &http, &why), ATLS_HOST_CONFLICT);
    ck_assert_ptr_nonnull(strstr(why.text, needed[_i].name));
    ck_assert_ptr_nonnull(strstr(why.text, "libcurl " LIBCURL_VERSION));
    ck_assert_ptr_null(http);
}
END_TEST

START_TEST(requests_in_turn_use_one_connection)
{
    struct atls_http *http;

    start_server();
    http = new_client();
    for (int i = 0; i < 5; i++)
        get_well(http);
    ck_assert_int_eq(num_connections, 1);
    atls_http_free(http);
}
END_TEST

static void *wait_for_answer(void *arg)
{
    struct atls_why why = {0};

    (void)get(arg, "/wait", 60000, &why);
    return (void *)(intptr_t)why.reason;
}

static enum atls_reason get_with_header(struct atls_http *http,
                                        struct atls_buf *value)
{
    static struct atls_http_response response;
    ATLS_AUTO_BUF body = atls_buf(64);
    const struct atls_http_request request = {
        .method = "GET", .path = "/", .header = "x-CHAIN", .value = value};

    return atls_http_exchange(http, &request,
                              atls_clock_now() + INT64_C(60000000000),
                              &response, &body, NULL);
}

START_TEST(header_that_is_wanted_is_given_where_it_has_room)
{
    struct atls_http *http;
    ATLS_AUTO_BUF value = atls_buf(64), small = atls_buf(4);

    start_server();
    http = new_client();
    ck_assert_reason(get_with_header(http, &value), ATLS_OK);
    ck_assert(atls_view_is(atls_buf_view(&value), "one%0Atwo"));
    ck_assert_reason(get_with_header(http, &small), ATLS_VERIFIER_TOO_LARGE);
    atls_http_free(http);
}
END_TEST

START_TEST(no_thread_waits_for_another_ones_answer)
{
    enum { NUM_THREADS = 6 };
    pthread_t threads[NUM_THREADS];
    struct atls_http *http;
    void *reason;

    start_server();
    http = new_client();
    for (int i = 0; i < NUM_THREADS; i++)
        pthread_create(&threads[i], NULL, wait_for_answer, http);
    while (num_waiting < NUM_THREADS)
        poll(NULL, 0, 1);
    get_well(http);
    close(held[1]); /* lets them go */
    for (int i = 0; i < NUM_THREADS; i++) {
        pthread_join(threads[i], &reason);
        ck_assert_ptr_null(reason);
    }
    atls_http_free(http);
}
END_TEST

static void expect_child_ok(pid_t pid)
{
    int status = -1;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%x",
                  (unsigned)status);
}

START_TEST(child_has_connections_of_its_own)
{
    struct atls_http *http;
    struct atls_why why = {0};
    pid_t pid;

    start_server();
    http = new_client();
    get_well(http);
    pid = fork();
    if (pid == 0)
        _exit(get(http, "/", 60000, &why) != ATLS_OK);
    expect_child_ok(pid);
    ck_assert_int_eq(num_connections, 2);
    get_well(http);
    ck_assert_int_eq(num_connections, 2);
    atls_http_free(http);
}
END_TEST

START_TEST(child_that_only_frees_leaves_its_parents_connection)
{
    struct atls_http *http;
    pid_t pid;

    start_server();
    http = new_client();
    get_well(http);
    pid = fork();
    if (pid == 0) {
        atls_http_free(http);
        _exit(0);
    }
    expect_child_ok(pid);
    get_well(http);
    ck_assert_int_eq(num_connections, 1);
    atls_http_free(http);
}
END_TEST

static int only_socket(void)
{
    struct stat status;
    struct sockaddr_in address;
    socklen_t len = sizeof(address);
    int found = -1;

    for (int fd = 3; fd < 256; fd++, len = sizeof(address))
        if (fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode) &&
            getpeername(fd, (struct sockaddr *)&address, &len) == 0 &&
            ntohs(address.sin_port) == port)
            found = fd;
    ck_assert_int_ge(found, 0);
    return found;
}

START_TEST(descriptor_that_became_another_file_is_left_alone)
{
    char file[] = "check_http.XXXXXX";
    int other = mkstemp(file), fd;
    struct atls_http *http;
    struct stat status;

    ck_assert_int_ge(other, 0);
    unlink(file);
    start_server();
    http = new_client();
    get_well(http);
    fd = only_socket();
    ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    ck_assert_int_eq(dup2(other, fd), fd);
    get_well(http);
    ck_assert_int_eq(num_connections, 2);
    ck_assert_int_eq(fstat(fd, &status), 0);
    ck_assert_int_eq(status.st_size, 0);
    atls_http_free(http);
}
END_TEST

START_TEST(program_that_cleans_libcurl_up_takes_nothing_from_us)
{
    struct atls_http *http;

    ck_assert_int_eq(curl_global_init(CURL_GLOBAL_ALL), CURLE_OK);
    start_server();
    http = new_client();
    get_well(http);
    curl_global_cleanup();
    get_well(http);
    for (int i = 0; i < 3; i++) /* more often than it should */
        curl_global_cleanup();
    get_well(http);
    atls_http_free(http);
    http = new_client();
    get_well(http);
    atls_http_free(http);
}
END_TEST

/* libcurl's thread ends up here: a resolver that does not answer. */
static atomic_bool is_resolver_stuck;
static sigset_t resolver_mask;

__attribute__((visibility("default"))) int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
            struct addrinfo **result)
{
    (void)node, (void)service, (void)hints, (void)result;
    pthread_sigmask(SIG_BLOCK, NULL, &resolver_mask);
    is_resolver_stuck = true;
    wait_until_let_go();
    return EAI_AGAIN;
}

START_TEST(resolver_that_hangs_does_not_outlast_the_deadline)
{
    struct atls_http_peer peer = {.url = "https://verifier.example"};
    struct atls_http *http = NULL;
    struct atls_why why = {0};

    ck_assert_int_eq(pipe2(held, O_CLOEXEC), 0);
    ck_assert_reason(atls_http_new(&peer, &http, &why), ATLS_OK);
    ck_assert_reason(get(http, "/", 100, &why), ATLS_VERIFIER_TIMEOUT);
    ck_assert(is_resolver_stuck);
    atls_http_free(http);
}
END_TEST

/* A handler of the program on a thread that it does not know. */
START_TEST(signals_do_not_reach_the_resolver)
{
    static const int held_off[] = {SIGTERM, SIGINT,  SIGHUP,  SIGALRM,
                                   SIGCHLD, SIGUSR1, SIGPIPE, SIGPROF};
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS};
    struct atls_http_peer peer = {.url = "https://verifier.example"};
    struct atls_http *http = NULL;
    struct atls_why why = {0};

    ck_assert_int_eq(pipe2(held, O_CLOEXEC), 0);
    ck_assert_reason(atls_http_new(&peer, &http, &why), ATLS_OK);
    ck_assert_reason(get(http, "/", 100, &why), ATLS_VERIFIER_TIMEOUT);
    ck_assert(is_resolver_stuck);
    for (size_t i = 0; i < sizeof(held_off) / sizeof(int); i++)
        ck_assert_msg(sigismember(&resolver_mask, held_off[i]) == 1, "%d",
                      held_off[i]);
    for (size_t i = 0; i < sizeof(own) / sizeof(int); i++)
        ck_assert_msg(sigismember(&resolver_mask, own[i]) == 0, "%d", own[i]);
    atls_http_free(http);
}
END_TEST

static atomic_int num_signals;

static void count_signal(int number)
{
    (void)number;
    atomic_fetch_add(&num_signals, 1);
}

/* Reads the start of what comes and resets each connection. */
static void *reset_on(void *arg)
{
    struct linger linger = {1, 0};
    char byte;
    int peer;

    while ((peer = accept((int)(intptr_t)arg, NULL, NULL)) >= 0) {
        (void)!recv(peer, &byte, 1, 0);
        setsockopt(peer, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
        close(peer);
    }
    return NULL;
}

START_TEST(peer_that_resets_raises_no_signal)
{
    struct atls_http_peer peer = {.url = url};
    struct atls_http *http = NULL;
    struct atls_why why = {0};

    signal(SIGPIPE, count_signal);
    start_on("https", reset_on);
    ck_assert_reason(atls_http_new(&peer, &http, &why), ATLS_OK);
    for (int i = 0; i < 20; i++) {
        why.reason = ATLS_OK;
        ck_assert_reason(get(http, "/", 60000, &why),
                         ATLS_VERIFIER_UNREACHABLE);
    }
    ck_assert_int_eq(num_signals, 0);
    atls_http_free(http);
}
END_TEST

static void *signal_the_process(void *arg)
{
    const pthread_t *thread = arg;

    while (num_waiting == 0)
        poll(NULL, 0, 1);
    pthread_kill(*thread, SIGUSR1);
    close(held[1]); /* lets the server answer */
    return NULL;
}

START_TEST(a_signal_that_comes_meanwhile_is_delivered_afterwards)
{
    pthread_t us = pthread_self(), other;
    struct atls_http *http;
    struct atls_why why = {0};
    sigset_t set;

    signal(SIGUSR1, count_signal);
    start_server();
    http = new_client();
    pthread_create(&other, NULL, signal_the_process, &us);
    ck_assert_reason(get(http, "/wait", 60000, &why), ATLS_OK);
    pthread_join(other, NULL);
    ck_assert_int_eq(num_signals, 1);
    pthread_sigmask(SIG_BLOCK, NULL, &set);
    ck_assert_int_eq(sigismember(&set, SIGUSR1), 0);
    atls_http_free(http);
}
END_TEST

START_TEST(signal_that_was_pending_before_stays_pending)
{
    sigset_t set;
    struct atls_http *http;

    start_server();
    http = new_client();
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pthread_kill(pthread_self(), SIGPIPE);
    get_well(http);
    ck_assert_int_eq(sigpending(&set), 0);
    ck_assert_int_eq(sigismember(&set, SIGPIPE), 1);
    pthread_sigmask(SIG_BLOCK, NULL, &set);
    ck_assert_int_eq(sigismember(&set, SIGPIPE), 1);
    atls_http_free(http);
}
END_TEST

START_TEST(errno_is_left_as_found)
{
    struct atls_http *http;

    start_server();
    http = new_client();
    errno = EXDEV;
    get_well(http);
    ck_assert_int_eq(errno, EXDEV);
    atls_http_free(http);
}
END_TEST

/* A tool that watches every SSL_CTX, as the configuration module does. */
static atomic_int num_marks;
static char marked_host[64];

static int watch(const SSL *ssl, const SSL_CTX *ctx, int op, int bits, int nid,
                 void *other, void *ex)
{
    (void)bits, (void)nid, (void)ex;
    if (op != ATLS_HTTP_SECOP)
        return 1;
    ck_assert_ptr_null(ssl);
    ck_assert_ptr_nonnull(ctx);
    snprintf(marked_host, sizeof(marked_host), "%s", (const char *)other);
    atomic_fetch_add(&num_marks, 1);
    return 1;
}

static void watch_context(void *parent, void *pointer, CRYPTO_EX_DATA *ad,
                          int index, long argl, void *argp)
{
    (void)pointer, (void)ad, (void)index, (void)argl, (void)argp;
    SSL_CTX_set_security_callback(parent, watch);
}

START_TEST(hooks_are_told_which_ssl_ctx_is_our_own)
{
    struct atls_http_peer peer = {.url = url};
    struct atls_http *http = NULL;
    struct atls_why why = {0};

    ck_assert_int_ge(
        SSL_CTX_get_ex_new_index(0, NULL, watch_context, NULL, NULL), 0);
    start_on("https", reset_on);
    ck_assert_reason(atls_http_new(&peer, &http, &why), ATLS_OK);
    ck_assert_reason(get(http, "/", 60000, &why), ATLS_VERIFIER_UNREACHABLE);
    ck_assert_int_eq(num_marks, 1);
    ck_assert_str_eq(marked_host, "127.0.0.1");
    atls_http_free(http);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http");
    TCase *cases = tcase_create("http");

    tcase_add_test(cases, requests_in_turn_use_one_connection);
    tcase_add_test(cases, a_connection_is_used_for_a_minute);
    tcase_add_loop_test(cases, a_libcurl_that_would_hold_us_up_is_not_used, 0,
                        2);
    tcase_add_test(cases, header_that_is_wanted_is_given_where_it_has_room);
    tcase_add_test(cases, no_thread_waits_for_another_ones_answer);
    tcase_add_test(cases, child_has_connections_of_its_own);
    tcase_add_test(cases, child_that_only_frees_leaves_its_parents_connection);
    tcase_add_test(cases, descriptor_that_became_another_file_is_left_alone);
    tcase_add_test(cases, program_that_cleans_libcurl_up_takes_nothing_from_us);
    tcase_add_test(cases, resolver_that_hangs_does_not_outlast_the_deadline);
    tcase_add_test(cases, signals_do_not_reach_the_resolver);
    tcase_add_test(cases,
                   a_signal_that_comes_meanwhile_is_delivered_afterwards);
    tcase_add_test(cases, peer_that_resets_raises_no_signal);
    tcase_add_test(cases, signal_that_was_pending_before_stays_pending);
    tcase_add_test(cases, errno_is_left_as_found);
    tcase_add_test(cases, hooks_are_told_which_ssl_ctx_is_our_own);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
