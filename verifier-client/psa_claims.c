/* SPDX-License-Identifier: Apache-2.0
 *
 * The claims of a PSA attestation token: RFC 9783 and the two dialects before
 * it. The token is decoded in one pass; what its claims must be is asked after
 * the signature alone. The unprotected header of the COSE_Sign1 may hold
 * anything (RFC 9052, 3 leaves it open, RFC 9783 does not use it): it is not
 * signed, and nothing is taken from it.
 */
#include "psa.h"

#include "claim.h"

const char *const atls_psa_dialects[] = {
    [ATLS_PSA_RFC9783] = "tag:psacertified.org,2023:psa#tfm",
    [ATLS_PSA_2_0_0] = "http://arm.com/psa/2.0.0",
    [ATLS_PSA_IOT_1] = "PSA_IOT_PROFILE_1",
    NULL,
};

/* RFC 9783, 10.2: Content-Formats 10003 and 10004. */
const char *const atls_psa_types[] = {"10003", "10004", NULL};

const char *const atls_psa_lifecycles[] = {
    /* RFC 9783, 4.3.1 */
    [ATLS_PSA_UNKNOWN] = "unknown",
    [ATLS_PSA_ASSEMBLY_AND_TEST] = "assembly_and_test",
    [ATLS_PSA_ROT_PROVISIONING] = "psa_rot_provisioning",
    [ATLS_PSA_SECURED] = "secured",
    [ATLS_PSA_NON_ROT_DEBUG] = "non_psa_rot_debug",
    [ATLS_PSA_RECOVERABLE_ROT_DEBUG] = "recoverable_psa_rot_debug",
    [ATLS_PSA_DECOMMISSIONED] = "decommissioned",
    NULL,
};

/* States are 0x0000-0x00ff, 0x1000-0x10ff ... 0x6000-0x60ff. */
int atls_psa_lifecycle(int64_t value)
{
    int64_t state = value >> 12;

    if (value < 0 || state >= ATLS_NUM_PSA_LIFECYCLES || (value & 0x0f00) != 0)
        return -1;
    return (int)state;
}

enum kind { BYTES, TEXT, INTEGER, COMPONENTS };

/* Which key holds what: RFC 9783, 4, and PSA_IOT_PROFILE_1. */
static const struct row {
    int64_t key, iot_key;
    enum atls_psa_field field;
    enum kind kind;
} rows[] = {
    {265, -75000, ATLS_PSA_PROFILE, TEXT},
    {10, -75008, ATLS_PSA_NONCE, BYTES},
    {256, -75009, ATLS_PSA_INSTANCE, BYTES},
    {2394, -75001, ATLS_PSA_CLIENT, INTEGER},
    {2395, -75002, ATLS_PSA_LIFECYCLE, INTEGER},
    {2396, -75003, ATLS_PSA_IMPLEMENTATION, BYTES},
    {268, -75004, ATLS_PSA_BOOT_SEED, BYTES},
    {2398, -75005, ATLS_PSA_CERTIFICATION, TEXT},
    {2399, -75006, ATLS_PSA_COMPONENTS, COMPONENTS},
    {2400, -75010, ATLS_PSA_SERVICE, TEXT},
    {0, -75007, ATLS_PSA_NO_MEASUREMENTS, INTEGER}, /* 0: has no such key */
};
enum { NUM_ROWS = sizeof(rows) / sizeof(rows[0]), LAST_IOT_KEY = -75000 };

static const struct row *row_of(int64_t key)
{
    for (size_t i = 0; i < NUM_ROWS; i++)
        if (key != 0 && (rows[i].key == key || rows[i].iot_key == key))
            return &rows[i];
    return NULL;
}

static void take_value(struct atls_cbor *in, enum kind kind,
                       struct atls_psa_claim *claim)
{
    claim->is_present = true;
    switch (kind) {
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
    }
}

/* One claim: an unknown key, which may be text, is ignored with its value
 * (RFC 9711, 7.2). A key of the other dialect is not: it would be read as if
 * it were of this one. */
