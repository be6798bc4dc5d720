/* SPDX-License-Identifier: Apache-2.0
 *
 * What the module adds to the start of a process: the program beside this one
 * makes one SSL_CTX and ends, with the module in openssl.cnf and without it,
 * in turns.
 */
#include "section.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "pki.h"
#include "process.h"
#include "sample.h"

#define MAX_RUNS 2000

enum { PLAIN, IDLE, CLIENT, ATTESTER, NUM_CASES };
static const char *const setups[NUM_CASES] = {"plain", "idle", "client",
                                              "attester"};

static double children_us(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_CHILDREN, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static double wall_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

struct runs {
    double cpu_us[NUM_CASES][MAX_RUNS];
    double wall_us[NUM_CASES][MAX_RUNS];
    double memory_kib[NUM_CASES][MAX_RUNS];
};

static bool run_one(const char *folder, int i, unsigned run, struct runs *runs)
{
    char path[BENCH_PATH], file[32], program[BENCH_PATH];
    const char *argv[] = {bench_process_sibling("start", program), NULL};
    double cpu = children_us(), wall = wall_us();
    json_t *said;

    (void)snprintf(file, sizeof(file), "%s.cnf", setups[i]);
    if (setenv("OPENSSL_CONF", bench_pki_path(folder, file, path), 1) != 0)
        return false;
    said = bench_process_run(argv);
    runs->wall_us[i][run] = wall_us() - wall;
    runs->cpu_us[i][run] = children_us() - cpu;
    runs->memory_kib[i][run] =
        (double)json_integer_value(json_object_get(said, "private_kib"));
    json_decref(said);
    return said != NULL;
}

static json_t *case_json(const struct runs *runs, int i, size_t num)
{
    struct bench_interval cpu =
        bench_sample_difference(runs->cpu_us[i], runs->cpu_us[PLAIN], num);
    struct bench_interval wall =
        bench_sample_difference(runs->wall_us[i], runs->wall_us[PLAIN], num);
    struct bench_interval memory = bench_sample_difference(
        runs->memory_kib[i], runs->memory_kib[PLAIN], num);

    return json_pack("{s:s,s:o,s:o,s:o}", "name", setups[i], "cpu_us",
                     bench_sample_json(cpu, 1000), "wall_us",
                     bench_sample_json(wall, 1000), "private_kib",
                     bench_sample_json(memory, 1024));
}

static json_t *runs_json(const struct runs *runs, size_t num)
{
    return json_pack(
        "{s:i,s:f,s:f,s:[o,o,o]}", "runs", (int)num, "plain_cpu_us",
        bench_sample_median(runs->cpu_us[PLAIN], num), "plain_wall_us",
        bench_sample_median(runs->wall_us[PLAIN], num), "added",
        case_json(runs, IDLE, num), case_json(runs, CLIENT, num),
        case_json(runs, ATTESTER, num));
}

json_t *bench_start(const char *folder, unsigned num_runs)
{
    struct runs *runs = calloc(1, sizeof(*runs));
    bool is_well = runs != NULL;
    json_t *out = NULL;

    num_runs = num_runs > MAX_RUNS ? MAX_RUNS : num_runs;
    for (unsigned i = 0; i < num_runs * NUM_CASES && is_well; i++)
        is_well = run_one(folder, (int)(i % NUM_CASES), i / NUM_CASES, runs);
    if (is_well)
        out = runs_json(runs, num_runs);
    (void)unsetenv("OPENSSL_CONF");
    free(runs);
    return out;
}
