/* SPDX-License-Identifier: Apache-2.0
 *
 * Arm CCA tokens, judged. A platform's key signs the platform token, which
 * names the realm's key by its digest; the realm's key signs the realm token.
 * Without the digest anybody's realm token would pass beside a good platform
 * token. What a token says and may say is in cca_claims.c.
 */
#include "cca.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base64url.h"
#include "claim.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

static struct atls_view signer(const void *claims)
{
    const struct atls_cca_claims *token = claims;

    return token->fields[ATLS_CCA_INSTANCE].view;
}

/* draft-ffm-rats-cca-token, "Token Binding": over the claim's bytes as they
 * are, whichever form of key they hold. */
static enum atls_reason check_binding(const struct atls_cca_claims *token,
                                      struct atls_why *why)
{
    struct atls_view rak = token->fields[ATLS_CCA_RAK].view;
    struct atls_view challenge = token->fields[ATLS_CCA_CHALLENGE].view;
    const struct atls_cca_hash *hash =
        atls_cca_hash_find(token->fields[ATLS_CCA_RAK_HASH].view);
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t len = 0;

    if (hash == NULL)
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "CCA realm token: realm_public_key_hash: want sha-256, "
                        "sha-384 or sha-512");
    if (EVP_Q_digest(NULL, hash->digest, NULL, rak.data, rak.len, digest,
                     &len) != 1)
        return atls_why(why, ATLS_CRYPTO_FAILED, "libcrypto has no %s",
                        hash->digest);
    if (challenge.len == len && CRYPTO_memcmp(challenge.data, digest, len) == 0)
        return ATLS_OK;
    return atls_why(why, ATLS_REALM_UNBOUND,
                    "CCA token: the platform token's challenge is not the "
                    "digest of the realm's public key: these two tokens were "
                    "not made together");
}

static enum atls_reason verify(const void *claims, EVP_PKEY *key,
                               struct atls_why *why)
{
    const struct atls_cca_claims *token = claims;
    ATLS_AUTO(EVP_PKEY) *rak = NULL;
    enum atls_reason reason =
        atls_cose_sign1_verify(&token->platform, key, NULL, why);

    if (reason == ATLS_OK)
        reason = atls_cca_rak(token, &rak, why);
    if (reason == ATLS_OK)
        reason = check_binding(token, why);
    if (reason == ATLS_OK)
        reason = atls_cose_sign1_verify(&token->realm, rak, NULL, why);
    return reason;
}

static enum atls_reason check_dialect(const struct atls_cca_claims *token,
                                      const struct atls_profile *profile,
                                      struct atls_why *why)
{
    const struct atls_cca_reference *reference = profile->reference;

    if (reference->takes_dialect[token->dialect])
        return ATLS_OK;
    return atls_why(why, ATLS_PROFILE_MISSING,
                    "profile %s: eat_profile %s is not in its list: add it to "
                    "\"profile\"",
                    profile->name, atls_cca_dialects[token->dialect]);
}

static enum atls_reason check_lifecycle(const struct atls_cca_claims *token,
                                        const struct atls_profile *profile,
                                        struct atls_why *why)
{
    const struct atls_cca_reference *reference = profile->reference;
    int64_t value = token->fields[ATLS_CCA_LIFECYCLE].number;
    int state = atls_psa_lifecycle(value);

    if (reference->takes_lifecycle[state])
        return ATLS_OK;
    return atls_why(why, ATLS_LIFECYCLE_REFUSED,
                    "profile %s: lifecycle: %s (0x%04x) is not in its list: a "
                    "platform that is not secured keeps no secret of a realm",
                    profile->name, atls_cca_lifecycles[state], (unsigned)value);
}

static enum atls_reason refuse_value(const struct atls_profile *profile,
                                     enum atls_reason reason, const char *name,
                                     struct atls_view want,
                                     struct atls_view seen,
                                     struct atls_why *why)
{
    char wanted[2 * ATLS_CCA_MAX_VALUE + 1], found[sizeof(wanted)];

    atls_hex(want, wanted, sizeof(wanted));
    atls_hex(seen, found, sizeof(found));
    return atls_why(why, reason,
                    "profile %s: %s: want %s or another that it lists, found "
                    "%s",
                    profile->name, name, wanted, found);
}

static enum atls_reason check_id(const struct atls_cca_claims *token,
                                 enum atls_cca_field field,
                                 const struct atls_values *wanted,
                                 const struct atls_profile *profile,
                                 struct atls_why *why)
{
    struct atls_view id = token->fields[field].view;

    if (wanted->num == 0 || atls_values_have(wanted, id))
        return ATLS_OK;
    return refuse_value(profile, ATLS_INSTANCE_REFUSED,
                        atls_cca_field_names[field],
                        atls_view(wanted->bytes, wanted->value_len), id, why);
}

