/* SPDX-License-Identifier: Apache-2.0
 *
 * Under SSL_MODE_ASYNC libssl runs on 32 KiB of heap without a guard page.
 * What needs an ordinary stack runs on a thread of its own there, and right
 * here everywhere else. So does what is to go on side by side. A thread never
 * outlives the call that made it: the caller waits for it.
 */
#ifndef ATLS_OFFLOAD_H
#define ATLS_OFFLOAD_H

#include "bytes.h"

#define ATLS_OFFLOAD_MAX 4 /* side by side */

/* atls_offload: run(arg), finished when this returns. false: no thread could
 * be made, and nothing ran. */
bool ATLS_MUST_USE atls_offload(void (*run)(void *arg), void *arg);

/* atls_offload_all: run(args[i]) for 1 to ATLS_OFFLOAD_MAX args side by side,
 * all of them finished when this returns: the first right here, each other on a
 * thread of its own; where none can be made, here as well, after the first. */
void atls_offload_all(void (*run)(void *arg), void *const *args,
                      size_t num_args);

#endif
