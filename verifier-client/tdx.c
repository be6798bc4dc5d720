/* SPDX-License-Identifier: Apache-2.0
 *
 * Quotes of TDs (Intel TDX Module ABI, TDREPORT_STRUCT; Intel TDX DCAP Quoting
 * Library API, A.3), as Linux gives them in a TSM report, or bare under a type
 * of ours.
 */
#include <stddef.h>

#include "base64url.h"
#include "claim.h"
#include "dcap.h"
#include "stock.h"
#include "tsm_report.h"

static const char *const types[] = {
    "application/vnd.veraison.tsm-report+cbor",
    "application/vnd.veraison.tsm-report+json",
    "application/vnd.atls.tdx-quote",
    NULL,
};

#define TD(member) offsetof(struct atls_quote, td.member)
#define MR         ATLS_QUOTE_MR

const struct atls_dcap_field atls_tdx_fields[] = {
    {"mrtd", "MRTD", TD(mr_td), MR, false, true},
    {"rtmr0", "RTMR[0]", TD(rtmr[0]), MR, false, true},
    {"rtmr1", "RTMR[1]", TD(rtmr[1]), MR, false, true},
    {"rtmr2", "RTMR[2]", TD(rtmr[2]), MR, false, true},
    {"rtmr3", "RTMR[3]", TD(rtmr[3]), MR, false, true},
    {"mrconfigid", "MRCONFIGID", TD(mr_config_id), MR, false, true},
    {"mrowner", "MROWNER", TD(mr_owner), MR, false, true},
    {"mrownerconfig", "MROWNERCONFIG", TD(mr_owner_config), MR, false, true},
    {"mrseam", "MRSEAM", TD(mr_seam), MR, false, false},
    {"mrsignerseam", "MRSIGNERSEAM", TD(mr_signer_seam), MR, false, false},
    {"service_td", "SERVTD_HASH", TD(mr_service_td), MR, false, false},
    {"xfam", "XFAM", TD(xfam), 8, true, false},
    {"td_attributes", "ATTRIBUTES", TD(attributes), 8, true, false},
    {NULL, NULL, 0, 0, false, false},
};

static const char *const keys[] = {"collateral",
                                   "grace",
                                   "tcb_status",
                                   "advisories",
                                   "min_evaluation_number",
                                   "debug",
                                   "trailing_bytes",
                                   "migratable",
                                   "sept_ve_disable",
                                   "eventlog",
                                   "mrtd",
                                   "rtmr0",
                                   "rtmr1",
                                   "rtmr2",
                                   "rtmr3",
                                   "mrconfigid",
                                   "mrowner",
                                   "mrownerconfig",
                                   "mrseam",
                                   "mrsignerseam",
                                   "service_td",
                                   "xfam",
                                   "td_attributes",
                                   NULL};

static bool matches(struct atls_view value)
{
    return atls_tsm_report_is(value, ATLS_TSM_TDX);
}

/* A quote begins with its version, a CBOR map with 101 in its upper bits. */
static bool is_report(struct atls_view value)
{
    return value.len > 0 && value.data[0] >> 5 == 5;
}

static enum atls_reason parse(struct atls_view value, void *out,
                              struct atls_view *nonce, struct atls_why *why)
{
    struct atls_dcap_claims *claims = out;
    struct atls_tsm_report report = {.outblob = value};
    enum atls_reason reason = ATLS_OK;

    if (is_report(value))
        reason = atls_tsm_report_parse(value, ATLS_TSM_TDX, &report, why);
    if (reason == ATLS_OK)
        reason = atls_dcap_parse(report.outblob, claims, why);
    if (reason != ATLS_OK)
        return reason;
    if (!claims->quote.is_td)
        return atls_why(why, ATLS_FORMAT_UNKNOWN,
                        "quote: want one of a TD, found one of an SGX enclave");
    claims->eventlog = report.eventlog;
    *nonce = claims->quote.td.report_data;
    return ATLS_OK;
}

static struct atls_view signer(const void *claims)
{
    const struct atls_dcap_claims *quote = claims;

