/* SPDX-License-Identifier: Apache-2.0
 *
 * TPM quotes whose key a certificate vouches for, up to a root that the policy
 * has: Evidence of tpm.h with ak_cert, such as Google's virtual TPMs have one
 * of. That the key is a restricted one of a TPM is the word of that CA.
 */
#include "tpm_cert.h"

#include "chain.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

static enum atls_reason parse(struct atls_view value, void *claims,
                              struct atls_view *nonce, struct atls_why *why)
{
    return atls_format_tpm.parse(value, claims, nonce, why);
}

static enum atls_reason verify_chain(const void *in,
                                     const struct atls_profile *profile,
                                     int64_t now, struct atls_why *why)
{
    const struct atls_tpm_cert_reference *reference = profile->reference;
    const struct atls_tpm_claims *claims = in;
    ATLS_AUTO(X509) *certificate = NULL;
    ATLS_AUTO(EVP_PKEY) *key = NULL;
    struct atls_chain_check check = {.anchors = &profile->anchors, .now = now};
    enum atls_reason reason =
        atls_ak_cert_read(claims->ak_cert, &certificate, why);

    if (reason != ATLS_OK)
        return reason;
    check.leaf = certificate;
    reason = atls_chain_verify(&check, why);
    if (reason == ATLS_OK)
        reason =
            atls_ak_cert_check(certificate, &reference->ekus, profile, why);
    if (reason != ATLS_OK)
        return reason;
    key = X509_get_pubkey(certificate);
    if (key == NULL)
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "ak_cert: want a key that can be read");
    return atls_format_tpm.verify(claims, key, why);
}

static enum atls_reason check_instance(const struct atls_tpm_claims *claims,
                                       const struct atls_profile *profile,
                                       struct atls_why *why)
{
    const struct atls_tpm_cert_reference *reference = profile->reference;
    ATLS_AUTO(X509) *certificate = NULL;
    struct atls_gce_instance instance;
    enum atls_reason reason;

    if (!reference->gce.is_asked)
        return ATLS_OK;
    reason = atls_ak_cert_read(claims->ak_cert, &certificate, why);
    if (reason == ATLS_OK)
        reason = atls_gce_read(certificate, &instance, why);
    if (reason == ATLS_OK)
        reason = atls_gce_check(&instance, &reference->gce, profile, why);
    return reason;
}

static enum atls_reason judge(const void *in,
                              const struct atls_profile *profile, int64_t now,
                              struct atls_verdict *verdict)
{
    enum { UNRECOGNIZED = 97 }; /* draft-ietf-rats-ar4si, 2.3 */
    const struct atls_tpm_cert_reference *reference = profile->reference;
    struct atls_profile quote = *profile;
    struct atls_why why = {0};

    if (check_instance(in, profile, &why) != ATLS_OK)
        return atls_verdict_refuse(verdict, ATLS_INSTANCE_IDENTITY,
                                   UNRECOGNIZED, &why);
    quote.reference = reference->quote;
    return atls_format_tpm.judge(in, &quote, now, verdict);
}

static void describe(const void *claims, bool brief, atls_claim_fn *each,
                     void *arg)
{
    atls_format_tpm.describe(claims, brief, each, arg);
}

const struct atls_format atls_format_tpm_cert = {
    .name = "tpm-cert",
    .submod = "TPM",
    .types = atls_tpm_types,
    .claims_size = sizeof(struct atls_tpm_claims),
    .takes_rsa = true,
    .parsed_by = &atls_format_tpm,
    .parse = parse,
    .verify_chain = verify_chain,
    .judge = judge,
    .describe = describe,
    .keys = atls_tpm_cert_keys,
    .read = atls_tpm_cert_read,
    .reference_free = atls_tpm_cert_reference_free,
    .learn = atls_tpm_cert_learn,
};
