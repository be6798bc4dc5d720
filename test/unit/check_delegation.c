/* SPDX-License-Identifier: Apache-2.0
 *
 * Delegations: the value, what is read and what is refused. The collection is
 * put together here piece by piece from doc/protocol.md, each row wrong in one.
 */
#include <string.h>

#include <openssl/hmac.h>
#include <openssl/x509.h>

#include "batch.h"
#include "cbor.h"
#include "ext/delegation.h"
#include "forge.h"
#include "../check_main.h"

#define PSA_SCHEME                                                             \
    "application/cmw+cbor; cmwc_t=\"urn:uuid:8d7c5930-1019-4022-8189-"         \
    "65a0127b8fa9\"; of=\"10003\""
#define JWS "header.payload.signature"

enum { NOW = 1800000000, MAX_AGE = 600 };

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

struct pieces {
    EVP_PKEY *delegate, *signer, *attester;
    struct atls_buf spki, binder, key;
    uint8_t tik[ATLS_DELEGATION_HASH];
    uint64_t not_before;
    uint32_t lifetime_s;
    /* what is written, when it is not the right thing */
    const char *collection;              /* "": none */
    const char *key_label, *extra_label; /* NULL: right, none */
    bool has_no_proof, is_result;
    unsigned num_in_batch; /* 0: the Evidence is in none */
    const char *scheme;    /* what was agreed on, when it is not that */
    uint16_t proof_type;
    uint32_t proof_indicator;
    void (*headers)(struct pieces *pieces, struct atls_buf *out);
    const char *unprotected; /* hex */
    int64_t algorithm;
};

static void spki_of(EVP_PKEY *key, struct atls_buf *out)
{
    uint8_t *der = NULL;
    int len = i2d_PUBKEY(key, &der);

    ck_assert_int_gt(len, 0);
    atls_buf_put(out, atls_view(der, (size_t)len));
    OPENSSL_free(der);
}

static struct atls_mandate mandate_of(const struct pieces *pieces)
{
    return (struct atls_mandate){.spki = atls_buf_view(&pieces->spki),
                                 .not_before = pieces->not_before,
                                 .lifetime_s = pieces->lifetime_s};
}

static void init(struct pieces *pieces)
{
    *pieces = (struct pieces){.delegate = EVP_EC_gen("P-256"),
                              .attester = forge_key("psa"),
                              .spki = atls_buf(1024),
                              .binder = atls_buf(ATLS_BINDER_MAX),
                              .key = atls_buf(FORGE_MAX),
                              .not_before = NOW - 10,
                              .lifetime_s = MAX_AGE,
                              .collection = ATLS_DELEGATION_COLLECTION,
                              .proof_type = 18,
                              .algorithm = ATLS_COSE_ES256};
    pieces->signer = pieces->delegate;
    spki_of(pieces->delegate, &pieces->spki);
    memset(atls_buf_room(&pieces->binder, 32), 0xbb, 32);
    memset(pieces->tik, 0x77, sizeof(pieces->tik));
}

static void clear(struct pieces *pieces)
{
    if (pieces->signer != pieces->delegate)
        EVP_PKEY_free(pieces->signer);
    EVP_PKEY_free(pieces->delegate);
    EVP_PKEY_free(pieces->attester);
    atls_buf_clear(&pieces->spki);
    atls_buf_clear(&pieces->binder);
    atls_buf_clear(&pieces->key);
}

/* Among binders of other connections, the value is the last. */
static void put_batch(struct pieces *pieces, struct atls_view value)
{
    ATLS_AUTO_BUF token = atls_buf(FORGE_MAX), record = atls_buf(FORGE_MAX);
    struct atls_batch_tree tree;
    struct forge_claims claims;
    struct atls_view leaves[4];
    unsigned last = pieces->num_in_batch - 1;

    for (unsigned i = 0; i < last; i++)
        leaves[i] = atls_buf_view(&pieces->binder);
    leaves[last] = value;
    ck_assert_reason(atls_batch_grow(leaves, last + 1, &tree, NULL), ATLS_OK);
    forge_claims(&claims, pieces->attester, atls_batch_root(&tree));
    forge_psa(&token, &claims, pieces->attester);
    forge_claims_clear(&claims);
    atls_cmw_put(&record, atls_type_of_format(10003), atls_buf_view(&token), 0);
    atls_batch_put(&pieces->key, &tree, last, atls_buf_view(&record));
    atls_batch_clear(&tree);
}

