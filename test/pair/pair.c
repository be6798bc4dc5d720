/* SPDX-License-Identifier: Apache-2.0
 *
 * The two sides and what is between them.
 */
#include "pair.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "pki.h"

enum { MAX_ROUNDS = 64 };

void pair_use_identity(SSL_CTX *ctx, const char *name)
{
    char chain[64], key[64];

    snprintf(chain, sizeof(chain), "../%s.pem", name);
    snprintf(key, sizeof(key), "../%s.key", name);
    ck_assert_int_eq(SSL_CTX_use_certificate_chain_file(ctx, pair_path(chain)),
                     1);
    ck_assert_int_eq(
        SSL_CTX_use_PrivateKey_file(ctx, pair_path(key), SSL_FILETYPE_PEM), 1);
}

void pair_trust_ca(SSL_CTX *ctx)
{
    ck_assert_int_eq(SSL_CTX_load_verify_file(ctx, pair_path("../ca.pem")), 1);
}

static SSL_CTX *dress(SSL_CTX *ctx, bool is_server)
{
    if (ctx == NULL)
        ERR_print_errors_fp(stderr);
    ck_assert_ptr_nonnull(ctx);
    pair_use_identity(ctx, is_server ? "server" : "client");
    pair_trust_ca(ctx);
    if (!is_server)
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    return ctx;
}

SSL_CTX *pair_ctx(const SSL_METHOD *method, bool is_server)
{
    return dress(SSL_CTX_new(method), is_server);
}

SSL_CTX *pair_client_ctx(void)
{
    return pair_ctx(TLS_client_method(), false);
}

SSL_CTX *pair_server_ctx(void)
{
    return pair_ctx(TLS_server_method(), true);
}

/* libssl takes ex_data constructors of the thread's default libctx: under
 * another one, nobody's run. */
static SSL_CTX *bare_ctx(bool is_server)
{
    static OSSL_LIB_CTX *bare;
    OSSL_LIB_CTX *before;
    SSL_CTX *ctx;

    ck_assert_int_eq(OPENSSL_init_ssl(0, NULL), 1); /* openssl.cnf: here */
    if (bare == NULL)
        bare = OSSL_LIB_CTX_new();
    before = OSSL_LIB_CTX_set0_default(bare);
    ctx = SSL_CTX_new_ex(bare, NULL,
                         is_server ? TLS_server_method() : TLS_client_method());
    OSSL_LIB_CTX_set0_default(before);
    return dress(ctx, is_server);
}

SSL_CTX *pair_bare_client_ctx(void)
{
    return bare_ctx(false);
}

SSL_CTX *pair_bare_server_ctx(void)
{
    return bare_ctx(true);
}

void pair_ask_client(SSL_CTX *ctx)
{
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       NULL);
}

static void see_alert(const SSL *ssl, int where, int value)
{
    struct pair_side *side = SSL_get_app_data(ssl);

    if ((where & SSL_CB_ALERT) == 0)
        return;
    if (where & SSL_CB_WRITE)
        side->sent_alert = value & 0xff;
    else
        side->received_alert = value & 0xff;
}

static void side_clear(struct pair_side *side)
{
    side->is_done = side->is_failed = false;
    side->sent_alert = side->received_alert = PAIR_NO_ALERT;
    side->num_handshake_bytes = side->data_len = 0;
    side->errors[0] = '\0';
}

static void side_wire(struct pair_side *side)
{
    side_clear(side);
    side->in = BIO_new(BIO_s_mem());
    side->out = BIO_new(BIO_s_mem());
    SSL_set_bio(side->ssl, side->in, side->out);
}

void pair_wire(struct pair *pair)
{
    side_wire(&pair->client);
    side_wire(&pair->server);
}

static void side_new(struct pair_side *side)
{
    side->ssl = SSL_new(side->ctx);
    ck_assert_ptr_nonnull(side->ssl);
    SSL_set_app_data(side->ssl, side);
    SSL_set_info_callback(side->ssl, see_alert);
}

void pair_reconnect(struct pair *pair)
{
    pair_drop(pair);
    side_new(&pair->client);
    side_new(&pair->server);
    SSL_set_connect_state(pair->client.ssl);
    SSL_set_accept_state(pair->server.ssl);
    SSL_set_tlsext_host_name(pair->client.ssl, "server.test");
    SSL_set1_host(pair->client.ssl, "server.test");
    pair_wire(pair);
}

void pair_new(struct pair *pair, SSL_CTX *client, SSL_CTX *server)
{
    memset(pair, 0, sizeof(*pair));
    pair->client.role = "client";
    pair->server.role = "server";
    pair->client.ctx = client != NULL ? client : pair_client_ctx();
    pair->server.ctx = server != NULL ? server : pair_server_ctx();
    pair_reconnect(pair);
}

