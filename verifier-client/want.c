/* SPDX-License-Identifier: Apache-2.0
 *
 * Where wanted collateral is, and what it is called.
 */
#include "want.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "composite.h"
#include "parsed.h"
#include "tcb.h"
#include "vtpm.h"

enum { SHOWN_CHIP = 16, TURIN_CHIP = 8 };
enum {
    MAX_CERTIFICATE = 8192,
    MAX_CHAIN = 32768,
    MAX_CRL = 524288,
    MAX_JSON = ATLS_COLLATERAL_MAX_JSON - 2 * MAX_CHAIN /* its chain's place */
};

const char *const atls_service_urls[] = {
    [ATLS_SERVICE_KDS] = "https://kdsintf.amd.com/",
    [ATLS_SERVICE_PCS] = "https://api.trustedservices.intel.com/",
    [ATLS_SERVICE_INTEL] = "https://certificates.trustedservices.intel.com/"};

static const struct atls_want_source sources[ATLS_WANT_KINDS] = {
    [ATLS_WANT_AMD_CHAIN] = {ATLS_VENDOR_AMD, ATLS_SERVICE_KDS, NULL,
                             MAX_CHAIN},
    [ATLS_WANT_AMD_CRL] = {ATLS_VENDOR_AMD, ATLS_SERVICE_KDS, NULL, MAX_CRL},
    [ATLS_WANT_VCEK] = {ATLS_VENDOR_AMD, ATLS_SERVICE_KDS, NULL,
                        MAX_CERTIFICATE},
    [ATLS_WANT_PCK_CRL] = {ATLS_VENDOR_INTEL, ATLS_SERVICE_PCS,
                           "SGX-PCK-CRL-Issuer-Chain", MAX_CRL},
    [ATLS_WANT_ROOT_CRL] = {ATLS_VENDOR_INTEL, ATLS_SERVICE_INTEL, NULL,
                            MAX_CRL},
    [ATLS_WANT_TCB_INFO] = {ATLS_VENDOR_INTEL, ATLS_SERVICE_PCS,
                            "TCB-Info-Issuer-Chain", MAX_JSON},
    [ATLS_WANT_QE_IDENTITY] = {ATLS_VENDOR_INTEL, ATLS_SERVICE_PCS,
                               "SGX-Enclave-Identity-Issuer-Chain", MAX_JSON},
};

struct atls_want_source atls_want_source(const struct atls_want *want,
                                         bool has_cache)
{
    struct atls_want_source source = sources[want->kind];

    if (has_cache && source.service == ATLS_SERVICE_INTEL)
        source.service = ATLS_SERVICE_PCS;
    return source;
}

/* The words of a want, for paths, names and sentences. */
struct words {
    const char *product, *key, *ca, *tee;
    char chip[2 * ATLS_SNP_HWID + 1], tcb[2 * ATLS_SNP_TCB + 1];
    char fmspc[2 * ATLS_PCK_FMSPC + 1];
};

static struct words words_of(const struct atls_want *want)
{
    struct words words = {.product = atls_snp_product_names[want->product],
                          .key = atls_snp_keys_of_report[want->key],
                          .ca = want->is_processor ? "processor" : "platform",
                          .tee = want->is_td ? "tdx" : "sgx"};
    size_t chip = want->product == ATLS_SNP_TURIN ? TURIN_CHIP : ATLS_SNP_HWID;

    atls_hex(atls_view(want->chip, chip), words.chip, sizeof(words.chip));
    atls_hex(atls_view(want->tcb, ATLS_SNP_TCB), words.tcb, sizeof(words.tcb));
    atls_hex(atls_view(want->fmspc, ATLS_PCK_FMSPC), words.fmspc,
             sizeof(words.fmspc));
    return words;
}

static unsigned spl(const struct atls_want *want, enum atls_snp_part part)
{
    int at = atls_snp_part_at(want->product, part);

    return at >= 0 ? want->tcb[at] : 0;
}

