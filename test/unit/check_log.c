/* SPDX-License-Identifier: Apache-2.0
 *
 * Log lines from inside somebody else's process.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <jansson.h>

#include "../check_main.h"

enum { MAX_FILE = 4 << 20, BURST = 100 };

static char folder[512], path[520], target[528];
static char content[MAX_FILE];

/* What would have gone to syslog; linked with --wrap. The second is what
 * <syslog.h> calls under _FORTIFY_SOURCE. */
static struct {
    int priority;
    char text[256];
} logged;

void __wrap_syslog(int priority, const char *format, ...) ATLS_PRINTF(2, 3);
void __wrap___syslog_chk(int priority, int flag, const char *format, ...)
    ATLS_PRINTF(3, 4);

void __wrap_syslog(int priority, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(logged.text, sizeof(logged.text), format, args);
    va_end(args);
    logged.priority = priority;
}

void __wrap___syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list args;

    (void)flag;
    va_start(args, format);
    vsnprintf(logged.text, sizeof(logged.text), format, args);
    va_end(args);
    logged.priority = priority;
}

static void make_folder(void)
{
    const char *parent = getenv("TMPDIR");

    snprintf(folder, sizeof(folder), "%s/atls-log-XXXXXX",
             parent != NULL ? parent : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/log", folder);
    snprintf(target, sizeof(target), "file:%s", path);
}

static void remove_folder(void)
{
    unlink(path);
    rmdir(folder);
}

static const char *read_fd(int fd)
{
    size_t len = 0;
    ssize_t got;

    while ((got = read(fd, content + len, sizeof(content) - 1 - len)) > 0)
        len += (size_t)got;
    content[len] = '\0';
    return content;
}

static const char *read_log(void)
{
    int fd = open(path, O_RDONLY);

    ck_assert_int_ge(fd, 0);
    (void)read_fd(fd);
    close(fd);
    return content;
}

static unsigned count_lines(const char *text)
{
    unsigned num = 0;

    for (; *text != '\0'; text++)
        num += *text == '\n';
    return num;
}

static struct atls_log *open_log(const char *where)
{
    struct atls_log *log = NULL;
    struct atls_why why = {0};

    ck_assert_reason(atls_log_open(where, &log, &why), ATLS_OK);
    ck_assert_ptr_nonnull(log);
    return log;
}

static void put_line(struct atls_log *log, const char *line)
{
    atls_log_line(log, ATLS_LOG_INFO, atls_view_text(line));
}

START_TEST(line_is_appended_to_the_file)
{
    struct atls_log *log = open_log(target);

    put_line(log, "{\"a\":1}");
    put_line(log, "two\nlines\x7f");
    put_line(NULL, "nowhere");
    ck_assert_str_eq(read_log(), "{\"a\":1}\ntwo?lines?\n");
    atls_log_free(log);
    log = open_log(target);
    put_line(log, "three");
    ck_assert_str_eq(read_log(), "{\"a\":1}\ntwo?lines?\nthree\n");
    atls_log_free(log);
    atls_log_free(NULL);
}
END_TEST

/* The only descriptor at or above 512 */
static int log_descriptor(void)
{
    int fd = 512;

    while (fd < 1024 && fcntl(fd, F_GETFD) < 0)
        fd++;
    ck_assert_int_lt(fd, 1024);
    return fd;
}

START_TEST(file_has_a_high_descriptor_that_exec_closes)
{
    struct atls_log *log = open_log(target);
    int fd = log_descriptor();
    struct stat status;

    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    ck_assert_int_ne(fcntl(fd, F_GETFL) & O_APPEND, 0);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0137, 0); /* 0640 at most */
    atls_log_free(log);
    ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
}
END_TEST

START_TEST(low_limit_of_descriptors_is_no_error)
{
    struct rlimit limit;
    struct atls_log *log;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 256;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    log = open_log(target);
    put_line(log, "low");
    ck_assert_str_eq(read_log(), "low\n");
    atls_log_free(log);
}
END_TEST

/* A daemon closes every descriptor, and the number is soon somebody else's. */
START_TEST(number_that_became_another_file_is_left_alone)
{
    struct atls_log *log = open_log(target);
    int fd = log_descriptor(), pipes[2];

    ck_assert_int_eq(pipe(pipes), 0);
    ck_assert_int_eq(dup2(pipes[1], fd), fd);
    put_line(log, "not into the pipe");
    ck_assert_str_eq(logged.text, "not into the pipe");
    atls_log_free(log);
    ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
    close(fd);
    close(pipes[1]);
    ck_assert_str_eq(read_fd(pipes[0]), "");
    ck_assert_str_eq(read_log(), "");
}
END_TEST

