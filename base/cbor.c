/* SPDX-License-Identifier: Apache-2.0
 *
 * CBOR, one token at a time. libcbor's cbor_stream_decode reads heads and
 * finds those that RFC 8949, appendix F calls not well-formed; what nests,
 * repeats or grows is held to the limits here. Simple values other than
 * false, true, null and undefined are refused.
 */
#include "cbor_token.h"

#include <string.h>

#include <cbor/streaming.h>

static void set_argument(void *token, enum atls_cbor_type type, uint64_t value)
{
    *(struct atls_cbor_token *)token =
        (struct atls_cbor_token){.type = type, .argument = value};
}

static void set_indefinite(void *token, enum atls_cbor_type type)
{
    *(struct atls_cbor_token *)token =
        (struct atls_cbor_token){.type = type, .is_indefinite = true};
}

#define ON_ARGUMENT(name, c_type, cbor_type)                                   \
    static void name(void *token, c_type value)                                \
    {                                                                          \
        set_argument(token, cbor_type, value);                                 \
    }
#define ON_INDEFINITE(name, cbor_type)                                         \
    static void name(void *token)                                              \
    {                                                                          \
        set_indefinite(token, cbor_type);                                      \
    }
#define ON_STRING(name, cbor_type)                                             \
    static void name(void *token, cbor_data data, size_t len)                  \
    {                                                                          \
        *(struct atls_cbor_token *)token = (struct atls_cbor_token){           \
            .type = cbor_type, .string = {data, len}};                         \
    }
#define ON_FLOAT(name, c_type)                                                 \
    static void name(void *token, c_type value)                                \
    {                                                                          \
        (void)value;                                                           \
        set_argument(token, ATLS_CBOR_FLOAT, 0);                               \
    }

ON_ARGUMENT(on_uint8, uint8_t, ATLS_CBOR_UINT)
ON_ARGUMENT(on_uint16, uint16_t, ATLS_CBOR_UINT)
ON_ARGUMENT(on_uint32, uint32_t, ATLS_CBOR_UINT)
ON_ARGUMENT(on_uint64, uint64_t, ATLS_CBOR_UINT)
ON_ARGUMENT(on_negint8, uint8_t, ATLS_CBOR_NEGINT)
ON_ARGUMENT(on_negint16, uint16_t, ATLS_CBOR_NEGINT)
ON_ARGUMENT(on_negint32, uint32_t, ATLS_CBOR_NEGINT)
ON_ARGUMENT(on_negint64, uint64_t, ATLS_CBOR_NEGINT)
ON_ARGUMENT(on_array, size_t, ATLS_CBOR_ARRAY)
ON_ARGUMENT(on_map, size_t, ATLS_CBOR_MAP)
ON_ARGUMENT(on_tag, uint64_t, ATLS_CBOR_TAG)
ON_ARGUMENT(on_bool, bool, ATLS_CBOR_BOOL)
ON_INDEFINITE(on_indefinite_bytes, ATLS_CBOR_BYTES)
ON_INDEFINITE(on_indefinite_text, ATLS_CBOR_TEXT)
ON_INDEFINITE(on_indefinite_array, ATLS_CBOR_ARRAY)
ON_INDEFINITE(on_indefinite_map, ATLS_CBOR_MAP)
ON_INDEFINITE(on_null, ATLS_CBOR_NULL)
ON_INDEFINITE(on_break, ATLS_CBOR_BREAK)
ON_STRING(on_bytes, ATLS_CBOR_BYTES)
ON_STRING(on_text, ATLS_CBOR_TEXT)
ON_FLOAT(on_float, float)
ON_FLOAT(on_double, double)

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = on_negint8,
    .negint16 = on_negint16,
    .negint32 = on_negint32,
    .negint64 = on_negint64,
    .byte_string_start = on_indefinite_bytes,
    .byte_string = on_bytes,
    .string = on_text,
    .string_start = on_indefinite_text,
    .indef_array_start = on_indefinite_array,
    .array_start = on_array,
    .indef_map_start = on_indefinite_map,
    .map_start = on_map,
    .tag = on_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_null,
    .null = on_null,
    .boolean = on_bool,
    .indef_break = on_break,
};

/* Continuation bytes that a lead byte of UTF-8 asks for; -1: not a lead. */
static int continuation_of(uint8_t lead)
{
    if (lead < 0x80)
        return 0;
    if (lead < 0xc2 || lead > 0xf4)
        return -1;
    return lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
}

/* RFC 3629, 4: overlong forms, surrogates and what is beyond U+10FFFF show in
 * the second byte. */
