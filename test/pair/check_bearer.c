/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence in the certificate of a peer that does not speak the extension
 * (doc/protocol.md, "Evidence in the certificate"): taken where the rule says
 * so, and refused otherwise. The peer is libssl without our hooks.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "base64url.h"
#include "bearing.h"
#include "cbor.h"
#include "cmw.h"
#include "deviant.h"
#include "verifier.h"

#define RULE   "\"accept\":[\"dev\"],\"bearer\":\"certificate\","
#define BEARER PAIR_RULES("{" RULE "\"bearer_max_age\":\"2h\"}")
#define ABSENT PAIR_NO_ALERT
#define SECURED                                                                \
    "{\"profiles\":{\"dev\":{\"format\":\"psa\",\"trust_anchors\":[\"../"      \
    "soft.pem\"],\"lifecycle\":[\"secured\"],\"any\":true}},\"rules\":[{" RULE \
    "\"bearer_max_age\":\"2h\"}]}"

static struct pair pair;
static struct deviant peer;

/* The challenge, which is right when it comes. */

static void of_another_key(struct atls_buf *digest)
{
    digest->data[31] ^= 1;
}

static void of_64_bytes(struct atls_buf *digest)
{
    memset(atls_buf_room(digest, 32), 0, 32);
}

static void of_48_bytes(struct atls_buf *digest)
{
    memset(atls_buf_room(digest, 16), 0, 16);
}

/* The CMW, likewise: [10003, token, 4]. */

static void is_cut(struct atls_buf *cmw)
{
    cmw->len--;
}

static void is_signed_wrongly(struct atls_buf *cmw)
{
    cmw->data[cmw->len - 2] ^= 1;
}

static void is_a_result(struct atls_buf *cmw)
{
    cmw->data[cmw->len - 1] = ATLS_CMW_RESULTS;
}

static void is_unknown(struct atls_buf *cmw)
{
    cmw->len = 0;
    atls_cmw_put(cmw, atls_type_of_text(atls_view_text("application/x-other")),
                 atls_view_text("evidence"), ATLS_CMW_EVIDENCE);
}

static void is_too_large(struct atls_buf *cmw)
{
    static uint8_t value[ATLS_CMW_MAX - 2]; /* 65,534 bytes in all */

    cmw->len = 0;
    atls_cmw_put(cmw, atls_type_of_format(10003),
                 atls_view(value, sizeof(value)), ATLS_CMW_EVIDENCE);
}

static void is_json(struct atls_buf *cmw)
{
    ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX), out = atls_buf(1 << 17);
    struct atls_cmw parsed;

    ck_assert_reason(
        atls_cmw_parse(atls_buf_view(cmw), &storage, &parsed, NULL), ATLS_OK);
    atls_buf_text(&out, "[\"application/eat+cwt; eat_profile=\\\""
                        "tag:psacertified.org,2023:psa#tfm\\\"\",\"");
    atls_base64url_put(&out, parsed.value);
    atls_buf_text(&out, "\"]");
    cmw->len = 0;
    atls_buf_put(cmw, atls_buf_view(&out));
}

/* A delegate's collection, which would make a bearer token of it. */
static void is_of_a_delegate(struct atls_buf *cmw)
{
    ATLS_AUTO_BUF out = atls_buf(1 << 17);

    atls_cbor_put_map(&out, 3);
    atls_cbor_put_text(&out, "__cmwc_t");
    atls_cbor_put_text(&out, "urn:uuid:8d7c5930-1019-4022-8189-65a0127b8fa9");
    atls_cbor_put_text(&out, "key");
    atls_buf_put(&out, atls_buf_view(cmw));
    atls_cbor_put_text(&out, "proof");
    atls_cmw_put(&out, atls_type_of_format(18), atls_view_text("proof"), 0);
    cmw->len = 0;
    atls_buf_put(cmw, atls_buf_view(&out));
}

/* The extension's value. */

static void text(struct atls_view cmw, struct atls_buf *out)
{
    bearing_put_der(V_ASN1_UTF8STRING, cmw, out);
}

static void bits(struct atls_view cmw, struct atls_buf *out)
{
    bearing_put_der(V_ASN1_BIT_STRING, cmw, out);
}

static void bare(struct atls_view cmw, struct atls_buf *out)
{
    atls_buf_put(out, cmw);
}

static void octets_and_more(struct atls_view cmw, struct atls_buf *out)
{
    bearing_octets(cmw, out);
    atls_buf_u8(out, 0);
}

static void cut_octets(struct atls_view cmw, struct atls_buf *out)
{
    bearing_octets(cmw, out);
    out->len--;
}

static void no_octets(struct atls_view cmw, struct atls_buf *out)
{
    bearing_octets(atls_view(cmw.data, 0), out);
}

/* BER and not DER: a length of four bytes, and one that is not known. */
static void long_octets(struct atls_view cmw, struct atls_buf *out)
{
    atls_buf_u16(out, 0x0484);
    atls_buf_u32(out, (uint32_t)cmw.len);
    atls_buf_put(out, cmw);
}

