/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence that a client submitted for a session, judged and put into an
 * Attestation Result.
 */
#ifndef ATLS_SERVE_APPRAISAL_H
#define ATLS_SERVE_APPRAISAL_H

#include "serve/service.h"
#include "serve/session.h"
#include "verdict.h"

struct atls_submission {
    const struct atls_session *session;
    const struct atls_format *format; /* of the profiles of the service */
    struct atls_type type;            /* of the format's own */
    struct atls_view value;
    uint32_t indicator; /* of the CMW that it came in; 0: none */
    int64_t now;        /* seconds since 1970 */
};

/* atls_appraisal_run: bad Evidence is no failure: *verdict says so, and so does
 * the signed result, which is appended to `result`. OUT_OF_MEMORY and
 * CRYPTO_FAILED: we could not judge, or not sign, and there is no result. */
enum atls_reason ATLS_MUST_USE
atls_appraisal_run(const struct atls_service *service,
                   const struct atls_submission *submission,
                   struct atls_verdict *verdict, struct atls_buf *result,
                   struct atls_why *why);

#endif