/* Evidence over the value, as `key`. */
static void put_key(struct pieces *pieces)
{
    struct atls_mandate mandate = mandate_of(pieces);
    ATLS_AUTO_BUF token = atls_buf(FORGE_MAX);
    struct forge_claims claims;
    struct atls_secret value;

    if (pieces->is_result) {
        atls_cmw_put(&pieces->key, atls_type_of_format(264),
                     atls_view_text(JWS), ATLS_CMW_RESULTS);
        return;
    }
    ck_assert_reason(atls_mandate_value(&mandate, pieces->tik, &value, NULL),
                     ATLS_OK);
    if (pieces->num_in_batch > 0) {
        put_batch(pieces, atls_secret_view(&value));
        return;
    }
    forge_claims(&claims, pieces->attester, atls_secret_view(&value));
    forge_psa(&token, &claims, pieces->attester);
    forge_claims_clear(&claims);
    atls_cmw_put(&pieces->key, atls_type_of_format(10003),
                 atls_buf_view(&token), 0);
}

static void right_headers(struct pieces *pieces, struct atls_buf *out)
{
    atls_cbor_put_map(out, 4);
    atls_cbor_put_int(out, 1);
    atls_cbor_put_int(out, pieces->algorithm);
    atls_cbor_put_text(out, "spki");
    atls_cbor_put_bytes(out, atls_buf_view(&pieces->spki));
    atls_cbor_put_text(out, "nbf");
    atls_cbor_put_uint(out, pieces->not_before);
    atls_cbor_put_text(out, "ttl");
    atls_cbor_put_uint(out, pieces->lifetime_s);
}

/* RFC 9052, 4.4: Sig_structure, and r || s of its signature */
static void sign(struct pieces *pieces, const struct atls_buf *headers,
                 struct atls_buf *out)
{
    ATLS_AUTO_BUF message = atls_buf(FORGE_MAX);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t der[256];
    const uint8_t *at = der;
    size_t len = sizeof(der);
    ECDSA_SIG *pair;

    atls_cbor_put_array(&message, 4);
    atls_cbor_put_text(&message, "Signature1");
    atls_cbor_put_bytes(&message, atls_buf_view(headers));
    atls_cbor_put_bytes(&message, atls_view(NULL, 0));
    atls_cbor_put_bytes(&message, atls_buf_view(&pieces->binder));
    ck_assert_int_eq(
        EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, pieces->signer),
        1);
    ck_assert_int_eq(
        EVP_DigestSign(context, der, &len, message.data, message.len), 1);
    pair = d2i_ECDSA_SIG(NULL, &at, (long)len);
    ck_assert_int_eq(
        BN_bn2binpad(ECDSA_SIG_get0_r(pair), atls_buf_room(out, 32), 32), 32);
    ck_assert_int_eq(
        BN_bn2binpad(ECDSA_SIG_get0_s(pair), atls_buf_room(out, 32), 32), 32);
    ECDSA_SIG_free(pair);
    EVP_MD_CTX_free(context);
}