static void endless_octets(struct atls_view cmw, struct atls_buf *out)
{
    atls_buf_u16(out, 0x2480);
    bearing_octets(cmw, out);
    atls_buf_u16(out, 0);
}

static const struct row {
    const char *sentence;
    enum atls_reason as_server, as_client; /* how it is refused as what */
    int alert;          /* from a server; PAIR_NO_ALERT: as from a client */
    const char *policy; /* NULL: BEARER */
    struct bearing how;
} rows[] = {
    {"Evidence for the key of its certificate", .alert = ABSENT},
    {"the same in JSON", ATLS_OK, ATLS_OK, ABSENT, .how.change = is_json,
     .how.wrap = text},
    {"the same, and the rule has no bearer", ATLS_NOT_ANSWERED,
     ATLS_NOT_OFFERED, 109, .policy = PAIR_POLICY},
    {"the same, and only another rule has one", ATLS_NOT_ANSWERED,
     ATLS_NOT_OFFERED, ABSENT,
     .policy = PAIR_RULES("{\"match\":{\"uri\":\"a:b\"}," RULE
                          "\"bearer_max_age\":\"2h\"},{\"accept\":[\"dev\"]}")},
    {"the same, and the certificate is older than the rule takes",
     ATLS_EVIDENCE_STALE, ATLS_EVIDENCE_STALE, ABSENT,
     .policy = PAIR_RULES("{" RULE "\"bearer_max_age\":\"59m\"}")},
    {"the same, of another lifecycle", ATLS_LIFECYCLE_REFUSED,
     ATLS_LIFECYCLE_REFUSED, ABSENT, .policy = SECURED},
    {"no Evidence in its certificate", ATLS_NOT_ANSWERED, ATLS_NOT_OFFERED,
     ABSENT, .how.place = NOWHERE},
    {"Evidence in its issuer's certificate", ATLS_NOT_ANSWERED,
     ATLS_NOT_OFFERED, ABSENT, .how.place = IN_ISSUER},
    {"Evidence twice", ATLS_BEARER_MALFORMED, ATLS_BEARER_MALFORMED, ABSENT,
     .how.place = IN_LEAF_TWICE},
    {"Evidence in a critical extension", ATLS_CERTIFICATE_UNTRUSTED,
     ATLS_CERTIFICATE_UNTRUSTED, ABSENT, .how.place = IN_LEAF_CRITICAL},
    {"Evidence for another key", ATLS_KEY_MISMATCH, ATLS_KEY_MISMATCH, ABSENT,
     .how.challenge = of_another_key},
    {"Evidence for 64 bytes where 32 are enough", ATLS_KEY_MISMATCH,
     ATLS_KEY_MISMATCH, ABSENT, .how.challenge = of_64_bytes},
    {"Evidence for 48 bytes", ATLS_KEY_MISMATCH, ATLS_KEY_MISMATCH, ABSENT,
     .how.challenge = of_48_bytes},
    {"Evidence by an attester that nobody trusts", ATLS_ANCHOR_UNKNOWN,
     ATLS_ANCHOR_UNKNOWN, ABSENT, .how.attester = "other.key"},
    {"Evidence whose signature is wrong", ATLS_SIGNATURE_INVALID,
     ATLS_SIGNATURE_INVALID, ABSENT, .how.change = is_signed_wrongly},
    {"a CMW that is cut", ATLS_CMW_MALFORMED, ATLS_CMW_MALFORMED, ABSENT,
     .how.change = is_cut},
    {"a CMW that is too large", ATLS_CMW_TOO_LARGE, ATLS_CMW_TOO_LARGE, ABSENT,
     .how.change = is_too_large},
    {"an Attestation Result", ATLS_CMW_INDICATOR, ATLS_CMW_INDICATOR, ABSENT,
     .how.change = is_a_result},
    {"Evidence of an unknown format", ATLS_FORMAT_UNKNOWN, ATLS_FORMAT_UNKNOWN,
     ABSENT, .how.change = is_unknown},
    {"Evidence of a delegate", ATLS_FORMAT_UNKNOWN, ATLS_FORMAT_UNKNOWN, ABSENT,
     .how.change = is_of_a_delegate},
    {"JSON where CBOR stands", ATLS_BEARER_MALFORMED, ATLS_BEARER_MALFORMED,
     ABSENT, .how.change = is_json},
    {"CBOR where JSON stands", ATLS_BEARER_MALFORMED, ATLS_BEARER_MALFORMED,
     ABSENT, .how.wrap = text},
    {"a BIT STRING", ATLS_BEARER_MALFORMED, ATLS_BEARER_MALFORMED, ABSENT,
     .how.wrap = bits},
    {"a CMW without DER around it", ATLS_BEARER_MALFORMED,
     ATLS_BEARER_MALFORMED, ABSENT, .how.wrap = bare},
    {"DER and a byte more", ATLS_BEARER_MALFORMED, ATLS_BEARER_MALFORMED,
     ABSENT, .how.wrap = octets_and_more},
    {"DER and a byte less", ATLS_BEARER_MALFORMED, ATLS_BEARER_MALFORMED,
     ABSENT, .how.wrap = cut_octets},
    {"DER of nothing", ATLS_BEARER_MALFORMED, ATLS_BEARER_MALFORMED, ABSENT,
     .how.wrap = no_octets},
    {"BER with a long length", ATLS_BEARER_MALFORMED, ATLS_BEARER_MALFORMED,
     ABSENT, .how.wrap = long_octets},
    {"BER without a length", ATLS_BEARER_MALFORMED, ATLS_BEARER_MALFORMED,
     ABSENT, .how.wrap = endless_octets},
};
#define NUM_ROWS (sizeof(rows) / sizeof(rows[0]))

