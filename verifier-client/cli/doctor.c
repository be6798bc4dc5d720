/* SPDX-License-Identifier: Apache-2.0
 *
 * atls doctor: why does attestation not happen here? Reads the file, loads it
 * in a child, asks the attester, and looks at the host.
 */
#include "cli/doctor.h"

#include <getopt.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/options.h"

static const char help[] =
    "usage: atls doctor [--config FILE] [--json] [APP]\n"
    "\n"
    "Examines an openssl.cnf ($OPENSSL_CONF, or the system's) and this host: "
    "is\n"
    "the module loaded, in the right order, with diagnostics on; who can read\n"
    "the policy, and does what it rests on end soon; does the attester "
    "answer,\n"
    "and how fast; how old are the delegates that the log tells of; which\n"
    "processes run OpenSSL without the module; what the applications that are\n"
    "installed need.\n"
    "As root it sees more. With APP, only what that application needs of the\n"
    "last two; applications that it knows: nginx, haproxy, apache2, curl,\n"
    "python3, postgresql, psql, mosquitto, redis, stunnel, node, unbound, "
    "bind.\n"
    "\n"
    "  --config FILE  this openssl.cnf\n"
    "  --json         the findings as a JSON object\n"
    "  --help         this\n"
    "\n"
    "Each line is ok, note, warn or fail: what was found, and whose move it "
    "is.\n"
    "Exit status: 0 nothing failed, 1 something did, 2 bad usage.\n";

static void examine(const char *path, const struct atls_application *only,
                    struct atls_findings *findings)
{
    ATLS_AUTO_CNF cnf = {0};
    struct atls_why why = {0};

    if (atls_cnf_read(path, &cnf, &why) != ATLS_OK) {
        atls_finding(findings, ATLS_LEVEL_FAIL, "openssl.cnf",
                     "%s; programs go on without it, unattested", why.text);
    } else {
        atls_doctor_file(&cnf, path, findings);
        if (cnf.module != NULL)
            atls_doctor_load(path, findings);
        atls_doctor_policy(atls_cnf_get(&cnf, cnf.module, "policy"), only,
                           findings);
        atls_doctor_attesters(&cnf, findings);
        if (cnf.module != NULL)
            atls_doctor_delegate(&cnf, findings);
    }
    if (only == NULL)
        atls_doctor_processes(findings);
    atls_doctor_application(&cnf, only, findings);
}

static int unknown(const char *name)
{
    ATLS_AUTO_BUF names = atls_buf(1024);

    atls_application_names(&names);
    return atls_usage_wrong("doctor", "want one of %.*s; found \"%s\"",
                            (int)names.len, (const char *)names.data, name);
}

int atls_command_doctor(int argc, char **argv)
{
    bool as_json = false;
    const char *path = NULL;
    const struct atls_option options[] = {
        {"config", NULL, &path, NULL}, {"json", &as_json, NULL, NULL}, {0}};
    const struct atls_usage usage = {"doctor", help, 0, 1};
    const struct atls_application *only = NULL;
    ATLS_AUTO_HEAP char *fallback = NULL;
    ATLS_AUTO(json_t) *items = json_array();
    struct atls_findings findings = {items, {0}};
    int status = atls_options_read(&usage, options, argc, argv);

    if (status >= 0)
        return status;
    if (optind < argc)
        only = atls_application_find(argv[optind]);
    if (optind < argc && only == NULL)
        return unknown(argv[optind]);
    if (path == NULL)
        path = fallback = CONF_get1_default_config_file();
    examine(path, only, &findings);
    return atls_findings_print(&findings, as_json);
}
