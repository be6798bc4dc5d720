/* SPDX-License-Identifier: Apache-2.0
 *
 * The claims of an Arm CCA token, decoded in one pass. What they must be is
 * asked after the signatures alone. The unprotected headers are not signed, and
 * nothing is taken from them.
 */
#include "cca.h"

#include <string.h>

#include "claim.h"
#include "cose_key.h"
#include "tsm_report.h"

const char *const atls_cca_dialects[] = {
    [ATLS_CCA_PLATFORM] = "tag:arm.com,2023:cca_platform#1.0.0",
    [ATLS_CCA_SSD] = "http://arm.com/CCA-SSD/1.0.0",
    NULL,
};

/* Of RMM 1.1 and later; earlier realm tokens have none. */
static const char realm_profile[] = "tag:arm.com,2023:realm#1.0.0";

/* draft-ffm-rats-cca-token, "Media Types", and what Veraison takes. */
const char *const atls_cca_types[] = {
    "application/eat+cwt; "
    "eat_profile=\"tag:arm.com,2023:cca_platform#1.0.0\"",
    "application/eat-collection; profile=\"http://arm.com/CCA-SSD/1.0.0\"",
    ATLS_TSM_REPORT_CBOR,
    ATLS_TSM_REPORT_JSON,
    NULL,
};

const char *const atls_cca_lifecycles[] = {
    /* RMM specification, A7.2.3.2.6 */
    [ATLS_PSA_UNKNOWN] = "unknown",
    [ATLS_PSA_ASSEMBLY_AND_TEST] = "assembly_and_test",
    [ATLS_PSA_ROT_PROVISIONING] = "cca_platform_rot_provisioning",
    [ATLS_PSA_SECURED] = "secured",
    [ATLS_PSA_NON_ROT_DEBUG] = "non_cca_platform_rot_debug",
    [ATLS_PSA_RECOVERABLE_ROT_DEBUG] = "recoverable_cca_platform_rot_debug",
    [ATLS_PSA_DECOMMISSIONED] = "decommissioned",
    NULL,
};

enum kind { BYTES, TEXT, INTEGER, COMPONENTS, REMS };

struct row {
    int64_t key;
    enum atls_cca_field field;
    enum kind kind;
};

static const struct row platform_rows[] = {
    {265, ATLS_CCA_PROFILE, TEXT},
    {10, ATLS_CCA_CHALLENGE, BYTES},
    {2396, ATLS_CCA_IMPLEMENTATION, BYTES},
    {256, ATLS_CCA_INSTANCE, BYTES},
    {2401, ATLS_CCA_CONFIG, BYTES},
    {2395, ATLS_CCA_LIFECYCLE, INTEGER},
    {2399, ATLS_CCA_COMPONENTS, COMPONENTS},
    {2402, ATLS_CCA_HASH, TEXT},
    {2400, ATLS_CCA_SERVICE, TEXT},
};

static const struct row realm_rows[] = {
    {265, ATLS_CCA_REALM_PROFILE, TEXT},
    {10, ATLS_CCA_REALM_CHALLENGE, BYTES},
    {44235, ATLS_CCA_PERSONALIZATION, BYTES},
    {44238, ATLS_CCA_RIM, BYTES},
    {44239, ATLS_CCA_REMS, REMS},
    {44236, ATLS_CCA_REALM_HASH, TEXT},
    {44237, ATLS_CCA_RAK, BYTES},
    {44240, ATLS_CCA_RAK_HASH, TEXT},
};

struct rows {
    const struct row *at;
    size_t num;
};

/* NULL: a claim that is not known here, or whose key is text. */
static const struct row *take_key(struct atls_cbor *in, struct rows rows)
{
    int64_t key = -1;

    if (atls_cbor_peek(in) == ATLS_CBOR_UINT ||
        atls_cbor_peek(in) == ATLS_CBOR_NEGINT)
        key = atls_cbor_int(in);
    else
        (void)atls_cbor_skip(in);
    for (size_t i = 0; i < rows.num; i++)
        if (rows.at[i].key == key)
            return &rows.at[i];
    return NULL;
}

