/* SPDX-License-Identifier: Apache-2.0
 *
 * What makers' services and caches deliver: what is taken, and by which reason
 * each other thing is not. Everything is under roots of the test's own.
 */
#include "renewal.h"

#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "chain.h"
#include "evidence.h"
#include "forge_snp.h"
#include "forge_tcb.h"
#include "../check_main.h"

enum { DAY = 86400, NOW = FORGE_DCAP_NOW };

static struct forge_snp chip;
static struct forge_dcap dcap, other;
static STACK_OF(X509) * amd, *intel, *known; /* borrow */
static struct atls_buf body, header;
static struct atls_delivered delivered;
static struct atls_want want;
static struct atls_delivery_terms terms;
static struct atls_why why;

static void push(STACK_OF(X509) * stack, X509 *certificate)
{
    ck_assert_int_gt(sk_X509_push(stack, certificate), 0);
}

static void set_up(void)
{
    body = atls_buf(FORGE_MAX);
    header = atls_buf(FORGE_MAX);
    memset(&delivered, 0, sizeof(delivered));
    memset(&want, 0, sizeof(want));
    memset(&why, 0, sizeof(why));
    forge_snp_open(&chip, ATLS_SNP_MILAN, forge_nonce(FORGE_NONCE));
    chip.from = NOW - 300 * DAY;
    chip.until = NOW + 300 * DAY;
    forge_snp_certify(&chip);
    forge_dcap_open(&dcap);
    forge_dcap_rename(&dcap, "Intel ");
    forge_dcap_open(&other);
    forge_dcap_rename(&other, "Intel ");
    amd = sk_X509_new_null();
    intel = sk_X509_new_null();
    known = sk_X509_new_null();
    push(amd, chip.ark);
    push(intel, dcap.certificates[FORGE_DCAP_ROOT]);
    terms =
        (struct atls_delivery_terms){.roots = amd, .known = known, .now = NOW};
}

static void tear_down(void)
{
    atls_delivered_clear(&delivered);
    atls_buf_clear(&body);
    atls_buf_clear(&header);
    sk_X509_free(amd);
    sk_X509_free(intel);
    sk_X509_free(known);
    forge_snp_clear(&chip);
    forge_dcap_clear(&dcap);
    forge_dcap_clear(&other);
}

static enum atls_reason check(void)
{
    const struct atls_delivery delivery = {.body = atls_buf_view(&body),
                                           .chain = atls_buf_view(&header)};

    atls_delivered_clear(&delivered);
    why = (struct atls_why){0};
    return atls_delivery_check(&want, &delivery, &terms, &delivered, &why);
}

static void refused(enum atls_reason reason, const char *part)
{
    ck_assert_reason(check(), reason);
    ck_assert_reason(why.reason, reason);
    ck_assert_msg(strstr(why.text, part) != NULL, "\"%s\" does not say %s",
                  why.text, part);
}

static void taken(void)
{
    ck_assert_msg(check() == ATLS_OK, "%s: %s", atls_reason_name(why.reason),
                  why.text);
    ck_assert_uint_gt(delivered.file.len, 0);
}

static void cut(struct atls_buf *buf)
{
    buf->len /= 2;
}

/* Certificates of AMD */

static void want_chain(void)
{
    want = (struct atls_want){.kind = ATLS_WANT_AMD_CHAIN,
                              .product = ATLS_SNP_MILAN};
    forge_x509_pem(&body, chip.ask);
    forge_x509_pem(&body, chip.ark);
}

START_TEST(chain_of_amd_is_taken)
{
    want_chain();
    taken();
    ck_assert(
        atls_view_equal(atls_buf_view(&delivered.file), atls_buf_view(&body)));
    ck_assert_int_eq(delivered.issued, NOW - 300 * DAY);
    ck_assert_int_eq(delivered.next, NOW + 300 * DAY);
    ck_assert_int_eq(sk_X509_num(delivered.certificates), 2);
}
END_TEST

START_TEST(chain_under_another_root_is_not_taken)
{
    EVP_PKEY *key = forge_ec("P-384");
    X509 *root = forge_x509(&(struct forge_certificate){.name = "ARK-Milan",
                                                        .key = key,
                                                        .is_ca = true,
                                                        .from = chip.from,
                                                        .until = chip.until});

    want_chain();
    sk_X509_zero(amd);
    push(amd, root);
    refused(ATLS_CHAIN_UNTRUSTED, "certificates of ASK and ARK of Milan");
    X509_free(root);
    EVP_PKEY_free(key);
}
END_TEST

