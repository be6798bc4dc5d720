/* SPDX-License-Identifier: Apache-2.0
 *
 * TPM quotes. What the TPM signed is TPMS_ATTEST alone: PCR values, kid,
 * certificate and event log stand beside it unsigned. The values become
 * trustworthy through the digest in the quote, the log through the values; of
 * the rest nothing is used but kid, as a hint to the key, and the certificate,
 * where a profile of tpm_cert.h verifies it.
 */
#include "tpm.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "cbor.h"

ATLS_AUTO_FREE(EVP_MD_CTX, EVP_MD_CTX_free)
ATLS_AUTO_FREE(EVP_MD, EVP_MD_free)

const char *const atls_tpm_types[] = {"application/vnd.atls.tpm-quote+cbor",
                                      NULL};

enum { KID = 32 }; /* bytes: SHA-256 of the AK's SPKI */

static void take_bank(struct atls_cbor *in, int hash,
                      struct atls_tpm_bank *bank)
{
    struct atls_cbor_iter entries;

    atls_cbor_map(in, &entries);
    while (atls_cbor_next(in, &entries)) {
        uint64_t index = atls_cbor_uint(in);
        struct atls_view value = atls_cbor_bytes(in);

        if (index >= ATLS_TPM_NUM_PCRS ||
            value.len != atls_tpm_hashes[hash].len) {
            atls_cbor_fail(in);
            return;
        }
        bank->mask |= 1u << index;
        bank->values[index] = value.data;
    }
}

/* {TPM_ALG: {index: digest}}; the decoder refuses a bank or an index that
 * stands there twice. */
static bool take_pcrs(struct atls_cbor *in, struct atls_tpm_claims *claims)
{
    struct atls_cbor_iter banks;
    bool is_supported = true;

    atls_cbor_map(in, &banks);
    while (atls_cbor_next(in, &banks)) {
        int hash = atls_tpm_hash_index(atls_cbor_uint(in));

        if (hash >= 0) {
            take_bank(in, hash, &claims->banks[hash]);
            continue;
        }
        is_supported = false;
        (void)atls_cbor_skip(in);
    }
    return is_supported;
}

/* Still encoded parts of the map. */
struct parts {
    struct atls_view signature, ak_pub;
    bool has_pcrs, has_banks; /* has_banks: all of them have a known hash */
};

static void take_entry(struct atls_cbor *in, struct atls_tpm_claims *claims,
                       struct parts *parts)
{
    struct atls_view key = atls_cbor_text(in);

    if (atls_view_is(key, "attest")) {
        claims->attest_bytes = atls_cbor_bytes(in);
    } else if (atls_view_is(key, "signature")) {
        parts->signature = atls_cbor_bytes(in);
    } else if (atls_view_is(key, "kid")) {
        claims->kid = atls_cbor_bytes(in);
    } else if (atls_view_is(key, "pcrs")) {
        parts->has_pcrs = true;
        parts->has_banks = take_pcrs(in, claims);
    } else if (atls_view_is(key, "ak_pub")) {
        claims->has_public = true;
        parts->ak_pub = atls_cbor_bytes(in);
    } else if (atls_view_is(key, "ak_cert")) {
        claims->ak_cert = atls_cbor_bytes(in);
    } else if (atls_view_is(key, "eventlog")) {
        claims->eventlog = atls_cbor_bytes(in);
    } else if (atls_view_is(key, "hcl_report")) {
        claims->hcl_report = atls_cbor_bytes(in);
    } else if (atls_view_is(key, "certificates")) {
        claims->certificates = atls_cbor_bytes(in);
    } else if (atls_view_is(key, "td_quote")) {
        claims->td_quote = atls_cbor_bytes(in);
    } else {
        atls_cbor_fail(in);
    }
}

static enum atls_reason take_map(struct atls_view value,
                                 struct atls_tpm_claims *claims,
                                 struct parts *parts, struct atls_why *why)
{
    struct atls_cbor in = atls_cbor(value);
    struct atls_cbor_iter entries;

