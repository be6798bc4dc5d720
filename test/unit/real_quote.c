/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON of Trustee, bincode of azure-cvm-tooling, protocol buffers of
 * go-tpm-tools.
 */
#include "real_quote.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "base64url.h"
#include "cbor.h"
#include "forge.h"
#include "json.h"

enum {
    NUM_PCRS = 24,
    KID = 32,
    ALG_SHA256 = 0x0b,
    ALG_RSASSA = 0x14,
    RSA_2048 = 256
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

EVP_PKEY *real_rsa_key(struct atls_view n)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *modulus = BN_bin2bn(n.data, (int)n.len, NULL);
    OSSL_PARAM *params;
    EVP_PKEY *key = NULL;

    must(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
         OSSL_PARAM_BLD_push_uint32(builder, OSSL_PKEY_PARAM_RSA_E, 65537) ==
             1);
    params = OSSL_PARAM_BLD_to_param(builder);
    must(EVP_PKEY_fromdata_init(context) == 1 &&
         EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) == 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    BN_free(modulus);
    EVP_PKEY_CTX_free(context);
    return key;
}

void real_quote_open(struct real_quote *quote)
{
    *quote = (struct real_quote){.attest = atls_buf(FORGE_MAX),
                                 .signature = atls_buf(FORGE_MAX),
                                 .pcrs = atls_buf(FORGE_MAX),
                                 .eventlog = atls_buf(FORGE_MAX),
                                 .hash = ALG_SHA256,
                                 .mask = (1u << NUM_PCRS) - 1};
}

void real_quote_clear(struct real_quote *quote)
{
    EVP_PKEY_free(quote->key);
    atls_buf_clear(&quote->attest);
    atls_buf_clear(&quote->signature);
    atls_buf_clear(&quote->pcrs);
    atls_buf_clear(&quote->eventlog);
}

static void put_pcrs(const struct real_quote *quote, struct atls_buf *out)
{
    size_t num = (size_t)__builtin_popcount(quote->mask);
    size_t len = quote->pcrs.len / num, at = 0;

    atls_cbor_put_map(out, 1);
    atls_cbor_put_uint(out, quote->hash);
    atls_cbor_put_map(out, num);
    for (unsigned i = 0; i < NUM_PCRS; i++)
        if ((quote->mask >> i & 1) != 0) {
            atls_cbor_put_uint(out, i);
            atls_cbor_put_bytes(out, atls_view(quote->pcrs.data + at, len));
            at += len;
        }
}

void real_quote_put(const struct real_quote *quote, struct atls_buf *out)
{
    uint8_t id[1 + KID] = {0};

    if (quote->key != NULL)
        forge_id(quote->key, id);
    atls_cbor_put_map(out, 4);
    atls_cbor_put_text(out, "kid");
    atls_cbor_put_bytes(out, atls_view(id + 1, KID));
    atls_cbor_put_text(out, "pcrs");
    put_pcrs(quote, out);
    atls_cbor_put_text(out, "attest");
    atls_cbor_put_bytes(out, atls_buf_view(&quote->attest));
    atls_cbor_put_text(out, "signature");
    atls_cbor_put_bytes(out, atls_buf_view(&quote->signature));
}

void real_quote_entry(struct atls_buf *map, const char *key,
                      struct atls_view bytes)
{
    map->data[0]++;
    atls_cbor_put_text(map, key);
    atls_cbor_put_bytes(map, bytes);
}

void real_rsassa(struct atls_buf *out, struct atls_view bare)
{
    atls_buf_u16(out, ALG_RSASSA);
    atls_buf_u16(out, ALG_SHA256);
    atls_buf_u16(out, (uint16_t)bare.len);
    atls_buf_put(out, bare);
}

static json_t *read_json(const char *path)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    json_t *json;

    must(forge_vector(path, &text));
    json = json_loadb((const char *)text.data, text.len, 0, NULL);
    must(json != NULL);
    return json;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static void put_hex_list(struct atls_buf *out, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        forge_hex(out, json_string_value(json_array_get(list, i)));
}

void real_quote_azure(struct real_quote *quote, const char *path)
{
    ATLS_AUTO(json_t) *json = read_json(path);
    ATLS_AUTO_BUF bare = atls_buf(FORGE_MAX);

    forge_hex(&quote->attest, text_of(json, "message"));
    forge_hex(&bare, text_of(json, "signature"));
    real_rsassa(&quote->signature, atls_buf_view(&bare));
    put_hex_list(&quote->pcrs, json_object_get(json, "pcrs"));
}

/* Vectors have a length of 8 bytes, little-endian. */
static struct atls_view take_vector(struct atls_reader *in)
{
    uint64_t len = __builtin_bswap64(atls_reader_u64(in));

    return atls_reader_bytes(in, len);
}