START_TEST(chain_of_a_root_that_is_not_amds_is_not_taken)
{
    want_chain();
    terms.roots = NULL;
    refused(ATLS_CHAIN_UNTRUSTED, "want its maker's root certificate");
}
END_TEST

START_TEST(chain_in_the_wrong_order_is_not_taken)
{
    want_chain();
    body.len = 0;
    forge_x509_pem(&body, chip.ark);
    forge_x509_pem(&body, chip.ask);
    refused(ATLS_COLLATERAL_INVALID, "want both certificates in PEM");
}
END_TEST

START_TEST(chain_of_another_product_or_key_is_not_taken)
{
    want_chain();
    want.product = ATLS_SNP_GENOA;
    refused(ATLS_COLLATERAL_INVALID, "want both certificates in PEM");
    want.product = ATLS_SNP_MILAN;
    want.key = ATLS_SNP_VLEK;
    refused(ATLS_COLLATERAL_INVALID, "want both certificates in PEM");
}
END_TEST

START_TEST(chain_that_is_cut_or_garbage_is_not_taken)
{
    want_chain();
    cut(&body);
    refused(ATLS_COLLATERAL_INVALID, "want both certificates in PEM");
    body.len = 0;
    atls_buf_text(&body, "<html>busy</html>");
    refused(ATLS_COLLATERAL_INVALID, "want both certificates in PEM");
    body.len = 0;
    refused(ATLS_COLLATERAL_INVALID, "want both certificates in PEM");
}
END_TEST

START_TEST(chain_that_has_ended_is_not_taken)
{
    want_chain();
    terms.now = NOW + 301 * DAY;
    refused(ATLS_COLLATERAL_STALE, "past its time");
    terms.now = NOW - 301 * DAY;
    refused(ATLS_COLLATERAL_STALE, "clock");
}
END_TEST

static void want_vcek(void)
{
    want =
        (struct atls_want){.kind = ATLS_WANT_VCEK, .product = ATLS_SNP_MILAN};
    memcpy(want.chip, chip.leaf.hwid, ATLS_SNP_HWID);
    memcpy(want.tcb, chip.leaf.tcb, ATLS_SNP_TCB);
    push(known, chip.ask);
    push(known, chip.ark);
    forge_x509_der(&body, chip.certificate);
}

START_TEST(key_of_a_chip_is_taken)
{
    want_vcek();
    taken();
    ck_assert(
        atls_view_equal(atls_buf_view(&delivered.file), atls_buf_view(&body)));
}
END_TEST

START_TEST(key_of_another_chip_or_tcb_is_not_taken)
{
    want_vcek();
    want.chip[63] ^= 1;
    refused(ATLS_COLLATERAL_INVALID, "want that of this chip at this TCB");
    want.chip[63] ^= 1;
    want.tcb[7] ^= 1;
    refused(ATLS_COLLATERAL_INVALID, "want that of this chip at this TCB");
    want.tcb[7] ^= 1;
    want.product = ATLS_SNP_GENOA;
    refused(ATLS_COLLATERAL_INVALID, "want that of this chip at this TCB");
}
END_TEST

START_TEST(key_without_a_way_to_the_root_is_not_taken)
{
    want_vcek();
    sk_X509_zero(known);
    refused(ATLS_CHAIN_UNTRUSTED, "VCEK of Milan");
}
END_TEST

START_TEST(key_that_is_cut_or_has_bytes_behind_it_is_not_taken)
{
    want_vcek();
    atls_buf_u8(&body, 0);
    refused(ATLS_COLLATERAL_INVALID, "want one certificate in DER");
    cut(&body);
    refused(ATLS_COLLATERAL_INVALID, "want one certificate in DER");
}
END_TEST

START_TEST(key_that_has_ended_is_not_taken)
{
    want_vcek();
    terms.now = NOW + 301 * DAY;
    refused(ATLS_CHAIN_EXPIRED, "VCEK of Milan");
}
END_TEST

START_TEST(key_whose_ask_is_revoked_is_not_taken)
{
    STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
    X509_CRL *crl =
        forge_crl(chip.ark, forge_rsa(0), 0x010000, NOW - DAY, NOW + DAY);

    want_vcek();
    ck_assert_int_gt(sk_X509_CRL_push(crls, crl), 0);
    terms.crls = crls;
    refused(ATLS_CHAIN_REVOKED, "VCEK of Milan");
    /* but one that has ended says nothing */
    terms.now = NOW + 2 * DAY;
    taken();
    terms.crls = NULL;
    sk_X509_CRL_free(crls);
    X509_CRL_free(crl);
}
END_TEST

/* CRLs */

