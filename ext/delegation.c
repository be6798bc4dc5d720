/* SPDX-License-Identifier: Apache-2.0
 *
 * The value, the collection and its proof.
 */
#include "delegation.h"

#include <string.h>

#include <openssl/err.h>

#include "cbor.h"
#include "ecdsa.h"
#include "spki.h"

#define KEY_MEMBER   "key"
#define PROOF_MEMBER "proof"
#define SPKI_LABEL   "spki"
#define NBF_LABEL    "nbf"
#define TTL_LABEL    "ttl"

enum {
    CONTENT_FORMAT_SIGN1 = 18, /* RFC 9052, 11.3 */
    CONTENT_FORMAT_JWT = 264,  /* application/eat+jwt, RFC 9782 */
    MAX_HEADERS = 256,         /* bytes of the three text labels */
    MAX_PROOF = 512,
    NUM_HEADERS = 3,
    LABEL_ALGORITHM = 1
};

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

enum atls_reason atls_delegation_tik(X509 *leaf,
                                     uint8_t tik[ATLS_DELEGATION_HASH],
                                     struct atls_why *why)
{
    ATLS_AUTO_BUF spki = atls_buf(ATLS_SPKI_MAX);
    enum atls_reason reason = atls_spki_put(&spki, leaf, why);

    return reason == ATLS_OK ? atls_spki_hash(atls_buf_view(&spki), tik, why)
                             : reason;
}

/* Writing */

static void put_headers(struct atls_buf *out,
                        const struct atls_mandate *mandate)
{
    atls_cbor_put_text(out, NBF_LABEL);
    atls_cbor_put_uint(out, mandate->not_before);
    atls_cbor_put_text(out, TTL_LABEL);
    atls_cbor_put_uint(out, mandate->lifetime_s);
    atls_cbor_put_text(out, SPKI_LABEL);
    atls_cbor_put_bytes(out, mandate->spki);
}

enum atls_reason atls_delegation_put(struct atls_buf *out, struct atls_view key,
                                     const struct atls_mandate *mandate,
                                     EVP_PKEY *delegate,
                                     const struct atls_secret *binder,
                                     struct atls_why *why)
{
    ATLS_AUTO_BUF headers = atls_buf(MAX_HEADERS), proof = atls_buf(MAX_PROOF);
    enum atls_reason reason;

    put_headers(&headers, mandate);
    if (headers.failed)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    reason =
        atls_cose_sign1_put_with(&proof, atls_buf_view(&headers), NUM_HEADERS,
                                 atls_secret_view(binder), delegate, NULL, why);
    if (reason != ATLS_OK)
        return reason;
    atls_cmw_put_collection(out, atls_view_text(ATLS_DELEGATION_COLLECTION), 2);
    atls_cmw_put_label(out, atls_view_text(KEY_MEMBER));
    atls_buf_put(out, key);
    atls_cmw_put_label(out, atls_view_text(PROOF_MEMBER));
    atls_cmw_put(out, atls_type_of_format(CONTENT_FORMAT_SIGN1),
                 atls_buf_view(&proof), 0);
    return out->failed ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL) : ATLS_OK;
}

/* Reading */

struct members {
    bool has_key, has_proof;
    struct atls_cmw key, proof;
};

/* Whatever else stood there would be claimed by nobody's signature. */
static enum atls_reason keep_member(void *arg, struct atls_view label,
                                    const struct atls_cmw *member,
                                    struct atls_why *why)
{
    struct members *members = arg;
    bool is_key = atls_view_is(label, KEY_MEMBER);

    if (member->is_collection ||
        (!is_key && !atls_view_is(label, PROOF_MEMBER)))
        return atls_why(why, ATLS_DELEGATION_MALFORMED,
                        "delegation: want the records key and proof and "
                        "nothing beside them, peer sent %.*s",
                        (int)(label.len < 32 ? label.len : 32),
                        (const char *)label.data);
    *(is_key ? &members->has_key : &members->has_proof) = true;
    *(is_key ? &members->key : &members->proof) = *member;
    return ATLS_OK;
}

