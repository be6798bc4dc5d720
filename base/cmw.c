/* SPDX-License-Identifier: Apache-2.0
 *
 * The conceptual message wrapper (RFC 9999): which form a CMW has, and what the
 * forms have in common. The type of a collection is checked for its form only.
 */
#include "cmw.h"

#include "cbor.h"
#include "cmw_form.h"

static bool is_alpha(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* RFC 3986, 3.1 */
static bool is_of_scheme(uint8_t c)
{
    return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
}

/* RFC 3986, 4.3, as far as it tells a URI from other text: a scheme, a colon
 * and no white space or control characters. */
static bool is_absolute_uri(struct atls_view text)
{
    size_t i = 0;

    while (i < text.len && is_of_scheme(text.data[i]))
        i++;
    if (i == 0 || !is_alpha(text.data[0]) || i >= text.len - 1 ||
        text.data[i] != ':')
        return false;
    for (; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f)
            return false;
    return true;
}

static bool is_dotted_oid(struct atls_view text)
{
    unsigned num_dots = 0;

    for (size_t i = 0; i < text.len; i++) {
        bool is_dot = text.data[i] == '.';

        if (!is_dot && !is_digit(text.data[i]))
            return false;
        if (is_dot && (i == 0 || i == text.len - 1 || text.data[i - 1] == '.'))
            return false;
        num_dots += is_dot;
    }
    return num_dots > 0;
}

bool atls_cmw_is_collection_type(struct atls_view text)
{
    return text.len > 0 && (is_absolute_uri(text) || is_dotted_oid(text));
}

bool atls_cmw_is_media_type(struct atls_view text)
{
    return text.len > 0 && text.len <= ATLS_TYPE_MAX_TEXT;
}

bool atls_cmw_is_indicator(uint64_t value)
{
    return value > 0 && value <= UINT32_MAX;
}

/* RFC 9999, "CMW decoding": the first byte tells the form. 5b is '[', 7b is
 * '{'; 82 and 83 are arrays of two and three, 9f one of indefinite length, da
 * a tag of four bytes, a0 to bb and bf are maps. */
enum atls_reason atls_cmw_parse(struct atls_view bytes,
                                struct atls_buf *storage, struct atls_cmw *out,
                                struct atls_why *why)
{
    struct atls_why own = {0};
    uint8_t first;

    *out = (struct atls_cmw){0};
    if (why == NULL)
        why = &own;
    if (bytes.len > ATLS_CMW_MAX)
        return atls_why(why, ATLS_CMW_TOO_LARGE,
                        "CMW: want at most %d bytes, peer sent %zu",
                        ATLS_CMW_MAX, bytes.len);
    if (bytes.len == 0)
        return atls_why(why, ATLS_CMW_MALFORMED, "CMW: peer sent 0 bytes");
    first = bytes.data[0];
    if (first == '[' || first == '{')
        return atls_cmw_json_parse(bytes, storage, out, why);
    if (first == 0x82 || first == 0x83 || first == 0x9f || first == 0xda ||
        (first >= 0xa0 && first <= 0xbb) || first == 0xbf)
        return atls_cmw_cbor_parse(bytes, out, why);
    return atls_why(why, ATLS_CMW_MALFORMED,
                    "CMW: no form of it starts with byte 0x%02x", first);
}

enum atls_reason atls_cmw_members(const struct atls_cmw *cmw,
                                  struct atls_buf *storage,
                                  atls_cmw_member_fn *each, void *arg,
                                  struct atls_why *why)
{
    struct atls_why own = {0};

    if (why == NULL)
        why = &own;
    if (!cmw->is_collection)
        return atls_why(why, ATLS_CMW_MALFORMED,
                        "CMW: want a collection, peer sent a record");
    if (cmw->is_json)
        return atls_cmw_json_members(cmw->value, storage, each, arg, why);
    return atls_cmw_cbor_members(cmw->value, each, arg, why);
}

void atls_cmw_put(struct atls_buf *out, struct atls_type type,
                  struct atls_view value, uint32_t indicator)
{
    atls_cbor_put_array(out, indicator == 0 ? 2 : 3);
    if (type.is_format)
        atls_cbor_put_uint(out, type.format);
    else
        atls_cbor_put_text_view(out, type.text);
    atls_cbor_put_bytes(out, value);
    if (indicator != 0)
        atls_cbor_put_uint(out, indicator);
}

void atls_cmw_put_collection(struct atls_buf *out, struct atls_view type,
                             size_t num_members)
{
    atls_cbor_put_map(out, num_members + (type.len > 0));
    if (type.len == 0)
        return;
    atls_cbor_put_text(out, ATLS_CMW_COLLECTION_TYPE);
    atls_cbor_put_text_view(out, type);
}

void atls_cmw_put_label(struct atls_buf *out, struct atls_view label)
{
    atls_cbor_put_text_view(out, label);
}
