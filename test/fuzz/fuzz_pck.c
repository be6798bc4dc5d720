/* SPDX-License-Identifier: Apache-2.0
 *
 * The SGX extension of a PCK certificate.
 */
#include "fuzz.h"

#include <string.h>

#include "pck.h"

const char fuzz_target[] = "pck";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ASN1_OBJECT *oid = OBJ_txt2obj("1.2.840.113741.1.13.1", 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509 *certificate = X509_new();
    X509_EXTENSION *extension;
    struct atls_pck pck;
    struct atls_why why = {0};
    enum atls_reason reason;

    fuzz_must(oid != NULL && value != NULL && certificate != NULL &&
              size <= INT32_MAX);
    fuzz_must(ASN1_OCTET_STRING_set(value, data, (int)size) == 1);
    extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
    fuzz_must(X509_add_ext(certificate, extension, -1) == 1);
    reason = atls_pck_read(certificate, &pck, &why);
    fuzz_must(reason == why.reason);
    X509_EXTENSION_free(extension);
    X509_free(certificate);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
    return 0;
}
