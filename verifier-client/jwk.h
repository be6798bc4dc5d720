/* SPDX-License-Identifier: Apache-2.0
 *
 * Public keys of Verifiers, as they are configured and published: JSON Web Keys
 * (RFC 7517; RFC 7518, 6; RFC 8037, 2) and PEM (RFC 7468). A certificate is
 * taken for its key. Private keys are refused, so that none ends up where
 * everybody may read.
 */
#ifndef ATLS_JWK_H
#define ATLS_JWK_H

#include <openssl/evp.h>

#include "why.h"

#define ATLS_JWK_MAX_KEYS 16 /* in one set */
#define ATLS_JWS_KID      64 /* bytes of a kid that we keep, with the NUL */

struct atls_jws_algorithm; /* jws_algorithm.h */

struct atls_jws_key {
    EVP_PKEY *key;                              /* public; ours by reference */
    char kid[ATLS_JWS_KID];                     /* "": none */
    const struct atls_jws_algorithm *algorithm; /* the key's */
};

struct atls_jws_keys { /* zeroed: empty */
    struct atls_jws_key *items;
    size_t num;
};

/* atls_jws_keys_read: adds the keys that stand in text: a JWK or a JWK set
 * ("alg", "use" and "key_ops", where present, must fit), or PEM public keys or
 * certificates. Of a set, keys for something else are passed over (RFC 7517,
 * 5), but one must be left. Private parts are refused. source names the text
 * in messages. VERIFIER_KEY, OUT_OF_MEMORY; then *keys may have grown. */
enum atls_reason ATLS_MUST_USE atls_jws_keys_read(struct atls_view text,
                                                  const char *source,
                                                  struct atls_jws_keys *keys,
                                                  struct atls_why *why);
void atls_jws_keys_clear(struct atls_jws_keys *keys);

/* atls_jwk_put: the public half as a JWK (RFC 7517, 4), members in the order
 * alg, kid (when not NULL), kty, crv, x, y (or n, e). VERIFIER_KEY: no
 * algorithm of ours is for it; OUT_OF_MEMORY, CRYPTO_FAILED. */
enum atls_reason ATLS_MUST_USE atls_jwk_put(struct atls_buf *out, EVP_PKEY *key,
                                            const char *kid,
                                            struct atls_why *why);

#endif
