/* SPDX-License-Identifier: Apache-2.0
 *
 * The way to the broker: a connection that is made while the program may still
 * see the socket's path, is shared by the processes that are forked later, and
 * is made anew from the folder that was kept when the broker was restarted.
 */
#ifndef ATLS_BROKER_LINE_H
#define ATLS_BROKER_LINE_H

#include "provider/broker_message.h"
#include "provider/deadline.h"
#include "provider/descriptor.h"
#include "provider/lock.h"

struct atls_broker_line {
    const char *path; /* borrowed */
    struct atls_lock lock;
    struct atls_descriptor folder, connection; /* fd -1: not opened yet */
};

void atls_broker_line_init(struct atls_broker_line *line, const char *path);
void atls_broker_line_clear(struct atls_broker_line *line);

/* atls_broker_line_open: connects, unless it has. ATTESTER_ABSENT, _TIMEOUT,
 * OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_broker_line_open(struct atls_broker_line *line, atls_deadline deadline,
                      struct atls_why *why);

/* atls_broker_line_ask: one request, one reply, into out as it came. Any
 * thread, also after fork. ATTESTER_ABSENT, ATTESTER_TIMEOUT, ATTESTER_FAILED,
 * OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE atls_broker_line_ask(
    struct atls_broker_line *line, const struct atls_broker_request *request,
    atls_deadline deadline, struct atls_buf *out, struct atls_why *why);

#endif
