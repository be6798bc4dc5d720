/* SPDX-License-Identifier: Apache-2.0
 *
 * Digests of PCRs, judged.
 */
#include "tpm_digest.h"

#include <stdio.h>
#include <string.h>

#include "base64url.h"

ATLS_AUTO_FREE(EVP_MD_CTX, EVP_MD_CTX_free)
ATLS_AUTO_FREE(EVP_MD, EVP_MD_free)

enum { MAX_PCRS = ATLS_TPM_NUM_HASHES * ATLS_TPM_NUM_PCRS };

/* The policy's values for the quoted PCRs, in the order of the quote; which of
 * each PCR's is tried turns like the wheels of a counter. */
struct wheels {
    const struct atls_tpm_pcr *pcrs[MAX_PCRS];
    size_t turned[MAX_PCRS], num;
};

static bool turn(struct wheels *wheels)
{
    for (size_t i = 0; i < wheels->num; i++) {
        if (++wheels->turned[i] < wheels->pcrs[i]->values.num)
            return true;
        wheels->turned[i] = 0;
    }
    return false;
}

static bool digest_of(const struct wheels *wheels, const EVP_MD *algorithm,
                      EVP_MD_CTX *context, uint8_t *digest, unsigned *len)
{
    bool is_good = EVP_DigestInit_ex2(context, algorithm, NULL) == 1;

    for (size_t i = 0; is_good && i < wheels->num; i++) {
        const struct atls_values *values = &wheels->pcrs[i]->values;

        is_good = EVP_DigestUpdate(context,
                                   values->bytes +
                                       wheels->turned[i] * values->value_len,
                                   values->value_len) == 1;
    }
    return is_good && EVP_DigestFinal_ex(context, digest, len) == 1;
}

static enum atls_reason differs(const struct atls_profile *profile,
                                struct atls_view quoted, const char *wanted,
                                struct atls_why *why)
{
    char seen[2 * ATLS_TPM_MAX_HASH + 1];

    atls_hex(quoted, seen, sizeof(seen));
    return atls_why(why, ATLS_PCR_MISMATCH,
                    "profile %s: the digest over the quoted PCRs: want %s, "
                    "found %s; the values themselves do not travel in this "
                    "format",
                    profile->name, wanted, seen);
}

static enum atls_reason try_values(const struct atls_tpm_bare_quote *quote,
                                   struct wheels *wheels,
                                   const struct atls_profile *profile,
                                   struct atls_why *why)
{
    ATLS_AUTO(EVP_MD) *algorithm =
        EVP_MD_fetch(NULL, atls_tpm_hashes[quote->hash].digest_name, NULL);
    ATLS_AUTO(EVP_MD_CTX) *context = EVP_MD_CTX_new();
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    do {
        if (algorithm == NULL || context == NULL ||
            !digest_of(wheels, algorithm, context, digest, &len))
            return atls_why(why, ATLS_CRYPTO_FAILED,
                            "TPM quote: libcrypto cannot digest the PCRs");
        if (atls_view_equal(atls_view(digest, len), quote->attest->pcr_digest))
            return ATLS_OK;
    } while (turn(wheels));
    return differs(profile, quote->attest->pcr_digest,
                   "that of the values in \"pcrs\"", why);
}

static const struct atls_tpm_pcr *
find(const struct atls_tpm_reference *reference, int hash, unsigned index)
{
    for (size_t i = 0; i < reference->num_pcrs; i++)
        if (reference->pcrs[i].hash == hash &&
            reference->pcrs[i].index == index)
            return &reference->pcrs[i];
    return NULL;
}

static enum atls_reason gather(const struct atls_tpm_selection *selection,
                               const struct atls_tpm_reference *reference,
                               const struct atls_profile *profile,
                               struct wheels *wheels, struct atls_why *why)
{
    for (unsigned i = 0; i < ATLS_TPM_NUM_PCRS; i++) {
        const struct atls_tpm_pcr *pcr = find(reference, selection->hash, i);

        if ((selection->mask >> i & 1) == 0)
            continue;
        if (pcr == NULL)
            return atls_why(why, ATLS_PCR_MISMATCH,
                            "profile %s: PCR %s:%u is quoted and has no value "
                            "in \"pcrs\": only the digest over all of them can "
                            "be compared; add its value, or have the attester "
                            "quote no others",
                            profile->name,
                            atls_tpm_hashes[selection->hash].name, i);
        wheels->pcrs[wheels->num++] = pcr;
    }
    return ATLS_OK;
}

