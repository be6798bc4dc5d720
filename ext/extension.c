/* SPDX-License-Identifier: Apache-2.0
 *
 * One row a message: what puts it, what takes it.
 */
#include "extension.h"

#include <errno.h>
#include <string.h>

#include <openssl/err.h>

#include "gate.h"
#include "hook.h"
#include "identity.h"
#include "module.h"
#include "offload.h"
#include "share.h"

/* One call of libssl: a message on its way out or in. */
struct call {
    SSL *ssl;
    X509 *leaf;           /* of a CertificateEntry: its certificate */
    size_t entry;         /* of a CertificateEntry: its number */
    struct atls_buf *out; /* put: what stays empty is not sent */
    struct atls_view in;  /* take */
};

typedef enum atls_reason message_fn(struct call *call, struct atls_why *why);

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

    out->num = atls_policy_types(connection->policy, &peer, out->types,
                                 ATLS_WIRE_MAX_SCHEMES);
    out->num_passed_over = 0;
    return out->num;
}

/* attest_to: to whom a client shows Evidence. */
static bool is_attested_to(SSL *ssl)
{
    const struct atls_module *module = atls_module();
    ATLS_AUTO_HEAP char *name = NULL;
    struct atls_peer peer = {.role = ATLS_ROLE_SERVER};
    struct atls_policy *policy;
    struct atls_type type;
    bool is_named;

    if (atls_attester_schemes(module->attester)->num == 0)
        return false;
    if (module->settings->attests_to_any)
        return true;
    policy = atls_ruleset_get1(module->ruleset);
    if (policy == NULL)
        return false;
    peer.name = name = atls_identity_name(ssl);
    is_named = atls_policy_types(policy, &peer, &type, 1) > 0 &&
               atls_policy_requires(policy, &peer);
    atls_policy_free(policy);
    return is_named;
}

static enum atls_reason put_client_hello(struct call *call,
                                         struct atls_why *why)
{
    struct atls_wire_hello hello = {0};
    struct atls_connection *connection;
    enum atls_reason reason = begin(call->ssl, &connection, why);

    if (reason != ATLS_OK)
        return reason;
    if (connection != NULL && connection->is_required)
        appraisable(connection, &hello.server);
    if (is_attested_to(call->ssl))
        hello.client = *atls_attester_schemes(atls_module()->attester);
    if (hello.server.num + hello.client.num == 0)
        return ATLS_OK;
    connection = atls_connection_need(call->ssl);
    if (connection == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    connection->is_offered = true;
    atls_wire_put_hello(call->out, &hello);
    return ATLS_OK;
}

/* ClientHello, server */

/* What the client can appraise, in its order of preference, and we can make. */
static void choose_own(struct atls_connection *connection,
                       const struct atls_wire_hello *hello)
{
    const struct atls_schemes *able =
        atls_attester_schemes(atls_module()->attester);
    int chosen = atls_schemes_choose(&hello->server, able);

    connection->own_agreed = chosen >= 0;
    if (chosen >= 0)
        connection->own_type =
            able->types[atls_schemes_find(able, hello->server.types[chosen])];
}

/* What we can appraise, in our order of preference, and the client can make. */
static enum atls_reason choose_peer(struct atls_connection *connection,
                                    const struct atls_wire_hello *hello,
                                    struct atls_why *why)
{
    struct atls_schemes wanted;
    int chosen;

