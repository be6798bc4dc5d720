/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections to the broker.
 */
#include "config.h" /* unshare, struct ucred, strerror_r as GNU has it */

#include "provider/broker_line.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "provider/task.h"

enum { MAX_TRIES = 2, MAX_FOLDER = 108 };

void atls_broker_line_init(struct atls_broker_line *line, const char *path)
{
    line->path = path;
    atls_lock_init(&line->lock);
    line->folder.fd = -1;
    line->connection.fd = -1;
}

void atls_broker_line_clear(struct atls_broker_line *line)
{
    atls_descriptor_close(&line->folder);
    atls_descriptor_close(&line->connection);
    atls_lock_clear(&line->lock);
}

static enum atls_reason cannot(const struct atls_broker_line *line,
                               const char *what, int error_number,
                               struct atls_why *why)
{
    char text[128];

    if (error_number == ENOMEM)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return atls_why(why,
                    error_number == ETIMEDOUT ? ATLS_ATTESTER_TIMEOUT
                                              : ATLS_ATTESTER_ABSENT,
                    "broker at %s: %s as uid %u: %s; is atlsd running, and "
                    "does it serve this user?",
                    line->path, what, (unsigned)geteuid(),
                    strerror_r(error_number, text, sizeof(text)));
}

/* A full backlog makes connect() wait. 0 or an errno. */
static int connect_to(const char *path, atls_deadline deadline, int *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int left = atls_deadline_left(deadline) + 1, error_number = 0;
    struct timeval patience = {left / 1000, left % 1000 * 1000};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return errno;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        error_number = errno == EAGAIN ? ETIMEDOUT : errno;
    else if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        error_number = errno;
    if (error_number != 0)
        close(fd);
    else
        *out = fd;
    return error_number;
}

struct job { /* owned by whoever runs it */
    struct atls_descriptor folder;
    char name[MAX_FOLDER];
    atls_deadline deadline;
    int fd, error_number;
};

static void job_free(void *arg)
{
    struct job *job = arg;

    atls_descriptor_close(&job->folder);
    if (job->fd >= 0)
        close(job->fd);
    free(job);
}

static void connect_inside(struct job *job)
{
    int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (before < 0 || fchdir(job->folder.fd) != 0)
        job->error_number = errno;
    else
        job->error_number = connect_to(job->name, job->deadline, &job->fd);
    if (before >= 0) {
        (void)fchdir(before);
        close(before);
    }
}

/* The thread has a working directory of its own, and may so name the socket by
 * its folder, which the program sees no more after chroot. */
static void job_run(void *arg)
{
    struct job *job = arg;

    if (unshare(CLONE_FS) != 0)
        job->error_number = errno;
    else
        connect_inside(job);
}

static const char *name_of(const char *path)
{
    return strrchr(path, '/') + 1;
}

static int connect_by_folder(const struct atls_broker_line *line,
                             atls_deadline deadline, int *out)
{
    static const struct atls_task task = {.run = job_run, .free = job_free};
    struct job *job = calloc(1, sizeof(*job));
    void *owned = job;
    int error_number;

    if (job == NULL)
        return ENOMEM;
    job->fd = -1;
    job->deadline = deadline;
    snprintf(job->name, sizeof(job->name), "%s", name_of(line->path));
    error_number = atls_descriptor_copy(&line->folder, &job->folder);
    if (error_number != 0)
        job->folder.fd = -1;
    else if (atls_task_run(&task, &owned, deadline, NULL) != ATLS_OK &&
             owned != NULL)
        /* Some programs forbid themselves new threads (HAProxy, by
         * RLIMIT_NPROC): then this one does without sharing what it is in. */
        job_run(job);
    if (owned == NULL)
        return ETIMEDOUT;
    if (error_number == 0)
        error_number = job->error_number;
    if (error_number == 0) {
        *out = job->fd;
        job->fd = -1;
    }
    job_free(job);
    return error_number;
}

static int open_folder(struct atls_broker_line *line)
{
    char folder[MAX_FOLDER];

    if (atls_descriptor_is_ours(&line->folder))
        return 0;
    snprintf(folder, sizeof(folder), "%.*s",
             (int)(name_of(line->path) - line->path), line->path);
    return atls_descriptor_open(folder, O_PATH | O_DIRECTORY, &line->folder);
}

/* By its path while that is there, else by the folder that was kept. */
static int connect_locked(struct atls_broker_line *line, atls_deadline deadline)
{
    int fd = -1, error_number = connect_to(line->path, deadline, &fd);

    if (error_number == 0)
        (void)open_folder(line);
    else if (atls_descriptor_is_ours(&line->folder))
        error_number = connect_by_folder(line, deadline, &fd);
    return error_number != 0 ? error_number
                             : atls_descriptor_take(fd, &line->connection);
}

/* A connection of the caller's own, by a copy of the descriptor; a broken one
 * is replaced if nobody has done so meanwhile. */
