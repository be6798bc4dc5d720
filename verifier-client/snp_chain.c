/* SPDX-License-Identifier: Apache-2.0
 *
 * Who signed a SEV-SNP report: a VCEK or VLEK, from the report's own table or
 * the profile's collateral, whose certificate an ASK or ASVK of the same
 * product issued, and that one an ARK among the trust anchors.
 */
#include <string.h>

#include <openssl/x509v3.h>

#include "base64url.h"
#include "chain.h"
#include "cose.h"
#include "ecdsa.h"
#include "snp.h"

enum { MAX_NAME = 32, OIDS = 16 };

/* 1.3.6.1.4.1.3704.1: the arc of AMD's extensions */
#define AMD "1.3.6.1.4.1.3704.1."

/* Which extension holds a byte of the TCB_VERSION (AMD 57230, table 8) */
static const char *const before_turin[ATLS_SNP_TCB] = {
    AMD "3.1", AMD "3.2", AMD "3.4", AMD "3.5",
    AMD "3.6", AMD "3.7", AMD "3.3", AMD "3.8"};
static const char *const turin[ATLS_SNP_TCB] = {AMD "3.9", AMD "3.1", AMD "3.2",
                                                AMD "3.3", AMD "3.5", AMD "3.6",
                                                AMD "3.7", AMD "3.8"};

/* A DER value of that tag whose length takes one byte; empty: another. */
static struct atls_view content_of(struct atls_view der, uint8_t tag)
{
    struct atls_reader in = atls_reader(der);
    bool is_tag = atls_reader_u8(&in) == tag;
    uint8_t len = atls_reader_u8(&in);
    struct atls_view content = atls_reader_bytes(&in, len);

    return is_tag && len < 0x80 && atls_reader_done(&in)
               ? content
               : (struct atls_view){0};
}

/* INTEGER, 0 to 255: from 128 on with a zero before it. */
static bool read_byte(const X509 *certificate, const char *oid, uint8_t *out)
{
    struct atls_view value =
        content_of(atls_chain_extension(certificate, oid), V_ASN1_INTEGER);

    if (value.len == 2 && value.data[0] == 0 && value.data[1] >= 0x80)
        value = atls_view(value.data + 1, 1);
    else if (value.len != 1 || value.data[0] >= 0x80)
        return false;
    *out = value.data[0];
    return true;
}

/* IA5String, with the stepping behind a hyphen or without: "Milan-B0" */
static enum atls_snp_product product_of(const X509 *certificate)
{
    struct atls_view name = content_of(
        atls_chain_extension(certificate, AMD "2"), V_ASN1_IA5STRING);
    const uint8_t *hyphen =
        name.len > 0 ? memchr(name.data, '-', name.len) : NULL;

    if (hyphen != NULL)
        name.len = (size_t)(hyphen - name.data);
    for (int i = ATLS_SNP_MILAN; i < ATLS_SNP_NUM_PRODUCTS; i++)
        if (atls_view_is(name, atls_snp_product_names[i]))
            return (enum atls_snp_product)i;
    return ATLS_SNP_UNKNOWN;
}

static bool read_tcb(const X509 *certificate, enum atls_snp_product product,
                     uint8_t out[ATLS_SNP_TCB])
{
    const char *const *oids = product == ATLS_SNP_TURIN ? turin : before_turin;

    for (size_t i = 0; i < ATLS_SNP_TCB; i++)
        if (!read_byte(certificate, oids[i], &out[i]))
            return false;
    return true;
}

/* The bare bytes, as the definition has it, or an OCTET STRING of them. Turin
 * has 8, the others 64. */
static bool read_hwid(const X509 *certificate, enum atls_snp_product product,
                      uint8_t out[ATLS_SNP_HWID])
{
    size_t len = product == ATLS_SNP_TURIN ? 8 : ATLS_SNP_HWID;
    struct atls_view value = atls_chain_extension(certificate, AMD "4");

    if (value.len == len + 2)
        value = content_of(value, V_ASN1_OCTET_STRING);
    if (value.len != len)
        return false;
    memset(out, 0, ATLS_SNP_HWID);
    memcpy(out, value.data, len);
    return true;
}

static void common_name(X509_NAME *name, char out[MAX_NAME])
{
    if (X509_NAME_get_text_by_NID(name, NID_commonName, out, MAX_NAME) < 0)
        out[0] = '\0';
}