static enum atls_reason take_members(struct atls_view bytes,
                                     struct members *members,
                                     struct atls_why *why)
{
    ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX);
    struct atls_cmw cmw;
    enum atls_reason reason = atls_cmw_parse(bytes, &storage, &cmw, why);

    if (reason != ATLS_OK)
        return reason;
    if (!cmw.is_collection || cmw.is_json ||
        !atls_view_is(cmw.type.text, ATLS_DELEGATION_COLLECTION))
        return atls_why(why, ATLS_CMW_TYPE,
                        "CMW: want a CBOR collection "
                        "of " ATLS_DELEGATION_COLLECTION
                        ", peer sent something else");
    reason = atls_cmw_members(&cmw, &storage, keep_member, members, why);
    if (reason == ATLS_OK && (!members->has_key || !members->has_proof))
        reason = atls_why(why, ATLS_DELEGATION_MALFORMED,
                          "delegation: want the records key and proof, peer "
                          "sent one of them");
    return reason;
}

static void take_header(struct atls_cbor *in, struct atls_mandate *mandate)
{
    struct atls_view label;
    uint64_t number;

    if (atls_cbor_peek(in) != ATLS_CBOR_TEXT) {
        if (atls_cbor_int(in) != LABEL_ALGORITHM)
            atls_cbor_fail(in);
        (void)atls_cbor_skip(in);
        return;
    }
    label = atls_cbor_text(in);
    if (atls_view_is(label, SPKI_LABEL)) {
        mandate->spki = atls_cbor_bytes(in);
        return;
    }
    number = atls_cbor_uint(in);
    if (atls_view_is(label, NBF_LABEL))
        mandate->not_before = number;
    else if (atls_view_is(label, TTL_LABEL) && number <= UINT32_MAX)
        mandate->lifetime_s = (uint32_t)number;
    else
        atls_cbor_fail(in);
}

/* alg, spki, nbf and ttl: as many as there may be, and no key twice. */
static bool take_mandate(struct atls_view header, struct atls_mandate *mandate)
{
    struct atls_cbor in = atls_cbor(header);
    struct atls_cbor_iter parameters;

    *mandate = (struct atls_mandate){0};
    atls_cbor_map(&in, &parameters);
    while (atls_cbor_next(&in, &parameters))
        take_header(&in, mandate);
    return atls_cbor_done(&in) && parameters.num_seen == 1 + NUM_HEADERS &&
           atls_mandate_is_whole(mandate);
}

static enum atls_reason parse_proof(const struct atls_cmw *record,
                                    struct atls_delegation *delegation,
                                    struct atls_why *why)
{
    struct atls_type sign1 = atls_type_of_format(CONTENT_FORMAT_SIGN1);
    struct atls_why inner = {0};

    if (!atls_type_equal(record->type, sign1) || record->indicator != 0)
        return atls_why(why, ATLS_DELEGATION_MALFORMED,
                        "delegation: want a proof of type 18 (COSE_Sign1) "
                        "without an indicator");
    if (atls_cose_sign1_parse(record->value, &delegation->proof, &inner) !=
        ATLS_OK)
        return atls_why(why,
                        inner.reason == ATLS_EVIDENCE_MALFORMED
                            ? ATLS_DELEGATION_MALFORMED
                            : inner.reason,
                        "proof: %s", inner.text);
    if (delegation->proof.algorithm != ATLS_COSE_ES256)
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "proof: want ES256, peer sent alg %lld",
                        (long long)delegation->proof.algorithm);
    if (delegation->proof.has_unprotected ||
        !take_mandate(delegation->proof.protected_bstr, &delegation->mandate))
        return atls_why(why, ATLS_DELEGATION_MALFORMED,
                        "proof: want alg, spki (P-256), nbf and ttl in the "
                        "protected header, and nothing in the other");
    return ATLS_OK;
}

