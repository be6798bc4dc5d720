/* SPDX-License-Identifier: Apache-2.0
 *
 * Is it good? Evidence against the profiles of a rule: the signer's key, its
 * signature, then the claims. The verdict starts denying; only a format's
 * judge can turn it, once the signature is good.
 */
#include <errno.h>
#include <stdio.h>

#include <openssl/err.h>

#include "base64url.h"
#include "parsed.h"
#include "remote.h"
#include "rule.h"
#include "spki.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

enum { /* draft-ietf-rats-ar4si, 2.3: values of instance-identity */
       UNRECOGNIZED = 97,
       CRYPTO_FAILED = 99,
       NO_CLAIM = 0,
};

struct appraisal {
    const struct atls_evidence *evidence;
    const struct atls_terms *terms;
    int64_t now;
    EVP_PKEY *verified; /* the key that was found to have signed */
    const struct atls_verifier *asked; /* who was, and what it said */
    struct atls_verdict answer;
};

static enum atls_reason refuse(struct atls_verdict *verdict, int8_t value,
                               const struct atls_why *why)
{
    return atls_verdict_refuse(verdict, ATLS_INSTANCE_IDENTITY, value, why);
}

static enum atls_reason find_key(const struct appraisal *appraisal,
                                 const struct atls_profile *profile,
                                 EVP_PKEY **key, struct atls_why *why)
{
    const struct atls_evidence *evidence = appraisal->evidence;
    struct atls_view signer = evidence->format->signer(evidence->claims);
    char id[2 * ATLS_ANCHOR_ID + 1];

    *key = NULL;
    if (signer.len == 0)
        return atls_why(why, ATLS_CLAIM_MISSING,
                        "want an instance ID in the Evidence, found none");
    *key = atls_anchors_find(&profile->anchors, signer);
    if (*key != NULL)
        return ATLS_OK;
    atls_hex(signer, id, sizeof(id));
    return atls_why(why, ATLS_ANCHOR_UNKNOWN,
                    "profile %s: want a signer among its trust anchors, the "
                    "Evidence names %s: add its public key to trust_anchors",
                    profile->name, id);
}

/* One more signature; what says of whom one would have been expected. */
static enum atls_reason count(const struct atls_terms *terms, const char *what,
                              struct atls_why *why)
{
    unsigned *num = terms->num_signatures;

    if (!terms->is_member && *num >= ATLS_SIGNATURES_MAX)
        return atls_why(why, ATLS_SIGNATURE_INVALID,
                        "want a signature that one of %d %s", *num, what);
    if (*num >= ATLS_SIGNATURES_MAX_COMPOSITE)
        return atls_why(why, ATLS_SIGNATURES_TOO_MANY,
                        "want at most %d signatures in all of a composite, "
                        "found more",
                        ATLS_SIGNATURES_MAX_COMPOSITE);
    (*num)++;
    return ATLS_OK;
}

static enum atls_reason verify(struct appraisal *appraisal, EVP_PKEY *key,
                               struct atls_why *why)
{
    const struct atls_evidence *evidence = appraisal->evidence;
    enum atls_reason reason;

    if (key == appraisal->verified)
        return ATLS_OK;
    reason = count(appraisal->terms, "keys made", why);
    if (reason == ATLS_OK)
        reason = evidence->format->verify(evidence->claims, key, why);
    if (reason == ATLS_OK)
        appraisal->verified = key;
    return reason;
}

static enum atls_reason verify_chain(struct appraisal *appraisal,
                                     const struct atls_profile *profile,
                                     struct atls_why *why)
{
    const struct atls_format *format = profile->format;
    enum atls_reason reason = count(appraisal->terms, "profiles takes", why);

    if (reason == ATLS_OK)
        reason = format->verify_chain(appraisal->evidence->claims, profile,
                                      appraisal->now, why);
    return reason;
}

static enum atls_reason appraise_here(struct appraisal *appraisal,
                                      const struct atls_profile *profile,
                                      struct atls_verdict *verdict)
{
    const struct atls_format *format = profile->format;
    bool has_chain = format->verify_chain != NULL;
    struct atls_why why = {0};
    EVP_PKEY *key = NULL;

    if (!has_chain && find_key(appraisal, profile, &key, &why) != ATLS_OK)
        return refuse(verdict, UNRECOGNIZED, &why);
    if ((has_chain ? verify_chain(appraisal, profile, &why)
                   : verify(appraisal, key, &why)) != ATLS_OK)
        return refuse(verdict, CRYPTO_FAILED, &why);
    return format->judge(appraisal->evidence->claims, profile, appraisal->now,
                         verdict);
}

