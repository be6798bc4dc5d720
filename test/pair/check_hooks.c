/* SPDX-License-Identifier: Apache-2.0
 *
 * Applications that use the slots that we use: callbacks replaced, chained,
 * answered; contexts switched by SNI; verification turned off.
 */
#include <string.h>

#include "deviant.h"
#include "http.h"

static struct pair pair;
static struct deviant peer;

typedef int security_fn(const SSL *ssl, const SSL_CTX *ctx, int op, int bits,
                        int nid, void *other, void *ex);
typedef void keylog_fn(const SSL *ssl, const char *line);

static const struct pair_config wants_server = {.require = "server"};
static const struct pair_config wants_client = {.require = "client"};
static const struct pair_config wants_both = {.attester = "soft.key",
                                              .require = "both"};

/* The application's own callbacks. */

static unsigned num_asked, num_lines, depth;
static security_fn *chained_security;
static keylog_fn *chained_keylog;
static int denied_op;

static int own_security(const SSL *ssl, const SSL_CTX *ctx, int op, int bits,
                        int nid, void *other, void *ex)
{
    (void)ssl, (void)ctx, (void)bits, (void)nid, (void)other, (void)ex;
    num_asked++;
    return op != denied_op;
}

static int chaining_security(const SSL *ssl, const SSL_CTX *ctx, int op,
                             int bits, int nid, void *other, void *ex)
{
    int answer;

    num_asked++;
    ck_assert_uint_lt(++depth, 8);
    answer = chained_security(ssl, ctx, op, bits, nid, other, ex);
    depth--;
    return answer;
}

static void own_keylog(const SSL *ssl, const char *line)
{
    (void)ssl;
    ck_assert_ptr_nonnull(strchr(line, ' '));
    num_lines++;
}

static void chaining_keylog(const SSL *ssl, const char *line)
{
    num_lines++;
    ck_assert_uint_lt(++depth, 8);
    chained_keylog(ssl, line);
    depth--;
}

/* What an application may replace after it has made its SSL_CTX. */
enum replaced { SECURITY = 1, KEYLOG = 2, SECURITY_OF_SSL = 4 };
static const struct {
    const char *name;
    int what;
} replacements[] = {
    {"security callback", SECURITY},
    {"key log callback", KEYLOG},
    {"security and key log callback", SECURITY | KEYLOG},
    {"security callback of the SSL", SECURITY_OF_SSL},
    {"security callback of the SSL and key log callback",
     SECURITY_OF_SSL | KEYLOG},
};
#define NUM_REPLACEMENTS (sizeof(replacements) / sizeof(replacements[0]))

static SSL_CTX *replace_in_ctx(SSL_CTX *ctx, int what)
{
    if (what & SECURITY)
        SSL_CTX_set_security_callback(ctx, own_security);
    if (what & KEYLOG)
        SSL_CTX_set_keylog_callback(ctx, own_keylog);
    return ctx;
}

static void replace_in_ssl(SSL *ssl, int what)
{
    if (what & SECURITY_OF_SSL)
        SSL_set_security_callback(ssl, own_security);
}

static void check_called(int what)
{
    if (what & (SECURITY | SECURITY_OF_SSL))
        ck_assert_uint_gt(num_asked, 0);
    if (what & KEYLOG) /* the five lines of one TLS 1.3 handshake */
        ck_assert_uint_eq(num_lines, 5);
}

START_TEST(client_that_replaces_callbacks_accepts_an_attested_server)
{
    int what = replacements[_i].what;

    pair_setup(&wants_server);
    pair_new(&pair, replace_in_ctx(pair_client_ctx(), what),
             deviant_server(&peer));
    replace_in_ssl(pair.client.ssl, what);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    check_called(what);
    ck_assert_str_eq(pair_log_text("client", "verdict"), "affirming");
}
END_TEST

START_TEST(client_that_replaces_callbacks_refuses_a_plain_server)
{
    int what = replacements[_i].what;

    pair_setup(&wants_server);
    pair_new(&pair, replace_in_ctx(pair_client_ctx(), what),
             pair_bare_server_ctx());
    replace_in_ssl(pair.client.ssl, what);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_NOT_ANSWERED);
}
END_TEST

START_TEST(client_that_replaces_callbacks_refuses_tls12)
{
    int what = replacements[_i].what;
    SSL_CTX *ctx;

    pair_setup(&wants_server);
    ctx = pair_bare_server_ctx();
    SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    pair_new(&pair, replace_in_ctx(pair_client_ctx(), what), ctx);
    replace_in_ssl(pair.client.ssl, what);
    pair_handshake(&pair);
    ck_assert(!pair.client.is_done && !pair.server.is_done);
    pair_free(&pair);
}
END_TEST

