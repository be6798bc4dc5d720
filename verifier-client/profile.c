/* SPDX-License-Identifier: Apache-2.0
 *
 * What all profiles have in common; the rest is their format's.
 */
#include "profile.h"

#include <stdio.h>
#include <string.h>

#include "format.h"
#include "verifier.h"

enum { MAX_VALUE = 64, MAX_KEYS = 48, MAX_FORMATS = 32 };

void atls_values_read(const struct atls_node *node, size_t value_len,
                      struct atls_values *out)
{
    size_t num = atls_node_list_size(node);
    uint8_t value[MAX_VALUE];

    out->value_len = value_len;
    if (node->value == NULL)
        return;
    if (num == 0)
        atls_node_wrong(node, "at least one value");
    out->bytes = calloc(num + 1, value_len);
    if (out->bytes == NULL)
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
    for (size_t i = 0; out->bytes != NULL && i < num; i++) {
        struct atls_node item = atls_node_list_item(node, i);

        if (atls_node_hex(&item, value_len, value_len, value) == 0)
            continue;
        memcpy(out->bytes + out->num * value_len, value, value_len);
        out->num++;
    }
}

void atls_values_clear(struct atls_values *values)
{
    free(values->bytes);
    *values = (struct atls_values){0};
}

bool atls_values_have(const struct atls_values *values, struct atls_view value)
{
    for (size_t i = 0; i < values->num; i++)
        if (atls_view_equal(atls_view(values->bytes + i * values->value_len,
                                      values->value_len),
                            value))
            return true;
    return false;
}

static const struct atls_format *read_format(const struct atls_node *node)
{
    struct atls_node name = atls_node_member(node, "format");
    const char *names[MAX_FORMATS] = {NULL};
    int choice;

    for (size_t i = 0; atls_formats[i] != NULL && i + 1 < MAX_FORMATS; i++)
        names[i] = atls_formats[i]->name;
    choice = atls_node_choice(&name, names);
    return choice >= 0 ? atls_formats[choice] : NULL;
}

static void check_keys(const struct atls_node *node,
                       const struct atls_format *format)
{
    const char *keys[MAX_KEYS] = {"format", "trust_anchors", "any", "verifier"};
    size_t num = 4;

    if (format->appraise != NULL) { /* its members have the others */
        memset(keys + 1, 0, 3 * sizeof(keys[0]));
        num = 1;
    }

    for (size_t i = 0; format->keys[i] != NULL && num + 1 < MAX_KEYS; i++)
        keys[num++] = format->keys[i];
    (void)atls_node_is_object(node, keys);
}

/* A profile without a reference value takes whatever a genuine device runs:
 * that must be said, never be an oversight. */
static void check_any(const struct atls_node *node,
                      const struct atls_profile *profile)
{
    struct atls_node any = atls_node_member(node, "any");
    bool is_any = atls_node_flag(&any, false);

    if (!profile->has_anchors && (is_any || profile->is_pinned))
        atls_node_problem(node, ATLS_POLICY_INVALID,
                          "want no reference values and no \"any\" without "
                          "\"trust_anchors\": they would hold against nothing "
                          "that was verified");
    if (!profile->has_anchors)
        return;
    if (is_any && profile->is_pinned)
        atls_node_problem(&any, ATLS_POLICY_INVALID,
                          "want either reference values or \"any\": true, "
                          "found both");
    if (!is_any && !profile->is_pinned)
        atls_node_problem(node, ATLS_POLICY_INVALID,
                          "want reference values or \"any\": true, found a "
                          "profile that pins nothing");
}

static void read_verifier(const struct atls_node *node,
                          const struct atls_verifiers *verifiers,
                          struct atls_profile *profile)
{
    struct atls_node verifier = atls_node_member(node, "verifier");
    const char *name =
        verifier.value != NULL ? atls_node_text(&verifier) : NULL;

    if (name == NULL)
        return;
    profile->verifier = atls_verifiers_find(verifiers, atls_view_text(name));
    if (profile->verifier == NULL)
        atls_node_wrong(&verifier, "the name of one of \"verifiers\"");
}

/* Who judges: trust anchors of our own, a Verifier, or both. */
static void read_judges(const struct atls_node *node,
                        const struct atls_verifiers *verifiers,
                        struct atls_anchors *pool, struct atls_profile *profile)
{
    struct atls_node anchors = atls_node_member(node, "trust_anchors");

    read_verifier(node, verifiers, profile);
    profile->has_anchors = anchors.value != NULL;
    if (profile->has_anchors || verifiers->num == 0)
        atls_anchors_read(&anchors, profile->format, pool, &profile->anchors);
}

void atls_profile_read(const struct atls_node *node,
                       const struct atls_verifiers *verifiers,
                       struct atls_anchors *pool, struct atls_profile *profile)
{

    if (node->key[0] == '\0' || strlen(node->key) >= sizeof(profile->name))
        atls_node_problem(node, ATLS_POLICY_INVALID,
                          "want a name of 1 to %zu bytes",
                          sizeof(profile->name) - 1);
    snprintf(profile->name, sizeof(profile->name), "%s", node->key);
    if (!atls_node_is_object(node, NULL))
        return;
    profile->format = read_format(node);
    if (profile->format == NULL)
        return;
    check_keys(node, profile->format);
    if (profile->format->appraise == NULL)
        read_judges(node, verifiers, pool, profile);
    else
        profile->has_anchors = true; /* in its members' profiles */
    profile->format->read(node, profile);
    check_any(node, profile);
}

void atls_profile_clear(struct atls_profile *profile)
{
    atls_anchors_clear(&profile->anchors);
    if (profile->format != NULL)
        profile->format->reference_free(profile->reference);
    *profile = (struct atls_profile){0};
}