static void put_crl(X509 *issuer, EVP_PKEY *key, int64_t from, int64_t until)
{
    X509_CRL *crl = forge_crl(issuer, key, 0, from, until);
    uint8_t *der = NULL;
    int len = i2d_X509_CRL(crl, &der);

    body.len = 0;
    atls_buf_put(&body, atls_view(der, (size_t)len));
    OPENSSL_free(der);
    X509_CRL_free(crl);
}

static void want_amd_crl(void)
{
    want = (struct atls_want){.kind = ATLS_WANT_AMD_CRL,
                              .product = ATLS_SNP_MILAN};
    put_crl(chip.ark, forge_rsa(0), NOW - DAY, NOW + 30 * DAY);
}

START_TEST(crl_of_the_ark_is_taken)
{
    want_amd_crl();
    taken();
    ck_assert(
        atls_view_equal(atls_buf_view(&delivered.file), atls_buf_view(&body)));
    ck_assert_int_eq(delivered.issued, NOW - DAY);
    ck_assert_int_eq(delivered.next, NOW + 30 * DAY);
    ck_assert_ptr_nonnull(delivered.crl);
}
END_TEST

START_TEST(crl_by_another_key_is_not_taken)
{
    EVP_PKEY *key = forge_ec("P-384");

    want_amd_crl();
    put_crl(chip.ark, key, NOW - DAY, NOW + 30 * DAY);
    refused(ATLS_COLLATERAL_INVALID, "found no such signature");
    EVP_PKEY_free(key);
}
END_TEST

START_TEST(crl_of_another_issuer_is_not_taken)
{
    want_amd_crl();
    put_crl(chip.ask, forge_rsa(1), NOW - DAY, NOW + 30 * DAY);
    refused(ATLS_COLLATERAL_INVALID, "want a CRL of that name");
}
END_TEST

START_TEST(crl_out_of_its_time_is_not_taken)
{
    want_amd_crl();
    put_crl(chip.ark, forge_rsa(0), NOW - 30 * DAY, NOW - DAY);
    refused(ATLS_COLLATERAL_STALE, "past its time");
    put_crl(chip.ark, forge_rsa(0), NOW + DAY, NOW + 30 * DAY);
    refused(ATLS_COLLATERAL_STALE, "clock");
}
END_TEST

START_TEST(crl_that_is_cut_or_garbage_is_not_taken)
{
    want_amd_crl();
    cut(&body);
    refused(ATLS_COLLATERAL_INVALID, "want a CRL of that name");
    body.len = 0;
    atls_buf_text(&body, "-----BEGIN X509 CRL-----\nbm9uZQ==\n");
    refused(ATLS_COLLATERAL_INVALID, "want a CRL of that name");
    body.len = 0;
    atls_buf_text(&body, "0");
    refused(ATLS_COLLATERAL_INVALID, "want a CRL of that name");
    body.len = 0;
    refused(ATLS_COLLATERAL_INVALID, "want a CRL of that name");
}
END_TEST

static void put_header(const struct forge_dcap *from, const int *roles)
{
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);
    char code[4];

    header.len = 0;
    forge_dcap_pem(from, &pem, roles);
    for (size_t i = 0; i < pem.len; i++)
        if (strchr(" \n", pem.data[i]) != NULL) {
            snprintf(code, sizeof(code), "%%%02x", pem.data[i]);
            atls_buf_text(&header, code);
        } else {
            atls_buf_u8(&header, pem.data[i]);
        }
}

static const int ca_and_root[] = {FORGE_DCAP_CA, FORGE_DCAP_ROOT, -1};
static const int signer_and_root[] = {FORGE_DCAP_TCB, FORGE_DCAP_ROOT, -1};

static void want_pck_crl(void)
{
    want = (struct atls_want){.kind = ATLS_WANT_PCK_CRL};
    terms.roots = intel;
    dcap.issued = NOW - DAY;
    dcap.next = NOW + 29 * DAY;
    forge_dcap_crl(&dcap, FORGE_DCAP_CA, &body);
    put_header(&dcap, ca_and_root);
}

START_TEST(crl_of_a_pck_ca_is_kept_with_its_issuer)
{
    want_pck_crl();
    taken();
    atls_buf_u8(&delivered.file, 0);
    ck_assert_ptr_nonnull(
        strstr((char *)delivered.file.data, "BEGIN X509 CRL"));
    ck_assert_ptr_nonnull(
        strstr((char *)delivered.file.data, "BEGIN CERTIFICATE"));
}
END_TEST

START_TEST(crl_of_the_other_pck_ca_is_not_taken)
{
    want_pck_crl();
    want.is_processor = true;
    refused(ATLS_COLLATERAL_INVALID, "want a CRL of that name");
}
END_TEST