/* draft-ffm-rats-cca-token, "Token Encoding and Signing": only definite
 * lengths. */
static void need_definite(struct atls_cbor *in,
                          const struct atls_cbor_iter *entries)
{
    if (entries->left == UINT64_MAX)
        atls_cbor_fail(in);
}

static void take_rems(struct atls_cbor *in, struct atls_cca_claims *claims)
{
    struct atls_cbor_iter items;
    size_t num = 0;

    atls_cbor_array(in, &items);
    need_definite(in, &items);
    for (; atls_cbor_next(in, &items); num++)
        if (num < ATLS_CCA_NUM_REMS)
            claims->rems[num] = atls_cbor_bytes(in);
        else
            atls_cbor_fail(in);
    if (num != ATLS_CCA_NUM_REMS)
        atls_cbor_fail(in);
}

static void take_value(struct atls_cbor *in, const struct row *row,
                       struct atls_cca_claims *claims)
{
    struct atls_cca_claim *claim = &claims->fields[row->field];

    claim->is_present = true;
    switch (row->kind) {
    case BYTES:
        claim->view = atls_cbor_bytes(in);
        break;
    case TEXT:
        claim->view = atls_cbor_text(in);
        break;
    case INTEGER:
        claim->number = atls_cbor_int(in);
        break;
    case COMPONENTS:
        claim->view = atls_components_take(in);
        break;
    case REMS:
        take_rems(in, claims);
        break;
    }
}

static enum atls_reason take_claims(struct atls_view payload, struct rows rows,
                                    const char *name,
                                    struct atls_cca_claims *claims,
                                    struct atls_why *why)
{
    struct atls_cbor in = atls_cbor(payload);
    struct atls_cbor_iter entries;

    atls_cbor_map(&in, &entries);
    need_definite(&in, &entries);
    while (atls_cbor_next(&in, &entries)) {
        const struct row *row = take_key(&in, rows);

        if (row != NULL)
            take_value(&in, row, claims);
        else
            (void)atls_cbor_skip(&in);
    }
    if (!atls_cbor_done(&in))
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "CCA %s token: want one map of claims, each once and "
                        "of its type",
                        name);
    return ATLS_OK;
}

/* RMM specification, A7.2.3: tag 399 around the tokens as they are; from
 * draft-ffm-rats-cca-token-02 on, tag 907 around CMW records of them. */
enum { TAG_LEGACY = 399, TAG_COLLECTION = 907 };
enum { LABEL_PLATFORM = 44234, LABEL_REALM = 44241 };
enum { FORMAT_EAT_CWT = 263, INDICATOR_EVIDENCE = 4 };

static struct atls_view take_record(struct atls_cbor *in)
{
    struct atls_cbor_iter items;
    struct atls_view value = {NULL, 0};

    atls_cbor_array(in, &items);
    need_definite(in, &items);
    if (atls_cbor_next(in, &items) && atls_cbor_uint(in) != FORMAT_EAT_CWT)
        atls_cbor_fail(in);
    if (atls_cbor_next(in, &items))
        value = atls_cbor_bytes(in);
    if (atls_cbor_next(in, &items) && atls_cbor_uint(in) != INDICATOR_EVIDENCE)
        atls_cbor_fail(in);
    if (atls_cbor_next(in, &items))
        atls_cbor_fail(in);
    return value;
}

static void take_member(struct atls_cbor *in, bool is_legacy,
                        struct atls_view *platform, struct atls_view *realm)
{
    struct atls_cbor key = *in;
    int64_t label = atls_cbor_int(&key);
    struct atls_view *out = label == LABEL_PLATFORM ? platform
                            : label == LABEL_REALM  ? realm
                                                    : NULL;

    (void)atls_cbor_skip(in);
    if (out == NULL)
        (void)atls_cbor_skip(in);
    else
        *out = is_legacy ? atls_cbor_bytes(in) : take_record(in);
}