    return quote->quote.key;
}

/* ATTRIBUTES, Intel TDX Module Base Architecture Specification, 21.4.1 */
enum {
    DEBUG = 0,
    OTHER_UNTRUSTED = 1, /* to 7: debugging and profiling of other kinds */
    SEPT_VE_DISABLE = 28,
    MIGRATABLE = 29
};

static bool has_bit(const struct atls_quote_td *td, unsigned bit)
{
    return (td->attributes.data[bit / 8] >> (bit % 8) & 1) != 0;
}

static enum atls_reason check_debug(const struct atls_quote_td *td,
                                    const struct atls_profile *profile,
                                    struct atls_why *why)
{
    const struct atls_dcap_reference *reference = profile->reference;

    if (reference->takes_debug || td->attributes.data[0] == 0)
        return ATLS_OK;
    return atls_why(why, ATLS_DEBUG_REFUSED,
                    "profile %s: ATTRIBUTES: want a TD without DEBUG or "
                    "PERFMON of the host's, found TUD %02x",
                    profile->name, td->attributes.data[0]);
}

static enum atls_reason check_migration(const struct atls_quote_td *td,
                                        const struct atls_profile *profile,
                                        struct atls_why *why)
{
    const struct atls_dcap_reference *reference = profile->reference;

    if (reference->takes_migratable || !has_bit(td, MIGRATABLE))
        return ATLS_OK;
    return atls_why(why, ATLS_MIGRATION_REFUSED,
                    "profile %s: ATTRIBUTES: want a TD that stays where it "
                    "is, found MIGRATABLE",
                    profile->name);
}

/* Linux takes a #VE on any access when the host may take pages away
 * (Documentation/arch/x86/tdx.rst, "EPT violation #VE"). */
static enum atls_reason check_sept_ve(const struct atls_quote_td *td,
                                      const struct atls_profile *profile,
                                      struct atls_why *why)
{
    const struct atls_dcap_reference *reference = profile->reference;

    if (!reference->needs_sept_ve_disable || has_bit(td, SEPT_VE_DISABLE))
        return ATLS_OK;
    return atls_why(why, ATLS_CONFIGURATION_REFUSED,
                    "profile %s: ATTRIBUTES: want SEPT_VE_DISABLE, found it "
                    "clear: the host can make a Linux guest fault at will "
                    "(\"sept_ve_disable\": false takes it)",
                    profile->name);
}

/* A service TD, one for migration say, has access to the TD's metadata. */
static enum atls_reason check_service_td(const struct atls_quote_td *td,
                                         const struct atls_profile *profile,
                                         struct atls_why *why)
{
    const struct atls_dcap_reference *reference = profile->reference;

    if (reference->values[ATLS_TDX_SERVICE_TD].num > 0 ||
        atls_quote_is_zero(td->mr_service_td))
        return ATLS_OK;
    return atls_why(why, ATLS_CONFIGURATION_REFUSED,
                    "profile %s: SERVTD_HASH: want no service TD bound, found "
                    "one: pin it by \"service_td\" if it is meant",
                    profile->name);
}

static enum atls_reason check_attributes(const struct atls_quote_td *td,
                                         const struct atls_profile *profile,
                                         struct atls_why *why)
{
    enum atls_reason reason = check_debug(td, profile, why);

    if (reason == ATLS_OK)
        reason = check_migration(td, profile, why);
    if (reason == ATLS_OK)
        reason = check_sept_ve(td, profile, why);
    if (reason == ATLS_OK)
        reason = check_service_td(td, profile, why);
    return reason;
}

static enum atls_reason judge(const void *claims,
                              const struct atls_profile *profile, int64_t now,
                              struct atls_verdict *verdict)
{
    const struct atls_dcap_claims *quote = claims;
    const struct atls_dcap_reference *reference = profile->reference;
    struct atls_why why = {0};
    enum atls_reason reason = atls_dcap_judge_trailing(quote, profile, verdict);

