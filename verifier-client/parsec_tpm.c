/* SPDX-License-Identifier: Apache-2.0
 *
 * Key attestation by a TPM, in the format of Parsec (CCC-Attestation's
 * attested-tls-poc, doc/parsec-evidence-tpm.md), which attest:tpm makes, too: a
 * key attestation token, where the TPM certifies the TLS key, and a platform
 * attestation token, a quote. Both must be signed by one attestation key over
 * one nonce. What is certified is a Name, the digest of the key's public area,
 * which alone says that the key was made in the TPM and never leaves it. That
 * the attestation key is a restricted one is for whoever makes it a trust
 * anchor to know: its own public area does not travel.
 */
#include <inttypes.h>
#include <string.h>

#include <openssl/crypto.h>

#include "cbor.h"
#include "claim.h"
#include "tpm_digest.h"

struct token { /* still encoded */
    struct atls_view version, kid, signature, attest, public_area;
};

struct claims { /* views into the record's value */
    struct token key, platform;
    struct atls_tpm_certify certify;
    struct atls_tpm_attest quote;
    struct atls_tpm_signature key_signature, platform_signature;
    struct atls_tpm_public public;
};

static const char *const types[] = {
    "application/vnd.parallaxsecond.key-attestation.tpm", NULL};

/* parsecTpmKeyStmtFormat and parsecTpmPlatStmtFormat: the names of their
 * fields differ, and their order is free. */
static void take_token(struct atls_cbor *in, bool is_key, struct token *out)
{
    struct atls_cbor_iter entries;

    atls_cbor_map(in, &entries);
    while (atls_cbor_next(in, &entries)) {
        struct atls_view label = atls_cbor_text(in);

        if (atls_view_is(label, "tpmVer"))
            out->version = atls_cbor_text(in);
        else if (atls_view_is(label, "kid"))
            out->kid = atls_cbor_bytes(in);
        else if (atls_view_is(label, "sig"))
            out->signature = atls_cbor_bytes(in);
        else if (atls_view_is(label, is_key ? "certInfo" : "attestInfo"))
            out->attest = atls_cbor_bytes(in);
        else if (is_key && atls_view_is(label, "pubArea"))
            out->public_area = atls_cbor_bytes(in);
        else
            atls_cbor_fail(in);
    }
}

static bool is_whole(const struct token *token)
{
    return atls_view_is(token->version, "2.0") && token->kid.len > 0 &&
           token->signature.len > 0 && token->attest.len > 0;
}

static enum atls_reason take_tokens(struct atls_view value,
                                    struct claims *claims, struct atls_why *why)
{
    struct atls_cbor in = atls_cbor(value);
    struct atls_cbor_iter entries;

    atls_cbor_map(&in, &entries);
    while (atls_cbor_next(&in, &entries)) {
        struct atls_view label = atls_cbor_text(&in);

        if (atls_view_is(label, "kat"))
            take_token(&in, true, &claims->key);
        else if (atls_view_is(label, "pat"))
            take_token(&in, false, &claims->platform);
        else
            atls_cbor_fail(&in);
    }
    if (!atls_cbor_done(&in) || !is_whole(&claims->key) ||
        !is_whole(&claims->platform) || claims->key.public_area.len == 0)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "TPM key attestation: want kat and pat of TPM 2.0, "
                        "each with kid, sig and what is signed, kat with "
                        "pubArea, and no unknown key");
    if (!atls_view_equal(claims->key.kid, claims->platform.kid))
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "TPM key attestation: want one kid in kat and pat, "
                        "found two");
    return ATLS_OK;
}

static enum atls_reason parse_parts(struct claims *claims, struct atls_why *why)
{
    enum atls_reason reason =
        atls_tpm_certify_parse(claims->key.attest, &claims->certify, why);

    if (reason == ATLS_OK)
        reason = atls_tpm_signature_parse(claims->key.signature,
                                          &claims->key_signature, why);
    if (reason == ATLS_OK)
        reason = atls_tpm_public_parse(claims->key.public_area, "pubArea",
                                       &claims->public, why);
    if (reason == ATLS_OK)
        reason =
            atls_tpm_attest_parse(claims->platform.attest, &claims->quote, why);
    if (reason == ATLS_OK)
        reason = atls_tpm_signature_parse(claims->platform.signature,
                                          &claims->platform_signature, why);
    return reason;
}

static enum atls_reason parse(struct atls_view value, void *out,
                              struct atls_view *nonce, struct atls_why *why)
{
    struct claims *claims = out;
    enum atls_reason reason = take_tokens(value, claims, why);

