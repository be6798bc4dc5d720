/* SPDX-License-Identifier: Apache-2.0
 *
 * bench [SECTION...]: measures what attestation costs, prints a table and
 * writes bench.json and bench.svg. Sections: one-way, mutual, loaded, cold,
 * instructions, start, memory, flood, serve, verifier, formats, decode, batch;
 * all by default. BENCH_BLOCKS is the number of blocks of each variant (default
 * 100); the effort of every section follows it: "BENCH_BLOCKS=350 bench serve"
 * sends a million requests.
 *
 * Ratios are medians over rounds with their 95 % interval; "kept" and "MISSED"
 * are said only where the whole interval is on one side of the budget. When
 * the pair of equals differs, the machine was too busy for the rest. Read the
 * microseconds too: where libssl itself is faster, the same module shows a
 * worse ratio. Instructions include the log's lines, of which a busy server
 * writes only 20 a second. Exit status 1: a run was refused, because a
 * handshake that should have been attested was not, or it failed.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "ours.h"
#include "pki.h"
#include "process.h"
#include "report.h"
#include "section.h"

#define DEFAULT_BLOCKS 100

static const struct {
    const char *name;
    json_t *(*run)(const struct bench_task *task);
} roles[] = {
    {"warm", bench_warm},
    {"cold", bench_cold},
    {"count", bench_count},
    {"load", bench_load},
    {"server", bench_server},
    {"replay", bench_replay},
    {"serve-load", bench_serve_load},
    {"delay", bench_delay},
    {"verifier-load", bench_verifier_load},
    {"batch-load", bench_batch_load},
};

/* run_part: as a process of a section: bench PART FOLDER NAME [ARG...]. */
static int run_part(int argc, char **argv)
{
    struct bench_task task = {argv[2], argv[3], {"", "", "", ""}};
    json_t *result = NULL;

    for (int i = 4; i < argc && i < 8; i++)
        task.arg[i - 4] = argv[i];
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
        if (strcmp(argv[1], roles[i].name) == 0 && bench_ours_start())
            result = roles[i].run(&task);
    if (result == NULL || json_dumpf(result, stdout, JSON_COMPACT) != 0)
        return 1;
    json_decref(result);
    return 0;
}

struct bench {
    char folder[64];
    unsigned num_blocks;
    char **chosen; /* NULL-ended; empty: all */
    json_t *result;
    bool is_well;
};

static bool is_chosen(const struct bench *bench, const char *section)
{
    char **name = bench->chosen;

    while (*name != NULL && strcmp(*name, section) != 0)
        name++;
    return bench->chosen[0] == NULL || *name != NULL;
}

static void keep(struct bench *bench, const char *section, json_t *result)
{
    if (result == NULL) {
        fprintf(stderr, "bench: %s: REFUSED, no result\n", section);
        bench->is_well = false;
        return;
    }
    (void)json_object_set_new(bench->result, section, result);
}

/* run_warm: returns the sizes on the wire, for the other sections; NULL when
 * the run was refused. */
static const char *run_warm(struct bench *bench, const char *section,
                            const char *setup, unsigned num_blocks)
{
    char num[16];
    const char *argv[] = {
        "/proc/self/exe", "warm", bench->folder, setup, num, NULL};

    (void)snprintf(num, sizeof(num), "%u", num_blocks);
    keep(bench, section, bench_process_run(argv));
    return json_string_value(
        json_object_get(json_object_get(bench->result, section), "wire"));
}

static unsigned at_least(unsigned least, unsigned wanted)
{
    return wanted < least ? least : wanted;
}

/* Sections with a part for each kind of handshake. */
struct parts {
    json_t *cold, *memory, *instructions;
};

static void run_attested(struct bench *bench, struct parts *parts,
                         const char *setup)
{
    bool wants_wire = is_chosen(bench, "cold") || is_chosen(bench, "memory") ||
                      is_chosen(bench, "instructions");
    bool is_mutual = strcmp(setup, "mutual") == 0;
    const char *wire = NULL;

    if (is_chosen(bench, setup) || wants_wire)
        wire = run_warm(bench, setup, setup,
                        is_chosen(bench, setup) ? bench->num_blocks : 1);
    if (wire != NULL && is_chosen(bench, "cold"))
        (void)json_object_set_new(
            parts->cold, setup,
            bench_cold_compare(bench->folder, is_mutual, wire,
                               at_least(1, bench->num_blocks / 10)));
    if (wire != NULL && is_chosen(bench, "memory"))
        (void)json_object_set_new(parts->memory, setup,
                                  bench_memory(bench->folder, is_mutual, wire));
    if (wire != NULL && is_chosen(bench, "instructions"))
        (void)json_object_set_new(
            parts->instructions, setup,
            bench_instructions_attested(bench->folder, is_mutual, wire,
                                        at_least(1, bench->num_blocks / 4)));
}

