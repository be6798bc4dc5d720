/* SPDX-License-Identifier: Apache-2.0
 *
 * Who attests to whom, and as what: ClientHello, EncryptedExtensions and
 * CertificateRequest (doc/protocol.md, "Negotiation").
 */
#include "message.h"

#include "gate.h"
#include "hook.h"
#include "identity.h"
#include "module.h"

/* The connection at a ClientHello: what an earlier handshake on the same SSL
 * left must go, even where an application's security callback kept ours from
 * seeing the start. */
static enum atls_reason begin(SSL *ssl, struct atls_connection **out,
                              struct atls_why *why)
{
    bool failed = false;

    *out = atls_connection_get0(ssl);
    if (*out != NULL && !atls_connection_is_stale(*out))
        return ATLS_OK;
    *out = atls_connection_begin(ssl, &failed);
    return failed ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL)
                  : atls_gate_after_start(ssl, why);
}

/* ClientHello, client */

static size_t appraisable(const struct atls_connection *connection,
                          struct atls_schemes *out)
{
    struct atls_peer peer = atls_connection_peer(connection);

    out->num = atls_policy_schemes(connection->policy, &peer, out->list,
                                   ATLS_WIRE_MAX_SCHEMES);
    atls_schemes_fit(out);
    return out->num;
}

/* attest_to: to whom a client shows Evidence. */
static bool is_attested_to(SSL *ssl)
{
    const struct atls_module *module = atls_module();
    ATLS_AUTO_HEAP char *name = NULL;
    struct atls_peer peer = {.role = ATLS_ROLE_SERVER};
    struct atls_policy *policy;
    struct atls_scheme scheme;
    bool is_named;

    if (atls_offer_schemes(module->offer)->num == 0)
        return false;
    if (module->settings->attests_to_any)
        return true;
    policy = atls_ruleset_get1(module->ruleset);
    if (policy == NULL)
        return false;
    peer.name = name = atls_identity_name(ssl);
    is_named = atls_policy_schemes(policy, &peer, &scheme, 1) > 0 &&
               atls_policy_requires(policy, &peer);
    atls_policy_free(policy);
    return is_named;
}

enum atls_reason atls_put_client_hello(struct atls_call *call,
                                       struct atls_why *why)
{
    struct atls_wire_hello hello = {0};
    struct atls_connection *connection;
    enum atls_reason reason;

    if (atls_hook_is_exempt(SSL_get_SSL_CTX(call->ssl)))
        return ATLS_OK;
    reason = begin(call->ssl, &connection, why);
    if (reason != ATLS_OK)
        return reason;
    if (connection != NULL && connection->is_required)
        appraisable(connection, &hello.server);
    if (is_attested_to(call->ssl))
        hello.client = *atls_offer_schemes(atls_module()->offer);
    if (hello.server.num + hello.client.num == 0)
        return ATLS_OK;
    connection = atls_connection_need(call->ssl);
    if (connection == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    connection->is_offered = true;
    connection->refused = ATLS_OK; /* a version is left: the peer's move */
    atls_wire_put_hello(call->out, &hello);
    return ATLS_OK;
}

/* ClientHello, server */

/* What the client can appraise and we can make: the first of ours that spares
 * us the attester, else the first of the client's. */
static void choose_own(struct atls_connection *connection,
                       const struct atls_wire_hello *hello)
{
    const struct atls_schemes *able = atls_offer_schemes(atls_module()->offer);
    int chosen = atls_schemes_choose(able, &hello->server);

    connection->own_agreed = chosen >= 0;
    if (chosen >= 0 && atls_scheme_is_direct(&able->list[chosen])) {
        int first = atls_schemes_choose(&hello->server, able);

        chosen = atls_schemes_find(able, &hello->server.list[first]);
    }
    if (chosen >= 0)
        connection->own_scheme = able->list[chosen];
}

/* The same the other way round: index in wanted, or -1. The attesting side
 * says what is cheap for it by its order; the policy is content with each. */
static int choose_of_peer(const struct atls_schemes *wanted,
                          const struct atls_schemes *able)
{
    int first = atls_schemes_choose(able, wanted);

    if (first >= 0)
        first = atls_schemes_find(wanted, &able->list[first]);
    if (first < 0 || !atls_scheme_is_direct(&wanted->list[first]))
        return first;
    return atls_schemes_choose(wanted, able);
}

static enum atls_reason choose_peer(struct atls_connection *connection,
                                    const struct atls_wire_hello *hello,
                                    struct atls_why *why)
{
    struct atls_schemes wanted;
    int chosen;

