/* SPDX-License-Identifier: Apache-2.0
 *
 * A Certificate's payload: bytes that are signed, room for an ECDSA-Sig-Value,
 * and its length in the last byte.
 */
#include "floor.h"

#include <string.h>

#define MAX_SIGNATURE 72 /* bytes of a DER ECDSA-Sig-Value over P-256 */
#define TRAILER       (MAX_SIGNATURE + 1)
#define DIGEST_LEN    32

static bool fetch(struct bench_floor *floor, EVP_PKEY *key)
{
    floor->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    floor->digest = EVP_MD_CTX_new();
    floor->signer = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    floor->verifier = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    return floor->sha256 != NULL && floor->digest != NULL &&
           EVP_PKEY_sign_init(floor->signer) == 1 &&
           EVP_PKEY_verify_init(floor->verifier) == 1;
}

bool bench_floor_init(struct bench_floor *floor, const struct bench_wire *wire,
                      EVP_PKEY *key)
{
    memset(floor, 0, sizeof(*floor));
    floor->wire = *wire;
    memset(floor->payload, 0x5a, sizeof(floor->payload));
    for (int i = BENCH_SERVER_CERTIFICATE; i < BENCH_NUM_MESSAGES; i++)
        if (key != NULL && wire->len[i] >= 0 && wire->len[i] < TRAILER)
            return false;
    return key == NULL || fetch(floor, key);
}

void bench_floor_clear(struct bench_floor *floor)
{
    EVP_PKEY_CTX_free(floor->signer);
    EVP_PKEY_CTX_free(floor->verifier);
    EVP_MD_CTX_free(floor->digest);
    EVP_MD_free(floor->sha256);
}

static bool hash(struct bench_floor *floor, const unsigned char *data,
                 size_t len, unsigned char *digest)
{
    return EVP_DigestInit_ex2(floor->digest, floor->sha256, NULL) == 1 &&
           EVP_DigestUpdate(floor->digest, data, len) == 1 &&
           EVP_DigestFinal_ex(floor->digest, digest, NULL) == 1;
}

static bool sign(struct bench_floor *floor, size_t len)
{
    unsigned char digest[DIGEST_LEN];
    size_t body = len - TRAILER, signature_len = MAX_SIGNATURE;

    if (!hash(floor, floor->payload, body, digest) ||
        EVP_PKEY_sign(floor->signer, floor->payload + body, &signature_len,
                      digest, sizeof(digest)) != 1)
        return false;
    floor->payload[len - 1] = (unsigned char)signature_len;
    floor->num_signed++;
    return true;
}

static bool verify(struct bench_floor *floor, const unsigned char *in,
                   size_t len)
{
    unsigned char digest[DIGEST_LEN];
    size_t body = len - TRAILER;

    if (!hash(floor, in, body, digest) ||
        EVP_PKEY_verify(floor->verifier, in + body, in[len - 1], digest,
                        sizeof(digest)) != 1)
        return false;
    floor->num_verified++;
    return true;
}

static enum bench_message message_of(unsigned context, bool is_server_message)
{
    if (context & SSL_EXT_CLIENT_HELLO)
        return BENCH_CLIENT_HELLO;
    if (context & SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS)
        return BENCH_ENCRYPTED_EXTENSIONS;
    if (context & SSL_EXT_TLS1_3_CERTIFICATE_REQUEST)
        return BENCH_CERTIFICATE_REQUEST;
    return is_server_message ? BENCH_SERVER_CERTIFICATE
                             : BENCH_CLIENT_CERTIFICATE;
}

static int add(SSL *ssl, unsigned type, unsigned context,
               const unsigned char **out, size_t *out_len, X509 *cert,
               size_t index, int *alert, void *arg)
{
    struct bench_floor *floor = (struct bench_floor *)arg;
    enum bench_message message = message_of(context, SSL_is_server(ssl) == 1);
    int len = floor->wire.len[message];

    (void)type;
    (void)cert;
    *alert = SSL_AD_INTERNAL_ERROR;
    if (len < 0 || index > 0)
        return 0;
    if (floor->signer != NULL && message >= BENCH_SERVER_CERTIFICATE &&
        !sign(floor, (size_t)len))
        return -1;
    *out = floor->payload;
    *out_len = (size_t)len;
    return 1;
}

static int parse(SSL *ssl, unsigned type, unsigned context,
                 const unsigned char *in, size_t len, X509 *cert, size_t index,
                 int *alert, void *arg)
{
    struct bench_floor *floor = (struct bench_floor *)arg;
    enum bench_message message = message_of(context, SSL_is_server(ssl) == 0);

    (void)type;
    (void)cert;
    (void)index;
    *alert = SSL_AD_DECODE_ERROR;
    if (len != (size_t)floor->wire.len[message])
        return 0;
    return floor->verifier == NULL || message < BENCH_SERVER_CERTIFICATE ||
           verify(floor, in, len);
}

bool bench_floor_add(struct bench_floor *floor, SSL_CTX *ctx)
{
    return SSL_CTX_add_custom_ext(ctx, BENCH_EXTENSION,
                                  SSL_EXT_TLS1_3_ONLY | SSL_EXT_CLIENT_HELLO |
                                      SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS |
                                      SSL_EXT_TLS1_3_CERTIFICATE_REQUEST |
                                      SSL_EXT_TLS1_3_CERTIFICATE,
                                  add, NULL, floor, parse, floor) == 1;
}
