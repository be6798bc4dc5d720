/* SPDX-License-Identifier: Apache-2.0
 *
 * TPM quotes under application/vnd.atls.tpm-quote+cbor: the claims of one, and
 * the reference values of a profile.
 */
#ifndef ATLS_TPM_H
#define ATLS_TPM_H

#include "format.h"
#include "tpm_structure.h"

struct atls_tpm_bank { /* values that stand beside the quote */
    uint32_t mask;
    const uint8_t *values[ATLS_TPM_NUM_PCRS]; /* each of the hash's length */
};

struct atls_tpm_claims { /* views into the record's value */
    struct atls_view attest_bytes, kid;
    struct atls_tpm_attest attest;
    struct atls_tpm_signature signature;
    struct atls_tpm_bank banks[ATLS_TPM_NUM_HASHES];
    bool has_public;
    struct atls_tpm_public public;
    struct atls_view ak_cert; /* judged by tpm_cert.h alone */
    struct atls_view eventlog;
    /* Of a virtual TPM (vtpm.h): what vouches for its key, and certificates of
     * whoever signed that; of one on TDX the quote that says so. */
    struct atls_view hcl_report, certificates, td_quote;
};

struct atls_tpm_pcr { /* one PCR of a profile */
    int hash;
    unsigned index;
    struct atls_values values; /* any one of them */
};

struct atls_tpm_reference { /* of a profile */
    struct atls_tpm_pcr *pcrs;
    size_t num_pcrs;
    struct atls_values firmware_versions; /* none: any */
    bool wants_log;
};
enum { ATLS_TPM_FIRMWARE_VERSION = 8 }; /* bytes */

/* atls_tpm_check_log: the log is there and adds up to the PCRs of the quote
 * that it speaks of: tpm_log.c. CLAIM_MISSING, EVENTLOG_MISMATCH,
 * EVIDENCE_MALFORMED, CRYPTO_FAILED, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_tpm_check_log(const struct atls_tpm_claims *quote,
                   const struct atls_profile *profile, struct atls_why *why);

/* atls_tpm_check_firmware: FIRMWARE_REFUSED. */
enum atls_reason ATLS_MUST_USE
atls_tpm_check_firmware(const struct atls_tpm_attest *attest,
                        const struct atls_tpm_reference *reference,
                        const struct atls_profile *profile,
                        struct atls_why *why);

/* atls_tpm_accept, _refuse: the end of a judge of quotes. has_reference: what
 * was booted is one of the reference values. */
enum atls_reason atls_tpm_accept(bool has_reference,
                                 struct atls_verdict *verdict);
enum atls_reason atls_tpm_refuse(const struct atls_why *why,
                                 struct atls_verdict *verdict);

/* atls_tpm_describe_quote: what was quoted and how the TPM stood, but not the
 * nonce. atls_tpm_describe_attributes: of a key. */
void atls_tpm_describe_quote(const struct atls_tpm_attest *attest,
                             atls_claim_fn *each, void *arg);
void atls_tpm_describe_attributes(const struct atls_tpm_public *public,
                                  const char *name, atls_claim_fn *each,
                                  void *arg);

/* The rows of atls_format_tpm that speak JSON: tpm_profile.c */
extern const char *const atls_tpm_keys[];
void atls_tpm_read(const struct atls_node *node, struct atls_profile *profile);
void atls_tpm_reference_free(void *reference);
bool atls_tpm_learn(const void *claims, json_t *profile);
bool atls_tpm_learn_firmware(const struct atls_tpm_attest *attest,
                             json_t *profile);

extern const char *const atls_tpm_types[]; /* NULL-ended */

#endif
