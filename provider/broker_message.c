/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker's messages.
 */
#include "provider/broker_message.h"

enum { VERSION = 1 };

static void put_u8_block(struct atls_buf *out, struct atls_view bytes)
{
    atls_buf_u8(out, (uint8_t)bytes.len);
    atls_buf_put(out, bytes);
}

static void put_u16_block(struct atls_buf *out, struct atls_view bytes)
{
    atls_buf_u16(out, (uint16_t)bytes.len);
    atls_buf_put(out, bytes);
}

void atls_broker_request_put(struct atls_buf *out,
                             const struct atls_broker_request *request)
{
    atls_buf_u8(out, VERSION);
    atls_buf_u8(out, (uint8_t)request->kind);
    atls_buf_u32(out, request->timeout_ms);
    put_u8_block(out, request->format);
    put_u16_block(out, request->origin);
}

bool atls_broker_request_read(struct atls_view bytes,
                              struct atls_broker_request *out)
{
    struct atls_reader in = atls_reader(bytes);
    uint8_t version = atls_reader_u8(&in), kind = atls_reader_u8(&in);

    out->kind =
        kind == ATLS_BROKER_QUOTE ? ATLS_BROKER_QUOTE : ATLS_BROKER_DESCRIBE;
    out->timeout_ms = atls_reader_u32(&in);
    out->format = atls_reader_u8_block(&in);
    out->origin = atls_reader_u16_block(&in);
    return atls_reader_done(&in) && version == VERSION &&
           kind <= ATLS_BROKER_QUOTE;
}

static enum atls_reason reason_of(struct atls_view name)
{
#define REASON(reason, alert, text)                                            \
    if (atls_view_is(name, #reason))                                           \
        return ATLS_##reason;
#include "atls/reason.def"
#undef REASON
    return atls_view_is(name, "OK") ? ATLS_OK : ATLS_ATTESTER_FAILED;
}

void atls_broker_reply_put(struct atls_buf *out,
                           const struct atls_broker_reply *reply)
{
    atls_buf_u8(out, VERSION);
    put_u8_block(out, atls_view_text(atls_reason_name(reply->reason)));
    put_u16_block(out, reply->text);
    atls_buf_u24(out, (uint32_t)reply->body.len);
    atls_buf_put(out, reply->body);
}

bool atls_broker_reply_read(struct atls_view bytes,
                            struct atls_broker_reply *out)
{
    struct atls_reader in = atls_reader(bytes);
    uint8_t version = atls_reader_u8(&in);

    out->reason = reason_of(atls_reader_u8_block(&in));
    out->text = atls_reader_u16_block(&in);
    out->body = atls_reader_u24_block(&in);
    return atls_reader_done(&in) && version == VERSION;
}
