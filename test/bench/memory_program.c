/* SPDX-License-Identifier: Apache-2.0
 *
 * memory FOLDER CONFIGURATION WIRE: heap of one connection, each side by
 * itself: the most that was in use during its handshake, and what its SSL
 * still holds after it. Prints JSON: plain, dummy extension of the same
 * bytes, and the module.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "floor.h"
#include "heap.h"
#include "ours.h"
#include "pki.h"

#define NUM_WARM_UP 5
#define NUM_CASES   3

struct usage {
    int64_t held, peak; /* bytes of one side; peak counts from its SSL_new */
    uint64_t num_calls;
};

static struct bench_floor dummy;

/* step: what one side's step did to the heap is that side's. */
static bool step(SSL *side, struct usage *usage)
{
    int64_t before = bench_heap.now;
    uint64_t num_calls = bench_heap.num_calls;
    bool is_well;

    bench_heap.peak = before;
    is_well = bench_link_step(side);
    if (usage->held + bench_heap.peak - before > usage->peak)
        usage->peak = usage->held + bench_heap.peak - before;
    usage->held += bench_heap.now - before;
    usage->num_calls += bench_heap.num_calls - num_calls;
    return is_well;
}

/* Both SSL objects and their BIOs count half each. */
static bool open_counted(const struct bench_pair *pair, struct bench_link *link,
                         struct usage *client, struct usage *server)
{
    int64_t before = bench_heap.now;
    bool is_well = bench_link_open(pair, link);

    client->held = server->held = (bench_heap.now - before) / 2;
    return is_well;
}

static bool use(const struct bench_pair *pair, struct usage *client,
                struct usage *server)
{
    struct bench_link link;
    bool is_well;

    memset(client, 0, sizeof(*client));
    memset(server, 0, sizeof(*server));
    is_well = open_counted(pair, &link, client, server);
    while (is_well && (!SSL_is_init_finished(link.client) ||
                       !SSL_is_init_finished(link.server)))
        is_well = step(link.client, client) && step(link.server, server);
    bench_link_close(&link);
    return is_well;
}

static json_t *usage_json(const struct usage *usage)
{
    return json_pack("{s:I,s:I,s:I}", "peak", (json_int_t)usage->peak, "kept",
                     (json_int_t)usage->held, "calls",
                     (json_int_t)usage->num_calls);
}

/* left: bytes that a connection leaves behind when both SSLs are freed. */
static json_t *measure(const char *name, const struct bench_pair *pair)
{
    struct usage client, server;
    int64_t before = 0, after = 0;

    for (int i = 0; i < NUM_WARM_UP; i++) {
        before = bench_heap.now;
        if (!use(pair, &client, &server))
            return NULL;
        after = bench_heap.now;
    }
    return json_pack("{s:s,s:o,s:o,s:I}", "name", name, "client",
                     usage_json(&client), "server", usage_json(&server), "left",
                     (json_int_t)(after - before));
}

static bool make(const char *folder, const char *setup, const char *wire_text,
                 struct bench_pair pair[NUM_CASES])
{
    bool is_mutual = strcmp(setup, "mutual") == 0;
    struct bench_wire wire;

    return bench_wire_parse(wire_text, &wire) &&
           bench_pair_make(folder, is_mutual, &pair[0]) &&
           bench_pair_make(folder, is_mutual, &pair[1]) &&
           bench_floor_init(&dummy, &wire, NULL) &&
           bench_floor_add(&dummy, pair[1].client) &&
           bench_floor_add(&dummy, pair[1].server) &&
           bench_ours_load(folder, setup) &&
           bench_pair_make(folder, is_mutual, &pair[2]);
}

int main(int argc, char **argv)
{
    static const char *const names[NUM_CASES] = {"plain", "dummy extension",
                                                 "atls"};
    struct bench_pair pair[NUM_CASES];
    json_t *out = json_array();

    if (argc != 4 || !bench_ours_start() ||
        !make(argv[1], argv[2], argv[3], pair))
        return 1;
    for (int i = 0; i < NUM_CASES; i++)
        if (json_array_append_new(out, measure(names[i], &pair[i])) != 0)
            return 1;
    if (json_dumpf(out, stdout, JSON_COMPACT) != 0)
        return 1;
    json_decref(out);
    for (int i = 0; i < NUM_CASES; i++)
        bench_pair_clear(&pair[i]);
    return 0;
}
