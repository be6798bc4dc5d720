/* SPDX-License-Identifier: Apache-2.0
 *
 * PSA and the platform of CCA (draft-fdb-rats-psa-endorsements, 3;
 * draft-ydb-rats-cca-endorsements, 3.1): software components, a platform's
 * configuration, and the keys of devices. A reference triple describes one
 * state of all of an implementation's software. The realm of CCA (3.2 of the
 * latter) stands beside them.
 */
#include <string.h>

#include "base64url.h"
#include "cca.h"
#include "claim.h"
#include "import_kind.h"

#define VALUE(name) (1U << ATLS_COMID_##name)
enum { ID_TEXT = 2 * ATLS_PSA_IMPLEMENTATION_ID + 1 };

static bool key_is(const struct atls_comid_measurement *measurement,
                   const char *text)
{
    return measurement->key.form == ATLS_COMID_IS_TEXT &&
           measurement->key.tag == 0 &&
           atls_view_is(measurement->key.view, text);
}

static enum atls_reason unknown_key(const char *want, struct atls_why *why)
{
    return atls_why(why, ATLS_CORIM_UNSUPPORTED,
                    "mkey: want %s, found another one", want);
}

/* Everything of one implementation hangs on its ID. */
static enum atls_reason check_class(const struct atls_comid_triple *triple,
                                    char out[ID_TEXT], struct atls_why *why)
{
    struct atls_view id =
        atls_comid_choice_bytes(&triple->class_id, ATLS_COMID_BYTES);

    if (id.len != ATLS_PSA_IMPLEMENTATION_ID)
        return atls_why(why, ATLS_CORIM_MALFORMED,
                        "class-id: want an implementation ID of 32 bytes, "
                        "tagged 560");
    atls_hex(id, out, ID_TEXT);
    return ATLS_OK;
}

static bool set_text(json_t *object, const char *key, struct atls_view text)
{
    return text.data == NULL ||
           json_object_set_new(
               object, key, json_stringn((const char *)text.data, text.len)) ==
               0;
}

/* The same but for what was measured. */
static bool has_twin(const json_t *components, json_t *component)
{
    for (size_t i = 0; i < json_array_size(components); i++) {
        json_t *other = json_array_get(components, i);

        if (json_object_get(other, "type") != NULL &&
            json_equal(json_object_get(other, "type"),
                       json_object_get(component, "type")) &&
            json_equal(json_object_get(other, "signer_id"),
                       json_object_get(component, "signer_id")))
            return true;
    }
    return false;
}

static enum atls_reason add_component(json_t *components, json_t *component,
                                      struct atls_why *why)
{
    bool is_twin = component != NULL && has_twin(components, component);

    if (!is_twin)
        return atls_import_add(components, component, why);
    json_decref(component);
    return atls_why(why, ATLS_CORIM_CONFLICT,
                    "software component: want one of its type and signer in a "
                    "triple, found a second one");
}

static enum atls_reason
take_component(const struct atls_comid_measurement *measurement,
               json_t *components, struct atls_why *why)
{
    struct atls_view signer =
        atls_comid_choice_bytes(&measurement->signer, ATLS_COMID_BYTES);
    ATLS_AUTO(json_t) *component = atls_json_object();
    enum atls_reason reason = atls_import_only(
        measurement,
        VALUE(VERSION) | VALUE(DIGESTS) | VALUE(NAME) | VALUE(CRYPTOKEYS), why);

    if (reason != ATLS_OK)
        return reason;
    if (measurement->digest.data == NULL ||
        (signer.len != 32 && signer.len != 48 && signer.len != 64))
        return atls_why(why, ATLS_CORIM_MALFORMED,
                        "software component: want digests, and one signer ID "
                        "of 32, 48 or 64 bytes among cryptokeys");
    if (component == NULL || !set_text(component, "type", measurement->name) ||
        !set_text(component, "version", measurement->version) ||
        !atls_claim_learn_hex(component, "signer_id", signer) ||
        !atls_claim_learn_hex(component, "measurement", measurement->digest) ||
        json_object_set_new(component, "required", json_true()) != 0)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return add_component(components, ATLS_STEAL(component), why);
}

/* A mask with a bit that is open is more than a policy can hold. */
static bool is_exact(const struct atls_comid_measurement *measurement)
{
    struct atls_view mask = measurement->mask;
    bool is_full = mask.data == NULL || mask.len == measurement->raw.view.len;

    for (size_t i = 0; i < mask.len; i++)
        is_full &= mask.data[i] == 0xff;
    return is_full;
}

static enum atls_reason
take_config(const struct atls_import *import,
            const struct atls_comid_measurement *measurement, json_t *want,
            struct atls_why *why)
{
    struct atls_view config =
        atls_comid_choice_bytes(&measurement->raw, ATLS_COMID_BYTES);
    enum atls_reason reason =
        atls_import_only(measurement, VALUE(RAW) | VALUE(RAW_MASK), why);

