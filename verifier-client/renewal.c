/* SPDX-License-Identifier: Apache-2.0
 *
 * From what stands in a folder to wants, and back.
 */
#include "renewal.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "chain.h"

enum { MAX_NAME = 64, MAX_BODY = 1 << 20 };

ATLS_AUTO_FREE(BIO, BIO_free_all)

static void put_name(const X509_NAME *name, char text[MAX_NAME])
{
    if (X509_NAME_get_text_by_NID((X509_NAME *)(uintptr_t)name, NID_commonName,
                                  text, MAX_NAME) < 0)
        text[0] = '\0';
}

static bool is_named(const X509_NAME *name, const char *start,
                     const char *product)
{
    char text[MAX_NAME], wanted[MAX_NAME];

    put_name(name, text);
    snprintf(wanted, sizeof(wanted), "%s%s", start, product);
    return strcmp(text, wanted) == 0;
}

/* Wants */

static void want_key(struct atls_wants *wants, X509 *certificate)
{
    struct atls_want want = {.kind = ATLS_WANT_VCEK};
    struct atls_snp_endorsement key;

    if (atls_snp_endorsement_read(certificate, &key, NULL) != ATLS_OK ||
        key.key != ATLS_SNP_VCEK)
        return;
    want.product = key.product;
    memcpy(want.chip, key.hwid, ATLS_SNP_HWID);
    memcpy(want.tcb, key.tcb, ATLS_SNP_TCB);
    atls_wants_add(wants, &want);
}

static void want_chain(struct atls_wants *wants, X509 *certificate)
{
    static const char *const asks[] = {
        [ATLS_SNP_VCEK] = "SEV-", [ATLS_SNP_VLEK] = "SEV-VLEK-"};
    const X509_NAME *name = X509_get_subject_name(certificate);

    for (int key = 0; key < ATLS_SNP_NUM_KEYS; key++)
        for (int i = ATLS_SNP_MILAN; i < ATLS_SNP_NUM_PRODUCTS; i++) {
            struct atls_want want = {.kind = ATLS_WANT_AMD_CHAIN,
                                     .product = (enum atls_snp_product)i,
                                     .key = (enum atls_snp_key)key};

            if (!is_named(name, asks[key], atls_snp_product_names[i]))
                continue;
            atls_wants_add(wants, &want);
            want.kind = ATLS_WANT_AMD_CRL;
            atls_wants_add(wants, &want);
        }
}

/* Intel's; AMD's are wanted with their chains. */
static void want_crl(struct atls_wants *wants, const X509_CRL *crl)
{
    static const char *const cas[] = {"Platform", "Processor"};
    struct atls_want want = {.kind = ATLS_WANT_ROOT_CRL};
    char name[MAX_NAME];

    put_name(X509_CRL_get_issuer(crl), name);
    if (strstr(name, "SGX Root CA") != NULL)
        atls_wants_add(wants, &want);
    want.kind = ATLS_WANT_PCK_CRL;
    for (int i = 0; i < 2; i++) {
        want.is_processor = i == 1;
        if (strstr(name, "SGX PCK") != NULL && strstr(name, cas[i]) != NULL)
            atls_wants_add(wants, &want);
    }
}

static void want_document(struct atls_wants *wants,
                          const struct atls_tcb_document *document)
{
    struct atls_want want = {.kind = document->is_info ? ATLS_WANT_TCB_INFO
                                                       : ATLS_WANT_QE_IDENTITY,
                             .is_td = document->is_td,
                             .has_pce_id = document->is_info};

    memcpy(want.fmspc, document->fmspc, ATLS_PCK_FMSPC);
    memcpy(want.pce_id, document->pce_id, ATLS_PCK_PCE_ID);
    atls_wants_add(wants, &want);
}