    atls_cbor_map(&in, &entries);
    while (atls_cbor_next(&in, &entries))
        take_entry(&in, claims, parts);
    if (!atls_cbor_done(&in) || claims->kid.len != KID || !parts->has_pcrs ||
        claims->attest_bytes.data == NULL || parts->signature.data == NULL ||
        (claims->hcl_report.len == 0 &&
         (claims->certificates.len > 0 || claims->td_quote.len > 0)))
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "TPM quote: want a map with attest, signature, pcrs "
                        "and a kid of %d bytes, and no unknown key",
                        KID);
    if (!parts->has_banks)
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "TPM quote: pcrs: want banks of SHA-256, SHA-384 or "
                        "SHA-512, found another");
    return ATLS_OK;
}

static enum atls_reason take_parts(const struct parts *parts,
                                   struct atls_tpm_claims *claims,
                                   struct atls_why *why)
{
    enum atls_reason reason =
        atls_tpm_attest_parse(claims->attest_bytes, &claims->attest, why);

    if (reason == ATLS_OK)
        reason =
            atls_tpm_signature_parse(parts->signature, &claims->signature, why);
    if (reason == ATLS_OK && claims->has_public)
        reason = atls_tpm_public_parse(parts->ak_pub, "ak_pub", &claims->public,
                                       why);
    return reason;
}

static enum atls_reason parse(struct atls_view value, void *out,
                              struct atls_view *nonce, struct atls_why *why)
{
    struct atls_tpm_claims *claims = out;
    struct parts parts = {.has_pcrs = false};
    enum atls_reason reason = take_map(value, claims, &parts, why);

    if (reason == ATLS_OK)
        reason = take_parts(&parts, claims, why);
    if (reason != ATLS_OK)
        return reason;
    *nonce = claims->attest.extra_data;
    if (nonce->len == 0)
        return atls_why(why, ATLS_NONCE_MISSING,
                        "TPM quote: want extraData, found none");
    return ATLS_OK;
}

/* One whose key the policy has; the others are of vtpm.h. */
static bool matches(struct atls_view value)
{
    struct atls_tpm_claims claims = {.has_public = false};
    struct atls_view nonce;

    (void)!parse(value, &claims, &nonce, NULL);
    return claims.hcl_report.len == 0;
}

static struct atls_view certificate(const void *claims)
{
    const struct atls_tpm_claims *quote = claims;

    return quote->ak_cert;
}

static struct atls_view signer(const void *claims)
{
    const struct atls_tpm_claims *quote = claims;

    return quote->kid;
}

/* An unrestricted key would sign a TPMS_ATTEST that its owner made up. ak_pub
 * is not signed, so this finds mistakes and not lies: that a trust anchor is a
 * restricted key of a TPM must be known to whoever makes it one. */
static enum atls_reason check_key(const struct atls_tpm_claims *quote,
                                  EVP_PKEY *key, struct atls_why *why)
{
    if (!quote->has_public)
        return ATLS_OK;
    if (!atls_tpm_public_is(&quote->public, key))
        return atls_why(why, ATLS_AK_UNFIT,
                        "TPM quote: ak_pub is not the trust anchor's key");
    if (!atls_tpm_public_is_ak(&quote->public))
        return atls_why(why, ATLS_AK_UNFIT,
                        "TPM quote: want a key with restricted, sign, "
                        "fixedTPM, fixedParent, sensitiveDataOrigin, found "
                        "attributes %08" PRIx32,
                        quote->public.attributes);
    return ATLS_OK;
}

static enum atls_reason verify(const void *claims, EVP_PKEY *key,
                               struct atls_why *why)
{
    const struct atls_tpm_claims *quote = claims;
    enum atls_reason reason = atls_tpm_signature_verify(
        &quote->signature, quote->attest_bytes, key, why);

    return reason == ATLS_OK ? check_key(quote, key, why) : reason;
}

/* A quoted bank and the values beside it have the same PCRs. */
static enum atls_reason check_selection(const struct atls_tpm_claims *quote,
                                        struct atls_why *why)
{
    const struct atls_tpm_attest *attest = &quote->attest;
    uint32_t quoted[ATLS_TPM_NUM_HASHES] = {0};

