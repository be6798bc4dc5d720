/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands around quotes in certificates of RA-TLS: views stay inside the
 * bytes that were given, whatever those say.
 */
#include "fuzz.h"

#include "cli/ratls.h"

const char fuzz_target[] = "ratls";

static X509 *certificate_of_somebody(void)
{
    static X509 *certificate;
    EVP_PKEY *key;

    if (certificate != NULL)
        return certificate;
    certificate = X509_new();
    key = EVP_EC_gen("P-256");
    fuzz_must(certificate != NULL && key != NULL);
    fuzz_must(X509_set_pubkey(certificate, key));
    EVP_PKEY_free(key);
    return certificate;
}

static void must_be_in(struct atls_view part, const uint8_t *data, size_t size)
{
    fuzz_must(part.len == 0 || (part.data >= data && part.len <= size &&
                                (size_t)(part.data - data) <= size - part.len));
}

typedef enum atls_reason open_fn(struct atls_view bytes, struct atls_ratls *out,
                                 struct atls_why *why);

static void use(open_fn *open, const uint8_t *data, size_t size)
{
    struct atls_ratls ratls;
    struct atls_why why = {0};
    enum atls_reason reason = open(atls_view(data, size), &ratls, &why);

    fuzz_must(reason == why.reason);
    if (reason != ATLS_OK)
        return;
    must_be_in(ratls.quote, data, size);
    must_be_in(ratls.claims, data, size);
    must_be_in(ratls.format, data, size);
    must_be_in(ratls.key_hash, data, size);
    fuzz_must(
        !atls_ratls_is_for(&ratls, ratls.claims, certificate_of_somebody()));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    use(atls_ratls_tagged, data, size);
    use(atls_ratls_open_enclave, data, size);
    return 0;
}
