/* SPDX-License-Identifier: Apache-2.0
 *
 * The ways round a Certificate message, each with its own control: versions,
 * resumption, PSKs, early data, no certificate at all (doc/protocol.md,
 * "Resumption, 0-RTT, PSK").
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* fixed-version methods */

#include <string.h>

#include "deviant.h"

static struct pair pair;
static struct deviant peer; /* of the test: an honest one, unless it says */

static const struct pair_config wants_server = {.require = "server"};
static const struct pair_config wants_client = {.require = "client"};

static void set_both(SSL_CTX *ctx, int version)
{
    SSL_CTX_set_min_proto_version(ctx, version);
    SSL_CTX_set_max_proto_version(ctx, version);
}

/* A peer that does not know of attestation. */

START_TEST(plain_server_is_refused)
{
    pair_setup(&wants_server);
    pair_new(&pair, NULL, pair_bare_server_ctx());
    pair_handshake(&pair);
    ck_assert(!pair.server.is_done);
    pair_refused(&pair, &pair.client, 40, ATLS_NOT_ANSWERED);
}
END_TEST

START_TEST(plain_client_is_refused)
{
    pair_setup(&wants_client);
    pair_new(&pair, pair_bare_client_ctx(), NULL);
    pair_handshake(&pair);
    ck_assert_int_eq(pair.client.received_alert, 109);
    pair_refused(&pair, &pair.server, 109, ATLS_NOT_OFFERED);
}
END_TEST

/* Versions. */

static void refuse_old_version(struct pair_side *side)
{
    const char *role = side->role;

    pair_handshake(&pair);
    ck_assert(!pair.client.is_done && !pair.server.is_done);
    ck_assert(pair.client.is_failed || pair.server.is_failed);
    ck_assert(side->sent_alert == 70 || side->sent_alert == PAIR_NO_ALERT);
    pair_free(&pair);
    pair_refused_in_log(role, PAIR_ANY_ALERT, ATLS_TLS_VERSION);
}

/* All that a client gets from it is an alert, which no hook of ours sees. */
static void abandoned_by_old_server(SSL_CTX *client)
{
    SSL_CTX *server = pair_bare_server_ctx();

    set_both(server, TLS1_2_VERSION);
    pair_new(&pair, client, server);
    pair_handshake(&pair);
    ck_assert(pair.client.is_failed);
    ck_assert_int_eq(pair.client.received_alert, 70);
    pair_free(&pair);
    pair_refused_in_log("client", PAIR_NO_ALERT, ATLS_ABANDONED);
}

START_TEST(server_with_tls12_alone_is_refused)
{
    pair_setup(&wants_server);
    abandoned_by_old_server(NULL);
}
END_TEST

START_TEST(server_with_tls12_alone_is_refused_by_any_method)
{
    pair_setup(&wants_server);
    abandoned_by_old_server(pair_ctx(TLS_method(), false));
}
END_TEST

START_TEST(client_with_tls12_alone_is_refused)
{
    SSL_CTX *ctx;

    pair_setup(&wants_client);
    ctx = pair_bare_client_ctx();
    set_both(ctx, TLS1_2_VERSION);
    pair_new(&pair, ctx, NULL);
    refuse_old_version(&pair.server);
}
END_TEST

START_TEST(client_with_tls12_alone_is_refused_by_any_method)
{
    SSL_CTX *ctx;

    pair_setup(&wants_client);
    ctx = pair_bare_client_ctx();
    set_both(ctx, TLS1_2_VERSION);
    pair_new(&pair, ctx, pair_ctx(TLS_method(), true));
    refuse_old_version(&pair.server);
}
END_TEST

START_TEST(our_client_of_tls12_alone_gets_nowhere)
{
    SSL_CTX *ctx;

    pair_setup(&wants_server);
    ctx = pair_client_ctx();
    SSL_CTX_clear_options(ctx, SSL_OP_NO_TLSv1_2);
    set_both(ctx, TLS1_2_VERSION);
    pair_new(&pair, ctx, pair_bare_server_ctx());
    pair_handshake(&pair);
    ck_assert(pair.client.is_failed && !pair.server.is_done);
    pair_free(&pair);
}
END_TEST

START_TEST(our_client_of_the_tls12_method_gets_nowhere)
{
    pair_setup(&wants_server);
    pair_new(&pair, pair_ctx(TLSv1_2_client_method(), false),
             pair_bare_server_ctx());
    pair_handshake(&pair);
    ck_assert(pair.client.is_failed && !pair.server.is_done);
    pair_free(&pair);
}
END_TEST

