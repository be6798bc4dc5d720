/* SPDX-License-Identifier: Apache-2.0
 *
 * CMWs in JSON. What is decoded goes to the caller's storage, for the tree is
 * gone when a function returns. Collections are walked like those in CBOR.
 */
#include "cmw_form.h"

#include <string.h>

#include "base64url.h"
#include "json.h"

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
    if (!json_is_string(type) || !atls_cmw_is_media_type(json_text(type)))
        return malformed_json(why, "a media type of 1 to 255 bytes");
    if (!json_is_string(value))
        return malformed_json(why, "a value in base64url without padding");
    if (indicator != NULL &&
        (!json_is_integer(indicator) || json_integer_value(indicator) < 0 ||
         !atls_cmw_is_indicator((uint64_t)json_integer_value(indicator))))
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

    if (strcmp(json_object_iter_key(iter), ATLS_CMW_COLLECTION_TYPE) == 0)
        return json_is_string(member) &&
                       atls_cmw_is_collection_type(json_text(member))
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
    struct atls_view type =
        json_text(json_object_get(object, ATLS_CMW_COLLECTION_TYPE));
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

enum atls_reason atls_cmw_json_parse(struct atls_view bytes,
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

    if (strcmp(label, ATLS_CMW_COLLECTION_TYPE) == 0)
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

enum atls_reason atls_cmw_json_members(struct atls_view collection,
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
