/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates that bear Evidence: whole ones in DER, and the value of their
 * extension id-pe-cmw, in a certificate of the generator's key. The Evidence
 * that comes out is for the certificate's key.
 */
#include "fuzz.h"

#include <string.h>

#include "bearer.h"
#include "rule.h"

const char fuzz_target[] = "bearer";

enum { NOW = 1800000000, YEAR = 31536000 };

/* The generator of P-256, whose private key is 1 */
static const uint8_t spki[] = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
    0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03,
    0x42, 0x00, 0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8,
    0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d,
    0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f,
    0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c,
    0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb,
    0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};

static EVP_PKEY *key_of_the_generator(void)
{
    static EVP_PKEY *key;
    const uint8_t *at = spki;

    if (key == NULL)
        key = d2i_PUBKEY(NULL, &at, sizeof(spki));
    fuzz_must(key != NULL);
    return key;
}

/* As far as it matters: nobody signed it. */
static X509 *certificate_with(const uint8_t *value, size_t len)
{
    X509 *certificate = X509_new();
    ASN1_OCTET_STRING *data = ASN1_OCTET_STRING_new();
    ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.5.5.7.1.35", 1);
    X509_EXTENSION *extension;

    fuzz_must(certificate != NULL && data != NULL && oid != NULL);
    fuzz_must(ASN1_OCTET_STRING_set(data, value, (int)len));
    extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, data);
    fuzz_must(X509_add_ext(certificate, extension, -1));
    fuzz_must(X509_set_pubkey(certificate, key_of_the_generator()));
    fuzz_must(ASN1_TIME_set(X509_getm_notBefore(certificate), NOW) != NULL);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(data);
    ASN1_OBJECT_free(oid);
    return certificate;
}

static void use(X509 *certificate)
{
    const struct atls_rule rule = {.bearer_max_age_s = YEAR};
    struct atls_evidence *evidence = NULL;
    struct atls_view cmw = {NULL, 0};
    struct atls_why why = {0};
    bool is_there = atls_bearer_is(certificate);
    bool is_read = atls_bearer_read(certificate, &cmw, NULL) == ATLS_OK;
    enum atls_reason reason =
        atls_bearer_take(certificate, &rule, NOW, &evidence, &why);

    fuzz_must(!is_read || (is_there && cmw.len > 0));
    fuzz_must(reason == why.reason);
    fuzz_must((evidence != NULL) == (reason == ATLS_OK));
    fuzz_must(reason != ATLS_OK ||
              (is_read && atls_bearer_fits(certificate, evidence)));
    atls_evidence_free(evidence);
    X509_free(certificate);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *at = data;
    X509 *whole = d2i_X509(NULL, &at, (long)size);

    if (whole != NULL)
        use(whole);
    use(certificate_with(data, size));
    return 0;
}
