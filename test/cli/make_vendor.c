/* SPDX-License-Identifier: Apache-2.0
 *
 * make_vendor FOLDER: what an AMD and an Intel of our own publish now, right
 * and wrong, and Evidence of theirs, for vendor.py to serve and collateral.sh
 * to fetch. Nonces are the bytes a0, a1, ...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base64url.h"
#include "../unit/forge_snp.h"
#include "../unit/forge_tcb.h"
#include "../unit/forge.h"

enum { DAY = 86400, NONCE = 48 };

static const char *folder;
static int64_t now;

static void put(const char *name, struct atls_view bytes)
{
    char path[1024];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes.data, 1, bytes.len, file) != bytes.len ||
        fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

static void put_crl(const char *name, X509 *issuer, EVP_PKEY *key, int64_t from,
                    int64_t until)
{
    X509_CRL *crl = forge_crl(issuer, key, 0, from, until);
    uint8_t *der = NULL;
    int len = i2d_X509_CRL(crl, &der);

    put(name, atls_view(der, (size_t)len));
    OPENSSL_free(der);
    X509_CRL_free(crl);
}

static void put_pem(const char *name, X509 *first, X509 *second)
{
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);

    forge_x509_pem(&pem, first);
    if (second != NULL)
        forge_x509_pem(&pem, second);
    put(name, atls_buf_view(&pem));
}

static void put_der(const char *name, X509 *certificate)
{
    ATLS_AUTO_BUF der = atls_buf(FORGE_MAX);

    forge_x509_der(&der, certificate);
    put(name, atls_buf_view(&der));
}

static void put_report(const char *name, struct forge_snp *snp)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);

    forge_snp_cmw(snp, &cmw);
    put(name, atls_buf_view(&cmw));
}

static void open_chip(struct forge_snp *snp)
{
    forge_snp_open(snp, ATLS_SNP_MILAN, forge_nonce(NONCE));
    snp->from = now - 400 * DAY;
    snp->until = now + 400 * DAY;
    snp->hides_leaf = snp->hides_ask = true;
}

/* The same names and keys under another root certificate, whose key is not
 * that of the first. */
static void put_other_amd(struct forge_snp *snp)
{
    EVP_PKEY *key = forge_ec("P-384");
    X509 *root = forge_x509(&(struct forge_certificate){.name = "ARK-Milan",
                                                        .key = key,
                                                        .is_ca = true,
                                                        .from = snp->from,
                                                        .until = snp->until});
    X509 *ask = forge_x509(&(struct forge_certificate){.name = "SEV-Milan",
                                                       .key = forge_rsa(1),
                                                       .issuer = root,
                                                       .issuer_key = key,
                                                       .is_ca = true,
                                                       .from = snp->from,
                                                       .until = snp->until});

    put_pem("amd-chain-other.pem", ask, root);
    put_crl("amd-crl-other.der", root, key, now - DAY, now + 30 * DAY);
    X509_free(ask);
    X509_free(root);
    EVP_PKEY_free(key);
}

static void put_other_chip(void)
{
    struct forge_snp snp;

    open_chip(&snp);
    memset(snp.leaf.hwid, 0xc2, ATLS_SNP_HWID);
    memset(snp.report + 0x1a0, 0xc2, ATLS_SNP_HWID);
    forge_snp_certify(&snp);
    put_der("amd-vcek-other-chip.der", snp.certificate);
    forge_snp_clear(&snp);
}

static void put_masked_chip(void)
{
    struct forge_snp snp;

    open_chip(&snp);
    memset(snp.report + 0x1a0, 0, ATLS_SNP_HWID);
    put_report("snp-masked.cmw", &snp);
    forge_snp_clear(&snp);
}

/* Under the same ARK as the chip's. */
static void put_vlek(const struct forge_snp *chip)
{
    X509 *asvk =
        forge_x509(&(struct forge_certificate){.name = "SEV-VLEK-Milan",
                                               .key = forge_rsa(1),
                                               .issuer = chip->ark,
                                               .issuer_key = forge_rsa(0),
                                               .is_ca = true,
                                               .is_pss = true,
                                               .from = chip->from,
                                               .until = chip->until});
    struct forge_snp snp;

    open_chip(&snp);
    snp.leaf.csp_id = "a cloud";
    forge_snp_put(&snp, 0x48, 4, 4); /* signed by a VLEK */
    memset(snp.report + 0x1a0, 0, ATLS_SNP_HWID);
    put_pem("amd-vlek-chain.pem", asvk, chip->ark);
    put_report("snp-vlek.cmw", &snp);
    forge_snp_clear(&snp);
    X509_free(asvk);
}

static void put_amd(void)
{
    static struct forge_snp snp;

    open_chip(&snp);
    forge_snp_certify(&snp);
    put_pem("ark.pem", snp.ark, NULL);
    put_pem("amd-chain.pem", snp.ask, snp.ark);
    put_pem("amd-chain-short.pem", snp.ask, NULL);
    put_der("amd-vcek.der", snp.certificate);
    put_crl("amd-crl.der", snp.ark, forge_rsa(0), now - 2 * DAY,
            now + 30 * DAY);
    put_crl("amd-crl-new.der", snp.ark, forge_rsa(0), now - DAY,
            now + 31 * DAY);
    put_crl("amd-crl-old.der", snp.ark, forge_rsa(0), now - 10 * DAY,
            now + 20 * DAY);
    put_crl("amd-crl-ended.der", snp.ark, forge_rsa(0), now - 40 * DAY,
            now - DAY);
    put_report("snp.cmw", &snp);
    forge_snp_put(&snp, 0, 2, 4); /* of version 2, that names no product */
    put_report("snp-v2.cmw", &snp);
    put_other_amd(&snp);
    put_vlek(&snp);
    forge_snp_clear(&snp);
}

