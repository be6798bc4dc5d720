/* SPDX-License-Identifier: Apache-2.0
 *
 * CRLs, as KDS, Intel and PCCS serve them.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>

#include "base64url.h"
#include "chain.h"
#include "delivering.h"

enum { MAX_NAME = 64, MAX_DER = 1 << 20 };

ATLS_AUTO_FREE(BIO, BIO_free_all)

static bool ends_with(X509_NAME *name, const char *end)
{
    char text[MAX_NAME] = "";
    size_t len, end_len = strlen(end);

    if (X509_NAME_get_text_by_NID(name, NID_commonName, text, MAX_NAME) < 0)
        return false;
    len = strlen(text);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static X509_CRL *crl_of_der(struct atls_view der)
{
    const uint8_t *at = der.data;
    X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)der.len);

    if (crl != NULL && at == der.data + der.len)
        return crl;
    X509_CRL_free(crl);
    return NULL;
}

static X509_CRL *crl_of_pem(struct atls_view text)
{
    ATLS_AUTO(BIO) *bio = BIO_new_mem_buf(text.data, (int)text.len);
    char *label = NULL, *header = NULL;
    uint8_t *der = NULL;
    X509_CRL *crl = NULL;
    long len;

    if (bio == NULL || PEM_read_bio(bio, &label, &header, &der, &len) != 1)
        return NULL;
    if (strcmp(label, PEM_STRING_X509_CRL) == 0)
        crl = crl_of_der(atls_view(der, (size_t)len));
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_free(der);
    return crl;
}

static struct atls_view without_space(struct atls_view text)
{
    while (text.len > 0 &&
           (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
        text.len--;
    return text;
}

/* DER, PEM, or (of a PCCS) DER in hex */
static X509_CRL *read_crl(struct atls_view body)
{
    ATLS_AUTO_BUF der = atls_buf(MAX_DER);

    if (body.len > 0 && body.data[0] == 0x30 && body.len > 1 &&
        body.data[1] >= 0x80)
        return crl_of_der(body);
    if (body.len > 0 && body.data[0] == '-')
        return crl_of_pem(body);
    if (!atls_hex_decode(without_space(body), &der))
        return NULL;
    return crl_of_der(atls_buf_view(&der));
}

/* Who should have signed it, by the end of his name. */
static void put_issuer(const struct atls_want *want, char end[MAX_NAME])
{
    if (want->kind == ATLS_WANT_AMD_CRL)
        snprintf(end, MAX_NAME, "ARK-%s",
                 atls_snp_product_names[want->product]);
    else if (want->kind == ATLS_WANT_ROOT_CRL)
        snprintf(end, MAX_NAME, "SGX Root CA");
    else
        snprintf(end, MAX_NAME, "SGX PCK %s CA",
                 want->is_processor ? "Processor" : "Platform");
}

static X509 *find_issuer(STACK_OF(X509) * among, X509_CRL *crl)
{
    for (int i = 0; i < sk_X509_num(among); i++) {
        X509 *issuer = sk_X509_value(among, i);
        EVP_PKEY *key = X509_get0_pubkey(issuer);

        if (X509_NAME_cmp(X509_get_subject_name(issuer),
                          X509_CRL_get_issuer(crl)) == 0 &&
            key != NULL && X509_CRL_verify(crl, key) == 1)
            return issuer;
    }
    return NULL;
}

static bool put_crl_der(struct atls_buf *out, const X509_CRL *crl)
{
    uint8_t *der = NULL;
    int len = i2d_X509_CRL(crl, &der);

    if (len > 0)
        atls_buf_put(out, atls_view(der, (size_t)len));
    OPENSSL_free(der);
    return len > 0 && !out->failed;
}

/* With its issuer, without which nobody could tell later whose it is. */
static bool put_crl_pem(struct atls_buf *out, X509_CRL *crl,
                        STACK_OF(X509) * issuers)
{
    ATLS_AUTO(BIO) *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len;

    if (bio == NULL || PEM_write_bio_X509_CRL(bio, crl) != 1)
        return false;
    len = BIO_get_mem_data(bio, &text);
    atls_buf_put(out, atls_view(text, len > 0 ? (size_t)len : 0));
    return atls_delivering_put_pem(out, issuers);
}

static enum atls_reason verify_crl(struct atls_delivering *delivering,
                                   struct atls_why *why)
{
    X509_CRL *crl = delivering->out->crl;
    X509 *issuer = find_issuer(delivering->anchors.roots, crl);

    if (issuer == NULL)
        issuer = find_issuer(delivering->out->certificates, crl);
    if (issuer == NULL)
        return atls_why(why, ATLS_COLLATERAL_INVALID,
                        "%s: want a CRL that its issuer signed, found no such "
                        "signature",
                        delivering->what);
    return atls_delivering_verify(delivering, issuer, why);
}

static enum atls_reason read_crl_of_name(struct atls_delivering *delivering,
                                         struct atls_why *why)
{
    struct atls_delivered *out = delivering->out;
    const ASN1_TIME *next;
    char issuer[MAX_NAME];

    put_issuer(delivering->want, issuer);
    out->crl = read_crl(delivering->delivery->body);
    if (out->crl == NULL || !ends_with(X509_CRL_get_issuer(out->crl), issuer))
        return atls_delivering_wrong(delivering, "a CRL of that name", why);
    next = X509_CRL_get0_nextUpdate(out->crl);
    out->issued = atls_chain_seconds(X509_CRL_get0_lastUpdate(out->crl));
    if (next != NULL)
        out->next = atls_chain_seconds(next);
    return atls_delivering_check_time(delivering, why);
}

enum atls_reason atls_delivering_check_crl(struct atls_delivering *delivering,
                                           struct atls_why *why)
{
    struct atls_delivered *out = delivering->out;
    bool has_chain = delivering->want->kind == ATLS_WANT_PCK_CRL &&
                     delivering->delivery->chain.len > 0;
    enum atls_reason reason = read_crl_of_name(delivering, why);

    if (reason == ATLS_OK && has_chain)
        reason = atls_delivering_read_chain(delivering, why);
    if (reason == ATLS_OK &&
        !(delivering->want->kind == ATLS_WANT_PCK_CRL
              ? put_crl_pem(&out->file, out->crl, out->certificates)
              : put_crl_der(&out->file, out->crl)))
        reason = atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (reason == ATLS_OK && !atls_delivering_add_known(delivering))
        reason = atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (reason == ATLS_OK)
        reason = atls_delivering_open_roots(delivering, why);
    return reason == ATLS_OK ? verify_crl(delivering, why) : reason;
}
