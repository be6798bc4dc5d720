/* SPDX-License-Identifier: Apache-2.0
 *
 * A stack of our own when the caller's is too small.
 */
#include "offload.h"

#include <pthread.h>
#include <signal.h>

#include <openssl/async.h>

struct task {
    void (*run)(void *arg);
    void *arg;
};

static void *run_task(void *arg)
{
    struct task *task = arg;

    task->run(task->arg);
    return NULL;
}

/* The program's signals are for its own threads. */
static bool run_on_thread(struct task *task)
{
    sigset_t all, before;
    pthread_t thread;
    int failed;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&thread, NULL, run_task, task);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0 && pthread_join(thread, NULL) == 0;
}

bool atls_offload(void (*run)(void *arg), void *arg)
{
    struct task task = {run, arg};

    if (ASYNC_get_current_job() != NULL)
        return run_on_thread(&task);
    run(arg);
    return true;
}
