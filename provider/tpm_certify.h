/* SPDX-License-Identifier: Apache-2.0
 *
 * TPM2_Certify of the TLS key: the TPM's word that the key is in it. With a
 * quote by the same attestation key it is Parsec's key attestation
 * (CCC-Attestation's attested-tls-poc, doc/parsec-evidence-tpm.md).
 */
#ifndef ATLS_TPM_CERTIFY_H
#define ATLS_TPM_CERTIFY_H

#include "provider/tpm_quote.h"

/* The TLS key, loaded for one quote. */
struct atls_tpm_tls_key {
    ESYS_TR handle;
    TPM2B_PUBLIC *public_area;
    bool is_persistent;
};

/* atls_tpm_tls_key_load: what settings->tls names; saved is kept between
 * quotes, for the holder of the turn: the loaded key, wrapped by its TPM. A key
 * that is not fixed to this TPM, or whose SubjectPublicKeyInfo is not subject
 * (empty: not asked), is refused. Release *out in any case.
 * ATTESTER_... */
enum atls_reason ATLS_MUST_USE
atls_tpm_tls_key_load(const struct atls_tpm_line *line,
                      const struct atls_tpm_settings *settings,
                      struct atls_view subject, TPMS_CONTEXT **saved,
                      struct atls_tpm_tls_key *out, struct atls_why *why);
void atls_tpm_tls_key_release(const struct atls_tpm_line *line,
                              struct atls_tpm_tls_key *key);

/* atls_tpm_tls_key_forget: frees what was saved. */
void atls_tpm_tls_key_forget(TPMS_CONTEXT **saved);

struct atls_tpm_certificate { /* the TPM's, of a key; zeroed: none */
    TPM2B_ATTEST *attest;
    TPMT_SIGNATURE *signature;
};
void atls_tpm_certificate_clear(struct atls_tpm_certificate *certificate);
#define ATLS_AUTO_TPM_CERTIFICATE                                              \
    __attribute__((                                                            \
        cleanup(atls_tpm_certificate_clear))) struct atls_tpm_certificate

/* atls_tpm_certify: binder as qualifyingData. ATTESTER_... */
enum atls_reason ATLS_MUST_USE
atls_tpm_certify(const struct atls_tpm_line *line, ESYS_TR ak,
                 const struct atls_tpm_tls_key *key, struct atls_view binder,
                 struct atls_tpm_certificate *out, struct atls_why *why);

/* atls_tpm_certify_put: Parsec's map; kid as of atls_tpm_quote_put. */
void atls_tpm_certify_put(struct atls_buf *out,
                          const struct atls_tpm_certificate *certificate,
                          const struct atls_tpm_tls_key *key,
                          const struct atls_tpm_quote *quote,
                          struct atls_view kid);

#endif
