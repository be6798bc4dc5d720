/* SPDX-License-Identifier: Apache-2.0
 *
 * The claims file of attest:soft: one table row for each key, so that what is
 * not in a table is refused.
 */
#include "provider/psa.h"

#include <string.h>

#include "base64url.h"
#include "json.h"

enum kind {
    KIND_TEXT,
    KIND_HEX,
    KIND_HASH,
    KIND_CLIENT_ID,
    KIND_LIFECYCLE,
    KIND_PARTS
};

struct member {
    const char *key;
    enum kind kind;
    size_t offset;           /* in the struct that the table is for */
    size_t min_len, max_len; /* bytes, of the two in hex */
};

#define CLAIM(member)     offsetof(struct atls_psa_claims, member)
#define COMPONENT(member) offsetof(struct atls_psa_component, member)

static const struct member claim_members[] = {
    {"client_id", KIND_CLIENT_ID, CLAIM(client_id), 0, 0},
    {"lifecycle", KIND_LIFECYCLE, 0, 0, 0},
    {"implementation_id", KIND_HEX, CLAIM(implementation_id), 32, 32},
    {"boot_seed", KIND_HEX, CLAIM(boot_seed), 8, 32},
    {"certification_reference", KIND_TEXT, CLAIM(certification_reference), 0,
     0},
    {"verification_service", KIND_TEXT, CLAIM(verification_service), 0, 0},
    {"components", KIND_PARTS, 0, 0, 0},
    {NULL, KIND_TEXT, 0, 0, 0},
};

static const struct member component_members[] = {
    {"type", KIND_TEXT, COMPONENT(type), 0, 0},
    {"version", KIND_TEXT, COMPONENT(version), 0, 0},
    {"description", KIND_TEXT, COMPONENT(description), 0, 0},
    {"measurement", KIND_HASH, COMPONENT(measurement), 32, 64},
    {"signer_id", KIND_HASH, COMPONENT(signer_id), 32, 64},
    {NULL, KIND_TEXT, 0, 0, 0},
};

static enum atls_reason read_text(const char *key, const json_t *value,
                                  char *to, struct atls_why *why)
{
    if (!json_is_string(value) || json_string_length(value) == 0 ||
        json_string_length(value) >= ATLS_PSA_MAX_TEXT)
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "claims: %s: want a text of 1 to %d bytes", key,
                        ATLS_PSA_MAX_TEXT - 1);
    strcpy(to, json_string_value(value));
    return ATLS_OK;
}

static enum atls_reason read_hex(const struct member *member,
                                 const json_t *value, struct atls_psa_bytes *to,
                                 struct atls_why *why)
{
    ATLS_AUTO_BUF bytes = atls_buf(member->max_len);

    if (!json_is_string(value) ||
        !atls_hex_decode(atls_view_text(json_string_value(value)), &bytes) ||
        bytes.len < member->min_len)
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "claims: %s: want %zu to %zu bytes in hex", member->key,
                        member->min_len, member->max_len);
    memcpy(to->data, bytes.data, bytes.len);
    to->len = bytes.len;
    return ATLS_OK;
}

/* RFC 9783, 4.4.1: a Verifier takes no other length. */
static enum atls_reason read_hash(const struct member *member,
                                  const json_t *value,
                                  struct atls_psa_bytes *to,
                                  struct atls_why *why)
{
    enum atls_reason reason = read_hex(member, value, to, why);

    if (reason == ATLS_OK && to->len != 32 && to->len != 48 && to->len != 64)
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "claims: %s: want 32, 48 or 64 bytes in hex",
                        member->key);
    return reason;
}

static enum atls_reason read_client_id(const json_t *value,
                                       struct atls_psa_claims *claims,
                                       struct atls_why *why)
{
    json_int_t number = json_integer_value(value);

    /* RFC 9783, 4.1.2: a 32-bit number, negative outside the secure world;
     * a positive one would claim a partition that soft cannot have */
    if (!json_is_integer(value) || number >= 0 || number < INT32_MIN)
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "claims: client_id: want a negative 32-bit number");
    claims->client_id = (int32_t)number;
    return ATLS_OK;
}

