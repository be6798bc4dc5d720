/* SPDX-License-Identifier: Apache-2.0
 *
 * SEV-SNP under an AMD of our own: what is accepted, and by which reason each
 * other thing is not.
 */
#include "snp.h"

#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "cbor.h"
#include "evidence.h"
#include "forge.h"
#include "forge_dcap.h"
#include "forge_snp.h"
#include "learn.h"
#include "tsm_report.h"
#include "../check_main.h"

#define ANY    "\"any\":true"
#define B16(x) x x x x x x x x x x x x x x x x
#define B32(x) B16(x) B16(x)
#define B48(x) B32(x) B16(x)
#define B64(x) B32(x) B32(x)

static struct forge_snp chip;
static struct forge_folder folder;

static void set_up(void)
{
    forge_snp_open(&chip, ATLS_SNP_MILAN, forge_nonce(FORGE_NONCE));
    forge_folder_open(&folder);
}

static void tear_down(void)
{
    forge_snp_clear(&chip);
    forge_folder_clear(&folder);
}

/* A policy whose one profile trusts root; @ stands for the folder. */
static struct atls_policy *policy_of(X509 *root, const char *more)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    atls_buf_text(&text, "{\"profiles\":{\"p\":{\"format\":\"snp\","
                         "\"trust_anchors\":[\"");
    forge_x509_json(&text, root);
    atls_buf_text(&text, "\"],");
    for (; *more != '\0'; more++)
        if (*more == '@')
            atls_buf_text(&text, folder.path);
        else
            atls_buf_u8(&text, (uint8_t)*more);
    atls_buf_text(&text, "}}}");
    ck_assert_msg(atls_policy_parse(atls_buf_view(&text), "p", "", NULL, NULL,
                                    &policy, &why) == ATLS_OK,
                  "%s", why.text);
    return policy;
}

static struct atls_verdict verdict;

static void judge_cmw(struct atls_view cmw, X509 *root, const char *more,
                      int64_t now, enum atls_reason reason)
{
    struct atls_policy *policy = policy_of(root, more);

    (void)atls_appraise(policy, cmw, forge_nonce(FORGE_NONCE), now, NULL,
                        &verdict);
    atls_policy_free(policy);
    ck_assert_msg(verdict.reason == reason, "want %s, found %s: %s",
                  atls_reason_name(reason), atls_reason_name(verdict.reason),
                  verdict.text);
}

static void judge(const char *more, enum atls_reason reason)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);

    forge_snp_cmw(&chip, &cmw);
    judge_cmw(atls_buf_view(&cmw), chip.ark, more, FORGE_NOW, reason);
}

START_TEST(report_of_each_product_is_accepted)
{
    forge_snp_clear(&chip);
    forge_snp_open(&chip, (enum atls_snp_product)_i, forge_nonce(FORGE_NONCE));
    judge("\"measurement\":\"" B48("4d") "\"", ATLS_OK);
    ck_assert_int_eq(verdict.tier, ATLS_TIER_AFFIRMING);
    ck_assert_int_eq(verdict.vector[ATLS_INSTANCE_IDENTITY], 2);
    ck_assert_int_eq(verdict.vector[ATLS_HARDWARE], 2);
    ck_assert_int_eq(verdict.vector[ATLS_CONFIGURATION], 2);
    ck_assert_int_eq(verdict.vector[ATLS_EXECUTABLES], 3);
    ck_assert_int_eq(verdict.vector[ATLS_RUNTIME_OPAQUE], 2);
}
END_TEST

START_TEST(report_of_each_version_is_accepted)
{
    forge_snp_put(&chip, 0, (uint64_t)_i, 4);
    judge(ANY, ATLS_OK);
    ck_assert_int_eq(verdict.vector[ATLS_EXECUTABLES], 0);
}
END_TEST

START_TEST(report_of_another_version_is_refused)
{
    static const uint64_t versions[] = {0, 1, 6, 0xffffffff};

    forge_snp_put(&chip, 0, versions[_i], 4);
    judge(ANY, ATLS_EVIDENCE_MALFORMED);
}
END_TEST

START_TEST(report_by_another_algorithm_is_refused)
{
    forge_snp_put(&chip, 0x34, 2, 4);
    judge(ANY, ATLS_ALGORITHM_UNSUPPORTED);
}
END_TEST

START_TEST(certificates_in_pem_are_read)
{
    chip.has_pem = true;
    judge(ANY, ATLS_OK);
}
END_TEST

START_TEST(hardware_id_in_an_octet_string_is_read)
{
    chip.leaf.form = FORGE_HWID_NESTED;
    judge(ANY, ATLS_OK);
}
END_TEST

START_TEST(turin_hardware_id_in_an_octet_string_is_read)
{
    forge_snp_clear(&chip);
    forge_snp_open(&chip, ATLS_SNP_TURIN, forge_nonce(FORGE_NONCE));
    chip.leaf.form = FORGE_HWID_NESTED;
    judge(ANY, ATLS_OK);
}
END_TEST

START_TEST(masked_chip_id_is_taken)
{
    memset(chip.report + 0x1a0, 0, ATLS_SNP_HWID);
    judge(ANY, ATLS_OK);
    judge(ANY ",\"chip_id\":\"" B64("c1") "\"", ATLS_INSTANCE_REFUSED);
}
END_TEST

