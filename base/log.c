/* SPDX-License-Identifier: Apache-2.0
 *
 * Log lines out of somebody else's process: no lock that fork could copy
 * while it is held, no wait, no SIGPIPE, no write to a descriptor that is no
 * longer ours.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define MAX_LINE    4096       /* PIPE_BUF: written whole, or not at all */
#define INTERVAL_NS 50000000LL /* 20 lines a second */
#define BURST       100
#define HIGH_FD     512 /* out of the way of select() and of daemons */
#define FILE_PREFIX "file:"

struct atls_log {
    enum { TO_SYSLOG, TO_STDERR, TO_FILE } target;
    int fd;
    dev_t device; /* what fd was when it was opened */
    ino_t inode;
    int64_t lines_ns;     /* atomic: when this bucket is empty again */
    int64_t sentences_ns; /* the same for sentences, which no crowd of lines may
                             push out */
    uint64_t suppressed;  /* atomic: lines since the last one written */
    bool is_unlimited;
};

static void remember_identity(struct atls_log *log)
{
    struct stat status;

    if (fstat(log->fd, &status) != 0)
        return;
    log->device = status.st_dev;
    log->inode = status.st_ino;
}

/* O_NONBLOCK: a FIFO without a reader is an error, not a wait. */
static int open_high(const char *path)
{
    int fd = open(
        path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
        0640);
    int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);

    if (high < 0)
        return fd; /* RLIMIT_NOFILE may be lower */
    close(fd);
    return high;
}

static enum atls_reason open_file(struct atls_log *log, const char *path,
                                  struct atls_why *why)
{
    char error_text[64];

    log->target = TO_FILE;
    log->fd = open_high(path);
    if (log->fd >= 0) {
        remember_identity(log);
        return ATLS_OK;
    }
    if (strerror_r(errno, error_text, sizeof(error_text)) != 0)
        error_text[0] = '\0';
    return atls_why(why, ATLS_FILE_UNREADABLE, "log: %s: %s", path, error_text);
}

static enum atls_reason open_target(struct atls_log *log, const char *target,
                                    struct atls_why *why)
{
    log->target = TO_SYSLOG;
    if (strcmp(target, "syslog") == 0)
        return ATLS_OK;
    if (strncmp(target, FILE_PREFIX "/", strlen(FILE_PREFIX "/")) == 0)
        return open_file(log, target + strlen(FILE_PREFIX), why);
    if (strcmp(target, "stderr") != 0)
        return atls_why(why, ATLS_SETTING_INVALID,
                        "log: want stderr, syslog or file:/path, seen \"%s\"",
                        target);
    log->target = TO_STDERR;
    log->fd = STDERR_FILENO;
    remember_identity(log);
    return ATLS_OK;
}

enum atls_reason atls_log_open(const char *target, struct atls_log **out,
                               struct atls_why *why)
{
    struct atls_log *log = calloc(1, sizeof(*log));
    enum atls_reason reason;
    int saved_errno = errno;