START_TEST(our_server_of_the_tls12_method_gets_nowhere)
{
    pair_setup(&wants_client);
    pair_new(&pair, pair_bare_client_ctx(),
             pair_ctx(TLSv1_2_server_method(), true));
    pair_handshake(&pair);
    ck_assert(pair.server.is_failed && !pair.client.is_done);
    pair_free(&pair);
}
END_TEST

START_TEST(our_client_without_tls13_gets_nowhere)
{
    SSL_CTX *ctx;

    pair_setup(&wants_server);
    ctx = pair_client_ctx();
    SSL_CTX_set_options(ctx, SSL_OP_NO_TLSv1_3);
    pair_new(&pair, ctx, pair_bare_server_ctx());
    pair_handshake(&pair);
    ck_assert(pair.client.is_failed && !pair.server.is_done);
    pair_free(&pair);
}
END_TEST

START_TEST(dtls_gets_nowhere)
{
    pair_setup(&(struct pair_config){.require = "both"});
    pair_new(&pair, pair_ctx(DTLS_client_method(), false),
             pair_ctx(DTLS_server_method(), true));
    SSL_set_options(pair.client.ssl, SSL_OP_NO_QUERY_MTU);
    SSL_set_mtu(pair.client.ssl, 1400);
    pair_handshake(&pair);
    ck_assert(pair.client.is_failed);
    ck_assert(!pair.client.is_done && !pair.server.is_done);
    pair_free(&pair);
    pair_refused_in_log("client", PAIR_NO_ALERT, ATLS_TRANSPORT);
}
END_TEST

/* Nothing that the server writes arrives. */
static void swallow(struct pair *of, struct pair_side *from,
                    struct atls_buf *bytes)
{
    if (from == &of->server)
        bytes->len = 0;
}

/* Who goes away before it is judged leaves a line. */

START_TEST(client_that_goes_away_is_logged)
{
    pair_setup(&wants_client);
    pair_new(&pair, deviant_client(&peer), NULL);
    SSL_do_handshake(pair.client.ssl);
    pair.tap = swallow;
    pair_handshake(&pair);
    pair_free(&pair);
    pair_refused_in_log("server", PAIR_NO_ALERT, ATLS_CERTIFICATE_MISSING);
}
END_TEST

/* Resumption, on the client. */

static void connect_once(void)
{
    pair_handshake(&pair);
    pair_accepted(&pair);
}

static void client_does_not_resume(uint64_t server_options)
{
    SSL_SESSION *session;

    pair_setup(&wants_server);
    pair_new(&pair, NULL, deviant_server(&peer));
    SSL_CTX_set_options(pair.server.ctx, server_options);
    SSL_CTX_set_session_id_context(pair.server.ctx, (const uint8_t *)"x", 1);
    pair_reconnect(&pair);
    connect_once();
    session = SSL_get1_session(pair.client.ssl);
    ck_assert(SSL_SESSION_is_resumable(session));
    pair_reconnect(&pair);
    ck_assert_int_eq(SSL_set_session(pair.client.ssl, session), 1);
    connect_once();
    ck_assert(!SSL_session_reused(pair.client.ssl));
    SSL_SESSION_free(session);
    pair_free(&pair);
    ck_assert_uint_eq(pair_log_lines("client"), 2);
    ck_assert_str_eq(pair_log_text("client", "verdict"), "affirming");
}

START_TEST(client_does_not_resume_by_ticket)
{
    client_does_not_resume(0);
}
END_TEST

START_TEST(client_does_not_resume_by_cache)
{
    client_does_not_resume(SSL_OP_NO_TICKET);
}
END_TEST

/* The session is good, and its server attests no more. */
START_TEST(resuming_client_refuses_a_plain_server)
{
    SSL_SESSION *session;

    pair_setup(&wants_server);
    pair_new(&pair, NULL, deviant_server(&peer));
    connect_once();
    session = SSL_get1_session(pair.client.ssl);
    peer.encrypted_extensions.how = peer.certificate.how = DEVIANT_SILENT;
    pair_reconnect(&pair);
    SSL_set_session(pair.client.ssl, session);
    SSL_SESSION_free(session);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_NOT_ANSWERED);
}
END_TEST

/* Resumption, on the server. Another server with the same keys gave the
 * ticket, or the same context's cache the session, when nobody had to attest:
 * here, an application's context that is not hooked. */

static void share_ticket_keys(SSL_CTX *from, SSL_CTX *to)
{
    uint8_t keys[80];

    ck_assert_int_eq(SSL_CTX_get_tlsext_ticket_keys(from, keys, sizeof(keys)),
                     1);
    ck_assert_int_eq(SSL_CTX_set_tlsext_ticket_keys(to, keys, sizeof(keys)), 1);
}

