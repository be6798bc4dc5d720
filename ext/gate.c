/* SPDX-License-Identifier: Apache-2.0
 *
 * The gate, operation by operation.
 */
#include "gate.h"

#include <time.h>

#include <openssl/err.h>
#include <openssl/rand.h>

#include "bearer.h"
#include "identity.h"
#include "keylog.h"
#include "module.h"
#include "offload.h"
#include "result.h"
#include "rule.h"
#include "share.h"
#include "spki.h"
#include "verdict.h"

bool atls_gate_refuse(SSL *ssl, struct atls_connection *connection,
                      const struct atls_why *why)
{
    bool enforces = atls_module()->settings->enforces;

    if (connection != NULL) {
        atls_report_refuse(&connection->report, why);
        if (enforces)
            atls_report_write(connection, ssl);
    }
    if (enforces)
        atls_report_raise(why);
    return enforces;
}

/* A client's session and PSKs would skip the Certificate: they go before the
 * ClientHello is built. Later libssl still uses what we would free. */
static void drop_psks(SSL *ssl)
{
    SSL_set_psk_use_session_callback(ssl, NULL);
    SSL_set_psk_client_callback(ssl, NULL);
}

static void drop_shortcuts(SSL *ssl)
{
    SSL_set_session(ssl, NULL);
    drop_psks(ssl);
}

enum atls_reason atls_gate_after_start(SSL *ssl, struct atls_why *why)
{
    struct atls_connection *connection = atls_connection_get0(ssl);
    SSL_SESSION *session = SSL_get_session(ssl);

    if (connection == NULL || !connection->is_required ||
        connection->is_server || !atls_module()->settings->enforces)
        return ATLS_OK;
    drop_psks(ssl);
    if (session == NULL || !SSL_SESSION_is_resumable(session))
        return ATLS_OK;
    return atls_why(why, ATLS_RESUMED,
                    "want a full handshake, found a session to resume and a "
                    "security callback that keeps us from dropping it");
}

/* libssl asks for versions one by one, also in handshakes that go well. These
 * are the places where our "no" may be what ends one; if it does, the log line
 * is written when the connection goes. */
static bool is_decisive(OSSL_HANDSHAKE_STATE state)
{
    return state == TLS_ST_BEFORE || state == TLS_ST_SR_CLNT_HELLO ||
           state == TLS_ST_CR_SRVR_HELLO;
}

/* TLS over a stream: neither DTLS nor QUIC, whose TLS 1.3 libssl asks for by
 * its ordinary number, and whose SSL has version 1 (OSSL_QUIC1_VERSION). */
static bool is_stream(const SSL *ssl)
{
    return !SSL_is_dtls(ssl) && SSL_version(ssl) != 1;
}

/* In a verify mode: it is ours and not the application's. libssl looks at its
 * own four bits alone. */
#define FORCED (1 << 30)

/* Where the program has asked for verification after us, its own chains stay
 * refused. */
static int accept_any_chain(int is_good, X509_STORE_CTX *context)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(context,
                                          SSL_get_ex_data_X509_STORE_CTX_idx());

    /* The error stays in the context, and the gate judges it. */
    return is_good || (SSL_get_verify_mode(ssl) & FORCED) != 0;
}

/* A handshake on an SSL that SSL_clear was called on begins with the mode that
 * the application knows of. */
static void restore_mode(SSL *ssl)
{
    int mode = SSL_get_verify_mode(ssl);

    if (mode & FORCED)
        SSL_set_verify(ssl,
                       mode & ~(FORCED | SSL_VERIFY_PEER |
                                SSL_VERIFY_FAIL_IF_NO_PEER_CERT),
                       NULL);
}

/* The state machine asks once before it does anything, in both roles and with
 * every method. */
static int check_start(SSL *ssl)
{
    struct atls_connection *connection;
    bool failed;

    connection = atls_connection_begin(ssl, &failed);
    if (connection != NULL && connection->is_required &&
        !connection->is_server && atls_module()->settings->enforces)
        drop_shortcuts(ssl);
    if (connection != NULL && connection->is_server)
        restore_mode(ssl);
    return !failed;
}

