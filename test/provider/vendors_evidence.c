/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of what the vendors' devices attest with, good and bad.
 */
#include "vendors.h"

#include <string.h>
#include <time.h>

#include "cbor.h"
#include "test/unit/forge_cca.h"
#include "test/unit/forge_vtpm.h"
#include "tsm_report.h"

#define X4(text)  text text text text
#define X16(text) X4(X4(text))
#define X32(text) X16(text) X16(text)
#define X48(text) X32(text) X16(text)

enum { NONCE_FIELD = 64, AT_QUOTE_REPORT = 48, QUOTE_SIGNATURE_LEN = 4 };

static bool is(const char *flaw, const char *name)
{
    return strcmp(flaw, name) == 0;
}

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void flip(struct atls_buf *bytes, size_t at)
{
    must(at < bytes->len);
    bytes->data[at] ^= 1;
}

/* ECDSA over P-256 or P-384 in COSE: the last bytes are s. */
static void flip_last(struct atls_buf *bytes, const char *flaw)
{
    if (is(flaw, "signature"))
        flip(bytes, bytes->len - 1);
}

static struct forge_snp chip_of(const struct vendors *vendors, const char *flaw)
{
    struct forge_snp chip = vendors->snp;

    if (is(flaw, "debug"))
        forge_snp_put(&chip, 0x08, 0xb0000, 8); /* POLICY */
    if (is(flaw, "software"))
        memset(chip.report + 0x90, 0x4e, 48); /* MEASUREMENT */
    return chip;
}

static void put_snp(const struct vendors *vendors, struct atls_view nonce,
                    const char *flaw, struct atls_buf *value)
{
    struct forge_snp chip = chip_of(vendors, flaw);

    must(nonce.len <= NONCE_FIELD);
    memcpy(chip.report + 0x50, nonce.data, nonce.len);
    forge_snp_sign(&chip);
    if (is(flaw, "signature"))
        chip.report[0x2a0] ^= 1;
    forge_snp_value(&chip, value);
}

/* Flaws as bits of ATTRIBUTES and of the measurement, where the body has them.
 */
static void quote_of(const char *kind, struct atls_view nonce, const char *flaw,
                     struct forge_dcap_quote *quote)
{
    bool is_td = kind[0] == 't';

    must(nonce.len <= NONCE_FIELD);
    forge_dcap_quote_init(quote, kind, nonce);
    if (is(flaw, "debug"))
        quote->body[is_td ? 120 : 48] |= is_td ? 1 : 2;
    if (is(flaw, "software"))
        quote->body[is_td ? 136 : 64] ^= 1;
}

static void put_quote(const struct vendors *vendors, const char *kind,
                      struct atls_view nonce, const char *flaw,
                      struct atls_buf *out)
{
    struct forge_dcap_quote quote;

    quote_of(kind, nonce, flaw, &quote);
    forge_dcap_quote(&vendors->dcap, &quote, out);
    if (is(flaw, "signature"))
        flip(out, AT_QUOTE_REPORT + quote.len + QUOTE_SIGNATURE_LEN);
}

static void put_tdx(const struct vendors *vendors, struct atls_view nonce,
                    const char *flaw, struct atls_buf *value)
{
    ATLS_AUTO_BUF quote = atls_buf(FORGE_MAX);

    put_quote(vendors, "tdx4", nonce, flaw, &quote);
    atls_cbor_put_map(value, 2);
    atls_cbor_put_text(value, "provider");
    atls_cbor_put_text(value, ATLS_TSM_TDX "\n");
    atls_cbor_put_text(value, "outblob");
    atls_cbor_put_bytes(value, atls_buf_view(&quote));
}

static void put_sgx(const struct vendors *vendors, struct atls_view nonce,
                    const char *flaw, struct atls_buf *value)
{
    put_quote(vendors, "sgx3", nonce, flaw, value);
}

static void put_nitro(const struct vendors *vendors, struct atls_view nonce,
                      const char *flaw, struct atls_buf *value)
{
    struct forge_nitro nitro = vendors->nitro;

    nitro.nonce = nonce;
    nitro.timestamp_ms = (uint64_t)time(NULL) * 1000;
    if (is(flaw, "debug"))
        memset(nitro.pcr_bytes, 0, 3);
    if (is(flaw, "software"))
        nitro.pcr_bytes[0] ^= 0x80;
    forge_nitro_put(&nitro, value);
    flip_last(value, flaw);
}

static void put_cca(const struct vendors *vendors, struct atls_view nonce,
                    const char *flaw, struct atls_buf *value)
{
    ATLS_AUTO_HEAP struct forge_cca *cca = malloc(sizeof(*cca));
    uint8_t challenge[NONCE_FIELD] = {0};

    must(cca != NULL && nonce.len <= NONCE_FIELD);
    memcpy(challenge, nonce.data, nonce.len);
    forge_cca(cca, vendors->keys[VENDORS_CPAK], vendors->keys[VENDORS_RAK],
              atls_view(challenge, sizeof(challenge)));
    if (is(flaw, "debug"))
        forge_claim_set(&cca->platform, 2395, "195000"); /* lifecycle */
    if (is(flaw, "software"))
        forge_claim_set(&cca->realm, 44238, "5820" X32("44")); /* RIM */
    forge_cca_put(cca, value);
    forge_cca_clear(cca);
    flip_last(value, flaw);
}

