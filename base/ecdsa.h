/* SPDX-License-Identifier: Apache-2.0
 *
 * ECDSA as COSE names it: a curve, its digest, and signatures of two fields
 * side by side. atls_ecdsa_verify, which formats outside COSE use too, is in
 * cose.h.
 */
#ifndef ATLS_ECDSA_H
#define ATLS_ECDSA_H

#include <openssl/evp.h>

#include "why.h"

struct atls_ecdsa {
    int64_t id; /* of COSE */
    const char *name;
    const char *digest_name;
    const char *group_name; /* libcrypto's */
    const char *nist_name;  /* other providers' */
    size_t field_len;       /* bytes of r, and of s */
};

/* NULL: none of ours. */
const struct atls_ecdsa *atls_ecdsa_of_id(int64_t id);

/* atls_ecdsa_of_key: the row of the key's curve. ALGORITHM_UNSUPPORTED: not EC,
 * or another curve; CRYPTO_FAILED: libcrypto is cleaned up. */
enum atls_reason ATLS_MUST_USE atls_ecdsa_of_key(const EVP_PKEY *key,
                                                 const struct atls_ecdsa **out,
                                                 struct atls_why *why);

/* atls_ecdsa_point_key: a public key from an uncompressed point, 04 || x || y
 * (SEC 1, 2.3.3), on the curve of algorithm; a new reference in *out.
 * CLAIM_INVALID: no point of that curve; OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_ecdsa_point_key(const struct atls_ecdsa *algorithm, struct atls_view point,
                     EVP_PKEY **out, struct atls_why *why);

/* atls_ecdsa_put: appends r || s over the message in parts; algorithm is the
 * key's. OUT_OF_MEMORY, CRYPTO_FAILED. */
enum atls_reason ATLS_MUST_USE
atls_ecdsa_put(struct atls_buf *out, const struct atls_ecdsa *algorithm,
               EVP_PKEY *key, OSSL_LIB_CTX *libctx,
               const struct atls_view *message, size_t num_parts,
               struct atls_why *why);

/* atls_ecdsa_verify_with: atls_ecdsa_verify where algorithm is known to be the
 * key's, with its own digest. */
enum atls_reason ATLS_MUST_USE
atls_ecdsa_verify_with(const struct atls_ecdsa *algorithm, EVP_PKEY *key,
                       OSSL_LIB_CTX *libctx, const struct atls_view *message,
                       size_t num_parts, struct atls_view signature,
                       struct atls_why *why);

#endif
