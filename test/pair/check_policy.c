/* SPDX-License-Identifier: Apache-2.0
 *
 * What an administrator can say: identity, attest_to, rules by peer, enforce,
 * and a policy that changes while the program runs.
 */
#include <string.h>
#include <sys/stat.h>

#include "deviant.h"

static struct pair pair;
static struct deviant peer;

/* identity: certificates. */

struct identity_row {
    const char *sentence;
    const char *identity; /* of the settings */
    const char *server;   /* whose certificate it shows */
    const char *host;     /* that the client set; NULL: none */
    const char *sni;      /* likewise */
    bool verifies;        /* SSL_VERIFY_PEER */
    enum atls_reason reason;
};
static const struct identity_row identity_rows[] = {
    {"an untrusted chain is refused though the program verifies nothing",
     "x509", "rogue", "server.test", "server.test", false,
     ATLS_CERTIFICATE_UNTRUSTED},
    {"another name is refused though the program verifies nothing", "x509",
     "client", "server.test", "server.test", false, ATLS_NAME_MISMATCH},
    {"a certificate for another name than the SNI is refused", "x509", "client",
     NULL, "server.test", true, ATLS_NAME_MISMATCH},
    {"no name at all is refused", "x509", "server", NULL, NULL, true,
     ATLS_NAME_UNKNOWN},
    {"the SNI is name enough", "x509", "server", NULL, "server.test", true,
     ATLS_OK},
    {"the host is name enough", "x509", "server", "server.test", NULL, true,
     ATLS_OK},
    {"the host goes before the SNI", "x509", "server", "server.test",
     "other.test", true, ATLS_OK},
    {"a good chain is accepted though the program verifies nothing", "x509",
     "server", "server.test", "server.test", false, ATLS_OK},
    {"identity = application takes a program's own check", "application",
     "rogue", NULL, NULL, false, ATLS_OK},
};

static void dress_client(const struct identity_row *row)
{
    SSL *ssl = pair.client.ssl;

    SSL_set1_host(ssl, row->host);
    SSL_set_tlsext_host_name(ssl, row->sni);
    SSL_set_verify(ssl, row->verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                   NULL);
}

START_TEST(identity)
{
    const struct identity_row *row = &identity_rows[_i];
    char extra[64];

    snprintf(extra, sizeof(extra), "identity = %s\n", row->identity);
    pair_setup(&(struct pair_config){.require = "server", .extra = extra});
    pair_new(&pair, NULL, deviant_server(&peer));
    pair_use_identity(pair.server.ctx, row->server);
    pair_reconnect(&pair);
    dress_client(row);
    pair_handshake(&pair);
    if (row->reason != ATLS_OK) {
        pair_refused(&pair, &pair.client, 40, row->reason);
        return;
    }
    pair_accepted(&pair);
    pair_free(&pair);
}
END_TEST

static const struct attested_row {
    const char *sentence, *identity, *rule;
    enum atls_reason reason;
} attested_rows[] = {
    {"identity = attested takes a key that nobody certified", "attested",
     "{\"accept\":[\"dev\"],\"no_oracle\":true}", ATLS_OK},
    {"a rule's identity = attested holds for its peers", "x509",
     "{\"accept\":[\"dev\"],\"identity\":\"attested\",\"no_oracle\":true}",
     ATLS_OK},
    {"a rule's identity = x509 holds for its peers", "attested",
     "{\"accept\":[\"dev\"],\"identity\":\"x509\"}",
     ATLS_CERTIFICATE_UNTRUSTED},
};

