/* SPDX-License-Identifier: Apache-2.0
 *
 * COSE_Sign1 with an attached payload (RFC 9052, 4.2), ES256, ES384, ES512.
 * COSE_Mac0 and detached payloads are refused. The key is the caller's: no
 * header of the message is trusted to choose one.
 */
#ifndef ATLS_COSE_H
#define ATLS_COSE_H

#include <openssl/evp.h>

#include "why.h"

enum { ATLS_COSE_ES256 = -7, ATLS_COSE_ES384 = -35, ATLS_COSE_ES512 = -36 };

struct atls_cose_sign1 {             /* a view of the message */
    bool is_tagged;                  /* tag 18 stood before it */
    bool has_unprotected;            /* its unprotected header is not empty */
    int64_t algorithm;               /* of the protected header */
    struct atls_view protected_bstr; /* the protected header's encoding */
    struct atls_view payload;
    struct atls_view signature; /* r || s, 64, 96 or 132 bytes */
};

/* atls_cose_sign1_parse: EVIDENCE_MALFORMED; ALGORITHM_UNSUPPORTED for Mac0
 * (tag 17) and other algorithms, and unknown crit headers. */
enum atls_reason ATLS_MUST_USE
atls_cose_sign1_parse(struct atls_view bytes, struct atls_cose_sign1 *out,
                      struct atls_why *why);

/* atls_cose_sign1_verify: one signature verification with key (EC, its curve
 * the algorithm's). libctx as in libcrypto. ALGORITHM_UNSUPPORTED when key and
 * algorithm do not fit, SIGNATURE_INVALID, CRYPTO_FAILED, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_cose_sign1_verify(const struct atls_cose_sign1 *message, EVP_PKEY *key,
                       OSSL_LIB_CTX *libctx, struct atls_why *why);

/* atls_cose_sign1_put: writes 18([protected {1: alg}, {}, payload, signature])
 * signed with the private key, whose curve picks the algorithm. */
enum atls_reason ATLS_MUST_USE
atls_cose_sign1_put(struct atls_buf *out, struct atls_view payload,
                    EVP_PKEY *key, OSSL_LIB_CTX *libctx, struct atls_why *why);

/* atls_cose_sign1_put_with: the same with more in the protected header: num
 * encoded pairs of label and value in `more`. */
enum atls_reason ATLS_MUST_USE
atls_cose_sign1_put_with(struct atls_buf *out, struct atls_view more,
                         uint64_t num, struct atls_view payload, EVP_PKEY *key,
                         OSSL_LIB_CTX *libctx, struct atls_why *why);

/* atls_ecdsa_verify: raw r || s over the SHA-2 digest named digest_name of
 * message (not of a digest of it). Shared with formats outside COSE.
 * SIGNATURE_INVALID, ALGORITHM_UNSUPPORTED, CRYPTO_FAILED, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_ecdsa_verify(EVP_PKEY *key, OSSL_LIB_CTX *libctx, const char *digest_name,
                  const struct atls_view *message, size_t num_parts,
                  struct atls_view signature, struct atls_why *why);

#endif
