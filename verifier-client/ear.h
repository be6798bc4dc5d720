/* SPDX-License-Identifier: Apache-2.0
 *
 * EAT Attestation Results (draft-ietf-rats-ear), decoded from a payload whose
 * signature was verified, and written. Four profiles and both naming styles
 * (ear.status, ear_status) come to one struct. What the claims are worth is for
 * result.c.
 */
#ifndef ATLS_EAR_H
#define ATLS_EAR_H

#include "json.h"
#include "verdict.h"

#define ATLS_EAR_MAX_SUBMODS 16
#define ATLS_EAR_NAME        64   /* bytes of a submodule's name with the NUL */
#define ATLS_EAR_MAX_AKPUB   2048 /* bytes */

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
    enum atls_tier status; /* the worst of what is said and what the vector
                              says; none without a vector that affirms */
    int8_t vector[ATLS_NUM_AR4SI_CLAIMS]; /* 0: absent */
    struct atls_ear_nonce nonce;
    struct atls_view akpub; /* DER SubjectPublicKeyInfo; empty: none */
    const json_t *claims;   /* all of the submodule; borrowed */
};

struct atls_ear {
    json_t *root; /* owned */
    struct atls_buf storage;
    const char *profile;   /* one of the above */
    const char *developer; /* of the verifier ID; borrowed; NULL: absent */
    bool has_exp, has_nbf;
    int64_t iat, exp, nbf; /* seconds since 1970 */
    struct atls_ear_nonce nonce;
    struct atls_ear_submod submods[ATLS_EAR_MAX_SUBMODS];
    size_t num_submods; /* at least 1 */
};

/* atls_ear_parse: payload is JSON. RESULT_MALFORMED (also an unknown profile,
 * an unknown status, a nonce beyond 8..64 bytes or more than one, no submodule
 * or too many), OUT_OF_MEMORY. Clear *out whatever the reason. */
enum atls_reason ATLS_MUST_USE atls_ear_parse(struct atls_view payload,
                                              struct atls_ear *out,
                                              struct atls_why *why);
void atls_ear_clear(struct atls_ear *ear);

/* atls_ear_member: a member by its dotted name ("ear.veraison.policy-claims"),
 * in the spelling with underscores too; NULL: absent. */
const json_t *atls_ear_member(const json_t *object, const char *name);

/* One submodule to be written. */
struct atls_ear_appraisal {
    const char *name;                   /* "PSA_IOT" */
    const struct atls_verdict *verdict; /* status and vector; a refusal's text
                                           is its "problem" */
    struct atls_view nonce; /* that the Evidence carried and that was compared;
                               empty: none. Veraison's own results have none,
                               and its library passes over ours */
    struct atls_view akpub; /* DER SubjectPublicKeyInfo of a TLS key that the
                               Evidence attested; empty: none */
    const char *policy_id;  /* NULL: left out */
    json_t *claims;         /* of the Evidence, for people; borrowed; NULL: left
                               out */
};

/* A result to be written. */
struct atls_ear_content {
    const char *profile;           /* ATLS_EAR_PROFILE_IETF, or _VERAISON with
                                      its names and its padded nonce */
    int64_t iat;                   /* seconds since 1970 */
    int64_t exp;                   /* 0: left out, as Veraison does */
    struct atls_view nonce;        /* the session's; empty: left out */
    const char *developer, *build; /* the Verifier's identity */
    struct atls_view raw_evidence; /* empty: left out */
    const struct atls_ear_appraisal *submods;
    size_t num_submods;
};

/* atls_ear_put: appends the payload for atls_jws_put. OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_ear_put(struct atls_buf *out, const struct atls_ear_content *content,
             struct atls_why *why);

#endif
