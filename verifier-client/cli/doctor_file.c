/* SPDX-License-Identifier: Apache-2.0
 *
 * openssl.cnf as it is written. libcrypto ignores most mistakes in it without
 * a word (config(5), config_diagnostics), so each is named here.
 */
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/doctor.h"

static void check_module(const struct atls_cnf *cnf, const char *path,
                         struct atls_findings *findings)
{
    const char *module = atls_cnf_get(cnf, cnf->module, "path");

    if (cnf->init == NULL)
        atls_finding(findings, ATLS_LEVEL_FAIL, "module",
                     "%s has no openssl_conf line, so it loads nothing: let "
                     "OPENSSL_CONF or --config name what atls config prints",
                     path);
    else if (cnf->module == NULL)
        atls_finding(findings, ATLS_LEVEL_FAIL, "module",
                     "[%s] of %s names no section with path = .../atls_ext.so: "
                     "nothing attests; let OPENSSL_CONF or --config name what "
                     "atls config prints",
                     cnf->init, path);
    else if (access(module, R_OK) != 0)
        atls_finding(findings, ATLS_LEVEL_FAIL, "module",
                     "%s, which [%s] names, cannot be read: install it, or "
                     "correct path",
                     module, cnf->module);
    else
        atls_finding(findings, ATLS_LEVEL_OK, "module", "[%s] of %s names %s",
                     cnf->module, path, module);
}

static void check_diagnostics(const struct atls_cnf *cnf,
                              struct atls_findings *findings)
{
    const char *value = atls_cnf_get(cnf, NULL, "config_diagnostics");

    if (atls_cnf_is_on(value))
        atls_finding(findings, ATLS_LEVEL_OK, "diagnostics",
                     "config_diagnostics is on: a module that fails to load "
                     "stops TLS");
    else
        atls_finding(findings, ATLS_LEVEL_FAIL, "diagnostics",
                     "config_diagnostics is off: programs go on when the "
                     "module fails to load; set config_diagnostics = 1 above "
                     "the first section");
}

/* The name under which the init section has the module. */
static int module_index(const struct atls_cnf *cnf)
{
    STACK_OF(CONF_VALUE) *pairs = NCONF_get_section(cnf->conf, cnf->init);

    for (int i = 0; i < sk_CONF_VALUE_num(pairs); i++)
        if (strcmp(sk_CONF_VALUE_value(pairs, i)->value, cnf->module) == 0)
            return i;
    return -1;
}

static void check_order(const struct atls_cnf *cnf,
                        struct atls_findings *findings)
{
    int providers = atls_cnf_index(cnf, cnf->init, "providers");

    if (providers < 0)
        atls_finding(findings, ATLS_LEVEL_WARN, "order",
                     "[%s] has no providers line, so no attester can be "
                     "opened; enough where this host only appraises",
                     cnf->init);
    else if (providers > module_index(cnf))
        atls_finding(findings, ATLS_LEVEL_FAIL, "order",
                     "the module stands before providers in [%s], and cannot "
                     "open its attester at load: move it behind",
                     cnf->init);
    else
        atls_finding(findings, ATLS_LEVEL_OK, "order",
                     "the module stands after providers");
}

/* Once any provider is activated, "default" is no longer so by itself. */
static void check_default(const struct atls_cnf *cnf,
                          struct atls_findings *findings)
{
    if (cnf->providers == NULL ||
        atls_cnf_is_on(atls_cnf_get(cnf, cnf->fallback, "activate")))
        atls_finding(findings, ATLS_LEVEL_OK, "default provider",
                     "it is active");
    else
        atls_finding(findings, ATLS_LEVEL_FAIL, "default provider",
                     "[%s] activates providers and not \"default\": programs "
                     "have no algorithms; add default = SECTION there and "
                     "activate = 1 in that section",
                     cnf->providers);
}

/* The attester's provider: a failed one is skipped in silence even with
 * diagnostics, so its file is looked at. */