static void put_proof(struct pieces *pieces, struct atls_buf *out)
{
    ATLS_AUTO_BUF headers = atls_buf(2048), proof = atls_buf(4096);
    ATLS_AUTO_BUF signature = atls_buf(128);

    (pieces->headers != NULL ? pieces->headers : right_headers)(pieces,
                                                                &headers);
    sign(pieces, &headers, &signature);
    atls_cbor_put_tag(&proof, 18);
    atls_cbor_put_array(&proof, 4);
    atls_cbor_put_bytes(&proof, atls_buf_view(&headers));
    forge_hex(&proof, pieces->unprotected != NULL ? pieces->unprotected : "a0");
    atls_cbor_put_bytes(&proof, atls_buf_view(&pieces->binder));
    if (pieces->algorithm != ATLS_COSE_ES256)
        memset(atls_buf_room(&signature, 32), 0, 32);
    atls_cbor_put_bytes(&proof, atls_buf_view(&signature));
    atls_cmw_put(out, atls_type_of_format(pieces->proof_type),
                 atls_buf_view(&proof), pieces->proof_indicator);
}

static void put_collection(struct pieces *pieces, struct atls_buf *out)
{
    bool has_type = *pieces->collection != '\0';

    if (pieces->key.len == 0)
        put_key(pieces);
    atls_cbor_put_map(out, 1 + (uint64_t)has_type + !pieces->has_no_proof +
                               (pieces->extra_label != NULL));
    if (has_type) {
        atls_cbor_put_text(out, "__cmwc_t");
        atls_cbor_put_text(out, pieces->collection);
    }
    atls_cbor_put_text(out,
                       pieces->key_label != NULL ? pieces->key_label : "key");
    atls_buf_put(out, atls_buf_view(&pieces->key));
    if (!pieces->has_no_proof) {
        atls_cbor_put_text(out, "proof");
        put_proof(pieces, out);
    }
    if (pieces->extra_label != NULL) {
        atls_cbor_put_text(out, pieces->extra_label);
        atls_cmw_put(out, atls_type_of_format(10003), atls_view("x", 1), 0);
    }
}

static struct atls_scheme scheme_of(const struct pieces *pieces)
{
    const char *text =
        pieces->num_in_batch > 0 ? ATLS_SCHEME_DELEGATED_BATCH : PSA_SCHEME;
    struct atls_scheme scheme = atls_scheme_of_type(atls_type_of_text(
        atls_view_text(pieces->scheme != NULL ? pieces->scheme : text)));

    scheme.is_delegated = true;
    return pieces->is_result ? atls_scheme_of_verifier(atls_view_text("v"))
                             : scheme;
}

/* What becomes of the pieces: parsed, then checked. */
static enum atls_reason judge(struct pieces *pieces, struct atls_why *why)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct atls_scheme scheme = scheme_of(pieces);
    struct atls_delegation_terms terms = {
        .tik = pieces->tik, .max_age_s = MAX_AGE, .now = NOW};
    struct atls_delegation *delegation;
    struct atls_evidence *evidence;
    struct atls_secret value;
    enum atls_reason reason;

    put_collection(pieces, &cmw);
    ck_assert(!cmw.failed);
    *why = (struct atls_why){0};
    reason = atls_delegation_parse(atls_buf_view(&cmw), &scheme, &delegation,
                                   &evidence, why);
    ck_assert((delegation != NULL) == (reason == ATLS_OK));
    if (reason == ATLS_OK)
        reason =
            atls_delegation_check(delegation, evidence, &terms, &value, why);
    atls_delegation_free(delegation);
    atls_evidence_free(evidence);
    return reason;
}

/* doc/protocol.md, with HMAC alone: HKDF-Expand of one block (RFC 5869, 2.3) */
START_TEST(the_value_is_that_of_the_document)
{
    static const uint8_t zeros[32];
    ATLS_AUTO_BUF text = atls_buf(1024), info = atls_buf(256);
    uint8_t hash[32], want[32];
    struct atls_secret value;
    struct atls_mandate mandate;
    struct pieces pieces;

    init(&pieces);
    mandate = mandate_of(&pieces);
    atls_buf_put(&text, atls_buf_view(&pieces.spki));
    atls_buf_put(&text, atls_view(pieces.tik, 32));
    atls_buf_u32(&text, 0);
    atls_buf_u32(&text, NOW - 10);
    atls_buf_u32(&text, MAX_AGE);
    EVP_Digest(text.data, text.len, hash, NULL, EVP_sha256(), NULL);
    atls_buf_u16(&info, 32);
    atls_buf_u8(&info, 19);
    atls_buf_text(&info, "tls13 atls delegate");
    atls_buf_u8(&info, 32);
    atls_buf_put(&info, atls_view(hash, 32));
    atls_buf_u8(&info, 1);
    HMAC(EVP_sha256(), zeros, 32, info.data, info.len, want, NULL);
    ck_assert_reason(atls_mandate_value(&mandate, pieces.tik, &value, NULL),
                     ATLS_OK);
    ck_assert(atls_view_equal(atls_secret_view(&value), atls_view(want, 32)));
    clear(&pieces);
}
END_TEST

