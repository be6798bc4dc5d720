/* SPDX-License-Identifier: Apache-2.0
 *
 * What each application that we know has to be told, and by whom. A row is an
 * application; the words are those of its own configuration.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/doctor.h"

#define IN_UNIT(unit)                                                          \
    "put OPENSSL_CONF into its unit (systemctl edit " unit                     \
    ": Environment=OPENSSL_CONF=FILE)"

struct atls_application {
    const char *name;
    const char *binaries; /* in the usual folders, by spaces */
    const char *user;     /* that it starts or ends up as; NULL: its caller */
    const char *profile;  /* of AppArmor, as its package names it */
    bool is_node;         /* reads nodejs_conf, not openssl_conf */
    const char *needs[6]; /* sentences, NULL-ended */
};

static const struct atls_application applications[] = {
    {"nginx",
     "nginx",
     "www-data",
     NULL,
     false,
     {"set ssl_protocols TLSv1.3 (without it Debian 12's nginx speaks TLS 1.2)",
      "clients that must attest need ssl_verify_client on and "
      "ssl_client_certificate",
      "for upstreams that must attest set proxy_ssl_protocols TLSv1.3, "
      "proxy_ssl_server_name on, proxy_ssl_name, and proxy_ssl_verify on with "
      "proxy_ssl_trusted_certificate",
      IN_UNIT("nginx")}},
    {"haproxy",
     "haproxy",
     "haproxy",
     NULL,
     false,
     {"clients that must attest need verify required and ca-file on bind lines",
      "on server lines that must attest set ssl, verify required, ca-file, sni "
      "and verifyhost",
      IN_UNIT("haproxy"),
      "it changes its root folder after start: policy changes are seen at a "
      "restart only"}},
    {"apache2",
     "apache2 httpd",
     "www-data",
     NULL,
     false,
     {"clients that must attest need SSLVerifyClient require and "
      "SSLCACertificateFile",
      "put OPENSSL_CONF into /etc/apache2/envvars, with export",
      "client certificates only for the whole host: renegotiation by folder "
      "(post-handshake authentication) is refused where clients must attest"}},
    {"curl",
     "curl",
     NULL,
     NULL,
     false,
     {"the name is the URL's; --cacert for a CA of yours",
      "-k makes identity = x509 refuse, as nothing vouches for the name"}},
    {"python3",
     "python3",
     NULL,
     NULL,
     false,
     {"ssl.create_default_context() and server_hostname are enough for "
      "clients",
      "clients that must attest need verify_mode = CERT_REQUIRED and a CA"}},
    {"postgresql",
     "postgres pg_ctlcluster",
     "postgres",
     NULL,
     false,
     {"set ssl = on",
      "put OPENSSL_CONF into /etc/postgresql/VERSION/main/environment",
      "it runs as postgres from the start: policy and TPM must be open to that "
      "user (group tss for /dev/tpmrm0)",
      "clients that must attest need a certificate: ssl_ca_file, and hostssl "
      "lines with clientcert=verify-ca or more"}},
    {"psql",
     "psql",
     NULL,
     NULL,
     false,
     {"say sslmode=verify-full and sslrootcert: sslmode=prefer, the default, "
      "falls back to plaintext, which no attestation can stop"}},
    {"mosquitto",
     "mosquitto",
     "mosquitto",
     NULL,
     false,
     {"clients that must attest need require_certificate true and cafile; set "
      "no psk_hint there",
      IN_UNIT("mosquitto"),
      "mosquitto_pub and _sub take the name from -h; give --cafile"}},
    {"redis",
     "redis-server",
     "redis",
     NULL,
     false,
     {"clients that must attest need tls-auth-clients yes and tls-ca-cert-file",
      IN_UNIT("redis-server"),
      "it runs as redis from the start: policy and TPM must be open to that "
      "user (group tss for /dev/tpmrm0)",
      "Debian's unit has PrivateDevices: for attest:tpm set PrivateDevices=no "
      "or DeviceAllow=/dev/tpmrm0 rw"}},
    {"stunnel",
     "stunnel stunnel4",
     "stunnel4",
     NULL,
     false,
     {"clients that must attest need CAfile and verifyChain = yes; set no "
      "PSKsecrets there",
      "clients: CAfile, verifyChain = yes, checkHost and sni",
      IN_UNIT("stunnel4"), "chroot hides a changed policy until a restart"}},
    {"node",
     "node nodejs",
     NULL,
     NULL,
     true,
     {"it reads nodejs_conf in place of openssl_conf; atls config writes both",
      "a build with an OpenSSL of its own that hides its symbols is not "
      "covered: look for it with atls doctor while it runs"}},
    {"unbound",
     "unbound",
     "unbound",
     "usr.sbin.unbound",
     false,
     {"its AppArmor profile must let it map atls_ext.so and atls.so (rm) and "
      "read the policy (r)"}},
    {"bind",
     "named",
     "bind",
     "usr.sbin.named",
     false,
     {"its AppArmor profile must let it map atls_ext.so and atls.so (rm) and "
      "read the policy (r)"}},
};
#define NUM (sizeof(applications) / sizeof(applications[0]))