static enum atls_reason check_value(struct atls_view seen, const char *name,
                                    const struct atls_cca_values *wanted,
                                    const struct atls_profile *profile,
                                    enum atls_reason reason,
                                    struct atls_why *why)
{
    for (size_t i = 0; i < wanted->num; i++)
        if (atls_view_equal(
                atls_view(wanted->items[i].bytes, wanted->items[i].len), seen))
            return ATLS_OK;
    if (wanted->num == 0)
        return ATLS_OK;
    return refuse_value(profile, reason, name,
                        atls_view(wanted->items[0].bytes, wanted->items[0].len),
                        seen, why);
}

static enum atls_reason check_realm(const struct atls_cca_claims *token,
                                    const struct atls_profile *profile,
                                    struct atls_why *why)
{
    const struct atls_cca_reference *reference = profile->reference;
    enum atls_reason reason =
        check_value(token->fields[ATLS_CCA_RIM].view, "rim", &reference->rim,
                    profile, ATLS_REALM_REFUSED, why);

    for (unsigned i = 0; reason == ATLS_OK && i < ATLS_CCA_NUM_REMS; i++) {
        char name[] = "rem0";

        name[3] = (char)('0' + i);
        reason = check_value(token->rems[i], name, &reference->rems[i], profile,
                             ATLS_REALM_REFUSED, why);
    }
    if (reason == ATLS_OK)
        reason = check_value(token->fields[ATLS_CCA_PERSONALIZATION].view,
                             "personalization", &reference->personalization,
                             profile, ATLS_REALM_REFUSED, why);
    return reason;
}

/* draft-ietf-rats-ar4si, 2.3 */
enum {
    NO_CLAIM = 0,
    UNEXPECTED_EVIDENCE = 1,
    AFFIRMED = 2, /* instance-identity, hardware, configuration; runtime-opaque:
                     memory that nobody outside can read */
    APPROVED_BOOT = 3, /* executables: RIM is what the realm starts from,
                          components what the platform does */
    UNRECOGNIZED_RUNTIME = 33,
    CONTRAINDICATED = 96, /* instance-identity, configuration */
    UNRECOGNIZED = 97,    /* hardware */
};

static void affirm_platform(const struct atls_profile *profile, int8_t *vector)
{
    const struct atls_cca_reference *reference = profile->reference;

    vector[ATLS_INSTANCE_IDENTITY] = AFFIRMED;
    vector[ATLS_HARDWARE] = AFFIRMED;
    vector[ATLS_CONFIGURATION] = AFFIRMED;
    vector[ATLS_RUNTIME_OPAQUE] = AFFIRMED;
    if (reference->components.num > 0)
        vector[ATLS_EXECUTABLES] = APPROVED_BOOT;
}

static void affirm_realm(const struct atls_profile *profile, int8_t *vector)
{
    const struct atls_cca_reference *reference = profile->reference;

    vector[ATLS_INSTANCE_IDENTITY] = AFFIRMED;
    if (reference->rim.num > 0)
        vector[ATLS_EXECUTABLES] = APPROVED_BOOT;
}

/* The peer is the realm: what the platform below it booted is not what it runs
 * itself. */
static enum atls_reason accept(const struct atls_profile *profile,
                               struct atls_verdict *verdict)
{
    affirm_platform(profile, verdict->vector);
    verdict->vector[ATLS_EXECUTABLES] = NO_CLAIM;
    affirm_realm(profile, verdict->vector);
    return atls_verdict_accept(verdict);
}

/* What the platform is; *claim and *value say what a refusal is about. */
static enum atls_reason check_platform(const struct atls_cca_claims *token,
                                       const struct atls_profile *profile,
                                       enum atls_ar4si_claim *claim,
                                       int8_t *value, struct atls_why *why)
{
    const struct atls_cca_reference *reference = profile->reference;
    enum atls_reason reason;

    *claim = ATLS_CONFIGURATION;
    *value = UNEXPECTED_EVIDENCE;
    reason = check_dialect(token, profile, why);
    if (reason == ATLS_OK)
        reason = atls_cca_check_form(token, why);
    if (reason != ATLS_OK)
        return reason;
    *value = CONTRAINDICATED;
    reason = check_lifecycle(token, profile, why);
    if (reason == ATLS_OK)
        reason = check_value(token->fields[ATLS_CCA_CONFIG].view, "config",
                             &reference->config, profile, ATLS_INSTANCE_REFUSED,
                             why);
    if (reason != ATLS_OK)
        return reason;
    *claim = ATLS_INSTANCE_IDENTITY;
    reason = check_id(token, ATLS_CCA_INSTANCE, &reference->instance_ids,
                      profile, why);
    if (reason != ATLS_OK)
        return reason;
    *claim = ATLS_HARDWARE;
    *value = UNRECOGNIZED;
    return check_id(token, ATLS_CCA_IMPLEMENTATION,
                    &reference->implementation_ids, profile, why);
}

static enum atls_reason judge(const void *claims,
                              const struct atls_profile *profile, int64_t now,
                              struct atls_verdict *verdict)
{
    const struct atls_cca_claims *token = claims;
    const struct atls_cca_reference *reference = profile->reference;
    struct atls_why why = {0};
    enum atls_ar4si_claim claim;
    int8_t value;

