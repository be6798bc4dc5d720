/* SPDX-License-Identifier: Apache-2.0
 *
 * A chip, a platform and a realm that attest through configfs-tsm. Whatever
 * goes wrong here is the test's fault: abort.
 */
#include "tsm_forge.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "forge_cca.h"
#include "forge_snp.h"
#include "forge_tcb.h"
#include "policy.h"
#include "tsm_report.h"

#define X16(text)                                                              \
    text text text text text text text text text text text text text text text \
        text
#define X32(text) X16(text) X16(text)
#define X48(text) X32(text) X16(text)

enum {
    INBLOB = 64,
    AT_VMPL = 0x30,
    AT_REPORT_DATA = 0x50,
    AT_TD_REPORT_DATA = 48 + 520
};

static bool is_open;
static struct forge_snp chip;
static struct forge_dcap platform;
static EVP_PKEY *cpak, *rak;

static void must(bool holds)
{
    if (!holds)
        abort();
}

void tsm_forge_open(void)
{
    if (is_open)
        return;
    forge_snp_open(&chip, ATLS_SNP_MILAN, atls_view("", 0));
    chip.ark_key = forge_key("ak-rsa"); /* a new one takes valgrind long */
    chip.ask_key = chip.ark_key;
    forge_snp_certify(&chip);
    forge_dcap_open(&platform);
    cpak = forge_ec("P-384");
    rak = forge_ec("P-384");
    is_open = true;
}

static void put_snp(unsigned privlevel, struct atls_view inblob,
                    struct atls_buf *outblob, struct atls_buf *auxblob)
{
    struct forge_snp guest = chip;

    forge_snp_put(&guest, AT_VMPL, privlevel, 4);
    memcpy(guest.report + AT_REPORT_DATA, inblob.data, inblob.len);
    forge_snp_sign(&guest);
    atls_buf_put(outblob, atls_view(guest.report, sizeof(guest.report)));
    forge_snp_table(&guest, auxblob);
}

static void put_tdx(struct atls_view inblob, struct atls_buf *outblob)
{
    struct forge_dcap_quote quote;

    forge_dcap_quote_init(&quote, "tdx4", inblob);
    forge_dcap_quote(&platform, &quote, outblob);
}

static void put_cca(struct atls_view inblob, struct atls_buf *outblob)
{
    static struct forge_cca cca;

    forge_cca(&cca, cpak, rak, inblob);
    forge_cca_put(&cca, outblob);
    forge_cca_clear(&cca);
}

void tsm_forge_report(const char *provider, unsigned privlevel,
                      struct atls_view inblob, struct atls_buf *outblob,
                      struct atls_buf *auxblob)
{
    must(is_open && inblob.len == INBLOB);
    if (strcmp(provider, ATLS_TSM_SNP) == 0)
        put_snp(privlevel, inblob, outblob, auxblob);
    else if (strcmp(provider, ATLS_TSM_TDX) == 0)
        put_tdx(inblob, outblob);
    else if (strcmp(provider, ATLS_TSM_CCA) == 0)
        put_cca(inblob, outblob);
    else
        must(false);
    /* The thread may end after the program has, and what libcrypto keeps for
     * it would be lost. */
    OPENSSL_thread_stop();
}

struct atls_view tsm_forge_nonce(const char *provider, struct atls_view outblob)
{
    size_t at = strcmp(provider, ATLS_TSM_SNP) == 0   ? AT_REPORT_DATA
                : strcmp(provider, ATLS_TSM_TDX) == 0 ? AT_TD_REPORT_DATA
                                                      : outblob.len;

    return at + INBLOB <= outblob.len ? atls_view(outblob.data + at, INBLOB)
                                      : atls_view("", 0);
}

uint8_t tsm_forge_level(struct atls_view outblob)
{
    return outblob.len > AT_VMPL ? outblob.data[AT_VMPL] : 0xff;
}

static void put_snp_profile(struct atls_buf *text)
{
    atls_buf_text(text, "\"format\":\"snp\",\"measurement\":\"" X48(
                            "4d") "\",\"trust_anchors\":[\"");
    forge_x509_json(text, chip.ark);
    atls_buf_text(text, "\"]");
}

static void put_tdx_profile(struct atls_buf *text, const char *folder)
{
    char rest[256];

    forge_tcb_collateral(&platform, true, folder);
    atls_buf_text(text, "\"format\":\"tdx\",\"mrtd\":\"" X48("11") "\",");
    snprintf(rest, sizeof(rest),
             "\"collateral\":\"%s\",\"trust_anchors\":[\"%s/root.pem\"]",
             folder, folder);
    atls_buf_text(text, rest);
}

static void put_cca_profile(struct atls_buf *text)
{
    ATLS_AUTO_HEAP char *pem = forge_pem(cpak);

    atls_buf_text(text, "\"format\":\"cca\",\"rim\":\"" X32(
                            "43") "\",\"trust_anchors\":[{\"instance_id\":"
                                  "\"01" X32("02") "\",\"key\":\"");
    atls_buf_text(text, pem);
    atls_buf_text(text, "\"}]");
}

enum atls_reason tsm_forge_appraise(const char *provider, struct atls_view cmw,
                                    struct atls_view binder,
                                    struct atls_verdict *verdict)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct forge_folder folder;

    forge_folder_open(&folder);
    atls_buf_text(&text, "{\"profiles\":{\"tee\":{");
    if (strcmp(provider, ATLS_TSM_SNP) == 0)
        put_snp_profile(&text);
    else if (strcmp(provider, ATLS_TSM_TDX) == 0)
        put_tdx_profile(&text, folder.path);
    else
        put_cca_profile(&text);
    atls_buf_text(&text, "}}}");
    must(atls_policy_parse(atls_buf_view(&text), "policy", "/", NULL, NULL,
                           &policy, NULL) == ATLS_OK);
    forge_folder_clear(&folder);
    (void)atls_appraise(policy, cmw, binder, FORGE_DCAP_NOW, NULL, verdict);
    atls_policy_free(policy);
    return verdict->reason;
}
