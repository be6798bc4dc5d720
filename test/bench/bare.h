/* SPDX-License-Identifier: Apache-2.0
 *
 * Verifications of signatures and nothing else: keys, contexts and digests are
 * prepared once. What Evidence costs is held against it, so it calls libcrypto
 * alone.
 */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/evp.h>

#define BENCH_BARE_MAX  12
#define BENCH_BARE_TEXT 48

struct bench_bare_item {
    EVP_PKEY_CTX *ctx;
    char kind[16]; /* "P-256" */
    unsigned char digest[64], signature[512];
    size_t digest_len, signature_len;
};

struct bench_bare {
    struct bench_bare_item items[BENCH_BARE_MAX];
    size_t num;
};

/* bench_bare_add: one more signature by this private key: ECDSA over SHA-256,
 * or over SHA-384 on P-384; RSA as PKCS #1 has it over SHA-256, or PSS over
 * SHA-384. */
bool bench_bare_add(struct bench_bare *bare, EVP_PKEY *key, bool is_pss);
void bench_bare_clear(struct bench_bare *bare);

/* bench_bare_run: verifies each of them, so many times. */
bool bench_bare_run(struct bench_bare *bare, unsigned times);

/* bench_bare_text: "2 P-256, 1 RSA-2048"; returns text. */
const char *bench_bare_text(const struct bench_bare *bare,
                            char text[BENCH_BARE_TEXT]);

#endif