/* With libssl's anti-replay a ticket would be good for its own context only. */
static void accept_early_data(SSL_CTX *server)
{
    SSL_CTX_set_max_early_data(server, 1024);
    SSL_CTX_set_options(server, SSL_OP_NO_ANTI_REPLAY);
}

/* A session that a server without the module has given to this client. */
static SSL_SESSION *session_of(SSL_CTX *client, SSL_CTX *server,
                               bool with_early_data)
{
    SSL_SESSION *session;

    SSL_CTX_up_ref(client);
    SSL_CTX_up_ref(server);
    if (with_early_data)
        accept_early_data(server);
    pair_new(&pair, client, server);
    connect_once();
    session = SSL_get1_session(pair.client.ssl);
    ck_assert(SSL_SESSION_is_resumable(session));
    pair_free(&pair);
    return session;
}

/* The client is about to resume, and the hooked server has the ticket's keys.
 */
static void new_with_ticket(SSL_CTX *client, bool with_early_data)
{
    SSL_CTX *server = pair_server_ctx(), *bare = pair_bare_server_ctx();
    SSL_SESSION *session;

    share_ticket_keys(bare, server);
    if (with_early_data)
        accept_early_data(server);
    session = session_of(client, bare, with_early_data);
    SSL_CTX_free(bare);
    pair_new(&pair, client, server);
    SSL_set_session(pair.client.ssl, session);
    SSL_SESSION_free(session);
}

START_TEST(ticket_of_the_same_keys_resumes_where_nothing_is_required)
{
    pair_setup(&(struct pair_config){.attester = "soft.key"});
    new_with_ticket(pair_bare_client_ctx(), false);
    connect_once();
    ck_assert(SSL_session_reused(pair.server.ssl));
    pair_free(&pair);
}
END_TEST

START_TEST(server_does_not_resume_by_ticket)
{
    pair_setup(&wants_client);
    new_with_ticket(deviant_client(&peer), false);
    connect_once();
    ck_assert(!SSL_session_reused(pair.server.ssl));
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("server", "verdict"), "affirming");
}
END_TEST

START_TEST(server_refuses_a_plain_client_with_a_good_ticket)
{
    pair_setup(&wants_client);
    new_with_ticket(pair_bare_client_ctx(), false);
    pair_handshake(&pair);
    ck_assert(!SSL_session_reused(pair.server.ssl));
    pair_refused(&pair, &pair.server, 109, ATLS_NOT_OFFERED);
}
END_TEST

START_TEST(server_gives_no_ticket_to_whom_must_attest)
{
    pair_setup(&wants_client);
    pair_new(&pair, deviant_client(&peer), NULL);
    connect_once();
    ck_assert(!SSL_SESSION_is_resumable(SSL_get0_session(pair.client.ssl)));
    pair_free(&pair);
}
END_TEST

START_TEST(server_does_not_resume_by_cache)
{
    SSL_SESSION *session;

    pair_setup(&wants_client);
    pair_new(&pair, deviant_client(&peer), NULL);
    SSL_CTX_set_options(pair.server.ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_id_context(pair.server.ctx, (const uint8_t *)"x", 1);
    pair_reconnect(&pair);
    connect_once();
    session = SSL_get1_session(pair.client.ssl);
    pair_reconnect(&pair);
    SSL_set_session(pair.client.ssl, session);
    SSL_SESSION_free(session);
    connect_once();
    ck_assert(!SSL_session_reused(pair.server.ssl));
    pair_free(&pair);
    ck_assert_uint_eq(pair_log_lines("server"), 2);
}
END_TEST

/* External PSKs. */

static const uint8_t psk[32] = "a key that both of them know....";

static SSL_SESSION *psk_session(SSL *ssl)
{
    SSL_SESSION *session = SSL_SESSION_new();

    ck_assert_int_eq(SSL_SESSION_set1_master_key(session, psk, sizeof(psk)), 1);
    ck_assert_int_eq(
        SSL_SESSION_set_cipher(
            session, SSL_CIPHER_find(ssl, (const uint8_t[]){0x13, 0x01})),
        1);
    ck_assert_int_eq(SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION),
                     1);
    ck_assert_int_eq(SSL_SESSION_set_max_early_data(session, 1024), 1);
    return session;
}

