/* SPDX-License-Identifier: Apache-2.0
 *
 * Under SSL_MODE_ASYNC libssl runs on 32 KiB of heap without a guard page.
 * What needs an ordinary stack runs on a thread of its own there, and right
 * here everywhere else.
 */
#ifndef ATLS_OFFLOAD_H
#define ATLS_OFFLOAD_H

#include "bytes.h"

/* atls_offload: run(arg), finished when this returns. false: no thread could
 * be made, and nothing ran. */
bool ATLS_MUST_USE atls_offload(void (*run)(void *arg), void *arg);

#endif
