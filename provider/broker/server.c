/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker's side of its socket.
 */
#include "config.h" /* struct ucred, accept4, strerror_r as GNU has it */

#include "provider/broker/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "provider/broker/letter.h"

enum { BACKLOG = 256, MAX_AT_ONCE = 64 };

/* Nobody is served that is not on the list, so everybody may connect. */
enum { MODE = 0666 };

/* The kernel says of each datagram who sent it, if the receiving socket wants
 * to know by the time that it is received, and of datagrams whose sender said
 * so himself (and was not lying) whenever they were sent. */
static bool wants_senders(int fd)
{
    int on = 1;

    return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0;
}

static int is_dead(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    int refused =
        fd >= 0 &&
        connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
        errno == ECONNREFUSED;

    if (fd >= 0)
        close(fd);
    return refused;
}

static int bind_to(int fd, const struct sockaddr_un *address)
{
    int result = bind(fd, (const struct sockaddr *)address, sizeof(*address));

    if (result != 0 && errno == EADDRINUSE && is_dead(address)) {
        unlink(address->sun_path);
        result = bind(fd, (const struct sockaddr *)address, sizeof(*address));
    }
    return result;
}

enum atls_reason atls_server_listen(const char *path, int *out,
                                    struct atls_why *why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    char text[128];

    if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >=
        (int)sizeof(address.sun_path))
        errno = ENAMETOOLONG;
    else if (fd >= 0 && wants_senders(fd) && bind_to(fd, &address) == 0 &&
             chmod(path, MODE) == 0 && listen(fd, BACKLOG) == 0) {
        *out = fd;
        return ATLS_OK;
    }
    (void)atls_why(why, ATLS_SETTING_INVALID, "--socket %s: %s", path,
                   strerror_r(errno, text, sizeof(text)));
    if (fd >= 0)
        close(fd);
    return ATLS_SETTING_INVALID;
}

