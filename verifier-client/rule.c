/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules: reading and matching.
 */
#include "rule.h"

#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "duration.h"
#include "file.h"
#include "format.h"
#include "name.h"
#include "scheme.h"
#include "verifier.h"

ATLS_AUTO_FREE(GENERAL_NAMES, GENERAL_NAMES_free)
ATLS_AUTO_FREE(X509, X509_free)
ATLS_AUTO_FREE(BIO, BIO_free_all)

static bool has_uri(X509 *leaf, const char *uri)
{
    ATLS_AUTO(GENERAL_NAMES) *names =
        X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);

    for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        const ASN1_STRING *text = name->d.uniformResourceIdentifier;

        if (name->type == GEN_URI &&
            atls_view_is(atls_view(ASN1_STRING_get0_data(text),
                                   (size_t)ASN1_STRING_length(text)),
                         uri))
            return true;
    }
    return false;
}

static bool spki_hash(X509 *certificate, uint8_t hash[ATLS_SPKI_HASH])
{
    ATLS_AUTO_BUF spki = atls_buf(ATLS_SPKI_MAX);

    return atls_spki_put(&spki, certificate, NULL) == ATLS_OK &&
           atls_spki_hash(atls_buf_view(&spki), hash, NULL) == ATLS_OK;
}

/* Any certificate above the leaf. */
static bool has_ca(STACK_OF(X509) * chain, const uint8_t *ca)
{
    uint8_t hash[ATLS_SPKI_HASH];

    for (int i = 1; i < sk_X509_num(chain); i++)
        if (spki_hash(sk_X509_value(chain, i), hash) &&
            memcmp(hash, ca, sizeof(hash)) == 0)
            return true;
    return false;
}

bool atls_rule_needs_chain(const struct atls_rule *rule)
{
    return rule->uri != NULL || rule->has_ca;
}

bool atls_rule_may_hold(const struct atls_rule *rule,
                        const struct atls_peer *peer)
{
    if (rule->has_role && rule->role != peer->role)
        return false;
    if (rule->name == NULL)
        return true;
    /* Names are those that we meant to reach: a client has none. */
    return peer->role == ATLS_ROLE_SERVER && peer->name != NULL &&
           atls_name_matches(rule->name, peer->name);
}

bool atls_rule_holds(const struct atls_rule *rule, const struct atls_peer *peer)
{
    if (!atls_rule_may_hold(rule, peer))
        return false;
    if (!atls_rule_needs_chain(rule))
        return true;
    if (peer->chain == NULL || sk_X509_num(peer->chain) == 0)
        return false;
    return (rule->uri == NULL ||
            has_uri(sk_X509_value(peer->chain, 0), rule->uri)) &&
           (!rule->has_ca || has_ca(peer->chain, rule->ca));
}

/* What the profile leaves open; NULL: nothing. */
static const char *lack_of(const struct atls_profile *profile)
{
    if (profile->format == NULL || profile->format->subject_key == NULL)
        return "its format does not show where the TLS key was made";
    if (!profile->has_anchors)
        return "where the TLS key was made is judged by a Verifier alone";
    if (!profile->names_instance)
        return "it does not say which instance is meant";
    return NULL;
}

enum atls_reason atls_rule_check_attested(const struct atls_rule *rule,
                                          struct atls_why *why)
{
    if (atls_rule_takes_bearer(rule)) /* its dates would be the peer's own */
        return atls_why(why, ATLS_POLICY_INVALID,
                        "want no \"bearer\", as nothing else vouches for the "
                        "certificate");
    if (rule->no_oracle || !rule->requires)
        return ATLS_OK;
    if (rule->num_passport > 0)
        return atls_why(why, ATLS_POLICY_INVALID,
                        "want \"no_oracle\": true, as a passport does not "
                        "show where the TLS key was made");
    for (size_t i = 0; i < rule->num_accept; i++) {
        const char *lack = lack_of(rule->accept[i]);

        if (lack != NULL)
            return atls_why(why, ATLS_POLICY_INVALID,
                            "want \"no_oracle\": true, or other profiles than "
                            "%s: %s",
                            rule->accept[i]->name, lack);
    }
    return ATLS_OK;
}

static char *copy_text(const struct atls_node *node)
{
    const char *text;
    char *copy;

    if (node->value == NULL)
        return NULL;
    text = atls_node_text(node);
    copy = text != NULL ? strdup(text) : NULL;
    if (text != NULL && copy == NULL)
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
    return copy;
}