static void ask(struct appraisal *appraisal,
                const struct atls_verifier *verifier,
                struct atls_remote_question *question)
{
    const struct atls_terms *terms = appraisal->terms;

    question->verifier = verifier;
    question->tik = terms->tik;
    question->deadline_ns = terms->deadline_ns;
    question->timeout_ns = terms->timeout_ns;
    appraisal->asked = verifier;
    (void)atls_remote_appraise(question, atls_policy_id(terms->policy),
                               appraisal->now, &appraisal->answer);
}

/* A Verifier sees Evidence whose nonce we have compared ourselves: its word on
 * that is not needed. Where we cannot, the policy must say that it is enough.
 */
static enum atls_reason question_of(const struct appraisal *appraisal,
                                    const struct atls_verifier *verifier,
                                    struct atls_remote_question *question,
                                    struct atls_why *why)
{
    atls_evidence_question(appraisal->evidence, question);
    if (appraisal->terms->deadline_ns == 0)
        return atls_why(why, ATLS_VERIFIER_DEADLINE,
                        "Verifier %s: want a deadline for its answer, found "
                        "none",
                        verifier->name);
    if (question->nonce.len > 0)
        return ATLS_OK;
    question->nonce = appraisal->terms->challenge;
    if (!verifier->allows_unparsed || question->nonce.len == 0)
        return atls_why(why, ATLS_NONCE_MISSING,
                        "Verifier %s: want Evidence in which we find the nonce "
                        "ourselves, or \"unparsed\": true",
                        verifier->name);
    return ATLS_OK;
}

static enum atls_reason appraise_there(struct appraisal *appraisal,
                                       const struct atls_profile *profile,
                                       const struct atls_verifier *verifier,
                                       struct atls_verdict *verdict)
{
    struct atls_remote_question question;
    struct atls_why why = {0};

    if (question_of(appraisal, verifier, &question, &why) != ATLS_OK)
        return refuse(verdict, NO_CLAIM, &why);
    if (appraisal->asked != verifier)
        ask(appraisal, verifier, &question);
    *verdict = appraisal->answer;
    snprintf(verdict->profile, sizeof(verdict->profile), "%s", profile->name);
    return verdict->reason;
}

/* The profile's own Verifier, else the setting's. */
static const struct atls_verifier *
verifier_of(const struct atls_terms *terms, const struct atls_profile *profile)
{
    if (profile->verifier != NULL || terms->verifier == NULL)
        return profile->verifier;
    return atls_policy_verifier(terms->policy, atls_view_text(terms->verifier));
}

static enum atls_reason no_judge(const struct atls_terms *terms,
                                 const struct atls_profile *profile,
                                 struct atls_verdict *verdict)
{
    struct atls_why why = {0};

    (void)atls_why(&why, ATLS_VERIFIER_MISSING,
                   "profile %s: want a Verifier%s%s%s", profile->name,
                   terms->verifier != NULL ? " \"" : ", found none",
                   terms->verifier != NULL ? terms->verifier : "",
                   terms->verifier != NULL ? "\" in the policy" : "");
    return refuse(verdict, NO_CLAIM, &why);
}

/* Here first, since strangers shall order nothing elsewhere. A setting that
 * names a Verifier which the policy lacks is never taken for none. */
static enum atls_reason appraise_one(struct appraisal *appraisal,
                                     const struct atls_profile *profile,
                                     struct atls_verdict *verdict)
{
    const struct atls_format *format = appraisal->evidence->format;
    const struct atls_terms *terms = appraisal->terms;
    const struct atls_verifier *verifier = verifier_of(terms, profile);
    bool needs_verifier = !profile->has_anchors || terms->verifier != NULL;

    atls_verdict_init(verdict);
    snprintf(verdict->profile, sizeof(verdict->profile), "%s", profile->name);
    if (format->appraise != NULL) /* of its members each has its Verifier */
        return format->appraise(appraisal->evidence->claims, profile, terms,
                                verdict);
    if (profile->has_anchors &&
        appraise_here(appraisal, profile, verdict) != ATLS_OK)
        return verdict->reason;
    if (verifier != NULL)
        return appraise_there(appraisal, profile, verifier, verdict);
    return needs_verifier ? no_judge(terms, profile, verdict) : verdict->reason;
}

