/* SPDX-License-Identifier: Apache-2.0
 *
 * EAR to JSON: with the names of draft-ietf-rats-ear-03, or as Veraison writes
 * it, member by member.
 */
#include "ear.h"

#include <string.h>

#include "base64url.h"

/* The members of one profile. */
struct spelling {
    const char *verifier_id, *raw_evidence, *status, *vector, *policy_id,
        *policy_claims, *evidence, *key_attestation;
    bool has_padding;       /* in nonces */
    bool has_many_policies; /* as a list */
};

static const struct spelling ietf = {
    .verifier_id = "ear_verifier_id",
    .raw_evidence = "ear_raw_evidence",
    .status = "ear_status",
    .vector = "ear_trustworthiness_vector",
    .policy_id = "ear_appraisal_policy_ids",
    .policy_claims = "ear_veraison_policy_claims",
    .evidence = "ear_veraison_annotated_evidence",
    .key_attestation = "ear_veraison_key_attestation",
    .has_many_policies = true,
};
static const struct spelling veraison = {
    .verifier_id = "ear.verifier-id",
    .raw_evidence = "ear.raw-evidence",
    .status = "ear.status",
    .vector = "ear.trustworthiness-vector",
    .policy_id = "ear.appraisal-policy-id",
    .policy_claims = "ear.veraison.policy-claims",
    .evidence = "ear.veraison.annotated-evidence",
    .key_attestation = "ear.veraison.key-attestation",
    .has_padding = true,
};

/* A value that could not be made is no memory, like one that has no place. */
static bool set(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0;
}

static bool set_bytes(json_t *object, const char *name, struct atls_view bytes,
                      bool has_padding)
{
    ATLS_AUTO_BUF text = atls_buf(SIZE_MAX);

    if (bytes.len == 0)
        return true;
    atls_base64url_put(&text, bytes);
    while (has_padding && text.len % 4 != 0 && !text.failed)
        atls_buf_u8(&text, '=');
    return !text.failed &&
           set(object, name, json_stringn((const char *)text.data, text.len));
}

static bool set_vector(json_t *object, const char *name, const int8_t *vector)
{
    json_t *claims = atls_json_object();

    if (!set(object, name, claims))
        return false;
    for (unsigned i = 0; i < ATLS_NUM_AR4SI_CLAIMS; i++)
        if (!set(claims, atls_ar4si_name((enum atls_ar4si_claim)i),
                 json_integer(vector[i])))
            return false;
    return true;
}

static bool set_policy(json_t *object, const struct spelling *spelling,
                       const char *id)
{
    json_t *list;

    if (id == NULL)
        return true;
    if (!spelling->has_many_policies)
        return set(object, spelling->policy_id, json_string(id));
    list = json_array();
    return set(object, spelling->policy_id, list) &&
           json_array_append_new(list, json_string(id)) == 0;
}

/* Veraison's claim for people; nobody decides by it. */
static bool set_problem(json_t *object, const struct spelling *spelling,
                        const struct atls_verdict *verdict)
{
    json_t *claims;

    if (verdict->text[0] == '\0')
        return true;
    claims = atls_json_object();
    return set(object, spelling->policy_claims, claims) &&
           set(claims, "problem", atls_json_text(verdict->text)) &&
           set(claims, "reason",
               json_string(atls_reason_name(verdict->reason)));
}

static bool set_key(json_t *object, const struct spelling *spelling,
                    struct atls_view akpub)
{
    json_t *attestation;

    if (akpub.len == 0)
        return true;
    attestation = atls_json_object();
    return set(object, spelling->key_attestation, attestation) &&
           set_bytes(attestation, "akpub", akpub, false);
}

static bool set_submod(json_t *submods, const struct spelling *spelling,
                       const struct atls_ear_appraisal *appraisal)
{
    const struct atls_verdict *verdict = appraisal->verdict;
    json_t *object = atls_json_object();

    return set(submods, appraisal->name, object) &&
           set(object, spelling->status,
               json_string(atls_tier_name(verdict->tier))) &&
           set_vector(object, spelling->vector, verdict->vector) &&
           set_policy(object, spelling, appraisal->policy_id) &&
           set_bytes(object, "eat_nonce", appraisal->nonce,
                     spelling->has_padding) &&
           set_key(object, spelling, appraisal->akpub) &&
           (appraisal->claims == NULL ||
            json_object_set(object, spelling->evidence, appraisal->claims) ==
                0) &&
           set_problem(object, spelling, verdict);
}

static bool set_submods(json_t *root, const struct spelling *spelling,
                        const struct atls_ear_content *content)
{
    json_t *submods = atls_json_object();

    if (!set(root, "submods", submods))
        return false;
    for (size_t i = 0; i < content->num_submods; i++)
        if (!set_submod(submods, spelling, &content->submods[i]))
            return false;
    return true;
}

static bool set_verifier(json_t *root, const struct spelling *spelling,
                         const struct atls_ear_content *content)
{
    json_t *identity = atls_json_object();

    return set(root, spelling->verifier_id, identity) &&
           set(identity, "developer", atls_json_text(content->developer)) &&
           set(identity, "build", atls_json_text(content->build));
}

static bool fill(json_t *root, const struct atls_ear_content *content)
{
    const struct spelling *spelling =
        strcmp(content->profile, ATLS_EAR_PROFILE_VERAISON) == 0 ? &veraison
                                                                 : &ietf;

    return set(root, "eat_profile", json_string(content->profile)) &&
           set(root, "iat", json_integer(content->iat)) &&
           (content->exp == 0 ||
            set(root, "exp", json_integer(content->exp))) &&
           set_bytes(root, "eat_nonce", content->nonce,
                     spelling->has_padding) &&
           set_verifier(root, spelling, content) &&
           set_bytes(root, spelling->raw_evidence, content->raw_evidence,
                     false) &&
           set_submods(root, spelling, content);
}

enum atls_reason atls_ear_put(struct atls_buf *out,
                              const struct atls_ear_content *content,
                              struct atls_why *why)
{
    ATLS_AUTO(json_t) *root = atls_json_object();

    if (!fill(root, content))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    atls_json_put(out, root);
    return out->failed ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL) : ATLS_OK;
}