static bool second_fits(uint8_t lead, uint8_t second)
{
    switch (lead) {
    case 0xe0:
        return second >= 0xa0;
    case 0xed:
        return second < 0xa0;
    case 0xf0:
        return second >= 0x90;
    case 0xf4:
        return second < 0x90;
    default:
        return true;
    }
}

static bool is_utf8(struct atls_view text)
{
    size_t i = 0;

    while (i < text.len) {
        uint8_t lead = text.data[i++];
        int more = continuation_of(lead);

        if (more < 0 || (size_t)more > text.len - i ||
            (more > 0 && !second_fits(lead, text.data[i])))
            return false;
        for (; more > 0; more--)
            if ((text.data[i++] & 0xc0) != 0x80)
                return false;
    }
    return true;
}

void atls_cbor_fail(struct atls_cbor *in)
{
    in->in.failed = true;
    in->in.left = 0;
}

bool atls_cbor_failed(const struct atls_cbor *in)
{
    return in->in.failed;
}

bool atls_cbor_done(const struct atls_cbor *in)
{
    return atls_reader_done(&in->in);
}

struct atls_cbor atls_cbor(struct atls_view bytes)
{
    return (struct atls_cbor){.in = atls_reader(bytes)};
}

/* libcbor 0.8 takes the tags 6 to 20 for errors where they have one byte;
 * COSE_Sign1 is 18. */
static bool is_short_tag(uint8_t head)
{
    return head >> 5 == 6 && (head & 0x1f) < 24;
}

/* The next token, and how many bytes it has; 0: none, or not well-formed. */
static size_t read_token(const struct atls_cbor *in,
                         struct atls_cbor_token *token)
{
    struct cbor_decoder_result result;

    *token = (struct atls_cbor_token){.type = ATLS_CBOR_NOTHING};
    if (!atls_reader_more(&in->in))
        return 0;
    if (is_short_tag(*in->in.at)) {
        set_argument(token, ATLS_CBOR_TAG, *in->in.at & 0x1f);
        return 1;
    }
    result = cbor_stream_decode(in->in.at, in->in.left, &callbacks, token);
    if (result.status == CBOR_DECODER_FINISHED &&
        token->type != ATLS_CBOR_NOTHING)
        return result.read;
    token->type = ATLS_CBOR_NOTHING;
    return 0;
}

struct atls_cbor_token atls_cbor_take_token(struct atls_cbor *in)
{
    struct atls_cbor_token token;
    size_t len = read_token(in, &token);

    if (len == 0 || (token.type == ATLS_CBOR_TEXT && !is_utf8(token.string))) {
        atls_cbor_fail(in);
        return (struct atls_cbor_token){.type = ATLS_CBOR_NOTHING};
    }
    (void)atls_reader_bytes(&in->in, len);
    return token;
}

static struct atls_cbor_token take(struct atls_cbor *in,
                                   enum atls_cbor_type type)
{
    struct atls_cbor_token token = atls_cbor_take_token(in);

    if (token.type == type)
        return token;
    atls_cbor_fail(in);
    return (struct atls_cbor_token){.type = ATLS_CBOR_NOTHING};
}

enum atls_cbor_type atls_cbor_peek(const struct atls_cbor *in)
{
    struct atls_cbor_token token;

    (void)read_token(in, &token);
    return token.type;
}

uint64_t atls_cbor_uint(struct atls_cbor *in)
{
    return take(in, ATLS_CBOR_UINT).argument;
}

int64_t atls_cbor_int(struct atls_cbor *in)
{
    struct atls_cbor_token token = atls_cbor_take_token(in);

    if ((token.type == ATLS_CBOR_UINT || token.type == ATLS_CBOR_NEGINT) &&
        token.argument <= INT64_MAX)
        return token.type == ATLS_CBOR_UINT ? (int64_t)token.argument
                                            : -1 - (int64_t)token.argument;
    atls_cbor_fail(in);
    return 0;
}

static struct atls_view take_string(struct atls_cbor *in,
                                    enum atls_cbor_type type)
{
    struct atls_cbor_token token = take(in, type);

    if (token.is_indefinite)
        atls_cbor_fail(in);
    return token.string;
}

struct atls_view atls_cbor_bytes(struct atls_cbor *in)
{
    return take_string(in, ATLS_CBOR_BYTES);
}

struct atls_view atls_cbor_text(struct atls_cbor *in)
{
    return take_string(in, ATLS_CBOR_TEXT);
}

bool atls_cbor_bool(struct atls_cbor *in)
{
    return take(in, ATLS_CBOR_BOOL).argument != 0;
}

void atls_cbor_null(struct atls_cbor *in)
{
    (void)take(in, ATLS_CBOR_NULL);
}

