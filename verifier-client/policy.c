/* SPDX-License-Identifier: Apache-2.0
 *
 * policy.json: profiles, rules, first match wins. What a rule means is in
 * rule.c, what a profile means in profile.c and its format.
 */
#include "policy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

#include "batch.h"
#include "file.h"
#include "format.h"
#include "rule.h"
#include "stamp.h"
#include "verifier.h"

struct atls_policy {
    unsigned num_references;
    uint64_t id;
    struct atls_verifiers verifiers;
    struct atls_anchors pool; /* every key once */
    struct atls_profile *profiles;
    size_t num_profiles;
    struct atls_rule *rules;
    size_t num_rules;
};

static uint64_t num_policies; /* there were, in this process */

static void free_policy(struct atls_policy **policy)
{
    atls_policy_free(*policy);
}
#define AUTO_POLICY __attribute__((cleanup(free_policy))) struct atls_policy

static void read_profiles(const struct atls_node *node,
                          struct atls_policy *policy)
{
    const char *key;
    json_t *value;

    bool is_optional = policy->verifiers.num > 0;

    if (!(is_optional && node->value == NULL) &&
        !atls_node_is_object(node, NULL))
        return;
    if (node->value != NULL && json_object_size(node->value) == 0)
        atls_node_wrong(node, "at least one profile");
    policy->profiles =
        calloc(json_object_size(node->value) + 1, sizeof(struct atls_profile));
    if (policy->profiles == NULL) {
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
        return;
    }
    json_object_foreach(node->value, key, value)
    {
        struct atls_node member = atls_node_member(node, key);

        atls_profile_read(&member, &policy->verifiers, &policy->pool,
                          &policy->profiles[policy->num_profiles++]);
    }
}

static void read_rules(const struct atls_node *node, struct atls_policy *policy)
{
    size_t num = json_array_size(node->value);

    if (node->value != NULL && !atls_node_is_array(node))
        return;
    if (node->value != NULL && num == 0)
        atls_node_wrong(node, "at least one rule");
    policy->rules = calloc(num + 1, sizeof(struct atls_rule));
    if (policy->rules == NULL) {
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
        return;
    }
    for (size_t i = 0; i < num; i++) {
        struct atls_node item = atls_node_item(node, i);

        atls_rule_read(&item, policy->profiles, policy->num_profiles,
                       &policy->verifiers, &policy->rules[policy->num_rules++]);
    }
    if (node->value == NULL &&
        !atls_rule_fill(policy->profiles, policy->num_profiles,
                        &policy->rules[policy->num_rules++]))
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
}

static void read_root(struct atls_document *document,
                      struct atls_policy *policy)
{
    static const char *const keys[] = {"$schema", "profiles", "rules",
                                       "verifiers", NULL};
    struct atls_node root = atls_node_root(document);
    struct atls_node profiles = atls_node_member(&root, "profiles");
    struct atls_node rules = atls_node_member(&root, "rules");
    struct atls_node verifiers = atls_node_member(&root, "verifiers");

    if (!atls_node_is_object(&root, keys))
        return;
    atls_verifiers_read(&verifiers, &policy->verifiers);
    read_profiles(&profiles, policy);
    if (policy->profiles != NULL)
        read_rules(&rules, policy);
    atls_verifiers_part(&policy->verifiers, &policy->pool, &verifiers);
}

static enum atls_reason parse(struct atls_document *document,
                              struct atls_view text, struct atls_policy **out)
{
    AUTO_POLICY *policy = calloc(1, sizeof(*policy));
    enum atls_reason reason;

    *out = NULL;
    if (policy == NULL)
        return atls_why(&document->why, ATLS_OUT_OF_MEMORY, NULL);
    policy->num_references = 1;
    policy->id = __atomic_add_fetch(&num_policies, 1, __ATOMIC_RELAXED);
    reason = atls_document_open(document, text);
    if (reason == ATLS_OK)
        read_root(document, policy);
    if (document->why.reason != ATLS_OK)
        return document->why.reason;
    *out = ATLS_STEAL(policy);
    return ATLS_OK;
}

