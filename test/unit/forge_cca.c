/* SPDX-License-Identifier: Apache-2.0
 *
 * Making CCA tokens. Whatever goes wrong here is the test's fault: abort.
 */
#include "forge_cca.h"

#include <string.h>

#include <openssl/core_names.h>

#include "cbor.h"
#include "cose.h"

enum { POINT = 97 };

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void set(struct forge_claims *claims, int64_t key,
                const struct atls_buf *value)
{
    struct atls_buf *to = NULL;

    for (size_t i = 0; i < claims->num; i++)
        if (claims->items[i].key == key)
            to = &claims->items[i].value;
    if (to == NULL) {
        must(claims->num < FORGE_MAX_CLAIMS);
        claims->items[claims->num].key = key;
        to = &claims->items[claims->num++].value;
        *to = atls_buf(4096);
    }
    to->len = 0;
    atls_buf_put(to, atls_buf_view(value));
    must(!to->failed);
}

static void set_bytes(struct forge_claims *claims, int64_t key,
                      struct atls_view bytes)
{
    ATLS_AUTO_BUF value = atls_buf(4096);

    atls_cbor_put_bytes(&value, bytes);
    set(claims, key, &value);
}

static void set_text(struct forge_claims *claims, int64_t key, const char *text)
{
    ATLS_AUTO_BUF value = atls_buf(4096);

    atls_cbor_put_text(&value, text);
    set(claims, key, &value);
}

static void set_repeated(struct forge_claims *claims, int64_t key, uint8_t byte,
                         size_t len)
{
    uint8_t bytes[64];

    memset(bytes, byte, sizeof(bytes));
    set_bytes(claims, key, atls_view(bytes, len));
}

static void point_of(EVP_PKEY *key, uint8_t point[POINT])
{
    size_t len;

    must(EVP_PKEY_get_octet_string_param(key,
                                         OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
                                         point, POINT, &len) == 1 &&
         len == POINT);
}

static void set_cose_key(struct forge_claims *claims, EVP_PKEY *key)
{
    ATLS_AUTO_BUF cose = atls_buf(256);
    uint8_t point[POINT];

    point_of(key, point);
    atls_cbor_put_map(&cose, 4);
    atls_cbor_put_int(&cose, 1);
    atls_cbor_put_int(&cose, 2);
    atls_cbor_put_int(&cose, -1);
    atls_cbor_put_int(&cose, 2);
    atls_cbor_put_int(&cose, -2);
    atls_cbor_put_bytes(&cose, atls_view(point + 1, 48));
    atls_cbor_put_int(&cose, -3);
    atls_cbor_put_bytes(&cose, atls_view(point + 49, 48));
    set_bytes(claims, 44237, atls_buf_view(&cose));
}

void forge_cca_raw_rak(struct forge_cca *cca)
{
    uint8_t point[POINT];

    point_of(cca->rak, point);
    set_bytes(&cca->realm, 44237, atls_view(point, POINT));
}

static void fill_platform(struct forge_claims *claims)
{
    uint8_t id[33];

    memset(id, 0x02, sizeof(id));
    id[0] = 0x01;
    set_text(claims, 265, "tag:arm.com,2023:cca_platform#1.0.0");
    set_repeated(claims, 10, 0, 64);
    set_repeated(claims, 2396, 0x00, 32);
    set_bytes(claims, 256, atls_view(id, sizeof(id)));
    set_repeated(claims, 2401, 0xcf, 4);
    forge_claim_add(claims, 2395, "193003");
    set_text(claims, 2402, "sha-256");
    set_text(claims, 2400, "https://verifier.example");
}