/* What a profile wants of the report as it is forged, or changed in a field */
static const struct row {
    const char *policy;
    size_t at, len; /* len 0: unchanged */
    uint64_t value;
    enum atls_reason reason;
} rows[] = {
    {"\"measurement\":\"" B48("4e") "\"", 0, 0, 0, ATLS_MEASUREMENT_REFUSED},
    {"\"measurement\":[\"" B48("4e") "\",\"" B48("4d") "\"]", 0, 0, 0, ATLS_OK},
    {ANY ",\"host_data\":\"" B32("48") "\"", 0, 0, 0, ATLS_OK},
    {ANY ",\"host_data\":\"" B32("49") "\"", 0, 0, 0,
     ATLS_CONFIGURATION_REFUSED},
    {"\"id_key_digest\":\"" B48("49") "\"", 0, 0, 0, ATLS_OK},
    {"\"id_key_digest\":\"" B48("4a") "\"", 0, 0, 0, ATLS_MEASUREMENT_REFUSED},
    {"\"author_key_digest\":\"" B48("41") "\"", 0, 0, 0, ATLS_OK},
    {"\"author_key_digest\":\"" B48("42") "\"", 0, 0, 0,
     ATLS_MEASUREMENT_REFUSED},
    {ANY ",\"family_id\":\"" B16("46") "\"", 0, 0, 0, ATLS_OK},
    {ANY ",\"family_id\":\"" B16("47") "\"", 0, 0, 0, ATLS_MEASUREMENT_REFUSED},
    {ANY ",\"image_id\":\"" B16("50") "\"", 0, 0, 0, ATLS_OK},
    {ANY ",\"image_id\":\"" B16("51") "\"", 0, 0, 0, ATLS_MEASUREMENT_REFUSED},
    {ANY ",\"chip_id\":\"" B64("c1") "\"", 0, 0, 0, ATLS_OK},
    {ANY ",\"chip_id\":\"" B64("c2") "\"", 0, 0, 0, ATLS_INSTANCE_REFUSED},
    /* POLICY */
    {ANY, 0x08, 8, 0x10000, ATLS_CLAIM_INVALID}, /* bit 17 is not 1 */
    {ANY, 0x08, 8, 0xb0000, ATLS_DEBUG_REFUSED},
    {ANY ",\"debug\":false", 0x08, 8, 0xb0000, ATLS_DEBUG_REFUSED},
    {ANY ",\"debug\":true", 0x08, 8, 0xb0000, ATLS_OK},
    {ANY, 0x08, 8, 0x70000, ATLS_CONFIGURATION_REFUSED},
    {ANY ",\"migration\":true", 0x08, 8, 0x70000, ATLS_OK},
    {ANY ",\"smt\":false", 0, 0, 0, ATLS_CONFIGURATION_REFUSED},
    {ANY ",\"smt\":false", 0x08, 8, 0x20000, ATLS_OK},
    {ANY ",\"guest_policy\":\"single_socket\"", 0, 0, 0,
     ATLS_CONFIGURATION_REFUSED},
    {ANY ",\"guest_policy\":[\"single_socket\",\"ciphertext_hiding\"]", 0x08, 8,
     0x1130000, ATLS_OK},
    {ANY ",\"guest_policy\":[\"single_socket\",\"ciphertext_hiding\"]", 0x08, 8,
     0x130000, ATLS_CONFIGURATION_REFUSED},
    /* VMPL */
    {ANY, 0x30, 4, 1, ATLS_CONFIGURATION_REFUSED},
    {ANY ",\"vmpl\":1", 0x30, 4, 1, ATLS_OK},
    {ANY ",\"vmpl\":1", 0, 0, 0, ATLS_CONFIGURATION_REFUSED},
    {ANY ",\"vmpl\":[0,1]", 0x30, 4, 1, ATLS_OK},
    {ANY ",\"vmpl\":[0,1,2,3]", 0x30, 4, 4, ATLS_CONFIGURATION_REFUSED},
    {ANY ",\"vmpl\":[0,1,2,3]", 0x30, 4, 0xffffffff,
     ATLS_CONFIGURATION_REFUSED},
    /* PLATFORM_INFO */
    {ANY ",\"platform_info\":[\"ecc\",\"alias_check_complete\"]", 0, 0, 0,
     ATLS_OK},
    {ANY ",\"platform_info\":\"alias_check_complete\"", 0x40, 8, 0x05,
     ATLS_CONFIGURATION_REFUSED},
    /* GUEST_SVN */
    {ANY ",\"guest_svn\":4", 0, 0, 0, ATLS_OK},
    {ANY ",\"guest_svn\":5", 0, 0, 0, ATLS_MEASUREMENT_REFUSED},
    /* TCB_VERSION */
    {ANY ",\"min_tcb\":{\"Milan\":{\"bootloader\":4,\"tee\":0,\"snp\":24,"
         "\"microcode\":217}}",
     0, 0, 0, ATLS_OK},
    {ANY ",\"min_tcb\":{\"Milan\":{\"bootloader\":5}}", 0, 0, 0,
     ATLS_TCB_REFUSED},
    {ANY ",\"min_tcb\":{\"Milan\":{\"tee\":1}}", 0, 0, 0, ATLS_TCB_REFUSED},
    {ANY ",\"min_tcb\":{\"Milan\":{\"snp\":25}}", 0, 0, 0, ATLS_TCB_REFUSED},
    {ANY ",\"min_tcb\":{\"Milan\":{\"microcode\":218}}", 0, 0, 0,
     ATLS_TCB_REFUSED},
    {ANY ",\"min_tcb\":{\"Genoa\":{\"bootloader\":1}}", 0, 0, 0,
     ATLS_TCB_REFUSED},
    /* of version 2, whose product only the certificate names */
    {ANY ",\"min_tcb\":{\"Milan\":{\"snp\":24}}", 0x00, 4, 2, ATLS_OK},
    {ANY ",\"min_tcb\":{\"Milan\":{\"snp\":25}}", 0x00, 4, 2, ATLS_TCB_REFUSED},
    {ANY, 0x1e7, 1, 218, ATLS_OK},
    {ANY ",\"committed\":true", 0, 0, 0, ATLS_OK},
    {ANY ",\"committed\":true", 0x1e7, 1, 218, ATLS_TCB_REFUSED},
    /* which key signed */
    {ANY, 0x48, 4, 4, ATLS_CONFIGURATION_REFUSED},
    {ANY ",\"key\":[\"vcek\",\"vlek\"]", 0x48, 4, 4, ATLS_ENDORSEMENT_MISMATCH},
    {ANY, 0x48, 4, 7 << 2, ATLS_CLAIM_INVALID},
    {ANY, 0x48, 4, 2 << 2, ATLS_CLAIM_INVALID},
    {ANY ",\"key\":\"vlek\"", 0, 0, 0, ATLS_CONFIGURATION_REFUSED},
    /* not what the certificate says */
    {ANY, 0x180, 1, 3, ATLS_ENDORSEMENT_MISMATCH},
    {ANY, 0x182, 1, 1, ATLS_ENDORSEMENT_MISMATCH},
    {ANY, 0x186, 1, 25, ATLS_ENDORSEMENT_MISMATCH},
    {ANY, 0x187, 1, 218, ATLS_ENDORSEMENT_MISMATCH},
    {ANY, 0x038, 1, 9, ATLS_OK}, /* the current TCB is not the key's */
    {ANY, 0x1a0, 1, 0xc0, ATLS_ENDORSEMENT_MISMATCH},
    {ANY, 0x1df, 1, 0xc0, ATLS_ENDORSEMENT_MISMATCH},
    {ANY, 0x189, 1, 0x11, ATLS_ENDORSEMENT_MISMATCH}, /* Genoa's model */
    {ANY, 0x189, 1, 0x50, ATLS_ENDORSEMENT_MISMATCH}, /* nobody's */
    {ANY, 0x188, 1, 0x1a, ATLS_ENDORSEMENT_MISMATCH}, /* Turin's family */
    {ANY, 0x050, 1, 0xa1, ATLS_BINDER_MISMATCH},
    {ANY, 0x070, 1, 0x01, ATLS_BINDER_MISMATCH}, /* behind the binder */
    {ANY, 0x08f, 1, 0x01, ATLS_BINDER_MISMATCH},
};

