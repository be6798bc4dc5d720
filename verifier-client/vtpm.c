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

enum { MAX_NAME = 64, NO_CLAIM = 0 };

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

/* The quote's own parser has found the map to be in order, or says why not. */
static bool matches(struct atls_view value)
{
    struct atls_tpm_claims claims = {.has_public = false};
    struct atls_view nonce;

    (void)!atls_format_tpm.parse(value, &claims, &nonce, NULL);
    return claims.hcl_report.len > 0;
}

static enum atls_reason take_snp(struct atls_vtpm_claims *claims,
                                 struct atls_view report, struct atls_why *why)
{
    enum atls_reason reason =
        atls_snp_report_parse(report, &claims->snp.report, why);
    int key;

    if (reason != ATLS_OK)
        return reason;
    claims->tee = &atls_format_snp;
    claims->report_data = claims->snp.report.report_data;
    key = atls_snp_report_key(&claims->snp.report);
    if (key >= 0) /* the signer's first, then whoever vouches for it */
        claims->snp.table.keys[key] = claims->quote.certificates;
    claims->snp.table.ask = claims->quote.certificates;
    return ATLS_OK;
}

/* Whoever vouches for a quote's signer stands in the quote. */
static enum atls_reason take_tdx(struct atls_vtpm_claims *claims,
                                 struct atls_why *why)
{
    claims->tee = &atls_format_tdx;
    return claims->tee->parse(claims->quote.td_quote, &claims->tdx,
                              &claims->report_data, why);
}

/* What vouches is of the one TEE that the HCL names. */
static enum atls_reason check_parts(const struct atls_tpm_claims *quote,
                                    bool is_td, struct atls_why *why)
{
    bool has_quote = quote->td_quote.len > 0;

    if (has_quote == is_td && !(is_td && quote->certificates.len > 0))
        return ATLS_OK;
    return atls_why(
        why, ATLS_EVIDENCE_MALFORMED, "HCL report: want %s, found %s",
        is_td ? "td_quote and no certificates, as it is of TDX"
              : "no td_quote, as it is of SEV-SNP",
        has_quote != is_td ? is_td ? "no td_quote" : "one" : "certificates");
}

static enum atls_reason parse(struct atls_view value, void *out,
                              struct atls_view *nonce, struct atls_why *why)
{
    struct atls_vtpm_claims *claims = out;
    struct atls_hcl_report hcl;
    struct atls_why of_quote = {0};
    enum atls_reason reason =
        atls_format_tpm.parse(value, &claims->quote, nonce, &of_quote);

    /* that a nonce is missing is told last */
    if (reason != ATLS_OK && reason != ATLS_NONCE_MISSING)
        return atls_why(why, reason, "%s", of_quote.text);
    reason = atls_hcl_report_parse(claims->quote.hcl_report, &hcl, why);
    if (reason == ATLS_OK)
        reason = check_parts(&claims->quote, hcl.is_td, why);
    if (reason == ATLS_OK)
        reason = hcl.is_td ? take_tdx(claims, why)
                           : take_snp(claims, hcl.hardware_report, why);
    if (reason != ATLS_OK)
        return reason;
    claims->runtime_data = hcl.runtime_data;
    return of_quote.reason == ATLS_OK
               ? ATLS_OK
               : atls_why(why, of_quote.reason, "%s", of_quote.text);
}

static const void *tee_claims(const struct atls_vtpm_claims *claims)
{
    return claims->tee == &atls_format_tdx ? (const void *)&claims->tdx
                                           : &claims->snp;
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

    part.reference = reference->tee_reference;
    part.is_pinned = reference->tee_is_pinned;
    return part;
}

/* A profile knows the claims of its own TEE alone. */
static enum atls_reason check_tee(const struct atls_vtpm_claims *claims,
                                  const struct atls_profile *profile,
                                  struct atls_why *why)
{
    const struct atls_vtpm_reference *reference = profile->reference;

    if (claims->tee == reference->tee)
        return ATLS_OK;
    return atls_why(why, ATLS_PROFILE_MISSING,
                    "profile %s: want a virtual TPM on %s, found one on %s",
                    profile->name, reference->tee->name, claims->tee->name);
}

