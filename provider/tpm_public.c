/* SPDX-License-Identifier: Apache-2.0
 *
 * Public areas of TPM keys.
 */
#include "provider/tpm_public.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "provider/provider.h"

#define RSA_DEFAULT_EXPONENT 65537 /* where the area says 0 */
#define MAX_COORDINATE       66    /* bytes: P-521 */

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)
ATLS_AUTO_FREE(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
ATLS_AUTO_FREE(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
ATLS_AUTO_FREE(OSSL_PARAM, OSSL_PARAM_free)
ATLS_AUTO_FREE(BIGNUM, BN_free)

enum atls_reason atls_tpm_public_check(const TPMT_PUBLIC *public_area,
                                       struct atls_why *why)
{
    const TPMA_OBJECT wanted = TPMA_OBJECT_RESTRICTED |
                               TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_FIXEDTPM |
                               TPMA_OBJECT_FIXEDPARENT |
                               TPMA_OBJECT_SENSITIVEDATAORIGIN;

    if ((public_area->objectAttributes & wanted) == wanted)
        return ATLS_OK;
    return atls_why(why, ATLS_ATTESTER_KEY,
                    "the key is no attestation key: want attributes "
                    "fixedtpm|fixedparent|sensitivedataorigin|restricted|sign, "
                    "it has 0x%x",
                    public_area->objectAttributes);
}

enum atls_reason atls_tpm_public_check_inside(const TPMT_PUBLIC *public_area,
                                              struct atls_why *why)
{
    const TPMA_OBJECT wanted = TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_FIXEDTPM |
                               TPMA_OBJECT_FIXEDPARENT |
                               TPMA_OBJECT_SENSITIVEDATAORIGIN;

    if ((public_area->objectAttributes & wanted) == wanted)
        return ATLS_OK;
    return atls_why(why, ATLS_ATTESTER_KEY,
                    "tls_key: want a key that was made in the TPM and cannot "
                    "leave it, with attributes "
                    "fixedtpm|fixedparent|sensitivedataorigin|sign, it has "
                    "0x%x",
                    public_area->objectAttributes);
}

static const struct {
    TPMI_ECC_CURVE curve;
    const char *name;
    size_t len; /* bytes of a coordinate */
} curves[] = {
    {TPM2_ECC_NIST_P256, "P-256", 32},
    {TPM2_ECC_NIST_P384, "P-384", 48},
    {TPM2_ECC_NIST_P521, "P-521", 66},
};

static EVP_PKEY *key_from(OSSL_LIB_CTX *libctx, const char *type,
                          OSSL_PARAM_BLD *builder)
{
    ATLS_AUTO(OSSL_PARAM) *params = OSSL_PARAM_BLD_to_param(builder);
    ATLS_AUTO(EVP_PKEY_CTX) *context =
        EVP_PKEY_CTX_new_from_name(libctx, type, NULL);
    EVP_PKEY *key = NULL;

    if (params == NULL || context == NULL ||
        EVP_PKEY_fromdata_init(context) <= 0 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
        return NULL;
    return key;
}

/* The TPM leaves out leading zeros. */
static bool put_coordinate(uint8_t *to, size_t len,
                           const TPM2B_ECC_PARAMETER *from)
{
    if (from->size > len)
        return false;
    memcpy(to + len - from->size, from->buffer, from->size);
    return true;
}

static EVP_PKEY *ec_key(const TPMT_PUBLIC *area, OSSL_LIB_CTX *libctx)
{
    ATLS_AUTO(OSSL_PARAM_BLD) *builder = OSSL_PARAM_BLD_new();
    uint8_t point[1 + 2 * MAX_COORDINATE] = {0x04};
    size_t i = 0, len;

    while (curves[i].curve != area->parameters.eccDetail.curveID)
        if (++i == sizeof(curves) / sizeof(curves[0]))
            return NULL;
    len = curves[i].len;
    if (builder == NULL ||
        !put_coordinate(point + 1, len, &area->unique.ecc.x) ||
        !put_coordinate(point + 1 + len, len, &area->unique.ecc.y) ||
        !OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME,
                                         curves[i].name, 0) ||
        !OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY,
                                          point, 1 + 2 * len))
        return NULL;
    return key_from(libctx, "EC", builder);
}

static EVP_PKEY *rsa_key(const TPMT_PUBLIC *area, OSSL_LIB_CTX *libctx)
{
    ATLS_AUTO(OSSL_PARAM_BLD) *builder = OSSL_PARAM_BLD_new();
    uint32_t exponent = area->parameters.rsaDetail.exponent;
    ATLS_AUTO(BIGNUM) *modulus =
        BN_bin2bn(area->unique.rsa.buffer, area->unique.rsa.size, NULL);

    if (builder == NULL || modulus == NULL ||
        !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) ||
        !OSSL_PARAM_BLD_push_uint32(builder, OSSL_PKEY_PARAM_RSA_E,
                                    exponent != 0 ? exponent
                                                  : RSA_DEFAULT_EXPONENT))
        return NULL;
    return key_from(libctx, "RSA", builder);
}

enum atls_reason atls_tpm_public_spki(const TPMT_PUBLIC *public_area,
                                      OSSL_LIB_CTX *libctx,
                                      struct atls_buf *spki,
                                      struct atls_why *why)
{
    ATLS_AUTO(EVP_PKEY) *key = NULL;
    unsigned char *der = NULL;
    int len;

    if (public_area->type == TPM2_ALG_ECC)
        key = ec_key(public_area, libctx);
    else if (public_area->type == TPM2_ALG_RSA)
        key = rsa_key(public_area, libctx);
    if (key == NULL)
        return atls_why(why, ATLS_ATTESTER_KEY,
                        "the key has algorithm 0x%x; want RSA, or EC on P-256, "
                        "P-384 or P-521, and a provider that handles it",
                        public_area->type);
    len = i2d_PUBKEY(key, &der);
    if (len <= 0)
        return atls_why(why, ATLS_CRYPTO_FAILED, "cannot encode the key");
    atls_buf_put(spki, atls_view(der, (size_t)len));
    OPENSSL_free(der);
    return spki->failed ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL) : ATLS_OK;
}
