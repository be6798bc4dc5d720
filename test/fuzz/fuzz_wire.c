/* SPDX-License-Identifier: Apache-2.0
 *
 * The extension's messages; the first byte says which. What is read is written
 * again and must read the same.
 */
#include "fuzz.h"

#include "ext/wire.h"

const char fuzz_target[] = "wire";

enum { MAX_MESSAGE = 70000 };

static void must_equal(const struct atls_schemes *a,
                       const struct atls_schemes *b)
{
    fuzz_must(a->num == b->num && a->num <= ATLS_WIRE_MAX_SCHEMES);
    for (size_t i = 0; i < a->num; i++) {
        fuzz_must(atls_scheme_equal(&a->list[i], &b->list[i]));
        fuzz_must(atls_schemes_find(b, &a->list[i]) >= 0);
    }
}

static void read_hello(struct atls_view bytes)
{
    ATLS_AUTO_BUF out = atls_buf(MAX_MESSAGE);
    struct atls_wire_hello hello, again;
    struct atls_why why = {0};
    enum atls_reason reason = atls_wire_read_hello(bytes, &hello, &why);

    fuzz_must(reason == why.reason);
    if (reason != ATLS_OK)
        return;
    atls_wire_put_hello(&out, &hello);
    fuzz_must(!out.failed && atls_wire_read_hello(atls_buf_view(&out), &again,
                                                  NULL) == ATLS_OK);
    must_equal(&hello.server, &again.server);
    must_equal(&hello.client, &again.client);
    (void)atls_schemes_choose(&hello.server, &hello.client);
}

static void read_encrypted_extensions(struct atls_view bytes)
{
    ATLS_AUTO_BUF out = atls_buf(MAX_MESSAGE);
    struct atls_scheme scheme;

    if (atls_wire_read_encrypted_extensions(bytes, &scheme, NULL) != ATLS_OK)
        return;
    atls_wire_put_encrypted_extensions(&out, &scheme);
    fuzz_must(atls_view_equal(atls_buf_view(&out), bytes));
}

static void read_certificate_request(struct atls_view bytes)
{
    ATLS_AUTO_BUF out = atls_buf(MAX_MESSAGE);
    struct atls_scheme scheme;

    if (atls_wire_read_certificate_request(bytes, &scheme, NULL) != ATLS_OK)
        return;
    atls_wire_put_certificate_request(&out, &scheme);
    fuzz_must(atls_view_equal(atls_buf_view(&out), bytes));
}

static void read_certificate(struct atls_view bytes)
{
    ATLS_AUTO_BUF out = atls_buf(MAX_MESSAGE);
    struct atls_view cmw;

    if (atls_wire_read_certificate(bytes, &cmw, NULL) != ATLS_OK)
        return;
    fuzz_must(cmw.len > 0);
    atls_buf_u24(&out, (uint32_t)cmw.len);
    atls_buf_put(&out, cmw);
    fuzz_must(atls_view_equal(atls_buf_view(&out), bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(struct atls_view) = {
        read_hello, read_encrypted_extensions, read_certificate_request,
        read_certificate};

    if (size > 0)
        readers[data[0] % 4](atls_view(data + 1, size - 1));
    return 0;
}