static int check_version(SSL *ssl, int version)
{
    OSSL_HANDSHAKE_STATE state = SSL_get_state(ssl);
    struct atls_connection *connection;

    if (state == TLS_ST_BEFORE && !check_start(ssl))
        return 0;
    connection = atls_connection_get0(ssl);
    if (connection == NULL || !connection->is_required ||
        !atls_module()->settings->enforces ||
        (is_stream(ssl) && version >= TLS1_3_VERSION))
        return 1;
    if (is_decisive(state))
        connection->refused =
            is_stream(ssl) ? ATLS_TLS_VERSION : ATLS_TRANSPORT;
    return 0;
}

/* The certificate is wanted in this handshake, whatever there was before it
 * (SSL_VERIFY_CLIENT_ONCE) and may come after it (.._POST_HANDSHAKE). */
static int forced_mode(int mode)
{
    mode &= ~(SSL_VERIFY_POST_HANDSHAKE | SSL_VERIFY_CLIENT_ONCE);
    mode |= mode & SSL_VERIFY_PEER ? 0 : FORCED;
    return mode | SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

void atls_gate_force_client_certificate(SSL *ssl)
{
    struct atls_connection *connection = atls_connection_get0(ssl);
    int mode = SSL_get_verify_mode(ssl);

    if (connection == NULL || !connection->is_server ||
        !connection->is_required)
        return;
    if (atls_module()->settings->enforces)
        SSL_set_verify(ssl, forced_mode(mode),
                       mode & SSL_VERIFY_PEER ? NULL : accept_any_chain);
    else if ((connection->peer_agreed ||
              atls_connection_takes_bearer(connection)) &&
             !(mode & SSL_VERIFY_PEER))
        SSL_set_verify(ssl, mode | SSL_VERIFY_PEER | FORCED, accept_any_chain);
}

/* Before libssl looks for a session: no ticket and no cached session has a
 * context of random bytes, and so none is found (RFC 9846, 2.2 is skipped). */
static int refuse_shortcuts(SSL *ssl)
{
    struct atls_connection *connection = atls_connection_get0(ssl);
    uint8_t context[SSL_MAX_SID_CTX_LENGTH];

    if (connection == NULL || !connection->is_server || connection->is_shut ||
        !connection->is_required || !atls_module()->settings->enforces)
        return 1;
    connection->is_shut = true;
    SSL_set_psk_find_session_callback(ssl, NULL);
    SSL_set_psk_server_callback(ssl, NULL);
    return SSL_set_num_tickets(ssl, 0) &&
           RAND_bytes(context, sizeof(context)) == 1 &&
           SSL_set_session_id_context(ssl, context, sizeof(context));
}

/* What a peer that sends no Certificate would have us skip. */
static int check_resumed(SSL *ssl)
{
    struct atls_connection *connection = atls_connection_get0(ssl);
    struct atls_why why = {0};

    if (connection == NULL || !connection->is_required ||
        !SSL_session_reused(ssl))
        return 1;
    atls_why(&why, ATLS_RESUMED,
             "want a full handshake, found resumption or a PSK; the program "
             "has to be told to offer neither");
    return !atls_gate_refuse(ssl, connection, &why);
}

/* Appraisal may need more stack than a job of SSL_MODE_ASYNC has. */
struct appraisal {
    const struct atls_connection *connection;
    const struct atls_rule *rule;
    struct atls_verdict *verdict;
    int64_t begun_ns;
};

/* What binds the delegate to this TIK, now. */
static enum atls_reason
check_delegation(const struct atls_connection *connection,
                 const struct atls_rule *rule, int64_t now,
                 uint8_t tik[ATLS_DELEGATION_HASH], struct atls_secret *value,
                 struct atls_why *why)
{
    struct atls_delegation_terms terms = {
        .tik = tik, .max_age_s = rule->delegated_max_age_s, .now = now};
    enum atls_reason reason = atls_delegation_tik(connection->leaf, tik, why);

    if (reason != ATLS_OK)
        return reason;
    return atls_delegation_check(connection->delegation, connection->evidence,
                                 &terms, value, why);
}

/* The Verifier that the scheme named, under the keys for that name. */
static enum atls_reason
appraise_result(const struct atls_connection *connection,
                const struct atls_verifier *verifier,
                const uint8_t tik[ATLS_DELEGATION_HASH],
                const struct atls_secret *value, int64_t now,
                struct atls_verdict *verdict)
{
    const struct atls_delegation *delegation = connection->delegation;
    struct atls_result_subject subject = {
        .nonce = atls_secret_view(value),
        .not_before =
            (int64_t)delegation->mandate.not_before - ATLS_DELEGATION_SKEW_S,
        .tik = tik};
    int64_t expires_s;

    return atls_result_appraise(verifier, delegation->result, &subject, now,
                                verdict, &expires_s);
}

static enum atls_reason find_verifier(const struct atls_connection *connection,
                                      const struct atls_rule *rule,
                                      const struct atls_verifier **out,
                                      struct atls_why *why)
{
    const struct atls_scheme *scheme = &connection->peer_scheme;

    *out = NULL;
    if (scheme->mechanism != ATLS_MECHANISM_RESULT)
        return ATLS_OK;
    *out = atls_rule_passport(rule, scheme->verifier);
    return *out != NULL
               ? ATLS_OK
               : atls_why(why, ATLS_PASSPORT_REFUSED,
                          "want Evidence, or a result of a Verifier that the "
                          "rule's \"passport\" names, peer has one of %.*s",
                          (int)scheme->verifier.len,
                          (const char *)scheme->verifier.data);
}

static void appraise_delegated(const struct appraisal *appraisal,
                               struct atls_terms *terms)
{
    const struct atls_connection *connection = appraisal->connection;
    const struct atls_verifier *verifier;
    uint8_t tik[ATLS_DELEGATION_HASH];
    struct atls_secret value;
    struct atls_why why = {0};
    unsigned num_signatures = 1; /* the delegate's */
    enum atls_reason reason =
        find_verifier(connection, appraisal->rule, &verifier, &why);

    terms->num_signatures = &num_signatures;
    if (reason == ATLS_OK)
        reason = check_delegation(connection, appraisal->rule, terms->now, tik,
                                  &value, &why);
    if (reason != ATLS_OK)
        atls_verdict_refuse(appraisal->verdict, ATLS_INSTANCE_IDENTITY, 0,
                            &why);
    else if (verifier != NULL)
        appraise_result(connection, verifier, tik, &value, terms->now,
                        appraisal->verdict);
    else
        atls_evidence_appraise(connection->evidence, terms, appraisal->verdict);
}

static void appraise_for(const struct appraisal *appraisal,
                         struct atls_view tik)
{
    const struct atls_connection *connection = appraisal->connection;
    const struct atls_settings *settings = atls_module()->settings;
    int64_t timeout_ns = (int64_t)settings->timeout_ms * 1000000;
    struct atls_terms terms = {.policy = connection->policy,
                               .rule = appraisal->rule,
                               .now = time(NULL),
                               .verifier = settings->verifier,
                               .deadline_ns = appraisal->begun_ns + timeout_ns,
                               .timeout_ns = timeout_ns,
                               .challenge =
                                   atls_secret_view(&connection->challenge),
                               .tik = tik};

    if (connection->delegation != NULL)
        appraise_delegated(appraisal, &terms);
    else
        atls_evidence_appraise(connection->evidence, &terms,
                               appraisal->verdict);
}

static void appraise(void *arg)
{
    struct appraisal *appraisal = arg;
    ATLS_AUTO_BUF tik = atls_buf(ATLS_SPKI_MAX);
    struct atls_why why = {0};

    if (atls_spki_put(&tik, appraisal->connection->leaf, &why) == ATLS_OK)
        appraise_for(appraisal, atls_buf_view(&tik));
    else
        atls_verdict_refuse(appraisal->verdict, ATLS_INSTANCE_IDENTITY, 0,
                            &why);
}

static enum atls_reason check_evidence(struct atls_connection *connection,
                                       const struct atls_rule *rule,
                                       struct atls_why *why)
{
    struct atls_verdict verdict;
    int64_t begun_ns = atls_clock_now();
    struct appraisal appraisal = {connection, rule, &verdict, begun_ns};

    atls_verdict_init(&verdict);
    if (!atls_offload(appraise, &appraisal))
        return atls_why(why, ATLS_OUT_OF_MEMORY, "no helper thread");
    atls_report_appraised(&connection->report, &verdict,
                          atls_clock_now() - begun_ns);
    if (verdict.reason != ATLS_OK)
        return atls_why(why, verdict.reason, "%s", verdict.text);
    return ATLS_OK;
}

static enum atls_reason check_protocol(const SSL *ssl, struct atls_why *why)
{
    if (SSL_version(ssl) == TLS1_3_VERSION)
        return ATLS_OK;
    return atls_why(why, is_stream(ssl) ? ATLS_TLS_VERSION : ATLS_TRANSPORT,
                    "want TLS 1.3, found %s; peer and program have to be "
                    "configured for it",
                    SSL_get_version(ssl));
}

static enum atls_reason no_rule(const struct atls_peer *peer,
                                struct atls_why *why)
{
    return atls_why(why, ATLS_RULE_MISSING,
                    "no rule matches peer \"%s\"; add one to the policy",
                    peer->name != NULL ? peer->name : "(no name)");
}

/* Nothing was agreed, and no certificate helps: whose move is it? */
static enum atls_reason not_agreed(const struct atls_connection *connection,
                                   const char *besides, struct atls_why *why)
{
    struct atls_peer peer = atls_connection_peer(connection);
    struct atls_scheme scheme;

    if (atls_policy_schemes(connection->policy, &peer, &scheme, 1) == 0)
        return no_rule(&peer, why);
    if (connection->is_server)
        return atls_why(why, ATLS_NOT_OFFERED,
                        "want Evidence, client did not offer%s; load atls with "
                        "an attester there",
                        besides);
    return atls_why(why, ATLS_NOT_ANSWERED,
                    "want Evidence, peer chose no attestation%s; load atls "
                    "with an attester there",
                    besides);
}

static enum atls_reason check_agreed(const struct atls_connection *connection,
                                     struct atls_why *why)
{
    return connection->peer_agreed || atls_connection_takes_bearer(connection)
               ? ATLS_OK
               : not_agreed(connection, "", why);
}

static enum atls_reason check_presence(const SSL *ssl,
                                       const struct atls_connection *connection,
                                       struct atls_why *why)
{
    X509 *leaf = SSL_get0_peer_certificate(ssl);

    if (connection->is_finished)
        return atls_why(why, ATLS_POST_HANDSHAKE,
                        "this version cannot attest after the handshake; "
                        "turn post-handshake authentication off");
    if (check_protocol(ssl, why) != ATLS_OK ||
        check_agreed(connection, why) != ATLS_OK)
        return why->reason;
    if (!connection->peer_agreed)
        return ATLS_OK; /* its rule and its certificate will say */
    if (connection->evidence == NULL && connection->delegation == NULL)
        return atls_why(why, ATLS_EVIDENCE_MISSING, NULL);
    if (leaf == NULL ||
        (leaf != connection->leaf && X509_cmp(leaf, connection->leaf) != 0))
        return atls_why(why, ATLS_KEY_MISMATCH, NULL);
    return ATLS_OK;
}

/* Of a peer that does not speak the extension, where its own rule allows it.
 */
static enum atls_reason take_bearer(const SSL *ssl,
                                    struct atls_connection *connection,
                                    const struct atls_rule *rule,
                                    struct atls_why *why)
{
    X509 *leaf = SSL_get0_peer_certificate(ssl);
    struct atls_evidence *evidence;
    enum atls_reason reason;

    if (leaf == NULL || !atls_bearer_is(leaf))
        return not_agreed(connection, " and its certificate bears none", why);
    connection->is_borne = true;
    reason = atls_bearer_take(leaf, rule, time(NULL), &evidence, why);
    if (reason != ATLS_OK)
        return reason;
    atls_evidence_free(connection->evidence);
    connection->evidence = evidence;
    X509_free(connection->leaf);
    connection->leaf = leaf;
    X509_up_ref(leaf);
    return ATLS_OK;
}

static enum atls_identity identity_of(const struct atls_rule *rule)
{
    enum atls_identity identity = atls_rule_identity(rule);

    return identity != ATLS_IDENTITY_UNSET ? identity
                                           : atls_module()->settings->identity;
}

static enum atls_reason judge(SSL *ssl, struct atls_connection *connection,
                              struct atls_why *why)
{
    struct atls_peer peer = atls_connection_peer(connection);
    const struct atls_rule *rule;
    enum atls_reason reason = check_presence(ssl, connection, why);

    if (reason != ATLS_OK)
        return reason;
    peer.chain = atls_identity_chain(ssl);
    rule = atls_policy_match(connection->policy, &peer);
    if (rule == NULL)
        return no_rule(&peer, why);
    if (!connection->peer_agreed && !atls_rule_takes_bearer(rule))
        return not_agreed(connection, "", why);
    reason = atls_identity_check(ssl, identity_of(rule), why);
    if (reason == ATLS_OK && !connection->peer_agreed)
        reason = take_bearer(ssl, connection, rule, why);
    return reason == ATLS_OK ? check_evidence(connection, rule, why) : reason;
}

/* The peer's CertificateVerify is about to be checked. */
static int check_peer(SSL *ssl)
{
    struct atls_connection *connection = atls_connection_get0(ssl);
    struct atls_why why = {0};
    enum atls_reason reason;

    if (connection == NULL || !connection->is_required)
        return 1;
    ERR_set_mark();
    reason = judge(ssl, connection, &why);
    ERR_pop_to_mark();
    if (reason != ATLS_OK) {
        atls_report_at_gate(&connection->report);
        return !atls_gate_refuse(ssl, connection, &why);
    }
    connection->is_verified = true;
    /* A server hears of the client's Finished by its key log. */
    if (!connection->is_server && !connection->own_agreed)
        atls_connection_end(connection, ssl);
    return 1;
}

/* The hellos are over, and libssl derives the handshake secrets next. On a
 * server this comes after the SNI callback, which may change the SSL_CTX. */
static void prepare_secret(SSL *ssl)
{
    struct atls_connection *connection = atls_connection_get0(ssl);

    if (connection == NULL)
        return;
    connection->is_under_way = true;
    atls_keylog_reassert(SSL_get_SSL_CTX(ssl)); /* a callback may follow */
    if (connection->server_secret.len == 0 &&
        (connection->is_server
             ? connection->own_agreed
             : connection->is_offered && connection->is_required))
        atls_keylog_want(ssl, connection);
}

/* A server whose client has shown no certificate at all. */
static enum atls_reason check_end(SSL *ssl,
                                  const struct atls_connection *connection,
                                  struct atls_why *why)
{
    if (!connection->is_required || connection->is_verified)
        return ATLS_OK;
    if (SSL_session_reused(ssl))
        return atls_why(why, ATLS_RESUMED,
                        "want a full handshake, found resumption or a PSK");
    if (check_protocol(ssl, why) != ATLS_OK ||
        check_agreed(connection, why) != ATLS_OK)
        return why->reason;
    return atls_why(why, ATLS_CERTIFICATE_MISSING,
                    "want a certificate with Evidence, client sent none");
}

enum atls_reason atls_gate_before_ticket(SSL *ssl, struct atls_why *why)
{
    struct atls_connection *connection = atls_connection_get0(ssl);

    if (connection == NULL || !connection->is_server ||
        !atls_module()->settings->enforces)
        return ATLS_OK;
    return check_end(ssl, connection, why);
}

void atls_gate_end(SSL *ssl)
{
    struct atls_connection *connection = atls_connection_get0(ssl);
    struct atls_why why = {0};

    if (connection->is_finished) /* a client that attested ended it then */
        return;
    if (check_end(ssl, connection, &why) != ATLS_OK) {
        if (atls_module()->settings->enforces) {
            /* The program took back that a certificate is wanted: it gets a
             * ticket to build, which is the last gate. */
            SSL_set_num_tickets(ssl, 1);
            return;
        }
        atls_report_refuse(&connection->report, &why);
    }
    atls_connection_end(connection, ssl);
}

int atls_gate_security(SSL *ssl, int op, int nid)
{
    switch (op) {
    case SSL_SECOP_VERSION:
        return check_version(ssl, nid);
    case SSL_SECOP_CIPHER_SHARED: /* server: before a session is looked up */
        return refuse_shortcuts(ssl);
    case SSL_SECOP_SIGALG_SHARED: /* server: after the SNI callback */
        if (SSL_is_server(ssl))
            prepare_secret(ssl);
        atls_gate_force_client_certificate(ssl);
        return 1;
    case SSL_SECOP_CIPHER_CHECK: /* client: right after ServerHello */
        prepare_secret(ssl);
        return check_resumed(ssl);
    case SSL_SECOP_CURVE_CHECK: /* server: in resumption too */
        return check_resumed(ssl);
    case SSL_SECOP_SIGALG_CHECK:
        return check_peer(ssl);
    default:
        return 1;
    }
}
