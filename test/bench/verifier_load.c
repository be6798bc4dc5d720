/* SPDX-License-Identifier: Apache-2.0
 *
 * Handshakes whose server is judged by a Verifier (background check), each
 * Evidence asked about, or by way of a delegate, whose verdict is kept: blocks
 * of every variant in turn, wall time of each handshake. Between them the
 * Verifier is asked without any TLS, and plain handshakes go on in another
 * thread.
 */
#define _GNU_SOURCE
#include "section.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/store.h>

#include "base64url.h"
#include "beside.h"
#include "ours.h"
#include "pki.h"
#include "sample.h"
#include "verifier.h"

#define BLOCK      10  /* handshakes */
#define MAX_BLOCKS 200 /* of each variant */
#define MAX_EACH   (BLOCK * MAX_BLOCKS)
#define PAUSE_MS   5 /* between handshakes */

enum { NONCE = 32 };

/* Variants: plain, then each delay asked, then each delay cached. */
enum {
    PLAIN,
    ASKED,
    CACHED = ASKED + BENCH_NUM_DELAYS,
    NUM_VARIANTS = CACHED + BENCH_NUM_DELAYS
};

struct direct { /* the Verifier, asked without TLS */
    int fd;
    char query[64]; /* the nonce */
    unsigned char evidence[4096];
    size_t evidence_len;
};

static char text[BENCH_MAX_MESSAGE]; /* of its requests and answers */

struct run {
    unsigned num_blocks;
    struct bench_pair pair[NUM_VARIANTS];
    char name[NUM_VARIANTS][32];
    struct bench_pair beside_pair;
    struct bench_beside beside;
    struct direct direct[BENCH_NUM_DELAYS];
    size_t num[NUM_VARIANTS];
    double ms[NUM_VARIANTS][MAX_EACH];
    double median_ms[NUM_VARIANTS][MAX_BLOCKS]; /* of each block */
    size_t num_direct[BENCH_NUM_DELAYS];
    double direct_ms[BENCH_NUM_DELAYS][MAX_EACH];
};

static void take_breath(void)
{
    bench_beside_sleep_until(bench_beside_now_ms() + PAUSE_MS);
}

/* Evidence for a nonce of ours. */

static EVP_PKEY *open_attester(const char *folder)
{
    char uri[BENCH_PATH];
    OSSL_STORE_CTX *store;
    OSSL_STORE_INFO *info;
    EVP_PKEY *key;

    (void)snprintf(uri, sizeof(uri), "attest:soft?key=%s/attester.key", folder);
    store = OSSL_STORE_open(uri, NULL, NULL, NULL, NULL);
    info = store != NULL ? OSSL_STORE_load(store) : NULL;
    key = info != NULL ? OSSL_STORE_INFO_get1_PKEY(info) : NULL;
    OSSL_STORE_INFO_free(info);
    (void)OSSL_STORE_close(store);
    return key;
}

static bool make_evidence(EVP_PKEY *key, struct direct *direct)
{
    static const unsigned char nonce[NONCE] = "32 bytes that nobody else asks.";
    ATLS_AUTO_BUF query = atls_buf(sizeof(direct->query) - 1);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool is_well;

    direct->evidence_len = sizeof(direct->evidence);
    is_well = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
              EVP_PKEY_sign(ctx, direct->evidence, &direct->evidence_len, nonce,
                            NONCE) == 1;
    atls_base64url_put(&query, atls_view(nonce, NONCE));
    (void)snprintf(direct->query, sizeof(direct->query), "%.*s", (int)query.len,
                   (const char *)query.data);
    EVP_PKEY_CTX_free(ctx);
    return is_well;
}

/* The Verifier alone */

static bool call(struct direct *direct, size_t len)
{
    return bench_verifier_write(direct->fd, text, len) &&
           bench_verifier_read(direct->fd, text) > 0;
}

