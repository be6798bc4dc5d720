/* SPDX-License-Identifier: Apache-2.0
 *
 * Life and death of struct atls_connection.
 */
#include "connection.h"

#include <string.h>

#include "identity.h"
#include "module.h"

static int connection_index = -1;

static void let_go(struct atls_connection *connection)
{
    atls_evidence_free(connection->evidence);
    connection->evidence = NULL;
    atls_delegation_free(connection->delegation);
    connection->delegation = NULL;
    X509_free(connection->leaf);
    connection->leaf = NULL;
    atls_secret_clear(&connection->server_secret);
    atls_report_free(connection->report);
    connection->report = NULL;
    atls_policy_free(connection->policy);
    connection->policy = NULL;
    free(connection->name);
    connection->name = NULL;
}

/* Everything but what outlives a handshake. */
static void reset(struct atls_connection *connection)
{
    struct atls_connection kept = {.chained = connection->chained,
                                   .is_in_security = connection->is_in_security,
                                   .waiting_on = connection->waiting_on};

    let_go(connection);
    *connection = kept;
}

/* A handshake that we should have judged and that never came so far is worth a
 * line: the peer spoke TLS 1.2, or went away. */
static void report_abandoned(struct atls_connection *connection)
{
    struct atls_why why = {0};

    if (!connection->is_required || connection->is_finished ||
        connection->is_verified || atls_report_is_refused(connection->report))
        return;
    if (connection->is_under_way)
        connection->refused = ATLS_OK; /* libssl went on after our "no" */
    if (connection->refused == ATLS_TLS_VERSION)
        atls_why(&why, ATLS_TLS_VERSION,
                 "want TLS 1.3, peer or program has at most TLS 1.2; it has "
                 "to be configured for TLS 1.3");
    else if (connection->is_asked)
        atls_why(&why, ATLS_CERTIFICATE_MISSING,
                 "asked for a certificate with Evidence, client sent none or "
                 "went away; give it a certificate");
    else if (connection->refused != ATLS_OK)
        atls_why(&why, connection->refused, NULL);
    else if (!connection->is_server && !connection->is_under_way)
        atls_why(&why, ATLS_ABANDONED,
                 "want a ServerHello, peer ended the connection before one: it "
                 "may be down, or have no TLS 1.3 (alert 70 says so)");
    else
        atls_why(&why, ATLS_ABANDONED, NULL);
    atls_report_refuse(&connection->report, &why);
}

/* The SSL is half gone when this runs: nothing of it may be used. */
static void free_connection(void *parent, void *pointer, CRYPTO_EX_DATA *ad,
                            int index, long argl, void *argp)
{
    struct atls_connection *connection = pointer;

    (void)parent, (void)ad, (void)index, (void)argl, (void)argp;
    if (connection == NULL)
        return;
    if (connection->is_offered || connection->refused != ATLS_OK ||
        connection->is_under_way)
        report_abandoned(connection);
    atls_report_write(connection, NULL);
    let_go(connection);
    free(connection);
}

/* SSL_dup must not share: a copy starts with nothing known. */
static int dup_connection(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from,
                          void **pointer, int index, long argl, void *argp)
{
    (void)to, (void)from, (void)index, (void)argl, (void)argp;
    *pointer = NULL;
    return 1;
}

bool atls_connection_register(void)
{
    connection_index =
        SSL_get_ex_new_index(0, NULL, NULL, dup_connection, free_connection);
    return connection_index >= 0;
}

struct atls_connection *atls_connection_get0(const SSL *ssl)
{
    return SSL_get_ex_data(ssl, connection_index);
}

struct atls_connection *atls_connection_need(SSL *ssl)
{
    struct atls_connection *connection = atls_connection_get0(ssl);

    if (connection != NULL)
        return connection;
    connection = calloc(1, sizeof(*connection));
    if (connection == NULL ||
        !SSL_set_ex_data(ssl, connection_index, connection)) {
        free(connection);
        return NULL;
    }
    connection->is_server = SSL_is_server(ssl);
    connection->policy = atls_ruleset_get1(atls_module()->ruleset);
    return connection;
}

/* The setting `require` for peers of this connection. */
static bool is_role_required(const SSL *ssl)
{
    const struct atls_settings *settings = atls_module()->settings;

    return SSL_is_server(ssl) ? settings->requires_clients
                              : settings->requires_servers;
}

/* Of clients the setting alone decides, of servers the rules as well. */
static bool is_required_of(const SSL *ssl, const struct atls_policy *policy,
                           const struct atls_peer *peer)
{
    return is_role_required(ssl) &&
           (SSL_is_server(ssl) || atls_policy_requires(policy, peer));
}

/* Most connections of most processes: nothing to find out. */
static bool is_unconcerned(const SSL *ssl)
{
    return atls_connection_get0(ssl) == NULL && !is_role_required(ssl);
}

static struct atls_connection *begin(SSL *ssl, bool *failed)
{
    struct atls_connection *connection = atls_connection_get0(ssl);
    struct atls_policy *policy = atls_ruleset_get1(atls_module()->ruleset);
    char *name = SSL_is_server(ssl) ? NULL : atls_identity_name(ssl);
    struct atls_peer peer = {.role = SSL_is_server(ssl) ? ATLS_ROLE_CLIENT
                                                        : ATLS_ROLE_SERVER,
                             .name = name};
    bool is_required = is_required_of(ssl, policy, &peer);

    if (connection != NULL) {
        atls_report_write(connection, ssl);
        reset(connection);
    } else if (is_required) {
        connection = atls_connection_need(ssl);
        *failed = connection == NULL;
    }
    if (connection == NULL) {
        atls_policy_free(policy);
        free(name);
        return NULL;
    }
    atls_policy_free(connection->policy);
    connection->policy = policy;
    connection->name = name;
    connection->is_server = SSL_is_server(ssl);
    connection->is_required = is_required;
    return connection;
}

struct atls_connection *atls_connection_begin(SSL *ssl, bool *failed)
{
    *failed = false;
    return is_unconcerned(ssl) ? NULL : begin(ssl, failed);
}

bool atls_connection_is_stale(const struct atls_connection *connection)
{
    return connection->is_missed || connection->is_finished ||
           connection->is_under_way;
}

void atls_connection_end(struct atls_connection *connection, const SSL *ssl)
{
    connection->is_finished = true;
    atls_report_write(connection, ssl);
    let_go(connection);
    connection->own_agreed = connection->peer_agreed = false;
}

/* Who can attest by the extension and does not is not helped out. */
static bool has_spoken(const struct atls_connection *connection)
{
    return connection->peer_agreed ||
           (connection->is_server ? connection->is_offered
                                  : connection->own_agreed);
}

bool atls_connection_takes_bearer(const struct atls_connection *connection)
{
    struct atls_peer peer = atls_connection_peer(connection);

    return connection->policy != NULL && !has_spoken(connection) &&
           atls_policy_takes_bearer(connection->policy, &peer);
}

struct atls_peer atls_connection_peer(const struct atls_connection *connection)
{
    return (struct atls_peer){.role = connection->is_server ? ATLS_ROLE_CLIENT
                                                            : ATLS_ROLE_SERVER,
                              .name = connection->name};
}
