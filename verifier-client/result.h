/* SPDX-License-Identifier: Apache-2.0
 *
 * Is a Verifier's word good? Signature under its keys, age, what the result is
 * about, and what it says, as the policy's entry for that Verifier wants it.
 */
#ifndef ATLS_RESULT_H
#define ATLS_RESULT_H

#include "verifier.h"

/* What a result must be about. */
struct atls_result_subject {
    struct atls_view nonce; /* the challenge; a field of fixed 64 bytes holds it
                               left and zeros right, and either form is equal */
    int64_t not_before; /* seconds; results made earlier are stale; 0: any */
    const uint8_t *tik; /* SHA-256 of the SubjectPublicKeyInfo that an attested
                           key in the result must be; NULL: not asked */
};

/* atls_result_appraise: compact is what the Verifier sent (a JWS). Fills
 * *verdict from the worst submodule; *expires_s is when it may no longer be
 * used (exp, or iat and max_age). Every nonce and every key that is present
 * must be the subject's, and in each submodule the nonce must come from the
 * Evidence: by the submodule's own; by the top-level one where this submodule
 * of this Verifier is listed as nonce_checked (the shipped list is for results
 * of Veraison's own); for Trustee by the report_data in the submodule's
 * annotated Evidence; for CCA_SSD_PLATFORM by CCA_REALM beside it
 * (doc/protocol.md, "Delegation and passport"). verdict->tier is warning where
 * the policy takes that. RESULT_MALFORMED, RESULT_KEY_UNKNOWN,
 * RESULT_SIGNATURE, RESULT_STALE, RESULT_FUTURE, RESULT_NONCE (another's),
 * RESULT_KEY (another's), RESULT_SUBMOD (missing or unexpected), RESULT_REFUSED
 * (a tier), RESULT_NONCE_UNCHECKED, and OUT_OF_MEMORY, CRYPTO_FAILED. Returns
 * verdict->reason. */
enum atls_reason atls_result_appraise(const struct atls_verifier *verifier,
                                      struct atls_view compact,
                                      const struct atls_result_subject *subject,
                                      int64_t now, struct atls_verdict *verdict,
                                      int64_t *expires_s);

#endif
