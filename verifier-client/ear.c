/* SPDX-License-Identifier: Apache-2.0
 *
 * EAR from JSON (draft-ietf-rats-ear, 3). Unknown claims are passed over, as
 * the draft says; those that are known are there once and well formed.
 */
#include "ear.h"

#include <stdio.h>
#include <string.h>

#include "base64url.h"

enum { MIN_NONCE = 8, MAX_NONCE = 64, MAX_MEMBER = 40 };

/* A second of the year 9999: what a double holds exactly, and what has room
 * for ages on both sides. */
#define MAX_TIME INT64_C(253402300799)

static enum atls_reason malformed(struct atls_why *why, const char *where,
                                  const char *want)
{
    return atls_why(why, ATLS_RESULT_MALFORMED, "EAR: %s%swant %s", where,
                    where[0] != '\0' ? ": " : "", want);
}

/* draft-ietf-rats-ear-03 writes with underscores what was written with dots and
 * dashes before. */
static void underscored(const char *name, char other[MAX_MEMBER])
{
    snprintf(other, MAX_MEMBER, "%s", name);
    for (char *c = other; *c != '\0'; c++)
        if (*c == '.' || *c == '-')
            *c = '_';
}

const json_t *atls_ear_member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    char other[MAX_MEMBER];

    if (value != NULL)
        return value;
    underscored(name, other);
    return json_object_get(object, other);
}

/* In both spellings it would be a duplicate. */
static bool is_twice(const json_t *object, const char *name)
{
    char other[MAX_MEMBER];

    underscored(name, other);
    return strcmp(name, other) != 0 && json_object_get(object, name) != NULL &&
           json_object_get(object, other) != NULL;
}

static const char *const names[] = {
    "ear.status",       "ear.trustworthiness-vector",
    "ear.verifier-id",  "ear.veraison.key-attestation",
    "ear.raw-evidence", "ear.veraison.annotated-evidence",
};

static enum atls_reason check_names(const json_t *object, const char *where,
                                    struct atls_why *why)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (is_twice(object, names[i]))
            return malformed(why, where,
                             "each claim once, not in two "
                             "spellings");
    return ATLS_OK;
}

/* An integer, also as c-ear writes it: 1.666529184e+09. */
static bool take_integer(const json_t *value, int64_t *out)
{
    double real;

    if (json_is_integer(value)) {
        *out = json_integer_value(value);
        return true;
    }
    real = json_real_value(value);
    if (!json_is_real(value) || real < -(double)MAX_TIME ||
        real > (double)MAX_TIME)
        return false;
    *out = (int64_t)real;
    return (double)*out >= real && (double)*out <= real;
}

static enum atls_reason read_time(const json_t *root, const char *name,
                                  bool *is_there, int64_t *out,
                                  struct atls_why *why)
{
    const json_t *value = json_object_get(root, name);

    *is_there = value != NULL;
    if (value == NULL)
        return ATLS_OK;
    if (!take_integer(value, out) || *out < 0 || *out > MAX_TIME)
        return malformed(why, name, "whole seconds since 1970");
    return ATLS_OK;
}

static enum atls_reason read_times(struct atls_ear *out, struct atls_why *why)
{
    bool has_iat = false;
    enum atls_reason reason =
        read_time(out->root, "iat", &has_iat, &out->iat, why);

    if (reason == ATLS_OK && !has_iat)
        reason = malformed(why, "iat", "it to be there");
    if (reason == ATLS_OK)
        reason = read_time(out->root, "exp", &out->has_exp, &out->exp, why);
    if (reason == ATLS_OK)
        reason = read_time(out->root, "nbf", &out->has_nbf, &out->nbf, why);
    return reason;
}

/* Padded, as Veraison writes it, or not. */
static struct atls_view without_padding(struct atls_view text)
{
    for (int i = 0; i < 2 && text.len % 4 == (i == 0 ? 0 : 3) && text.len > 0 &&
                    text.data[text.len - 1] == '=';
         i++)
        text.len--;
    return text;
}

/* RFC 9711, 4.1: 8 to 64 bytes. A list of nonces would leave open which one is
 * meant. */