static void read_name(const struct atls_node *node, struct atls_rule *rule)
{
    rule->name = copy_text(node);
    if (rule->name == NULL)
        return;
    if (!atls_name_is_pattern(rule->name))
        atls_node_wrong(node, "a host (ASCII), \"*.\" and a host, or an IP");
    if (rule->has_role && rule->role == ATLS_ROLE_CLIENT)
        atls_node_problem(node, ATLS_POLICY_INVALID,
                          "want no name with \"role\": \"client\": nobody "
                          "looked a client up by name");
}

static bool hash_pem(struct atls_view pem, uint8_t hash[ATLS_SPKI_HASH])
{
    ATLS_AUTO(BIO) *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    ATLS_AUTO(X509) *certificate =
        bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

    return certificate != NULL && spki_hash(certificate, hash);
}

static void read_ca_pem(const struct atls_node *node, struct atls_rule *rule)
{
    const char *text = json_string_value(node->value);
    bool is_pem = strstr(text, "-----BEGIN ") != NULL;
    ATLS_AUTO_HEAP char *path =
        is_pem ? NULL : atls_file_path(node->document->folder, text);
    ATLS_AUTO_BUF pem = atls_buf(ATLS_FILE_MAX);
    struct atls_why why = {0};

    if (path != NULL)
        atls_node_note(node, path, false);
    if (is_pem)
        atls_buf_text(&pem, text);
    else if (path == NULL)
        pem.failed = true;
    else if (atls_file_read(path, &pem, &why) != ATLS_OK)
        atls_node_problem(node, why.reason, "%s", why.text);
    if (why.reason != ATLS_OK)
        return;
    if (pem.failed)
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
    else if (!hash_pem(atls_buf_view(&pem), rule->ca))
        atls_node_problem(node, ATLS_POLICY_INVALID,
                          "want SHA-256 of the CA's SubjectPublicKeyInfo in "
                          "hex, or its certificate in PEM");
}

/* A CA by its key: SHA-256 of the SPKI in hex, or a PEM file or text. */
static void read_ca(const struct atls_node *node, struct atls_rule *rule)
{
    const char *text = json_string_value(node->value);
    bool is_hex = text != NULL && strlen(text) == 2 * sizeof(rule->ca) &&
                  strspn(text, "0123456789abcdefABCDEF") == strlen(text);

    if (node->value == NULL)
        return;
    rule->has_ca = true;
    if (is_hex)
        (void)atls_node_hex(node, sizeof(rule->ca), sizeof(rule->ca), rule->ca);
    else if (atls_node_text(node) != NULL)
        read_ca_pem(node, rule);
}

static void read_match(const struct atls_node *node, struct atls_rule *rule)
{
    static const char *const keys[] = {"role", "name", "uri", "ca", NULL};
    static const char *const roles[] = {"server", "client", NULL};
    struct atls_node role = atls_node_member(node, "role");
    struct atls_node name = atls_node_member(node, "name");
    struct atls_node uri = atls_node_member(node, "uri");
    struct atls_node ca = atls_node_member(node, "ca");

    if (node->value == NULL || !atls_node_is_object(node, keys))
        return;
    if (role.value != NULL) {
        int choice = atls_node_choice(&role, roles);

        rule->has_role = choice >= 0;
        rule->role = choice == 1 ? ATLS_ROLE_CLIENT : ATLS_ROLE_SERVER;
    }
    read_name(&name, rule);
    rule->uri = copy_text(&uri);
    read_ca(&ca, rule);
}

bool atls_rule_fill(const struct atls_profile *profiles, size_t num_profiles,
                    struct atls_rule *rule)
{
    rule->requires = true;
    rule->accept = calloc(num_profiles + 1, sizeof(struct atls_profile *));
    for (size_t i = 0; rule->accept != NULL && i < num_profiles; i++)
        rule->accept[rule->num_accept++] = &profiles[i];
    return rule->accept != NULL;
}

static const struct atls_profile *find(const struct atls_profile *profiles,
                                       size_t num_profiles, const char *name)
{
    for (size_t i = 0; i < num_profiles; i++)
        if (strcmp(profiles[i].name, name) == 0)
            return &profiles[i];
    return NULL;
}

static void read_accept(const struct atls_node *node,
                        const struct atls_profile *profiles,
                        size_t num_profiles, struct atls_rule *rule)
{
    size_t num = json_array_size(node->value);
    bool has_passport =
        json_object_get(node->parent->value, "passport") != NULL;

    if (!atls_node_is_array(node))
        return;
    if (num == 0 && !has_passport)
        atls_node_wrong(node, "at least one profile, or \"passport\"");
    rule->accept = calloc(num + 1, sizeof(struct atls_profile *));
    if (rule->accept == NULL)
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
    for (size_t i = 0; rule->accept != NULL && i < num; i++) {
        struct atls_node item = atls_node_item(node, i);
        const char *name = atls_node_text(&item);
        const struct atls_profile *profile =
            name != NULL ? find(profiles, num_profiles, name) : NULL;

        if (profile != NULL)
            rule->accept[rule->num_accept++] = profile;
        else if (name != NULL)
            atls_node_wrong(&item, "the name of a profile of this policy");
    }
}