static int use_psk(SSL *ssl, const EVP_MD *md, const unsigned char **id,
                   size_t *id_len, SSL_SESSION **session)
{
    (void)md;
    *id = (const unsigned char *)"id";
    *id_len = 2;
    *session = psk_session(ssl);
    return 1;
}

static int find_psk(SSL *ssl, const unsigned char *id, size_t id_len,
                    SSL_SESSION **session)
{
    (void)id, (void)id_len;
    *session = psk_session(ssl);
    return 1;
}

static unsigned use_old_psk(SSL *ssl, const char *hint, char *identity,
                            unsigned max_identity, unsigned char *key,
                            unsigned max_key)
{
    (void)ssl, (void)hint;
    if (max_identity < 3 || max_key < sizeof(psk))
        return 0;
    memcpy(identity, "id", 3);
    memcpy(key, psk, sizeof(psk));
    return sizeof(psk);
}

static unsigned find_old_psk(SSL *ssl, const char *identity, unsigned char *key,
                             unsigned max_key)
{
    (void)ssl, (void)identity;
    if (max_key < sizeof(psk))
        return 0;
    memcpy(key, psk, sizeof(psk));
    return sizeof(psk);
}

/* The old callbacks' PSKs are for SHA-256. */
static void set_psk(bool is_old)
{
    SSL_set_ciphersuites(pair.client.ssl, "TLS_AES_128_GCM_SHA256");
    if (is_old) {
        SSL_set_psk_client_callback(pair.client.ssl, use_old_psk);
        SSL_set_psk_server_callback(pair.server.ssl, find_old_psk);
    } else {
        SSL_set_psk_use_session_callback(pair.client.ssl, use_psk);
        SSL_set_psk_find_session_callback(pair.server.ssl, find_psk);
    }
}

START_TEST(psk_works_where_nothing_is_required)
{
    pair_setup(&(struct pair_config){.attester = "soft.key"});
    pair_new(&pair, NULL, NULL);
    set_psk(_i);
    connect_once();
    ck_assert(SSL_session_reused(pair.client.ssl));
    pair_free(&pair);
}
END_TEST

START_TEST(client_does_not_use_a_psk)
{
    pair_setup(&wants_server);
    pair_new(&pair, NULL, deviant_server(&peer));
    set_psk(_i);
    connect_once();
    ck_assert(!SSL_session_reused(pair.client.ssl));
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("client", "verdict"), "affirming");
}
END_TEST

START_TEST(client_with_a_psk_refuses_a_plain_server)
{
    pair_setup(&wants_server);
    pair_new(&pair, NULL, pair_bare_server_ctx());
    set_psk(_i);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_NOT_ANSWERED);
}
END_TEST

START_TEST(server_does_not_use_a_psk)
{
    pair_setup(&wants_client);
    pair_new(&pair, deviant_client(&peer), NULL);
    set_psk(_i);
    connect_once();
    ck_assert(!SSL_session_reused(pair.server.ssl));
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("server", "verdict"), "affirming");
}
END_TEST

START_TEST(server_with_a_psk_refuses_a_plain_client)
{
    pair_setup(&wants_client);
    pair_new(&pair, pair_bare_client_ctx(), NULL);
    set_psk(_i);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 109, ATLS_NOT_OFFERED);
}
END_TEST

START_TEST(server_does_not_use_a_psk_without_a_key_exchange)
{
    pair_setup(&wants_client);
    pair_new(&pair, pair_bare_client_ctx(), NULL);
    SSL_set_options(pair.client.ssl, SSL_OP_ALLOW_NO_DHE_KEX);
    SSL_set_options(pair.server.ssl, SSL_OP_ALLOW_NO_DHE_KEX);
    set_psk(false);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 109, ATLS_NOT_OFFERED);
}
END_TEST

/* Early data: not one byte may reach a server that has not attested, nor be
 * taken from a client that has not. */

static bool early_data_arrives(void)
{
    static const char secret[] = "an early secret";
    char got[64];
    size_t len = 0, num = 0;
    ATLS_AUTO_BUF bytes = atls_buf(1 << 16);

    if (SSL_write_early_data(pair.client.ssl, secret, sizeof(secret), &len) !=
        1)
        len = 0;
    num = BIO_ctrl_pending(pair.client.out);
    if (num > 0) {
        BIO_read(pair.client.out, atls_buf_room(&bytes, num), (int)num);
        BIO_write(pair.server.in, bytes.data, (int)num);
    }
    return SSL_read_early_data(pair.server.ssl, got, sizeof(got), &len) ==
               SSL_READ_EARLY_DATA_SUCCESS &&
           len == sizeof(secret) && memcmp(got, secret, len) == 0;
}