START_TEST(signed_report_is_judged_by_its_fields)
{
    const struct row *row = &rows[_i];

    forge_snp_put(&chip, row->at, row->value, row->len);
    judge(row->policy, row->reason);
}
END_TEST

START_TEST(turin_tcb_has_its_own_layout)
{
    forge_snp_clear(&chip);
    forge_snp_open(&chip, ATLS_SNP_TURIN, forge_nonce(FORGE_NONCE));
    judge(ANY ",\"min_tcb\":{\"Turin\":{\"fmc\":1,\"bootloader\":1,\"tee\":1,"
              "\"snp\":4,\"microcode\":81}}",
          ATLS_OK);
    judge(ANY ",\"min_tcb\":{\"Turin\":{\"fmc\":2}}", ATLS_TCB_REFUSED);
    judge(ANY ",\"min_tcb\":{\"Turin\":{\"snp\":5}}", ATLS_TCB_REFUSED);
}
END_TEST

START_TEST(turin_chip_id_is_zero_behind_its_eight_bytes)
{
    forge_snp_clear(&chip);
    forge_snp_open(&chip, ATLS_SNP_TURIN, forge_nonce(FORGE_NONCE));
    chip.report[0x1a8] = 1;
    judge(ANY, ATLS_ENDORSEMENT_MISMATCH);
}
END_TEST

static void lease(const char *csp_id)
{
    chip.leaf.csp_id = csp_id;
    memset(chip.report + 0x1a0, 0, ATLS_SNP_HWID);
    forge_snp_put(&chip, 0x48, 4, 4);
}

START_TEST(vlek_is_taken_where_the_profile_says_so)
{
    lease("CN=cc.example.com");
    judge(ANY, ATLS_CONFIGURATION_REFUSED);
    judge(ANY ",\"key\":\"vlek\"", ATLS_OK);
    judge(ANY ",\"key\":[\"vcek\",\"vlek\"]", ATLS_OK);
    judge(ANY ",\"key\":\"vlek\",\"csp_id\":\"CN=cc.example.com\"", ATLS_OK);
    judge(ANY ",\"key\":\"vlek\",\"csp_id\":[\"CN=cc.example\"]",
          ATLS_INSTANCE_REFUSED);
}
END_TEST

START_TEST(vlek_is_no_vcek)
{
    lease("CN=cc.example.com");
    forge_snp_put(&chip, 0x48, 0, 4);
    judge(ANY ",\"key\":[\"vcek\",\"vlek\"]", ATLS_ENDORSEMENT_MISMATCH);
}
END_TEST

/* Certificates that are not of a VCEK of this product */
START_TEST(certificate_of_something_else_is_refused)
{
    static const struct {
        const char *name, *product;
        enum forge_snp_hwid form;
    } leaves[] = {
        {"SEV-OTHER", NULL, FORGE_HWID_RAW}, {"SEV-VLEK", NULL, FORGE_HWID_RAW},
        {NULL, "Genoa", FORGE_HWID_RAW},     {NULL, "Naples", FORGE_HWID_RAW},
        {NULL, "", FORGE_HWID_RAW},          {NULL, NULL, FORGE_HWID_NONE}};

    chip.leaf.name = leaves[_i].name;
    chip.leaf.product = leaves[_i].product;
    chip.leaf.form = leaves[_i].form;
    judge(ANY, ATLS_ENDORSEMENT_MISMATCH);
}
END_TEST

START_TEST(product_with_its_stepping_is_known)
{
    chip.leaf.product = "Milan-B0";
    judge(ANY, ATLS_OK);
}
END_TEST

START_TEST(key_on_another_curve_is_refused)
{
    chip.leaf.curve = "P-256";
    judge(ANY, ATLS_ALGORITHM_UNSUPPORTED);
}
END_TEST

/* Every byte that is signed and not looked at before the signature, and every
 * byte of r and s. */
START_TEST(flipped_bit_in_signed_part_or_signature_is_refused)
{
    forge_snp_certify(&chip);
    forge_snp_sign(&chip);
    for (size_t at = 0x90; at < 0x2a0 + 2 * 72; at += 3) {
        bool is_padding =
            (at >= 0x2a0 + 48 && at < 0x2a0 + 72) || at >= 0x2a0 + 72 + 48;
        bool is_endorsed = (at >= 0x180 && at < 0x188) || at == 0x188 ||
                           at == 0x189 || (at >= 0x1a0 && at < 0x1e0);
        enum atls_reason reason = is_padding    ? ATLS_EVIDENCE_MALFORMED
                                  : is_endorsed ? ATLS_ENDORSEMENT_MISMATCH
                                                : ATLS_SIGNATURE_INVALID;

        chip.report[at] ^= 0x10;
        if (at == 0x189) /* a model of the same product */
            reason = ATLS_ENDORSEMENT_MISMATCH;
        judge(ANY, reason);
        chip.report[at] ^= 0x10;
    }
    judge(ANY, ATLS_OK);
}
END_TEST