    if (reason != ATLS_OK)
        return reason;
    if (config.len == 0)
        return atls_why(why, ATLS_CORIM_MALFORMED,
                        "cca.platform-config: want a raw-value of bytes, "
                        "tagged 560");
    if (config.len > ATLS_CCA_MAX_VALUE || !is_exact(measurement))
        return atls_import_leave_out(
            import, "cca.platform-config of more than 64 bytes, or masked",
            why);
    return atls_import_set_hex(want, "config", config, why);
}

static enum atls_reason
take_platform_measurement(const struct atls_import *import,
                          const struct atls_comid_measurement *measurement,
                          bool is_cca, json_t *want, struct atls_why *why)
{
    if (key_is(measurement,
               is_cca ? "cca.software-component" : "psa.software-component"))
        return take_component(measurement, json_object_get(want, "components"),
                              why);
    if (is_cca && key_is(measurement, "cca.platform-config"))
        return take_config(import, measurement, want, why);
    return unknown_key(is_cca ? "\"cca.software-component\" or "
                                "\"cca.platform-config\""
                              : "\"psa.software-component\"",
                       why);
}

static enum atls_reason
take_platform_measurements(const struct atls_import *import,
                           struct atls_comid_triple *triple, json_t *want,
                           struct atls_why *why)
{
    const char *format = json_string_value(json_object_get(want, "format"));
    bool is_cca = strcmp(format, "cca") == 0;
    struct atls_comid_measurement measurement;
    enum atls_reason reason = ATLS_OK;

    while (reason == ATLS_OK &&
           atls_comid_measurement_next(triple, &measurement))
        reason =
            take_platform_measurement(import, &measurement, is_cca, want, why);
    if (reason == ATLS_OK &&
        json_array_size(json_object_get(want, "components")) == 0)
        return atls_why(why, ATLS_CORIM_INCOMPLETE,
                        "want software components, found none: any software "
                        "would do");
    return reason;
}

/* want: a profile that lacks trust anchors, NULL: no memory; taken. */
static enum atls_reason take_platform(struct atls_import *import,
                                      struct atls_comid_triple *triple,
                                      json_t *profile, struct atls_why *why)
{
    ATLS_AUTO(json_t) *want = profile;
    char id[ID_TEXT];
    enum atls_reason reason = check_class(triple, id, why);

    if (reason != ATLS_OK)
        return reason;
    if (triple->instance.form != ATLS_COMID_ABSENT)
        return atls_why(why, ATLS_CORIM_UNSUPPORTED,
                        "environment: values of one instance alone are not "
                        "supported");
    if (want == NULL ||
        json_object_set_new(want, "implementation_id", json_string(id)) != 0 ||
        json_object_set_new(want, "components", json_array()) != 0)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    reason = take_platform_measurements(import, triple, want, why);
    return reason == ATLS_OK
               ? atls_import_add(import->wants, ATLS_STEAL(want), why)
               : reason;
}

/* How a token spells its claims is nothing that a CoRIM says. */
static enum atls_reason take_psa(void *arg, struct atls_comid_triple *triple,
                                 struct atls_why *why)
{
    json_t *want = json_pack("{s:s, s:n, s:[s, s, s]}", "format", "psa",
                             "trust_anchors", "profile", atls_psa_dialects[0],
                             atls_psa_dialects[1], atls_psa_dialects[2]);

    return take_platform(arg, triple, want, why);
}

static enum atls_reason take_cca(void *arg, struct atls_comid_triple *triple,
                                 struct atls_why *why)
{
    json_t *want = json_pack("{s:s, s:n}", "format", "cca", "trust_anchors");

    return take_platform(arg, triple, want, why);
}

/* The same device twice: it has one key. */
static enum atls_reason add_anchor(json_t *anchors, json_t *anchor,
                                   struct atls_why *why)
{
    json_t *id = json_object_get(anchor, "instance_id");

    for (size_t i = 0; i < json_array_size(anchors); i++) {
        json_t *other = json_array_get(anchors, i);

        if (!json_equal(json_object_get(other, "instance_id"), id))
            continue;
        if (json_equal(other, anchor))
            return ATLS_OK;
        return atls_why(why, ATLS_CORIM_CONFLICT,
                        "want one key of an instance, found a second one");
    }
    return atls_import_add(anchors, json_incref(anchor), why);
}