START_TEST(early_data_by_psk_arrives_where_nothing_is_required)
{
    pair_setup(&(struct pair_config){.attester = "soft.key"});
    pair_new(&pair, NULL, NULL);
    set_psk(false);
    SSL_set_max_early_data(pair.server.ssl, 1024);
    ck_assert(early_data_arrives());
    pair_free(&pair);
}
END_TEST

START_TEST(client_sends_no_early_data_by_psk)
{
    pair_setup(&wants_server);
    pair_new(&pair, NULL, pair_bare_server_ctx());
    set_psk(false);
    SSL_set_max_early_data(pair.server.ssl, 1024);
    ck_assert(!early_data_arrives());
    pair_free(&pair);
}
END_TEST

START_TEST(server_takes_no_early_data_by_psk)
{
    pair_setup(&wants_client);
    pair_new(&pair, pair_bare_client_ctx(), NULL);
    set_psk(false);
    SSL_set_max_early_data(pair.server.ssl, 1024);
    ck_assert(!early_data_arrives());
    pair_free(&pair);
}
END_TEST

START_TEST(client_sends_no_early_data_by_session)
{
    SSL_CTX *client, *server;
    SSL_SESSION *session;

    pair_setup(&wants_server);
    client = pair_bare_client_ctx();
    server = pair_bare_server_ctx();
    session = session_of(client, server, true);
    SSL_CTX_free(client);
    pair_new(&pair, NULL, server);
    SSL_set_session(pair.client.ssl, session);
    SSL_SESSION_free(session);
    ck_assert(!early_data_arrives());
    pair_free(&pair);
}
END_TEST

START_TEST(server_takes_no_early_data_by_ticket)
{
    pair_setup(&wants_client);
    new_with_ticket(pair_bare_client_ctx(), true);
    ck_assert(!early_data_arrives());
    pair_free(&pair);
}
END_TEST

START_TEST(early_data_by_ticket_arrives_where_nothing_is_required)
{
    pair_setup(&(struct pair_config){.attester = "soft.key"});
    new_with_ticket(pair_bare_client_ctx(), true);
    ck_assert(early_data_arrives());
    pair_free(&pair);
}
END_TEST

/* No certificate, another certificate, the same connection twice. */

START_TEST(client_without_a_certificate_is_refused)
{
    SSL_CTX *ctx;

    pair_setup(&wants_client);
    ctx = deviant_client(&peer);
    SSL_CTX_set_cert_cb(ctx, NULL, NULL);
    pair_new(&pair, ctx, NULL);
    SSL_certs_clear(pair.client.ssl);
    pair_handshake(&pair);
    ck_assert(pair.server.is_failed);
    ck_assert_int_eq(pair.server.sent_alert, 116);
    pair_free(&pair);
    pair_refused_in_log("server", 116, ATLS_CERTIFICATE_MISSING);
}
END_TEST

/* Evidence of an earlier connection, byte by byte. */
static void replay_certificate(struct pair_side *side)
{
    ATLS_AUTO_BUF recorded = atls_buf(1 << 17);

    connect_once();
    atls_buf_put(&recorded, atls_buf_view(&peer.sent));
    peer.certificate =
        (struct deviant_part){DEVIANT_BYTES, recorded.data, recorded.len};
    pair_reconnect(&pair);
    pair_handshake(&pair);
    pair_refused(&pair, side, 47, ATLS_BINDER_MISMATCH);
}

START_TEST(evidence_of_another_connection_of_the_server_is_refused)
{
    pair_setup(&wants_server);
    pair_new(&pair, NULL, deviant_server(&peer));
    replay_certificate(&pair.client);
}
END_TEST

START_TEST(evidence_of_another_connection_of_the_client_is_refused)
{
    pair_setup(&wants_client);
    pair_new(&pair, deviant_client(&peer), NULL);
    replay_certificate(&pair.server);
}
END_TEST

/* The client holds the server's key and gives back what it got. */
static void reflect(struct atls_buf *cmw)
{
    cmw->len = 0;
    atls_buf_put(cmw, atls_view(peer.certificate_seen.data + 3,
                                peer.certificate_seen.len - 3));
}

START_TEST(reflected_evidence_of_the_server_itself_is_refused)
{
    SSL_CTX *ctx;

    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "client"});
    peer.change = reflect;
    ctx = deviant_client(&peer);
    pair_use_identity(ctx, "server");
    pair_new(&pair, ctx, NULL);
    pair_handshake(&pair);
    ck_assert_uint_gt(peer.certificate_seen.len, 3);
    pair_refused(&pair, &pair.server, 47, ATLS_BINDER_MISMATCH);
}
END_TEST

