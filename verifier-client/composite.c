/* SPDX-License-Identifier: Apache-2.0
 *
 * Composites, taken apart and appraised member by member. A member may be a
 * composite again; the wrapper's limit on nesting is what bounds that.
 */
#include "composite.h"

#include <stdio.h>
#include <string.h>

#include "cmw.h"
#include "parsed.h"

static const char *const types[] = {"application/cmw+cbor",
                                    "application/cmw+json", NULL};

bool atls_composite_type(const struct atls_cmw *collection, char *text,
                         size_t size)
{
    const char *type = types[collection->is_json ? 1 : 0];
    struct atls_view cmwc_t = collection->type.text;
    int len;

    if (cmwc_t.len > ATLS_TYPE_MAX_TEXT)
        return false;
    if (cmwc_t.len == 0)
        len = snprintf(text, size, "%s", type);
    else
        len = snprintf(text, size, "%s; cmwc_t=\"%.*s\"", type, (int)cmwc_t.len,
                       (const char *)cmwc_t.data);
    return len > 0 && (size_t)len < size && (size_t)len <= ATLS_TYPE_MAX_TEXT;
}

static void free_members(void *claims)
{
    struct atls_composite_claims *composite = claims;

    for (size_t i = 0; i < composite->num; i++)
        atls_evidence_free(composite->members[i].evidence);
    composite->num = 0;
}

static bool is_label(struct atls_view label)
{
    for (size_t i = 0; i < label.len; i++)
        if (label.data[i] < 0x20 || label.data[i] == 0x7f)
            return false;
    return label.len > 0 && label.len < ATLS_COMPOSITE_LABEL;
}

static enum atls_reason take_member(void *arg, struct atls_view label,
                                    const struct atls_cmw *cmw,
                                    struct atls_why *why)
{
    struct atls_composite_claims *composite = arg;
    struct atls_composite_member *member = &composite->members[composite->num];
    enum atls_reason reason;

    if (composite->num == ATLS_COMPOSITE_MAX)
        return atls_why(why, ATLS_CMW_TOO_LARGE,
                        "composite: want at most %d members",
                        ATLS_COMPOSITE_MAX);
    if (!is_label(label))
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "composite: want labels of 1 to %d printable bytes",
                        ATLS_COMPOSITE_LABEL - 1);
    reason = atls_evidence_take(cmw, NULL, &member->evidence, why);
    if (reason != ATLS_OK)
        return reason;
    memcpy(member->label, label.data, label.len);
    composite->num++;
    return ATLS_OK;
}

/* One that is too long was refused before the members were looked at. */
static void keep_type(struct atls_view cmwc_t,
                      struct atls_composite_claims *composite)
{
    if (cmwc_t.len > 0 && cmwc_t.len < sizeof(composite->type))
        memcpy(composite->type, cmwc_t.data, cmwc_t.len);
}

static enum atls_reason take_members(struct atls_view value,
                                     struct atls_composite_claims *composite,
                                     struct atls_why *why)
{
    ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX);
    struct atls_cmw cmw;
    enum atls_reason reason = atls_cmw_parse(value, &storage, &cmw, why);

    if (reason == ATLS_OK && !cmw.is_collection)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "composite: want a collection, found a record");
    if (reason == ATLS_OK) /* before storage grows */
        keep_type(cmw.type.text, composite);
    if (reason == ATLS_OK)
        reason = atls_cmw_members(&cmw, &storage, take_member, composite, why);
    if (reason == ATLS_OK && composite->num == 0)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "composite: want at least one member");
    return reason;
}

static enum atls_reason parse(struct atls_view value, void *claims,
                              struct atls_view *nonce, struct atls_why *why)
{
    struct atls_composite_claims *composite = claims;
    enum atls_reason reason = take_members(value, composite, why);

    if (reason == ATLS_OK)
        *nonce = atls_evidence_nonce(composite->members[0].evidence);
    else
        free_members(composite);
    return reason;
}

/* Each of them: one that is not bound could be anybody's. */
static bool is_challenge(const void *claims, struct atls_view binder)
{
    const struct atls_composite_claims *composite = claims;

    for (size_t i = 0; i < composite->num; i++)
        if (!atls_evidence_nonce_equal(composite->members[i].evidence, binder))
            return false;
    return composite->num > 0;
}

