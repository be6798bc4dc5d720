/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON Web Signature, compact (RFC 7515, 7.1), under keys that were configured:
 * the key fixes the algorithm, and no header of the message chooses or brings
 * one. ES256, ES384, EdDSA (Ed25519) and PS256.
 */
#ifndef ATLS_JWS_H
#define ATLS_JWS_H

#include <openssl/evp.h>

#include "why.h"

#define ATLS_JWS_MAX 262144 /* bytes of a compact JWS */
#define ATLS_JWS_KID 64     /* bytes of a kid that we keep, with the NUL */

struct atls_jws_key {
    EVP_PKEY *key;                              /* public; ours by reference */
    char kid[ATLS_JWS_KID];                     /* "": none */
    const struct atls_jws_algorithm *algorithm; /* the key's; see jws.c */
};

struct atls_jws_keys { /* zeroed: empty */
    struct atls_jws_key *items;
    size_t num;
};

/* atls_jws_keys_read: adds the keys that stand in text: a JWK or a JWK set
 * (RFC 7517; "alg" and "use", where present, must fit), or PEM public keys or
 * certificates. Private parts are refused. source names the text in messages.
 * VERIFIER_KEY, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE atls_jws_keys_read(struct atls_view text,
                                                  const char *source,
                                                  struct atls_jws_keys *keys,
                                                  struct atls_why *why);
void atls_jws_keys_clear(struct atls_jws_keys *keys);

/* atls_jws_verify: exactly three segments; "crit" is refused; alg must be that
 * of the key that verifies. With a kid in the header, keys of other kids are
 * not tried; at most 4 keys are. The decoded payload goes to the empty
 * `payload`. RESULT_MALFORMED, RESULT_KEY_UNKNOWN (no key of that alg or kid),
 * RESULT_SIGNATURE, OUT_OF_MEMORY, CRYPTO_FAILED. */
enum atls_reason ATLS_MUST_USE atls_jws_verify(struct atls_view compact,
                                               const struct atls_jws_keys *keys,
                                               struct atls_buf *payload,
                                               struct atls_why *why);

/* atls_jws_put: signs payload with a private key whose type picks the
 * algorithm: header {"alg":...,"typ":"JWT"} and "kid" when not NULL. */
enum atls_reason ATLS_MUST_USE atls_jws_put(struct atls_buf *out,
                                            struct atls_view payload,
                                            EVP_PKEY *key, const char *kid,
                                            struct atls_why *why);

/* atls_jwk_put: the public half as a JWK (RFC 7517, 4), members in the order
 * alg, kid (when not NULL), kty, crv, x, y (or n, e). */
enum atls_reason ATLS_MUST_USE atls_jwk_put(struct atls_buf *out, EVP_PKEY *key,
                                            const char *kid,
                                            struct atls_why *why);

#endif
