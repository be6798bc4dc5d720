/* SPDX-License-Identifier: Apache-2.0
 *
 * What came for a want: is it that, and does its maker's root vouch for it? No
 * I/O, no clock. Nothing that has not been verified goes into a folder;
 * appraisal verifies all of it again.
 */
#ifndef ATLS_DELIVERY_H
#define ATLS_DELIVERY_H

#include "want.h"

struct atls_delivery { /* borrowed */
    struct atls_view body;
    struct atls_view
        chain; /* the header's value, as it was sent; empty: none */
};

/* What it is checked with; borrowed. */
struct atls_delivery_terms {
    STACK_OF(X509) * roots;    /* that end chains; NULL: the makers' own
                                  (vendor_root.h), of whatever certificates come */
    STACK_OF(X509) * known;    /* certificates from elsewhere, unverified */
    STACK_OF(X509_CRL) * crls; /* asked where they are there and in time */
    int64_t now;
};

struct atls_delivered {
    struct atls_buf file;          /* what to keep */
    STACK_OF(X509) * certificates; /* that came, and that were known */
    X509_CRL *crl;                 /* likewise, or NULL */
    int64_t issued, next; /* seconds since 1970; next: INT64_MAX: no end */
    uint32_t evaluation;  /* tcbEvaluationDataNumber */
};

/* atls_delivery_check: COLLATERAL_INVALID: it is something else, of another
 * chip, TCB, FMSPC or TEE, cut short, or not signed by whom it should be;
 * CHAIN_* of its signer; COLLATERAL_STALE: its time is over, or has not come;
 * OUT_OF_MEMORY. Clear *out whatever the reason. */
enum atls_reason ATLS_MUST_USE
atls_delivery_check(const struct atls_want *want,
                    const struct atls_delivery *delivery,
                    const struct atls_delivery_terms *terms,
                    struct atls_delivered *out, struct atls_why *why);
void atls_delivered_clear(struct atls_delivered *delivered);

#endif
