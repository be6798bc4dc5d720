/* SPDX-License-Identifier: Apache-2.0
 *
 * The CBOR is walked with a list of containers that are still to be filled, so
 * that depth costs no stack. Each container is opened from its own bytes, which
 * atls_cbor_skip has found to be in order.
 */
#include "cli/outline.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "cbor.h"
#include "cli/output.h"

enum {
    MAX_ITEMS = 4000, /* in all of an outline */
    MAX_WRAPS = 4,    /* byte strings that wrap CBOR, one in the other */
    SHOWN = 48        /* bytes of a byte string */
};

/* A container to be filled from bytes: array, map, tag or wrapping string. */
struct task {
    struct task *next;
    json_t *container; /* borrowed: it hangs in the tree */
    struct atls_view bytes;
    unsigned wraps;
};

struct outline {
    struct task *first, **last;
    unsigned num_items;
    bool failed; /* no memory, or more than MAX_ITEMS */
};

json_t *atls_outline_bytes(struct atls_view bytes, size_t max)
{
    char hex[2 * 64 + 1];
    struct atls_view shown = bytes;

    if (max > 64)
        max = 64;
    if (shown.len > max)
        shown.len = max;
    atls_hex(shown, hex, sizeof(hex));
    return json_sprintf("%zu byte%s%s%s%s", bytes.len,
                        bytes.len == 1 ? "" : "s", bytes.len > 0 ? ": " : "",
                        hex, shown.len < bytes.len ? "..." : "");
}

static json_t *later(struct outline *outline, json_t *container,
                     struct atls_view bytes, unsigned wraps)
{
    struct task *task = malloc(sizeof(*task));

    if (task == NULL || container == NULL) {
        free(task);
        outline->failed = true;
        return container;
    }
    *task = (struct task){NULL, container, bytes, wraps};
    *outline->last = task;
    outline->last = &task->next;
    return container;
}

/* Only maps and arrays and tags: nearly any two bytes are some integer. */
static bool wraps_cbor(struct atls_view bytes)
{
    struct atls_cbor in = atls_cbor(bytes);
    uint8_t major = bytes.len > 1 ? bytes.data[0] >> 5 : 0;

    if (major < 4 || major > 6)
        return false;
    atls_cbor_skip(&in);
    return atls_cbor_done(&in);
}

static json_t *show_bytes(struct outline *outline, struct atls_view item,
                          unsigned wraps)
{
    struct atls_cbor in = atls_cbor(item);
    struct atls_view bytes = atls_cbor_bytes(&in);

    if (atls_cbor_failed(
            &in)) /* of indefinite length: the chunks as they are */
        return atls_outline_bytes(item, SHOWN);
    if (wraps < MAX_WRAPS && wraps_cbor(bytes))
        return later(outline, json_object(), item, wraps + 1);
    return atls_outline_bytes(bytes, SHOWN);
}

static json_t *show_text(struct atls_view item)
{
    struct atls_cbor in = atls_cbor(item);
    struct atls_view text = atls_cbor_text(&in);

    return atls_output_text(atls_cbor_failed(&in) ? item : text);
}

static json_t *show_integer(struct atls_view item)
{
    struct atls_cbor in = atls_cbor(item);
    int64_t value = atls_cbor_int(&in);

    return atls_cbor_failed(&in) ? atls_outline_bytes(item, SHOWN)
                                 : json_integer(value);
}

static json_t *show(struct outline *outline, struct atls_view item,
                    unsigned wraps)
{
    struct atls_cbor in = atls_cbor(item);

    if (outline->num_items++ == MAX_ITEMS)
        outline->failed = true;
    switch (atls_cbor_peek(&in)) {
    case ATLS_CBOR_UINT:
    case ATLS_CBOR_NEGINT:
        return show_integer(item);
    case ATLS_CBOR_BYTES:
        return show_bytes(outline, item, wraps);
    case ATLS_CBOR_TEXT:
        return show_text(item);
    case ATLS_CBOR_ARRAY:
        return later(outline, json_array(), item, wraps);
    case ATLS_CBOR_MAP:
    case ATLS_CBOR_TAG:
        return later(outline, json_object(), item, wraps);
    case ATLS_CBOR_BOOL:
        return json_boolean(atls_cbor_bool(&in));
    case ATLS_CBOR_NULL:
        return json_null();
    case ATLS_CBOR_FLOAT:
        return json_string("a floating-point number");
    case ATLS_CBOR_BREAK:
    case ATLS_CBOR_NOTHING:
        break;
    }
    return NULL;
}