struct wanted {
    char label[ATLS_COMPOSITE_LABEL], profile[ATLS_PROFILE_NAME];
};

struct reference { /* of a profile */
    struct wanted members[ATLS_COMPOSITE_MAX];
    size_t num;
    char types[2][ATLS_TYPE_MAX_TEXT + 1];
};

static const struct wanted *find(const struct reference *reference,
                                 const char *label)
{
    for (size_t i = 0; i < reference->num; i++)
        if (strcmp(reference->members[i].label, label) == 0)
            return &reference->members[i];
    return NULL;
}

static bool has_label(const struct atls_composite_claims *composite,
                      const char *label)
{
    for (size_t i = 0; i < composite->num; i++)
        if (strcmp(composite->members[i].label, label) == 0)
            return true;
    return false;
}

/* Labels are once in the collection and once in the policy. */
static enum atls_reason
check_labels(const struct atls_composite_claims *composite,
             const struct atls_profile *profile, struct atls_why *why)
{
    const struct reference *reference = profile->reference;

    for (size_t i = 0; i < reference->num; i++)
        if (!has_label(composite, reference->members[i].label))
            return atls_why(why, ATLS_MEMBERS_REFUSED,
                            "profile %s: want a member %s, found none",
                            profile->name, reference->members[i].label);
    for (size_t i = 0; i < composite->num; i++)
        if (find(reference, composite->members[i].label) == NULL)
            return atls_why(why, ATLS_MEMBERS_REFUSED,
                            "profile %s: member %s is not in its list",
                            profile->name, composite->members[i].label);
    return ATLS_OK;
}

static enum atls_reason refuse(struct atls_verdict *verdict,
                               const struct atls_verdict *member,
                               const char *label)
{
    struct atls_why why = {0};

    (void)atls_why(&why, member->reason, "member %s: %s", label, member->text);
    memcpy(verdict->vector, member->vector, sizeof(verdict->vector));
    return atls_verdict_refuse(verdict, ATLS_INSTANCE_IDENTITY,
                               member->vector[ATLS_INSTANCE_IDENTITY], &why);
}

/* What each member affirms; the weaker of their words for it. */
static void combine(struct atls_verdict *verdict,
                    const struct atls_verdict *member, bool is_first)
{
    for (int i = 0; i < ATLS_NUM_AR4SI_CLAIMS; i++) {
        int8_t *claim = &verdict->vector[i];

        if (is_first)
            *claim = member->vector[i];
        else if (*claim == 0 || member->vector[i] == 0)
            *claim = 0;
        else if (member->vector[i] > *claim)
            *claim = member->vector[i];
    }
}

/* A member may have been accepted with a warning, where the policy's entry of
 * its Verifier takes that; its claim need not be among those in common. */
static enum atls_reason accept(struct atls_verdict *verdict, bool has_warning)
{
    if (!has_warning)
        return atls_verdict_accept(verdict);
    verdict->tier = ATLS_TIER_WARNING;
    verdict->reason = ATLS_OK;
    return ATLS_OK;
}

static enum atls_reason appraise(const void *claims,
                                 const struct atls_profile *profile,
                                 const struct atls_terms *terms,
                                 struct atls_verdict *verdict)
{
    const struct atls_composite_claims *composite = claims;
    struct atls_terms of_member = *terms; /* counts on, for all of them */
    struct atls_verdict member;
    struct atls_why why = {0};
    bool has_warning = false;

    if (check_labels(composite, profile, &why) != ATLS_OK)
        return atls_verdict_refuse(verdict, ATLS_INSTANCE_IDENTITY, 0, &why);
    for (size_t i = 0; i < composite->num; i++) {
        const char *label = composite->members[i].label;

        of_member.only_profile = find(profile->reference, label)->profile;
        of_member.is_member = true;
        if (atls_evidence_appraise(composite->members[i].evidence, &of_member,
                                   &member) != ATLS_OK)
            return refuse(verdict, &member, label);
        combine(verdict, &member, i == 0);
        has_warning = has_warning || member.tier == ATLS_TIER_WARNING;
    }
    return accept(verdict, has_warning);
}

struct telling { /* of one member */
    const char *label;
    atls_claim_fn *each;
    void *arg;
};

