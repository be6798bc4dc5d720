/* SPDX-License-Identifier: Apache-2.0
 *
 * The attestation key of a TPM, one of three:
 *
 *  - the primary of a fixed template under the endorsement hierarchy, which is
 *    the same in every process and needs neither enrolment nor storage;
 *  - a persistent handle;
 *  - a TSS2 PRIVATE KEY.
 */
#ifndef ATLS_TPM_AK_H
#define ATLS_TPM_AK_H

#include "provider/tpm_line.h"

/* What is kept between quotes, for the holder of the turn. */
struct atls_tpm_ak {
    TPMS_CONTEXT *saved;       /* the loaded key, wrapped by its TPM, or NULL */
    TPM2B_PUBLIC *public_area; /* or NULL */
};

/* atls_tpm_ak_load: the key as an ESYS handle, for this line; release it with
 * atls_tpm_ak_release. Loads the saved one where there is one: making a
 * primary takes seconds in some TPMs. Fills ak->public_area. ATTESTER_... */
enum atls_reason ATLS_MUST_USE
atls_tpm_ak_load(struct atls_tpm_ak *ak, const struct atls_tpm_line *line,
                 const struct atls_tpm_settings *settings, ESYS_TR *handle,
                 struct atls_why *why);
void atls_tpm_ak_release(const struct atls_tpm_line *line,
                         const struct atls_tpm_settings *settings,
                         ESYS_TR handle);
void atls_tpm_ak_clear(struct atls_tpm_ak *ak);

#endif
