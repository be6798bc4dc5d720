/* SPDX-License-Identifier: Apache-2.0
 *
 * An operator's JSON file. jansson keeps no positions, so the line of a problem
 * is looked up by walking the text again; it is known to be valid by then.
 */
#include "document.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "duration.h"

enum { MAX_POINTER = 160, MAX_SENTENCE = 256 };

/* The text, from here on: valid JSON, so that no end is ever missed. */
struct walk {
    const char *at, *end;
};

static void walk_space(struct walk *walk)
{
    while (walk->at < walk->end && strchr(" \t\r\n", *walk->at) != NULL)
        walk->at++;
}

static void walk_string(struct walk *walk)
{
    for (walk->at++; walk->at < walk->end && *walk->at != '"'; walk->at++)
        if (*walk->at == '\\')
            walk->at++;
    walk->at++;
}

/* One value: brackets are counted, so nothing recurses. */
static void walk_value(struct walk *walk)
{
    unsigned depth = 0;

    walk_space(walk);
    do {
        char c = walk->at < walk->end ? *walk->at : '\0';

        if (c == '"') {
            walk_string(walk);
            continue;
        }
        depth += c == '{' || c == '[' ? 1 : 0;
        depth -= c == '}' || c == ']' ? 1 : 0;
        walk->at++;
    } while (walk->at < walk->end &&
             (depth > 0 || strchr(",]} \t\r\n", *walk->at) == NULL));
}

static bool key_is(struct walk walk, const char *key)
{
    const char *start = walk.at;
    ATLS_AUTO(json_t) *decoded = NULL;

    walk_string(&walk);
    decoded =
        json_loadb(start, (size_t)(walk.at - start), JSON_DECODE_ANY, NULL);
    return decoded != NULL && strcmp(json_string_value(decoded), key) == 0;
}

/* From an object or array to the value of its member or item. */
static bool walk_into(struct walk *walk, const struct atls_node *node)
{
    size_t index = 0;

    walk_space(walk);
    walk->at++; /* its bracket */
    for (;;) {
        walk_space(walk);
        if (walk->at >= walk->end || *walk->at == '}' || *walk->at == ']')
            return false;
        if (node->key == NULL && index++ == node->index)
            return true;
        if (node->key != NULL && key_is(*walk, node->key))
            return true;
        walk_value(walk);
        walk_space(walk);
        if (walk->at < walk->end && (*walk->at == ',' || *walk->at == ':'))
            walk->at++;
    }
}

/* To the value, past its own key, so that the next step finds a bracket. */
static void walk_past_key(struct walk *walk, const struct atls_node *node)
{
    if (node->key == NULL)
        return;
    walk_string(walk);
    walk_space(walk);
    walk->at++; /* : */
    walk_space(walk);
}

enum { MAX_STEPS = ATLS_JSON_MAX_DEPTH + 1 };

/* The nodes from the root down to node, without the root. */
static size_t steps_to(const struct atls_node *node,
                       const struct atls_node *steps[MAX_STEPS])
{
    size_t num = 0, i = 0;

    for (const struct atls_node *n = node; n->parent != NULL; n = n->parent)
        num++;
    i = num;
    for (const struct atls_node *n = node; n->parent != NULL; n = n->parent)
        if (--i < MAX_STEPS)
            steps[i] = n;
    return num < MAX_STEPS ? num : MAX_STEPS;
}

static unsigned line_of(const struct atls_node *node)
{
    const struct atls_view text = node->document->text;
    const struct atls_node *steps[MAX_STEPS];
    size_t num_steps = steps_to(node, steps);
    struct walk walk = {(const char *)text.data,
                        (const char *)text.data + text.len};
    const char *found = walk.at;
    unsigned line = 1;

    walk_space(&walk);
    found = walk.at;
    for (size_t i = 0; i < num_steps && walk_into(&walk, steps[i]); i++) {
        found = walk.at; /* a missing member: the line of its object */
        walk_past_key(&walk, steps[i]);
    }
    for (const char *c = (const char *)text.data; c < found; c++)
        line += *c == '\n' ? 1 : 0;
    return line;
}

static void put_token(struct atls_buf *out, const char *token)
{
    atls_buf_u8(out, '/');
    for (; *token != '\0'; token++)
        if (*token == '~')
            atls_buf_text(out, "~0"); /* RFC 6901, 3 */
        else if (*token == '/')
            atls_buf_text(out, "~1");
        else
            atls_buf_u8(out, (uint8_t)*token);
}