/* SEV-VCEK by SEV-Milan, SEV-VLEK by SEV-VLEK-Milan */
static bool read_names(X509 *certificate, struct atls_snp_endorsement *out)
{
    static const char *const subjects[] = {"SEV-VCEK", "SEV-VLEK"};
    static const char *const issuers[] = {"SEV-", "SEV-VLEK-"};
    char subject[MAX_NAME], issuer[MAX_NAME], wanted[MAX_NAME];

    common_name(X509_get_subject_name(certificate), subject);
    common_name(X509_get_issuer_name(certificate), issuer);
    out->key = strcmp(subject, subjects[ATLS_SNP_VLEK]) == 0 ? ATLS_SNP_VLEK
                                                             : ATLS_SNP_VCEK;
    snprintf(wanted, sizeof(wanted), "%s%s", issuers[out->key],
             atls_snp_product_names[out->product]);
    return strcmp(subject, subjects[out->key]) == 0 &&
           strcmp(issuer, wanted) == 0;
}

enum atls_reason atls_snp_endorsement_read(X509 *certificate,
                                           struct atls_snp_endorsement *out,
                                           struct atls_why *why)
{
    bool is_good;

    *out = (struct atls_snp_endorsement){.product = product_of(certificate)};
    is_good = out->product != ATLS_SNP_UNKNOWN &&
              read_names(certificate, out) &&
              read_tcb(certificate, out->product, out->tcb);
    if (is_good && out->key == ATLS_SNP_VCEK)
        is_good = read_hwid(certificate, out->product, out->hwid);
    if (is_good && out->key == ATLS_SNP_VLEK) {
        out->csp_id = content_of(atls_chain_extension(certificate, AMD "5"),
                                 V_ASN1_IA5STRING);
        is_good = out->csp_id.len > 0;
    }
    if (is_good)
        return ATLS_OK;
    return atls_why(why, ATLS_ENDORSEMENT_MISMATCH,
                    "SEV-SNP: want a certificate of a VCEK or VLEK with AMD's "
                    "extensions for its product, found another");
}

static bool is_masked(struct atls_view chip_id)
{
    static const uint8_t zeros[ATLS_SNP_HWID];

    return memcmp(chip_id.data, zeros, sizeof(zeros)) == 0;
}

static enum atls_reason
check_product(const struct atls_snp_report *report,
              const struct atls_snp_endorsement *endorsement,
              struct atls_why *why)
{
    enum atls_snp_product product = atls_snp_report_product(report);

    if (!report->has_cpuid || product == endorsement->product)
        return ATLS_OK;
    return atls_why(why, ATLS_ENDORSEMENT_MISMATCH,
                    "SEV-SNP: want a certificate for the report's product %s "
                    "(CPUID family %02x, model %02x), found one for %s",
                    atls_snp_product_names[product], report->family,
                    report->model,
                    atls_snp_product_names[endorsement->product]);
}

/* The key is derived from the TCB that is reported, which an operator can hold
 * below the current one. */
static enum atls_reason
check_tcb(const struct atls_snp_report *report,
          const struct atls_snp_endorsement *endorsement, struct atls_why *why)
{
    char want[2 * ATLS_SNP_TCB + 1], seen[sizeof(want)];

    if (memcmp(report->reported_tcb.data, endorsement->tcb, ATLS_SNP_TCB) == 0)
        return ATLS_OK;
    atls_hex(report->reported_tcb, want, sizeof(want));
    atls_hex(atls_view(endorsement->tcb, ATLS_SNP_TCB), seen, sizeof(seen));
    return atls_why(why, ATLS_ENDORSEMENT_MISMATCH,
                    "SEV-SNP: want a certificate for the reported TCB %s, "
                    "found one for %s",
                    want, seen);
}

static enum atls_reason
check_chip(const struct atls_snp_report *report,
           const struct atls_snp_endorsement *endorsement, struct atls_why *why)
{
    char want[17], seen[sizeof(want)];

    if (endorsement->key == ATLS_SNP_VLEK || is_masked(report->chip_id) ||
        memcmp(report->chip_id.data, endorsement->hwid, ATLS_SNP_HWID) == 0)
        return ATLS_OK;
    atls_hex(report->chip_id, want, sizeof(want));
    atls_hex(atls_view(endorsement->hwid, ATLS_SNP_HWID), seen, sizeof(seen));
    return atls_why(why, ATLS_ENDORSEMENT_MISMATCH,
                    "SEV-SNP: want a certificate of chip %s..., found one of "
                    "%s...",
                    want, seen);
}

static enum atls_reason
check_endorsement(const struct atls_snp_report *report,
                  const struct atls_snp_endorsement *endorsement,
                  struct atls_why *why)
{
    int key = atls_snp_report_key(report);
    enum atls_reason reason = ATLS_OK;