static int get_connection(struct atls_broker_line *line, ino_t broken,
                          atls_deadline deadline, struct atls_descriptor *out)
{
    int error_number = 0;

    atls_lock_take(&line->lock);
    if (line->connection.inode == broken)
        atls_descriptor_close(&line->connection);
    if (!atls_descriptor_is_ours(&line->connection))
        error_number = connect_locked(line, deadline);
    if (error_number == 0)
        error_number = atls_descriptor_copy(&line->connection, out);
    atls_lock_give(&line->lock);
    return error_number;
}

enum atls_reason atls_broker_line_open(struct atls_broker_line *line,
                                       atls_deadline deadline,
                                       struct atls_why *why)
{
    struct atls_descriptor connection = ATLS_NO_DESCRIPTOR;
    int saved = errno;
    int error_number = get_connection(line, 0, deadline, &connection);

    atls_descriptor_close(&connection);
    errno = saved;
    return error_number == 0 ? ATLS_OK
                             : cannot(line, "connect", error_number, why);
}

static int wait_for(int fd, short events, atls_deadline deadline)
{
    struct pollfd one = {.fd = fd, .events = events};
    int result;

    do {
        result = poll(&one, 1, atls_deadline_left(deadline));
    } while (result < 0 && errno == EINTR);
    if (result < 0)
        return errno;
    return result == 0 ? ETIMEDOUT : 0;
}

static void put_control(struct cmsghdr *to, int type, const void *data,
                        size_t len)
{
    to->cmsg_level = SOL_SOCKET;
    to->cmsg_type = type;
    to->cmsg_len = CMSG_LEN(len);
    memcpy(CMSG_DATA(to), data, len);
}

/* One datagram with the descriptor that the reply is for, and with who we are,
 * which the kernel vouches for: it would say so by itself, but not to a socket
 * of systemd's that the broker did not ask for it yet. */
static int send_request(int connection, struct atls_view bytes, int reply_to,
                        atls_deadline deadline)
{
    const struct ucred self = {
        .pid = getpid(), .uid = geteuid(), .gid = getegid()};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(self))];
    } control = {.room = {0}};
    struct iovec part = {(void *)(uintptr_t)bytes.data, bytes.len};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    int error_number = 0;

    put_control(rights, SCM_RIGHTS, &reply_to, sizeof(reply_to));
    put_control(CMSG_NXTHDR(&message, rights), SCM_CREDENTIALS, &self,
                sizeof(self));
    while (error_number == 0 &&
           sendmsg(connection, &message, MSG_NOSIGNAL) < 0) {
        if (errno == EAGAIN)
            error_number = wait_for(connection, POLLOUT, deadline);
        else if (errno != EINTR)
            error_number = errno;
        else if (atls_deadline_left(deadline) == 0)
            error_number = ETIMEDOUT;
    }
    return error_number;
}

static int receive(int fd, atls_deadline deadline, struct atls_buf *out)
{
    int error_number = wait_for(fd, POLLIN, deadline);
    ssize_t len;
    uint8_t *room;

    if (error_number != 0)
        return error_number;
    len = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
    if (len <= 0)
        return len < 0 ? errno : EPIPE; /* the broker went away */
    room = atls_buf_room(out, (size_t)len);
    if (room == NULL)
        return ENOMEM;
    return recv(fd, room, (size_t)len, MSG_DONTWAIT) == len ? 0 : EIO;
}

static int exchange(int connection, struct atls_view bytes,
                    atls_deadline deadline, struct atls_buf *out)
{
    int pair[2], error_number;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return errno;
    error_number = send_request(connection, bytes, pair[1], deadline);
    close(pair[1]);
    if (error_number == 0)
        error_number = receive(pair[0], deadline, out);
    close(pair[0]);
    return error_number;
}

static bool is_hang_up(int error_number)
{
    return error_number == EPIPE || error_number == ECONNRESET ||
           error_number == ECONNREFUSED || error_number == ENOTCONN;
}

static enum atls_reason ask(struct atls_broker_line *line,
                            struct atls_view bytes, atls_deadline deadline,
                            struct atls_buf *out, struct atls_why *why)
{
    struct atls_descriptor connection = ATLS_NO_DESCRIPTOR;
    ino_t broken = 0;
    int error_number = 0;

    for (int i = 0; i < MAX_TRIES; i++) {
        error_number = get_connection(line, broken, deadline, &connection);
        if (error_number != 0)
            return cannot(line, "connect", error_number, why);
        broken = connection.inode;
        error_number = exchange(connection.fd, bytes, deadline, out);
        atls_descriptor_close(&connection);
        if (!is_hang_up(error_number))
            break;
    }
    return error_number == 0 ? ATLS_OK : cannot(line, "ask", error_number, why);
}

enum atls_reason atls_broker_line_ask(struct atls_broker_line *line,
                                      const struct atls_broker_request *request,
                                      atls_deadline deadline,
                                      struct atls_buf *out,
                                      struct atls_why *why)
{
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_BROKER_MAX_REQUEST);
    int saved = errno;
    enum atls_reason reason;

    atls_broker_request_put(&bytes, request);
    if (bytes.failed)
        return atls_why(why, ATLS_ATTESTER_BINDER,
                        "broker: the request exceeds %zu bytes", bytes.max);
    reason = ask(line, atls_buf_view(&bytes), deadline, out, why);
    errno = saved;
    return reason;
}
