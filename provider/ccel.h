/* SPDX-License-Identifier: Apache-2.0
 *
 * How much of the memory that firmware keeps for its event log (CCEL) it has
 * written to: what is told of it is the Relying Party's affair, and no digest
 * is looked at here.
 */
#ifndef ATLS_CCEL_H
#define ATLS_CCEL_H

#include "bytes.h"

/* atls_ccel_length: bytes of the header and of all events before those that
 * nothing was written to (all 0xff or all 0). 0: it is no crypto-agile log, or
 * has an event that is broken. */
size_t atls_ccel_length(struct atls_view bytes);

#endif
