/* SPDX-License-Identifier: Apache-2.0
 *
 * atls serve under load, with two threads, on the cores that the load runs on
 * too: appraisals a second, what one costs the Verifier's process, beside what
 * an ES256 signature and a verification alone cost in the same round, and its
 * memory from round to round.
 */
#define _GNU_SOURCE
#include "serve.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/store.h>

#include "base64url.h"
#include "pki.h"
#include "process.h"
#include "ours.h"
#include "sample.h"
#include "section.h"

#define ROUND      1000 /* appraisals */
#define MAX_ROUNDS 2000
#define BARE       200  /* signatures and verifications in a round */
#define WANTED     2000 /* appraisals a second */
#define GROWTH_KIB 512  /* that its memory may grow by */

enum { NONCE = 32 };

struct rounds {
    pid_t pid;       /* of the Verifier */
    clockid_t clock; /* of its processor time */
    struct bench_serve_clients clients;
    EVP_PKEY *key;
    size_t num;
    double rate[MAX_ROUNDS]; /* appraisals a second */
    double cpu_us[MAX_ROUNDS], bare_us[MAX_ROUNDS];
    double rss_kib[MAX_ROUNDS + 1]; /* before the first, after each */
};

static double seconds(clockid_t clock)
{
    struct timespec now = {0};

    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double rss_kib(pid_t pid)
{
    char path[64], line[256];
    double kib = 0;
    FILE *in;

    (void)snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
    in = fopen(path, "r");
    while (in != NULL && fgets(line, sizeof(line), in) != NULL)
        if (sscanf(line, "VmRSS: %lf", &kib) == 1)
            break;
    if (in != NULL)
        (void)fclose(in);
    return kib;
}

static EVP_PKEY *open_attester(const char *uri)
{
    OSSL_STORE_CTX *store = OSSL_STORE_open(uri, NULL, NULL, NULL, NULL);
    OSSL_STORE_INFO *info = store != NULL ? OSSL_STORE_load(store) : NULL;
    EVP_PKEY *key = info != NULL ? OSSL_STORE_INFO_get1_PKEY(info) : NULL;

    OSSL_STORE_INFO_free(info);
    (void)OSSL_STORE_close(store);
    return key;
}

static bool make_evidence(const char *folder,
                          struct bench_serve_clients *clients)
{
    static const unsigned char nonce[NONCE] = "a nonce of thirty-two bytes....";
    char uri[BENCH_PATH];
    ATLS_AUTO_BUF text = atls_buf(128);
    EVP_PKEY *key;
    EVP_PKEY_CTX *ctx;
    bool is_well;

    (void)snprintf(uri, sizeof(uri), "attest:soft?key=%s/attester.key", folder);
    key = open_attester(uri);
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    clients->evidence_len = sizeof(clients->evidence);
    is_well = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
              EVP_PKEY_sign(ctx, (unsigned char *)clients->evidence,
                            &clients->evidence_len, nonce, NONCE) == 1;
    atls_base64url_put(&text, atls_view(nonce, NONCE));
    (void)snprintf(clients->query, sizeof(clients->query), "%.*s",
                   (int)text.len, (const char *)text.data);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    return is_well;
}

/* The least that a Verifier must do: verify the Evidence, sign the result. */
static bool run_bare(EVP_PKEY *key, double *us)
{
    unsigned char digest[32] = {0}, signature[128];
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    double start = seconds(CLOCK_THREAD_CPUTIME_ID);
    bool is_well = ctx != NULL;

    for (unsigned i = 0; i < BARE && is_well; i++) {
        size_t len = sizeof(signature);

        is_well =
            EVP_PKEY_sign_init(ctx) == 1 &&
            EVP_PKEY_sign(ctx, signature, &len, digest, sizeof(digest)) == 1 &&
            EVP_PKEY_verify_init(ctx) == 1 &&
            EVP_PKEY_verify(ctx, signature, len, digest, sizeof(digest)) == 1;
    }
    *us = (seconds(CLOCK_THREAD_CPUTIME_ID) - start) * 1e6 / BARE;
    EVP_PKEY_CTX_free(ctx);
    return is_well;
}

static bool run_round(struct rounds *rounds, bool has_own_sessions)
{
    struct bench_serve_clients *clients = &rounds->clients;
    double wall, cpu;

    clients->path[0] = '\0';
    if (!run_bare(rounds->key, &rounds->bare_us[rounds->num]) ||
        (!has_own_sessions && !bench_serve_open(clients)))
        return false;
    wall = seconds(CLOCK_MONOTONIC);
    cpu = seconds(rounds->clock);
    if (!bench_serve_run(clients, ROUND))
        return false;
    rounds->rate[rounds->num] = ROUND / (seconds(CLOCK_MONOTONIC) - wall);
    rounds->cpu_us[rounds->num] = (seconds(rounds->clock) - cpu) * 1e6 / ROUND;
    rounds->rss_kib[++rounds->num] = rss_kib(rounds->pid);
    return true;
}

static double most(const double *values, size_t num)
{
    return bench_sample_quantile(values, num, 1);
}

/* The second half's peak over the first's: what was not needed for half of the
 * work is not needed for the rest. */
static double growth_kib(const struct rounds *rounds)
{
    size_t half = (rounds->num + 1) / 2, rest = rounds->num + 1 - half;

    return most(rounds->rss_kib + half, rest) - most(rounds->rss_kib, half);
}

static json_t *rounds_json(const struct rounds *rounds, bool has_own_sessions)
{
    size_t num = rounds->num;

    return json_pack(
        "{s:i,s:i,s:o,s:f,s:o,s:f,s:o,s:f,s:f,s:f,s:f,s:f}", "appraisals",
        (int)(num * ROUND), "requests",
        (int)(num * (has_own_sessions ? 2 * ROUND : ROUND + 1)), "per_s",
        bench_sample_json(bench_sample_interval(rounds->rate, num), 0),
        "wanted_per_s", (double)WANTED, "cpu_us",
        bench_sample_json(bench_sample_interval(rounds->cpu_us, num), 0),
        "bare_us", bench_sample_median(rounds->bare_us, num), "over_bare",
        bench_sample_json(
            bench_sample_ratio(rounds->cpu_us, rounds->bare_us, num), 0),
        "rss_first_kib", rounds->rss_kib[0], "rss_last_kib",
        rounds->rss_kib[num], "rss_most_kib", most(rounds->rss_kib, num + 1),
        "rss_growth_kib", growth_kib(rounds), "rss_growth_budget_kib",
        (double)GROWTH_KIB);
}

/* Each answer was complete; what the last one says must be affirming. */
static bool is_affirming(const char *answer)
{
    const char *result = strstr(answer, "\"result\":\"");
    const char *payload = result != NULL ? strchr(result, '.') : NULL;
    ATLS_AUTO_BUF text = atls_buf(BENCH_SERVE_ANSWER);

    if (payload == NULL ||
        !atls_base64url_decode(
            atls_view(payload + 1, strcspn(payload + 1, ".")), &text))
        return false;
    atls_buf_u8(&text, '\0');
    return !text.failed && strstr((const char *)text.data,
                                  "\"ear.status\":\"affirming\"") != NULL;
}

static bool run_rounds(struct rounds *rounds, unsigned num_rounds,
                       bool has_own_sessions)
{
    rounds->num = 0;
    rounds->rss_kib[0] = rss_kib(rounds->pid);
    while (rounds->num < num_rounds)
        if (!run_round(rounds, has_own_sessions))
            return false;
    return is_affirming(rounds->clients.last);
}

static json_t *measure(struct rounds *rounds, unsigned num_rounds)
{
    json_t *shared = NULL, *own = NULL;

    /* the first answers are those of a process that has just begun */
    if (run_rounds(rounds, 1, true) && run_rounds(rounds, num_rounds, false) &&
        (shared = rounds_json(rounds, false)) != NULL &&
        run_rounds(rounds, num_rounds, true))
        own = rounds_json(rounds, true);
    if (own != NULL)
        return json_pack("{s:o,s:o}", "Evidence", shared,
                         "session and Evidence", own);
    json_decref(shared);
    return NULL;
}

json_t *bench_serve_load(const struct bench_task *task)
{
    static struct rounds rounds;
    unsigned num_rounds = (unsigned)atoi(task->arg[2]);
    json_t *result = NULL;

    rounds.clients.port = atoi(task->arg[0]);
    rounds.pid = atoi(task->arg[1]);
    rounds.key = bench_pki_attester(task->folder);
    if (num_rounds > MAX_ROUNDS)
        num_rounds = MAX_ROUNDS;
    if (rounds.key != NULL && bench_ours_load(task->folder, task->name) &&
        clock_getcpuclockid(rounds.pid, &rounds.clock) == 0 &&
        make_evidence(task->folder, &rounds.clients) &&
        bench_serve_connect(&rounds.clients))
        result = measure(&rounds, num_rounds);
    bench_serve_close(&rounds.clients);
    EVP_PKEY_free(rounds.key);
    return result;
}

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

json_t *bench_serve(const char *folder, unsigned num_rounds)
{
    static char atls[BENCH_PATH], policy[BENCH_PATH], key[BENCH_PATH],
        log[BENCH_PATH + 8];
    char port[16], pid[16], num[16];
    const char *server_argv[] = {bench_process_sibling("../../atls", atls),
                                 "serve",
                                 "--listen",
                                 "127.0.0.1:0",
                                 "--policy",
                                 bench_pki_path(folder, "policy.json", policy),
                                 "--signing-key",
                                 bench_pki_path(folder, "attester.key", key),
                                 "--threads",
                                 "2",
                                 "--log",
                                 log,
                                 NULL};
    const char *load_argv[] = {"/proc/self/exe",
                               "serve-load",
                               folder,
                               "attester",
                               port,
                               pid,
                               num,
                               NULL};
    struct bench_process server;
    json_t *result;

    (void)snprintf(log, sizeof(log), "file:%s/serve.log", folder);
    if (!bench_process_start(server_argv, &server))
        return NULL;
    (void)snprintf(port, sizeof(port), "%d", read_port(server.out));
    (void)snprintf(pid, sizeof(pid), "%ld", (long)server.pid);
    (void)snprintf(num, sizeof(num), "%u", num_rounds);
    result = bench_process_run(load_argv);
    (void)kill(server.pid, SIGTERM);
    if (!bench_process_end(&server))
        fprintf(stderr, "bench: the Verifier did not end well\n");
    return result;
}
