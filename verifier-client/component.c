/* SPDX-License-Identifier: Apache-2.0
 *
 * Software components: decoded, held against a profile's values, shown and
 * learned.
 */
#include "component.h"

#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "claim.h"

enum { /* keys of a component, RFC 9783, 4.4.1 */
       COMPONENT_TYPE = 1,
       COMPONENT_MEASUREMENT = 2,
       COMPONENT_VERSION = 4,
       COMPONENT_SIGNER_ID = 5,
       COMPONENT_DESCRIPTION = 6
};

static struct atls_component take_component(struct atls_cbor *in)
{
    struct atls_component component = {.measurement = {0}};
    struct atls_cbor_iter entries;

    atls_cbor_map(in, &entries);
    while (atls_cbor_next(in, &entries))
        switch (atls_cbor_int(in)) {
        case COMPONENT_TYPE:
            component.type = atls_cbor_text(in);
            break;
        case COMPONENT_MEASUREMENT:
            component.measurement = atls_cbor_bytes(in);
            break;
        case COMPONENT_VERSION:
            component.version = atls_cbor_text(in);
            break;
        case COMPONENT_SIGNER_ID:
            component.signer_id = atls_cbor_bytes(in);
            break;
        case COMPONENT_DESCRIPTION:
            component.description = atls_cbor_text(in);
            break;
        default:
            (void)atls_cbor_skip(in);
        }
    return component;
}

struct atls_view atls_components_take(struct atls_cbor *in)
{
    const uint8_t *start = in->in.at;
    struct atls_cbor_iter items;

    atls_cbor_array(in, &items);
    while (atls_cbor_next(in, &items))
        (void)take_component(in);
    return atls_view(start, (size_t)(in->in.at - start));
}

void atls_component_walk(struct atls_view list,
                         struct atls_component_walk *walk)
{
    walk->in = atls_cbor(list);
    walk->items = (struct atls_cbor_iter){0};
    if (list.len > 0)
        atls_cbor_array(&walk->in, &walk->items);
    else
        atls_cbor_fail(&walk->in);
}

bool atls_component_next(struct atls_component_walk *walk,
                         struct atls_component *out)
{
    if (!atls_cbor_next(&walk->in, &walk->items))
        return false;
    *out = take_component(&walk->in);
    return !atls_cbor_failed(&walk->in);
}

static bool is_hash(struct atls_view view)
{
    return view.len == 32 || view.len == 48 || view.len == 64;
}

bool atls_components_are_valid(struct atls_view list)
{
    struct atls_component component;
    struct atls_component_walk walk;
    size_t num = 0;

    atls_component_walk(list, &walk);
    for (; atls_component_next(&walk, &component); num++)
        if (!is_hash(component.measurement) || !is_hash(component.signer_id))
            return false;
    return num > 0;
}

static struct atls_view measurement_of(const struct atls_component_value *value)
{
    return atls_view(value->measurement, value->measurement_len);
}

static struct atls_view signer_of(const struct atls_component_value *value)
{
    return atls_view(value->signer_id, value->signer_id_len);
}

static bool component_is(const struct atls_component *component,
                         const struct atls_component_value *value)
{
    return atls_view_equal(component->signer_id, signer_of(value)) &&
           atls_view_equal(component->measurement, measurement_of(value)) &&
           (value->type[0] == '\0' ||
            atls_view_is(component->type, value->type)) &&
           (value->version[0] == '\0' ||
            atls_view_is(component->version, value->version));
}

static bool is_listed(const struct atls_component_values *values,
                      const struct atls_component *component)
{
    for (size_t i = 0; i < values->num; i++)
        if (component_is(component, &values->items[i]))
            return true;
    return false;
}

static bool is_shown(struct atls_view list,
                     const struct atls_component_value *value)
{
    struct atls_component component;
    struct atls_component_walk walk;

    atls_component_walk(list, &walk);
    while (atls_component_next(&walk, &component))
        if (component_is(&component, value))
            return true;
    return false;
}