static void take_claim(struct atls_cbor *in, struct atls_psa_claims *claims,
                       bool *has_iot, bool *has_other)
{
    const struct row *row = NULL;
    int64_t key = 0;

    if (atls_cbor_peek(in) == ATLS_CBOR_UINT ||
        atls_cbor_peek(in) == ATLS_CBOR_NEGINT)
        row = row_of(key = atls_cbor_int(in));
    else
        (void)atls_cbor_skip(in);
    if (row == NULL) {
        (void)atls_cbor_skip(in);
        return;
    }
    if (key <= LAST_IOT_KEY)
        *has_iot = true;
    else
        *has_other = true;
    take_value(in, row->kind, &claims->fields[row->field]);
}

static enum atls_reason find_dialect(struct atls_psa_claims *claims,
                                     bool is_iot, struct atls_why *why)
{
    const struct atls_psa_claim *profile = &claims->fields[ATLS_PSA_PROFILE];
    char seen[64];

    claims->dialect = ATLS_PSA_IOT_1; /* which may leave its profile out */
    if (is_iot && !profile->is_present)
        return ATLS_OK;
    if (!profile->is_present)
        return atls_why(why, ATLS_FORMAT_UNKNOWN,
                        "PSA token: want eat_profile, found none");
    for (unsigned i = 0; atls_psa_dialects[i] != NULL; i++)
        if (atls_view_is(profile->view, atls_psa_dialects[i]) &&
            is_iot == (i == ATLS_PSA_IOT_1)) {
            claims->dialect = (enum atls_psa_dialect)i;
            return ATLS_OK;
        }
    atls_claim_ascii(profile->view, seen, sizeof(seen));
    return atls_why(why, ATLS_FORMAT_UNKNOWN,
                    "PSA token: want eat_profile %s, found %s",
                    atls_psa_dialects[0], seen);
}

/* RFC 9783, 4.1.1: exactly one nonce, of a hash's length. */
static enum atls_reason check_nonce(const struct atls_psa_claims *claims,
                                    struct atls_why *why)
{
    const struct atls_psa_claim *nonce = &claims->fields[ATLS_PSA_NONCE];

    if (!nonce->is_present)
        return atls_why(why, ATLS_NONCE_MISSING,
                        "PSA token: want a nonce claim, found none");
    if (nonce->view.len != 32 && nonce->view.len != 48 && nonce->view.len != 64)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "PSA token: nonce: want 32, 48 or 64 bytes, peer sent "
                        "%zu",
                        nonce->view.len);
    return ATLS_OK;
}

static enum atls_reason take_claims(struct atls_psa_claims *claims,
                                    struct atls_why *why)
{
    struct atls_cbor in = atls_cbor(claims->message.payload);
    struct atls_cbor_iter entries;
    bool has_iot = false, has_other = false;
    enum atls_reason reason;

    atls_cbor_map(&in, &entries);
    while (atls_cbor_next(&in, &entries))
        take_claim(&in, claims, &has_iot, &has_other);
    if (!atls_cbor_done(&in))
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "PSA token: want one map of claims, each once and of "
                        "its type");
    if (has_iot && has_other)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "PSA token: want claims of one dialect, found "
                        "PSA_IOT_PROFILE_1's among others");
    reason = find_dialect(claims, has_iot, why);
    return reason == ATLS_OK ? check_nonce(claims, why) : reason;
}

/* RFC 9783, 5.1: the tag is what tells COSE_Sign1 from COSE_Mac0. */
enum atls_reason atls_psa_parse(struct atls_view value, void *out,
                                struct atls_view *nonce, struct atls_why *why)
{
    struct atls_psa_claims *claims = out;
    enum atls_reason reason =
        atls_cose_sign1_parse(value, &claims->message, why);

    if (reason != ATLS_OK)
        return reason;
    if (!claims->message.is_tagged)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "PSA token: want CBOR tag 18, found none");
    reason = take_claims(claims, why);
    *nonce = claims->fields[ATLS_PSA_NONCE].view;
    return reason;
}