static enum atls_reason read_lifecycle(const json_t *value,
                                       struct atls_why *why)
{
    const char *text = json_is_string(value) ? json_string_value(value) : "";

    if (strcmp(text, "assembly_and_test") == 0)
        return ATLS_OK;
    return atls_why(why, ATLS_ATTESTER_OPTION,
                    "claims: lifecycle: a soft attester can only say "
                    "assembly_and_test, not \"%s\"",
                    text);
}

static enum atls_reason read_members(const json_t *object,
                                     const struct member *members, void *to,
                                     struct atls_why *why);

static enum atls_reason read_component(const json_t *object,
                                       struct atls_psa_component *component,
                                       struct atls_why *why)
{
    enum atls_reason reason;

    memset(component, 0, sizeof(*component));
    if (!json_is_object(object))
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "claims: components: want objects in the array");
    reason = read_members(object, component_members, component, why);
    if (reason == ATLS_OK &&
        (component->measurement.len == 0 || component->signer_id.len == 0))
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "claims: components: want measurement and signer_id "
                        "in each");
    return reason;
}

static enum atls_reason read_components(const json_t *array,
                                        struct atls_psa_claims *claims,
                                        struct atls_why *why)
{
    enum atls_reason reason = ATLS_OK;
    size_t num = json_array_size(array);

    if (!json_is_array(array) || num == 0 || num > ATLS_PSA_MAX_COMPONENTS)
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "claims: components: want an array of 1 to %d",
                        ATLS_PSA_MAX_COMPONENTS);
    for (size_t i = 0; i < num && reason == ATLS_OK; i++)
        reason = read_component(json_array_get(array, i),
                                &claims->components[i], why);
    claims->num_components = (unsigned)num;
    return reason;
}

static enum atls_reason read_member(const struct member *member,
                                    const json_t *value, void *to,
                                    struct atls_why *why)
{
    char *at = (char *)to + member->offset;

    switch (member->kind) {
    case KIND_TEXT:
        return read_text(member->key, value, at, why);
    case KIND_HEX:
        return read_hex(member, value, (struct atls_psa_bytes *)(void *)at,
                        why);
    case KIND_HASH:
        return read_hash(member, value, (struct atls_psa_bytes *)(void *)at,
                         why);
    case KIND_CLIENT_ID:
        return read_client_id(value, to, why);
    case KIND_LIFECYCLE:
        return read_lifecycle(value, why);
    case KIND_PARTS:
        return read_components(value, to, why);
    }
    return atls_why(why, ATLS_ATTESTER_OPTION, NULL);
}

static const struct member *find_member(const struct member *members,
                                        const char *key)
{
    for (; members->key != NULL; members++)
        if (strcmp(members->key, key) == 0)
            return members;
    return NULL;
}

static enum atls_reason read_members(const json_t *object,
                                     const struct member *members, void *to,
                                     struct atls_why *why)
{
    enum atls_reason reason = ATLS_OK;
    const struct member *member;
    json_t *value;
    const char *key;
    void *iterator = json_object_iter((json_t *)(uintptr_t)object);

    while (iterator != NULL && reason == ATLS_OK) {
        key = json_object_iter_key(iterator);
        value = json_object_iter_value(iterator);
        member = find_member(members, key);
        reason = member != NULL ? read_member(member, value, to, why)
                                : atls_why(why, ATLS_ATTESTER_OPTION,
                                           "claims: unknown key \"%s\"", key);
        iterator = json_object_iter_next((json_t *)(uintptr_t)object, iterator);
    }
    return reason;
}

enum atls_reason atls_psa_claims_read(struct atls_view json,
                                      struct atls_psa_claims *claims,
                                      struct atls_why *why)
{
    ATLS_AUTO(json_t) *root = atls_json_parse(json, ATLS_ATTESTER_OPTION, why);

    if (root == NULL)
        return atls_why(why, ATLS_ATTESTER_OPTION, "claims: not JSON");
    if (!json_is_object(root))
        return atls_why(why, ATLS_ATTESTER_OPTION, "claims: want an object");
    return read_members(root, claim_members, claims, why);
}
