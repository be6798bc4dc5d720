/* SPDX-License-Identifier: Apache-2.0
 *
 * PSA attestation tokens, judged: RFC 9783. What a token says and may say is
 * in psa_claims.c.
 */
#include "psa.h"

#include <stdio.h>

#include "base64url.h"
#include "claim.h"

static struct atls_view signer(const void *claims)
{
    const struct atls_psa_claims *token = claims;

    return token->fields[ATLS_PSA_INSTANCE].view;
}

static enum atls_reason verify(const void *claims, EVP_PKEY *key,
                               struct atls_why *why)
{
    const struct atls_psa_claims *token = claims;

    return atls_cose_sign1_verify(&token->message, key, NULL, why);
}

static enum atls_reason check_dialect(const struct atls_psa_claims *claims,
                                      const struct atls_profile *profile,
                                      struct atls_why *why)
{
    const struct atls_psa_reference *reference = profile->reference;

    if (reference->takes_dialect[claims->dialect])
        return ATLS_OK;
    return atls_why(why, ATLS_PROFILE_MISSING,
                    "profile %s: eat_profile %s is not in its list: add it to "
                    "\"profile\"",
                    profile->name, atls_psa_dialects[claims->dialect]);
}

static enum atls_reason check_lifecycle(const struct atls_psa_claims *claims,
                                        const struct atls_profile *profile,
                                        struct atls_why *why)
{
    const struct atls_psa_reference *reference = profile->reference;
    int64_t value = claims->fields[ATLS_PSA_LIFECYCLE].number;
    int state = atls_psa_lifecycle(value);
    char wanted[128] = "";
    size_t at = 0;

    if (reference->takes_lifecycle[state])
        return ATLS_OK;
    for (unsigned i = 0; i < ATLS_NUM_PSA_LIFECYCLES; i++)
        if (reference->takes_lifecycle[i] && at < sizeof(wanted))
            at +=
                (size_t)snprintf(wanted + at, sizeof(wanted) - at, "%s%s",
                                 at > 0 ? " or " : "", atls_psa_lifecycles[i]);
    return atls_why(why, ATLS_LIFECYCLE_REFUSED,
                    "profile %s: lifecycle: want %s, found %s (0x%04x)",
                    profile->name, wanted, atls_psa_lifecycles[state],
                    (unsigned)value);
}

static enum atls_reason check_id(const struct atls_psa_claims *claims,
                                 enum atls_psa_field field,
                                 const struct atls_values *wanted,
                                 const struct atls_profile *profile,
                                 struct atls_why *why)
{
    struct atls_view id = claims->fields[field].view;
    char want[2 * ATLS_PSA_INSTANCE_ID + 1], seen[sizeof(want)];

    if (wanted->num == 0 || atls_values_have(wanted, id))
        return ATLS_OK;
    atls_hex(atls_view(wanted->bytes, wanted->value_len), want, sizeof(want));
    atls_hex(id, seen, sizeof(seen));
    return atls_why(why, ATLS_INSTANCE_REFUSED,
                    "profile %s: %s: want %s%s, found %s", profile->name,
                    atls_psa_field_names[field], want,
                    wanted->num > 1 ? " or another listed" : "", seen);
}

/* draft-ietf-rats-ar4si, 2.3 */
enum {
    NO_CLAIM = 0,
    UNEXPECTED_EVIDENCE = 1,
    AFFIRMED = 2,      /* instance-identity, hardware, configuration */
    APPROVED_BOOT = 3, /* executables: PSA measures what it boots */
    UNRECOGNIZED_RUNTIME = 33,
    CONTRAINDICATED = 96, /* instance-identity, configuration */
    UNRECOGNIZED = 97,    /* hardware */
};

/* The vector: the instance is known by its key; a genuine implementation
 * (hardware) follows from that key, as a PSA root of trust gives it to nobody
 * else; lifecycle is how the device is configured. */
static enum atls_reason accept(const struct atls_psa_reference *reference,
                               struct atls_verdict *verdict)
{
    verdict->vector[ATLS_INSTANCE_IDENTITY] = AFFIRMED;
    verdict->vector[ATLS_HARDWARE] = AFFIRMED;
    verdict->vector[ATLS_CONFIGURATION] = AFFIRMED;
    verdict->vector[ATLS_EXECUTABLES] =
        reference->components.num > 0 ? APPROVED_BOOT : NO_CLAIM;
    return atls_verdict_accept(verdict);
}

static enum atls_reason judge(const void *claims,
                              const struct atls_profile *profile, int64_t now,
                              struct atls_verdict *verdict)
{
    const struct atls_psa_claims *token = claims;
    const struct atls_psa_reference *reference = profile->reference;
    struct atls_why why = {0};

