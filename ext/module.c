/* SPDX-License-Identifier: Apache-2.0
 *
 * Loading: check the host, read the settings, open what they name, hook. Any
 * failure stops the load, which config_diagnostics = 1 makes fatal, and poisons
 * every SSL_CTX, as programs exist that take no notice.
 */
#include "module.h"

#include <pthread.h>

#include "hook.h"
#include "host.h"
#include "report.h"
#include "connection.h"

static struct atls_module *loaded;

const struct atls_module *atls_module(void)
{
    return loaded;
}

static enum atls_reason open_ruleset(struct atls_module *module,
                                     struct atls_why *why)
{
    struct atls_why inner = {0};

    if (module->settings->policy == NULL ||
        atls_ruleset_open(module->settings, &module->ruleset, &inner) ==
            ATLS_OK)
        return ATLS_OK;
    return atls_why(why, inner.reason, "policy: %s", inner.text);
}

/* What is said begins with the key that it is about. */
static enum atls_reason open_parts(struct atls_module *module,
                                   struct atls_why *why)
{
    const struct atls_settings *settings = module->settings;
    enum atls_reason reason = ATLS_OK;

    if (settings->num_attesters > 0)
        reason = atls_attesters_open(settings, &module->attesters, why);
    if (reason == ATLS_OK)
        reason = open_ruleset(module, why);
    if (reason == ATLS_OK && module->attesters != NULL)
        reason = atls_offer_open(settings, module->attesters, module->ruleset,
                                 &module->offer, why);
    return reason;
}

static enum atls_reason read_module(const CONF *conf, const char *section,
                                    struct atls_module *module,
                                    struct atls_why *why)
{
    char *file = CONF_get1_default_config_file();
    struct atls_why inner = {0};
    enum atls_reason reason =
        atls_settings_read(conf, section, file != NULL ? file : "openssl.cnf",
                           &module->settings, why);

    if (reason == ATLS_OK && open_parts(module, &inner) != ATLS_OK)
        reason =
            atls_why(why, inner.reason, "%s: [%s] %s",
                     file != NULL ? file : "openssl.cnf", section, inner.text);
    OPENSSL_free(file);
    return reason;
}

/* Nothing to attest with and nobody to judge: nothing to hook. */
static bool is_idle(const struct atls_module *module)
{
    return module->attesters == NULL && !module->settings->requires_servers &&
           !module->settings->requires_clients;
}

static void free_module(struct atls_module *module)
{
    atls_ruleset_free(module->ruleset);
    atls_offer_free(module->offer);
    atls_attesters_free(module->attesters);
    atls_settings_free(module->settings);
    free(module);
}

static enum atls_reason load(const CONF *conf, const char *section,
                             struct atls_why *why)
{
    struct atls_module *module = calloc(1, sizeof(*module));
    enum atls_reason reason;

    if (module == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    reason = read_module(conf, section, module, why);
    if (reason != ATLS_OK) {
        if (module->settings != NULL)
            atls_log_text(module->settings->log, ATLS_LOG_ERROR, "%s",
                          why->text);
        free_module(module);
        return reason;
    }
    loaded = module;
    if (is_idle(module) || (atls_connection_register() && atls_hook_register()))
        return ATLS_OK;
    loaded = NULL;
    return atls_why(why, ATLS_OUT_OF_MEMORY, "no ex_data index");
}

int atls_module_load(const CONF *conf, const char *section,
                     const void *libcrypto_caller)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    struct atls_why why = {0};

    pthread_mutex_lock(&mutex);
    if (loaded == NULL) {
        if (!atls_report_register())
            atls_why(&why, ATLS_OUT_OF_MEMORY, NULL);
        else if (atls_host_check(libcrypto_caller, &why) == ATLS_OK)
            load(conf, section, &why);
    }
    if (why.reason == ATLS_OK)
        atls_hook_deny_no_more();
    else if (!atls_hook_deny(&why))
        atls_why(&why, ATLS_OUT_OF_MEMORY, "no ex_data index");
    pthread_mutex_unlock(&mutex);
    if (why.reason != ATLS_OK)
        atls_report_raise(&why);
    return why.reason == ATLS_OK;
}
