/* SPDX-License-Identifier: Apache-2.0
 *
 * CoRIMs, opened.
 */
#include "corim.h"

#include <inttypes.h>

#include "comid.h"
#include "cose.h"

enum { TAG_EPOCH = 1, TAG_SIGN1 = 18, TAG_CORIM = 501, TAG_COMID = 506 };
enum { ID = 0, TAGS = 1, PROFILE = 3, VALIDITY = 4, ENTITIES = 5 };
enum { /* labels of the protected header */
       CONTENT_TYPE = 3,
       CORIM_META = 8,
       CWT_CLAIMS = 15
};
enum { SIGNATURE_VALIDITY = 1 };        /* of a corim-meta-map */
enum { NOT_BEFORE = 0, NOT_AFTER = 1 }; /* of a validity-map */
enum { EXPIRES = 4, STARTS = 5 };       /* CWT claims, RFC 8392, 4 */

struct times {
    int64_t not_before, not_after; /* INT64_MIN, INT64_MAX: not said */
};

static void narrow(struct times *times, bool is_end, int64_t time)
{
    if (is_end && time < times->not_after)
        times->not_after = time;
    if (!is_end && time > times->not_before)
        times->not_before = time;
}

/* Whole seconds since 1970 (RFC 8949, 3.4.2), tagged or, in CWT claims, not.
 */
static int64_t take_time(struct atls_cbor *in)
{
    if (atls_cbor_peek(in) == ATLS_CBOR_TAG && atls_cbor_tag(in) != TAG_EPOCH)
        atls_cbor_fail(in);
    return atls_cbor_int(in);
}

static void take_validity(struct atls_cbor *in, struct times *times)
{
    struct atls_cbor_iter entries;
    int64_t key;

    atls_cbor_map(in, &entries);
    while (atls_cbor_next(in, &entries)) {
        key = atls_cbor_int(in);
        if (key != NOT_BEFORE && key != NOT_AFTER)
            atls_cbor_fail(in);
        narrow(times, key == NOT_AFTER, take_time(in));
    }
}

static void take_meta(struct atls_cbor *in, struct times *times)
{
    struct atls_cbor meta = atls_cbor(atls_cbor_bytes(in));
    struct atls_cbor_iter entries;

    atls_cbor_map(&meta, &entries);
    while (atls_cbor_next(&meta, &entries))
        if (atls_cbor_int(&meta) == SIGNATURE_VALIDITY)
            take_validity(&meta, times);
        else
            (void)atls_cbor_skip(&meta);
    if (!atls_cbor_done(&meta))
        atls_cbor_fail(in);
}

static void take_claims(struct atls_cbor *in, struct times *times)
{
    struct atls_cbor_iter entries;

    atls_cbor_map(in, &entries);
    while (atls_cbor_next(in, &entries)) {
        struct atls_cbor name = *in;
        int64_t key = atls_cbor_int(&name);

        (void)atls_cbor_skip(in);
        if (!atls_cbor_failed(&name) && (key == EXPIRES || key == STARTS))
            narrow(times, key == EXPIRES, take_time(in));
        else
            (void)atls_cbor_skip(in);
    }
}

/* As it is registered, and as it was named before draft 06 */
static bool is_type(const struct atls_comid_choice *type)
{
    return type->form == ATLS_COMID_IS_TEXT && type->tag == 0 &&
           (atls_view_is(type->view, "application/rim+cbor") ||
            atls_view_is(type->view, "application/corim-unsigned+cbor"));
}

/* A signature of the same key over something else is none over a CoRIM. */
static enum atls_reason read_header(struct atls_view bytes, struct times *times,
                                    struct atls_why *why)
{
    struct atls_cbor in = atls_cbor(bytes);
    struct atls_comid_choice type = {.tag = 0};
    struct atls_cbor_iter parameters;

    atls_cbor_map(&in, &parameters);
    while (atls_cbor_next(&in, &parameters)) {
        struct atls_cbor name = in;
        int64_t label = atls_cbor_int(&name);

        (void)atls_cbor_skip(&in);
        label = atls_cbor_failed(&name) ? 0 : label;
        if (label == CONTENT_TYPE)
            type = atls_comid_choice_take(&in);
        else if (label == CORIM_META)
            take_meta(&in, times);
        else if (label == CWT_CLAIMS)
            take_claims(&in, times);
        else
            (void)atls_cbor_skip(&in);
    }
    if (!atls_cbor_done(&in))
        return atls_why(why, ATLS_CORIM_MALFORMED,
                        "protected header: want corim-meta or CWT claims as "
                        "draft-ietf-rats-corim has them");
    return is_type(&type)
               ? ATLS_OK
               : atls_why(why, ATLS_CORIM_MALFORMED,
                          "protected header: want content type "
                          "application/rim+cbor: this signature was made for "
                          "something else");
}

/* Of several keys the first one's refusal stands. */
static enum atls_reason verify(const struct atls_cose_sign1 *message,
                               const struct atls_corim_terms *terms,
                               struct atls_why *why)
{
    struct atls_why first = {0};

    for (size_t i = 0; i < terms->num_keys; i++)
        if (atls_cose_sign1_verify(message, terms->keys[i], NULL,
                                   i == 0 ? &first : NULL) == ATLS_OK)
            return ATLS_OK;
    if (first.reason == ATLS_OUT_OF_MEMORY ||
        first.reason == ATLS_CRYPTO_FAILED)
        return atls_why(why, first.reason, "%s", first.text);
    return atls_why(why, ATLS_CORIM_SIGNATURE,
                    "want a signature of a key that was given: %s", first.text);
}