static enum atls_reason parse_document(struct atls_document *document,
                                       struct atls_view text,
                                       struct atls_policy **out,
                                       struct atls_why *why)
{
    enum atls_reason reason;
    int saved = errno;

    ERR_set_mark();
    reason = parse(document, text, out);
    ERR_pop_to_mark();
    atls_document_clear(document);
    errno = saved;
    if (reason == ATLS_OK)
        return ATLS_OK;
    return atls_why(why, reason, "%s", document->why.text);
}

enum atls_reason atls_policy_parse(struct atls_view text, const char *source,
                                   const char *folder,
                                   atls_problem_fn *problems, void *arg,
                                   struct atls_policy **out,
                                   struct atls_why *why)
{
    struct atls_document document = {
        .source = source, .folder = folder, .problems = problems, .arg = arg};

    return parse_document(&document, text, out, why);
}

/* The folder of path, which relative paths in it start from. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static enum atls_reason read_document(struct atls_document *document,
                                      struct atls_policy **out,
                                      struct atls_why *why)
{
    ATLS_AUTO_BUF text = atls_buf(ATLS_FILE_MAX);
    ATLS_AUTO_HEAP char *folder = folder_of(document->source);
    struct atls_why unreadable = {0};
    int saved = errno;

    *out = NULL;
    if (folder == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (atls_file_read(document->source, &text, &unreadable) != ATLS_OK) {
        if (document->problems != NULL)
            document->problems(document->arg, unreadable.text);
        return atls_why(why, unreadable.reason, "%s", unreadable.text);
    }
    errno = saved;
    document->folder = folder;
    return parse_document(document, atls_buf_view(&text), out, why);
}

enum atls_reason atls_policy_read(const char *path, atls_problem_fn *problems,
                                  void *arg, struct atls_policy **out,
                                  struct atls_why *why)
{
    struct atls_document document = {
        .source = path, .problems = problems, .arg = arg};

    return read_document(&document, out, why);
}

enum atls_reason atls_policy_watch(const char *path, struct atls_stamps *stamps,
                                   struct atls_policy **out,
                                   struct atls_why *why)
{
    struct atls_document document = {.source = path, .stamps = stamps};

    *out = NULL;
    if (!atls_stamps_add(stamps, path, false))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return read_document(&document, out, why);
}

enum atls_reason atls_policy_load(const char *path, struct atls_policy **out,
                                  char *text, size_t size)
{
    struct atls_why why = {0};
    enum atls_reason reason = atls_policy_read(path, NULL, NULL, out, &why);

    if (text != NULL && size > 0)
        snprintf(text, size, "%s", why.text);
    return reason;
}

void atls_policy_up_ref(struct atls_policy *policy)
{
    __atomic_add_fetch(&policy->num_references, 1, __ATOMIC_RELAXED);
}

void atls_policy_free(struct atls_policy *policy)
{
    if (policy == NULL ||
        __atomic_sub_fetch(&policy->num_references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (size_t i = 0; i < policy->num_rules; i++)
        atls_rule_clear(&policy->rules[i]);
    for (size_t i = 0; i < policy->num_profiles; i++)
        atls_profile_clear(&policy->profiles[i]);
    atls_verifiers_clear(&policy->verifiers);
    atls_anchors_clear(&policy->pool);
    free(policy->rules);
    free(policy->profiles);
    free(policy);
}

bool atls_policy_requires(const struct atls_policy *policy,
                          const struct atls_peer *peer)
{
    for (size_t i = 0; i < policy->num_rules; i++)
        if (!atls_rule_needs_chain(&policy->rules[i]) &&
            atls_rule_may_hold(&policy->rules[i], peer))
    return policy->rules[i].requires;
    return true;
}

bool atls_policy_names(const struct atls_policy *policy,
                       const struct atls_peer *peer)
{
    for (size_t i = 0; i < policy->num_rules; i++)
        if (!atls_rule_needs_chain(&policy->rules[i]) &&
            atls_rule_may_hold(&policy->rules[i], peer))
    return policy->rules[i].name != NULL && policy->rules[i].requires;
    return false;
}

/* "require": false is for server peers alone; see rule.c. */
bool atls_policy_requires_all(const struct atls_policy *policy,
                              enum atls_role role)
{
    for (size_t i = 0; role == ATLS_ROLE_SERVER && i < policy->num_rules; i++)
        if (!policy->rules[i].requires)
            return false;
    return true;
}