    for (size_t i = 0; i < attest->num_selections; i++)
        quoted[attest->selections[i].hash] = attest->selections[i].mask;
    for (int i = 0; i < ATLS_TPM_NUM_HASHES; i++)
        if (quoted[i] != quote->banks[i].mask)
            return atls_why(why, ATLS_PCR_DIGEST,
                            "TPM quote: %s: quoted are PCRs %06" PRIx32
                            ", values came for %06" PRIx32,
                            atls_tpm_hashes[i].name, quoted[i],
                            quote->banks[i].mask);
    return ATLS_OK;
}

static bool update(EVP_MD_CTX *context, const struct atls_tpm_claims *quote,
                   const struct atls_tpm_selection *selection)
{
    const struct atls_tpm_bank *bank = &quote->banks[selection->hash];
    size_t len = atls_tpm_hashes[selection->hash].len;

    for (unsigned i = 0; i < ATLS_TPM_NUM_PCRS; i++)
        if ((selection->mask >> i & 1) != 0 &&
            EVP_DigestUpdate(context, bank->values[i], len) != 1)
            return false;
    return true;
}

/* Part 3, 18.4: the digest is by the signature scheme's hash, whatever the
 * banks are, over the PCRs in the order of the selection. */
static bool digest_pcrs(const struct atls_tpm_claims *quote,
                        uint8_t digest[EVP_MAX_MD_SIZE], unsigned *len)
{
    const char *name = atls_tpm_hashes[quote->signature.hash].digest_name;
    ATLS_AUTO(EVP_MD) *algorithm = EVP_MD_fetch(NULL, name, NULL);
    ATLS_AUTO(EVP_MD_CTX) *context = EVP_MD_CTX_new();
    bool is_good = algorithm != NULL && context != NULL &&
                   EVP_DigestInit_ex2(context, algorithm, NULL) == 1;

    for (size_t i = 0; is_good && i < quote->attest.num_selections; i++)
        is_good = update(context, quote, &quote->attest.selections[i]);
    return is_good && EVP_DigestFinal_ex(context, digest, len) == 1;
}

static enum atls_reason check_digest(const struct atls_tpm_claims *quote,
                                     struct atls_why *why)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    char want[2 * ATLS_TPM_MAX_HASH + 1], seen[sizeof(want)];
    unsigned len = 0;

    if (!digest_pcrs(quote, digest, &len))
        return atls_why(why, ATLS_CRYPTO_FAILED,
                        "TPM quote: libcrypto cannot digest the PCRs");
    if (atls_view_equal(atls_view(digest, len), quote->attest.pcr_digest))
        return ATLS_OK;
    atls_hex(quote->attest.pcr_digest, want, sizeof(want));
    atls_hex(atls_view(digest, len), seen, sizeof(seen));
    return atls_why(why, ATLS_PCR_DIGEST,
                    "TPM quote: pcrDigest: quoted is %s, the values beside it "
                    "give %s",
                    want, seen);
}

static enum atls_reason check_pcr(const struct atls_tpm_claims *quote,
                                  const struct atls_profile *profile,
                                  const struct atls_tpm_pcr *pcr,
                                  struct atls_why *why)
{
    const struct atls_tpm_hash *hash = &atls_tpm_hashes[pcr->hash];
    const uint8_t *value = quote->banks[pcr->hash].values[pcr->index];
    char want[2 * ATLS_TPM_MAX_HASH + 1], seen[sizeof(want)];

    if (value == NULL)
        return atls_why(why, ATLS_PCR_MISSING,
                        "profile %s: want PCR %s:%u, the quote lacks it: add "
                        "it to the attester's pcrs",
                        profile->name, hash->name, pcr->index);
    if (atls_values_have(&pcr->values, atls_view(value, hash->len)))
        return ATLS_OK;
    atls_hex(atls_view(pcr->values.bytes, hash->len), want, sizeof(want));
    atls_hex(atls_view(value, hash->len), seen, sizeof(seen));
    return atls_why(why, ATLS_PCR_MISMATCH,
                    "profile %s: PCR %s:%u: want %s%s, found %s; add it to the "
                    "policy if that boot is meant",
                    profile->name, hash->name, pcr->index, want,
                    pcr->values.num > 1 ? " or another listed" : "", seen);
}