static void read_identity(const struct atls_node *node, struct atls_rule *rule)
{
    static const char *const words[] = {"x509", "application", "attested",
                                        NULL};
    struct atls_node identity = atls_node_member(node, "identity");
    struct atls_node no_oracle = atls_node_member(node, "no_oracle");
    struct atls_why why = {0};
    int choice = -1;

    rule->no_oracle = atls_node_flag(&no_oracle, false);
    if (identity.value != NULL)
        choice = atls_node_choice(&identity, words);
    if (choice >= 0)
        rule->identity =
            (enum atls_identity)(ATLS_IDENTITY_X509 + (unsigned)choice);
    if (rule->identity == ATLS_IDENTITY_ATTESTED &&
        atls_rule_check_attested(rule, &why) != ATLS_OK)
        atls_node_problem(&identity, why.reason, "%s", why.text);
}

/* Who need not attest is decided before any certificate is seen, and never by
 * what the peer itself chose. */
static void check_not_required(const struct atls_node *node,
                               const struct atls_rule *rule)
{
    struct atls_node require = atls_node_member(node, "require");
    bool is_server = rule->has_role && rule->role == ATLS_ROLE_SERVER;

    if (!is_server && rule->name == NULL)
        atls_node_problem(&require, ATLS_POLICY_INVALID,
                          "want match.role \"server\" or match.name with "
                          "\"require\": false");
    if (atls_rule_needs_chain(rule))
        atls_node_problem(&require, ATLS_POLICY_INVALID,
                          "want no match.uri or match.ca with \"require\": "
                          "false: they are known too late");
    if (json_object_get(node->value, "accept") != NULL ||
        json_object_get(node->value, "delegated_max_age") != NULL ||
        json_object_get(node->value, "passport") != NULL ||
        json_object_get(node->value, "bearer") != NULL)
        atls_node_problem(&require, ATLS_POLICY_INVALID,
                          "want no \"accept\", \"delegated_max_age\", "
                          "\"passport\" or \"bearer\" with \"require\": "
                          "false");
}

static void out_of_memory(const struct atls_node *node)
{
    atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
}

/* NULL: no memory, or longer than a type can be. */
static char *delegated_text(const char *spelling)
{
    ATLS_AUTO_BUF text = atls_buf(ATLS_TYPE_MAX_TEXT + 1);
    struct atls_type type;

    if (!atls_type_parse(atls_view_text(spelling), &type))
        return NULL;
    atls_scheme_put_delegated(&text, type);
    atls_buf_u8(&text, '\0');
    return text.failed ? NULL : strdup((const char *)text.data);
}

/* A delegate shows a record, and its value must be found in it here. */
static bool fits_delegates(const struct atls_profile *profile)
{
    return profile->format != &atls_format_composite &&
           profile->format != &atls_format_other;
}

static void fill_delegated(const struct atls_node *node, struct atls_rule *rule)
{
    rule->delegated = calloc(rule->num_accept * ATLS_PROFILE_MAX_TYPES + 1,
                             sizeof(*rule->delegated));
    if (rule->delegated == NULL)
        out_of_memory(node);
    for (size_t i = 0; rule->delegated != NULL && i < rule->num_accept; i++)
        for (size_t j = 0;
             fits_delegates(rule->accept[i]) && j < rule->accept[i]->num_types;
             j++) {
            char *text = delegated_text(rule->accept[i]->types[j]);

            if (text == NULL)
                out_of_memory(node);
            else
                rule->delegated[rule->num_delegated++] = text;
        }
}

static void read_passport(const struct atls_node *node,
                          const struct atls_verifiers *verifiers,
                          struct atls_rule *rule)
{
    size_t num = json_array_size(node->value);

    if (!atls_node_is_array(node))
        return;
    if (num == 0)
        atls_node_wrong(node, "at least one Verifier");
    rule->passport = calloc(num + 1, sizeof(*rule->passport));
    if (rule->passport == NULL)
        out_of_memory(node);
    for (size_t i = 0; rule->passport != NULL && i < num; i++) {
        struct atls_node item = atls_node_item(node, i);
        const char *name = atls_node_text(&item);
        const struct atls_verifier *verifier =
            name != NULL ? atls_verifiers_find(verifiers, atls_view_text(name))
                         : NULL;

        if (verifier != NULL)
            rule->passport[rule->num_passport++] = verifier;
        else if (name != NULL)
            atls_node_wrong(&item, "the name of one of \"verifiers\"");
    }
}

