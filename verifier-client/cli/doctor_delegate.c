/* SPDX-License-Identifier: Apache-2.0
 *
 * Delegates are in the memory of the processes that made them; what is known of
 * them is what those wrote into the log.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "duration.h"

enum { TAIL = 1 << 18, MAX_SHOWN = 8, KEY_DIGITS = 8 };

/* The last line about one TLS key and scheme. */
struct shown {
    json_t *line; /* owned */
};

struct delegates {
    struct shown shown[MAX_SHOWN];
    size_t num;
};

static const char *text_of(const json_t *line, const char *key)
{
    const char *text = json_string_value(json_object_get(line, key));

    return text != NULL ? text : "";
}

static bool is_same(const json_t *a, const json_t *b)
{
    return strcmp(text_of(a, "tls_key"), text_of(b, "tls_key")) == 0 &&
           strcmp(text_of(a, "own_scheme"), text_of(b, "own_scheme")) == 0;
}

static void keep(struct delegates *delegates, json_t *line)
{
    size_t i = 0;

    while (i < delegates->num && !is_same(delegates->shown[i].line, line))
        i++;
    if (i == MAX_SHOWN)
        return;
    if (i == delegates->num)
        delegates->num++;
    else
        json_decref(delegates->shown[i].line);
    delegates->shown[i].line = json_incref(line);
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

static void report_failure(const json_t *line, long long age, long long left,
                           struct atls_findings *findings)
{
    atls_finding(
        findings, left > 0 ? ATLS_LEVEL_WARN : ATLS_LEVEL_FAIL, "delegate",
        "could not be made for TLS key %.*s %lld s ago: %s: %s; %s", KEY_DIGITS,
        text_of(line, "tls_key"), age, text_of(line, "reason"),
        text_of(line, "text"),
        left > 0 ? "the one before it still serves" : "none was left to serve");
}

static void report(const json_t *line, struct atls_findings *findings)
{
    long long age = -seconds_until(text_of(line, "time"));
    long long left = seconds_until(text_of(line, "expires"));

    if (strcmp(text_of(line, "outcome"), "failed") == 0)
        report_failure(line, age, left, findings);
    else if (left > 0)
        atls_finding(findings, ATLS_LEVEL_OK, "delegate",
                     "for TLS key %.*s: %lld s old, expires in %lld s, %s",
                     KEY_DIGITS, text_of(line, "tls_key"), age, left,
                     text_of(line, "own_scheme"));
    else
        atls_finding(findings, ATLS_LEVEL_NOTE, "delegate",
                     "for TLS key %.*s: %lld s old, expired %lld s ago; the "
                     "next handshake that wants it makes another",
                     KEY_DIGITS, text_of(line, "tls_key"), age, -left);
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
    if (delegates.num == 0)
        atls_finding(findings, ATLS_LEVEL_NOTE, "delegate",
                     "none is told of in %s: the first handshake that wants "
                     "one makes it",
                     path);
    for (size_t i = 0; i < delegates.num; i++) {
        report(delegates.shown[i].line, findings);
        json_decref(delegates.shown[i].line);
    }
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