/* An integer key is its digits; text that looks like one stands in quotes. */
static char *name_of(struct atls_view key)
{
    struct atls_cbor in = atls_cbor(key);
    enum atls_cbor_type type = atls_cbor_peek(&in);
    json_t *value;
    char *name = NULL;
    int len = -1;

    if (type == ATLS_CBOR_UINT || type == ATLS_CBOR_NEGINT) {
        len = asprintf(&name, "%" PRId64, atls_cbor_int(&in));
    } else {
        value = type == ATLS_CBOR_TEXT ? show_text(key)
                                       : atls_outline_bytes(key, SHOWN);
        if (value != NULL)
            len = asprintf(&name,
                           strspn(json_string_value(value), "-0123456789") ==
                                   json_string_length(value)
                               ? "\"%s\""
                               : "%s",
                           json_string_value(value));
        json_decref(value);
    }
    return len < 0 ? NULL : name;
}

static void fill_map(struct outline *outline, const struct task *task)
{
    struct atls_cbor in = atls_cbor(task->bytes);
    struct atls_cbor_iter entries;

    atls_cbor_map(&in, &entries);
    while (!outline->failed && atls_cbor_next(&in, &entries)) {
        ATLS_AUTO_HEAP char *name = name_of(atls_cbor_skip(&in));
        struct atls_view value = atls_cbor_skip(&in);

        if (name != NULL)
            atls_output_add(task->container, name,
                            show(outline, value, task->wraps));
    }
}

static void fill_array(struct outline *outline, const struct task *task)
{
    struct atls_cbor in = atls_cbor(task->bytes);
    struct atls_cbor_iter items;

    atls_cbor_array(&in, &items);
    while (!outline->failed && atls_cbor_next(&in, &items))
        json_array_append_new(task->container,
                              show(outline, atls_cbor_skip(&in), task->wraps));
}

static void fill_tag(struct outline *outline, const struct task *task)
{
    struct atls_cbor in = atls_cbor(task->bytes);
    char name[sizeof("tag 18446744073709551615")];

    snprintf(name, sizeof(name), "tag %" PRIu64, atls_cbor_tag(&in));
    atls_output_add(task->container, name,
                    show(outline, atls_cbor_skip(&in), task->wraps));
}

static void fill_wrap(struct outline *outline, const struct task *task)
{
    struct atls_cbor in = atls_cbor(task->bytes);
    struct atls_view bytes = atls_cbor_bytes(&in);
    char name[sizeof("18446744073709551615 bytes hold")];

    snprintf(name, sizeof(name), "%zu bytes hold", bytes.len);
    atls_output_add(task->container, name, show(outline, bytes, task->wraps));
}

static void fill(struct outline *outline, const struct task *task)
{
    struct atls_cbor in = atls_cbor(task->bytes);
    enum atls_cbor_type type = atls_cbor_peek(&in);

    if (type == ATLS_CBOR_MAP)
        fill_map(outline, task);
    else if (type == ATLS_CBOR_ARRAY)
        fill_array(outline, task);
    else if (type == ATLS_CBOR_TAG)
        fill_tag(outline, task);
    else
        fill_wrap(outline, task);
}

json_t *atls_outline_cbor(struct atls_view bytes)
{
    struct outline outline = {.last = &outline.first};
    struct atls_cbor in = atls_cbor(bytes);
    json_t *tree;

    atls_cbor_skip(&in);
    if (!atls_cbor_done(&in))
        return NULL;
    tree = show(&outline, bytes, 0);
    for (struct task *task = outline.first, *next; task != NULL; task = next) {
        if (!outline.failed)
            fill(&outline, task);
        next = task->next;
        free(task);
    }
    if (outline.failed && json_is_object(tree))
        atls_output_add(tree, "...", json_string("more is not shown"));
    return tree;
}
