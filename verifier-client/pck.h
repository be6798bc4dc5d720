/* SPDX-License-Identifier: Apache-2.0
 *
 * What a PCK certificate says of its platform: the extension
 * 1.2.840.113741.1.13.1 (Intel SGX PCK Certificate and Certificate Revocation
 * List Profile Specification, 1.3.5).
 */
#ifndef ATLS_PCK_H
#define ATLS_PCK_H

#include <openssl/x509.h>

#include "why.h"

enum { ATLS_PCK_FMSPC = 6, ATLS_PCK_PCE_ID = 2, ATLS_PCK_SVNS = 16 };

struct atls_pck {
    uint8_t fmspc[ATLS_PCK_FMSPC];
    uint8_t pce_id[ATLS_PCK_PCE_ID];
    uint8_t svns[ATLS_PCK_SVNS]; /* SGX TCB components */
    uint16_t pce_svn;
};

/* atls_pck_read: EVIDENCE_MALFORMED: no such extension, or not all of the
 * above in it. */
enum atls_reason ATLS_MUST_USE atls_pck_read(const X509 *certificate,
                                             struct atls_pck *out,
                                             struct atls_why *why);

#endif