static void setup(const char *require, const char *policy)
{
    pair_setup(&(struct pair_config){
        .require = require, .policy = policy != NULL ? policy : BEARER});
}

/* The rows, in both roles. */

static bool is_looked_into(enum atls_reason reason)
{
    return reason != ATLS_NOT_ANSWERED && reason != ATLS_NOT_OFFERED &&
           reason != ATLS_CERTIFICATE_UNTRUSTED;
}

static void check_outcome(struct pair_side *judge, int alert,
                          enum atls_reason reason)
{
    const char *role = judge->role;

    pair_handshake(&pair);
    if (reason == ATLS_OK) {
        pair_accepted(&pair);
        pair_free(&pair);
        ck_assert_str_eq(pair_log_text(role, "verdict"), "affirming");
        ck_assert_str_eq(pair_log_text(role, "profile"), "dev");
        ck_assert_str_eq(pair_log_text(role, "reason"), "OK");
    } else {
        pair_refused(&pair, judge, alert, reason);
    }
    ck_assert_str_eq(pair_log_text(role, "binding"),
                     is_looked_into(reason) ? "certificate" : "bound");
    ck_assert_uint_eq(pair_log_lines(NULL), 1);
}

START_TEST(server_bears)
{
    const struct row *row = &rows[_i];

    setup("server", row->policy);
    pair_new(&pair, NULL, bearing_server(&row->how));
    if (row->how.place == IN_LEAF_CRITICAL) /* else libssl refuses it itself */
        SSL_set_verify(pair.client.ssl, SSL_VERIFY_NONE, NULL);
    check_outcome(&pair.client, 40, row->as_server);
}
END_TEST

START_TEST(client_bears)
{
    const struct row *row = &rows[_i];

    setup("client", row->policy);
    pair_new(&pair, bearing_client(&row->how), NULL);
    check_outcome(&pair.server, row->alert == ABSENT ? 40 : row->alert,
                  row->as_client);
}
END_TEST

START_TEST(both_bear_and_one_judges_them_all)
{
    SSL_CTX *server;

    setup("both", NULL);
    server = bearing_server(&bearing_right);
    pair_ask_client(server);
    pair_new(&pair, NULL, server);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("client", "binding"), "certificate");
    pair_new(&pair, bearing_client(&bearing_right), NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("server", "binding"), "certificate");
}
END_TEST

/* The log line says what it rests on, and of no scheme. */

static void check_keys(const char *role)
{
    static const char *const keys[] = {
        "time",    "event",   "role",   "name",        "binding",
        "verdict", "profile", "reason", "appraise_ms", "claims"};
    json_t *line = pair_log(role);
    size_t num = sizeof(keys) / sizeof(keys[0]);

    for (size_t i = 0; i < num; i++)
        ck_assert_msg(json_object_get(line, keys[i]) != NULL, "no %s", keys[i]);
    ck_assert_uint_eq(json_object_size(line), num);
    ck_assert_uint_gt(json_object_size(json_object_get(line, "claims")), 0);
    json_decref(line);
}

START_TEST(log_line_names_the_weaker_binding)
{
    setup("server", NULL);
    pair_new(&pair, NULL, bearing_server(&bearing_right));
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    check_keys("client");
    ck_assert_str_eq(pair_log_text("client", "name"), "server.test");
}
END_TEST

START_TEST(log_line_of_a_server_names_it_too)
{
    setup("client", NULL);
    pair_new(&pair, bearing_client(&bearing_right), NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    check_keys("server");
}
END_TEST

/* Who speaks the extension is held to it. */

START_TEST(server_that_agreed_and_sends_nothing_is_refused)
{
    SSL_CTX *ctx;

    setup("server", NULL);
    peer.certificate.how = DEVIANT_SILENT;
    ctx = deviant_server(&peer);
    bearing_make(&bearing_right, "server.test");
    pair_use_identity(ctx, "bearer");
    pair_new(&pair, NULL, ctx);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_EVIDENCE_MISSING);
}
END_TEST