const char *const atls_psa_field_names[ATLS_NUM_PSA_FIELDS] = {
    [ATLS_PSA_PROFILE] = "profile",
    [ATLS_PSA_NONCE] = "nonce",
    [ATLS_PSA_INSTANCE] = "instance_id",
    [ATLS_PSA_CLIENT] = "client_id",
    [ATLS_PSA_LIFECYCLE] = "lifecycle",
    [ATLS_PSA_IMPLEMENTATION] = "implementation_id",
    [ATLS_PSA_BOOT_SEED] = "boot_seed",
    [ATLS_PSA_CERTIFICATION] = "certification_reference",
    [ATLS_PSA_COMPONENTS] = "components",
    [ATLS_PSA_SERVICE] = "verification_service",
    [ATLS_PSA_NO_MEASUREMENTS] = "no_software_measurements",
};

/* RFC 9783, 4 and 5.2; PSA_IOT_PROFILE_1 wants the boot seed too, and takes a
 * claim that there are no measurements in their place. */
static bool is_mandatory(const struct atls_psa_claims *claims,
                         enum atls_psa_field field)
{
    switch (field) {
    case ATLS_PSA_NONCE:
    case ATLS_PSA_INSTANCE:
    case ATLS_PSA_CLIENT:
    case ATLS_PSA_LIFECYCLE:
    case ATLS_PSA_IMPLEMENTATION:
        return true;
    case ATLS_PSA_COMPONENTS:
        return !claims->fields[ATLS_PSA_NO_MEASUREMENTS].is_present;
    case ATLS_PSA_BOOT_SEED:
        return claims->dialect == ATLS_PSA_IOT_1;
    case ATLS_PSA_PROFILE:
    case ATLS_PSA_CERTIFICATION:
    case ATLS_PSA_SERVICE:
    case ATLS_PSA_NO_MEASUREMENTS:
    case ATLS_NUM_PSA_FIELDS:
        return false;
    }
    return true;
}

static bool is_valid(const struct atls_psa_claims *claims,
                     enum atls_psa_field field)
{
    const struct atls_psa_claim *claim = &claims->fields[field];

    switch (field) {
    case ATLS_PSA_INSTANCE: /* 4.2.1: a UEID of type RAND */
        return claim->view.len == ATLS_PSA_INSTANCE_ID &&
               claim->view.data[0] == 0x01;
    case ATLS_PSA_IMPLEMENTATION: /* 4.2.2 */
        return claim->view.len == ATLS_PSA_IMPLEMENTATION_ID;
    case ATLS_PSA_CLIENT: /* 4.1.2: 0 is nobody */
        return claim->number != 0 && claim->number >= INT32_MIN &&
               claim->number <= INT32_MAX;
    case ATLS_PSA_LIFECYCLE: /* 4.3.1 */
        return atls_psa_lifecycle(claim->number) >= 0;
    case ATLS_PSA_BOOT_SEED: /* 4.3.2 */
        return claim->view.len >= 8 && claim->view.len <= 32;
    case ATLS_PSA_COMPONENTS: /* 4.4.1 */
        return atls_components_are_valid(claim->view);
    case ATLS_PSA_NO_MEASUREMENTS:
        return claim->number == 1;
    case ATLS_PSA_PROFILE:
    case ATLS_PSA_NONCE:
    case ATLS_PSA_CERTIFICATION:
    case ATLS_PSA_SERVICE:
    case ATLS_NUM_PSA_FIELDS:
        return true;
    }
    return false;
}

enum atls_reason atls_psa_check_form(const struct atls_psa_claims *claims,
                                     struct atls_why *why)
{
    for (unsigned i = 0; i < ATLS_NUM_PSA_FIELDS; i++) {
        enum atls_psa_field field = (enum atls_psa_field)i;

        if (!claims->fields[i].is_present && is_mandatory(claims, field))
            return atls_why(why, ATLS_CLAIM_MISSING,
                            "PSA token: want claim %s, found none",
                            atls_psa_field_names[i]);
        if (claims->fields[i].is_present && !is_valid(claims, field))
            return atls_why(why, ATLS_CLAIM_INVALID,
                            "PSA token: claim %s: its value is none that "
                            "RFC 9783 allows",
                            atls_psa_field_names[i]);
    }
    return ATLS_OK;
}