START_TEST(attested)
{
    const struct attested_row *row = &attested_rows[_i];
    char extra[64], policy[1024];

    snprintf(extra, sizeof(extra), "identity = %s\n", row->identity);
    snprintf(policy, sizeof(policy), "{\"profiles\":{%s},\"rules\":[%s]}",
             PAIR_DEV, row->rule);
    pair_setup(&(struct pair_config){
        .require = "server", .policy = policy, .extra = extra});
    pair_new(&pair, NULL, deviant_server(&peer));
    pair_use_identity(pair.server.ctx, "rogue");
    pair_reconnect(&pair);
    SSL_set_verify(pair.client.ssl, SSL_VERIFY_NONE, NULL);
    pair_handshake(&pair);
    if (row->reason != ATLS_OK) {
        pair_refused(&pair, &pair.client, 40, row->reason);
        return;
    }
    pair_accepted(&pair);
    pair_free(&pair);
}
END_TEST

static void show_rogue_client(const char *extra)
{
    SSL_CTX *ctx;

    pair_setup(&(struct pair_config){.require = "client", .extra = extra});
    ctx = deviant_client(&peer);
    pair_use_identity(ctx, "rogue");
    pair_new(&pair, ctx, NULL);
    pair_handshake(&pair);
}

START_TEST(untrusted_client_is_refused_though_the_program_asks_for_none)
{
    show_rogue_client(NULL);
    pair_refused(&pair, &pair.server, 40, ATLS_CERTIFICATE_UNTRUSTED);
}
END_TEST

START_TEST(untrusted_client_is_accepted_with_identity_application)
{
    show_rogue_client("identity = application\n");
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("server", "verdict"), "affirming");
}
END_TEST

START_TEST(programs_own_refusal_of_a_chain_stands)
{
    pair_setup(&(struct pair_config){.require = "server",
                                     .extra = "identity = application\n"});
    pair_new(&pair, NULL, deviant_server(&peer));
    pair_use_identity(pair.server.ctx, "rogue");
    pair_reconnect(&pair);
    pair_handshake(&pair);
    ck_assert(pair.client.is_failed && !pair.server.is_done);
    ck_assert_int_eq(pair.client.sent_alert, 48); /* unknown_ca */
    pair_free(&pair);
}
END_TEST

/* A stranger buys no appraisal: bad Evidence behind a bad chain is not read. */
START_TEST(evidence_of_an_untrusted_server_is_not_appraised)
{
    json_t *line;

    pair_setup(&(struct pair_config){.require = "server"});
    peer.key = "other.key";
    pair_new(&pair, NULL, deviant_server(&peer));
    pair_use_identity(pair.server.ctx, "rogue");
    pair_reconnect(&pair);
    SSL_set_verify(pair.client.ssl, SSL_VERIFY_NONE, NULL);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_CERTIFICATE_UNTRUSTED);
    line = pair_log("client");
    ck_assert_ptr_null(json_object_get(line, "appraise_ms"));
    json_decref(line);
}
END_TEST

/* attest_to: whom a client shows Evidence. */

static void meet_asking_server(const struct pair_config *config, bool attests)
{
    SSL_CTX *ctx;

    pair_setup(config);
    if (!attests)
        peer.encrypted_extensions.how = peer.certificate.how = DEVIANT_SILENT;
    ctx = deviant_server(&peer);
    pair_ask_client(ctx);
    pair_new(&pair, NULL, ctx);
}

START_TEST(client_without_rules_offers_no_evidence)
{
    meet_asking_server(
        &(struct pair_config){.attester = "soft.key",
                              .require = "client",
                              .policy = PAIR_RULES("{\"match\":{\"role\":"
                                                   "\"client\"},"
                                                   "\"accept\":[\"dev\"]}")},
        false);
    peer.certificate_request.how = DEVIANT_SILENT;
    pair_handshake(&pair);
    pair_accepted(&pair);
    ck_assert_uint_eq(peer.hello_seen.len, 0);
    ck_assert_uint_eq(peer.certificate_seen.len, 0);
    pair_free(&pair);
}
END_TEST

START_TEST(client_offers_and_shows_evidence_to_any_when_told_so)
{
    meet_asking_server(&(struct pair_config){.attester = "soft.key",
                                             .policy = "",
                                             .extra = "attest_to = any\n"},
                       false);
    pair_handshake(&pair);
    pair_accepted(&pair);
    ck_assert_uint_gt(peer.hello_seen.len, 4);
    ck_assert_uint_gt(peer.certificate_seen.len, 100);
    pair_free(&pair);
}
END_TEST

