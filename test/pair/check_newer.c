/* SPDX-License-Identifier: Apache-2.0
 *
 * What libssl has learnt after 3.0: raw public keys, compressed certificates,
 * QUIC. The first and the last are refused where attestation is required; a
 * certificate that was compressed before there was Evidence is not sent.
 */
#include <openssl/opensslv.h>

#include "pair.h"

#if OPENSSL_VERSION_NUMBER >= 0x30200000L

#include <openssl/err.h>
#include <openssl/quic.h>
#include <arpa/inet.h>
#include <string.h>

static struct pair pair;

static const struct pair_config wants_server = {.attester = "soft.key",
                                                .require = "server"};
static const struct pair_config wants_client = {.attester = "soft.key",
                                                .require = "client"};

static SSL_CTX *with_raw_keys(SSL_CTX *ctx)
{
    static const unsigned char raw[] = {TLSEXT_cert_type_rpk};

    ck_assert_int_eq(SSL_CTX_set1_server_cert_type(ctx, raw, sizeof(raw)), 1);
    ck_assert_int_eq(SSL_CTX_set1_client_cert_type(ctx, raw, sizeof(raw)), 1);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    return ctx;
}

START_TEST(raw_keys_work_where_nothing_is_required)
{
    pair_setup(&(struct pair_config){.attester = "soft.key"});
    pair_new(&pair, with_raw_keys(pair_client_ctx()),
             with_raw_keys(pair_server_ctx()));
    pair_handshake(&pair);
    pair_accepted(&pair);
    ck_assert_ptr_nonnull(SSL_get0_peer_rpk(pair.client.ssl));
    pair_free(&pair);
}
END_TEST

static void refuse_raw_keys(struct pair_side *side)
{
    const char *role = side->role;

    pair_handshake(&pair);
    ck_assert(pair.client.is_failed || pair.server.is_failed);
    ck_assert(!pair.server.is_done);
    pair_free(&pair);
    ck_assert_str_ne(pair_log_text(role, "reason"), "");
    ck_assert_str_ne(pair_log_text(role, "reason"), "OK");
}

START_TEST(raw_key_of_an_attesting_server_is_refused)
{
    pair_setup(&wants_server);
    pair_new(&pair, with_raw_keys(pair_client_ctx()),
             with_raw_keys(pair_server_ctx()));
    refuse_raw_keys(&pair.client);
}
END_TEST

START_TEST(raw_key_of_a_plain_server_is_refused)
{
    pair_setup(&wants_server);
    pair_new(&pair, with_raw_keys(pair_client_ctx()),
             with_raw_keys(pair_bare_server_ctx()));
    pair_handshake(&pair);
    pair_refused(&pair, &pair.client, 40, ATLS_NOT_ANSWERED);
}
END_TEST

START_TEST(raw_key_of_an_attesting_client_is_refused)
{
    pair_setup(&wants_client);
    pair_new(&pair, with_raw_keys(pair_client_ctx()),
             with_raw_keys(pair_server_ctx()));
    refuse_raw_keys(&pair.server);
}
END_TEST

START_TEST(raw_key_of_a_plain_client_is_refused)
{
    pair_setup(&wants_client);
    pair_new(&pair, with_raw_keys(pair_bare_client_ctx()),
             with_raw_keys(pair_server_ctx()));
    pair_handshake(&pair);
    pair_refused(&pair, &pair.server, 109, ATLS_NOT_OFFERED);
}
END_TEST

/* 0 algorithms where libssl was built without any: then nothing is tested. */
START_TEST(evidence_travels_though_the_program_compresses_certificates)
{
    SSL_CTX *client, *server;

    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "both"});
    client = pair_client_ctx();
    server = pair_server_ctx();
    (void)SSL_CTX_compress_certs(server, 0);
    (void)SSL_CTX_compress_certs(client, 0);
    ERR_clear_error();
    pair_new(&pair, client, server);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("client", "verdict"), "affirming");
    ck_assert_str_eq(pair_log_text("server", "verdict"), "affirming");
}
END_TEST

static SSL *quic_client(SSL_CTX *ctx, BIO **peer)
{
    SSL *ssl = SSL_new(ctx);
    BIO_ADDR *address = BIO_ADDR_new();
    const struct in_addr loopback = {htonl(INADDR_LOOPBACK)};
    BIO *own = NULL;

    ck_assert_int_eq(BIO_new_bio_dgram_pair(&own, 0, peer, 0), 1);
    BIO_dgram_set_caps(*peer, BIO_DGRAM_CAP_HANDLES_DST_ADDR);
    ck_assert_int_eq(BIO_ADDR_rawmake(address, AF_INET, &loopback,
                                      sizeof(loopback), htons(4433)),
                     1);
    SSL_set_bio(ssl, own, own);
    ck_assert_int_eq(SSL_set_blocking_mode(ssl, 0), 1);
    ck_assert_int_eq(SSL_set1_initial_peer_addr(ssl, address), 1);
    ck_assert_int_eq(SSL_set_alpn_protos(ssl, (const uint8_t *)"\1x", 2), 0);
    SSL_set_tlsext_host_name(ssl, "server.test");
    BIO_ADDR_free(address);
    return ssl;
}

/* Bytes of the first flight; the SSL's outcome in *error. */
static size_t start_quic(int *error)
{
    SSL_CTX *ctx = SSL_CTX_new(OSSL_QUIC_client_method());
    BIO *peer = NULL;
    SSL *ssl = quic_client(ctx, &peer);
    size_t len;

    *error = SSL_get_error(ssl, SSL_connect(ssl));
    len = BIO_ctrl_pending(peer);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    BIO_free(peer);
    return len;
}

START_TEST(quic_starts_where_nothing_is_required)
{
    int error;

    pair_setup(&(struct pair_config){.attester = "soft.key"});
    ck_assert_uint_gt(start_quic(&error), 0);
    ck_assert_int_eq(error, SSL_ERROR_WANT_READ);
}
END_TEST

START_TEST(quic_is_refused_where_the_server_must_attest)
{
    int error;

    pair_setup(&wants_server);
    ck_assert_uint_eq(start_quic(&error), 0);
    ck_assert_int_eq(error, SSL_ERROR_SSL);
    ck_assert_str_eq(pair_log_text("client", "reason"), "TRANSPORT");
}
END_TEST

static void add_tests(TCase *cases)
{
    tcase_add_test(cases, raw_keys_work_where_nothing_is_required);
    tcase_add_test(cases, raw_key_of_an_attesting_server_is_refused);
    tcase_add_test(cases, raw_key_of_a_plain_server_is_refused);
    tcase_add_test(cases, raw_key_of_an_attesting_client_is_refused);
    tcase_add_test(cases, raw_key_of_a_plain_client_is_refused);
    tcase_add_test(cases,
                   evidence_travels_though_the_program_compresses_certificates);
    tcase_add_test(cases, quic_starts_where_nothing_is_required);
    tcase_add_test(cases, quic_is_refused_where_the_server_must_attest);
}

#else

static void add_tests(TCase *cases)
{
    pair_add_skip(cases, "raw public keys, compression and QUIC",
                  "OpenSSL 3.2 or newer");
}

#endif

int main(void)
{
    Suite *suite = suite_create("newer");
    TCase *cases = tcase_create("newer");

    add_tests(cases);
    suite_add_tcase(suite, cases);
    return pair_main(suite);
}