/* Of several refusals the first stands that knew the signer: it says more. */
static bool says_more(const struct atls_verdict *verdict,
                      const struct atls_verdict *other)
{
    return (verdict->reason == ATLS_PROFILE_MISSING &&
            other->reason != ATLS_PROFILE_MISSING) ||
           (verdict->reason == ATLS_ANCHOR_UNKNOWN &&
            other->reason != ATLS_PROFILE_MISSING &&
            other->reason != ATLS_ANCHOR_UNKNOWN);
}

/* Of Evidence that nobody here can parse its type is all that is known. */
static bool is_for(const struct atls_profile *profile,
                   const struct atls_evidence *evidence)
{
    if (!atls_format_takes(profile->format, evidence->format))
        return false;
    if (profile->format != &atls_format_other)
        return true;
    for (size_t i = 0; i < profile->num_types; i++) {
        struct atls_type type;

        if (atls_type_parse(atls_view_text(profile->types[i]), &type) &&
            atls_type_equal(type, evidence->type))
            return true;
    }
    return false;
}

static void try_profile(struct appraisal *appraisal,
                        const struct atls_profile *profile,
                        struct atls_verdict *verdict)
{
    struct atls_verdict other;

    if (!is_for(profile, appraisal->evidence))
        return;
    if (appraise_one(appraisal, profile, &other) == ATLS_OK ||
        verdict->profile[0] == '\0' || says_more(verdict, &other))
        *verdict = other;
}

static enum atls_reason no_profile(const struct atls_evidence *evidence,
                                   struct atls_verdict *verdict)
{
    struct atls_why why = {0};

    (void)atls_why(&why, ATLS_PROFILE_MISSING,
                   "want a profile of format %s among those that are accepted "
                   "for this peer, found none",
                   evidence->format->name);
    return refuse(verdict, NO_CLAIM, &why);
}

static void try_all(struct appraisal *appraisal, const struct atls_rule *rule,
                    struct atls_verdict *verdict)
{
    for (size_t i = 0; rule != NULL && i < rule->num_accept; i++) {
        try_profile(appraisal, rule->accept[i], verdict);
        if (verdict->reason == ATLS_OK)
            return;
    }
}

/* Is it this peer's key that was made inside? As cheap as the comparison of the
 * nonce, and before any signature like that one. */
static enum atls_reason check_subject(const struct atls_evidence *evidence,
                                      const struct atls_terms *terms,
                                      struct atls_why *why)
{
    ATLS_AUTO(EVP_PKEY) *attested = NULL;
    enum atls_reason reason;

    reason = atls_evidence_subject_key(evidence, &attested, why);
    if (reason != ATLS_OK || attested == NULL)
        return reason;
    if (terms->tik.len == 0)
        return atls_why(why, ATLS_TLS_KEY_UNKNOWN,
                        "want the peer's TLS key, to hold it against the one "
                        "that the Evidence attests; none was given");
    if (atls_spki_is(terms->tik, attested))
        return ATLS_OK;
    return atls_why(why, ATLS_TLS_KEY_MISMATCH,
                    "want Evidence that attests the peer's TLS key, this one "
                    "attests another: the peer has to serve with the key that "
                    "its attester names");
}

static enum atls_reason try_profiles(struct appraisal *appraisal,
                                     struct atls_verdict *verdict)
{
    const struct atls_terms *terms = appraisal->terms;
    const struct atls_profile *only = NULL;

    if (terms->only_profile != NULL)
        only = atls_policy_profile(terms->policy, terms->only_profile);
    if (only != NULL)
        try_profile(appraisal, only, verdict);
    else if (terms->only_profile == NULL)
        try_all(appraisal, terms->rule, verdict);
    return verdict->profile[0] == '\0'
               ? no_profile(appraisal->evidence, verdict)
               : verdict->reason;
}

enum atls_reason atls_evidence_appraise(const struct atls_evidence *evidence,
                                        const struct atls_terms *given,
                                        struct atls_verdict *verdict)
{
    struct atls_terms terms_of_this = *given;
    const struct atls_terms *terms = &terms_of_this;
    struct appraisal appraisal = {
        .evidence = evidence, .terms = terms, .now = given->now};
    struct atls_why why = {0};
    unsigned num_signatures = 0;
    int saved = errno;

    if (given->num_signatures == NULL)
        terms_of_this.num_signatures = &num_signatures;
    atls_verdict_init(verdict);
    ERR_set_mark();
    if (check_subject(evidence, terms, &why) != ATLS_OK)
        (void)refuse(verdict, UNRECOGNIZED, &why);
    else
        (void)try_profiles(&appraisal, verdict);
    ERR_pop_to_mark();
    errno = saved;
    return verdict->reason;
}