START_TEST(crl_of_a_pck_ca_under_another_root_is_not_taken)
{
    want_pck_crl();
    body.len = 0;
    other.issued = NOW - DAY;
    other.next = NOW + DAY;
    forge_dcap_crl(&other, FORGE_DCAP_CA, &body);
    refused(ATLS_COLLATERAL_INVALID, "found no such signature");
    put_header(&other, ca_and_root);
    refused(ATLS_CHAIN_UNTRUSTED, "CRL of Intel's PCK CA");
}
END_TEST

START_TEST(header_that_is_garbage_is_not_taken)
{
    static const char *const headers[] = {"%zz", "%4", "garbage",
                                          "-----BEGIN%20CERTIFICATE-----%0A"};

    want_pck_crl();
    header.len = 0;
    atls_buf_text(&header, headers[_i]);
    refused(ATLS_COLLATERAL_INVALID, "issuer chain");
}
END_TEST

START_TEST(crl_of_intels_root_comes_in_der_in_hex_and_in_pem)
{
    ATLS_AUTO_BUF der = atls_buf(FORGE_MAX);
    static char hex[4096];
    X509_CRL *crl;

    want = (struct atls_want){.kind = ATLS_WANT_ROOT_CRL};
    terms.roots = intel;
    dcap.issued = NOW - DAY;
    dcap.next = NOW + 300 * DAY;
    forge_dcap_crl(&dcap, FORGE_DCAP_ROOT, &body);
    taken();
    atls_buf_put(&der, atls_buf_view(&body));
    atls_hex(atls_buf_view(&body), hex, sizeof(hex));
    body.len = 0;
    atls_buf_text(&body, hex);
    atls_buf_text(&body, "\n");
    taken();
    ck_assert(
        atls_view_equal(atls_buf_view(&delivered.file), atls_buf_view(&der)));
    crl = delivered.crl;
    X509_CRL_up_ref(crl);
    body.len = 0;
    forge_crl_pem(&body, crl);
    taken();
    ck_assert(
        atls_view_equal(atls_buf_view(&delivered.file), atls_buf_view(&der)));
    X509_CRL_free(crl);
    body.len = 0;
    forge_dcap_crl(&other, FORGE_DCAP_ROOT, &body);
    refused(ATLS_COLLATERAL_INVALID, "found no such signature");
}
END_TEST

/* Documents of Intel */

static struct forge_tcb tcb;

static void put_info(const struct forge_dcap *from)
{
    body.len = 0;
    forge_tcb_info(from, &tcb, &body);
}

static void want_info(void)
{
    ATLS_AUTO_BUF fmspc = atls_buf(ATLS_PCK_FMSPC);

    want = (struct atls_want){
        .kind = ATLS_WANT_TCB_INFO, .is_td = true, .has_pce_id = true};
    forge_hex(&fmspc, FORGE_DCAP_FMSPC);
    memcpy(want.fmspc, fmspc.data, ATLS_PCK_FMSPC);
    terms.roots = intel;
    tcb = (struct forge_tcb){.is_td = true,
                             .issued = NOW - DAY,
                             .next = NOW + 29 * DAY,
                             .evaluation = 17};
    put_info(&dcap);
    put_header(&dcap, signer_and_root);
}

START_TEST(tcb_info_is_kept_with_its_issuer_chain)
{
    static const char start[] = "{\"issuer_chain\":\"-----BEGIN CERTIFICATE";

    want_info();
    taken();
    ck_assert_int_eq(memcmp(delivered.file.data, start, sizeof(start) - 1), 0);
    ck_assert_int_eq(
        memcmp(delivered.file.data + delivered.file.len - (body.len - 1),
               body.data + 1, body.len - 1),
        0);
    ck_assert_int_eq(delivered.issued, NOW - DAY);
    ck_assert_int_eq(delivered.next, NOW + 29 * DAY);
    ck_assert_uint_eq(delivered.evaluation, 17);
}
END_TEST

START_TEST(qe_identity_is_taken)
{
    want_info();
    want.kind = ATLS_WANT_QE_IDENTITY;
    body.len = 0;
    forge_tcb_identity(&dcap, &tcb, &body);
    taken();
    want.is_td = false;
    refused(ATLS_COLLATERAL_INVALID, "want exactly that");
}
END_TEST

START_TEST(tcb_info_of_another_platform_is_not_taken)
{
    want_info();
    want.fmspc[0] ^= 1;
    refused(ATLS_COLLATERAL_INVALID, "want exactly that");
    want.fmspc[0] ^= 1;
    want.pce_id[1] = 1;
    refused(ATLS_COLLATERAL_INVALID, "want exactly that");
    want.has_pce_id = false;
    taken();
    want.is_td = false;
    refused(ATLS_COLLATERAL_INVALID, "want exactly that");
    want.is_td = true;
    want.kind = ATLS_WANT_QE_IDENTITY;
    refused(ATLS_COLLATERAL_INVALID, "want exactly that");
}
END_TEST

