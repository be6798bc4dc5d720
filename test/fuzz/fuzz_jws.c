/* SPDX-License-Identifier: Apache-2.0
 *
 * Compact JWS from a Verifier, or from who pretends to be one: what verifies
 * has three segments and is what the one configured key signed.
 */
#include "fuzz.h"

#include <string.h>

#include "jws.h"

const char fuzz_target[] = "jws";

/* RFC 7515, A.3: its example is a seed, and verifies. */
static const char key[] =
    "{\"kty\":\"EC\",\"crv\":\"P-256\","
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}";
static const char payload_of_rfc7515[] =
    "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
    "\"http://example.com/is_root\":true}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct atls_jws_keys keys;
    ATLS_AUTO_BUF payload = atls_buf(ATLS_JWS_MAX);
    struct atls_why why = {0};
    enum atls_reason reason;

    if (keys.num == 0)
        fuzz_must(atls_jws_keys_read(atls_view_text(key), "key", &keys, NULL) ==
                  ATLS_OK);
    reason = atls_jws_verify(atls_view(data, size), &keys, &payload, &why);
    fuzz_must(reason == why.reason);
    fuzz_must(reason == ATLS_OK
                  ? atls_view_is(atls_buf_view(&payload), payload_of_rfc7515)
                  : payload.len == 0 && why.text[0] != '\0');
    return 0;
}
