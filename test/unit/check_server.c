/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker's socket and whoever comes to it: a server in a thread, callers
 * that mean no good, and what they get, cost and leave behind. Where no quoter
 * runs, what is taken for good stands in the queue.
 */
#include "config.h" /* struct ucred */

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "../check_main.h"
#include "provider/broker/server.h"

enum { RATE = 100000, MAX_FDS = 8, SERVED = 65532, STRANGER = 65533 };

static char folder[] = "/tmp/atls-server-XXXXXX";
static char path[80], log_path[80];
static unsigned num_others; /* who are served, too */
static struct atls_callers callers;
static struct atls_queue queue;
static struct atls_server server = {.callers = &callers, .queue = &queue};

static void *run(void *arg)
{
    atls_server_run(arg);
    return NULL;
}

static void allow(unsigned uid)
{
    char name[16];

    snprintf(name, sizeof(name), "%u", uid);
    ck_assert_reason(atls_callers_add(&callers, name, NULL), ATLS_OK);
}

/* Each test is a process of its own, and takes its server with it. */
static void start(void)
{
    pthread_t thread;

    snprintf(path, sizeof(path), "%s/broker", folder);
    snprintf(log_path, sizeof(log_path), "file:%s/log", folder);
    unlink(log_path + strlen("file:"));
    atls_callers_init(&callers, RATE);
    allow((unsigned)geteuid());
    allow(SERVED);
    for (unsigned i = 0; i < num_others; i++)
        allow(2000 + i);
    atls_queue_init(&queue);
    ck_assert_reason(atls_log_open(log_path, &server.log, NULL), ATLS_OK);
    ck_assert_reason(atls_server_listen(path, &server.listener, NULL), ATLS_OK);
    ck_assert_int_eq(pthread_create(&thread, NULL, run, &server), 0);
}

static bool log_says(const char *text)
{
    FILE *file = fopen(log_path + strlen("file:"), "r");
    static char line[8192];
    bool found = false;

    while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL)
        found = strstr(line, text) != NULL;
    if (file != NULL)
        fclose(file);
    return found;
}

static int connect_to_broker(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    ck_assert_int_eq(
        connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static bool send_with(int connection, struct atls_view bytes, const int *fds,
                      size_t num)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(MAX_FDS * sizeof(int))];
    } control = {.room = {0}};
    struct iovec part = {(void *)(uintptr_t)bytes.data, bytes.len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (num > 0) {
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(num * sizeof(int));
        memcpy(CMSG_DATA(&control.header), fds, num * sizeof(int));
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(num * sizeof(int));
    }
    return sendmsg(connection, &message, MSG_NOSIGNAL) == (ssize_t)bytes.len;
}

static void make_pair(int type, int pair[2])
{
    ck_assert_int_eq(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair), 0);
}

/* The reply, and that the broker has let go of the socket afterwards. */
static enum atls_reason take_answer(int fd, struct atls_buf *bytes,
                                    struct atls_broker_reply *reply)
{
    uint8_t *room = atls_buf_room(bytes, bytes->max);
    ssize_t len = recv(fd, room, bytes->max, 0);

    ck_assert_int_gt(len, 0);
    bytes->len = (size_t)len;
    ck_assert(atls_broker_reply_read(atls_buf_view(bytes), reply));
    return reply->reason;
}

/* What the broker says to these bytes. */
static enum atls_reason ask(int connection, struct atls_view bytes)
{
    ATLS_AUTO_BUF answer = atls_buf(ATLS_BROKER_MAX_REPLY);
    struct atls_broker_reply reply;
    enum atls_reason reason;
    uint8_t byte;
    int pair[2];

    make_pair(SOCK_SEQPACKET, pair);
    ck_assert(send_with(connection, bytes, &pair[1], 1));
    close(pair[1]);
    reason = take_answer(pair[0], &answer, &reply);
    ck_assert_int_eq(recv(pair[0], &byte, 1, 0), 0); /* it lets go of it */
    close(pair[0]);
    return reason;
}

static const uint8_t junk[] = {77};

/* Letters are served one after the other: what came before has been. */
static void served_so_far(int connection)
{
    ck_assert_reason(ask(connection, atls_view(junk, sizeof(junk))),
                     ATLS_ATTESTER_FAILED);
}