const struct atls_rule *atls_policy_match(const struct atls_policy *policy,
                                          const struct atls_peer *peer)
{
    for (size_t i = 0; i < policy->num_rules; i++)
        if (atls_rule_holds(&policy->rules[i], peer))
            return &policy->rules[i];
    return NULL;
}

bool atls_policy_takes_bearer(const struct atls_policy *policy,
                              const struct atls_peer *peer)
{
    for (size_t i = 0; i < policy->num_rules; i++) {
        const struct atls_rule *rule = &policy->rules[i];

        if (!atls_rule_may_hold(rule, peer))
            continue;
        if (atls_rule_takes_bearer(rule))
            return true;
        if (!atls_rule_needs_chain(rule))
            return false; /* holds for certain: no later rule can */
    }
    return false;
}

enum atls_identity atls_rule_identity(const struct atls_rule *rule)
{
    return rule->identity;
}

enum atls_reason atls_policy_check_identity(const struct atls_policy *policy,
                                            enum atls_identity setting,
                                            struct atls_why *why)
{
    for (size_t i = 0; i < policy->num_rules; i++) {
        const struct atls_rule *rule = &policy->rules[i];
        struct atls_why inner = {0};

        if (setting == ATLS_IDENTITY_ATTESTED &&
            rule->identity == ATLS_IDENTITY_UNSET &&
            atls_rule_check_attested(rule, &inner) != ATLS_OK)
            return atls_why(why, inner.reason,
                            "/rules/%zu: identity is attested: %s", i,
                            inner.text);
    }
    return ATLS_OK;
}

/* Schemes written so far. */
struct schemes {
    struct atls_scheme *list;
    size_t num, max;
};

static void add_scheme(struct schemes *schemes, struct atls_scheme scheme)
{
    for (size_t i = 0; i < schemes->num; i++)
        if (atls_scheme_equal(&schemes->list[i], &scheme))
            return;
    if (schemes->num < schemes->max)
        schemes->list[schemes->num++] = scheme;
}

typedef void add_fn(struct schemes *schemes, const struct atls_rule *rule);

static void add_evidence(struct schemes *schemes, const struct atls_rule *rule)
{
    struct atls_type type;

    for (size_t i = 0; i < rule->num_accept; i++)
        for (size_t j = 0; j < rule->accept[i]->num_types; j++)
            if (atls_type_parse(atls_view_text(rule->accept[i]->types[j]),
                                &type))
                add_scheme(schemes, atls_scheme_of_type(type));
}

/* One quote for several handshakes, of any format that is taken alone, too: the
 * attester of a peer that makes them is spared by it. */
static void add_batch(struct schemes *schemes, const struct atls_rule *rule)
{
    if (rule->num_accept > 0)
        add_scheme(schemes, atls_scheme_of_type(atls_type_of_text(
                                atls_view_text(ATLS_BATCH_TYPE))));
}

static void add_delegated(struct schemes *schemes, const struct atls_rule *rule)
{
    for (size_t i = 0; i < rule->num_delegated; i++) {
        struct atls_view text = atls_view_text(rule->delegated[i]);
        struct atls_scheme scheme =
            atls_scheme_of_type(atls_type_of_text(text));

        scheme.is_delegated = true;
        add_scheme(schemes, scheme);
    }
}

/* Last, as there is another way for who makes it, should the list be full. */
static void add_delegated_batch(struct schemes *schemes,
                                const struct atls_rule *rule)
{
    struct atls_scheme scheme = atls_scheme_of_type(
        atls_type_of_text(atls_view_text(ATLS_SCHEME_DELEGATED_BATCH)));

    scheme.is_delegated = true;
    if (rule->num_delegated > 0)
        add_scheme(schemes, scheme);
}

