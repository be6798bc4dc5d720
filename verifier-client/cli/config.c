/* SPDX-License-Identifier: Apache-2.0
 *
 * atls config: a complete openssl.cnf. The system's file is included, so that
 * what it sets for TLS stays in force; ours is added to the sections that it
 * already has, after its providers, since libcrypto runs modules in the order
 * of the file (config(5)).
 */
#include "cli/command.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cnf.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/source.h"
#include "ext/settings.h"

static const char help[] =
    "usage: atls config [--attester [LABEL=]URI]... [--require ROLE]\n"
    "                   [--policy FILE] [--set KEY=VALUE]... > FILE\n"
    "\n"
    "Prints a complete openssl.cnf: the system's by .include, then what makes\n"
    "programs attest. Start them with OPENSSL_CONF=FILE. Policy, attester and\n"
    "values are checked; no device is opened.\n"
    "\n"
    "  --attester URI    what this host proves itself with, such as "
    "attest:tpm;\n"
    "                    with LABEL= again for each of several\n"
    "  --require ROLE    the peers that must attest: server, client, both or "
    "none\n"
    "                    (default)\n"
    "  --policy FILE     what good Evidence is; needed with --require\n"
    "  --set KEY=VALUE   any other key of atls(5); may be repeated\n"
    "  --include FILE    instead of the system's openssl.cnf; \"\" for none\n"
    "  --json            the same in a JSON object\n"
    "  --help            this\n"
    "\n"
    "Exit status: 0, or 2 with nothing printed if something is wrong.\n";

#define SECTION     "atls_section"
#define ATTESTER    "attester."
#define MAX_KEY     (sizeof(ATTESTER) + ATLS_COMPOSITE_LABEL)
#define MAX_SETTING (2 * ATLS_WORDS_MAX + 2)

struct setting {
    char *key;         /* owned */
    const char *value; /* borrowed */
};

struct plan {
    char *include;            /* absolute; owned; NULL: none */
    struct atls_cnf included; /* what that says */
    char *module, *extension; /* absolute paths; owned */
    char *policy;             /* absolute; owned; NULL: none */
    struct setting *settings; /* room for MAX_SETTING; owned; NULL: none */
    unsigned num_settings;
};

static void plan_clear(struct plan *plan)
{
    atls_cnf_close(&plan->included);
    free(plan->include);
    free(plan->module);
    free(plan->extension);
    free(plan->policy);
    for (unsigned i = 0; i < plan->num_settings; i++)
        free(plan->settings[i].key);
    free(plan->settings);
}