enum atls_reason
atls_tpm_check_firmware(const struct atls_tpm_attest *attest,
                        const struct atls_tpm_reference *reference,
                        const struct atls_profile *profile,
                        struct atls_why *why)
{
    const struct atls_values *wanted = &reference->firmware_versions;
    uint64_t version = attest->firmware_version;
    uint8_t bytes[ATLS_TPM_FIRMWARE_VERSION];
    char want[2 * sizeof(bytes) + 1];

    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(version >> (8 * (sizeof(bytes) - 1 - i)));
    if (wanted->num == 0 ||
        atls_values_have(wanted, atls_view(bytes, sizeof(bytes))))
        return ATLS_OK;
    atls_hex(atls_view(wanted->bytes, wanted->value_len), want, sizeof(want));
    return atls_why(why, ATLS_FIRMWARE_REFUSED,
                    "profile %s: TPM firmware_version: want %s%s, found "
                    "%016" PRIx64,
                    profile->name, want,
                    wanted->num > 1 ? " or another listed" : "", version);
}

/* draft-ietf-rats-ar4si, 2.3 */
enum {
    NO_CLAIM = 0,
    AFFIRMED = 2,      /* instance-identity, hardware */
    APPROVED_BOOT = 3, /* executables */
    CRYPTO_FAILED = 99
};

/* The vector: the AK is known, and an AK is a TPM's own (hardware). PCRs are
 * what was booted, executables and their configuration in one. */
enum atls_reason atls_tpm_accept(bool has_reference,
                                 struct atls_verdict *verdict)
{
    verdict->vector[ATLS_INSTANCE_IDENTITY] = AFFIRMED;
    verdict->vector[ATLS_HARDWARE] = AFFIRMED;
    verdict->vector[ATLS_EXECUTABLES] =
        has_reference ? APPROVED_BOOT : NO_CLAIM;
    return atls_verdict_accept(verdict);
}

enum atls_reason atls_tpm_refuse(const struct atls_why *why,
                                 struct atls_verdict *verdict)
{
    enum { UNEXPECTED_EVIDENCE = 1, UNSAFE = 32, UNRECOGNIZED = 33 };

    if (why->reason == ATLS_FIRMWARE_REFUSED) /* genuine, but not accepted */
        return atls_verdict_refuse(verdict, ATLS_HARDWARE, UNSAFE, why);
    return atls_verdict_refuse(
        verdict, ATLS_EXECUTABLES,
        why->reason == ATLS_PCR_MISSING ? UNEXPECTED_EVIDENCE : UNRECOGNIZED,
        why);
}

static enum atls_reason judge(const void *claims,
                              const struct atls_profile *profile, int64_t now,
                              struct atls_verdict *verdict)
{
    const struct atls_tpm_claims *quote = claims;
    const struct atls_tpm_reference *reference = profile->reference;
    struct atls_why why = {0};

    (void)now; /* a TPM's clock counts from its manufacture */
    if (check_selection(quote, &why) != ATLS_OK ||
        check_digest(quote, &why) != ATLS_OK)
        return atls_verdict_refuse(verdict, ATLS_EXECUTABLES, CRYPTO_FAILED,
                                   &why);
    if (reference->wants_log &&
        atls_tpm_check_log(quote, profile, &why) != ATLS_OK)
        return atls_tpm_refuse(&why, verdict);
    for (size_t i = 0; i < reference->num_pcrs; i++)
        if (check_pcr(quote, profile, &reference->pcrs[i], &why) != ATLS_OK)
            return atls_tpm_refuse(&why, verdict);
    if (atls_tpm_check_firmware(&quote->attest, reference, profile, &why) !=
        ATLS_OK)
        return atls_tpm_refuse(&why, verdict);
    return atls_tpm_accept(reference->num_pcrs > 0, verdict);
}

