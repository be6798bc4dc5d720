/* SPDX-License-Identifier: Apache-2.0
 *
 * Making a verdict: it starts denying, refusals lower it, success is assigned
 * once, last.
 */
#ifndef ATLS_VERDICT_H
#define ATLS_VERDICT_H

#include "atls/atls.h"
#include "why.h"

/* atls_verdict_init: denying: PROFILE_MISSING, tier none, empty vector. */
void atls_verdict_init(struct atls_verdict *verdict);

/* atls_verdict_refuse: takes over why's reason and sentence; claim gets the
 * AR4SI value (draft-ietf-rats-ar4si, 2.3; 96..127 contraindicated, 32..95
 * warning); the tier follows. Returns the reason. */
enum atls_reason atls_verdict_refuse(struct atls_verdict *verdict,
                                     enum atls_ar4si_claim claim, int8_t value,
                                     const struct atls_why *why);

/* atls_verdict_accept: the last step: nothing was refused, the affirmed claims
 * are in the vector, so reason becomes ATLS_OK and the tier is derived. */
enum atls_reason atls_verdict_accept(struct atls_verdict *verdict);

/* atls_tier_of: the tier of one AR4SI value (draft-ietf-rats-ar4si, 2.3). */
enum atls_tier atls_tier_of(int8_t value);

/* atls_verdict_worst: the worst tier of a vector; none: nothing is said. */
enum atls_tier atls_verdict_worst(const int8_t vector[ATLS_NUM_AR4SI_CLAIMS]);

#endif
