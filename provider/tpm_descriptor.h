/* SPDX-License-Identifier: Apache-2.0
 *
 * A descriptor of a TPM device that outlives what its program does: high, so
 * that nobody closes it by chance, close-on-exec, and known by the identity of
 * what it refers to, because a daemon that closes all descriptors makes room
 * for a client's socket of the same number.
 */
#ifndef ATLS_TPM_DESCRIPTOR_H
#define ATLS_TPM_DESCRIPTOR_H

#include <sys/types.h>

#include "provider/deadline.h"
#include "why.h"

struct atls_tpm_descriptor {
    int fd; /* -1: none */
    dev_t device, special;
    ino_t inode;
};

/* atls_tpm_descriptor_open: ATTESTER_ABSENT with uid, path and whose move it
 * is. */
enum atls_reason ATLS_MUST_USE
atls_tpm_descriptor_open(const char *path, struct atls_tpm_descriptor *out,
                         struct atls_why *why);

/* atls_tpm_descriptor_is_ours: it still refers to what was opened. */
bool atls_tpm_descriptor_is_ours(const struct atls_tpm_descriptor *descriptor);

/* atls_tpm_descriptor_close: unless it has become somebody else's. */
void atls_tpm_descriptor_close(struct atls_tpm_descriptor *descriptor);

/* atls_tpm_socket_connect: a fresh TCP connection, close-on-exec. *fd is the
 * caller's. ATTESTER_ABSENT, ATTESTER_TIMEOUT. */
enum atls_reason ATLS_MUST_USE
atls_tpm_socket_connect(const char *host, const char *port,
                        atls_deadline deadline, int *fd, struct atls_why *why);

#endif