START_TEST(client_shows_evidence_to_a_server_that_a_rule_names)
{
    meet_asking_server(
        &(struct pair_config){.attester = "soft.key", .require = "server"},
        true);
    pair_handshake(&pair);
    pair_accepted(&pair);
    ck_assert_uint_gt(peer.certificate_seen.len, 100);
    pair_free(&pair);
    ck_assert_str_ne(pair_log_text("client", "own_scheme"), "");
}
END_TEST

START_TEST(client_shows_no_evidence_to_a_server_that_nothing_vouches_for)
{
    meet_asking_server(&(struct pair_config){.attester = "soft.key",
                                             .policy = "",
                                             .extra = "attest_to = any\n"},
                       false);
    pair_use_identity(pair.server.ctx, "rogue");
    pair_reconnect(&pair);
    SSL_set_verify(pair.client.ssl, SSL_VERIFY_NONE, NULL);
    pair_handshake(&pair);
    ck_assert_uint_eq(peer.certificate_seen.len, 0);
    pair_refused(&pair, &pair.client, 40, ATLS_PEER_UNTRUSTED);
}
END_TEST

/* Asked for Evidence it had no certificate; asked again, it has one. */
START_TEST(client_shows_no_evidence_after_the_handshake)
{
    SSL_CTX *client, *server;

    pair_setup(&(struct pair_config){
        .attester = "soft.key", .policy = "", .extra = "attest_to = any\n"});
    peer.encrypted_extensions.how = peer.certificate.how = DEVIANT_SILENT;
    server = deviant_server(&peer);
    SSL_CTX_set_verify(server, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_id_context(server, (const uint8_t *)"x", 1);
    client = SSL_CTX_new(TLS_client_method());
    pair_trust_ca(client);
    SSL_CTX_set_post_handshake_auth(client, 1);
    pair_new(&pair, client, server);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_use_identity(client, "client");
    SSL_use_cert_and_key(pair.client.ssl, SSL_CTX_get0_certificate(client),
                         SSL_CTX_get0_privatekey(client), NULL, 1);
    peer.certificate_request.how = DEVIANT_SILENT;
    ck_assert_int_eq(SSL_verify_client_post_handshake(pair.server.ssl), 1);
    ck_assert_int_eq(SSL_do_handshake(pair.server.ssl), 1);
    pair_handshake(&pair);
    ck_assert_ptr_nonnull(SSL_get0_peer_certificate(pair.server.ssl));
    ck_assert_uint_eq(peer.certificate_seen.len, 0);
    pair_free(&pair);
}
END_TEST

/* A good chain for another name, and a program that checks no name. */
START_TEST(client_shows_no_evidence_to_a_server_of_another_name)
{
    meet_asking_server(&(struct pair_config){.attester = "soft.key"}, false);
    pair_use_identity(pair.server.ctx, "client");
    pair_reconnect(&pair);
    SSL_set1_host(pair.client.ssl, NULL);
    pair_handshake(&pair);
    ck_assert_uint_eq(peer.certificate_seen.len, 0);
    pair_refused(&pair, &pair.client, 40, ATLS_NAME_MISMATCH);
}
END_TEST

/* Rules by peer. */

static const char by_name[] =
    PAIR_RULES("{\"match\":{\"role\":\"server\",\"name\":\"ocsp.test\"},"
               "\"require\":false},"
               "{\"match\":{\"role\":\"server\",\"name\":\"*.mesh.test\"},"
               "\"accept\":[\"dev\"]},"
               "{\"match\":{\"name\":\"server.test\"},\"accept\":[\"dev\"]}");

static const struct rule_row {
    const char *sentence, *sni, *host;
    bool attests;
    enum atls_reason reason;
} rule_rows[] = {
    {"a named server need not attest", "ocsp.test", NULL, false, ATLS_OK},
    {"a named server need not attest, in whatever case", "OCSP.Test", NULL,
     false, ATLS_OK},
    {"another server must attest", "server.test", NULL, false,
     ATLS_NOT_ANSWERED},
    {"another server that attests is accepted", "server.test", NULL, true,
     ATLS_OK},
    {"a server of the wildcard must attest", "a.mesh.test", NULL, false,
     ATLS_NOT_ANSWERED},
    {"a server that no rule names is refused", "stranger.test", NULL, true,
     ATLS_RULE_MISSING},
    {"the wildcard is one label", "a.b.mesh.test", NULL, true,
     ATLS_RULE_MISSING},
    {"the host that the program set goes before the SNI", "ocsp.test",
     "server.test", false, ATLS_NOT_ANSWERED},
    {"the host that the program set relaxes, not the SNI", "server.test",
     "ocsp.test", false, ATLS_OK},
};

/* A server that no rule names is asked for nothing, as no scheme would do, and
 * that is no way round. */
static bool is_refusal_without_rule(enum atls_reason reason)
{
    return reason == ATLS_RULE_MISSING;
}

START_TEST(rule)
{
    const struct rule_row *row = &rule_rows[_i];

    pair_setup(&(struct pair_config){.require = "server",
                                     .policy = by_name,
                                     .extra = "identity = application\n"});
    if (!row->attests)
        peer.encrypted_extensions.how = peer.certificate.how = DEVIANT_SILENT;
    pair_new(&pair, NULL, deviant_server(&peer));
    SSL_set1_host(pair.client.ssl, row->host);
    SSL_set_tlsext_host_name(pair.client.ssl, row->sni);
    SSL_set_verify(pair.client.ssl, SSL_VERIFY_NONE, NULL);
    pair_handshake(&pair);
    if (is_refusal_without_rule(row->reason)) {
        ck_assert(pair.client.is_failed && !pair.server.is_done);
        pair_free(&pair);
        pair_refused_in_log("client", PAIR_ANY_ALERT, row->reason);
    } else if (row->reason != ATLS_OK) {
        pair_refused(&pair, &pair.client, 40, row->reason);
    } else {
        pair_accepted(&pair);
        pair_free(&pair);
    }
}
END_TEST

START_TEST(server_that_need_not_attest_may_speak_tls12_and_resume)
{
    SSL_CTX *ctx;
    SSL_SESSION *session;

    pair_setup(&(struct pair_config){.require = "server", .policy = by_name});
    ctx = pair_bare_server_ctx();
    SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    pair_new(&pair, NULL, ctx);
    for (int i = 0; i < 2; i++) {
        SSL_set1_host(pair.client.ssl, NULL);
        SSL_set_tlsext_host_name(pair.client.ssl, "ocsp.test");
        pair_handshake(&pair);
        pair_accepted(&pair);
        ck_assert_int_eq(SSL_version(pair.client.ssl), TLS1_2_VERSION);
        ck_assert_int_eq(SSL_session_reused(pair.client.ssl), i);
        session = SSL_get1_session(pair.client.ssl);
        pair_reconnect(&pair);
        SSL_set_session(pair.client.ssl, session);
        SSL_SESSION_free(session);
    }
    pair_free(&pair);
    ck_assert_uint_eq(pair_log_lines(NULL), 0);
}
END_TEST

START_TEST(rule_by_ca_accepts_what_it_names)
{
    char policy[1024];

    snprintf(policy, sizeof(policy), "%s",
             PAIR_RULES("{\"match\":{\"ca\":\"../ca.pem\"},"
                        "\"accept\":[\"dev\"]}"));
    pair_setup(&(struct pair_config){.require = "client", .policy = policy});
    pair_new(&pair, deviant_client(&peer), NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
}
END_TEST

START_TEST(rule_by_ca_counts_a_verified_chain_only)
{
    SSL_CTX *ctx;

    pair_setup(&(struct pair_config){
        .require = "client",
        .policy = PAIR_RULES("{\"match\":{\"ca\":\"../ca.pem\"},"
                             "\"accept\":[\"dev\"]}"),
        .extra = "identity = application\n"});
    ctx = deviant_client(&peer);
    pair_use_identity(ctx, "rogue");
    pair_new(&pair, ctx, NULL);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 40, ATLS_RULE_MISSING);
}
END_TEST

START_TEST(lifecycle_that_the_policy_does_not_name_is_refused)
{
    pair_setup(&(struct pair_config){
        .require = "server",
        .policy = "{\"profiles\":{\"real\":{\"format\":\"psa\","
                  "\"trust_anchors\":[\"../soft.pem\"],"
                  "\"lifecycle\":[\"secured\"],\"any\":true}}}"});
    pair_new(&pair, NULL, deviant_server(&peer));
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_LIFECYCLE_REFUSED);
}
END_TEST

