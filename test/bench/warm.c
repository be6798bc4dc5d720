/* SPDX-License-Identifier: Apache-2.0
 *
 * Handshakes over SSL_CTXs that have done some before: round-robin blocks of
 * every variant, their order rotated and turned round, CPU time of this
 * process, ratios of blocks of the same round.
 */
#define _GNU_SOURCE
#include "section.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "floor.h"
#include "ours.h"
#include "pki.h"
#include "sample.h"

#define BLOCK      20 /* handshakes */
#define NUM_PROBES 3  /* handshakes that are looked at before the run */

enum variant { PLAIN, AGAIN, DUMMY, FLOOR, OURS, NUM_VARIANTS };
static const char *const names[NUM_VARIANTS] = {
    "plain", "plain again", "dummy extension", "floor", "atls"};

struct series {
    double *total_us, *client_us, *server_us; /* a handshake, by round */
    double sent;                              /* bytes a handshake, mean */
};

struct run {
    const char *folder, *name;
    bool is_mutual, is_attested;
    unsigned num_rounds;
    struct bench_deeds deeds;
    bool has[NUM_VARIANTS];
    struct bench_pair pair[NUM_VARIANTS];
    struct series series[NUM_VARIANTS];
    struct bench_floor dummy, floor;
    struct bench_wire wire;
};

static bool probe_once(struct run *run, struct bench_wire *wire)
{
    struct bench_link link;
    bool is_well = bench_link_open(&run->pair[OURS], &link);

    bench_wire_init(wire);
    if (is_well) {
        bench_wire_watch(link.client, wire);
        bench_wire_watch(link.server, wire);
        is_well = bench_link_run(&link, NULL);
    }
    bench_link_close(&link);
    run->deeds.num_attested++;
    return is_well;
}

/* Evidence of two connections is never the same, and always as long. */
static bool probe(struct run *run)
{
    struct bench_wire next;

    if (!probe_once(run, &run->wire))
        return false;
    for (int i = 1; i < NUM_PROBES; i++) {
        if (!probe_once(run, &next) ||
            memcmp(next.len, run->wire.len, sizeof(next.len)) != 0 ||
            (run->is_attested && memcmp(next.evidence, run->wire.evidence,
                                        sizeof(next.evidence)) == 0)) {
            fprintf(stderr, "bench: Evidence repeats or changes its size\n");
            return false;
        }
        run->wire = next;
    }
    return run->is_attested == (run->wire.len[BENCH_SERVER_CERTIFICATE] >= 0);
}

/* A server without the module must be refused, or nothing here was checked. */
static bool refuses_plain(struct run *run)
{
    struct bench_pair mixed = {run->pair[OURS].client, run->pair[PLAIN].server,
                               BENCH_HOST};

    if (!run->is_attested)
        return true;
    run->deeds.num_refused++;
    if (!bench_pair_run(&mixed, 1, NULL))
        return true;
    fprintf(stderr, "bench: a server without Evidence was accepted\n");
    return false;
}

static bool make_pairs(struct run *run)
{
    for (int i = 0; i < NUM_VARIANTS; i++) {
        if (i == OURS && !bench_ours_load(run->folder, run->name))
            return false;
        if (!bench_pair_make(run->folder, run->is_mutual, &run->pair[i]))
            return false;
        run->has[i] = run->is_attested || (i != DUMMY && i != FLOOR);
    }
    return probe(run) && refuses_plain(run);
}

static bool equip(struct bench_floor *floor, const struct bench_wire *wire,
                  EVP_PKEY *key, struct bench_pair *pair)
{
    return bench_floor_init(floor, wire, key) &&
           bench_floor_add(floor, pair->client) &&
           bench_floor_add(floor, pair->server);
}

/* The sizes are known only now; extensions may still join SSL_CTXs that have
 * made no connection. */
static bool equip_comparators(struct run *run)
{
    EVP_PKEY *key = bench_pki_attester(run->folder);
    bool is_well = !run->is_attested ||
                   (key != NULL &&
                    equip(&run->dummy, &run->wire, NULL, &run->pair[DUMMY]) &&
                    equip(&run->floor, &run->wire, key, &run->pair[FLOOR]));

    EVP_PKEY_free(key);
    return is_well;
}

static bool run_block(struct run *run, int variant, unsigned round)
{
    struct series *series = &run->series[variant];
    struct bench_cost cost = {0};
    uint64_t start = bench_process_ns();

    if (!bench_pair_run(&run->pair[variant], BLOCK, &cost)) {
        fprintf(stderr, "bench: a handshake failed (%s)\n", names[variant]);
        return false;
    }
    series->total_us[round] =
        (double)(bench_process_ns() - start) / 1000 / BLOCK;
    series->client_us[round] = (double)cost.client_ns / 1000 / BLOCK;
    series->server_us[round] = (double)cost.server_ns / 1000 / BLOCK;
    series->sent = (double)(cost.client_len + cost.server_len) / BLOCK;
    if (variant == OURS)
        run->deeds.num_attested += BLOCK;
    return true;
}