START_TEST(client_that_was_asked_and_sends_nothing_is_refused)
{
    SSL_CTX *ctx;

    setup("client", NULL);
    peer.certificate.how = DEVIANT_SILENT;
    ctx = deviant_client(&peer);
    bearing_make(&bearing_right, "client.test");
    pair_use_identity(ctx, "bearer");
    pair_new(&pair, ctx, NULL);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 40, ATLS_EVIDENCE_MISSING);
}
END_TEST

/* It wants Evidence of us by the extension and has none of its own there. */
START_TEST(server_that_asks_by_the_extension_and_does_not_answer_is_refused)
{
    SSL_CTX *ctx;

    pair_setup(&(struct pair_config){
        .attester = "soft.key", .require = "server", .policy = BEARER});
    peer.encrypted_extensions.how = peer.certificate.how = DEVIANT_SILENT;
    ctx = deviant_server(&peer);
    pair_ask_client(ctx);
    bearing_make(&bearing_right, "server.test");
    pair_use_identity(ctx, "bearer");
    pair_new(&pair, NULL, ctx);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_NOT_ANSWERED);
    ck_assert_str_eq(pair_log_text("client", "binding"), "bound");
}
END_TEST

START_TEST(client_that_offers_to_appraise_alone_is_refused)
{
    static const struct deviant_part appraises =
        DEVIANT_SENDS("\0\4\0\0\x27\x13\0\0");
    SSL_CTX *ctx;

    setup("client", NULL);
    peer.hello = appraises;
    ctx = deviant_client(&peer);
    bearing_make(&bearing_right, "client.test");
    pair_use_identity(ctx, "bearer");
    pair_new(&pair, ctx, NULL);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 109, ATLS_NOT_OFFERED);
}
END_TEST

START_TEST(client_whose_schemes_do_not_fit_is_refused)
{
    static const struct deviant_part others =
        DEVIANT_SENDS("\0\0\0\4\0\0\x01\x07");
    SSL_CTX *ctx;

    setup("client", NULL);
    peer.hello = others;
    ctx = deviant_client(&peer);
    bearing_make(&bearing_right, "client.test");
    pair_use_identity(ctx, "bearer");
    pair_new(&pair, ctx, NULL);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 40, ATLS_SCHEME_NOT_SHARED);
}
END_TEST

/* The stronger way is taken where both are there. */
START_TEST(server_that_does_both_is_bound)
{
    SSL_CTX *ctx;

    setup("server", NULL);
    ctx = deviant_server(&peer);
    bearing_make(&bearing_right, "server.test");
    pair_use_identity(ctx, "bearer");
    pair_new(&pair, NULL, ctx);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("client", "binding"), "bound");
}
END_TEST

/* A man in the middle. */

/* The extension becomes one that no server knows. */
static void strip(struct pair *of, struct pair_side *from,
                  struct atls_buf *bytes)
{
    for (size_t i = 0; from == &of->client && i + 1 < bytes->len; i++)
        if (bytes->data[i] == 0xff && bytes->data[i + 1] == 0x5b) {
            bytes->data[i + 1] = 0x5d;
            of->tap = NULL;
            return;
        }
}

static void strip_the_offer(const char *policy)
{
    SSL_CTX *ctx;

    pair_setup(&(struct pair_config){
        .attester = "soft.key", .require = "server", .policy = policy});
    ctx = pair_server_ctx();
    bearing_make(&bearing_right, "server.test");
    pair_use_identity(ctx, "bearer");
    pair_new(&pair, NULL, ctx);
    pair.tap = strip;
    pair_handshake(&pair);
    ck_assert(pair.tap == NULL && pair.client.is_failed);
    ck_assert(!pair.client.is_done && !pair.server.is_done);
    pair_free(&pair);
    ck_assert_str_ne(pair_log_text("client", "reason"), "OK");
}

START_TEST(stripping_the_offer_ends_the_connection)
{
    strip_the_offer(PAIR_POLICY);
}
END_TEST

START_TEST(stripping_the_offer_ends_it_where_the_rule_has_a_bearer_too)
{
    strip_the_offer(BEARER);
}
END_TEST

/* Who stole the TLS key is the server as far as TLS goes, and shows what the
 * certificate bears: he never has to make Evidence. */
static void thief_with_the_key_and_the_certificate(const char *policy)
{
    pair_setup(&(struct pair_config){.require = "server", .policy = policy});
    bearing_make(&bearing_right,
                 "server.test"); /* of the machine that he robbed */
    pair_new(&pair, NULL, pair_bare_server_ctx());
    pair_use_identity(pair.server.ctx, "bearer");
    pair_reconnect(&pair);
    pair_handshake(&pair);
}

START_TEST(stolen_key_is_worth_nothing_without_a_bearer_in_the_rule)
{
    thief_with_the_key_and_the_certificate(PAIR_POLICY);
    pair_refused(&pair, &pair.client, 40, ATLS_NOT_ANSWERED);
}
END_TEST

