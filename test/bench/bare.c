/* SPDX-License-Identifier: Apache-2.0
 *
 * EVP_PKEY_verify over digests that were made before.
 */
#include "bare.h"

#include <stdio.h>
#include <string.h>

#include <openssl/rand.h>
#include <openssl/rsa.h>

static void name_it(EVP_PKEY *key, char kind[16])
{
    char group[32] = "";

    if (EVP_PKEY_is_a(key, "RSA"))
        (void)snprintf(kind, 16, "RSA-%d", EVP_PKEY_get_bits(key));
    else if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1)
        (void)snprintf(kind, 16, "P-%d", EVP_PKEY_get_bits(key));
}

static const EVP_MD *digest_of(EVP_PKEY *key, bool is_pss)
{
    return is_pss || EVP_PKEY_get_bits(key) == 384 ? EVP_sha384()
                                                   : EVP_sha256();
}

static bool settle(EVP_PKEY_CTX *ctx, EVP_PKEY *key, bool is_pss)
{
    if (!EVP_PKEY_is_a(key, "RSA"))
        return true;
    return EVP_PKEY_CTX_set_rsa_padding(ctx, is_pss ? RSA_PKCS1_PSS_PADDING
                                                    : RSA_PKCS1_PADDING) == 1 &&
           EVP_PKEY_CTX_set_signature_md(ctx, digest_of(key, is_pss)) == 1;
}

static bool sign(struct bench_bare_item *item, EVP_PKEY *key, bool is_pss)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool is_well = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
                   settle(ctx, key, is_pss) &&
                   EVP_PKEY_sign(ctx, item->signature, &item->signature_len,
                                 item->digest, item->digest_len) == 1;

    EVP_PKEY_CTX_free(ctx);
    return is_well;
}

bool bench_bare_add(struct bench_bare *bare, EVP_PKEY *key, bool is_pss)
{
    struct bench_bare_item *item = &bare->items[bare->num];

    if (bare->num == BENCH_BARE_MAX)
        return false;
    bare->num++;
    *item = (struct bench_bare_item){
        .digest_len = (size_t)EVP_MD_get_size(digest_of(key, is_pss)),
        .signature_len = sizeof(item->signature)};
    name_it(key, item->kind);
    item->ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    return item->ctx != NULL &&
           RAND_bytes(item->digest, (int)item->digest_len) == 1 &&
           sign(item, key, is_pss) && EVP_PKEY_verify_init(item->ctx) == 1 &&
           settle(item->ctx, key, is_pss);
}

void bench_bare_clear(struct bench_bare *bare)
{
    for (size_t i = 0; i < bare->num; i++)
        EVP_PKEY_CTX_free(bare->items[i].ctx);
    bare->num = 0;
}

bool bench_bare_run(struct bench_bare *bare, unsigned times)
{
    for (; times > 0; times--)
        for (size_t i = 0; i < bare->num; i++) {
            struct bench_bare_item *item = &bare->items[i];

            if (EVP_PKEY_verify(item->ctx, item->signature, item->signature_len,
                                item->digest, item->digest_len) != 1)
                return false;
        }
    return true;
}

const char *bench_bare_text(const struct bench_bare *bare,
                            char text[BENCH_BARE_TEXT])
{
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < bare->num && len < BENCH_BARE_TEXT; i++) {
        const char *kind = bare->items[i].kind;
        int of_kind = 0, before = 0;

        for (size_t j = 0; j < bare->num; j++) {
            bool is_same = strcmp(bare->items[j].kind, kind) == 0;

            of_kind += is_same;
            before += is_same && j < i;
        }
        if (before == 0)
            len +=
                (size_t)snprintf(text + len, BENCH_BARE_TEXT - len, "%s%d %s",
                                 len > 0 ? ", " : "", of_kind, kind);
    }
    return text;
}
