/* SPDX-License-Identifier: Apache-2.0
 *
 * The CBOR encoder (RFC 8949, 4.2.1, but for the order of keys, which is the
 * caller's).
 */
#include "cbor.h"

/* RFC 8949, 3.1: three bits of major type, and the shortest argument. */
static void put_head(struct atls_buf *out, unsigned major, uint64_t argument)
{
    uint8_t first = (uint8_t)(major << 5);

    if (argument < 24) {
        atls_buf_u8(out, (uint8_t)(first | argument));
    } else if (argument <= UINT8_MAX) {
        atls_buf_u8(out, first | 24);
        atls_buf_u8(out, (uint8_t)argument);
    } else if (argument <= UINT16_MAX) {
        atls_buf_u8(out, first | 25);
        atls_buf_u16(out, (uint16_t)argument);
    } else if (argument <= UINT32_MAX) {
        atls_buf_u8(out, first | 26);
        atls_buf_u32(out, (uint32_t)argument);
    } else {
        atls_buf_u8(out, first | 27);
        atls_buf_u64(out, argument);
    }
}

void atls_cbor_put_uint(struct atls_buf *out, uint64_t value)
{
    put_head(out, 0, value);
}

void atls_cbor_put_int(struct atls_buf *out, int64_t value)
{
    if (value >= 0)
        put_head(out, 0, (uint64_t)value);
    else
        put_head(out, 1, (uint64_t)(-1 - value));
}

void atls_cbor_put_bytes_head(struct atls_buf *out, uint64_t len)
{
    put_head(out, 2, len);
}

void atls_cbor_put_bytes(struct atls_buf *out, struct atls_view bytes)
{
    atls_cbor_put_bytes_head(out, bytes.len);
    atls_buf_put(out, bytes);
}

void atls_cbor_put_text(struct atls_buf *out, const char *text)
{
    atls_cbor_put_text_view(out, atls_view_text(text));
}

void atls_cbor_put_text_view(struct atls_buf *out, struct atls_view text)
{
    put_head(out, 3, text.len);
    atls_buf_put(out, text);
}

void atls_cbor_put_array(struct atls_buf *out, uint64_t num_items)
{
    put_head(out, 4, num_items);
}

void atls_cbor_put_map(struct atls_buf *out, uint64_t num_pairs)
{
    put_head(out, 5, num_pairs);
}

void atls_cbor_put_tag(struct atls_buf *out, uint64_t tag)
{
    put_head(out, 6, tag);
}
