/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder of collateral and its renewal: what is wanted so that all of it
 * stays in time, and what there is already of a want. No I/O.
 */
#ifndef ATLS_RENEWAL_H
#define ATLS_RENEWAL_H

#include "delivery.h"
#include "stock.h"

/* atls_renewal_wants: what there is and has a maker who publishes it anew. */
void atls_renewal_wants(struct atls_wants *wants,
                        const struct atls_stock_folder *stock);

/* atls_renewal_find: the newest of the folder for that want, with its dates.
 * Certificates and CRLs are checked as deliveries are, CRLs without regard to
 * their end; documents are read. false: there is none. Clear *out in any case.
 */
bool ATLS_MUST_USE atls_renewal_find(const struct atls_stock_folder *stock,
                                     const struct atls_want *want,
                                     const struct atls_delivery_terms *terms,
                                     struct atls_delivered *out);

#endif