/* enforce = log lets everything through and says what it would have done. */

static const struct log_row {
    const char *sentence;
    struct deviant peer;
    enum atls_reason reason;
} log_rows[] = {
    {"enforce = log lets a silent server through",
     {.encrypted_extensions = DEVIANT_SENDS_NOTHING,
      .certificate = DEVIANT_SENDS_NOTHING},
     ATLS_NOT_ANSWERED},
    {"enforce = log lets a wrong binder through",
     {.binder = BINDER_LAST_BIT},
     ATLS_BINDER_MISMATCH},
    {"enforce = log lets an unknown attester through",
     {.key = "other.key"},
     ATLS_ANCHOR_UNKNOWN},
    {"enforce = log lets missing Evidence through",
     {.certificate = DEVIANT_SENDS_NOTHING},
     ATLS_EVIDENCE_MISSING},
    {"enforce = log lets a malformed CMW through",
     {.certificate = DEVIANT_SENDS("\0\0\1\x80")},
     ATLS_CMW_MALFORMED},
};

static void check_would_refuse(const char *role, enum atls_reason reason)
{
    json_t *line = pair_log(role);

    ck_assert_ptr_nonnull(line);
    ck_assert_str_eq(pair_log_text(role, "reason"), atls_reason_name(reason));
    ck_assert(json_is_true(json_object_get(line, "would_refuse")));
    ck_assert_ptr_null(json_object_get(line, "alert"));
    json_decref(line);
}

