/* SPDX-License-Identifier: Apache-2.0
 *
 * What one side can prove and the other appraise: Evidence of a type, or an
 * Attestation Result of a Verifier (doc/protocol.md, "Messages").
 */
#ifndef ATLS_SCHEME_H
#define ATLS_SCHEME_H

#include "type.h"

enum atls_mechanism { ATLS_MECHANISM_EVIDENCE = 0, ATLS_MECHANISM_RESULT = 1 };

struct atls_scheme {
    enum atls_mechanism mechanism;
    struct atls_type type;     /* of Evidence; borrowed */
    struct atls_view verifier; /* of a result: who made it; borrowed, compared
                                  byte by byte */
};

#endif
