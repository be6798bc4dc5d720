/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing results. The submodule's own nonce is what the Evidence was found to
 * carry; the one at the top is the word of whoever opened the session. A
 * problem's text is for people and decides nothing.
 */
#include "serve/statement.h"

#include <stdio.h>

#include "base64url.h"
#include "config.h"
#include "ear.h"

/* Names in the two styles. */
static const struct names {
    const char *verifier, *status, *vector, *policy, *claims, *problem;
} styles[] = {
    {"ear.verifier-id", "ear.status", "ear.trustworthiness-vector",
     "ear.appraisal-policy-id", "ear.veraison.annotated-evidence",
     "ear.veraison.policy-claims"},
    {"ear_verifier_id", "ear_status", "ear_trustworthiness_vector",
     "ear_appraisal_policy_ids", "ear_veraison_annotated_evidence",
     "ear_veraison_policy_claims"},
};

static const struct names *names_of(const struct atls_statement *statement)
{
    return &styles[statement->is_ietf ? 1 : 0];
}

/* Veraison's nonces are padded (RFC 4648, 3.2), the draft's are not. */
static json_t *nonce_json(const struct atls_statement *statement,
                          struct atls_view nonce)
{
    ATLS_AUTO_BUF text = atls_buf(256);

    atls_base64url_put(&text, nonce);
    while (!statement->is_ietf && !text.failed && text.len % 4 != 0)
        atls_buf_u8(&text, '=');
    return text.failed ? NULL : json_stringn((const char *)text.data, text.len);
}

static json_t *vector_json(const struct atls_verdict *verdict)
{
    json_t *vector = atls_json_object();

    for (int i = 0; i < ATLS_NUM_AR4SI_CLAIMS; i++)
        (void)json_object_set_new(vector,
                                  atls_ar4si_name((enum atls_ar4si_claim)i),
                                  json_integer(verdict->vector[i]));
    return vector;
}

static json_t *policy_json(const struct atls_statement *statement)
{
    char text[ATLS_PROFILE_NAME + sizeof("policy:")];

    snprintf(text, sizeof(text), "policy:%s", statement->verdict->profile);
    return statement->is_ietf ? json_pack("[o]", atls_json_text(text))
                              : atls_json_text(text);
}

static json_t *problem_json(const struct atls_verdict *verdict)
{
    return json_pack("{s:o,s:s}", "problem", atls_json_text(verdict->text),
                     "reason", atls_reason_name(verdict->reason));
}

static json_t *submod_json(const struct atls_statement *statement)
{
    const struct names *names = names_of(statement);
    const struct atls_verdict *verdict = statement->verdict;
    json_t *submod =
        json_pack("{s:s,s:o}", names->status, atls_tier_name(verdict->tier),
                  names->vector, vector_json(verdict));

    if (verdict->profile[0] != '\0')
        (void)json_object_set_new(submod, names->policy,
                                  policy_json(statement));
    if (statement->evidence_nonce.len > 0)
        (void)json_object_set_new(
            submod, "eat_nonce",
            nonce_json(statement, statement->evidence_nonce));
    if (statement->claims != NULL)
        (void)json_object_set(submod, names->claims, statement->claims);
    if (verdict->reason != ATLS_OK)
        (void)json_object_set_new(submod, names->problem,
                                  problem_json(verdict));
    return submod;
}

static json_t *root_json(const struct atls_statement *statement)
{
    return json_pack(
        "{s:s,s:I,s:o,s:{s:s,s:s},s:{s:o}}", "eat_profile",
        statement->is_ietf ? ATLS_EAR_PROFILE_IETF : ATLS_EAR_PROFILE_VERAISON,
        "iat", (json_int_t)statement->issued, "eat_nonce",
        nonce_json(statement, statement->nonce), names_of(statement)->verifier,
        "build", PACKAGE_STRING, "developer", PACKAGE_NAME, "submods",
        statement->submod, submod_json(statement));
}

static void add_ietf(const struct atls_statement *statement, json_t *root)
{
    (void)json_object_set_new(
        root, "exp",
        json_integer(statement->issued + ATLS_STATEMENT_LIFETIME_S));
    (void)json_object_set_new(
        root, names_of(statement)->status,
        json_string(atls_tier_name(statement->verdict->tier)));
}

enum atls_reason atls_statement_put(const struct atls_statement *statement,
                                    struct atls_buf *out, struct atls_why *why)
{
    ATLS_AUTO(json_t) *root = root_json(statement);

    if (root != NULL && statement->is_ietf)
        add_ietf(statement, root);
    if (root != NULL)
        atls_json_put(out, root);
    return root != NULL && !out->failed
               ? ATLS_OK
               : atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
}