static void describe_pcrs(const struct atls_tpm_claims *quote,
                          atls_claim_fn *each, void *arg)
{
    char name[32], text[2 * ATLS_TPM_MAX_HASH + 1];

    for (unsigned i = 0; i < ATLS_TPM_NUM_HASHES; i++)
        for (unsigned j = 0; j < ATLS_TPM_NUM_PCRS; j++) {
            const uint8_t *value = quote->banks[i].values[j];

            if (value == NULL)
                continue;
            snprintf(name, sizeof(name), "pcr_%s_%u", atls_tpm_hashes[i].name,
                     j);
            atls_hex(atls_view(value, atls_tpm_hashes[i].len), text,
                     sizeof(text));
            each(arg, name, text);
        }
}

static void describe_number(uint64_t number, const char *format,
                            const char *name, atls_claim_fn *each, void *arg)
{
    char text[32];

    if (format[0] == 'x')
        snprintf(text, sizeof(text), "%016" PRIx64, number);
    else
        snprintf(text, sizeof(text), "%" PRIu64, number);
    each(arg, name, text);
}

static void describe_bytes(struct atls_view bytes, const char *name,
                           atls_claim_fn *each, void *arg)
{
    char text[2 * ATLS_TPM_MAX_HASH + 8];

    atls_hex(bytes, text, sizeof(text));
    each(arg, name, text);
}

void atls_tpm_describe_quote(const struct atls_tpm_attest *attest,
                             atls_claim_fn *each, void *arg)
{
    char name[32], mask[8];

    describe_bytes(attest->qualified_signer, "qualified_signer", each, arg);
    describe_number(attest->firmware_version, "x", "firmware_version", each,
                    arg);
    describe_number(attest->clock_ms, "u", "clock_ms", each, arg);
    describe_number(attest->reset_count, "u", "reset_count", each, arg);
    describe_number(attest->restart_count, "u", "restart_count", each, arg);
    each(arg, "clock_safe", attest->is_safe ? "yes" : "no");
    for (size_t i = 0; i < attest->num_selections; i++) {
        snprintf(name, sizeof(name), "quoted_%s",
                 atls_tpm_hashes[attest->selections[i].hash].name);
        snprintf(mask, sizeof(mask), "%06" PRIx32,
                 attest->selections[i].mask & 0xffffff);
        each(arg, name, mask);
    }
}

void atls_tpm_describe_attributes(const struct atls_tpm_public *public,
                                  const char *name, atls_claim_fn *each,
                                  void *arg)
{
    describe_number(public->attributes, "x", name, each, arg);
}

static void describe(const void *claims, bool brief, atls_claim_fn *each,
                     void *arg)
{
    const struct atls_tpm_claims *quote = claims;
    const struct atls_tpm_attest *attest = &quote->attest;

    describe_bytes(quote->kid, "kid", each, arg);
    describe_bytes(attest->pcr_digest, "pcr_digest", each, arg);
    if (brief)
        return;
    describe_bytes(attest->extra_data, "nonce", each, arg);
    atls_tpm_describe_quote(attest, each, arg);
    each(arg, "signature_hash", atls_tpm_hashes[quote->signature.hash].name);
    describe_pcrs(quote, each, arg);
    if (quote->has_public)
        atls_tpm_describe_attributes(&quote->public, "ak_attributes", each,
                                     arg);
    if (quote->ak_cert.len > 0)
        describe_number(quote->ak_cert.len, "u", "ak_cert_bytes", each, arg);
    if (quote->eventlog.len > 0)
        describe_number(quote->eventlog.len, "u", "eventlog_bytes", each, arg);
}

const struct atls_format atls_format_tpm = {
    .name = "tpm",
    .submod = "TPM",
    .types = atls_tpm_types,
    .claims_size = sizeof(struct atls_tpm_claims),
    .takes_rsa = true,
    .matches = matches,
    .certificate = certificate,
    .parse = parse,
    .signer = signer,
    .verify = verify,
    .judge = judge,
    .describe = describe,
    .keys = atls_tpm_keys,
    .read = atls_tpm_read,
    .reference_free = atls_tpm_reference_free,
    .learn = atls_tpm_learn,
};