START_TEST(byte_behind_the_signature_is_refused)
{
    chip.report[ATLS_SNP_REPORT - 1] = 1;
    judge(ANY, ATLS_EVIDENCE_MALFORMED);
    chip.report[ATLS_SNP_REPORT - 1] = 0;
    chip.report[0x2a0 + 144] = 1;
    judge(ANY, ATLS_EVIDENCE_MALFORMED);
}
END_TEST

/* The order of P-384, little-endian */
static const uint8_t order[48] = {
    0x73, 0x29, 0xc5, 0xcc, 0x6a, 0x19, 0xec, 0xec, 0x7a, 0xa7, 0xb0, 0x48,
    0xb2, 0x0d, 0x1a, 0x58, 0xdf, 0x2d, 0x37, 0xf4, 0x81, 0x4d, 0x63, 0xc7,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

START_TEST(signature_of_zero_or_the_order_is_refused)
{
    size_t at = 0x2a0 + (_i & 1 ? 72 : 0);

    forge_snp_certify(&chip);
    forge_snp_sign(&chip);
    memset(chip.report + at, 0, 48);
    if (_i & 2)
        memcpy(chip.report + at, order, sizeof(order));
    judge(ANY, ATLS_SIGNATURE_INVALID);
}
END_TEST

START_TEST(report_of_another_chip_under_the_same_authority_is_refused)
{
    forge_snp_certify(&chip);
    EVP_PKEY_free(chip.key);
    chip.key = forge_ec("P-384");
    judge(ANY, ATLS_SIGNATURE_INVALID);
}
END_TEST

START_TEST(chain_must_lead_to_the_trust_anchor)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    X509 *other = forge_x509(&(struct forge_certificate){.name = "ARK-Milan",
                                                         .key = forge_rsa(1),
                                                         .is_ca = true,
                                                         .is_pss = true});

    forge_snp_cmw(&chip, &cmw);
    judge_cmw(atls_buf_view(&cmw), other, ANY, FORGE_NOW, ATLS_CHAIN_UNTRUSTED);
    X509_free(other);
    atls_buf_clear(&cmw);
    chip.hides_ask = true;
    forge_snp_cmw(&chip, &cmw);
    judge_cmw(atls_buf_view(&cmw), chip.ark, ANY, FORGE_NOW,
              ATLS_CHAIN_UNTRUSTED);
    judge_cmw(atls_buf_view(&cmw), chip.ask, ANY, FORGE_NOW, ATLS_OK);
}
END_TEST

START_TEST(ask_beside_its_ark_is_no_anchor_and_helps)
{
    ATLS_AUTO_BUF bundle = atls_buf(FORGE_MAX), text = atls_buf(FORGE_MAX);
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    const struct atls_anchors *anchors;

    chip.hides_ask = true;
    forge_snp_cmw(&chip, &cmw);
    forge_x509_pem(&bundle, chip.ask);
    forge_x509_pem(&bundle, chip.ark);
    forge_folder_put(&folder, "cert_chain", atls_buf_view(&bundle));
    atls_buf_text(&text,
                  "{\"profiles\":{\"p\":{\"format\":\"snp\",\"any\":true,"
                  "\"trust_anchors\":[\"cert_chain\"]}}}");
    ck_assert_reason(atls_policy_parse(atls_buf_view(&text), "p", folder.path,
                                       NULL, NULL, &policy, NULL),
                     ATLS_OK);
    anchors = &atls_policy_profile(policy, "p")->anchors;
    ck_assert_int_eq(sk_X509_num(anchors->roots), 1);
    ck_assert_int_eq(sk_X509_num(anchors->intermediates), 1);
    ck_assert_reason(atls_appraise(policy, atls_buf_view(&cmw),
                                   forge_nonce(FORGE_NONCE), FORGE_NOW, NULL,
                                   &verdict),
                     ATLS_OK);
    atls_policy_free(policy);
}
END_TEST

START_TEST(chain_is_judged_at_the_given_time)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);

    forge_snp_cmw(&chip, &cmw);
    judge_cmw(atls_buf_view(&cmw), chip.ark, ANY, FORGE_NOW + FORGE_YEAR + 1,
              ATLS_CHAIN_EXPIRED);
    judge_cmw(atls_buf_view(&cmw), chip.ark, ANY, FORGE_NOW - FORGE_YEAR - 1,
              ATLS_CHAIN_EXPIRED);
}
END_TEST

START_TEST(flipped_bit_in_the_certificate_of_the_key_is_refused)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX), der = atls_buf(FORGE_MAX);
    size_t at;

    forge_snp_cmw(&chip, &cmw);
    forge_x509_der(&der, chip.certificate);
    at = cmw.len - 1 - der.len; /* it stands last, before the indicator */
    ck_assert_mem_eq(cmw.data + at, der.data, der.len);
    cmw.data[cmw.len - 2] ^= 1; /* its signature */
    judge_cmw(atls_buf_view(&cmw), chip.ark, ANY, FORGE_NOW,
              ATLS_CHAIN_UNTRUSTED);
    cmw.data[cmw.len - 2] ^= 1;
    cmw.data[at + 20] ^= 0xff; /* inside of the signature algorithm */
    judge_cmw(atls_buf_view(&cmw), chip.ark, ANY, FORGE_NOW,
              ATLS_CHAIN_UNTRUSTED);
    cmw.data[at + 20] ^= 0xff;
    cmw.data[at] ^= 0xff;
    judge_cmw(atls_buf_view(&cmw), chip.ark, ANY, FORGE_NOW,
              ATLS_EVIDENCE_MALFORMED);
}
END_TEST

