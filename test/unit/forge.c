/* SPDX-License-Identifier: Apache-2.0
 *
 * Making Evidence. Whatever goes wrong here is the test's fault: abort.
 */
#include "forge.h"

#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base64url.h"
#include "cbor.h"
#include "cmw.h"
#include "cose.h"

ATLS_AUTO_FREE(BIO, BIO_free_all)
ATLS_AUTO_FREE(EVP_MD_CTX, EVP_MD_CTX_free)
ATLS_AUTO_FREE(ECDSA_SIG, ECDSA_SIG_free)

static void must(bool holds)
{
    if (!holds)
        abort();
}

struct atls_view forge_nonce(size_t len)
{
    static uint8_t bytes[64];

    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(0xa0 + i);
    return atls_view(bytes, len);
}

static bool read_path(const char *path, struct atls_buf *out)
{
    FILE *file = fopen(path, "rb");
    uint8_t block[1024];
    size_t len;

    if (file == NULL)
        return false;
    while ((len = fread(block, 1, sizeof(block), file)) > 0)
        atls_buf_put(out, atls_view(block, len));
    fclose(file);
    return !out->failed;
}

bool forge_file(const char *path, struct atls_buf *out)
{
    const char *top = getenv("top_srcdir");
    char full[1024];

    snprintf(full, sizeof(full), "%s/%s", top != NULL ? top : ".", path);
    return read_path(path[0] == '/' ? path : full, out);
}

void forge_write(const char *folder, const char *name, struct atls_view bytes)
{
    char path[1024];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "wb");
    must(file != NULL && fwrite(bytes.data, 1, bytes.len, file) == bytes.len &&
         fclose(file) == 0);
}

bool forge_vector(const char *path, struct atls_buf *out)
{
    const char *folder = getenv("ATLS_VECTORS");
    char full[1024];

    if (folder == NULL || folder[0] == '\0')
        return false;
    snprintf(full, sizeof(full), "%s/%s", folder, path);
    must(read_path(full, out));
    return true;
}

EVP_PKEY *forge_key(const char *name)
{
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);
    ATLS_AUTO(BIO) *bio = NULL;
    char path[128];
    EVP_PKEY *key;

    snprintf(path, sizeof(path), "test/vectors/keys/%s.pem", name);
    must(forge_file(path, &pem));
    bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    must(key != NULL);
    return key;
}

char *forge_pem(EVP_PKEY *key)
{
    ATLS_AUTO(BIO) *bio = BIO_new(BIO_s_mem());
    ATLS_AUTO_BUF out = atls_buf(FORGE_MAX);
    char *text, *copy;
    long len;

    must(PEM_write_bio_PUBKEY(bio, key) == 1);
    len = BIO_get_mem_data(bio, &text);
    for (long i = 0; i < len; i++)
        if (text[i] == '\n')
            atls_buf_text(&out, "\\n");
        else
            atls_buf_u8(&out, (uint8_t)text[i]);
    copy = strndup((const char *)out.data, out.len);
    must(copy != NULL);
    return copy;
}

void forge_id(EVP_PKEY *key, uint8_t id[33])
{
    uint8_t *der = NULL;
    int len = i2d_PUBKEY(key, &der);

    id[0] = 1;
    must(EVP_Q_digest(NULL, "SHA256", NULL, der, (size_t)len, id + 1, NULL) ==
         1);
    OPENSSL_free(der);
}

void forge_hex(struct atls_buf *out, const char *hex)
{
    must(atls_hex_decode(atls_view_text(hex), out));
}

void forge_cmw(struct atls_buf *out, const char *type, struct atls_view value,
               uint32_t indicator)
{
    struct atls_type parsed;

    must(atls_type_parse(atls_view_text(type), &parsed));
    atls_cmw_put(out, parsed, value, indicator);
    must(!out->failed);
}

static struct atls_buf *add(struct forge_claims *claims, int64_t key)
{
    must(claims->num < FORGE_MAX_CLAIMS);
    claims->items[claims->num].key = key;
    claims->items[claims->num].value = atls_buf(4096);
    return &claims->items[claims->num++].value;
}

void forge_claim_add(struct forge_claims *claims, int64_t key, const char *hex)
{
    forge_hex(add(claims, key), hex);
}

