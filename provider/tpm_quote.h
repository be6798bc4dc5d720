/* SPDX-License-Identifier: Apache-2.0
 *
 * TPM2_Quote and the PCRs that it covers, as the CBOR of atls(7), "TPM
 * Evidence".
 */
#ifndef ATLS_TPM_QUOTE_H
#define ATLS_TPM_QUOTE_H

#include "provider/tpm_line.h"

struct atls_tpm_pcr_values;

struct atls_tpm_quote { /* zeroed: none */
    TPM2B_ATTEST *attest;
    TPMT_SIGNATURE *signature;
    struct atls_tpm_pcr_values *values;
};
void atls_tpm_quote_clear(struct atls_tpm_quote *quote);
#define ATLS_AUTO_TPM_QUOTE                                                    \
    __attribute__((cleanup(atls_tpm_quote_clear))) struct atls_tpm_quote

/* atls_tpm_quote_make: binder as qualifyingData. PCRs that change between
 * reading and quoting are read again. ATTESTER_... */
enum atls_reason ATLS_MUST_USE
atls_tpm_quote_make(const struct atls_tpm_line *line, ESYS_TR ak,
                    const struct atls_tpm_settings *settings,
                    struct atls_view binder, struct atls_tpm_quote *quote,
                    struct atls_why *why);

/* atls_tpm_quote_put: kid is the SHA-256 of the key's SubjectPublicKeyInfo. */
void atls_tpm_quote_put(struct atls_buf *out,
                        const struct atls_tpm_quote *quote,
                        const TPMT_PUBLIC *public_area, struct atls_view kid,
                        const struct atls_tpm_settings *settings);

/* The structures of a TPM as byte strings. */
void atls_tpm_signature_put(struct atls_buf *out,
                            const TPMT_SIGNATURE *signature);
void atls_tpm_public_put(struct atls_buf *out, const TPMT_PUBLIC *public_area);

#endif
