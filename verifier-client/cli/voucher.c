/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading trust anchors that were named on the command line. Whether they are
 * of the right kind is asked of the Evidence, by who calls.
 */
#include "cli/voucher.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

ATLS_AUTO_FREE(BIO, BIO_free_all)
ATLS_AUTO_FREE(X509, X509_free)

static enum atls_reason add_key(struct atls_voucher *voucher, EVP_PKEY *key,
                                struct atls_why *why)
{
    if (key == NULL)
        return ATLS_OK;
    if (voucher->num_keys == ATLS_VOUCHER_MAX_KEYS) {
        EVP_PKEY_free(key);
        return atls_why(why, ATLS_FILE_UNREADABLE,
                        "--trust-anchor: want at most %d keys",
                        ATLS_VOUCHER_MAX_KEYS);
    }
    voucher->keys[voucher->num_keys++] = key;
    return ATLS_OK;
}

static enum atls_reason add_block(struct atls_voucher *voucher,
                                  const char *label, const uint8_t *der,
                                  long len, struct atls_why *why)
{
    ATLS_AUTO(X509) *certificate = NULL;

    if (strcmp(label, PEM_STRING_PUBLIC) == 0)
        return add_key(voucher, d2i_PUBKEY(NULL, &der, len), why);
    if (strcmp(label, PEM_STRING_X509) != 0 &&
        strcmp(label, PEM_STRING_X509_OLD) != 0)
        return ATLS_OK;
    certificate = d2i_X509(NULL, &der, len);
    if (certificate == NULL)
        return ATLS_OK;
    voucher->has_certificate = true;
    return add_key(voucher, X509_get_pubkey(certificate), why);
}

enum atls_reason atls_voucher_take(struct atls_voucher *voucher,
                                   struct atls_view text, struct atls_why *why)
{
    ATLS_AUTO(BIO) *bio = BIO_new_mem_buf(
        text.len > 0 ? (const char *)text.data : "", (int)text.len);
    enum atls_reason reason = ATLS_OK;
    char *label = NULL, *header = NULL;
    uint8_t *der = NULL;
    long len;

    while (reason == ATLS_OK && bio != NULL &&
           PEM_read_bio(bio, &label, &header, &der, &len) == 1) {
        reason = add_block(voucher, label, der, len, why);
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_free(der);
    }
    ERR_clear_error();
    atls_buf_put(&voucher->text, text);
    atls_buf_text(&voucher->text, "\n");
    return bio == NULL || voucher->text.failed
               ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL)
               : reason;
}

void atls_voucher_clear(struct atls_voucher *voucher)
{
    atls_buf_clear(&voucher->text);
    for (size_t i = 0; i < voucher->num_keys; i++)
        EVP_PKEY_free(voucher->keys[i]);
    voucher->num_keys = 0;
}
