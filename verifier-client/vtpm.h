/* SPDX-License-Identifier: Apache-2.0
 *
 * Quotes of a virtual TPM that runs inside of a confidential VM: the VM's
 * hardware report names the TPM's attestation key. Of Azure's paravisor, the
 * HCL, whose report stands in the TPM (NV index 0x01400001): a header, the
 * SEV-SNP report or the TDREPORT, and JSON ("runtime data") that its
 * REPORT_DATA is the digest of. It travels as "hcl_report" in the map of tpm.h.
 * A TDREPORT is for its own platform alone: with it travels, as "td_quote", the
 * quote that was made of it.
 */
#ifndef ATLS_VTPM_H
#define ATLS_VTPM_H

#include "dcap.h"
#include "snp.h"
#include "tpm.h"

struct atls_hcl_report { /* views into the report */
    bool is_td;          /* it holds a TDREPORT, else a SEV-SNP report */
    struct atls_view hardware_report, runtime_data;
};

/* atls_hcl_report_parse: EVIDENCE_MALFORMED; ALGORITHM_UNSUPPORTED: a TEE other
 * than SEV-SNP and TDX, or another digest than SHA-256. */
enum atls_reason ATLS_MUST_USE
atls_hcl_report_parse(struct atls_view bytes, struct atls_hcl_report *out,
                      struct atls_why *why);

/* atls_hcl_key: the key "HCLAkPub" of the runtime data. EVIDENCE_MALFORMED,
 * CLAIM_MISSING, AK_UNFIT (not RSA of 2048 bits or more), OUT_OF_MEMORY. Free
 * *out with EVP_PKEY_free. */
enum atls_reason ATLS_MUST_USE atls_hcl_key(struct atls_view runtime_data,
                                            EVP_PKEY **out,
                                            struct atls_why *why);

struct atls_vtpm_claims {
    struct atls_tpm_claims quote;
    const struct atls_format *tee; /* whose claims are there: */
    union {
        struct atls_snp_claims snp;
        struct atls_dcap_claims tdx;
    };
    struct atls_view report_data; /* of the TEE's claims */
    struct atls_view runtime_data;
};

struct atls_vtpm_reference { /* of a profile */
    struct atls_tpm_reference *quote;
    const struct atls_format *tee; /* NULL: the profile is not in order */
    void *tee_reference;           /* its own */
    bool tee_is_pinned;
};

#endif
