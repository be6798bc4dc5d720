/* SPDX-License-Identifier: Apache-2.0
 *
 * The same code that judges a peer in a handshake, with the session's nonce in
 * the place of the binder.
 */
#include "serve/appraisal.h"

#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "cmw.h"
#include "config.h"
#include "ear.h"
#include "parsed.h"
#include "spki.h"

enum {
    CRYPTO_FAILED = 99, /* draft-ietf-rats-ar4si, 2.3 */
    LIFETIME_S = 300,   /* of a result that says when it ends */
    MAX_PARTS = 2
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

/* Whose TLS key the Evidence attests is for the Relying Party to compare: the
 * result names the key. */
static void judge(const struct atls_service *service,
                  const struct atls_submission *submission,
                  const struct atls_evidence *evidence, struct atls_buf *akpub,
                  struct atls_verdict *verdict)
{
    struct atls_terms terms = {
        .policy = service->policy,
        .rule = service->rule,
        .now = service->setup->has_at ? service->setup->at : submission->now};
    struct atls_why why = {0};

    if (check_nonce(service, submission, evidence, &why) != ATLS_OK ||
        atls_evidence_subject(evidence, akpub, &why) != ATLS_OK) {
        refuse_all(verdict, &why);
        return;
    }
    terms.tik = atls_buf_view(akpub);
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
                              const struct atls_ear_appraisal *submods,
                              size_t num_submods, struct atls_buf *result,
                              struct atls_why *why)
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
        .submods = submods,
        .num_submods = num_submods};

    return sign(service, &content, result, why);
}

/* What a result says, submodule by submodule. */
struct statement {
    char policy_id[ATLS_PROFILE_NAME + sizeof("policy:")];
    struct {
        char name[ATLS_EAR_NAME];
        struct atls_verdict verdict;
        json_t *claims;
    } items[MAX_PARTS];
    struct atls_ear_appraisal submods[MAX_PARTS];
    size_t num;
};

static void free_statement(struct statement **statement)
{
    for (size_t i = 0; *statement != NULL && i < MAX_PARTS; i++)
        json_decref((*statement)->items[i].claims);
    free(*statement);
}
#define AUTO_STATEMENT __attribute__((cleanup(free_statement))) struct statement

/* Who trusts Veraison's name for a submodule trusts that the nonce was
 * compared: where it was not, the name is another one. */
static void add_submod(const struct atls_service *service,
                       struct statement *statement, const char *name,
                       const struct atls_verdict *verdict)
{
    size_t i = statement->num++;

    snprintf(statement->items[i].name, ATLS_EAR_NAME, "%s%s",
             service->setup->is_nonce_unchecked ? "UNCHECKED_" : "", name);
    statement->items[i].verdict = *verdict;
    statement->submods[i] = (struct atls_ear_appraisal){
        .name = statement->items[i].name,
        .verdict = &statement->items[i].verdict,
        .policy_id = verdict->profile[0] != '\0' ? statement->policy_id : NULL};
}

static void vouch(const struct atls_service *service,
                  const struct atls_evidence *evidence,
                  const struct atls_part *part, struct atls_view akpub,
                  struct statement *statement)
{
    size_t i = statement->num - 1;
    struct atls_verdict *verdict = &statement->items[i].verdict;
    struct atls_ear_appraisal *submod = &statement->submods[i];
    json_t *claims = atls_json_object();

    statement->items[i].claims = claims;
    submod->claims = claims;
    submod->akpub = akpub;
    if (part->has_nonce && !service->setup->is_nonce_unchecked)
        submod->nonce = atls_evidence_nonce(evidence);
    if (part->affirm == NULL) {
        atls_evidence_describe(evidence, false, take_claim, claims);
        return;
    }
    memset(verdict->vector, 0, sizeof(verdict->vector));
    part->affirm(atls_policy_profile(service->policy, verdict->profile),
                 verdict->vector);
    verdict->tier = atls_verdict_worst(verdict->vector);
    part->describe(evidence->claims, take_claim, claims);
}

/* evidence NULL: it could not be parsed. What was refused says nothing of
 * itself: nobody vouches for it, nor for a part of it. */
static enum atls_reason describe(const struct atls_service *service,
                                 const struct atls_submission *submission,
                                 const struct atls_evidence *evidence,
                                 struct atls_view akpub,
                                 const struct atls_verdict *verdict,
                                 struct atls_buf *result, struct atls_why *why)
{
    const struct atls_format *format = submission->format;
    bool is_told = evidence != NULL && format->submod_of != NULL;
    const struct atls_part whole[] = {
        {.submod =
             is_told ? format->submod_of(evidence->claims) : format->submod,
         .has_nonce = true},
        {0}};
    AUTO_STATEMENT *statement = calloc(1, sizeof(*statement));

    if (statement == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    snprintf(statement->policy_id, sizeof(statement->policy_id), "policy:%s",
             verdict->profile);
    for (const struct atls_part *part = format->parts != NULL ? format->parts
                                                              : whole;
         part->submod != NULL && statement->num < MAX_PARTS; part++) {
        add_submod(service, statement, part->submod, verdict);
        if (verdict->reason == ATLS_OK)
            vouch(service, evidence, part, akpub, statement);
    }
    return state(service, submission, statement->submods, statement->num,
                 result, why);
}

enum atls_reason atls_appraisal_run(const struct atls_service *service,
                                    const struct atls_submission *submission,
                                    struct atls_verdict *verdict,
                                    struct atls_buf *result,
                                    struct atls_why *why)
{
    AUTO_EVIDENCE *evidence = NULL;
    ATLS_AUTO_BUF akpub = atls_buf(ATLS_SPKI_MAX);
    struct atls_why bad = {0};

    atls_verdict_init(verdict);
    if (parse(submission, &evidence, &bad) != ATLS_OK)
        refuse_all(verdict, &bad);
    else
        judge(service, submission, evidence, &akpub, verdict);
    settle(verdict);
    if (verdict->reason == ATLS_OUT_OF_MEMORY ||
        verdict->reason == ATLS_CRYPTO_FAILED)
        return atls_why(why, verdict->reason, "%s", verdict->text);
    return describe(service, submission, evidence, atls_buf_view(&akpub),
                    verdict, result, why);
}
