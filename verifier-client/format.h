/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of Evidence formats. A format is a row and a file: it decodes
 * claims from a record's value and judges them under a profile. No I/O, no
 * clock; time is a parameter.
 */
#ifndef ATLS_FORMAT_H
#define ATLS_FORMAT_H

#include "evidence.h"

struct atls_profile; /* policy.h */

struct atls_format {
    const char *name;         /* of the policy: "psa", "tpm" */
    const char *const *types; /* spellings (type.h), canonical first, NULL-ended */
    size_t claims_size;       /* bytes of its claims struct */

    /* parse: decodes value (which outlives claims) into zeroed claims_size
     * bytes and points *nonce into it. EVIDENCE_MALFORMED, NONCE_MISSING,
     * ALGORITHM_UNSUPPORTED. */
    enum atls_reason (*parse)(struct atls_view value, void *claims,
                              struct atls_view *nonce, struct atls_why *why);

    /* appraise: signature first, claims then. Ends in atls_verdict_accept or
     * atls_verdict_refuse. */
    enum atls_reason (*appraise)(const void *claims,
                                 const struct atls_profile *profile,
                                 int64_t now, struct atls_verdict *verdict);

    void (*describe)(const void *claims, bool brief, atls_claim_fn *each,
                     void *arg);
};

extern const struct atls_format atls_format_psa;
extern const struct atls_format atls_format_tpm;

/* NULL: no such format. */
const struct atls_format *atls_format_by_name(const char *name);
const struct atls_format *atls_format_by_type(struct atls_type type);

#endif