START_TEST(what_is_written_is_read)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct atls_secret binder = {.len = 32}, other = {.len = 32};
    struct atls_scheme scheme;
    struct atls_mandate mandate;
    struct atls_delegation *delegation;
    struct atls_evidence *evidence;
    struct pieces pieces;

    init(&pieces);
    put_key(&pieces);
    memset(binder.bytes, 0xbb, 32);
    mandate = mandate_of(&pieces);
    scheme = scheme_of(&pieces);
    ck_assert_reason(atls_delegation_put(&cmw, atls_buf_view(&pieces.key),
                                         &mandate, pieces.delegate, &binder,
                                         NULL),
                     ATLS_OK);
    ck_assert_reason(atls_delegation_parse(atls_buf_view(&cmw), &scheme,
                                           &delegation, &evidence, NULL),
                     ATLS_OK);
    ck_assert(atls_view_equal(delegation->mandate.spki, mandate.spki));
    ck_assert_uint_eq(delegation->mandate.not_before, NOW - 10);
    ck_assert_uint_eq(delegation->mandate.lifetime_s, MAX_AGE);
    ck_assert(atls_delegation_is_for(delegation, &binder));
    ck_assert(!atls_delegation_is_for(delegation, &other));
    binder.len = 0;
    ck_assert(!atls_delegation_is_for(delegation, &binder));
    binder.len = 48;
    ck_assert(!atls_delegation_is_for(delegation, &binder));
    atls_delegation_free(delegation);
    atls_evidence_free(evidence);
    clear(&pieces);
}
END_TEST

/* The rows. */

