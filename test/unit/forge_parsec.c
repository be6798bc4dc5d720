/* SPDX-License-Identifier: Apache-2.0
 *
 * Parsec's maps, with quotes and signatures by forge.c.
 */
#include "forge_parsec.h"

#include <stdlib.h>
#include <string.h>

#include "cbor.h"
#include "spki.h"

static void must(bool is_done)
{
    if (!is_done)
        abort();
}

struct forge_parsec_tpm forge_parsec_tpm(EVP_PKEY *ak, EVP_PKEY *tls_key,
                                         struct atls_view nonce)
{
    return (struct forge_parsec_tpm){
        .ak = ak,
        .tls_key = tls_key,
        .nonce = nonce,
        .quote = {.nonce = nonce, .selections = {{0x0b, 0xff}}}};
}

static void put_block(struct atls_buf *out, struct atls_view bytes)
{
    atls_buf_u16(out, (uint16_t)bytes.len);
    atls_buf_put(out, bytes);
}

static void put_name(uint16_t hash, struct atls_view public,
                     struct atls_buf *out)
{
    const char *name = hash == 0x0004   ? "SHA1"
                       : hash == 0x000c ? "SHA2-384"
                       : hash == 0x000d ? "SHA2-512"
                                        : "SHA2-256";
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t len = 0;

    must(EVP_Q_digest(NULL, name, NULL, public.data, public.len, digest,
                      &len) == 1);
    atls_buf_u16(out, (uint16_t)(2 + len));
    atls_buf_u16(out, hash);
    atls_buf_put(out, atls_view(digest, len));
}

static void put_certify(const struct forge_parsec_tpm *forge,
                        struct atls_view public, struct atls_buf *out)
{
    atls_buf_u32(out, forge->magic != 0 ? forge->magic : 0xff544347);
    atls_buf_u16(out, forge->type != 0 ? forge->type : 0x8017);
    put_block(out, atls_view_text("qualified signer"));
    put_block(out, forge->nonce);
    atls_buf_u64(out, 123456);
    atls_buf_u32(out, 7);
    atls_buf_u32(out, 1);
    atls_buf_u8(out, 1);
    atls_buf_u64(out, 0);
    put_name(forge->name_hash != 0 ? forge->name_hash : 0x0b, public, out);
    put_block(out, atls_view_text("qualified name"));
}

/* One token's fields; label and bytes, but for the version. */
struct field {
    const char *label;
    struct atls_view bytes;
};

static void put_token(const struct forge_parsec_tpm *forge,
                      const struct field *fields, size_t num,
                      const char *unknown, struct atls_buf *out)
{
    size_t left = num + 1 + (unknown != NULL ? 1 : 0);

    for (size_t i = 0; i < num; i++)
        if (forge->missing != NULL &&
            strcmp(fields[i].label, forge->missing) == 0)
            left--;
    if (forge->missing != NULL && strcmp(forge->missing, "tpmVer") == 0)
        left--;
    atls_cbor_put_map(out, left);
    if (forge->missing == NULL || strcmp(forge->missing, "tpmVer") != 0) {
        atls_cbor_put_text(out, "tpmVer");
        atls_cbor_put_text(out,
                           forge->version != NULL ? forge->version : "2.0");
    }
    for (size_t i = 0; i < num; i++) {
        if (forge->missing != NULL &&
            strcmp(fields[i].label, forge->missing) == 0)
            continue;
        atls_cbor_put_text(out, fields[i].label);
        atls_cbor_put_bytes(out, fields[i].bytes);
    }
    if (unknown != NULL) {
        atls_cbor_put_text(out, unknown);
        atls_cbor_put_bytes(out, atls_view_text("more"));
    }
}

static EVP_PKEY * or (EVP_PKEY * key, EVP_PKEY *other)
{
    return key != NULL ? key : other;
}

static void put_kat(const struct forge_parsec_tpm *forge, struct atls_buf *out)
{
    ATLS_AUTO_BUF certified = atls_buf(FORGE_MAX), shown = atls_buf(FORGE_MAX);
    ATLS_AUTO_BUF attest = atls_buf(FORGE_MAX), signature = atls_buf(FORGE_MAX);
    struct forge_quote signing = forge->quote;
    uint32_t attributes =
        forge->attributes != 0 ? forge->attributes : FORGE_TLS_ATTRIBUTES;
    uint16_t hash = forge->name_hash != 0 ? forge->name_hash : 0x0b;
    uint8_t id[33];

    forge_id(or (forge->kid_key, forge->ak), id);
    forge_tpm_public(&certified, forge->tls_key, attributes, hash);
    forge_tpm_public(&shown, or (forge->shown_key, forge->tls_key), attributes,
                     hash);
    put_certify(forge, atls_buf_view(&certified), &attest);
    signing.key = or (forge->key_signer, forge->ak);
    forge_quote_signature(&signing, atls_buf_view(&attest), &signature);
    put_token(forge,
              (const struct field[]){
                  {"kid", atls_view(id, sizeof(id))},
                  {"sig", atls_buf_view(&signature)},
                  {"pubArea", atls_buf_view(&shown)},
                  {"certInfo", atls_buf_view(&attest)},
              },
              4, forge->unknown_in_kat, out);
}

static void put_pat(const struct forge_parsec_tpm *forge, struct atls_buf *out)
{
    ATLS_AUTO_BUF attest = atls_buf(FORGE_MAX), signature = atls_buf(FORGE_MAX);
    struct forge_quote quote = forge->quote;
    uint8_t id[33];

    quote.key = or (quote.key, forge->ak);
    forge_quote_attest(&quote, &attest);
    forge_quote_signature(&quote, atls_buf_view(&attest), &signature);
    forge_id(or (forge->platform_kid, or (forge->kid_key, forge->ak)), id);
    put_token(forge,
              (const struct field[]){
                  {"kid", atls_view(id, sizeof(id))},
                  {"sig", atls_buf_view(&signature)},
                  {"attestInfo", atls_buf_view(&attest)},
              },
              3, NULL, out);
}

void forge_parsec_tpm_put(const struct forge_parsec_tpm *forge,
                          struct atls_buf *out)
{
    atls_cbor_put_map(out, 2u - forge->has_no_kat - forge->has_no_pat);
    if (!forge->has_no_kat) {
        atls_cbor_put_text(out, "kat");
        put_kat(forge, out);
    }
    if (!forge->has_no_pat) {
        atls_cbor_put_text(out, "pat");
        put_pat(forge, out);
    }
    if (forge->after != NULL)
        forge_hex(out, forge->after);
    must(!out->failed);
}

void forge_spki(EVP_PKEY *key, struct atls_buf *out)
{
    must(atls_spki_put_key(out, key, NULL) == ATLS_OK);
}
