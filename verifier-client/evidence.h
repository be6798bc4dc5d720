/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence, parsed once: the CMW is unwrapped, the format found in the table
 * and its claims decoded. Nothing is verified yet: between parsing and
 * appraisal stand only the comparison of the nonce and, in a handshake, the
 * X.509 verdict.
 */
#ifndef ATLS_EVIDENCE_H
#define ATLS_EVIDENCE_H

#include "cmw.h"
#include "policy.h"
#include "type.h"
#include "verdict.h"

struct atls_evidence; /* owns a copy of the record's value */

/* atls_evidence_parse: cmw is as it travelled. expected, when not NULL, is the
 * type agreed on: CMW_TYPE if the record has another; with expected NULL any
 * type of the table is taken. An indicator that is present must be exactly
 * evidence (4): CMW_INDICATOR. A collection
 * is Evidence of type application/cmw+cbor or +json, with its cmwc_t, and each
 * of its members Evidence again. FORMAT_UNKNOWN, CMW_MALFORMED, CMW_TOO_LARGE,
 * EVIDENCE_MALFORMED, NONCE_MISSING, ALGORITHM_UNSUPPORTED, TPM_NOT_A_QUOTE,
 * OUT_OF_MEMORY. Free *out with atls_evidence_free. */
enum atls_reason ATLS_MUST_USE
atls_evidence_parse(struct atls_view cmw, const struct atls_type *expected,
                    struct atls_evidence **out, struct atls_why *why);
/* atls_evidence_parse_stored: the same of Evidence that lies somewhere and is
 * no peer's: it may have been made without a nonce, which then is empty. */
enum atls_reason ATLS_MUST_USE
atls_evidence_parse_stored(struct atls_view cmw, struct atls_evidence **out,
                           struct atls_why *why);
/* atls_evidence_take: the same of a CMW that was parsed. */
enum atls_reason ATLS_MUST_USE
atls_evidence_take(const struct atls_cmw *cmw, const struct atls_type *expected,
                   struct atls_evidence **out, struct atls_why *why);
/* atls_evidence_wrap: Evidence of a type that no format of ours has
 * (FORMAT_UNKNOWN), as it is, for profiles of format other: no nonce can be
 * compared, and only a Verifier that "unparsed" allows ever judges it.
 * CMW_TYPE, CMW_INDICATOR, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_evidence_wrap(const struct atls_cmw *cmw, const struct atls_type *expected,
                   struct atls_evidence **out, struct atls_why *why);
void atls_evidence_free(struct atls_evidence *evidence);

/* atls_evidence_nonce: what the attester was challenged with; borrowed. Empty:
 * it was wrapped. */
struct atls_view atls_evidence_nonce(const struct atls_evidence *evidence);

/* atls_evidence_nonce_equal: constant time. Of a batch, the nonce is the root
 * that the binder leads to from its place (doc/protocol.md, "Batches"). A nonce
 * field of fixed 64 bytes holds the binder left and zeros right, all 64
 * compared. */
bool atls_evidence_nonce_equal(const struct atls_evidence *evidence,
                               struct atls_view binder);

/* Signatures over Evidence that one peer can order (doc/protocol.md, "Limits"):
 * of one record, the delegate's among them, and of a whole composite. What a
 * chain costs below each has its own limits: chain.h. */
#define ATLS_SIGNATURES_MAX           4
#define ATLS_SIGNATURES_MAX_COMPOSITE 64

/* atls_evidence_subject_key: the TLS key that the Evidence attests, of a
 * composite that of the first member which attests one; a new reference. NULL:
 * none. Its signature is still to be verified. Those of the format's
 * subject_key. */
enum atls_reason ATLS_MUST_USE
atls_evidence_subject_key(const struct atls_evidence *evidence, EVP_PKEY **key,
                          struct atls_why *why);

/* atls_evidence_subject: appends its DER SubjectPublicKeyInfo, for whoever has
 * no peer to compare it with. Nothing: it attests none. CRYPTO_FAILED, too. */
enum atls_reason ATLS_MUST_USE
atls_evidence_subject(const struct atls_evidence *evidence,
                      struct atls_buf *spki, struct atls_why *why);

/* Under what Evidence is judged. Zeroed members are not there. */
struct atls_terms {
    const struct atls_policy *policy;
    const struct atls_rule *rule; /* whose profiles may accept, in its order */
    const char *only_profile;     /* in place of the rule: the one named */
    int64_t now;                  /* seconds since 1970 at which to judge */
    unsigned *num_signatures;     /* verified for this peer before, counted
                                     on; NULL: none were */
    bool is_member;               /* of a composite, whose limit holds */
    const char *verifier;       /* the setting's: of profiles that name none */
    int64_t deadline_ns;        /* atls_clock_now, for a Verifier's answer; 0:
                                   none may be asked */
    int64_t timeout_ns;         /* how long before it all began; 0: not said */
    struct atls_view challenge; /* what Evidence that was wrapped is for */
    struct atls_view tik; /* SubjectPublicKeyInfo of the peer's TLS key, DER;
                             empty: unknown, and Evidence that attests one
                             is refused */
};

/* atls_evidence_appraise: the signature up to a trust anchor, then the claims,
 * under the profiles of this Evidence's format; then the Verifier, where the
 * profile has one, which is asked once however many profiles name it. The nonce
 * must have been compared before; a TLS key that the Evidence attests is
 * compared here. Fills *verdict; returns its reason, which can be
 * TLS_KEY_UNKNOWN, TLS_KEY_MISMATCH, those of the format's subject_key,
 * VERIFIER_DEADLINE, VERIFIER_MISSING, and those of atls_remote_appraise. */
enum atls_reason atls_evidence_appraise(const struct atls_evidence *evidence,
                                        const struct atls_terms *terms,
                                        struct atls_verdict *verdict);

/* atls_evidence_judge: atls_appraise under terms, whose rule is chosen as
 * there. */
enum atls_reason atls_evidence_judge(struct atls_view cmw,
                                     struct atls_view nonce,
                                     const struct atls_terms *terms,
                                     struct atls_verdict *verdict);

/* atls_evidence_judge_stored: of Evidence that nothing binds to a connection or
 * a session: what atls_evidence_judge would say if its nonce were right goes
 * into *otherwise, and *verdict refuses, whatever that is: EVIDENCE_UNBOUND. */
enum atls_reason atls_evidence_judge_stored(struct atls_view cmw,
                                            const struct atls_terms *terms,
                                            struct atls_verdict *verdict,
                                            struct atls_verdict *otherwise);

/* atls_evidence_certificate: DER, that it brings of its signer, not verified;
 * empty: none. */
struct atls_view
atls_evidence_certificate(const struct atls_evidence *evidence);

/* atls_evidence_describe: calls each(arg, name, value) for the claims that an
 * operator wants to see in a log line (few: brief) or in full. Both strings
 * are printable and die with the call. */
typedef void atls_claim_fn(void *arg, const char *name, const char *value);
void atls_evidence_describe(const struct atls_evidence *evidence, bool brief,
                            atls_claim_fn *each, void *arg);

#endif
