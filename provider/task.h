/* SPDX-License-Identifier: Apache-2.0
 *
 * Work that may hang in the kernel, such as a quote that a host has to make:
 * it is done on a thread of its own, which is left to itself at the deadline.
 */
#ifndef ATLS_TASK_H
#define ATLS_TASK_H

#include "provider/deadline.h"
#include "why.h"

#define ATLS_TASK_MAX_HUNG 4 /* threads of a process that nobody waits for */

struct atls_task {
    void (*run)(void *job);  /* on the thread; calls no libcrypto, as the
                                program may have ended that meanwhile */
    void (*free)(void *job); /* on the thread, when nobody waits any more */
};

/* atls_task_run: runs *job and waits for it until deadline. ATLS_OK: it has
 * run. ATTESTER_TIMEOUT: the thread has taken it, *job is NULL.
 * ATTESTER_BUSY: too many hang already. OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE atls_task_run(const struct atls_task *task,
                                             void **job, atls_deadline deadline,
                                             struct atls_why *why);

#endif
