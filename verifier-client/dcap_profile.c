/* SPDX-License-Identifier: Apache-2.0
 *
 * What profiles of TDX and of SGX have in common, from and to JSON.
 */
#include <string.h>

#include "base64url.h"
#include "dcap.h"
#include "stock.h"

enum { MAX_GRACE_S = 90 * 86400, MAX_VALUE = 64, MAX_ADVISORIES = 1024 };

static void read_states(const struct atls_node *node,
                        struct atls_dcap_reference *reference)
{
    size_t num = atls_node_list_size(node);

    reference->takes_state[0] = node->value == NULL; /* UpToDate */
    if (node->value != NULL && num == 0)
        atls_node_wrong(node, "at least one status");
    for (size_t i = 0; i < num; i++) {
        struct atls_node item = atls_node_list_item(node, i);
        int choice = atls_node_choice(&item, atls_tcb_names);

        if (choice >= 0)
            reference->takes_state[choice] = true;
    }
}

/* An empty list takes none. */
static void read_advisories(const struct atls_node *node,
                            struct atls_dcap_reference *reference)
{
    size_t num = json_array_size(node->value);

    reference->has_advisories = node->value != NULL;
    if (node->value == NULL || !atls_node_is_array(node))
        return;
    reference->advisories = calloc(num + 1, sizeof(char *));
    if (reference->advisories == NULL || num > MAX_ADVISORIES) {
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
        return;
    }
    for (size_t i = 0; i < num; i++) {
        struct atls_node item = atls_node_item(node, i);
        const char *text = atls_node_text(&item);
        char *copy = text != NULL ? strdup(text) : NULL;

        if (copy != NULL)
            reference->advisories[reference->num_advisories++] = copy;
        else if (text != NULL)
            atls_node_problem(&item, ATLS_OUT_OF_MEMORY, "out of memory");
    }
}

static void read_trailing(const struct atls_node *node,
                          struct atls_dcap_reference *reference)
{
    static const char *const words[] = {"zero", "ignore", NULL};

    if (node->value != NULL)
        reference->ignores_trailing = atls_node_choice(node, words) == 1;
}

static void read_collateral(const struct atls_node *profile,
                            struct atls_dcap_reference *reference)
{
    struct atls_node node = atls_node_member(profile, "collateral");
    struct atls_node grace = atls_node_member(profile, "grace");
    struct atls_node number =
        atls_node_member(profile, "min_evaluation_number");

    if (node.value == NULL)
        atls_node_problem(profile, ATLS_POLICY_INVALID,
                          "want \"collateral\", a folder with Intel's TCB "
                          "info, QE identity and CRLs, found none");
    atls_collateral_read(&node, &reference->collateral);
    atls_tcb_read(&node, &reference->collateral, &reference->tcb);
    reference->grace_s = atls_node_duration(&grace, MAX_GRACE_S, 0);
    reference->min_evaluation =
        (uint32_t)atls_node_number(&number, UINT32_MAX, 0);
}

static void read_fields(const struct atls_node *node,
                        const struct atls_dcap_field *fields,
                        struct atls_dcap_reference *reference,
                        struct atls_profile *profile)
{
    for (size_t i = 0; fields[i].key != NULL; i++) {
        struct atls_node member = atls_node_member(node, fields[i].key);

        atls_values_read(&member, fields[i].len, &reference->values[i]);
        profile->is_pinned =
            profile->is_pinned || (member.value != NULL && fields[i].is_pin);
    }
}

struct atls_dcap_reference *
atls_dcap_reference_read(const struct atls_node *node,
                         const struct atls_dcap_field *fields,
                         struct atls_profile *profile)
{
    struct atls_node states = atls_node_member(node, "tcb_status");
    struct atls_node advisories = atls_node_member(node, "advisories");
    struct atls_node debug = atls_node_member(node, "debug");
    struct atls_node trailing = atls_node_member(node, "trailing_bytes");
    struct atls_dcap_reference *reference = calloc(1, sizeof(*reference));

    if (reference == NULL) {
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
        return NULL;
    }
    profile->reference = reference;
    read_collateral(node, reference);
    read_states(&states, reference);
    read_advisories(&advisories, reference);
    reference->takes_debug = atls_node_flag(&debug, false);
    read_trailing(&trailing, reference);
    read_fields(node, fields, reference, profile);
    return reference;
}

void atls_dcap_reference_free(void *reference)
{
    struct atls_dcap_reference *values = reference;

    if (values == NULL)
        return;
    for (size_t i = 0; i < ATLS_DCAP_MAX_VALUES; i++)
        atls_values_clear(&values->values[i]);
    for (size_t i = 0; i < values->num_advisories; i++)
        free(values->advisories[i]);
    free(values->advisories);
    atls_values_clear(&values->prod_ids);
    atls_tcb_clear(&values->tcb);
    atls_collateral_clear(&values->collateral);
    free(values);
}

void atls_dcap_stock(const void *reference, const char *tee,
                     struct atls_stock *out)
{
    const struct atls_dcap_reference *values = reference;

    *out = (struct atls_stock){.collateral = &values->collateral,
                               .tcb = &values->tcb,
                               .grace_s = values->grace_s,
                               .tee = tee,
                               .crl_of = "Intel's CAs"};
}

bool atls_dcap_learn_fields(const struct atls_quote *quote,
                            const struct atls_dcap_field *fields,
                            json_t *profile)
{
    char text[2 * MAX_VALUE + 1];

    for (; fields->key != NULL; fields++) {
        struct atls_view view = atls_dcap_field_view(quote, fields);

        if (view.len == 0 || !fields->is_pin)
            continue;
        atls_hex(view, text, sizeof(text));
        if (json_object_set_new(profile, fields->key, json_string(text)) != 0)
            return false;
    }
    return true;
}