/* AMD 57230, 4.1: SPLs in decimal; fmcSPL from Turin on */
static void put_vcek_path(const struct atls_want *want,
                          const struct words *words, char text[ATLS_WANT_TEXT])
{
    char fmc[24] = "";

    if (want->product == ATLS_SNP_TURIN)
        snprintf(fmc, sizeof(fmc), "fmcSPL=%02u&", spl(want, ATLS_SNP_FMC));
    snprintf(text, ATLS_WANT_TEXT,
             "vcek/v1/%s/%s?%sblSPL=%02u&teeSPL=%02u&snpSPL=%02u&ucodeSPL=%02u",
             words->product, words->chip, fmc, spl(want, ATLS_SNP_BOOTLOADER),
             spl(want, ATLS_SNP_TEE), spl(want, ATLS_SNP_SNP),
             spl(want, ATLS_SNP_MICROCODE));
}

void atls_want_path(const struct atls_want *want, bool has_cache,
                    char text[ATLS_WANT_TEXT])
{
    static const char root[] = "IntelSGXRootCA.der";
    static const char cached[] = "sgx/certification/v4/rootcacrl";
    const struct words words = words_of(want);

    switch (want->kind) {
    case ATLS_WANT_AMD_CHAIN:
        snprintf(text, ATLS_WANT_TEXT, "%s/v1/%s/cert_chain", words.key,
                 words.product);
        break;
    case ATLS_WANT_AMD_CRL:
        snprintf(text, ATLS_WANT_TEXT, "%s/v1/%s/crl", words.key,
                 words.product);
        break;
    case ATLS_WANT_VCEK:
        put_vcek_path(want, &words, text);
        break;
    case ATLS_WANT_PCK_CRL:
        snprintf(text, ATLS_WANT_TEXT,
                 "sgx/certification/v4/pckcrl?ca=%s&encoding=der", words.ca);
        break;
    case ATLS_WANT_ROOT_CRL:
        snprintf(text, ATLS_WANT_TEXT, "%s", has_cache ? cached : root);
        break;
    case ATLS_WANT_TCB_INFO:
        snprintf(text, ATLS_WANT_TEXT, "%s/certification/v4/tcb?fmspc=%s",
                 words.tee, words.fmspc);
        break;
    case ATLS_WANT_QE_IDENTITY:
        snprintf(text, ATLS_WANT_TEXT, "%s/certification/v4/qe/identity",
                 words.tee);
        break;
    case ATLS_WANT_KINDS:
        text[0] = '\0';
        break;
    }
}

void atls_want_file(const struct atls_want *want, char text[ATLS_WANT_TEXT])
{
    const struct words words = words_of(want);

    switch (want->kind) {
    case ATLS_WANT_AMD_CHAIN:
        snprintf(text, ATLS_WANT_TEXT, "amd-%s-%s-chain.pem", words.key,
                 words.product);
        break;
    case ATLS_WANT_AMD_CRL:
        snprintf(text, ATLS_WANT_TEXT, "amd-%s-%s.crl", words.key,
                 words.product);
        break;
    case ATLS_WANT_VCEK:
        snprintf(text, ATLS_WANT_TEXT, "amd-vcek-%s-%s-%s.der", words.product,
                 words.chip, words.tcb);
        break;
    case ATLS_WANT_PCK_CRL:
        snprintf(text, ATLS_WANT_TEXT, "intel-pck-%s.pem", words.ca);
        break;
    case ATLS_WANT_ROOT_CRL:
        snprintf(text, ATLS_WANT_TEXT, "intel-root.crl");
        break;
    case ATLS_WANT_TCB_INFO:
        snprintf(text, ATLS_WANT_TEXT, "intel-%s-tcb-%s.json", words.tee,
                 words.fmspc);
        break;
    case ATLS_WANT_QE_IDENTITY:
        snprintf(text, ATLS_WANT_TEXT, "intel-%s-qe.json", words.tee);
        break;
    case ATLS_WANT_KINDS:
        text[0] = '\0';
        break;
    }
}

