/* SPDX-License-Identifier: Apache-2.0
 *
 * Loading a Verifier: everything is read and composed before anybody asks.
 */
#include "serve/service.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "json.h"
#include "serve/alias.h"

enum { MAX_TEXT = 65536 }; /* bytes of each text that is published */

static void free_service(struct atls_service **service)
{
    atls_service_free(*service);
}
#define AUTO_SERVICE __attribute__((cleanup(free_service))) struct atls_service

static enum atls_reason choose_profiles(struct atls_service *service,
                                        struct atls_why *why)
{
    const struct atls_words *names = &service->setup->profiles;
    struct atls_rule *rule = &service->own_rule;

    rule->accept = calloc(names->num, sizeof(*rule->accept));
    if (rule->accept == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    for (unsigned i = 0; i < names->num; i++) {
        const struct atls_profile *profile =
            atls_policy_profile(service->policy, names->items[i]);

        if (profile == NULL)
            return atls_why(why, ATLS_POLICY_INVALID,
                            "--profile: %s has no profile \"%s\"",
                            service->setup->policy, names->items[i]);
        rule->accept[rule->num_accept++] = profile;
    }
    service->rule = rule;
    return ATLS_OK;
}

static enum atls_reason choose_rule(struct atls_service *service,
                                    struct atls_why *why)
{
    const struct atls_peer nobody = {.role = ATLS_ROLE_SERVER};

    if (service->setup->profiles.num > 0)
        return choose_profiles(service, why);
    service->rule = atls_policy_match(service->policy, &nobody);
    return service->rule != NULL
               ? ATLS_OK
               : atls_why(why, ATLS_RULE_MISSING,
                          "%s: want a rule that matches a server without a "
                          "name, found none: add one, or name profiles by "
                          "--profile",
                          service->setup->policy);
}

/* Who is asked here answers of his own knowledge: no profile sends Evidence on
 * to another Verifier, and none believes what nobody verified. Without a
 * profile there is nothing that it could judge: what passes for a policy of
 * those who take passports alone is a mistake here. */
static enum atls_reason check_profiles(const struct atls_service *service,
                                       struct atls_why *why)
{
    if (service->rule->num_accept == 0)
        return atls_why(
            why, ATLS_POLICY_INVALID,
            "%s: want a profile that the rule for a server without "
            "a name accepts, found none: nothing could be appraised",
            service->setup->policy);
    for (size_t i = 0; i < service->rule->num_accept; i++) {
        const struct atls_profile *profile = service->rule->accept[i];

        if (profile->verifier != NULL || !profile->has_anchors)
            return atls_why(why, ATLS_POLICY_INVALID,
                            "%s: profile %s: want one with trust_anchors and "
                            "without verifier: a Verifier judges itself",
                            service->setup->policy, profile->name);
    }
    return ATLS_OK;
}

bool atls_service_takes(const struct atls_service *service,
                        const struct atls_format *format)
{
    for (size_t i = 0; i < service->rule->num_accept; i++)
        if (atls_format_takes(service->rule->accept[i]->format, format))
            return true;
    return false;
}

static bool is_listed(const struct atls_service *service, const char *type)
{
    for (size_t i = 0; i < service->num_types; i++)
        if (strcmp(service->types[i], type) == 0)
            return true;
    return false;
}

/* names has its room already, so that what points into it stays good. */
static void list_type(struct atls_service *service, const char *spelling)
{
    char text[ATLS_TYPE_MAX_TEXT + 1];
    struct atls_type type;
    size_t at = service->names.len;

    if (!atls_type_parse(atls_view_text(spelling), &type))
        return;
    atls_type_text(type, text, sizeof(text));
    if (is_listed(service, text) ||
        service->num_types == ATLS_SERVICE_MAX_TYPES)
        return;
    atls_buf_put(&service->names, atls_view(text, strlen(text) + 1));
    if (!service->names.failed)
        service->types[service->num_types++] =
            (const char *)service->names.data + at;
}

static void list_profile(struct atls_service *service,
                         const struct atls_profile *profile)
{
    const char *alias;

    for (size_t i = 0; i < profile->num_types; i++)
        list_type(service, profile->types[i]);
    for (size_t i = 0; (alias = atls_alias_of(profile->format, i)); i++)
        list_type(service, alias);
}

static enum atls_reason list_types(struct atls_service *service,
                                   struct atls_why *why)
{
    const size_t room = ATLS_SERVICE_MAX_TYPES * (ATLS_TYPE_MAX_TEXT + 1);