START_TEST(evidence_in_a_ticket_is_refused)
{
    pair_setup(&wants_server);
    peer.ticket = (struct deviant_part){DEVIANT_BYTES, "\0\0\1\x80", 4};
    pair_new(&pair, NULL, deviant_server(&peer));
    pair_handshake(&pair);
    ck_assert(pair.client.is_failed);
    ck_assert_int_eq(pair.client.sent_alert, 47);
    ck_assert_ptr_nonnull(strstr(pair.client.errors, "atls:remoteAttestation "
                                                     "extension in a "
                                                     "NewSessionTicket"));
    pair_free(&pair);
}
END_TEST

static void ask_after_handshake(void)
{
    SSL_verify_client_post_handshake(pair.server.ssl);
    SSL_do_handshake(pair.server.ssl);
    pair_handshake(&pair);
}

START_TEST(server_refuses_authentication_after_the_handshake)
{
    pair_setup(&wants_client);
    pair_new(&pair, deviant_client(&peer), NULL);
    SSL_set_post_handshake_auth(pair.client.ssl, 1);
    connect_once();
    SSL_set_verify(pair.server.ssl, SSL_VERIFY_PEER | SSL_VERIFY_POST_HANDSHAKE,
                   NULL);
    peer.certificate.how = DEVIANT_SILENT;
    ask_after_handshake();
    ck_assert(pair.server.is_failed);
    ck_assert_int_eq(pair.server.sent_alert, 40);
    ck_assert_ptr_nonnull(
        strstr(pair.server.errors, atls_reason_text(ATLS_POST_HANDSHAKE)));
    pair_free(&pair);
}
END_TEST

/* The client was asked in the handshake, and is not any more. */
START_TEST(evidence_after_the_handshake_is_unsolicited)
{
    pair_setup(&wants_client);
    pair_new(&pair, deviant_client(&peer), NULL);
    SSL_set_post_handshake_auth(pair.client.ssl, 1);
    connect_once();
    SSL_set_verify(pair.server.ssl, SSL_VERIFY_PEER | SSL_VERIFY_POST_HANDSHAKE,
                   NULL);
    ask_after_handshake();
    ck_assert(pair.server.is_failed);
    ck_assert_int_eq(pair.server.sent_alert, 110);
    ck_assert_ptr_nonnull(strstr(pair.server.errors,
                                 atls_reason_text(ATLS_EVIDENCE_UNSOLICITED)));
    pair_free(&pair);
}
END_TEST

START_TEST(client_authenticates_after_the_handshake_without_evidence)
{
    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "server"});
    peer.certificate_request.how = DEVIANT_SILENT;
    pair_new(&pair, NULL, deviant_server(&peer));
    SSL_set_post_handshake_auth(pair.client.ssl, 1);
    connect_once();
    SSL_set_verify(pair.server.ssl, SSL_VERIFY_PEER, NULL);
    ask_after_handshake();
    ck_assert_ptr_nonnull(SSL_get0_peer_certificate(pair.server.ssl));
    ck_assert_uint_eq(peer.certificate_seen.len, 0);
    pair_send(&pair, &pair.client, "after");
    pair_free(&pair);
}
END_TEST

START_TEST(client_refuses_to_attest_after_the_handshake)
{
    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "server"});
    pair_new(&pair, NULL, deviant_server(&peer));
    SSL_set_post_handshake_auth(pair.client.ssl, 1);
    connect_once();
    SSL_set_verify(pair.server.ssl, SSL_VERIFY_PEER, NULL);
    ask_after_handshake();
    ck_assert(pair.client.is_failed);
    ck_assert_ptr_nonnull(
        strstr(pair.client.errors, atls_reason_text(ATLS_POST_HANDSHAKE)));
    ck_assert_uint_eq(peer.certificate_seen.len, 0);
    pair_free(&pair);
}
END_TEST

/* After HelloRetryRequest everything holds. */

static void retry(void)
{
    SSL_set1_groups_list(pair.client.ssl, "P-256:X25519");
    SSL_set1_groups_list(pair.server.ssl, "X25519");
}

START_TEST(both_attest_after_hello_retry_request)
{
    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "both"});
    pair_new(&pair, NULL, NULL);
    retry();
    connect_once();
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("client", "verdict"), "affirming");
    ck_assert_str_eq(pair_log_text("server", "verdict"), "affirming");
}
END_TEST

