/* SPDX-License-Identifier: Apache-2.0
 *
 * Starting the processes of a run and reading what they print.
 */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include <jansson.h>

#define BENCH_MAX_ARGS 16

struct bench_process {
    pid_t pid;
    int in, out; /* our ends of its stdin and stdout; -1: closed */
};

/* bench_process_start: argv[0] is a path, or a name for $PATH. */
bool bench_process_start(const char *const *argv,
                         struct bench_process *process);

/* bench_process_end: closes its stdin and waits; false unless it exits 0. */
bool bench_process_end(struct bench_process *process);

/* bench_process_json: its one object, read to the end, and its end. NULL when
 * it failed. */
json_t *bench_process_json(struct bench_process *process);

/* bench_process_run: start, read, end. */
json_t *bench_process_run(const char *const *argv);

/* bench_process_sibling: the path of a program beside this one. */
const char *bench_process_sibling(const char *name, char *text);

#endif
