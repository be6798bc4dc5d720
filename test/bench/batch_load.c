/* SPDX-License-Identifier: Apache-2.0
 *
 * Handshakes that wait for an attester side by side, each in a thread of its
 * own with both its ends: all at once, block after block, or arriving at a
 * fixed rate whatever becomes of those before (open loop). Latency counts from
 * when a handshake should have begun.
 */
#include "section.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <openssl/err.h>

#include "batch.h"
#include "beside.h"
#include "ours.h"
#include "sample.h"

#define MAX_BLOCKS 100
#define MAX_EACH   65536 /* handshakes of a run */
#define STACK      (256 * 1024)

struct run {
    struct bench_pair pair;
    unsigned num;  /* handshakes of a block */
    double gap_ms; /* between their beginnings */
    size_t num_blocks;
    double rate[MAX_BLOCKS], cpu_us[MAX_BLOCKS];
    size_t num_all;
    double *ms; /* latencies of all */

    /* of the block that runs */
    pthread_barrier_t barrier;
    unsigned num_threads;
    double start_ms;
    atomic_bool has_failed;
};

struct worker {
    struct run *run;
    unsigned index;
    pthread_t thread;
};

static void shake(struct run *run, unsigned i)
{
    double intended_ms = run->start_ms + run->gap_ms * i;

    if (run->gap_ms > 0)
        bench_beside_sleep_until(intended_ms);
    if (!bench_pair_run(&run->pair, 1, NULL) &&
        !atomic_exchange(&run->has_failed, true))
        ERR_print_errors_fp(stderr);
    run->ms[run->num_all + i] = bench_beside_now_ms() - intended_ms;
}

static void *work(void *arg)
{
    struct worker *worker = arg;
    struct run *run = worker->run;

    pthread_barrier_wait(&run->barrier); /* all are there */
    pthread_barrier_wait(&run->barrier); /* the clock was read */
    for (unsigned i = worker->index; i < run->num; i += run->num_threads)
        shake(run, i);
    return NULL;
}

static bool start(struct run *run, struct worker *workers)
{
    pthread_attr_t small;
    bool is_well = pthread_attr_init(&small) == 0 &&
                   pthread_attr_setstacksize(&small, STACK) == 0;

    for (unsigned i = 0; i < run->num_threads; i++) {
        workers[i] = (struct worker){.run = run, .index = i};
        is_well = is_well && pthread_create(&workers[i].thread, &small, work,
                                            &workers[i]) == 0;
    }
    (void)pthread_attr_destroy(&small);
    return is_well;
}

/* Without its threads the barrier opens to nobody: then the process ends. */
static void run_threads(struct run *run, struct worker *workers)
{
    if (!start(run, workers)) {
        fprintf(stderr, "bench: %u threads do not start\n", run->num_threads);
        exit(1);
    }
    pthread_barrier_wait(&run->barrier);
    run->start_ms = bench_beside_now_ms();
    pthread_barrier_wait(&run->barrier);
    for (unsigned i = 0; i < run->num_threads; i++)
        (void)pthread_join(workers[i].thread, NULL);
}

static bool run_block(struct run *run)
{
    static struct worker workers[BENCH_BATCH_WAITING];
    uint64_t cpu_ns = bench_process_ns();
    double end_ms;

    run->num_threads =
        run->num < BENCH_BATCH_WAITING ? run->num : BENCH_BATCH_WAITING;
    if (pthread_barrier_init(&run->barrier, NULL, run->num_threads + 1) != 0)
        return false;
    run_threads(run, workers);
    end_ms = bench_beside_now_ms();
    (void)pthread_barrier_destroy(&run->barrier);
    run->rate[run->num_blocks] = run->num * 1000.0 / (end_ms - run->start_ms);
    run->cpu_us[run->num_blocks++] =
        (double)(bench_process_ns() - cpu_ns) / 1000 / run->num;
    run->num_all += run->num;
    return !run->has_failed;
}

static bool run_blocks(struct run *run, size_t num_blocks)
{
    bool is_well = true;

    while (run->num_blocks < num_blocks && is_well)
        is_well = run_block(run);
    return is_well;
}

static json_t *run_json(const struct run *run)
{
    return json_pack(
        "{s:i,s:i,s:o,s:o,s:o,s:f,s:f}", "at_once", (int)run->num_threads,
        "num", (int)run->num_all, "per_s",
        bench_sample_json(bench_sample_interval(run->rate, run->num_blocks), 0),
        "p50_ms",
        bench_sample_json(bench_sample_interval(run->ms, run->num_all), 0),
        "p99_ms",
        bench_sample_json(bench_sample_tail(run->ms, run->num_all, 0.99), 0),
        "max_ms", bench_sample_quantile(run->ms, run->num_all, 1), "cpu_us",
        bench_sample_median(run->cpu_us, run->num_blocks));
}

/* Each request that waits has descriptors. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* One before: the broker is connected and what is lazy is made. */
static bool warm_up(struct run *run, const char *folder)
{
    return bench_pair_make(folder, false, &run->pair) &&
           bench_pair_run(&run->pair, 1, NULL);
}

static bool plan(struct run *run, const struct bench_task *task)
{
    bool arrives = strcmp(task->arg[0], "arrivals") == 0;
    unsigned num = (unsigned)atoi(task->arg[1]);
    unsigned times = (unsigned)atoi(task->arg[2]); /* blocks, or seconds */

    if (num < 1 || times < 1 || times > MAX_BLOCKS || num * times > MAX_EACH)
        return false;
    run->num = arrives ? num * times : num;
    run->gap_ms = arrives ? 1000.0 / num : 0;
    run->ms = calloc((size_t)num * times, sizeof(*run->ms));
    return run->ms != NULL;
}

json_t *bench_batch_load(const struct bench_task *task)
{
    static struct run run;
    bool arrives = strcmp(task->arg[0], "arrivals") == 0;
    struct bench_deeds deeds = {1, 0, false};
    json_t *out = NULL;
    bool is_well;

    raise_limit();
    is_well = plan(&run, task) && bench_ours_load(task->folder, task->name) &&
              warm_up(&run, task->folder) &&
              run_blocks(&run, arrives ? 1 : (size_t)atoi(task->arg[2]));
    deeds.num_attested += (unsigned)run.num_all;
    if (is_well &&
        bench_ours_check(task->folder, task->name, &run.pair, &deeds))
        out = run_json(&run);
    bench_pair_clear(&run.pair);
    free(run.ms);
    return out;
}
