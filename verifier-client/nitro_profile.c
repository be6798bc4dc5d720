/* SPDX-License-Identifier: Apache-2.0
 *
 * The reference values of a Nitro profile, from and to JSON.
 */
#include "nitro.h"

#include <stdio.h>
#include <string.h>

#include "claim.h"
#include "duration.h"

const char *const atls_nitro_keys[] = {
    "pcrs", "module_id", "user_data", "public_key", "debug", "max_age", NULL,
};

enum { DIGEST_LEN = 32 };

static void read_pcrs(const struct atls_node *node,
                      struct atls_nitro_reference *reference)
{
    char names[ATLS_NITRO_NUM_PCRS][4];
    const char *keys[ATLS_NITRO_NUM_PCRS + 1] = {NULL};

    for (unsigned i = 0; i < ATLS_NITRO_NUM_PCRS; i++) {
        snprintf(names[i], sizeof(names[i]), "%u", i);
        keys[i] = names[i];
    }
    if (node->value == NULL || !atls_node_is_object(node, keys))
        return;
    if (json_object_size(node->value) == 0)
        atls_node_wrong(node, "at least one PCR");
    for (unsigned i = 0; i < ATLS_NITRO_NUM_PCRS; i++) {
        struct atls_node pcr = atls_node_member(node, keys[i]);

        atls_values_read(&pcr, ATLS_NITRO_PCR, &reference->pcrs[i]);
    }
}

static void read_module_ids(const struct atls_node *node,
                            struct atls_nitro_reference *reference)
{
    size_t num = atls_node_list_size(node);

    if (node->value == NULL)
        return;
    if (num == 0)
        atls_node_wrong(node, "at least one module ID");
    reference->module_ids = calloc(num + 1, sizeof(struct atls_nitro_id));
    if (reference->module_ids == NULL)
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
    for (size_t i = 0; reference->module_ids != NULL && i < num; i++) {
        struct atls_node item = atls_node_list_item(node, i);
        const char *text = atls_node_text(&item);
        char *out = reference->module_ids[reference->num_module_ids].text;

        if (text == NULL)
            continue;
        if (strlen(text) >= ATLS_NITRO_MAX_ID)
            atls_node_wrong(&item, "at most 127 bytes");
        snprintf(out, ATLS_NITRO_MAX_ID, "%s", text);
        reference->num_module_ids++;
    }
}

void atls_nitro_read(const struct atls_node *node, struct atls_profile *profile)
{
    struct atls_node pcrs = atls_node_member(node, "pcrs");
    struct atls_node module = atls_node_member(node, "module_id");
    struct atls_node data = atls_node_member(node, "user_data");
    struct atls_node key = atls_node_member(node, "public_key");
    struct atls_node debug = atls_node_member(node, "debug");
    struct atls_node age = atls_node_member(node, "max_age");
    struct atls_nitro_reference *reference = calloc(1, sizeof(*reference));

    if (reference == NULL) {
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
        return;
    }
    profile->reference = reference;
    read_pcrs(&pcrs, reference);
    read_module_ids(&module, reference);
    atls_values_read(&data, DIGEST_LEN, &reference->user_data);
    atls_values_read(&key, DIGEST_LEN, &reference->public_key);
    reference->takes_debug = atls_node_flag(&debug, false);
    reference->max_age_s =
        atls_node_duration(&age, ATLS_DURATION_MAX_S, ATLS_NITRO_MAX_AGE);
    profile->types[profile->num_types++] = atls_nitro_types[0];
    profile->is_pinned = pcrs.value != NULL || module.value != NULL ||
                         data.value != NULL || key.value != NULL;
}

void atls_nitro_reference_free(void *reference)
{
    struct atls_nitro_reference *values = reference;

    if (values == NULL)
        return;
    for (unsigned i = 0; i < ATLS_NITRO_NUM_PCRS; i++)
        atls_values_clear(&values->pcrs[i]);
    free(values->module_ids);
    atls_values_clear(&values->user_data);
    atls_values_clear(&values->public_key);
    free(values);
}

static bool has_value(struct atls_view pcr)
{
    for (size_t i = 0; pcr.len == ATLS_NITRO_PCR && i < pcr.len; i++)
        if (pcr.data[i] != 0)
            return true;
    return false;
}

/* Of a PCR that nothing was ever extended into there is nothing to pin. */
static bool learn_pcrs(const struct atls_nitro_claims *document, json_t *pcrs)
{
    char key[8];

    for (unsigned i = 0; i < ATLS_NITRO_NUM_PCRS; i++) {
        snprintf(key, sizeof(key), "%u", i);
        if (has_value(document->pcrs[i]) &&
            !atls_claim_learn_hex(pcrs, key, document->pcrs[i]))
            return false;
    }
    return true;
}

bool atls_nitro_learn(const void *claims, json_t *profile)
{
    const struct atls_nitro_claims *document = claims;
    json_t *pcrs = atls_json_object();

    if (pcrs == NULL || !learn_pcrs(document, pcrs)) {
        json_decref(pcrs);
        return false;
    }
    if (atls_nitro_is_debug(document) &&
        json_object_set_new(profile, "debug", json_true()) != 0) {
        json_decref(pcrs);
        return false;
    }
    if (json_object_size(pcrs) > 0)
        return json_object_set_new(profile, "pcrs", pcrs) == 0;
    json_decref(pcrs);
    return json_object_set_new(profile, "any", json_true()) == 0;
}
