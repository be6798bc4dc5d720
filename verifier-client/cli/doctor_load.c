/* SPDX-License-Identifier: Apache-2.0
 *
 * The proof of the file: a child process loads it. The child is this program
 * again, under the hidden command load-config, so that a module that crashes
 * or hangs takes only the child with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>

#include "cli/command.h"
#include "cli/doctor.h"
#include "cli/output.h"
#include "cli/source.h"

enum { TIMEOUT_MS = 15000 };

static int find_module(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    if (info->dlpi_name == NULL || strstr(info->dlpi_name, "atls_ext") == NULL)
        return 0;
    *(const char **)arg = info->dlpi_name;
    return 1;
}

/* Strict: what libcrypto passes over by default is an error here. */
static bool load(const char *path, json_t *report)
{
    char said[512];
    SSL_CTX *ctx = NULL;
    bool is_loaded = CONF_modules_load_file_ex(NULL, path, NULL,
                                               CONF_MFLAGS_DEFAULT_SECTION) > 0;

    if (is_loaded)
        ctx = SSL_CTX_new(TLS_method());
    if (ctx == NULL) {
        atls_source_said(said, sizeof(said));
        atls_output_set(report, "error", "%s", said);
    }
    SSL_CTX_free(ctx);
    return ctx != NULL;
}

int atls_command_load(int argc, char **argv)
{
    ATLS_AUTO(json_t) *report = json_object();
    const char *module = NULL;
    bool is_loaded;

    if (argc != 2)
        return ATLS_EXIT_USAGE;
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    is_loaded = load(argv[1], report);
    dl_iterate_phdr(find_module, &module);
    atls_output_add(report, "is_loaded", json_boolean(is_loaded));
    atls_output_add(report, "has_default",
                    json_boolean(OSSL_PROVIDER_available(NULL, "default")));
    atls_output_add(report, "has_atls",
                    json_boolean(OSSL_PROVIDER_available(NULL, "atls")));
    if (module != NULL)
        atls_output_set(report, "module", "%s", module);
    return atls_output_print(report, true, ATLS_EXIT_YES);
}

/* The child's: quiet, its report into the pipe. */
static void become(const char *path, int out)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    char self[] = "/proc/self/exe", name[] = "atls", command[] = "load-config";
    char *copy = strdup(path);
    char *argv[] = {name, command, copy, NULL};

    dup2(null, STDIN_FILENO);
    dup2(null, STDERR_FILENO);
    dup2(out, STDOUT_FILENO);
    if (copy != NULL)
        execv(self, argv);
    _exit(127);
}

static bool read_report(int fd, struct atls_buf *out)
{
    struct pollfd item = {.fd = fd, .events = POLLIN};
    uint8_t chunk[1024];
    ssize_t len;

    for (;;) {
        if (poll(&item, 1, TIMEOUT_MS) <= 0)
            return false;
        len = read(fd, chunk, sizeof(chunk));
        if (len < 0)
            return false;
        if (len == 0)
            return !out->failed;
        atls_buf_put(out, atls_view(chunk, (size_t)len));
    }
}

/* true: it ended by itself and said something. */
static bool run_child(const char *path, struct atls_buf *out)
{
    int ends[2], status = 0;
    bool is_read;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    pid = fork();
    if (pid == 0)
        become(path, ends[1]);
    close(ends[1]);
    is_read = pid > 0 && read_report(ends[0], out);
    close(ends[0]);
    if (pid > 0 && !is_read)
        kill(pid, SIGKILL);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return is_read && WIFEXITED(status) && out->len > 0;
}

static bool is_true(json_t *report, const char *name)
{
    return json_is_true(json_object_get(report, name));
}

void atls_doctor_load(const char *path, struct atls_findings *findings)
{
    ATLS_AUTO_BUF text = atls_buf(1 << 16);
    ATLS_AUTO(json_t) *report = NULL;
    const char *error;

    if (run_child(path, &text))
        report =
            atls_json_parse(atls_buf_view(&text), ATLS_HOST_CONFLICT, NULL);
    error = json_string_value(json_object_get(report, "error"));
    if (report == NULL)
        atls_finding(findings, ATLS_LEVEL_FAIL, "loading",
                     "a program that loads this file crashes or hangs: report "
                     "it, with the file");
    else if (!is_true(report, "is_loaded"))
        atls_finding(findings, ATLS_LEVEL_FAIL, "loading",
                     "a program that loads this file is told: %s",
                     error != NULL ? error : "nothing");
    else if (json_object_get(report, "module") == NULL)
        atls_finding(findings, ATLS_LEVEL_FAIL, "loading",
                     "the file loads, and atls_ext.so is not in the process: "
                     "correct path in its section");
    else
        atls_finding(findings, ATLS_LEVEL_OK, "loading",
                     "a program loads this file, and has atls_ext.so");
    if (report != NULL && is_true(report, "is_loaded") &&
        !is_true(report, "has_default"))
        atls_finding(findings, ATLS_LEVEL_FAIL, "loading",
                     "the default provider is not there: activate it");
}
