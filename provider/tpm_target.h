/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a TPM is reached, in the words of tpm2-tss's TCTI configuration:
 *
 *     device[:PATH]                 a character device; default /dev/tpmrm0
 *     swtpm[:host=HOST,port=PORT]   a software TPM's data socket
 *     NAME[:CONF]                   any other TCTI, left to tpm2-tss
 */
#ifndef ATLS_TPM_TARGET_H
#define ATLS_TPM_TARGET_H

#include "why.h"

enum atls_tpm_kind {
    ATLS_TPM_DEVICE, /* opened once, kept */
    ATLS_TPM_SOCKET, /* connected for each quote */
    ATLS_TPM_TCTI    /* tpm2-tss's loader, for each quote */
};

struct atls_tpm_target {
    enum atls_tpm_kind kind;
    char text[256]; /* the path; the host; the TCTI configuration */
    char port[8];   /* of ATLS_TPM_SOCKET */
};

/* atls_tpm_target_parse: ATTESTER_OPTION. */
enum atls_reason ATLS_MUST_USE
atls_tpm_target_parse(const char *tcti, struct atls_tpm_target *out,
                      struct atls_why *why);

#endif