static enum atls_reason read_nonce(const json_t *object, const char *where,
                                   struct atls_ear_nonce *out,
                                   struct atls_why *why)
{
    const json_t *value = json_object_get(object, "eat_nonce");
    ATLS_AUTO_BUF bytes = atls_buf(MAX_NONCE);

    out->len = 0;
    if (value == NULL)
        return ATLS_OK;
    if (!json_is_string(value) ||
        !atls_base64url_decode(
            without_padding(atls_view_text(json_string_value(value))),
            &bytes) ||
        bytes.len < MIN_NONCE)
        return malformed(why, where,
                         "one eat_nonce of 8 to 64 bytes in base64url");
    memcpy(out->bytes, bytes.data, bytes.len);
    out->len = bytes.len;
    return ATLS_OK;
}

static bool take_tier(const json_t *value, enum atls_tier *out)
{
    static const enum atls_tier tiers[] = {ATLS_TIER_NONE, ATLS_TIER_AFFIRMING,
                                           ATLS_TIER_WARNING,
                                           ATLS_TIER_CONTRAINDICATED};
    const char *text = json_string_value(value);

    for (size_t i = 0; i < sizeof(tiers) / sizeof(tiers[0]); i++)
        if (text != NULL
                ? strcmp(text, atls_tier_name(tiers[i])) == 0
                : json_is_integer(value) &&
                      json_integer_value(value) == (json_int_t)tiers[i]) {
            *out = tiers[i];
            return true;
        }
    return false;
}

static enum atls_reason read_vector(const json_t *vector,
                                    struct atls_ear_submod *submod,
                                    struct atls_why *why)
{
    if (vector == NULL)
        return ATLS_OK;
    if (!json_is_object(vector))
        return malformed(why, submod->name, "an object as its vector");
    for (unsigned i = 0; i < ATLS_NUM_AR4SI_CLAIMS; i++) {
        const json_t *value =
            json_object_get(vector, atls_ar4si_name((enum atls_ar4si_claim)i));
        int64_t number = 0;

        if (value != NULL &&
            (!take_integer(value, &number) || number < -128 || number > 127))
            return malformed(why, submod->name,
                             "claims of its vector from -128 to 127");
        submod->vector[i] = (int8_t)number;
    }
    return ATLS_OK;
}

/* Neither a Verifier that says "affirming" over a worse claim nor one that says
 * less than its vector is taken for better than its worst word. */
static enum atls_tier worst(enum atls_tier said, enum atls_tier computed)
{
    if (said >= ATLS_TIER_WARNING || computed >= ATLS_TIER_WARNING)
        return said > computed ? said : computed;
    return said == computed ? said : ATLS_TIER_NONE;
}

/* Where in storage the key stands goes to akpub.len; storage may still move. */
static enum atls_reason read_akpub(const json_t *claims,
                                   struct atls_buf *storage,
                                   struct atls_ear_submod *submod,
                                   struct atls_why *why)
{
    const json_t *attestation =
        atls_ear_member(claims, "ear.veraison.key-attestation");
    const json_t *akpub = json_object_get(attestation, "akpub");
    size_t before = storage->len;

    if (attestation != NULL && !json_is_object(attestation))
        return malformed(why, submod->name, "an object as key attestation");
    if (akpub == NULL)
        return ATLS_OK;
    if (!json_is_string(akpub) || json_string_length(akpub) == 0 ||
        json_string_length(akpub) > ATLS_EAR_MAX_AKPUB ||
        !atls_base64url_decode(
            without_padding(atls_view_text(json_string_value(akpub))), storage))
        return storage->failed
                   ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL)
                   : malformed(why, submod->name, "akpub in base64url");
    submod->akpub.len = storage->len - before;
    return ATLS_OK;
}

static enum atls_reason read_submod(const char *name, const json_t *claims,
                                    struct atls_ear *out, struct atls_why *why)
{
    struct atls_ear_submod *submod = &out->submods[out->num_submods];
    enum atls_tier said;
    enum atls_reason reason;

