/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence in the first CertificateEntry: made for the binder of this
 * connection, or held against it (doc/protocol.md, "The binder").
 */
#include "message.h"

#include <string.h>

#include "gate.h"
#include "identity.h"
#include "module.h"
#include "offload.h"
#include "origin.h"
#include "replay.h"
#include "share.h"

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
static enum atls_reason secret_of(struct atls_call *call,
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

/* origin: NULL, or what it is made of, for an attester that wants that. */
static enum atls_reason binder_of(struct atls_call *call,
                                  const struct atls_connection *connection,
                                  bool server_attests, struct atls_secret *out,
                                  struct atls_buf *origin, struct atls_why *why)
{
    struct atls_secret secret;
    enum atls_reason reason =
        secret_of(call, connection, server_attests, &secret, why);

    if (reason == ATLS_OK)
        reason = atls_binder_make_for(&secret, call->leaf, out, why);
    if (reason == ATLS_OK && origin != NULL)
        reason = atls_origin_put_binder(origin, !server_attests, &secret,
                                        call->leaf, why);
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

/* A rule names a server: its certificate has to be for that name, also where
 * the program gave no host to check and left it at the SNI. */
static enum atls_reason check_named(SSL *ssl, struct atls_why *why)
{
    const struct atls_settings *settings = atls_module()->settings;
    ATLS_AUTO_HEAP char *name = atls_identity_name(ssl);

    if (settings->attests_to_any || name == NULL ||
        settings->identity == ATLS_IDENTITY_APPLICATION)
        return ATLS_OK;
    return atls_identity_check(ssl, ATLS_IDENTITY_X509, why);
}

/* A client attests only to a server that its chain or its own Evidence
 * vouches for. */
static enum atls_reason check_vouched(SSL *ssl,
                                      const struct atls_connection *connection,
                                      struct atls_why *why)
{
    if (connection->is_server || connection->is_verified)
        return ATLS_OK;
    if (is_chain_accepted(ssl))
        return check_named(ssl, why);
    return atls_why(why, ATLS_PEER_UNTRUSTED,
                    "the server asks for Evidence, and neither its chain (%s) "
                    "nor Evidence of its own vouches for it",
                    X509_verify_cert_error_string(SSL_get_verify_result(ssl)));
}

struct quotation {
    struct atls_call *call;
    const struct atls_connection *connection;
    const struct atls_secret *binder;
    struct atls_view origin;
    struct atls_why *why;
    enum atls_reason reason;
};

static void quote(void *arg)
{
    struct quotation *quotation = arg;

    quotation->reason = atls_offer_make(
        atls_module()->offer, &quotation->connection->own_scheme,
        quotation->call->leaf, quotation->binder, quotation->origin,
        quotation->call->out, quotation->why);
}

static enum atls_reason put_evidence(struct atls_call *call,
                                     struct atls_connection *connection,
                                     const struct atls_secret *binder,
                                     struct atls_view origin,
                                     struct atls_why *why)
{
    struct quotation quotation = {call,   connection, binder,
                                  origin, why,        ATLS_OK};
    int64_t begun_ns = atls_clock_now();
    size_t at = atls_buf_begin(call->out, 3); /* opaque cmw<1..2^24-1> */

    if (!atls_offload(quote, &quotation))
        return atls_why(why, ATLS_OUT_OF_MEMORY, "no helper thread");
    atls_buf_end(call->out, at, 3);
    atls_report_attested(&connection->report, atls_clock_now() - begun_ns);
    return quotation.reason;
}

/* A client that had no certificate when it was asked may have one when it is
 * asked again, after its Finished, and then not for Evidence. */
static bool is_after_handshake(const SSL *ssl,
                               const struct atls_connection *connection)
{
    uint8_t byte;

    return !connection->is_server &&
           SSL_get_finished(ssl, &byte, sizeof(byte)) > 0;
}

static enum atls_reason check_fresh(const SSL *ssl, struct atls_why *why)
{
    uint8_t random[SSL3_RANDOM_SIZE];

    if (!SSL_is_server(ssl) ||
        SSL_get_client_random(ssl, random, sizeof(random)) != sizeof(random) ||
        !atls_replay_is_again(random))
        return ATLS_OK;
    return atls_why(why, ATLS_ATTESTER_BUSY,
                    "this ClientHello was answered before: somebody plays a "
                    "recording");
}

/* RFC 9846, 4.5.1: an entry answers what was offered or asked for; draft-
 * fossati-seat-early-attestation: only the first one carries Evidence. */
enum atls_reason atls_put_certificate(struct atls_call *call,
                                      struct atls_why *why)
{
    struct atls_connection *connection = atls_connection_get0(call->ssl);
    ATLS_AUTO_BUF origin = atls_buf(ATLS_ORIGIN_MAX);
    struct atls_secret binder;
    enum atls_reason reason;

    if (connection == NULL || !connection->own_agreed || call->entry != 0 ||
        is_after_handshake(call->ssl, connection))
        return ATLS_OK;
    reason = check_vouched(call->ssl, connection, why);
    if (reason == ATLS_OK)
        reason = check_fresh(call->ssl, why);
    if (reason == ATLS_OK)
        reason = binder_of(call, connection, connection->is_server, &binder,
                           atls_offer_takes_origin(atls_module()->offer,
                                                   &connection->own_scheme)
                               ? &origin
                               : NULL,
                           why);
    if (reason == ATLS_OK)
        reason = put_evidence(call, connection, &binder, atls_buf_view(&origin),
                              why);
    if (reason == ATLS_OK &&
        (!connection->is_server || !connection->is_required))
        atls_connection_end(connection, call->ssl);
    return reason;
}

/* What the peer has shown: Evidence, or what its delegate was attested with
 * (Evidence or a result) and the delegate's proof. */
struct shown {
    struct atls_evidence *evidence;
    struct atls_delegation *delegation;
};

static void shown_free(struct shown *shown)
{
    atls_evidence_free(shown->evidence);
    atls_delegation_free(shown->delegation);
}

/* Of a format that is unknown here; profiles of format other may take it. */
static enum atls_reason wrap(struct atls_view bytes,
                             const struct atls_scheme *scheme,
                             struct shown *shown, struct atls_why *why)
{
    ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX);
    struct atls_cmw cmw;
    enum atls_reason reason;

    *why = (struct atls_why){0};
    reason = atls_cmw_parse(bytes, &storage, &cmw, why);
    return reason != ATLS_OK
               ? reason
               : atls_evidence_wrap(&cmw, &scheme->type, &shown->evidence, why);
}

static enum atls_reason parse(struct atls_view cmw,
                              const struct atls_scheme *scheme,
                              struct shown *shown, struct atls_why *why)
{
    enum atls_reason reason;

    if (!atls_scheme_is_direct(scheme))
        return atls_delegation_parse(cmw, scheme, &shown->delegation,
                                     &shown->evidence, why);
    reason = atls_evidence_parse(cmw, &scheme->type, &shown->evidence, why);
    return reason == ATLS_FORMAT_UNKNOWN ? wrap(cmw, scheme, shown, why)
                                         : reason;
}

static bool is_wrapped(const struct shown *shown)
{
    return shown->evidence != NULL &&
           atls_evidence_nonce(shown->evidence).len == 0;
}

/* What cannot be seen here is for the Verifier, whom the gate asks with the
 * binder as the challenge, or refuses. */
static enum atls_reason check_bound(struct atls_call *call,
                                    struct atls_connection *connection,
                                    const struct shown *shown,
                                    struct atls_why *why)
{
    struct atls_secret binder;
    enum atls_reason reason =
        binder_of(call, connection, !connection->is_server, &binder, NULL, why);

    if (reason != ATLS_OK)
        return reason;
    connection->challenge.len = 0;
    if (shown->delegation == NULL && is_wrapped(shown)) {
        connection->challenge = binder;
        return ATLS_OK;
    }
    if (shown->delegation != NULL
            ? !atls_delegation_is_for(shown->delegation, &binder)
            : !atls_evidence_nonce_equal(shown->evidence,
                                         atls_secret_view(&binder)))
        return atls_why(why, ATLS_BINDER_MISMATCH,
                        "the Evidence names another connection, role or key: "
                        "somebody may be relaying it");
    return ATLS_OK;
}

static void keep(struct atls_connection *connection, const struct shown *shown,
                 X509 *leaf)
{
    atls_evidence_free(connection->evidence);
    connection->evidence = shown->evidence;
    atls_delegation_free(connection->delegation);
    connection->delegation = shown->delegation;
    X509_free(connection->leaf);
    connection->leaf = leaf;
    X509_up_ref(leaf);
}

/* Bound or not is found out here; the bytes are kept, and nothing is bought
 * for a stranger before the gate. */
enum atls_reason atls_take_certificate(struct atls_call *call,
                                       struct atls_why *why)
{
    struct atls_connection *connection = atls_connection_get0(call->ssl);
    struct shown shown = {NULL, NULL};
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
        reason = parse(cmw, &connection->peer_scheme, &shown, why);
    if (reason == ATLS_OK)
        reason = check_bound(call, connection, &shown, why);
    if (reason == ATLS_OK)
        keep(connection, &shown, call->leaf);
    else
        shown_free(&shown);
    return reason;
}
