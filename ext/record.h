/* SPDX-License-Identifier: Apache-2.0
 *
 * A record that an attester was asked for, taken out of what it gave: for a
 * collection of ours, which is written in CBOR, and for a Verifier.
 */
#ifndef ATLS_RECORD_H
#define ATLS_RECORD_H

#include "attester.h"
#include "cmw.h"

/* atls_record_first: the first scheme of an attester that is a record of its
 * own: no collection, and nothing of a batch if anything stands alone, as those
 * who take it may not know batches. NULL: it makes collections alone. */
const struct atls_scheme *atls_record_first(const struct atls_schemes *schemes);

/* atls_record_is_batch: of Evidence in a batch. */
bool atls_record_is_batch(const struct atls_scheme *scheme);

/* atls_record_take: *cmw is the record in bytes, which must have the type that
 * was asked for; it holds as atls_cmw_parse says. ATTESTER_FAILED. */
enum atls_reason ATLS_MUST_USE atls_record_take(struct atls_view bytes,
                                                struct atls_type wanted,
                                                struct atls_buf *storage,
                                                struct atls_cmw *cmw,
                                                struct atls_why *why);

/* atls_record_put: the same, written to out as a collection of CBOR takes it.
 * It is not longer than bytes are. ATTESTER_FAILED. */
enum atls_reason ATLS_MUST_USE atls_record_put(struct atls_buf *out,
                                               struct atls_view bytes,
                                               struct atls_type wanted,
                                               struct atls_why *why);

#endif