    if (key != (int)endorsement->key)
        reason = atls_why(why, ATLS_ENDORSEMENT_MISMATCH,
                          "SEV-SNP: want a certificate of a %s, which is said "
                          "to have signed the report, found one of a %s",
                          atls_snp_keys_of_report[key],
                          atls_snp_keys_of_report[endorsement->key]);
    if (reason == ATLS_OK)
        reason = check_product(report, endorsement, why);
    if (reason == ATLS_OK)
        reason = check_tcb(report, endorsement, why);
    if (reason == ATLS_OK)
        reason = check_chip(report, endorsement, why);
    return reason;
}

/* Is it the one that the report wants, masked chips left out? */
static bool fits(X509 *certificate, const struct atls_snp_report *report)
{
    struct atls_snp_endorsement endorsement;

    return !(atls_snp_report_key(report) == ATLS_SNP_VCEK &&
             is_masked(report->chip_id)) &&
           atls_snp_endorsement_read(certificate, &endorsement, NULL) ==
               ATLS_OK &&
           check_endorsement(report, &endorsement, NULL) == ATLS_OK;
}

static enum atls_reason push(STACK_OF(X509) * stack, X509 *certificate,
                             struct atls_why *why)
{
    if (X509_up_ref(certificate) != 1)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (sk_X509_push(stack, certificate) > 0)
        return ATLS_OK;
    X509_free(certificate);
    return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
}

/* Of the collateral folder; NULL: it has none. */
static X509 *find_known(const struct atls_snp_report *report,
                        const struct atls_snp_reference *reference)
{
    STACK_OF(X509) *known = reference->collateral.certificates;

    for (int i = 0; i < sk_X509_num(known); i++)
        if (fits(sk_X509_value(known, i), report))
            return sk_X509_value(known, i);
    return NULL;
}

static enum atls_reason missing(const struct atls_snp_report *report, int key,
                                struct atls_why *why)
{
    char chip[17], tcb[2 * ATLS_SNP_TCB + 1];

    atls_hex(report->chip_id, chip, sizeof(chip));
    atls_hex(report->reported_tcb, tcb, sizeof(tcb));
    return atls_why(why, ATLS_COLLATERAL_MISSING,
                    "SEV-SNP: want the certificate of the %s of chip %s... "
                    "for TCB %s with the report or in the collateral folder, "
                    "found neither",
                    atls_snp_keys_of_report[key], chip, tcb);
}

/* The host fills the table, and may do it with what it had of an older TCB:
 * then the folder's is taken, and without one the table's, which says why it
 * does not fit. */
static enum atls_reason find_leaf(const struct atls_snp_claims *claims,
                                  const struct atls_snp_reference *reference,
                                  int key, STACK_OF(X509) * leaf,
                                  struct atls_why *why)
{
    struct atls_view table = claims->table.keys[key];
    struct atls_why of_table = {0};
    X509 *known;

    if (table.len > 0)
        (void)!atls_chain_read(table, leaf, &of_table);
    if (of_table.reason == ATLS_OK && sk_X509_num(leaf) > 0 &&
        fits(sk_X509_value(leaf, 0), &claims->report))
        return ATLS_OK;
    known = find_known(&claims->report, reference);
    if (known != NULL) {
        while (sk_X509_num(leaf) > 0)
            X509_free(sk_X509_pop(leaf));
        return push(leaf, known, why);
    }
    if (of_table.reason != ATLS_OK)
        return atls_why(why, of_table.reason, "%s", of_table.text);
    return sk_X509_num(leaf) > 0 ? ATLS_OK : missing(&claims->report, key, why);
}

enum atls_snp_product
atls_snp_claims_product(const struct atls_snp_claims *claims,
                        const struct atls_snp_reference *reference)
{
    ATLS_AUTO_CHAIN STACK_OF(X509) *leaf = sk_X509_new_null();
    int key = atls_snp_report_key(&claims->report);

    if (claims->report.has_cpuid)
        return atls_snp_report_product(&claims->report);
    if (leaf == NULL || key < 0 ||
        find_leaf(claims, reference, key, leaf, NULL) != ATLS_OK)
        return ATLS_SNP_UNKNOWN;
    return product_of(sk_X509_value(leaf, 0));
}

static enum atls_reason gather(const struct atls_snp_claims *claims,
                               const struct atls_snp_reference *reference,
                               STACK_OF(X509) * others, struct atls_why *why)
{
    enum atls_reason reason = ATLS_OK;

    if (claims->table.ask.len > 0)
        reason = atls_chain_read(claims->table.ask, others, why);
    for (int i = 0;
         reason == ATLS_OK && i < sk_X509_num(reference->authorities); i++)
        reason = push(others, sk_X509_value(reference->authorities, i), why);
    return reason;
}

/* KDS publishes a CRL of each ARK, for its ASKs; ASKs publish none. Without
 * "crl": true only CRLs of this chain are asked, and of those that are there
 * none is passed over, whatever is wrong with it. */