static void fill_realm(struct forge_claims *claims, struct atls_view challenge)
{
    ATLS_AUTO_BUF rems = atls_buf(512);
    uint8_t rem[32];

    memset(rem, 0x45, sizeof(rem));
    atls_cbor_put_array(&rems, 4);
    for (unsigned i = 0; i < 4; i++)
        atls_cbor_put_bytes(&rems, atls_view(rem, sizeof(rem)));
    set_text(claims, 265, "tag:arm.com,2023:realm#1.0.0");
    set_bytes(claims, 10, challenge);
    set_repeated(claims, 44235, 0x41, 64);
    set_repeated(claims, 44238, 0x43, 32);
    set(claims, 44239, &rems);
    set_text(claims, 44236, "sha-256");
    set_text(claims, 44240, "sha-512");
}

void forge_cca(struct forge_cca *cca, EVP_PKEY *cpak, EVP_PKEY *rak,
               struct atls_view challenge)
{
    struct forge_claims psa;

    *cca = (struct forge_cca){.cpak = cpak, .rak = rak};
    fill_platform(&cca->platform);
    fill_realm(&cca->realm, challenge);
    set_cose_key(&cca->realm, rak);
    forge_claims(&psa, cpak, challenge);
    for (size_t i = 0; i < psa.num; i++)
        if (psa.items[i].key == 2399)
            set(&cca->platform, 2399, &psa.items[i].value);
    forge_claims_clear(&psa);
}

void forge_cca_clear(struct forge_cca *cca)
{
    forge_claims_clear(&cca->platform);
    forge_claims_clear(&cca->realm);
}

static struct atls_view bytes_of(const struct forge_claims *claims, int64_t key)
{
    for (size_t i = 0; i < claims->num; i++)
        if (claims->items[i].key == key) {
            struct atls_cbor in =
                atls_cbor(atls_buf_view(&claims->items[i].value));

            return atls_cbor_bytes(&in);
        }
    return atls_view("", 0);
}

static void bind(struct forge_cca *cca)
{
    struct atls_view rak = bytes_of(&cca->realm, 44237);
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t len;

    must(EVP_Q_digest(NULL, "SHA512", NULL, rak.data, rak.len, digest, &len) ==
         1);
    set_bytes(&cca->platform, 10, atls_view(digest, len));
}

static void put_token(const struct forge_cca *cca,
                      const struct forge_claims *claims, EVP_PKEY *key,
                      struct atls_buf *out)
{
    ATLS_AUTO_BUF payload = atls_buf(FORGE_MAX), token = atls_buf(FORGE_MAX);
    struct atls_view bytes;

    forge_claims_encode(claims, &payload);
    must(atls_cose_sign1_put(&token, atls_buf_view(&payload), key, NULL,
                             NULL) == ATLS_OK);
    bytes = atls_buf_view(&token);
    if (cca->is_untagged)
        bytes = atls_view(bytes.data + 1, bytes.len - 1);
    if (!cca->is_legacy) {
        atls_cbor_put_array(out, 2);
        atls_cbor_put_uint(out, cca->content_format != 0 ? cca->content_format
                                                         : 263);
    }
    if (cca->is_unwrapped)
        atls_buf_put(out, bytes);
    else
        atls_cbor_put_bytes(out, bytes);
}

void forge_cca_put(struct forge_cca *cca, struct atls_buf *out)
{
    uint64_t tag = cca->is_legacy ? 399 : 907;

    if (!cca->keeps_challenge)
        bind(cca);
    atls_cbor_put_tag(out,
                      cca->outer_tag != 0 ? (uint64_t)cca->outer_tag : tag);
    if (cca->is_indefinite)
        atls_buf_u8(out, 0xbf);
    else
        atls_cbor_put_map(out, 2);
    atls_cbor_put_uint(out, 44234);
    put_token(cca, &cca->platform, cca->cpak, out);
    atls_cbor_put_uint(out, 44241);
    put_token(cca, &cca->realm,
              cca->realm_signer != NULL ? cca->realm_signer : cca->rak, out);
    if (cca->is_indefinite)
        atls_buf_u8(out, 0xff);
    must(!out->failed);
}
