/* SPDX-License-Identifier: Apache-2.0
 *
 * The first handshake of a process, and the first of further SSL_CTXs: each
 * variant in fresh processes, one after the other, round after round. CPU
 * time of the process.
 */
#include "section.h"

#include <stdlib.h>
#include <string.h>

#include "floor.h"
#include "ours.h"
#include "pki.h"
#include "process.h"
#include "sample.h"

#define NUM_FRESH  5   /* pairs of SSL_CTX in one process */
#define MAX_ROUNDS 200 /* processes of each variant */

enum variant { PLAIN, DUMMY, FLOOR, OURS, NUM_VARIANTS };
static const char *const names[NUM_VARIANTS] = {"plain", "dummy extension",
                                                "floor", "atls"};

static enum variant variant_of(const char *name)
{
    int i = 0;

    while (i < NUM_VARIANTS && strcmp(names[i], name) != 0)
        i++;
    return (enum variant)i;
}

/* prepare: what a process of this variant does once. */
static bool prepare(const struct bench_task *task, enum variant variant,
                    struct bench_floor *floor)
{
    EVP_PKEY *key = variant == FLOOR ? bench_pki_attester(task->folder) : NULL;
    struct bench_wire wire;
    bool is_well = bench_wire_parse(task->arg[1], &wire) &&
                   (variant == FLOOR) == (key != NULL) &&
                   bench_floor_init(floor, &wire, key);

    EVP_PKEY_free(key);
    return is_well && bench_ours_load(task->folder,
                                      variant == OURS ? task->name : "plain");
}

/* one: a new pair of SSL_CTX and one handshake. */
static bool one(const struct bench_task *task, enum variant variant,
                struct bench_floor *floor)
{
    struct bench_pair pair;
    bool has_extension = variant == DUMMY || variant == FLOOR;
    bool is_well = bench_pair_make(task->folder,
                                   strcmp(task->name, "mutual") == 0, &pair) &&
                   (!has_extension || (bench_floor_add(floor, pair.client) &&
                                       bench_floor_add(floor, pair.server))) &&
                   bench_pair_run(&pair, 1, NULL);

    bench_pair_clear(&pair);
    return is_well;
}

static double us_since(uint64_t start)
{
    return (double)(bench_process_ns() - start) / 1000;
}

/* The clock of the process began with it, so that linking counts. */
json_t *bench_cold(const struct bench_task *task)
{
    struct bench_floor *floor = calloc(1, sizeof(*floor));
    enum variant variant = variant_of(task->arg[0]);
    double process_us, fresh_us[NUM_FRESH];
    bool is_well = floor != NULL && variant != NUM_VARIANTS &&
                   prepare(task, variant, floor) && one(task, variant, floor);

    process_us = us_since(0);
    for (int i = 0; i < NUM_FRESH && is_well; i++) {
        uint64_t start = bench_process_ns();

        is_well = one(task, variant, floor);
        fresh_us[i] = us_since(start);
    }
    if (floor != NULL)
        bench_floor_clear(floor);
    free(floor);
    return is_well
               ? json_pack("{s:f,s:f}", "process_us", process_us, "fresh_us",
                           bench_sample_median(fresh_us, NUM_FRESH))
               : NULL;
}

struct rounds {
    double process_us[NUM_VARIANTS][MAX_ROUNDS];
    double fresh_us[NUM_VARIANTS][MAX_ROUNDS];
};

static bool run_one(const char *folder, const char *name, const char *wire,
                    int variant, unsigned round, struct rounds *rounds)
{
    const char *argv[] = {"/proc/self/exe", "cold", folder, name,
                          names[variant],   wire,   NULL};
    json_t *result = bench_process_run(argv);
    bool is_well = result != NULL;

    rounds->process_us[variant][round] =
        json_real_value(json_object_get(result, "process_us"));
    rounds->fresh_us[variant][round] =
        json_real_value(json_object_get(result, "fresh_us"));
    json_decref(result);
    return is_well;
}

static json_t *series_json(const char *what, double series[][MAX_ROUNDS],
                           size_t num)
{
    json_t *us = json_object();
    json_t *ratio = bench_sample_json(
        bench_sample_ratio(series[OURS], series[FLOOR], num), 0);

    for (int i = 0; i < NUM_VARIANTS; i++)
        (void)json_object_set_new(
            us, names[i], json_real(bench_sample_median(series[i], num)));
    return json_pack("{s:s,s:o,s:o}", "what", what, "us", us, "atls_over_floor",
                     ratio);
}

json_t *bench_cold_compare(const char *folder, bool is_mutual, const char *wire,
                           unsigned num_runs)
{
    const char *name = is_mutual ? "mutual" : "one-way";
    struct rounds *rounds = calloc(1, sizeof(*rounds));
    bool is_well = rounds != NULL;
    json_t *out = NULL;

    num_runs = num_runs > MAX_ROUNDS ? MAX_ROUNDS : num_runs;
    for (unsigned i = 0; i < num_runs * NUM_VARIANTS && is_well; i++)
        is_well = run_one(folder, name, wire, (int)(i % NUM_VARIANTS),
                          i / NUM_VARIANTS, rounds);
    if (is_well)
        out = json_pack(
            "[o,o]",
            series_json("fresh process, to the end of its first handshake",
                        rounds->process_us, num_runs),
            series_json("fresh SSL_CTXs and one handshake", rounds->fresh_us,
                        num_runs));
    free(rounds);
    return out;
}
