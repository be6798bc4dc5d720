/* SPDX-License-Identifier: Apache-2.0
 *
 * The report of Azure's HCL, taken apart. Its integers are little-endian.
 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "base64url.h"
#include "json.h"
#include "vtpm.h"

enum {
    HEADER = 32,
    AT_DATA = HEADER + ATLS_SNP_REPORT, /* size, version, type, digest, len */
    AT_RUNTIME = AT_DATA + 20,
    TYPE_SNP = 2,
    TYPE_TDX = 4,
    DIGEST_SHA256 = 1,
    MIN_RSA_BITS = 2048,
    MAX_MODULUS = 1024 /* bytes */
};

ATLS_AUTO_FREE(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
ATLS_AUTO_FREE(OSSL_PARAM, OSSL_PARAM_free)
ATLS_AUTO_FREE(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)
ATLS_AUTO_FREE(BIGNUM, BN_free)

static uint32_t u32(struct atls_view bytes, size_t at)
{
    const uint8_t *p = bytes.data + at;

    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

static enum atls_reason malformed(struct atls_why *why)
{
    return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                    "HCL report: want \"HCLA\", a hardware report and runtime "
                    "data within its bytes, found something else");
}

enum atls_reason atls_hcl_report_parse(struct atls_view bytes,
                                       struct atls_hcl_report *out,
                                       struct atls_why *why)
{
    uint32_t type, digest, len;

    if (bytes.len < AT_RUNTIME || memcmp(bytes.data, "HCLA", 4) != 0)
        return malformed(why);
    type = u32(bytes, AT_DATA + 8);
    digest = u32(bytes, AT_DATA + 12);
    len = u32(bytes, AT_DATA + 16);
    if ((type != TYPE_SNP && type != TYPE_TDX) || digest != DIGEST_SHA256)
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "HCL report: want type 2 (SEV-SNP) or 4 (TDX) and "
                        "digest 1 (SHA-256), found %lu and %lu",
                        (unsigned long)type, (unsigned long)digest);
    if (len == 0 || len > bytes.len - AT_RUNTIME)
        return malformed(why);
    out->is_td = type == TYPE_TDX;
    out->hardware_report = atls_view(bytes.data + HEADER, ATLS_SNP_REPORT);
    out->runtime_data = atls_view(bytes.data + AT_RUNTIME, len);
    return ATLS_OK;
}

static BIGNUM *number_of(const json_t *key, const char *name)
{
    const json_t *value = json_object_get(key, name);
    struct atls_view text =
        atls_view(json_string_value(value), json_string_length(value));
    ATLS_AUTO_BUF bytes = atls_buf(MAX_MODULUS);

    if (text.data == NULL || !atls_base64url_decode(text, &bytes) ||
        bytes.len == 0)
        return NULL;
    return BN_bin2bn(bytes.data, (int)bytes.len, NULL);
}

static EVP_PKEY *rsa_of(const BIGNUM *n, const BIGNUM *e)
{
    ATLS_AUTO(OSSL_PARAM_BLD) *builder = OSSL_PARAM_BLD_new();
    ATLS_AUTO(EVP_PKEY_CTX) *context =
        EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    ATLS_AUTO(OSSL_PARAM) *params = NULL;
    EVP_PKEY *key = NULL;

    if (builder == NULL || context == NULL ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) != 1 ||
        (params = OSSL_PARAM_BLD_to_param(builder)) == NULL ||
        EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        return NULL;
    return key;
}

static enum atls_reason key_of(const json_t *jwk, EVP_PKEY **out,
                               struct atls_why *why)
{
    ATLS_AUTO(BIGNUM) *n = number_of(jwk, "n");
    ATLS_AUTO(BIGNUM) *e = number_of(jwk, "e");
    ATLS_AUTO(EVP_PKEY) *key = n != NULL && e != NULL ? rsa_of(n, e) : NULL;

    if (key == NULL || EVP_PKEY_get_bits(key) < MIN_RSA_BITS)
        return atls_why(why, ATLS_AK_UNFIT,
                        "HCL report: want HCLAkPub as an RSA key of %d bits "
                        "or more, found another",
                        MIN_RSA_BITS);
    *out = ATLS_STEAL(key);
    return ATLS_OK;
}

static bool has_text(const json_t *object, const char *name, const char *text)
{
    const char *value = json_string_value(json_object_get(object, name));

    return value != NULL && strcmp(value, text) == 0;
}

enum atls_reason atls_hcl_key(struct atls_view runtime_data, EVP_PKEY **out,
                              struct atls_why *why)
{
    ATLS_AUTO(json_t) *data =
        atls_json_parse(runtime_data, ATLS_EVIDENCE_MALFORMED, why);
    const json_t *keys = json_object_get(data, "keys");

    if (data == NULL)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED, NULL);
    for (size_t i = 0; i < json_array_size(keys); i++) {
        const json_t *key = json_array_get(keys, i);

        if (has_text(key, "kid", "HCLAkPub") && has_text(key, "kty", "RSA"))
            return key_of(key, out, why);
    }
    return atls_why(why, ATLS_CLAIM_MISSING,
                    "HCL report: want an RSA key HCLAkPub in the runtime data, "
                    "found none");
}
