/* SPDX-License-Identifier: Apache-2.0
 *
 * Finds the extension in handshake messages (RFC 9846, 4).
 */
#include "wire.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "bytes.h"

#define RANDOM_LEN 32

void bench_wire_init(struct bench_wire *wire)
{
    memset(wire, 0, sizeof(*wire));
    for (int i = 0; i < BENCH_NUM_MESSAGES; i++)
        wire->len[i] = -1;
}

/* find_extension: in Extension extensions<0..2^16-1>; empty when absent. */
static bool find_extension(struct atls_reader *in, struct atls_view *out)
{
    struct atls_view block = atls_reader_u16_block(in);
    struct atls_reader list = atls_reader(block);

    while (atls_reader_more(&list)) {
        uint16_t type = atls_reader_u16(&list);

        *out = atls_reader_u16_block(&list);
        if (type == BENCH_EXTENSION && !list.failed)
            return true;
    }
    return false;
}

static void skip_to_extensions(struct atls_reader *in, int message)
{
    switch (message) {
    case SSL3_MT_CLIENT_HELLO:
        (void)atls_reader_bytes(in, 2 + RANDOM_LEN);
        (void)atls_reader_u8_block(in);
        (void)atls_reader_u16_block(in);
        (void)atls_reader_u8_block(in);
        break;
    case SSL3_MT_CERTIFICATE_REQUEST:
        (void)atls_reader_u8_block(in);
        break;
    case SSL3_MT_CERTIFICATE:
        (void)atls_reader_u8_block(in);
        (void)atls_reader_u24(in);
        (void)atls_reader_u24_block(in);
        break;
    default:
        break;
    }
}

static enum bench_message message_of(int message, bool is_server)
{
    switch (message) {
    case SSL3_MT_CLIENT_HELLO:
        return BENCH_CLIENT_HELLO;
    case SSL3_MT_ENCRYPTED_EXTENSIONS:
        return BENCH_ENCRYPTED_EXTENSIONS;
    case SSL3_MT_CERTIFICATE_REQUEST:
        return BENCH_CERTIFICATE_REQUEST;
    case SSL3_MT_CERTIFICATE:
        return is_server ? BENCH_SERVER_CERTIFICATE : BENCH_CLIENT_CERTIFICATE;
    default:
        return BENCH_NUM_MESSAGES;
    }
}

static void note(int is_write, int version, int content_type, const void *data,
                 size_t len, SSL *ssl, void *arg)
{
    struct atls_reader in = atls_reader(atls_view(data, len));
    struct bench_wire *wire = (struct bench_wire *)arg;
    struct atls_view found = {NULL, 0};
    enum bench_message message;

    (void)version;
    if (is_write == 0 || content_type != SSL3_RT_HANDSHAKE || len < 4)
        return;
    int type = atls_reader_u8(&in);
    message = message_of(type, SSL_is_server(ssl) == 1);
    (void)atls_reader_u24(&in);
    skip_to_extensions(&in, type);
    if (message == BENCH_NUM_MESSAGES || !find_extension(&in, &found))
        return;
    wire->len[message] = (int)found.len;
    if (type == SSL3_MT_CERTIFICATE)
        (void)EVP_Digest(found.data, found.len, wire->evidence, NULL,
                         EVP_sha256(), NULL);
}

void bench_wire_watch(SSL *ssl, struct bench_wire *wire)
{
    SSL_set_msg_callback(ssl, note);
    SSL_set_msg_callback_arg(ssl, wire);
}

const char *bench_wire_text(const struct bench_wire *wire, char *text)
{
    (void)snprintf(text, 64, "%d,%d,%d,%d,%d", wire->len[0], wire->len[1],
                   wire->len[2], wire->len[3], wire->len[4]);
    return text;
}

bool bench_wire_parse(const char *text, struct bench_wire *wire)
{
    bench_wire_init(wire);
    return sscanf(text, "%d,%d,%d,%d,%d", &wire->len[0], &wire->len[1],
                  &wire->len[2], &wire->len[3],
                  &wire->len[4]) == BENCH_NUM_MESSAGES;
}
