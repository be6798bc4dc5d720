/* SPDX-License-Identifier: Apache-2.0
 *
 * Making a delegate, and how old it is.
 */
#include "delegate.h"

#include <string.h>

#include <openssl/evp.h>

#include "origin.h"

/* In software, even where the program's default properties would rather have
 * a TPM or a token: this key signs for every connection and lives for hours. */
static enum atls_reason make_key(struct atls_delegate *delegate,
                                 struct atls_why *why)
{
    uint8_t *at = delegate->spki;

    delegate->key = EVP_PKEY_Q_keygen(NULL, "?provider=default", "EC", "P-256");
    if (delegate->key == NULL ||
        i2d_PUBKEY(delegate->key, NULL) != ATLS_DELEGATION_SPKI ||
        i2d_PUBKEY(delegate->key, &at) != ATLS_DELEGATION_SPKI)
        return atls_why(why, ATLS_CRYPTO_FAILED,
                        "delegate: libcrypto makes no P-256 key");
    delegate->mandate.spki = atls_view(delegate->spki, sizeof(delegate->spki));
    return ATLS_OK;
}

static enum atls_reason make(struct atls_delegate *delegate,
                             const uint8_t tik[ATLS_DELEGATION_HASH],
                             atls_vouch_fn *vouch, void *arg,
                             struct atls_why *why)
{
    int64_t now_s = (int64_t)delegate->mandate.not_before;
    ATLS_AUTO_BUF origin = atls_buf(ATLS_ORIGIN_MAX);
    struct atls_secret value;
    enum atls_reason reason = make_key(delegate, why);

    if (reason == ATLS_OK)
        reason = atls_mandate_value(&delegate->mandate, tik, &value, why);
    if (reason == ATLS_OK)
        atls_origin_put_delegate(&origin, &delegate->mandate, tik);
    if (reason == ATLS_OK)
        reason = vouch(arg, &value, atls_buf_view(&origin), now_s,
                       &delegate->record, &delegate->expires_s, why);
    if (reason == ATLS_OK && (origin.failed || delegate->record.failed))
        reason = atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return reason;
}

enum atls_reason atls_delegate_make(const uint8_t tik[ATLS_DELEGATION_HASH],
                                    int64_t now_s, uint32_t lifetime_s,
                                    atls_vouch_fn *vouch, void *arg,
                                    struct atls_delegate **out,
                                    struct atls_why *why)
{
    struct atls_delegate *delegate = calloc(1, sizeof(*delegate));
    enum atls_reason reason;

    *out = NULL;
    if (delegate == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    delegate->num_references = 1;
    delegate->record = atls_buf(ATLS_CMW_MAX);
    delegate->mandate.not_before = (uint64_t)now_s;
    delegate->mandate.lifetime_s = lifetime_s;
    delegate->expires_s = now_s + lifetime_s;
    reason = make(delegate, tik, vouch, arg, why);
    if (reason == ATLS_OK)
        *out = delegate;
    else
        atls_delegate_free(delegate);
    return reason;
}

void atls_delegate_up_ref(struct atls_delegate *delegate)
{
    __atomic_add_fetch(&delegate->num_references, 1, __ATOMIC_RELAXED);
}

void atls_delegate_free(struct atls_delegate *delegate)
{
    if (delegate == NULL ||
        __atomic_sub_fetch(&delegate->num_references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    EVP_PKEY_free(delegate->key);
    atls_buf_clear(&delegate->record);
    free(delegate);
}

bool atls_delegate_is_valid(const struct atls_delegate *delegate, int64_t now_s)
{
    return (int64_t)delegate->mandate.not_before <=
               now_s + ATLS_DELEGATION_SKEW_S &&
           now_s < delegate->expires_s;
}

bool atls_delegate_is_due(const struct atls_delegate *delegate, int64_t now_s)
{
    int64_t begun_s = (int64_t)delegate->mandate.not_before;

    return now_s < begun_s ||
           3 * (now_s - begun_s) >= 2 * (delegate->expires_s - begun_s);
}
