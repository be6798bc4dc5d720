/* SPDX-License-Identifier: Apache-2.0
 *
 * Objects that a quote loads, uses and flushes: parents, and the TLS key. A
 * device keeps what is loaded for as long as its descriptor is open, and only
 * a few of them: what a deadline left behind is flushed by whoever comes next.
 */
#ifndef ATLS_TPM_PASSING_H
#define ATLS_TPM_PASSING_H

#include "provider/tpm_line.h"

/* atls_tpm_passing_begin: what the next command loads is such an object;
 * _end: it was answered; handle, if it loaded one, is remembered. */
void atls_tpm_passing_begin(const struct atls_tpm_line *line);
void atls_tpm_passing_end(const struct atls_tpm_line *line, TSS2_RC rc,
                          ESYS_TR handle);

/* atls_tpm_passing_flush: it was used. */
void atls_tpm_passing_flush(const struct atls_tpm_line *line, ESYS_TR handle);

/* atls_tpm_passing_clean: flushes what others left. */
void atls_tpm_passing_clean(const struct atls_tpm_line *line);

#endif
