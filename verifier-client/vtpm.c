/* SPDX-License-Identifier: Apache-2.0
 *
 * A virtual TPM on a TEE: first the TEE, whose signed report covers the runtime
 * data, then the key that stands there, then the quote that it signed. That the
 * key is a restricted one of a TPM is the word of the paravisor, so a profile
 * must pin that one's measurement to pin anything.
 */
#include "vtpm.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "stock.h"

enum { DIGEST = 32, MAX_NAME = 64 };

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

/* The quote's own parser has found the map to be in order, or says why not. */
static bool matches(struct atls_view value)
{
    struct atls_tpm_claims claims = {.has_public = false};
    struct atls_view nonce;

    (void)!atls_format_tpm.parse(value, &claims, &nonce, NULL);
    return claims.hcl_report.len > 0;
}

static enum atls_reason parse(struct atls_view value, void *out,
                              struct atls_view *nonce, struct atls_why *why)
{
    struct atls_vtpm_claims *claims = out;
    struct atls_hcl_report hcl;
    enum atls_reason reason =
        atls_format_tpm.parse(value, &claims->quote, nonce, why);
    int key;

    if (reason == ATLS_OK)
        reason = atls_hcl_report_parse(claims->quote.hcl_report, &hcl, why);
    if (reason == ATLS_OK)
        reason = atls_snp_report_parse(hcl.hardware_report, &claims->tee.report,
                                       why);
    if (reason != ATLS_OK)
        return reason;
    claims->runtime_data = hcl.runtime_data;
    key = atls_snp_report_key(&claims->tee.report);
    if (key >= 0) /* the signer's first, then whoever vouches for it */
        claims->tee.table.keys[key] = claims->quote.certificates;
    claims->tee.table.ask = claims->quote.certificates;
    return ATLS_OK;
}

/* The parts of a profile, each as its format knows it */
static struct atls_profile quote_profile(const struct atls_profile *profile)
{
    const struct atls_vtpm_reference *reference = profile->reference;
    struct atls_profile part = *profile;

    part.reference = reference->quote;
    return part;
}

static struct atls_profile tee_profile(const struct atls_profile *profile)
{
    const struct atls_vtpm_reference *reference = profile->reference;
    struct atls_profile part = *profile;

    part.reference = reference->tee;
    part.is_pinned = reference->tee_is_pinned;
    return part;
}

static enum atls_reason
check_runtime_data(const struct atls_vtpm_claims *claims, struct atls_why *why)
{
    uint8_t wanted[64] = {0};

    if (EVP_Q_digest(NULL, "SHA2-256", NULL, claims->runtime_data.data,
                     claims->runtime_data.len, wanted, NULL) != 1)
        return atls_why(why, ATLS_CRYPTO_FAILED, NULL);
    if (CRYPTO_memcmp(wanted, claims->tee.report.report_data.data,
                      sizeof(wanted)) == 0)
        return ATLS_OK;
    return atls_why(why, ATLS_AK_UNBOUND,
                    "HCL report: want the SHA-256 of the runtime data and "
                    "zeros in report_data, found something else");
}

static enum atls_reason verify_chain(const void *in,
                                     const struct atls_profile *profile,
                                     int64_t now, struct atls_why *why)
{
    const struct atls_vtpm_claims *claims = in;
    struct atls_profile tee = tee_profile(profile);
    ATLS_AUTO(EVP_PKEY) *key = NULL;
    enum atls_reason reason =
        atls_snp_verify_chain(&claims->tee, &tee, now, why);

    if (reason == ATLS_OK)
        reason = check_runtime_data(claims, why);
    if (reason == ATLS_OK)
        reason = atls_hcl_key(claims->runtime_data, &key, why);
    if (reason == ATLS_OK)
        reason = atls_format_tpm.verify(&claims->quote, key, why);
    return reason;
}

static enum atls_reason judge(const void *in,
                              const struct atls_profile *profile, int64_t now,
                              struct atls_verdict *verdict)
{
    const struct atls_vtpm_claims *claims = in;
    struct atls_profile tee = tee_profile(profile);
    struct atls_profile quote = quote_profile(profile);
    int8_t booted;

