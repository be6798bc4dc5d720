/* SPDX-License-Identifier: Apache-2.0
 *
 * Quotes that travel without the PCR values under them, as Parsec's and
 * EnactTrust's do: all that can be judged is the digest over them. The policy's
 * values are hashed in the order in which the TPM hashed its own, so every PCR
 * of the quote must have some; or the policy has the digest itself, with the
 * PCRs that it is of: without those an attacker could have other PCRs quoted
 * that he extended alike.
 */
#ifndef ATLS_TPM_DIGEST_H
#define ATLS_TPM_DIGEST_H

#include "tpm.h"

enum { ATLS_TPM_MAX_COMBINATIONS = 256 }; /* of a policy's values for PCRs */

struct atls_tpm_digest {
    uint32_t masks[ATLS_TPM_NUM_HASHES]; /* by bank: bit n: PCR n */
    uint8_t bytes[ATLS_TPM_MAX_HASH];
    size_t len;
};

struct atls_tpm_digest_reference { /* of a profile */
    struct atls_tpm_reference *values;
    struct atls_tpm_digest *digests;
    size_t num_digests;
};

/* What is quoted, and the hash of its signature, by which TPMs hash PCRs. */
struct atls_tpm_bare_quote {
    const struct atls_tpm_attest *attest;
    int hash; /* into atls_tpm_hashes */
};

/* atls_tpm_digest_judge: a format's judge. */
enum atls_reason atls_tpm_digest_judge(const struct atls_tpm_bare_quote *quote,
                                       const struct atls_profile *profile,
                                       struct atls_verdict *verdict);

/* The format's rows that speak JSON: tpm_digest_profile.c. read leaves
 * profile->types empty. */
extern const char *const atls_digest_keys[];
void atls_tpm_digest_read(const struct atls_node *node,
                          struct atls_profile *profile);
void atls_tpm_digest_reference_free(void *reference);
bool atls_tpm_digest_learn(const struct atls_tpm_attest *attest,
                           json_t *profile);

#endif