/* Refusals before anything was appraised. */
static enum atls_reason refuse_early(struct atls_verdict *verdict,
                                     enum atls_reason reason,
                                     struct atls_why *why)
{
    (void)atls_why(why, reason, NULL);
    return refuse(verdict, NO_CLAIM, why);
}

enum { MIN_NONCE = 8, MAX_NONCE = 64 }; /* RFC 9711, 4.1 */

/* By the profile that is named, or as a server without a name. */
static enum atls_reason judge_claims(const struct atls_evidence *evidence,
                                     const struct atls_terms *given,
                                     struct atls_verdict *verdict,
                                     struct atls_why *why)
{
    const struct atls_peer nobody = {.role = ATLS_ROLE_SERVER};
    struct atls_terms terms = *given;

    if (terms.only_profile == NULL)
        terms.rule = atls_policy_match(terms.policy, &nobody);
    if (terms.only_profile == NULL && terms.rule == NULL)
        return refuse_early(verdict, ATLS_RULE_MISSING, why);
    return atls_evidence_appraise(evidence, &terms, verdict);
}

static enum atls_reason judge(const struct atls_evidence *evidence,
                              struct atls_view nonce,
                              const struct atls_terms *terms,
                              struct atls_verdict *verdict,
                              struct atls_why *why)
{
    char seen[2 * MAX_NONCE + 1];

    atls_hex(atls_evidence_nonce(evidence), seen, sizeof(seen));
    if (nonce.len < MIN_NONCE || nonce.len > MAX_NONCE ||
        !atls_evidence_nonce_equal(evidence, nonce)) {
        (void)atls_why(why, ATLS_BINDER_MISMATCH,
                       "nonce: want the %zu bytes that were given, the "
                       "Evidence holds %s",
                       nonce.len, seen);
        return refuse_early(verdict, ATLS_BINDER_MISMATCH, why);
    }
    return judge_claims(evidence, terms, verdict, why);
}

enum atls_reason atls_evidence_judge(struct atls_view cmw,
                                     struct atls_view nonce,
                                     const struct atls_terms *terms,
                                     struct atls_verdict *verdict)
{
    struct atls_evidence *evidence = NULL;
    struct atls_why why = {0};
    enum atls_reason reason;
    int saved = errno;

    atls_verdict_init(verdict);
    ERR_set_mark();
    reason = atls_evidence_parse(cmw, NULL, &evidence, &why);
    ERR_pop_to_mark();
    if (reason != ATLS_OK)
        return refuse_early(verdict, reason, &why);
    reason = judge(evidence, nonce, terms, verdict, &why);
    atls_evidence_free(evidence);
    errno = saved;
    return reason;
}

enum atls_reason atls_evidence_judge_stored(struct atls_view cmw,
                                            const struct atls_terms *terms,
                                            struct atls_verdict *verdict,
                                            struct atls_verdict *otherwise)
{
    struct atls_evidence *evidence = NULL;
    struct atls_why why = {0}, unbound = {0};
    enum atls_reason reason;
    int saved = errno;

    atls_verdict_init(verdict);
    atls_verdict_init(otherwise);
    ERR_set_mark();
    reason = atls_evidence_parse_stored(cmw, &evidence, &why);
    ERR_pop_to_mark();
    if (reason == ATLS_OK)
        (void)judge_claims(evidence, terms, otherwise, &why);
    else
        (void)refuse_early(otherwise, reason, &why);
    atls_evidence_free(evidence);
    errno = saved;
    (void)atls_why(&unbound, ATLS_EVIDENCE_UNBOUND,
                   "want a nonce to hold the Evidence against, none was given: "
                   "this tells what it says, and not who sent it, or when");
    return refuse(verdict, NO_CLAIM, &unbound);
}

enum atls_reason atls_appraise(const struct atls_policy *policy,
                               struct atls_view cmw, struct atls_view nonce,
                               int64_t now, const char *profile,
                               struct atls_verdict *verdict)
{
    return atls_appraise_for_key(policy, cmw, nonce, atls_view(NULL, 0), now,
                                 profile, verdict);
}

enum atls_reason
atls_appraise_for_key(const struct atls_policy *policy, struct atls_view cmw,
                      struct atls_view nonce, struct atls_view tik, int64_t now,
                      const char *profile, struct atls_verdict *verdict)
{
    const struct atls_terms terms = {
        .policy = policy, .only_profile = profile, .now = now, .tik = tik};

    return atls_evidence_judge(cmw, nonce, &terms, verdict);
}