START_TEST(file_that_lost_its_name_is_still_written)
{
    struct atls_log *log = open_log(target);
    int fd = open(path, O_RDONLY);

    ck_assert_int_eq(unlink(path), 0); /* as chroot() would do */
    put_line(log, "still here");
    ck_assert_str_eq(read_fd(fd), "still here\n");
    close(fd);
    atls_log_free(log);
}
END_TEST

static const struct {
    const char *target;
    enum atls_reason reason;
} targets[] = {
    {"", ATLS_SETTING_INVALID},
    {"Stderr", ATLS_SETTING_INVALID},
    {"stderr ", ATLS_SETTING_INVALID},
    {"file:", ATLS_SETTING_INVALID},
    {"file:relative", ATLS_SETTING_INVALID},
    {"/var/log/atls", ATLS_SETTING_INVALID},
    {"file:/", ATLS_FILE_UNREADABLE},
    {"file:/dev/null/log", ATLS_FILE_UNREADABLE},
    {"file:/nonexistent/folder/log", ATLS_FILE_UNREADABLE},
};

START_TEST(bad_target_is_refused)
{
    struct atls_why why = {0};
    struct atls_log *log;

    ck_assert_reason(atls_log_open(targets[_i].target, &log, &why),
                     targets[_i].reason);
    ck_assert_ptr_null(log);
    ck_assert_ptr_nonnull(strstr(why.text, "log: "));
}
END_TEST

START_TEST(fifo_without_a_reader_is_refused_and_not_waited_for)
{
    struct atls_log *log;

    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_reason(atls_log_open(target, &log, NULL), ATLS_FILE_UNREADABLE);
}
END_TEST

/* The sum of "suppressed" over all lines, and their number */
static unsigned long sum_suppressed(const char *text, unsigned *num_lines)
{
    unsigned long sum = 0;

    for (*num_lines = 0; *text != '\0'; text = strchr(text, '\n') + 1) {
        const char *end = strchr(text, '\n');
        json_t *line = json_loadb(text, (size_t)(end - text), 0, NULL);

        ck_assert_ptr_nonnull(line);
        sum += (unsigned long)json_integer_value(
            json_object_get(line, "suppressed"));
        json_decref(line);
        ++*num_lines;
    }
    return sum;
}

START_TEST(lines_beyond_the_burst_are_counted_in_the_next_one)
{
    struct atls_log *log = open_log(target);
    unsigned long num_sent = 0;
    unsigned num_lines;
    struct stat status;
    off_t size;

    for (; num_sent < BURST; num_sent++)
        put_line(log, "{\"a\":1}");
    ck_assert_uint_eq(count_lines(read_log()), BURST);
    ck_assert_int_eq(stat(path, &status), 0);
    size = status.st_size;
    do { /* until one is let through that tells of others */
        put_line(log, "{\"a\":1}");
        num_sent++;
        ck_assert_int_eq(stat(path, &status), 0);
    } while (status.st_size == size || strstr(read_log(), "supp") == NULL);
    ck_assert_uint_eq(sum_suppressed(read_log(), &num_lines) + num_lines,
                      num_sent);
    atls_log_free(log);
}
END_TEST

START_TEST(line_without_room_is_counted_without_being_composed)
{
    struct atls_log *log = open_log(target);
    unsigned long num_sent = 1, num_suppressed; /* 1: the one that ends this */
    unsigned num_lines;

    ck_assert(!atls_log_has_room(NULL));
    for (; atls_log_has_room(log); num_sent++)
        put_line(log, "{\"a\":1}");
    while (!atls_log_has_room(log))
        num_sent++;
    put_line(log, "{\"a\":1}");
    num_suppressed = sum_suppressed(read_log(), &num_lines);
    ck_assert_uint_ge(num_lines, BURST);
    ck_assert_uint_ge(num_suppressed, 1);
    ck_assert_uint_eq(num_suppressed + num_lines, num_sent + 1);
    atls_log_free(log);
}
END_TEST

