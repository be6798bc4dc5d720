/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON (RFC 8259) from a peer or a file.
 */
#include "json.h"

#include <string.h>

/* Where a scan for depth stands: jansson's own limit is 2048 deep, and it
 * recurses. */
struct scan {
    unsigned depth;
    bool is_string;
    bool is_escaped;
};

static void scan_string(struct scan *scan, uint8_t c)
{
    if (scan->is_escaped)
        scan->is_escaped = false;
    else if (c == '\\')
        scan->is_escaped = true;
    else if (c == '"')
        scan->is_string = false;
}

static void scan_char(struct scan *scan, uint8_t c)
{
    if (scan->is_string)
        scan_string(scan, c);
    else if (c == '"')
        scan->is_string = true;
    else if (c == '[' || c == '{')
        scan->depth++;
    else if ((c == ']' || c == '}') && scan->depth > 0)
        scan->depth--;
}

static bool is_too_deep(struct atls_view text)
{
    struct scan scan = {0};

    for (size_t i = 0; i < text.len; i++) {
        scan_char(&scan, text.data[i]);
        if (scan.depth > ATLS_JSON_MAX_DEPTH)
            return true;
    }
    return false;
}

json_t *atls_json_parse(struct atls_view text, enum atls_reason otherwise,
                        struct atls_why *why)
{
    json_error_t error;
    json_t *value;

    if (is_too_deep(text)) {
        (void)atls_why(why, otherwise, "JSON: want at most %d levels",
                       ATLS_JSON_MAX_DEPTH);
        return NULL;
    }
    value = json_loadb(text.len > 0 ? (const char *)text.data : "", text.len,
                       JSON_REJECT_DUPLICATES, &error);
    if (value != NULL)
        return value;
    /* jansson says nothing where an allocation failed */
    if (error.text[0] == '\0' ||
        json_error_code(&error) == json_error_out_of_memory)
        (void)atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    else
        (void)atls_why(why, otherwise, "JSON, line %d, column %d: %s",
                       error.line, error.column, error.text);
    return NULL;
}

json_t *atls_json_object(void)
{
    return json_pack("{}");
}

json_t *atls_json_text(const char *text)
{
    ATLS_AUTO_BUF ascii = atls_buf(strlen(text));
    json_t *value = json_string(text);

    if (value != NULL)
        return value;
    for (; *text != '\0'; text++)
        atls_buf_u8(&ascii, (uint8_t)*text < 0x80 ? (uint8_t)*text : '?');
    return ascii.failed ? NULL
                        : json_stringn((const char *)ascii.data, ascii.len);
}

/* json_dumpb says how much it would write, and writes what fits. In ASCII: a
 * peer's U+009B would be a terminal's control sequence. */
void atls_json_put(struct atls_buf *out, const json_t *value)
{
    const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII |
                         JSON_REAL_PRECISION(6);
    size_t len = json_dumpb(value, NULL, 0, flags);
    uint8_t *room = len > 0 ? atls_buf_room(out, len) : NULL;

    if (room == NULL || json_dumpb(value, (char *)room, len, flags) != len)
        out->failed = true;
}

/* json_dumps may use an allocator of the program's. */
char *atls_json_print(const json_t *value)
{
    size_t size = json_dumpb(value, NULL, 0, JSON_INDENT(2));
    char *text = size > 0 ? malloc(size + 2) : NULL;

    if (text == NULL)
        return NULL;
    if (json_dumpb(value, text, size, JSON_INDENT(2)) != size) {
        free(text);
        return NULL;
    }
    memcpy(text + size, "\n", 2);
    return text;
}

void atls_json_fit(struct atls_buf *out, json_t *object,
                   const char *const *expendable)
{
    atls_json_put(out, object);
    for (; out->failed && *expendable != NULL; expendable++) {
        (void)json_object_del(object, *expendable);
        atls_buf_clear(out);
        atls_json_put(out, object);
    }
}
