/* SPDX-License-Identifier: Apache-2.0
 *
 * Each format's Evidence against its own signatures alone, in rounds: a block
 * of connections under a policy that remembers the chain, the bare signatures
 * before and after it; then a policy that remembers nothing, and all bare
 * signatures that it needs. A ratio is of blocks of the same round.
 */
#define _GNU_SOURCE
#include "appraisal.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "subject.h"

#define MAX_FORMATS 16

enum series { BARE, AGAIN, WARM, READ, COLD, ALL, NUM_SERIES };

struct run {
    struct vendors vendors;
    struct bench_subject subjects[MAX_FORMATS];
    size_t num;
    unsigned num_rounds;
    double us[MAX_FORMATS][NUM_SERIES][BENCH_APPRAISAL_ROUNDS]; /* of one */
};

static bool make(struct run *run, const char *folder)
{
    bool is_well = vendors_open(&run->vendors, folder);

    for (const struct vendors_format *format = vendors_formats;
         format->name != NULL && run->num < MAX_FORMATS && is_well; format++)
        is_well = bench_subject_make(&run->subjects[run->num++], &run->vendors,
                                     format, folder);
    return is_well;
}

static void run_free(struct run *run)
{
    for (size_t i = 0; i < run->num; i++)
        bench_subject_clear(&run->subjects[i]);
    vendors_clear(&run->vendors);
    free(run);
}

static bool run_warm(struct bench_subject *subject)
{
    bool is_well = true;

    for (unsigned i = 0; i < BENCH_SUBJECT_ITEMS && is_well; i++)
        is_well = bench_subject_appraise(subject, i);
    return is_well;
}

static bool run_one(struct bench_subject *subject, enum series series)
{
    switch (series) {
    case BARE:
    case AGAIN:
        return bench_bare_run(&subject->evidence, BENCH_SUBJECT_ITEMS);
    case WARM:
        return run_warm(subject);
    case READ:
        return bench_subject_renew(subject);
    case COLD:
        return bench_subject_appraise(subject, 0);
    case ALL:
        return bench_bare_run(&subject->all, 1);
    case NUM_SERIES:
        break;
    }
    return false;
}

static unsigned times_of(enum series series)
{
    return series == BARE || series == AGAIN || series == WARM
               ? BENCH_SUBJECT_ITEMS
               : 1;
}

static bool measure(struct run *run, size_t i, enum series series,
                    unsigned round)
{
    double start = bench_appraisal_us();

    if (!run_one(&run->subjects[i], series))
        return false;
    run->us[i][series][round] =
        (bench_appraisal_us() - start) / times_of(series);
    return true;
}

/* A policy that has just been read is the next round's warm one. */
static bool run_round(struct run *run, size_t i, unsigned round)
{
    static const enum series orders[2][NUM_SERIES] = {
        {BARE, WARM, AGAIN, READ, COLD, ALL},
        {AGAIN, WARM, BARE, READ, COLD, ALL}};
    bool is_well = true;

    for (size_t j = 0; j < NUM_SERIES && is_well; j++)
        is_well = measure(run, i, orders[round % 2][j], round);
    return is_well;
}

/* The first round warms everything and is overwritten. */
static bool run_rounds(struct run *run)
{
    bool is_well = true;

    for (size_t i = 0; i < run->num && is_well; i++)
        is_well = run_warm(&run->subjects[i]) && run_round(run, i, 0);
    for (unsigned round = 0; round < run->num_rounds && is_well; round++)
        for (size_t i = 0; i < run->num && is_well; i++)
            is_well = run_round(run, i, round);
    for (size_t i = 0; i < run->num && is_well; i++)
        is_well = run_warm(&run->subjects[i]) &&
                  bench_subject_refuses(&run->subjects[i], &run->vendors);
    return is_well;
}

static json_t *ratio(const struct run *run, size_t i, enum series over,
                     enum series under, double budget)
{
    return bench_sample_json(bench_sample_ratio(run->us[i][over],
                                                run->us[i][under],
                                                run->num_rounds),
                             budget);
}

static json_t *median(const struct run *run, size_t i, enum series series)
{
    return json_real(bench_sample_median(run->us[i][series], run->num_rounds));
}

#define WARM_BUDGET 1.3

static json_t *subject_json(const struct run *run, size_t i)
{
    const struct bench_subject *subject = &run->subjects[i];
    char evidence[BENCH_BARE_TEXT], all[BENCH_BARE_TEXT];

    return json_pack(
        "{s:s,s:i,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "format",
        subject->format->name, "bytes", (int)subject->items[0].cmw.len,
        "signatures", bench_bare_text(&subject->evidence, evidence),
        "all_signatures", bench_bare_text(&subject->all, all), "bare_us",
        median(run, i, BARE), "warm_us", median(run, i, WARM), "read_us",
        median(run, i, READ), "cold_us", median(run, i, COLD), "all_us",
        median(run, i, ALL), "again_over_bare", ratio(run, i, AGAIN, BARE, 0),
        "warm_over_bare", ratio(run, i, WARM, BARE, WARM_BUDGET),
        "cold_over_all", ratio(run, i, COLD, ALL, 0));
}

static json_t *run_json(const struct run *run)
{
    json_t *formats = json_array();

    for (size_t i = 0; i < run->num; i++)
        (void)json_array_append_new(formats, subject_json(run, i));
    return json_pack("{s:i,s:i,s:o}", "blocks", (int)run->num_rounds,
                     "appraisals_per_block", BENCH_SUBJECT_ITEMS, "formats",
                     formats);
}

static void stay_on_one_cpu(void)
{
    cpu_set_t set;
    int cpu = sched_getcpu();

    CPU_ZERO(&set);
    CPU_SET((size_t)(cpu < 0 ? 0 : cpu), &set);
    (void)sched_setaffinity(0, sizeof(set), &set);
}

json_t *bench_appraisal_warm(const char *folder, unsigned num_rounds)
{
    struct run *run = calloc(1, sizeof(*run));
    json_t *out = NULL;

    if (run == NULL)
        return NULL;
    run->num_rounds = num_rounds;
    stay_on_one_cpu();
    if (make(run, folder) && run_rounds(run))
        out = run_json(run);
    run_free(run);
    return out;
}

static bool write_file(const char *folder, const char *name, const char *end,
                       struct atls_view bytes)
{
    char path[1024];
    FILE *out;

    (void)snprintf(path, sizeof(path), "%s/%s.%s", folder, name, end);
    out = fopen(path, "w");
    return out != NULL && fwrite(bytes.data, 1, bytes.len, out) == bytes.len &&
           fclose(out) == 0;
}

json_t *bench_appraisal_make(const char *folder)
{
    struct run *run = calloc(1, sizeof(*run));
    json_t *names = json_array();
    bool is_well = run != NULL && make(run, folder);

    for (size_t i = 0; is_well && i < run->num; i++) {
        const struct bench_evidence *item = &run->subjects[i].items[0];
        const char *name = run->subjects[i].format->name;

        is_well = write_file(folder, name, "cmw", atls_buf_view(&item->cmw)) &&
                  write_file(folder, name, "nonce",
                             atls_view(item->nonce, sizeof(item->nonce))) &&
                  json_array_append_new(names, json_string(name)) == 0;
    }
    if (run != NULL)
        run_free(run);
    if (is_well)
        return names;
    json_decref(names);
    return NULL;
}