void atls_renewal_wants(struct atls_wants *wants,
                        const struct atls_stock_folder *stock)
{
    const struct atls_collateral *collateral = &stock->collateral;

    for (int i = 0; i < sk_X509_CRL_num(collateral->crls); i++)
        want_crl(wants, sk_X509_CRL_value(collateral->crls, i));
    for (size_t i = 0; i < stock->tcb.num; i++)
        want_document(wants, &stock->tcb.documents[i]);
    for (int i = 0; i < sk_X509_num(collateral->certificates); i++)
        want_chain(wants, sk_X509_value(collateral->certificates, i));
    for (int i = 0; i < sk_X509_num(collateral->certificates); i++)
        want_key(wants, sk_X509_value(collateral->certificates, i));
}

/* What there is, as if it had come */

static void put_der(struct atls_buf *out, uint8_t *der, int len)
{
    if (len > 0)
        atls_buf_put(out, atls_view(der, (size_t)len));
    OPENSSL_free(der);
}

static void put_key(const struct atls_stock_folder *stock,
                    const struct atls_want *want, struct atls_buf *out)
{
    STACK_OF(X509) *all = stock->collateral.certificates;
    X509 *newest = NULL;
    struct atls_snp_endorsement key;
    uint8_t *der = NULL;
    int len;

    for (int i = 0; i < sk_X509_num(all); i++) {
        X509 *certificate = sk_X509_value(all, i);

        if (atls_snp_endorsement_read(certificate, &key, NULL) == ATLS_OK &&
            key.key == ATLS_SNP_VCEK && key.product == want->product &&
            memcmp(key.tcb, want->tcb, ATLS_SNP_TCB) == 0 &&
            memcmp(key.hwid, want->chip, ATLS_SNP_HWID) == 0 &&
            (newest == NULL ||
             ASN1_TIME_compare(X509_get0_notAfter(certificate),
                               X509_get0_notAfter(newest)) > 0))
            newest = certificate;
    }
    if (newest == NULL)
        return;
    len = i2d_X509(newest, &der);
    put_der(out, der, len);
}

static X509 *find_named(STACK_OF(X509) * among, const char *start,
                        const char *product)
{
    for (int i = 0; i < sk_X509_num(among); i++)
        if (is_named(X509_get_subject_name(sk_X509_value(among, i)), start,
                     product))
            return sk_X509_value(among, i);
    return NULL;
}

static void put_chain(const struct atls_stock_folder *stock,
                      const struct atls_want *want, struct atls_buf *out)
{
    STACK_OF(X509) *all = stock->collateral.certificates;
    const char *product = atls_snp_product_names[want->product];
    X509 *ask = find_named(
        all, want->key == ATLS_SNP_VLEK ? "SEV-VLEK-" : "SEV-", product);
    X509 *ark = find_named(all, "ARK-", product);
    ATLS_AUTO(BIO) *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len;

    if (ask == NULL || ark == NULL || bio == NULL ||
        PEM_write_bio_X509(bio, ask) != 1 || PEM_write_bio_X509(bio, ark) != 1)
        return;
    len = BIO_get_mem_data(bio, &text);
    atls_buf_put(out, atls_view(text, len > 0 ? (size_t)len : 0));
}

static bool is_by(const X509_CRL *crl, const struct atls_want *want)
{
    char name[MAX_NAME];

    put_name(X509_CRL_get_issuer(crl), name);
    if (want->kind == ATLS_WANT_AMD_CRL)
        return is_named(X509_CRL_get_issuer(crl), "ARK-",
                        atls_snp_product_names[want->product]);
    if (want->kind == ATLS_WANT_ROOT_CRL)
        return strstr(name, "SGX Root CA") != NULL;
    return strstr(name, want->is_processor ? "SGX PCK Processor CA"
                                           : "SGX PCK Platform CA") != NULL;
}

static X509_CRL *find_crl(const struct atls_stock_folder *stock,
                          const struct atls_want *want)
{
    STACK_OF(X509_CRL) *all = stock->collateral.crls;
    X509_CRL *newest = NULL;

    for (int i = 0; i < sk_X509_CRL_num(all); i++) {
        X509_CRL *crl = sk_X509_CRL_value(all, i);

        if (is_by(crl, want) &&
            (newest == NULL ||
             ASN1_TIME_compare(X509_CRL_get0_lastUpdate(crl),
                               X509_CRL_get0_lastUpdate(newest)) > 0))
            newest = crl;
    }
    return newest;
}

