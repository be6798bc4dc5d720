/* SPDX-License-Identifier: Apache-2.0
 *
 * The reference values of a PSA profile, from and to JSON.
 */
#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "psa.h"

const char *const atls_psa_keys[] = {
    "profile",           "lifecycle",   "components",
    "implementation_id", "instance_id", NULL,
};

/* A word or a list of words, each of which sets its flag. */
static void read_words(const struct atls_node *node, const char *const *words,
                       bool *flags, unsigned by_default)
{
    size_t num = atls_node_list_size(node);

    if (node->value == NULL)
        flags[by_default] = true;
    else if (num == 0)
        atls_node_wrong(node, "at least one value");
    for (size_t i = 0; i < num; i++) {
        struct atls_node item = atls_node_list_item(node, i);
        int choice = atls_node_choice(&item, words);

        if (choice >= 0)
            flags[choice] = true;
    }
}

static void read_label(const struct atls_node *node, char *out)
{
    const char *text = node->value != NULL ? atls_node_text(node) : NULL;

    if (text == NULL)
        return;
    if (strlen(text) >= ATLS_PSA_MAX_TEXT)
        atls_node_wrong(node, "at most 127 bytes");
    else
        snprintf(out, ATLS_PSA_MAX_TEXT, "%s", text);
}

/* RFC 9783, 4.4.1: a digest of SHA-256, SHA-384 or SHA-512; any other value
 * would match nothing. */
static size_t read_hash(const struct atls_node *node, uint8_t *hash)
{
    size_t len = atls_node_hex(node, 32, ATLS_PSA_MAX_HASH, hash);

    if (len != 0 && len != 32 && len != 48 && len != ATLS_PSA_MAX_HASH)
        atls_node_wrong(node, "32, 48 or 64 bytes in hex");
    return len;
}

static void read_component(const struct atls_node *node,
                           struct atls_psa_value *value)
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

static void read_components(const struct atls_node *node,
                            struct atls_psa_reference *reference)
{
    size_t num = json_array_size(node->value);

    if (node->value == NULL || !atls_node_is_array(node))
        return;
    if (num == 0)
        atls_node_wrong(node, "at least one component");
    reference->components = calloc(num + 1, sizeof(struct atls_psa_value));
    if (reference->components == NULL)
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
    for (size_t i = 0; reference->components != NULL && i < num; i++) {
        struct atls_node item = atls_node_item(node, i);

        read_component(&item,
                       &reference->components[reference->num_components++]);
    }
}

/* What a peer may send: each dialect travels under its own Content-Format. */
static void list_types(struct atls_profile *profile)
{
    const struct atls_psa_reference *reference = profile->reference;

    if (reference->takes_dialect[ATLS_PSA_RFC9783])
        profile->types[profile->num_types++] = atls_psa_types[0];
    if (reference->takes_dialect[ATLS_PSA_2_0_0] ||
        reference->takes_dialect[ATLS_PSA_IOT_1])
        profile->types[profile->num_types++] = atls_psa_types[1];
}

void atls_psa_read(const struct atls_node *node, struct atls_profile *profile)
{
    struct atls_node dialects = atls_node_member(node, "profile");
    struct atls_node lifecycle = atls_node_member(node, "lifecycle");
    struct atls_node components = atls_node_member(node, "components");
    struct atls_node implementation =
        atls_node_member(node, "implementation_id");
    struct atls_node instance = atls_node_member(node, "instance_id");
    struct atls_psa_reference *reference = calloc(1, sizeof(*reference));

    if (reference == NULL) {
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
        return;
    }
    profile->reference = reference;
    read_words(&dialects, atls_psa_dialects, reference->takes_dialect,
               ATLS_PSA_RFC9783);
    read_words(&lifecycle, atls_psa_lifecycles, reference->takes_lifecycle,
               ATLS_PSA_SECURED);
    read_components(&components, reference);
    atls_values_read(&implementation, ATLS_PSA_IMPLEMENTATION_ID,
                     &reference->implementation_ids);
    atls_values_read(&instance, ATLS_PSA_INSTANCE_ID, &reference->instance_ids);
    list_types(profile);
    profile->is_pinned = components.value != NULL ||
                         implementation.value != NULL || instance.value != NULL;
}

void atls_psa_reference_free(void *reference)
{
    struct atls_psa_reference *values = reference;

    if (values == NULL)
        return;
    free(values->components);
    atls_values_clear(&values->implementation_ids);
    atls_values_clear(&values->instance_ids);
    free(values);
}

static bool add_hex(json_t *object, const char *key, struct atls_view bytes)
{
    char text[2 * ATLS_PSA_MAX_HASH + 1];

    atls_hex(bytes, text, sizeof(text));
    return json_object_set_new(object, key, json_string(text)) == 0;
}

/* Texts that a policy cannot hold are left out: the measurement pins. */
static bool add_label(json_t *object, const char *key, struct atls_view text)
{
    if (text.len == 0 || text.len >= ATLS_PSA_MAX_TEXT ||
        memchr(text.data, '\0', text.len) != NULL)
        return true;
    return json_object_set_new(
               object, key, json_stringn((const char *)text.data, text.len)) ==
           0;
}

static bool add_component(json_t *list,
                          const struct atls_psa_component *component)
{
    json_t *object = atls_json_object();

    if (json_array_append_new(list, object) != 0)
        return false;
    return add_label(object, "type", component->type) &&
           add_label(object, "version", component->version) &&
           add_hex(object, "signer_id", component->signer_id) &&
           add_hex(object, "measurement", component->measurement) &&
           json_object_set_new(object, "required", json_true()) == 0;
}

static bool add_components(const struct atls_psa_claims *token, json_t *profile)
{
    struct atls_psa_component component;
    struct atls_psa_walk walk;
    json_t *list;

    if (!token->fields[ATLS_PSA_COMPONENTS].is_present)
        return true;
    list = json_array();
    if (json_object_set_new(profile, "components", list) != 0)
        return false;
    atls_psa_components(token, &walk);
    while (atls_psa_component_next(&walk, &component))
        if (!add_component(list, &component))
            return false;
    return true;
}

static bool add_word(json_t *profile, const char *key, const char *word)
{
    json_t *list = json_array();

    return json_object_set_new(profile, key, list) == 0 &&
           json_array_append_new(list, json_string(word)) == 0;
}

bool atls_psa_learn(const void *claims, json_t *profile)
{
    const struct atls_psa_claims *token = claims;
    int state = atls_psa_lifecycle(token->fields[ATLS_PSA_LIFECYCLE].number);

    return add_word(profile, "profile", atls_psa_dialects[token->dialect]) &&
           add_word(profile, "lifecycle",
                    atls_psa_lifecycles[state < 0 ? 0 : state]) &&
           add_hex(profile, "implementation_id",
                   token->fields[ATLS_PSA_IMPLEMENTATION].view) &&
           add_hex(profile, "instance_id",
                   token->fields[ATLS_PSA_INSTANCE].view) &&
           add_components(token, profile);
}
