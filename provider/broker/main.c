/* SPDX-License-Identifier: Apache-2.0
 *
 * atlsd(8), the broker: the one process of a machine that opens the attester,
 * for programs that cannot or shall not. It makes each binder itself and so
 * quotes nothing that another connection, or nobody's, could use.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/provider.h>

#include "provider/broker/server.h"

#define DEFAULT_RATE 1000
#define MAX_RATE     100000
enum { LISTEN_FDS_START = 3 }; /* sd_listen_fds(3) */

struct options {
    const char *attester, *socket, *log, *config;
    struct atls_callers callers;
};

static const char usage[] =
    "usage: atlsd --attester URI [--allow USER]... [--socket PATH]\n"
    "             [--rate N] [--log TARGET] [--config FILE]\n";

static enum atls_reason parse_rate(const char *text, unsigned *out,
                                   struct atls_why *why)
{
    char *end = NULL;
    unsigned long rate = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || rate == 0 ||
        rate > MAX_RATE)
        return atls_why(why, ATLS_SETTING_INVALID,
                        "--rate %s: want 1 to %d requests a second", text,
                        MAX_RATE);
    *out = (unsigned)rate;
    return ATLS_OK;
}

static enum atls_reason take_option(int option, struct options *out,
                                    struct atls_why *why)
{
    switch (option) {
    case 'a':
        return atls_callers_add(&out->callers, optarg, why);
    case 'r':
        return parse_rate(optarg, &out->callers.rate, why);
    case 'A':
        out->attester = optarg;
        return ATLS_OK;
    case 's':
        out->socket = optarg;
        return ATLS_OK;
    case 'l':
        out->log = optarg;
        return ATLS_OK;
    case 'c':
        out->config = optarg;
        return ATLS_OK;
    default:
        return atls_why(why, ATLS_SETTING_INVALID, "%s", usage);
    }
}

static enum atls_reason take_options(int argc, char **argv, struct options *out,
                                     struct atls_why *why)
{
    static const struct option known[] = {
        {"attester", required_argument, NULL, 'A'},
        {"allow", required_argument, NULL, 'a'},
        {"socket", required_argument, NULL, 's'},
        {"rate", required_argument, NULL, 'r'},
        {"log", required_argument, NULL, 'l'},
        {"config", required_argument, NULL, 'c'},
        {NULL, 0, NULL, 0}};
    enum atls_reason reason = ATLS_OK;
    int option;

    *out = (struct options){.socket = ATLS_BROKER_SOCKET, .log = "stderr"};
    atls_callers_init(&out->callers, DEFAULT_RATE);
    while (reason == ATLS_OK &&
           (option = getopt_long(argc, argv, "", known, NULL)) != -1)
        reason = take_option(option, out, why);
    if (reason == ATLS_OK && (optind != argc || out->attester == NULL))
        reason = atls_why(why, ATLS_SETTING_INVALID, "want --attester");
    return reason;
}

/* The machine's own openssl.cnf may make every program attest by this broker,
 * which must not ask itself: it is not read. */
static enum atls_reason load_providers(const char *config, struct atls_why *why)
{
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
        return atls_why(why, ATLS_CRYPTO_FAILED, "libcrypto does not start");
    if (config != NULL && OSSL_LIB_CTX_load_config(NULL, config) != 1)
        return atls_why(why, ATLS_SETTING_INVALID,
                        "--config %s: libcrypto refuses it", config);
    if (OSSL_PROVIDER_load(NULL, "default") == NULL ||
        OSSL_PROVIDER_load(NULL, "atls") == NULL)
        return atls_why(why, ATLS_CRYPTO_FAILED,
                        "want the providers default and atls; is atls.so in "
                        "OpenSSL's modules directory (openssl version -m)?");
    return ATLS_OK;
}

/* Each request that waits has a descriptor. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* The socket that systemd opened, or one of our own. */
static enum atls_reason get_listener(const char *path, int *out,
                                     struct atls_why *why)
{
    const char *pid = getenv("LISTEN_PID"), *num = getenv("LISTEN_FDS");

    if (pid == NULL || num == NULL || strtol(pid, NULL, 10) != getpid())
        return atls_server_listen(path, out, why);
    if (strcmp(num, "1") != 0)
        return atls_why(why, ATLS_SETTING_INVALID,
                        "LISTEN_FDS is %s; want one SOCK_SEQPACKET socket",
                        num);
    *out = LISTEN_FDS_START;
    return atls_server_inherit(*out, why);
}

static void *run_quoter(void *arg)
{
    atls_quoter_run(arg);
    return NULL;
}

/* A log of their own for quotes: what callers get refused as fast as they can
 * ask has a limit, and must not keep their quotes out of the log. */
static enum atls_reason
open_quotes_log(const char *target, struct atls_log **out, struct atls_why *why)
{
    enum atls_reason reason = atls_log_open(target, out, why);

    if (reason == ATLS_OK)
        atls_log_lift_limit(*out);
    return reason;
}

static enum atls_reason run(struct options *options, struct atls_log *log,
                            struct atls_log *quotes, struct atls_why *why)
{
    struct atls_queue queue;
    struct atls_server server = {
        .callers = &options->callers, .queue = &queue, .log = log};
    enum atls_reason reason = load_providers(options->config, why);
    pthread_t thread;

    atls_queue_init(&queue);
    if (reason == ATLS_OK)
        reason = atls_quoter_new(options->attester, &queue, quotes,
                                 &server.quoter, why);
    if (reason == ATLS_OK)
        reason = get_listener(options->socket, &server.listener, why);
    if (reason != ATLS_OK)
        return reason;
    if (pthread_create(&thread, NULL, run_quoter, server.quoter) != 0)
        return atls_why(why, ATLS_OUT_OF_MEMORY, "no thread");
    atls_log_text(log, ATLS_LOG_INFO, "%s is ready", options->attester);
    atls_server_run(&server);
    return atls_why(why, ATLS_ATTESTER_FAILED, "poll: no memory");
}

int main(int argc, char **argv)
{
    static struct options options; /* too large for a stack */
    struct atls_log *log = NULL, *quotes = NULL;
    struct atls_why why = {0};

    signal(SIGPIPE, SIG_IGN);
    raise_limit();
    if (take_options(argc, argv, &options, &why) != ATLS_OK ||
        atls_log_open(options.log, &log, &why) != ATLS_OK ||
        open_quotes_log(options.log, &quotes, &why) != ATLS_OK) {
        fprintf(stderr, "atlsd: %s\n%s", why.text, usage);
        return 2;
    }
    (void)run(&options, log, quotes, &why);
    atls_log_text(log, ATLS_LOG_ERROR, "%s: %s", atls_reason_name(why.reason),
                  why.text);
    return 1;
}
