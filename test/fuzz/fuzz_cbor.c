/* SPDX-License-Identifier: Apache-2.0
 *
 * The CBOR decoder in its two ways, which must agree: skipping an item whole
 * and taking it apart.
 */
#include "fuzz.h"

#include "cbor.h"

const char fuzz_target[] = "cbor";

static void walk(struct atls_cbor *in);

static void walk_container(struct atls_cbor *in, bool is_map)
{
    struct atls_cbor_iter iter;

    if (is_map)
        atls_cbor_map(in, &iter);
    else
        atls_cbor_array(in, &iter);
    while (atls_cbor_next(in, &iter)) {
        walk(in);
        if (is_map)
            walk(in);
    }
}

/* Recursion, as deep as the decoder lets it be. */
static void walk(struct atls_cbor *in)
{
    fuzz_must(in->depth <= ATLS_CBOR_MAX_DEPTH);
    switch (atls_cbor_peek(in)) {
    case ATLS_CBOR_UINT:
        (void)atls_cbor_uint(in);
        break;
    case ATLS_CBOR_NEGINT:
        fuzz_must(atls_cbor_int(in) < 0 || atls_cbor_failed(in));
        break;
    case ATLS_CBOR_BYTES:
        (void)atls_cbor_bytes(in);
        break;
    case ATLS_CBOR_TEXT:
        (void)atls_cbor_text(in);
        break;
    case ATLS_CBOR_ARRAY:
        walk_container(in, false);
        break;
    case ATLS_CBOR_MAP:
        walk_container(in, true);
        break;
    case ATLS_CBOR_TAG:
        (void)atls_cbor_tag(in);
        walk(in);
        break;
    case ATLS_CBOR_BOOL:
        (void)atls_cbor_bool(in);
        break;
    case ATLS_CBOR_NULL:
        atls_cbor_null(in);
        break;
    case ATLS_CBOR_FLOAT:
    case ATLS_CBOR_BREAK:
    case ATLS_CBOR_NOTHING:
        (void)atls_cbor_skip(in);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_cbor skipped = atls_cbor(atls_view(data, size));
    struct atls_cbor walked = skipped;
    struct atls_view item = atls_cbor_skip(&skipped);

    walk(&walked);
    if (!atls_cbor_failed(&skipped))
        fuzz_must(item.data == data && item.len == size - skipped.in.left);
    if (!atls_cbor_failed(&walked) && !atls_cbor_failed(&skipped))
        fuzz_must(walked.in.left == skipped.in.left);
    return 0;
}