START_TEST(tcb_info_without_its_chain_is_not_taken)
{
    want_info();
    header.len = 0;
    refused(ATLS_CHAIN_MISSING, "TCB-Info-Issuer-Chain");
}
END_TEST

START_TEST(tcb_info_by_another_signer_is_not_taken)
{
    want_info();
    put_header(&other, signer_and_root);
    refused(ATLS_COLLATERAL_INVALID, "want a signature");
    put_info(&other);
    refused(ATLS_CHAIN_UNTRUSTED, "TCB info of TDX");
}
END_TEST

START_TEST(tcb_info_whose_signer_is_revoked_is_not_taken)
{
    ATLS_AUTO_BUF der = atls_buf(FORGE_MAX);
    STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
    const uint8_t *at;
    X509_CRL *crl;

    want_info();
    dcap.revoked = "tcb";
    dcap.issued = NOW - DAY;
    dcap.next = NOW + DAY;
    forge_dcap_crl(&dcap, FORGE_DCAP_ROOT, &der);
    at = der.data;
    crl = d2i_X509_CRL(NULL, &at, (long)der.len);
    ck_assert_int_gt(sk_X509_CRL_push(crls, crl), 0);
    terms.crls = crls;
    refused(ATLS_CHAIN_REVOKED, "TCB info of TDX");
    terms.crls = NULL;
    sk_X509_CRL_free(crls);
    X509_CRL_free(crl);
}
END_TEST

START_TEST(tcb_info_out_of_its_time_is_not_taken)
{
    want_info();
    terms.now = NOW + 29 * DAY;
    refused(ATLS_COLLATERAL_STALE, "past its time");
    terms.now = NOW - 2 * DAY;
    refused(ATLS_COLLATERAL_STALE, "clock");
}
END_TEST

START_TEST(json_that_is_changed_cut_or_garbage_is_not_taken)
{
    static const char *const texts[] = {"",  "[]",   "{}",
                                        "{", "busy", "{\"issuer_chain\":1}"};

    want_info();
    body.data[body.len / 2] ^= 1;
    ck_assert_reason(check(), ATLS_COLLATERAL_INVALID);
    put_info(&dcap);
    cut(&body);
    ck_assert_reason(check(), ATLS_COLLATERAL_INVALID);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        body.len = 0;
        atls_buf_text(&body, texts[i]);
        ck_assert_reason(check(), ATLS_COLLATERAL_INVALID);
    }
}
END_TEST

/* Wants: where they are, and of which Evidence. */

static const struct path_row {
    const char *sentence;
    struct atls_want want;
    bool has_cache;
    const char *path, *file;
} path_rows[] = {
    {"the chain of Milan",
     {.kind = ATLS_WANT_AMD_CHAIN, .product = ATLS_SNP_MILAN},
     false,
     "vcek/v1/Milan/cert_chain",
     "amd-vcek-Milan-chain.pem"},
    {"the chain of Genoa's VLEKs",
     {.kind = ATLS_WANT_AMD_CHAIN,
      .product = ATLS_SNP_GENOA,
      .key = ATLS_SNP_VLEK},
     false,
     "vlek/v1/Genoa/cert_chain",
     "amd-vlek-Genoa-chain.pem"},
    {"the CRL of Turin",
     {.kind = ATLS_WANT_AMD_CRL, .product = ATLS_SNP_TURIN},
     false,
     "vcek/v1/Turin/crl",
     "amd-vcek-Turin.crl"},
    {"a chip of Milan",
     {.kind = ATLS_WANT_VCEK,
      .product = ATLS_SNP_MILAN,
      .chip = {0xab},
      .tcb = {4, 0, 0, 0, 0, 0, 24, 217}},
     false,
     "vcek/v1/Milan/ab"
     "000000000000000000000000000000000000000000000000000000000000000000"
     "000000000000000000000000000000000000000000000000000000000000"
     "?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=217",
     "amd-vcek-Milan-ab"
     "000000000000000000000000000000000000000000000000000000000000000000"
     "000000000000000000000000000000000000000000000000000000000000"
     "-04000000000018d9.der"},
    {"a chip of Turin has a short name and an FMC",
     {.kind = ATLS_WANT_VCEK,
      .product = ATLS_SNP_TURIN,
      .chip = {0x59, 0x79, 0x0f, 0xb1, 0xc3, 0x9f, 0x35, 0xc1},
      .tcb = {1, 1, 1, 4, 0, 0, 0, 0x51}},
     false,
     "vcek/v1/Turin/59790fb1c39f35c1"
     "?fmcSPL=01&blSPL=01&teeSPL=01&snpSPL=04&ucodeSPL=81",
     "amd-vcek-Turin-59790fb1c39f35c1-0101010400000051.der"},
    {"the CRL of the Platform CA",
     {.kind = ATLS_WANT_PCK_CRL},
     false,
     "sgx/certification/v4/pckcrl?ca=platform&encoding=der",
     "intel-pck-platform.pem"},
    {"the CRL of the Processor CA",
     {.kind = ATLS_WANT_PCK_CRL, .is_processor = true},
     true,
     "sgx/certification/v4/pckcrl?ca=processor&encoding=der",
     "intel-pck-processor.pem"},
    {"the CRL of Intel's root",
     {.kind = ATLS_WANT_ROOT_CRL},
     false,
     "IntelSGXRootCA.der",
     "intel-root.crl"},
    {"the CRL of Intel's root in a PCCS",
     {.kind = ATLS_WANT_ROOT_CRL},
     true,
     "sgx/certification/v4/rootcacrl",
     "intel-root.crl"},
    {"TCB info of TDX",
     {.kind = ATLS_WANT_TCB_INFO,
      .is_td = true,
      .fmspc = {0x50, 0x80, 0x6f, 0, 0, 0}},
     false,
     "tdx/certification/v4/tcb?fmspc=50806f000000",
     "intel-tdx-tcb-50806f000000.json"},
    {"QE identity of SGX",
     {.kind = ATLS_WANT_QE_IDENTITY},
     false,
     "sgx/certification/v4/qe/identity",
     "intel-sgx-qe.json"},
};