void real_quote_bincode(struct real_quote *quote, const char *path)
{
    ATLS_AUTO_BUF all = atls_buf(FORGE_MAX);
    struct atls_reader in;

    must(forge_vector(path, &all));
    in = atls_reader(atls_buf_view(&all));
    real_rsassa(&quote->signature, take_vector(&in));
    atls_buf_put(&quote->attest, take_vector(&in));
    must(__builtin_bswap64(atls_reader_u64(&in)) == NUM_PCRS);
    atls_buf_put(&quote->pcrs, atls_reader_bytes(&in, 32 * NUM_PCRS));
    must(atls_reader_done(&in));
}

static void put_base64(struct atls_buf *out, const char *text)
{
    ATLS_AUTO_BUF url = atls_buf(FORGE_MAX);

    for (; *text != '\0' && *text != '='; text++)
        atls_buf_u8(&url, *text == '+'   ? '-'
                          : *text == '/' ? '_'
                                         : (uint8_t)*text);
    must(atls_base64url_decode(atls_buf_view(&url), out));
}

void real_quote_trustee(struct real_quote *quote, const char *path)
{
    ATLS_AUTO(json_t) *json = read_json(path);
    const json_t *inner = json_object_get(json, "tpm_quote");
    ATLS_AUTO_BUF spki = atls_buf(FORGE_MAX);
    const uint8_t *at;

    put_base64(&spki, text_of(json, "ak_public"));
    at = spki.data;
    quote->key = d2i_PUBKEY(NULL, &at, (long)spki.len);
    put_base64(&quote->attest, text_of(inner, "message"));
    put_base64(&quote->signature, text_of(inner, "signature"));
    put_hex_list(&quote->pcrs, json_object_get(inner, "pcrs"));
    must(quote->key != NULL);
}

/* As much of protocol buffers as go-tpm-tools' attestations need. */
static uint64_t take_varint(struct atls_reader *in)
{
    uint64_t value = 0;
    uint8_t byte = 0x80;

    for (unsigned shift = 0; (byte & 0x80) != 0 && shift < 64; shift += 7) {
        byte = atls_reader_u8(in);
        value |= (uint64_t)(byte & 0x7f) << shift;
    }
    return value;
}

struct field {
    unsigned number;
    uint64_t value;
    struct atls_view bytes;
};

static bool take_field(struct atls_reader *in, struct field *out)
{
    uint64_t tag;

    if (!atls_reader_more(in))
        return false;
    tag = take_varint(in);
    *out = (struct field){.number = (unsigned)(tag >> 3)};
    if ((tag & 7) == 2)
        out->bytes = atls_reader_bytes(in, take_varint(in));
    else
        out->value = take_varint(in);
    return !in->failed;
}

/* {1: hash, 2: {1: index, 2: value}, in any order} */
static void take_pcrs(struct atls_view bytes, struct real_quote *quote)
{
    struct atls_reader in = atls_reader(bytes), entry_in;
    static uint8_t values[NUM_PCRS][64];
    struct field field, part;
    size_t len = 0;

    while (take_field(&in, &field)) {
        uint64_t index = 0;
        struct atls_view value = {NULL, 0};

        if (field.number == 1) {
            quote->hash = (uint16_t)field.value;
            continue;
        }
        entry_in = atls_reader(field.bytes);
        while (take_field(&entry_in, &part))
            if (part.number == 1)
                index = part.value;
            else
                value = part.bytes;
        must(index < NUM_PCRS && value.len <= 64);
        len = value.len;
        memcpy(values[index], value.data, len);
    }
    for (unsigned i = 0; i < NUM_PCRS; i++)
        atls_buf_put(&quote->pcrs, atls_view(values[i], len));
}

static void take_quote(struct atls_view bytes, struct real_quote *quote)
{
    struct atls_reader in = atls_reader(bytes);
    struct field field;

    while (take_field(&in, &field))
        if (field.number == 1)
            atls_buf_put(&quote->attest, field.bytes);
        else if (field.number == 2)
            atls_buf_put(&quote->signature, field.bytes);
        else
            take_pcrs(field.bytes, quote);
}

/* The modulus is the end of a TPMT_PUBLIC. */
static EVP_PKEY *key_of(struct atls_view public)
{
    must(public.len > RSA_2048);
    return real_rsa_key(
        atls_view(public.data + public.len - RSA_2048, RSA_2048));
}

bool real_quote_google(struct real_quote *quote, const char *path,
                       unsigned index)
{
    ATLS_AUTO_BUF all = atls_buf(FORGE_MAX);
    struct atls_reader in;
    struct field field;
    unsigned num = 0;

    must(forge_vector(path, &all));
    in = atls_reader(atls_buf_view(&all));
    while (take_field(&in, &field))
        if (field.number == 1)
            quote->key = key_of(field.bytes);
        else if (field.number == 2 && num++ == index)
            take_quote(field.bytes, quote);
        else if (field.number == 3)
            atls_buf_put(&quote->eventlog, field.bytes);
    return index < num;
}
