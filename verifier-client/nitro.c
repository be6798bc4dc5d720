/* SPDX-License-Identifier: Apache-2.0
 *
 * Nitro attestation documents, judged. The signer's certificate lives three
 * hours and ends a chain from the root that AWS publishes; the root that the
 * document itself brings counts for nothing. What a document says and may say
 * is in nitro_claims.c.
 */
#include "nitro.h"

#include <inttypes.h>
#include <stdio.h>

#include <openssl/x509v3.h>

#include "base64url.h"
#include "claim.h"

static enum atls_reason read_one(struct atls_view der, STACK_OF(X509) * chain,
                                 struct atls_why *why)
{
    int num = sk_X509_num(chain);
    enum atls_reason reason = atls_chain_read(der, chain, why);

    if (reason == ATLS_OK && sk_X509_num(chain) != num + 1)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "Nitro document: want one certificate in DER");
    return reason;
}

/* "Nitro Enclaves Attestation Process", 3.2.3: the bundle begins with the root,
 * which is left out, and ends with the issuer of the certificate. */
static enum atls_reason read_chain(const struct atls_nitro_claims *document,
                                   STACK_OF(X509) * leaf,
                                   STACK_OF(X509) * others,
                                   struct atls_why *why)
{
    enum atls_reason reason = read_one(document->certificate, leaf, why);

    for (size_t i = 1; reason == ATLS_OK && i < document->num_cabundle; i++)
        reason = read_one(document->cabundle[i], others, why);
    return reason;
}

/* The same, 3.2.3.3: digitalSignature, and no CA. */
static enum atls_reason check_leaf(X509 *leaf, struct atls_why *why)
{
    if (X509_check_ca(leaf) == 0 &&
        (X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE) != 0 &&
        X509_get_key_usage(leaf) != UINT32_MAX)
        return ATLS_OK;
    return atls_why(why, ATLS_CHAIN_UNTRUSTED,
                    "Nitro document: want a certificate that may sign and is "
                    "no CA");
}

static enum atls_reason verify_with(const struct atls_nitro_claims *document,
                                    const struct atls_profile *profile,
                                    STACK_OF(X509) * leaves,
                                    STACK_OF(X509) * others, int64_t now,
                                    struct atls_why *why)
{
    enum atls_reason reason = read_chain(document, leaves, others, why);
    struct atls_chain_check check = {
        .anchors = &profile->anchors, .others = others, .now = now};

    if (reason != ATLS_OK)
        return reason;
    check.leaf = sk_X509_value(leaves, 0);
    reason = atls_chain_verify(&check, why);
    if (reason == ATLS_OK)
        reason = check_leaf(check.leaf, why);
    if (reason == ATLS_OK)
        reason = atls_cose_sign1_verify(
            &document->message, X509_get0_pubkey(check.leaf), NULL, why);
    return reason;
}