void forge_claim_drop(struct forge_claims *claims, int64_t key)
{
    for (size_t i = 0; i < claims->num; i++)
        if (claims->items[i].key == key) {
            atls_buf_clear(&claims->items[i].value);
            memmove(&claims->items[i], &claims->items[i + 1],
                    (claims->num - i - 1) * sizeof(claims->items[0]));
            claims->num--;
            return;
        }
    must(false);
}

void forge_claim_set(struct forge_claims *claims, int64_t key, const char *hex)
{
    for (size_t i = 0; i < claims->num; i++)
        if (claims->items[i].key == key) {
            atls_buf_clear(&claims->items[i].value);
            forge_hex(&claims->items[i].value, hex);
            return;
        }
    forge_claim_add(claims, key, hex);
}

static void put_repeated(struct atls_buf *out, uint8_t byte, size_t len)
{
    uint8_t bytes[64];

    memset(bytes, byte, sizeof(bytes));
    atls_cbor_put_bytes(out, atls_view(bytes, len));
}

static void put_component(struct atls_buf *out, const char *type,
                          uint8_t measurement, uint8_t signer_id)
{
    atls_cbor_put_map(out, 4);
    atls_cbor_put_uint(out, 1);
    atls_cbor_put_text(out, type);
    atls_cbor_put_uint(out, 2);
    put_repeated(out, measurement, 32);
    atls_cbor_put_uint(out, 4);
    atls_cbor_put_text(out, "1.2.3");
    atls_cbor_put_uint(out, 5);
    put_repeated(out, signer_id, 32);
}

void forge_claims(struct forge_claims *claims, EVP_PKEY *key,
                  struct atls_view nonce)
{
    struct atls_buf *components;
    uint8_t id[33];

    claims->num = 0;
    forge_id(key, id);
    atls_cbor_put_text(add(claims, 265), "tag:psacertified.org,2023:psa#tfm");
    atls_cbor_put_bytes(add(claims, 10), nonce);
    atls_cbor_put_bytes(add(claims, 256), atls_view(id, sizeof(id)));
    atls_cbor_put_int(add(claims, 2394), -1);
    atls_cbor_put_uint(add(claims, 2395), 0x3000);
    put_repeated(add(claims, 2396), 0x96, 32);
    put_repeated(add(claims, 268), 0x68, 32);
    atls_cbor_put_text(add(claims, 2398), "1234567890123-12345");
    components = add(claims, 2399);
    atls_cbor_put_array(components, 2);
    put_component(components, "SPE", 0x02, 0x05);
    put_component(components, "NSPE", 0x03, 0x06);
    atls_cbor_put_text(add(claims, 2400), "https://verifier.example");
}

void forge_claims_clear(struct forge_claims *claims)
{
    for (size_t i = 0; i < claims->num; i++)
        atls_buf_clear(&claims->items[i].value);
    claims->num = 0;
}

void forge_claims_encode(const struct forge_claims *claims,
                         struct atls_buf *out)
{
    atls_cbor_put_map(out, claims->num);
    for (size_t i = 0; i < claims->num; i++) {
        atls_cbor_put_int(out, claims->items[i].key);
        atls_buf_put(out, atls_buf_view(&claims->items[i].value));
    }
}

void forge_psa(struct atls_buf *out, const struct forge_claims *claims,
               EVP_PKEY *key)
{
    ATLS_AUTO_BUF payload = atls_buf(FORGE_MAX);

    forge_claims_encode(claims, &payload);
    must(atls_cose_sign1_put(out, atls_buf_view(&payload), key, NULL, NULL) ==
         ATLS_OK);
}

static size_t hash_len(uint16_t hash)
{
    switch (hash) {
    case 0x0004:
        return 20;
    case 0x000c:
        return 48;
    case 0x000d:
        return 64;
    default:
        return 32;
    }
}

static const char *hash_name(uint16_t hash)
{
    switch (hash) {
    case 0x0004:
        return "SHA1";
    case 0x000c:
        return "SHA384";
    case 0x000d:
        return "SHA512";
    default:
        return "SHA256";
    }
}

static void put_block(struct atls_buf *out, struct atls_view bytes)
{
    atls_buf_u16(out, (uint16_t)bytes.len);
    atls_buf_put(out, bytes);
}

