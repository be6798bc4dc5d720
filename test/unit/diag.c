/* SPDX-License-Identifier: Apache-2.0
 *
 * Diagnostic notation to CBOR, for tests: recursive, as the text is ours.
 */
#include "diag.h"

#include <string.h>

#include "base64url.h"
#include "cbor.h"

static struct atls_view take_until(struct atls_reader *in, char end);

static void skip_space(struct atls_reader *in)
{
    while (in->left > 0 && strchr(" \t\r\n/", *in->at) != NULL)
        if (atls_reader_u8(in) == '/')
            (void)take_until(in, '/');
}

static bool take(struct atls_reader *in, char wanted)
{
    skip_space(in);
    if (in->left == 0 || *in->at != (uint8_t)wanted)
        return false;
    (void)atls_reader_u8(in);
    return true;
}

static struct atls_view take_until(struct atls_reader *in, char end)
{
    const uint8_t *found = memchr(in->at, end, in->left);
    struct atls_view text;

    if (found == NULL) {
        in->failed = true;
        return atls_view(NULL, 0);
    }
    text = atls_reader_bytes(in, (size_t)(found - in->at));
    (void)atls_reader_u8(in);
    return text;
}

enum { MAX = 65536 };

static void put_item(struct atls_reader *in, struct atls_buf *out);

/* A number; before a parenthesis a tag's. */
static void put_number(struct atls_reader *in, struct atls_buf *out)
{
    bool is_negative = take(in, '-');
    uint64_t value = 0;

    in->failed = in->failed || in->left == 0 || *in->at < '0' || *in->at > '9';
    while (in->left > 0 && *in->at >= '0' && *in->at <= '9')
        value = 10 * value + (uint64_t)(atls_reader_u8(in) - '0');
    if (is_negative) {
        atls_cbor_put_int(out, -(int64_t)value);
    } else if (!take(in, '(')) {
        atls_cbor_put_uint(out, value);
    } else {
        atls_cbor_put_tag(out, value);
        put_item(in, out);
        in->failed = in->failed || !take(in, ')');
    }
}

static void put_embedded(struct atls_reader *in, struct atls_buf *out)
{
    ATLS_AUTO_BUF item = atls_buf(MAX);

    put_item(in, &item);
    in->failed = in->failed || !take(in, '>') || !take(in, '>');
    atls_cbor_put_bytes(out, atls_buf_view(&item));
}

static void put_bytes(struct atls_reader *in, struct atls_buf *out)
{
    ATLS_AUTO_BUF bytes = atls_buf(MAX);

    if (!atls_hex_decode(take_until(in, '\''), &bytes))
        in->failed = true;
    atls_cbor_put_bytes(out, atls_buf_view(&bytes));
}

static void put_list(struct atls_reader *in, char end, struct atls_buf *out)
{
    ATLS_AUTO_BUF items = atls_buf(MAX);
    uint64_t num = 0;

    while (!in->failed && !take(in, end)) {
        put_item(in, &items);
        num++;
        if (end == '}') {
            in->failed = in->failed || !take(in, ':');
            put_item(in, &items);
        }
        (void)take(in, ',');
    }
    if (end == '}')
        atls_cbor_put_map(out, num);
    else
        atls_cbor_put_array(out, num);
    atls_buf_put(out, atls_buf_view(&items));
}

static void put_item(struct atls_reader *in, struct atls_buf *out)
{
    if (in->failed)
        return;
    if (take(in, '{'))
        put_list(in, '}', out);
    else if (take(in, '['))
        put_list(in, ']', out);
    else if (take(in, '"'))
        atls_cbor_put_text_view(out, take_until(in, '"'));
    else if (take(in, 'h') && take(in, '\''))
        put_bytes(in, out);
    else if (take(in, '<') && take(in, '<'))
        put_embedded(in, out);
    else
        put_number(in, out);
}

bool diag_encode(struct atls_view text, struct atls_buf *out)
{
    struct atls_reader in = atls_reader(text);

    put_item(&in, out);
    skip_space(&in);
    return atls_reader_done(&in) && !out->failed;
}