static size_t num_descriptors(void)
{
    DIR *fds = opendir("/proc/self/fd");
    size_t num = 0;

    ck_assert_ptr_nonnull(fds);
    while (readdir(fds) != NULL)
        num++;
    closedir(fds);
    return num;
}

static struct atls_secret secret;
static const uint8_t spki[] = {0x30, 0x03, 0x01, 0x02, 0x03};

static const uint8_t tik[ATLS_DELEGATION_HASH] = {7, 7, 7};

static void put_origin(struct atls_buf *out, uint8_t role)
{
    atls_buf_u8(out, role);
    atls_buf_u8(out, (uint8_t)secret.len);
    atls_buf_put(out, atls_secret_view(&secret));
    atls_buf_u16(out, sizeof(spki));
    atls_buf_put(out, atls_view(spki, sizeof(spki)));
}

static void put_timed_request(struct atls_buf *out, uint8_t role,
                              uint32_t timeout_ms)
{
    ATLS_AUTO_BUF origin = atls_buf(ATLS_ORIGIN_MAX);
    struct atls_broker_request request = {.kind = ATLS_BROKER_QUOTE,
                                          .timeout_ms = timeout_ms};

    secret.len = 32;
    ck_assert_int_eq(RAND_bytes(secret.bytes, 32), 1);
    put_origin(&origin, role);
    request.origin = atls_buf_view(&origin);
    atls_broker_request_put(out, &request);
    ck_assert(!out->failed);
}

static void put_request(struct atls_buf *out, uint8_t role)
{
    put_timed_request(out, role, 60000);
}

/* An attester behind it, as there is in atlsd. */

static void write_key(const char *name)
{
    FILE *file = fopen(name, "w");
    EVP_PKEY *key = EVP_EC_gen("P-256");

    ck_assert(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1);
    fclose(file);
    EVP_PKEY_free(key);
}

static void *quote_all(void *arg)
{
    atls_quoter_run(arg);
    return NULL;
}

static void start_quoter(void)
{
    const char *build = getenv("top_builddir");
    char text[512], uri[600];
    struct atls_why why = {0};

    snprintf(text, sizeof(text), "%s/.libs", build == NULL ? "." : build);
    ck_assert_int_eq(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL), 1);
    ck_assert_int_eq(OSSL_PROVIDER_set_default_search_path(NULL, text), 1);
    ck_assert_ptr_nonnull(OSSL_PROVIDER_load(NULL, "default"));
    ck_assert_ptr_nonnull(OSSL_PROVIDER_load(NULL, "atls"));
    snprintf(text, sizeof(text), "%s/file", folder);
    write_key(text);
    snprintf(uri, sizeof(uri), "attest:soft?key=%s", text);
    ck_assert_msg(atls_quoter_new(uri, &queue, server.log, &server.quoter,
                                  &why) == ATLS_OK,
                  "%s", why.text);
}

static void run_quoter(void)
{
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, quote_all, server.quoter),
                     0);
}

static const struct late {
    uint32_t timeout_ms;
    enum atls_reason reason;
} lates[] = {{0, ATLS_ATTESTER_TIMEOUT}, {60000, ATLS_OK}};

/* Both wait when the attester becomes free. */
START_TEST(who_waited_too_long_is_told_so_and_others_are_served)
{
    ATLS_AUTO_BUF answer = atls_buf(ATLS_BROKER_MAX_REPLY);
    struct atls_broker_reply reply;
    int pairs[2][2], connection;

    start();
    start_quoter();
    connection = connect_to_broker();
    for (int i = 0; i < 2; i++) {
        ATLS_AUTO_BUF bytes = atls_buf(ATLS_BROKER_MAX_REQUEST);

        put_timed_request(&bytes, 0, lates[i].timeout_ms);
        make_pair(SOCK_SEQPACKET, pairs[i]);
        ck_assert(
            send_with(connection, atls_buf_view(&bytes), &pairs[i][1], 1));
        close(pairs[i][1]);
    }
    served_so_far(connection);
    run_quoter();
    for (int i = 0; i < 2; i++) {
        atls_buf_clear(&answer);
        ck_assert_reason(take_answer(pairs[i][0], &answer, &reply),
                         lates[i].reason);
    }
}
END_TEST

