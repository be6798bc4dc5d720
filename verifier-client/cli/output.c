/* SPDX-License-Identifier: Apache-2.0
 *
 * One tree, two spellings. The text form is an outline: two spaces a level,
 * long strings cut, since --json has all of them.
 */
#include "cli/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/terminal.h"

#define MAX_LEVEL 64  /* of the outline; deeper levels are named, not shown */
#define MAX_TEXT  200 /* characters of a string in the outline */

json_t *atls_output_text(struct atls_view text)
{
    json_t *string = json_stringn((const char *)text.data, text.len);
    ATLS_AUTO_BUF out = atls_buf(4 * text.len + 1);
    char hex[5];

    if (string != NULL || text.len == 0)
        return string != NULL ? string : json_string("");
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] >= ' ' && text.data[i] < 0x7f) {
            atls_buf_u8(&out, text.data[i]);
        } else {
            snprintf(hex, sizeof(hex), "\\x%02x", text.data[i]);
            atls_buf_text(&out, hex);
        }
    return json_stringn((const char *)out.data, out.len);
}

void atls_output_set(json_t *object, const char *name, const char *format, ...)
{
    ATLS_AUTO_HEAP char *text = NULL;
    va_list args;
    int len;

    va_start(args, format);
    len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0)
        text = NULL;
    else
        atls_output_add(object, name, atls_output_text(atls_view_text(text)));
}

void atls_output_add(json_t *object, const char *name, json_t *value)
{
    /* out of memory: the fact is missing, and nothing else is wrong */
    if (value != NULL)
        json_object_set_new(object, name, value);
}

static enum atls_colour colour_of(const char *name, json_t *value)
{
    const char *text = json_string_value(value);

    if (json_is_boolean(value) && strncmp(name, "is_", 3) == 0)
        return json_is_true(value) ? ATLS_GREEN : ATLS_RED;
    if (text == NULL || strcmp(name, "verdict") != 0)
        return ATLS_PLAIN;
    return strcmp(text, "affirming") == 0 ? ATLS_GREEN : ATLS_RED;
}

static void print_scalar(const char *name, json_t *value)
{
    enum atls_colour colour = colour_of(name, value);
    const char *text = json_string_value(value);
    char cut[MAX_TEXT + sizeof("...")];

    switch (json_typeof(value)) {
    case JSON_STRING:
        snprintf(cut, sizeof(cut), "%.*s%s", MAX_TEXT, text,
                 strlen(text) > MAX_TEXT ? "..." : "");
        atls_terminal_paint(stdout, colour,
                            strcmp(name, "text") == 0 ? text : cut);
        break;
    case JSON_INTEGER:
        printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        printf("%.3f", json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        atls_terminal_paint(stdout, colour, json_is_true(value) ? "yes" : "no");
        break;
    case JSON_NULL:
        fputs("null", stdout);
        break;
    case JSON_OBJECT:
    case JSON_ARRAY:
        fputs(json_is_object(value) ? "{}" : "[]", stdout);
        break;
    }
    fputc('\n', stdout);
}

/* A container that is being printed, and how far that went. */
struct level {
    json_t *container;
    void *member; /* of an object: the iterator; NULL: past the last */
    size_t index; /* of an array */
};

static bool is_filled(json_t *value)
{
    return json_object_size(value) > 0 || json_array_size(value) > 0;
}

static json_t *next(struct level *level, const char **name)
{
    json_t *value;

    if (json_is_array(level->container)) {
        *name = "-";
        return json_array_get(level->container, level->index++);
    }
    if (level->member == NULL)
        return NULL;
    *name = json_object_iter_key(level->member);
    value = json_object_iter_value(level->member);
    level->member = json_object_iter_next(level->container, level->member);
    return value;
}

static void print_name(unsigned depth, const char *name)
{
    printf("%*s", (int)(2 * depth), "");
    atls_terminal_put(stdout, name);
    fputs(strcmp(name, "-") == 0 ? " " : ": ", stdout);
}

static void print_outline(json_t *report)
{
    struct level levels[MAX_LEVEL] = {{report, json_object_iter(report), 0}};
    unsigned depth = 0;
    const char *name;

    for (;;) {
        json_t *value = next(&levels[depth], &name);

        if (value == NULL && depth-- == 0)
            return;
        if (value == NULL)
            continue;
        print_name(depth, name);
        if (!is_filled(value) || depth + 1 == MAX_LEVEL) {
            print_scalar(name, value);
            continue;
        }
        fputc('\n', stdout);
        levels[++depth] = (struct level){value, json_object_iter(value), 0};
    }
}

int atls_output_print(json_t *report, bool as_json, int status)
{
    if (as_json) {
        json_dumpf(report, stdout, JSON_INDENT(2));
        fputc('\n', stdout);
    } else {
        print_outline(report);
    }
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    perror("atls: standard output");
    return ATLS_EXIT_USAGE;
}
