/* SPDX-License-Identifier: Apache-2.0
 *
 * What a TPM's response code means for its operator.
 */
#ifndef ATLS_TPM_ERROR_H
#define ATLS_TPM_ERROR_H

#include "why.h"

/* atls_tpm_error: rc (TSS2_RC, not 0) as reason and sentence; what says which
 * step failed ("TPM2_Quote"). ATTESTER_ABSENT, ATTESTER_KEY,
 * ATTESTER_FAILED. */
enum atls_reason ATLS_MUST_USE atls_tpm_error(uint32_t rc, const char *what,
                                              struct atls_why *why);

/* atls_tpm_error_is_from_tpm: the TPM itself answered, and said no. */
bool atls_tpm_error_is_from_tpm(uint32_t rc);

#endif