START_TEST(certificate_of_the_key_is_found_in_the_collateral_folder)
{
    ATLS_AUTO_BUF der = atls_buf(FORGE_MAX);
    struct forge_snp other;

    chip.hides_leaf = true;
    judge(ANY, ATLS_COLLATERAL_MISSING);
    judge(ANY ",\"collateral\":\"@\"", ATLS_COLLATERAL_MISSING);
    forge_snp_open(&other, ATLS_SNP_MILAN, forge_nonce(FORGE_NONCE));
    other.leaf.hwid[0] = 1; /* another chip's, that is looked at first */
    forge_snp_certify(&other);
    forge_x509_der(&der, other.certificate);
    forge_folder_put(&folder, "a.der", atls_buf_view(&der));
    forge_snp_clear(&other);
    judge(ANY ",\"collateral\":\"@\"", ATLS_COLLATERAL_MISSING);
    atls_buf_clear(&der);
    forge_x509_der(&der, chip.certificate);
    forge_folder_put(&folder, "b.der", atls_buf_view(&der));
    judge(ANY ",\"collateral\":\"@\"", ATLS_OK);
}
END_TEST

#define VCEK_GUID "63da758de6644564adc5f4b93be8accd"
#define ZEROS     B16("00") "0000000000000000"

/* What a host had of its chip from before an update of its firmware */
static void put_stale_table(void)
{
    ATLS_AUTO_BUF der = atls_buf(FORGE_MAX);

    forge_snp_certify(&chip);
    forge_x509_der(&der, chip.certificate);
    forge_folder_put(&folder, "vcek.der", atls_buf_view(&der));
    X509_free(chip.certificate);
    X509_free(chip.ask);
    X509_free(chip.ark);
    chip.certificate = chip.ask = chip.ark = NULL;
    chip.leaf.tcb[0]--;
    forge_snp_certify(&chip); /* under equal keys and names */
}

START_TEST(certificate_of_the_table_that_does_not_fit_gives_way_to_the_folder)
{
    put_stale_table();
    judge(ANY, ATLS_ENDORSEMENT_MISMATCH);
    judge(ANY ",\"collateral\":\"@\"", ATLS_OK);
    chip.auxblob = VCEK_GUID "3000000001000000" ZEROS "00"; /* none at all */
    judge(ANY, ATLS_EVIDENCE_MALFORMED);
    judge(ANY ",\"collateral\":\"@\"", ATLS_CHAIN_UNTRUSTED); /* no ASK */
}
END_TEST

START_TEST(report_without_any_certificate_is_completed_from_the_folder)
{
    ATLS_AUTO_BUF der = atls_buf(FORGE_MAX), pem = atls_buf(FORGE_MAX);

    chip.auxblob = "";
    forge_snp_certify(&chip);
    forge_x509_der(&der, chip.certificate);
    forge_folder_put(&folder, "vcek.der", atls_buf_view(&der));
    judge(ANY ",\"collateral\":\"@\"", ATLS_CHAIN_UNTRUSTED);
    forge_x509_pem(&pem, chip.ask);
    forge_folder_put(&folder, "ask.pem", atls_buf_view(&pem));
    judge(ANY ",\"collateral\":\"@\"", ATLS_OK);
}
END_TEST

START_TEST(chip_that_hides_its_id_is_not_looked_up)
{
    ATLS_AUTO_BUF der = atls_buf(FORGE_MAX);

    memset(chip.report + 0x1a0, 0, ATLS_SNP_HWID);
    chip.hides_leaf = true;
    forge_snp_certify(&chip);
    forge_x509_der(&der, chip.certificate);
    forge_folder_put(&folder, "vcek.der", atls_buf_view(&der));
    judge(ANY ",\"collateral\":\"@\"", ATLS_COLLATERAL_MISSING);
}
END_TEST

static void put_crl_as_it_is(const char *name, X509_CRL *crl)
{
    uint8_t *der = NULL;
    int len = i2d_X509_CRL(crl, &der);

    ck_assert_int_gt(len, 0);
    forge_folder_put(&folder, name, atls_view(der, (size_t)len));
    OPENSSL_free(der);
    X509_CRL_free(crl);
}

static void put_crl(const char *name, X509 *issuer, EVP_PKEY *key, long revoked,
                    int64_t until)
{
    put_crl_as_it_is(
        name, forge_crl(issuer, key, revoked, FORGE_NOW - 2 * 86400, until));
}

/* Only of certificates that are no CA's, which an ASK's is. */
static X509_CRL *crl_of_another_scope(void)
{
    X509_CRL *crl = forge_crl(chip.ark, forge_rsa(0), 0, FORGE_NOW - 86400,
                              FORGE_NOW + 86400);
    ISSUING_DIST_POINT *scope = ISSUING_DIST_POINT_new();

    ck_assert_ptr_nonnull(scope);
    scope->onlyuser = 0xff;
    ck_assert_int_eq(
        X509_CRL_add1_ext_i2d(crl, NID_issuing_distribution_point, scope, 1, 0),
        1);
    ck_assert_int_gt(X509_CRL_sign(crl, forge_rsa(0), EVP_sha384()), 0);
    ISSUING_DIST_POINT_free(scope);
    return crl;
}

/* A file that was damaged, or planted, must not be as good as none. */
START_TEST(crl_of_the_ark_that_is_none_is_not_passed_over)
{
    forge_snp_certify(&chip);
    put_crl("a.crl", chip.ark, forge_rsa(1), 0, FORGE_NOW + 86400);
    judge(ANY ",\"collateral\":\"@\"", ATLS_COLLATERAL_MISSING);
    put_crl_as_it_is("a.crl", crl_of_another_scope());
    judge(ANY ",\"collateral\":\"@\"", ATLS_COLLATERAL_MISSING);
    judge(ANY ",\"collateral\":\"@\",\"crl\":true", ATLS_COLLATERAL_MISSING);
    put_crl("a.crl", chip.ark, forge_rsa(0), 0, FORGE_NOW + 86400);
    judge(ANY ",\"collateral\":\"@\"", ATLS_OK);
}
END_TEST

