/* SPDX-License-Identifier: Apache-2.0
 *
 * What it takes to judge a SEV-SNP report beside what it brings.
 */
#include <string.h>

#include "chain.h"
#include "want.h"

/* Reports of version 2 name no product; their signer's certificate does. */
static enum atls_snp_product product_of(const struct atls_snp_claims *claims,
                                        int key)
{
    ATLS_AUTO_CHAIN STACK_OF(X509) *leaf = sk_X509_new_null();
    struct atls_snp_endorsement endorsement = {.product = ATLS_SNP_UNKNOWN};

    if (claims->report.has_cpuid)
        return atls_snp_report_product(&claims->report);
    if (leaf == NULL || claims->table.keys[key].len == 0 ||
        atls_chain_read(claims->table.keys[key], leaf, NULL) != ATLS_OK ||
        atls_snp_endorsement_read(sk_X509_value(leaf, 0), &endorsement, NULL) !=
            ATLS_OK)
        return ATLS_SNP_UNKNOWN;
    return endorsement.product;
}

static bool is_masked(struct atls_view chip)
{
    uint8_t any = 0;

    for (size_t i = 0; i < chip.len; i++)
        any |= chip.data[i];
    return any == 0;
}

/* The signer's certificate, where the report does not bring it. */
static void want_leaf(const struct atls_snp_report *report,
                      enum atls_snp_key key, struct atls_want *want,
                      struct atls_wants *wants)
{
    if (key == ATLS_SNP_VLEK) {
        atls_wants_lack(wants, "the VLEK's certificate is not with the report, "
                               "and AMD gives it to the cloud provider alone: "
                               "ask there, and put it into the folder");
    } else if (is_masked(report->chip_id)) {
        atls_wants_lack(wants, "the VCEK's certificate is not with the report, "
                               "whose chip_id is masked: let the host send it, "
                               "or unmask it (MASK_CHIP_ID)");
    } else {
        want->kind = ATLS_WANT_VCEK;
        memcpy(want->chip, report->chip_id.data, ATLS_SNP_HWID);
        memcpy(want->tcb, report->reported_tcb.data, ATLS_SNP_TCB);
        atls_wants_add(wants, want);
    }
}

void atls_snp_want(const void *claims, struct atls_wants *wants)
{
    const struct atls_snp_claims *snp = claims;
    int key = atls_snp_report_key(&snp->report);
    struct atls_want want = {.kind = ATLS_WANT_AMD_CHAIN};

    if (key < 0) {
        atls_wants_lack(wants, "the report is signed by neither VCEK nor VLEK: "
                               "nothing of AMD's helps to judge it");
        return;
    }
    want.key = (enum atls_snp_key)key;
    want.product = product_of(snp, key);
    if (want.product == ATLS_SNP_UNKNOWN)
        want.product = wants->product;
    if (want.product == ATLS_SNP_UNKNOWN) {
        atls_wants_lack(wants, "the report does not say whether it is of "
                               "Milan, Genoa or Turin: say so by --product");
        return;
    }
    atls_wants_add(wants, &want);
    want.kind = ATLS_WANT_AMD_CRL;
    atls_wants_add(wants, &want);
    if (snp->table.keys[key].len == 0)
        want_leaf(&snp->report, want.key, &want, wants);
}