/* A result comes by way of a delegate, whose age is limited too. */
static void read_delegation(const struct atls_node *node,
                            const struct atls_verifiers *verifiers,
                            struct atls_rule *rule)
{
    struct atls_node max_age = atls_node_member(node, "delegated_max_age");
    struct atls_node passport = atls_node_member(node, "passport");

    rule->delegated_max_age_s =
        atls_node_duration(&max_age, ATLS_RULE_MAX_DELEGATED_S, 0);
    if (rule->delegated_max_age_s > 0)
        fill_delegated(node, rule);
    if (rule->delegated_max_age_s > 0 && rule->num_accept > 0 &&
        rule->num_delegated == 0 && passport.value == NULL)
        atls_node_problem(&max_age, ATLS_POLICY_INVALID,
                          "want \"passport\" or a profile that is neither "
                          "composite nor other, as a delegate shows neither");
    if (passport.value == NULL)
        return;
    read_passport(&passport, verifiers, rule);
    if (rule->delegated_max_age_s == 0)
        atls_node_problem(&passport, ATLS_POLICY_INVALID,
                          "want a \"delegated_max_age\" above 0 beside it, "
                          "found none");
}

/* The digest of the key is all that binds: it must be found here. */
static bool fits_bearer(const struct atls_rule *rule)
{
    for (size_t i = 0; i < rule->num_accept; i++)
        if (rule->accept[i]->format != &atls_format_other)
            return true;
    return false;
}

static void check_bearer(const struct atls_node *bearer,
                         const struct atls_rule *rule)
{
    if (rule->bearer_max_age_s == 0)
        atls_node_problem(bearer, ATLS_POLICY_INVALID,
                          "want a \"bearer_max_age\" above 0 beside it, found "
                          "none");
    if (rule->requires && !fits_bearer(rule))
        atls_node_problem(bearer, ATLS_POLICY_INVALID,
                          "want a profile that is not other among those that "
                          "are accepted, as its Evidence is all that is taken");
}

static void read_bearer(const struct atls_node *node, struct atls_rule *rule)
{
    static const char *const words[] = {"certificate", NULL};
    struct atls_node bearer = atls_node_member(node, "bearer");
    struct atls_node max_age = atls_node_member(node, "bearer_max_age");

    rule->bearer_max_age_s =
        atls_node_duration(&max_age, ATLS_DURATION_MAX_S, 0);
    if (bearer.value == NULL) {
        rule->bearer_max_age_s = 0;
        if (max_age.value != NULL)
            atls_node_problem(&max_age, ATLS_POLICY_INVALID,
                              "want \"bearer\": \"certificate\" beside it, "
                              "found none");
        return;
    }
    if (atls_node_choice(&bearer, words) < 0)
        rule->bearer_max_age_s = 0;
    else
        check_bearer(&bearer, rule);
}

bool atls_rule_takes_bearer(const struct atls_rule *rule)
{
    return rule->bearer_max_age_s > 0;
}

const struct atls_verifier *atls_rule_passport(const struct atls_rule *rule,
                                               struct atls_view name)
{
    for (size_t i = 0; i < rule->num_passport; i++)
        if (atls_view_is(name, rule->passport[i]->name))
            return rule->passport[i];
    return NULL;
}

void atls_rule_read(const struct atls_node *node,
                    const struct atls_profile *profiles, size_t num_profiles,
                    const struct atls_verifiers *verifiers,
                    struct atls_rule *rule)
{
    static const char *const keys[] = {"match",          "require",
                                       "accept",         "identity",
                                       "no_oracle",      "delegated_max_age",
                                       "passport",       "bearer",
                                       "bearer_max_age", NULL};
    struct atls_node match = atls_node_member(node, "match");
    struct atls_node require = atls_node_member(node, "require");
    struct atls_node accept = atls_node_member(node, "accept");

    rule->requires = true;
    if (!atls_node_is_object(node, keys))
        return;
    read_match(&match, rule);
    rule->requires = atls_node_flag(&require, true);
    if (!rule->requires)
        check_not_required(node, rule);
    else if (accept.value != NULL)
        read_accept(&accept, profiles, num_profiles, rule);
    else if (!atls_rule_fill(profiles, num_profiles, rule))
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
    read_delegation(node, verifiers, rule);
    read_bearer(node, rule);
    read_identity(node, rule); /* asks what else it accepts */
}

static void free_texts(char **texts, size_t num)
{
    for (size_t i = 0; i < num; i++)
        free(texts[i]);
    free(texts);
}

void atls_rule_clear(struct atls_rule *rule)
{
    free_texts(rule->delegated, rule->num_delegated);
    free(rule->passport);
    free(rule->name);
    free(rule->uri);
    free(rule->accept);
    *rule = (struct atls_rule){0};
}