static bool open_session(struct direct *direct, char *path, size_t size)
{
    int len = snprintf(text, sizeof(text),
                       "POST /challenge-response/v1/newSession?nonce=%s "
                       "HTTP/1.1\r\nHost: localhost\r\n"
                       "Content-Length: 0\r\n\r\n",
                       direct->query);
    const char *place;

    if (!call(direct, (size_t)len) || strncmp(text, "HTTP/1.1 201", 12) != 0 ||
        (place = strstr(text, "Location: session/")) == NULL)
        return false;
    place += strlen("Location: ");
    (void)snprintf(path, size, "%.*s", (int)strcspn(place, "\r"), place);
    return true;
}

static bool submit(struct direct *direct, const char *path)
{
    int len = snprintf(text, sizeof(text),
                       "POST /challenge-response/v1/%s HTTP/1.1\r\n"
                       "Host: localhost\r\nContent-Type: application/cmw\r\n"
                       "Content-Length: %zu\r\n\r\n",
                       path, direct->evidence_len);

    memcpy(text + len, direct->evidence, direct->evidence_len);
    return call(direct, (size_t)len + direct->evidence_len) &&
           strncmp(text, "HTTP/1.1 200", 12) == 0 &&
           strstr(text, "\"status\":\"complete\"") != NULL;
}

static bool ask_directly(struct run *run, int delay)
{
    struct direct *direct = &run->direct[delay];
    double start = bench_beside_now_ms();
    char path[512];

    if (!open_session(direct, path, sizeof(path)) || !submit(direct, path)) {
        fprintf(stderr, "bench: the Verifier answers %.200s\n", text);
        return false;
    }
    run->direct_ms[delay][run->num_direct[delay]++] =
        bench_beside_now_ms() - start;
    take_breath();
    return true;
}

/* Handshakes */

static bool shake(struct run *run, int variant, bool is_counted)
{
    struct bench_link link;
    double start = bench_beside_now_ms();
    bool is_well = bench_link_open(&run->pair[variant], &link) &&
                   bench_link_run(&link, NULL);

    if (!is_well)
        ERR_print_errors_fp(stderr);
    if (is_well && is_counted)
        run->ms[variant][run->num[variant]++] = bench_beside_now_ms() - start;
    bench_link_close(&link);
    take_breath();
    return is_well;
}

static bool run_block(struct run *run, int variant, unsigned block)
{
    const double *first = run->ms[variant] + run->num[variant];
    bool is_well = true;

    run->beside.now = variant;
    for (int i = 0; i < BLOCK && is_well; i++)
        is_well = shake(run, variant, true);
    run->beside.now = BENCH_BESIDE_NOTHING;
    run->median_ms[variant][block] = bench_sample_median(first, BLOCK);
    for (int i = 0; i < BLOCK && is_well; i++)
        if (variant >= ASKED && variant < CACHED)
            is_well = ask_directly(run, variant - ASKED);
    return is_well;
}

static bool run_blocks(struct run *run)
{
    for (unsigned block = 0; block < run->num_blocks; block++)
        for (unsigned i = 0; i < NUM_VARIANTS; i++)
            if (!run_block(run, (int)((i + block) % NUM_VARIANTS), block))
                return false;
    return true;
}

/* The first of each variant finds nothing that is kept. */
static bool warm_up(struct run *run)
{
    for (int variant = 0; variant < NUM_VARIANTS; variant++)
        if (!shake(run, variant, false))
            return false;
    return true;
}

static bool prepare(struct run *run, const struct bench_task *task)
{
    bool is_well = bench_pair_make(task->folder, false, &run->beside_pair);

    run->beside_pair.name = "plain." BENCH_BELOW;
    for (int i = 0; i < NUM_VARIANTS && is_well; i++) {
        if (i == PLAIN)
            (void)snprintf(run->name[i], sizeof(run->name[i]),
                           "plain." BENCH_BELOW);
        else
            (void)snprintf(
                run->name[i], sizeof(run->name[i]), "%s%d." BENCH_BELOW,
                i < CACHED ? "asked" : "cached",
                bench_delays_ms[i < CACHED ? i - ASKED : i - CACHED]);
        is_well = bench_pair_make(task->folder, false, &run->pair[i]);
        run->pair[i].name = run->name[i];
    }
    return is_well;
}

