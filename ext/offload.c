/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads with a stack and a signal mask of our own, and joined.
 */
#include "offload.h"

#include <pthread.h>
#include <signal.h>

#include <openssl/async.h>

struct task {
    void (*run)(void *arg);
    void *arg;
    pthread_t thread;
    bool is_started;
};

static void *run_task(void *arg)
{
    struct task *task = arg;

    task->run(task->arg);
    return NULL;
}

/* The program's signals are for its own threads. */
static void start(struct task *task)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    task->is_started = pthread_create(&task->thread, NULL, run_task, task) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* What the thread works on is on our stack: a program that cancels ours, which
 * waits, must not take that away from it. */
static int hold_cancel(void)
{
    int before;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

static void release_cancel(int before)
{
    pthread_setcancelstate(before, &before);
}

static bool run_on_thread(struct task *task)
{
    int cancel = hold_cancel();

    start(task);
    if (task->is_started)
        pthread_join(task->thread, NULL);
    release_cancel(cancel);
    return task->is_started;
}

bool atls_offload(void (*run)(void *arg), void *arg)
{
    struct task task = {.run = run, .arg = arg};

    if (ASYNC_get_current_job() != NULL)
        return run_on_thread(&task);
    run(arg);
    return true;
}

void atls_offload_all(void (*run)(void *arg), void *const *args,
                      size_t num_args)
{
    struct task tasks[ATLS_OFFLOAD_MAX];
    int cancel = hold_cancel();

    for (size_t i = 1; i < num_args; i++) {
        tasks[i] = (struct task){.run = run, .arg = args[i]};
        start(&tasks[i]);
    }
    run(args[0]);
    for (size_t i = 1; i < num_args; i++)
        if (tasks[i].is_started)
            pthread_join(tasks[i].thread, NULL);
        else
            run(args[i]);
    release_cancel(cancel);
}