static void add_results(struct schemes *schemes, const struct atls_rule *rule)
{
    for (size_t i = 0; i < rule->num_passport; i++)
        add_scheme(schemes, atls_scheme_of_verifier(
                                atls_view_text(rule->passport[i]->name)));
}

size_t atls_policy_schemes(const struct atls_policy *policy,
                           const struct atls_peer *peer,
                           struct atls_scheme *schemes, size_t max)
{
    static add_fn *const adders[] = {add_batch, add_evidence, add_delegated,
                                     add_results, add_delegated_batch};
    struct schemes found = {.list = schemes, .max = max};

    for (size_t i = 0; i < sizeof(adders) / sizeof(adders[0]); i++)
        for (size_t j = 0; j < policy->num_rules; j++) {
            const struct atls_rule *rule = &policy->rules[j];

            if (!atls_rule_may_hold(rule, peer))
                continue;
            adders[i](&found, rule);
            if (!atls_rule_needs_chain(rule))
                break; /* holds for certain: no later rule can */
        }
    return found.num;
}

const struct atls_profile *atls_policy_profile(const struct atls_policy *policy,
                                               const char *name)
{
    for (size_t i = 0; i < policy->num_profiles; i++)
        if (strcmp(policy->profiles[i].name, name) == 0)
            return &policy->profiles[i];
    return NULL;
}

const struct atls_profile *
atls_policy_profile_at(const struct atls_policy *policy, size_t index)
{
    return index < policy->num_profiles ? &policy->profiles[index] : NULL;
}

const struct atls_verifier *
atls_policy_verifier(const struct atls_policy *policy, struct atls_view name)
{
    return atls_verifiers_find(&policy->verifiers, name);
}

void atls_policy_watch_keys(const struct atls_policy *policy,
                            atls_verifier_keys_fn *tell, void *arg)
{
    atls_verifiers_watch(&policy->verifiers, tell, arg);
}

uint64_t atls_policy_id(const struct atls_policy *policy)
{
    return policy->id;
}

/* A format that nobody can parse here is sent on only where that is allowed. */
static enum atls_reason check_unparsed(const struct atls_profile *profile,
                                       const struct atls_verifier *verifier,
                                       struct atls_why *why)
{
    if (profile->format != &atls_format_other || verifier->allows_unparsed)
        return ATLS_OK;
    return atls_why(why, ATLS_POLICY_INVALID,
                    "profile %s: nobody here can find a nonce in its Evidence: "
                    "want \"unparsed\": true of its Verifier %s, or another "
                    "format",
                    profile->name, verifier->name);
}

enum atls_reason atls_policy_check_verifier(const struct atls_policy *policy,
                                            const char *setting,
                                            struct atls_why *why)
{
    const struct atls_verifier *named =
        setting != NULL ? atls_policy_verifier(policy, atls_view_text(setting))
                        : NULL;
    enum atls_reason reason = ATLS_OK;

    if (setting != NULL && named == NULL)
        return atls_why(why, ATLS_POLICY_INVALID,
                        "verifier: want one of the policy's \"verifiers\", "
                        "found \"%.80s\"",
                        setting);
    for (size_t i = 0; reason == ATLS_OK && i < policy->num_profiles; i++) {
        const struct atls_profile *profile = &policy->profiles[i];
        const struct atls_verifier *verifier =
            profile->verifier != NULL ? profile->verifier : named;

        if (verifier == NULL && !profile->has_anchors)
            return atls_why(why, ATLS_POLICY_INVALID,
                            "profile %s: want \"trust_anchors\", \"verifier\", "
                            "or the setting verifier, found neither",
                            profile->name);
        if (verifier != NULL)
            reason = check_unparsed(profile, verifier, why);
    }
    return reason;
}

bool atls_policy_asks(const struct atls_policy *policy)
{
    for (size_t i = 0; i < policy->num_profiles; i++)
        if (policy->profiles[i].verifier != NULL)
            return true;
    return false;
}