void atls_cbor_go_deeper(struct atls_cbor *in)
{
    if (in->depth >= ATLS_CBOR_MAX_DEPTH)
        atls_cbor_fail(in);
    else
        in->depth++;
}

uint64_t atls_cbor_tag(struct atls_cbor *in)
{
    uint64_t tag = take(in, ATLS_CBOR_TAG).argument;

    atls_cbor_go_deeper(in);
    return in->in.failed ? 0 : tag;
}

/* What an integer says, or how long a string is, and where the content of the
 * string starts. The head was read by cbor_stream_decode before: it is whole,
 * and its length is definite. */
static uint64_t read_head(const uint8_t **at)
{
    uint8_t low = *(*at)++ & 0x1f;
    uint64_t value = 0;

    if (low < 24)
        return low;
    for (unsigned width = 1U << (low - 24); width > 0; width--)
        value = value << 8 | *(*at)++;
    return value;
}

/* RFC 8949, 5.6.1: integers are equal by value and strings by content, however
 * their heads are encoded. */
static bool keys_equal(const uint8_t *a, const uint8_t *b)
{
    unsigned major = *a >> 5;
    uint64_t argument;

    if (*b >> 5 != major)
        return false;
    argument = read_head(&a);
    if (read_head(&b) != argument)
        return false;
    return major < 2 || memcmp(a, b, argument) == 0;
}

bool atls_cbor_is_key(const struct atls_cbor_token *key)
{
    return key->type == ATLS_CBOR_UINT || key->type == ATLS_CBOR_NEGINT ||
           ((key->type == ATLS_CBOR_BYTES || key->type == ATLS_CBOR_TEXT) &&
            !key->is_indefinite);
}

/* Is the key at `at` new among those whose offsets from start are given? */
bool atls_cbor_key_is_new(const uint8_t *at, const uint8_t *start,
                          const uint32_t *keys, size_t num_keys)
{
    if ((uint64_t)(at - start) > UINT32_MAX)
        return false;
    for (size_t i = 0; i < num_keys; i++)
        if (keys_equal(at, start + keys[i]))
            return false;
    return true;
}

static void open_container(struct atls_cbor *in, struct atls_cbor_iter *iter,
                           enum atls_cbor_type type)
{
    unsigned depth = in->depth;
    struct atls_cbor_token token = take(in, type);

    atls_cbor_go_deeper(in);
    if (!token.is_indefinite && token.argument > ATLS_CBOR_MAX_ENTRIES)
        atls_cbor_fail(in);
    iter->left = token.is_indefinite ? UINT64_MAX : token.argument;
    iter->num_seen = 0;
    iter->depth = depth;
    iter->is_map = type == ATLS_CBOR_MAP;
    iter->start = in->in.at;
}

void atls_cbor_array(struct atls_cbor *in, struct atls_cbor_iter *iter)
{
    open_container(in, iter, ATLS_CBOR_ARRAY);
}

void atls_cbor_map(struct atls_cbor *in, struct atls_cbor_iter *iter)
{
    open_container(in, iter, ATLS_CBOR_MAP);
}

/* Takes the break of an indefinite length, when it stands here. */
bool atls_cbor_ends(struct atls_cbor *in, bool is_indefinite, uint64_t left)
{
    if (!is_indefinite)
        return left == 0;
    if (atls_cbor_peek(in) != ATLS_CBOR_BREAK)
        return false;
    (void)atls_cbor_take_token(in);
    return true;
}

static bool remember_key(struct atls_cbor *in, struct atls_cbor_iter *iter)
{
    struct atls_cbor_token key;

    if (read_token(in, &key) == 0 || !atls_cbor_is_key(&key) ||
        !atls_cbor_key_is_new(in->in.at, iter->start, iter->keys,
                              iter->num_seen))
        return false;
    iter->keys[iter->num_seen] = (uint32_t)(in->in.at - iter->start);
    return true;
}

bool atls_cbor_next(struct atls_cbor *in, struct atls_cbor_iter *iter)
{
    bool is_indefinite = iter->left == UINT64_MAX;

    if (in->in.failed)
        return false;
    if (atls_cbor_ends(in, is_indefinite, iter->left)) {
        in->depth = iter->depth;
        return false;
    }
    if (iter->num_seen == ATLS_CBOR_MAX_ENTRIES ||
        (iter->is_map && !remember_key(in, iter))) {
        atls_cbor_fail(in);
        return false;
    }
    in->depth = iter->depth + 1;
    iter->num_seen++;
    if (!is_indefinite)
        iter->left--;
    return true;
}
