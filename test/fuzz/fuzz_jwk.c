/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys of a Verifier, as JWK, JWK set or PEM: what is read is public, of an
 * algorithm of ours, and reads the same when it is published again.
 */
#include "fuzz.h"

#include <string.h>

#include "jwk.h"

const char fuzz_target[] = "jwk";

static void publish(const struct atls_jws_key *key)
{
    ATLS_AUTO_BUF text = atls_buf(SIZE_MAX);
    struct atls_jws_keys again = {0};

    fuzz_must(key->algorithm != NULL);
    fuzz_must(memchr(key->kid, '\0', sizeof(key->kid)) != NULL);
    fuzz_must(atls_jwk_put(&text, key->key,
                           key->kid[0] != '\0' ? key->kid : NULL,
                           NULL) == ATLS_OK);
    fuzz_must(atls_jws_keys_read(atls_buf_view(&text), "again", &again, NULL) ==
              ATLS_OK);
    fuzz_must(again.num == 1 && EVP_PKEY_eq(again.items[0].key, key->key) == 1);
    fuzz_must(strcmp(again.items[0].kid, key->kid) == 0);
    atls_jws_keys_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_jws_keys keys = {0};
    struct atls_why why = {0};
    enum atls_reason reason =
        atls_jws_keys_read(atls_view(data, size), "keys", &keys, &why);

    fuzz_must(reason == why.reason);
    fuzz_must(reason != ATLS_OK || keys.num > 0);
    fuzz_must(keys.num <= ATLS_JWK_MAX_KEYS);
    for (size_t i = 0; i < keys.num; i++)
        publish(&keys.items[i]);
    atls_jws_keys_clear(&keys);
    return 0;
}
