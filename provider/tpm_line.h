/* SPDX-License-Identifier: Apache-2.0
 *
 * A line to a TPM: a TCTI and an ESYS context over it, for one quote.
 */
#ifndef ATLS_TPM_LINE_H
#define ATLS_TPM_LINE_H

#include "provider/tpm_descriptor.h"
#include "provider/tpm_module.h"
#include "provider/tpm_tcti.h"
#include "provider/tpm_turn.h"

struct atls_tpm_line {
    struct atls_tpm_tcti *own; /* ours, or NULL */
    TSS2_TCTI_CONTEXT *other;  /* of tpm2-tss's loader, or NULL */
    ESYS_CONTEXT *esys;
    struct atls_tpm_left *left; /* of a device; NULL for others */
    int socket_fd;              /* -1: none */
};
#define ATLS_TPM_NO_LINE                                                       \
    {                                                                          \
        .socket_fd = -1                                                        \
    }

/* atls_tpm_line_open: for the holder of the turn. The descriptor is used for
 * devices, and opened again when it is no longer ours. ATTESTER_ABSENT,
 * ATTESTER_TIMEOUT, ATTESTER_FAILED, OUT_OF_MEMORY. Close *out in any case. */
enum atls_reason ATLS_MUST_USE
atls_tpm_line_open(const struct atls_tpm_target *target,
                   struct atls_tpm_descriptor *descriptor,
                   struct atls_tpm_turn *turn, atls_deadline deadline,
                   struct atls_tpm_line *out, struct atls_why *why);
void atls_tpm_line_close(struct atls_tpm_line *line);

/* atls_tpm_line_check: ATLS_OK when rc is success, else what stood in the way,
 * what naming the step. */
enum atls_reason ATLS_MUST_USE
atls_tpm_line_check(const struct atls_tpm_line *line, TSS2_RC rc,
                    const char *what, struct atls_why *why);

#endif
