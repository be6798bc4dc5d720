/* SPDX-License-Identifier: Apache-2.0
 *
 * A TCTI of our own (TCG TSS 2.0 TCTI specification) over a descriptor that
 * carries bare TPM commands and responses: a device, or swtpm's data socket.
 * It keeps a deadline over all commands and remembers why it failed.
 */
#ifndef ATLS_TPM_TCTI_H
#define ATLS_TPM_TCTI_H

#include "provider/tpm_turn.h"
#include "provider/tss.h"
#include "why.h"

struct atls_tpm_tcti; /* a TSS2_TCTI_CONTEXT */

/* atls_tpm_tcti_new: fd is non-blocking and stays the caller's. left, where not
 * NULL, tells whoever comes next when a response is due. OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE atls_tpm_tcti_new(int fd, bool is_socket,
                                                 struct atls_tpm_left *left,
                                                 atls_deadline deadline,
                                                 struct atls_tpm_tcti **out,
                                                 struct atls_why *why);
void atls_tpm_tcti_free(struct atls_tpm_tcti *tcti);

TSS2_TCTI_CONTEXT *atls_tpm_tcti_context(struct atls_tpm_tcti *tcti);

/* atls_tpm_tcti_why: ATLS_OK while nothing has failed. */
const struct atls_why *atls_tpm_tcti_why(const struct atls_tpm_tcti *tcti);

/* atls_tpm_tcti_drain: reads the response that somebody left behind, and keeps
 * of it the handle of a key that was being loaded; for a TCTI that was made
 * with left. ATTESTER_TIMEOUT, ATTESTER_FAILED. */
enum atls_reason ATLS_MUST_USE atls_tpm_tcti_drain(struct atls_tpm_tcti *tcti,
                                                   struct atls_why *why);

#endif