/* As after close_notify, without which libssl spoils the session. */
static void side_drop(struct pair_side *side)
{
    if (side->ssl != NULL && side->is_done && !side->is_failed)
        SSL_set_shutdown(side->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(side->ssl);
    side->ssl = NULL;
}

void pair_drop(struct pair *pair)
{
    side_drop(&pair->client);
    side_drop(&pair->server);
}

void pair_free(struct pair *pair)
{
    pair_drop(pair);
    SSL_CTX_free(pair->client.ctx);
    SSL_CTX_free(pair->server.ctx);
    pair->client.ctx = pair->server.ctx = NULL;
}

static void keep_errors(struct pair_side *side)
{
    const char *data = "", *library, *reason;
    unsigned long code;
    int flags = 0;
    size_t at = 0;

    while ((code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0) {
        library = ERR_lib_error_string(code);
        reason = ERR_reason_error_string(code);
        at += (size_t)snprintf(side->errors + at, sizeof(side->errors) - at,
                               "%s:%s:%s\n", library != NULL ? library : "?",
                               reason != NULL ? reason : "?",
                               flags & ERR_TXT_STRING ? data : "");
        if (at >= sizeof(side->errors))
            at = sizeof(side->errors) - 1;
    }
}

static int advance(struct pair_side *side)
{
    size_t len = 0;
    int result;

    if (!side->is_done) {
        result = SSL_do_handshake(side->ssl);
        side->is_done = result == 1;
        return result;
    }
    result = SSL_read_ex(side->ssl, side->data + side->data_len,
                         sizeof(side->data) - side->data_len, &len);
    side->data_len += result == 1 ? len : 0; /* else not set, or stale */
    return result;
}

/* true: something happened that is worth another turn */
static bool step(struct pair_side *side)
{
    int result;

    if (side->is_failed)
        return false;
    ERR_clear_error();
    result = advance(side);
    if (result == 1) { /* a stray error would spoil the caller's next call */
        ck_assert_uint_eq(ERR_peek_error(), 0);
        return true;
    }
    switch (SSL_get_error(side->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return false;
    default:
        side->is_failed = true;
        keep_errors(side);
        return true;
    }
}

/* true: bytes went over */
static bool carry(struct pair *pair, struct pair_side *from,
                  struct pair_side *to)
{
    size_t len = BIO_ctrl_pending(from->out);
    ATLS_AUTO_BUF bytes = atls_buf(1 << 20);

    if (len == 0)
        return false;
    BIO_read(from->out, atls_buf_room(&bytes, len), (int)len);
    from->num_handshake_bytes += from->is_done ? 0 : len;
    if (pair->tap != NULL)
        pair->tap(pair, from, &bytes);
    BIO_write(to->in, bytes.data, (int)bytes.len);
    return true;
}

void pair_handshake(struct pair *pair)
{
    bool moved = true;

    for (int round = 0; moved && round < MAX_ROUNDS; round++) {
        moved = step(&pair->client);
        moved |= carry(pair, &pair->client, &pair->server);
        moved |= step(&pair->server);
        moved |= carry(pair, &pair->server, &pair->client);
    }
    ck_assert_msg(!moved, "no end to it");
}

void pair_send(struct pair *pair, struct pair_side *from, const char *text)
{
    struct pair_side *to =
        from == &pair->client ? &pair->server : &pair->client;
    size_t len = strlen(text), before = to->data_len;

    ck_assert_int_eq(SSL_write(from->ssl, text, (int)len), (int)len);
    pair_handshake(pair);
    ck_assert_msg(to->data_len == before + len &&
                      memcmp(to->data + before, text, len) == 0,
                  "%s has %zu bytes of %zu, failed %d: %s", to->role,
                  to->data_len - before, len, to->is_failed, to->errors);
}

static void check_done(const struct pair_side *side)
{
    ck_assert_msg(side->is_done && !side->is_failed,
                  "%s: done %d, failed %d, sent alert %d, got alert %d: %s",
                  side->role, side->is_done, side->is_failed, side->sent_alert,
                  side->received_alert, side->errors);
}

void pair_accepted(struct pair *pair)
{
    check_done(&pair->client);
    check_done(&pair->server);
    pair_send(pair, &pair->client, "ping");
    pair_send(pair, &pair->server, "pong");
}

struct connecting {
    struct pair pair;
    SSL_CTX *client, *server;
    unsigned num_connections;
    pthread_t thread;
};

static void *connect_often(void *arg)
{
    struct connecting *own = arg;

    for (unsigned i = 0; i < own->num_connections; i++) {
        SSL_CTX_up_ref(own->client);
        SSL_CTX_up_ref(own->server);
        pair_new(&own->pair, own->client, own->server);
        pair_handshake(&own->pair);
        pair_accepted(&own->pair);
        pair_free(&own->pair);
    }
    return NULL;
}

void pair_connect_at_once(SSL_CTX *client, SSL_CTX *server,
                          unsigned num_connections)
{
    static struct connecting all[PAIR_THREADS];

    for (int i = 0; i < PAIR_THREADS; i++) {
        all[i] = (struct connecting){.client = client,
                                     .server = server,
                                     .num_connections = num_connections};
        ck_assert_int_eq(
            pthread_create(&all[i].thread, NULL, connect_often, &all[i]), 0);
    }
    for (int i = 0; i < PAIR_THREADS; i++)
        pthread_join(all[i].thread, NULL);
}

static void check_refusal(const struct pair_side *side, int alert,
                          enum atls_reason reason)
{
    char entry[256];

    ck_assert_msg(side->is_failed, "%s did not fail: done %d, got alert %d",
                  side->role, side->is_done, side->received_alert);
    if (alert != PAIR_ANY_ALERT)
        ck_assert_msg(side->sent_alert == alert,
                      "%s: want alert %d, sent %d (got %d): %s", side->role,
                      alert, side->sent_alert, side->received_alert,
                      side->errors);
    snprintf(entry, sizeof(entry), "atls:%s:", atls_reason_text(reason));
    ck_assert_msg(strstr(side->errors, entry) != NULL,
                  "%s: want %s on the error queue, found %s", side->role, entry,
                  side->errors);
}

void pair_refused(struct pair *pair, struct pair_side *side, int alert,
                  enum atls_reason reason)
{
    check_refusal(side, alert, reason);
    pair_free(pair);
    pair_refused_in_log(side->role, alert, reason);
}
