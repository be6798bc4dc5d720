/* SPDX-License-Identifier: Apache-2.0
 *
 * A slow attester behind atlsd: what waits while a quote is made is served by
 * the next. Handshakes with it, without it, and with a broker whose attester
 * takes no time; and quotes alone, by test/provider/brokered, which sees that
 * each is bound to what was asked.
 */
#define _GNU_SOURCE
#include "batch.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pki.h"
#include "process.h"
#include "sample.h"
#include "section.h"

#define MAX_BLOCKS      100
#define UNBATCHED       8 /* more may not wait in one process */
#define MAX_TRIES       5000
#define SECONDS_PER_RUN 3 /* of arrivals, for a block of the others */

/* is_listening: somebody accepts at the path. */
static bool is_listening(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    size_t len = strlen(path);
    bool is_well = fd >= 0 && len < sizeof(address.sun_path);

    if (is_well) {
        memcpy(address.sun_path, path, len);
        is_well = connect(fd, (const struct sockaddr *)&address,
                          sizeof(address)) == 0;
    }
    if (fd >= 0)
        (void)close(fd);
    return is_well;
}

/* The broker's socket is there when it listens, if it does not end before. */
static bool wait_for(const struct bench_process *process, const char *path)
{
    const struct timespec pause = {0, 1000000};
    siginfo_t info = {.si_pid = 0};

    for (int i = 0; i < MAX_TRIES && info.si_pid == 0; i++) {
        if (is_listening(path))
            return true;
        (void)nanosleep(&pause, NULL);
        (void)waitid(P_PID, (id_t)process->pid, &info,
                     WEXITED | WNOHANG | WNOWAIT);
    }
    fprintf(stderr, "bench: atlsd does not listen at %s\n", path);
    return false;
}

static bool start_broker(const char *folder, int ms,
                         struct bench_process *process)
{
    static char atlsd[BENCH_PATH], config[BENCH_PATH], path[BENCH_PATH];
    char attester[BENCH_PATH + 32], log[BENCH_PATH + 16], name[32], uid[16];
    const char *argv[] = {bench_process_sibling("../../atlsd", atlsd),
                          "--config",
                          bench_pki_path(folder, "broker.cnf", config),
                          "--attester",
                          attester,
                          "--socket",
                          path,
                          "--allow",
                          uid,
                          "--rate",
                          "100000",
                          "--log",
                          log,
                          NULL};

    (void)snprintf(name, sizeof(name), "broker-%d", ms);
    (void)bench_pki_path(folder, name, path);
    (void)snprintf(attester, sizeof(attester), "slow:%s/attester.key?ms=%d",
                   folder, ms);
    (void)snprintf(log, sizeof(log), "file:%s.log", path);
    (void)snprintf(uid, sizeof(uid), "%lu", (unsigned long)getuid());
    return bench_process_start(argv, process) && wait_for(process, path);
}

static void end_broker(struct bench_process *process)
{
    if (process->pid <= 0)
        return;
    (void)kill(process->pid, SIGTERM);
    (void)bench_process_end(process);
}

static json_t *run_load(const char *folder, const char *setup, const char *kind,
                        unsigned num, unsigned times)
{
    char num_text[16], times_text[16];
    const char *argv[] = {"/proc/self/exe", "batch-load", folder, setup, kind,
                          num_text,         times_text,   NULL};

    (void)snprintf(num_text, sizeof(num_text), "%u", num);
    (void)snprintf(times_text, sizeof(times_text), "%u", times);
    return bench_process_run(argv);
}

struct quotes {
    size_t num;
    double rate[MAX_BLOCKS], p99_ms[MAX_BLOCKS];
};

/* "1024 quotes, 0.512 s, p99 411 ms" */
static bool read_quotes(struct bench_process *process, struct quotes *quotes)
{
    FILE *in = fdopen(process->out, "r");
    double num = 0, seconds = 0, p99_ms = 0;
    bool is_well = in != NULL && fscanf(in, "%lf quotes, %lf s, p99 %lf ms",
                                        &num, &seconds, &p99_ms) == 3;

    if (in != NULL) {
        (void)fclose(in);
        process->out = -1;
    }
    if (!bench_process_end(process) || !is_well || seconds <= 0)
        return false;
    quotes->rate[quotes->num] = num / seconds;
    quotes->p99_ms[quotes->num++] = p99_ms;
    return true;
}

static bool run_quotes(const char *folder, struct quotes *quotes)
{
    char program[BENCH_PATH], uri[BENCH_PATH + 32], config[BENCH_PATH], num[16];
    const char *argv[] = {
        bench_process_sibling("../provider/brokered", program),
        uri,
        num,
        "0",
        "1",
        NULL};
    struct bench_process process;

    (void)snprintf(uri, sizeof(uri), "attest:broker?socket=%s/broker-%d",
                   folder, BENCH_BATCH_MS);
    (void)snprintf(num, sizeof(num), "%d", BENCH_BATCH_WAITING);
    return setenv("OPENSSL_CONF", bench_pki_path(folder, "broker.cnf", config),
                  1) == 0 &&
           bench_process_start(argv, &process) && read_quotes(&process, quotes);
}

static json_t *quotes_json(const struct quotes *quotes)
{
    return json_pack(
        "{s:i,s:i,s:o,s:o}", "at_once", BENCH_BATCH_WAITING, "num",
        (int)(quotes->num * BENCH_BATCH_WAITING), "per_s",
        bench_sample_json(bench_sample_interval(quotes->rate, quotes->num), 0),
        "p99_ms",
        bench_sample_json(bench_sample_interval(quotes->p99_ms, quotes->num),
                          0));
}

static json_t *run_all_quotes(const char *folder, unsigned num_blocks)
{
    static struct quotes quotes;
    bool is_well = true;

    for (unsigned i = 0; i < num_blocks && is_well; i++)
        is_well = run_quotes(folder, &quotes);
    (void)unsetenv("OPENSSL_CONF");
    return is_well ? quotes_json(&quotes) : NULL;
}

static bool keep(json_t *out, const char *key, json_t *part)
{
    return part != NULL && json_object_set_new(out, key, part) == 0;
}

static bool measure(const char *folder, unsigned num_blocks, json_t *out)
{
    unsigned seconds = num_blocks * SECONDS_PER_RUN;

    return keep(out, "unbatched",
                run_load(folder, "unbatched", "burst", UNBATCHED,
                         (num_blocks + 2) / 3)) &&
           keep(out, "batched",
                run_load(folder, "batched", "burst", BENCH_BATCH_WAITING,
                         num_blocks)) &&
           keep(out, "instant",
                run_load(folder, "instant", "burst", BENCH_BATCH_WAITING,
                         num_blocks)) &&
           keep(out, "arrivals",
                run_load(folder, "arrivals", "arrivals", BENCH_BATCH_RATE,
                         seconds)) &&
           keep(out, "quotes", run_all_quotes(folder, num_blocks));
}

json_t *bench_batch(const char *folder, unsigned num_blocks)
{
    struct bench_process slow = {0, -1, -1}, instant = {0, -1, -1};
    json_t *out = json_object();
    bool is_well;

    num_blocks = num_blocks < MAX_BLOCKS / 4 ? num_blocks : MAX_BLOCKS / 4;
    is_well = start_broker(folder, BENCH_BATCH_MS, &slow) &&
              start_broker(folder, 0, &instant) &&
              measure(folder, num_blocks, out);
    end_broker(&slow);
    end_broker(&instant);
    if (is_well)
        return out;
    json_decref(out);
    return NULL;
}
