/* SPDX-License-Identifier: Apache-2.0
 *
 * Hooks on each SSL_CTX. All of them are public API.
 */
#include "hook.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include <openssl/err.h>

#include "extension.h"
#include "gate.h"
#include "http.h"
#include "keylog.h"
#include "module.h"
#include "remote.h"

static atls_security_fn *_Atomic default_security;
static int context_index = -1; /* what stands there: it is exempt */

/* The security callback gets a const SSL and may be called without one. */
static SSL *mutable_ssl(const SSL *ssl)
{
    return (SSL *)(uintptr_t)ssl;
}

/* The application's answer, or libssl's own. An application that chained us
 * and is chained by us comes round once, and then gets libssl's. */
static int ask_chained(struct atls_connection *connection, const SSL *ssl,
                       const SSL_CTX *ctx, int op, int bits, int nid,
                       void *other, void *ex)
{
    int answer;

    if (connection == NULL || connection->chained == NULL ||
        connection->is_in_security)
        return default_security(ssl, ctx, op, bits, nid, other, ex);
    connection->is_in_security = true;
    answer = connection->chained(ssl, ctx, op, bits, nid, other, ex);
    connection->is_in_security = false;
    return answer;
}

/* A request of ours that goes to a Verifier from within a handshake would else
 * be asked for what only the Verifier can judge. A rule that names the host and
 * requires Evidence of it is meant so. */
static bool is_named(const char *host)
{
    struct atls_policy *policy = atls_ruleset_get1(atls_module()->ruleset);
    const struct atls_peer peer = {.role = ATLS_ROLE_SERVER, .name = host};
    bool answer = policy != NULL && host != NULL &&
                  atls_module()->settings->requires_servers &&
                  atls_policy_names(policy, &peer);

    atls_policy_free(policy);
    return answer;
}

static void exempt(const SSL_CTX *ctx, const char *host)
{
    SSL_CTX *own = (SSL_CTX *)(uintptr_t)ctx;

    if (is_named(host) || !SSL_CTX_set_ex_data(own, context_index, own))
        return;
    SSL_CTX_set_security_callback(own, default_security);
}

bool atls_hook_is_exempt(const SSL_CTX *ctx)
{
    return SSL_CTX_get_ex_data(ctx, context_index) != NULL;
}

static int security(const SSL *ssl, const SSL_CTX *ctx, int op, int bits,
                    int nid, void *other, void *ex)
{
    struct atls_connection *connection =
        ssl == NULL ? NULL : atls_connection_get0(ssl);
    bool is_again = connection != NULL && connection->is_in_security;
    int errno_before = errno;
    int answer;

    if (ssl == NULL && op == ATLS_HTTP_SECOP) {
        exempt(ctx, other);
        return 1;
    }
    answer = ask_chained(connection, ssl, ctx, op, bits, nid, other, ex);
    if (ssl == NULL || is_again || answer == 0)
        return answer;
    answer = atls_gate_security(mutable_ssl(ssl), op, nid);
    errno = errno_before;
    return answer;
}

static int deny_all(const SSL *ssl, const SSL_CTX *ctx, int op, int bits,
                    int nid, void *other, void *ex)
{
    (void)ssl, (void)ctx, (void)op, (void)bits, (void)nid;
    (void)other, (void)ex;
    return 0;
}

/* A server begins here at the latest: its client may have offered nothing, and
 * then a key log line, CertificateRequest or ticket is the first that we see.
 * A client begins in its ClientHello. */
static void chain(SSL *ssl, atls_security_fn *installed)
{
    bool is_missed = atls_connection_get0(ssl) == NULL, failed;
    struct atls_connection *connection = atls_connection_need(ssl);

    SSL_set_security_callback(ssl, connection != NULL ? security : deny_all);
    if (connection == NULL)
        return;
    connection->chained = installed;
    connection->is_missed = is_missed;
    atls_keylog_keep(SSL_get_SSL_CTX(ssl)); /* it may do so again */
    if (is_missed && connection->is_server)
        atls_connection_begin(ssl, &failed);
}

void atls_hook_reassert(SSL *ssl)
{
    atls_security_fn *installed = SSL_get_security_callback(ssl);

    if (atls_hook_is_exempt(SSL_get_SSL_CTX(ssl)))
        return;
    atls_keylog_reassert(SSL_get_SSL_CTX(ssl));
    if (installed != security && installed != deny_all)
        chain(ssl, installed);
}

/* TLS 1.2 goes where nothing could be attested anyway: libssl then says so in
 * its own words instead of failing late. */
static bool is_tls13_only(const SSL_CTX *ctx)
{
    const struct atls_settings *settings = atls_module()->settings;
    const SSL_METHOD *method = SSL_CTX_get_ssl_method(ctx);
    struct atls_policy *policy;
    bool all_servers, all_clients = settings->requires_clients;

    if (!settings->enforces)
        return false;
    policy = atls_ruleset_get1(atls_module()->ruleset);
    all_servers = settings->requires_servers && policy != NULL &&
                  atls_policy_requires_all(policy, ATLS_ROLE_SERVER);
    atls_policy_free(policy);
    return (all_servers && all_clients) ||
           (all_servers && method == TLS_client_method()) ||
           (all_clients && method == TLS_server_method());
}