static void put_pointer(const struct atls_node *node, char *text, size_t size)
{
    ATLS_AUTO_BUF out = atls_buf(size - 1);
    const struct atls_node *steps[MAX_STEPS];
    size_t num_steps = steps_to(node, steps);
    char digits[24];

    for (size_t i = 0; i < num_steps; i++) {
        snprintf(digits, sizeof(digits), "%zu", steps[i]->index);
        put_token(&out, steps[i]->key != NULL ? steps[i]->key : digits);
    }
    snprintf(text, size, "%.*s", (int)out.len,
             out.data != NULL ? (const char *)out.data : "");
    if (num_steps == 0)
        snprintf(text, size, "/");
}

static void report(struct atls_document *document, const struct atls_why *why)
{
    if (document->problems != NULL)
        document->problems(document->arg, why->text);
    (void)atls_why(&document->why, why->reason, "%s", why->text);
}

void atls_node_problem(const struct atls_node *node, enum atls_reason reason,
                       const char *format, ...)
{
    char pointer[MAX_POINTER], sentence[MAX_SENTENCE];
    struct atls_why why = {0};
    va_list args;

    if (++node->document->num_problems > ATLS_DOCUMENT_MAX_PROBLEMS)
        return;
    va_start(args, format);
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    put_pointer(node, pointer, sizeof(pointer));
    if (node->document->source == NULL)
        (void)atls_why(&why, reason, "%s", sentence);
    else
        (void)atls_why(&why, reason, "%s:%u: %s: %s", node->document->source,
                       line_of(node), pointer, sentence);
    report(node->document, &why);
}

void atls_node_note(const struct atls_node *node, const char *path,
                    bool is_member)
{
    struct atls_stamps *stamps = node->document->stamps;

    if (stamps != NULL && !atls_stamps_add(stamps, path, is_member))
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
}

enum { MAX_FOUND = 60 }; /* bytes of a value that a message shows */

static void show_found(const json_t *value, char *text, size_t size)
{
    ATLS_AUTO_BUF found = atls_buf(SIZE_MAX);

    atls_json_put(&found, value);
    if (found.failed)
        snprintf(text, size, "something else");
    else
        snprintf(text, size, "%.*s%s",
                 (int)(found.len < MAX_FOUND ? found.len : MAX_FOUND),
                 (const char *)found.data, found.len > MAX_FOUND ? "..." : "");
}

void atls_node_wrong(const struct atls_node *node, const char *want)
{
    char found[MAX_FOUND + sizeof("...")] = "nothing";

    if (node->value != NULL)
        show_found(node->value, found, sizeof(found));
    atls_node_problem(node, ATLS_POLICY_INVALID, "want %s, found %s", want,
                      found);
}

enum atls_reason atls_document_open(struct atls_document *document,
                                    struct atls_view text)
{
    struct atls_why why = {0};
    struct atls_why found = {0};

    document->text = text;
    document->root = atls_json_parse(text, ATLS_POLICY_INVALID, &why);
    if (document->root != NULL)
        return ATLS_OK;
    (void)atls_why(&found, why.reason, "%s: %s", document->source, why.text);
    report(document, &found);
    return found.reason;
}

void atls_document_clear(struct atls_document *document)
{
    json_decref(document->root);
    document->root = NULL;
}

struct atls_node atls_node_root(struct atls_document *document)
{
    return (struct atls_node){.document = document, .value = document->root};
}

struct atls_node atls_node_member(const struct atls_node *object,
                                  const char *key)
{
    return (struct atls_node){.document = object->document,
                              .parent = object,
                              .key = key,
                              .value = json_object_get(object->value, key)};
}

struct atls_node atls_node_item(const struct atls_node *array, size_t index)
{
    return (struct atls_node){.document = array->document,
                              .parent = array,
                              .index = index,
                              .value = json_array_get(array->value, index)};
}

size_t atls_node_list_size(const struct atls_node *node)
{
    if (json_is_array(node->value))
        return json_array_size(node->value);
    return node->value != NULL ? 1 : 0;
}

struct atls_node atls_node_list_item(const struct atls_node *node, size_t index)
{
    return json_is_array(node->value) ? atls_node_item(node, index) : *node;
}