static enum atls_reason take_tokens(struct atls_view value,
                                    struct atls_view *platform,
                                    struct atls_view *realm,
                                    struct atls_why *why)
{
    struct atls_cbor in = atls_cbor(value);
    struct atls_cbor_iter entries;
    uint64_t tag = atls_cbor_tag(&in);

    if (tag != TAG_LEGACY && tag != TAG_COLLECTION)
        atls_cbor_fail(&in);
    atls_cbor_map(&in, &entries);
    need_definite(&in, &entries);
    while (atls_cbor_next(&in, &entries))
        take_member(&in, tag == TAG_LEGACY, platform, realm);
    if (atls_cbor_done(&in) && platform->len > 0 && realm->len > 0)
        return ATLS_OK;
    return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                    "CCA token: want tag 399 or 907 around a platform token "
                    "and a realm token");
}

static enum atls_reason take_message(struct atls_view token, const char *name,
                                     struct atls_cose_sign1 *message,
                                     struct atls_why *why)
{
    enum atls_reason reason = atls_cose_sign1_parse(token, message, why);

    if (reason == ATLS_OK && !message->is_tagged)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "CCA %s token: want CBOR tag 18, found none", name);
    return reason;
}

static enum atls_reason find_dialect(struct atls_cca_claims *claims,
                                     struct atls_why *why)
{
    const struct atls_cca_claim *profile = &claims->fields[ATLS_CCA_PROFILE];
    char seen[64] = "none";

    for (unsigned i = 0; atls_cca_dialects[i] != NULL; i++)
        if (profile->is_present &&
            atls_view_is(profile->view, atls_cca_dialects[i])) {
            claims->dialect = (enum atls_cca_dialect)i;
            return ATLS_OK;
        }
    if (profile->is_present)
        atls_claim_ascii(profile->view, seen, sizeof(seen));
    return atls_why(why, ATLS_FORMAT_UNKNOWN,
                    "CCA platform token: want eat_profile %s, found %s",
                    atls_cca_dialects[0], seen);
}

enum { CHALLENGE_LEN = 64 }; /* of the realm */

static enum atls_reason check_challenge(const struct atls_cca_claims *claims,
                                        struct atls_why *why)
{
    const struct atls_cca_claim *nonce =
        &claims->fields[ATLS_CCA_REALM_CHALLENGE];

    if (!nonce->is_present)
        return atls_why(why, ATLS_NONCE_MISSING,
                        "CCA realm token: want a challenge, found none");
    if (nonce->view.len != CHALLENGE_LEN)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "CCA realm token: challenge: want 64 bytes, peer sent "
                        "%zu",
                        nonce->view.len);
    return ATLS_OK;
}

static enum atls_reason take_all(struct atls_view platform,
                                 struct atls_view realm,
                                 struct atls_cca_claims *claims,
                                 struct atls_why *why)
{
    const struct rows of_platform = {platform_rows, sizeof(platform_rows) /
                                                        sizeof(struct row)};
    const struct rows of_realm = {realm_rows,
                                  sizeof(realm_rows) / sizeof(struct row)};
    enum atls_reason reason =
        take_message(platform, "platform", &claims->platform, why);

    if (reason == ATLS_OK)
        reason = take_message(realm, "realm", &claims->realm, why);
    if (reason == ATLS_OK)
        reason = take_claims(claims->platform.payload, of_platform, "platform",
                             claims, why);
    if (reason == ATLS_OK)
        reason =
            take_claims(claims->realm.payload, of_realm, "realm", claims, why);
    return reason;
}

static bool is_map(struct atls_view value)
{
    struct atls_cbor in = atls_cbor(value);

    return atls_cbor_peek(&in) == ATLS_CBOR_MAP;
}

/* A token has a tag in front, what configfs-tsm gives is a map. */
bool atls_cca_matches(struct atls_view value)
{
    return !is_map(value) || atls_tsm_report_is(value, ATLS_TSM_CCA);
}

