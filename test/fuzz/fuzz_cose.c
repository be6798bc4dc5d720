/* SPDX-License-Identifier: Apache-2.0
 *
 * COSE_Sign1: what parses is verified with the generator of the curve as the
 * key, which nobody signed with.
 */
#include "fuzz.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "cose.h"

const char fuzz_target[] = "cose";

/* SEC 2, 2.4.2: G of P-256 */
static uint8_t point[] = {
    0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc,
    0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d,
    0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
    0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb,
    0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31,
    0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};

static EVP_PKEY *key_of_nobody(void)
{
    char group[] = "prime256v1";
    OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group,
                               sizeof(group) - 1),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
        OSSL_PARAM_END};
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;

    fuzz_must(EVP_PKEY_fromdata_init(context) == 1 &&
              EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) ==
                  1);
    EVP_PKEY_CTX_free(context);
    return key;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static EVP_PKEY *key;
    struct atls_cose_sign1 message;
    struct atls_why why = {0};

    if (key == NULL)
        key = key_of_nobody();
    if (atls_cose_sign1_parse(atls_view(data, size), &message, &why) != ATLS_OK)
        return 0;
    fuzz_must(atls_cose_sign1_verify(&message, key, NULL, &why) != ATLS_OK);
    return 0;
}
