/* SPDX-License-Identifier: Apache-2.0
 *
 * Quotes of a virtual TPM on SEV-SNP or TDX, forged. Whatever goes wrong here
 * is the test's fault: abort.
 */
#include "forge_vtpm.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>

#include "base64url.h"
#include "cbor.h"
#include "forge.h"

ATLS_AUTO_FREE(BIGNUM, BN_free)

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void put_u32(struct atls_buf *out, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        atls_buf_u8(out, (uint8_t)(value >> (8 * i)));
}

static void put_number(const struct forge_vtpm *vtpm, const char *param,
                       struct atls_buf *out)
{
    ATLS_AUTO(BIGNUM) *number = NULL;
    uint8_t bytes[512];
    int len;

    must(EVP_PKEY_get_bn_param(vtpm->ak, param, &number) == 1);
    len = BN_bn2bin(number, bytes);
    atls_base64url_put(out, atls_view(bytes, (size_t)len));
}

static void put_runtime_data(const struct forge_vtpm *vtpm,
                             struct atls_buf *out)
{
    if (vtpm->text != NULL) {
        atls_buf_text(out, vtpm->text);
        return;
    }
    atls_buf_text(out, "{\"keys\":[{\"kid\":\"HCLEkPub\",\"kty\":\"RSA\"},"
                       "{\"kid\":\"");
    atls_buf_text(out, vtpm->kid != NULL ? vtpm->kid : "HCLAkPub");
    atls_buf_text(out, "\",\"kty\":\"");
    atls_buf_text(out, vtpm->kty != NULL ? vtpm->kty : "RSA");
    atls_buf_text(out, "\",\"n\":\"");
    put_number(vtpm, OSSL_PKEY_PARAM_RSA_N, out);
    atls_buf_text(out, "\",\"e\":\"");
    put_number(vtpm, OSSL_PKEY_PARAM_RSA_E, out);
    atls_buf_text(out, "\"}],\"vm-configuration\":{\"tpm-enabled\":true}}");
}

static void digest_of(struct atls_view runtime_data, uint8_t report_data[64])
{
    memset(report_data, 0, 64);
    must(EVP_Q_digest(NULL, "SHA256", NULL, runtime_data.data, runtime_data.len,
                      report_data, NULL) == 1);
}

static void put_snp_report(struct forge_snp *chip, struct atls_view data,
                           struct atls_buf *out)
{
    digest_of(data, chip->report + 0x50);
    forge_snp_certify(chip);
    forge_snp_sign(chip);
    atls_buf_put(out, atls_view(chip->report, ATLS_SNP_REPORT));
}

/* A TDREPORT, which nobody elsewhere can verify, in as much room. */
static void put_td_report(const struct forge_vtpm *vtpm, struct atls_view data,
                          struct atls_buf *out)
{
    enum { AT_REPORT_DATA = 128, AT_QUOTED = 520 };
    uint8_t report[ATLS_SNP_REPORT] = {0x81};

    digest_of(data, report + AT_REPORT_DATA);
    memcpy(vtpm->td->body + AT_QUOTED, report + AT_REPORT_DATA, 64);
    vtpm->td->body[AT_QUOTED + 63] = vtpm->report_data_end;
    atls_buf_put(out, atls_view(report, sizeof(report)));
}

void forge_vtpm_report(const struct forge_vtpm *vtpm, struct atls_buf *out)
{
    ATLS_AUTO_BUF data = atls_buf(FORGE_MAX);

    put_runtime_data(vtpm, &data);
    atls_buf_text(out, "HCL");
    atls_buf_u8(out, 'A' ^ vtpm->magic);
    memset(atls_buf_room(out, 28), 0, 28);
    if (vtpm->platform != NULL)
        put_td_report(vtpm, atls_buf_view(&data), out);
    else
        put_snp_report(vtpm->chip, atls_buf_view(&data), out);
    if (vtpm->is_unsigned_data)
        data.data[data.len - 2] ^= 1;
    put_u32(out, (uint32_t)data.len + 20);
    put_u32(out, 1);
    put_u32(out, vtpm->type != 0 ? vtpm->type : vtpm->platform != NULL ? 4 : 2);
    put_u32(out, vtpm->digest != 0 ? vtpm->digest : 1);
    put_u32(out, vtpm->len != 0 ? vtpm->len : (uint32_t)data.len);
    atls_buf_put(out, atls_buf_view(&data));
    memset(atls_buf_room(out, 64), 0, 64);
    if (vtpm->size != 0)
        out->len = vtpm->size;
}

void forge_vtpm_entry(struct atls_buf *map, const char *key,
                      struct atls_view bytes)
{
    map->data[0]++;
    atls_cbor_put_text(map, key);
    atls_cbor_put_bytes(map, bytes);
}

static void put_td_quote(const struct forge_vtpm *vtpm, struct atls_buf *map)
{
    ATLS_AUTO_BUF quote = atls_buf(FORGE_MAX);

    forge_dcap_quote(vtpm->platform, vtpm->td, &quote);
    forge_vtpm_entry(map, "td_quote", atls_buf_view(&quote));
}

static void put_certificates(const struct forge_vtpm *vtpm,
                             struct atls_buf *out)
{
    if (vtpm->has_der) {
        forge_x509_der(out, vtpm->chip->certificate);
        return;
    }
    forge_x509_pem(out, vtpm->chip->certificate);
    forge_x509_pem(out, vtpm->chip->ask);
    forge_x509_pem(out, vtpm->chip->ark);
}

void forge_vtpm_value(const struct forge_vtpm *vtpm, struct atls_view nonce,
                      struct atls_buf *out)
{
    ATLS_AUTO_BUF hcl = atls_buf(FORGE_MAX), pem = atls_buf(FORGE_MAX);
    bool has_certificates = vtpm->platform == NULL && !vtpm->hides_certificates;
    EVP_PKEY *signer = vtpm->signer != NULL ? vtpm->signer : vtpm->ak;
    struct forge_quote quote = {.key = signer,
                                .nonce = nonce,
                                .algorithm =
                                    EVP_PKEY_is_a(signer, "RSA") ? 0x14 : 0,
                                .selections = {{0x0b, 0x81}}};

    forge_quote(out, &quote);
    forge_vtpm_report(vtpm, &hcl);
    if (!vtpm->hides_report)
        forge_vtpm_entry(out, "hcl_report", atls_buf_view(&hcl));
    if (has_certificates) {
        put_certificates(vtpm, &pem);
        forge_vtpm_entry(out, "certificates", atls_buf_view(&pem));
    }
    if (vtpm->platform != NULL && !vtpm->hides_td_quote)
        put_td_quote(vtpm, out);
    must(!out->failed);
}
