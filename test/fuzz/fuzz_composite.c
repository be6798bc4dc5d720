/* SPDX-License-Identifier: Apache-2.0
 *
 * Composites: taken apart, described, learned from, and judged by profiles for
 * one, two and four members and for collections in collections. The seeds are
 * signed with the private key 1, so that what follows a signature is reached.
 */
#include "fuzz.h"

#include <string.h>

#include <openssl/pem.h>

#include "composite.h"
#include "evidence.h"
#include "learn.h"
#include "parsed.h"

const char fuzz_target[] = "composite";

#define KEY                                                                    \
    "-----BEGIN PUBLIC KEY-----\\n"                                            \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt"         \
    "\\n"                                                                      \
    "6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\\n"          \
    "-----END PUBLIC KEY-----\\n"

static const char policy_text[] =
    "{\"profiles\":{"
    "\"one\":{\"format\":\"composite\",\"members\":{\"a\":\"psa\"}},"
    "\"two\":{\"format\":\"composite\",\"type\":\"1.2.3\",\"members\":"
    "{\"a\":\"psa\",\"b\":\"tpm\"}},"
    "\"four\":{\"format\":\"composite\",\"members\":{\"a\":\"psa\","
    "\"b\":\"psa\",\"c\":\"psa\",\"d\":\"psa\"}},"
    "\"nest\":{\"format\":\"composite\",\"members\":{\"a\":\"psa\","
    "\"n\":\"four\"}},"
    "\"deep\":{\"format\":\"composite\",\"members\":{\"a\":\"nest\","
    "\"n\":\"deeper\"}},"
    "\"deeper\":{\"format\":\"composite\",\"members\":{\"n\":\"deep\","
    "\"a\":\"psa\"}},"
    "\"psa\":{\"format\":\"psa\",\"any\":true,\"trust_anchors\":[\"" KEY "\"]},"
    "\"tpm\":{\"format\":\"tpm\",\"any\":true,\"trust_anchors\":[\"" KEY
    "\"]}}}";

enum { NOW = 1800000000 };

static const struct atls_policy *policy_of_composites(void)
{
    static struct atls_policy *policy;

    if (policy == NULL)
        fuzz_must(atls_policy_parse(atls_view_text(policy_text), "policy", ".",
                                    NULL, NULL, &policy, NULL) == ATLS_OK);
    return policy;
}

static EVP_PKEY *key_of_one(void)
{
    static const char pem[] =
        "-----BEGIN PUBLIC KEY-----\n"
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n"
        "6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n"
        "-----END PUBLIC KEY-----\n";
    static EVP_PKEY *key;
    BIO *bio;

    if (key == NULL) {
        bio = BIO_new_mem_buf(pem, -1);
        key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
        BIO_free(bio);
    }
    fuzz_must(key != NULL);
    return key;
}

static void judge(const struct atls_evidence *evidence)
{
    static const char *const profiles[] = {"one",  "two",  "four",
                                           "nest", "deep", "deeper"};

    for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
        unsigned num_signatures = (unsigned)i; /* before */
        const struct atls_terms terms = {.policy = policy_of_composites(),
                                         .only_profile = profiles[i],
                                         .now = NOW,
                                         .num_signatures = &num_signatures};
        struct atls_verdict verdict;
        enum atls_reason reason =
            atls_evidence_appraise(evidence, &terms, &verdict);

        fuzz_must(reason == verdict.reason);
        fuzz_must((reason == ATLS_OK) == (verdict.tier == ATLS_TIER_AFFIRMING));
        fuzz_must(memchr(verdict.text, 0, sizeof(verdict.text)) != NULL);
        fuzz_must(num_signatures <= ATLS_SIGNATURES_MAX_COMPOSITE);
        fuzz_must(reason != ATLS_OK || num_signatures > i);
    }
}

static void read_claim(void *arg, const char *name, const char *value)
{
    *(size_t *)arg += strlen(name) + strlen(value);
}

static void use(const struct atls_evidence *evidence)
{
    EVP_PKEY *const keys[] = {key_of_one()};
    const struct atls_lesson lesson = {.keys = keys, .num_keys = 1, .now = NOW};
    ATLS_AUTO_HEAP char *json = NULL;
    uint8_t other[64] = {1};
    size_t len = 0;

    (void)atls_evidence_nonce_equal(evidence, atls_view(other, sizeof(other)));
    atls_evidence_describe(evidence, true, read_claim, &len);
    atls_evidence_describe(evidence, false, read_claim, &len);
    judge(evidence);
    fuzz_must((atls_policy_learn(evidence, &lesson, &json, NULL) == ATLS_OK) ==
              (json != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_evidence *evidence = NULL;

    if (atls_evidence_parse(atls_view(data, size), NULL, &evidence, NULL) ==
            ATLS_OK &&
        evidence->format == &atls_format_composite)
        use(evidence);
    atls_evidence_free(evidence);
    return 0;
}