static enum atls_reason add(struct plan *plan, struct atls_view key,
                            const char *value, struct atls_why *why)
{
    struct setting added = {NULL, value};

    if (key.len == 0 || key.len >= MAX_KEY || atls_view_is(key, "path"))
        return atls_why(why, ATLS_SETTING_INVALID,
                        "--set: want a key of atls(5), found \"%.*s\"",
                        (int)key.len, (const char *)key.data);
    for (unsigned i = 0; i < plan->num_settings; i++)
        if (atls_view_is(key, plan->settings[i].key))
            return atls_why(why, ATLS_SETTING_INVALID,
                            "%.*s: want it once, found it twice", (int)key.len,
                            (const char *)key.data);
    if (plan->settings == NULL)
        plan->settings = calloc(MAX_SETTING, sizeof(*plan->settings));
    if (plan->settings != NULL)
        added.key = strndup((const char *)key.data, key.len);
    if (added.key == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    plan->settings[plan->num_settings++] = added;
    return ATLS_OK;
}

static enum atls_reason add_words(struct plan *plan,
                                  const struct atls_words *words,
                                  struct atls_why *why)
{
    enum atls_reason reason = ATLS_OK;

    for (unsigned i = 0; reason == ATLS_OK && i < words->num; i++) {
        const char *word = words->items[i], *equals = strchr(word, '=');

        if (equals == NULL)
            return atls_why(why, ATLS_SETTING_INVALID,
                            "--set: want KEY=VALUE, found \"%s\"", word);
        reason = add(plan, atls_view(word, (size_t)(equals - word)), equals + 1,
                     why);
    }
    return reason;
}

static const char *setting(const struct plan *plan, const char *key)
{
    for (unsigned i = 0; i < plan->num_settings; i++)
        if (strcmp(plan->settings[i].key, key) == 0)
            return plan->settings[i].value;
    return NULL;
}

/* Programs are started in other folders, so the path must be absolute. */
static enum atls_reason make_policy_absolute(struct plan *plan,
                                             struct atls_why *why)
{
    for (unsigned i = 0; i < plan->num_settings; i++) {
        struct setting *s = &plan->settings[i];

        if (strcmp(s->key, "policy") != 0 || *s->value == '\0')
            continue;
        plan->policy = realpath(s->value, NULL);
        if (plan->policy == NULL)
            return atls_why(why, ATLS_FILE_UNREADABLE, "policy %s: %m",
                            s->value);
        s->value = plan->policy;
    }
    return ATLS_OK;
}

static enum atls_reason read_included(struct plan *plan, struct atls_why *why)
{
    enum atls_reason reason;

    if (plan->include == NULL)
        return ATLS_OK;
    reason = atls_cnf_read(plan->include, &plan->included, why);
    if (reason == ATLS_OK && plan->included.module != NULL)
        return atls_why(why, ATLS_SETTING_INVALID,
                        "%s already loads atls_ext.so in [%s]: change it there",
                        plan->include, plan->included.module);
    return reason;
}

static const char *init_section(const struct plan *plan)
{
    return plan->included.init != NULL ? plan->included.init : "openssl_init";
}

static bool put_default(const struct plan *plan, struct atls_buf *out)
{
    bool is_good = true;

    atls_buf_text(out, "\n[default]\n");
    is_good = atls_cnf_put(out, "openssl_conf", init_section(plan));
    /* Node.js reads a name of its own */
    if (atls_cnf_get(&plan->included, NULL, "nodejs_conf") == NULL)
        is_good =
            is_good && atls_cnf_put(out, "nodejs_conf", init_section(plan));
    return is_good && atls_cnf_put(out, "config_diagnostics", "1");
}

static void put_section(struct atls_buf *out, const char *name)
{
    atls_buf_text(out, "\n[");
    atls_buf_text(out, name);
    atls_buf_text(out, "]\n");
}

static bool put_modules(const struct plan *plan, struct atls_buf *out)
{
    const char *providers = plan->included.providers;
    const char *fallback = plan->included.fallback;
    bool is_good = true;

    put_section(out, init_section(plan));
    if (providers == NULL)
        is_good = atls_cnf_put(out, "providers", "atls_providers");
    is_good = is_good && atls_cnf_put(out, "atls", SECTION);

    put_section(out, providers != NULL ? providers : "atls_providers");
    if (fallback == NULL)
        is_good = is_good && atls_cnf_put(out, "default", "atls_default");
    is_good = is_good && atls_cnf_put(out, "atls", "atls_provider");

    put_section(out, fallback != NULL ? fallback : "atls_default");
    is_good = is_good && atls_cnf_put(out, "activate", "1");
    put_section(out, "atls_provider");
    return is_good && atls_cnf_put(out, "module", plan->module) &&
           atls_cnf_put(out, "activate", "1");
}

static bool put_settings(const struct plan *plan, struct atls_buf *out)
{
    bool is_good;

    put_section(out, SECTION);
    is_good = atls_cnf_put(out, "path", plan->extension);
    for (unsigned i = 0; i < plan->num_settings; i++)
        is_good = is_good && atls_cnf_put(out, plan->settings[i].key,
                                          plan->settings[i].value);
    return is_good;
}

static enum atls_reason put(const struct plan *plan, struct atls_buf *out,
                            struct atls_why *why)
{
    atls_buf_text(out, "# openssl.cnf for attested TLS, made by atls config; "
                       "the keys are in atls(5).\n"
                       "# For OPENSSL_CONF: it must not take the place of the "
                       "file that it includes.\n");
    if (plan->include != NULL) {
        atls_buf_text(out, ".include ");
        atls_buf_text(out, plan->include);
        atls_buf_text(out, "\n");
    }
    if (!put_default(plan, out) || !put_modules(plan, out) ||
        !put_settings(plan, out))
        return atls_why(why, ATLS_SETTING_INVALID,
                        "a value has a line break, white space at an end or "
                        "more than 1024 characters: openssl.cnf cannot hold "
                        "it");
    return ATLS_OK;
}

/* What atls_ext.so would say at load. The log is not opened: a log file is
 * made by the program that writes it. */
static enum atls_reason check_settings(const struct plan *plan,
                                       struct atls_buf *text,
                                       struct atls_why *why)
{
    ATLS_AUTO_CNF cnf = {0};
    const char *log = setting(plan, "log");
    struct atls_settings *settings = NULL;
    enum atls_reason reason;

    if (log != NULL && strncmp(log, "file:/", 6) == 0)
        atls_buf_text(text, "log = stderr\n");
    reason =
        atls_cnf_parse(atls_buf_view(text), "the new openssl.cnf", &cnf, why);
    if (reason == ATLS_OK)
        reason = atls_settings_read(cnf.conf, SECTION, "the new openssl.cnf",
                                    &settings, why);
    if (reason == ATLS_OK && settings->policy != NULL) {
        struct atls_policy *policy = NULL;

        reason = atls_policy_read(settings->policy, NULL, NULL, &policy, why);
        if (reason == ATLS_OK)
            reason =
                atls_policy_check_identity(policy, settings->identity, why);
        atls_policy_free(policy);
    }
    atls_settings_free(settings);
    return reason;
}

/* Other schemes belong to providers that we do not have here. */
static enum atls_reason check_attester(const struct setting *setting,
                                       struct atls_why *why)
{
    ATLS_AUTO_SOURCE source = {0};
    struct atls_why inner = {0};

    if ((strcmp(setting->key, "attester") != 0 &&
         strncmp(setting->key, ATTESTER, strlen(ATTESTER)) != 0) ||
        strncmp(setting->value, "attest:", strlen("attest:")) != 0 ||
        atls_source_open(setting->value, &source, &inner) == ATLS_OK)
        return ATLS_OK;
    return atls_why(why, inner.reason, "%s: %s", setting->key, inner.text);
}

static enum atls_reason check_attesters(const struct plan *plan,
                                        struct atls_why *why)
{
    enum atls_reason reason = ATLS_OK;

    for (unsigned i = 0; reason == ATLS_OK && i < plan->num_settings; i++)
        reason = check_attester(&plan->settings[i], why);
    return reason;
}

static enum atls_reason find_modules(struct plan *plan, struct atls_why *why)
{
    char *paths[2];

    plan->extension = atls_source_extension();
    if (asprintf(&plan->module, "%s/atls.so", atls_source_modules()) < 0)
        plan->module = NULL;
    paths[0] = plan->module;
    paths[1] = plan->extension;
    for (int i = 0; i < 2; i++) {
        if (paths[i] == NULL)
            return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
        if (paths[i][0] != '/' || access(paths[i], R_OK) != 0)
            return atls_why(why, ATLS_FILE_UNREADABLE,
                            "%s: want an installed module at an absolute path, "
                            "found none: make install puts it there",
                            paths[i]);
    }
    return ATLS_OK;
}

static enum atls_reason make(struct plan *plan, struct atls_buf *out,
                             struct atls_why *why)
{
    ATLS_AUTO_BUF checked = atls_buf(1 << 16);
    enum atls_reason reason = make_policy_absolute(plan, why);

    if (reason == ATLS_OK)
        reason = read_included(plan, why);
    if (reason == ATLS_OK)
        reason = find_modules(plan, why);
    if (reason == ATLS_OK)
        reason = put(plan, out, why);
    if (reason == ATLS_OK) {
        atls_buf_put(&checked, atls_buf_view(out));
        reason = check_settings(plan, &checked, why);
    }
    if (reason == ATLS_OK)
        reason = check_attesters(plan, why);
    return reason;
}

static int print_json(const struct plan *plan, struct atls_view text)
{
    ATLS_AUTO(json_t) *report = json_object();
    json_t *settings = json_object();

    atls_output_add(report, "openssl_cnf", atls_output_text(text));
    atls_output_set(report, "section", "%s", SECTION);
    for (unsigned i = 0; i < plan->num_settings; i++)
        atls_output_set(settings, plan->settings[i].key, "%s",
                        plan->settings[i].value);
    atls_output_add(report, "settings", settings);
    return atls_output_print(report, true, ATLS_EXIT_YES);
}

static int print(const struct plan *plan, struct atls_view text, bool as_json)
{
    if (as_json)
        return print_json(plan, text);
    fwrite(text.data, 1, text.len, stdout);
    return fflush(stdout) == 0 ? ATLS_EXIT_YES : ATLS_EXIT_USAGE;
}

/* What the command line says, before it is checked. */
struct words {
    const char *require, *policy, *include;
    struct atls_words attesters, set;
    bool as_json;
};

static enum atls_reason add_attester(struct plan *plan, const char *word,
                                     struct atls_why *why)
{
    struct atls_view label;
    const char *uri = atls_source_split(word, &label);
    char key[MAX_KEY] = "attester";

    if (label.data != NULL && !atls_settings_is_label(label))
        return atls_why(why, ATLS_SETTING_INVALID,
                        "--attester: want a label of 1 to %d letters, digits, "
                        "\".\", \"-\" and \"_\", found \"%.*s\"",
                        ATLS_COMPOSITE_LABEL - 1, (int)label.len,
                        (const char *)label.data);
    if (label.data != NULL)
        snprintf(key, sizeof(key), ATTESTER "%.*s", (int)label.len,
                 (const char *)label.data);
    return add(plan, atls_view_text(key), uri, why);
}

static enum atls_reason add_all(struct plan *plan, const struct words *words,
                                struct atls_why *why)
{
    const struct {
        const char *key, *value;
    } named[] = {{"require", words->require}, {"policy", words->policy}};
    enum atls_reason reason = ATLS_OK;

    for (unsigned i = 0; reason == ATLS_OK && i < words->attesters.num; i++)
        reason = add_attester(plan, words->attesters.items[i], why);
    for (size_t i = 0; reason == ATLS_OK && i < 2; i++)
        if (named[i].value != NULL)
            reason =
                add(plan, atls_view_text(named[i].key), named[i].value, why);
    return reason == ATLS_OK ? add_words(plan, &words->set, why) : reason;
}

/* The system's file is left out where there is none; one that was asked for
 * must be there. */
static enum atls_reason find_include(struct plan *plan, const char *asked,
                                     struct atls_why *why)
{
    if (asked != NULL && *asked != '\0') {
        plan->include = realpath(asked, NULL);
        return plan->include != NULL ? ATLS_OK
                                     : atls_why(why, ATLS_FILE_UNREADABLE,
                                                "--include %s: %m", asked);
    }
    if (asked != NULL)
        return ATLS_OK;
    plan->include = atls_cnf_system();
    if (plan->include != NULL && access(plan->include, F_OK) != 0) {
        free(plan->include);
        plan->include = NULL;
    }
    return ATLS_OK;
}

static int run(const struct words *words)
{
    __attribute__((cleanup(plan_clear))) struct plan plan = {0};
    ATLS_AUTO_BUF text = atls_buf(1 << 16);
    struct atls_why why = {0};
    enum atls_reason reason = find_include(&plan, words->include, &why);

    if (reason == ATLS_OK)
        reason = add_all(&plan, words, &why);
    if (reason == ATLS_OK)
        reason = make(&plan, &text, &why);
    return reason == ATLS_OK
               ? print(&plan, atls_buf_view(&text), words->as_json)
               : atls_usage_failed("config", &why);
}

int atls_command_config(int argc, char **argv)
{
    struct words words = {0};
    const struct atls_option options[] = {
        {"attester", NULL, NULL, &words.attesters},
        {"require", NULL, &words.require, NULL},
        {"policy", NULL, &words.policy, NULL},
        {"set", NULL, NULL, &words.set},
        {"include", NULL, &words.include, NULL},
        {"json", &words.as_json, NULL, NULL},
        {0}};
    const struct atls_usage usage = {"config", help, 0, 0};
    int status = atls_options_read(&usage, options, argc, argv);

    return status >= 0 ? status : run(&words);
}