START_TEST(client_that_replaces_callbacks_does_not_resume)
{
    int what = replacements[_i].what;
    SSL_SESSION *session;

    pair_setup(&wants_server);
    pair_new(&pair, replace_in_ctx(pair_client_ctx(), what),
             deviant_server(&peer));
    pair_handshake(&pair);
    pair_accepted(&pair);
    session = SSL_get1_session(pair.client.ssl);
    pair_reconnect(&pair);
    replace_in_ssl(pair.client.ssl, what);
    SSL_set_session(pair.client.ssl, session);
    SSL_SESSION_free(session);
    pair_handshake(&pair);
    if (!pair.client.is_failed) { /* it came round to a full handshake */
        ck_assert(!SSL_session_reused(pair.client.ssl));
        pair_accepted(&pair);
        pair_free(&pair);
        return;
    }
    pair_refused(&pair, &pair.client, 47, ATLS_RESUMED);
}
END_TEST

START_TEST(server_that_replaces_callbacks_accepts_an_attested_client)
{
    int what = replacements[_i].what;

    pair_setup(&wants_client);
    pair_new(&pair, deviant_client(&peer),
             replace_in_ctx(pair_server_ctx(), what));
    replace_in_ssl(pair.server.ssl, what);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    check_called(what);
    ck_assert_str_eq(pair_log_text("server", "verdict"), "affirming");
}
END_TEST

/* Where both are replaced and no extension comes from the client, the ticket
 * is what we see first, and last. */
START_TEST(server_that_replaces_callbacks_refuses_a_plain_client)
{
    int what = replacements[_i].what;

    pair_setup(&wants_client);
    pair_new(&pair, pair_bare_client_ctx(),
             replace_in_ctx(pair_server_ctx(), what));
    replace_in_ssl(pair.server.ssl, what);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 109, ATLS_NOT_OFFERED);
}
END_TEST

START_TEST(server_that_replaces_callbacks_and_asks_refuses_a_plain_client)
{
    int what = replacements[_i].what;
    SSL_CTX *ctx;

    pair_setup(&wants_client);
    ctx = replace_in_ctx(pair_server_ctx(), what);
    pair_ask_client(ctx);
    pair_new(&pair, pair_bare_client_ctx(), ctx);
    replace_in_ssl(pair.server.ssl, what);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 109, ATLS_NOT_OFFERED);
}
END_TEST

/* A ticket of a server with the same keys that required nothing. */
static SSL_SESSION *ticket_for(SSL_CTX *client, SSL_CTX *server)
{
    SSL_CTX *bare = pair_bare_server_ctx();
    SSL_SESSION *session;
    uint8_t keys[80];

    SSL_CTX_get_tlsext_ticket_keys(server, keys, sizeof(keys));
    SSL_CTX_set_tlsext_ticket_keys(bare, keys, sizeof(keys));
    SSL_CTX_up_ref(client);
    pair_new(&pair, client, bare);
    pair_handshake(&pair);
    pair_accepted(&pair);
    session = SSL_get1_session(pair.client.ssl);
    pair_free(&pair);
    return session;
}

START_TEST(server_that_replaces_callbacks_does_not_resume)
{
    int what = replacements[_i].what;
    SSL_CTX *client, *server;
    SSL_SESSION *session;

    pair_setup(&wants_client);
    client = pair_bare_client_ctx();
    server = replace_in_ctx(pair_server_ctx(), what);
    session = ticket_for(client, server);
    pair_new(&pair, client, server);
    replace_in_ssl(pair.server.ssl, what);
    SSL_set_session(pair.client.ssl, session);
    SSL_SESSION_free(session);
    pair_handshake(&pair);
    if (SSL_session_reused(pair.server.ssl))
        pair_refused(&pair, &pair.server, PAIR_ANY_ALERT, ATLS_RESUMED);
    else
        pair_refused(&pair, &pair.server, 109, ATLS_NOT_OFFERED);
}
END_TEST

