/* SPDX-License-Identifier: Apache-2.0
 *
 * Key attestation by an Arm CCA realm, in the format of Parsec
 * (CCC-Attestation's attested-tls-poc, doc/parsec-evidence-cca.md): a key
 * attestation token of the TLS key and the nonce, which nobody signs, and a CCA
 * token whose realm challenge is its digest. So the nonce is fresh if the
 * digest is right. That the realm made the key and keeps it is the word of the
 * realm's own code, and worth what its measurements are.
 */
#include <string.h>

#include <openssl/crypto.h>

#include "cca.h"
#include "claim.h"
#include "cose_key.h"

struct claims {           /* views into the record's value */
    struct atls_view kat; /* its encoding */
    struct atls_view nonce;
    struct atls_cose_key key;
    struct atls_cca_claims token;
};

static const char *const types[] = {
    "application/vnd.parallaxsecond.key-attestation.cca", NULL};

/* UCCS-KAT: Unprotected CWT Claims Set (RFC 9781) */
enum { TAG_UCCS = 601, CNF = 8, NONCE = 10, COSE_KEY = 1 };
enum { MIN_NONCE = 8, MAX_NONCE = 64, DIGEST = 64 };

/* RFC 8747, 3.1: here always the key itself */
static void take_confirmation(struct atls_cbor *in, struct claims *claims)
{
    struct atls_cbor_iter entries;

    atls_cbor_map(in, &entries);
    while (atls_cbor_next(in, &entries)) {
        if (atls_cbor_int(in) != COSE_KEY)
            atls_cbor_fail(in);
        atls_cose_key_take(in, &claims->key);
    }
}

/* Claims that are not known here mean nothing to us (RFC 8392, 3). */
static enum atls_reason parse_kat(struct claims *claims, struct atls_why *why)
{
    struct atls_cbor in = atls_cbor(claims->kat);
    struct atls_cbor_iter entries;

    if (atls_cbor_tag(&in) != TAG_UCCS)
        atls_cbor_fail(&in);
    atls_cbor_map(&in, &entries);
    while (atls_cbor_next(&in, &entries))
        switch (atls_cbor_int(&in)) {
        case CNF:
            take_confirmation(&in, claims);
            break;
        case NONCE:
            claims->nonce = atls_cbor_bytes(&in);
            break;
        default:
            (void)atls_cbor_skip(&in);
        }
    if (!atls_cbor_done(&in) || claims->key.curve == NULL ||
        claims->nonce.len > MAX_NONCE)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "CCA key attestation: kat: want tag 601 around a nonce "
                        "of 8 to 64 bytes and an EC key in cnf");
    if (claims->nonce.len < MIN_NONCE)
        return atls_why(why, ATLS_NONCE_MISSING,
                        "CCA key attestation: kat: want a nonce of 8 to 64 "
                        "bytes, found %zu",
                        claims->nonce.len);
    return ATLS_OK;
}

/* The platform's token is a token and nothing that has one in it. */
static struct atls_view take_pat(struct atls_cbor *in)
{
    if (atls_cbor_peek(in) != ATLS_CBOR_TAG)
        atls_cbor_fail(in);
    return atls_cbor_skip(in);
}

static enum atls_reason take_tokens(struct atls_view value,
                                    struct claims *claims,
                                    struct atls_view *pat, struct atls_why *why)
{
    struct atls_cbor in = atls_cbor(value);
    struct atls_cbor_iter entries;

    atls_cbor_map(&in, &entries);
    while (atls_cbor_next(&in, &entries)) {
        struct atls_view label = atls_cbor_text(&in);

        if (atls_view_is(label, "kat"))
            claims->kat = atls_cbor_skip(&in);
        else if (atls_view_is(label, "pat"))
            *pat = take_pat(&in);
        else
            atls_cbor_fail(&in);
    }
    if (atls_cbor_done(&in) && claims->kat.len > 0 && pat->len > 0)
        return ATLS_OK;
    return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                    "CCA key attestation: want kat and pat, a CCA token, and "
                    "no unknown key");
}

static enum atls_reason parse(struct atls_view value, void *out,
                              struct atls_view *nonce, struct atls_why *why)
{
    struct claims *claims = out;
    struct atls_view pat = {NULL, 0}, challenge;
    enum atls_reason reason = take_tokens(value, claims, &pat, why);

    if (reason == ATLS_OK)
        reason = parse_kat(claims, why);
    if (reason == ATLS_OK)
        reason = atls_cca_parse(pat, &claims->token, &challenge, why);
    *nonce = claims->nonce;
    return reason;
}

static enum atls_reason subject_key(const void *in, EVP_PKEY **key,
                                    struct atls_why *why)
{
    const struct claims *claims = in;
    struct atls_view challenge =
        claims->token.fields[ATLS_CCA_REALM_CHALLENGE].view;
    uint8_t wanted[DIGEST];

    if (EVP_Q_digest(NULL, "SHA2-512", NULL, claims->kat.data, claims->kat.len,
                     wanted, NULL) != 1)
        return atls_why(why, ATLS_CRYPTO_FAILED, "libcrypto has no SHA-512");
    if (challenge.len != sizeof(wanted) ||
        CRYPTO_memcmp(challenge.data, wanted, sizeof(wanted)) != 0)
        return atls_why(why, ATLS_TLS_KEY_UNBOUND,
                        "CCA key attestation: the realm's challenge is not "
                        "the SHA-512 of kat: these two tokens were not made "
                        "together");
    return atls_cose_key_get(&claims->key, key, why);
}

static struct atls_view signer(const void *in)
{
    const struct claims *claims = in;

    return atls_format_cca.signer(&claims->token);
}

static enum atls_reason verify(const void *in, EVP_PKEY *key,
                               struct atls_why *why)
{
    const struct claims *claims = in;

    return atls_format_cca.verify(&claims->token, key, why);
}

static enum atls_reason judge(const void *in,
                              const struct atls_profile *profile, int64_t now,
                              struct atls_verdict *verdict)
{
    const struct claims *claims = in;

    return atls_format_cca.judge(&claims->token, profile, now, verdict);
}

static void describe(const void *in, bool brief, atls_claim_fn *each, void *arg)
{
    const struct claims *claims = in;

    atls_claim_key(subject_key, claims, "tls_key", each, arg);
    if (!brief)
        atls_claim_bytes(claims->nonce, "nonce", each, arg);
    atls_format_cca.describe(&claims->token, brief, each, arg);
}

/* The instance is the platform, which has many realms: only what was launched
 * tells the one that is meant from another tenant's. */
static void read_profile(const struct atls_node *node,
                         struct atls_profile *profile)
{
    const struct atls_cca_reference *reference;

    atls_cca_read(node, profile);
    profile->num_types = 0;
    profile->types[profile->num_types++] = types[0];
    reference = profile->reference;
    profile->names_instance = reference != NULL &&
                              reference->instance_ids.num > 0 &&
                              reference->rim.num > 0;
}

static bool learn(const void *in, json_t *profile)
{
    const struct claims *claims = in;

    return atls_cca_learn(&claims->token, profile);
}

const struct atls_format atls_format_parsec_cca = {
    .name = "parsec-cca",
    .submod = "PARSEC_CCA",
    .types = types,
    .claims_size = sizeof(struct claims),
    .anchor_name = ATLS_ANCHOR_BY_INSTANCE,
    .parse = parse,
    .subject_key = subject_key,
    .signer = signer,
    .verify = verify,
    .judge = judge,
    .describe = describe,
    .keys = atls_cca_keys,
    .read = read_profile,
    .reference_free = atls_cca_reference_free,
    .learn = learn,
};