/* The listed value that the operator most likely meant: of the same signer,
 * and of the same type where it names one. */
static const struct atls_component_value *
nearest(const struct atls_component_values *values,
        const struct atls_component *component)
{
    const struct atls_component_value *found = NULL;

    for (size_t i = 0; i < values->num; i++) {
        const struct atls_component_value *value = &values->items[i];

        if (value->type[0] != '\0' &&
            atls_view_is(component->type, value->type))
            return value;
        if (found == NULL &&
            atls_view_equal(component->signer_id, signer_of(value)))
            found = value;
    }
    return found;
}

static enum atls_reason unlisted(const struct atls_component_values *values,
                                 const struct atls_component *component,
                                 const char *profile_name, struct atls_why *why)
{
    const struct atls_component_value *value = nearest(values, component);
    bool is_signer = value != NULL && atls_view_equal(component->measurement,
                                                      measurement_of(value));
    char want[2 * ATLS_COMPONENT_MAX_HASH + 1] = "one that is listed";
    char seen[sizeof(want)], signer_id[17], type[24], version[16];

    if (value != NULL)
        atls_hex(is_signer ? signer_of(value) : measurement_of(value), want,
                 sizeof(want));
    atls_hex(is_signer ? component->signer_id : component->measurement, seen,
             sizeof(seen));
    atls_hex(component->signer_id, signer_id, sizeof(signer_id));
    atls_claim_ascii(component->type, type, sizeof(type));
    atls_claim_ascii(component->version, version, sizeof(version));
    return atls_why(why, ATLS_COMPONENT_REFUSED,
                    "profile %s: component %s %s: want %s %s, found %s (signer "
                    "%s...); add it to the policy if that software is meant",
                    profile_name, type, version,
                    is_signer ? "signer" : "measurement", want, seen,
                    signer_id);
}

static enum atls_reason unshown(const struct atls_component_value *value,
                                const char *profile_name, struct atls_why *why)
{
    char want[2 * ATLS_COMPONENT_MAX_HASH + 1];

    atls_hex(measurement_of(value), want, sizeof(want));
    return atls_why(why, ATLS_COMPONENT_REFUSED,
                    "profile %s: want required component %s with measurement "
                    "%s, found none",
                    profile_name, value->type, want);
}

enum atls_reason
atls_components_check(struct atls_view list,
                      const struct atls_component_values *values,
                      const char *profile_name, struct atls_why *why)
{
    struct atls_component component;
    struct atls_component_walk walk;

    if (values->num == 0)
        return ATLS_OK;
    if (list.len == 0)
        return atls_why(why, ATLS_COMPONENT_REFUSED,
                        "profile %s: want components, found the claim that "
                        "nothing was measured",
                        profile_name);
    atls_component_walk(list, &walk);
    while (atls_component_next(&walk, &component))
        if (!is_listed(values, &component))
            return unlisted(values, &component, profile_name, why);
    for (size_t i = 0; i < values->num; i++)
        if (values->items[i].is_required && !is_shown(list, &values->items[i]))
            return unshown(&values->items[i], profile_name, why);
    return ATLS_OK;
}

static void read_label(const struct atls_node *node, char *out)
{
    const char *text = node->value != NULL ? atls_node_text(node) : NULL;

    if (text == NULL)
        return;
    if (strlen(text) >= ATLS_COMPONENT_MAX_TEXT)
        atls_node_wrong(node, "at most 127 bytes");
    else
        snprintf(out, ATLS_COMPONENT_MAX_TEXT, "%s", text);
}

/* RFC 9783, 4.4.1: a digest of SHA-256, SHA-384 or SHA-512; any other value
 * would match nothing. */