/* An attested client that resumes, past the same callbacks. */
START_TEST(server_that_replaces_callbacks_does_not_resume_an_attested_client)
{
    int what = replacements[_i].what;
    SSL_CTX *client, *server;
    SSL_SESSION *session;

    pair_setup(&wants_client);
    client = deviant_client(&peer);
    server = replace_in_ctx(pair_server_ctx(), what);
    session = ticket_for(client, server);
    pair_new(&pair, client, server);
    replace_in_ssl(pair.server.ssl, what);
    SSL_set_session(pair.client.ssl, session);
    SSL_SESSION_free(session);
    pair_handshake(&pair);
    if (SSL_session_reused(pair.server.ssl)) {
        pair_refused(&pair, &pair.server, PAIR_ANY_ALERT, ATLS_RESUMED);
        return;
    }
    pair_accepted(&pair);
    pair_free(&pair);
}
END_TEST

/* External PSK: the identity is the application's, the key is not attested. */
static int use_psk(SSL *ssl, const EVP_MD *md, const unsigned char **id,
                   size_t *id_len, SSL_SESSION **session)
{
    static const uint8_t key[32] = {1};

    (void)md;
    *session = SSL_SESSION_new();
    SSL_SESSION_set1_master_key(*session, key, sizeof(key));
    SSL_SESSION_set_cipher(*session,
                           SSL_CIPHER_find(ssl, (const uint8_t[]){0x13, 1}));
    SSL_SESSION_set_protocol_version(*session, TLS1_3_VERSION);
    SSL_SESSION_set_max_early_data(*session, 1024);
    *id = (const unsigned char *)"id";
    *id_len = 2;
    return 1;
}

START_TEST(client_that_replaces_callbacks_sends_no_early_data)
{
    int what = replacements[_i].what;
    size_t len = 0;

    pair_setup(&wants_server);
    pair_new(&pair, replace_in_ctx(pair_client_ctx(), what),
             pair_bare_server_ctx());
    replace_in_ssl(pair.client.ssl, what);
    SSL_set_psk_use_session_callback(pair.client.ssl, use_psk);
    ck_assert_int_ne(SSL_write_early_data(pair.client.ssl, "secret", 6, &len),
                     1);
    pair_free(&pair);
}
END_TEST

/* The key log callback is taken away while the handshake goes on. */

static void take_keylog(const SSL *ssl)
{
    SSL_CTX_set_keylog_callback(SSL_get_SSL_CTX(ssl), NULL);
}

static int take_keylog_by_name(SSL *ssl, int *alert, void *arg)
{
    (void)alert, (void)arg;
    take_keylog(ssl);
    return SSL_TLSEXT_ERR_OK;
}

START_TEST(key_log_callback_that_is_taken_away_early_is_put_back)
{
    SSL_CTX *ctx;

    pair_setup(&wants_both);
    ctx = pair_server_ctx();
    SSL_CTX_set_tlsext_servername_callback(ctx, take_keylog_by_name);
    pair_new(&pair, NULL, ctx);
    ck_assert_int_ne(SSL_do_handshake(pair.client.ssl), 1);
    take_keylog(pair.client.ssl);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("client", "verdict"), "affirming");
    ck_assert_str_eq(pair_log_text("server", "verdict"), "affirming");
}
END_TEST

static void take_keylog_by_message(int write, int version, int type,
                                   const void *bytes, size_t len, SSL *ssl,
                                   void *arg)
{
    (void)write, (void)version, (void)arg;
    if (type == SSL3_RT_HANDSHAKE && len > 0 &&
        *(const uint8_t *)bytes == SSL3_MT_SERVER_HELLO)
        take_keylog(ssl);
}

/* Right before its line, nothing puts it back: the secret is gone. */
START_TEST(server_whose_secret_was_missed_does_not_attest)
{
    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "server"});
    pair_new(&pair, NULL, NULL);
    SSL_set_msg_callback(pair.server.ssl, take_keylog_by_message);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 80, ATLS_SECRET_MISSING);
}
END_TEST

START_TEST(server_without_a_key_log_callback_still_judges_its_client)
{
    SSL_CTX *ctx;

    pair_setup(&wants_client);
    ctx = pair_server_ctx();
    SSL_CTX_set_tlsext_servername_callback(ctx, take_keylog_by_name);
    pair_new(&pair, pair_bare_client_ctx(), ctx);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 109, ATLS_NOT_OFFERED);
}
END_TEST

START_TEST(an_application_that_chains_us_is_asked_and_does_not_loop)
{
    SSL_CTX *client, *server;

    pair_setup(&wants_both);
    client = pair_client_ctx();
    server = pair_server_ctx();
    chained_security = SSL_CTX_get_security_callback(client);
    chained_keylog = SSL_CTX_get_keylog_callback(server);
    SSL_CTX_set_security_callback(client, chaining_security);
    SSL_CTX_set_security_callback(server, chaining_security);
    if (chained_keylog != NULL) {
        SSL_CTX_set_keylog_callback(client, chaining_keylog);
        SSL_CTX_set_keylog_callback(server, chaining_keylog);
    }
    pair_new(&pair, client, server);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_uint_gt(num_asked, 0);
    ck_assert_uint_eq(num_lines, 10);
    ck_assert_str_eq(pair_log_text("client", "verdict"), "affirming");
    ck_assert_str_eq(pair_log_text("server", "verdict"), "affirming");
}
END_TEST

