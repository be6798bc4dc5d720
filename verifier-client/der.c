/* SPDX-License-Identifier: Apache-2.0
 *
 * DER, value by value.
 */
#include "der.h"

/* X.690, 8.1.3 */
static size_t take_len(struct atls_reader *in)
{
    uint8_t first = atls_reader_u8(in);

    if (first < 0x80)
        return first;
    if (first == 0x81)
        return atls_reader_u8(in);
    if (first == 0x82)
        return atls_reader_u16(in);
    in->failed = true;
    return 0;
}

struct atls_view atls_der_take_any(struct atls_reader *in, uint8_t *tag)
{
    *tag = atls_reader_u8(in);
    return atls_reader_bytes(in, take_len(in));
}

struct atls_view atls_der_take(struct atls_reader *in, uint8_t tag)
{
    uint8_t seen;
    struct atls_view value = atls_der_take_any(in, &seen);

    in->failed = in->failed || seen != tag;
    return in->failed ? atls_view(NULL, 0) : value;
}

uint64_t atls_der_take_uint(struct atls_reader *in)
{
    struct atls_view value = atls_der_take(in, ATLS_DER_INTEGER);
    uint64_t number = 0;

    if (value.len == 0 || value.data[0] >= 0x80 ||
        value.len > sizeof(number) + (value.data[0] == 0)) {
        in->failed = true;
        return 0;
    }
    for (size_t i = 0; i < value.len; i++)
        number = number << 8 | value.data[i];
    return number;
}

bool atls_der_take_boolean(struct atls_reader *in)
{
    struct atls_view value = atls_der_take(in, ATLS_DER_BOOLEAN);
    bool is_true = value.len == 1 && value.data[0] == 0xff;

    if (value.len != 1 || (!is_true && value.data[0] != 0))
        in->failed = true;
    return is_true;
}
