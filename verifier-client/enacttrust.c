/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence of EnactTrust's agent, as Veraison's scheme TPM_ENACTTRUST takes it:
 *
 *     node ID   16 bytes, a UUID
 *     length    2 bytes, big endian
 *     quote     TPMS_ATTEST
 *     signature TPMT_SIGNATURE, to the end
 *
 * The node ID is not signed: all it does is to find the key. extraData of the
 * quote has room for a challenge, and without one Evidence is good for ever:
 * the agents that are known leave it empty, and are refused.
 */
#include <openssl/evp.h>

#include "claim.h"
#include "node_id.h"
#include "tpm_digest.h"

struct claims { /* views into the record's value */
    struct atls_view node_id, attest;
    struct atls_tpm_attest quote;
    struct atls_tpm_signature signature;
};

static const char *const types[] = {"application/vnd.enacttrust.tpm-evidence",
                                    NULL};

static enum atls_reason parse(struct atls_view value, void *out,
                              struct atls_view *nonce, struct atls_why *why)
{
    struct atls_reader in = atls_reader(value);
    struct claims *claims = out;
    enum atls_reason reason;

    claims->node_id = atls_reader_bytes(&in, ATLS_NODE_ID);
    claims->attest = atls_reader_u16_block(&in);
    if (in.failed || claims->attest.len == 0)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "EnactTrust: want a node ID of %d bytes, a quote after "
                        "its length, and a signature",
                        ATLS_NODE_ID);
    reason = atls_tpm_attest_parse(claims->attest, &claims->quote, why);
    if (reason == ATLS_OK)
        reason = atls_tpm_signature_parse(atls_view(in.at, in.left),
                                          &claims->signature, why);
    if (reason != ATLS_OK)
        return reason;
    *nonce = claims->quote.extra_data;
    if (nonce->len == 0)
        return atls_why(why, ATLS_NONCE_MISSING,
                        "EnactTrust: want the challenge as extraData of the "
                        "quote, found none; an agent that cannot be given one "
                        "shows nothing of this connection");
    return ATLS_OK;
}

static struct atls_view signer(const void *in)
{
    const struct claims *claims = in;

    return claims->node_id;
}

static enum atls_reason verify(const void *in, EVP_PKEY *key,
                               struct atls_why *why)
{
    const struct claims *claims = in;

    return atls_tpm_signature_verify(&claims->signature, claims->attest, key,
                                     why);
}

static enum atls_reason judge(const void *in,
                              const struct atls_profile *profile, int64_t now,
                              struct atls_verdict *verdict)
{
    const struct claims *claims = in;
    const struct atls_tpm_bare_quote quote = {&claims->quote,
                                              claims->signature.hash};

    (void)now; /* a TPM's clock counts from its manufacture */
    return atls_tpm_digest_judge(&quote, profile, verdict);
}

static void describe(const void *in, bool brief, atls_claim_fn *each, void *arg)
{
    const struct claims *claims = in;
    char node_id[ATLS_NODE_ID_TEXT];

    atls_node_id_text(claims->node_id, node_id);
    each(arg, "node_id", node_id);
    atls_claim_bytes(claims->quote.pcr_digest, "pcr_digest", each, arg);
    if (brief)
        return;
    atls_claim_bytes(claims->quote.extra_data, "nonce", each, arg);
    atls_tpm_describe_quote(&claims->quote, each, arg);
}

static void read_profile(const struct atls_node *node,
                         struct atls_profile *profile)
{
    atls_tpm_digest_read(node, profile);
    profile->types[profile->num_types++] = types[0];
}

static bool learn(const void *in, json_t *profile)
{
    const struct claims *claims = in;

    return atls_tpm_digest_learn(&claims->quote, profile);
}

const struct atls_format atls_format_enacttrust = {
    .name = "enacttrust",
    .submod = "TPM_ENACTTRUST",
    .types = types,
    .claims_size = sizeof(struct claims),
    .takes_rsa = true,
    .anchor_name = ATLS_ANCHOR_BY_NODE,
    .parse = parse,
    .signer = signer,
    .verify = verify,
    .judge = judge,
    .describe = describe,
    .keys = atls_digest_keys,
    .read = read_profile,
    .reference_free = atls_tpm_digest_reference_free,
    .learn = learn,
};