START_TEST(stolen_key_is_all_it_takes_with_a_bearer_in_the_rule)
{
    thief_with_the_key_and_the_certificate(BEARER);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("client", "binding"), "certificate");
}
END_TEST

/* The public key of one and the private key of the other: what is left to a
 * thief of the certificate alone, who has to sign with a key of his own. */
static EVP_PKEY *halves_of(EVP_PKEY *public, EVP_PKEY *private)
{
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    BIGNUM *number = NULL;
    OSSL_PARAM *params;
    uint8_t point[65];
    size_t len;

    ck_assert_int_eq(
        EVP_PKEY_get_octet_string_param(public, OSSL_PKEY_PARAM_PUB_KEY, point,
                                        sizeof(point), &len),
        1);
    ck_assert_int_eq(
        EVP_PKEY_get_bn_param(private, OSSL_PKEY_PARAM_PRIV_KEY, &number), 1);
    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256",
                                    0);
    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point,
                                     len);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number);
    params = OSSL_PARAM_BLD_to_param(build);
    ck_assert_int_eq(EVP_PKEY_fromdata_init(maker), 1);
    ck_assert_int_eq(EVP_PKEY_fromdata(maker, &key, EVP_PKEY_KEYPAIR, params),
                     1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(maker);
    BN_free(number);
    return key;
}

static void use_without_its_key(SSL_CTX *ctx)
{
    EVP_PKEY *public = bearing_key("../bearer.key");
    EVP_PKEY *private = bearing_key("../other.key");
    EVP_PKEY *key = halves_of(public, private);

    ck_assert_int_eq(SSL_CTX_use_PrivateKey(ctx, key), 1);
    EVP_PKEY_free(key);
    EVP_PKEY_free(private);
    EVP_PKEY_free(public);
}

START_TEST(servers_certificate_is_worth_nothing_without_its_key)
{
    SSL_CTX *ctx;

    setup("server", NULL);
    ctx = bearing_server(&bearing_right);
    use_without_its_key(ctx);
    pair_new(&pair, NULL, ctx);
    pair_handshake(&pair);
    ck_assert(pair.client.is_failed && !pair.client.is_done);
    ck_assert_int_eq(pair.client.sent_alert, 51); /* decrypt_error */
    pair_free(&pair);
}
END_TEST

START_TEST(clients_certificate_is_worth_nothing_without_its_key)
{
    SSL_CTX *ctx;

    setup("client", NULL);
    ctx = bearing_client(&bearing_right);
    use_without_its_key(ctx);
    pair_new(&pair, ctx, NULL);
    pair_handshake(&pair);
    ck_assert(pair.server.is_failed && !pair.server.is_done);
    ck_assert_int_eq(pair.server.sent_alert, 51);
    pair_free(&pair);
}
END_TEST

/* What is taken of one role is not of the other. */

#define OF_ROLE(role)                                                          \
    PAIR_RULES("{\"match\":{\"role\":\"" role "\"}," RULE                      \
               "\"bearer_max_age\":\"2h\"},{\"accept\":[\"dev\"]}")

START_TEST(bearers_of_clients_are_not_those_of_servers)
{
    setup("both", OF_ROLE("client"));
    pair_new(&pair, NULL, bearing_server(&bearing_right));
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_NOT_ANSWERED);
    pair_new(&pair, bearing_client(&bearing_right), NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
}
END_TEST

START_TEST(bearers_of_servers_are_not_those_of_clients)
{
    setup("both", OF_ROLE("server"));
    pair_new(&pair, bearing_client(&bearing_right), NULL);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 109, ATLS_NOT_OFFERED);
    pair_new(&pair, NULL, bearing_server(&bearing_right));
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
}
END_TEST

/* The server's program looks at no chain: atls does. */
START_TEST(certificate_of_a_server_attests_no_client)
{
    const struct bearing of_a_server = {.usage = "serverAuth"};

    setup("client", NULL);
    pair_new(&pair, bearing_client(&of_a_server), NULL);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 40, ATLS_CERTIFICATE_UNTRUSTED);
}
END_TEST

/* X.509 comes first: strangers buy nothing. */

static SSL_CTX *untrusted(void)
{
    SSL_CTX *ctx = pair_client_ctx();
    X509_STORE *store = X509_STORE_new();

    SSL_CTX_set_cert_store(ctx, store); /* it takes it; empty */
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    return ctx;
}

START_TEST(untrusted_certificate_is_refused_before_its_evidence)
{
    struct bearing wrong = {.change = is_cut};

    setup("server", NULL);
    pair_new(&pair, untrusted(), bearing_server(&wrong));
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_CERTIFICATE_UNTRUSTED);
}
END_TEST