static void tell(void *arg, const char *name, const char *value)
{
    const struct telling *telling = arg;
    char whole[2 * ATLS_COMPOSITE_LABEL + 32];

    snprintf(whole, sizeof(whole), "%s.%s", telling->label, name);
    telling->each(telling->arg, whole, value);
}

static void describe(const void *claims, bool brief, atls_claim_fn *each,
                     void *arg)
{
    const struct atls_composite_claims *composite = claims;

    for (size_t i = 0; i < composite->num; i++) {
        struct telling telling = {composite->members[i].label, each, arg};

        atls_evidence_describe(composite->members[i].evidence, brief, tell,
                               &telling);
    }
}

static const char *const composite_keys[] = {"members", "type", NULL};

/* That the member's profile exists is asked of the JSON, as it may stand
 * further down. Members that ask do so by the setting, one Verifier for all of
 * them, and so none names its own. */
static void check_profile(const struct atls_node *member, const char *name)
{
    const struct atls_node *members = member->parent;
    const struct atls_node *profile = members->parent;
    const json_t *all = profile->parent->value;
    const json_t *wanted = json_object_get(all, name);

    if (wanted == NULL)
        atls_node_wrong(member, "the name of a profile");
    else if (wanted == profile->value)
        atls_node_wrong(member, "another profile than its own");
    else if (json_object_get(wanted, "verifier") != NULL)
        atls_node_wrong(member, "a profile without \"verifier\"");
}

static void read_member(const struct atls_node *members, const char *label,
                        struct reference *reference)
{
    struct atls_node member = atls_node_member(members, label);
    struct wanted *wanted = &reference->members[reference->num];
    const char *name = atls_node_text(&member);

    if (name == NULL)
        return;
    if (!is_label(atls_view_text(label)))
        atls_node_wrong(&member, "a label of 1 to 63 bytes");
    check_profile(&member, name);
    snprintf(wanted->label, sizeof(wanted->label), "%s", label);
    snprintf(wanted->profile, sizeof(wanted->profile), "%s", name);
    reference->num++;
}

static void read_members(const struct atls_node *node,
                         struct reference *reference)
{
    struct atls_node members = atls_node_member(node, "members");
    const char *label;
    json_t *value;

    if (!atls_node_is_object(&members, NULL))
        return;
    if (json_object_size(members.value) == 0 ||
        json_object_size(members.value) > ATLS_COMPOSITE_MAX) {
        atls_node_wrong(&members, "1 to 4 members");
        return;
    }
    json_object_foreach(members.value, label, value)
    {
        read_member(&members, label, reference);
    }
}

static void read_type(const struct atls_node *node, struct reference *reference)
{
    struct atls_node type = atls_node_member(node, "type");
    const char *text = type.value != NULL ? atls_node_text(&type) : NULL;
    struct atls_cmw collection = {.is_collection = true};

    if (text != NULL)
        collection.type.text = atls_view_text(text);
    for (unsigned i = 0; i < 2; i++) {
        collection.is_json = i == 1;
        if (strpbrk(text != NULL ? text : "", "\"\\") != NULL ||
            !atls_composite_type(&collection, reference->types[i],
                                 sizeof(reference->types[i])))
            atls_node_wrong(&type, "a short URI or OID");
    }
}

static void read_profile(const struct atls_node *node,
                         struct atls_profile *profile)
{
    struct reference *reference = calloc(1, sizeof(*reference));

    if (reference == NULL) {
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
        return;
    }
    profile->reference = reference;
    read_members(node, reference);
    read_type(node, reference);
    for (unsigned i = 0; i < 2; i++)
        profile->types[profile->num_types++] = reference->types[i];
    profile->is_pinned = true;
}

/* Members are learned one by one, as each has its own signer: learn.c. */
static bool learn(const void *claims, json_t *profile)
{
    const struct atls_composite_claims *composite = claims;

    return composite->type[0] == '\0' ||
           json_object_set_new(profile, "type", json_string(composite->type)) ==
               0;
}

const struct atls_format atls_format_composite = {
    .name = "composite",
    .submod = "COMPOSITE",
    .types = types,
    .claims_size = sizeof(struct atls_composite_claims),
    .parse = parse,
    .claims_clear = free_members,
    .is_challenge = is_challenge,
    .appraise = appraise,
    .describe = describe,
    .keys = composite_keys,
    .read = read_profile,
    .reference_free = free,
    .learn = learn,
};
