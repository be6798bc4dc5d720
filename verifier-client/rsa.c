/* SPDX-License-Identifier: Apache-2.0
 *
 * What EVP_PKEY_fromdata takes.
 */
#include "rsa.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "bytes.h"

ATLS_AUTO_FREE(BIGNUM, BN_free)
ATLS_AUTO_FREE(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
ATLS_AUTO_FREE(OSSL_PARAM, OSSL_PARAM_free)
ATLS_AUTO_FREE(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)

EVP_PKEY *atls_rsa_key(struct atls_view n, struct atls_view e)
{
    ATLS_AUTO(BIGNUM) *modulus = BN_bin2bn(n.data, (int)n.len, NULL);
    ATLS_AUTO(BIGNUM) *exponent = BN_bin2bn(e.data, (int)e.len, NULL);
    ATLS_AUTO(OSSL_PARAM_BLD) *builder = OSSL_PARAM_BLD_new();
    ATLS_AUTO(EVP_PKEY_CTX) *context =
        EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    ATLS_AUTO(OSSL_PARAM) *params = NULL;
    EVP_PKEY *key = NULL;

    if (modulus == NULL || exponent == NULL || builder == NULL ||
        context == NULL ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) != 1 ||
        (params = OSSL_PARAM_BLD_to_param(builder)) == NULL ||
        EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        return NULL;
    return key;
}