START_TEST(path)
{
    const struct path_row *row = &path_rows[_i];
    char text[ATLS_WANT_TEXT];

    atls_want_path(&row->want, row->has_cache, text);
    ck_assert_str_eq(text, row->path);
    atls_want_file(&row->want, text);
    ck_assert_str_eq(text, row->file);
}
END_TEST

static struct atls_wants wants;

static void look_at(struct atls_view cmw)
{
    struct atls_evidence *evidence = NULL;

    ck_assert_reason(atls_evidence_parse(cmw, NULL, &evidence, NULL), ATLS_OK);
    atls_wants_of_evidence(&wants, evidence);
    atls_evidence_free(evidence);
}

static void look_at_report(void)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);

    memset(&wants, 0, sizeof(wants));
    forge_snp_cmw(&chip, &cmw);
    look_at(atls_buf_view(&cmw));
}

START_TEST(report_that_brings_its_key_wants_chain_and_crl)
{
    look_at_report();
    ck_assert_uint_eq(wants.num, 2);
    ck_assert_int_eq(wants.items[0].kind, ATLS_WANT_AMD_CHAIN);
    ck_assert_int_eq(wants.items[1].kind, ATLS_WANT_AMD_CRL);
    ck_assert_int_eq(wants.items[1].product, ATLS_SNP_MILAN);
    ck_assert_uint_eq(wants.num_lacks, 0);
}
END_TEST

START_TEST(bare_report_wants_its_key_too)
{
    chip.hides_leaf = true;
    look_at_report();
    ck_assert_uint_eq(wants.num, 3);
    ck_assert_int_eq(wants.items[2].kind, ATLS_WANT_VCEK);
    ck_assert_mem_eq(wants.items[2].chip, chip.leaf.hwid, ATLS_SNP_HWID);
    ck_assert_mem_eq(wants.items[2].tcb, chip.leaf.tcb, ATLS_SNP_TCB);
}
END_TEST

START_TEST(report_of_a_masked_chip_lacks_its_key)
{
    chip.hides_leaf = true;
    memset(chip.report + 0x1a0, 0, ATLS_SNP_HWID);
    look_at_report();
    ck_assert_uint_eq(wants.num, 2);
    ck_assert_uint_eq(wants.num_lacks, 1);
    ck_assert_reason(wants.lacks[0].reason, ATLS_COLLATERAL_MISSING);
    ck_assert_ptr_nonnull(strstr(wants.lacks[0].text, "MASK_CHIP_ID"));
}
END_TEST

START_TEST(report_by_a_vlek_lacks_it)
{
    chip.hides_leaf = true;
    forge_snp_put(&chip, 0x48, 4, 4);
    look_at_report();
    ck_assert_int_eq(wants.items[0].key, ATLS_SNP_VLEK);
    ck_assert_uint_eq(wants.num_lacks, 1);
    ck_assert_ptr_nonnull(strstr(wants.lacks[0].text, "cloud provider"));
}
END_TEST

