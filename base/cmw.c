/* SPDX-License-Identifier: Apache-2.0
 *
 * The conceptual message wrapper (RFC 9999). Collections are walked with a
 * stack of their own, four deep, and never by recursion. The type of a
 * collection is checked for its form only.
 */
#include "cmw.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "cbor.h"
#include "json.h"

#define COLLECTION_TYPE "__cmwc_t"

/* RFC 9277, appendix B: 255 of each 256 tags name a Content-Format. */
enum { TAG_FIRST = 1668546817, TAG_LAST = 1668612095 };

static bool is_alpha(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* RFC 3986, 4.3, as far as it tells a URI from other text: a scheme, a colon
 * and no white space or control characters. */
static bool is_absolute_uri(struct atls_view text)
{
    size_t i = 0;

    while (i < text.len && (is_alpha(text.data[i]) ||
                            (i > 0 && (is_digit(text.data[i]) ||
                                       strchr("+-.", text.data[i]) != NULL))))
        i++;
    if (i == 0 || i >= text.len - 1 || text.data[i] != ':')
        return false;
    for (; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f)
            return false;
    return true;
}

static bool is_dotted_oid(struct atls_view text)
{
    unsigned num_dots = 0;

    for (size_t i = 0; i < text.len; i++) {
        bool is_dot = text.data[i] == '.';

        if (!is_dot && !is_digit(text.data[i]))
            return false;
        if (is_dot && (i == 0 || i == text.len - 1 || text.data[i - 1] == '.'))
            return false;
        num_dots += is_dot;
    }
    return num_dots > 0;
}

static bool is_collection_type(struct atls_view text)
{
    return text.len > 0 && (is_absolute_uri(text) || is_dotted_oid(text));
}

static bool is_media_type(struct atls_view text)
{
    return text.len > 0 && text.len <= ATLS_TYPE_MAX_TEXT;
}

static bool is_indicator(uint64_t value)
{
    return value > 0 && value <= UINT32_MAX;
}

static void take_cbor_type(struct atls_cbor *in, struct atls_type *out)
{
    uint64_t format;

    if (atls_cbor_peek(in) == ATLS_CBOR_TEXT) {
        *out = atls_type_of_text(atls_cbor_text(in));
        if (!is_media_type(out->text))
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
    if (!is_indicator(indicator) || atls_cbor_next(in, &items))
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
    if (!atls_view_is(*label, COLLECTION_TYPE))
        return false;
    *type = atls_cbor_text(in);
    if (!is_collection_type(*type))
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

static enum atls_reason parse_cbor(struct atls_view bytes, struct atls_cmw *out,
                                   struct atls_why *why)
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

static enum atls_reason malformed_json(struct atls_why *why, const char *wanted)
{
    return atls_why(why, ATLS_CMW_MALFORMED, "CMW in JSON: want %s", wanted);
}

/* Room for len bytes, so that what stands in storage does not move while they
 * are written. */
static enum atls_reason reserve(struct atls_buf *storage, size_t len,
                                struct atls_why *why)
{
    if (len > storage->max - storage->len)
        return atls_why(why, ATLS_CMW_TOO_LARGE,
                        "CMW in JSON: want at most %zu bytes decoded",
                        storage->max);
    if (len > 0 && atls_buf_room(storage, len) == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    storage->len -= len;
    return ATLS_OK;
}

static struct atls_view json_text(const json_t *text)
{
    return atls_view(json_string_value(text), json_string_length(text));
}

static enum atls_reason store_json_record(const json_t *type,
                                          const json_t *value,
                                          struct atls_buf *storage,
                                          struct atls_cmw *out,
                                          struct atls_why *why)
{
    size_t type_len = json_string_length(type), at = storage->len;
    enum atls_reason reason;

    reason = reserve(storage, type_len + json_string_length(value), why);
    if (reason != ATLS_OK)
        return reason;
    atls_buf_put(storage, json_text(type));
    if (!atls_base64url_decode(json_text(value), storage))
        return malformed_json(why, "a value in base64url without padding");
    out->type = atls_type_of_text(atls_view(storage->data + at, type_len));
    out->value =
        atls_view(storage->data + at + type_len, storage->len - at - type_len);
    return ATLS_OK;
}

static enum atls_reason parse_json_record(json_t *record,
                                          struct atls_buf *storage,
                                          struct atls_cmw *out,
                                          struct atls_why *why)
{
    const json_t *type = json_array_get(record, 0);
    const json_t *value = json_array_get(record, 1);
    const json_t *indicator = json_array_get(record, 2);

    if (json_array_size(record) < 2 || json_array_size(record) > 3)
        return malformed_json(why, "[type, value, ? ind]");
    if (!json_is_string(type) || !is_media_type(json_text(type)))
        return malformed_json(why, "a media type of 1 to 255 bytes");
    if (!json_is_string(value))
        return malformed_json(why, "a value in base64url without padding");
    if (indicator != NULL &&
        (!json_is_integer(indicator) || json_integer_value(indicator) < 0 ||
         !is_indicator((uint64_t)json_integer_value(indicator))))
        return malformed_json(why, "an ind from 1 to 4294967295");
    out->indicator = (uint32_t)json_integer_value(indicator);
    return store_json_record(type, value, storage, out, why);
}

struct json_walk {
    json_t *objects[ATLS_CMW_MAX_DEPTH];
    void *iters[ATLS_CMW_MAX_DEPTH];
    bool has_member[ATLS_CMW_MAX_DEPTH];
    unsigned depth;
};

static enum atls_reason enter_object(struct json_walk *walk, json_t *object,
                                     struct atls_why *why)
{
    if (walk->depth == ATLS_CMW_MAX_DEPTH)
        return atls_why(why, ATLS_CMW_TOO_LARGE,
                        "CMW: want collections at most %d deep",
                        ATLS_CMW_MAX_DEPTH);
    if (json_object_size(object) > ATLS_CMW_MAX_MEMBERS)
        return malformed_json(why, "at most 64 members");
    walk->objects[walk->depth] = object;
    walk->iters[walk->depth] = json_object_iter(object);
    walk->has_member[walk->depth++] = false;
    return ATLS_OK;
}

static enum atls_reason check_json_member(struct json_walk *walk, void *iter,
                                          struct atls_buf *scratch,
                                          struct atls_why *why)
{
    json_t *member = json_object_iter_value(iter);
    struct atls_cmw ignored;

    if (strcmp(json_object_iter_key(iter), COLLECTION_TYPE) == 0)
        return json_is_string(member) && is_collection_type(json_text(member))
                   ? ATLS_OK
                   : malformed_json(why, "a URI or OID as __cmwc_t");
    walk->has_member[walk->depth - 1] = true;
    if (json_is_object(member))
        return enter_object(walk, member, why);
    scratch->len = 0;
    return parse_json_record(member, scratch, &ignored, why);
}

static enum atls_reason step_json(struct json_walk *walk,
                                  struct atls_buf *scratch,
                                  struct atls_why *why)
{
    unsigned level = walk->depth - 1;
    void *iter = walk->iters[level];

    if (iter != NULL) {
        walk->iters[level] = json_object_iter_next(walk->objects[level], iter);
        return check_json_member(walk, iter, scratch, why);
    }
    walk->depth--;
    if (!walk->has_member[level])
        return malformed_json(why, "a member in each collection");
    return ATLS_OK;
}

static enum atls_reason check_json_collection(json_t *object,
                                              struct atls_why *why)
{
    ATLS_AUTO_BUF scratch = atls_buf(ATLS_CMW_MAX);
    struct json_walk walk = {.depth = 0};
    enum atls_reason reason = enter_object(&walk, object, why);

    while (reason == ATLS_OK && walk.depth > 0)
        reason = step_json(&walk, &scratch, why);
    return reason;
}

/* bytes: the collection's own encoding */
static enum atls_reason parse_json_collection(json_t *object,
                                              struct atls_view bytes,
                                              struct atls_buf *storage,
                                              struct atls_cmw *out,
                                              struct atls_why *why)
{
    struct atls_view type = json_text(json_object_get(object, COLLECTION_TYPE));
    enum atls_reason reason = check_json_collection(object, why);
    size_t at = storage->len;

    if (reason == ATLS_OK)
        reason = reserve(storage, type.len, why);
    if (reason != ATLS_OK)
        return reason;
    atls_buf_put(storage, type);
    out->is_collection = true;
    out->value = bytes;
    if (type.len > 0)
        out->type = atls_type_of_text(atls_view(storage->data + at, type.len));
    return ATLS_OK;
}

static enum atls_reason parse_json(struct atls_view bytes,
                                   struct atls_buf *storage,
                                   struct atls_cmw *out, struct atls_why *why)
{
    ATLS_AUTO(json_t) *json = atls_json_parse(bytes, ATLS_CMW_MALFORMED, why);
    struct atls_cmw cmw = {.is_json = true};
    enum atls_reason reason;

    if (json == NULL)
        return why->reason;
    if (json_is_object(json))
        reason = parse_json_collection(json, bytes, storage, &cmw, why);
    else
        reason = parse_json_record(json, storage, &cmw, why);
    if (reason == ATLS_OK)
        *out = cmw;
    return reason;
}

/* RFC 9999, "CMW decoding": the first byte tells the form. 5b is '[', 7b is
 * '{'; 82 and 83 are arrays of two and three, 9f one of indefinite length, da
 * a tag of four bytes, a0 to bb and bf are maps. */
enum atls_reason atls_cmw_parse(struct atls_view bytes,
                                struct atls_buf *storage, struct atls_cmw *out,
                                struct atls_why *why)
{
    struct atls_why own = {0};
    uint8_t first;

    *out = (struct atls_cmw){0};
    if (why == NULL)
        why = &own;
    if (bytes.len > ATLS_CMW_MAX)
        return atls_why(why, ATLS_CMW_TOO_LARGE,
                        "CMW: want at most %d bytes, peer sent %zu",
                        ATLS_CMW_MAX, bytes.len);
    if (bytes.len == 0)
        return atls_why(why, ATLS_CMW_MALFORMED, "CMW: peer sent 0 bytes");
    first = bytes.data[0];
    if (first == '[' || first == '{')
        return parse_json(bytes, storage, out, why);
    if (first == 0x82 || first == 0x83 || first == 0x9f || first == 0xda ||
        (first >= 0xa0 && first <= 0xbb) || first == 0xbf)
        return parse_cbor(bytes, out, why);
    return atls_why(why, ATLS_CMW_MALFORMED,
                    "CMW: no form of it starts with byte 0x%02x", first);
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
    reason = parse_cbor(atls_cbor_skip(in), &member, why);
    return reason == ATLS_OK ? each(arg, label, &member, why) : reason;
}

static enum atls_reason visit_cbor_members(struct atls_view collection,
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

/* The encoding of an object that stood in a larger text. Compact, it is never
 * longer than it was there. */
static enum atls_reason dump_json(const json_t *object,
                                  struct atls_buf *storage,
                                  struct atls_view *out, struct atls_why *why)
{
    size_t len = json_dumpb(object, NULL, 0, JSON_COMPACT);
    size_t at = storage->len;
    enum atls_reason reason = reserve(storage, len, why);

    if (reason != ATLS_OK)
        return reason;
    if (len == 0 || json_dumpb(object, (char *)storage->data + at, len,
                               JSON_COMPACT) != len)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    storage->len += len;
    *out = atls_view(storage->data + at, len);
    return ATLS_OK;
}

static enum atls_reason visit_json(const char *label, json_t *value,
                                   struct atls_buf *storage,
                                   atls_cmw_member_fn *each, void *arg,
                                   struct atls_why *why)
{
    struct atls_cmw member = {.is_json = true};
    struct atls_view bytes;
    enum atls_reason reason;

    if (strcmp(label, COLLECTION_TYPE) == 0)
        return ATLS_OK;
    if (json_is_object(value)) {
        reason = dump_json(value, storage, &bytes, why);
        if (reason == ATLS_OK)
            reason = parse_json_collection(value, bytes, storage, &member, why);
    } else {
        reason = parse_json_record(value, storage, &member, why);
    }
    return reason == ATLS_OK ? each(arg, atls_view_text(label), &member, why)
                             : reason;
}

static enum atls_reason visit_json_members(struct atls_view collection,
                                           struct atls_buf *storage,
                                           atls_cmw_member_fn *each, void *arg,
                                           struct atls_why *why)
{
    ATLS_AUTO(json_t) *json =
        atls_json_parse(collection, ATLS_CMW_MALFORMED, why);
    enum atls_reason reason = ATLS_OK;
    const char *label;
    json_t *value;

    if (json == NULL)
        return why->reason;
    json_object_foreach(json, label, value)
    {
        reason = visit_json(label, value, storage, each, arg, why);
        if (reason != ATLS_OK)
            break;
    }
    return reason;
}

enum atls_reason atls_cmw_members(const struct atls_cmw *cmw,
                                  struct atls_buf *storage,
                                  atls_cmw_member_fn *each, void *arg,
                                  struct atls_why *why)
{
    struct atls_why own = {0};

    if (why == NULL)
        why = &own;
    if (!cmw->is_collection)
        return atls_why(why, ATLS_CMW_MALFORMED,
                        "CMW: want a collection, peer sent a record");
    if (cmw->is_json)
        return visit_json_members(cmw->value, storage, each, arg, why);
    return visit_cbor_members(cmw->value, each, arg, why);
}

void atls_cmw_put(struct atls_buf *out, struct atls_type type,
                  struct atls_view value, uint32_t indicator)
{
    atls_cbor_put_array(out, indicator == 0 ? 2 : 3);
    if (type.is_format)
        atls_cbor_put_uint(out, type.format);
    else
        atls_cbor_put_text_view(out, type.text);
    atls_cbor_put_bytes(out, value);
    if (indicator != 0)
        atls_cbor_put_uint(out, indicator);
}
