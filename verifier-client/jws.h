/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON Web Signature, compact (RFC 7515, 7.1), under keys that were configured:
 * the key fixes the algorithm, and no header of the message chooses or brings
 * one. ES256, ES384, EdDSA (Ed25519) and PS256.
 */
#ifndef ATLS_JWS_H
#define ATLS_JWS_H

#include "jwk.h"

#define ATLS_JWS_MAX       262144 /* bytes of a compact JWS */
#define ATLS_JWS_MAX_TRIES 4      /* keys that one JWS is tried under */

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
 * algorithm: header {"alg":...,"typ":"JWT"} and "kid" when not NULL.
 * VERIFIER_KEY: no algorithm of ours is for it; OUT_OF_MEMORY, CRYPTO_FAILED.
 */
enum atls_reason ATLS_MUST_USE atls_jws_put(struct atls_buf *out,
                                            struct atls_view payload,
                                            EVP_PKEY *key, const char *kid,
                                            struct atls_why *why);

#endif
