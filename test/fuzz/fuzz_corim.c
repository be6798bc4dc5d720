/* SPDX-License-Identifier: Apache-2.0
 *
 * CoRIMs: whatever stands in one, a policy that comes out pins something and
 * can be loaded, and there is none without a signature where one was wanted.
 * The first byte says how it is imported.
 */
#include "fuzz.h"

#include <string.h>

#include <openssl/pem.h>

#include "import.h"
#include "policy.h"

const char fuzz_target[] = "corim";

/* A public key, of which nobody here has the other half: it signs nothing */
static const char anchor[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEWZaDqPrfncUG68Jk/XyFutR+qdOw\n"
    "LtbdR0SoSEgEoFnc2s03pBg0W77Ez1QNzuqotmpQZo1XrjgMQTB8P3jo9Q==\n"
    "-----END PUBLIC KEY-----\n";

static EVP_PKEY *read_key(void)
{
    BIO *bio = BIO_new_mem_buf(anchor, -1);
    EVP_PKEY *key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);

    fuzz_must(key != NULL);
    BIO_free_all(bio);
    return key;
}

static void check_policy(const char *json)
{
    struct atls_policy *policy = NULL;

    fuzz_must(strstr(json, "\"any\"") == NULL);
    fuzz_must(atls_policy_parse(atls_view_text(json), "p", "", NULL, NULL,
                                &policy, NULL) == ATLS_OK);
    atls_policy_free(policy);
}

static void import_once(struct atls_view bytes,
                        const struct atls_import_terms *terms)
{
    struct atls_import *import = atls_import_new(terms);
    struct atls_why why = {0};
    char *json = NULL;
    enum atls_reason reason;

    fuzz_must(import != NULL);
    reason = atls_import_take(import, bytes, "corim", &why);
    if (reason == ATLS_OK)
        reason = atls_import_policy(import, &json, &why);
    fuzz_must(reason == why.reason);
    fuzz_must((reason == ATLS_OK) == (json != NULL));
    fuzz_must(reason != ATLS_OK || terms->corim.num_keys == 0);
    if (json != NULL)
        check_policy(json);
    free(json);
    atls_import_free(import);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_import_terms terms = {.corim.now = 1, .name = "p"};
    static EVP_PKEY *key;

    if (size == 0)
        return 0;
    if (key == NULL)
        key = read_key();
    terms.corim.keys = &key;
    terms.corim.num_keys = (data[0] & 4) != 0;
    terms.is_partial = (data[0] & 1) != 0;
    terms.anchors = (data[0] & 2) != 0 ? anchor : NULL;
    import_once(atls_view(data + 1, size - 1), &terms);
    return 0;
}
