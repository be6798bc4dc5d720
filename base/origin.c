/* SPDX-License-Identifier: Apache-2.0
 *
 * Origins of challenges, written and read.
 */
#include "origin.h"

#include <string.h>

#include <openssl/crypto.h>

const char *atls_origin_kind_name(enum atls_origin_kind kind)
{
    switch (kind) {
    case ATLS_ORIGIN_SERVER:
        return "server";
    case ATLS_ORIGIN_CLIENT:
        return "client";
    case ATLS_ORIGIN_DELEGATE:
        return "delegate";
    }
    return "";
}

enum atls_reason atls_origin_put_binder(struct atls_buf *out, bool is_client,
                                        const struct atls_secret *secret,
                                        X509 *leaf, struct atls_why *why)
{
    size_t at;
    enum atls_reason reason;

    atls_buf_u8(out, is_client ? ATLS_ORIGIN_CLIENT : ATLS_ORIGIN_SERVER);
    atls_buf_u8(out, (uint8_t)secret->len);
    atls_buf_put(out, atls_secret_view(secret));
    at = atls_buf_begin(out, 2);
    reason = atls_spki_put(out, leaf, why);
    atls_buf_end(out, at, 2);
    return reason;
}

void atls_origin_put_delegate(struct atls_buf *out,
                              const struct atls_mandate *mandate,
                              const uint8_t tik[ATLS_DELEGATION_HASH])
{
    atls_buf_u8(out, ATLS_ORIGIN_DELEGATE);
    atls_buf_u16(out, (uint16_t)mandate->spki.len);
    atls_buf_put(out, mandate->spki);
    atls_buf_put(out, atls_view(tik, ATLS_DELEGATION_HASH));
    atls_buf_u64(out, mandate->not_before);
    atls_buf_u32(out, mandate->lifetime_s);
}

static enum atls_reason read_connection(struct atls_reader *in,
                                        struct atls_origin *out,
                                        struct atls_why *why)
{
    struct atls_view secret = atls_reader_u8_block(in);

    out->spki = atls_reader_u16_block(in);
    if (!atls_reader_done(in) || (secret.len != 32 && secret.len != 48) ||
        out->spki.len == 0 || out->spki.len > ATLS_SPKI_MAX)
        return atls_why(why, ATLS_ATTESTER_BINDER,
                        "binder-origin: want a secret of 32 or 48 bytes and a "
                        "key of at most %d, and no more",
                        ATLS_SPKI_MAX);
    memcpy(out->secret.bytes, secret.data, secret.len);
    out->secret.len = secret.len;
    return ATLS_OK;
}

static enum atls_reason read_delegate(struct atls_reader *in,
                                      struct atls_origin *out,
                                      struct atls_why *why)
{
    out->mandate.spki = atls_reader_u16_block(in);
    out->tik = atls_reader_bytes(in, ATLS_DELEGATION_HASH).data;
    out->mandate.not_before = atls_reader_u64(in);
    out->mandate.lifetime_s = atls_reader_u32(in);
    return atls_reader_done(in) && atls_mandate_is_whole(&out->mandate)
               ? ATLS_OK
               : atls_why(why, ATLS_ATTESTER_BINDER,
                          "binder-origin: want a delegate's P-256 key, the "
                          "hash of a TLS key, a time and a lifetime, and no "
                          "more");
}

enum atls_reason atls_origin_read(struct atls_view bytes,
                                  struct atls_origin *out, struct atls_why *why)
{
    struct atls_reader in = atls_reader(bytes);
    uint8_t kind = atls_reader_u8(&in);

    *out = (struct atls_origin){.kind = ATLS_ORIGIN_SERVER};
    if (bytes.len == 0 || kind > ATLS_ORIGIN_DELEGATE)
        return atls_why(why, ATLS_ATTESTER_BINDER,
                        "binder-origin: want a role of 0 (server) or 1 "
                        "(client), or 2 (delegate)");
    out->kind = (enum atls_origin_kind)kind;
    return out->kind == ATLS_ORIGIN_DELEGATE ? read_delegate(&in, out, why)
                                             : read_connection(&in, out, why);
}

void atls_origin_clear(struct atls_origin *origin)
{
    OPENSSL_cleanse(origin, sizeof(*origin));
}

enum atls_reason atls_origin_challenge(const struct atls_origin *origin,
                                       struct atls_secret *out,
                                       struct atls_why *why)
{
    return origin->kind == ATLS_ORIGIN_DELEGATE
               ? atls_mandate_value(&origin->mandate, origin->tik, out, why)
               : atls_binder_make(&origin->secret, origin->spki, out, why);
}
