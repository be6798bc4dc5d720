/* SPDX-License-Identifier: Apache-2.0
 *
 * What the module costs where nothing is negotiated, in instructions, because
 * time cannot resolve one percent: the same handshakes under callgrind,
 * without the module and with it; and the attested ones beside their floor.
 * callgrind emulates a processor with fewer crypto instructions than most have:
 * the share of the total is a little small, the difference is exact.
 */
#include "section.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor.h"
#include "ours.h"
#include "pki.h"
#include "process.h"

#define NUM_WARM_UP 3

struct row {
    const char *name; /* of the result */
    const char *setup;
    const char *wire; /* the floor's; "": no floor */
    bool is_mutual;
};

/* equip: the floor's extension, where a wire says so. */
static bool equip(const struct bench_task *task, struct bench_floor *floor,
                  struct bench_pair *pair)
{
    EVP_PKEY *key = bench_pki_attester(task->folder);
    struct bench_wire wire;
    bool is_well = task->arg[2][0] == '\0' ||
                   (bench_wire_parse(task->arg[2], &wire) && key != NULL &&
                    bench_floor_init(floor, &wire, key) &&
                    bench_floor_add(floor, pair->client) &&
                    bench_floor_add(floor, pair->server));

    EVP_PKEY_free(key);
    return is_well;
}

static bool warm_up(const struct bench_pair *pair)
{
    bool is_well = true;

    for (int i = 0; i < NUM_WARM_UP && is_well; i++) {
        struct bench_link link;

        is_well = bench_link_open(pair, &link) && bench_link_run(&link, NULL);
        bench_link_close(&link);
    }
    return is_well;
}

json_t *bench_count(const struct bench_task *task)
{
    static struct bench_floor floor;
    struct bench_pair pair = {0};
    int num_handshakes = atoi(task->arg[0]);
    bool is_mutual = strcmp(task->arg[1], "mutual") == 0;
    bool is_well = num_handshakes > 0 &&
                   bench_ours_load(task->folder, task->name) &&
                   bench_pair_make(task->folder, is_mutual, &pair) &&
                   equip(task, &floor, &pair) && warm_up(&pair) &&
                   bench_pair_run(&pair, (unsigned)num_handshakes, NULL);

    bench_pair_clear(&pair);
    bench_floor_clear(&floor);
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

/* count_row: instructions a handshake, both sides; 0: not measured. */
static double count_row(const char *folder, const struct row *row,
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
                          row->setup,
                          num,
                          row->is_mutual ? "mutual" : "one-way",
                          row->wire,
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

/* count_rows: each row against the first one. */
static json_t *count_rows(const char *folder, const struct row *rows,
                          size_t num_rows, unsigned num_handshakes,
                          double budget)
{
    json_t *out = json_array();
    double first = 0;

    for (size_t i = 0; i < num_rows; i++) {
        double counted = count_row(folder, &rows[i], num_handshakes);

        if (counted <= 0) {
            json_decref(out);
            return NULL;
        }
        first = i == 0 ? counted : first;
        (void)json_array_append_new(
            out,
            json_pack("{s:s,s:f,s:f,s:f,s:f}", "name", rows[i].name,
                      "instructions", counted, "added", counted - first,
                      "ratio", counted / first, "budget", i > 0 ? budget : 0));
    }
    return out;
}

json_t *bench_instructions_loaded(const char *folder, unsigned num_handshakes)
{
    static const struct row rows[] = {
        {"plain", "plain", "", false},
        {"plain again", "plain", "", false},
        {"loaded", "idle", "", false},
        {"loaded, attester set", "attester", "", false},
    };

    return count_rows(folder, rows, 4, num_handshakes, 1.01);
}

json_t *bench_instructions_attested(const char *folder, bool is_mutual,
                                    const char *wire, unsigned num_handshakes)
{
    const struct row rows[] = {
        {"floor", "plain", wire, is_mutual},
        {"atls", is_mutual ? "mutual" : "one-way", "", is_mutual},
    };

    return count_rows(folder, rows, 2, num_handshakes, 0);
}