static enum atls_reason open_signed(struct atls_view bytes,
                                    const struct atls_corim_terms *terms,
                                    struct times *times,
                                    struct atls_view *payload,
                                    struct atls_why *why)
{
    struct atls_cose_sign1 message;
    struct atls_why found = {0};
    enum atls_reason reason;

    if (terms->num_keys == 0)
        return atls_why(why, ATLS_CORIM_KEY,
                        "it is signed: want the public key that it must be "
                        "signed with, found none; name it with --key");
    if (atls_cose_sign1_parse(bytes, &message, &found) != ATLS_OK)
        return atls_why(why,
                        found.reason == ATLS_ALGORITHM_UNSUPPORTED
                            ? ATLS_CORIM_UNSUPPORTED
                            : ATLS_CORIM_MALFORMED,
                        "%s", found.text);
    reason = verify(&message, terms, why);
    if (reason == ATLS_OK)
        reason = read_header(message.protected_bstr, times, why);
    *payload = message.payload;
    return reason;
}

static void take_tags(struct atls_cbor *in, struct atls_corim *out,
                      struct atls_why *why)
{
    struct atls_cbor_iter items;

    atls_cbor_array(in, &items);
    while (atls_cbor_next(in, &items)) {
        struct atls_comid_choice tag = atls_comid_choice_take(in);

        if (tag.tag == 0)
            atls_cbor_fail(in);
        else if (tag.tag != TAG_COMID)
            (void)atls_why(why, ATLS_CORIM_UNSUPPORTED,
                           "want tags 506 (CoMID) alone, found tag %" PRIu64,
                           tag.tag);
        else if (tag.form != ATLS_COMID_IS_BYTES)
            atls_cbor_fail(in);
        else
            out->comids[out->num_comids++] = tag.view;
    }
    if (items.num_seen == 0)
        atls_cbor_fail(in);
}

static struct atls_view take_profile(struct atls_cbor *in)
{
    struct atls_comid_choice profile = atls_comid_choice_take(in);

    return profile.form == ATLS_COMID_IS_TEXT && profile.tag == ATLS_COMID_URI
               ? profile.view
               : atls_view(NULL, 0);
}

static void take_map(struct atls_cbor *in, struct times *times,
                     struct atls_corim *out, struct atls_why *why)
{
    struct atls_cbor_iter entries;
    int64_t key;

    atls_cbor_map(in, &entries);
    while (atls_cbor_next(in, &entries))
        switch (key = atls_cbor_int(in)) {
        case TAGS:
            take_tags(in, out, why);
            break;
        case PROFILE:
            out->profile = take_profile(in);
            break;
        case VALIDITY:
            take_validity(in, times);
            break;
        case ID:
        case ENTITIES:
            (void)atls_cbor_skip(in);
            break;
        default: /* dependent-rims: what else holds is not said here */
            (void)atls_cbor_skip(in);
            (void)atls_why(why, ATLS_CORIM_UNSUPPORTED,
                           "corim-map: key %" PRId64 " is not supported", key);
        }
}

static enum atls_reason read_map(struct atls_view bytes, struct times *times,
                                 struct atls_corim *out, struct atls_why *why)
{
    struct atls_cbor in = atls_cbor(bytes);
    struct atls_why found = {0};

    if (atls_cbor_tag(&in) != TAG_CORIM)
        atls_cbor_fail(&in);
    take_map(&in, times, out, &found);
    if (!atls_cbor_done(&in) ||
        (out->num_comids == 0 && found.reason == ATLS_OK))
        return atls_why(why, ATLS_CORIM_MALFORMED,
                        "want a CoRIM as draft-ietf-rats-corim has it, tagged "
                        "501, or 18 if it is signed, within the limits of CBOR "
                        "here");
    return found.reason == ATLS_OK
               ? ATLS_OK
               : atls_why(why, found.reason, "%s", found.text);
}

static enum atls_reason check_times(const struct times *times, int64_t now,
                                    struct atls_why *why)
{
    if (now >= times->not_before && now <= times->not_after)
        return ATLS_OK;
    return atls_why(
        why, ATLS_CORIM_TIME,
        "it is valid %s %" PRId64 ", and now is %" PRId64
        " (seconds since 1970); ask its author for one that is "
        "valid, or judge at another time with --at",
        now > times->not_after ? "until" : "from",
        now > times->not_after ? times->not_after : times->not_before, now);
}

static uint64_t tag_of(struct atls_view bytes)
{
    struct atls_cbor in = atls_cbor(bytes);

    return atls_cbor_peek(&in) == ATLS_CBOR_TAG ? atls_cbor_tag(&in) : 0;
}

enum atls_reason atls_corim_open(struct atls_view bytes,
                                 const struct atls_corim_terms *terms,
                                 struct atls_corim *out, struct atls_why *why)
{
    struct times times = {INT64_MIN, INT64_MAX};
    enum atls_reason reason = ATLS_OK;

    *out = (struct atls_corim){.num_comids = 0};
    if (tag_of(bytes) == TAG_SIGN1)
        reason = open_signed(bytes, terms, &times, &bytes, why);
    else if (tag_of(bytes) == TAG_CORIM && terms->num_keys > 0)
        reason = atls_why(why, ATLS_CORIM_UNSIGNED,
                          "want one that is signed with a key that was given, "
                          "found one that is not signed");
    if (reason == ATLS_OK)
        reason = read_map(bytes, &times, out, why);
    return reason == ATLS_OK ? check_times(&times, terms->now, why) : reason;
}