START_TEST(plain_server_is_refused_after_hello_retry_request)
{
    pair_setup(&wants_server);
    pair_new(&pair, NULL, pair_bare_server_ctx());
    retry();
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_NOT_ANSWERED);
}
END_TEST

START_TEST(wrong_binder_is_refused_after_hello_retry_request)
{
    pair_setup(&wants_server);
    peer.binder = BINDER_LAST_BIT;
    pair_new(&pair, NULL, deviant_server(&peer));
    retry();
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 47, ATLS_BINDER_MISMATCH);
}
END_TEST

/* SSL_clear and SSL_dup. */

START_TEST(nothing_of_an_attested_connection_survives_ssl_clear)
{
    SSL_CTX *bare;

    pair_setup(&wants_server);
    pair_new(&pair, NULL, deviant_server(&peer));
    connect_once();
    ck_assert_int_eq(SSL_clear(pair.client.ssl), 1);
    bare = pair_bare_server_ctx();
    SSL_free(pair.server.ssl);
    pair.server.ssl = SSL_new(bare);
    SSL_CTX_free(bare);
    SSL_set_accept_state(pair.server.ssl);
    pair_wire(&pair);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_NOT_ANSWERED);
}
END_TEST

static int allow(const SSL *ssl, const SSL_CTX *ctx, int op, int bits, int nid,
                 void *other, void *ex)
{
    (void)ssl, (void)ctx, (void)op, (void)bits, (void)nid;
    (void)other, (void)ex;
    return 1;
}

/* An application that sets its security callback for each connection keeps us
 * from the start of the second one. */
START_TEST(nothing_of_an_attested_client_survives_ssl_clear)
{
    SSL_CTX *bare;

    pair_setup(&wants_client);
    pair_new(&pair, deviant_client(&peer), NULL);
    SSL_set_session_id_context(pair.server.ssl, (const uint8_t *)"x", 1);
    SSL_set_security_callback(pair.server.ssl, allow);
    connect_once();
    ck_assert_int_eq(SSL_clear(pair.server.ssl), 1);
    SSL_set_security_callback(pair.server.ssl, allow);
    bare = pair_bare_client_ctx();
    SSL_free(pair.client.ssl);
    pair.client.ssl = SSL_new(bare);
    SSL_CTX_free(bare);
    SSL_set_connect_state(pair.client.ssl);
    pair_wire(&pair);
    set_psk(false);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, PAIR_ANY_ALERT, ATLS_RESUMED);
}
END_TEST

START_TEST(a_cleared_ssl_attests_again)
{
    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "both"});
    pair_new(&pair, NULL, NULL);
    connect_once();
    ck_assert_int_eq(SSL_clear(pair.client.ssl), 1);
    ck_assert_int_eq(SSL_clear(pair.server.ssl), 1);
    pair_wire(&pair);
    connect_once();
    pair_free(&pair);
    ck_assert_uint_eq(pair_log_lines("client"), 2);
    ck_assert_uint_eq(pair_log_lines("server"), 2);
}
END_TEST

START_TEST(a_duplicated_ssl_attests_for_itself)
{
    SSL *copy;

    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "both"});
    pair_new(&pair, NULL, NULL);
    copy = SSL_dup(pair.client.ssl);
    ck_assert_ptr_nonnull(copy);
    SSL_free(pair.client.ssl);
    pair.client.ssl = copy;
    SSL_set_app_data(copy, &pair.client);
    SSL_set1_host(copy, "server.test");
    pair_wire(&pair);
    connect_once();
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("client", "verdict"), "affirming");
}
END_TEST

START_TEST(a_duplicate_of_an_attested_ssl_is_not_attested)
{
    SSL_CTX *bare;
    SSL *copy;

    pair_setup(&wants_server);
    pair_new(&pair, NULL, deviant_server(&peer));
    connect_once();
    ck_assert_int_eq(SSL_clear(pair.client.ssl), 1);
    copy = SSL_dup(pair.client.ssl);
    ck_assert_ptr_nonnull(copy);
    SSL_free(pair.client.ssl);
    SSL_free(pair.server.ssl);
    bare = pair_bare_server_ctx();
    pair.client.ssl = copy;
    pair.server.ssl = SSL_new(bare);
    SSL_CTX_free(bare);
    SSL_set_connect_state(copy);
    SSL_set_accept_state(pair.server.ssl);
    SSL_set_app_data(copy, &pair.client);
    pair_wire(&pair);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_NOT_ANSWERED);
}
END_TEST

