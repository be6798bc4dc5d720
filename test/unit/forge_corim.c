/* SPDX-License-Identifier: Apache-2.0
 *
 * CoRIMs from notation, signed where that is wanted.
 */
#include "forge_corim.h"

#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>

#include "base64url.h"
#include "cose.h"
#include "diag.h"

ATLS_AUTO_FREE(BIO, BIO_free_all)
ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void put_key(struct atls_buf *out, EVP_PKEY *key)
{
    ATLS_AUTO(BIO) *pem = BIO_new(BIO_s_mem());
    char *text;
    long len;

    must(PEM_write_bio_PUBKEY(pem, key) == 1);
    len = BIO_get_mem_data(pem, &text);
    atls_buf_put(out, atls_view(text, (size_t)len));
}

static void put_named(struct atls_buf *out, struct atls_view name)
{
    bool is_id = atls_view_is(name, "id");
    ATLS_AUTO(EVP_PKEY) *key = NULL;
    char text[67];
    uint8_t id[33];

    snprintf(text, sizeof(text), "%.*s", (int)name.len,
             (const char *)name.data);
    key = forge_key(is_id ? "psa" : text);
    if (!is_id) {
        put_key(out, key);
        return;
    }
    forge_id(key, id);
    atls_hex(atls_view(id, sizeof(id)), text, sizeof(text));
    atls_buf_text(out, text);
}

void forge_corim(struct atls_buf *out, const char *notation)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    const char *at = notation, *name, *end;

    while ((name = strchr(at, '@')) != NULL) {
        end = strchr(name + 1, '@');
        must(end != NULL);
        atls_buf_put(&text, atls_view(at, (size_t)(name - at)));
        put_named(&text, atls_view(name + 1, (size_t)(end - name - 1)));
        at = end + 1;
    }
    atls_buf_text(&text, at);
    must(diag_encode(atls_buf_view(&text), out));
}

void forge_corim_sign(struct atls_buf *out, struct atls_view payload,
                      const char *header, EVP_PKEY *key)
{
    ATLS_AUTO_BUF map = atls_buf(FORGE_MAX);

    must(diag_encode(atls_view_text(header), &map));
    /* a head of one byte: fewer than 24 pairs */
    must(atls_cose_sign1_put_with(out, atls_view(map.data + 1, map.len - 1),
                                  map.data[0] & 0x1f, payload, key, NULL,
                                  NULL) == ATLS_OK);
}