START_TEST(crowd_of_lines_pushes_no_sentence_out)
{
    struct atls_log *log = open_log(target);
    unsigned num_lines;

    while (atls_log_has_room(log))
        put_line(log, "{\"a\":1}");
    atls_log_text(log, ATLS_LOG_ERROR, "the policy is gone");
    ck_assert_ptr_nonnull(strstr(read_log(), "the policy is gone"));
    for (unsigned i = 0; i < 2 * BURST; i++)
        atls_log_text(log, ATLS_LOG_ERROR, "a sentence");
    (void)sum_suppressed(read_log(), &num_lines);
    ck_assert_uint_lt(num_lines, 3 * BURST);
    atls_log_free(log);
}
END_TEST

static void *write_many(void *log)
{
    for (unsigned i = 0; i < 400; i++)
        put_line(log, "{\"from\":\"a thread whose line stays whole\"}");
    return NULL;
}

START_TEST(lines_of_threads_and_processes_stay_whole)
{
    struct atls_log *log = open_log(target);
    pthread_t threads[3];
    unsigned num_lines;
    pid_t child = fork();

    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_many, log), 0);
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    if (child == 0)
        _exit(0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    (void)sum_suppressed(read_log(), &num_lines);
    ck_assert_uint_ge(num_lines, 2 * BURST);
    atls_log_free(log);
}
END_TEST

START_TEST(line_of_any_length_is_cut_to_what_a_pipe_takes_whole)
{
    struct atls_log *log = open_log(target);
    char *line = malloc(100000);

    memset(line, 'x', 100000);
    atls_log_line(log, ATLS_LOG_ERROR, atls_view(line, 100000));
    atls_log_line(log, ATLS_LOG_ERROR, atls_view(NULL, 0));
    free(line);
    ck_assert_uint_le(strlen(read_log()), 4096);
    ck_assert_uint_ge(strlen(read_log()), 4000);
    ck_assert_uint_eq(count_lines(read_log()), 2);
    atls_log_free(log);
}
END_TEST

START_TEST(sentence_becomes_a_json_line)
{
    struct atls_log *log = open_log(target);
    json_t *line;

    atls_log_text(log, ATLS_LOG_WARNING, "%s \"%d\" \\ \n\xff", "sentence", 7);
    line = json_loads(read_log(), 0, NULL);
    ck_assert_ptr_nonnull(line);
    ck_assert_str_eq(json_string_value(json_object_get(line, "level")),
                     "warning");
    ck_assert_str_eq(json_string_value(json_object_get(line, "message")),
                     "sentence \"7\" \\ ??");
    ck_assert_uint_eq(json_string_length(json_object_get(line, "time")),
                      strlen("2026-01-01T00:00:00Z"));
    json_decref(line);
    atls_log_free(log);
}
END_TEST

START_TEST(errno_is_left_as_it_was)
{
    struct atls_log *log = open_log(target);

    errno = ENOTTY;
    put_line(log, "line");
    ck_assert_int_eq(errno, ENOTTY);
    atls_log_text(log, ATLS_LOG_INFO, "line");
    ck_assert_int_eq(errno, ENOTTY);
    atls_log_free(log);
}
END_TEST

/* stderr, turned to one end of a pipe; returns the other. */
static int pipe_stderr(void)
{
    int pipes[2];

    ck_assert_int_eq(pipe(pipes), 0);
    ck_assert_int_eq(dup2(pipes[1], STDERR_FILENO), STDERR_FILENO);
    close(pipes[1]);
    return pipes[0];
}

START_TEST(stderr_is_followed_where_the_program_turns_it)
{
    struct atls_log *log = open_log("stderr");
    int fd = pipe_stderr();

    put_line(log, "line");
    close(STDERR_FILENO);
    put_line(log, "nowhere");
    ck_assert_str_eq(read_fd(fd), "line\n");
    atls_log_free(log);
}
END_TEST

START_TEST(full_pipe_is_not_waited_for)
{
    struct atls_log *log = open_log("stderr");
    int fd = pipe_stderr(), flags = fcntl(STDERR_FILENO, F_GETFL);
    static char block[4096];

    ck_assert_int_eq(fcntl(STDERR_FILENO, F_SETFL, flags | O_NONBLOCK), 0);
    while (write(STDERR_FILENO, block, sizeof(block)) > 0)
        ;
    ck_assert_int_eq(fcntl(STDERR_FILENO, F_SETFL, flags), 0);
    put_line(log, "{\"lost\":1}");
    ck_assert_int_eq(read(fd, block, sizeof(block)), sizeof(block));
    put_line(log, "{\"kept\":1}");
    close(STDERR_FILENO);
    while (read(fd, block, sizeof(block)) == sizeof(block))
        ;
    ck_assert_str_eq(block, "{\"kept\":1,\"suppressed\":1}\n");
    atls_log_free(log);
}
END_TEST

