/* SPDX-License-Identifier: Apache-2.0
 *
 * Configuration files and the reading of the log (atls(5), atls(7)).
 */
#include "ours.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/conf.h>
#include <openssl/err.h>

#include "pki.h"

#define MAX_CHECK_HANDSHAKES 5000
#define KEY                  "/attester.key"
#define SOFT                 "attest:soft?key=", KEY
#define SLOW                 "slow:" /* test/provider/slow.c */
#define BROKER               "attest:broker?socket="

/* Who waits does so for as long as it takes, and who is slow is always busy. */
#define PATIENT "timeout = 60s\nattest_share = 100\n"

struct setup {
    const char *name;
    const char *attester; /* URI, around the run's folder; NULL: none */
    const char *options;  /* its end: what of the folder, and options */
    const char *require;  /* NULL: without the module */
    const char *policy;   /* NULL: policy.json */
    const char *more;     /* lines of the section; NULL: none */
};

static const struct setup setups[] = {
    {"plain", NULL, NULL, NULL, NULL, NULL},
    {"idle", NULL, NULL, "none", NULL, NULL},
    {"attester", SOFT, "none", NULL, NULL},
    {"one-way", SOFT, "server", NULL, NULL},
    {"mutual", SOFT, "both", NULL, NULL},
    {"slow", SLOW, KEY "?ms=50", "none", NULL, NULL},
    {"client", NULL, NULL, "server", NULL, NULL},
    {"verifier", SOFT, "server", "verifiers.json", "delegate = 1h\n"},
    {"broker", SLOW, KEY, NULL, NULL, NULL},
    {"unbatched", SLOW, KEY "?ms=200", "server", NULL, PATIENT},
    {"batched", BROKER, "/broker-200", "server", NULL, PATIENT},
    {"arrivals", BROKER, "/broker-200", "server", NULL, PATIENT},
    {"instant", BROKER, "/broker-0", "server", NULL, PATIENT},
};
#define NUM_SETUPS (sizeof(setups) / sizeof(setups[0]))

static const char policy[] =
    "{ \"profiles\": { \"bench\": {\n"
    "    \"format\": \"psa\", \"trust_anchors\": [\"attester.pem\"],\n"
    "    \"lifecycle\": [\"assembly_and_test\"], \"any\": true } } }\n";

/* Absolute, as a provider's path is else looked up in libcrypto's folder. */
static const char *build_folder(void)
{
    static char absolute[PATH_MAX];
    const char *folder = getenv("top_builddir");

    return realpath(folder != NULL ? folder : ".", absolute) != NULL ? absolute
                                                                     : ".";
}

static void write_module(FILE *out, const struct setup *setup,
                         const char *folder)
{
    fprintf(out, "[atls_section]\npath = %s/.libs/atls_ext.so\n",
            build_folder());
    fprintf(out, "require = %s\nlog = file:%s/%s.log\n", setup->require, folder,
            setup->name);
    if (setup->attester != NULL)
        fprintf(out, "attester = %s%s%s\n", setup->attester, folder,
                setup->options);
    if (strcmp(setup->require, "none") != 0)
        fprintf(out, "policy = %s/%s\n", folder,
                setup->policy != NULL ? setup->policy : "policy.json");
    if (setup->more != NULL)
        fputs(setup->more, out);
}

static void write_slow(FILE *out, const struct setup *setup)
{
    if (setup->attester != NULL && strcmp(setup->attester, SLOW) == 0)
        fprintf(out,
                "slow = slow_section\n[slow_section]\nmodule = "
                "%s/.libs/slow.so\nactivate = 1\n",
                build_folder());
}

static void write_setup(FILE *out, const struct setup *setup,
                        const char *folder)
{
    bool has_module = setup->require != NULL;
    bool has_provider = has_module || setup->attester != NULL;

    fprintf(out,
            "openssl_conf = openssl_init\nconfig_diagnostics = 1\n"
            "[openssl_init]\nproviders = provider_section\n%s"
            "[default_section]\nactivate = 1\n",
            has_module ? "atls = atls_section\n" : "");
    if (has_provider)
        fprintf(out,
                "[atls_provider_section]\nmodule = %s/.libs/atls.so\n"
                "activate = 1\n",
                build_folder());
    fprintf(out, "[provider_section]\ndefault = default_section\n%s",
            has_provider ? "atls = atls_provider_section\n" : "");
    write_slow(out, setup);
    if (has_module)
        write_module(out, setup, folder);
}