    (void)now; /* a token carries no time */
    if (check_platform(token, profile, &claim, &value, &why) != ATLS_OK)
        return atls_verdict_refuse(verdict, claim, value, &why);
    if (atls_components_check(token->fields[ATLS_CCA_COMPONENTS].view,
                              &reference->components, profile->name,
                              &why) != ATLS_OK ||
        check_realm(token, profile, &why) != ATLS_OK)
        return atls_verdict_refuse(verdict, ATLS_EXECUTABLES,
                                   UNRECOGNIZED_RUNTIME, &why);
    return accept(profile, verdict);
}

enum kind { BYTES, TEXT, STATE };

/* In the order in which people want them. */
static const struct shown {
    enum atls_cca_field field;
    enum kind kind;
    bool is_brief;
} shown_fields[] = {
    {ATLS_CCA_PROFILE, TEXT, false},
    {ATLS_CCA_REALM_PROFILE, TEXT, false},
    {ATLS_CCA_REALM_CHALLENGE, BYTES, false},
    {ATLS_CCA_INSTANCE, BYTES, true},
    {ATLS_CCA_IMPLEMENTATION, BYTES, false},
    {ATLS_CCA_LIFECYCLE, STATE, true},
    {ATLS_CCA_CONFIG, BYTES, false},
    {ATLS_CCA_SERVICE, TEXT, false},
    {ATLS_CCA_RIM, BYTES, true},
    {ATLS_CCA_PERSONALIZATION, BYTES, false},
    {ATLS_CCA_REALM_HASH, TEXT, false},
    {ATLS_CCA_RAK_HASH, TEXT, false},
};
enum { NUM_SHOWN = sizeof(shown_fields) / sizeof(shown_fields[0]) };

static void describe_field(const struct atls_cca_claims *token,
                           const struct shown *shown, atls_claim_fn *each,
                           void *arg)
{
    const struct atls_cca_claim *claim = &token->fields[shown->field];
    const char *name = atls_cca_field_names[shown->field];
    int state = atls_psa_lifecycle(claim->number);

    if (!claim->is_present)
        return;
    if (shown->kind == BYTES)
        atls_claim_bytes(claim->view, name, each, arg);
    else if (shown->kind == TEXT)
        atls_claim_text(claim->view, name, each, arg);
    else if (state >= 0)
        each(arg, name, atls_cca_lifecycles[state]);
    else
        atls_claim_number(claim->number, name, each, arg);
}

static bool is_of_realm(enum atls_cca_field field)
{
    return field >= ATLS_CCA_REALM_PROFILE;
}

static void describe_rems(const struct atls_cca_claims *token,
                          atls_claim_fn *each, void *arg)
{
    char name[] = "rem0";

    for (unsigned i = 0;
         token->fields[ATLS_CCA_REMS].is_present && i < ATLS_CCA_NUM_REMS;
         i++) {
        name[3] = (char)('0' + i);
        atls_claim_bytes(token->rems[i], name, each, arg);
    }
}

static void describe(const void *claims, bool brief, atls_claim_fn *each,
                     void *arg)
{
    const struct atls_cca_claims *token = claims;

    for (size_t i = 0; i < NUM_SHOWN; i++)
        if (!brief || shown_fields[i].is_brief)
            describe_field(token, &shown_fields[i], each, arg);
    if (brief)
        return;
    describe_rems(token, each, arg);
    atls_components_describe(token->fields[ATLS_CCA_COMPONENTS].view, each,
                             arg);
}

static void describe_platform(const void *claims, atls_claim_fn *each,
                              void *arg)
{
    const struct atls_cca_claims *token = claims;

    for (size_t i = 0; i < NUM_SHOWN; i++)
        if (!is_of_realm(shown_fields[i].field))
            describe_field(token, &shown_fields[i], each, arg);
    atls_components_describe(token->fields[ATLS_CCA_COMPONENTS].view, each,
                             arg);
}

static void describe_realm(const void *claims, atls_claim_fn *each, void *arg)
{
    const struct atls_cca_claims *token = claims;

    for (size_t i = 0; i < NUM_SHOWN; i++)
        if (is_of_realm(shown_fields[i].field))
            describe_field(token, &shown_fields[i], each, arg);
    describe_rems(token, each, arg);
}

/* Veraison's scheme ARM_CCA */
static const struct atls_part parts[] = {
    {"CCA_REALM", true, affirm_realm, describe_realm},
    {"CCA_SSD_PLATFORM", false, affirm_platform, describe_platform},
    {0}};

const struct atls_format atls_format_cca = {
    .name = "cca",
    .submod = "CCA_REALM",
    .parts = parts,
    .types = atls_cca_types,
    .claims_size = sizeof(struct atls_cca_claims),
    .anchor_name = ATLS_ANCHOR_BY_INSTANCE,
    .has_64_byte_nonce = true,
    .matches = atls_cca_matches,
    .parse = atls_cca_parse,
    .signer = signer,
    .verify = verify,
    .judge = judge,
    .describe = describe,
    .keys = atls_cca_keys,
    .read = atls_cca_read,
    .reference_free = atls_cca_reference_free,
    .learn = atls_cca_learn,
};