/* As Intel sends it in a header. */
static void put_header(const struct forge_dcap *dcap, const char *name,
                       const int *roles)
{
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX), header = atls_buf(FORGE_MAX);
    char code[4];

    forge_dcap_pem(dcap, &pem, roles);
    for (size_t i = 0; i < pem.len; i++)
        if (strchr(" \n+/=", pem.data[i]) != NULL) {
            snprintf(code, sizeof(code), "%%%02X", pem.data[i]);
            atls_buf_text(&header, code);
        } else {
            atls_buf_u8(&header, pem.data[i]);
        }
    put(name, atls_buf_view(&header));
}

static void put_document(const struct forge_dcap *dcap, const char *name,
                         const struct forge_tcb *tcb, bool is_info)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);

    if (is_info)
        forge_tcb_info(dcap, tcb, &text);
    else
        forge_tcb_identity(dcap, tcb, &text);
    put(name, atls_buf_view(&text));
}

static void put_dcap_crl(struct forge_dcap *dcap, const char *name,
                         enum forge_dcap_role issuer, int64_t issued,
                         int64_t next, bool is_hex)
{
    ATLS_AUTO_BUF der = atls_buf(FORGE_MAX);
    static char hex[8192];

    dcap->issued = issued;
    dcap->next = next;
    forge_dcap_crl(dcap, issuer, &der);
    atls_hex(atls_buf_view(&der), hex, sizeof(hex));
    put(name, is_hex ? atls_view_text(hex) : atls_buf_view(&der));
}

static void put_documents(const struct forge_dcap *dcap)
{
    struct forge_tcb tcb = {.is_td = true,
                            .issued = now - 2 * DAY,
                            .next = now + 28 * DAY,
                            .evaluation = 17};

    put_document(dcap, "tdx-tcb.json", &tcb, true);
    put_document(dcap, "tdx-qe.json", &tcb, false);
    tcb.fmspc = "00906ed50000";
    put_document(dcap, "tdx-tcb-other-fmspc.json", &tcb, true);
    tcb.fmspc = NULL;
    tcb.is_td = false;
    put_document(dcap, "sgx-tcb.json", &tcb, true);
    tcb.is_td = true;
    tcb.evaluation = 16;
    tcb.issued = now - DAY;
    put_document(dcap, "tdx-tcb-lower.json", &tcb, true);
    tcb.evaluation = 17;
    tcb.next = now + 29 * DAY;
    put_document(dcap, "tdx-tcb-new.json", &tcb, true);
    tcb.issued = now - 20 * DAY;
    put_document(dcap, "tdx-tcb-old.json", &tcb, true);
    tcb.issued = now - 40 * DAY;
    tcb.next = now - DAY;
    put_document(dcap, "tdx-tcb-ended.json", &tcb, true);
}

static void put_quote(const struct forge_dcap *dcap)
{
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX);
    struct forge_dcap_quote quote;

    forge_dcap_quote_init(&quote, "tdx4", forge_nonce(NONCE));
    forge_dcap_quote(dcap, &quote, &bytes);
    put("tdx.quote", atls_buf_view(&bytes));
}

static void put_intel(void)
{
    static const int pck[] = {FORGE_DCAP_CA, FORGE_DCAP_ROOT, -1};
    static const int tcb[] = {FORGE_DCAP_TCB, FORGE_DCAP_ROOT, -1};
    static const int root[] = {FORGE_DCAP_ROOT, -1};
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);
    struct forge_dcap dcap, other;

    forge_dcap_open(&dcap);
    forge_dcap_rename(&dcap, "Intel ");
    forge_dcap_pem(&dcap, &pem, root);
    put("intel.pem", atls_buf_view(&pem));
    put_header(&dcap, "pck-chain", pck);
    put_header(&dcap, "tcb-chain", tcb);
    put_dcap_crl(&dcap, "pck.crl", FORGE_DCAP_CA, now - DAY, now + 29 * DAY,
                 false);
    put_dcap_crl(&dcap, "pck-ended.crl", FORGE_DCAP_CA, now - 40 * DAY,
                 now - DAY, false);
    put_dcap_crl(&dcap, "root.crl", FORGE_DCAP_ROOT, now - DAY, now + 300 * DAY,
                 false);
    put_dcap_crl(&dcap, "root.crl.hex", FORGE_DCAP_ROOT, now - DAY,
                 now + 300 * DAY, true);
    put_documents(&dcap);
    put_quote(&dcap);
    forge_dcap_open(&other);
    forge_dcap_rename(&other, "Intel ");
    put_header(&other, "tcb-chain-other", tcb);
    put_document(&other, "tdx-tcb-other-root.json",
                 &(struct forge_tcb){.is_td = true,
                                     .issued = now - DAY,
                                     .next = now + 29 * DAY,
                                     .evaluation = 17},
                 true);
    put_dcap_crl(&other, "root-other.crl", FORGE_DCAP_ROOT, now - DAY,
                 now + 300 * DAY, false);
    forge_dcap_clear(&other);
    forge_dcap_clear(&dcap);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: make_vendor FOLDER\n", stderr);
        return 1;
    }
    folder = argv[1];
    now = time(NULL);
    put_amd();
    put_other_chip();
    put_masked_chip();
    put_intel();
    return 0;
}
