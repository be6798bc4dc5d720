/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence as it travels: a CMW of any form, its format found in the table,
 * appraised under a policy that trusts nobody who signed it.
 */
#include "fuzz.h"

#include <string.h>

#include "evidence.h"

const char fuzz_target[] = "evidence";

static const char policy_text[] =
    "{\"profiles\":{\"p\":{\"format\":\"psa\",\"any\":true,\"trust_anchors\":["
    "\"-----BEGIN PUBLIC KEY-----\\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\\n"
    "6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\\n"
    "-----END PUBLIC KEY-----\\n\"]}}}";

static const struct atls_policy *policy_of_nobody(void)
{
    static struct atls_policy *policy;

    if (policy == NULL)
        fuzz_must(atls_policy_parse(atls_view_text(policy_text), "policy", ".",
                                    NULL, NULL, &policy, NULL) == ATLS_OK);
    return policy;
}

static void use(struct atls_view cmw, const struct atls_evidence *evidence)
{
    struct atls_view nonce = atls_evidence_nonce(evidence);
    struct atls_verdict verdict;
    uint8_t other[64] = {1};

    fuzz_must(nonce.len > 0);
    (void)atls_evidence_nonce_equal(evidence, atls_view(other, sizeof(other)));
    fuzz_must(atls_appraise(policy_of_nobody(), cmw, nonce, 1700000000, NULL,
                            &verdict) != ATLS_OK);
    fuzz_must(memchr(verdict.text, 0, sizeof(verdict.text)) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_evidence *evidence = NULL;
    struct atls_view cmw = atls_view(data, size);
    struct atls_why why = {0};
    enum atls_reason reason = atls_evidence_parse(cmw, NULL, &evidence, &why);

    fuzz_must(reason == why.reason);
    if (reason == ATLS_OK)
        use(cmw, evidence);
    atls_evidence_free(evidence);
    return 0;
}