    connection->peer_agreed = false;
    if (!connection->is_required)
        return ATLS_OK;
    if (hello->client.num == 0)
        return atls_why(why, ATLS_NOT_OFFERED,
                        "want Evidence, client has no attester; configure one "
                        "there, or attest_to");
    appraisable(connection, &wanted);
    chosen = choose_of_peer(&wanted, &hello->client);
    if (chosen < 0)
        return atls_why(why, ATLS_SCHEME_NOT_SHARED,
                        "the client makes no Evidence that the policy can "
                        "judge; add a profile or another attester");
    connection->peer_scheme = wanted.list[chosen];
    connection->peer_agreed = true;
    return ATLS_OK;
}

enum atls_reason atls_take_client_hello(struct atls_call *call,
                                        struct atls_why *why)
{
    struct atls_wire_hello hello = {0};
    struct atls_connection *connection;
    enum atls_reason reason = atls_wire_read_hello(call->in, &hello, why);

    if (reason != ATLS_OK)
        return reason;
    reason = begin(call->ssl, &connection, why);
    if (reason != ATLS_OK)
        return reason;
    connection = atls_connection_need(call->ssl);
    if (connection == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    connection->is_offered = true;
    choose_own(connection, &hello);
    return choose_peer(connection, &hello, why);
}

/* EncryptedExtensions */

enum atls_reason atls_put_encrypted_extensions(struct atls_call *call,
                                               struct atls_why *why)
{
    struct atls_connection *connection = atls_connection_get0(call->ssl);

    (void)why;
    atls_gate_force_client_certificate(call->ssl);
    if (connection != NULL && connection->own_agreed)
        atls_wire_put_encrypted_extensions(call->out, &connection->own_scheme);
    return ATLS_OK;
}

enum atls_reason atls_take_encrypted_extensions(struct atls_call *call,
                                                struct atls_why *why)
{
    struct atls_connection *connection = atls_connection_get0(call->ssl);
    struct atls_schemes offered = {0};
    struct atls_scheme chosen = {0};
    enum atls_reason reason =
        atls_wire_read_encrypted_extensions(call->in, &chosen, why);
    int found = -1;

    if (reason != ATLS_OK)
        return reason;
    if (connection != NULL && connection->is_required) {
        appraisable(connection, &offered);
        found = atls_schemes_find(&offered, &chosen);
    }
    if (found < 0)
        return atls_why(why, ATLS_SCHEME_NOT_OFFERED, NULL);
    connection->peer_scheme = offered.list[found];
    connection->peer_agreed = true;
    return ATLS_OK;
}

/* CertificateRequest */

/* After the peer's Finished a request is post-handshake authentication. */
static bool is_after_handshake(const SSL *ssl,
                               const struct atls_connection *connection)
{
    uint8_t byte;

    return connection->is_finished ||
           SSL_get_peer_finished(ssl, &byte, sizeof(byte)) > 0;
}

enum atls_reason atls_put_certificate_request(struct atls_call *call,
                                              struct atls_why *why)
{
    struct atls_connection *connection = atls_connection_get0(call->ssl);

    if (connection == NULL || !connection->is_required)
        return ATLS_OK;
    connection->is_verified = false;
    if (is_after_handshake(call->ssl, connection)) {
        connection->is_finished = true; /* no extension: the gate refuses */
        return ATLS_OK;
    }
    connection->is_asked = connection->peer_agreed;
    if (connection->is_asked)
        atls_wire_put_certificate_request(call->out, &connection->peer_scheme);
    else if (atls_connection_takes_bearer(connection))
        connection->is_asked = true; /* for a certificate that has Evidence */
    else if (!connection->is_offered)
        return atls_why(why, ATLS_NOT_OFFERED,
                        "want Evidence, client did not offer; load atls with "
                        "an attester there");
    return ATLS_OK;
}

enum atls_reason atls_take_certificate_request(struct atls_call *call,
                                               struct atls_why *why)
{
    const struct atls_schemes *able = atls_offer_schemes(atls_module()->offer);
    struct atls_connection *connection = atls_connection_get0(call->ssl);
    struct atls_scheme chosen = {0};
    enum atls_reason reason =
        atls_wire_read_certificate_request(call->in, &chosen, why);
    int found = -1;

    if (reason != ATLS_OK)
        return reason;
    if (connection != NULL && is_after_handshake(call->ssl, connection))
        return atls_why(why, ATLS_POST_HANDSHAKE,
                        "this version does not attest after the handshake");
    if (connection != NULL && connection->is_offered &&
        is_attested_to(call->ssl))
        found = atls_schemes_find(able, &chosen);
    if (found < 0)
        return atls_why(why, ATLS_SCHEME_NOT_OFFERED, NULL);
    connection->own_scheme = able->list[found];
    connection->own_agreed = true;
    return ATLS_OK;
}
