/* SPDX-License-Identifier: Apache-2.0
 *
 * libatls: what a Relying Party does with Evidence. Bytes in, verdict out; no
 * I/O but atls_policy_load, no clock, no global state. Objects are immutable
 * once made and may be shared by threads.
 */
#ifndef ATLS_ATLS_H
#define ATLS_ATLS_H

#include <stdbool.h>
#include <stdio.h>

#include "atls/reason.h"
#include "atls/view.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define ATLS_VERDICT_TEXT 384
#define ATLS_PROFILE_NAME 64 /* bytes with the NUL */

/* Trustworthiness tiers and claims of draft-ietf-rats-ar4si. */
enum atls_tier {
    ATLS_TIER_NONE = 0,
    ATLS_TIER_AFFIRMING = 2,
    ATLS_TIER_WARNING = 32,
    ATLS_TIER_CONTRAINDICATED = 96
};
enum atls_ar4si_claim {
    ATLS_INSTANCE_IDENTITY,
    ATLS_CONFIGURATION,
    ATLS_EXECUTABLES,
    ATLS_FILE_SYSTEM,
    ATLS_HARDWARE,
    ATLS_RUNTIME_OPAQUE,
    ATLS_STORAGE_OPAQUE,
    ATLS_SOURCED_DATA,
    ATLS_NUM_AR4SI_CLAIMS
};

struct atls_verdict {
    enum atls_reason reason; /* ATLS_OK: accepted, and tier is affirming, or
                                warning where a Verifier's entry takes that */
    enum atls_tier tier;     /* the worst of the vector; none: not appraised */
    int8_t vector[ATLS_NUM_AR4SI_CLAIMS]; /* 0: nothing said */
    char profile[ATLS_PROFILE_NAME];      /* that accepted or refused, or "" */
    char text[ATLS_VERDICT_TEXT]; /* wanted, seen, whose move; "" if accepted */
};

/* atls_tier_name: "none", "affirming", "warning", "contraindicated". */
const char *atls_tier_name(enum atls_tier tier);
/* atls_ar4si_name: "instance-identity", "configuration", ... */
const char *atls_ar4si_name(enum atls_ar4si_claim claim);

struct atls_policy;

/* atls_policy_load: reads policy.json at path with every file that it names
 * (relative to its folder). Owned by the caller: atls_policy_free.
 * FILE_UNREADABLE, POLICY_INVALID, OUT_OF_MEMORY; text (size bytes, may be
 * NULL) then says file, line, JSON pointer, wanted and seen. */
enum atls_reason atls_policy_load(const char *path, struct atls_policy **out,
                                  char *text, size_t size);
void atls_policy_free(struct atls_policy *policy);

/* atls_appraise: judges one CMW (at most 65,528 bytes) against the policy.
 *   cmw      as it travelled, RFC 9999 record, JSON or CBOR
 *   nonce    what the Evidence must carry, 8 to 64 bytes, compared in constant
 *            time and before any signature
 *   now      seconds since 1970-01-01T00:00:00Z at which to judge
 *   profile  a profile's name, or NULL: those that the first rule accepts
 *            which matches a server without a name
 * No Verifier is asked: a profile that has one is refused (VERIFIER_DEADLINE).
 * Returns verdict->reason, which can be any of reason.def under "The
 * conceptual message wrapper" and "Appraisal", RULE_MISSING, OUT_OF_MEMORY or
 * CRYPTO_FAILED. *verdict is always filled. */
enum atls_reason atls_appraise(const struct atls_policy *policy,
                               struct atls_view cmw, struct atls_view nonce,
                               int64_t now, const char *profile,
                               struct atls_verdict *verdict);

/* atls_appraise_for_key: the same, of a peer whose TLS key is known:
 *   tik      the key's DER SubjectPublicKeyInfo, as its certificate has it.
 *            Evidence that attests a TLS key (key attestation) must attest this
 *            one: TLS_KEY_MISMATCH; empty: such Evidence is refused
 *            (TLS_KEY_UNKNOWN), as atls_appraise does. Other Evidence does not
 *            ask for it: there the nonce alone has to name the key. */
enum atls_reason
atls_appraise_for_key(const struct atls_policy *policy, struct atls_view cmw,
                      struct atls_view nonce, struct atls_view tik, int64_t now,
                      const char *profile, struct atls_verdict *verdict);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