static enum atls_reason
check_runtime_data(const struct atls_vtpm_claims *claims, struct atls_why *why)
{
    uint8_t wanted[64] = {0};

    if (EVP_Q_digest(NULL, "SHA2-256", NULL, claims->runtime_data.data,
                     claims->runtime_data.len, wanted, NULL) != 1)
        return atls_why(why, ATLS_CRYPTO_FAILED, NULL);
    if (claims->report_data.len == sizeof(wanted) &&
        CRYPTO_memcmp(wanted, claims->report_data.data, sizeof(wanted)) == 0)
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
    enum atls_reason reason = check_tee(claims, profile, why);

    if (reason == ATLS_OK)
        reason = claims->tee->verify_chain(tee_claims(claims), &tee, now, why);
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
    struct atls_why why = {0};
    int8_t booted;

    if (check_tee(claims, profile, &why) != ATLS_OK)
        return atls_verdict_refuse(verdict, ATLS_INSTANCE_IDENTITY, NO_CLAIM,
                                   &why);
    if (atls_format_tpm.judge(&claims->quote, &quote, now, verdict) != ATLS_OK)
        return verdict->reason;
    booted = verdict->vector[ATLS_EXECUTABLES];
    verdict->reason = ATLS_PROFILE_MISSING;
    if (claims->tee->judge(tee_claims(claims), &tee, now, verdict) != ATLS_OK)
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
    claims->tee->describe(tee_claims(claims), brief, tell_prefixed, &prefixed);
}

static const char *const vtpm_keys[] = {"pcrs", "firmware_version", "eventlog",
                                        "tee", NULL};

enum { MAX_TEE_KEYS = 40 };

/* NULL: none that is known, which is reported. */
static const struct atls_format *read_tee(const struct atls_node *node)
{
    static const char *const names[] = {"snp", "tdx", NULL};
    static const struct atls_format *const formats[] = {&atls_format_snp,
                                                        &atls_format_tdx};
    const char *keys[MAX_TEE_KEYS] = {"format"};
    struct atls_node format = atls_node_member(node, "format");
    const struct atls_format *tee = NULL;
    size_t num = 1;
    int choice;

    if (!atls_node_is_object(node, NULL))
        return NULL;
    choice = atls_node_choice(&format, names);
    if (choice < 0)
        return NULL;
    tee = formats[choice];
    for (size_t i = 0; tee->keys[i] != NULL && num + 1 < MAX_TEE_KEYS; i++)
        keys[num++] = tee->keys[i];
    return atls_node_is_object(node, keys) ? tee : NULL;
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
    reference->tee = read_tee(&tee);
    if (reference->tee != NULL)
        reference->tee->read(&tee, &part);
    reference->tee_reference = part.reference;
    reference->tee_is_pinned = part.is_pinned;
    profile->is_pinned = profile->is_pinned && part.is_pinned;
}

static void reference_free(void *reference)
{
    struct atls_vtpm_reference *values = reference;

    if (values == NULL)
        return;
    atls_tpm_reference_free(values->quote);
    if (values->tee != NULL)
        values->tee->reference_free(values->tee_reference);
    free(values);
}

static bool learn(const void *in, json_t *profile)
{
    const struct atls_vtpm_claims *claims = in;
    json_t *collateral = json_object_get(profile, "collateral");
    json_t *tee = json_pack("{s:s}", "format", claims->tee->name);
    bool is_good = tee != NULL;

    if (is_good && collateral != NULL)
        is_good = json_object_set_new(
                      tee, "collateral",
                      json_string(json_string_value(collateral))) == 0 &&
                  json_object_del(profile, "collateral") == 0;
    if (!is_good || !claims->tee->learn(tee_claims(claims), tee)) {
        json_decref(tee);
        return false;
    }
    return json_object_set_new(profile, "tee", tee) == 0 &&
           atls_tpm_learn(&claims->quote, profile);
}

static void stock(const void *reference, struct atls_stock *out)
{
    const struct atls_vtpm_reference *values = reference;

    values->tee->stock(values->tee_reference, out);
}

static const char *submod_of(const void *in)
{
    const struct atls_vtpm_claims *claims = in;

    return claims->tee == &atls_format_tdx ? "AZTDXVTPM"
                                           : atls_format_vtpm.submod;
}

const struct atls_format atls_format_vtpm = {
    .name = "vtpm",
    .submod = "AZSNPVTPM",
    .submod_of = submod_of,
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