static void keep_parts(struct bench *bench, const char *section, json_t *parts,
                       size_t num_parts)
{
    if (is_chosen(bench, section) && json_object_size(parts) == num_parts)
        keep(bench, section, json_incref(parts));
    else if (is_chosen(bench, section))
        keep(bench, section, NULL);
    json_decref(parts);
}

static void run_sections(struct bench *bench)
{
    struct parts parts = {json_object(), json_object(), json_object()};

    run_attested(bench, &parts, "one-way");
    run_attested(bench, &parts, "mutual");
    if (is_chosen(bench, "loaded"))
        (void)run_warm(bench, "loaded", "attester", bench->num_blocks / 2 + 1);
    if (is_chosen(bench, "instructions"))
        (void)json_object_set_new(
            parts.instructions, "loaded, nothing negotiated",
            bench_instructions_loaded(bench->folder,
                                      at_least(1, bench->num_blocks / 4)));
    keep_parts(bench, "cold", parts.cold, 2);
    keep_parts(bench, "memory", parts.memory, 2);
    keep_parts(bench, "instructions", parts.instructions, 3);
    if (is_chosen(bench, "start"))
        keep(bench, "start",
             bench_start(bench->folder, at_least(2, bench->num_blocks * 2)));
    if (is_chosen(bench, "flood"))
        keep(bench, "flood",
             bench_flood(bench->folder, at_least(1, bench->num_blocks / 12)));
    if (is_chosen(bench, "serve"))
        keep(bench, "serve", bench_serve(bench->folder, bench->num_blocks));
    if (is_chosen(bench, "verifier"))
        keep(bench, "verifier",
             bench_verifier(bench->folder,
                            at_least(1, bench->num_blocks * 3 / 10)));
    if (is_chosen(bench, "formats"))
        keep(bench, "formats", bench_formats(bench->folder, bench->num_blocks));
    if (is_chosen(bench, "decode"))
        keep(bench, "decode", bench_decode(bench->num_blocks));
    if (is_chosen(bench, "batch"))
        keep(bench, "batch",
             bench_batch(bench->folder, at_least(1, bench->num_blocks / 10)));
}

static void note_machine(json_t *result)
{
    FILE *in = fopen("/proc/cpuinfo", "r");
    char line[512], model[256] = "unknown processor";

    while (in != NULL && fgets(line, sizeof(line), in) != NULL)
        if (sscanf(line, "model name : %255[^\n]", model) == 1)
            break;
    if (in != NULL)
        (void)fclose(in);
    (void)json_object_set_new(result, "cpu", json_string(model));
    (void)json_object_set_new(result, "openssl",
                              json_string(OpenSSL_version(OPENSSL_VERSION)));
}

static bool write_plot(const json_t *result)
{
    FILE *out = fopen("bench.svg", "w");

    if (out == NULL)
        return false;
    bench_report_plot(result, out);
    return fclose(out) == 0;
}

static bool report(const struct bench *bench)
{
    bench_report_table(bench->result, stdout);
    if (json_dump_file(bench->result, "bench.json",
                       JSON_INDENT(1) | JSON_REAL_PRECISION(6)) != 0 ||
        !write_plot(bench->result))
        return false;
    printf("\nwritten: bench.json, bench.svg\n");
    return bench->is_well;
}

static void remove_folder(const char *folder)
{
    const char *argv[] = {"rm", "-rf", folder, NULL};
    struct bench_process process;

    if (bench_process_start(argv, &process))
        (void)bench_process_end(&process);
}

int main(int argc, char **argv)
{
    const char *blocks = getenv("BENCH_BLOCKS");
    struct bench bench = {.folder = "/tmp/atls-bench.XXXXXX",
                          .num_blocks = DEFAULT_BLOCKS,
                          .chosen = argv + 1,
                          .result = json_object(),
                          .is_well = true};

    (void)signal(SIGPIPE, SIG_IGN);
    if (argc > 3 && argv[2][0] == '/')
        return run_part(argc, argv);
    if (blocks != NULL && atoi(blocks) > 0)
        bench.num_blocks = (unsigned)atoi(blocks);
    if (mkdtemp(bench.folder) == NULL || !bench_pki_make(bench.folder) ||
        !bench_ours_write(bench.folder))
        return 1;
    note_machine(bench.result);
    run_sections(&bench);
    remove_folder(bench.folder);
    return report(&bench) ? 0 : 1;
}
