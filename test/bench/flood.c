/* SPDX-License-Identifier: Apache-2.0
 *
 * One recorded ClientHello, replayed 40 times a second, against a server with
 * one thread whose attester takes 50 ms: what plain and attested clients get
 * meanwhile. The attester is a stand-in with a fixed delay, no hardware.
 */
#include "section.h"

#include <stdio.h>
#include <string.h>

#include "process.h"

#define PLAIN_RATE    "50" /* arrivals a second */
#define ATTESTED_RATE "4"
#define FLOOD_RATE    "40"

struct phase {
    const char *folder, *port, *seconds;
    struct bench_process plain, attested, flood;
};

static bool start_part(const struct phase *phase, const char *part,
                       const char *setup, const char *rate,
                       struct bench_process *process)
{
    const char *argv[] = {"/proc/self/exe", part, phase->folder,  setup,
                          phase->port,      rate, phase->seconds, NULL};

    return bench_process_start(argv, process);
}

static json_t *run_phase(struct phase *phase, bool is_flooded)
{
    json_t *plain = NULL, *attested = NULL, *flood = NULL;

    if (start_part(phase, "load", "plain", PLAIN_RATE, &phase->plain) &&
        start_part(phase, "load", "client", ATTESTED_RATE, &phase->attested) &&
        (!is_flooded ||
         start_part(phase, "replay", "client", FLOOD_RATE, &phase->flood))) {
        plain = bench_process_json(&phase->plain);
        attested = bench_process_json(&phase->attested);
        flood = is_flooded ? bench_process_json(&phase->flood) : json_null();
    }
    if (plain == NULL || attested == NULL || flood == NULL)
        return NULL;
    return json_pack("{s:o,s:o,s:o}", "plain", plain, "attested", attested,
                     "flood", flood);
}

static json_t *run_phases(const char *folder, int port, unsigned seconds)
{
    char port_text[16], seconds_text[16];
    struct phase phase = {folder, port_text, seconds_text, {0}, {0}, {0}};
    json_t *quiet, *flooded;

    (void)snprintf(port_text, sizeof(port_text), "%d", port);
    (void)snprintf(seconds_text, sizeof(seconds_text), "%u", seconds);
    quiet = run_phase(&phase, false);
    flooded = quiet != NULL ? run_phase(&phase, true) : NULL;
    if (flooded == NULL) {
        json_decref(quiet);
        return NULL;
    }
    return json_pack("{s:s,s:o,s:o}", "attester", "stand-in, 50 ms, serial",
                     "quiet", quiet, "flooded", flooded);
}

json_t *bench_flood(const char *folder, unsigned seconds)
{
    const char *argv[] = {"/proc/self/exe", "server", folder, "slow", NULL};
    struct bench_process server;
    json_t *greeting, *out = NULL;

    if (!bench_process_start(argv, &server))
        return NULL;
    greeting = json_loadfd(server.out, JSON_DISABLE_EOF_CHECK, NULL);
    if (greeting != NULL)
        out = run_phases(
            folder, (int)json_integer_value(json_object_get(greeting, "port")),
            seconds);
    json_decref(greeting);
    if (!bench_process_end(&server))
        fprintf(stderr, "bench: the server of the flood failed\n");
    return out;
}