START_TEST(the_application_may_still_say_no)
{
    SSL_CTX *ctx;

    pair_setup(&wants_server);
    ctx = pair_client_ctx();
    SSL_CTX_set_security_callback(ctx, own_security);
    denied_op = SSL_SECOP_SIGALG_CHECK;
    pair_new(&pair, ctx, deviant_server(&peer));
    pair_handshake(&pair);
    ck_assert(pair.client.is_failed && !pair.client.is_done);
    ck_assert_int_eq(pair.client.sent_alert, 40);
    pair_free(&pair);
}
END_TEST

START_TEST(the_security_level_of_the_application_holds)
{
    pair_setup(&wants_both);
    pair_new(&pair, NULL, NULL);
    SSL_set_security_level(pair.client.ssl, 4); /* P-256 has 128 bits */
    pair_handshake(&pair);
    ck_assert(!pair.client.is_done);
    pair_free(&pair);
}
END_TEST

/* Other slots of libssl stay the application's. */
static unsigned num_info, num_messages;

static void own_info(const SSL *ssl, int where, int value)
{
    (void)ssl, (void)where, (void)value;
    num_info++;
}

static void own_message(int write, int version, int type, const void *bytes,
                        size_t len, SSL *ssl, void *arg)
{
    (void)write, (void)version, (void)type, (void)bytes, (void)len;
    (void)ssl, (void)arg;
    num_messages++;
}

START_TEST(info_and_message_callbacks_stay_the_applications)
{
    pair_setup(&wants_both);
    pair_new(&pair, NULL, NULL);
    ck_assert_ptr_null(SSL_CTX_get_info_callback(pair.client.ctx));
    ck_assert_ptr_null(SSL_CTX_get_verify_callback(pair.client.ctx));
    SSL_set_info_callback(pair.client.ssl, own_info);
    SSL_set_msg_callback(pair.client.ssl, own_message);
    SSL_set_info_callback(pair.server.ssl, own_info);
    SSL_set_msg_callback(pair.server.ssl, own_message);
    pair_handshake(&pair);
    pair_accepted(&pair);
    ck_assert(SSL_get_info_callback(pair.client.ssl) == own_info);
    ck_assert_uint_gt(num_info, 10);
    ck_assert_uint_gt(num_messages, 10);
    pair_free(&pair);
}
END_TEST

/* Contexts that are switched. */

static SSL_CTX *other_ctx;
static int mode_after_switch;

static int switch_ctx(SSL *ssl, int *alert, void *arg)
{
    (void)alert, (void)arg;
    SSL_set_SSL_CTX(ssl, other_ctx);
    SSL_set_verify(ssl, mode_after_switch, NULL);
    return SSL_TLSEXT_ERR_OK;
}

static int switch_ctx_early(SSL *ssl, int *alert, void *arg)
{
    (void)alert, (void)arg;
    SSL_set_SSL_CTX(ssl, other_ctx);
    SSL_set_verify(ssl, mode_after_switch, NULL);
    return SSL_CLIENT_HELLO_SUCCESS;
}

static SSL_CTX *switching_ctx(bool is_early)
{
    SSL_CTX *ctx = pair_server_ctx();

    pair_use_identity(ctx,
                      "client"); /* a wrong certificate until it switches */
    if (is_early)
        SSL_CTX_set_client_hello_cb(ctx, switch_ctx_early, NULL);
    else
        SSL_CTX_set_tlsext_servername_callback(ctx, switch_ctx);
    other_ctx = pair_server_ctx();
    return ctx;
}

START_TEST(both_attest_when_sni_switches_the_context)
{
    pair_setup(&wants_both);
    pair_new(&pair, NULL, switching_ctx(_i));
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    SSL_CTX_free(other_ctx);
    ck_assert_str_eq(pair_log_text("client", "verdict"), "affirming");
    ck_assert_str_eq(pair_log_text("server", "verdict"), "affirming");
}
END_TEST

START_TEST(plain_client_is_refused_when_sni_switches_the_context)
{
    pair_setup(&wants_client);
    pair_new(&pair, pair_bare_client_ctx(), switching_ctx(_i));
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 109, ATLS_NOT_OFFERED);
}
END_TEST

