/* SPDX-License-Identifier: Apache-2.0
 *
 * TPM 2.0 structures that a Verifier reads (TPM 2.0 Library, Part 2), by the
 * cursor. No TPM and no TSS is needed to judge a quote. Views point into the
 * bytes that were given.
 */
#ifndef ATLS_TPM_STRUCTURE_H
#define ATLS_TPM_STRUCTURE_H

#include <openssl/evp.h>

#include "why.h"

/* The hash algorithms that are accepted, for banks and for signatures. SHA-1
 * is none of them. */
enum { ATLS_TPM_NUM_HASHES = 3, ATLS_TPM_MAX_HASH = 64 };
struct atls_tpm_hash {
    uint16_t id;             /* TPM_ALG_ID */
    const char *name;        /* of the policy */
    const char *digest_name; /* of libcrypto */
    size_t len;
};
extern const struct atls_tpm_hash atls_tpm_hashes[ATLS_TPM_NUM_HASHES];
/* atls_tpm_hash_index: into the table, or -1. */
int atls_tpm_hash_index(uint64_t id);

enum { ATLS_TPM_NUM_PCRS = 24 }; /* PC Client Platform TPM Profile, 3.7 */

struct atls_tpm_selection { /* TPMS_PCR_SELECTION, 10.6.2 */
    int hash;               /* into atls_tpm_hashes */
    uint32_t mask;          /* bit n: PCR n */
};

struct atls_tpm_attest { /* TPMS_ATTEST of a quote, 10.12.12 */
    struct atls_view qualified_signer, extra_data, pcr_digest;
    uint64_t clock_ms, firmware_version;
    uint32_t reset_count, restart_count;
    bool is_safe; /* no clock value was lost */
    struct atls_tpm_selection selections[ATLS_TPM_NUM_HASHES];
    size_t num_selections;
};

/* atls_tpm_attest_parse: TPM_NOT_A_QUOTE for other types and for what no TPM
 * made, EVIDENCE_MALFORMED, ALGORITHM_UNSUPPORTED. */
enum atls_reason ATLS_MUST_USE
atls_tpm_attest_parse(struct atls_view bytes, struct atls_tpm_attest *out,
                      struct atls_why *why);

struct atls_tpm_certify { /* TPMS_ATTEST of a certified key, 10.12.3 */
    struct atls_view qualified_signer, extra_data;
    struct atls_view name; /* of the key: nameAlg, digest of TPMT_PUBLIC */
};

/* atls_tpm_certify_parse: TPM_NOT_A_CERTIFY for other types and for what no TPM
 * made, EVIDENCE_MALFORMED. */
enum atls_reason ATLS_MUST_USE
atls_tpm_certify_parse(struct atls_view bytes, struct atls_tpm_certify *out,
                       struct atls_why *why);

enum { ATLS_TPM_RSASSA = 0x14, ATLS_TPM_RSAPSS = 0x16, ATLS_TPM_ECDSA = 0x18 };
struct atls_tpm_signature { /* TPMT_SIGNATURE, 11.3.4 */
    uint16_t algorithm;
    int hash;              /* into atls_tpm_hashes */
    struct atls_view r, s; /* ECDSA; may be short */
    struct atls_view rsa;
};
enum atls_reason ATLS_MUST_USE
atls_tpm_signature_parse(struct atls_view bytes, struct atls_tpm_signature *out,
                         struct atls_why *why);

/* atls_tpm_signature_verify: over message with key. SIGNATURE_INVALID,
 * ALGORITHM_UNSUPPORTED, CRYPTO_FAILED, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_tpm_signature_verify(const struct atls_tpm_signature *signature,
                          struct atls_view message, EVP_PKEY *key,
                          struct atls_why *why);

struct atls_tpm_public { /* TPMT_PUBLIC of a key that signs, 12.2.4 */
    uint32_t attributes;
    uint16_t type;         /* RSA 0x0001 or ECC 0x0023 */
    uint16_t name_hash;    /* TPM_ALG_ID */
    uint16_t curve;        /* ECC */
    uint32_t exponent;     /* RSA */
    struct atls_view n;    /* RSA */
    struct atls_view x, y; /* ECC; may be short */
};
/* atls_tpm_public_parse: what names the field in messages.
 * EVIDENCE_MALFORMED. */
enum atls_reason ATLS_MUST_USE
atls_tpm_public_parse(struct atls_view bytes, const char *what,
                      struct atls_tpm_public *out, struct atls_why *why);

/* atls_tpm_public_is: it is this key. */
bool atls_tpm_public_is(const struct atls_tpm_public *public, EVP_PKEY *key);

/* atls_tpm_public_is_ak: the TPM signs with it nothing but what it made itself
 * (restricted, sign), and it never leaves this TPM (fixedTPM, fixedParent,
 * sensitiveDataOrigin). */
bool atls_tpm_public_is_ak(const struct atls_tpm_public *public);

/* atls_tpm_public_is_inside: it signs, was made in this TPM and cannot leave it
 * (sign, sensitiveDataOrigin, fixedTPM, fixedParent). */
bool atls_tpm_public_is_inside(const struct atls_tpm_public *public);

/* atls_tpm_public_is_named: the Name (Part 1, 16) of the TPMT_PUBLIC in bytes.
 * ALGORITHM_UNSUPPORTED, CRYPTO_FAILED, TLS_KEY_UNBOUND. */
enum atls_reason ATLS_MUST_USE
atls_tpm_public_is_named(const struct atls_tpm_public *public,
                         struct atls_view bytes, struct atls_view name,
                         struct atls_why *why);

/* atls_tpm_public_key: a new reference. ALGORITHM_UNSUPPORTED for curves other
 * than P-256, P-384, P-521, CLAIM_INVALID, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_tpm_public_key(const struct atls_tpm_public *public, EVP_PKEY **out,
                    struct atls_why *why);

#endif