    if (atls_format_tpm.judge(&claims->quote, &quote, now, verdict) != ATLS_OK)
        return verdict->reason;
    booted = verdict->vector[ATLS_EXECUTABLES];
    verdict->reason = ATLS_PROFILE_MISSING;
    if (atls_format_snp.judge(&claims->tee, &tee, now, verdict) != ATLS_OK)
        return verdict->reason;
    /* What the paravisor booted is what the peer runs. */
    verdict->vector[ATLS_EXECUTABLES] = booted;
    return atls_verdict_accept(verdict);
}

/* Names of the TEE's claims have its name before them. */
struct prefixed {
    atls_claim_fn *each;
    void *arg;
};

static void tell_prefixed(void *arg, const char *name, const char *value)
{
    const struct prefixed *prefixed = arg;
    char full[MAX_NAME];

    snprintf(full, sizeof(full), "tee_%s", name);
    prefixed->each(prefixed->arg, full, value);
}

static void describe(const void *in, bool brief, atls_claim_fn *each, void *arg)
{
    const struct atls_vtpm_claims *claims = in;
    struct prefixed prefixed = {each, arg};

    atls_format_tpm.describe(&claims->quote, brief, each, arg);
    atls_format_snp.describe(&claims->tee, brief, tell_prefixed, &prefixed);
}

static const char *const vtpm_keys[] = {"pcrs", "firmware_version", "eventlog",
                                        "tee", NULL};

enum { MAX_TEE_KEYS = 40 };

static bool is_tee(const struct atls_node *node)
{
    static const char *const formats[] = {"snp", NULL};
    const char *keys[MAX_TEE_KEYS] = {"format"};
    struct atls_node format = atls_node_member(node, "format");
    size_t num = 1;

    for (size_t i = 0; atls_snp_keys[i] != NULL && num + 1 < MAX_TEE_KEYS; i++)
        keys[num++] = atls_snp_keys[i];
    return atls_node_is_object(node, keys) &&
           atls_node_choice(&format, formats) == 0;
}

static void read_profile(const struct atls_node *node,
                         struct atls_profile *profile)
{
    struct atls_node tee = atls_node_member(node, "tee");
    struct atls_vtpm_reference *reference = calloc(1, sizeof(*reference));
    struct atls_profile part = {.num_types = 0};

    if (reference == NULL) {
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
        return;
    }
    atls_tpm_read(node, profile);
    reference->quote = profile->reference;
    profile->reference = reference;
    if (is_tee(&tee))
        atls_snp_read(&tee, &part);
    reference->tee = part.reference;
    reference->tee_is_pinned = part.is_pinned;
    profile->is_pinned = profile->is_pinned && part.is_pinned;
}

static void reference_free(void *reference)
{
    struct atls_vtpm_reference *values = reference;

    if (values == NULL)
        return;
    atls_tpm_reference_free(values->quote);
    atls_snp_reference_free(values->tee);
    free(values);
}

static bool learn(const void *in, json_t *profile)
{
    const struct atls_vtpm_claims *claims = in;
    json_t *collateral = json_object_get(profile, "collateral");
    json_t *tee = json_pack("{s:s}", "format", "snp");
    bool is_good = tee != NULL;

    if (is_good && collateral != NULL)
        is_good = json_object_set_new(
                      tee, "collateral",
                      json_string(json_string_value(collateral))) == 0 &&
                  json_object_del(profile, "collateral") == 0;
    if (!is_good || !atls_snp_learn(&claims->tee, tee)) {
        json_decref(tee);
        return false;
    }
    return json_object_set_new(profile, "tee", tee) == 0 &&
           atls_tpm_learn(&claims->quote, profile);
}

static void stock(const void *reference, struct atls_stock *out)
{
    const struct atls_vtpm_reference *values = reference;

    atls_snp_stock(values->tee, out);
}

const struct atls_format atls_format_vtpm = {
    .name = "vtpm",
    .submod = "AZSNPVTPM",
    .types = atls_tpm_types,
    .claims_size = sizeof(struct atls_vtpm_claims),
    .takes_rsa = true,
    .matches = matches,
    .parse = parse,
    .verify_chain = verify_chain,
    .judge = judge,
    .describe = describe,
    .keys = vtpm_keys,
    .read = read_profile,
    .reference_free = reference_free,
    .stock = stock,
    .learn = learn,
};
