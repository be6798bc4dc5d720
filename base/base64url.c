/* SPDX-License-Identifier: Apache-2.0
 *
 * base64url and hex.
 */
#include "base64url.h"

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char hex_digits[] = "0123456789abcdef";

/* The value of a digit, or -1. */
static int value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* Writes text.len * 6 / 8 bytes. RFC 4648, 3.5: the bits that the last
 * character has over are zero. */
static bool decode_digits(struct atls_view text, uint8_t *room)
{
    uint32_t bits = 0;
    unsigned num_bits = 0;

    for (size_t i = 0; i < text.len; i++) {
        int value = value_of(text.data[i]);

        if (value < 0)
            return false;
        bits = (bits << 6 | (uint32_t)value) & 0xffff;
        num_bits += 6;
        if (num_bits >= 8) {
            num_bits -= 8;
            *room++ = (uint8_t)(bits >> num_bits);
        }
    }
    return (bits & ((1U << num_bits) - 1)) == 0;
}

bool atls_base64url_decode(struct atls_view text, struct atls_buf *out)
{
    size_t before = out->len;
    uint8_t *room;

    if (text.len % 4 == 1)
        return false;
    if (text.len == 0)
        return !out->failed;
    room = atls_buf_room(out, text.len / 4 * 3 + text.len % 4 * 6 / 8);
    if (room == NULL)
        return false;
    if (decode_digits(text, room))
        return true;
    out->len = before;
    return false;
}

void atls_base64url_put(struct atls_buf *out, struct atls_view bytes)
{
    uint32_t bits = 0;
    unsigned num_bits = 0;

    for (size_t i = 0; i < bytes.len; i++) {
        bits = (bits << 8 | bytes.data[i]) & 0xffff;
        for (num_bits += 8; num_bits >= 6;) {
            num_bits -= 6;
            atls_buf_u8(out, (uint8_t)digits[bits >> num_bits & 0x3f]);
        }
    }
    if (num_bits > 0)
        atls_buf_u8(out, (uint8_t)digits[bits << (6 - num_bits) & 0x3f]);
}

static int hex_value_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool decode_hex(struct atls_view text, uint8_t *room)
{
    for (size_t i = 0; i < text.len; i += 2) {
        int high = hex_value_of(text.data[i]);
        int low = hex_value_of(text.data[i + 1]);

        if (high < 0 || low < 0)
            return false;
        *room++ = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool atls_hex_decode(struct atls_view text, struct atls_buf *out)
{
    size_t before = out->len;
    uint8_t *room;

    if (text.len % 2 != 0)
        return false;
    if (text.len == 0)
        return !out->failed;
    room = atls_buf_room(out, text.len / 2);
    if (room == NULL)
        return false;
    if (decode_hex(text, room))
        return true;
    out->len = before;
    return false;
}

void atls_hex(struct atls_view bytes, char *text, size_t size)
{
    size_t num_bytes;

    if (size == 0)
        return;
    num_bytes = bytes.len < (size - 1) / 2 ? bytes.len : (size - 1) / 2;
    for (size_t i = 0; i < num_bytes; i++) {
        *text++ = hex_digits[bytes.data[i] >> 4];
        *text++ = hex_digits[bytes.data[i] & 0xf];
    }
    *text = '\0';
}
