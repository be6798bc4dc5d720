/* SPDX-License-Identifier: Apache-2.0
 *
 * The same code that judges a peer in a handshake, with the session's nonce in
 * the place of the binder.
 */
#include "serve/appraisal.h"

#include <stdio.h>

#include "base64url.h"
#include "cmw.h"
#include "config.h"
#include "ear.h"
#include "parsed.h"

enum {
    CRYPTO_FAILED = 99, /* draft-ietf-rats-ar4si, 2.3 */
    LIFETIME_S = 300    /* of a result that says when it ends */
};

static void free_evidence(struct atls_evidence **evidence)
{
    atls_evidence_free(*evidence);
}
#define AUTO_EVIDENCE                                                          \
    __attribute__((cleanup(free_evidence))) struct atls_evidence

/* As Veraison does where Evidence is no good at all: nothing is left open. */
static void refuse_all(struct atls_verdict *verdict, const struct atls_why *why)
{
    for (int i = 0; i < ATLS_NUM_AR4SI_CLAIMS; i++)
        (void)atls_verdict_refuse(verdict, (enum atls_ar4si_claim)i,
                                  CRYPTO_FAILED, why);
}

/* A refusal whose claims say nothing bad would read as something else. */
static void settle(struct atls_verdict *verdict)
{
    struct atls_why why = {0};

    if (verdict->reason == ATLS_OK || verdict->tier == ATLS_TIER_WARNING ||
        verdict->tier == ATLS_TIER_CONTRAINDICATED)
        return;
    (void)atls_why(&why, verdict->reason, "%s", verdict->text);
    refuse_all(verdict, &why);
}

static enum atls_reason parse(const struct atls_submission *submission,
                              struct atls_evidence **evidence,
                              struct atls_why *why)
{
    ATLS_AUTO_BUF cmw = atls_buf(submission->value.len + 512);

    atls_cmw_put(&cmw, submission->type, submission->value,
                 submission->indicator);
    if (cmw.failed)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return atls_evidence_parse(atls_buf_view(&cmw), NULL, evidence, why);
}

static enum atls_reason check_nonce(const struct atls_service *service,
                                    const struct atls_submission *submission,
                                    const struct atls_evidence *evidence,
                                    struct atls_why *why)
{
    const struct atls_session *session = submission->session;
    struct atls_view nonce = atls_view(session->nonce, session->nonce_len);
    char wanted[2 * ATLS_SESSION_MAX_NONCE + 1], seen[sizeof(wanted)];

    if (service->setup->is_nonce_unchecked ||
        atls_evidence_nonce_equal(evidence, nonce))
        return ATLS_OK;
    atls_hex(nonce, wanted, sizeof(wanted));
    atls_hex(atls_evidence_nonce(evidence), seen, sizeof(seen));
    return atls_why(why, ATLS_BINDER_MISMATCH,
                    "nonce: want the session's %s, the Evidence holds %s",
                    wanted, seen);
}

static void judge(const struct atls_service *service,
                  const struct atls_submission *submission,
                  const struct atls_evidence *evidence,
                  struct atls_verdict *verdict)
{
    const struct atls_terms terms = {
        .policy = service->policy,
        .rule = service->rule,
        .now = service->setup->has_at ? service->setup->at : submission->now};
    struct atls_why why = {0};

    if (check_nonce(service, submission, evidence, &why) != ATLS_OK)
        refuse_all(verdict, &why);
    else
        (void)atls_evidence_appraise(evidence, &terms, verdict);
}

static void take_claim(void *arg, const char *name, const char *value)
{
    (void)json_object_set_new(arg, name, atls_json_text(value));
}

static enum atls_reason sign(const struct atls_service *service,
                             const struct atls_ear_content *content,
                             struct atls_buf *result, struct atls_why *why)
{
    const struct atls_signer *signer = &service->signers.items[0];
    ATLS_AUTO_BUF payload = atls_buf(ATLS_JWS_MAX);
    enum atls_reason reason = atls_ear_put(&payload, content, why);

    return reason == ATLS_OK ? atls_jws_put(result, atls_buf_view(&payload),
                                            signer->key, signer->kid, why)
                             : reason;
}

static enum atls_reason state(const struct atls_service *service,
                              const struct atls_submission *submission,
                              const struct atls_ear_appraisal *appraisal,
                              struct atls_buf *result, struct atls_why *why)
{
    const struct atls_session *session = submission->session;
    bool is_ietf = service->setup->is_ietf;
    const struct atls_ear_content content = {
        .profile = is_ietf ? ATLS_EAR_PROFILE_IETF : ATLS_EAR_PROFILE_VERAISON,
        .iat = submission->now,
        .exp = is_ietf ? submission->now + LIFETIME_S : 0,
        .nonce = atls_view(session->nonce, session->nonce_len),
        .developer = PACKAGE_NAME,
        .build = PACKAGE_STRING,
        .submods = appraisal,
        .num_submods = 1};

    return sign(service, &content, result, why);
}

/* Who trusts Veraison's name for a submodule trusts that the nonce was
 * compared: where it was not, the name is another one. */
static void name_submod(const struct atls_service *service, const char *name,
                        char out[ATLS_EAR_NAME])
{
    snprintf(out, ATLS_EAR_NAME, "%s%s",
             service->setup->is_nonce_unchecked ? "UNCHECKED_" : "", name);
}

/* evidence NULL: it could not be parsed. What was refused says nothing of
 * itself: nobody vouches for it. */
static enum atls_reason describe(const struct atls_service *service,
                                 const struct atls_submission *submission,
                                 const struct atls_evidence *evidence,
                                 const struct atls_verdict *verdict,
                                 struct atls_buf *result, struct atls_why *why)
{
    bool is_good = verdict->reason == ATLS_OK;
    ATLS_AUTO(json_t) *claims = is_good ? atls_json_object() : NULL;
    char policy_id[ATLS_PROFILE_NAME + sizeof("policy:")];
    char name[ATLS_EAR_NAME];
    struct atls_ear_appraisal appraisal = {
        .name = name, .verdict = verdict, .claims = claims};

    name_submod(service, submission->format->submod, name);
    if (verdict->profile[0] != '\0') {
        snprintf(policy_id, sizeof(policy_id), "policy:%s", verdict->profile);
        appraisal.policy_id = policy_id;
    }
    if (is_good)
        atls_evidence_describe(evidence, false, take_claim, claims);
    if (is_good && !service->setup->is_nonce_unchecked)
        appraisal.nonce = atls_evidence_nonce(evidence);
    return state(service, submission, &appraisal, result, why);
}

enum atls_reason atls_appraisal_run(const struct atls_service *service,
                                    const struct atls_submission *submission,
                                    struct atls_verdict *verdict,
                                    struct atls_buf *result,
                                    struct atls_why *why)
{
    AUTO_EVIDENCE *evidence = NULL;
    struct atls_why bad = {0};

    atls_verdict_init(verdict);
    if (parse(submission, &evidence, &bad) != ATLS_OK)
        refuse_all(verdict, &bad);
    else
        judge(service, submission, evidence, verdict);
    settle(verdict);
    if (verdict->reason == ATLS_OUT_OF_MEMORY ||
        verdict->reason == ATLS_CRYPTO_FAILED)
        return atls_why(why, verdict->reason, "%s", verdict->text);
    return describe(service, submission, evidence, verdict, result, why);
}