static bool is_among(const char *word, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcmp(*words, word) == 0)
            return true;
    return false;
}

bool atls_node_is_object(const struct atls_node *node, const char *const *keys)
{
    const char *key;
    json_t *value;

    if (!json_is_object(node->value)) {
        atls_node_wrong(node, "an object");
        return false;
    }
    json_object_foreach(node->value, key, value)
    {
        struct atls_node member = atls_node_member(node, key);

        if (keys != NULL && !is_among(key, keys))
            atls_node_problem(&member, ATLS_POLICY_INVALID,
                              "unknown key \"%.40s\"", key);
    }
    return true;
}

bool atls_node_is_array(const struct atls_node *node)
{
    if (!json_is_array(node->value))
        atls_node_wrong(node, "a list");
    return json_is_array(node->value);
}

const char *atls_node_text(const struct atls_node *node)
{
    const char *text = json_string_value(node->value);

    if (text == NULL || text[0] == '\0') {
        atls_node_wrong(node, "a string");
        return NULL;
    }
    return text;
}

bool atls_node_flag(const struct atls_node *node, bool absent)
{
    if (node->value == NULL)
        return absent;
    if (!json_is_boolean(node->value))
        atls_node_wrong(node, "true or false");
    return json_is_true(node->value);
}

int64_t atls_node_duration(const struct atls_node *node, int64_t max_s,
                           int64_t absent)
{
    const char *text = json_string_value(node->value);
    int64_t seconds;

    if (node->value == NULL)
        return absent;
    if (text != NULL && atls_duration_parse(text, &seconds) && seconds <= max_s)
        return seconds;
    atls_node_wrong(node, "a duration such as \"30s\", \"10m\" or \"12h\"");
    return absent;
}

int64_t atls_node_number(const struct atls_node *node, int64_t max,
                         int64_t absent)
{
    int64_t value = json_integer_value(node->value);
    char want[64];

    if (node->value == NULL)
        return absent;
    if (json_is_integer(node->value) && value >= 0 && value <= max)
        return value;
    snprintf(want, sizeof(want), "a whole number from 0 to %" PRId64, max);
    atls_node_wrong(node, want);
    return absent;
}

size_t atls_node_hex(const struct atls_node *node, size_t min, size_t max,
                     uint8_t *bytes)
{
    const char *text = json_string_value(node->value);
    size_t digits = text != NULL ? strspn(text, "0123456789abcdefABCDEF") : 0;
    ATLS_AUTO_BUF out = atls_buf(max);
    char want[64];

    snprintf(want, sizeof(want), "%zu to %zu bytes in hex", min, max);
    if (min == max)
        snprintf(want, sizeof(want), "%zu bytes in hex", min);
    if (text == NULL || text[digits] != '\0' || digits % 2 != 0 ||
        digits == 0 || digits / 2 < min || digits / 2 > max) {
        atls_node_wrong(node, want);
        return 0;
    }
    if (!atls_hex_decode(atls_view_text(text), &out)) {
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
        return 0;
    }
    memcpy(bytes, out.data, out.len);
    return out.len;
}

static void put_words(const char *const *words, char *text, size_t size)
{
    const char *before = "one of ";

    for (size_t at = 0; *words != NULL && at < size; words++) {
        int len = snprintf(text + at, size - at, "%s%s", before, *words);

        at += len > 0 ? (size_t)len : size;
        before = ", ";
    }
}

int atls_node_choice(const struct atls_node *node, const char *const *words)
{
    const char *text = json_string_value(node->value);
    char want[MAX_SENTENCE - 80];

    for (int i = 0; text != NULL && words[i] != NULL; i++)
        if (strcmp(words[i], text) == 0)
            return i;
    put_words(words, want, sizeof(want));
    atls_node_wrong(node, want);
    return -1;
}

void atls_node_choices(const struct atls_node *node, const char *const *words,
                       bool *flags, unsigned by_default)
{
    size_t num = atls_node_list_size(node);

    if (node->value == NULL)
        flags[by_default] = true;
    else if (num == 0)
        atls_node_wrong(node, "at least one value");
    for (size_t i = 0; i < num; i++) {
        struct atls_node item = atls_node_list_item(node, i);
        int choice = atls_node_choice(&item, words);

        if (choice >= 0)
            flags[choice] = true;
    }
}
