/* SPDX-License-Identifier: Apache-2.0
 *
 * Learning a policy. What is written is loaded again and must accept what it
 * was learned from, so that nobody deploys a policy that refuses everything.
 */
#include "learn.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base64url.h"
#include "chain.h"
#include "composite.h"
#include "node_id.h"
#include "parsed.h"
#include "spki.h"

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

static json_t *pem_of_certificate(X509 *certificate)
{
    ATLS_AUTO(BIO) *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len;

    if (bio == NULL || PEM_write_bio_X509(bio, certificate) != 1)
        return NULL;
    len = BIO_get_mem_data(bio, &text);
    return json_stringn(text, (size_t)len);
}

static json_t *node_of(struct atls_view node_id, EVP_PKEY *key)
{
    char uuid[ATLS_NODE_ID_TEXT];

    atls_node_id_text(node_id, uuid);
    return json_pack("{s:s, s:o}", "node_id", uuid, "key", pem_of(key));
}

/* An instance ID that does not follow from the key is written beside it. */
static json_t *anchor_of(const struct atls_evidence *evidence, EVP_PKEY *key)
{
    enum atls_anchor_name name = evidence->format->anchor_name;
    struct atls_view signer = evidence->format->signer(evidence->claims);
    struct atls_anchors derived = {0};
    char id[2 * ATLS_ANCHOR_ID + 1];
    bool is_derived;

    if (name == ATLS_ANCHOR_BY_NODE)
        return node_of(signer, key);
    if (name != ATLS_ANCHOR_BY_INSTANCE || signer.len != ATLS_ANCHOR_ID)
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

/* That takes this Evidence by its signer's certificate; NULL: none does. */
static const struct atls_format *chained(const struct atls_evidence *evidence)
{
    if (atls_evidence_certificate(evidence).len == 0)
        return NULL;
    for (size_t i = 0; atls_formats[i] != NULL; i++)
        if (atls_formats[i]->parsed_by == evidence->format &&
            atls_formats[i]->verify_chain != NULL)
            return atls_formats[i];
    return NULL;
}

static void add_signers(const struct atls_evidence *evidence,
                        struct atls_signers *out)
{
    const struct atls_composite_claims *composite = evidence->claims;

    if (evidence->format->appraise == NULL) {
        out->brings_certificate |= chained(evidence) != NULL;
        out->by_certificates |= evidence->format->verify_chain != NULL;
        out->by_key |= evidence->format->verify_chain == NULL;
        return;
    }
    for (size_t i = 0; i < composite->num; i++)
        add_signers(composite->members[i].evidence, out);
}

struct atls_signers atls_policy_signers(const struct atls_evidence *evidence)
{
    struct atls_signers signers = {.is_composite =
                                       evidence->format->appraise != NULL};

    add_signers(evidence, &signers);
    return signers;
}

/* The policy while it is made, of one record or of a composite's. */
struct study {
    const struct atls_lesson *lesson;
    json_t *profiles;
    bool is_composite;
};

static bool has_key(const struct atls_format *format, const char *name)
{
    for (size_t i = 0; format->keys[i] != NULL; i++)
        if (strcmp(format->keys[i], name) == 0)
            return true;
    return false;
}

/* Of a composite's members some may have no use for it. */
static bool takes_collateral(const struct study *study,
                             const struct atls_format *format)
{
    return study->lesson->collateral != NULL && format->verify_chain != NULL &&
           (!study->is_composite || has_key(format, "collateral") ||
            has_key(format, "tee"));
}

/* Takes anchor. The format is the Evidence's, or one that takes it, too. */
static json_t *profile_of(const struct study *study,
                          const struct atls_evidence *evidence,
                          const struct atls_format *format, json_t *anchor)
{
    ATLS_AUTO(json_t) *profile = json_pack(
        "{s:s, s:[o]}", "format", format->name, "trust_anchors", anchor);

    if (profile == NULL)
        return NULL;
    if (takes_collateral(study, format) &&
        json_object_set_new(profile, "collateral",
                            json_string(study->lesson->collateral)) != 0)
        return NULL;
    return format->learn(evidence->claims, profile) ? ATLS_STEAL(profile)
                                                    : NULL;
}

static json_t *policy_of(json_t *profiles, const char *name)
{
    return json_pack("{s:O, s:[{s:[s]}]}", "profiles", profiles, "rules",
                     "accept", name);
}

static enum atls_reason try_policy(const struct atls_evidence *evidence,
                                   const char *text, const char *name,
                                   int64_t now, struct atls_why *why)
{
    struct atls_policy *policy = NULL;
    struct atls_terms terms = {.only_profile = name, .now = now};
    ATLS_AUTO_BUF tik = atls_buf(ATLS_SPKI_MAX);
    struct atls_verdict verdict;
    enum atls_reason reason = atls_policy_parse(
        atls_view_text(text), "learned policy", "", NULL, NULL, &policy, why);

    if (reason == ATLS_OK) /* there is no peer whose key it would have to be */
        reason = atls_evidence_subject(evidence, &tik, why);
    if (reason != ATLS_OK) {
        atls_policy_free(policy);
        return reason;
    }
    terms.policy = policy;
    terms.tik = atls_buf_view(&tik);
    reason = atls_evidence_appraise(evidence, &terms, &verdict);
    atls_policy_free(policy);
    if (reason != ATLS_OK)
        return atls_why(why, reason, "%s", verdict.text);
    return ATLS_OK;
}

/* Which of the keys made the signature; the first one's refusal stands. */
static enum atls_reason find_signer(const struct atls_evidence *evidence,
                                    const struct atls_lesson *lesson,
                                    EVP_PKEY **key, struct atls_why *why)
{
    struct atls_why first = {0};

    for (size_t i = 0; i < lesson->num_keys; i++) {
        *key = lesson->keys[i];
        if (evidence->format->verify(evidence->claims, *key,
                                     i == 0 ? &first : NULL) == ATLS_OK)
            return ATLS_OK;
    }
    if (lesson->num_keys > 0)
        return atls_why(why, first.reason, "%s", first.text);
    return atls_why(why, ATLS_ANCHOR_UNKNOWN,
                    "want a public key as trust anchor of this Evidence, found "
                    "none");
}

static enum atls_reason learn_by_key(const struct study *study,
                                     const struct atls_evidence *evidence,
                                     json_t **profile, struct atls_why *why)
{
    EVP_PKEY *key = NULL;
    enum atls_reason reason = find_signer(evidence, study->lesson, &key, why);

    if (reason != ATLS_OK)
        return reason;
    *profile =
        profile_of(study, evidence, evidence->format, anchor_of(evidence, key));
    return *profile != NULL ? ATLS_OK : atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
}

/* Is the record accepted with this certificate alone? */
static bool is_enough(const struct study *study,
                      const struct atls_evidence *evidence,
                      const json_t *profile)
{
    ATLS_AUTO(json_t) *policy = json_pack("{s:{s:O}}", "profiles", "alone",
                                          (json_t *)(uintptr_t)profile);
    ATLS_AUTO_HEAP char *text = policy != NULL ? atls_json_print(policy) : NULL;

    return text != NULL && try_policy(evidence, text, "alone",
                                      study->lesson->now, NULL) == ATLS_OK;
}

/* The profile under the one certificate that is enough, a root's; NULL: none
 * is. */
static json_t *narrow(const struct study *study,
                      const struct atls_evidence *evidence,
                      const struct atls_format *format)
{
    ATLS_AUTO(BIO) *bio = BIO_new_mem_buf(study->lesson->certificates, -1);
    X509 *certificate;

    while (bio != NULL &&
           (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        bool is_root = (X509_get_extension_flags(certificate) & EXFLAG_SI) != 0;
        ATLS_AUTO(json_t) *profile =
            is_root ? profile_of(study, evidence, format,
                                 pem_of_certificate(certificate))
                    : NULL;

        X509_free(certificate);
        if (profile != NULL && is_enough(study, evidence, profile))
            return ATLS_STEAL(profile);
    }
    return NULL;
}

static enum atls_reason check_certificate(struct atls_view certificate,
                                          struct atls_why *why)
{
    ATLS_AUTO_CHAIN STACK_OF(X509) *chain = NULL;

    if (certificate.len == 0)
        return ATLS_OK;
    chain = sk_X509_new_null();
    return chain != NULL ? atls_chain_read(certificate, chain, why)
                         : atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
}

/* Of a chain the policy itself is the only judge. */
static enum atls_reason learn_by_certificates(
    const struct study *study, const struct atls_evidence *evidence,
    const struct atls_format *format, json_t **profile, struct atls_why *why)
{
    const char *all = study->lesson->certificates;
    enum atls_reason reason;

    if (all == NULL)
        return atls_why(why, ATLS_ANCHOR_UNKNOWN,
                        "want a root certificate as trust anchor of this "
                        "Evidence, found none");
    reason = check_certificate(atls_evidence_certificate(evidence), why);
    if (reason != ATLS_OK)
        return reason;
    if (study->is_composite)
        *profile = narrow(study, evidence, format);
    if (*profile == NULL)
        *profile = profile_of(study, evidence, format, json_string(all));
    return *profile != NULL ? ATLS_OK : atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
}

static bool is_lack(enum atls_reason reason)
{
    return reason == ATLS_OUT_OF_MEMORY || reason == ATLS_CRYPTO_FAILED;
}

/* A key that was given and signed is meant itself; else a root is, where the
 * Evidence brings the certificate that it leads to. */
static const struct atls_format *format_of(const struct study *study,
                                           const struct atls_evidence *evidence)
{
    const struct atls_format *other =
        study->lesson->certificates != NULL ? chained(evidence) : NULL;
    enum atls_reason reason;
    EVP_PKEY *key;

    if (other == NULL)
        return evidence->format;
    reason = find_signer(evidence, study->lesson, &key, NULL);
    return reason == ATLS_OK || is_lack(reason) ? evidence->format : other;
}

static enum atls_reason learn_record(const struct study *study,
                                     const struct atls_evidence *evidence,
                                     const char *name, struct atls_why *why)
{
    const struct atls_format *format = format_of(study, evidence);
    json_t *profile = NULL;
    enum atls_reason reason =
        format->verify_chain != NULL
            ? learn_by_certificates(study, evidence, format, &profile, why)
            : learn_by_key(study, evidence, &profile, why);

    if (reason != ATLS_OK)
        return reason;
    return json_object_set_new(study->profiles, name, profile) == 0
               ? ATLS_OK
               : atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
}

/* "learned.host", or "learned.2" where that is too long or taken */
static void name_member(const json_t *profiles, const char *parent,
                        const char *label, char name[ATLS_PROFILE_NAME])
{
    int len = snprintf(name, ATLS_PROFILE_NAME, "%s.%s", parent, label);

    for (size_t i = json_object_size(profiles);
         len >= ATLS_PROFILE_NAME || json_object_get(profiles, name) != NULL;
         i++)
        len = snprintf(name, ATLS_PROFILE_NAME, "learned.%zu", i);
}

static enum atls_reason learn_evidence(const struct study *study,
                                       const struct atls_evidence *evidence,
                                       const char *name, struct atls_why *why);

static enum atls_reason learn_member(const struct study *study,
                                     const char *parent, json_t *members,
                                     const struct atls_composite_member *member,
                                     struct atls_why *why)
{
    char name[ATLS_PROFILE_NAME];
    struct atls_why found = {0};
    enum atls_reason reason;

    name_member(study->profiles, parent, member->label, name);
    reason = learn_evidence(study, member->evidence, name, &found);
    if (reason != ATLS_OK)
        return atls_why(why, reason, "member %s: %s", member->label,
                        found.text);
    return json_object_set_new(members, member->label, json_string(name)) == 0
               ? ATLS_OK
               : atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
}

/* The composite's profile comes before its members', as people read. */
static enum atls_reason learn_composite(const struct study *study,
                                        const struct atls_evidence *evidence,
                                        const char *name, struct atls_why *why)
{
    const struct atls_composite_claims *composite = evidence->claims;
    json_t *members = atls_json_object();
    json_t *profile = json_pack("{s:s, s:o}", "format", evidence->format->name,
                                "members", members);
    enum atls_reason reason = ATLS_OK;

    if (json_object_set_new(study->profiles, name, profile) != 0 ||
        !evidence->format->learn(composite, profile))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    for (size_t i = 0; reason == ATLS_OK && i < composite->num; i++)
        reason =
            learn_member(study, name, members, &composite->members[i], why);
    return reason;
}

/* Nesting is bounded where the composite was taken apart. */
static enum atls_reason learn_evidence(const struct study *study,
                                       const struct atls_evidence *evidence,
                                       const char *name, struct atls_why *why)
{
    return evidence->format->appraise != NULL
               ? learn_composite(study, evidence, name, why)
               : learn_record(study, evidence, name, why);
}

static enum atls_reason learn(const struct atls_evidence *evidence,
                              const struct atls_lesson *lesson, char **json,
                              struct atls_why *why)
{
    ATLS_AUTO(json_t) *profiles = atls_json_object();
    ATLS_AUTO(json_t) *policy = NULL;
    ATLS_AUTO_HEAP char *text = NULL;
    const struct study study = {lesson, profiles,
                                evidence->format->appraise != NULL};
    enum atls_reason reason = learn_evidence(&study, evidence, "learned", why);

    if (reason != ATLS_OK)
        return reason;
    policy = policy_of(profiles, "learned");
    text = policy != NULL ? atls_json_print(policy) : NULL;
    if (text == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    reason = try_policy(evidence, text, "learned", lesson->now, why);
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
