/* SPDX-License-Identifier: Apache-2.0
 *
 * CMWs in CBOR: records, tagged records and collections, which are walked with
 * a stack of their own, four deep, and never by recursion.
 */
#include "cmw_form.h"

#include <inttypes.h>
#include <stdio.h>

#include "cbor.h"

/* RFC 9277, appendix B: 255 of each 256 tags name a Content-Format. */
enum { TAG_FIRST = 1668546817, TAG_LAST = 1668612095 };

static void take_cbor_type(struct atls_cbor *in, struct atls_type *out)
{
    uint64_t format;

    if (atls_cbor_peek(in) == ATLS_CBOR_TEXT) {
        *out = atls_type_of_text(atls_cbor_text(in));
        if (!atls_cmw_is_media_type(out->text))
            atls_cbor_fail(in);
        return;
    }
    format = atls_cbor_uint(in);
    if (format > UINT16_MAX)
        atls_cbor_fail(in);
    *out = atls_type_of_format((uint16_t)format);
}

/* [type, value, ? indicator] */
static void take_cbor_record(struct atls_cbor *in, struct atls_cmw *out)
{
    struct atls_cbor_iter items;
    uint64_t indicator;

    atls_cbor_array(in, &items);
    if (atls_cbor_next(in, &items))
        take_cbor_type(in, &out->type);
    if (!atls_cbor_next(in, &items))
        atls_cbor_fail(in);
    out->value = atls_cbor_bytes(in);
    if (!atls_cbor_next(in, &items))
        return;
    indicator = atls_cbor_uint(in);
    if (!atls_cmw_is_indicator(indicator) || atls_cbor_next(in, &items))
        atls_cbor_fail(in);
    out->indicator = (uint32_t)indicator;
}

static void take_cbor_tagged(struct atls_cbor *in, struct atls_cmw *out)
{
    uint64_t tag = atls_cbor_tag(in);
    uint64_t n = tag - TAG_FIRST;

    if (tag < TAG_FIRST || tag > TAG_LAST || n % 256 == 255)
        atls_cbor_fail(in);
    out->type = atls_type_of_format((uint16_t)(n / 256 * 255 + n % 256));
    out->value = atls_cbor_bytes(in);
}

/* The collections that stand open around a place. */
struct cbor_walk {
    struct atls_cbor_iter maps[ATLS_CMW_MAX_DEPTH];
    bool has_member[ATLS_CMW_MAX_DEPTH];
    unsigned depth;
    bool is_too_deep;
};

static void enter_map(struct atls_cbor *in, struct cbor_walk *walk)
{
    if (walk->depth == ATLS_CMW_MAX_DEPTH) {
        walk->is_too_deep = true;
        atls_cbor_fail(in);
        return;
    }
    walk->has_member[walk->depth] = false;
    atls_cbor_map(in, &walk->maps[walk->depth++]);
}

/* Takes a key, and the value too when the key is __cmwc_t: then true. */
static bool take_cbor_label(struct atls_cbor *in, struct atls_view *label,
                            struct atls_view *type)
{
    *label = atls_view(NULL, 0);
    if (atls_cbor_peek(in) != ATLS_CBOR_TEXT) {
        (void)atls_cbor_int(in);
        return false;
    }
    *label = atls_cbor_text(in);
    if (!atls_view_is(*label, ATLS_CMW_COLLECTION_TYPE))
        return false;
    *type = atls_cbor_text(in);
    if (!atls_cmw_is_collection_type(*type))
        atls_cbor_fail(in);
    return true;
}

static void walk_member(struct atls_cbor *in, struct cbor_walk *walk,
                        struct atls_cmw *out)
{
    struct atls_view label, type;
    struct atls_cmw member;

    if (take_cbor_label(in, &label, &type)) {
        if (walk->depth == 1)
            out->type = atls_type_of_text(type);
        return;
    }
    walk->has_member[walk->depth - 1] = true;
    if (atls_cbor_peek(in) == ATLS_CBOR_MAP)
        enter_map(in, walk);
    else if (atls_cbor_peek(in) == ATLS_CBOR_TAG)
        take_cbor_tagged(in, &member);
    else
        take_cbor_record(in, &member);
}

static bool take_cbor_collection(struct atls_cbor *in, struct atls_cmw *out)
{
    const uint8_t *start = in->in.at;
    struct cbor_walk walk;

    walk.depth = 0;
    walk.is_too_deep = false;
    out->is_collection = true;
    enter_map(in, &walk);
    while (walk.depth > 0 && !atls_cbor_failed(in)) {
        if (atls_cbor_next(in, &walk.maps[walk.depth - 1]))
            walk_member(in, &walk, out);
        else if (!walk.has_member[--walk.depth])
            atls_cbor_fail(in);
    }
    out->value = atls_view(start, (size_t)(in->in.at - start));
    return !walk.is_too_deep;
}

enum atls_reason atls_cmw_cbor_parse(struct atls_view bytes,
                                     struct atls_cmw *out, struct atls_why *why)
{
    struct atls_cbor in = atls_cbor(bytes);
    enum atls_cbor_type type = atls_cbor_peek(&in);
    struct atls_cmw cmw = {0};

    if (type == ATLS_CBOR_MAP && !take_cbor_collection(&in, &cmw))
        return atls_why(why, ATLS_CMW_TOO_LARGE,
                        "CMW: want collections at most %d deep",
                        ATLS_CMW_MAX_DEPTH);
    if (type == ATLS_CBOR_TAG)
        take_cbor_tagged(&in, &cmw);
    else if (type != ATLS_CBOR_MAP)
        take_cbor_record(&in, &cmw);
    if (!atls_cbor_done(&in))
        return atls_why(why, ATLS_CMW_MALFORMED,
                        "CMW: peer sent no CBOR record or collection");
    *out = cmw;
    return ATLS_OK;
}

static enum atls_reason visit_cbor(struct atls_cbor *in,
                                   atls_cmw_member_fn *each, void *arg,
                                   struct atls_why *why)
{
    struct atls_cbor key = *in;
    struct atls_view label, type;
    struct atls_cmw member;
    enum atls_reason reason;
    char digits[24];

    if (take_cbor_label(in, &label, &type))
        return ATLS_OK;
    if (label.data == NULL) {
        snprintf(digits, sizeof(digits), "%" PRId64, atls_cbor_int(&key));
        label = atls_view_text(digits);
    }
    reason = atls_cmw_cbor_parse(atls_cbor_skip(in), &member, why);
    return reason == ATLS_OK ? each(arg, label, &member, why) : reason;
}

enum atls_reason atls_cmw_cbor_members(struct atls_view collection,
                                       atls_cmw_member_fn *each, void *arg,
                                       struct atls_why *why)
{
    struct atls_cbor in = atls_cbor(collection);
    struct atls_cbor_iter members;
    enum atls_reason reason = ATLS_OK;

    atls_cbor_map(&in, &members);
    while (reason == ATLS_OK && atls_cbor_next(&in, &members))
        reason = visit_cbor(&in, each, arg, why);
    return reason;
}
