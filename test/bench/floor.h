/* SPDX-License-Identifier: Apache-2.0
 *
 * The comparators. The dummy carries given numbers of bytes in given messages
 * and does nothing else. The floor carries the same bytes, and signs and
 * verifies once for each Certificate: the least that anybody could do who
 * sends signed Evidence there. It calls none of the project's code, keeps its
 * contexts and keys, allocates nothing and decides nothing but the signature.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stdbool.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>

#include "wire.h"

#define BENCH_MAX_PAYLOAD 65535

/* One per process at most; outlives the SSL_CTXs that use it. */
struct bench_floor {
    struct bench_wire wire;
    EVP_MD *sha256; /* NULL: a dummy, which does not sign */
    EVP_MD_CTX *digest;
    EVP_PKEY_CTX *signer, *verifier;
    unsigned num_signed, num_verified;
    unsigned char payload[BENCH_MAX_PAYLOAD];
};

/* bench_floor_init: key NULL makes a dummy. */
bool bench_floor_init(struct bench_floor *floor, const struct bench_wire *wire,
                      EVP_PKEY *key);
void bench_floor_clear(struct bench_floor *floor);

/* bench_floor_add: gives an SSL_CTX of either role the extension. */
bool bench_floor_add(struct bench_floor *floor, SSL_CTX *ctx);

#endif