static enum atls_reason verify_chain(const void *claims,
                                     const struct atls_profile *profile,
                                     int64_t now, struct atls_why *why)
{
    ATLS_AUTO_CHAIN STACK_OF(X509) *leaves = sk_X509_new_null();
    ATLS_AUTO_CHAIN STACK_OF(X509) *others = sk_X509_new_null();

    if (leaves == NULL || others == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return verify_with(claims, profile, leaves, others, now, why);
}

static enum atls_reason check_age(const struct atls_nitro_claims *document,
                                  const struct atls_profile *profile,
                                  int64_t now, struct atls_why *why)
{
    const struct atls_nitro_reference *reference = profile->reference;
    int64_t then = document->timestamp_ms / 1000;
    int64_t age = now > then ? now - then : then - now;

    if (age <= reference->max_age_s)
        return ATLS_OK;
    return atls_why(why, ATLS_EVIDENCE_STALE,
                    "profile %s: timestamp: want at most %" PRId64 " s from "
                    "now, found %" PRId64 " s %s: look at both clocks, or at "
                    "\"max_age\"",
                    profile->name, reference->max_age_s, age,
                    now > then ? "ago" : "ahead");
}

static enum atls_reason check_debug(const struct atls_nitro_claims *document,
                                    const struct atls_profile *profile,
                                    struct atls_why *why)
{
    const struct atls_nitro_reference *reference = profile->reference;

    if (reference->takes_debug || !atls_nitro_is_debug(document))
        return ATLS_OK;
    return atls_why(why, ATLS_DEBUG_REFUSED,
                    "profile %s: PCR0, PCR1 and PCR2 are zero: the enclave "
                    "runs in debug mode, and its parent can read its console; "
                    "start it without --debug-mode",
                    profile->name);
}

static enum atls_reason check_pcr(const struct atls_nitro_claims *document,
                                  unsigned index,
                                  const struct atls_profile *profile,
                                  struct atls_why *why)
{
    const struct atls_nitro_reference *reference = profile->reference;
    const struct atls_values *wanted = &reference->pcrs[index];
    struct atls_view seen = document->pcrs[index];
    char want[2 * ATLS_NITRO_PCR + 1], found[sizeof(want)];

    if (wanted->num == 0 || atls_values_have(wanted, seen))
        return ATLS_OK;
    if (seen.len == 0)
        return atls_why(why, ATLS_PCR_MISSING,
                        "profile %s: want PCR%u, found none", profile->name,
                        index);
    atls_hex(atls_view(wanted->bytes, wanted->value_len), want, sizeof(want));
    atls_hex(seen, found, sizeof(found));
    return atls_why(why, ATLS_PCR_MISMATCH,
                    "profile %s: PCR%u: want %s%s, found %s", profile->name,
                    index, want, wanted->num > 1 ? " or another listed" : "",
                    found);
}

static enum atls_reason check_module(const struct atls_nitro_claims *document,
                                     const struct atls_profile *profile,
                                     struct atls_why *why)
{
    const struct atls_nitro_reference *reference = profile->reference;
    char seen[ATLS_NITRO_MAX_ID];

    for (size_t i = 0; i < reference->num_module_ids; i++)
        if (atls_view_is(document->module_id, reference->module_ids[i].text))
            return ATLS_OK;
    if (reference->num_module_ids == 0)
        return ATLS_OK;
    atls_claim_ascii(document->module_id, seen, sizeof(seen));
    return atls_why(why, ATLS_INSTANCE_REFUSED,
                    "profile %s: module_id: %s is not in its list",
                    profile->name, seen);
}

/* An absent field is empty. */
static enum atls_reason check_data(struct atls_view data, const char *name,
                                   const struct atls_values *wanted,
                                   const struct atls_profile *profile,
                                   struct atls_why *why)
{
    const void *from = data.len > 0 ? data.data : (const void *)"";
    uint8_t digest[EVP_MAX_MD_SIZE];
    char seen[2 * EVP_MAX_MD_SIZE + 1];
    size_t len = 0;

    if (wanted->num == 0)
        return ATLS_OK;
    if (EVP_Q_digest(NULL, "SHA2-256", NULL, from, data.len, digest, &len) != 1)
        return atls_why(why, ATLS_CRYPTO_FAILED, "libcrypto has no SHA-256");
    if (atls_values_have(wanted, atls_view(digest, len)))
        return ATLS_OK;
    atls_hex(atls_view(digest, len), seen, sizeof(seen));
    return atls_why(why, ATLS_CONFIGURATION_REFUSED,
                    "profile %s: %s: SHA-256 %s of its %zu bytes is not in its "
                    "list",
                    profile->name, name, seen, data.len);
}

/* draft-ietf-rats-ar4si, 2.3 */
enum {
    AFFIRMED = 2,      /* instance-identity, hardware, configuration */
    APPROVED_BOOT = 3, /* executables: what the enclave started with */
    UNRECOGNIZED_RUNTIME = 33,
    CONTRAINDICATED = 96, /* instance-identity, configuration */
    UNRECOGNIZED = 97,
};

/* An enclave's memory is not encrypted, but the hypervisor's alone: AR4SI has
 * only a warning for that, so nothing is said of runtime-opaque. */
static enum atls_reason accept(const struct atls_nitro_reference *reference,
                               struct atls_verdict *verdict)
{
    verdict->vector[ATLS_INSTANCE_IDENTITY] = AFFIRMED;
    verdict->vector[ATLS_HARDWARE] = AFFIRMED;
    verdict->vector[ATLS_CONFIGURATION] = AFFIRMED;
    if (reference->pcrs[0].num > 0)
        verdict->vector[ATLS_EXECUTABLES] = APPROVED_BOOT;
    return atls_verdict_accept(verdict);
}

static enum atls_reason
check_configuration(const struct atls_nitro_claims *document,
                    const struct atls_profile *profile, int64_t now,
                    struct atls_why *why)
{
    const struct atls_nitro_reference *reference = profile->reference;
    enum atls_reason reason = check_age(document, profile, now, why);

    if (reason == ATLS_OK)
        reason = check_debug(document, profile, why);
    if (reason == ATLS_OK)
        reason = check_data(document->user_data, "user_data",
                            &reference->user_data, profile, why);
    if (reason == ATLS_OK)
        reason = check_data(document->public_key, "public_key",
                            &reference->public_key, profile, why);
    return reason;
}

static enum atls_reason judge(const void *claims,
                              const struct atls_profile *profile, int64_t now,
                              struct atls_verdict *verdict)
{
    const struct atls_nitro_claims *document = claims;
    struct atls_why why = {0};

    if (check_configuration(document, profile, now, &why) != ATLS_OK)
        return atls_verdict_refuse(verdict, ATLS_CONFIGURATION, CONTRAINDICATED,
                                   &why);
    if (check_module(document, profile, &why) != ATLS_OK)
        return atls_verdict_refuse(verdict, ATLS_INSTANCE_IDENTITY,
                                   UNRECOGNIZED, &why);
    for (unsigned i = 0; i < ATLS_NITRO_NUM_PCRS; i++)
        if (check_pcr(document, i, profile, &why) != ATLS_OK)
            return atls_verdict_refuse(verdict, ATLS_EXECUTABLES,
                                       UNRECOGNIZED_RUNTIME, &why);
    return accept(profile->reference, verdict);
}

/* No key of the document's own can be an anchor. */
static struct atls_view signer(const void *claims)
{
    (void)claims;
    return atls_view(NULL, 0);
}

static void describe_pcrs(const struct atls_nitro_claims *document, bool brief,
                          atls_claim_fn *each, void *arg)
{
    unsigned num = brief ? 3 : ATLS_NITRO_NUM_PCRS;
    char name[8];

    for (unsigned i = 0; i < num; i++) {
        snprintf(name, sizeof(name), "pcr%u", i);
        if (document->pcrs[i].len > 0)
            atls_claim_bytes(document->pcrs[i], name, each, arg);
    }
}

static void describe_lens(const struct atls_nitro_claims *document,
                          atls_claim_fn *each, void *arg)
{
    atls_claim_number((int64_t)document->certificate.len, "certificate_bytes",
                      each, arg);
    atls_claim_number((int64_t)document->num_cabundle, "cabundle_certificates",
                      each, arg);
}

static void describe(const void *claims, bool brief, atls_claim_fn *each,
                     void *arg)
{
    const struct atls_nitro_claims *document = claims;

    atls_claim_text(document->module_id, "module_id", each, arg);
    describe_pcrs(document, brief, each, arg);
    if (atls_nitro_is_debug(document))
        each(arg, "debug", "yes");
    if (brief)
        return;
    atls_claim_number(document->timestamp_ms, "timestamp_ms", each, arg);
    if (document->nonce.len > 0)
        atls_claim_bytes(document->nonce, "nonce", each, arg);
    if (document->user_data.len > 0)
        atls_claim_bytes(document->user_data, "user_data", each, arg);
    if (document->public_key.len > 0)
        atls_claim_bytes(document->public_key, "public_key", each, arg);
    describe_lens(document, each, arg);
}

const struct atls_format atls_format_nitro = {
    .name = "nitro",
    .submod = "AWS_NITRO",
    .types = atls_nitro_types,
    .claims_size = sizeof(struct atls_nitro_claims),
    .parse = atls_nitro_parse,
    .signer = signer,
    .verify_chain = verify_chain,
    .judge = judge,
    .describe = describe,
    .keys = atls_nitro_keys,
    .read = atls_nitro_read,
    .reference_free = atls_nitro_reference_free,
    .learn = atls_nitro_learn,
};
