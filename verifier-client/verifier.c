/* SPDX-License-Identifier: Apache-2.0
 *
 * "verifiers" of policy.json, read.
 */
#include "verifier.h"

#include <stdio.h>
#include <string.h>

#include "file.h"
#include "profile.h"
#include "verifier_keys.h"

enum { DEFAULT_MAX_AGE_S = 300, DEFAULT_SKEW_S = 30, MAX_SETS = 16 };

static const char trustee[] = "trustee+";

static void out_of_memory(const struct atls_node *node)
{
    atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
}

static char *copy(const struct atls_node *node, const char *text)
{
    char *made = text != NULL ? strdup(text) : NULL;

    if (text != NULL && made == NULL)
        out_of_memory(node);
    return made;
}

/* A file that must be there when it is needed is looked for now. */
static char *read_path(const struct atls_node *node)
{
    const char *text = node->value != NULL ? atls_node_text(node) : NULL;
    ATLS_AUTO_BUF content = atls_buf(ATLS_FILE_MAX);
    struct atls_why why = {0};
    char *path;

    if (text == NULL)
        return NULL;
    path = atls_file_path(node->document->folder, text);
    if (path == NULL)
        out_of_memory(node);
    else if (atls_file_read(path, &content, &why) != ATLS_OK)
        atls_node_problem(node, why.reason, "%s", why.text);
    return path;
}

static void read_key_text(const struct atls_node *node, const char *text,
                          struct atls_verifier *verifier)
{
    bool is_path = text[0] != '{' && strstr(text, "-----BEGIN ") == NULL;
    ATLS_AUTO_HEAP char *path =
        is_path ? atls_file_path(node->document->folder, text) : NULL;
    struct atls_why why = {0};

    if (is_path && path == NULL)
        out_of_memory(node);
    else if (atls_verifier_keys_add(verifier->keys, is_path ? path : text,
                                    is_path, &why) != ATLS_OK)
        atls_node_problem(node, why.reason, "%s", why.text);
}

/* A path, PEM text, or a JWK or JWK set as it is. */
static void read_key(const struct atls_node *node,
                     struct atls_verifier *verifier)
{
    ATLS_AUTO_BUF text = atls_buf(ATLS_FILE_MAX);

    if (json_is_string(node->value) && json_string_length(node->value) > 0) {
        read_key_text(node, json_string_value(node->value), verifier);
        return;
    }
    if (!json_is_object(node->value)) {
        atls_node_wrong(node, "a path, a JWK, a JWK set or PEM");
        return;
    }
    atls_json_put(&text, node->value);
    atls_buf_u8(&text, '\0');
    if (text.failed)
        out_of_memory(node);
    else
        read_key_text(node, (const char *)text.data, verifier);
}

static void read_keys(const struct atls_node *node,
                      struct atls_verifier *verifier)
{
    size_t num = atls_node_list_size(node);

    verifier->keys = atls_verifier_keys_new();
    if (verifier->keys == NULL) {
        out_of_memory(node);
        return;
    }
    if (num == 0)
        atls_node_wrong(node, "at least one key that the Verifier signs with");
    for (size_t i = 0; i < num; i++) {
        struct atls_node item = atls_node_list_item(node, i);

        read_key(&item, verifier);
    }
}

static bool is_word(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text >= 0x7f)
            return false;
    return true;
}

/* RFC 3986, 3.2: somewhere to go, and nothing of ours in it; the rest is for
 * who goes there. */
static bool is_url(const char *text, bool allows_http)
{
    size_t prefix = strncmp(text, "https://", 8) == 0 ? 8 : 7;

    if (prefix == 7 && (!allows_http || strncmp(text, "http://", 7) != 0))
        return false;
    return text[prefix] != '\0' && text[prefix] != '/' && is_word(text) &&
           strpbrk(text, "@?#\\\"") == NULL && strlen(text) < ATLS_HTTP_MAX_URL;
}

static const char *plain_url(const char *name)
{
    size_t len = sizeof(trustee) - 1;

    return strncmp(name, trustee, len) == 0 ? name + len : name;
}

static void read_url(const struct atls_node *node,
                     struct atls_verifier *verifier)
{
    struct atls_node url = atls_node_member(node, "url");
    struct atls_node http = atls_node_member(node, "http");
    static const char *const words[] = {"loopback", NULL};
    const char *text =
        url.value != NULL ? atls_node_text(&url) : plain_url(node->key);