START_TEST(certificate_for_another_name_is_refused_before_its_evidence)
{
    SSL_CTX *client, *server = NULL;
    struct bearing wrong = {.change = is_cut};

    setup("server", NULL);
    client = pair_client_ctx();
    SSL_CTX_set_verify(client, SSL_VERIFY_NONE, NULL);
    server = pair_bare_server_ctx();
    bearing_make(&wrong, "elsewhere.test");
    pair_use_identity(server, "bearer");
    pair_new(&pair, client, server);
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_NAME_MISMATCH);
}
END_TEST

START_TEST(expired_certificate_is_refused)
{
    const struct bearing expired = {.until_s = -60};
    SSL_CTX *client;

    setup("server", NULL);
    client = pair_client_ctx();
    SSL_CTX_set_verify(client, SSL_VERIFY_NONE, NULL);
    pair_new(&pair, client, bearing_server(&expired));
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_CERTIFICATE_UNTRUSTED);
}
END_TEST

/* A program that checks no dates is not believed with them. */
START_TEST(certificate_of_the_future_is_refused)
{
    const struct bearing early = {.from_s = 600};

    pair_setup(&(struct pair_config){.require = "server",
                                     .policy = BEARER,
                                     .extra = "identity = application\n"});
    pair_new(&pair, untrusted(), bearing_server(&early));
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_EVIDENCE_STALE);
}
END_TEST

/* No certificate, no Evidence; no full handshake, no certificate. */

START_TEST(client_without_a_certificate_is_refused)
{
    SSL_CTX *ctx;

    setup("client", NULL);
    ctx = pair_bare_client_ctx();
    SSL_CTX_set_cert_cb(ctx, NULL, NULL);
    pair_new(&pair, ctx, NULL);
    SSL_certs_clear(pair.client.ssl);
    pair_handshake(&pair);
    ck_assert_int_eq(pair.client.received_alert, 116);
    pair_free(&pair);
    pair_refused_in_log("server", PAIR_ANY_ALERT, ATLS_CERTIFICATE_MISSING);
}
END_TEST

START_TEST(client_does_not_resume)
{
    SSL_SESSION *session;

    setup("server", NULL);
    pair_new(&pair, NULL, bearing_server(&bearing_right));
    pair_handshake(&pair);
    pair_accepted(&pair);
    session = SSL_get1_session(pair.client.ssl);
    ck_assert(SSL_SESSION_is_resumable(session));
    pair_reconnect(&pair);
    ck_assert_int_eq(SSL_set_session(pair.client.ssl, session), 1);
    SSL_SESSION_free(session);
    pair_handshake(&pair);
    pair_accepted(&pair);
    ck_assert(!SSL_session_reused(pair.client.ssl));
    pair_free(&pair);
    ck_assert_uint_eq(pair_log_lines("client"), 2);
    ck_assert_str_eq(pair_log_text("client", "binding"), "certificate");
}
END_TEST