    if (reason == ATLS_OK)
        reason = parse_parts(claims, why);
    if (reason != ATLS_OK)
        return reason;
    *nonce = claims->certify.extra_data;
    if (nonce->len == 0 || claims->quote.extra_data.len == 0)
        return atls_why(why, ATLS_NONCE_MISSING,
                        "TPM key attestation: want extraData in kat and in "
                        "pat, found none");
    return ATLS_OK;
}

static bool is_equal(struct atls_view a, struct atls_view b)
{
    return a.len == b.len && a.len > 0 &&
           CRYPTO_memcmp(a.data, b.data, a.len) == 0;
}

/* A key attestation of now beside a quote of yesterday would say nothing of
 * what runs now, and the other way round. */
static bool is_challenge(const void *in, struct atls_view binder)
{
    const struct claims *claims = in;

    return is_equal(claims->certify.extra_data, binder) &&
           is_equal(claims->quote.extra_data, binder);
}

static enum atls_reason subject_key(const void *in, EVP_PKEY **key,
                                    struct atls_why *why)
{
    const struct claims *claims = in;
    enum atls_reason reason = atls_tpm_public_is_named(
        &claims->public, claims->key.public_area, claims->certify.name, why);

    if (reason != ATLS_OK)
        return reason;
    if (!atls_tpm_public_is_inside(&claims->public))
        return atls_why(why, ATLS_TLS_KEY_UNFIT,
                        "TPM key attestation: want a TLS key with sign, "
                        "fixedTPM, fixedParent, sensitiveDataOrigin, found "
                        "attributes %08" PRIx32,
                        claims->public.attributes);
    return atls_tpm_public_key(&claims->public, key, why);
}

static struct atls_view signer(const void *in)
{
    const struct claims *claims = in;

    return claims->key.kid;
}

static enum atls_reason verify(const void *in, EVP_PKEY *key,
                               struct atls_why *why)
{
    const struct claims *claims = in;
    enum atls_reason reason = atls_tpm_signature_verify(
        &claims->key_signature, claims->key.attest, key, why);

    if (reason == ATLS_OK)
        reason = atls_tpm_signature_verify(&claims->platform_signature,
                                           claims->platform.attest, key, why);
    return reason;
}

static enum atls_reason judge(const void *in,
                              const struct atls_profile *profile, int64_t now,
                              struct atls_verdict *verdict)
{
    const struct claims *claims = in;
    const struct atls_tpm_bare_quote quote = {&claims->quote,
                                              claims->platform_signature.hash};

    (void)now; /* a TPM's clock counts from its manufacture */
    return atls_tpm_digest_judge(&quote, profile, verdict);
}

static void describe(const void *in, bool brief, atls_claim_fn *each, void *arg)
{
    const struct claims *claims = in;
    struct atls_view name = claims->certify.name;

    atls_claim_bytes(claims->key.kid, "kid", each, arg);
    atls_claim_bytes(claims->quote.pcr_digest, "pcr_digest", each, arg);
    atls_claim_key(subject_key, claims, "tls_key", each, arg);
    if (brief)
        return;
    atls_claim_bytes(claims->certify.extra_data, "nonce", each, arg);
    atls_claim_bytes(claims->quote.extra_data, "quote_nonce", each, arg);
    atls_claim_bytes(name, "tls_key_name", each, arg);
    atls_tpm_describe_quote(&claims->quote, each, arg);
    atls_tpm_describe_attributes(&claims->public, "tls_key_attributes", each,
                                 arg);
}

/* An AK is the key of one TPM, so the trust anchors name instances. */
static void read_profile(const struct atls_node *node,
                         struct atls_profile *profile)
{
    atls_tpm_digest_read(node, profile);
    profile->types[profile->num_types++] = types[0];
    profile->names_instance = true;
}

static bool learn(const void *in, json_t *profile)
{
    const struct claims *claims = in;

    return atls_tpm_digest_learn(&claims->quote, profile);
}

const struct atls_format atls_format_parsec_tpm = {
    .name = "parsec-tpm",
    .submod = "PARSEC_TPM",
    .types = types,
    .claims_size = sizeof(struct claims),
    .takes_rsa = true,
    .anchor_name = ATLS_ANCHOR_BY_INSTANCE,
    .parse = parse,
    .is_challenge = is_challenge,
    .subject_key = subject_key,
    .signer = signer,
    .verify = verify,
    .judge = judge,
    .describe = describe,
    .keys = atls_digest_keys,
    .read = read_profile,
    .reference_free = atls_tpm_digest_reference_free,
    .learn = learn,
};