START_TEST(client_that_did_not_keep_its_word_is_refused_after_a_switch)
{
    pair_setup(&wants_client);
    peer.certificate.how = DEVIANT_SILENT;
    pair_new(&pair, deviant_client(&peer), switching_ctx(_i));
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 40, ATLS_EVIDENCE_MISSING);
    SSL_CTX_free(other_ctx);
}
END_TEST

/* SNI a, Host b: whatever name a client gives, it has to attest. */
START_TEST(no_server_name_relaxes_what_a_server_requires)
{
    static const char *const names[] = {"lax.test", "server.test", NULL};

    pair_setup(&(struct pair_config){
        .require = "both",
        .policy = PAIR_RULES("{\"match\":{\"role\":\"server\",\"name\":"
                             "\"lax.test\"},\"require\":false},"
                             "{\"accept\":[\"dev\"]}")});
    pair_new(&pair, pair_bare_client_ctx(), NULL);
    SSL_set_tlsext_host_name(pair.client.ssl, names[_i]);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 109, ATLS_NOT_OFFERED);
}
END_TEST

static int choose_alpn(SSL *ssl, const unsigned char **out,
                       unsigned char *out_len, const unsigned char *in,
                       unsigned in_len, void *arg)
{
    (void)in_len, (void)arg;
    *out = in + 1;
    *out_len = in[0];
    SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL); /* after SIGALG_SHARED */
    return SSL_TLSEXT_ERR_OK;
}

START_TEST(turning_verification_off_in_the_alpn_callback_changes_nothing)
{
    pair_setup(&wants_client);
    peer.certificate.how = DEVIANT_SILENT;
    pair_new(&pair, deviant_client(&peer), NULL);
    SSL_CTX_set_alpn_select_cb(pair.server.ctx, choose_alpn, NULL);
    SSL_set_alpn_protos(pair.client.ssl, (const uint8_t *)"\1x", 2);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 40, ATLS_EVIDENCE_MISSING);
}
END_TEST

START_TEST(plain_client_is_refused_with_verification_off_in_alpn)
{
    pair_setup(&wants_client);
    pair_new(&pair, pair_bare_client_ctx(), NULL);
    SSL_CTX_set_alpn_select_cb(pair.server.ctx, choose_alpn, NULL);
    SSL_set_alpn_protos(pair.client.ssl, (const uint8_t *)"\1x", 2);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 109, ATLS_NOT_OFFERED);
}
END_TEST

/* The certificate callback comes after our last look at the ClientHello; in a
 * program that logs its keys, the watchdog's slot is taken. */
static int turn_verification_off(SSL *ssl, void *arg)
{
    (void)arg;
    SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
    return 1;
}

START_TEST(plain_client_is_refused_with_verification_off_and_own_callbacks)
{
    int what = replacements[_i].what;
    SSL_CTX *ctx;

    pair_setup(&wants_client);
    ctx = replace_in_ctx(pair_server_ctx(), what);
    SSL_CTX_set_cert_cb(ctx, turn_verification_off, NULL);
    pair_new(&pair, pair_bare_client_ctx(), ctx);
    replace_in_ssl(pair.server.ssl, what);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 109, ATLS_NOT_OFFERED);
}
END_TEST

/* A certificate callback that gives another certificate than the context. */
static int give_certificate(SSL *ssl, void *arg)
{
    return SSL_use_certificate_file(ssl, pair_path("../server.pem"),
                                    SSL_FILETYPE_PEM) == 1 &&
           SSL_use_PrivateKey_file(ssl, pair_path("../server.key"),
                                   SSL_FILETYPE_PEM) == 1 &&
           arg == NULL;
}

START_TEST(evidence_is_bound_to_the_certificate_that_a_callback_gives)
{
    SSL_CTX *ctx;

    pair_setup(&wants_both);
    ctx = pair_server_ctx();
    pair_use_identity(ctx, "client");
    SSL_CTX_set_cert_cb(ctx, give_certificate, NULL);
    pair_new(&pair, NULL, ctx);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
}
END_TEST

/* Modes that put the request off, or leave it out. */
START_TEST(plain_client_is_refused_though_the_program_asks_later)
{
    static const int modes[] = {SSL_VERIFY_POST_HANDSHAKE,
                                SSL_VERIFY_CLIENT_ONCE};
    SSL_CTX *client, *server;

    pair_setup(&wants_client);
    client = pair_bare_client_ctx();
    SSL_CTX_set_post_handshake_auth(client, 1);
    server = pair_server_ctx();
    SSL_CTX_set_verify(server, SSL_VERIFY_PEER | modes[_i], NULL);
    pair_new(&pair, client, server);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 109, ATLS_NOT_OFFERED);
}
END_TEST