    verifier->peer.allows_loopback_http =
        http.value != NULL && atls_node_choice(&http, words) == 0;
    if (text == NULL)
        return;
    if (is_url(text, verifier->peer.allows_loopback_http))
        verifier->peer.url = copy(node, text);
    else
        atls_node_problem(url.value != NULL ? &url : node, ATLS_POLICY_INVALID,
                          "want an https URL without user, query or fragment, "
                          "or http with \"http\": \"loopback\", found "
                          "\"%.80s\"",
                          text);
}

static void read_name(const struct atls_node *node,
                      struct atls_verifier *verifier)
{
    verifier->name = copy(node, node->key);
    verifier->kind = plain_url(node->key) == node->key ? ATLS_VERIFIER_VERAISON
                                                       : ATLS_VERIFIER_TRUSTEE;
    if (strlen(node->key) >= ATLS_VERIFIER_NAME || !is_word(node->key) ||
        strstr(node->key, "://") == NULL)
        atls_node_problem(node, ATLS_POLICY_INVALID,
                          "want a URL of at most 255 bytes as the Verifier's "
                          "name, \"trustee+\" before it for Trustee");
}

static void read_service(const struct atls_node *node,
                         struct atls_verifier *verifier)
{
    struct atls_node ca = atls_node_member(node, "ca");
    struct atls_node spki = atls_node_member(node, "spki");
    struct atls_node certificate = atls_node_member(node, "certificate");
    struct atls_node key = atls_node_member(node, "key");
    struct atls_node token = atls_node_member(node, "token");
    struct atls_values hashes = {0};

    atls_values_read(&spki, 32, &hashes);
    verifier->peer.spki = hashes.bytes;
    verifier->peer.num_spki = hashes.num;
    verifier->peer.ca = read_path(&ca);
    verifier->peer.certificate = read_path(&certificate);
    verifier->peer.key = read_path(&key);
    verifier->peer.token_file = read_path(&token);
    if ((certificate.value != NULL) != (key.value != NULL))
        atls_node_problem(node, ATLS_POLICY_INVALID,
                          "want \"certificate\" and \"key\" together");
}

static void read_kind(const struct atls_node *node,
                      struct atls_verifier *verifier)
{
    struct atls_node discovery = atls_node_member(node, "discovery");
    struct atls_node policy_id = atls_node_member(node, "policy_id");

    verifier->discovers = atls_node_flag(&discovery, false);
    if (policy_id.value != NULL)
        verifier->policy_id = copy(&policy_id, atls_node_text(&policy_id));
    if (verifier->discovers && verifier->kind == ATLS_VERIFIER_TRUSTEE)
        atls_node_problem(&discovery, ATLS_POLICY_INVALID,
                          "want no discovery with Trustee, which has none");
    if (policy_id.value != NULL && verifier->kind == ATLS_VERIFIER_VERAISON)
        atls_node_problem(&policy_id, ATLS_POLICY_INVALID,
                          "want no policy_id with Veraison, which has none");
}

static bool read_submod_name(const struct atls_node *node, const char *name,
                             char out[ATLS_EAR_NAME])
{
    if (name == NULL || name[0] == '\0' || strlen(name) >= ATLS_EAR_NAME) {
        atls_node_problem(node, ATLS_POLICY_INVALID,
                          "want a submodule's name of 1 to 63 bytes");
        return false;
    }
    snprintf(out, ATLS_EAR_NAME, "%s", name);
    return true;
}

static void read_claims(const struct atls_node *node,
                        struct atls_result_submod *submod)
{
    const char *names[ATLS_NUM_AR4SI_CLAIMS + 1] = {NULL};
    int choice;

    for (unsigned i = 0; i < ATLS_NUM_AR4SI_CLAIMS; i++)
        names[i] = atls_ar4si_name((enum atls_ar4si_claim)i);
    for (size_t i = 0; i < atls_node_list_size(node); i++) {
        struct atls_node item = atls_node_list_item(node, i);

        choice = atls_node_choice(&item, names);
        if (choice >= 0)
            submod->must_affirm[choice] = true;
    }
}

static void read_set(const struct atls_node *node, struct atls_result_set *set)
{
    const char *key;
    json_t *value;

    if (!atls_node_is_object(node, NULL))
        return;
    if (json_object_size(node->value) == 0 ||
        json_object_size(node->value) > ATLS_EAR_MAX_SUBMODS) {
        atls_node_wrong(node, "1 to 16 submodules");
        return;
    }
    json_object_foreach(node->value, key, value)
    {
        struct atls_node member = atls_node_member(node, key);
        struct atls_result_submod *submod = &set->submods[set->num_submods];

        if (!read_submod_name(&member, key, submod->name))
            continue;
        read_claims(&member, submod);
        set->num_submods++;
    }
}

