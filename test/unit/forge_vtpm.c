/* SPDX-License-Identifier: Apache-2.0
 *
 * Quotes of a virtual TPM on SEV-SNP, forged. Whatever goes wrong here is the
 * test's fault: abort.
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

static void sign_report(struct forge_snp *chip, struct atls_view runtime_data)
{
    uint8_t digest[32];

    must(EVP_Q_digest(NULL, "SHA256", NULL, runtime_data.data, runtime_data.len,
                      digest, NULL) == 1);
    memset(chip->report + 0x50, 0, 64);
    memcpy(chip->report + 0x50, digest, sizeof(digest));
    forge_snp_certify(chip);
    forge_snp_sign(chip);
}

void forge_vtpm_report(const struct forge_vtpm *vtpm, struct atls_buf *out)
{
    ATLS_AUTO_BUF data = atls_buf(FORGE_MAX);

    put_runtime_data(vtpm, &data);
    sign_report(vtpm->chip, atls_buf_view(&data));
    if (vtpm->is_unsigned_data)
        data.data[data.len - 2] ^= 1;
    atls_buf_text(out, "HCL");
    atls_buf_u8(out, 'A' ^ vtpm->magic);
    memset(atls_buf_room(out, 28), 0, 28);
    atls_buf_put(out, atls_view(vtpm->chip->report, ATLS_SNP_REPORT));
    put_u32(out, (uint32_t)data.len + 20);
    put_u32(out, 1);
    put_u32(out, vtpm->type != 0 ? vtpm->type : 2);
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
    EVP_PKEY *signer = vtpm->signer != NULL ? vtpm->signer : vtpm->ak;
    struct forge_quote quote = {.key = signer,
                                .nonce = nonce,
                                .algorithm =
                                    EVP_PKEY_is_a(signer, "RSA") ? 0x14 : 0,
                                .selections = {{0x0b, 0x81}}};

    forge_quote(out, &quote);
    forge_vtpm_report(vtpm, &hcl);
    put_certificates(vtpm, &pem);
    if (!vtpm->hides_report)
        forge_vtpm_entry(out, "hcl_report", atls_buf_view(&hcl));
    if (!vtpm->hides_certificates)
        forge_vtpm_entry(out, "certificates", atls_buf_view(&pem));
    must(!out->failed);
}
