/* SPDX-License-Identifier: Apache-2.0
 *
 * Views, readers and bufs.
 */
#include "bytes.h"

#include <string.h>

#include <openssl/crypto.h>

struct atls_view atls_view_text(const char *text)
{
    return atls_view(text, strlen(text));
}

bool atls_view_equal(struct atls_view a, struct atls_view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool atls_view_is(struct atls_view view, const char *text)
{
    return atls_view_equal(view, atls_view_text(text));
}

struct atls_reader atls_reader(struct atls_view bytes)
{
    return (struct atls_reader){bytes.data, bytes.len, false};
}

struct atls_view atls_reader_bytes(struct atls_reader *in, size_t len)
{
    struct atls_view bytes = {in->at, len};

    if (in->failed || len > in->left) {
        in->failed = true;
        in->left = 0;
        return atls_view(NULL, 0);
    }
    if (len != 0)
        in->at += len;
    in->left -= len;
    return bytes;
}

static uint64_t read_integer(struct atls_reader *in, size_t width)
{
    struct atls_view bytes = atls_reader_bytes(in, width);
    uint64_t value = 0;

    for (size_t i = 0; i < bytes.len; i++)
        value = value << 8 | bytes.data[i];
    return value;
}

uint8_t atls_reader_u8(struct atls_reader *in)
{
    return (uint8_t)read_integer(in, 1);
}

uint16_t atls_reader_u16(struct atls_reader *in)
{
    return (uint16_t)read_integer(in, 2);
}

uint32_t atls_reader_u24(struct atls_reader *in)
{
    return (uint32_t)read_integer(in, 3);
}

uint32_t atls_reader_u32(struct atls_reader *in)
{
    return (uint32_t)read_integer(in, 4);
}

uint64_t atls_reader_u64(struct atls_reader *in)
{
    return read_integer(in, 8);
}

struct atls_view atls_reader_u8_block(struct atls_reader *in)
{
    return atls_reader_bytes(in, atls_reader_u8(in));
}

struct atls_view atls_reader_u16_block(struct atls_reader *in)
{
    return atls_reader_bytes(in, atls_reader_u16(in));
}

struct atls_view atls_reader_u24_block(struct atls_reader *in)
{
    return atls_reader_bytes(in, atls_reader_u24(in));
}

bool atls_reader_more(const struct atls_reader *in)
{
    return !in->failed && in->left > 0;
}

bool atls_reader_done(const struct atls_reader *in)
{
    return !in->failed && in->left == 0;
}

struct atls_buf atls_buf(size_t max)
{
    return (struct atls_buf){.max = max};
}

void atls_buf_clear(struct atls_buf *buf)
{
    if (buf->data != NULL)
        OPENSSL_cleanse(buf->data, buf->size);
    free(buf->data);
    *buf = atls_buf(buf->max);
}

static bool grow(struct atls_buf *out, size_t need)
{
    size_t size = out->size < 32 ? 64 : 2 * out->size;
    uint8_t *data;

    if (size < need)
        size = need; /* who asks for much at once knows how much */
    if (size > out->max)
        size = out->max;
    data = malloc(size);
    if (data == NULL)
        return false;
    if (out->len != 0)
        memcpy(data, out->data, out->len);
    if (out->data != NULL)
        OPENSSL_cleanse(out->data, out->size);
    free(out->data);
    out->data = data;
    out->size = size;
    return true;
}

uint8_t *atls_buf_room(struct atls_buf *out, size_t len)
{
    uint8_t *room;

    if (out->failed || len > out->max - out->len ||
        (out->len + len > out->size && !grow(out, out->len + len))) {
        out->failed = true;
        return NULL;
    }
    room = out->data + out->len;
    out->len += len;
    return room;
}

void atls_buf_put(struct atls_buf *out, struct atls_view bytes)
{
    uint8_t *room;

    if (bytes.len == 0)
        return;
    room = atls_buf_room(out, bytes.len);
    if (room != NULL)
        memcpy(room, bytes.data, bytes.len);
}

void atls_buf_text(struct atls_buf *out, const char *text)
{
    atls_buf_put(out, atls_view_text(text));
}

static void store_integer(uint8_t *room, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        room[i] = (uint8_t)(value >> 8 * (width - 1 - i));
}

static void put_integer(struct atls_buf *out, uint64_t value, size_t width)
{
    uint8_t *room = atls_buf_room(out, width);

    if (room != NULL)
        store_integer(room, value, width);
}

void atls_buf_u8(struct atls_buf *out, uint8_t value)
{
    put_integer(out, value, 1);
}

void atls_buf_u16(struct atls_buf *out, uint16_t value)
{
    put_integer(out, value, 2);
}

void atls_buf_u24(struct atls_buf *out, uint32_t value)
{
    put_integer(out, value, 3);
}

void atls_buf_u32(struct atls_buf *out, uint32_t value)
{
    put_integer(out, value, 4);
}

void atls_buf_u64(struct atls_buf *out, uint64_t value)
{
    put_integer(out, value, 8);
}

size_t atls_buf_begin(struct atls_buf *out, unsigned width)
{
    size_t at = out->len;

    put_integer(out, 0, width);
    return at;
}

void atls_buf_end(struct atls_buf *out, size_t at, unsigned width)
{
    size_t len;

    if (out->failed)
        return;
    len = out->len - at - width;
    if (len >> (8 * width) != 0)
        out->failed = true;
    else
        store_integer(out->data + at, len, width);
}