START_TEST(reader_that_went_away_raises_no_signal)
{
    struct atls_log *log = open_log("stderr");
    sigset_t pending;

    signal(SIGPIPE, SIG_DFL);
    close(pipe_stderr());
    put_line(log, "line");
    sigpending(&pending);
    ck_assert_int_eq(sigismember(&pending, SIGPIPE), 0);
    atls_log_free(log);
}
END_TEST

START_TEST(socket_that_took_the_number_of_stderr_gets_nothing)
{
    struct atls_log *log = open_log("stderr");
    char byte;
    int pair[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ck_assert_int_eq(dup2(pair[1], STDERR_FILENO), STDERR_FILENO);
    put_line(log, "line");
    ck_assert_int_eq(recv(pair[0], &byte, 1, MSG_DONTWAIT), -1);
    ck_assert_int_eq(errno, EAGAIN);
    atls_log_free(log);
}
END_TEST

START_TEST(socket_that_was_stderr_from_the_start_is_written)
{
    struct atls_log *log;
    char text[16] = "";
    int pair[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ck_assert_int_eq(dup2(pair[1], STDERR_FILENO), STDERR_FILENO);
    log = open_log("stderr");
    put_line(log, "line");
    ck_assert_int_eq(recv(pair[0], text, sizeof(text) - 1, MSG_DONTWAIT), 5);
    ck_assert_str_eq(text, "line\n");
    close(pair[0]);
    put_line(log, "nobody reads");
    atls_log_free(log);
}
END_TEST

START_TEST(syslog_takes_a_line_for_the_authorisation_facility)
{
    struct atls_log *log = open_log("syslog");

    put_line(log, "100 %s\n");
    ck_assert_str_eq(logged.text, "100 %s?");
    ck_assert_int_eq(logged.priority, LOG_AUTH | LOG_INFO);
    atls_log_line(log, ATLS_LOG_WARNING, atls_view_text("two"));
    ck_assert_int_eq(logged.priority, LOG_AUTH | LOG_WARNING);
    atls_log_line(log, ATLS_LOG_ERROR, atls_view_text("three"));
    ck_assert_int_eq(logged.priority, LOG_AUTH | LOG_ERR);
    atls_log_free(log);
}
END_TEST

#define LOOP(test, rows)                                                       \
    tcase_add_loop_test(cases, test, 0, sizeof(rows) / sizeof(rows[0]))

int main(void)
{
    Suite *suite = suite_create("log");
    TCase *cases = tcase_create("log");

    tcase_add_checked_fixture(cases, make_folder, remove_folder);
    tcase_add_test(cases, line_is_appended_to_the_file);
    tcase_add_test(cases, file_has_a_high_descriptor_that_exec_closes);
    tcase_add_test(cases, low_limit_of_descriptors_is_no_error);
    tcase_add_test(cases, number_that_became_another_file_is_left_alone);
    tcase_add_test(cases, file_that_lost_its_name_is_still_written);
    LOOP(bad_target_is_refused, targets);
    tcase_add_test(cases, fifo_without_a_reader_is_refused_and_not_waited_for);
    tcase_add_test(cases, lines_beyond_the_burst_are_counted_in_the_next_one);
    tcase_add_test(cases, line_without_room_is_counted_without_being_composed);
    tcase_add_test(cases, crowd_of_lines_pushes_no_sentence_out);
    tcase_add_test(cases, lines_of_threads_and_processes_stay_whole);
    tcase_add_test(cases, line_of_any_length_is_cut_to_what_a_pipe_takes_whole);
    tcase_add_test(cases, sentence_becomes_a_json_line);
    tcase_add_test(cases, errno_is_left_as_it_was);
    tcase_add_test(cases, stderr_is_followed_where_the_program_turns_it);
    tcase_add_test(cases, full_pipe_is_not_waited_for);
    tcase_add_test(cases, reader_that_went_away_raises_no_signal);
    tcase_add_test(cases, socket_that_took_the_number_of_stderr_gets_nothing);
    tcase_add_test(cases, socket_that_was_stderr_from_the_start_is_written);
    tcase_add_test(cases, syslog_takes_a_line_for_the_authorisation_facility);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