START_TEST(crl_of_the_ark_is_asked_where_there_is_one)
{
    forge_snp_certify(&chip);
    judge(ANY ",\"collateral\":\"@\"", ATLS_OK);
    judge(ANY ",\"collateral\":\"@\",\"crl\":true", ATLS_COLLATERAL_MISSING);
    put_crl("a.crl", chip.certificate, chip.key, 0, FORGE_NOW + 86400);
    judge(ANY ",\"collateral\":\"@\"", ATLS_OK); /* another's */
    judge(ANY ",\"collateral\":\"@\",\"crl\":true", ATLS_COLLATERAL_MISSING);
    put_crl("b.crl", chip.ark, forge_rsa(0), 0, FORGE_NOW + 86400);
    judge(ANY ",\"collateral\":\"@\",\"crl\":true", ATLS_OK);
    put_crl("b.crl", chip.ark, forge_rsa(0), 0x010000, FORGE_NOW + 86400);
    judge(ANY ",\"collateral\":\"@\"", ATLS_CHAIN_REVOKED);
}
END_TEST

START_TEST(crl_of_the_ark_that_is_old_has_a_grace_period)
{
    forge_snp_certify(&chip);
    put_crl("b.crl", chip.ark, forge_rsa(0), 0, FORGE_NOW - 86400);
    judge(ANY ",\"collateral\":\"@\"", ATLS_COLLATERAL_STALE);
    judge(ANY ",\"collateral\":\"@\",\"grace\":\"2d\"", ATLS_OK);
    judge(ANY ",\"collateral\":\"@\",\"grace\":\"12h\"", ATLS_COLLATERAL_STALE);
}
END_TEST

static const char *const bad_tables[] = {
    "00",                                    /* cut */
    B16("00") "00000000000000",              /* one byte short */
    VCEK_GUID "3000000001000000",            /* without an end */
    VCEK_GUID "3000000000000000" ZEROS "00", /* nothing in it */
    VCEK_GUID "3100000001000000" ZEROS "00", /* behind the end */
    VCEK_GUID "3000000002000000" ZEROS "00", /* over the end */
    VCEK_GUID "ffffffff01000000" ZEROS "00",
    VCEK_GUID "30000000ffffffff" ZEROS "00",
    VCEK_GUID "01000000ffffffff" ZEROS "00", /* sum beyond 32 bits */
    B16("77") "3000000002000000" ZEROS "00", /* unknown, over the end */
    VCEK_GUID "4800000001000000" VCEK_GUID "4800000001000000" ZEROS "00",
    VCEK_GUID "3000000001000000" ZEROS "00", /* no certificate */
};

START_TEST(table_that_is_none_is_refused)
{
    chip.auxblob = bad_tables[_i];
    judge(ANY, ATLS_EVIDENCE_MALFORMED);
}
END_TEST

START_TEST(table_without_a_certificate_of_the_key_is_told)
{
    chip.auxblob = ZEROS;
    judge(ANY, ATLS_COLLATERAL_MISSING);
    chip.auxblob = B16("77") "3000000001000000" ZEROS "00"; /* unknown */
    judge(ANY, ATLS_COLLATERAL_MISSING);
}
END_TEST

static void judge_report_of(size_t len, enum atls_reason reason)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), cmw = atls_buf(FORGE_MAX);
    uint8_t report[ATLS_SNP_REPORT + 1] = {0};

    forge_snp_certify(&chip);
    forge_snp_sign(&chip);
    memcpy(report, chip.report, sizeof(chip.report));
    atls_cbor_put_map(&value, 2);
    atls_cbor_put_text(&value, "provider");
    atls_cbor_put_text(&value, "sev_guest");
    atls_cbor_put_text(&value, "outblob");
    atls_cbor_put_bytes(&value, atls_view(report, len));
    forge_cmw(&cmw, atls_tsm_report_types[0], atls_buf_view(&value), 4);
    judge_cmw(atls_buf_view(&cmw), chip.ark, ANY, FORGE_NOW, reason);
}

START_TEST(report_of_another_length_is_refused)
{
    static const size_t bounds[] = {1,     0x050, 0x090, 0x180, 0x188, 0x1a0,
                                    0x1f8, 0x2a0, 0x2e8, 0x330, 1183,  1185};

    judge_report_of(bounds[_i], ATLS_EVIDENCE_MALFORMED);
    judge_report_of(ATLS_SNP_REPORT, ATLS_COLLATERAL_MISSING);
}
END_TEST

START_TEST(evidence_cut_anywhere_is_refused)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct atls_snp_claims claims = {.report = {.version = 0}};
    struct atls_view nonce;

    forge_snp_value(&chip, &value);
    for (size_t len = 0; len < value.len; len++)
        ck_assert_reason(atls_format_snp.parse(atls_view(value.data, len),
                                               &claims, &nonce, NULL),
                         ATLS_EVIDENCE_MALFORMED);
    atls_buf_u8(&value, 0);
    ck_assert_reason(
        atls_format_snp.parse(atls_buf_view(&value), &claims, &nonce, NULL),
        ATLS_EVIDENCE_MALFORMED);
}
END_TEST

START_TEST(evidence_of_another_run_is_refused)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);

    forge_snp_clear(&chip);
    forge_snp_open(&chip, ATLS_SNP_MILAN, forge_nonce(FORGE_NONCE - 1));
    forge_snp_cmw(&chip, &cmw);
    judge_cmw(atls_buf_view(&cmw), chip.ark, ANY, FORGE_NOW,
              ATLS_BINDER_MISMATCH);
}
END_TEST

/* Certificates that somebody made for the tests of another verifier: with the
 * hardware ID bare, and in an OCTET STRING of its own. */
