/* SPDX-License-Identifier: Apache-2.0
 *
 * base64url and hex: whatever is taken is the one spelling of its bytes.
 */
#include "fuzz.h"

#include <string.h>

#include "base64url.h"

const char fuzz_target[] = "base64url";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_view text = atls_view(data, size);
    ATLS_AUTO_BUF bytes = atls_buf(size + 1), again = atls_buf(2 * size + 8);
    ATLS_AUTO_BUF unhexed = atls_buf(size + 1);
    char hex[64];

    atls_hex(text, hex, sizeof(hex));
    fuzz_must(strlen(hex) < sizeof(hex));
    if (atls_hex_decode(text, &unhexed))
        fuzz_must(unhexed.len == size / 2);
    if (!atls_base64url_decode(text, &bytes))
        return 0;
    atls_base64url_put(&again, atls_buf_view(&bytes));
    fuzz_must(atls_view_equal(atls_buf_view(&again), text));
    return 0;
}
