/* SPDX-License-Identifier: Apache-2.0
 *
 * atls serve: reads the command line, starts, says where it is, and then waits
 * for signals: SIGHUP loads anew, SIGTERM and SIGINT end it.
 */
#include "cli/command.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/input.h"
#include "cli/options.h"
#include "serve/front.h"

static const char help[] =
    "usage: atls serve --listen ADDR:PORT --policy FILE --signing-key PEM\n"
    "                  [OPTION]...\n"
    "\n"
    "A Verifier: judges Evidence under the policy and answers with signed\n"
    "results, by the challenge-response API of Veraison. Prints its URL when "
    "it\n"
    "is ready. SIGHUP reads policy and keys again, SIGTERM ends it.\n"
    "\n"
    "  --listen ADDR:PORT   port 0: any that is free\n"
    "  --policy FILE        the policy to judge by\n"
    "  --profile NAME       again for each (default: of servers without a "
    "name)\n"
    "  --signing-key PEM    signs; further ones are only published\n"
    "  --tls-cert PEM       with --tls-key PEM: needed beyond loopback\n"
    "  --session-key FILE   shared by all instances; made if it is not there\n"
    "  --ear-profile WORD   veraison (default) or ietf\n"
    "  --log TARGET         stderr (default), syslog or file:/path\n"
    "  --threads N          default: one a core\n"
    "  --connections N      default: 1024; --per-address N of them: a quarter\n"
    "  --timeout SECONDS    for all of a request; default: 10\n"
    "  --at TIME            for diagnosis: judge at this time\n"
    "  --unchecked-nonce    for tests of relying parties: take old Evidence\n"
    "\n"
    "Exit status: 0 ended by a signal, 2 bad usage, policy, key or address.\n";

struct serve {
    const char *listen, *tls_cert, *tls_key, *session_key, *ear_profile, *log,
        *threads, *connections, *per_address, *timeout, *at;
    struct atls_setup setup;
    struct atls_server server;
    struct atls_front front;
};

static int wrong(const char *option, const char *want, const char *found)
{
    return atls_usage_wrong("serve", "--%s: want %s, found \"%s\"", option,
                            want, found);
}

static bool read_number(const char *text, unsigned max, unsigned *out)
{
    unsigned long value = 0;
    size_t len = strspn(text, "0123456789");

    if (len == 0 || len > 6 || text[len] != '\0' ||
        sscanf(text, "%lu", &value) != 1 || value == 0 || value > max)
        return false;
    *out = (unsigned)value;
    return true;
}

static int check_numbers(struct serve *serve)
{
    struct atls_daemon_terms *terms = &serve->front.terms;

    terms->max_connections = 1024;
    terms->request_timeout_s = 10;
    if (serve->threads != NULL &&
        !read_number(serve->threads, 256, &terms->num_threads))
        return wrong("threads", "1 to 256", serve->threads);
    if (serve->connections != NULL &&
        !read_number(serve->connections, 65536, &terms->max_connections))
        return wrong("connections", "1 to 65536", serve->connections);
    terms->max_per_address = (terms->max_connections + 3) / 4;
    if (serve->per_address != NULL &&
        !read_number(serve->per_address, 65536, &terms->max_per_address))
        return wrong("per-address", "1 to 65536", serve->per_address);
    if (serve->timeout != NULL &&
        !read_number(serve->timeout, 3600, &terms->request_timeout_s))
        return wrong("timeout", "1 to 3600", serve->timeout);
    return -1;
}

static int check_missing(const struct serve *serve)
{
    const char *missing = serve->listen == NULL                ? "listen"
                          : serve->setup.policy == NULL        ? "policy"
                          : serve->setup.signing_keys.num == 0 ? "signing-key"
                                                               : NULL;

    if (missing != NULL)
        return atls_usage_wrong("serve", "--%s is missing", missing);
    if ((serve->tls_cert == NULL) != (serve->tls_key == NULL))
        return atls_usage_wrong("serve",
                                "--tls-cert and --tls-key go together");
    return -1;
}

