/* SPDX-License-Identifier: Apache-2.0
 *
 * What the attestation extension weighs in each handshake message, seen by
 * libssl's message callback, so that the comparators carry the same bytes in
 * the same messages.
 */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <stdbool.h>

#include <openssl/ssl.h>

#define BENCH_EXTENSION 0xff5b /* doc/protocol.md: binding `bound` */

enum bench_message {
    BENCH_CLIENT_HELLO,
    BENCH_ENCRYPTED_EXTENSIONS,
    BENCH_CERTIFICATE_REQUEST,
    BENCH_SERVER_CERTIFICATE,
    BENCH_CLIENT_CERTIFICATE,
    BENCH_NUM_MESSAGES
};

struct bench_wire {
    int len[BENCH_NUM_MESSAGES]; /* extension_data in bytes; -1: not there */
    unsigned char evidence[32];  /* SHA-256 over the last Certificate's */
};

void bench_wire_init(struct bench_wire *wire);

/* bench_wire_watch: lets a connection note what it sends. */
void bench_wire_watch(SSL *ssl, struct bench_wire *wire);

/* "8,4,-1,245,-1" and back; the text (64 bytes) is returned. */
const char *bench_wire_text(const struct bench_wire *wire, char *text);
bool bench_wire_parse(const char *text, struct bench_wire *wire);

#endif