START_TEST(request_waits_with_the_binder_that_it_must_give)
{
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_BROKER_MAX_REQUEST);
    struct atls_secret binder;
    struct atls_pending *taken;
    int pair[2], connection;

    start();
    connection = connect_to_broker();
    put_request(&bytes, 1);
    make_pair(SOCK_SEQPACKET, pair);
    ck_assert(send_with(connection, atls_buf_view(&bytes), &pair[1], 1));
    taken = atls_queue_take(&queue);
    ck_assert_ptr_null(taken->next);
    ck_assert_int_eq(taken->pid, getpid());
    ck_assert_uint_eq(taken->uid, geteuid());
    ck_assert_int_eq(taken->kind, ATLS_ORIGIN_CLIENT);
    ck_assert(taken->is_batched);
    ck_assert_reason(
        atls_binder_make(&secret, atls_view(spki, sizeof(spki)), &binder, NULL),
        ATLS_OK);
    ck_assert(atls_view_equal(atls_secret_view(&taken->challenge),
                              atls_secret_view(&binder)));
    atls_pending_free(taken);
}
END_TEST

/* What is wrong with a delegate, if anything. */
static const struct mandate_row {
    const char *sentence;
    int64_t begins_s; /* from now */
    uint32_t lifetime_s;
    uint8_t tag; /* of the key's encoding */
    size_t extra;
    enum atls_reason reason;
} mandates[] = {
    {"a delegate waits with the value that it must give", 0, 600, 0x30, 0,
     ATLS_OK},
    {"a delegate of a clock that is a bit ahead is taken", 50, 86400, 0x30, 0,
     ATLS_OK},
    {"a delegate of tomorrow is refused", 86400, 600, 0x30, 0,
     ATLS_ATTESTER_BINDER},
    {"a delegate of more than a day is refused", 0, 86401, 0x30, 0,
     ATLS_ATTESTER_BINDER},
    {"a delegate that does not live is refused", 0, 0, 0x30, 0,
     ATLS_ATTESTER_BINDER},
    {"a delegate of another kind of key is refused", 0, 600, 0x31, 0,
     ATLS_ATTESTER_BINDER},
    {"a delegate with more behind it is refused", 0, 600, 0x30, 1,
     ATLS_ATTESTER_BINDER},
};

static void make_spki(uint8_t tag, uint8_t out[ATLS_DELEGATION_SPKI])
{
    EVP_PKEY *delegate = EVP_EC_gen("P-256");

    ck_assert_int_eq(i2d_PUBKEY(delegate, NULL), ATLS_DELEGATION_SPKI);
    ck_assert_int_eq(i2d_PUBKEY(delegate, &(uint8_t *){out}),
                     ATLS_DELEGATION_SPKI);
    out[0] = tag;
    EVP_PKEY_free(delegate);
}

static void put_delegate(struct atls_buf *out, const struct mandate_row *row,
                         const struct atls_mandate *mandate)
{
    ATLS_AUTO_BUF origin = atls_buf(ATLS_ORIGIN_MAX);
    struct atls_broker_request request = {.kind = ATLS_BROKER_QUOTE,
                                          .timeout_ms = 60000};

    atls_origin_put_delegate(&origin, mandate, tik);
    if (row->extra > 0)
        atls_buf_u8(&origin, 0);
    request.origin = atls_buf_view(&origin);
    atls_broker_request_put(out, &request);
    ck_assert(!out->failed);
}

static void waits(int connection, struct atls_view bytes,
                  const struct atls_mandate *mandate)
{
    struct atls_pending *taken;
    struct atls_secret value;
    int pair[2];

    make_pair(SOCK_SEQPACKET, pair);
    ck_assert(send_with(connection, bytes, &pair[1], 1));
    taken = atls_queue_take(&queue);
    ck_assert_int_eq(taken->kind, ATLS_ORIGIN_DELEGATE);
    ck_assert_reason(atls_mandate_value(mandate, tik, &value, NULL), ATLS_OK);
    ck_assert(atls_view_equal(atls_secret_view(&taken->challenge),
                              atls_secret_view(&value)));
    atls_pending_free(taken);
}