static int get_option(int fd, int name)
{
    int value = -1;
    socklen_t size = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

enum atls_reason atls_server_inherit(int fd, struct atls_why *why)
{
    if (get_option(fd, SO_DOMAIN) != AF_UNIX ||
        get_option(fd, SO_TYPE) != SOCK_SEQPACKET ||
        get_option(fd, SO_ACCEPTCONN) != 1)
        return atls_why(why, ATLS_SETTING_INVALID,
                        "LISTEN_FDS: want a local SOCK_SEQPACKET socket that "
                        "listens (ListenSequentialPacket), found none");
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        return atls_why(why, ATLS_SETTING_INVALID, "LISTEN_FDS: fcntl");
    return ATLS_OK;
}

static enum atls_reason deny(uid_t uid, struct atls_why *why)
{
    return atls_why(why, ATLS_ATTESTER_DENIED,
                    "uid %u is not among those that atlsd was told to serve "
                    "(--allow)",
                    (unsigned)uid);
}

static enum atls_reason admit(const struct atls_server *server,
                              const struct atls_letter *letter,
                              struct atls_why *why)
{
    /* pid 0: the kernel did not say, and then calls everybody nobody */
    struct atls_caller *caller =
        letter->pid > 0 ? atls_callers_find(server->callers, letter->uid)
                        : NULL;

    if (caller == NULL)
        return deny(letter->uid, why);
    return atls_caller_charge(caller, server->callers->rate, atls_clock_now(),
                              why);
}

/* A delegate of tomorrow could be made today, to be used when nobody is allowed
 * to ask any more. */
static enum atls_reason check_mandate(const struct atls_mandate *mandate,
                                      int64_t now_s, struct atls_why *why)
{
    if (mandate->not_before > (uint64_t)now_s + ATLS_DELEGATION_SKEW_S ||
        mandate->lifetime_s > ATLS_SERVER_MAX_DELEGATE_S)
        return atls_why(why, ATLS_ATTESTER_BINDER,
                        "binder-origin: want a delegate that begins now and "
                        "lives for at most %d s",
                        ATLS_SERVER_MAX_DELEGATE_S);
    return ATLS_OK;
}

static enum atls_reason make_challenge(struct atls_view bytes,
                                       struct atls_pending *out,
                                       struct atls_why *why)
{
    struct atls_origin origin;
    enum atls_reason reason = atls_origin_read(bytes, &origin, why);

    if (reason == ATLS_OK && origin.kind == ATLS_ORIGIN_DELEGATE)
        reason = check_mandate(&origin.mandate, time(NULL), why);
    if (reason == ATLS_OK)
        reason = atls_origin_challenge(&origin, &out->challenge, why);
    out->kind = origin.kind;
    atls_origin_clear(&origin);
    return reason;
}

static enum atls_reason make_pending(const struct atls_server *server,
                                     const struct atls_broker_request *request,
                                     const struct atls_letter *letter,
                                     struct atls_pending *out,
                                     struct atls_why *why)
{
    enum atls_reason reason = make_challenge(request->origin, out, why);

    if (reason == ATLS_OK)
        reason = atls_quoter_choose(server->quoter, request->format, out, why);
    out->deadline =
        atls_deadline_after(request->timeout_ms < ATLS_SERVER_MAX_TIMEOUT_MS
                                ? request->timeout_ms
                                : ATLS_SERVER_MAX_TIMEOUT_MS);
    out->uid = letter->uid;
    out->pid = letter->pid;
    return reason;
}

/* The letter's socket goes with the request. */
static enum atls_reason enqueue(const struct atls_server *server,
                                const struct atls_broker_request *request,
                                struct atls_letter *letter,
                                struct atls_why *why)
{
    struct atls_pending *pending = calloc(1, sizeof(*pending));
    enum atls_reason reason;

    if (pending == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    pending->reply_to = -1;
    reason = make_pending(server, request, letter, pending, why);
    if (reason == ATLS_OK) {
        pending->reply_to = letter->reply_to;
        reason = atls_queue_put(server->queue, pending, why);
    }
    if (reason == ATLS_OK) {
        letter->reply_to = -1;
        return reason;
    }
    pending->reply_to = -1;
    atls_pending_free(pending);
    return reason;
}

static void describe(const struct atls_server *server,
                     const struct atls_letter *letter)
{
    ATLS_AUTO_BUF body = atls_buf(ATLS_BROKER_MAX_FORMATS + 256);

    atls_quoter_describe(server->quoter, &body);
    atls_quoter_reply(letter->reply_to, ATLS_OK, atls_view(NULL, 0),
                      atls_buf_view(&body));
}

static enum atls_reason serve(const struct atls_server *server,
                              struct atls_letter *letter, struct atls_why *why)
{
    struct atls_broker_request request;
    enum atls_reason reason = admit(server, letter, why);

    if (reason != ATLS_OK)
        return reason;
    if (!letter->is_whole || !atls_broker_request_read(letter->bytes, &request))
        return atls_why(why, ATLS_ATTESTER_FAILED, "malformed request");
    switch (request.kind) {
    case ATLS_BROKER_DESCRIBE:
        describe(server, letter);
        return ATLS_OK;
    case ATLS_BROKER_QUOTE:
        return enqueue(server, &request, letter, why);
    }
    return ATLS_OK;
}

static void tell_refused(const struct atls_server *server, pid_t pid, uid_t uid,
                         const struct atls_why *why)
{
    if (atls_log_has_room(server->log))
        atls_log_text(server->log, ATLS_LOG_WARNING,
                      "refused pid %ld uid %lu: %s: %s", (long)pid,
                      (unsigned long)uid, atls_reason_name(why->reason),
                      why->text);
}

static void refuse(const struct atls_server *server,
                   const struct atls_letter *letter, const struct atls_why *why)
{
    if (letter->reply_to >= 0)
        atls_quoter_reply(letter->reply_to, why->reason,
                          atls_view_text(why->text), atls_view(NULL, 0));
    tell_refused(server, letter->pid, letter->uid, why);
}

static void answer(const struct atls_server *server, struct atls_letter *letter)
{
    struct atls_why why = {0};

    if (letter->reply_to < 0)
        (void)atls_why(&why, ATLS_ATTESTER_FAILED,
                       "want one SOCK_SEQPACKET socket of the sender's "
                       "own, for the reply");
    else
        (void)serve(server, letter, &why);
    if (why.reason != ATLS_OK)
        refuse(server, letter, &why);
    atls_letter_clear(letter);
}

/* false: the other side hung up. */
static bool serve_connection(const struct atls_server *server, int fd)
{
    static uint8_t room[ATLS_BROKER_MAX_REQUEST + 1]; /* there is one server */
    enum atls_letter_result result = ATLS_LETTER_TAKEN;
    struct atls_letter letter;

    for (int i = 0; i < MAX_AT_ONCE && result == ATLS_LETTER_TAKEN; i++) {
        result = atls_letter_take(fd, room, sizeof(room), &letter);
        if (result == ATLS_LETTER_TAKEN)
            answer(server, &letter);
    }
    OPENSSL_cleanse(room, sizeof(room)); /* a connection's secret was in it */
    return result != ATLS_LETTER_HUNG_UP;
}

struct table {
    struct pollfd fds[1 + ATLS_SERVER_MAX_CONNECTIONS];
    uid_t uids[1 + ATLS_SERVER_MAX_CONNECTIONS];
    nfds_t num; /* the listener is the first */
};

static size_t count_of(const struct table *table, uid_t uid)
{
    size_t num = 0;

    for (nfds_t i = 1; i < table->num; i++)
        num += table->uids[i] == uid;
    return num;
}

/* The parts of all callers have room in the table together. */
static size_t part_of_caller(const struct atls_callers *callers)
{
    size_t part = ATLS_SERVER_MAX_CONNECTIONS / callers->num;

    return part < ATLS_SERVER_MAX_OF_CALLER ? part : ATLS_SERVER_MAX_OF_CALLER;
}

/* Who may not ask may not hold a connection either. */
static enum atls_reason welcome(const struct atls_server *server,
                                const struct table *table,
                                const struct ucred *peer, struct atls_why *why)
{
    if (atls_callers_find(server->callers, peer->uid) == NULL)
        return deny(peer->uid, why);
    if (count_of(table, peer->uid) >= part_of_caller(server->callers))
        return atls_why(why, ATLS_ATTESTER_BUSY, "uid %u has %zu connections",
                        (unsigned)peer->uid, part_of_caller(server->callers));
    return ATLS_OK;
}

/* false: fd is for the caller to close. */
static bool keep(const struct atls_server *server, struct table *table, int fd)
{
    struct atls_why why = {0};
    struct ucred peer;
    socklen_t size = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
        !wants_senders(fd))
        return false;
    if (welcome(server, table, &peer, &why) != ATLS_OK) {
        tell_refused(server, peer.pid, peer.uid, &why);
        return false;
    }
    table->fds[table->num] = (struct pollfd){.fd = fd, .events = POLLIN};
    table->uids[table->num++] = peer.uid;
    return true;
}

/* So many at once that those who have a connection get their turn. */
static void accept_some(const struct atls_server *server, struct table *table)
{
    int fd = 0;

    for (int i = 0; i < MAX_AT_ONCE && fd >= 0; i++) {
        fd =
            accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0 && !keep(server, table, fd))
            close(fd);
    }
}

static void serve_all(const struct atls_server *server, struct table *table)
{
    for (nfds_t i = table->num - 1; i > 0; i--) {
        if (table->fds[i].revents == 0 ||
            serve_connection(server, table->fds[i].fd))
            continue;
        close(table->fds[i].fd);
        table->num--;
        table->fds[i] = table->fds[table->num];
        table->uids[i] = table->uids[table->num];
    }
}

void atls_server_run(const struct atls_server *server)
{
    static struct table table;

    table.fds[0] = (struct pollfd){.fd = server->listener, .events = POLLIN};
    table.num = 1;
    for (;;) {
        if (poll(table.fds, table.num, -1) < 0 && errno != EINTR)
            return;
        serve_all(server, &table);
        if (table.fds[0].revents != 0)
            accept_some(server, &table);
    }
}
