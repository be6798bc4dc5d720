/* SPDX-License-Identifier: Apache-2.0
 *
 * A thread for one job. It is joined when it is done in time, so that nothing
 * of it is left; else it is detached and frees what it has when it gets there.
 * A child of fork has neither thread nor count.
 */
#include "config.h" /* pthread_cond_clockwait */

#include "provider/task.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#define STACK_BYTES (256 * 1024)

struct running {
    const struct atls_task *task;
    void *job;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_done, is_abandoned;
};

static struct {
    atomic_int pid; /* whose count it is */
    atomic_uint num;
} hung;

static void running_free(struct running *running)
{
    pthread_cond_destroy(&running->changed);
    pthread_mutex_destroy(&running->mutex);
    free(running);
}

static void *run(void *arg)
{
    struct running *running = arg;
    bool is_abandoned;

    running->task->run(running->job);
    pthread_mutex_lock(&running->mutex);
    running->is_done = true;
    is_abandoned = running->is_abandoned;
    pthread_cond_signal(&running->changed);
    pthread_mutex_unlock(&running->mutex);
    if (is_abandoned) {
        running->task->free(running->job);
        running_free(running);
        atomic_fetch_sub(&hung.num, 1);
    }
    return NULL;
}

static struct running *running_new(const struct atls_task *task, void *job)
{
    struct running *running = calloc(1, sizeof(*running));

    if (running == NULL)
        return NULL;
    running->task = task;
    running->job = job;
    pthread_mutex_init(&running->mutex, NULL);
    pthread_cond_init(&running->changed, NULL);
    return running;
}

/* The program's signals are for its own threads. */
static bool start(struct running *running, pthread_t *thread)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    bool is_good;

    if (pthread_attr_init(&attributes) != 0)
        return false;
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    is_good = pthread_create(thread, &attributes, run, running) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return is_good;
}

/* The thread's code must stay where it is, even if the program unloads us. */
static void stay_mapped(void)
{
    Dl_info self;

    if (dladdr(&hung, &self) != 0)
        (void)dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

static bool wait_or_abandon(struct running *running, pthread_t thread,
                            atls_deadline deadline)
{
    struct timespec until = {.tv_sec = (time_t)(deadline / 1000),
                             .tv_nsec = (long)(deadline % 1000) * 1000000};
    int failed = 0;
    bool is_done;

    pthread_mutex_lock(&running->mutex);
    while (!running->is_done && failed == 0)
        failed = pthread_cond_clockwait(&running->changed, &running->mutex,
                                        CLOCK_MONOTONIC, &until);
    is_done = running->is_done;
    if (!is_done) {
        stay_mapped();
        running->is_abandoned = true;
        atomic_fetch_add(&hung.num, 1);
        pthread_detach(thread);
    }
    pthread_mutex_unlock(&running->mutex);
    return is_done;
}

static bool too_many_hang(void)
{
    int pid = getpid();

    if (atomic_exchange(&hung.pid, pid) != pid)
        atomic_store(&hung.num, 0);
    return atomic_load(&hung.num) >= ATLS_TASK_MAX_HUNG;
}

enum atls_reason atls_task_run(const struct atls_task *task, void **job,
                               atls_deadline deadline, struct atls_why *why)
{
    struct running *running;
    pthread_t thread;

    if (too_many_hang())
        return atls_why(why, ATLS_ATTESTER_BUSY,
                        "%d quotes hang in the kernel; see its log",
                        ATLS_TASK_MAX_HUNG);
    running = running_new(task, *job);
    if (running == NULL || !start(running, &thread)) {
        if (running != NULL)
            running_free(running);
        return atls_why(why, ATLS_OUT_OF_MEMORY, "no thread for the quote");
    }
    if (!wait_or_abandon(running, thread, deadline)) {
        *job = NULL;
        return atls_why(why, ATLS_ATTESTER_TIMEOUT,
                        "no quote before the deadline; see the kernel's log "
                        "or give it more time");
    }
    pthread_join(thread, NULL);
    running_free(running);
    return ATLS_OK;
}