static enum atls_reason take_key(struct atls_import *import,
                                 struct atls_comid_triple *triple,
                                 const char *format, struct atls_why *why)
{
    struct atls_view instance =
        atls_comid_choice_bytes(&triple->instance, ATLS_COMID_UEID);
    ATLS_AUTO(json_t) *anchor = atls_json_object();
    struct atls_comid_choice key = {.tag = 0};
    char class[ID_TEXT];
    json_t *pem = NULL;
    enum atls_reason reason = check_class(triple, class, why);

    if (reason != ATLS_OK)
        return reason;
    if (instance.len != ATLS_PSA_INSTANCE_ID || instance.data[0] != 0x01)
        return atls_why(why, ATLS_CORIM_MALFORMED,
                        "instance: want an instance ID of 33 bytes that starts "
                        "with 01, tagged 550");
    if (!atls_comid_key_next(triple, &key))
        return ATLS_OK; /* atls_comid_read refuses it */
    reason = atls_import_pem(&key, ATLS_COMID_KEY, &pem, why);
    if (reason != ATLS_OK)
        return reason;
    if (!atls_claim_learn_hex(anchor, "instance_id", instance)) {
        json_decref(pem);
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    }
    if (json_object_set_new(anchor, "key", pem) != 0)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (atls_comid_key_next(triple, &key))
        return atls_why(why, ATLS_CORIM_CONFLICT,
                        "want one key of an instance, found a second one");
    return add_anchor(atls_import_keys(import, format, class), anchor, why);
}

static enum atls_reason
take_psa_key(void *arg, struct atls_comid_triple *triple, struct atls_why *why)
{
    return take_key(arg, triple, "psa", why);
}

static enum atls_reason
take_cca_key(void *arg, struct atls_comid_triple *triple, struct atls_why *why)
{
    return take_key(arg, triple, "cca", why);
}

static enum atls_reason
take_realm_measurement(const struct atls_comid_measurement *measurement,
                       json_t *realm, struct atls_why *why)
{
    static const char *const registers[][2] = {{"cca.rim", "rim"},
                                               {"cca.rem0", "rem0"},
                                               {"cca.rem1", "rem1"},
                                               {"cca.rem2", "rem2"},
                                               {"cca.rem3", "rem3"}};
    bool is_value = key_is(measurement, "cca.rpv");
    const char *key = is_value ? "personalization" : NULL;
    struct atls_view found = measurement->digest;
    enum atls_reason reason = atls_import_only(
        measurement, is_value ? VALUE(RAW) : VALUE(DIGESTS), why);

    for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
        if (key_is(measurement, registers[i][0]))
            key = registers[i][1];
    if (key == NULL)
        return unknown_key("\"cca.rim\", \"cca.rem0\" to \"cca.rem3\" or "
                           "\"cca.rpv\"",
                           why);
    if (reason != ATLS_OK)
        return reason;
    if (is_value)
        found = atls_comid_choice_bytes(&measurement->raw, ATLS_COMID_BYTES);
    if (is_value && found.len != ATLS_CCA_MAX_VALUE)
        return atls_why(why, ATLS_CORIM_MALFORMED,
                        "cca.rpv: want a raw-value of 64 bytes, tagged 560");
    return atls_import_set_hex(realm, key, found, why);
}

/* What the environment names is the RIM too. */
static enum atls_reason check_rim(const struct atls_comid_triple *triple,
                                  json_t *realm, struct atls_why *why)
{
    struct atls_view id =
        atls_comid_choice_bytes(&triple->class_id, ATLS_COMID_BYTES);
    const char *rim = json_string_value(json_object_get(realm, "rim"));
    char text[2 * ATLS_CCA_MAX_VALUE + 1] = "";

    if (rim == NULL)
        return atls_why(why, ATLS_CORIM_INCOMPLETE,
                        "want \"cca.rim\", found none: any realm would do");
    if (id.len <= ATLS_CCA_MAX_VALUE)
        atls_hex(id, text, sizeof(text));
    if (triple->instance.form != ATLS_COMID_ABSENT || strcmp(text, rim) != 0)
        return atls_why(why, ATLS_CORIM_CONFLICT,
                        "environment: want the RIM as class-id, tagged 560, "
                        "and no instance, found something else");
    return ATLS_OK;
}

static enum atls_reason take_realm(void *arg, struct atls_comid_triple *triple,
                                   struct atls_why *why)
{
    struct atls_comid_measurement measurement;
    ATLS_AUTO(json_t) *realm = atls_json_object();
    struct atls_import *import = arg;
    enum atls_reason reason = ATLS_OK;

    if (realm == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    while (reason == ATLS_OK &&
           atls_comid_measurement_next(triple, &measurement))
        reason = take_realm_measurement(&measurement, realm, why);
    if (reason == ATLS_OK)
        reason = check_rim(triple, realm, why);
    return reason == ATLS_OK
               ? atls_import_add(import->realms, ATLS_STEAL(realm), why)
               : reason;
}

const struct atls_import_kind atls_import_psa = {
    .profile = "tag:arm.com,2025:psa#1.0.0",
    .references = take_psa,
    .keys = take_psa_key,
};
const struct atls_import_kind atls_import_cca = {
    .profile = "tag:arm.com,2025:cca_platform#1.0.0",
    .references = take_cca,
    .keys = take_cca_key,
};
const struct atls_import_kind atls_import_realm = {
    .profile = "tag:arm.com,2025:cca_realm#1.0.0",
    .references = take_realm,
};
