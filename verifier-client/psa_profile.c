/* SPDX-License-Identifier: Apache-2.0
 *
 * The reference values of a PSA profile, from and to JSON.
 */
#include "psa.h"

#include "claim.h"

const char *const atls_psa_keys[] = {
    "profile",           "lifecycle",   "components",
    "implementation_id", "instance_id", NULL,
};

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
    atls_node_choices(&dialects, atls_psa_dialects, reference->takes_dialect,
                      ATLS_PSA_RFC9783);
    atls_node_choices(&lifecycle, atls_psa_lifecycles,
                      reference->takes_lifecycle, ATLS_PSA_SECURED);
    atls_component_values_read(&components, &reference->components);
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
    atls_component_values_clear(&values->components);
    atls_values_clear(&values->implementation_ids);
    atls_values_clear(&values->instance_ids);
    free(values);
}

bool atls_psa_learn(const void *claims, json_t *profile)
{
    const struct atls_psa_claims *token = claims;
    int state = atls_psa_lifecycle(token->fields[ATLS_PSA_LIFECYCLE].number);

    return atls_claim_learn_word(profile, "profile",
                                 atls_psa_dialects[token->dialect]) &&
           atls_claim_learn_word(profile, "lifecycle",
                                 atls_psa_lifecycles[state < 0 ? 0 : state]) &&
           atls_claim_learn_hex(profile, "implementation_id",
                                token->fields[ATLS_PSA_IMPLEMENTATION].view) &&
           atls_claim_learn_hex(profile, "instance_id",
                                token->fields[ATLS_PSA_INSTANCE].view) &&
           (!token->fields[ATLS_PSA_COMPONENTS].is_present ||
            atls_components_learn(token->fields[ATLS_PSA_COMPONENTS].view,
                                  profile));
}