static struct atls_buf *components_of(struct forge_claims *claims)
{
    size_t i = 0;

    while (claims->items[i].key != 2399)
        must(++i < claims->num);
    return &claims->items[i].value;
}

static void put_psa(const struct vendors *vendors, struct atls_view nonce,
                    const char *flaw, struct atls_buf *value)
{
    EVP_PKEY *key = vendors->keys[VENDORS_PSA];
    struct forge_claims claims;

    forge_claims(&claims, key, nonce);
    if (is(flaw, "debug"))
        forge_claim_set(&claims, 2395, "195000");
    if (is(flaw, "software")) { /* the last signer ID's last byte */
        struct atls_buf *components = components_of(&claims);

        flip(components, components->len - 1);
    }
    forge_psa(value, &claims, key);
    forge_claims_clear(&claims);
    flip_last(value, flaw);
}

/* One bit of what was signed: TPM signatures stand in the middle of a map. */
static void flip_attest(struct atls_buf *value, const char *flaw)
{
    static const uint8_t magic[] = {0xff, 'T', 'C', 'G'};
    const size_t qualified_signer = 12;
    size_t at = 0;

    while (memcmp(value->data + at, magic, sizeof(magic)) != 0)
        must(++at + qualified_signer < value->len);
    if (is(flaw, "signature"))
        flip(value, at + qualified_signer);
}

static void put_tpm(const struct vendors *vendors, struct atls_view nonce,
                    const char *flaw, struct atls_buf *value)
{
    struct forge_quote quote = {.key = vendors->keys[VENDORS_AK],
                                .nonce = nonce,
                                .selections = {{0x0b, 0x81}}};

    if (is(flaw, "software")) /* what was booted is not shown: no PCR 7 */
        quote.selections[0].mask = 0x01;
    forge_quote(value, &quote);
    flip_attest(value, flaw);
}

static void put_vtpm(const struct vendors *vendors, struct atls_view nonce,
                     const char *flaw, struct atls_buf *value)
{
    struct forge_snp chip = chip_of(vendors, flaw);
    const struct forge_vtpm vtpm = {.chip = &chip,
                                    .ak = vendors->keys[VENDORS_VTPM]};

    forge_vtpm_value(&vtpm, nonce, value);
    flip_attest(value, flaw);
}

static void put_vtpm_on_tdx(const struct vendors *vendors,
                            struct atls_view nonce, const char *flaw,
                            struct atls_buf *value)
{
    struct forge_dcap_quote td;
    const struct forge_vtpm vtpm = {.platform = &vendors->dcap,
                                    .td = &td,
                                    .ak = vendors->keys[VENDORS_VTPM]};

    quote_of("tdx4", atls_view(NULL, 0), flaw, &td);
    forge_vtpm_value(&vtpm, nonce, value);
    flip_attest(value, flaw);
}

static const char *const software[] = {"software", NULL};
static const char *const software_or_debug[] = {"software", "debug", NULL};
static const char *const host_and_device[] = {"host", "snp", "device", "psa",
                                              NULL};

#define COMPOSITE "tag:example.com,2026:host-and-device"
#define PCR_7     "\"pcrs\":{\"sha256\":{\"7\":\"" X32("07") "\"}}"
#define COMPONENT(signer, measurement)                                         \
    "{\"signer_id\":\"" X32(signer) "\",\"measurement\":\"" X32(               \
        measurement) "\"}"