START_TEST(server_gives_no_ticket)
{
    setup("client", NULL);
    pair_new(&pair, bearing_client(&bearing_right), NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    ck_assert(!SSL_SESSION_is_resumable(SSL_get0_session(pair.client.ssl)));
    pair_free(&pair);
}
END_TEST

/* Nothing is asked for a second time, and nothing is borne then. */
START_TEST(certificate_after_the_handshake_is_refused)
{
    setup("client", NULL);
    pair_new(&pair, bearing_client(&bearing_right), NULL);
    SSL_set_post_handshake_auth(pair.client.ssl, 1);
    pair_handshake(&pair);
    pair_accepted(&pair);
    SSL_set_verify(pair.server.ssl, SSL_VERIFY_PEER | SSL_VERIFY_POST_HANDSHAKE,
                   NULL);
    SSL_verify_client_post_handshake(pair.server.ssl);
    SSL_do_handshake(pair.server.ssl);
    pair_handshake(&pair);
    ck_assert(pair.server.is_failed);
    ck_assert_int_eq(pair.server.sent_alert, 40);
    ck_assert_ptr_nonnull(
        strstr(pair.server.errors, atls_reason_text(ATLS_POST_HANDSHAKE)));
    pair_free(&pair);
}
END_TEST

START_TEST(tls12_is_no_way_round)
{
    SSL_CTX *ctx;

    setup("client", NULL);
    ctx = bearing_client(&bearing_right);
    SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    pair_new(&pair, ctx, NULL);
    pair_handshake(&pair);
    ck_assert(pair.server.is_failed && !pair.client.is_done);
    pair_free(&pair);
    pair_refused_in_log("server", PAIR_ANY_ALERT, ATLS_TLS_VERSION);
}
END_TEST

/* A Verifier elsewhere is asked as about any Evidence whose challenge we found
 * ourselves, and about no other. */

#define VERIFIER "https://v.test"
#define BY_VERIFIER                                                            \
    "{\"verifiers\":{\"" VERIFIER "\":{\"keys\":[\"../verifier.pem\"],"        \
    "\"any\":true,\"unparsed\":true,\"nonce_checked\":[]}},\"profiles\":{"     \
    "\"p\":{\"format\":\"psa\",\"verifier\":\"" VERIFIER "\"},\"o\":{"         \
    "\"format\":\"other\",\"types\":\"application/"                            \
    "x-other\",\"verifier\":\"" VERIFIER                                       \
    "\"}},\"rules\":[{\"bearer\":\"certificate\","                             \
    "\"bearer_max_age\":\"2h\"}]}"

static struct remote_stub *stub;
static const char *attested; /* by the Verifier: a key file */
static bool is_contraindicated;

static enum atls_reason answer(const struct atls_remote_question *question,
                               struct atls_buf *result, struct atls_why *why)
{
    const struct verifier_word word = {.attested = attested,
                                       .of_submod = question->nonce,
                                       .of_session = question->nonce,
                                       .is_contraindicated =
                                           is_contraindicated};

    (void)why;
    verifier_sign(&word, result);
    return ATLS_OK;
}

static const struct {
    const char *sentence, *attested;
    bool is_contraindicated;
    void (*challenge)(struct atls_buf *digest);
    void (*change)(struct atls_buf *cmw);
    unsigned num_asked;
    enum atls_reason reason;
} asked[] = {
    {"Evidence in a certificate, and it affirms", .num_asked = 1},
    {"Evidence in a certificate, and it does not affirm",
     .is_contraindicated = true, .num_asked = 1, .reason = ATLS_RESULT_REFUSED},
    {"Evidence in a certificate, and it attests its key", "bearer.key",
     .num_asked = 1},
    {"Evidence in a certificate, and it attests another key", "client.key",
     .num_asked = 1, .reason = ATLS_RESULT_KEY},
    {"nothing where Evidence is for another key", .challenge = of_another_key,
     .reason = ATLS_KEY_MISMATCH},
    {"nothing where nobody here finds the challenge", .change = is_unknown,
     .reason = ATLS_FORMAT_UNKNOWN},
};
#define NUM_ASKED (sizeof(asked) / sizeof(asked[0]))

static void check_question(void)
{
    ATLS_AUTO_BUF digest = atls_buf(32);
    EVP_PKEY *key = bearing_key("../bearer.key");

    bearing_put_digest(key, &digest);
    ck_assert(atls_view_equal(stub->nonce, atls_buf_view(&digest)));
    EVP_PKEY_free(key);
}

START_TEST(verifier_is_asked_about)
{
    const struct bearing how = {.challenge = asked[_i].challenge,
                                .change = asked[_i].change};

    pair_setup(&(struct pair_config){
        .require = "server", .policy = BY_VERIFIER, .is_stubbed = true});
    stub = verifier_stub();
    stub->answer = answer;
    attested = asked[_i].attested;
    is_contraindicated = asked[_i].is_contraindicated;
    pair_new(&pair, NULL, bearing_server(&how));
    pair_handshake(&pair);
    ck_assert_uint_eq(stub->num_asked, asked[_i].num_asked);
    if (stub->num_asked > 0)
        check_question();
    if (asked[_i].reason != ATLS_OK) {
        pair_refused(&pair, &pair.client, 40, asked[_i].reason);
        return;
    }
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("client", "verdict"), "affirming");
    ck_assert_str_eq(pair_log_text("client", "binding"), "certificate");
}
END_TEST

/* enforce = log asks for certificates where a rule has a use for them. */

START_TEST(log_of_what_would_be_refused_sees_certificates)
{
    struct bearing wrong = {.challenge = of_another_key};
    json_t *line;

    pair_setup(&(struct pair_config){
        .require = "client", .policy = BEARER, .extra = "enforce = log\n"});
    pair_new(&pair, bearing_client(&wrong), NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("server", "reason"), "KEY_MISMATCH");
    line = pair_log("server");
    ck_assert(json_is_true(json_object_get(line, "would_refuse")));
    json_decref(line);
}
END_TEST

START_TEST(log_of_what_would_be_refused_names_servers_too)
{
    struct bearing wrong = {.attester = "other.key"};
    json_t *line;

    pair_setup(&(struct pair_config){
        .require = "server", .policy = BEARER, .extra = "enforce = log\n"});
    pair_new(&pair, NULL, bearing_server(&wrong));
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("client", "reason"), "ANCHOR_UNKNOWN");
    ck_assert_str_eq(pair_log_text("client", "binding"), "certificate");
    line = pair_log("client");
    ck_assert(json_is_true(json_object_get(line, "would_refuse")));
    json_decref(line);
}
END_TEST

START_TEST(log_of_what_would_be_refused_has_nothing_against_good_certificates)
{
    json_t *line;

    pair_setup(&(struct pair_config){
        .require = "client", .policy = BEARER, .extra = "enforce = log\n"});
    pair_new(&pair, bearing_client(&bearing_right), NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("server", "reason"), "OK");
    ck_assert_str_eq(pair_log_text("server", "binding"), "certificate");
    line = pair_log("server");
    ck_assert(!json_is_true(json_object_get(line, "would_refuse")));
    json_decref(line);
}
END_TEST