    (void)now; /* a token carries no time */
    if (check_dialect(token, profile, &why) != ATLS_OK)
        return atls_verdict_refuse(verdict, ATLS_CONFIGURATION,
                                   UNEXPECTED_EVIDENCE, &why);
    if (atls_psa_check_form(token, &why) != ATLS_OK)
        return atls_verdict_refuse(verdict, ATLS_CONFIGURATION,
                                   UNEXPECTED_EVIDENCE, &why);
    if (check_lifecycle(token, profile, &why) != ATLS_OK)
        return atls_verdict_refuse(verdict, ATLS_CONFIGURATION, CONTRAINDICATED,
                                   &why);
    if (check_id(token, ATLS_PSA_INSTANCE, &reference->instance_ids, profile,
                 &why) != ATLS_OK)
        return atls_verdict_refuse(verdict, ATLS_INSTANCE_IDENTITY,
                                   CONTRAINDICATED, &why);
    if (check_id(token, ATLS_PSA_IMPLEMENTATION, &reference->implementation_ids,
                 profile, &why) != ATLS_OK)
        return atls_verdict_refuse(verdict, ATLS_HARDWARE, UNRECOGNIZED, &why);
    if (atls_components_check(token->fields[ATLS_PSA_COMPONENTS].view,
                              &reference->components, profile->name,
                              &why) != ATLS_OK)
        return atls_verdict_refuse(verdict, ATLS_EXECUTABLES,
                                   UNRECOGNIZED_RUNTIME, &why);
    return accept(reference, verdict);
}

enum kind { BYTES, TEXT, INTEGER };

static void describe_number(const struct atls_psa_claims *token,
                            enum atls_psa_field field, atls_claim_fn *each,
                            void *arg)
{
    int64_t number = token->fields[field].number;
    int state = field == ATLS_PSA_LIFECYCLE ? atls_psa_lifecycle(number) : -1;
    char text[32];

    snprintf(text, sizeof(text), "%lld", (long long)number);
    each(arg, atls_psa_field_names[field],
         state >= 0 ? atls_psa_lifecycles[state] : text);
}

/* In the order in which people want them. */
static const struct shown {
    enum atls_psa_field field;
    enum kind kind;
    bool is_brief;
} shown_fields[] = {
    {ATLS_PSA_PROFILE, TEXT, false},
    {ATLS_PSA_NONCE, BYTES, false},
    {ATLS_PSA_INSTANCE, BYTES, true},
    {ATLS_PSA_CLIENT, INTEGER, false},
    {ATLS_PSA_LIFECYCLE, INTEGER, true},
    {ATLS_PSA_IMPLEMENTATION, BYTES, false},
    {ATLS_PSA_BOOT_SEED, BYTES, false},
    {ATLS_PSA_CERTIFICATION, TEXT, false},
    {ATLS_PSA_SERVICE, TEXT, false},
    {ATLS_PSA_NO_MEASUREMENTS, INTEGER, false},
};
enum { NUM_SHOWN = sizeof(shown_fields) / sizeof(shown_fields[0]) };

static void describe_field(const struct atls_psa_claims *token,
                           const struct shown *shown, atls_claim_fn *each,
                           void *arg)
{
    if (!token->fields[shown->field].is_present)
        return;
    if (shown->kind == INTEGER)
        describe_number(token, shown->field, each, arg);
    else if (shown->kind == TEXT)
        atls_claim_text(token->fields[shown->field].view,
                        atls_psa_field_names[shown->field], each, arg);
    else
        atls_claim_bytes(token->fields[shown->field].view,
                         atls_psa_field_names[shown->field], each, arg);
}

static void describe(const void *claims, bool brief, atls_claim_fn *each,
                     void *arg)
{
    const struct atls_psa_claims *token = claims;

    for (size_t i = 0; i < NUM_SHOWN; i++)
        if (!brief || shown_fields[i].is_brief)
            describe_field(token, &shown_fields[i], each, arg);
    if (!brief)
        atls_components_describe(token->fields[ATLS_PSA_COMPONENTS].view, each,
                                 arg);
}

const struct atls_format atls_format_psa = {
    .name = "psa",
    .submod = "PSA_IOT",
    .types = atls_psa_types,
    .claims_size = sizeof(struct atls_psa_claims),
    .anchor_name = ATLS_ANCHOR_BY_INSTANCE,
    .parse = atls_psa_parse,
    .signer = signer,
    .verify = verify,
    .judge = judge,
    .describe = describe,
    .keys = atls_psa_keys,
    .read = atls_psa_read,
    .reference_free = atls_psa_reference_free,
    .learn = atls_psa_learn,
};