/* A copy of what is needed at the gate. */
static enum atls_reason keep(const struct members *members,
                             struct atls_view result,
                             struct atls_delegation **out, struct atls_why *why)
{
    struct atls_delegation *delegation;
    struct atls_cmw proof = members->proof;
    uint8_t *bytes;
    enum atls_reason reason;

    delegation =
        calloc(1, sizeof(*delegation) + proof.value.len + result.len + 1);
    if (delegation == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    bytes = (uint8_t *)(delegation + 1);
    if (proof.value.len > 0)
        memcpy(bytes, proof.value.data, proof.value.len);
    if (result.len > 0)
        memcpy(bytes + proof.value.len, result.data, result.len);
    proof.value.data = bytes;
    delegation->result = atls_view(bytes + proof.value.len, result.len);
    reason = parse_proof(&proof, delegation, why);
    if (reason == ATLS_OK)
        *out = delegation;
    else
        free(delegation);
    return reason;
}

/* The scheme's type must be the one under which this Evidence travels. */
static enum atls_reason check_delegated(const struct atls_scheme *scheme,
                                        const struct atls_cmw *key,
                                        struct atls_why *why)
{
    ATLS_AUTO_BUF type = atls_buf(2 * ATLS_TYPE_MAX_TEXT);
    char wanted[ATLS_TYPE_MAX_TEXT + 1], seen[ATLS_TYPE_MAX_TEXT + 1];

    atls_scheme_put_delegated(&type, key->type);
    if (!type.failed &&
        atls_type_equal(atls_type_of_text(atls_buf_view(&type)), scheme->type))
        return ATLS_OK;
    atls_type_text(scheme->type, wanted, sizeof(wanted));
    atls_type_text(key->type, seen, sizeof(seen));
    return atls_why(why, ATLS_CMW_TYPE, "CMW: want %s, peer sent it of %s",
                    wanted, seen);
}

static enum atls_reason check_result(const struct atls_cmw *key,
                                     struct atls_why *why)
{
    struct atls_type jwt = atls_type_of_format(CONTENT_FORMAT_JWT);
    char seen[ATLS_TYPE_MAX_TEXT + 1];

    atls_type_text(key->type, seen, sizeof(seen));
    if (!atls_type_equal(key->type, jwt))
        return atls_why(why, ATLS_CMW_TYPE,
                        "CMW: want a result (application/eat+jwt), peer sent "
                        "%s",
                        seen);
    if (key->indicator != 0 && key->indicator != ATLS_CMW_RESULTS)
        return atls_why(why, ATLS_CMW_INDICATOR,
                        "CMW: want indicator 8 (results), peer sent %lu",
                        (unsigned long)key->indicator);
    return ATLS_OK;
}

enum atls_reason atls_delegation_parse(struct atls_view cmw,
                                       const struct atls_scheme *scheme,
                                       struct atls_delegation **out,
                                       struct atls_evidence **evidence,
                                       struct atls_why *why)
{
    bool is_result = scheme->mechanism == ATLS_MECHANISM_RESULT;
    struct members members = {0};
    enum atls_reason reason = take_members(cmw, &members, why);

    *out = NULL;
    *evidence = NULL;
    if (reason == ATLS_OK)
        reason = is_result ? check_result(&members.key, why)
                           : check_delegated(scheme, &members.key, why);
    if (reason == ATLS_OK)
        reason =
            keep(&members, is_result ? members.key.value : atls_view(NULL, 0),
                 out, why);
    if (reason == ATLS_OK && !is_result)
        reason = atls_evidence_take(&members.key, NULL, evidence, why);
    if (reason != ATLS_OK) {
        atls_delegation_free(*out);
        *out = NULL;
    }
    return reason;
}

void atls_delegation_free(struct atls_delegation *delegation)
{
    free(delegation);
}

bool atls_delegation_is_for(const struct atls_delegation *delegation,
                            const struct atls_secret *binder)
{
    struct atls_view payload = delegation->proof.payload;

    return binder->len > 0 && payload.len == binder->len &&
           CRYPTO_memcmp(payload.data, binder->bytes, binder->len) == 0;
}

static enum atls_reason check_times(const struct atls_mandate *mandate,
                                    const struct atls_delegation_terms *terms,
                                    struct atls_why *why)
{
    uint64_t now = terms->now < 0 ? 0 : (uint64_t)terms->now;

