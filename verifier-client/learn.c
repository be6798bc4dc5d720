/* SPDX-License-Identifier: Apache-2.0
 *
 * Learning a policy. What is written is loaded again and must accept what it
 * was learned from, so that nobody deploys a policy that refuses everything.
 */
#include "learn.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base64url.h"
#include "parsed.h"

ATLS_AUTO_FREE(BIO, BIO_free_all)

static json_t *pem_of(EVP_PKEY *key)
{
    ATLS_AUTO(BIO) *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len;

    if (bio == NULL || PEM_write_bio_PUBKEY(bio, key) != 1)
        return NULL;
    len = BIO_get_mem_data(bio, &text);
    return json_stringn(text, (size_t)len);
}

/* An instance ID that does not follow from the key is written beside it. */
static json_t *anchor_of(const struct atls_evidence *evidence, EVP_PKEY *key)
{
    struct atls_view signer = evidence->format->signer(evidence->claims);
    struct atls_anchors derived = {0};
    char id[2 * ATLS_ANCHOR_ID + 1];
    bool is_derived;

    if (!evidence->format->has_instance_id || signer.len != ATLS_ANCHOR_ID)
        return pem_of(key);
    if (!atls_anchors_add(&derived, key))
        return NULL;
    is_derived = atls_anchors_find(&derived, signer) != NULL;
    atls_anchors_clear(&derived);
    if (is_derived)
        return pem_of(key);
    atls_hex(signer, id, sizeof(id));
    return json_pack("{s:s, s:o}", "instance_id", id, "key", pem_of(key));
}

bool atls_policy_wants_certificates(const struct atls_evidence *evidence)
{
    return evidence->format->verify_chain != NULL;
}

static json_t *profile_of(const struct atls_evidence *evidence,
                          const struct atls_lesson *lesson)
{
    bool has_chain = atls_policy_wants_certificates(evidence);
    json_t *anchor = has_chain ? json_string(lesson->certificates)
                               : anchor_of(evidence, lesson->key);
    json_t *profile =
        json_pack("{s:s, s:[o]}", "format", evidence->format->name,
                  "trust_anchors", anchor);

    if (profile != NULL && has_chain && lesson->collateral != NULL &&
        json_object_set_new(profile, "collateral",
                            json_string(lesson->collateral)) != 0) {
        json_decref(profile);
        return NULL;
    }
    return profile;
}

static json_t *policy_of(const struct atls_evidence *evidence,
                         const struct atls_lesson *lesson)
{
    ATLS_AUTO(json_t) *profile = profile_of(evidence, lesson);

    if (profile == NULL || !evidence->format->learn(evidence->claims, profile))
        return NULL;
    return json_pack("{s:{s:O}, s:[{s:[s]}]}", "profiles", "learned", profile,
                     "rules", "accept", "learned");
}

/* json_dumps may use an allocator of the program's; *json is malloc's. */
static char *text_of(const json_t *policy)
{
    size_t size = json_dumpb(policy, NULL, 0, JSON_INDENT(2));
    char *text = size > 0 ? malloc(size + 2) : NULL;

    if (text == NULL)
        return NULL;
    if (json_dumpb(policy, text, size, JSON_INDENT(2)) != size) {
        free(text);
        return NULL;
    }
    memcpy(text + size, "\n", 2);
    return text;
}

static enum atls_reason try_policy(const struct atls_evidence *evidence,
                                   const char *text, int64_t now,
                                   struct atls_why *why)
{
    struct atls_policy *policy = NULL;
    struct atls_terms terms = {.only_profile = "learned", .now = now};
    struct atls_verdict verdict;
    enum atls_reason reason = atls_policy_parse(
        atls_view_text(text), "learned policy", "", NULL, NULL, &policy, why);

    if (reason != ATLS_OK)
        return reason;
    terms.policy = policy;
    reason = atls_evidence_appraise(evidence, &terms, &verdict);
    atls_policy_free(policy);
    if (reason != ATLS_OK)
        return atls_why(why, reason, "%s", verdict.text);
    return ATLS_OK;
}

/* Of a chain the policy itself is the only judge. */
static enum atls_reason check_signer(const struct atls_evidence *evidence,
                                     const struct atls_lesson *lesson,
                                     struct atls_why *why)
{
    bool has_chain = atls_policy_wants_certificates(evidence);

    if (has_chain ? lesson->certificates == NULL : lesson->key == NULL)
        return atls_why(why, ATLS_ANCHOR_UNKNOWN,
                        "want %s as trust anchor of this Evidence, found none",
                        has_chain ? "a root certificate" : "a public key");
    return has_chain
               ? ATLS_OK
               : evidence->format->verify(evidence->claims, lesson->key, why);
}

static enum atls_reason learn(const struct atls_evidence *evidence,
                              const struct atls_lesson *lesson, char **json,
                              struct atls_why *why)
{
    ATLS_AUTO(json_t) *policy = NULL;
    ATLS_AUTO_HEAP char *text = NULL;
    enum atls_reason reason = check_signer(evidence, lesson, why);

    if (reason != ATLS_OK)
        return reason;
    policy = policy_of(evidence, lesson);
    text = policy != NULL ? text_of(policy) : NULL;
    if (text == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    reason = try_policy(evidence, text, lesson->now, why);
    if (reason == ATLS_OK)
        *json = ATLS_STEAL(text);
    return reason;
}

enum atls_reason atls_policy_learn(const struct atls_evidence *evidence,
                                   const struct atls_lesson *lesson,
                                   char **json, struct atls_why *why)
{
    enum atls_reason reason;

    *json = NULL;
    ERR_set_mark();
    reason = learn(evidence, lesson, json, why);
    ERR_pop_to_mark();
    return reason;
}
