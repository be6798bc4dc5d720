/* SPDX-License-Identifier: Apache-2.0
 *
 * The report of Azure's HCL, taken apart. Its integers are little-endian.
 */
#include <string.h>

#include "base64url.h"
#include "json.h"
#include "rsa.h"
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

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

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

static bool take_number(const json_t *key, const char *name,
                        struct atls_buf *out)
{
    const json_t *value = json_object_get(key, name);
    struct atls_view text =
        atls_view(json_string_value(value), json_string_length(value));

    return text.data != NULL && atls_base64url_decode(text, out) &&
           out->len > 0;
}

static enum atls_reason key_of(const json_t *jwk, EVP_PKEY **out,
                               struct atls_why *why)
{
    ATLS_AUTO_BUF n = atls_buf(MAX_MODULUS), e = atls_buf(MAX_MODULUS);
    ATLS_AUTO(EVP_PKEY) *key = NULL;

    if (take_number(jwk, "n", &n) && take_number(jwk, "e", &e))
        key = atls_rsa_key(atls_buf_view(&n), atls_buf_view(&e));
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