START_TEST(log_of_what_would_be_refused_takes_no_certificate_without_a_bearer)
{
    pair_setup(
        &(struct pair_config){.require = "server", .extra = "enforce = log\n"});
    pair_new(&pair, NULL, bearing_server(&bearing_right));
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("client", "reason"), "NOT_ANSWERED");
    ck_assert_str_eq(pair_log_text("client", "verdict"), "none");
}
END_TEST

START_TEST(log_of_what_would_be_refused_lets_in_who_has_none)
{
    SSL_CTX *ctx;

    pair_setup(&(struct pair_config){
        .require = "client", .policy = BEARER, .extra = "enforce = log\n"});
    ctx = pair_bare_client_ctx();
    pair_new(&pair, ctx, NULL);
    SSL_certs_clear(pair.client.ssl);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("server", "reason"), "CERTIFICATE_MISSING");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bearer");
    TCase *servers = tcase_create("servers"),
          *clients = tcase_create("clients");
    TCase *cases = tcase_create("bearer");

    for (size_t i = 0; i < NUM_ROWS; i++) {
        static char sentences[2 * NUM_ROWS][128];

        snprintf(sentences[2 * i], sizeof(sentences[0]), "server bears %s: %s",
                 rows[i].sentence, atls_reason_name(rows[i].as_server));
        snprintf(sentences[2 * i + 1], sizeof(sentences[0]),
                 "client bears %s: %s", rows[i].sentence,
                 atls_reason_name(rows[i].as_client));
        pair_add_row(servers, server_bears, sentences[2 * i], (int)i);
        pair_add_row(clients, client_bears, sentences[2 * i + 1], (int)i);
    }
    for (size_t i = 0; i < NUM_ASKED; i++) {
        static char sentences[NUM_ASKED][128];

        snprintf(sentences[i], sizeof(sentences[0]), "Verifier is asked %s%s",
                 asked[i].num_asked > 0 ? "about " : "", asked[i].sentence);
        pair_add_row(cases, verifier_is_asked_about, sentences[i], (int)i);
    }
    tcase_add_test(cases, both_bear_and_one_judges_them_all);
    tcase_add_test(cases, log_line_names_the_weaker_binding);
    tcase_add_test(cases, log_line_of_a_server_names_it_too);
    tcase_add_test(cases, server_that_agreed_and_sends_nothing_is_refused);
    tcase_add_test(cases, client_that_was_asked_and_sends_nothing_is_refused);
    tcase_add_test(
        cases,
        server_that_asks_by_the_extension_and_does_not_answer_is_refused);
    tcase_add_test(cases, client_that_offers_to_appraise_alone_is_refused);
    tcase_add_test(cases, client_whose_schemes_do_not_fit_is_refused);
    tcase_add_test(cases, server_that_does_both_is_bound);
    tcase_add_test(cases, stripping_the_offer_ends_the_connection);
    tcase_add_test(cases,
                   stripping_the_offer_ends_it_where_the_rule_has_a_bearer_too);
    tcase_add_test(cases,
                   stolen_key_is_worth_nothing_without_a_bearer_in_the_rule);
    tcase_add_test(cases, stolen_key_is_all_it_takes_with_a_bearer_in_the_rule);
    tcase_add_test(cases, servers_certificate_is_worth_nothing_without_its_key);
    tcase_add_test(cases, clients_certificate_is_worth_nothing_without_its_key);
    tcase_add_test(cases, bearers_of_clients_are_not_those_of_servers);
    tcase_add_test(cases, bearers_of_servers_are_not_those_of_clients);
    tcase_add_test(cases, certificate_of_a_server_attests_no_client);
    tcase_add_test(cases, untrusted_certificate_is_refused_before_its_evidence);
    tcase_add_test(cases,
                   certificate_for_another_name_is_refused_before_its_evidence);
    tcase_add_test(cases, expired_certificate_is_refused);
    tcase_add_test(cases, certificate_of_the_future_is_refused);
    tcase_add_test(cases, client_without_a_certificate_is_refused);
    tcase_add_test(cases, client_does_not_resume);
    tcase_add_test(cases, server_gives_no_ticket);
    tcase_add_test(cases, certificate_after_the_handshake_is_refused);
    tcase_add_test(cases, tls12_is_no_way_round);
    tcase_add_test(cases, log_of_what_would_be_refused_sees_certificates);
    tcase_add_test(cases, log_of_what_would_be_refused_names_servers_too);
    tcase_add_test(
        cases,
        log_of_what_would_be_refused_has_nothing_against_good_certificates);
    tcase_add_test(
        cases,
        log_of_what_would_be_refused_takes_no_certificate_without_a_bearer);
    tcase_add_test(cases, log_of_what_would_be_refused_lets_in_who_has_none);
    suite_add_tcase(suite, servers);
    suite_add_tcase(suite, clients);
    suite_add_tcase(suite, cases);
    return pair_main(suite);
}
