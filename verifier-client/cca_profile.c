/* SPDX-License-Identifier: Apache-2.0
 *
 * The reference values of a CCA profile, from and to JSON.
 */
#include "cca.h"

#include <string.h>

#include "claim.h"

const char *const atls_cca_keys[] = {
    "profile", "lifecycle",       "components", "implementation_id",
    "config",  "instance_id",     "rim",        "rem0",
    "rem1",    "personalization", "rem2",       "rem3",
    NULL,
};

enum { NUM_OFFERED = 3 }; /* types: the two of tokens, configfs-tsm's in CBOR */

static void read_values(const struct atls_node *node, size_t min, size_t max,
                        struct atls_cca_values *out)
{
    size_t num = atls_node_list_size(node);

    if (node->value == NULL)
        return;
    if (num == 0)
        atls_node_wrong(node, "at least one value");
    out->items = calloc(num + 1, sizeof(struct atls_cca_value));
    if (out->items == NULL)
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
    for (size_t i = 0; out->items != NULL && i < num; i++) {
        struct atls_node item = atls_node_list_item(node, i);
        struct atls_cca_value *value = &out->items[out->num];

        value->len = atls_node_hex(&item, min, max, value->bytes);
        out->num += value->len > 0;
    }
}

static void clear_values(struct atls_cca_values *values)
{
    free(values->items);
    *values = (struct atls_cca_values){0};
}

/* What the realm's owner and its guest have put into it. */
static bool read_realm(const struct atls_node *node,
                       struct atls_cca_reference *reference)
{
    static const char *const rems[] = {"rem0", "rem1", "rem2", "rem3"};
    struct atls_node rim = atls_node_member(node, "rim");
    struct atls_node personalization =
        atls_node_member(node, "personalization");
    bool has_rem = false;

    read_values(&rim, 32, ATLS_CCA_MAX_VALUE, &reference->rim);
    read_values(&personalization, ATLS_CCA_MAX_VALUE, ATLS_CCA_MAX_VALUE,
                &reference->personalization);
    for (unsigned i = 0; i < ATLS_CCA_NUM_REMS; i++) {
        struct atls_node rem = atls_node_member(node, rems[i]);

        read_values(&rem, 32, ATLS_CCA_MAX_VALUE, &reference->rems[i]);
        has_rem |= rem.value != NULL;
    }
    return rim.value != NULL || personalization.value != NULL || has_rem;
}

static bool read_platform(const struct atls_node *node,
                          struct atls_cca_reference *reference)
{
    struct atls_node components = atls_node_member(node, "components");
    struct atls_node implementation =
        atls_node_member(node, "implementation_id");
    struct atls_node instance = atls_node_member(node, "instance_id");
    struct atls_node config = atls_node_member(node, "config");

    atls_component_values_read(&components, &reference->components);
    atls_values_read(&implementation, ATLS_CCA_IMPLEMENTATION_ID,
                     &reference->implementation_ids);
    atls_values_read(&instance, ATLS_CCA_INSTANCE_ID, &reference->instance_ids);
    read_values(&config, 1, ATLS_CCA_MAX_VALUE, &reference->config);
    return components.value != NULL || implementation.value != NULL ||
           instance.value != NULL || config.value != NULL;
}

void atls_cca_read(const struct atls_node *node, struct atls_profile *profile)
{
    struct atls_node dialects = atls_node_member(node, "profile");
    struct atls_node lifecycle = atls_node_member(node, "lifecycle");
    struct atls_cca_reference *reference = calloc(1, sizeof(*reference));
    bool pins_platform, pins_realm;

    if (reference == NULL) {
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
        return;
    }
    profile->reference = reference;
    atls_node_choices(&dialects, atls_cca_dialects, reference->takes_dialect,
                      ATLS_CCA_PLATFORM);
    if (dialects.value == NULL)
        reference->takes_dialect[ATLS_CCA_SSD] = true;
    atls_node_choices(&lifecycle, atls_cca_lifecycles,
                      reference->takes_lifecycle, ATLS_PSA_SECURED);
    pins_platform = read_platform(node, reference);
    pins_realm = read_realm(node, reference);
    for (size_t i = 0; i < NUM_OFFERED; i++)
        profile->types[profile->num_types++] = atls_cca_types[i];
    profile->is_pinned = pins_platform || pins_realm;
}

void atls_cca_reference_free(void *reference)
{
    struct atls_cca_reference *values = reference;

    if (values == NULL)
        return;
    atls_component_values_clear(&values->components);
    atls_values_clear(&values->implementation_ids);
    atls_values_clear(&values->instance_ids);
    clear_values(&values->config);
    clear_values(&values->personalization);
    clear_values(&values->rim);
    for (unsigned i = 0; i < ATLS_CCA_NUM_REMS; i++)
        clear_values(&values->rems[i]);
    free(values);
}

static bool learn_rems(const struct atls_cca_claims *token, json_t *profile)
{
    char key[] = "rem0";

    for (unsigned i = 0; i < ATLS_CCA_NUM_REMS; i++) {
        key[3] = (char)('0' + i);
        if (!atls_claim_learn_hex(profile, key, token->rems[i]))
            return false;
    }
    return true;
}

static bool learn_realm(const struct atls_cca_claims *token, json_t *profile)
{
    return atls_claim_learn_hex(profile, "rim",
                                token->fields[ATLS_CCA_RIM].view) &&
           atls_claim_learn_hex(profile, "personalization",
                                token->fields[ATLS_CCA_PERSONALIZATION].view) &&
           learn_rems(token, profile);
}

/* A configuration that a policy cannot hold is left out. */
static bool learn_config(const struct atls_cca_claims *token, json_t *profile)
{
    struct atls_view config = token->fields[ATLS_CCA_CONFIG].view;

    return config.len == 0 || config.len > ATLS_CCA_MAX_VALUE ||
           atls_claim_learn_hex(profile, "config", config);
}

bool atls_cca_learn(const void *claims, json_t *profile)
{
    const struct atls_cca_claims *token = claims;
    int state = atls_psa_lifecycle(token->fields[ATLS_CCA_LIFECYCLE].number);

    return atls_claim_learn_word(profile, "profile",
                                 atls_cca_dialects[token->dialect]) &&
           atls_claim_learn_word(profile, "lifecycle",
                                 atls_cca_lifecycles[state < 0 ? 0 : state]) &&
           atls_claim_learn_hex(profile, "implementation_id",
                                token->fields[ATLS_CCA_IMPLEMENTATION].view) &&
           atls_claim_learn_hex(profile, "instance_id",
                                token->fields[ATLS_CCA_INSTANCE].view) &&
           learn_config(token, profile) &&
           atls_components_learn(token->fields[ATLS_CCA_COMPONENTS].view,
                                 profile) &&
           learn_realm(token, profile);
}