static enum atls_reason unwrap(struct atls_view *value, struct atls_why *why)
{
    struct atls_tsm_report report;
    enum atls_reason reason;

    if (!is_map(*value))
        return ATLS_OK;
    reason = atls_tsm_report_parse(*value, ATLS_TSM_CCA, &report, why);
    if (reason == ATLS_OK)
        *value = report.outblob;
    return reason;
}

enum atls_reason atls_cca_parse(struct atls_view value, void *out,
                                struct atls_view *nonce, struct atls_why *why)
{
    struct atls_cca_claims *claims = out;
    struct atls_view platform = {NULL, 0}, realm = {NULL, 0};
    enum atls_reason reason = unwrap(&value, why);

    if (reason == ATLS_OK)
        reason = take_tokens(value, &platform, &realm, why);
    if (reason == ATLS_OK)
        reason = take_all(platform, realm, claims, why);
    if (reason == ATLS_OK)
        reason = find_dialect(claims, why);
    if (reason == ATLS_OK)
        reason = check_challenge(claims, why);
    *nonce = claims->fields[ATLS_CCA_REALM_CHALLENGE].view;
    return reason;
}

const char *const atls_cca_field_names[ATLS_NUM_CCA_FIELDS] = {
    [ATLS_CCA_PROFILE] = "profile",
    [ATLS_CCA_CHALLENGE] = "platform_challenge",
    [ATLS_CCA_IMPLEMENTATION] = "implementation_id",
    [ATLS_CCA_INSTANCE] = "instance_id",
    [ATLS_CCA_CONFIG] = "config",
    [ATLS_CCA_LIFECYCLE] = "lifecycle",
    [ATLS_CCA_COMPONENTS] = "components",
    [ATLS_CCA_HASH] = "platform_hash",
    [ATLS_CCA_SERVICE] = "verification_service",
    [ATLS_CCA_REALM_PROFILE] = "realm_profile",
    [ATLS_CCA_REALM_CHALLENGE] = "challenge",
    [ATLS_CCA_PERSONALIZATION] = "personalization",
    [ATLS_CCA_RIM] = "rim",
    [ATLS_CCA_REMS] = "rems",
    [ATLS_CCA_REALM_HASH] = "realm_hash",
    [ATLS_CCA_RAK] = "realm_public_key",
    [ATLS_CCA_RAK_HASH] = "realm_public_key_hash",
};

const struct atls_cca_hash *atls_cca_hash_find(struct atls_view name)
{
    static const struct atls_cca_hash hashes[] = {{"sha-256", "SHA2-256", 32},
                                                  {"sha-384", "SHA2-384", 48},
                                                  {"sha-512", "SHA2-512", 64}};

    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
        if (atls_view_is(name, hashes[i].name))
            return &hashes[i];
    return NULL;
}

/* Not shorter than what the realm's hash gives: there are tokens that hold a
 * shorter one in 64 bytes, as wide as the RMM keeps it. */
static bool is_measurement(const struct atls_cca_claims *claims,
                           struct atls_view view)
{
    const struct atls_cca_hash *hash =
        atls_cca_hash_find(claims->fields[ATLS_CCA_REALM_HASH].view);
    bool is_hash = view.len == 32 || view.len == 48 || view.len == 64;

    return is_hash && (hash == NULL || view.len >= hash->len);
}

/* One hash made all of them. */
static bool are_rems_valid(const struct atls_cca_claims *claims)
{
    for (size_t i = 0; i < ATLS_CCA_NUM_REMS; i++)
        if (!is_measurement(claims, claims->rems[i]) ||
            claims->rems[i].len != claims->fields[ATLS_CCA_RIM].view.len)
            return false;
    return true;
}

static bool is_valid(const struct atls_cca_claims *claims,
                     enum atls_cca_field field)
{
    const struct atls_cca_claim *claim = &claims->fields[field];

