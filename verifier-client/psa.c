/* SPDX-License-Identifier: Apache-2.0
 *
 * PSA attestation tokens, judged: RFC 9783. What a token says and may say is
 * in psa_claims.c.
 */
#include "psa.h"

#include <stdio.h>
#include <string.h>

#include "base64url.h"

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

static bool component_is(const struct atls_psa_component *component,
                         const struct atls_psa_value *value)
{
    return atls_view_equal(component->signer_id,
                           atls_view(value->signer_id, value->signer_id_len)) &&
           atls_view_equal(
               component->measurement,
               atls_view(value->measurement, value->measurement_len)) &&
           (value->type[0] == '\0' ||
            atls_view_is(component->type, value->type)) &&
           (value->version[0] == '\0' ||
            atls_view_is(component->version, value->version));
}

static bool is_listed(const struct atls_psa_reference *reference,
                      const struct atls_psa_component *component)
{
    for (size_t i = 0; i < reference->num_components; i++)
        if (component_is(component, &reference->components[i]))
            return true;
    return false;
}

static bool is_shown(const struct atls_psa_claims *claims,
                     const struct atls_psa_value *value)
{
    struct atls_psa_component component;
    struct atls_psa_walk walk;

    atls_psa_components(claims, &walk);
    while (atls_psa_component_next(&walk, &component))
        if (component_is(&component, value))
            return true;
    return false;
}

/* The listed value that the operator most likely meant: of the same signer,
 * and of the same type where it names one. */
static const struct atls_psa_value *
nearest(const struct atls_psa_reference *reference,
        const struct atls_psa_component *component)
{
    const struct atls_psa_value *found = NULL;

    for (size_t i = 0; i < reference->num_components; i++) {
        const struct atls_psa_value *value = &reference->components[i];
        struct atls_view signer_id =
            atls_view(value->signer_id, value->signer_id_len);

        if (value->type[0] != '\0' &&
            atls_view_is(component->type, value->type))
            return value;
        if (found == NULL && atls_view_equal(component->signer_id, signer_id))
            found = value;
    }
    return found;
}

static enum atls_reason unlisted(const struct atls_profile *profile,
                                 const struct atls_psa_component *component,
                                 struct atls_why *why)
{
    const struct atls_psa_value *value = nearest(profile->reference, component);
    char want[2 * ATLS_PSA_MAX_HASH + 1] = "one that is listed";
    char seen[sizeof(want)], signer_id[17], type[24], version[16];

    if (value != NULL)
        atls_hex(atls_view(value->measurement, value->measurement_len), want,
                 sizeof(want));
    atls_hex(component->measurement, seen, sizeof(seen));
    atls_hex(component->signer_id, signer_id, sizeof(signer_id));
    atls_psa_ascii(component->type, type, sizeof(type));
    atls_psa_ascii(component->version, version, sizeof(version));
    return atls_why(why, ATLS_COMPONENT_REFUSED,
                    "profile %s: component %s %s: want measurement %s, found "
                    "%s (signer %s...); add it to the policy if that software "
                    "is meant",
                    profile->name, type, version, want, seen, signer_id);
}

static enum atls_reason check_components(const struct atls_psa_claims *claims,
                                         const struct atls_profile *profile,
                                         struct atls_why *why)
{
    const struct atls_psa_reference *reference = profile->reference;
    struct atls_psa_component component;
    struct atls_psa_walk walk;
    char want[2 * ATLS_PSA_MAX_HASH + 1];

    if (reference->num_components == 0)
        return ATLS_OK;
    if (!claims->fields[ATLS_PSA_COMPONENTS].is_present)
        return atls_why(why, ATLS_COMPONENT_REFUSED,
                        "profile %s: want components, found the claim that "
                        "nothing was measured",
                        profile->name);
    atls_psa_components(claims, &walk);
    while (atls_psa_component_next(&walk, &component))
        if (!is_listed(reference, &component))
            return unlisted(profile, &component, why);
    for (size_t i = 0; i < reference->num_components; i++) {
        const struct atls_psa_value *value = &reference->components[i];

        if (!value->is_required || is_shown(claims, value))
            continue;
        atls_hex(atls_view(value->measurement, value->measurement_len), want,
                 sizeof(want));
        return atls_why(why, ATLS_COMPONENT_REFUSED,
                        "profile %s: want required component %s with "
                        "measurement %s, found none",
                        profile->name, value->type, want);
    }
    return ATLS_OK;
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
        reference->num_components > 0 ? APPROVED_BOOT : NO_CLAIM;
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
    if (check_components(token, profile, &why) != ATLS_OK)
        return atls_verdict_refuse(verdict, ATLS_EXECUTABLES,
                                   UNRECOGNIZED_RUNTIME, &why);
    return accept(reference, verdict);
}

enum { MAX_SHOWN = 160 };

enum kind { BYTES, TEXT, INTEGER };

static void describe_view(struct atls_view view, enum kind kind,
                          const char *name, atls_claim_fn *each, void *arg)
{
    char text[MAX_SHOWN];

    if (kind == BYTES)
        atls_hex(view, text, sizeof(text));
    else
        atls_psa_ascii(view, text, sizeof(text));
    each(arg, name, text);
}

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

static void describe_component(const struct atls_psa_component *component,
                               atls_claim_fn *each, void *arg)
{
    static const struct {
        const char *name;
        enum kind kind;
    } shown[] = {{"component_type", TEXT},
                 {"component_version", TEXT},
                 {"component_measurement", BYTES},
                 {"component_signer_id", BYTES}};
    const struct atls_view views[] = {component->type, component->version,
                                      component->measurement,
                                      component->signer_id};

    for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
        if (views[i].len > 0)
            describe_view(views[i], shown[i].kind, shown[i].name, each, arg);
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
    else
        describe_view(token->fields[shown->field].view, shown->kind,
                      atls_psa_field_names[shown->field], each, arg);
}

static void describe(const void *claims, bool brief, atls_claim_fn *each,
                     void *arg)
{
    const struct atls_psa_claims *token = claims;
    struct atls_psa_component component;
    struct atls_psa_walk walk;

    for (size_t i = 0; i < NUM_SHOWN; i++)
        if (!brief || shown_fields[i].is_brief)
            describe_field(token, &shown_fields[i], each, arg);
    atls_psa_components(token, &walk);
    while (!brief && atls_psa_component_next(&walk, &component))
        describe_component(&component, each, arg);
}

const struct atls_format atls_format_psa = {
    .name = "psa",
    .submod = "PSA_IOT",
    .types = atls_psa_types,
    .claims_size = sizeof(struct atls_psa_claims),
    .has_instance_id = true,
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