static enum atls_reason verify_leaf(const struct atls_snp_reference *reference,
                                    struct atls_chain_check *check,
                                    struct atls_why *why)
{
    bool has_crls = sk_X509_CRL_num(reference->collateral.crls) > 0;

    check->crls = has_crls ? reference->collateral.crls : NULL;
    check->leaf_has_no_crl = true;
    check->crls_are_optional = !reference->wants_crl;
    check->grace_s = reference->grace_s;
    if (reference->wants_crl && !has_crls)
        return atls_why(why, ATLS_COLLATERAL_MISSING,
                        "SEV-SNP: want a CRL of the ARK in the collateral "
                        "folder, found none");
    return atls_chain_verify(check, why);
}

static enum atls_reason check_csp(const struct atls_snp_reference *reference,
                                  const struct atls_snp_endorsement *seen,
                                  struct atls_why *why)
{
    if (seen->key != ATLS_SNP_VLEK || reference->num_csp_ids == 0)
        return ATLS_OK;
    for (size_t i = 0; i < reference->num_csp_ids; i++)
        if (atls_view_is(seen->csp_id, reference->csp_ids[i]))
            return ATLS_OK;
    return atls_why(why, ATLS_INSTANCE_REFUSED,
                    "SEV-SNP: want a VLEK of %s%s, found one of %.*s",
                    reference->csp_ids[0],
                    reference->num_csp_ids > 1 ? " or another listed" : "",
                    (int)seen->csp_id.len, (const char *)seen->csp_id.data);
}

static enum atls_reason check_leaf(const struct atls_snp_claims *claims,
                                   const struct atls_snp_reference *reference,
                                   X509 *leaf, struct atls_why *why)
{
    struct atls_snp_endorsement endorsement;
    enum atls_reason reason =
        atls_snp_endorsement_read(leaf, &endorsement, why);

    if (reason == ATLS_OK)
        reason = check_endorsement(&claims->report, &endorsement, why);
    if (reason == ATLS_OK)
        reason = check_csp(reference, &endorsement, why);
    return reason;
}

static enum atls_reason verify_report(const struct atls_snp_report *report,
                                      X509 *leaf, struct atls_why *why)
{
    EVP_PKEY *key = X509_get0_pubkey(leaf);
    const struct atls_ecdsa *algorithm = NULL;

    if (key == NULL || atls_ecdsa_of_key(key, &algorithm, NULL) != ATLS_OK ||
        algorithm->id != ATLS_COSE_ES384)
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "SEV-SNP: want a VCEK or VLEK on P-384, found a key "
                        "of another kind");
    return atls_ecdsa_verify_with(
        algorithm, key, NULL, &report->signed_part, 1,
        atls_view(report->signature, sizeof(report->signature)), why);
}

static enum atls_reason check_key(const struct atls_snp_report *report,
                                  const struct atls_profile *profile, int key,
                                  struct atls_why *why)
{
    const struct atls_snp_reference *reference = profile->reference;

    if (key < 0)
        return atls_why(why, ATLS_CLAIM_INVALID,
                        "SEV-SNP report: want a signing key, VCEK or VLEK, "
                        "found flags 0x%08lx",
                        (unsigned long)report->flags);
    if (!reference->takes_key[key])
        return atls_why(why, ATLS_CONFIGURATION_REFUSED,
                        "profile %s: the report is signed by a %s, which is "
                        "not in its list: add it to \"key\"",
                        profile->name, atls_snp_keys_of_report[key]);
    return ATLS_OK;
}

enum atls_reason atls_snp_verify_chain(const void *claims,
                                       const struct atls_profile *profile,
                                       int64_t now, struct atls_why *why)
{
    const struct atls_snp_claims *snp = claims;
    const struct atls_snp_reference *reference = profile->reference;
    ATLS_AUTO_CHAIN STACK_OF(X509) *leaf = sk_X509_new_null();
    ATLS_AUTO_CHAIN STACK_OF(X509) *others = sk_X509_new_null();
    struct atls_chain_check check = {
        .anchors = &profile->anchors, .others = others, .now = now};
    int key = atls_snp_report_key(&snp->report);
    enum atls_reason reason = check_key(&snp->report, profile, key, why);

    if (leaf == NULL || others == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (reason == ATLS_OK)
        reason = find_leaf(snp, reference, key, leaf, why);
    if (reason == ATLS_OK)
        reason = gather(snp, reference, others, why);
    if (reason != ATLS_OK)
        return reason;
    check.leaf = sk_X509_value(leaf, 0);
    reason = verify_leaf(reference, &check, why);
    if (reason == ATLS_OK)
        reason = check_leaf(snp, reference, check.leaf, why);
    if (reason == ATLS_OK)
        reason = verify_report(&snp->report, check.leaf, why);
    return reason;
}