    if (reason != ATLS_OK)
        return reason;
    if (check_attributes(&quote->quote.td, profile, &why) != ATLS_OK ||
        (reference->wants_log &&
         atls_tdx_check_log(quote, profile, &why) != ATLS_OK))
        return atls_dcap_refuse_software(verdict, &why);
    reason = atls_dcap_judge_tcb(quote, profile, now, verdict);
    if (reason == ATLS_OK)
        reason =
            atls_dcap_judge_fields(quote, profile, atls_tdx_fields, verdict);
    return reason == ATLS_OK ? atls_verdict_accept(verdict) : reason;
}

static void describe(const void *claims, bool brief, atls_claim_fn *each,
                     void *arg)
{
    const struct atls_dcap_claims *quote = claims;
    const struct atls_quote_td *td = &quote->quote.td;

    atls_dcap_describe(quote, atls_tdx_fields, brief, each, arg);
    if (brief)
        return;
    each(arg, "debug", has_bit(td, DEBUG) ? "yes" : "no");
    each(arg, "migratable", has_bit(td, MIGRATABLE) ? "yes" : "no");
    each(arg, "sept_ve_disable", has_bit(td, SEPT_VE_DISABLE) ? "yes" : "no");
    if (quote->eventlog.len > 0)
        atls_claim_number((int64_t)quote->eventlog.len, "eventlog_bytes", each,
                          arg);
}

static void read_profile(const struct atls_node *node,
                         struct atls_profile *profile)
{
    struct atls_node migratable = atls_node_member(node, "migratable");
    struct atls_node sept_ve = atls_node_member(node, "sept_ve_disable");
    struct atls_node eventlog = atls_node_member(node, "eventlog");
    struct atls_dcap_reference *reference =
        atls_dcap_reference_read(node, atls_tdx_fields, profile);

    if (reference == NULL)
        return;
    reference->takes_migratable = atls_node_flag(&migratable, false);
    reference->needs_sept_ve_disable = atls_node_flag(&sept_ve, true);
    reference->wants_log = atls_node_flag(&eventlog, false);
    for (size_t i = 0; types[i] != NULL; i++)
        profile->types[profile->num_types++] = types[i];
}

static bool add_flag(json_t *profile, const char *key, bool is_there, bool flag)
{
    return !is_there ||
           json_object_set_new(profile, key, json_boolean(flag)) == 0;
}

static bool learn_service_td(const struct atls_quote *quote, json_t *profile)
{
    struct atls_dcap_field fields[2] = {atls_tdx_fields[ATLS_TDX_SERVICE_TD]};

    fields[0].is_pin = !atls_quote_is_zero(quote->td.mr_service_td);
    return atls_dcap_learn_fields(quote, fields, profile);
}

/* What is unusual is written down for the operator to see. */
static bool learn(const void *claims, json_t *profile)
{
    const struct atls_dcap_claims *quote = claims;
    const struct atls_quote_td *td = &quote->quote.td;

    return atls_dcap_learn_fields(&quote->quote, atls_tdx_fields, profile) &&
           learn_service_td(&quote->quote, profile) &&
           add_flag(profile, "debug", td->attributes.data[0] != 0, true) &&
           add_flag(profile, "migratable", has_bit(td, MIGRATABLE), true) &&
           add_flag(profile, "sept_ve_disable", !has_bit(td, SEPT_VE_DISABLE),
                    false);
}

static void stock(const void *reference, struct atls_stock *out)
{
    atls_dcap_stock(reference, "TDX", out);
}

const struct atls_format atls_format_tdx = {
    .name = "tdx",
    .submod = "TDX",
    .types = types,
    .claims_size = sizeof(struct atls_dcap_claims),
    .has_64_byte_nonce = true,
    .matches = matches,
    .parse = parse,
    .signer = signer,
    .verify_chain = atls_dcap_verify_chain,
    .judge = judge,
    .describe = describe,
    .keys = keys,
    .read = read_profile,
    .reference_free = atls_dcap_reference_free,
    .stock = stock,
    .learn = learn,
};
