/* SPDX-License-Identifier: Apache-2.0
 *
 * Types of conceptual messages, compared by meaning. Media types are read as
 * RFC 9110, 8.3.1 writes them; nothing is copied.
 */
#include "type.h"

#include <stdio.h>
#include <string.h>

enum { MAX_PARAMETERS = 8 };

/* Content-Formats of the IANA registry of CoRE parameters: RFC 9052, 11.3,
 * RFC 9782, 6.3 and RFC 9783, 8.4 */
static const struct {
    uint16_t format;
    const char *text;
} registered[] = {
    {18, "application/cose; cose-type=\"cose-sign1\""},
    {263, "application/eat+cwt"},
    {264, "application/eat+jwt"},
    {265, "application/eat-bun+cbor"},
    {266, "application/eat-bun+json"},
    {267, "application/eat-ucs+cbor"},
    {268, "application/eat-ucs+json"},
    {10003, "application/eat+cwt; "
            "eat_profile=\"tag:psacertified.org,2023:psa#tfm\""},
    {10004, "application/eat+cwt; "
            "eat_profile=\"tag:psacertified.org,2019:psa#legacy\""},
};

/* A view of a media type. Values still have their quotes. */
struct media {
    struct atls_view type, subtype;
    size_t num_parameters;
    struct {
        struct atls_view name, value;
    } parameters[MAX_PARAMETERS];
};

struct atls_type atls_type_of_format(uint16_t format)
{
    return (struct atls_type){.is_format = true, .format = format};
}

struct atls_type atls_type_of_text(struct atls_view text)
{
    return (struct atls_type){.text = text};
}

/* The media type of a type; empty where none is registered. */
static struct atls_view media_type_of(struct atls_type type)
{
    if (!type.is_format)
        return type.text;
    for (size_t i = 0; i < sizeof(registered) / sizeof(registered[0]); i++)
        if (registered[i].format == type.format)
            return atls_view_text(registered[i].text);
    return atls_view(NULL, 0);
}

