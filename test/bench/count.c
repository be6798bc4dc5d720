/* SPDX-License-Identifier: Apache-2.0
 *
 * What the module costs where nothing is negotiated, in instructions, because
 * time cannot resolve one percent: the same handshakes under callgrind,
 * without the module and with it. callgrind emulates a processor with fewer
 * crypto instructions than most have: the share of the total is a little
 * small, the difference is exact.
 */
#include "section.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ours.h"
#include "pki.h"
#include "process.h"

#define NUM_WARM_UP 3

static const struct {
    const char *name; /* of the result */
    const char *setup;
} cases[] = {
    {"plain", "plain"},
    {"plain again", "plain"},
    {"loaded", "idle"},
    {"loaded, attester set", "attester"},
};
#define NUM_CASES (sizeof(cases) / sizeof(cases[0]))

json_t *bench_count(const struct bench_task *task)
{
    struct bench_pair pair = {NULL, NULL};
    int num_handshakes = atoi(task->arg[0]);
    bool is_well = num_handshakes > 0 &&
                   bench_ours_load(task->folder, task->name) &&
                   bench_pair_make(task->folder, false, &pair);

    for (int i = 0; i < NUM_WARM_UP && is_well; i++) {
        struct bench_link link;

        is_well = bench_link_open(&pair, &link) && bench_link_run(&link, NULL);
        bench_link_close(&link);
    }
    is_well = is_well && bench_pair_run(&pair, (unsigned)num_handshakes, NULL);
    bench_pair_clear(&pair);
    return is_well ? json_object() : NULL;
}

/* "totals: N" of a callgrind profile; 0 when there is none. */
static double read_total(const char *path)
{
    FILE *in = fopen(path, "r");
    char line[512];
    double total = 0;

    while (in != NULL && fgets(line, sizeof(line), in) != NULL)
        if (strncmp(line, "totals: ", 8) == 0)
            total = strtod(line + 8, NULL);
    if (in != NULL)
        (void)fclose(in);
    return total;
}

/* count_case: instructions a handshake, both sides; 0: not measured. */
static double count_case(const char *folder, const char *setup,
                         unsigned num_handshakes)
{
    static char path[BENCH_PATH], out[BENCH_PATH + 32], self[BENCH_PATH];
    char num[16];
    const char *argv[] = {"valgrind",
                          "-q",
                          "--tool=callgrind",
                          "--collect-atstart=no",
                          "--toggle-collect=bench_pair_run",
                          out,
                          bench_process_sibling("bench", self),
                          "count",
                          folder,
                          setup,
                          num,
                          NULL};
    json_t *result;

    (void)bench_pki_path(folder, "callgrind.out", path);
    (void)snprintf(out, sizeof(out), "--callgrind-out-file=%s", path);
    (void)snprintf(num, sizeof(num), "%u", num_handshakes);
    result = bench_process_run(argv);
    if (result == NULL)
        return 0;
    json_decref(result);
    return read_total(path) / num_handshakes;
}

json_t *bench_instructions(const char *folder, unsigned num_handshakes)
{
    json_t *out = json_array();
    double plain = 0;

    for (size_t i = 0; i < NUM_CASES; i++) {
        double counted = count_case(folder, cases[i].setup, num_handshakes);

        if (counted <= 0) {
            json_decref(out);
            return NULL;
        }
        plain = i == 0 ? counted : plain;
        (void)json_array_append_new(
            out, json_pack("{s:s,s:f,s:f,s:f}", "name", cases[i].name,
                           "instructions", counted, "ratio", counted / plain,
                           "budget", 1.01));
    }
    return out;
}
