/* SPDX-License-Identifier: Apache-2.0
 *
 * What the broker and its clients read of each other; the first byte says
 * which. A request that is read is written as it came.
 */
#include "fuzz.h"

#include "provider/broker_message.h"

const char fuzz_target[] = "broker";

static void read_request(struct atls_view bytes)
{
    ATLS_AUTO_BUF out = atls_buf(1 << 17);
    struct atls_broker_request request;

    if (!atls_broker_request_read(bytes, &request))
        return;
    atls_broker_request_put(&out, &request);
    fuzz_must(atls_view_equal(atls_buf_view(&out), bytes));
}

static void read_reply(struct atls_view bytes)
{
    struct atls_broker_reply reply;

    if (atls_broker_reply_read(bytes, &reply))
        fuzz_must(reply.text.len + reply.body.len < bytes.len);
}

static void read_origin(struct atls_view bytes)
{
    struct atls_origin origin;
    struct atls_secret challenge;

    if (atls_origin_read(bytes, &origin, NULL) != ATLS_OK)
        return;
    fuzz_must(atls_origin_challenge(&origin, &challenge, NULL) == ATLS_OK);
    fuzz_must(challenge.len == (origin.kind == ATLS_ORIGIN_DELEGATE
                                    ? ATLS_DELEGATION_HASH
                                    : origin.secret.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static void (*const readers[])(struct atls_view) = {
        read_request, read_reply, read_origin};

    if (len > 0)
        readers[data[0] % 3](atls_view(data + 1, len - 1));
    return 0;
}
