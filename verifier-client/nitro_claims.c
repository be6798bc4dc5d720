/* SPDX-License-Identifier: Apache-2.0
 *
 * A Nitro attestation document, decoded in one pass, in whatever order its
 * fields come: the older and the newer secure module differ. The restrictions
 * are those of "Nitro Enclaves Attestation Process", 3.2.2, but that optional
 * fields may be null, as all of them that are not there are.
 */
#include "nitro.h"

#include <string.h>

/* Not registered anywhere; nobody else has given it a type either. */
const char *const atls_nitro_types[] = {
    "application/vnd.atls.nitro-attestation+cose", NULL};

enum {
    MAX_DOCUMENT = 16384,
    MAX_PUBLIC_KEY = 1024,
    MAX_DATA = 512, /* user_data and nonce */
};

static void fail_unless(struct atls_cbor *in, bool holds)
{
    if (!holds)
        atls_cbor_fail(in);
}

static struct atls_view take_bytes(struct atls_cbor *in, size_t min, size_t max)
{
    struct atls_view bytes = atls_cbor_bytes(in);

    fail_unless(in, bytes.len >= min && bytes.len <= max);
    return bytes;
}

/* What is not there may be null. */
static struct atls_view take_optional(struct atls_cbor *in, size_t max)
{
    if (atls_cbor_peek(in) != ATLS_CBOR_NULL)
        return take_bytes(in, 0, max);
    atls_cbor_null(in);
    return atls_view(NULL, 0);
}

static void take_pcrs(struct atls_cbor *in, struct atls_nitro_claims *claims)
{
    struct atls_cbor_iter entries;

    atls_cbor_map(in, &entries);
    while (atls_cbor_next(in, &entries)) {
        uint64_t index = atls_cbor_uint(in);
        struct atls_view value = atls_cbor_bytes(in);

        fail_unless(in, index < ATLS_NITRO_NUM_PCRS &&
                            (value.len == 32 || value.len == ATLS_NITRO_PCR ||
                             value.len == 64));
        if (!atls_cbor_failed(in))
            claims->pcrs[index] = value;
    }
    fail_unless(in, entries.num_seen > 0);
}

static void take_cabundle(struct atls_cbor *in,
                          struct atls_nitro_claims *claims)
{
    struct atls_cbor_iter items;

    atls_cbor_array(in, &items);
    while (atls_cbor_next(in, &items)) {
        struct atls_view item = take_bytes(in, 1, ATLS_CHAIN_MAX_CERTIFICATE);

        if (claims->num_cabundle < ATLS_CHAIN_MAX_CERTIFICATES)
            claims->cabundle[claims->num_cabundle++] = item;
        else
            atls_cbor_fail(in);
    }
}

enum field {
    MODULE_ID,
    DIGEST,
    TIMESTAMP,
    PCRS,
    CERTIFICATE,
    CABUNDLE,
    NUM_MANDATORY,
    PUBLIC_KEY = NUM_MANDATORY,
    USER_DATA,
    NONCE,
    NUM_FIELDS
};

static const char *const field_names[NUM_FIELDS] = {
    [MODULE_ID] = "module_id",
    [DIGEST] = "digest",
    [TIMESTAMP] = "timestamp",
    [PCRS] = "pcrs",
    [CERTIFICATE] = "certificate",
    [CABUNDLE] = "cabundle",
    [PUBLIC_KEY] = "public_key",
    [USER_DATA] = "user_data",
    [NONCE] = "nonce",
};

static void take_timestamp(struct atls_cbor *in,
                           struct atls_nitro_claims *claims)
{
    claims->timestamp_ms = atls_cbor_int(in);
    fail_unless(in, claims->timestamp_ms > 0);
}

static void take_value(struct atls_cbor *in, enum field field,
                       struct atls_nitro_claims *claims)
{
    switch (field) {
    case MODULE_ID:
        claims->module_id = atls_cbor_text(in);
        fail_unless(in, claims->module_id.len > 0);
        break;
    case DIGEST:
        fail_unless(in, atls_view_is(atls_cbor_text(in), "SHA384"));
        break;
    case TIMESTAMP:
        take_timestamp(in, claims);
        break;
    case PCRS:
        take_pcrs(in, claims);
        break;
    case CERTIFICATE:
        claims->certificate = take_bytes(in, 1, ATLS_CHAIN_MAX_CERTIFICATE);
        break;
    case CABUNDLE:
        take_cabundle(in, claims);
        break;
    case PUBLIC_KEY:
        claims->public_key = take_optional(in, MAX_PUBLIC_KEY);
        break;
    case USER_DATA:
        claims->user_data = take_optional(in, MAX_DATA);
        break;
    case NONCE:
        claims->nonce = take_optional(in, MAX_DATA);
        break;
    case NUM_FIELDS:
        (void)atls_cbor_skip(in);
        break;
    }
}

static enum field take_key(struct atls_cbor *in)
{
    struct atls_view key = atls_cbor_text(in);
    unsigned field = 0;

    while (field < NUM_FIELDS && !atls_view_is(key, field_names[field]))
        field++;
    return (enum field)field;
}

static enum atls_reason take_document(struct atls_nitro_claims *claims,
                                      struct atls_why *why)
{
    struct atls_cbor in = atls_cbor(claims->message.payload);
    struct atls_cbor_iter entries;
    unsigned seen = 0;

    atls_cbor_map(&in, &entries);
    while (atls_cbor_next(&in, &entries)) {
        enum field field = take_key(&in);

        seen |= 1U << field;
        take_value(&in, field, claims);
    }
    if (!atls_cbor_done(&in))
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "Nitro document: want one map of its fields, each once "
                        "and within its limits");
    for (unsigned i = 0; i < NUM_MANDATORY; i++)
        if ((seen >> i & 1) == 0)
            return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                            "Nitro document: want %s, found none",
                            field_names[i]);
    if (claims->num_cabundle == 0)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "Nitro document: want a cabundle, found an empty one");
    return ATLS_OK;
}

static enum atls_reason check_message(const struct atls_cose_sign1 *message,
                                      struct atls_why *why)
{
    if (message->algorithm != ATLS_COSE_ES384)
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "Nitro document: want ES384, peer sent alg %lld",
                        (long long)message->algorithm);
    if (message->has_unprotected)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "Nitro document: want an empty unprotected header");
    if (message->payload.len == 0 || message->payload.len > MAX_DOCUMENT)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "Nitro document: want 1 to %d bytes, peer sent %zu",
                        MAX_DOCUMENT, message->payload.len);
    return ATLS_OK;
}

enum atls_reason atls_nitro_parse(struct atls_view value, void *out,
                                  struct atls_view *nonce, struct atls_why *why)
{
    struct atls_nitro_claims *claims = out;
    enum atls_reason reason =
        atls_cose_sign1_parse(value, &claims->message, why);

    if (reason == ATLS_OK)
        reason = check_message(&claims->message, why);
    if (reason == ATLS_OK)
        reason = take_document(claims, why);
    if (reason != ATLS_OK)
        return reason;
    *nonce = claims->nonce;
    if (nonce->len == 0)
        return atls_why(why, ATLS_NONCE_MISSING,
                        "Nitro document: want a nonce, found none: the enclave "
                        "must put it into the field of that name");
    return ATLS_OK;
}

static bool is_zero(struct atls_view bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.data[i] != 0)
            return false;
    return true;
}

bool atls_nitro_is_debug(const struct atls_nitro_claims *claims)
{
    return is_zero(claims->pcrs[0]) && is_zero(claims->pcrs[1]) &&
           is_zero(claims->pcrs[2]);
}
