/* SPDX-License-Identifier: Apache-2.0
 *
 * The signatures of JSON Web Algorithms that we make and verify (RFC 7518, 3;
 * RFC 8037, 3.1): the key alone says which. Which keys deserve trust is not
 * asked here.
 */
#ifndef ATLS_JWS_ALGORITHM_H
#define ATLS_JWS_ALGORITHM_H

#include <openssl/evp.h>

#include "why.h"

struct atls_ecdsa; /* base/ecdsa.h */

struct atls_jws_algorithm {
    const char *name;      /* "alg" */
    const char *also;      /* its other name (RFC 9864, 2.2), or NULL */
    const char *kty, *crv; /* of a JWK; crv NULL: RSA */
    int64_t ecdsa;         /* base/ecdsa's row; 0: none */
    const char *key_type;  /* libcrypto's, where ecdsa is 0 */
    const char *digest;    /* libcrypto's; NULL: the algorithm's own */
};

/* NULL-ended by name. */
extern const struct atls_jws_algorithm atls_jws_algorithms[];

/* NULL: no algorithm of ours is for this key (RSA below 2048 bits too). */
const struct atls_jws_algorithm *atls_jws_algorithm_of_key(const EVP_PKEY *key);

bool atls_jws_algorithm_is(const struct atls_jws_algorithm *algorithm,
                           const char *name);

/* atls_jws_algorithm_verify: RESULT_SIGNATURE, CRYPTO_FAILED, OUT_OF_MEMORY.
 * Leaves libcrypto's error queue to the caller. */
enum atls_reason ATLS_MUST_USE
atls_jws_algorithm_verify(const struct atls_jws_algorithm *algorithm,
                          EVP_PKEY *key, struct atls_view message,
                          struct atls_view signature, struct atls_why *why);

/* atls_jws_algorithm_put: appends the signature. CRYPTO_FAILED, OUT_OF_MEMORY.
 */
enum atls_reason ATLS_MUST_USE atls_jws_algorithm_put(
    struct atls_buf *out, const struct atls_jws_algorithm *algorithm,
    EVP_PKEY *key, struct atls_view message, struct atls_why *why);

/* atls_jws_crypto_failed: what libcrypto's last error was: OUT_OF_MEMORY where
 * it had none, else `otherwise` with what was wanted. */
enum atls_reason atls_jws_crypto_failed(struct atls_why *why,
                                        enum atls_reason otherwise,
                                        const char *what);

#endif
