/* SPDX-License-Identifier: Apache-2.0
 *
 * What a Verifier costs a handshake: atls serve, with a step before it that
 * makes it slow, and the process that is measured. The Verifier must have been
 * asked exactly as often as the variants say.
 */
#define _GNU_SOURCE
#include "section.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pki.h"
#include "process.h"
#include "verifier.h"

/* Its URL's last part, from its first line. */
static int read_port(int fd)
{
    char line[128] = "";
    size_t len = 0;
    const char *colon;

    while (len < sizeof(line) - 1 && strchr(line, '\n') == NULL &&
           read(fd, line + len, 1) == 1)
        line[++len] = '\0';
    colon = strrchr(line, ':');
    return colon != NULL ? atoi(colon + 1) : 0;
}

static bool start_verifier(const char *folder, struct bench_process *process)
{
    static char atls[BENCH_PATH], policy[BENCH_PATH], key[BENCH_PATH],
        log[BENCH_PATH + 8];
    const char *argv[] = {bench_process_sibling("../../atls", atls),
                          "serve",
                          "--listen",
                          "127.0.0.1:0",
                          "--policy",
                          bench_pki_path(folder, "policy.json", policy),
                          "--signing-key",
                          bench_pki_path(folder, "verifier.key", key),
                          "--log",
                          log,
                          NULL};

    (void)snprintf(log, sizeof(log), "file:%s/verifier-serve.log", folder);
    return bench_process_start(argv, process);
}

static bool start_delay(const char *folder, int upstream,
                        struct bench_process *process, int *ports)
{
    char port[16];
    const char *argv[] = {"/proc/self/exe", "delay", folder,
                          "verifier",       port,    NULL};
    json_t *greeting;
    bool is_well = true;

    (void)snprintf(port, sizeof(port), "%d", upstream);
    if (!bench_process_start(argv, process))
        return false;
    greeting = json_loadfd(process->out, JSON_DISABLE_EOF_CHECK, NULL);
    for (size_t i = 0; i < BENCH_NUM_DELAYS; i++) {
        ports[i] = (int)json_integer_value(json_array_get(greeting, i));
        is_well = is_well && ports[i] > 0;
    }
    json_decref(greeting);
    return is_well;
}

/* A name of the server for each variant, and a Verifier for each delay. */
static json_t *policy_json(const int *ports)
{
    json_t *verifiers = json_object(), *profiles = json_object();
    json_t *rules = json_pack("[{s:{s:s},s:b}]", "match", "name",
                              "plain." BENCH_BELOW, "require", 0);

    for (int i = 0; i < BENCH_NUM_DELAYS; i++) {
        char url[64], profile[16], asked[64], cached[64];

        (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", ports[i]);
        (void)snprintf(profile, sizeof(profile), "after%d", bench_delays_ms[i]);
        (void)snprintf(asked, sizeof(asked), "asked%d." BENCH_BELOW,
                       bench_delays_ms[i]);
        (void)snprintf(cached, sizeof(cached), "cached%d." BENCH_BELOW,
                       bench_delays_ms[i]);
        (void)json_object_set_new(verifiers, url,
                                  json_pack("{s:s,s:[s],s:b,s:s}", "http",
                                            "loopback", "keys", "verifier.pem",
                                            "any", 1, "max_age", "1h"));
        (void)json_object_set_new(
            profiles, profile,
            json_pack("{s:s,s:s}", "format", "psa", "verifier", url));
        (void)json_array_append_new(rules, json_pack("{s:{s:s},s:[s]}", "match",
                                                     "name", asked, "accept",
                                                     profile));
        (void)json_array_append_new(
            rules, json_pack("{s:{s:s},s:[s],s:s}", "match", "name", cached,
                             "accept", profile, "delegated_max_age", "1h"));
    }
    return json_pack("{s:o,s:o,s:o}", "verifiers", verifiers, "profiles",
                     profiles, "rules", rules);
}

static bool write_policy(const char *folder, const int *ports)
{
    char path[BENCH_PATH];
    json_t *policy = policy_json(ports);
    bool is_well =
        policy != NULL &&
        json_dump_file(policy, bench_pki_path(folder, "verifiers.json", path),
                       JSON_INDENT(1)) == 0;

    json_decref(policy);
    return is_well;
}

static json_t *run_load(const char *folder, const int *ports,
                        unsigned num_blocks)
{
    char num[16], port[BENCH_NUM_DELAYS][16];
    const char *argv[] = {
        "/proc/self/exe", "verifier-load", folder,  "verifier", num,
        port[0],          port[1],         port[2], NULL};

    (void)snprintf(num, sizeof(num), "%u", num_blocks);
    for (int i = 0; i < BENCH_NUM_DELAYS; i++)
        (void)snprintf(port[i], sizeof(port[i]), "%d", ports[i]);
    return write_policy(folder, ports) ? bench_process_run(argv) : NULL;
}

/* Each handshake of "asked" and each direct question, and one for "cached". */
static bool was_asked(json_t *counts, const json_t *run)
{
    json_int_t wanted =
        2 * json_integer_value(json_object_get(run, "handshakes")) + 2;

    for (size_t i = 0; i < BENCH_NUM_DELAYS; i++) {
        json_int_t found = json_integer_value(json_array_get(counts, i));

        if (found == wanted)
            continue;
        fprintf(stderr,
                "bench: the Verifier of %d ms was asked %lld times, want "
                "%lld\n",
                bench_delays_ms[i], (long long)found, (long long)wanted);
        return false;
    }
    return true;
}

/* Ends the step, and takes what it counted. */
static json_t *end_delay(struct bench_process *process)
{
    (void)close(process->in);
    process->in = -1;
    return bench_process_json(process);
}

static json_t *measure(const char *folder, int upstream, unsigned num_blocks)
{
    struct bench_process delay = {0, -1, -1};
    int ports[BENCH_NUM_DELAYS];
    json_t *run = NULL, *counts;

    if (start_delay(folder, upstream, &delay, ports))
        run = run_load(folder, ports, num_blocks);
    counts = delay.pid > 0 ? end_delay(&delay) : NULL;
    if (run != NULL && !was_asked(counts, run)) {
        json_decref(run);
        run = NULL;
    }
    json_decref(counts);
    return run;
}

json_t *bench_verifier(const char *folder, unsigned num_blocks)
{
    struct bench_process server;
    json_t *result;

    if (!start_verifier(folder, &server))
        return NULL;
    result = measure(folder, read_port(server.out), num_blocks);
    (void)kill(server.pid, SIGTERM);
    if (!bench_process_end(&server))
        fprintf(stderr, "bench: the Verifier did not end well\n");
    return result;
}