    *out = NULL;
    if (log == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    reason = open_target(log, target, why);
    errno = saved_errno;
    if (reason == ATLS_OK)
        *out = log;
    else
        free(log);
    return reason;
}

/* A daemon may have closed the descriptor, and its number may be another
 * file's by now. */
static bool is_ours(const struct atls_log *log, struct stat *status)
{
    return fstat(log->fd, status) == 0 && status->st_dev == log->device &&
           status->st_ino == log->inode;
}

void atls_log_free(struct atls_log *log)
{
    struct stat status;

    if (log == NULL)
        return;
    if (log->target == TO_FILE && is_ours(log, &status))
        close(log->fd);
    free(log);
}

void atls_log_lift_limit(struct atls_log *log)
{
    log->is_unlimited = true;
}

static int64_t now_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* A bucket in one number: it says when all tokens are back, and each line
 * moves it on by one interval. */
static bool take_token(int64_t *bucket_ns)
{
    int64_t seen = __atomic_load_n(bucket_ns, __ATOMIC_RELAXED), full;
    int64_t now = now_ns();

    do {
        full = seen > now ? seen : now;
        if (full - now > (BURST - 1) * INTERVAL_NS)
            return false;
    } while (!__atomic_compare_exchange_n(bucket_ns, &seen, full + INTERVAL_NS,
                                          true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return true;
}

static void count_suppressed(struct atls_log *log, uint64_t num_lines)
{
    __atomic_add_fetch(&log->suppressed, num_lines, __ATOMIC_RELAXED);
}

/* A line of its own: nothing in it ends it, and what was suppressed before it
 * is its last member, if it is a JSON object. */
static void compose(struct atls_buf *out, struct atls_view line,
                    uint64_t suppressed)
{
    bool is_object = line.len > 2 && line.data[line.len - 1] == '}';
    char suffix[MAX_LINE - ATLS_LOG_LINE] = "";
    size_t len;

    if (suppressed > 0)
        snprintf(suffix, sizeof(suffix),
                 is_object ? ",\"suppressed\":%llu}" : " (%llu suppressed)",
                 (unsigned long long)suppressed);
    if (suppressed > 0 && is_object)
        line.len--;
    len = line.len;
    if (len > MAX_LINE - sizeof(suffix))
        len = MAX_LINE - sizeof(suffix);
    atls_buf_put(out, atls_view(line.data, len));
    for (size_t i = 0; i < out->len; i++)
        if (out->data[i] < 0x20 || out->data[i] == 0x7f)
            out->data[i] = '?';
    atls_buf_text(out, suffix);
}

/* Room for a line now: a pipe that polls writable takes PIPE_BUF bytes. */
static bool is_writable(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLOUT};

    return poll(&ready, 1, 0) == 1 && ready.revents == POLLOUT;
}

/* write() without the SIGPIPE of a reader that has gone. */
static bool write_quietly(int fd, struct atls_view line)
{
    struct timespec no_wait = {0, 0};
    sigset_t pipe_signal, pending, before;
    bool was_pending, is_written;

    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    is_written = write(fd, line.data, line.len) == (ssize_t)line.len;
    if (!is_written && errno == EPIPE && !was_pending)
        (void)sigtimedwait(&pipe_signal, NULL, &no_wait);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return is_written;
}

/* stderr may be turned elsewhere while the program runs, but a socket that is
 * not the one of the start is somebody's connection. */
static bool write_stderr(const struct atls_log *log, struct atls_view line)
{
    struct stat status;

    if (!is_ours(log, &status) &&
        (fstat(log->fd, &status) != 0 || S_ISSOCK(status.st_mode)))
        return false;
    if (S_ISSOCK(status.st_mode))
        return send(log->fd, line.data, line.len,
                    MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)line.len;
    return is_writable(log->fd) && write_quietly(log->fd, line);
}

static bool write_syslog(enum atls_log_level level, struct atls_view line)
{
    static const int priorities[] = {[ATLS_LOG_ERROR] = LOG_ERR,
                                     [ATLS_LOG_WARNING] = LOG_WARNING,
                                     [ATLS_LOG_INFO] = LOG_INFO};

    syslog(LOG_AUTH | priorities[level], "%.*s", (int)line.len,
           (const char *)line.data);
    return true;
}

/* line ends in a newline, which syslog does not want. A file whose descriptor
 * was taken from us is followed by syslog. */
static bool write_line(const struct atls_log *log, enum atls_log_level level,
                       struct atls_view line)
{
    struct atls_view text = atls_view(line.data, line.len - 1);
    struct stat status;

    switch (log->target) {
    case TO_STDERR:
        return write_stderr(log, line);
    case TO_FILE:
        return is_ours(log, &status) ? write_quietly(log->fd, line)
                                     : write_syslog(level, text);
    case TO_SYSLOG:
        return write_syslog(level, text);
    }
    return false;
}

static void put_line(struct atls_log *log, int64_t *bucket_ns,
                     enum atls_log_level level, struct atls_view line)
{
    ATLS_AUTO_BUF out = atls_buf(MAX_LINE);
    int saved_errno = errno;
    uint64_t suppressed;

    if (!log->is_unlimited && !take_token(bucket_ns)) {
        count_suppressed(log, 1);
        return;
    }
    suppressed = __atomic_exchange_n(&log->suppressed, 0, __ATOMIC_RELAXED);
    compose(&out, line, suppressed);
    atls_buf_u8(&out, '\n');
    if (out.failed || !write_line(log, level, atls_buf_view(&out)))
        count_suppressed(log, suppressed + 1);
    errno = saved_errno;
}

void atls_log_line(struct atls_log *log, enum atls_log_level level,
                   struct atls_view line)
{
    if (log != NULL)
        put_line(log, &log->lines_ns, level, line);
}

bool atls_log_has_room(struct atls_log *log)
{
    int64_t full;

    if (log == NULL)
        return false;
    full = __atomic_load_n(&log->lines_ns, __ATOMIC_RELAXED);
    if (full - now_ns() <= (BURST - 1) * INTERVAL_NS)
        return true;
    count_suppressed(log, 1);
    return false;
}

static void put_escaped(struct atls_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        uint8_t c = (uint8_t)*text;

        if (c == '"' || c == '\\')
            atls_buf_u8(out, '\\');
        atls_buf_u8(out, c < 0x20 || c >= 0x7f ? '?' : c);
    }
}

void atls_log_text(struct atls_log *log, enum atls_log_level level,
                   const char *format, ...)
{
    static const char *const names[] = {[ATLS_LOG_ERROR] = "error",
                                        [ATLS_LOG_WARNING] = "warning",
                                        [ATLS_LOG_INFO] = "info"};
    ATLS_AUTO_BUF line = atls_buf(MAX_LINE);
    char message[1024], when[32] = "";
    time_t now = time(NULL);
    struct tm broken_down;
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    if (gmtime_r(&now, &broken_down) != NULL)
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &broken_down);
    atls_buf_text(&line, "{\"time\":\"");
    atls_buf_text(&line, when);
    atls_buf_text(&line, "\",\"level\":\"");
    atls_buf_text(&line, names[level]);
    atls_buf_text(&line, "\",\"message\":\"");
    put_escaped(&line, message);
    atls_buf_text(&line, "\"}");
    if (log != NULL && !line.failed)
        put_line(log, &log->sentences_ns, level, atls_buf_view(&line));
}