const struct vendors_format vendors_formats[] = {
    {"snp", ATLS_TSM_REPORT_CBOR, put_snp,
     "\"format\":\"snp\",\"trust_anchors\":[\"ark.pem\"],"
     "\"measurement\":\"" X48("4d") "\"",
     software_or_debug, NULL},
    {"tdx", ATLS_TSM_REPORT_CBOR, put_tdx,
     "\"format\":\"tdx\",\"trust_anchors\":[\"intel/root.pem\"],"
     "\"collateral\":\"intel\",\"mrtd\":\"" X48("11") "\"",
     software_or_debug, NULL},
    {"sgx", "application/vnd.atls.sgx-quote", put_sgx,
     "\"format\":\"sgx\",\"trust_anchors\":[\"intel/root.pem\"],"
     "\"collateral\":\"intel\",\"mrenclave\":\"" X32("31") "\"",
     software_or_debug, NULL},
    {"nitro", "application/vnd.atls.nitro-attestation+cose", put_nitro,
     "\"format\":\"nitro\",\"trust_anchors\":[\"nitro.pem\"],"
     "\"pcrs\":{\"0\":\"" X48("01") "\",\"1\":\"" X48("02") "\"}",
     software_or_debug, NULL},
    {"cca",
     "application/eat+cwt; "
     "eat_profile=\"tag:arm.com,2023:cca_platform#1.0.0\"",
     put_cca,
     "\"format\":\"cca\",\"trust_anchors\":[{\"instance_id\":\"01" X32(
         "02") "\",\"key\":\"cpak.pem\"}],\"rim\":\"" X32("43") "\"",
     software_or_debug, NULL},
    {"psa", "10003", put_psa,
     "\"format\":\"psa\",\"trust_anchors\":[\"psa.pem\"],\"components\":"
     "[" COMPONENT("05", "02") "," COMPONENT("06", "03") "]",
     software_or_debug, NULL},
    {"tpm", "application/vnd.atls.tpm-quote+cbor", put_tpm,
     "\"format\":\"tpm\",\"trust_anchors\":[\"ak.pem\"]," PCR_7, software,
     NULL},
    {"vtpm", "application/vnd.atls.tpm-quote+cbor", put_vtpm,
     "\"format\":\"vtpm\",\"trust_anchors\":[\"ark.pem\"]," PCR_7
     ",\"tee\":{\"format\":\"snp\",\"measurement\":\"" X48("4d") "\"}",
     software_or_debug, NULL},
    {"vtpm-tdx", "application/vnd.atls.tpm-quote+cbor", put_vtpm_on_tdx,
     "\"format\":\"vtpm\",\"trust_anchors\":[\"intel/root.pem\"]," PCR_7
     ",\"tee\":{\"format\":\"tdx\",\"collateral\":\"intel\",\"mrtd\":\"" X48(
         "11") "\"}",
     software_or_debug, NULL},
    {"composite", "application/cmw+cbor; cmwc_t=\"" COMPOSITE "\"", NULL,
     "\"format\":\"composite\",\"type\":\"" COMPOSITE "\","
     "\"members\":{\"host\":\"snp\",\"device\":\"psa\"}",
     software_or_debug, host_and_device},
    {NULL, NULL, NULL, NULL, NULL, NULL},
};

const struct vendors_format *vendors_format(const char *name)
{
    const struct vendors_format *format = vendors_formats;

    while (format->name != NULL && strcmp(format->name, name) != 0)
        format++;
    return format->name != NULL ? format : NULL;
}

static bool has_member(const struct vendors_format *format, const char *label)
{
    const char *const *member = format->members;

    for (; member != NULL && *member != NULL; member += 2)
        if (strcmp(member[0], label) == 0)
            return true;
    return false;
}

bool vendors_flaw_is_known(const struct vendors_format *format,
                           const struct vendors_flaw *flaw)
{
    const char *const *known = format->flaws;

    if (flaw->member[0] != '\0' && !has_member(format, flaw->member))
        return false;
    while (*known != NULL && strcmp(*known, flaw->name) != 0)
        known++;
    return *known != NULL || is(flaw->name, "") || is(flaw->name, "binder") ||
           is(flaw->name, "signature");
}

static void put_record(const struct vendors *vendors,
                       const struct vendors_format *format,
                       struct atls_view nonce, const char *flaw,
                       struct atls_buf *out)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    uint8_t bytes[NONCE_FIELD];

    must(nonce.len > 0 && nonce.len <= sizeof(bytes));
    memcpy(bytes, nonce.data, nonce.len);
    if (is(flaw, "binder"))
        bytes[nonce.len - 1] ^= 1;
    format->put(vendors, atls_view(bytes, nonce.len), flaw, &value);
    forge_cmw(out, format->type, atls_buf_view(&value), 4);
}

/* RFC 9999, 3.3: a map of labels and records, and what kind of collection */
static void put_collection(const struct vendors *vendors,
                           const struct vendors_format *format,
                           struct atls_view nonce,
                           const struct vendors_flaw *flaw,
                           struct atls_buf *out)
{
    const char *const *member = format->members;
    uint64_t num = 1;

    for (; *member != NULL; member += 2)
        num++;
    atls_cbor_put_map(out, num);
    atls_cbor_put_text(out, "__cmwc_t");
    atls_cbor_put_text(out, COMPOSITE);
    for (member = format->members; *member != NULL; member += 2) {
        bool is_bad = is(flaw->member, "") || is(flaw->member, member[0]);

        atls_cbor_put_text(out, member[0]);
        put_record(vendors, vendors_format(member[1]), nonce,
                   is_bad ? flaw->name : "", out);
    }
}

void vendors_evidence(const struct vendors *vendors,
                      const struct vendors_format *format,
                      struct atls_view nonce, const struct vendors_flaw *flaw,
                      struct atls_buf *out)
{
    if (format->members != NULL)
        put_collection(vendors, format, nonce, flaw, out);
    else
        put_record(vendors, format, nonce, flaw->name, out);
    must(!out->failed);
}