static void collection_of_another_type(struct pieces *pieces)
{
    pieces->collection = "urn:uuid:8d7c5930-1019-4022-8189-65a0127b8fa8";
}
static void collection_without_type(struct pieces *pieces)
{
    pieces->collection = "";
}
static void no_proof(struct pieces *pieces)
{
    pieces->has_no_proof = true;
}
static void key_by_another_name(struct pieces *pieces)
{
    pieces->key_label = "evidence";
}
static void member_beside(struct pieces *pieces)
{
    pieces->extra_label = "more";
}
static void key_is_a_collection(struct pieces *pieces)
{
    forge_hex(&pieces->key, "a16178820041aa");
}
static void key_of_another_type(struct pieces *pieces)
{
    atls_cmw_put(&pieces->key, atls_type_of_format(10004), atls_view("x", 1),
                 0);
}
static void key_says_results(struct pieces *pieces)
{
    atls_cmw_put(&pieces->key, atls_type_of_format(10003), atls_view("x", 1),
                 ATLS_CMW_RESULTS);
}
static void proof_of_another_type(struct pieces *pieces)
{
    pieces->proof_type = 17;
}
static void proof_with_indicator(struct pieces *pieces)
{
    pieces->proof_indicator = ATLS_CMW_EVIDENCE;
}
static void unprotected_header(struct pieces *pieces)
{
    pieces->unprotected = "a1044101";
}
static void es384(struct pieces *pieces)
{
    pieces->algorithm = ATLS_COSE_ES384;
}
static void put_more_headers(struct pieces *pieces, struct atls_buf *out)
{
    right_headers(pieces, out);
    out->data[0]++;
    atls_cbor_put_text(out, "more");
    atls_cbor_put_uint(out, 1);
}
static void header_beside(struct pieces *pieces)
{
    pieces->headers = put_more_headers;
}
static void put_content_type(struct pieces *pieces, struct atls_buf *out)
{
    right_headers(pieces, out);
    out->data[0]++;
    atls_cbor_put_uint(out, 3);
    atls_cbor_put_uint(out, 0);
}
static void registered_header_beside(struct pieces *pieces)
{
    pieces->headers = put_content_type;
}
static void put_two_nbf(struct pieces *pieces, struct atls_buf *out)
{
    right_headers(pieces, out);
    memcpy(out->data + out->len - 6, "nbf", 3); /* in place of ttl */
}
static void nbf_twice(struct pieces *pieces)
{
    pieces->headers = put_two_nbf;
}
static void put_no_ttl(struct pieces *pieces, struct atls_buf *out)
{
    right_headers(pieces, out);
    out->data[0]--;
    out->len -= 7; /* "ttl" and a u16 */
}
static void no_ttl(struct pieces *pieces)
{
    pieces->headers = put_no_ttl;
}
static void ttl_of_zero(struct pieces *pieces)
{
    pieces->lifetime_s = 0;
}
static void put_ttl_of_33_bits(struct pieces *pieces, struct atls_buf *out)
{
    put_no_ttl(pieces, out);
    out->data[0]++;
    atls_cbor_put_text(out, "ttl");
    atls_cbor_put_uint(out, UINT64_C(0x100000000));
}
static void ttl_of_33_bits(struct pieces *pieces)
{
    pieces->headers = put_ttl_of_33_bits;
}
static void use_key(struct pieces *pieces, EVP_PKEY *key)
{
    EVP_PKEY_free(pieces->delegate);
    pieces->delegate = pieces->signer = key;
    pieces->spki.len = 0;
    spki_of(key, &pieces->spki);
}
static void delegate_of_another_curve(struct pieces *pieces)
{
    use_key(pieces, EVP_EC_gen("P-384"));
    pieces->signer = EVP_EC_gen("P-256");
}
static void delegate_without_a_point(struct pieces *pieces)
{
    put_key(pieces);
    pieces->spki.data[pieces->spki.len - 1] ^= 1; /* off the curve */
    pieces->key.len = 0;
}
static void delegate_that_is_cut(struct pieces *pieces)
{
    pieces->spki.len--;
}
static void proof_by_another_key(struct pieces *pieces)
{
    pieces->signer = EVP_EC_gen("P-256");
}
static void evidence_for_another_delegate(struct pieces *pieces)
{
    put_key(pieces);
    use_key(pieces, EVP_EC_gen("P-256"));
}
static void evidence_for_another_tik(struct pieces *pieces)
{
    put_key(pieces);
    pieces->tik[31] ^= 1;
}
static void evidence_for_other_times(struct pieces *pieces)
{
    put_key(pieces);
    pieces->not_before++;
}
static void evidence_for_another_life(struct pieces *pieces)
{
    put_key(pieces);
    pieces->lifetime_s--;
}
static void life_too_long(struct pieces *pieces)
{
    pieces->lifetime_s = MAX_AGE + 1;
}
static void begins_within_the_skew(struct pieces *pieces)
{
    pieces->not_before = NOW + ATLS_DELEGATION_SKEW_S;
}
static void begins_in_the_future(struct pieces *pieces)
{
    pieces->not_before = NOW + ATLS_DELEGATION_SKEW_S + 1;
}
static void begins_never(struct pieces *pieces)
{
    pieces->not_before = UINT64_MAX;
}
static void is_in_its_last_second(struct pieces *pieces)
{
    pieces->not_before = NOW - MAX_AGE + 1;
}
static void has_expired(struct pieces *pieces)
{
    pieces->not_before = NOW - MAX_AGE;
}
static void is_a_result(struct pieces *pieces)
{
    pieces->is_result = true;
}
static void result_says_evidence(struct pieces *pieces)
{
    pieces->is_result = true;
    atls_cmw_put(&pieces->key, atls_type_of_format(264), atls_view("x", 1),
                 ATLS_CMW_EVIDENCE);
}
static void result_is_evidence(struct pieces *pieces)
{
    put_key(pieces);
    pieces->is_result = true;
}