const struct atls_application *atls_application_find(const char *name)
{
    for (size_t i = 0; i < NUM; i++)
        if (strcmp(applications[i].name, name) == 0)
            return &applications[i];
    return NULL;
}

void atls_application_names(struct atls_buf *out)
{
    for (size_t i = 0; i < NUM; i++) {
        atls_buf_text(out, i > 0 ? ", " : "");
        atls_buf_text(out, applications[i].name);
    }
}

static bool is_first_with_user(size_t row)
{
    for (size_t i = 0; i < row; i++)
        if (applications[i].user != NULL &&
            strcmp(applications[i].user, applications[row].user) == 0)
            return false;
    return true;
}

const char *atls_application_user(const struct atls_application *only, size_t i)
{
    if (only != NULL)
        return i == 0 ? only->user : NULL;
    for (size_t row = 0; row < NUM; row++)
        if (applications[row].user != NULL && is_first_with_user(row) &&
            i-- == 0)
            return applications[row].user;
    return NULL;
}

static bool is_installed(const struct atls_application *application)
{
    static const char *const folders[] = {"/usr/sbin", "/usr/bin",
                                          "/usr/local/sbin", "/usr/local/bin"};
    const char *name = application->binaries;
    char path[256];

    while (*name != '\0') {
        size_t len = strcspn(name, " ");

        for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
            snprintf(path, sizeof(path), "%s/%.*s", folders[i], (int)len, name);
            if (access(path, X_OK) == 0)
                return true;
        }
        name += len + strspn(name + len, " ");
    }
    return false;
}

static bool has_apparmor(void)
{
    FILE *file = fopen("/sys/module/apparmor/parameters/enabled", "re");
    int answer = 'N';

    if (file != NULL) {
        answer = fgetc(file);
        fclose(file);
    }
    return answer == 'Y';
}

static void check_apparmor(const struct atls_application *application,
                           struct atls_findings *findings)
{
    char path[256];

    if (application->profile == NULL)
        return;
    snprintf(path, sizeof(path), "/etc/apparmor.d/%s", application->profile);
    if (access(path, F_OK) != 0)
        atls_finding(findings, ATLS_LEVEL_OK, application->name,
                     "there is no AppArmor profile %s", path);
    else if (!has_apparmor())
        atls_finding(findings, ATLS_LEVEL_OK, application->name,
                     "%s is there, and AppArmor is off", path);
    else
        atls_finding(findings, ATLS_LEVEL_WARN, application->name,
                     "AppArmor is on and %s is there: add what is needed to "
                     "/etc/apparmor.d/local/%s",
                     path, application->profile);
}

static void examine(const struct atls_cnf *cnf,
                    const struct atls_application *application,
                    struct atls_findings *findings)
{
    for (size_t i = 0; application->needs[i] != NULL; i++)
        atls_finding(findings, ATLS_LEVEL_NOTE, application->name, "%s",
                     application->needs[i]);
    check_apparmor(application, findings);
    if (application->is_node && cnf->module != NULL &&
        atls_cnf_get(cnf, NULL, "nodejs_conf") == NULL)
        atls_finding(findings, ATLS_LEVEL_FAIL, application->name,
                     "this openssl.cnf has no nodejs_conf line, so node loads "
                     "nothing: add nodejs_conf = %s above the first section",
                     cnf->init);
}

void atls_doctor_application(const struct atls_cnf *cnf,
                             const struct atls_application *only,
                             struct atls_findings *findings)
{
    for (size_t i = 0; i < NUM; i++)
        if (only != NULL ? only == &applications[i]
                         : is_installed(&applications[i]))
            examine(cnf, &applications[i], findings);
}
