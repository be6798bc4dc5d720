/* SPDX-License-Identifier: Apache-2.0
 *
 * Quotes of SGX enclaves (Intel SGX ECDSA QuoteLibReference, A.4), bare under a
 * type of ours.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "dcap.h"
#include "stock.h"

static const char *const types[] = {"application/vnd.atls.sgx-quote", NULL};

#define ENCLAVE(member) offsetof(struct atls_quote, enclave.member)

const struct atls_dcap_field atls_sgx_fields[] = {
    {"mrenclave", "MRENCLAVE", ENCLAVE(mr_enclave), 32, false, true},
    {"mrsigner", "MRSIGNER", ENCLAVE(mr_signer), 32, false, true},
    {"isvextprodid", "ISVEXTPRODID", ENCLAVE(ext_prod_id), 16, false, false},
    {"isvfamilyid", "ISVFAMILYID", ENCLAVE(family_id), 16, false, false},
    {"configid", "CONFIGID", ENCLAVE(config_id), 64, true, false},
    {"attributes", "ATTRIBUTES.FLAGS", ENCLAVE(flags), 8, true, false},
    {"xfrm", "ATTRIBUTES.XFRM", ENCLAVE(xfrm), 8, true, false},
    {"miscselect", "MISCSELECT", ENCLAVE(misc_select), 4, true, false},
    {NULL, NULL, 0, 0, false, false},
};
enum { FIRST_KSS = 2, LAST_KSS = 4 }; /* Key Separation and Sharing */

static const char *const keys[] = {"collateral",
                                   "grace",
                                   "tcb_status",
                                   "advisories",
                                   "min_evaluation_number",
                                   "debug",
                                   "trailing_bytes",
                                   "mrenclave",
                                   "mrsigner",
                                   "isvprodid",
                                   "min_isvsvn",
                                   "isvextprodid",
                                   "isvfamilyid",
                                   "configid",
                                   "min_configsvn",
                                   "attributes",
                                   "xfrm",
                                   "miscselect",
                                   NULL};

static enum atls_reason parse(struct atls_view value, void *out,
                              struct atls_view *nonce, struct atls_why *why)
{
    struct atls_dcap_claims *claims = out;
    enum atls_reason reason = atls_dcap_parse(value, claims, why);

    if (reason != ATLS_OK)
        return reason;
    if (claims->quote.is_td)
        return atls_why(why, ATLS_FORMAT_UNKNOWN,
                        "quote: want one of an SGX enclave, found one of a TD");
    *nonce = claims->quote.enclave.report_data;
    return ATLS_OK;
}

static struct atls_view signer(const void *claims)
{
    const struct atls_dcap_claims *quote = claims;

    return quote->quote.key;
}

/* ATTRIBUTES.FLAGS, Intel SDM 3D, 37.7.1 */
enum { INIT = 0x01, DEBUG = 0x02 };

static enum atls_reason check_attributes(const struct atls_quote_enclave *body,
                                         const struct atls_profile *profile,
                                         struct atls_why *why)
{
    const struct atls_dcap_reference *reference = profile->reference;
    uint8_t flags = body->attributes.data[0];

    if ((flags & INIT) == 0)
        return atls_why(why, ATLS_CLAIM_INVALID,
                        "ATTRIBUTES: want INIT, as every enclave that runs "
                        "has, found it clear");
    if (!reference->takes_debug && (flags & DEBUG) != 0)
        return atls_why(why, ATLS_DEBUG_REFUSED,
                        "profile %s: ATTRIBUTES: want an enclave without "
                        "DEBUG, found it set",
                        profile->name);
    return ATLS_OK;
}

static enum atls_reason check_product(const struct atls_quote_enclave *body,
                                      const struct atls_profile *profile,
                                      struct atls_why *why)
{
    const struct atls_dcap_reference *reference = profile->reference;
    const uint8_t id[] = {(uint8_t)(body->prod_id >> 8),
                          (uint8_t)body->prod_id};

    if (reference->prod_ids.num > 0 &&
        !atls_values_have(&reference->prod_ids, atls_view(id, sizeof(id))))
        return atls_why(why, ATLS_MEASUREMENT_REFUSED,
                        "profile %s: ISVPRODID (isvprodid): want one listed, "
                        "found %u",
                        profile->name, body->prod_id);
    if (body->svn < reference->min_svn)
        return atls_why(why, ATLS_MEASUREMENT_REFUSED,
                        "profile %s: ISVSVN (min_isvsvn): want %u or above, "
                        "found %u: the enclave is older than accepted",
                        profile->name, reference->min_svn, body->svn);
    if (body->config_svn < reference->min_config_svn)
        return atls_why(why, ATLS_CONFIGURATION_REFUSED,
                        "profile %s: CONFIGSVN (min_configsvn): want %u or "
                        "above, found %u: the enclave's configuration is older "
                        "than accepted",
                        profile->name, reference->min_config_svn,
                        body->config_svn);
    return ATLS_OK;
}

