/* SPDX-License-Identifier: Apache-2.0
 *
 * A verdict as an EAT Attestation Result (draft-ietf-rats-ear), unsigned: under
 * Veraison's profile, which its clients know, or the draft's.
 */
#ifndef ATLS_SERVE_STATEMENT_H
#define ATLS_SERVE_STATEMENT_H

#include "json.h"
#include "verdict.h"

#define ATLS_STATEMENT_LIFETIME_S                                              \
    300 /* "exp", of the draft's profile alone                                 \
         */

struct atls_statement {
    bool is_ietf;
    int64_t issued;         /* seconds since 1970 */
    struct atls_view nonce; /* of the session */
    const char *submod;
    struct atls_view evidence_nonce; /* what the Evidence was found to carry;
                                        empty: not said */
    const struct atls_verdict *verdict;
    json_t *claims; /* of the Evidence, borrowed; NULL: not said */
};

/* atls_statement_put: OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_statement_put(const struct atls_statement *statement, struct atls_buf *out,
                   struct atls_why *why);

#endif