static void check_provider(const struct atls_cnf *cnf,
                           struct atls_findings *findings)
{
    const char *section = NULL, *module, *attester, *key;
    size_t i = 0;

    do
        attester = atls_cnf_attester(cnf, i++, &key);
    while (attester != NULL && strncmp(attester, "attest:", 7) != 0);
    if (attester == NULL)
        return;
    if (cnf->providers != NULL)
        section = atls_cnf_get(cnf, cnf->providers, "atls");
    module = atls_cnf_get(cnf, section, "module");
    if (section == NULL ||
        !atls_cnf_is_on(atls_cnf_get(cnf, section, "activate")))
        atls_finding(findings, ATLS_LEVEL_FAIL, "atls provider",
                     "%s = %s needs it: list atls in the providers section, "
                     "with activate = 1 in its own",
                     key, attester);
    else if (module != NULL && access(module, R_OK) != 0)
        atls_finding(findings, ATLS_LEVEL_FAIL, "atls provider",
                     "%s cannot be read: libcrypto will skip it in silence; "
                     "install it, or correct module",
                     module);
    else
        atls_finding(findings, ATLS_LEVEL_OK, "atls provider",
                     "it is activated");
}

static void check_versions(const struct atls_cnf *cnf,
                           struct atls_findings *findings)
{
    const char *ssl = atls_cnf_get(cnf, cnf->init, "ssl_conf");
    const char *defaults =
        ssl != NULL ? atls_cnf_get(cnf, ssl, "system_default") : NULL;
    const char *max = NULL;

    if (defaults != NULL)
        max = atls_cnf_get(cnf, defaults, "MaxProtocol");
    if (max != NULL && strcasecmp(max, "TLSv1.3") != 0 &&
        strcasecmp(max, "None") != 0)
        atls_finding(findings, ATLS_LEVEL_FAIL, "TLS 1.3",
                     "[%s] sets MaxProtocol = %s: attestation needs TLSv1.3",
                     defaults, max);
}

static void check_peers(const struct atls_cnf *cnf,
                        struct atls_findings *findings)
{
    const char *require = atls_cnf_get(cnf, cnf->module, "require");
    const char *enforce = atls_cnf_get(cnf, cnf->module, "enforce");
    const char *key;

    if (require == NULL || strcmp(require, "none") == 0)
        atls_finding(findings, ATLS_LEVEL_WARN, "require",
                     "no peer must attest: set require = server, client or "
                     "both where this host relies on others");
    else
        atls_finding(findings, ATLS_LEVEL_OK, "require",
                     "peers that must attest: %s", require);
    if (enforce != NULL && strcmp(enforce, "log") == 0)
        atls_finding(findings, ATLS_LEVEL_WARN, "enforce",
                     "log: peers that fail are let through; set yes when the "
                     "log shows no more would_refuse");
    if (atls_cnf_attester(cnf, 0, &key) == NULL)
        atls_finding(findings, ATLS_LEVEL_WARN, "attester",
                     "none: this host proves nothing to its peers");
}

static void check_sessions(const struct atls_cnf *cnf,
                           struct atls_findings *findings)
{
    const char *require = atls_cnf_get(cnf, cnf->module, "require");

    if (require == NULL || strcmp(require, "none") == 0)
        return;
    atls_finding(findings, ATLS_LEVEL_NOTE, "sessions",
                 "resume = never: peers that must attest get no tickets and "
                 "no 0-RTT, whatever the application is told");
}

void atls_doctor_file(const struct atls_cnf *cnf, const char *path,
                      struct atls_findings *findings)
{
    check_module(cnf, path, findings);
    if (cnf->module == NULL)
        return;
    check_diagnostics(cnf, findings);
    check_order(cnf, findings);
    check_default(cnf, findings);
    check_provider(cnf, findings);
    check_versions(cnf, findings);
    check_peers(cnf, findings);
    check_sessions(cnf, findings);
}