START_TEST(real_report_with_a_forged_certificate_is_refused)
{
    static const char *const paths[] = {
        "snp/trustee-test.vcek-invalid-legacy.der",
        "snp/trustee-test.vcek-invalid-new.der"};
    ATLS_AUTO_BUF der = atls_buf(FORGE_MAX), report = atls_buf(FORGE_MAX);
    struct atls_snp_endorsement endorsement;
    const uint8_t *at;

    if (!forge_vector(paths[_i], &der) ||
        !forge_vector("snp/trustee-test.report.bin", &report))
        return;
    forge_snp_certify(&chip);
    X509_free(chip.certificate);
    at = der.data;
    chip.certificate = d2i_X509(NULL, &at, (long)der.len);
    ck_assert_reason(
        atls_snp_endorsement_read(chip.certificate, &endorsement, NULL),
        ATLS_OK);
    memcpy(chip.report, report.data, sizeof(chip.report));
    chip.leaves_signature = true;
    memcpy(chip.report + 0x50, forge_nonce(64).data, 64);
    memset(chip.report + 0x50 + FORGE_NONCE, 0, 64 - FORGE_NONCE);
    judge(ANY, ATLS_CHAIN_UNTRUSTED);
}
END_TEST

static const struct {
    const char *more, *says;
} wrong[] = {
    {ANY ",\"vmpl\":4", "/profiles/p/vmpl: want a whole number from 0 to 3"},
    {ANY ",\"vmpl\":[]", "/profiles/p/vmpl: want at least one VMPL"},
    {ANY ",\"vmpl\":\"0\"", "/profiles/p/vmpl: want a whole number"},
    {ANY ",\"key\":\"vxek\"", "/profiles/p/key: want one of vcek, vlek"},
    {ANY ",\"key\":[]", "/profiles/p/key: want at least one key"},
    {ANY ",\"min_tcb\":{}", "/profiles/p/min_tcb: want at least one product"},
    {ANY ",\"min_tcb\":{\"Rome\":{}}", "unknown key \"Rome\""},
    {ANY ",\"min_tcb\":{\"Milan\":{}}", "want at least one part of the TCB"},
    {ANY ",\"min_tcb\":{\"Milan\":{\"fmc\":1}}", "unknown key \"fmc\""},
    {ANY ",\"min_tcb\":{\"Milan\":{\"snp\":256}}",
     "want a whole number from 0 to 255"},
    {ANY ",\"guest_svn\":-1", "want a whole number from 0 to 4294967295"},
    {ANY ",\"platform_info\":\"rapl\"", "want one of smt, tsme, ecc"},
    {ANY ",\"platform_info\":[]", "want at least one name of a bit"},
    {ANY ",\"guest_policy\":\"x\"", "want one of smt, migration"},
    {ANY ",\"csp_id\":[]", "want at least one CSP"},
    {ANY ",\"csp_id\":[1]", "/profiles/p/csp_id/0: want a string"},
    {ANY ",\"measurement\":\"" B48("00") "\"", "found both"},
    {"\"measurement\":\"00\"", "want 48 bytes in hex"},
    {"\"host_data\":\"" B32("00") "\"", "pins nothing"},
    {"\"chip_id\":\"" B64("00") "\"", "pins nothing"},
    {"\"smt\":1", "want true or false"},
};

struct found {
    const char *wanted;
    bool is_there;
};

static void look(void *arg, const char *sentence)
{
    struct found *found = arg;

    found->is_there |= strstr(sentence, found->wanted) != NULL;
}

static void check_problem(const char *text, const char *says)
{
    struct found found = {.wanted = says};
    struct atls_policy *policy = NULL;

    ck_assert_reason(atls_policy_parse(atls_view_text(text), "p", "", look,
                                       &found, &policy, NULL),
                     ATLS_POLICY_INVALID);
    ck_assert_msg(found.is_there, "%s", says);
}

START_TEST(wrong_profile_is_told)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);

    forge_snp_certify(&chip);
    atls_buf_text(&text, "{\"profiles\":{\"p\":{\"format\":\"snp\","
                         "\"trust_anchors\":[\"");
    forge_x509_json(&text, chip.ark);
    atls_buf_text(&text, "\"],");
    atls_buf_text(&text, wrong[_i].more);
    atls_buf_text(&text, "}}}");
    atls_buf_u8(&text, 0);
    check_problem((const char *)text.data, wrong[_i].says);
}
END_TEST

START_TEST(bare_key_is_no_anchor_of_a_chain)
{
    EVP_PKEY *key = forge_key("ak-rsa");
    ATLS_AUTO_HEAP char *pem = forge_pem(key);
    char text[1024];

    snprintf(text, sizeof(text),
             "{\"profiles\":{\"p\":{\"format\":\"snp\",\"any\":true,"
             "\"trust_anchors\":[\"%s\"]}}}",
             pem);
    check_problem(text, "want the certificate that ends a chain, found a bare "
                        "public key");
    EVP_PKEY_free(key);
}
END_TEST

static void take(void *arg, const char *name, const char *value)
{
    struct atls_buf *out = arg;

    atls_buf_text(out, name);
    atls_buf_u8(out, '=');
    atls_buf_text(out, value);
    atls_buf_u8(out, '\n');
}

START_TEST(report_is_described)
{
    static const char *const wanted[] = {
        "measurement=4d4d",
        "chip_id=c1c1",
        ("reported_tcb=04000000000018d9 (bootloader 4, tee 0, snp 24, "
         "microcode 217)"),
        "vmpl=0",
        "guest_policy=0x0000000000030000 (smt)",
        "platform_info=0x0000000000000025 (smt, ecc, alias_check_complete)",
        "key=vcek",
        "product=Milan",
        "guest_svn=4",
        "vcek_bytes="};
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX), text = atls_buf(FORGE_MAX);
    struct atls_evidence *evidence = NULL;

    forge_snp_cmw(&chip, &cmw);
    ck_assert_reason(
        atls_evidence_parse(atls_buf_view(&cmw), NULL, &evidence, NULL),
        ATLS_OK);
    atls_evidence_describe(evidence, false, take, &text);
    atls_buf_u8(&text, 0);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        ck_assert_msg(strstr((const char *)text.data, wanted[i]) != NULL,
                      "%s in\n%s", wanted[i], (const char *)text.data);
    atls_evidence_free(evidence);
}
END_TEST