    if (atls_buf_room(&service->names, room) == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    service->names.len = 0;
    for (size_t i = 0; i < service->rule->num_accept; i++)
        list_profile(service, service->rule->accept[i]);
    for (size_t i = 0; i < service->num_types; i++) {
        atls_buf_text(&service->accept, i > 0 ? ", " : "");
        atls_buf_text(&service->accept, service->types[i]);
    }
    atls_buf_u8(&service->accept, '\0');
    return service->accept.failed ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL)
                                  : ATLS_OK;
}

static json_t *types_json(const struct atls_service *service)
{
    json_t *types = json_array();

    for (size_t i = 0; i < service->num_types; i++)
        if (json_array_append_new(types, json_string(service->types[i])) != 0) {
            json_decref(types);
            return NULL;
        }
    return types;
}

/* As Veraison's: the key without a name, and no list of keys. */
static enum atls_reason describe(struct atls_service *service,
                                 struct atls_why *why)
{
    ATLS_AUTO_BUF text = atls_buf(MAX_TEXT);
    ATLS_AUTO(json_t) *document = NULL;
    json_t *jwk;
    enum atls_reason reason =
        atls_jwk_put(&text, service->signers.items[0].key, NULL, why);

    if (reason != ATLS_OK)
        return reason;
    jwk = atls_json_parse(atls_buf_view(&text), ATLS_VERIFIER_KEY, why);
    document = json_pack("{s:o,s:o,s:s,s:s,s:{s:s}}", "ear-verification-key",
                         jwk, "media-types", types_json(service), "version",
                         PACKAGE_STRING, "service-state", "READY",
                         "api-endpoints", "newChallengeResponseSession",
                         "/challenge-response/v1/newSession");
    if (document != NULL)
        atls_json_put(&service->discovery, document);
    return document != NULL && !service->discovery.failed
               ? ATLS_OK
               : atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
}

static enum atls_reason load(struct atls_service *service, struct atls_why *why)
{
    const struct atls_setup *setup = service->setup;
    enum atls_reason reason =
        atls_policy_read(setup->policy, NULL, NULL, &service->policy, why);

    if (reason == ATLS_OK)
        reason = choose_rule(service, why);
    if (reason == ATLS_OK)
        reason = check_profiles(service, why);
    if (reason == ATLS_OK)
        reason = list_types(service, why);
    if (reason == ATLS_OK)
        reason =
            atls_signers_read(&setup->signing_keys, &service->signers, why);
    if (reason == ATLS_OK)
        reason = atls_signers_put(&service->signers, &service->jwks, why);
    return reason == ATLS_OK ? describe(service, why) : reason;
}

enum atls_reason atls_service_load(const struct atls_setup *setup, int64_t now,
                                   struct atls_service **out,
                                   struct atls_why *why)
{
    AUTO_SERVICE *service = calloc(1, sizeof(*service));
    enum atls_reason reason;

    *out = NULL;
    if (service == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    service->num_references = 1;
    service->setup = setup;
    service->loaded = now;
    service->names =
        atls_buf(ATLS_SERVICE_MAX_TYPES * (ATLS_TYPE_MAX_TEXT + 1));
    service->accept = atls_buf(MAX_TEXT);
    service->jwks = atls_buf(MAX_TEXT);
    service->discovery = atls_buf(MAX_TEXT);
    reason = load(service, why);
    if (reason == ATLS_OK)
        *out = ATLS_STEAL(service);
    return reason;
}

void atls_service_up_ref(struct atls_service *service)
{
    __atomic_add_fetch(&service->num_references, 1, __ATOMIC_RELAXED);
}

void atls_service_free(struct atls_service *service)
{
    if (service == NULL ||
        __atomic_sub_fetch(&service->num_references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    atls_policy_free(service->policy);
    free(service->own_rule.accept);
    atls_signers_clear(&service->signers);
    atls_buf_clear(&service->names);
    atls_buf_clear(&service->accept);
    atls_buf_clear(&service->jwks);
    atls_buf_clear(&service->discovery);
    free(service);
}