    connection->peer_agreed = false;
    if (!connection->is_required)
        return ATLS_OK;
    if (hello->client.num + hello->client.num_passed_over == 0)
        return atls_why(why, ATLS_NOT_OFFERED,
                        "want Evidence, client has no attester; configure one "
                        "there, or attest_to");
    appraisable(connection, &wanted);
    chosen = atls_schemes_choose(&wanted, &hello->client);
    if (chosen < 0)
        return atls_why(why, ATLS_SCHEME_NOT_SHARED,
                        "the client makes no Evidence that the policy can "
                        "judge; add a profile or another attester");
    connection->peer_type = wanted.types[chosen];
    connection->peer_agreed = true;
    return ATLS_OK;
}

static enum atls_reason take_client_hello(struct call *call,
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

static enum atls_reason put_encrypted_extensions(struct call *call,
                                                 struct atls_why *why)
{
    struct atls_connection *connection = atls_connection_get0(call->ssl);

    (void)why;
    atls_gate_force_client_certificate(call->ssl);
    if (connection != NULL && connection->own_agreed)
        atls_wire_put_encrypted_extensions(call->out, connection->own_type);
    return ATLS_OK;
}

static enum atls_reason take_encrypted_extensions(struct call *call,
                                                  struct atls_why *why)
{
    struct atls_connection *connection = atls_connection_get0(call->ssl);
    struct atls_schemes offered = {0};
    struct atls_type chosen = {0};
    enum atls_reason reason =
        atls_wire_read_encrypted_extensions(call->in, &chosen, why);
    int found = -1;

    if (reason != ATLS_OK)
        return reason;
    if (connection != NULL && connection->is_required) {
        appraisable(connection, &offered);
        found = atls_schemes_find(&offered, chosen);
    }
    if (found < 0)
        return atls_why(why, ATLS_SCHEME_NOT_OFFERED, NULL);
    connection->peer_type = offered.types[found];
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

static enum atls_reason put_certificate_request(struct call *call,
                                                struct atls_why *why)
{
    struct atls_connection *connection = atls_connection_get0(call->ssl);

    if (connection == NULL || !connection->is_required)
        return ATLS_OK;
    connection->is_verified = false;
    if (is_after_handshake(call->ssl, connection))
        return ATLS_OK; /* no extension: the gate will refuse */
    if (!connection->is_offered)
        return atls_why(why, ATLS_NOT_OFFERED,
                        "want Evidence, client did not offer; load atls with "
                        "an attester there");
    connection->is_asked = connection->peer_agreed;
    if (connection->is_asked)
        atls_wire_put_certificate_request(call->out, connection->peer_type);
    return ATLS_OK;
}

static enum atls_reason take_certificate_request(struct call *call,
                                                 struct atls_why *why)
{
    const struct atls_schemes *able =
        atls_attester_schemes(atls_module()->attester);
    struct atls_connection *connection = atls_connection_get0(call->ssl);
    struct atls_type chosen = {0};
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
        found = atls_schemes_find(able, chosen);
    if (found < 0)
        return atls_why(why, ATLS_SCHEME_NOT_OFFERED, NULL);
    connection->own_type = able->types[found];
    connection->own_agreed = true;
    return ATLS_OK;
}

/* Certificate */

/* L of the cipher suite: 32 or 48 bytes; 0: not known. */
static size_t hash_len_of(const SSL *ssl)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
    const EVP_MD *hash =
        cipher == NULL ? NULL : SSL_CIPHER_get_handshake_digest(cipher);
    int len = hash == NULL ? 0 : EVP_MD_get_size(hash);

    return len > 0 && len <= ATLS_BINDER_MAX ? (size_t)len : 0;
}

/* The secret under the binder of the Evidence that `server_attests` names. */
static enum atls_reason secret_of(struct call *call,
                                  const struct atls_connection *connection,
                                  bool server_attests, struct atls_secret *out,
                                  struct atls_why *why)
{
    if (server_attests) {
        *out = connection->server_secret;
        return ATLS_OK;
    }
    /* With another version than 1.3 (also before it is chosen, after a
     * HelloRetryRequest) libssl would export from public inputs only. */
    out->len = hash_len_of(call->ssl);
    if (out->len == 0 || SSL_version(call->ssl) != TLS1_3_VERSION)
        return atls_why(why, ATLS_SECRET_MISSING, NULL);
    if (SSL_export_keying_material(
            call->ssl, out->bytes, out->len, ATLS_BINDER_EXPORTER,
            strlen(ATLS_BINDER_EXPORTER), NULL, 0, 0) != 1)
        return atls_why(why, ATLS_SECRET_MISSING, "libssl exports nothing yet");
    return ATLS_OK;
}

static enum atls_reason binder_of(struct call *call,
                                  const struct atls_connection *connection,
                                  bool server_attests, struct atls_secret *out,
                                  struct atls_why *why)
{
    struct atls_secret secret;
    enum atls_reason reason =
        secret_of(call, connection, server_attests, &secret, why);

    if (reason == ATLS_OK)
        reason = atls_binder_make_for(&secret, call->leaf, out, why);
    atls_secret_clear(&secret);
    return reason;
}

/* The chain is good, or the program says so and is trusted with that. */
static bool is_chain_accepted(const SSL *ssl)
{
    return atls_identity_chain(ssl) != NULL ||
           (atls_module()->settings->identity == ATLS_IDENTITY_APPLICATION &&
            SSL_get0_peer_certificate(ssl) != NULL &&
            SSL_get_verify_result(ssl) == X509_V_OK);
}

/* A client attests only to a server that its chain or its own Evidence
 * vouches for. */
static enum atls_reason check_vouched(const SSL *ssl,
                                      const struct atls_connection *connection,
                                      struct atls_why *why)
{
    if (connection->is_server || connection->is_verified ||
        is_chain_accepted(ssl))
        return ATLS_OK;
    return atls_why(why, ATLS_PEER_UNTRUSTED,
                    "the server asks for Evidence, and neither its chain (%s) "
                    "nor Evidence of its own vouches for it",
                    X509_verify_cert_error_string(SSL_get_verify_result(ssl)));
}

struct quotation {
    struct call *call;
    const struct atls_connection *connection;
    const struct atls_secret *binder;
    struct atls_why *why;
    enum atls_reason reason;
};

static void quote(void *arg)
{
    struct quotation *quotation = arg;
    const struct atls_module *module = atls_module();

    quotation->reason = atls_attester_quote(
        module->attester, quotation->connection->own_type, quotation->binder,
        module->settings->timeout_ms, quotation->call->out, quotation->why);
}

static enum atls_reason put_evidence(struct call *call,
                                     struct atls_connection *connection,
                                     const struct atls_secret *binder,
                                     struct atls_why *why)
{
    struct quotation quotation = {call, connection, binder, why, ATLS_OK};
    int64_t begun_ns = atls_share_now();
    size_t at = atls_buf_begin(call->out, 3); /* opaque cmw<1..2^24-1> */

    if (!atls_offload(quote, &quotation))
        return atls_why(why, ATLS_OUT_OF_MEMORY, "no helper thread");
    atls_buf_end(call->out, at, 3);
    atls_report_attested(&connection->report, atls_share_now() - begun_ns);
    return quotation.reason;
}

/* RFC 9846, 4.5.1: an entry answers what was offered or asked for; draft-
 * fossati-seat-early-attestation: only the first one carries Evidence. */
static enum atls_reason put_certificate(struct call *call, struct atls_why *why)
{
    struct atls_connection *connection = atls_connection_get0(call->ssl);
    struct atls_secret binder;
    enum atls_reason reason;

    if (connection == NULL || !connection->own_agreed || call->entry != 0)
        return ATLS_OK;
    reason = check_vouched(call->ssl, connection, why);
    if (reason == ATLS_OK)
        reason =
            binder_of(call, connection, connection->is_server, &binder, why);
    if (reason == ATLS_OK)
        reason = put_evidence(call, connection, &binder, why);
    if (reason == ATLS_OK &&
        (!connection->is_server || !connection->is_required))
        atls_connection_end(connection, call->ssl);
    return reason;
}

static enum atls_reason check_bound(struct call *call,
                                    const struct atls_connection *connection,
                                    const struct atls_evidence *evidence,
                                    struct atls_why *why)
{
    struct atls_secret binder;
    enum atls_reason reason =
        binder_of(call, connection, !connection->is_server, &binder, why);

    if (reason != ATLS_OK)
        return reason;
    if (!atls_evidence_nonce_equal(evidence, atls_secret_view(&binder)))
        return atls_why(why, ATLS_BINDER_MISMATCH,
                        "the Evidence names another connection, role or key: "
                        "somebody may be relaying it");
    return ATLS_OK;
}

/* Bound or not is found out here; the bytes are kept, and nothing is bought
 * for a stranger before the gate. */
static enum atls_reason take_certificate(struct call *call,
                                         struct atls_why *why)
{
    struct atls_connection *connection = atls_connection_get0(call->ssl);
    struct atls_evidence *evidence = NULL;
    struct atls_view cmw;
    enum atls_reason reason;

    if (connection == NULL || !connection->peer_agreed ||
        connection->is_finished)
        return atls_why(why, ATLS_EVIDENCE_UNSOLICITED, NULL);
    if (call->entry != 0)
        return atls_why(why, ATLS_EVIDENCE_WRONG_ENTRY,
                        "want Evidence in CertificateEntry 0, found it in %zu",
                        call->entry);
    if (call->leaf == NULL)
        return atls_why(why, ATLS_KEY_MISMATCH,
                        "raw public keys are not attested");
    reason = atls_wire_read_certificate(call->in, &cmw, why);
    if (reason == ATLS_OK)
        reason =
            atls_evidence_parse(cmw, &connection->peer_type, &evidence, why);
    if (reason == ATLS_OK)
        reason = check_bound(call, connection, evidence, why);
    if (reason != ATLS_OK) {
        atls_evidence_free(evidence);
        return reason;
    }
    atls_evidence_free(connection->evidence);
    connection->evidence = evidence;
    X509_free(connection->leaf);
    connection->leaf = call->leaf;
    X509_up_ref(call->leaf);
    return ATLS_OK;
}

/* NewSessionTicket carries nothing; building one is the server's last gate. */

static enum atls_reason put_ticket(struct call *call, struct atls_why *why)
{
    return atls_gate_before_ticket(call->ssl, why);
}

static enum atls_reason take_ticket(struct call *call, struct atls_why *why)
{
    (void)call;
    return atls_why(why, ATLS_EXTENSION_IN_TICKET, NULL);
}

static const struct message {
    unsigned context;
    message_fn *put, *take;
} messages[] = {
    {SSL_EXT_CLIENT_HELLO, put_client_hello, take_client_hello},
    {SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS, put_encrypted_extensions,
     take_encrypted_extensions},
    {SSL_EXT_TLS1_3_CERTIFICATE_REQUEST, put_certificate_request,
     take_certificate_request},
    {SSL_EXT_TLS1_3_CERTIFICATE, put_certificate, take_certificate},
    {SSL_EXT_TLS1_3_NEW_SESSION_TICKET, put_ticket, take_ticket},
};
#define NUM_MESSAGES (sizeof(messages) / sizeof(messages[0]))

static const struct message *message_of(unsigned context)
{
    for (size_t i = 0; i < NUM_MESSAGES; i++)
        if (context & messages[i].context)
            return &messages[i];
    return NULL;
}

/* Between libssl and a message's function: the watchdog looks, errno and the
 * error queue stay as they were unless we refuse. Returns whether to go on;
 * *al is always set, as libssl may send it as it finds it. */
static bool run(struct call *call, message_fn *function, int *al)
{
    struct atls_why why = {0};
    int errno_before = errno;
    bool goes_on = true;

    *al = ATLS_ALERT_INTERNAL_ERROR;
    ERR_set_mark();
    atls_hook_reassert(call->ssl);
    function(call, &why);
    if (why.reason == ATLS_OK && call->out != NULL && call->out->failed)
        atls_why(&why, ATLS_OUT_OF_MEMORY, NULL);
    ERR_pop_to_mark();
    errno = errno_before;
    if (why.reason != ATLS_OK) {
        *al = (int)atls_reason_alert(why.reason);
        goes_on =
            !atls_gate_refuse(call->ssl, atls_connection_get0(call->ssl), &why);
        if (call->out != NULL)
            atls_buf_clear(call->out);
    }
    return goes_on;
}

static int add(SSL *ssl, unsigned type, unsigned context,
               const unsigned char **out, size_t *out_len, X509 *leaf,
               size_t entry, int *al, void *arg)
{
    const struct message *message = message_of(context);
    struct atls_buf buf = atls_buf(UINT16_MAX);
    struct call call = {ssl, leaf, entry, &buf, {NULL, 0}};

    (void)type, (void)arg;
    if (message == NULL)
        return 0;
    if (!run(&call, message->put, al))
        return -1;
    *out = buf.data; /* freed in free_added */
    *out_len = buf.len;
    return buf.len > 0;
}

static void free_added(SSL *ssl, unsigned type, unsigned context,
                       const unsigned char *out, void *arg)
{
    (void)ssl, (void)type, (void)context, (void)arg;
    free((void *)(uintptr_t)out);
}

static int parse(SSL *ssl, unsigned type, unsigned context,
                 const unsigned char *in, size_t in_len, X509 *leaf,
                 size_t entry, int *al, void *arg)
{
    const struct message *message = message_of(context);
    struct call call = {ssl, leaf, entry, NULL, {in, in_len}};

    (void)type, (void)arg;
    return message != NULL && run(&call, message->take, al);
}

bool atls_extension_install(SSL_CTX *ctx)
{
    unsigned context = SSL_EXT_TLS1_3_ONLY;

    for (size_t i = 0; i < NUM_MESSAGES; i++)
        context |= messages[i].context;
    return SSL_CTX_add_custom_ext(ctx, ATLS_EXTENSION_BOUND, context, add,
                                  free_added, NULL, parse, NULL) == 1;
}