START_TEST(report_of_version_2_needs_to_be_told_its_product)
{
    chip.hides_leaf = true;
    forge_snp_put(&chip, 0, 2, 4);
    look_at_report();
    ck_assert_uint_eq(wants.num, 0);
    ck_assert_ptr_nonnull(strstr(wants.lacks[0].text, "--product"));
    chip.hides_leaf = false; /* whose certificate says it */
    look_at_report();
    ck_assert_int_eq(wants.items[0].product, ATLS_SNP_MILAN);
}
END_TEST

START_TEST(report_without_a_signer_wants_nothing)
{
    forge_snp_put(&chip, 0x48, 7 << 2, 4);
    look_at_report();
    ck_assert_uint_eq(wants.num, 0);
    ck_assert_ptr_nonnull(strstr(wants.lacks[0].text, "neither"));
}
END_TEST

START_TEST(quote_wants_all_of_intels)
{
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX), cmw = atls_buf(FORGE_MAX);
    struct forge_dcap_quote quote;

    memset(&wants, 0, sizeof(wants));
    forge_dcap_quote_init(&quote, "tdx4", forge_nonce(FORGE_NONCE));
    forge_dcap_quote(&dcap, &quote, &bytes);
    forge_cmw(&cmw, "application/vnd.atls.tdx-quote", atls_buf_view(&bytes), 4);
    look_at(atls_buf_view(&cmw));
    look_at(atls_buf_view(&cmw)); /* twice is once */
    ck_assert_uint_eq(wants.num, 4);
    ck_assert_int_eq(wants.items[0].kind, ATLS_WANT_PCK_CRL);
    ck_assert(!wants.items[0].is_processor);
    ck_assert_int_eq(wants.items[1].kind, ATLS_WANT_ROOT_CRL);
    ck_assert_int_eq(wants.items[2].kind, ATLS_WANT_TCB_INFO);
    ck_assert(wants.items[2].is_td && wants.items[2].has_pce_id);
    ck_assert_int_eq(wants.items[2].fmspc[0], 0x50);
    ck_assert_int_eq(wants.items[3].kind, ATLS_WANT_QE_IDENTITY);
}
END_TEST

/* The makers' own roots, where real certificates are at hand. */

static void add_real(const char *file)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);

    ck_assert(forge_vector(file, &text));
    atls_buf_put(&body, atls_buf_view(&text));
}

static const struct {
    const char *file;
    enum atls_snp_product product;
    enum atls_snp_key key;
} real_rows[] = {
    {"snp/ask_ark_milan.pem", ATLS_SNP_MILAN, ATLS_SNP_VCEK},
    {"snp/ask_ark_genoa.pem", ATLS_SNP_GENOA, ATLS_SNP_VCEK},
    {"snp/ask_ark_turin.pem", ATLS_SNP_TURIN, ATLS_SNP_VCEK},
    {"snp/asvk_ark_milan_vlek.pem", ATLS_SNP_MILAN, ATLS_SNP_VLEK},
    {"snp/asvk_ark_genoa_vlek.pem", ATLS_SNP_GENOA, ATLS_SNP_VLEK},
    {"snp/asvk_ark_turin_vlek.pem", ATLS_SNP_TURIN, ATLS_SNP_VLEK},
};

START_TEST(chain_of_the_real_amd_is_taken)
{
    want = (struct atls_want){.kind = ATLS_WANT_AMD_CHAIN,
                              .product = real_rows[_i].product,
                              .key = real_rows[_i].key};
    terms.roots = NULL;
    add_real(real_rows[_i].file);
    taken();
}
END_TEST

START_TEST(crl_and_tcb_info_of_the_real_intel_are_taken)
{
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);

    terms.roots = NULL;
    terms.now = 1774500000; /* 2026-03-26 */
    ck_assert(forge_vector("tdx/intel-sgx-root-ca.pem", &pem));
    ck_assert_reason(atls_chain_read(atls_buf_view(&pem), known, NULL),
                     ATLS_OK);
    want = (struct atls_want){.kind = ATLS_WANT_ROOT_CRL};
    add_real("tdx/lunal.root_ca_crl.der");
    taken();
    want_info();
    terms.roots = NULL;
    terms.now = 1774500000;
    body.len = header.len = 0;
    add_real("tdx/lunal.tcb_info_50806f000000.json");
    ck_assert(forge_vector("tdx/lunal.tcb_signing_chain.pem", &header));
    taken();
    X509_free(sk_X509_value(known, 0));
}
END_TEST

START_TEST(skipped)
{
}
END_TEST

