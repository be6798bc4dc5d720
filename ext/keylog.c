/* SPDX-License-Identifier: Apache-2.0
 *
 * The key log callback: when it is there, and what it takes from a line.
 */
#include "keylog.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/single_threaded.h>

#include <openssl/err.h>

#include "gate.h"
#include "hook.h"

typedef void keylog_fn(const SSL *ssl, const char *line);

struct state {                  /* of an SSL_CTX, as its ex_data */
    keylog_fn *_Atomic chained; /* the application's own; NULL: none */
    atomic_int num_waiting;     /* handshakes that want their secret */
    atomic_bool is_kept;
};

static keylog_fn keylog;
static int state_index = -1;
static _Thread_local bool is_in_keylog;

static void free_state(void *parent, void *pointer, CRYPTO_EX_DATA *ad,
                       int index, long argl, void *argp)
{
    (void)parent, (void)ad, (void)index, (void)argl, (void)argp;
    free(pointer);
}

bool atls_keylog_register(void)
{
    state_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_state);
    return state_index >= 0;
}

static struct state *state_of(const SSL_CTX *ctx)
{
    return SSL_CTX_get_ex_data(ctx, state_index);
}

/* "LABEL <client random> <secret>", both in hex (RFC 9850). */
static bool is_label(const char *line, const char *label)
{
    return strncmp(line, label, strlen(label)) == 0 &&
           line[strlen(label)] == ' ';
}

static unsigned nibble(char digit)
{
    return digit <= '9' ? (unsigned)(digit - '0')
                        : (unsigned)((digit | 0x20) - 'a') + 10;
}

static void decode_secret(const char *line, struct atls_secret *out)
{
    const char *hex = strrchr(line, ' ') + 1;
    size_t len = strlen(hex) / 2;

    out->len = len <= sizeof(out->bytes) ? len : 0;
    for (size_t i = 0; i < out->len; i++)
        out->bytes[i] =
            (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
}

/* The traffic secret lives on this stack only; what is kept is derived. */
static void take_traffic_secret(struct atls_connection *connection,
                                const char *line)
{
    struct atls_secret traffic;

    decode_secret(line, &traffic);
    /* On failure the secret stays unset, and who needs it refuses. */
    if (atls_binder_server_secret(atls_secret_view(&traffic),
                                  &connection->server_secret, NULL) != ATLS_OK)
        atls_secret_clear(&connection->server_secret);
    atls_secret_clear(&traffic);
}

/* libssl looks whether there is a callback and then calls it, so to take it
 * away under another thread's handshake would be a call to nowhere. */
static void stop_waiting(SSL_CTX *ctx, struct atls_connection *connection)
{
    struct state *state = state_of(ctx);
    bool is_counted = connection->waiting_on == ctx;

    connection->waiting_on = NULL;
    if (state != NULL && is_counted &&
        atomic_fetch_sub(&state->num_waiting, 1) == 1 && !state->is_kept &&
        SSL_CTX_get_keylog_callback(ctx) == keylog && state->chained == NULL &&
        __libc_single_threaded)
        SSL_CTX_set_keylog_callback(ctx, NULL);
}

static void take_line(SSL *ssl, const char *line)
{
    struct atls_connection *connection = atls_connection_get0(ssl);

    if (connection == NULL)
        return;
    if (is_label(line, "SERVER_HANDSHAKE_TRAFFIC_SECRET")) {
        if (connection->waiting_on != NULL)
            take_traffic_secret(connection, line);
        stop_waiting(SSL_get_SSL_CTX(ssl), connection);
        connection->is_verified = false; /* what is, is of another handshake */
        atls_gate_force_client_certificate(ssl);
    } else if (is_label(line, "CLIENT_TRAFFIC_SECRET_0") ||
               is_label(line, "CLIENT_RANDOM")) { /* TLS 1.2 */
        atls_gate_end(ssl);                       /* the client has finished */
    }
}

static void keylog(const SSL *ssl, const char *line)
{
    struct state *state = state_of(SSL_get_SSL_CTX(ssl));
    keylog_fn *chained = state != NULL ? state->chained : NULL;
    SSL *mutable_ssl = (SSL *)(uintptr_t)ssl;
    int errno_before = errno;

    if (is_in_keylog)
        return;
    is_in_keylog = true;
    ERR_set_mark();
    atls_hook_reassert(mutable_ssl);
    take_line(mutable_ssl, line);
    ERR_pop_to_mark();
    errno = errno_before;
    if (chained != NULL)
        chained(ssl, line);
    is_in_keylog = false;
}

static void install(SSL_CTX *ctx, struct state *state)
{
    keylog_fn *installed = SSL_CTX_get_keylog_callback(ctx);

    if (installed == keylog)
        return;
    state->chained = installed;
    SSL_CTX_set_keylog_callback(ctx, keylog);
}

bool atls_keylog_attach(SSL_CTX *ctx, bool is_kept)
{
    struct state *state = calloc(1, sizeof(*state));

    if (state == NULL || !SSL_CTX_set_ex_data(ctx, state_index, state)) {
        free(state);
        return false;
    }
    if (is_kept)
        atls_keylog_keep(ctx);
    return true;
}

void atls_keylog_keep(SSL_CTX *ctx)
{
    struct state *state = state_of(ctx);

    if (state == NULL)
        return;
    state->is_kept = true;
    install(ctx, state);
}

/* A handshake that dies while it waits, or goes to another SSL_CTX, leaves the
 * count too high, and then the callback merely stays. */
void atls_keylog_want(SSL *ssl, struct atls_connection *connection)
{
    SSL_CTX *ctx = SSL_get_SSL_CTX(ssl);
    struct state *state = state_of(ctx);

    if (state == NULL)
        return; /* made before us: its secret will be missed, and we refuse */
    if (connection->waiting_on != ctx) /* a second hello may switch it */
        atomic_fetch_add(&state->num_waiting, 1);
    connection->waiting_on = ctx;
    install(ctx, state);
}

void atls_keylog_reassert(SSL_CTX *ctx)
{
    struct state *state = state_of(ctx);

    if (state != NULL && state->is_kept)
        install(ctx, state);
}
