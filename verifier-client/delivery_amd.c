/* SPDX-License-Identifier: Apache-2.0
 *
 * AMD's certificates: ASK or ASVK with their ARK, and the VCEK of a chip.
 */
#include <stdio.h>
#include <string.h>

#include "chain.h"
#include "delivering.h"

enum { MAX_NAME = 64 };

static bool is_named(const X509_NAME *name, const char *common_name)
{
    char text[MAX_NAME] = "";

    return X509_NAME_get_text_by_NID((X509_NAME *)(uintptr_t)name,
                                     NID_commonName, text, MAX_NAME) >= 0 &&
           strcmp(text, common_name) == 0;
}

static void set_dates(struct atls_delivered *out, const X509 *certificate)
{
    int64_t from = atls_chain_seconds(X509_get0_notBefore(certificate));
    int64_t until = atls_chain_seconds(X509_get0_notAfter(certificate));

    if (from > out->issued)
        out->issued = from;
    if (until < out->next)
        out->next = until;
}

enum atls_reason atls_delivering_check_chain(struct atls_delivering *delivering,
                                             struct atls_why *why)
{
    STACK_OF(X509) *chain = delivering->out->certificates;
    const char *product = atls_snp_product_names[delivering->want->product];
    char ask[MAX_NAME], ark[MAX_NAME];
    enum atls_reason reason;

    snprintf(ask, sizeof(ask), "SEV-%s%s",
             delivering->want->key == ATLS_SNP_VLEK ? "VLEK-" : "", product);
    snprintf(ark, sizeof(ark), "ARK-%s", product);
    if (atls_chain_read(delivering->delivery->body, chain, NULL) != ATLS_OK ||
        sk_X509_num(chain) != 2 ||
        !is_named(X509_get_subject_name(sk_X509_value(chain, 0)), ask) ||
        !is_named(X509_get_subject_name(sk_X509_value(chain, 1)), ark))
        return atls_delivering_wrong(delivering, "both certificates in PEM",
                                     why);
    set_dates(delivering->out, sk_X509_value(chain, 0));
    set_dates(delivering->out, sk_X509_value(chain, 1));
    reason = atls_delivering_check_time(delivering, why);
    if (reason == ATLS_OK)
        reason = atls_delivering_open_roots(delivering, why);
    if (reason == ATLS_OK)
        reason =
            atls_delivering_verify(delivering, sk_X509_value(chain, 0), why);
    /* which need not be where the chain ends */
    if (reason == ATLS_OK)
        reason =
            atls_delivering_verify(delivering, sk_X509_value(chain, 1), why);
    if (reason == ATLS_OK &&
        !atls_delivering_put_pem(&delivering->out->file, chain))
        reason = atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return reason;
}

static bool is_wanted_key(const struct atls_want *want, X509 *certificate)
{
    struct atls_snp_endorsement key;

    return atls_snp_endorsement_read(certificate, &key, NULL) == ATLS_OK &&
           key.key == ATLS_SNP_VCEK && key.product == want->product &&
           memcmp(key.tcb, want->tcb, ATLS_SNP_TCB) == 0 &&
           memcmp(key.hwid, want->chip, ATLS_SNP_HWID) == 0;
}

enum atls_reason atls_delivering_check_vcek(struct atls_delivering *delivering,
                                            struct atls_why *why)
{
    STACK_OF(X509) *chain = delivering->out->certificates;
    enum atls_reason reason;
    X509 *leaf;
    uint8_t *der = NULL;
    int len;

    if (atls_chain_read(delivering->delivery->body, chain, NULL) != ATLS_OK ||
        sk_X509_num(chain) != 1)
        return atls_delivering_wrong(delivering, "one certificate in DER", why);
    leaf = sk_X509_value(chain, 0);
    if (!is_wanted_key(delivering->want, leaf))
        return atls_delivering_wrong(delivering,
                                     "that of this chip at this TCB", why);
    set_dates(delivering->out, leaf);
    if (!atls_delivering_add_known(delivering))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    reason = atls_delivering_open_roots(delivering, why);
    if (reason == ATLS_OK)
        reason = atls_delivering_verify(delivering, leaf, why);
    if (reason != ATLS_OK)
        return reason;
    len = i2d_X509(leaf, &der);
    if (len > 0)
        atls_buf_put(&delivering->out->file, atls_view(der, (size_t)len));
    OPENSSL_free(der);
    return len > 0 && !delivering->out->file.failed
               ? ATLS_OK
               : atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
}