static void take_verification_back(struct pair *p, struct pair_side *from,
                                   struct atls_buf *bytes)
{
    (void)bytes;
    if (from == &p->server)
        SSL_set_verify(from->ssl, SSL_VERIFY_NONE, NULL);
}

/* The CertificateRequest has gone out when the program changes its mind. */
START_TEST(client_without_a_certificate_is_refused_though_nobody_insists)
{
    pair_setup(&wants_client);
    pair_new(&pair, deviant_client(&peer), NULL);
    SSL_certs_clear(pair.client.ssl);
    pair.tap = take_verification_back;
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 116, ATLS_CERTIFICATE_MISSING);
}
END_TEST

START_TEST(client_without_a_certificate_is_refused_though_asked_later)
{
    SSL_CTX *ctx;

    pair_setup(&wants_client);
    peer.certificate.how = DEVIANT_SILENT;
    ctx = pair_server_ctx();
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_POST_HANDSHAKE, NULL);
    pair_new(&pair, deviant_client(&peer), ctx);
    SSL_CTX_set_post_handshake_auth(pair.client.ctx, 1);
    pair_reconnect(&pair);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 40, ATLS_EVIDENCE_MISSING);
}
END_TEST

/* What the program asks for in its certificate callback holds. */
static int turn_verification_on(SSL *ssl, void *arg)
{
    (void)arg;
    SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                   NULL);
    return 1;
}

START_TEST(verification_that_a_callback_turns_on_is_the_programs_own)
{
    static const char *const extra[] = {"enforce = log\n",
                                        "identity = application\n"};
    SSL_CTX *client, *server;

    pair_setup(&(struct pair_config){.require = "client", .extra = extra[_i]});
    client = deviant_client(&peer);
    pair_use_identity(client, "rogue");
    server = pair_server_ctx();
    SSL_CTX_set_cert_cb(server, turn_verification_on, NULL);
    pair_new(&pair, client, server);
    pair_handshake(&pair);
    ck_assert(pair.server.is_failed && !pair.server.is_done);
    ck_assert_int_eq(pair.server.sent_alert, 48); /* unknown_ca */
    pair_free(&pair);
}
END_TEST

/* Handshakes that stand still between their hellos and their secrets, in one
 * thread and on one context, which the first to be done must not spoil. */
static bool is_pausing, is_switched;

static int pause_for_certificate(SSL *ssl, void *arg)
{
    (void)ssl, (void)arg;
    return is_pausing ? -1 : 1;
}

static void begin_and_pause(struct pair *paused)
{
    static uint8_t hello[4096];
    int len;

    SSL_CTX_up_ref(other_ctx);
    pair_new(paused, NULL, other_ctx);
    ck_assert_int_ne(SSL_do_handshake(paused->client.ssl), 1);
    len = BIO_read(paused->client.out, hello, sizeof(hello));
    ck_assert_int_gt(len, 0);
    BIO_write(paused->server.in, hello, len);
    ck_assert_int_ne(SSL_do_handshake(paused->server.ssl), 1);
    ck_assert(SSL_want_x509_lookup(paused->server.ssl));
}

static int switch_second_time(SSL *ssl, int *alert, void *arg)
{
    (void)alert, (void)arg;
    if (is_switched)
        SSL_set_SSL_CTX(ssl, other_ctx);
    is_switched = true;
    return SSL_TLSEXT_ERR_OK;
}

/* A client that names somebody else after HelloRetryRequest is served by two
 * contexts in one handshake. */
static void switch_between_hellos(void)
{
    SSL_CTX *ctx = pair_server_ctx();

    SSL_CTX_set_tlsext_servername_callback(ctx, switch_second_time);
    pair_new(&pair, NULL, ctx);
    SSL_set1_groups_list(pair.client.ssl, "P-256:X25519");
    SSL_set1_groups_list(pair.server.ssl, "X25519");
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_int_eq(is_switched, true);
}

START_TEST(handshakes_that_wait_on_one_context_keep_their_secrets)
{
    static struct pair pairs[2];

    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "server"});
    other_ctx = pair_server_ctx();
    SSL_CTX_set_cert_cb(other_ctx, pause_for_certificate, NULL);
    if (_i != 0)
        switch_between_hellos();
    is_pausing = true;
    for (size_t i = 0; i < 2; i++)
        begin_and_pause(&pairs[i]);
    is_pausing = false;
    for (size_t i = 0; i < 2; i++) {
        pair_handshake(&pairs[i]);
        pair_accepted(&pairs[i]);
        pair_free(&pairs[i]);
    }
    SSL_CTX_free(other_ctx);
}
END_TEST