static enum atls_reason judge(const void *claims,
                              const struct atls_profile *profile, int64_t now,
                              struct atls_verdict *verdict)
{
    const struct atls_dcap_claims *quote = claims;
    const struct atls_quote_enclave *body = &quote->quote.enclave;
    struct atls_why why = {0};
    enum atls_reason reason = atls_dcap_judge_trailing(quote, profile, verdict);

    if (reason != ATLS_OK)
        return reason;
    if (check_attributes(body, profile, &why) != ATLS_OK)
        return atls_dcap_refuse_software(verdict, &why);
    reason = atls_dcap_judge_tcb(quote, profile, now, verdict);
    if (reason == ATLS_OK)
        reason =
            atls_dcap_judge_fields(quote, profile, atls_sgx_fields, verdict);
    if (reason != ATLS_OK)
        return reason;
    if (check_product(body, profile, &why) != ATLS_OK)
        return atls_dcap_refuse_software(verdict, &why);
    return atls_verdict_accept(verdict);
}

static void describe(const void *claims, bool brief, atls_claim_fn *each,
                     void *arg)
{
    const struct atls_dcap_claims *quote = claims;
    const struct atls_quote_enclave *body = &quote->quote.enclave;
    char text[16];

    atls_dcap_describe(quote, atls_sgx_fields, brief, each, arg);
    if (brief)
        return;
    snprintf(text, sizeof(text), "%u", body->prod_id);
    each(arg, "isvprodid", text);
    snprintf(text, sizeof(text), "%u", body->svn);
    each(arg, "isvsvn", text);
    snprintf(text, sizeof(text), "%u", body->config_svn);
    each(arg, "configsvn", text);
    each(arg, "debug", (body->attributes.data[0] & DEBUG) != 0 ? "yes" : "no");
}

static void read_prod_ids(const struct atls_node *node,
                          struct atls_dcap_reference *reference)
{
    size_t num = atls_node_list_size(node);
    struct atls_values *out = &reference->prod_ids;

    if (node->value == NULL)
        return;
    if (num == 0)
        atls_node_wrong(node, "at least one number");
    out->value_len = 2;
    out->bytes = calloc(num + 1, 2);
    if (out->bytes == NULL)
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
    for (; out->bytes != NULL && out->num < num; out->num++) {
        struct atls_node item = atls_node_list_item(node, out->num);
        int64_t id = atls_node_number(&item, UINT16_MAX, 0);

        out->bytes[2 * out->num] = (uint8_t)(id >> 8);
        out->bytes[2 * out->num + 1] = (uint8_t)id;
    }
}

static void read_profile(const struct atls_node *node,
                         struct atls_profile *profile)
{
    struct atls_node prod_id = atls_node_member(node, "isvprodid");
    struct atls_node svn = atls_node_member(node, "min_isvsvn");
    struct atls_node config_svn = atls_node_member(node, "min_configsvn");
    struct atls_dcap_reference *reference =
        atls_dcap_reference_read(node, atls_sgx_fields, profile);

    if (reference == NULL)
        return;
    read_prod_ids(&prod_id, reference);
    reference->min_svn = (uint16_t)atls_node_number(&svn, UINT16_MAX, 0);
    reference->min_config_svn =
        (uint16_t)atls_node_number(&config_svn, UINT16_MAX, 0);
    profile->types[profile->num_types++] = types[0];
}

/* What an enclave was given when it was made, which MRENCLAVE does not cover;
 * without Key Separation and Sharing it is zero. */
static bool learn_kss(const struct atls_quote *quote, json_t *profile)
{
    for (unsigned i = FIRST_KSS; i <= LAST_KSS; i++) {
        struct atls_dcap_field fields[2] = {atls_sgx_fields[i]};

        fields[0].is_pin =
            !atls_quote_is_zero(atls_dcap_field_view(quote, &fields[0]));
        if (!atls_dcap_learn_fields(quote, fields, profile))
            return false;
    }
    return quote->enclave.config_svn == 0 ||
           json_object_set_new(profile, "min_configsvn",
                               json_integer(quote->enclave.config_svn)) == 0;
}

/* MRENCLAVE says it all of the software; the rest is for whoever wants to
 * follow MRSIGNER. */
static bool learn(const void *claims, json_t *profile)
{
    const struct atls_dcap_claims *quote = claims;
    const struct atls_quote_enclave *body = &quote->quote.enclave;

    return atls_dcap_learn_fields(&quote->quote, atls_sgx_fields, profile) &&
           json_object_set_new(profile, "isvprodid",
                               json_integer(body->prod_id)) == 0 &&
           json_object_set_new(profile, "min_isvsvn",
                               json_integer(body->svn)) == 0 &&
           learn_kss(&quote->quote, profile) &&
           ((body->attributes.data[0] & DEBUG) == 0 ||
            json_object_set_new(profile, "debug", json_true()) == 0);
}

static void stock(const void *reference, struct atls_stock *out)
{
    atls_dcap_stock(reference, "SGX", out);
}

const struct atls_format atls_format_sgx = {
    .name = "sgx",
    .submod = "SGX",
    .types = types,
    .claims_size = sizeof(struct atls_dcap_claims),
    .has_64_byte_nonce = true,
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
