/* SPDX-License-Identifier: Apache-2.0
 *
 * Delegates are in the memory of the processes that made them; what is known of
 * them is what those wrote into the log.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "duration.h"

enum { TAIL = 1 << 18, MAX_SHOWN = 64, KEY_DIGITS = 8 };

/* The last line about one TLS key and scheme of one process, and of these the
 * last ones. */
struct delegates {
    json_t *lines[MAX_SHOWN]; /* owned */
    size_t num;
};

static const char *text_of(const json_t *line, const char *key)
{
    const char *text = json_string_value(json_object_get(line, key));

    return text != NULL ? text : "";
}

/* 0: it does not say, as lines of before do not. */
static long long pid_of(const json_t *line)
{
    return json_integer_value(json_object_get(line, "pid"));
}

static bool is_same(const json_t *a, const json_t *b)
{
    return pid_of(a) == pid_of(b) &&
           strcmp(text_of(a, "tls_key"), text_of(b, "tls_key")) == 0 &&
           strcmp(text_of(a, "own_scheme"), text_of(b, "own_scheme")) == 0;
}

static void drop(struct delegates *delegates, size_t i)
{
    json_decref(delegates->lines[i]);
    delegates->num--;
    memmove(&delegates->lines[i], &delegates->lines[i + 1],
            (delegates->num - i) * sizeof(delegates->lines[0]));
}

static void keep(struct delegates *delegates, json_t *line)
{
    size_t i = 0;

    while (i < delegates->num && !is_same(delegates->lines[i], line))
        i++;
    if (i < delegates->num)
        drop(delegates, i);
    if (delegates->num == MAX_SHOWN)
        drop(delegates, 0);
    delegates->lines[delegates->num++] = json_incref(line);
}

static void take_line(struct delegates *delegates, struct atls_view text)
{
    ATLS_AUTO(json_t) *line = atls_json_parse(text, ATLS_POLICY_INVALID, NULL);

    if (line != NULL && strcmp(text_of(line, "event"), "delegate") == 0)
        keep(delegates, line);
}

static void take_lines(struct delegates *delegates, struct atls_view text)
{
    while (text.len > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.data);

        take_line(delegates, atls_view(text.data, len));
        len += end != NULL;
        text = atls_view(text.data + len, text.len - len);
    }
}

/* The end of a log, which may be long. */
static bool read_tail(const char *path, struct atls_buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    ssize_t len = -1;
    uint8_t *room;

    if (fd < 0)
        return false;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        off_t from = status.st_size > TAIL ? status.st_size - TAIL : 0;

        room = atls_buf_room(out, TAIL);
        len = room == NULL ? -1 : pread(fd, room, TAIL, from);
        out->len = len < 0 ? 0 : (size_t)len;
    }
    close(fd);
    return len >= 0;
}

static long long seconds_until(const char *when)
{
    struct tm parts = {0};

    if (strptime(when, "%Y-%m-%dT%H:%M:%SZ", &parts) == NULL)
        return 0;
    return (long long)(timegm(&parts) - time(NULL));
}

/* Of which process, for people. */
static void put_key(const json_t *line, char *text, size_t size)
{
    int len = snprintf(text, size, "for TLS key %.*s", KEY_DIGITS,
                       text_of(line, "tls_key"));

    if (len > 0 && (size_t)len < size && pid_of(line) > 0)
        snprintf(text + len, size - (size_t)len, " (pid %lld)", pid_of(line));
}

static void report_failure(const json_t *line, const char *key, long long age,
                           long long left, struct atls_findings *findings)
{
    atls_finding(findings, left > 0 ? ATLS_LEVEL_WARN : ATLS_LEVEL_FAIL,
                 "delegate", "could not be made %s %lld s ago: %s: %s; %s", key,
                 age, text_of(line, "reason"), text_of(line, "text"),
                 left > 0 ? "the one before it still serves"
                          : "none was left to serve");
}

static void report(const json_t *line, struct atls_findings *findings)
{
    long long age = -seconds_until(text_of(line, "time"));
    long long left = seconds_until(text_of(line, "expires"));
    char key[64];

    put_key(line, key, sizeof(key));
    if (strcmp(text_of(line, "outcome"), "failed") == 0)
        report_failure(line, key, age, left, findings);
    else if (left > 0)
        atls_finding(findings, ATLS_LEVEL_OK, "delegate",
                     "%s: %lld s old, expires in %lld s, %s", key, age, left,
                     text_of(line, "own_scheme"));
    else
        atls_finding(findings, ATLS_LEVEL_NOTE, "delegate",
                     "%s: %lld s old, expired %lld s ago; the next handshake "
                     "that wants it makes another",
                     key, age, -left);
}

/* What it had went with it, the failures as well. */
static bool is_gone(const json_t *line)
{
    long long pid = pid_of(line);

    return pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

static void report_all(struct delegates *delegates, const char *path,
                       struct atls_findings *findings)
{
    size_t num_gone = 0;

    if (delegates->num == 0)
        atls_finding(findings, ATLS_LEVEL_NOTE, "delegate",
                     "none is told of in %s: the first handshake that wants "
                     "one makes it",
                     path);
    for (size_t i = 0; i < delegates->num; i++)
        if (is_gone(delegates->lines[i]))
            num_gone++;
        else
            report(delegates->lines[i], findings);
    if (num_gone > 0)
        atls_finding(findings, ATLS_LEVEL_NOTE, "delegate",
                     "%zu that %s tells of went with their processes, which "
                     "are not there (where doctor runs) any more",
                     num_gone, path);
}

static void look_into(const char *path, struct atls_findings *findings)
{
    ATLS_AUTO_BUF text = atls_buf(TAIL);
    struct delegates delegates = {.num = 0};

    if (!read_tail(path, &text)) {
        atls_finding(findings, ATLS_LEVEL_NOTE, "delegate",
                     "%s cannot be read: there its age is told", path);
        return;
    }
    take_lines(&delegates, atls_buf_view(&text));
    report_all(&delegates, path, findings);
    while (delegates.num > 0)
        drop(&delegates, delegates.num - 1);
}

void atls_doctor_delegate(const struct atls_cnf *cnf,
                          struct atls_findings *findings)
{
    const char *life = atls_cnf_get(cnf, cnf->module, "delegate");
    const char *passport = atls_cnf_get(cnf, cnf->module, "passport");
    const char *log = atls_cnf_get(cnf, cnf->module, "log");
    int64_t seconds = 0;
    bool is_on =
        life != NULL && atls_duration_parse(life, &seconds) && seconds > 0;

    if (!is_on && (passport == NULL || *passport == '\0'))
        return;
    if (log != NULL && strncmp(log, "file:/", 6) == 0)
        look_into(log + 5, findings);
    else
        atls_finding(findings, ATLS_LEVEL_NOTE, "delegate",
                     "its age is told in the log (event delegate), which is "
                     "%s",
                     log == NULL ? "syslog" : log);
}