static void set_options(SSL_CTX *ctx)
{
    /* SSL_OP_NO_TX_CERTIFICATE_COMPRESSION, OpenSSL 3.2: a server would send a
     * Certificate that was compressed before there was Evidence. */
    const uint64_t no_compression = UINT64_C(1) << 32;

    if (OPENSSL_version_major() > 3 || OPENSSL_version_minor() >= 2)
        SSL_CTX_set_options(ctx, no_compression);
    if (is_tls13_only(ctx))
        SSL_CTX_set_options(ctx, SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 |
                                     SSL_OP_NO_TLSv1_1 | SSL_OP_NO_TLSv1_2);
}

/* Said once when it changes, not for each SSL_CTX. */
static void prepare_attesters(void)
{
    static atomic_int was_reported;
    const struct atls_module *module = atls_module();
    struct atls_why why = {0};

    if (module->attesters == NULL)
        return;
    if (atls_attesters_prepare(module->attesters, &why) == ATLS_OK) {
        if (atomic_exchange(&was_reported, 0) == 1)
            atls_log_text(module->settings->log, ATLS_LOG_INFO,
                          "the attester can be used again");
    } else if (atomic_exchange(&was_reported, 1) == 0) {
        atls_log_text(module->settings->log, ATLS_LOG_ERROR,
                      "we offer and answer nothing until the attester can be "
                      "used: %s",
                      why.text);
    }
}

/* What asks Verifiers elsewhere, while a program that changes its root still
 * sees it. */
static void prepare_remote(void)
{
    static atomic_bool is_done;
    const struct atls_settings *settings = atls_module()->settings;
    struct atls_policy *policy;
    struct atls_why why = {0};
    bool asks;

    if (atomic_exchange(&is_done, true))
        return;
    policy = atls_ruleset_get1(atls_module()->ruleset);
    asks = settings->passport != NULL || settings->verifier != NULL ||
           (policy != NULL && atls_policy_asks(policy));
    atls_policy_free(policy);
    if (asks && atls_remote_load(&why) != ATLS_OK)
        atls_log_text(settings->log, ATLS_LOG_ERROR,
                      "no Verifier elsewhere can be asked: %s", why.text);
}

/* A server whose client offers nothing has no extension callback, and a log of
 * what would be refused has to see the end of every handshake. */
static bool is_watchdog_needed(const SSL_CTX *ctx)
{
    const struct atls_settings *settings = atls_module()->settings;
    bool is_server = SSL_CTX_get_ssl_method(ctx) != TLS_client_method();

    return (settings->requires_clients && is_server) || !settings->enforces;
}

/* ex_data constructor: it cannot fail, so what goes wrong poisons the ctx. */
static void new_context(void *parent, void *pointer, CRYPTO_EX_DATA *ad,
                        int index, long argl, void *argp)
{
    SSL_CTX *ctx = parent;
    int errno_before = errno;

    (void)pointer, (void)ad, (void)index, (void)argl, (void)argp;
    ERR_set_mark();
    atls_ruleset_refresh(atls_module()->ruleset);
    prepare_attesters();
    prepare_remote();
    default_security = SSL_CTX_get_security_callback(ctx);
    if (atls_extension_install(ctx) &&
        atls_keylog_attach(ctx, is_watchdog_needed(ctx))) {
        SSL_CTX_set_security_callback(ctx, security);
        set_options(ctx);
    } else {
        SSL_CTX_set_security_callback(ctx, deny_all);
    }
    ERR_pop_to_mark();
    errno = errno_before;
}

/* The module did not load. Only what starts a handshake is refused, so that
 * the program's own set-up goes on and the reason is what it gets to see. */
static struct atls_why denial;
static _Atomic bool is_denied;

static int deny_handshakes(const SSL *ssl, const SSL_CTX *ctx, int op, int bits,
                           int nid, void *other, void *ex)
{
    if (ssl == NULL || op != SSL_SECOP_VERSION)
        return default_security(ssl, ctx, op, bits, nid, other, ex);
    atls_report_raise(&denial);
    return 0;
}

static void poison_context(void *parent, void *pointer, CRYPTO_EX_DATA *ad,
                           int index, long argl, void *argp)
{
    SSL_CTX *ctx = parent;

    (void)pointer, (void)ad, (void)index, (void)argl, (void)argp;
    if (!is_denied)
        return;
    default_security = SSL_CTX_get_security_callback(ctx);
    SSL_CTX_set_security_callback(ctx, deny_handshakes);
}

bool atls_hook_deny(const struct atls_why *why)
{
    static int poison_index = -1;

    denial = *why;
    is_denied = true;
    if (poison_index < 0)
        poison_index =
            SSL_CTX_get_ex_new_index(0, NULL, poison_context, NULL, NULL);
    return poison_index >= 0;
}

void atls_hook_deny_no_more(void)
{
    is_denied = false;
}

bool atls_hook_register(void)
{
    if (!atls_keylog_register())
        return false;
    context_index = SSL_CTX_get_ex_new_index(0, NULL, new_context, NULL, NULL);
    return context_index >= 0;
}