static bool find_document(const struct atls_stock_folder *stock,
                          const struct atls_want *want,
                          struct atls_delivered *out)
{
    const struct atls_tcb_document *newest = NULL;

    for (size_t i = 0; i < stock->tcb.num; i++) {
        const struct atls_tcb_document *document = &stock->tcb.documents[i];

        if (document->is_td == want->is_td &&
            document->is_info == (want->kind == ATLS_WANT_TCB_INFO) &&
            memcmp(document->fmspc, want->fmspc, ATLS_PCK_FMSPC) == 0 &&
            (newest == NULL || document->issued > newest->issued))
            newest = document;
    }
    *out = (struct atls_delivered){.next = INT64_MAX};
    if (newest == NULL)
        return false;
    out->issued = newest->issued;
    out->next = newest->next;
    out->evaluation = newest->evaluation;
    return true;
}

static bool find_crl_checked(const struct atls_stock_folder *stock,
                             const struct atls_want *want,
                             const struct atls_delivery_terms *terms,
                             struct atls_delivered *out)
{
    ATLS_AUTO_BUF body = atls_buf(MAX_BODY);
    struct atls_delivery_terms then = *terms;
    struct atls_delivery delivery = {.chain = {NULL, 0}};
    X509_CRL *crl = find_crl(stock, want);
    uint8_t *der = NULL;
    int len;

    *out = (struct atls_delivered){.next = INT64_MAX};
    if (crl == NULL)
        return false;
    len = i2d_X509_CRL(crl, &der);
    put_der(&body, der, len);
    delivery.body = atls_buf_view(&body);
    then.now = atls_chain_seconds(X509_CRL_get0_lastUpdate(crl));
    return atls_delivery_check(want, &delivery, &then, out, NULL) == ATLS_OK;
}

static bool find_certificates(const struct atls_stock_folder *stock,
                              const struct atls_want *want,
                              const struct atls_delivery_terms *terms,
                              struct atls_delivered *out)
{
    ATLS_AUTO_BUF body = atls_buf(MAX_BODY);
    struct atls_delivery delivery = {.chain = {NULL, 0}};

    if (want->kind == ATLS_WANT_VCEK)
        put_key(stock, want, &body);
    else
        put_chain(stock, want, &body);
    *out = (struct atls_delivered){.next = INT64_MAX};
    delivery.body = atls_buf_view(&body);
    return body.len > 0 &&
           atls_delivery_check(want, &delivery, terms, out, NULL) == ATLS_OK;
}

static bool find(const struct atls_stock_folder *stock,
                 const struct atls_want *want,
                 const struct atls_delivery_terms *terms,
                 struct atls_delivered *out)
{
    switch (want->kind) {
    case ATLS_WANT_AMD_CHAIN:
    case ATLS_WANT_VCEK:
        return find_certificates(stock, want, terms, out);
    case ATLS_WANT_AMD_CRL:
    case ATLS_WANT_PCK_CRL:
    case ATLS_WANT_ROOT_CRL:
        return find_crl_checked(stock, want, terms, out);
    case ATLS_WANT_TCB_INFO:
    case ATLS_WANT_QE_IDENTITY:
        return find_document(stock, want, out);
    case ATLS_WANT_KINDS:
        break;
    }
    *out = (struct atls_delivered){.next = INT64_MAX};
    return false;
}

bool atls_renewal_find(const struct atls_stock_folder *stock,
                       const struct atls_want *want,
                       const struct atls_delivery_terms *terms,
                       struct atls_delivered *out)
{
    bool is_found;

    ERR_set_mark();
    is_found = find(stock, want, terms, out);
    ERR_pop_to_mark();
    return is_found;
}