START_TEST(delegate_of)
{
    const struct mandate_row *row = &mandates[_i];
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_BROKER_MAX_REQUEST);
    uint8_t key[ATLS_DELEGATION_SPKI];
    const struct atls_mandate mandate = {
        .spki = {key, sizeof(key)},
        .not_before = (uint64_t)(time(NULL) + row->begins_s),
        .lifetime_s = row->lifetime_s};

    start();
    make_spki(row->tag, key);
    put_delegate(&bytes, row, &mandate);
    if (row->reason == ATLS_OK)
        waits(connect_to_broker(), atls_buf_view(&bytes), &mandate);
    else
        ck_assert_reason(ask(connect_to_broker(), atls_buf_view(&bytes)),
                         row->reason);
}
END_TEST

START_TEST(request_of_another_role_is_refused)
{
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_BROKER_MAX_REQUEST);

    start();
    put_request(&bytes, 99);
    ck_assert_reason(ask(connect_to_broker(), atls_buf_view(&bytes)),
                     ATLS_ATTESTER_BINDER);
    ck_assert(log_says("ATTESTER_BINDER"));
}
END_TEST

extern char __data_start, _end; /* of the program's own data, by ld(1) */

/* Read as a file, so that no checker of addresses takes offence. */
static bool is_kept(const uint8_t *inverse, size_t len)
{
    size_t size = (size_t)((uintptr_t)&_end - (uintptr_t)&__data_start), i = 0;
    uint8_t *copy = malloc(size);
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    bool found = false;

    ck_assert_int_eq(pread(memory, copy, size, (off_t)(uintptr_t)&__data_start),
                     (ssize_t)size);
    close(memory);
    for (size_t at = 0; at + len <= size && !found; at++) {
        for (i = 0; i < len && (copy[at + i] ^ inverse[i]) == 0xff; i++)
            continue;
        found = i == len;
    }
    free(copy);
    return found;
}

START_TEST(secret_of_a_request_is_not_kept)
{
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_BROKER_MAX_REQUEST);
    uint8_t inverse[32];
    int connection, pair[2];

    start();
    connection = connect_to_broker();
    put_request(&bytes, 1);
    for (size_t i = 0; i < sizeof(inverse); i++)
        inverse[i] = (uint8_t)~secret.bytes[i];
    ck_assert(is_kept(inverse, sizeof(inverse))); /* by this test itself */
    make_pair(SOCK_SEQPACKET, pair);
    ck_assert(send_with(connection, atls_buf_view(&bytes), &pair[1], 1));
    atls_secret_clear(&secret);
    atls_pending_free(atls_queue_take(&queue));
    while (is_kept(inverse, sizeof(inverse))) /* the server's thread is at it */
        sched_yield();
}
END_TEST

START_TEST(letter_longer_than_any_request_is_refused)
{
    static uint8_t bytes[4 * ATLS_BROKER_MAX_REQUEST];
    int connection;

    start();
    connection = connect_to_broker();
    ck_assert_reason(ask(connection, atls_view(bytes, sizeof(bytes))),
                     ATLS_ATTESTER_FAILED);
    served_so_far(connection);
    ck_assert(log_says("malformed request"));
}
END_TEST

START_TEST(letter_without_a_descriptor_is_passed_over)
{
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_BROKER_MAX_REQUEST);
    int connection;

    start();
    connection = connect_to_broker();
    put_request(&bytes, 0);
    ck_assert(send_with(connection, atls_buf_view(&bytes), NULL, 0));
    served_so_far(connection);
    ck_assert_uint_eq(queue.num, 0);
    ck_assert(log_says("want one SOCK_SEQPACKET socket"));
}
END_TEST

static void become(uid_t uid)
{
    if (setgid(uid) != 0 || setuid(uid) != 0)
        _exit(99);
}