static bool prepare_direct(struct run *run, const struct bench_task *task)
{
    EVP_PKEY *key = open_attester(task->folder);
    bool is_well = key != NULL;

    for (int i = 0; i < BENCH_NUM_DELAYS && is_well; i++) {
        run->direct[i].fd = bench_verifier_connect(atoi(task->arg[1 + i]));
        is_well = run->direct[i].fd >= 0 && make_evidence(key, &run->direct[i]);
    }
    EVP_PKEY_free(key);
    return is_well;
}

static bool check(struct run *run, const struct bench_task *task)
{
    struct bench_deeds deeds = {
        (NUM_VARIANTS - 1) * (run->num_blocks * BLOCK + 1), 0, false};

    return bench_ours_check(task->folder, task->name, &run->pair[CACHED],
                            &deeds);
}

/* What came of it */

static json_t *latencies(const double *ms, size_t num)
{
    return json_pack("{s:i,s:f,s:o}", "num", (int)num, "p50_ms",
                     bench_sample_median(ms, num), "p99_ms",
                     bench_sample_json(bench_sample_tail(ms, num, 0.99), 0));
}

static json_t *variant_json(const struct run *run, int variant, double *spare)
{
    size_t num = bench_beside_take(&run->beside, variant, spare);
    json_t *out =
        json_pack("{s:s,s:o,s:o,s:o}", "name",
                  variant == PLAIN   ? "plain"
                  : variant < CACHED ? "asked"
                                     : "cached",
                  "handshake", latencies(run->ms[variant], run->num[variant]),
                  "beside", latencies(spare, num), "over_plain",
                  bench_sample_json(bench_sample_ratio(run->median_ms[variant],
                                                       run->median_ms[PLAIN],
                                                       run->num_blocks),
                                    0));
    int delay = variant < CACHED ? variant - ASKED : variant - CACHED;

    if (variant != PLAIN)
        (void)json_object_set_new(out, "delay_ms",
                                  json_integer(bench_delays_ms[delay]));
    if (variant != PLAIN && variant < CACHED)
        (void)json_object_set_new(
            out, "verifier",
            latencies(run->direct_ms[delay], run->num_direct[delay]));
    return out;
}

static json_t *run_json(const struct run *run)
{
    double *spare = malloc(BENCH_BESIDE_MAX * sizeof(*spare));
    json_t *variants = json_array();

    for (int i = 0; i < NUM_VARIANTS && spare != NULL; i++)
        (void)json_array_append_new(variants, variant_json(run, i, spare));
    free(spare);
    return json_pack("{s:i,s:i,s:o}", "beside_per_s", BENCH_BESIDE_RATE,
                     "handshakes", (int)(run->num_blocks * BLOCK), "variants",
                     variants);
}

static void end(struct run *run)
{
    for (int i = 0; i < NUM_VARIANTS; i++)
        bench_pair_clear(&run->pair[i]);
    for (int i = 0; i < BENCH_NUM_DELAYS; i++)
        if (run->direct[i].fd > 0)
            (void)close(run->direct[i].fd);
    bench_pair_clear(&run->beside_pair);
}

json_t *bench_verifier_load(const struct bench_task *task)
{
    static struct run run;
    json_t *out = NULL;
    bool is_well;

    run.num_blocks = (unsigned)atoi(task->arg[0]);
    if (run.num_blocks > MAX_BLOCKS)
        run.num_blocks = MAX_BLOCKS;
    is_well = bench_ours_load(task->folder, task->name) &&
              prepare(&run, task) && prepare_direct(&run, task) &&
              warm_up(&run) &&
              bench_beside_start(&run.beside, &run.beside_pair);
    if (is_well) {
        is_well = run_blocks(&run);
        is_well = bench_beside_end(&run.beside) && is_well;
    }
    if (is_well && check(&run, task))
        out = run_json(&run);
    end(&run);
    return out;
}
