/* SPDX-License-Identifier: Apache-2.0
 *
 * The claims of a PSA attestation token, RFC 9783, section 4, that attest:soft
 * makes: read from a small JSON file, written as CBOR. Which of them are true
 * is nobody's affair here: the token of a development attester proves nothing.
 */
#ifndef ATLS_PSA_H
#define ATLS_PSA_H

#include "why.h"

#define ATLS_PSA_PROFILE         "tag:psacertified.org,2023:psa#tfm"
#define ATLS_PSA_CONTENT_FORMAT  10003
#define ATLS_PSA_MAX_COMPONENTS  8
#define ATLS_PSA_MAX_TEXT        80    /* bytes of a text claim, with a NUL */
#define ATLS_PSA_MAX_HASH        64    /* bytes: SHA-512 */
#define ATLS_PSA_INSTANCE_ID_LEN 33    /* 01 || SHA-256 of the public key */
#define ATLS_PSA_MAX_CLAIMS_FILE 65536 /* bytes */

struct atls_psa_bytes { /* a byte string claim; absent when len is 0 */
    uint8_t data[ATLS_PSA_MAX_HASH];
    size_t len;
};

struct atls_psa_component { /* RFC 9783, 4.4.1 */
    char type[ATLS_PSA_MAX_TEXT], version[ATLS_PSA_MAX_TEXT];
    char description[ATLS_PSA_MAX_TEXT]; /* each absent when empty */
    struct atls_psa_bytes measurement, signer_id;
};

struct atls_psa_claims {
    int32_t client_id;
    uint16_t lifecycle; /* always assembly_and_test */
    struct atls_psa_bytes implementation_id, boot_seed;
    char certification_reference[ATLS_PSA_MAX_TEXT]; /* absent when empty */
    char verification_service[ATLS_PSA_MAX_TEXT];    /* absent when empty */
    struct atls_psa_component components[ATLS_PSA_MAX_COMPONENTS];
    unsigned num_components;
};

/* atls_psa_claims_default: what a token says when no file is given. */
void atls_psa_claims_default(struct atls_psa_claims *claims);

/* atls_psa_claims_read: JSON over the claims that stand there already. Unknown
 * keys, wrong types and lengths, another lifecycle than assembly_and_test:
 * ATTESTER_OPTION with the key. OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_psa_claims_read(struct atls_view json, struct atls_psa_claims *claims,
                     struct atls_why *why);

/* atls_psa_claims_put: the claim set in deterministic CBOR (RFC 8949, 4.2.1),
 * with the nonce and the instance ID, which no file can set. */
void atls_psa_claims_put(struct atls_buf *out,
                         const struct atls_psa_claims *claims,
                         struct atls_view nonce, struct atls_view instance_id);

#endif