/* An application that verifies by itself. identity = x509 wants a chain that
 * libcrypto has verified, whoever asked it to. */
static int verify_nothing(X509_STORE_CTX *context, void *arg)
{
    (void)context, (void)arg;
    return 1;
}

static int verify_as_usual(X509_STORE_CTX *context, void *arg)
{
    (void)arg;
    return X509_verify_cert(context);
}

START_TEST(a_verify_callback_that_verifies_nothing_is_no_identity)
{
    SSL_CTX *ctx;

    pair_setup(&wants_server);
    ctx = pair_client_ctx();
    SSL_CTX_set_cert_verify_callback(ctx, verify_nothing, NULL);
    pair_new(&pair, ctx, deviant_server(&peer));
    pair_use_identity(pair.server.ctx, "rogue");
    pair_reconnect(&pair);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_CERTIFICATE_UNTRUSTED);
}
END_TEST

START_TEST(a_verify_callback_of_a_server_that_verifies_nothing_is_no_identity)
{
    SSL_CTX *ctx;

    pair_setup(&wants_client);
    ctx = deviant_client(&peer);
    pair_use_identity(ctx, "rogue");
    pair_new(&pair, ctx, NULL);
    SSL_CTX_set_cert_verify_callback(pair.server.ctx, verify_nothing, NULL);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 40, ATLS_CERTIFICATE_UNTRUSTED);
}
END_TEST

static int say_yes(int is_good, X509_STORE_CTX *context)
{
    (void)is_good, (void)context;
    return 1;
}

START_TEST(a_verify_callback_that_says_yes_to_everything_is_no_identity)
{
    pair_setup(&wants_server);
    pair_new(&pair, NULL, deviant_server(&peer));
    pair_use_identity(pair.server.ctx, "rogue");
    pair_reconnect(&pair);
    SSL_set_verify(pair.client.ssl, SSL_VERIFY_PEER, say_yes);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_CERTIFICATE_UNTRUSTED);
}
END_TEST

START_TEST(no_evidence_goes_to_whom_a_callback_has_not_verified)
{
    SSL_CTX *client, *server;

    pair_setup(&(struct pair_config){
        .attester = "soft.key", .policy = "", .extra = "attest_to = any\n"});
    client = pair_client_ctx();
    SSL_CTX_set_cert_verify_callback(client, verify_nothing, NULL);
    peer.encrypted_extensions.how = peer.certificate.how = DEVIANT_SILENT;
    server = deviant_server(&peer);
    pair_use_identity(server, "rogue");
    pair_ask_client(server);
    pair_new(&pair, client, server);
    pair_handshake(&pair);
    ck_assert_uint_eq(peer.certificate_seen.len, 0);
    pair_refused(&pair, &pair.client, 40, ATLS_PEER_UNTRUSTED);
}
END_TEST

START_TEST(a_verify_callback_that_verifies_is_accepted)
{
    SSL_CTX *client, *server;

    pair_setup(&wants_both);
    client = pair_client_ctx();
    server = pair_server_ctx();
    SSL_CTX_set_cert_verify_callback(client, verify_as_usual, NULL);
    SSL_CTX_set_cert_verify_callback(server, verify_as_usual, NULL);
    pair_new(&pair, client, server);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
}
END_TEST

#define ADD_REPLACEMENTS(cases, test)                                          \
    tcase_add_loop_test(cases, test, 0, (int)NUM_REPLACEMENTS)

/* What base/http.c does with the SSL_CTX of a request to a Verifier. */
static SSL_CTX *own_request_ctx(const char *host)
{
    SSL_CTX *ctx = pair_client_ctx();

    SSL_CTX_get_security_callback(ctx)(NULL, ctx, ATLS_HTTP_SECOP, 0, 0,
                                       (void *)(uintptr_t)host, NULL);
    return ctx;
}

START_TEST(requests_of_our_own_to_a_plain_server_are_left_alone)
{
    pair_setup(&wants_server);
    pair_new(&pair, own_request_ctx("server.test"), pair_bare_server_ctx());
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_uint_eq(pair_log_lines(NULL), 0);
}
END_TEST