static bool write_one(const struct setup *setup, const char *folder)
{
    char name[32], path[BENCH_PATH];
    FILE *out;

    (void)snprintf(name, sizeof(name), "%s.cnf", setup->name);
    out = fopen(bench_pki_path(folder, name, path), "w");
    if (out == NULL)
        return false;
    write_setup(out, setup, folder);
    return fclose(out) == 0;
}

bool bench_ours_write(const char *folder)
{
    char path[BENCH_PATH];
    FILE *out = fopen(bench_pki_path(folder, "policy.json", path), "w");
    bool is_well = out != NULL && fputs(policy, out) >= 0 && fclose(out) == 0;

    for (size_t i = 0; i < NUM_SETUPS && is_well; i++)
        is_well = write_one(&setups[i], folder);
    return is_well;
}

bool bench_ours_start(void)
{
    return OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1;
}

bool bench_ours_load(const char *folder, const char *name)
{
    char file[32], path[BENCH_PATH];

    (void)snprintf(file, sizeof(file), "%s.cnf", name);
    (void)bench_pki_path(folder, file, path);
    if (setenv("OPENSSL_CONF", path, 1) == 0 &&
        CONF_modules_load_file(path, NULL, 0) > 0)
        return true;
    fprintf(stderr, "bench: %s does not load:\n", path);
    ERR_print_errors_fp(stderr);
    return false;
}

struct tally {
    json_int_t num_lines; /* written or suppressed */
    unsigned num_refused; /* written */
    bool is_attested;     /* every other handshake, so far */
};

static bool text_is(json_t *line, const char *key, const char *wanted)
{
    const char *text = json_string_value(json_object_get(line, key));

    return text != NULL && strcmp(text, wanted) == 0;
}

static void count_line(struct tally *tally, json_t *line, bool is_mutual)
{
    bool is_judge = is_mutual || text_is(line, "role", "client");

    tally->num_lines += json_integer_value(json_object_get(line, "suppressed"));
    if (text_is(line, "event", "delegate") && text_is(line, "reason", "OK"))
        return; /* of no handshake */
    tally->num_lines++;
    if (text_is(line, "event", "handshake") && !text_is(line, "reason", "OK"))
        tally->num_refused++;
    else if (!text_is(line, "event", "handshake") ||
             !text_is(line, "binding", "bound") ||
             (is_judge && !text_is(line, "verdict", "affirming")))
        tally->is_attested = false;
}

static struct tally read_log(const char *folder, const char *name,
                             bool is_mutual)
{
    static char text[8192]; /* a log line */
    char file[32], path[BENCH_PATH];
    struct tally tally = {0, 0, true};
    FILE *in;

    (void)snprintf(file, sizeof(file), "%s.log", name);
    in = fopen(bench_pki_path(folder, file, path), "r");
    while (in != NULL && fgets(text, sizeof(text), in) != NULL) {
        json_t *line = json_loads(text, 0, NULL);

        count_line(&tally, line, is_mutual);
        json_decref(line);
    }
    if (in != NULL)
        (void)fclose(in);
    return tally;
}

static bool is_complete(const struct tally *tally,
                        const struct bench_deeds *deeds, unsigned num_more)
{
    return tally->num_lines ==
           2 * (json_int_t)(deeds->num_attested + num_more) +
               deeds->num_refused;
}

/* The log writes 20 lines a second and counts the others, so the count is
 * complete when the handshake just made has its lines. */
bool bench_ours_check(const char *folder, const char *name,
                      const struct bench_pair *pair,
                      const struct bench_deeds *deeds)
{
    struct tally tally = read_log(folder, name, deeds->is_mutual);
    unsigned num_more = 0;

    while (!is_complete(&tally, deeds, num_more) &&
           num_more < MAX_CHECK_HANDSHAKES) {
        if (!bench_pair_run(pair, 1, NULL))
            return false;
        num_more++;
        tally = read_log(folder, name, deeds->is_mutual);
    }
    if (tally.is_attested && tally.num_refused <= deeds->num_refused &&
        is_complete(&tally, deeds, num_more))
        return true;
    fprintf(stderr,
            "bench: the log tells of %lld lines, %u refusals, attested: %s; "
            "want %u handshakes, %u refusals\n",
            (long long)tally.num_lines, tally.num_refused,
            tally.is_attested ? "yes" : "no", deeds->num_attested + num_more,
            deeds->num_refused);
    return false;
}
