/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys of a TPM by what an operator names them with: a persistent handle, or a
 * file.
 */
#ifndef ATLS_TPM_KEY_H
#define ATLS_TPM_KEY_H

#include "provider/tpm_line.h"

/* atls_tpm_key_open_persistent: as an ESYS handle, for Esys_TR_Close.
 * ATTESTER_... */
enum atls_reason ATLS_MUST_USE
atls_tpm_key_open_persistent(const struct atls_tpm_line *line, uint32_t number,
                             ESYS_TR *handle, struct atls_why *why);

/* atls_tpm_key_load_file: a TSS2 PRIVATE KEY, named by `what` in messages, as
 * an ESYS handle, for Esys_FlushContext. Its parent is a persistent handle, or
 * the primary of a hierarchy that the format's specification says: it is made,
 * used and flushed. ATTESTER_... */
enum atls_reason ATLS_MUST_USE
atls_tpm_key_load_file(const struct atls_tpm_line *line, struct atls_view der,
                       const char *what, ESYS_TR *handle, struct atls_why *why);

/* atls_tpm_key_load_passing: the same of a key that is flushed after use, by
 * atls_tpm_passing_flush. */
enum atls_reason ATLS_MUST_USE
atls_tpm_key_load_passing(const struct atls_tpm_line *line,
                          struct atls_view der, const char *what,
                          ESYS_TR *handle, struct atls_why *why);

/* atls_tpm_key_read_public: free *out with Esys_Free. ATTESTER_... */
enum atls_reason ATLS_MUST_USE
atls_tpm_key_read_public(const struct atls_tpm_line *line, ESYS_TR handle,
                         TPM2B_PUBLIC **out, struct atls_why *why);

#endif
