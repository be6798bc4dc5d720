/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence in formats that only a Verifier knows. Nothing of it is read here,
 * not even its nonce: so it is sent on only to Verifiers of which the policy
 * says so ("unparsed"), and counts only as far as their results carry the
 * challenge.
 */
#include "format.h"

#include <string.h>

struct other {
    char *types[ATLS_PROFILE_MAX_TYPES]; /* owned; NULL: none */
};

static const char *const no_types[] = {NULL};

static enum atls_reason parse(struct atls_view value, void *claims,
                              struct atls_view *nonce, struct atls_why *why)
{
    (void)value;
    (void)claims;
    (void)why;
    *nonce = atls_view(NULL, 0);
    return ATLS_OK;
}

static struct atls_view signer(const void *claims)
{
    (void)claims;
    return atls_view(NULL, 0);
}

static enum atls_reason verify(const void *claims, EVP_PKEY *key,
                               struct atls_why *why)
{
    (void)claims;
    (void)key;
    return atls_why(why, ATLS_FORMAT_UNKNOWN, NULL);
}

/* Local appraisal ends here, should it ever come to it. */
static enum atls_reason judge(const void *claims,
                              const struct atls_profile *profile, int64_t now,
                              struct atls_verdict *verdict)
{
    struct atls_why why = {0};

    (void)claims;
    (void)profile;
    (void)now;
    (void)atls_why(&why, ATLS_FORMAT_UNKNOWN, NULL);
    return atls_verdict_refuse(verdict, ATLS_INSTANCE_IDENTITY, 0, &why);
}

static void describe(const void *claims, bool brief, atls_claim_fn *each,
                     void *arg)
{
    (void)claims;
    if (!brief)
        each(arg, "claims", "none that we can read");
}

static bool is_unknown(const char *text)
{
    struct atls_type type;

    return atls_type_parse(atls_view_text(text), &type) &&
           atls_format_find(type, atls_view(NULL, 0)) == NULL;
}

static void read_type(const struct atls_node *node, struct other *other,
                      struct atls_profile *profile)
{
    const char *text = json_string_value(node->value);
    char *copy;

    if (text == NULL || !is_unknown(text)) {
        atls_node_wrong(node, "a media type or Content-Format of Evidence that "
                              "is appraised elsewhere alone");
        return;
    }
    copy = strdup(text);
    if (copy == NULL) {
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
        return;
    }
    other->types[profile->num_types] = copy;
    profile->types[profile->num_types++] = copy;
}

static void read_other(const struct atls_node *node,
                       struct atls_profile *profile)
{
    struct atls_node types = atls_node_member(node, "types");
    size_t num = atls_node_list_size(&types);
    struct other *other = calloc(1, sizeof(*other));

    if (other == NULL) {
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
        return;
    }
    profile->reference = other;
    if (profile->has_anchors)
        atls_node_problem(node, ATLS_POLICY_INVALID,
                          "want no \"trust_anchors\" with format other: no "
                          "signature of it is verified here");
    if (num == 0 || num > ATLS_PROFILE_MAX_TYPES)
        atls_node_wrong(&types, "1 to 4 types");
    for (size_t i = 0; i < num && num <= ATLS_PROFILE_MAX_TYPES; i++) {
        struct atls_node item = atls_node_list_item(&types, i);

        read_type(&item, other, profile);
    }
}

static void reference_free(void *reference)
{
    struct other *other = reference;

    for (size_t i = 0; other != NULL && i < ATLS_PROFILE_MAX_TYPES; i++)
        free(other->types[i]);
    free(other);
}

static bool learn(const void *claims, json_t *profile)
{
    (void)claims;
    (void)profile;
    return true;
}

static const char *const atls_other_keys[] = {"types", NULL};

const struct atls_format atls_format_other = {
    .name = "other",
    .submod = "",
    .types = no_types,
    .claims_size = 0,
    .parse = parse,
    .signer = signer,
    .verify = verify,
    .judge = judge,
    .describe = describe,
    .keys = atls_other_keys,
    .read = read_other,
    .reference_free = reference_free,
    .learn = learn,
};
