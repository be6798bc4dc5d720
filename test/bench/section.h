/* SPDX-License-Identifier: Apache-2.0
 *
 * The sections of a run. Each is measured in a process of its own, which
 * prints one JSON object; the first process only starts them and adds up.
 */
#ifndef BENCH_SECTION_H
#define BENCH_SECTION_H

#include <stdbool.h>

#include <jansson.h>

/* What a process of a section is told on its command line. */
struct bench_task {
    const char *folder; /* the run's: keys, configurations, logs */
    const char *name;   /* configuration (ours.h) or case */
    const char *arg[4]; /* the section's own; "" where nothing was said */
};

/* Measuring processes: NULL after printing why. */
json_t *bench_warm(const struct bench_task *task);   /* num_blocks */
json_t *bench_cold(const struct bench_task *task);   /* variant, wire */
json_t *bench_count(const struct bench_task *task);  /* num_handshakes,
                                                         one-way or mutual,
                                                         wire of the floor */
json_t *bench_server(const struct bench_task *task); /* until stdin ends */
json_t *bench_load(const struct bench_task *task);   /* port, rate, seconds */
json_t *bench_replay(const struct bench_task *task); /* port, rate, seconds */
json_t *bench_serve_load(const struct bench_task *task); /* port, process,
                                                            rounds */
json_t *bench_delay(const struct bench_task *task); /* port; until stdin ends */
json_t *bench_batch_load(const struct bench_task *task);    /* burst, number,
                                                               blocks; arrivals,
                                                               rate, seconds */
json_t *bench_verifier_load(const struct bench_task *task); /* blocks, a port
                                                               for each delay */

/* Sections made of several such processes, for the first process. */
json_t *bench_cold_compare(const char *folder, bool is_mutual, const char *wire,
                           unsigned num_runs);
json_t *bench_instructions_loaded(const char *folder, unsigned num_handshakes);
json_t *bench_instructions_attested(const char *folder, bool is_mutual,
                                    const char *wire, unsigned num_handshakes);
json_t *bench_start(const char *folder, unsigned num_runs);
json_t *bench_memory(const char *folder, bool is_mutual, const char *wire);
json_t *bench_flood(const char *folder, unsigned seconds);
json_t *bench_serve(const char *folder, unsigned num_rounds);
json_t *bench_verifier(const char *folder, unsigned num_blocks);
json_t *bench_formats(const char *folder, unsigned num_rounds);
json_t *bench_decode(unsigned num_rounds);
json_t *bench_batch(const char *folder, unsigned num_blocks);

#endif