static int check_words(struct serve *serve)
{
    const char *profile = serve->ear_profile;
    int status = check_missing(serve);

    if (status >= 0)
        return status;
    serve->setup.is_ietf = profile != NULL && strcmp(profile, "ietf") == 0;
    if (profile != NULL && !serve->setup.is_ietf &&
        strcmp(profile, "veraison") != 0)
        return wrong("ear-profile", "veraison or ietf", profile);
    serve->setup.has_at = serve->at != NULL;
    if (serve->at != NULL && !atls_input_time(serve->at, &serve->setup.at))
        return wrong("at", "a time such as 2026-11-23T21:00:00Z", serve->at);
    return check_numbers(serve);
}

/* Before any thread is made: they inherit the mask. */
static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGHUP);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static enum atls_reason start(struct serve *serve, struct atls_why *why)
{
    enum atls_reason reason =
        atls_server_init(&serve->server, &serve->setup, serve->session_key,
                         serve->log != NULL ? serve->log : "stderr", why);

    serve->front.server = &serve->server;
    serve->front.certificate = serve->tls_cert;
    serve->front.key = serve->tls_key;
    return reason == ATLS_OK
               ? atls_front_start(&serve->front, serve->listen, why)
               : reason;
}

static void wait_for_the_end(struct serve *serve, const sigset_t *signals)
{
    const struct timespec tick = {.tv_nsec = 250000000};
    int signal_number;

    do {
        signal_number = sigtimedwait(signals, NULL, &tick);
        if (signal_number == SIGHUP) {
            atls_server_reload(&serve->server);
            atls_front_reload(&serve->front);
        }
        atls_front_tick(&serve->front);
    } while (signal_number != SIGTERM && signal_number != SIGINT);
}

static int run(struct serve *serve)
{
    struct atls_why why = {0};
    sigset_t signals;

    block_signals(&signals);
    if (start(serve, &why) != ATLS_OK)
        return atls_usage_failed("serve", &why);
    if (serve->setup.is_nonce_unchecked)
        atls_server_say(&serve->server, ATLS_LOG_WARNING,
                        "--unchecked-nonce: results say nothing about when "
                        "Evidence was made");
    printf("%s://%s:%u\n", serve->tls_cert != NULL ? "https" : "http",
           serve->front.listener.host, serve->front.listener.port);
    if (fflush(stdout) == 0)
        wait_for_the_end(serve, &signals);
    atls_server_say(&serve->server, ATLS_LOG_INFO, "stopping");
    atls_front_stop(&serve->front);
    return ATLS_EXIT_YES;
}

static void serve_free(struct serve *serve)
{
    if (serve->server.setup != NULL)
        atls_server_clear(&serve->server);
    atls_tls_clear(&serve->front.tls);
    free(serve);
}
typedef struct serve serve_t;
ATLS_AUTO_FREE(serve_t, serve_free)

static int command(struct serve *serve, int argc, char **argv)
{
    const struct atls_option options[] = {
        {"listen", NULL, &serve->listen, NULL},
        {"policy", NULL, &serve->setup.policy, NULL},
        {"profile", NULL, NULL, &serve->setup.profiles},
        {"signing-key", NULL, NULL, &serve->setup.signing_keys},
        {"tls-cert", NULL, &serve->tls_cert, NULL},
        {"tls-key", NULL, &serve->tls_key, NULL},
        {"session-key", NULL, &serve->session_key, NULL},
        {"ear-profile", NULL, &serve->ear_profile, NULL},
        {"log", NULL, &serve->log, NULL},
        {"threads", NULL, &serve->threads, NULL},
        {"connections", NULL, &serve->connections, NULL},
        {"per-address", NULL, &serve->per_address, NULL},
        {"timeout", NULL, &serve->timeout, NULL},
        {"at", NULL, &serve->at, NULL},
        {"unchecked-nonce", &serve->setup.is_nonce_unchecked, NULL, NULL},
        {0}};
    const struct atls_usage usage = {"serve", help, 0, 0};
    int status = atls_options_read(&usage, options, argc, argv);

    if (status < 0)
        status = check_words(serve);
    return status < 0 ? run(serve) : status;
}

int atls_command_serve(int argc, char **argv)
{
    ATLS_AUTO(serve_t) *serve = calloc(1, sizeof(*serve));

    return serve != NULL ? command(serve, argc, argv)
                         : atls_usage_wrong("serve", "out of memory");
}