static void put_digest(const struct forge_quote *quote, struct atls_buf *out)
{
    ATLS_AUTO_BUF values = atls_buf(FORGE_MAX);
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t len;

    for (size_t i = 0; i < 4 && quote->selections[i].mask != 0; i++)
        for (unsigned j = 0; j < 24; j++)
            if ((quote->selections[i].mask >> j & 1) != 0)
                memset(
                    atls_buf_room(&values, hash_len(quote->selections[i].hash)),
                    (int)j, hash_len(quote->selections[i].hash));
    must(EVP_Q_digest(NULL, hash_name(quote->hash), NULL, values.data,
                      values.len, digest, &len) == 1);
    put_block(out, atls_view(digest, len));
}

void forge_quote_attest(const struct forge_quote *quote, struct atls_buf *out)
{
    size_t num = 0;

    while (num < 4 && quote->selections[num].mask != 0)
        num++;
    atls_buf_u32(out, quote->magic != 0 ? quote->magic : 0xff544347);
    atls_buf_u16(out, quote->type != 0 ? quote->type : 0x8018);
    put_block(out, atls_view_text("qualified signer"));
    put_block(out, quote->nonce);
    atls_buf_u64(out, 123456);
    atls_buf_u32(out, 7);
    atls_buf_u32(out, 1);
    atls_buf_u8(out, 1);
    atls_buf_u64(out, quote->firmware_version);
    atls_buf_u32(out, (uint32_t)num);
    for (size_t i = 0; i < num; i++) {
        atls_buf_u16(out, quote->selections[i].hash);
        atls_buf_u8(out, 3);
        for (unsigned j = 0; j < 3; j++)
            atls_buf_u8(out, (uint8_t)(quote->selections[i].mask >> (8 * j)));
    }
    put_digest(quote, out);
    if (quote->after_attest != NULL)
        forge_hex(out, quote->after_attest);
}

static void put_signature(const struct forge_quote *quote, struct atls_view der,
                          struct atls_buf *out)
{
    bool is_ecdsa = quote->algorithm == 0 || quote->algorithm == 0x18;
    uint8_t number[66];

    atls_buf_u16(out, quote->algorithm != 0 ? quote->algorithm : 0x18);
    atls_buf_u16(out, quote->hash != 0 ? quote->hash : 0x0b);
    if (is_ecdsa) {
        const uint8_t *at = der.data;
        ATLS_AUTO(ECDSA_SIG) *signature =
            d2i_ECDSA_SIG(NULL, &at, (long)der.len);
        const BIGNUM *const parts[] = {ECDSA_SIG_get0_r(signature),
                                       ECDSA_SIG_get0_s(signature)};

        /* As short as it may be, as the TPM is free to do */
        for (unsigned i = 0; i < 2; i++)
            put_block(out,
                      atls_view(number, (size_t)BN_bn2bin(parts[i], number)));
    } else {
        put_block(out, der);
    }
    if (quote->after_signature != NULL)
        forge_hex(out, quote->after_signature);
}

void forge_quote_signature(const struct forge_quote *quote,
                           struct atls_view attest, struct atls_buf *out)
{
    ATLS_AUTO(EVP_MD_CTX) *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_context;
    uint8_t signature[1024];
    size_t len = sizeof(signature);

    must(EVP_DigestSignInit_ex(context, &key_context, hash_name(quote->hash),
                               NULL, NULL, quote->key, NULL) == 1);
    if (quote->algorithm == 0x16)
        must(EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) ==
             1);
    must(EVP_DigestSign(context, signature, &len, attest.data, attest.len) ==
         1);
    put_signature(quote, atls_view(signature, len), out);
}

static void put_bank(const struct forge_quote *quote,
                     const struct forge_selection *selection,
                     struct atls_buf *out)
{
    ATLS_AUTO_BUF entries = atls_buf(FORGE_MAX);
    unsigned num = 0;

    for (unsigned i = 0; i < 24; i++) {
        bool is_shown =
            (selection->mask >> i & 1) != 0 &&
            (quote->hidden_pcr == 0 || (unsigned)quote->hidden_pcr != i);
        bool is_lie = quote->lied_pcr != 0 && (unsigned)quote->lied_pcr == i;

        for (unsigned j = 0; is_shown && j < (quote->repeats_pcr ? 2 : 1);
             j++, num++) {
            atls_cbor_put_uint(&entries, i);
            put_repeated(&entries, is_lie ? 0xff : (uint8_t)i,
                         hash_len(selection->hash));
        }
    }
    atls_cbor_put_uint(out, selection->hash);
    atls_cbor_put_map(out, num);
    atls_buf_put(out, atls_buf_view(&entries));
}

