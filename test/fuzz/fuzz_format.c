/* SPDX-License-Identifier: Apache-2.0
 *
 * One Evidence format on hostile claims: parsing, describing, judging and
 * learning, without the signature that stands between them in life.
 */
#include "fuzz_format.h"

#include <string.h>

#include <jansson.h>

#include "rule.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
/* The generator of P-256, whose private key is 1 */
#define KEY                                                                    \
    "-----BEGIN PUBLIC KEY-----\\n"                                            \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt"         \
    "\\n"                                                                      \
    "6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\\n"          \
    "-----END PUBLIC KEY-----\\n"

static const char policy_text[] =
    "{\"profiles\":{"
    "\"psa\":{\"format\":\"psa\",\"trust_anchors\":[\"" KEY "\"],"
    "\"lifecycle\":[\"secured\",\"assembly_and_test\"],"
    "\"implementation_id\":[\"" ZEROS "\"],"
    "\"components\":[{\"signer_id\":\"" ZEROS "\",\"measurement\":\"" ZEROS
    "\",\"type\":\"BL\",\"required\":true},{\"signer_id\":\"" ZEROS
    "\",\"measurement\":\"" ZEROS "\"}]},"
    "\"tpm\":{\"format\":\"tpm\",\"trust_anchors\":[\"" KEY "\"],"
    "\"pcrs\":{\"sha256\":{\"0\":\"" ZEROS "\",\"7\":[\"" ZEROS "\"]}}},"
    "\"cca\":{\"format\":\"cca\",\"trust_anchors\":[\"" KEY "\"],"
    "\"rim\":\"" ZEROS "\",\"rem0\":\"" ZEROS "\",\"components\":["
    "{\"signer_id\":\"" ZEROS "\",\"measurement\":\"" ZEROS "\"}]},"
    "\"any cca\":{\"format\":\"cca\",\"trust_anchors\":[\"" KEY
    "\"],\"any\":true},"
    "\"any psa\":{\"format\":\"psa\",\"trust_anchors\":[\"" KEY
    "\"],\"any\":true},"
    "\"any tpm\":{\"format\":\"tpm\",\"trust_anchors\":[\"" KEY
    "\"],\"any\":true}}}";

static const struct atls_rule *rule_of_all_profiles(void)
{
    static struct atls_policy *policy;
    struct atls_peer peer = {.role = ATLS_ROLE_SERVER};

    if (policy == NULL)
        fuzz_must(atls_policy_parse(atls_view_text(policy_text), "policy", ".",
                                    NULL, NULL, &policy, NULL) == ATLS_OK);
    return atls_policy_match(policy, &peer);
}

static void read_claim(void *arg, const char *name, const char *value)
{
    *(size_t *)arg += strlen(name) + strlen(value);
}

static void judge(const struct atls_format *format, const void *claims)
{
    const struct atls_rule *rule = rule_of_all_profiles();

    for (size_t i = 0; i < rule->num_accept; i++) {
        struct atls_verdict verdict;
        enum atls_reason reason;

        if (rule->accept[i]->format != format)
            continue;
        atls_verdict_init(&verdict);
        reason = format->judge(claims, rule->accept[i], 1700000000, &verdict);
        fuzz_must(reason == verdict.reason);
        fuzz_must((reason == ATLS_OK) == (verdict.tier == ATLS_TIER_AFFIRMING));
        fuzz_must(memchr(verdict.text, 0, sizeof(verdict.text)) != NULL);
    }
}

static void use(const struct atls_format *format, const void *claims)
{
    json_t *profile = json_object();
    size_t len = 0;

    format->describe(claims, true, read_claim, &len);
    format->describe(claims, false, read_claim, &len);
    (void)format->signer(claims);
    fuzz_must(profile != NULL && format->learn(claims, profile));
    json_decref(profile);
    judge(format, claims);
}

void fuzz_format(const struct atls_format *format, struct atls_view value)
{
    ATLS_AUTO_HEAP void *claims = calloc(1, format->claims_size);
    struct atls_view nonce = {NULL, 0};
    struct atls_why why = {0};
    enum atls_reason reason;

    fuzz_must(claims != NULL);
    reason = format->parse(value, claims, &nonce, &why);
    fuzz_must(reason == why.reason);
    if (reason != ATLS_OK)
        return;
    fuzz_must(nonce.len > 0 && nonce.data >= value.data &&
              nonce.data + nonce.len <= value.data + value.len);
    use(format, claims);
}
