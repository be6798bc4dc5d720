/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence as Trustee's verifiers read it: JSON of its own for each TEE, as
 * its deps/verifier declares it. A quote or token is carried as it is; a
 * SEV-SNP report member by member, as the Rust crate `sev` serializes it.
 */
#ifndef ATLS_TRUSTEE_H
#define ATLS_TRUSTEE_H

#include "remote.h"

/* atls_trustee_put_evidence: appends the JSON for question->tee: "snp", "tdx",
 * "sgx" or "cca"; of a tsm-report or, but for snp, of the bare quote or token.
 * VERIFIER_REFUSED for other TEEs, EVIDENCE_MALFORMED, FORMAT_UNKNOWN (the
 * report is of another TEE), OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_trustee_put_evidence(const struct atls_remote_question *question,
                          struct atls_buf *out, struct atls_why *why);

/* atls_trustee_put_snp: report is the 1,184 bytes of ATTESTATION_REPORT (AMD
 * 56860, table 23), certificates its table (GHCB, 4.1.8.1; may be empty: then
 * Trustee asks AMD). EVIDENCE_MALFORMED. */
enum atls_reason ATLS_MUST_USE
atls_trustee_put_snp(struct atls_view report, struct atls_view certificates,
                     struct atls_buf *out, struct atls_why *why);

#endif
