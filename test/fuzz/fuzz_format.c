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
#define ONES  "1111111111111111111111111111111111111111111111111111111111111111"
/* The generator of P-256, whose private key is 1 */
#define KEY                                                                    \
    "-----BEGIN PUBLIC KEY-----\\n"                                            \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt"         \
    "\\n"                                                                      \
    "6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\\n"          \
    "-----END PUBLIC KEY-----\\n"

/* Of a CA whose name is that of Milan's ASK, whose key nobody has kept */
#define CERTIFICATE                                                            \
    "-----BEGIN CERTIFICATE-----\\n"                                           \
    "MIIBfDCCASKgAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlTRVYtTWls\\n"      \
    "YW4wIBcNMjYxMTI0MDE0NzE4WhgPMjA1MTA3MTYwMTQ3MThaMBQxEjAQBgNVBAMM\\n"      \
    "CVNFVi1NaWxhbjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFuVStZFz/a+sEng\\n"      \
    "8hTFMHCC8MXTPmA/ocWYH5E0ViOa86LIHMhwOZxoqq3REJ7OwaxVUuouV2eq8qZ6\\n"      \
    "Z+eZO8mjYzBhMB0GA1UdDgQWBBRFMCY3XK2kN+Ulof/as1I/wW3d+jAfBgNVHSME\\n"      \
    "GDAWgBRFMCY3XK2kN+Ulof/as1I/wW3d+jAPBgNVHRMBAf8EBTADAQH/MA4GA1Ud\\n"      \
    "DwEB/wQEAwIBBjAKBggqhkjOPQQDAgNIADBFAiEAvzFYM8XzBbMtdVZ1iiBdcJ9q\\n"      \
    "+1T2a7VB99spGkSNXxQCIBJEtht/Obucl5Bj1407P3Fc4fNQ/yLq/1cMugMtWWgZ\\n"      \
    "-----END CERTIFICATE-----\\n"

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
    "\"parsec-cca\":{\"format\":\"parsec-cca\",\"trust_anchors\":[\"" KEY
    "\"],\"any\":true},"
    "\"any cca\":{\"format\":\"cca\",\"trust_anchors\":[\"" KEY
    "\"],\"any\":true},"
    "\"snp\":{\"format\":\"snp\",\"trust_anchors\":[\"" CERTIFICATE
    "\"],\"measurement\":\"" ZEROS "00000000000000000000000000000000\","
    "\"min_tcb\":{\"Milan\":{\"snp\":1}},\"committed\":true},"
    "\"any snp\":{\"format\":\"snp\",\"trust_anchors\":[\"" CERTIFICATE
    "\"],\"any\":true,\"debug\":true,\"key\":[\"vcek\",\"vlek\"]},"
    "\"nitro\":{\"format\":\"nitro\",\"trust_anchors\":[\"" CERTIFICATE
    "\"],\"max_age\":\"300d\",\"pcrs\":{\"0\":\"" ZEROS
    "00000000000000000000000000000000\"},\"user_data\":\"" ZEROS "\"},"
    "\"any nitro\":{\"format\":\"nitro\",\"trust_anchors\":[\"" CERTIFICATE
    "\"],\"any\":true,\"debug\":true,\"max_age\":\"300d\"},"
    "\"vtpm\":{\"format\":\"vtpm\",\"trust_anchors\":[\"" CERTIFICATE
    "\"],\"eventlog\":true,\"pcrs\":{\"sha256\":{\"0\":\"" ZEROS
    "\"}},\"tee\":{\"format\":\"snp\",\"measurement\":\"" ZEROS
    "00000000000000000000000000000000\"}},"
    "\"any vtpm\":{\"format\":\"vtpm\",\"trust_anchors\":[\"" CERTIFICATE
    "\"],\"any\":true,\"tee\":{\"format\":\"snp\",\"debug\":true,\"key\":["
    "\"vcek\",\"vlek\"]}},"
    "\"logged tpm\":{\"format\":\"tpm\",\"trust_anchors\":[\"" KEY
    "\"],\"any\":true,\"eventlog\":true},"
    "\"parsec-tpm\":{\"format\":\"parsec-tpm\",\"trust_anchors\":[\"" KEY
    "\"],\"pcrs\":{\"sha256\":{\"0\":[\"" ZEROS "\",\"" ONES
    "\"],\"7\":\"" ZEROS "\"}}},"
    "\"digest\":{\"format\":\"parsec-tpm\",\"trust_anchors\":[\"" KEY
    "\"],\"pcr_digest\":{\"pcrs\":{\"sha256\":[0]},\"digest\":\"" ZEROS "\"}},"
    "\"tpm-cert\":{\"format\":\"tpm-cert\",\"trust_anchors\":[\"" CERTIFICATE
    "\"],\"eku\":[\"absent\",\"2.23.133.8.3\"],\"gce\":{\"project_id\":"
    "\"example-project\"}},"
    "\"enacttrust\":{\"format\":\"enacttrust\",\"trust_anchors\":[{"
    "\"node_id\":\"00112233-4455-6677-8899-aabbccddeeff\",\"key\":\"" KEY
    "\"}],\"pcrs\":{\"sha256\":{\"0\":\"" ZEROS "\"}}},"
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
        if (format->verify_chain != NULL)
            (void)format->verify_chain(claims, rule->accept[i], 1800000000,
                                       NULL);
        atls_verdict_init(&verdict);
        reason = format->judge(claims, rule->accept[i], 1700000000, &verdict);
        fuzz_must(reason == verdict.reason);
        fuzz_must((reason == ATLS_OK) == (verdict.tier == ATLS_TIER_AFFIRMING));
        fuzz_must(memchr(verdict.text, 0, sizeof(verdict.text)) != NULL);
    }
}

/* The key is one that libcrypto can encode again. */
static void take_subject(const struct atls_format *format, const void *claims)
{
    EVP_PKEY *key = NULL;
    struct atls_why why = {0};
    enum atls_reason reason = format->subject_key(claims, &key, &why);

    fuzz_must(reason == why.reason && (reason == ATLS_OK) == (key != NULL));
    fuzz_must(key == NULL || i2d_PUBKEY(key, NULL) > 0);
    EVP_PKEY_free(key);
}

static void use(const struct atls_format *format, const void *claims)
{
    json_t *profile = json_object();
    size_t len = 0;

    format->describe(claims, true, read_claim, &len);
    format->describe(claims, false, read_claim, &len);
    if (format->signer != NULL)
        (void)format->signer(claims);
    if (format->subject_key != NULL)
        take_subject(format, claims);
    fuzz_must(profile != NULL);
    fuzz_must(format->learn(claims, profile) || format->parsed_by != NULL);
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