static size_t read_hash(const struct atls_node *node, uint8_t *hash)
{
    size_t len = atls_node_hex(node, 32, ATLS_COMPONENT_MAX_HASH, hash);

    if (len != 0 && !is_hash(atls_view(hash, len)))
        atls_node_wrong(node, "32, 48 or 64 bytes in hex");
    return len;
}

static void read_component(const struct atls_node *node,
                           struct atls_component_value *value)
{
    static const char *const keys[] = {"signer_id", "measurement", "type",
                                       "version",   "required",    NULL};
    struct atls_node signer_id = atls_node_member(node, "signer_id");
    struct atls_node measurement = atls_node_member(node, "measurement");
    struct atls_node type = atls_node_member(node, "type");
    struct atls_node version = atls_node_member(node, "version");
    struct atls_node required = atls_node_member(node, "required");

    if (!atls_node_is_object(node, keys))
        return;
    value->signer_id_len = read_hash(&signer_id, value->signer_id);
    value->measurement_len = read_hash(&measurement, value->measurement);
    read_label(&type, value->type);
    read_label(&version, value->version);
    value->is_required = atls_node_flag(&required, false);
}

void atls_component_values_read(const struct atls_node *node,
                                struct atls_component_values *out)
{
    size_t num = json_array_size(node->value);

    if (node->value == NULL || !atls_node_is_array(node))
        return;
    if (num == 0)
        atls_node_wrong(node, "at least one component");
    out->items = calloc(num + 1, sizeof(struct atls_component_value));
    if (out->items == NULL)
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
    for (size_t i = 0; out->items != NULL && i < num; i++) {
        struct atls_node item = atls_node_item(node, i);

        read_component(&item, &out->items[out->num++]);
    }
}

void atls_component_values_clear(struct atls_component_values *values)
{
    free(values->items);
    *values = (struct atls_component_values){0};
}

static void describe_one(const struct atls_component *component,
                         atls_claim_fn *each, void *arg)
{
    if (component->type.len > 0)
        atls_claim_text(component->type, "component_type", each, arg);
    if (component->version.len > 0)
        atls_claim_text(component->version, "component_version", each, arg);
    if (component->measurement.len > 0)
        atls_claim_bytes(component->measurement, "component_measurement", each,
                         arg);
    if (component->signer_id.len > 0)
        atls_claim_bytes(component->signer_id, "component_signer_id", each,
                         arg);
}

void atls_components_describe(struct atls_view list, atls_claim_fn *each,
                              void *arg)
{
    struct atls_component component;
    struct atls_component_walk walk;

    atls_component_walk(list, &walk);
    while (atls_component_next(&walk, &component))
        describe_one(&component, each, arg);
}

/* Texts that a policy cannot hold are left out: the measurement pins. */
static bool learn_label(json_t *object, const char *key, struct atls_view text)
{
    if (text.len == 0 || text.len >= ATLS_COMPONENT_MAX_TEXT ||
        memchr(text.data, '\0', text.len) != NULL)
        return true;
    return json_object_set_new(
               object, key, json_stringn((const char *)text.data, text.len)) ==
           0;
}

static bool learn_one(json_t *list, const struct atls_component *component)
{
    json_t *object = atls_json_object();

    if (json_array_append_new(list, object) != 0)
        return false;
    return learn_label(object, "type", component->type) &&
           learn_label(object, "version", component->version) &&
           atls_claim_learn_hex(object, "signer_id", component->signer_id) &&
           atls_claim_learn_hex(object, "measurement",
                                component->measurement) &&
           json_object_set_new(object, "required", json_true()) == 0;
}

bool atls_components_learn(struct atls_view list, json_t *profile)
{
    struct atls_component component;
    struct atls_component_walk walk;
    json_t *array = json_array();

    if (json_object_set_new(profile, "components", array) != 0)
        return false;
    atls_component_walk(list, &walk);
    while (atls_component_next(&walk, &component))
        if (!learn_one(array, &component))
            return false;
    return true;
}