static uint32_t quoted(const struct atls_tpm_attest *attest, int hash)
{
    for (size_t i = 0; i < attest->num_selections; i++)
        if (attest->selections[i].hash == hash)
            return attest->selections[i].mask;
    return 0;
}

static enum atls_reason
check_selection(const struct atls_tpm_attest *attest,
                const struct atls_tpm_reference *reference,
                const struct atls_profile *profile, struct atls_why *why)
{
    for (size_t i = 0; i < reference->num_pcrs; i++) {
        const struct atls_tpm_pcr *pcr = &reference->pcrs[i];

        if ((quoted(attest, pcr->hash) >> pcr->index & 1) == 0)
            return atls_why(why, ATLS_PCR_MISSING,
                            "profile %s: want PCR %s:%u, the quote lacks it: "
                            "add it to the attester's pcrs",
                            profile->name, atls_tpm_hashes[pcr->hash].name,
                            pcr->index);
    }
    return ATLS_OK;
}

static enum atls_reason check_values(const struct atls_tpm_bare_quote *quote,
                                     const struct atls_tpm_reference *reference,
                                     const struct atls_profile *profile,
                                     struct atls_why *why)
{
    const struct atls_tpm_attest *attest = quote->attest;
    struct wheels wheels = {.num = 0};
    enum atls_reason reason = check_selection(attest, reference, profile, why);

    for (size_t i = 0; reason == ATLS_OK && i < attest->num_selections; i++)
        reason =
            gather(&attest->selections[i], reference, profile, &wheels, why);
    return reason == ATLS_OK ? try_values(quote, &wheels, profile, why)
                             : reason;
}

static bool is_of(const struct atls_tpm_digest *digest,
                  const struct atls_tpm_attest *attest)
{
    for (int i = 0; i < ATLS_TPM_NUM_HASHES; i++)
        if (digest->masks[i] != quoted(attest, i))
            return false;
    return true;
}

static enum atls_reason
check_digests(const struct atls_tpm_attest *attest,
              const struct atls_tpm_digest_reference *reference,
              const struct atls_profile *profile, struct atls_why *why)
{
    bool has_selection = false;

    for (size_t i = 0; i < reference->num_digests; i++) {
        const struct atls_tpm_digest *digest = &reference->digests[i];

        if (!is_of(digest, attest))
            continue;
        has_selection = true;
        if (atls_view_equal(atls_view(digest->bytes, digest->len),
                            attest->pcr_digest))
            return ATLS_OK;
    }
    return has_selection
               ? differs(profile, attest->pcr_digest, "one of \"pcr_digest\"",
                         why)
               : atls_why(why, ATLS_PCR_MISSING,
                          "profile %s: want a quote of the PCRs of one of "
                          "\"pcr_digest\", and no others",
                          profile->name);
}

static enum atls_reason check(const struct atls_tpm_bare_quote *quote,
                              const struct atls_tpm_digest_reference *reference,
                              const struct atls_profile *profile,
                              struct atls_why *why)
{
    if (reference->values->num_pcrs > 0)
        return check_values(quote, reference->values, profile, why);
    if (reference->num_digests > 0)
        return check_digests(quote->attest, reference, profile, why);
    return ATLS_OK;
}

enum atls_reason atls_tpm_digest_judge(const struct atls_tpm_bare_quote *quote,
                                       const struct atls_profile *profile,
                                       struct atls_verdict *verdict)
{
    const struct atls_tpm_digest_reference *reference = profile->reference;
    struct atls_why why = {0};

    if (check(quote, reference, profile, &why) != ATLS_OK ||
        atls_tpm_check_firmware(quote->attest, reference->values, profile,
                                &why) != ATLS_OK)
        return atls_tpm_refuse(&why, verdict);
    return atls_tpm_accept(
        reference->values->num_pcrs > 0 || reference->num_digests > 0, verdict);
}
