/* SPDX-License-Identifier: Apache-2.0
 *
 * A delegate's value.
 */
#include "mandate.h"

#include <string.h>

#include <openssl/evp.h>

/* Of a P-256 key with a named curve and an uncompressed point, RFC 5480: no
 * other key comes to a decoder. */
static const uint8_t p256[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a,
                               0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                               0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
                               0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

bool atls_mandate_is_whole(const struct atls_mandate *mandate)
{
    return mandate->spki.len == ATLS_DELEGATION_SPKI &&
           memcmp(mandate->spki.data, p256, sizeof(p256)) == 0 &&
           mandate->lifetime_s > 0;
}

enum atls_reason atls_mandate_value(const struct atls_mandate *mandate,
                                    const uint8_t tik[ATLS_DELEGATION_HASH],
                                    struct atls_secret *out,
                                    struct atls_why *why)
{
    static const uint8_t zeros[ATLS_DELEGATION_HASH];
    ATLS_AUTO_BUF text = atls_buf(512);
    uint8_t context[ATLS_DELEGATION_HASH];

    out->len = 0;
    atls_buf_put(&text, mandate->spki);
    atls_buf_put(&text, atls_view(tik, ATLS_DELEGATION_HASH));
    atls_buf_u64(&text, mandate->not_before);
    atls_buf_u32(&text, mandate->lifetime_s);
    if (text.failed)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (EVP_Q_digest(NULL, "SHA2-256", NULL, text.data, text.len, context,
                     NULL) != 1)
        return atls_why(why, ATLS_CRYPTO_FAILED, "SHA-256 refused");
    if (atls_expand_label(atls_view(zeros, sizeof(zeros)), "atls delegate",
                          atls_view(context, sizeof(context)), out->bytes,
                          why) != ATLS_OK)
        return ATLS_CRYPTO_FAILED;
    out->len = sizeof(zeros);
    return ATLS_OK;
}
