/* SPDX-License-Identifier: Apache-2.0
 *
 * From inside of a check: what the kinds of delivery share, and each of them.
 */
#ifndef ATLS_DELIVERING_H
#define ATLS_DELIVERING_H

#include "delivery.h"

struct atls_delivering { /* one delivery while it is checked */
    const struct atls_want *want;
    const struct atls_delivery *delivery;
    const struct atls_delivery_terms *terms;
    struct atls_delivered *out;
    struct atls_anchors anchors; /* roots alone; own references */
    char what[ATLS_WANT_TEXT];
};

/* Each kind: delivery_amd.c, delivery_crl.c, delivery_tcb.c. */
enum atls_reason ATLS_MUST_USE
atls_delivering_check_chain(struct atls_delivering *delivering,
                            struct atls_why *why);
enum atls_reason ATLS_MUST_USE
atls_delivering_check_vcek(struct atls_delivering *delivering,
                           struct atls_why *why);
enum atls_reason ATLS_MUST_USE
atls_delivering_check_crl(struct atls_delivering *delivering,
                          struct atls_why *why);
enum atls_reason ATLS_MUST_USE
atls_delivering_check_document(struct atls_delivering *delivering,
                               struct atls_why *why);

/* atls_delivering_wrong: COLLATERAL_INVALID: this was wanted. */
enum atls_reason atls_delivering_wrong(const struct atls_delivering *delivering,
                                       const char *want, struct atls_why *why);

/* atls_delivering_read_chain: the header's certificates. CHAIN_MISSING,
 * COLLATERAL_INVALID, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_delivering_read_chain(struct atls_delivering *delivering,
                           struct atls_why *why);

/* atls_delivering_add_known: the CAs that were known before. false: no memory.
 */
bool ATLS_MUST_USE
atls_delivering_add_known(struct atls_delivering *delivering);

/* atls_delivering_open_roots: from then on verify has roots. CHAIN_UNTRUSTED:
 * there is none. */
enum atls_reason ATLS_MUST_USE
atls_delivering_open_roots(struct atls_delivering *delivering,
                           struct atls_why *why);

/* atls_delivering_verify: from the certificate to a root. CHAIN_*,
 * OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_delivering_verify(const struct atls_delivering *delivering, X509 *leaf,
                       struct atls_why *why);

/* atls_delivering_check_time: of the dates of what came. COLLATERAL_STALE. */
enum atls_reason ATLS_MUST_USE
atls_delivering_check_time(const struct atls_delivering *delivering,
                           struct atls_why *why);

/* atls_delivering_put_pem: appends certificates. false: no memory. */
bool ATLS_MUST_USE atls_delivering_put_pem(struct atls_buf *out,
                                           STACK_OF(X509) * chain);

#endif
