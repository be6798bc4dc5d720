/* SPDX-License-Identifier: Apache-2.0
 *
 * Whose turn it is at a TPM: among the threads of a process and the processes
 * that were forked from it, which share one descriptor.
 */
#ifndef ATLS_TPM_TURN_H
#define ATLS_TPM_TURN_H

#include <stdatomic.h>

#include "provider/deadline.h"
#include "why.h"

struct atls_tpm_turn;

/* atls_tpm_turn_new: in memory that children share. OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE atls_tpm_turn_new(struct atls_tpm_turn **out,
                                                 struct atls_why *why);
/* atls_tpm_turn_free: this process's view of it; others keep theirs. */
void atls_tpm_turn_free(struct atls_tpm_turn *turn);

/* atls_tpm_turn_take: waits until deadline. A holder that died is forgotten.
 * ATTESTER_TIMEOUT. */
enum atls_reason ATLS_MUST_USE atls_tpm_turn_take(struct atls_tpm_turn *turn,
                                                  atls_deadline deadline,
                                                  struct atls_why *why);
void atls_tpm_turn_give(struct atls_tpm_turn *turn);

#define ATLS_TPM_MAX_PASSING 2 /* a key and its parent */

/* What holders leave to the next one, in whatever process. */
struct atls_tpm_left {
    atomic_bool is_pending; /* a command was sent, its response not read */
    atomic_uint handle; /* of an attestation key that stayed loaded; 0: none */
    atomic_bool is_passing; /* what that command loads is no such key, but to be
                               flushed (tpm_passing.h) */
    atomic_uint passing[ATLS_TPM_MAX_PASSING]; /* handles of such; 0: none */
};
/* atls_tpm_left_add, _drop: a handle to or from passing. */
void atls_tpm_left_add(struct atls_tpm_left *left, uint32_t handle);
void atls_tpm_left_drop(struct atls_tpm_left *left, uint32_t handle);
/* atls_tpm_turn_left: for the holder. */
struct atls_tpm_left *atls_tpm_turn_left(struct atls_tpm_turn *turn);

#endif