static void put_ec(EVP_PKEY *key, struct atls_buf *out)
{
    uint8_t point[1 + 2 * 66];
    size_t len = 0, field;

    must(EVP_PKEY_get_octet_string_param(key,
                                         OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
                                         point, sizeof(point), &len) == 1);
    field = (len - 1) / 2;
    atls_buf_u16(out, field == 32 ? 3 : field == 48 ? 4 : 5);
    atls_buf_u16(out, 0x10);
    put_block(out, atls_view(point + 1, field));
    put_block(out, atls_view(point + 1 + field, field));
}

static void put_rsa(EVP_PKEY *key, struct atls_buf *out)
{
    uint8_t bytes[512];
    BIGNUM *n = NULL;

    must(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1);
    atls_buf_u16(out, 2048);
    atls_buf_u32(out, 0);
    put_block(out, atls_view(bytes, (size_t)BN_bn2bin(n, bytes)));
    BN_free(n);
}

void forge_tpm_public(struct atls_buf *out, EVP_PKEY *key, uint32_t attributes,
                      uint16_t name_hash)
{
    bool is_ec = EVP_PKEY_is_a(key, "EC");

    atls_buf_u16(out, is_ec ? 0x0023 : 0x0001);
    atls_buf_u16(out, name_hash);
    atls_buf_u32(out, attributes);
    atls_buf_u16(out, 0); /* authPolicy */
    atls_buf_u16(out, 0x10);
    atls_buf_u16(out, is_ec ? 0x18 : 0x14);
    atls_buf_u16(out, 0x0b);
    if (is_ec)
        put_ec(key, out);
    else
        put_rsa(key, out);
}

static void put_public(const struct forge_quote *quote, struct atls_buf *out)
{
    EVP_PKEY *key = quote->public_key != NULL ? quote->public_key : quote->key;
    ATLS_AUTO_BUF public = atls_buf(FORGE_MAX);

    forge_tpm_public(&public, key, quote->attributes, 0x0b);
    atls_cbor_put_text(out, "ak_pub");
    atls_cbor_put_bytes(out, atls_buf_view(&public));
}

void forge_quote_map(struct atls_buf *out, const struct forge_quote *quote,
                     struct atls_view attest, struct atls_view signature)
{
    size_t num = 0;
    uint8_t id[33];

    while (num < 4 && quote->selections[num].mask != 0)
        num++;
    atls_cbor_put_map(out, 4u + (quote->attributes != 0 ? 1 : 0) +
                               (quote->has_unknown_key ? 1 : 0) +
                               (quote->ak_cert.len > 0 ? 1 : 0));
    atls_cbor_put_text(out, "kid");
    forge_id(quote->kid_key != NULL ? quote->kid_key : quote->key, id);
    atls_cbor_put_bytes(out, atls_view(id + 1, 32));
    atls_cbor_put_text(out, "pcrs");
    atls_cbor_put_map(out, num);
    for (size_t i = 0; i < num; i++)
        put_bank(quote, &quote->selections[i], out);
    if (quote->attributes != 0)
        put_public(quote, out);
    if (quote->has_unknown_key) {
        atls_cbor_put_text(out, "more");
        atls_cbor_put_uint(out, 1);
    }
    if (quote->ak_cert.len > 0) {
        atls_cbor_put_text(out, "ak_cert");
        atls_cbor_put_bytes(out, quote->ak_cert);
    }
    atls_cbor_put_text(out, "attest");
    atls_cbor_put_bytes(out, attest);
    atls_cbor_put_text(out, "signature");
    atls_cbor_put_bytes(out, signature);
}

void forge_quote(struct atls_buf *out, const struct forge_quote *quote)
{
    ATLS_AUTO_BUF attest = atls_buf(FORGE_MAX), signature = atls_buf(FORGE_MAX);

    forge_quote_attest(quote, &attest);
    forge_quote_signature(quote, atls_buf_view(&attest), &signature);
    forge_quote_map(out, quote, atls_buf_view(&attest),
                    atls_buf_view(&signature));
    must(!out->failed);
}