static void add_row(TCase *cases, const TTest *test, const char *sentence,
                    int row)
{
    static TTest named[32];
    static size_t num;
    TTest *one = &named[num++];

    *one = *test;
    one->name = sentence;
    tcase_add_loop_test(cases, one, row, row + 1);
}

static void add_real_cases(TCase *cases)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);

    if (!forge_vector(real_rows[0].file, &text)) {
        add_row(cases, skipped,
                "chains of the real AMD and Intel # SKIP no vectors", 0);
        return;
    }
    tcase_add_loop_test(cases, chain_of_the_real_amd_is_taken, 0,
                        sizeof(real_rows) / sizeof(real_rows[0]));
    tcase_add_test(cases, crl_and_tcb_info_of_the_real_intel_are_taken);
}

static void add_amd_cases(TCase *cases)
{
    tcase_add_test(cases, chain_of_amd_is_taken);
    tcase_add_test(cases, chain_under_another_root_is_not_taken);
    tcase_add_test(cases, chain_of_a_root_that_is_not_amds_is_not_taken);
    tcase_add_test(cases, chain_in_the_wrong_order_is_not_taken);
    tcase_add_test(cases, chain_of_another_product_or_key_is_not_taken);
    tcase_add_test(cases, chain_that_is_cut_or_garbage_is_not_taken);
    tcase_add_test(cases, chain_that_has_ended_is_not_taken);
    tcase_add_test(cases, key_of_a_chip_is_taken);
    tcase_add_test(cases, key_of_another_chip_or_tcb_is_not_taken);
    tcase_add_test(cases, key_without_a_way_to_the_root_is_not_taken);
    tcase_add_test(cases, key_that_is_cut_or_has_bytes_behind_it_is_not_taken);
    tcase_add_test(cases, key_that_has_ended_is_not_taken);
    tcase_add_test(cases, key_whose_ask_is_revoked_is_not_taken);
    tcase_add_test(cases, crl_of_the_ark_is_taken);
    tcase_add_test(cases, crl_by_another_key_is_not_taken);
    tcase_add_test(cases, crl_of_another_issuer_is_not_taken);
    tcase_add_test(cases, crl_out_of_its_time_is_not_taken);
    tcase_add_test(cases, crl_that_is_cut_or_garbage_is_not_taken);
}

static void add_intel_cases(TCase *cases)
{
    tcase_add_test(cases, crl_of_a_pck_ca_is_kept_with_its_issuer);
    tcase_add_test(cases, crl_of_the_other_pck_ca_is_not_taken);
    tcase_add_test(cases, crl_of_a_pck_ca_under_another_root_is_not_taken);
    tcase_add_loop_test(cases, header_that_is_garbage_is_not_taken, 0, 4);
    tcase_add_test(cases, crl_of_intels_root_comes_in_der_in_hex_and_in_pem);
    tcase_add_test(cases, tcb_info_is_kept_with_its_issuer_chain);
    tcase_add_test(cases, qe_identity_is_taken);
    tcase_add_test(cases, tcb_info_of_another_platform_is_not_taken);
    tcase_add_test(cases, tcb_info_without_its_chain_is_not_taken);
    tcase_add_test(cases, tcb_info_by_another_signer_is_not_taken);
    tcase_add_test(cases, tcb_info_whose_signer_is_revoked_is_not_taken);
    tcase_add_test(cases, tcb_info_out_of_its_time_is_not_taken);
    tcase_add_test(cases, json_that_is_changed_cut_or_garbage_is_not_taken);
}

static void add_want_cases(TCase *cases)
{
    for (size_t i = 0; i < sizeof(path_rows) / sizeof(path_rows[0]); i++)
        add_row(cases, path, path_rows[i].sentence, (int)i);
    tcase_add_test(cases, report_that_brings_its_key_wants_chain_and_crl);
    tcase_add_test(cases, bare_report_wants_its_key_too);
    tcase_add_test(cases, report_of_a_masked_chip_lacks_its_key);
    tcase_add_test(cases, report_by_a_vlek_lacks_it);
    tcase_add_test(cases, report_of_version_2_needs_to_be_told_its_product);
    tcase_add_test(cases, report_without_a_signer_wants_nothing);
    tcase_add_test(cases, quote_wants_all_of_intels);
}

int main(void)
{
    Suite *suite = suite_create("delivery");
    TCase *cases = tcase_create("delivery");

    (void)forge_rsa(0), (void)forge_rsa(1); /* once for all tests */
    tcase_add_checked_fixture(cases, set_up, tear_down);
    add_amd_cases(cases);
    add_intel_cases(cases);
    add_want_cases(cases);
    add_real_cases(cases);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