START_TEST(would_refuse_server)
{
    peer = log_rows[_i].peer;
    pair_setup(
        &(struct pair_config){.require = "server", .extra = "enforce = log\n"});
    pair_new(&pair, NULL, deviant_server(&peer));
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    check_would_refuse("client", log_rows[_i].reason);
}
END_TEST

START_TEST(would_refuse_plain_client)
{
    pair_setup(
        &(struct pair_config){.require = "client", .extra = "enforce = log\n"});
    pair_new(&pair, pair_bare_client_ctx(), NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    check_would_refuse("server", ATLS_NOT_OFFERED);
}
END_TEST

START_TEST(would_refuse_a_client_with_a_wrong_binder)
{
    pair_setup(
        &(struct pair_config){.require = "client", .extra = "enforce = log\n"});
    peer.binder = BINDER_OTHER_ROLE;
    pair_new(&pair, deviant_client(&peer), NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    check_would_refuse("server", ATLS_BINDER_MISMATCH);
}
END_TEST

START_TEST(would_refuse_tls12)
{
    SSL_CTX *ctx;

    pair_setup(
        &(struct pair_config){.require = "server", .extra = "enforce = log\n"});
    ctx = pair_bare_server_ctx();
    SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    pair_new(&pair, NULL, ctx);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    check_would_refuse("client", ATLS_TLS_VERSION);
}
END_TEST

START_TEST(would_refuse_and_still_resumes)
{
    SSL_SESSION *session;

    pair_setup(
        &(struct pair_config){.require = "server", .extra = "enforce = log\n"});
    pair_new(&pair, NULL, pair_bare_server_ctx());
    pair_handshake(&pair);
    pair_accepted(&pair);
    session = SSL_get1_session(pair.client.ssl);
    pair_reconnect(&pair);
    SSL_set_session(pair.client.ssl, session);
    SSL_SESSION_free(session);
    pair_handshake(&pair);
    pair_accepted(&pair);
    ck_assert(SSL_session_reused(pair.client.ssl));
    pair_free(&pair);
    check_would_refuse("client", ATLS_RESUMED);
}
END_TEST

/* The certificate that we asked for once is not the program's wish for ever: a
 * server that wants one has to have a session id context. */
START_TEST(would_refuse_and_a_cleared_ssl_still_resumes)
{
    SSL_SESSION *session;

    pair_setup(
        &(struct pair_config){.require = "client", .extra = "enforce = log\n"});
    pair_new(&pair, deviant_client(&peer), NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    session = SSL_get1_session(pair.client.ssl);
    SSL_set_shutdown(pair.client.ssl, SSL_SENT_SHUTDOWN);
    SSL_set_shutdown(pair.server.ssl, SSL_SENT_SHUTDOWN);
    ck_assert_int_eq(SSL_clear(pair.client.ssl), 1);
    ck_assert_int_eq(SSL_clear(pair.server.ssl), 1);
    ck_assert_int_eq(SSL_set_session(pair.client.ssl, session), 1);
    SSL_SESSION_free(session);
    pair_wire(&pair);
    pair_handshake(&pair);
    pair_accepted(&pair);
    ck_assert(SSL_session_reused(pair.server.ssl));
    pair_free(&pair);
}
END_TEST

START_TEST(enforce_log_says_ok_of_who_attests)
{
    pair_setup(&(struct pair_config){
        .attester = "soft.key", .require = "both", .extra = "enforce = log\n"});
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("client", "reason"), "OK");
    ck_assert_str_eq(pair_log_text("server", "reason"), "OK");
}
END_TEST

/* A policy that changes. */

static void connect_and_expect(enum atls_reason reason)
{
    pair_new(&pair, NULL, deviant_server(&peer));
    pair_handshake(&pair);
    if (reason == ATLS_OK) {
        pair_accepted(&pair);
        pair_free(&pair);
        deviant_clear(&peer);
        return;
    }
    pair_refused(&pair, &pair.client, 40, reason);
    deviant_clear(&peer);
}

static const char secured[] =
    "{\"profiles\":{\"dev\":{\"format\":\"psa\",\"trust_anchors\":"
    "[\"../soft.pem\"],\"lifecycle\":[\"secured\"],\"any\":true}}}";

START_TEST(changed_policy_holds_for_new_contexts)
{
    SSL_CTX *old;

    pair_setup(&(struct pair_config){.require = "server"});
    old = pair_client_ctx();
    connect_and_expect(ATLS_OK);
    pair_write_file("policy.json", secured);
    connect_and_expect(ATLS_LIFECYCLE_REFUSED);
    ck_assert(pair_log_says("policy.json"));
    pair_write_file("policy.json", PAIR_POLICY);
    connect_and_expect(ATLS_OK);
    SSL_CTX_free(old);
}
END_TEST

START_TEST(broken_policy_leaves_the_old_one_in_force)
{
    pair_setup(&(struct pair_config){.require = "server"});
    connect_and_expect(ATLS_OK);
    pair_write_file("policy.json", "{\"profiles\": ");
    connect_and_expect(ATLS_OK);
    ck_assert(pair_log_says("old one stays"));
    peer.key = "other.key";
    connect_and_expect(ATLS_ANCHOR_UNKNOWN);
}
END_TEST

START_TEST(vanished_policy_leaves_the_old_one_in_force)
{
    pair_setup(&(struct pair_config){.require = "server"});
    connect_and_expect(ATLS_OK);
    ck_assert_int_eq(remove(pair_path("policy.json")), 0);
    connect_and_expect(ATLS_OK);
    ck_assert(pair_log_says("old one stays"));
}
END_TEST

/* Nothing required and no attester: nobody may notice. */

START_TEST(nothing_configured_puts_no_byte_on_the_wire)
{
    size_t plain;

    pair_setup(&(struct pair_config){.policy = ""});
    pair_new(&pair, pair_bare_client_ctx(), pair_bare_server_ctx());
    SSL_do_handshake(pair.client.ssl);
    plain = BIO_ctrl_pending(pair.client.out);
    pair_free(&pair);
    pair_new(&pair, NULL, NULL);
    SSL_do_handshake(pair.client.ssl);
    ck_assert_uint_eq(BIO_ctrl_pending(pair.client.out), plain);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_uint_eq(pair_log_lines(NULL), 0);
}
END_TEST

START_TEST(server_requirement_alone_adds_no_byte_to_a_client)
{
    size_t plain;

    pair_setup(&(struct pair_config){.require = "client"});
    pair_new(&pair, pair_bare_client_ctx(), NULL);
    SSL_do_handshake(pair.client.ssl);
    plain = BIO_ctrl_pending(pair.client.out);
    pair_free(&pair);
    pair_new(&pair, NULL, NULL);
    SSL_do_handshake(pair.client.ssl);
    ck_assert_uint_eq(BIO_ctrl_pending(pair.client.out), plain);
    pair_free(&pair);
}
END_TEST

START_TEST(plain_client_of_an_attesting_server_notices_nothing)
{
    pair_setup(&(struct pair_config){.attester = "soft.key", .policy = ""});
    peer.hello.how = DEVIANT_SILENT;
    pair_new(&pair, deviant_client(&peer), NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    ck_assert_uint_eq(peer.encrypted_extensions_seen.len, 0);
    ck_assert_uint_eq(peer.certificate_seen.len, 0);
    pair_free(&pair);
    ck_assert_uint_eq(pair_log_lines(NULL), 0);
}
END_TEST

START_TEST(plain_client_that_is_asked_for_a_certificate_notices_nothing)
{
    SSL_CTX *ctx;

    pair_setup(&(struct pair_config){.attester = "soft.key", .policy = ""});
    peer.hello.how = DEVIANT_SILENT;
    ctx = pair_server_ctx();
    pair_ask_client(ctx);
    pair_new(&pair, deviant_client(&peer), ctx);
    pair_handshake(&pair);
    pair_accepted(&pair);
    ck_assert_uint_eq(peer.certificate_request_seen.len, 0);
    pair_free(&pair);
}
END_TEST

START_TEST(plain_peers_resume_with_the_module_loaded)
{
    SSL_SESSION *session;

    pair_setup(&(struct pair_config){.attester = "soft.key"});
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    session = SSL_get1_session(pair.client.ssl);
    pair_reconnect(&pair);
    SSL_set_session(pair.client.ssl, session);
    SSL_SESSION_free(session);
    pair_handshake(&pair);
    pair_accepted(&pair);
    ck_assert(SSL_session_reused(pair.client.ssl));
    pair_free(&pair);
}
END_TEST

START_TEST(plain_peers_speak_tls12_with_the_module_loaded)
{
    pair_setup(&(struct pair_config){.attester = "soft.key"});
    pair_new(&pair, NULL, NULL);
    SSL_set_max_proto_version(pair.client.ssl, TLS1_2_VERSION);
    pair_handshake(&pair);
    pair_accepted(&pair);
    ck_assert_int_eq(SSL_version(pair.server.ssl), TLS1_2_VERSION);
    pair_free(&pair);
}
END_TEST

static TCase *identity_cases(void)
{
    TCase *cases = tcase_create("identity");

    for (size_t i = 0; i < sizeof(identity_rows) / sizeof(identity_rows[0]);
         i++)
        pair_add_row(cases, identity, identity_rows[i].sentence, (int)i);
    for (size_t i = 0; i < sizeof(attested_rows) / sizeof(attested_rows[0]);
         i++)
        pair_add_row(cases, attested, attested_rows[i].sentence, (int)i);
    tcase_add_test(
        cases, untrusted_client_is_refused_though_the_program_asks_for_none);
    tcase_add_test(cases,
                   untrusted_client_is_accepted_with_identity_application);
    tcase_add_test(cases, programs_own_refusal_of_a_chain_stands);
    tcase_add_test(cases, evidence_of_an_untrusted_server_is_not_appraised);
    return cases;
}

static TCase *attest_to_cases(void)
{
    TCase *cases = tcase_create("attest_to");

    tcase_add_test(cases, client_without_rules_offers_no_evidence);
    tcase_add_test(cases, client_offers_and_shows_evidence_to_any_when_told_so);
    tcase_add_test(cases, client_shows_evidence_to_a_server_that_a_rule_names);
    tcase_add_test(
        cases, client_shows_no_evidence_to_a_server_that_nothing_vouches_for);
    tcase_add_test(cases, client_shows_no_evidence_to_a_server_of_another_name);
    tcase_add_test(cases, client_shows_no_evidence_after_the_handshake);
    return cases;
}

static TCase *rule_cases(void)
{
    TCase *cases = tcase_create("rules");

    for (size_t i = 0; i < sizeof(rule_rows) / sizeof(rule_rows[0]); i++)
        pair_add_row(cases, rule, rule_rows[i].sentence, (int)i);
    tcase_add_test(cases,
                   server_that_need_not_attest_may_speak_tls12_and_resume);
    tcase_add_test(cases, rule_by_ca_accepts_what_it_names);
    tcase_add_test(cases, rule_by_ca_counts_a_verified_chain_only);
    tcase_add_test(cases, lifecycle_that_the_policy_does_not_name_is_refused);
    return cases;
}

static TCase *log_cases(void)
{
    TCase *cases = tcase_create("enforce");

    for (size_t i = 0; i < sizeof(log_rows) / sizeof(log_rows[0]); i++)
        pair_add_row(cases, would_refuse_server, log_rows[i].sentence, (int)i);
    tcase_add_test(cases, would_refuse_plain_client);
    tcase_add_test(cases, would_refuse_a_client_with_a_wrong_binder);
    tcase_add_test(cases, would_refuse_tls12);
    tcase_add_test(cases, would_refuse_and_still_resumes);
    tcase_add_test(cases, would_refuse_and_a_cleared_ssl_still_resumes);
    tcase_add_test(cases, enforce_log_says_ok_of_who_attests);
    return cases;
}

static TCase *other_cases(void)
{
    TCase *cases = tcase_create("change");

    tcase_add_test(cases, changed_policy_holds_for_new_contexts);
    tcase_add_test(cases, broken_policy_leaves_the_old_one_in_force);
    tcase_add_test(cases, vanished_policy_leaves_the_old_one_in_force);
    tcase_add_test(cases, nothing_configured_puts_no_byte_on_the_wire);
    tcase_add_test(cases, server_requirement_alone_adds_no_byte_to_a_client);
    tcase_add_test(cases, plain_client_of_an_attesting_server_notices_nothing);
    tcase_add_test(
        cases, plain_client_that_is_asked_for_a_certificate_notices_nothing);
    tcase_add_test(cases, plain_peers_resume_with_the_module_loaded);
    tcase_add_test(cases, plain_peers_speak_tls12_with_the_module_loaded);
    return cases;
}

int main(void)
{
    Suite *suite = suite_create("policy");

    suite_add_tcase(suite, identity_cases());
    suite_add_tcase(suite, attest_to_cases());
    suite_add_tcase(suite, rule_cases());
    suite_add_tcase(suite, log_cases());
    suite_add_tcase(suite, other_cases());
    return pair_main(suite);
}