/* RFC 9110, 5.6.2 */
static bool is_tchar(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static uint8_t peek(const struct atls_reader *in)
{
    return in->left > 0 ? *in->at : '\0';
}

static void skip_white_space(struct atls_reader *in)
{
    while (peek(in) == ' ' || peek(in) == '\t')
        (void)atls_reader_u8(in);
}

static struct atls_view take_token(struct atls_reader *in)
{
    const uint8_t *start = in->at;

    while (is_tchar(peek(in)))
        (void)atls_reader_u8(in);
    if (in->at == start)
        in->failed = true;
    return atls_view(start, (size_t)(in->at - start));
}

static void take_char(struct atls_reader *in, uint8_t c)
{
    if (atls_reader_u8(in) != c)
        in->failed = true;
}

/* RFC 9110, 5.6.4, with its quotes */
static struct atls_view take_quoted(struct atls_reader *in)
{
    const uint8_t *start = in->at;
    uint8_t c = atls_reader_u8(in);

    do {
        c = atls_reader_u8(in);
        if (c == '\\' && atls_reader_u8(in) < ' ')
            in->failed = true;
        if ((c < ' ' && c != '\t') || c == 0x7f)
            in->failed = true;
    } while (c != '"' && !in->failed);
    return atls_view(start, (size_t)(in->at - start));
}

/* tolower() asks the program's locale. */
static uint8_t to_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool names_equal(struct atls_view a, struct atls_view b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (to_lower(a.data[i]) != to_lower(b.data[i]))
            return false;
    return true;
}

/* The parameter of that name; its value is unset when there is none. */
static struct atls_view find_parameter(const struct media *media,
                                       struct atls_view name)
{
    for (size_t i = 0; i < media->num_parameters; i++)
        if (names_equal(media->parameters[i].name, name))
            return media->parameters[i].value;
    return atls_view(NULL, 0);
}

static void take_parameter(struct atls_reader *in, struct media *media)
{
    struct atls_view name = take_token(in), value;

    take_char(in, '=');
    value = peek(in) == '"' ? take_quoted(in) : take_token(in);
    if (in->failed || media->num_parameters == MAX_PARAMETERS ||
        find_parameter(media, name).data != NULL) {
        in->failed = true;
        return;
    }
    media->parameters[media->num_parameters].name = name;
    media->parameters[media->num_parameters++].value = value;
}

static bool parse_media(struct atls_view text, struct media *media)
{
    struct atls_reader in = atls_reader(text);

    if (text.len > ATLS_TYPE_MAX_TEXT)
        return false;
    media->num_parameters = 0;
    media->type = take_token(&in);
    take_char(&in, '/');
    media->subtype = take_token(&in);
    skip_white_space(&in);
    while (atls_reader_more(&in)) {
        take_char(&in, ';');
        skip_white_space(&in);
        take_parameter(&in, media);
        skip_white_space(&in);
    }
    return atls_reader_done(&in);
}

static bool parse_number(struct atls_view spelling, uint16_t *format)
{
    uint32_t value = 0;

    if (spelling.len == 0 || spelling.len > 5 ||
        (spelling.len > 1 && spelling.data[0] == '0'))
        return false;
    for (size_t i = 0; i < spelling.len; i++) {
        if (spelling.data[i] < '0' || spelling.data[i] > '9')
            return false;
        value = value * 10 + (uint32_t)(spelling.data[i] - '0');
    }
    *format = (uint16_t)value;
    return value <= UINT16_MAX;
}

bool atls_type_parse(struct atls_view spelling, struct atls_type *out)
{
    struct media media;
    uint16_t format;

    if (parse_number(spelling, &format)) {
        *out = atls_type_of_format(format);
        return true;
    }
    if (!parse_media(spelling, &media))
        return false;
    *out = atls_type_of_text(spelling);
    return true;
}

/* The next character of a value without its quoting; -1 at its end. */
static int next_char(struct atls_reader *value, bool is_quoted)
{
    uint8_t c;

    if (!atls_reader_more(value))
        return -1;
    c = atls_reader_u8(value);
    if (is_quoted && c == '\\')
        c = atls_reader_u8(value);
    return c;
}

static struct atls_reader unquote(struct atls_view value, bool *is_quoted)
{
    *is_quoted = value.len >= 2 && value.data[0] == '"';
    if (*is_quoted)
        value = atls_view(value.data + 1, value.len - 2);
    return atls_reader(value);
}

static bool values_equal(struct atls_view a, struct atls_view b)
{
    bool a_is_quoted, b_is_quoted;
    struct atls_reader left = unquote(a, &a_is_quoted);
    struct atls_reader right = unquote(b, &b_is_quoted);
    int c;

    do {
        c = next_char(&left, a_is_quoted);
        if (next_char(&right, b_is_quoted) != c)
            return false;
    } while (c >= 0);
    return true;
}

static bool media_equal(const struct media *a, const struct media *b)
{
    if (!names_equal(a->type, b->type) ||
        !names_equal(a->subtype, b->subtype) ||
        a->num_parameters != b->num_parameters)
        return false;
    for (size_t i = 0; i < a->num_parameters; i++) {
        struct atls_view other = find_parameter(b, a->parameters[i].name);

        if (other.data == NULL || !values_equal(a->parameters[i].value, other))
            return false;
    }
    return true;
}

bool atls_type_equal(struct atls_type a, struct atls_type b)
{
    struct atls_view a_text, b_text;
    struct media a_media, b_media;

    if (a.is_format && b.is_format)
        return a.format == b.format;
    a_text = media_type_of(a);
    b_text = media_type_of(b);
    if (parse_media(a_text, &a_media) && parse_media(b_text, &b_media))
        return media_equal(&a_media, &b_media);
    return a.is_format == b.is_format && atls_view_equal(a_text, b_text);
}

bool atls_type_is_collection(struct atls_type type)
{
    struct media media;

    return parse_media(media_type_of(type), &media) &&
           names_equal(media.type, atls_view_text("application")) &&
           (names_equal(media.subtype, atls_view_text("cmw+cbor")) ||
            names_equal(media.subtype, atls_view_text("cmw+json")));
}

struct atls_type atls_type_shortest(struct atls_type type)
{
    for (size_t i = 0; i < sizeof(registered) / sizeof(registered[0]); i++) {
        struct atls_type number = atls_type_of_format(registered[i].format);

        if (!type.is_format && atls_type_equal(number, type))
            return number;
    }
    return type;
}

void atls_type_text(struct atls_type type, char *text, size_t size)
{
    struct atls_view media = media_type_of(type);
    size_t len = size == 0 || media.len < size ? media.len : size - 1;

    if (size == 0)
        return;
    if (media.len == 0 && type.is_format) {
        snprintf(text, size, "%u", type.format);
        return;
    }
    for (size_t i = 0; i < len; i++)
        text[i] = media.data[i] >= ' ' && media.data[i] < 0x7f
                      ? (char)media.data[i]
                      : '?';
    text[len] = '\0';
}