    if (terms->max_age_s <= 0)
        return atls_why(why, ATLS_DELEGATION_REFUSED,
                        "want Evidence for this connection, peer sent it by a "
                        "delegate; the rule has no delegated_max_age");
    if (mandate->lifetime_s > (uint64_t)terms->max_age_s)
        return atls_why(why, ATLS_DELEGATION_LIFETIME,
                        "delegate: want at most %lld s of life "
                        "(delegated_max_age), peer's has %lu s",
                        (long long)terms->max_age_s,
                        (unsigned long)mandate->lifetime_s);
    if (mandate->not_before > now + ATLS_DELEGATION_SKEW_S)
        return atls_why(why, ATLS_DELEGATION_FUTURE,
                        "delegate: begins %llu s from now; one of the clocks "
                        "is wrong",
                        (unsigned long long)(mandate->not_before - now));
    if (now >= mandate->not_before &&
        now - mandate->not_before >= mandate->lifetime_s)
        return atls_why(why, ATLS_DELEGATION_STALE,
                        "delegate: %llu s old of %lu s; the peer has to make "
                        "another",
                        (unsigned long long)(now - mandate->not_before),
                        (unsigned long)mandate->lifetime_s);
    return ATLS_OK;
}

/* libcrypto takes longer for an SPKI than for three signatures. This one has
 * been compared: the point at its end is all that differs from another's. */
static enum atls_reason key_of(const struct atls_mandate *mandate,
                               EVP_PKEY **out, struct atls_why *why)
{
    struct atls_view spki = mandate->spki;

    return atls_ecdsa_point_key(
        atls_ecdsa_of_id(ATLS_COSE_ES256),
        atls_view(spki.data + spki.len - ATLS_DELEGATION_POINT,
                  ATLS_DELEGATION_POINT),
        out, why);
}

static enum atls_reason check_proof(const struct atls_delegation *delegation,
                                    struct atls_why *why)
{
    ATLS_AUTO(EVP_PKEY) *key = NULL;
    struct atls_why inner = {0};

    if (key_of(&delegation->mandate, &key, &inner) != ATLS_OK)
        return inner.reason != ATLS_CLAIM_INVALID
                   ? atls_why(why, inner.reason, NULL)
                   : atls_why(why, ATLS_DELEGATION_MALFORMED,
                              "delegate: its key is no point of P-256");
    if (atls_cose_sign1_verify(&delegation->proof, key, NULL, &inner) ==
        ATLS_OK)
        return ATLS_OK;
    if (inner.reason != ATLS_SIGNATURE_INVALID)
        return atls_why(why, inner.reason, "proof: %s", inner.text);
    return atls_why(why, ATLS_DELEGATION_PROOF,
                    "proof: want the binder signed by the delegate that the "
                    "Evidence names, peer sent another's signature");
}

enum atls_reason
atls_delegation_check(const struct atls_delegation *delegation,
                      const struct atls_evidence *evidence,
                      const struct atls_delegation_terms *terms,
                      struct atls_secret *value, struct atls_why *why)
{
    enum atls_reason reason = check_times(&delegation->mandate, terms, why);

    if (reason == ATLS_OK)
        reason =
            atls_mandate_value(&delegation->mandate, terms->tik, value, why);
    if (reason != ATLS_OK)
        return reason;
    if (evidence != NULL &&
        !atls_evidence_nonce_equal(evidence, atls_secret_view(value)))
        return atls_why(why, ATLS_DELEGATION_VALUE,
                        "the Evidence was made for another delegate, for other "
                        "times or for another TLS key");
    return check_proof(delegation, why);
}