static bool run_round(struct run *run, unsigned round, unsigned slot)
{
    for (unsigned i = 0; i < NUM_VARIANTS; i++) {
        unsigned step = slot % 2 == 0 ? i : NUM_VARIANTS - 1 - i;
        int variant = (int)((step + slot / 2) % NUM_VARIANTS);

        if (run->has[variant] && !run_block(run, variant, round))
            return false;
    }
    return true;
}

static bool allot(struct run *run)
{
    for (int i = 0; i < NUM_VARIANTS; i++) {
        double *values = calloc(3 * (size_t)run->num_rounds, sizeof(*values));

        if (values == NULL)
            return false;
        run->series[i].total_us = values;
        run->series[i].client_us = values + run->num_rounds;
        run->series[i].server_us = values + 2 * (size_t)run->num_rounds;
    }
    return true;
}

static bool is_complete(struct run *run)
{
    unsigned num_blocks = run->num_rounds + 1;
    unsigned num_expected = num_blocks * BLOCK * (run->is_mutual ? 2 : 1);

    if (!run->is_attested)
        return true;
    return run->floor.num_signed == num_expected &&
           run->floor.num_verified == num_expected && refuses_plain(run) &&
           bench_ours_check(run->folder, run->name, &run->pair[OURS],
                            &run->deeds);
}

/* The first round warms everything and is overwritten. */
static bool measure(struct run *run)
{
    if (!allot(run) || !run_round(run, 0, 0))
        return false;
    for (unsigned round = 0; round < run->num_rounds; round++)
        if (!run_round(run, round, round))
            return false;
    return is_complete(run);
}

static json_t *variant_json(const struct run *run, int i)
{
    const struct series *series = &run->series[i];
    size_t num = run->num_rounds;

    return json_pack("{s:s,s:f,s:f,s:f,s:f}", "name", names[i], "us",
                     bench_sample_median(series->total_us, num), "client_us",
                     bench_sample_median(series->client_us, num), "server_us",
                     bench_sample_median(series->server_us, num), "bytes",
                     series->sent);
}

static json_t *ratio_json(const struct run *run, int over, int under,
                          double budget)
{
    const struct series *a = &run->series[over], *b = &run->series[under];
    size_t num = run->num_rounds;
    json_t *out = bench_sample_json(
        bench_sample_ratio(a->total_us, b->total_us, num), budget);

    (void)json_object_set_new(out, "of", json_string(names[over]));
    (void)json_object_set_new(out, "over", json_string(names[under]));
    (void)json_object_set_new(
        out, "client",
        bench_sample_json(bench_sample_ratio(a->client_us, b->client_us, num),
                          0));
    (void)json_object_set_new(
        out, "server",
        bench_sample_json(bench_sample_ratio(a->server_us, b->server_us, num),
                          0));
    return out;
}

static json_t *run_json(const struct run *run)
{
    json_t *variants = json_array(), *ratios = json_array();
    char text[64];

    for (int i = 0; i < NUM_VARIANTS; i++)
        if (run->has[i])
            (void)json_array_append_new(variants, variant_json(run, i));
    (void)json_array_append_new(ratios, ratio_json(run, AGAIN, PLAIN, 0));
    (void)json_array_append_new(ratios, ratio_json(run, OURS, PLAIN, 0));
    if (run->is_attested) {
        (void)json_array_append_new(ratios, ratio_json(run, DUMMY, PLAIN, 0));
        (void)json_array_append_new(ratios, ratio_json(run, FLOOR, PLAIN, 0));
        (void)json_array_append_new(ratios, ratio_json(run, OURS, FLOOR, 1.1));
    }
    return json_pack("{s:s,s:i,s:i,s:o,s:o}", "wire",
                     bench_wire_text(&run->wire, text), "blocks",
                     (int)run->num_rounds, "handshakes_per_block", BLOCK,
                     "variants", variants, "ratios", ratios);
}

static void stay_on_one_cpu(void)
{
    cpu_set_t set;
    int cpu = sched_getcpu();

    CPU_ZERO(&set);
    CPU_SET((size_t)(cpu < 0 ? 0 : cpu), &set);
    (void)sched_setaffinity(0, sizeof(set), &set);
}

static void run_free(struct run *run)
{
    for (int i = 0; i < NUM_VARIANTS; i++) {
        bench_pair_clear(&run->pair[i]);
        free(run->series[i].total_us);
    }
    bench_floor_clear(&run->floor);
    bench_floor_clear(&run->dummy);
    free(run);
}

json_t *bench_warm(const struct bench_task *task)
{
    struct run *run = calloc(1, sizeof(*run));
    json_t *out = NULL;
    int num_rounds = atoi(task->arg[0]);

    if (run == NULL || num_rounds < 1)
        return NULL;
    run->folder = task->folder;
    run->name = task->name;
    run->is_mutual = strcmp(task->name, "mutual") == 0;
    run->deeds.is_mutual = run->is_mutual;
    run->is_attested = run->is_mutual || strcmp(task->name, "one-way") == 0;
    run->num_rounds = (unsigned)num_rounds;
    stay_on_one_cpu();
    if (make_pairs(run) && equip_comparators(run) && measure(run))
        out = run_json(run);
    run_free(run);
    return out;
}