static enum atls_reason learn(const char *certificates, char **json)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct atls_evidence *evidence = NULL;
    struct atls_lesson lesson = {.certificates = certificates,
                                 .collateral = folder.path,
                                 .now = FORGE_NOW};
    enum atls_reason reason;

    forge_snp_cmw(&chip, &cmw);
    ck_assert_reason(
        atls_evidence_parse(atls_buf_view(&cmw), NULL, &evidence, NULL),
        ATLS_OK);
    ck_assert(atls_policy_signers(evidence).by_certificates);
    reason = atls_policy_learn(evidence, &lesson, json, NULL);
    atls_evidence_free(evidence);
    return reason;
}

static const struct {
    size_t at;
    uint64_t value;
    const char *says;
} lessons[] = {
    {0, 3, "\"measurement\": \"4d4d"},   {0, 3, "\"host_data\": \"4848"},
    {0, 3, "\"id_key_digest\": \"4949"}, {0, 3, "\"microcode\": 217"},
    {0, 3, "\"guest_svn\": 4"},          {0x30, 2, "\"vmpl\": 2"},
    {0x08, 0xb0000, "\"debug\": true"},  {0x08, 0x70000, "\"migration\": true"},
};

START_TEST(profile_is_learned_that_takes_what_is_shown)
{
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);
    ATLS_AUTO_HEAP char *json = NULL;

    forge_snp_certify(&chip);
    forge_x509_pem(&pem, chip.ark);
    atls_buf_u8(&pem, 0);
    forge_snp_put(&chip, lessons[_i].at, lessons[_i].value, 4);
    ck_assert_reason(learn((const char *)pem.data, &json), ATLS_OK);
    ck_assert_msg(strstr(json, lessons[_i].says) != NULL, "%s", json);
}
END_TEST

START_TEST(nothing_is_learned_without_the_root_that_vouches)
{
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);
    ATLS_AUTO_HEAP char *json = NULL;
    X509 *other = forge_x509(&(struct forge_certificate){
        .name = "ARK-Milan", .key = forge_rsa(1), .is_ca = true});

    forge_x509_pem(&pem, other);
    atls_buf_u8(&pem, 0);
    ck_assert_reason(learn((const char *)pem.data, &json),
                     ATLS_CHAIN_UNTRUSTED);
    ck_assert_reason(learn(NULL, &json), ATLS_ANCHOR_UNKNOWN);
    ck_assert_ptr_null(json);
    X509_free(other);
}
END_TEST

#define ADD(test) tcase_add_test(tests, test)
#define ADD_ROWS(test, rows)                                                   \
    tcase_add_loop_test(tests, test, 0, (int)(sizeof(rows) / sizeof((rows)[0])))

int main(void)
{
    Suite *suite = suite_create("snp");
    TCase *tests = tcase_create("snp");

    tcase_set_timeout(tests, 120);
    (void)forge_rsa(0); /* once, not in each test's process */
    (void)forge_rsa(1);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, report_of_each_product_is_accepted,
                        ATLS_SNP_MILAN, ATLS_SNP_NUM_PRODUCTS);
    tcase_add_loop_test(tests, report_of_each_version_is_accepted, 2, 6);
    tcase_add_loop_test(tests, report_of_another_version_is_refused, 0, 4);
    ADD(report_by_another_algorithm_is_refused);
    ADD(certificates_in_pem_are_read);
    ADD(hardware_id_in_an_octet_string_is_read);
    ADD(turin_hardware_id_in_an_octet_string_is_read);
    ADD(masked_chip_id_is_taken);
    ADD_ROWS(signed_report_is_judged_by_its_fields, rows);
    ADD(turin_tcb_has_its_own_layout);
    ADD(turin_chip_id_is_zero_behind_its_eight_bytes);
    ADD(vlek_is_taken_where_the_profile_says_so);
    ADD(vlek_is_no_vcek);
    tcase_add_loop_test(tests, certificate_of_something_else_is_refused, 0, 6);
    ADD(product_with_its_stepping_is_known);
    ADD(key_on_another_curve_is_refused);
    ADD(flipped_bit_in_signed_part_or_signature_is_refused);
    ADD(byte_behind_the_signature_is_refused);
    tcase_add_loop_test(tests, signature_of_zero_or_the_order_is_refused, 0, 4);
    ADD(report_of_another_chip_under_the_same_authority_is_refused);
    ADD(chain_must_lead_to_the_trust_anchor);
    ADD(ask_beside_its_ark_is_no_anchor_and_helps);
    ADD(chain_is_judged_at_the_given_time);
    ADD(flipped_bit_in_the_certificate_of_the_key_is_refused);
    ADD(certificate_of_the_key_is_found_in_the_collateral_folder);
    ADD(certificate_of_the_table_that_does_not_fit_gives_way_to_the_folder);
    ADD(report_without_any_certificate_is_completed_from_the_folder);
    ADD(chip_that_hides_its_id_is_not_looked_up);
    ADD(crl_of_the_ark_is_asked_where_there_is_one);
    ADD(crl_of_the_ark_that_is_none_is_not_passed_over);
    ADD(crl_of_the_ark_that_is_old_has_a_grace_period);
    ADD_ROWS(table_that_is_none_is_refused, bad_tables);
    ADD(table_without_a_certificate_of_the_key_is_told);
    tcase_add_loop_test(tests, report_of_another_length_is_refused, 0, 12);
    ADD(evidence_cut_anywhere_is_refused);
    ADD(evidence_of_another_run_is_refused);
    tcase_add_loop_test(tests, real_report_with_a_forged_certificate_is_refused,
                        0, 2);
    ADD_ROWS(wrong_profile_is_told, wrong);
    ADD(bare_key_is_no_anchor_of_a_chain);
    ADD(report_is_described);
    ADD_ROWS(profile_is_learned_that_takes_what_is_shown, lessons);
    ADD(nothing_is_learned_without_the_root_that_vouches);
    suite_add_tcase(suite, tests);
    return check_main(suite);
}