static void read_sets(const struct atls_node *node,
                      struct atls_verifier *verifier)
{
    size_t num = json_array_size(node->value);

    if (!atls_node_is_array(node))
        return;
    if (num == 0 || num > MAX_SETS) {
        atls_node_wrong(node, "1 to 16 sets of submodules");
        return;
    }
    verifier->sets = calloc(num, sizeof(*verifier->sets));
    if (verifier->sets == NULL) {
        out_of_memory(node);
        return;
    }
    for (size_t i = 0; i < num; i++) {
        struct atls_node item = atls_node_item(node, i);

        read_set(&item, &verifier->sets[verifier->num_sets++]);
    }
}

/* What a Verifier appraises beyond what was asked is no reason to accept more:
 * who wants that must say so. */
static void read_accept(const struct atls_node *node,
                        struct atls_verifier *verifier)
{
    struct atls_node accept = atls_node_member(node, "accept");
    struct atls_node any = atls_node_member(node, "any");
    bool is_any = atls_node_flag(&any, false);

    if (is_any == (accept.value != NULL))
        atls_node_problem(node, ATLS_POLICY_INVALID,
                          "want either \"accept\", the submodules that a "
                          "result must have, or \"any\": true, found %s",
                          is_any ? "both" : "neither");
    if (accept.value != NULL)
        read_sets(&accept, verifier);
}

/* Veraison's schemes that are known to compare the Evidence's own nonce with
 * the session's; others sign any Evidence under any nonce. Who else speaks its
 * API and has schemes of these names may do as they like, and says so in the
 * verifier ID, which is signed (github.com/veraison/services, config). */
static const char veraison_developer[] = "Veraison Project";
static const char *const veraisons[] = {"PSA_IOT", "CCA_REALM", "SEVSNP"};
enum { NUM_VERAISONS = sizeof(veraisons) / sizeof(veraisons[0]) };

static void fill_nonce_checked(struct atls_verifier *verifier)
{
    if (verifier->kind != ATLS_VERIFIER_VERAISON)
        return;
    verifier->nonce_checker = veraison_developer;
    for (size_t i = 0; i < NUM_VERAISONS; i++)
        snprintf(verifier->nonce_checked[verifier->num_nonce_checked++],
                 ATLS_EAR_NAME, "%s", veraisons[i]);
}

static void read_nonce_checked(const struct atls_node *node,
                               struct atls_verifier *verifier)
{
    struct atls_node list = atls_node_member(node, "nonce_checked");
    size_t num = json_array_size(list.value);

    if (list.value != NULL && !atls_node_is_array(&list))
        return;
    verifier->nonce_checked =
        calloc(num + NUM_VERAISONS, sizeof(*verifier->nonce_checked));
    if (verifier->nonce_checked == NULL) {
        out_of_memory(node);
        return;
    }
    if (list.value == NULL)
        fill_nonce_checked(verifier);
    for (size_t i = 0; i < num; i++) {
        struct atls_node item = atls_node_item(&list, i);

        if (read_submod_name(
                &item, json_string_value(item.value),
                verifier->nonce_checked[verifier->num_nonce_checked]))
            verifier->num_nonce_checked++;
    }
}

static void read_tiers(const struct atls_node *node,
                       struct atls_verifier *verifier)
{
    static const char *const words[] = {"affirming", "warning", NULL};
    struct atls_node list = atls_node_member(node, "tiers");
    bool has_affirming = list.value == NULL;

    for (size_t i = 0; i < atls_node_list_size(&list); i++) {
        struct atls_node item = atls_node_list_item(&list, i);
        int choice = atls_node_choice(&item, words);

        has_affirming = has_affirming || choice == 0;
        verifier->allows_warning = verifier->allows_warning || choice == 1;
    }
    if (!has_affirming)
        atls_node_wrong(&list, "\"affirming\" among the tiers");
}

static void read_result(const struct atls_node *node,
                        struct atls_verifier *verifier)
{
    struct atls_node max_age = atls_node_member(node, "max_age");
    struct atls_node skew = atls_node_member(node, "skew");
    struct atls_node unparsed = atls_node_member(node, "unparsed");

