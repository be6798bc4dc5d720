/* SPDX-License-Identifier: Apache-2.0
 *
 * TSS2 PRIVATE KEY, the ASN.1 of TPM keys in files
 * (draft-bottomley-tpm2-keys; "ASN.1 Specification for TPM 2.0 Key Files").
 * Taken: loadable keys without policy and password under a persistent parent
 * or a hierarchy.
 */
#ifndef ATLS_TPM_KEY_FILE_H
#define ATLS_TPM_KEY_FILE_H

#include "provider/tss.h"
#include "why.h"

struct atls_tpm_key_file {
    uint32_t parent; /* a persistent handle, or a hierarchy's */
    TPM2B_PUBLIC public_area;
    TPM2B_PRIVATE private_area;
};

/* atls_tpm_key_file_parse: what names the file in messages. ATTESTER_KEY,
 * OUT_OF_MEMORY. Free *out. */
enum atls_reason ATLS_MUST_USE
atls_tpm_key_file_parse(struct atls_view der, const char *what,
                        struct atls_tpm_key_file **out, struct atls_why *why);

#endif