static TCase *version_cases(void)
{
    TCase *cases = tcase_create("version");

    tcase_add_test(cases, plain_server_is_refused);
    tcase_add_test(cases, plain_client_is_refused);
    tcase_add_test(cases, server_with_tls12_alone_is_refused);
    tcase_add_test(cases, server_with_tls12_alone_is_refused_by_any_method);
    tcase_add_test(cases, client_with_tls12_alone_is_refused);
    tcase_add_test(cases, client_with_tls12_alone_is_refused_by_any_method);
    tcase_add_test(cases, our_client_of_tls12_alone_gets_nowhere);
    tcase_add_test(cases, our_client_of_the_tls12_method_gets_nowhere);
    tcase_add_test(cases, our_server_of_the_tls12_method_gets_nowhere);
    tcase_add_test(cases, our_client_without_tls13_gets_nowhere);
    tcase_add_test(cases, dtls_gets_nowhere);
    tcase_add_test(cases, client_that_goes_away_is_logged);
    return cases;
}

static TCase *resumption_cases(void)
{
    TCase *cases = tcase_create("resumption");

    tcase_add_test(cases, client_does_not_resume_by_ticket);
    tcase_add_test(cases, client_does_not_resume_by_cache);
    tcase_add_test(cases, resuming_client_refuses_a_plain_server);
    tcase_add_test(cases,
                   ticket_of_the_same_keys_resumes_where_nothing_is_required);
    tcase_add_test(cases, server_does_not_resume_by_ticket);
    tcase_add_test(cases, server_refuses_a_plain_client_with_a_good_ticket);
    tcase_add_test(cases, server_gives_no_ticket_to_whom_must_attest);
    tcase_add_test(cases, server_does_not_resume_by_cache);
    return cases;
}

static TCase *psk_cases(void)
{
    TCase *cases = tcase_create("psk");

    tcase_add_loop_test(cases, psk_works_where_nothing_is_required, 0, 2);
    tcase_add_loop_test(cases, client_does_not_use_a_psk, 0, 2);
    tcase_add_loop_test(cases, client_with_a_psk_refuses_a_plain_server, 0, 2);
    tcase_add_loop_test(cases, server_does_not_use_a_psk, 0, 2);
    tcase_add_loop_test(cases, server_with_a_psk_refuses_a_plain_client, 0, 2);
    tcase_add_test(cases, server_does_not_use_a_psk_without_a_key_exchange);
    tcase_add_test(cases, early_data_by_psk_arrives_where_nothing_is_required);
    tcase_add_test(cases, client_sends_no_early_data_by_psk);
    tcase_add_test(cases, server_takes_no_early_data_by_psk);
    tcase_add_test(cases,
                   early_data_by_ticket_arrives_where_nothing_is_required);
    tcase_add_test(cases, client_sends_no_early_data_by_session);
    tcase_add_test(cases, server_takes_no_early_data_by_ticket);
    return cases;
}

static TCase *state_cases(void)
{
    TCase *cases = tcase_create("state");

    tcase_add_test(cases, client_without_a_certificate_is_refused);
    tcase_add_test(cases,
                   evidence_of_another_connection_of_the_server_is_refused);
    tcase_add_test(cases,
                   evidence_of_another_connection_of_the_client_is_refused);
    tcase_add_test(cases, reflected_evidence_of_the_server_itself_is_refused);
    tcase_add_test(cases, evidence_in_a_ticket_is_refused);
    tcase_add_test(cases, server_refuses_authentication_after_the_handshake);
    tcase_add_test(cases, evidence_after_the_handshake_is_unsolicited);
    tcase_add_test(cases,
                   client_authenticates_after_the_handshake_without_evidence);
    tcase_add_test(cases, client_refuses_to_attest_after_the_handshake);
    tcase_add_test(cases, both_attest_after_hello_retry_request);
    tcase_add_test(cases, plain_server_is_refused_after_hello_retry_request);
    tcase_add_test(cases, wrong_binder_is_refused_after_hello_retry_request);
    tcase_add_test(cases, nothing_of_an_attested_connection_survives_ssl_clear);
    tcase_add_test(cases, nothing_of_an_attested_client_survives_ssl_clear);
    tcase_add_test(cases, a_cleared_ssl_attests_again);
    tcase_add_test(cases, a_duplicated_ssl_attests_for_itself);
    tcase_add_test(cases, a_duplicate_of_an_attested_ssl_is_not_attested);
    return cases;
}

int main(void)
{
    Suite *suite = suite_create("gate");

    suite_add_tcase(suite, version_cases());
    suite_add_tcase(suite, resumption_cases());
    suite_add_tcase(suite, psk_cases());
    suite_add_tcase(suite, state_cases());
    return pair_main(suite);
}
