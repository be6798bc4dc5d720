/* SPDX-License-Identifier: Apache-2.0
 *
 * From what CoRIMs say to a policy: each complete description of a platform
 * becomes a profile, with the keys of its devices; one of a CCA platform for
 * each realm that may run there.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

#include "evidence.h"
#include "import_kind.h"

enum { MAX_PROFILES = 64 };

/* What keys and values of one implementation have in common; those of SEV-SNP
 * have nothing else. */
static const char *class_of(const json_t *profile)
{
    json_t *id = json_object_get(profile, "implementation_id");

    return json_string_value(id != NULL ? id
                                        : json_object_get(profile, "format"));
}

static const char *format_of(const json_t *profile)
{
    return json_string_value(json_object_get(profile, "format"));
}

/* In the place that the profile has for them. */
static enum atls_reason set_anchors(const struct atls_import *import,
                                    json_t *profile, struct atls_why *why)
{
    const char *format = format_of(profile), *class = class_of(profile);
    json_t *keys =
        json_object_get(json_object_get(import->keys, format), class);
    ATLS_AUTO(json_t) *anchors = json_array();

    if (anchors == NULL ||
        (keys != NULL && json_array_extend(anchors, keys) != 0))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (import->terms->anchors != NULL &&
        json_array_append_new(anchors, json_string(import->terms->anchors)) !=
            0)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (json_array_size(anchors) == 0)
        return atls_why(why, ATLS_CORIM_INCOMPLETE,
                        "%s: want trust anchors beside the values of %s, found "
                        "none: give the CoRIM that has them too, or "
                        "--trust-anchor",
                        format, class);
    return json_object_set_new(profile, "trust_anchors", ATLS_STEAL(anchors)) ==
                   0
               ? ATLS_OK
               : atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
}

/* realm may be NULL. Not by json_copy, which leaves out what there is no memory
 * for. */
static enum atls_reason add_profile(const struct atls_import *import,
                                    json_t *list, json_t *want, json_t *realm,
                                    struct atls_why *why)
{
    ATLS_AUTO(json_t) *profile = atls_json_object();
    bool is_snp = strcmp(format_of(want), "snp") == 0;
    const char *folder = is_snp ? import->terms->collateral : NULL;
    enum atls_reason reason;

    if (profile == NULL || json_object_update(profile, want) != 0 ||
        (realm != NULL && json_object_update(profile, realm) != 0) ||
        (folder != NULL &&
         json_object_set_new(profile, "collateral", json_string(folder)) != 0))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    reason = set_anchors(import, profile, why);
    if (reason == ATLS_OK && is_snp)
        reason = atls_import_snp_finish(profile, why);
    return reason == ATLS_OK ? atls_import_add(list, ATLS_STEAL(profile), why)
                             : reason;
}

/* Without a realm's values any realm would do, on a platform however good. */
static enum atls_reason add_realms(const struct atls_import *import,
                                   json_t *list, json_t *want,
                                   struct atls_why *why)
{
    enum atls_reason reason = ATLS_OK;

    if (json_array_size(import->realms) == 0)
        return atls_why(why, ATLS_CORIM_INCOMPLETE,
                        "want values of a realm beside those of its CCA "
                        "platform, found none: give the CoRIM that has them "
                        "too");
    for (size_t i = 0; reason == ATLS_OK && i < json_array_size(import->realms);
         i++)
        reason = add_profile(import, list, want,
                             json_array_get(import->realms, i), why);
    return reason;
}

static bool is_wanted(const struct atls_import *import, const char *format,
                      const char *class)
{
    for (size_t i = 0; i < json_array_size(import->wants); i++) {
        const json_t *want = json_array_get(import->wants, i);

        if (strcmp(format_of(want), format) == 0 &&
            strcmp(class_of(want), class) == 0)
            return true;
    }
    return false;
}

/* A key that no value is for would vouch for any software. */
static enum atls_reason check_keys(const struct atls_import *import,
                                   struct atls_why *why)
{
    const char *format, *class;
    json_t *classes, *list;

