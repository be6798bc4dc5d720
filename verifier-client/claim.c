/* SPDX-License-Identifier: Apache-2.0
 *
 * Claims as text.
 */
#include "claim.h"

#include <inttypes.h>
#include <stdio.h>

#include <openssl/err.h>

#include "base64url.h"
#include "spki.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

enum { MAX_LEARNED = 64 }; /* bytes of one value */

void atls_claim_ascii(struct atls_view text, char *out, size_t size)
{
    size_t len = text.len < size ? text.len : size - 1;

    for (size_t i = 0; i < len; i++)
        out[i] = text.data[i] >= 0x20 && text.data[i] < 0x7f
                     ? (char)text.data[i]
                     : '?';
    out[len] = '\0';
}

void atls_claim_bytes(struct atls_view bytes, const char *name,
                      atls_claim_fn *each, void *arg)
{
    char text[ATLS_CLAIM_MAX_SHOWN];

    atls_hex(bytes, text, sizeof(text));
    each(arg, name, text);
}

void atls_claim_text(struct atls_view text, const char *name,
                     atls_claim_fn *each, void *arg)
{
    char ascii[ATLS_CLAIM_MAX_SHOWN];

    atls_claim_ascii(text, ascii, sizeof(ascii));
    each(arg, name, ascii);
}

void atls_claim_number(int64_t number, const char *name, atls_claim_fn *each,
                       void *arg)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRId64, number);
    each(arg, name, text);
}

void atls_claim_key(atls_claim_key_fn *subject_key, const void *claims,
                    const char *name, atls_claim_fn *each, void *arg)
{
    ATLS_AUTO_BUF spki = atls_buf(ATLS_SPKI_MAX);
    ATLS_AUTO(EVP_PKEY) *key = NULL;
    uint8_t hash[ATLS_SPKI_HASH];

    ERR_set_mark();
    if (subject_key(claims, &key, NULL) == ATLS_OK &&
        atls_spki_put_key(&spki, key, NULL) == ATLS_OK &&
        atls_spki_hash(atls_buf_view(&spki), hash, NULL) == ATLS_OK)
        atls_claim_bytes(atls_view(hash, sizeof(hash)), name, each, arg);
    ERR_pop_to_mark();
}

bool atls_claim_learn_hex(json_t *object, const char *key,
                          struct atls_view bytes)
{
    char text[2 * MAX_LEARNED + 1];

    atls_hex(bytes, text, sizeof(text));
    return json_object_set_new(object, key, json_string(text)) == 0;
}

bool atls_claim_learn_word(json_t *object, const char *key, const char *word)
{
    json_t *list = json_array();

    return json_object_set_new(object, key, list) == 0 &&
           json_array_append_new(list, json_string(word)) == 0;
}
