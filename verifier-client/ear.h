/* SPDX-License-Identifier: Apache-2.0
 *
 * EAT Attestation Results (draft-ietf-rats-ear), decoded from a payload whose
 * signature was verified, and written. Three profiles and both naming styles
 * (ear.status, ear_status) come to one struct. What the claims are worth is for
 * result.c.
 */
#ifndef ATLS_EAR_H
#define ATLS_EAR_H

#include "atls/atls.h"
#include "json.h"

#define ATLS_EAR_MAX_SUBMODS 16
#define ATLS_EAR_NAME        64 /* bytes of a submodule's name with the NUL */

/* eat_profile */
#define ATLS_EAR_PROFILE_VERAISON "tag:github.com,2023:veraison/ear"
#define ATLS_EAR_PROFILE_TRUSTEE                                               \
    "tag:github.com,2024:confidential-containers/Trustee"
#define ATLS_EAR_PROFILE_IETF_2025 "tag:ietf.org,2025-07:ear"
#define ATLS_EAR_PROFILE_IETF      "tag:ietf.org,2026:rats/ear#03"

struct atls_ear_nonce { /* len 0: there is none */
    uint8_t bytes[64];
    size_t len;
};

struct atls_ear_submod {
    char name[ATLS_EAR_NAME];
    enum atls_tier status; /* recomputed from the vector, where that is worse */
    int8_t vector[ATLS_NUM_AR4SI_CLAIMS];
    struct atls_ear_nonce nonce;
    struct atls_view akpub; /* DER SubjectPublicKeyInfo; empty: none */
    const json_t *claims;   /* all of the submodule; borrowed */
};

struct atls_ear {
    json_t *root; /* owned */
    struct atls_buf storage;
    const char *profile; /* one of the above */
    bool has_exp, has_nbf;
    int64_t iat, exp, nbf; /* seconds since 1970 */
    struct atls_ear_nonce nonce;
    struct atls_ear_submod submods[ATLS_EAR_MAX_SUBMODS];
    size_t num_submods; /* at least 1 */
};

/* atls_ear_parse: payload is JSON. RESULT_MALFORMED (also an unknown profile,
 * an unknown status, a nonce beyond 8..64 bytes, no submodule or too many),
 * OUT_OF_MEMORY. Clear *out whatever the reason. */
enum atls_reason ATLS_MUST_USE atls_ear_parse(struct atls_view payload,
                                              struct atls_ear *out,
                                              struct atls_why *why);
void atls_ear_clear(struct atls_ear *ear);

/* atls_tier_of: the tier of one AR4SI value (draft-ietf-rats-ar4si, 2.3). */
enum atls_tier atls_tier_of(int8_t value);

#endif