    json_object_foreach(import->keys, format, classes)
    {
        json_object_foreach(classes, class, list)
        {
            if (!is_wanted(import, format, class))
                return atls_why(why, ATLS_CORIM_INCOMPLETE,
                                "%s: want reference values for the keys of "
                                "%s, found none: give the CoRIM that has them "
                                "too",
                                format, class);
        }
    }
    return ATLS_OK;
}

/* Peers may cost no more chains than that: the fifth would never be judged. */
static enum atls_reason check_number(const json_t *list, struct atls_why *why)
{
    size_t num_snp = 0, num = json_array_size(list);

    for (size_t i = 0; i < num; i++)
        num_snp += strcmp(format_of(json_array_get(list, i)), "snp") == 0;
    if (num > MAX_PROFILES || num_snp > ATLS_SIGNATURES_MAX)
        return atls_why(why, ATLS_CORIM_UNSUPPORTED,
                        "want at most %d profiles, and %d of SEV-SNP, found "
                        "%zu and %zu: import less at a time",
                        MAX_PROFILES, ATLS_SIGNATURES_MAX, num, num_snp);
    return ATLS_OK;
}

static enum atls_reason compose(const struct atls_import *import, json_t *list,
                                struct atls_why *why)
{
    enum atls_reason reason = check_keys(import, why);

    for (size_t i = 0; reason == ATLS_OK && i < json_array_size(import->wants);
         i++) {
        json_t *want = json_array_get(import->wants, i);

        reason = strcmp(format_of(want), "cca") == 0
                     ? add_realms(import, list, want, why)
                     : add_profile(import, list, want, NULL, why);
    }
    if (reason == ATLS_OK && json_array_size(list) == 0)
        reason = atls_why(why, ATLS_CORIM_INCOMPLETE,
                          "want reference values of a platform, found none");
    return reason == ATLS_OK ? check_number(list, why) : reason;
}

/* NAME alone, or NAME.1 and so on where there are several. */
static bool name_profiles(const struct atls_import *import, json_t *list,
                          json_t *profiles, json_t *names)
{
    size_t num = json_array_size(list);

    for (size_t i = 0; i < num; i++) {
        char name[ATLS_PROFILE_NAME];

        snprintf(name, sizeof(name), num == 1 ? "%s" : "%s.%zu",
                 import->terms->name, i + 1);
        if (json_object_set(profiles, name, json_array_get(list, i)) != 0 ||
            json_array_append_new(names, json_string(name)) != 0)
            return false;
    }
    return true;
}

/* NULL: no memory. */
static char *text_of(const struct atls_import *import, json_t *list)
{
    ATLS_AUTO(json_t) *profiles = atls_json_object();
    ATLS_AUTO(json_t) *names = json_array();
    ATLS_AUTO(json_t) *policy = NULL;

    if (profiles == NULL || names == NULL ||
        !name_profiles(import, list, profiles, names))
        return NULL;
    policy = json_pack("{s:O, s:[{s:O}]}", "profiles", profiles, "rules",
                       "accept", names);
    return policy != NULL ? atls_json_print(policy) : NULL;
}

static enum atls_reason write_policy(const struct atls_import *import,
                                     char **json, struct atls_why *why)
{
    ATLS_AUTO(json_t) *list = json_array();
    ATLS_AUTO_HEAP char *text = NULL;
    struct atls_policy *policy = NULL;
    enum atls_reason reason;

    if (list == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    reason = compose(import, list, why);
    if (reason != ATLS_OK)
        return reason;
    text = text_of(import, list);
    if (text == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    reason = atls_policy_parse(atls_view_text(text), "imported policy", "",
                               NULL, NULL, &policy, why);
    atls_policy_free(policy);
    if (reason == ATLS_OK)
        *json = ATLS_STEAL(text);
    return reason;
}

enum atls_reason atls_import_policy(const struct atls_import *import,
                                    char **json, struct atls_why *why)
{
    enum atls_reason reason;

    *json = NULL;
    ERR_set_mark();
    reason = write_policy(import, json, why);
    ERR_pop_to_mark();
    return reason;
}
