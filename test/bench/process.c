/* SPDX-License-Identifier: Apache-2.0
 *
 * posix_spawn with two pipes.
 */
#define _GNU_SOURCE
#include <stdbool.h>

#include "process.h"

#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pki.h"

extern char **environ;

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static bool spawn(const char *const *argv, int in, int out, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    bool is_well;

    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    is_well = posix_spawnp(pid, argv[0], &actions, NULL,
                           (char **)(uintptr_t)argv, environ) == 0;
    (void)posix_spawn_file_actions_destroy(&actions);
    return is_well;
}

bool bench_process_start(const char *const *argv, struct bench_process *process)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    bool is_well = pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 &&
                   spawn(argv, in[0], out[1], &process->pid);

    close_fd(&in[0]);
    close_fd(&out[1]);
    process->in = in[1];
    process->out = out[0];
    if (is_well)
        return true;
    fprintf(stderr, "bench: %s does not start\n", argv[0]);
    close_fd(&process->in);
    close_fd(&process->out);
    process->pid = 0;
    return false;
}

bool bench_process_end(struct bench_process *process)
{
    int status = 0;

    close_fd(&process->in);
    close_fd(&process->out);
    return process->pid > 0 && waitpid(process->pid, &status, 0) > 0 &&
           WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

json_t *bench_process_json(struct bench_process *process)
{
    json_t *result = json_loadfd(process->out, JSON_DISABLE_EOF_CHECK, NULL);

    if (bench_process_end(process))
        return result;
    json_decref(result);
    return NULL;
}

json_t *bench_process_run(const char *const *argv)
{
    struct bench_process process;

    return bench_process_start(argv, &process) ? bench_process_json(&process)
                                               : NULL;
}

const char *bench_process_sibling(const char *name, char *text)
{
    char self[BENCH_PATH];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

    self[len > 0 ? len : 0] = '\0';
    char *slash = strrchr(self, '/');

    if (slash != NULL)
        *slash = '\0';
    return bench_pki_path(self, name, text);
}