    verifier->max_age_s = atls_node_duration(&max_age, ATLS_VERIFIER_MAX_AGE_S,
                                             DEFAULT_MAX_AGE_S);
    verifier->skew_s =
        atls_node_duration(&skew, ATLS_VERIFIER_MAX_SKEW_S, DEFAULT_SKEW_S);
    verifier->allows_unparsed = atls_node_flag(&unparsed, false);
    read_accept(node, verifier);
    read_nonce_checked(node, verifier);
    read_tiers(node, verifier);
}

static void read_verifier(const struct atls_node *node,
                          struct atls_verifier *verifier)
{
    static const char *const keys[] = {
        "url",     "keys",     "ca",     "spki",      "certificate",
        "key",     "token",    "http",   "discovery", "policy_id",
        "max_age", "skew",     "accept", "any",       "nonce_checked",
        "tiers",   "unparsed", NULL};
    struct atls_node key_list = atls_node_member(node, "keys");

    read_name(node, verifier);
    if (!atls_node_is_object(node, keys))
        return;
    read_url(node, verifier);
    read_keys(&key_list, verifier);
    read_service(node, verifier);
    read_kind(node, verifier);
    read_result(node, verifier);
}

/* The peer's strings are const for those who read them; they are ours. */
static void free_text(const void *text)
{
    free((void *)(uintptr_t)text);
}

static void clear_verifier(struct atls_verifier *verifier)
{
    free_text(verifier->peer.url);
    free_text(verifier->peer.ca);
    free_text(verifier->peer.spki);
    free_text(verifier->peer.certificate);
    free_text(verifier->peer.key);
    free_text(verifier->peer.token_file);
    free(verifier->name);
    free(verifier->policy_id);
    free(verifier->sets);
    free(verifier->nonce_checked);
    atls_verifier_keys_free(verifier->keys);
}

void atls_verifiers_read(const struct atls_node *node,
                         struct atls_verifiers *verifiers)
{
    const char *key;
    json_t *value;

    if (node->value == NULL || !atls_node_is_object(node, NULL))
        return;
    if (json_object_size(node->value) == 0)
        atls_node_wrong(node, "at least one Verifier");
    verifiers->items =
        calloc(json_object_size(node->value) + 1, sizeof(*verifiers->items));
    if (verifiers->items == NULL) {
        out_of_memory(node);
        return;
    }
    json_object_foreach(node->value, key, value)
    {
        struct atls_node member = atls_node_member(node, key);

        read_verifier(&member, &verifiers->items[verifiers->num++]);
    }
}

void atls_verifiers_clear(struct atls_verifiers *verifiers)
{
    for (size_t i = 0; i < verifiers->num; i++)
        clear_verifier(&verifiers->items[i]);
    free(verifiers->items);
    *verifiers = (struct atls_verifiers){0};
}

const struct atls_verifier *
atls_verifiers_find(const struct atls_verifiers *verifiers,
                    struct atls_view name)
{
    for (size_t i = 0; i < verifiers->num; i++)
        if (verifiers->items[i].name != NULL &&
            atls_view_is(name, verifiers->items[i].name))
            return &verifiers->items[i];
    return NULL;
}

void atls_verifiers_part(const struct atls_verifiers *verifiers,
                         const struct atls_anchors *pool,
                         const struct atls_node *node)
{
    for (size_t i = 0; i < verifiers->num; i++) {
        const struct atls_verifier *verifier = &verifiers->items[i];
        struct atls_why why = {0};

        if (verifier->name == NULL || verifier->keys == NULL)
            continue;
        if (atls_verifier_keys_part(verifier->keys, pool, &why) != ATLS_OK) {
            struct atls_node member = atls_node_member(node, verifier->name);
            struct atls_node keys = atls_node_member(&member, "keys");

            atls_node_problem(&keys, why.reason, "%s", why.text);
        }
    }
}

void atls_verifiers_watch(const struct atls_verifiers *verifiers,
                          atls_verifier_keys_fn *tell, void *arg)
{
    for (size_t i = 0; i < verifiers->num; i++)
        atls_verifier_keys_watch(verifiers->items[i].keys,
                                 verifiers->items[i].name, tell, arg);
}

enum atls_reason atls_verifier_verify(const struct atls_verifier *verifier,
                                      struct atls_view compact,
                                      struct atls_buf *payload,
                                      uint64_t *key_version,
                                      struct atls_why *why)
{
    const struct atls_jws_keys *keys =
        atls_verifier_keys_get0(verifier->keys, key_version);

    return atls_jws_verify(compact, keys, payload, why);
}