    if (name[0] == '\0' || strlen(name) >= sizeof(submod->name))
        return malformed(why, "submods", "names of 1 to 63 bytes");
    snprintf(submod->name, sizeof(submod->name), "%s", name);
    submod->claims = claims;
    if (!json_is_object(claims))
        return malformed(why, name, "an object");
    if (!take_tier(atls_ear_member(claims, "ear.status"), &said))
        return malformed(why, name, "a status that AR4SI knows");
    reason = check_names(claims, name, why);
    if (reason == ATLS_OK)
        reason = read_vector(
            atls_ear_member(claims, "ear.trustworthiness-vector"), submod, why);
    if (reason == ATLS_OK)
        reason = read_nonce(claims, name, &submod->nonce, why);
    if (reason == ATLS_OK)
        reason = read_akpub(claims, &out->storage, submod, why);
    submod->status = worst(said, atls_verdict_worst(submod->vector));
    out->num_submods++;
    return reason;
}

static enum atls_reason read_submods(struct atls_ear *out, struct atls_why *why)
{
    const json_t *submods = json_object_get(out->root, "submods");
    size_t num = json_object_size(submods), at = 0;
    enum atls_reason reason = ATLS_OK;
    const char *name;
    json_t *claims;

    if (!json_is_object(submods) || num == 0 || num > ATLS_EAR_MAX_SUBMODS)
        return malformed(why, "submods", "1 to 16 of them");
    json_object_foreach(json_object_get(out->root, "submods"), name, claims)
    {
        if (reason == ATLS_OK)
            reason = read_submod(name, claims, out, why);
    }
    for (size_t i = 0; i < out->num_submods; i++) {
        out->submods[i].akpub.data =
            out->submods[i].akpub.len > 0 ? out->storage.data + at : NULL;
        at += out->submods[i].akpub.len;
    }
    return reason;
}

static enum atls_reason read_profile(struct atls_ear *out, struct atls_why *why)
{
    static const char *const profiles[] = {
        ATLS_EAR_PROFILE_VERAISON, ATLS_EAR_PROFILE_TRUSTEE,
        ATLS_EAR_PROFILE_IETF_2025, ATLS_EAR_PROFILE_IETF};
    const char *text =
        json_string_value(json_object_get(out->root, "eat_profile"));

    for (size_t i = 0; text != NULL && i < sizeof(profiles) / sizeof(char *);
         i++)
        if (strcmp(text, profiles[i]) == 0)
            out->profile = profiles[i];
    if (out->profile == NULL)
        return atls_why(why, ATLS_RESULT_MALFORMED,
                        "EAR: want a profile of EAR that we know, found %.80s",
                        text != NULL ? text : "none");
    return ATLS_OK;
}

/* An overall status, which -03 has, must be one; the submodules decide. */
static enum atls_reason read_root(struct atls_ear *out, struct atls_why *why)
{
    const json_t *root = out->root;
    const json_t *verifier_id = atls_ear_member(root, "ear.verifier-id");
    const json_t *status = atls_ear_member(root, "ear.status");
    enum atls_tier tier;

    if (status != NULL && !take_tier(status, &tier))
        return malformed(why, "", "a status that AR4SI knows");
    if (!json_is_object(verifier_id))
        return malformed(why, "", "a verifier ID");
    out->developer =
        json_string_value(json_object_get(verifier_id, "developer"));
    return check_names(root, "", why);
}

enum atls_reason atls_ear_parse(struct atls_view payload, struct atls_ear *out,
                                struct atls_why *why)
{
    struct atls_why found = {0};
    enum atls_reason reason;

    memset(out, 0, sizeof(*out)); /* too large for a copy on the stack */
    out->storage = atls_buf((size_t)ATLS_EAR_MAX_SUBMODS * ATLS_EAR_MAX_AKPUB);
    out->root = atls_json_parse(payload, ATLS_RESULT_MALFORMED, &found);
    if (out->root == NULL)
        return atls_why(why, found.reason, "EAR: %s", found.text);
    if (!json_is_object(out->root))
        return malformed(why, "", "an object");
    reason = read_profile(out, why);
    if (reason == ATLS_OK)
        reason = read_root(out, why);
    if (reason == ATLS_OK)
        reason = read_times(out, why);
    if (reason == ATLS_OK)
        reason = read_nonce(out->root, "", &out->nonce, why);
    return reason == ATLS_OK ? read_submods(out, why) : reason;
}

void atls_ear_clear(struct atls_ear *ear)
{
    json_decref(ear->root);
    atls_buf_clear(&ear->storage);
    *ear = (struct atls_ear){0};
}