static void alone_in_a_batch(struct pieces *pieces)
{
    pieces->num_in_batch = 1;
}
static void third_of_a_batch(struct pieces *pieces)
{
    pieces->num_in_batch = 3;
}
static void batch_for_another_tik(struct pieces *pieces)
{
    pieces->num_in_batch = 3;
    evidence_for_another_tik(pieces);
}
static void batch_where_none_was_agreed_on(struct pieces *pieces)
{
    pieces->num_in_batch = 3;
    pieces->scheme = PSA_SCHEME;
}
static void no_batch_where_one_was_agreed_on(struct pieces *pieces)
{
    pieces->scheme = ATLS_SCHEME_DELEGATED_BATCH;
}

static const struct row {
    const char *sentence;
    void (*bend)(struct pieces *pieces);
    enum atls_reason reason;
} rows[] = {
    {"nothing is wrong", NULL, ATLS_OK},
    {"collection of another type", collection_of_another_type, ATLS_CMW_TYPE},
    {"collection without type", collection_without_type, ATLS_CMW_TYPE},
    {"no proof", no_proof, ATLS_DELEGATION_MALFORMED},
    {"key by another name", key_by_another_name, ATLS_DELEGATION_MALFORMED},
    {"member beside", member_beside, ATLS_DELEGATION_MALFORMED},
    {"key is a collection", key_is_a_collection, ATLS_DELEGATION_MALFORMED},
    {"key of another type", key_of_another_type, ATLS_CMW_TYPE},
    {"key says results", key_says_results, ATLS_CMW_INDICATOR},
    {"proof of another type", proof_of_another_type, ATLS_DELEGATION_MALFORMED},
    {"proof with indicator", proof_with_indicator, ATLS_DELEGATION_MALFORMED},
    {"unprotected header", unprotected_header, ATLS_DELEGATION_MALFORMED},
    {"ES384", es384, ATLS_ALGORITHM_UNSUPPORTED},
    {"header beside", header_beside, ATLS_DELEGATION_MALFORMED},
    {"registered header beside", registered_header_beside,
     ATLS_DELEGATION_MALFORMED},
    {"nbf twice", nbf_twice, ATLS_DELEGATION_MALFORMED},
    {"no ttl", no_ttl, ATLS_DELEGATION_MALFORMED},
    {"ttl of zero", ttl_of_zero, ATLS_DELEGATION_MALFORMED},
    {"ttl of 33 bits", ttl_of_33_bits, ATLS_DELEGATION_MALFORMED},
    {"delegate of another curve", delegate_of_another_curve,
     ATLS_DELEGATION_MALFORMED},
    {"delegate without a point", delegate_without_a_point,
     ATLS_DELEGATION_MALFORMED},
    {"delegate that is cut", delegate_that_is_cut, ATLS_DELEGATION_MALFORMED},
    {"proof by another key", proof_by_another_key, ATLS_DELEGATION_PROOF},
    {"evidence for another delegate", evidence_for_another_delegate,
     ATLS_DELEGATION_VALUE},
    {"evidence for another TIK", evidence_for_another_tik,
     ATLS_DELEGATION_VALUE},
    {"evidence for other times", evidence_for_other_times,
     ATLS_DELEGATION_VALUE},
    {"evidence for another life", evidence_for_another_life,
     ATLS_DELEGATION_VALUE},
    {"life too long", life_too_long, ATLS_DELEGATION_LIFETIME},
    {"begins within the skew", begins_within_the_skew, ATLS_OK},
    {"begins in the future", begins_in_the_future, ATLS_DELEGATION_FUTURE},
    {"begins never", begins_never, ATLS_DELEGATION_FUTURE},
    {"is in its last second", is_in_its_last_second, ATLS_OK},
    {"has expired", has_expired, ATLS_DELEGATION_STALE},
    {"is a result", is_a_result, ATLS_OK},
    {"result says evidence", result_says_evidence, ATLS_CMW_INDICATOR},
    {"alone in a batch", alone_in_a_batch, ATLS_OK},
    {"third of a batch", third_of_a_batch, ATLS_OK},
    {"batch for another TIK", batch_for_another_tik, ATLS_DELEGATION_VALUE},
    {"batch where none was agreed on", batch_where_none_was_agreed_on,
     ATLS_CMW_TYPE},
    {"no batch where one was agreed on", no_batch_where_one_was_agreed_on,
     ATLS_CMW_TYPE},
    {"result is evidence", result_is_evidence, ATLS_CMW_TYPE},
};