static void wait_for_child(pid_t child)
{
    int status;

    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

/* Descriptors of two, of which one end goes to the broker. */

static void make_pipe(int pair[2])
{
    ck_assert_int_eq(pipe2(pair, O_CLOEXEC), 0);
}

static void make_inet(int pair[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);

    for (int i = 0; i < 2; i++)
        pair[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(
        bind(pair[0], (const struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(getsockname(pair[0], (struct sockaddr *)&address, &size),
                     0);
    ck_assert_int_eq(connect(pair[1], (const struct sockaddr *)&address, size),
                     0);
}

static void make_file(int pair[2])
{
    char name[96];

    snprintf(name, sizeof(name), "%s/file", folder);
    pair[1] = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    pair[0] = open(name, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(pair[0], 0);
}

static void make_stream(int pair[2])
{
    make_pair(SOCK_STREAM, pair);
}

static void make_datagram(int pair[2])
{
    make_pair(SOCK_DGRAM, pair);
}

/* The sender may send to whoever listens there, but as himself. */
static void make_connection(int pair[2])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    pid_t child;

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/other", folder);
    unlink(address.sun_path);
    ck_assert_int_eq(
        bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    child = fork(); /* another process listens, and so is the peer */
    if (child == 0)
        _exit(listen(listener, 1) == 0 ? 0 : 1);
    wait_for_child(child);
    pair[1] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(
        connect(pair[1], (const struct sockaddr *)&address, sizeof(address)),
        0);
    pair[0] = accept(listener, NULL, NULL);
    ck_assert_int_ge(pair[0], 0);
    close(listener);
}

static const struct unfit {
    const char *sentence;
    void (*make)(int pair[2]);
} unfits[] = {
    {"nothing is written to a pipe", make_pipe},
    {"nothing is written to a socket of the network", make_inet},
    {"nothing is written to a file", make_file},
    {"nothing is written to a stream", make_stream},
    {"nothing is written to a socket of datagrams", make_datagram},
    {"nothing is written to a connection with somebody else", make_connection},
};

static void nothing_came(int fd)
{
    uint8_t byte;

    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_le(read(fd, &byte, 1), 0);
}

START_TEST(unfit_descriptor)
{
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_BROKER_MAX_REQUEST);
    int pair[2], connection;
    size_t before;

    start();
    connection = connect_to_broker();
    served_so_far(connection);
    put_request(&bytes, 0);
    unfits[_i].make(pair);
    before = num_descriptors();
    ck_assert(
        send_with(connection, atls_view(junk, sizeof(junk)), &pair[1], 1));
    ck_assert(send_with(connection, atls_buf_view(&bytes), &pair[1], 1));
    served_so_far(connection);
    nothing_came(pair[0]);
    ck_assert_uint_eq(num_descriptors(), before);
    ck_assert_uint_eq(queue.num, 0);
    ck_assert(log_says("want one SOCK_SEQPACKET socket"));
}
END_TEST

START_TEST(socket_that_another_process_made_gets_no_reply)
{
    int pair[2], connection;
    pid_t child;

    start();
    make_pair(SOCK_SEQPACKET, pair);
    child = fork();
    if (child == 0) {
        connection = connect_to_broker();
        ck_assert(
            send_with(connection, atls_view(junk, sizeof(junk)), &pair[1], 1));
        served_so_far(connection);
        _exit(0);
    }
    wait_for_child(child);
    nothing_came(pair[0]);
}
END_TEST

/* Two fit into the room that one needs. */
START_TEST(several_descriptors_are_closed_and_none_is_used)
{
    int pairs[MAX_FDS][2], theirs[MAX_FDS], connection;
    size_t before;

    start();
    connection = connect_to_broker();
    served_so_far(connection);
    for (int i = 0; i < _i; i++) {
        make_pair(SOCK_SEQPACKET, pairs[i]);
        theirs[i] = pairs[i][1];
    }
    before = num_descriptors();
    ck_assert(send_with(connection, atls_view(junk, sizeof(junk)), theirs,
                        (size_t)_i));
    served_so_far(connection);
    ck_assert_uint_eq(num_descriptors(), before);
    for (int i = 0; i < _i; i++)
        nothing_came(pairs[i][0]);
}
END_TEST

START_TEST(letter_of_no_bytes_leaves_no_descriptor_behind)
{
    int pair[2], connection, other;
    uint8_t byte;
    size_t before;

    start();
    connection = connect_to_broker();
    other = connect_to_broker();
    served_so_far(other);
    make_pair(SOCK_SEQPACKET, pair);
    before = num_descriptors();
    ck_assert(send_with(connection, atls_view(junk, 0), &pair[1], 1));
    ck_assert_int_eq(recv(connection, &byte, 1, 0), 0); /* hung up */
    served_so_far(other);
    nothing_came(pair[0]);
    ck_assert_uint_eq(num_descriptors(), before - 1);
}
END_TEST

START_TEST(reply_that_nobody_reads_holds_up_nobody)
{
    int pair[2], connection;

    start();
    connection = connect_to_broker();
    make_pair(SOCK_SEQPACKET, pair);
    for (int i = 0; i < 3000; i++)
        ck_assert(
            send_with(connection, atls_view(junk, sizeof(junk)), &pair[1], 1));
    served_so_far(connection);
}
END_TEST

START_TEST(who_hung_up_before_the_reply_holds_up_nobody)
{
    int pair[2], connection;

    start();
    connection = connect_to_broker();
    for (int i = 0; i < 100; i++) {
        make_pair(SOCK_SEQPACKET, pair);
        ck_assert(
            send_with(connection, atls_view(junk, sizeof(junk)), &pair[1], 1));
        close(pair[0]);
        close(pair[1]);
    }
    served_so_far(connection);
}
END_TEST

/* Users: as root alone. */

START_TEST(user_who_is_not_on_the_list_is_hung_up_on)
{
    uint8_t byte;
    pid_t child;

    start();
    child = fork();
    if (child == 0) {
        become(STRANGER);
        ck_assert_int_le(recv(connect_to_broker(), &byte, 1, 0), 0);
        _exit(0);
    }
    wait_for_child(child);
    served_so_far(connect_to_broker());
    ck_assert(log_says("uid 65533: ATTESTER_DENIED"));
}
END_TEST

START_TEST(who_became_another_user_is_judged_as_that_one)
{
    int connection;
    pid_t child;

    start();
    connection = connect_to_broker();
    child = fork();
    if (child == 0) {
        become(STRANGER);
        ck_assert_reason(ask(connection, atls_view(junk, sizeof(junk))),
                         ATLS_ATTESTER_DENIED);
        _exit(0);
    }
    wait_for_child(child);
    ck_assert(log_says("uid 65533: ATTESTER_DENIED"));
}
END_TEST

/* So many are kept, and the next is hung up on. */
static void connect_until_hung_up_on(size_t num)
{
    static int kept[ATLS_SERVER_MAX_OF_CALLER];
    uint8_t byte;

    for (size_t i = 0; i < num; i++)
        kept[i] = connect_to_broker();
    ck_assert_int_le(recv(connect_to_broker(), &byte, 1, 0), 0);
    for (size_t i = 0; i < num; i++) {
        ck_assert_int_eq(recv(kept[i], &byte, 1, MSG_DONTWAIT), -1);
        ck_assert_int_eq(errno, EAGAIN);
    }
}

START_TEST(user_has_so_many_connections_and_no_more)
{
    int connection;

    start();
    connection = connect_to_broker();
    served_so_far(connection);
    connect_until_hung_up_on(ATLS_SERVER_MAX_OF_CALLER - 1);
    served_so_far(connection);
    ck_assert(log_says("ATTESTER_BUSY"));
}
END_TEST

START_TEST(connection_that_was_closed_makes_room_for_another)
{
    int connection;

    start();
    connection = connect_to_broker();
    served_so_far(connection);
    connect_until_hung_up_on(ATLS_SERVER_MAX_OF_CALLER - 1);
    close(connection);
    connect_until_hung_up_on(1);
}
END_TEST

START_TEST(connections_of_one_user_are_not_another_ones)
{
    start();
    ck_assert_int_eq(seteuid(SERVED), 0);
    connect_until_hung_up_on(ATLS_SERVER_MAX_OF_CALLER);
    ck_assert_int_eq(seteuid(0), 0);
    served_so_far(connect_to_broker());
}
END_TEST

START_TEST(where_many_are_served_all_have_an_equal_part)
{
    num_others = ATLS_CALLERS_MAX - 3;
    start();
    ck_assert_uint_gt(callers.num, 60);
    connect_until_hung_up_on(ATLS_SERVER_MAX_CONNECTIONS / callers.num);
}
END_TEST

/* What was somebody else's may have been so for a reason. */
START_TEST(socket_that_was_made_as_another_user_gets_no_reply)
{
    int pair[2], connection;
    pid_t child;

    start();
    child = fork();
    if (child == 0) {
        make_pair(SOCK_SEQPACKET, pair);
        become(SERVED);
        connection = connect_to_broker();
        ck_assert(
            send_with(connection, atls_view(junk, sizeof(junk)), &pair[1], 1));
        served_so_far(connection);
        nothing_came(pair[0]);
        _exit(0);
    }
    wait_for_child(child);
}
END_TEST

static void add_row(TCase *cases, const TTest *test, const char *sentence,
                    int row)
{
    static TTest named[32]; /* Check keeps the pointers */
    static size_t num;
    TTest *one = &named[num++];

    *one = *test;
    one->name = sentence;
    tcase_add_loop_test(cases, one, row, row + 1);
}

START_TEST(skipped)
{
}
END_TEST

static const struct as_root {
    const char *sentence;
    const TTest *const *test;
} as_root[] = {
    {"user_who_is_not_on_the_list_is_hung_up_on",
     &user_who_is_not_on_the_list_is_hung_up_on},
    {"connections_of_one_user_are_not_another_ones",
     &connections_of_one_user_are_not_another_ones},
    {"socket_that_was_made_as_another_user_gets_no_reply",
     &socket_that_was_made_as_another_user_gets_no_reply},
    {"who_became_another_user_is_judged_as_that_one",
     &who_became_another_user_is_judged_as_that_one},
};

static void add_as_root(TCase *cases)
{
    static char names[sizeof(as_root) / sizeof(as_root[0])][128];

    for (size_t i = 0; i < sizeof(as_root) / sizeof(as_root[0]); i++) {
        if (geteuid() == 0) {
            tcase_add_test(cases, *as_root[i].test);
            continue;
        }
        snprintf(names[i], sizeof(names[i]), "%s # SKIP root",
                 as_root[i].sentence);
        add_row(cases, skipped, names[i], 0);
    }
}

static Suite *make_suite(void)
{
    Suite *suite = suite_create("server");
    TCase *cases = tcase_create("server");

    tcase_add_test(cases, request_waits_with_the_binder_that_it_must_give);
    tcase_add_test(cases, who_waited_too_long_is_told_so_and_others_are_served);
    for (size_t i = 0; i < sizeof(mandates) / sizeof(mandates[0]); i++)
        add_row(cases, delegate_of, mandates[i].sentence, (int)i);
    tcase_add_test(cases, request_of_another_role_is_refused);
    tcase_add_test(cases, secret_of_a_request_is_not_kept);
    tcase_add_test(cases, letter_longer_than_any_request_is_refused);
    tcase_add_test(cases, letter_without_a_descriptor_is_passed_over);
    for (size_t i = 0; i < sizeof(unfits) / sizeof(unfits[0]); i++)
        add_row(cases, unfit_descriptor, unfits[i].sentence, (int)i);
    tcase_add_test(cases, socket_that_another_process_made_gets_no_reply);
    tcase_add_loop_test(cases, several_descriptors_are_closed_and_none_is_used,
                        2, MAX_FDS + 1);
    tcase_add_test(cases, letter_of_no_bytes_leaves_no_descriptor_behind);
    tcase_add_test(cases, reply_that_nobody_reads_holds_up_nobody);
    tcase_add_test(cases, who_hung_up_before_the_reply_holds_up_nobody);
    tcase_add_test(cases, user_has_so_many_connections_and_no_more);
    tcase_add_test(cases, connection_that_was_closed_makes_room_for_another);
    tcase_add_test(cases, where_many_are_served_all_have_an_equal_part);
    add_as_root(cases);
    suite_add_tcase(suite, cases);
    return suite;
}

static void remove_all(void)
{
    static const char *const names[] = {"broker", "log", "file", "other"};
    char name[96];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(name, sizeof(name), "%s/%s", folder, names[i]);
        unlink(name);
    }
    rmdir(folder);
}

int main(void)
{
    int result;

    if (mkdtemp(folder) == NULL || chmod(folder, 0711) != 0)
        return EXIT_FAILURE;
    result = check_main(make_suite());
    remove_all();
    return result;
}