void atls_want_describe(const struct atls_want *want, char text[ATLS_WANT_TEXT])
{
    const struct words words = words_of(want);
    const char *tee = want->is_td ? "TDX" : "SGX";

    switch (want->kind) {
    case ATLS_WANT_AMD_CHAIN:
        snprintf(text, ATLS_WANT_TEXT, "certificates of %s and ARK of %s",
                 want->key == ATLS_SNP_VLEK ? "ASVK" : "ASK", words.product);
        break;
    case ATLS_WANT_AMD_CRL:
        snprintf(text, ATLS_WANT_TEXT, "CRL of the ARK of %s (%s)",
                 words.product, words.key);
        break;
    case ATLS_WANT_VCEK:
        snprintf(text, ATLS_WANT_TEXT, "VCEK of %s, chip %.*s..., TCB %s",
                 words.product, 2 * SHOWN_CHIP, words.chip, words.tcb);
        break;
    case ATLS_WANT_PCK_CRL:
        snprintf(text, ATLS_WANT_TEXT, "CRL of Intel's PCK CA (%s)", words.ca);
        break;
    case ATLS_WANT_ROOT_CRL:
        snprintf(text, ATLS_WANT_TEXT, "CRL of Intel's root CA");
        break;
    case ATLS_WANT_TCB_INFO:
        snprintf(text, ATLS_WANT_TEXT, "TCB info of %s for FMSPC %s", tee,
                 words.fmspc);
        break;
    case ATLS_WANT_QE_IDENTITY:
        snprintf(text, ATLS_WANT_TEXT, "QE identity of %s", tee);
        break;
    case ATLS_WANT_KINDS:
        text[0] = '\0';
        break;
    }
}

/* What has the same name is the same. */
static bool wants_equal(const struct atls_want *a, const struct atls_want *b)
{
    char one[ATLS_WANT_TEXT], other[ATLS_WANT_TEXT];

    atls_want_file(a, one);
    atls_want_file(b, other);
    return strcmp(one, other) == 0;
}

void atls_wants_add(struct atls_wants *wants, const struct atls_want *want)
{
    size_t at = wants->num;

    for (size_t i = 0; i < wants->num; i++)
        if (wants_equal(&wants->items[i], want))
            return;
    if (wants->num == ATLS_WANTS_MAX) {
        wants->has_more = true;
        return;
    }
    for (; at > 0 && wants->items[at - 1].kind > want->kind; at--)
        wants->items[at] = wants->items[at - 1];
    wants->items[at] = *want;
    wants->num++;
}

void atls_wants_lack(struct atls_wants *wants, const char *format, ...)
{
    char text[ATLS_WHY_TEXT];
    va_list args;

    if (wants->num_lacks == ATLS_LACKS_MAX)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    (void)atls_why(&wants->lacks[wants->num_lacks++], ATLS_COLLATERAL_MISSING,
                   "%s", text);
}

static void want_of_vtpm(const void *claims, struct atls_wants *wants)
{
    const struct atls_vtpm_claims *vtpm = claims;

    if (vtpm->tee == &atls_format_tdx)
        atls_dcap_want(&vtpm->tdx, wants);
    else
        atls_snp_want(&vtpm->snp, wants);
}

/* As deep as the wrapper lets them be. */
static void want_of_composite(const void *claims, struct atls_wants *wants)
{
    const struct atls_composite_claims *composite = claims;

    for (size_t i = 0; i < composite->num; i++)
        atls_wants_of_evidence(wants, composite->members[i].evidence);
}

static const struct {
    const struct atls_format *format;
    void (*want)(const void *claims, struct atls_wants *wants);
} rows[] = {
    {&atls_format_snp, atls_snp_want},
    {&atls_format_tdx, atls_dcap_want},
    {&atls_format_sgx, atls_dcap_want},
    {&atls_format_vtpm, want_of_vtpm},
    {&atls_format_composite, want_of_composite},
};

void atls_wants_of_evidence(struct atls_wants *wants,
                            const struct atls_evidence *evidence)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].format == evidence->format)
            rows[i].want(evidence->claims, wants);
}