START_TEST(one_wrong_piece_is_refused)
{
    const struct row *row = &rows[_i];
    struct pieces pieces;
    struct atls_why why;
    enum atls_reason reason;

    init(&pieces);
    if (row->bend != NULL)
        row->bend(&pieces);
    reason = judge(&pieces, &why);
    ck_assert_msg(reason == row->reason, "%s: want %s, got %s: %s",
                  row->sentence, atls_reason_name(row->reason),
                  atls_reason_name(reason), why.text);
    clear(&pieces);
}
END_TEST

START_TEST(without_a_max_age_no_delegate_is_taken)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct atls_delegation_terms terms = {.now = NOW};
    struct atls_delegation *delegation;
    struct atls_evidence *evidence;
    struct atls_scheme scheme;
    struct atls_secret value;
    struct pieces pieces;

    init(&pieces);
    scheme = scheme_of(&pieces);
    put_collection(&pieces, &cmw);
    terms.tik = pieces.tik;
    ck_assert_reason(atls_delegation_parse(atls_buf_view(&cmw), &scheme,
                                           &delegation, &evidence, NULL),
                     ATLS_OK);
    ck_assert_reason(
        atls_delegation_check(delegation, evidence, &terms, &value, NULL),
        ATLS_DELEGATION_REFUSED);
    atls_delegation_free(delegation);
    atls_evidence_free(evidence);
    clear(&pieces);
}
END_TEST

/* Cut at every byte, and with every byte changed: some reason, no more. */
START_TEST(no_byte_can_be_missing_and_none_can_crash)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct atls_delegation *delegation;
    struct atls_evidence *evidence;
    struct atls_scheme scheme;
    struct pieces pieces;

    init(&pieces);
    pieces.is_result = _i == 1;
    scheme = scheme_of(&pieces);
    put_collection(&pieces, &cmw);
    for (size_t len = 0; len < cmw.len; len++)
        ck_assert_reason(atls_delegation_parse(atls_view(cmw.data, len),
                                               &scheme, &delegation, &evidence,
                                               NULL),
                         ATLS_CMW_MALFORMED);
    for (size_t i = 0; i < cmw.len; i++)
        for (uint8_t bit = 1; bit != 0; bit = (uint8_t)(bit << 1)) {
            cmw.data[i] ^= bit;
            if (atls_delegation_parse(atls_buf_view(&cmw), &scheme, &delegation,
                                      &evidence, NULL) == ATLS_OK) {
                atls_delegation_free(delegation);
                atls_evidence_free(evidence);
            }
            cmw.data[i] ^= bit;
        }
    clear(&pieces);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("delegation");
    TCase *cases = tcase_create("delegation");

    tcase_add_test(cases, the_value_is_that_of_the_document);
    tcase_add_test(cases, what_is_written_is_read);
    tcase_add_loop_test(cases, one_wrong_piece_is_refused, 0,
                        sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(cases, without_a_max_age_no_delegate_is_taken);
    tcase_add_loop_test(cases, no_byte_can_be_missing_and_none_can_crash, 0, 2);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