    switch (field) {
    case ATLS_CCA_INSTANCE: /* a UEID of type RAND */
        return claim->view.len == ATLS_CCA_INSTANCE_ID &&
               claim->view.data[0] == 0x01;
    case ATLS_CCA_IMPLEMENTATION:
        return claim->view.len == ATLS_CCA_IMPLEMENTATION_ID;
    case ATLS_CCA_LIFECYCLE:
        return atls_psa_lifecycle(claim->number) >= 0;
    case ATLS_CCA_COMPONENTS:
        return atls_components_are_valid(claim->view);
    case ATLS_CCA_PERSONALIZATION:
        return claim->view.len == ATLS_CCA_MAX_VALUE;
    case ATLS_CCA_RIM:
        return is_measurement(claims, claim->view);
    case ATLS_CCA_REMS:
        return are_rems_valid(claims);
    case ATLS_CCA_HASH:
    case ATLS_CCA_REALM_HASH:
        return atls_cca_hash_find(claim->view) != NULL;
    case ATLS_CCA_REALM_PROFILE:
        return atls_view_is(claim->view, realm_profile);
    case ATLS_CCA_PROFILE:
    case ATLS_CCA_CHALLENGE:
    case ATLS_CCA_CONFIG:
    case ATLS_CCA_SERVICE:
    case ATLS_CCA_REALM_CHALLENGE:
    case ATLS_CCA_RAK:
    case ATLS_CCA_RAK_HASH:
    case ATLS_NUM_CCA_FIELDS:
        return true;
    }
    return false;
}

enum atls_reason atls_cca_check_form(const struct atls_cca_claims *claims,
                                     struct atls_why *why)
{
    for (unsigned i = 0; i < ATLS_NUM_CCA_FIELDS; i++) {
        enum atls_cca_field field = (enum atls_cca_field)i;
        bool is_optional =
            field == ATLS_CCA_SERVICE || field == ATLS_CCA_REALM_PROFILE;

        if (!claims->fields[i].is_present && !is_optional)
            return atls_why(why, ATLS_CLAIM_MISSING,
                            "CCA token: want claim %s, found none",
                            atls_cca_field_names[i]);
        if (claims->fields[i].is_present && !is_valid(claims, field))
            return atls_why(why, ATLS_CLAIM_INVALID,
                            "CCA token: claim %s: its value is none that the "
                            "RMM specification allows",
                            atls_cca_field_names[i]);
    }
    return ATLS_OK;
}

enum { FIELD_LEN = 48, POINT_LEN = 1 + 2 * FIELD_LEN }; /* P-384 */

static bool read_cose_key(struct atls_view bytes, uint8_t point[POINT_LEN])
{
    struct atls_cbor in = atls_cbor(bytes);
    struct atls_cose_key key;

    atls_cose_key_take(&in, &key);
    if (!atls_cbor_done(&in) || key.curve->field_len != FIELD_LEN)
        return false;
    point[0] = 0x04;
    memcpy(point + 1, key.x.data, FIELD_LEN);
    memcpy(point + 1 + FIELD_LEN, key.y.data, FIELD_LEN);
    return true;
}

/* RMM 1.0 gives the bare point, later ones a COSE_Key. */
enum atls_reason atls_cca_rak(const struct atls_cca_claims *claims,
                              EVP_PKEY **out, struct atls_why *why)
{
    const struct atls_cca_claim *rak = &claims->fields[ATLS_CCA_RAK];
    uint8_t point[POINT_LEN];

    if (!rak->is_present)
        return atls_why(why, ATLS_CLAIM_MISSING,
                        "CCA realm token: want its public key, found none");
    if (rak->view.len == sizeof(point) && rak->view.data[0] == 0x04)
        memcpy(point, rak->view.data, sizeof(point));
    else if (!read_cose_key(rak->view, point))
        return atls_why(why, ATLS_CLAIM_INVALID,
                        "CCA realm token: want its public key as a point on "
                        "P-384 or as a COSE_Key of one");
    return atls_ecdsa_point_key(atls_ecdsa_of_id(ATLS_COSE_ES384),
                                atls_view(point, sizeof(point)), out, why);
}