START_TEST(requests_of_our_own_to_whom_a_rule_names_are_not)
{
    pair_setup(&(struct pair_config){
        .require = "server",
        .policy = PAIR_RULES("{\"match\":{\"name\":\"server.test\"}},{}")});
    pair_new(&pair, own_request_ctx("server.test"), pair_bare_server_ctx());
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_NOT_ANSWERED);
}
END_TEST

static TCase *callback_cases(void)
{
    TCase *cases = tcase_create("callbacks");

    tcase_add_test(cases, requests_of_our_own_to_a_plain_server_are_left_alone);
    tcase_add_test(cases, requests_of_our_own_to_whom_a_rule_names_are_not);
    ADD_REPLACEMENTS(cases,
                     client_that_replaces_callbacks_accepts_an_attested_server);
    ADD_REPLACEMENTS(cases,
                     client_that_replaces_callbacks_refuses_a_plain_server);
    ADD_REPLACEMENTS(cases, client_that_replaces_callbacks_refuses_tls12);
    ADD_REPLACEMENTS(cases, client_that_replaces_callbacks_does_not_resume);
    ADD_REPLACEMENTS(cases,
                     server_that_replaces_callbacks_accepts_an_attested_client);
    ADD_REPLACEMENTS(cases,
                     server_that_replaces_callbacks_refuses_a_plain_client);
    ADD_REPLACEMENTS(
        cases, server_that_replaces_callbacks_and_asks_refuses_a_plain_client);
    ADD_REPLACEMENTS(cases, server_that_replaces_callbacks_does_not_resume);
    ADD_REPLACEMENTS(
        cases,
        server_that_replaces_callbacks_does_not_resume_an_attested_client);
    ADD_REPLACEMENTS(cases, client_that_replaces_callbacks_sends_no_early_data);
    tcase_add_test(cases,
                   key_log_callback_that_is_taken_away_early_is_put_back);
    tcase_add_test(cases, server_whose_secret_was_missed_does_not_attest);
    tcase_add_test(cases,
                   server_without_a_key_log_callback_still_judges_its_client);
    tcase_add_test(cases,
                   an_application_that_chains_us_is_asked_and_does_not_loop);
    tcase_add_test(cases, the_application_may_still_say_no);
    tcase_add_test(cases, the_security_level_of_the_application_holds);
    tcase_add_test(cases,
                   a_verify_callback_that_verifies_nothing_is_no_identity);
    tcase_add_test(
        cases,
        a_verify_callback_of_a_server_that_verifies_nothing_is_no_identity);
    tcase_add_test(
        cases, a_verify_callback_that_says_yes_to_everything_is_no_identity);
    tcase_add_test(cases, no_evidence_goes_to_whom_a_callback_has_not_verified);
    tcase_add_test(cases, a_verify_callback_that_verifies_is_accepted);
    tcase_add_test(cases, info_and_message_callbacks_stay_the_applications);
    return cases;
}

static TCase *switch_cases(void)
{
    TCase *cases = tcase_create("switch");

    tcase_add_loop_test(cases, both_attest_when_sni_switches_the_context, 0, 2);
    tcase_add_loop_test(
        cases, plain_client_is_refused_when_sni_switches_the_context, 0, 2);
    tcase_add_loop_test(
        cases, client_that_did_not_keep_its_word_is_refused_after_a_switch, 0,
        2);
    tcase_add_loop_test(cases, no_server_name_relaxes_what_a_server_requires, 0,
                        3);
    tcase_add_test(
        cases, turning_verification_off_in_the_alpn_callback_changes_nothing);
    tcase_add_test(cases,
                   plain_client_is_refused_with_verification_off_in_alpn);
    ADD_REPLACEMENTS(
        cases, plain_client_is_refused_with_verification_off_and_own_callbacks);
    tcase_add_test(cases,
                   evidence_is_bound_to_the_certificate_that_a_callback_gives);
    tcase_add_loop_test(
        cases, plain_client_is_refused_though_the_program_asks_later, 0, 2);
    tcase_add_test(cases,
                   client_without_a_certificate_is_refused_though_asked_later);
    tcase_add_test(
        cases, client_without_a_certificate_is_refused_though_nobody_insists);
    tcase_add_loop_test(
        cases, verification_that_a_callback_turns_on_is_the_programs_own, 0, 2);
    tcase_add_loop_test(
        cases, handshakes_that_wait_on_one_context_keep_their_secrets, 0, 2);
    return cases;
}

int main(void)
{
    Suite *suite = suite_create("hooks");

    suite_add_tcase(suite, callback_cases());
    suite_add_tcase(suite, switch_cases());
    return pair_main(suite);
}
