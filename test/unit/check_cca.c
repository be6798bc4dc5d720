/* SPDX-License-Identifier: Apache-2.0
 *
 * Arm CCA tokens of other implementations, and what an attacker makes of a
 * good token: of the two signatures, of what binds them, of each claim that a
 * policy looks at.
 */
#include "cca.h"

#include <string.h>

#include <openssl/ec.h>
#include <openssl/pem.h>

#include "base64url.h"
#include "cbor.h"
#include "ecdsa.h"
#include "forge_cca.h"
#include "jwk.h"
#include "parsed.h"
#include "../check_main.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)
ATLS_AUTO_FREE(BIO, BIO_free_all)

#define LENGTH(array) (int)(sizeof(array) / sizeof((array)[0]))
#define NOW           1795000000
#define X4(text)      text text text text
#define X16(text)     X4(X4(text))
#define X32(text)     X16(text) X16(text)
#define X64(text)     X32(text) X32(text)
#define ID_TWOS       "01" X32("02")
#define ID_TFA                                                                 \
    "0107060504030201000f0e0d0c0b0a090817161514131211101f1e1d1c1b1a1918"
#define TYPE_CCA                                                               \
    "application/eat+cwt; "                                                    \
    "eat_profile=\"tag:arm.com,2023:cca_platform#1.0.0\""
#define TYPE_SSD                                                               \
    "application/eat-collection; profile=\"http://arm.com/CCA-SSD/1.0.0\""

static void put_policy(struct atls_buf *text, EVP_PKEY *key, const char *id,
                       const char *more)
{
    ATLS_AUTO_HEAP char *pem = forge_pem(key);

    atls_buf_text(text, "{\"profiles\":{\"p\":{\"format\":\"cca\","
                        "\"trust_anchors\":[{\"instance_id\":\"");
    atls_buf_text(text, id);
    atls_buf_text(text, "\",\"key\":\"");
    atls_buf_text(text, pem);
    atls_buf_text(text, "\"}],");
    atls_buf_text(text, more);
    atls_buf_text(text, "}}}");
}

static struct atls_policy *policy_for(EVP_PKEY *key, const char *id,
                                      const char *more)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    put_policy(&text, key, id, more);
    ck_assert_msg(atls_policy_parse(atls_buf_view(&text), "p", "", NULL, NULL,
                                    &policy, &why) == ATLS_OK,
                  "%s", why.text);
    return policy;
}

static enum atls_reason appraise(const struct atls_policy *policy,
                                 const char *type, struct atls_view token,
                                 struct atls_view nonce,
                                 struct atls_verdict *verdict)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);

    forge_cmw(&cmw, type, token, 4);
    return atls_appraise(policy, atls_buf_view(&cmw), nonce, NOW, NULL,
                         verdict);
}

/* The first EC key of a JWK, or of a list of anchors with one as "pkey";
 * of a PEM file, that. NULL: its point is on no curve. */
static EVP_PKEY *real_key(const char *path)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX), point = atls_buf(256);
    ATLS_AUTO(json_t) *json = NULL;
    ATLS_AUTO(BIO) *bio = NULL;
    const json_t *jwk;
    const char *curve;
    EVP_PKEY *key = NULL;

    ck_assert(forge_vector(path, &text));
    bio = BIO_new_mem_buf(text.data, (int)text.len);
    if (text.data[0] == '-')
        return PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    json = atls_json_parse(atls_buf_view(&text), ATLS_POLICY_INVALID, NULL);
    jwk = json_is_array(json) ? json_object_get(json_array_get(json, 0), "pkey")
                              : json;
    curve = json_string_value(json_object_get(jwk, "crv"));
    ck_assert_ptr_nonnull(curve);
    atls_buf_u8(&point, 0x04);
    for (unsigned i = 0; i < 2; i++)
        ck_assert(atls_base64url_decode(
            atls_view_text(
                json_string_value(json_object_get(jwk, i == 0 ? "x" : "y"))),
            &point));
    if (atls_ecdsa_point_key(atls_ecdsa_of_id(strcmp(curve, "P-256") == 0
                                                  ? ATLS_COSE_ES256
                                                  : ATLS_COSE_ES384),
                             atls_buf_view(&point), &key, NULL) != ATLS_OK)
        return NULL;
    return key;
}

#define AB   X64("ab")
#define ABAB X32("4142")
#define DRAFT                                                                  \
    "6e86d6d97cc713bc6dd43dbce491a6b40311c027a8bf85a39da63e9ce44c132a"         \
    "8a119d296fae6a6999e9bf3e4471b0ce01245d889424c31e89793b3b1d6b1504"
#define SERVICES                                                               \
    "6f24d6b9635a2c8bbf58e908b94e04c1bfb3ae80cdebe832424578499fe31761"         \
    "e7f5e1d8bce0121844f54abdfa5286da88f53a657b15335c9396b4329254bc5c"
#define ANY       "\"any\":true"
#define RIM_43    "\"rim\":\"" X64("43") "\""
#define IMPL_ZERO "\"implementation_id\":\"" X32("00") "\""

static const struct real_row {
    const char *file, *type, *key, *id, *challenge, *reference;
    enum atls_reason reason;
} real_rows[] = {
    {"veraison-ccatoken.testgoodccatoken.cbor", TYPE_CCA,
     "veraison-ccatoken.testIAK.pub.jwk", ID_TWOS, ABAB, RIM_43, ATLS_OK},
    {"veraison-ccatoken.testgoodccatoken.cbor", TYPE_CCA,
     "veraison-ccatoken.testAltIAK.pub.jwk", ID_TWOS, ABAB, ANY,
     ATLS_SIGNATURE_INVALID},
    {"veraison-ccatoken.testrmmlegacyevidence.cbor", TYPE_CCA,
     "veraison-ccatoken.testRMMCPAK.pub.jwk", ID_TFA, AB, ANY, ATLS_OK},
    {"veraison-ccatoken.testrmmlegacyevidence.cbor", TYPE_CCA,
     "veraison-ccatoken.testRMMCPAK.pub.jwk", ID_TFA, AB,
     ANY ",\"profile\":\"tag:arm.com,2023:cca_platform#1.0.0\"",
     ATLS_PROFILE_MISSING},
    {"veraison-ccatoken.testgoodlegacyccatoken.cbor", TYPE_SSD,
     "veraison-ccatoken.testIAK.pub.jwk", ID_TWOS, ABAB, IMPL_ZERO, ATLS_OK},
    {"rust-ccatoken.cca-token-01.cbor", TYPE_SSD, "rust-ccatoken.cpak.json",
     ID_TFA, AB, ANY, ATLS_OK},
    {"rust-ccatoken.cca-token-01.cbor", TYPE_SSD, "rust-ccatoken.ta-tfa.json",
     ID_TFA, AB, IMPL_ZERO, ATLS_INSTANCE_REFUSED},
    {"veraison-tfrmm-cca_token.cbor", TYPE_SSD,
     "veraison-tfrmm-cca_platform.pub", ID_TFA, AB, ANY, ATLS_OK},
    {"rust-ccatoken.cca-token-02.cbor", TYPE_SSD,
     "veraison-services.ec.p256.jwk", ID_TWOS, ABAB, RIM_43, ATLS_OK},
    {"rust-ccatoken.cca-token-02.cbor", TYPE_SSD, "rust-ccatoken.ta-02-ok.json",
     ID_TWOS, ABAB, ANY, ATLS_OK},
    {"rust-ccatoken.cca-token-02.cbor", TYPE_SSD, "rust-ccatoken.ta-02-ok.json",
     ID_TFA, ABAB, ANY, ATLS_ANCHOR_UNKNOWN},
    {"rust-ccatoken.cca-token-02.cbor", TYPE_SSD, "rust-ccatoken.ta-02-ok.json",
     ID_TWOS, AB, ANY, ATLS_BINDER_MISMATCH},
    {"rust-ccatoken.cca-token-draft-ffm-00.cbor", TYPE_SSD,
     "rust-ccatoken.cpak.json", ID_TFA, DRAFT, ANY, ATLS_OK},
    {"veraison-services-cca-good.cbor", TYPE_SSD,
     "veraison-services.ec.p256.jwk", ID_TWOS, SERVICES, ANY, ATLS_OK},
    {"veraison-services-e2e-evidence.cbor", TYPE_SSD,
     "veraison-services.ec.p256.jwk", ID_TWOS, ABAB, ANY, ATLS_OK},
    {"veraison-services-parsec-cca.cbor", TYPE_SSD,
     "veraison-services.ec.p256.jwk", ID_TWOS, ABAB, ANY,
     ATLS_EVIDENCE_MALFORMED},
};

START_TEST(token_of_others_is_judged)
{
    const struct real_row *row = &real_rows[_i];
    ATLS_AUTO_BUF token = atls_buf(FORGE_MAX), challenge = atls_buf(64);
    ATLS_AUTO(EVP_PKEY) *key = NULL;
    struct atls_policy *policy;
    struct atls_verdict verdict;
    char path[128];

    snprintf(path, sizeof(path), "cca/%s", row->key);
    key = real_key(path);
    snprintf(path, sizeof(path), "cca/%s", row->file);
    ck_assert(forge_vector(path, &token));
    forge_hex(&challenge, row->challenge);
    policy = policy_for(key, row->id, row->reference);
    ck_assert_msg(appraise(policy, row->type, atls_buf_view(&token),
                           atls_buf_view(&challenge), &verdict) == row->reason,
                  "%s: %s: %s", row->file, atls_reason_name(verdict.reason),
                  verdict.text);
    atls_policy_free(policy);
}
END_TEST

/* Its y belongs to another x. */
START_TEST(anchor_that_is_no_point_cannot_be_read)
{
    EVP_PKEY *key = real_key("cca/rust-ccatoken.ta-02-bad.json");

    ck_assert_ptr_null(key);
}
END_TEST

/* Claim sets of others, signed here. */
static const struct realm_row {
    const char *file;
    enum atls_reason reason;
} realm_rows[] = {
    {"cca/rust-ccatoken.realm-claims.cbor", ATLS_OK},
    {"cca/rust-ccatoken.realm-claims+spurious-numeric-key.cbor", ATLS_OK},
    {"cca/rust-ccatoken.realm-claims+spurious-text-key.cbor", ATLS_OK},
    {"cca/rust-ccatoken.realm-claims-missing-challenge.cbor",
     ATLS_NONCE_MISSING},
};

static void put_signed(struct atls_buf *out, const char *path, EVP_PKEY *key)
{
    ATLS_AUTO_BUF payload = atls_buf(FORGE_MAX), token = atls_buf(FORGE_MAX);

    ck_assert(forge_vector(path, &payload));
    ck_assert_reason(
        atls_cose_sign1_put(&token, atls_buf_view(&payload), key, NULL, NULL),
        ATLS_OK);
    atls_cbor_put_bytes(out, atls_buf_view(&token));
}

START_TEST(realm_claims_of_others_are_read)
{
    ATLS_AUTO(EVP_PKEY) *key = EVP_EC_gen("P-384");
    ATLS_AUTO_BUF token = atls_buf(FORGE_MAX);
    struct atls_cca_claims claims = {.dialect = ATLS_CCA_PLATFORM};
    struct atls_view nonce;

    atls_cbor_put_tag(&token, 399);
    atls_cbor_put_map(&token, 2);
    atls_cbor_put_uint(&token, 44234);
    put_signed(&token, "cca/rust-ccatoken.platform-claims.cbor", key);
    atls_cbor_put_uint(&token, 44241);
    put_signed(&token, realm_rows[_i].file, key);
    ck_assert_reason(
        atls_cca_parse(atls_buf_view(&token), &claims, &nonce, NULL),
        realm_rows[_i].reason);
    ck_assert_reason(atls_cca_check_form(&claims, NULL),
                     realm_rows[_i].reason == ATLS_OK ? ATLS_OK
                                                      : ATLS_CLAIM_MISSING);
}
END_TEST

/* A good token of ours, to be broken. */
struct good {
    EVP_PKEY *cpak, *rak;
    struct forge_cca cca;
    struct atls_policy *policy;
    struct atls_buf token;
    struct atls_verdict verdict;
};

static void open_good(struct good *good, const char *reference)
{
    good->cpak = forge_key("psa");
    good->rak = EVP_EC_gen("P-384");
    forge_cca(&good->cca, good->cpak, good->rak, forge_nonce(64));
    good->policy = policy_for(good->cpak, ID_TWOS, reference);
    good->token = atls_buf(FORGE_MAX);
}

static void close_good(struct good *good)
{
    forge_cca_clear(&good->cca);
    EVP_PKEY_free(good->cpak);
    EVP_PKEY_free(good->rak);
    atls_policy_free(good->policy);
    atls_buf_clear(&good->token);
}

static enum atls_reason judge_bytes(struct good *good)
{
    return appraise(good->policy, TYPE_CCA, atls_buf_view(&good->token),
                    forge_nonce(64), &good->verdict);
}

static enum atls_reason judge(struct good *good)
{
    atls_buf_clear(&good->token);
    forge_cca_put(&good->cca, &good->token);
    return judge_bytes(good);
}

START_TEST(token_is_accepted_in_each_shape)
{
    static struct good good;

    for (unsigned i = 0; i < 4; i++) {
        open_good(&good, "\"rim\":\"" X32("43") "\"," IMPL_ZERO);
        good.cca.is_legacy = (i & 1) != 0;
        if ((i & 2) != 0)
            forge_cca_raw_rak(&good.cca);
        ck_assert_reason(judge(&good), ATLS_OK);
        ck_assert_int_eq(good.verdict.tier, ATLS_TIER_AFFIRMING);
        ck_assert_int_eq(good.verdict.vector[ATLS_EXECUTABLES], 3);
        ck_assert_int_eq(good.verdict.vector[ATLS_RUNTIME_OPAQUE], 2);
        close_good(&good);
    }
}
END_TEST

START_TEST(binder_of_48_bytes_stands_left_of_zeros)
{
    uint8_t field[64] = {0};
    static struct good good;

    open_good(&good, ANY);
    memcpy(field, forge_nonce(48).data, 48);
    forge_cca_clear(&good.cca);
    forge_cca(&good.cca, good.cpak, good.rak, atls_view(field, 64));
    forge_cca_put(&good.cca, &good.token);
    ck_assert_reason(appraise(good.policy, TYPE_CCA, atls_buf_view(&good.token),
                              forge_nonce(48), &good.verdict),
                     ATLS_OK);
    ck_assert_reason(appraise(good.policy, TYPE_CCA, atls_buf_view(&good.token),
                              forge_nonce(47), &good.verdict),
                     ATLS_BINDER_MISMATCH);
    close_good(&good);
}
END_TEST

/* Both signatures are good: one platform's token beside a realm token that
 * somebody else's key made. */
START_TEST(realm_that_the_platform_does_not_name_is_refused)
{
    static struct good good;

    open_good(&good, ANY);
    good.cca.keeps_challenge = true;
    ck_assert_reason(judge(&good), ATLS_REALM_UNBOUND);
    forge_claim_set(&good.cca.platform, 10, "4100");
    ck_assert_reason(judge(&good), ATLS_REALM_UNBOUND);
    close_good(&good);
}
END_TEST

/* The binding is over the bytes of the claim, not over the key in it. */
START_TEST(rak_in_its_other_form_is_another_realm)
{
    static struct good good;

    open_good(&good, ANY);
    ck_assert_reason(judge(&good), ATLS_OK);
    good.cca.keeps_challenge = true;
    forge_cca_raw_rak(&good.cca);
    ck_assert_reason(judge(&good), ATLS_REALM_UNBOUND);
    close_good(&good);
}
END_TEST

START_TEST(realm_token_that_rak_did_not_sign_is_refused)
{
    ATLS_AUTO(EVP_PKEY) *other = EVP_EC_gen("P-384");
    static struct good good;

    open_good(&good, ANY);
    good.cca.realm_signer = other;
    ck_assert_reason(judge(&good), ATLS_SIGNATURE_INVALID);
    close_good(&good);
}
END_TEST

START_TEST(platform_token_of_another_key_is_refused)
{
    ATLS_AUTO(EVP_PKEY) *other = forge_key("psa-other");
    static struct good good;

    open_good(&good, ANY);
    good.cca.cpak = other;
    ck_assert_reason(judge(&good), ATLS_SIGNATURE_INVALID);
    close_good(&good);
}
END_TEST

enum place { PLATFORM, REALM, OUTER };
enum edit {
    SET,
    DROP,
    LEGACY,
    UNWRAP,
    UNTAG,
    INDEFINITE,
    TAG_18,
    FORMAT_10003,
    NOTHING
};

#define SHA_384 "677368612d333834"
#define SHA_512 "677368612d353132"

static const struct broken_row {
    enum atls_reason reason;
    enum place place;
    enum edit edit;
    int64_t key;
    const char *hex, *reference;
} broken_rows[] = {
    {ATLS_OK, OUTER, NOTHING, 0, NULL, ANY},
    {ATLS_OK, PLATFORM, SET, 99999, "a10102", ANY},
    {ATLS_OK, REALM, DROP, 265, NULL, ANY},
    {ATLS_OK, PLATFORM, DROP, 2400, NULL, ANY},
    {ATLS_OK, OUTER, LEGACY, 0, NULL, ANY},
    {ATLS_EVIDENCE_MALFORMED, OUTER, UNWRAP, 0, NULL, ANY},
    {ATLS_EVIDENCE_MALFORMED, OUTER, UNTAG, 0, NULL, ANY},
    {ATLS_EVIDENCE_MALFORMED, OUTER, INDEFINITE, 0, NULL, ANY},
    {ATLS_EVIDENCE_MALFORMED, OUTER, TAG_18, 0, NULL, ANY},
    {ATLS_EVIDENCE_MALFORMED, OUTER, FORMAT_10003, 0, NULL, ANY},
    /* claims that are not there */
    {ATLS_NONCE_MISSING, REALM, DROP, 10, NULL, ANY},
    {ATLS_FORMAT_UNKNOWN, PLATFORM, DROP, 265, NULL, ANY},
    {ATLS_CLAIM_MISSING, PLATFORM, DROP, 256, NULL, ANY},
    {ATLS_CLAIM_MISSING, PLATFORM, DROP, 2396, NULL, ANY},
    {ATLS_CLAIM_MISSING, PLATFORM, DROP, 2401, NULL, ANY},
    {ATLS_CLAIM_MISSING, PLATFORM, DROP, 2395, NULL, ANY},
    {ATLS_CLAIM_MISSING, PLATFORM, DROP, 2399, NULL, ANY},
    {ATLS_CLAIM_MISSING, PLATFORM, DROP, 2402, NULL, ANY},
    {ATLS_CLAIM_MISSING, REALM, DROP, 44235, NULL, ANY},
    {ATLS_CLAIM_MISSING, REALM, DROP, 44236, NULL, ANY},
    {ATLS_CLAIM_MISSING, REALM, DROP, 44237, NULL, ANY},
    {ATLS_CLAIM_MISSING, REALM, DROP, 44238, NULL, ANY},
    {ATLS_CLAIM_MISSING, REALM, DROP, 44239, NULL, ANY},
    {ATLS_ALGORITHM_UNSUPPORTED, REALM, DROP, 44240, NULL, ANY},
    /* claims of another shape */
    {ATLS_EVIDENCE_MALFORMED, REALM, SET, 10, "5820" X32("41"), ANY},
    {ATLS_EVIDENCE_MALFORMED, REALM, SET, 10, "815840" X64("41"), ANY},
    {ATLS_EVIDENCE_MALFORMED, REALM, SET, 44239, "80", ANY},
    {ATLS_EVIDENCE_MALFORMED, REALM, SET, 44239, "9f" X4("5820" X32("00")) "ff",
     ANY},
    {ATLS_EVIDENCE_MALFORMED, REALM, SET, 44239,
     "85" X4("5820" X32("00")) "5820" X32("00"), ANY},
    {ATLS_EVIDENCE_MALFORMED, PLATFORM, SET, 2395, "41ff", ANY},
    {ATLS_CLAIM_INVALID, PLATFORM, SET, 2395, "193103", ANY},
    {ATLS_CLAIM_INVALID, PLATFORM, SET, 2396, "5821" X32("00") "00", ANY},
    {ATLS_CLAIM_INVALID, PLATFORM, SET, 2399, "80", ANY},
    {ATLS_CLAIM_INVALID, REALM, SET, 44235, "4101", ANY},
    {ATLS_CLAIM_INVALID, REALM, SET, 44238, "4101", ANY},
    {ATLS_CLAIM_INVALID, REALM, SET, 44239, "84" X4("4101"), ANY},
    {ATLS_CLAIM_INVALID, REALM, SET, 44237, "4104", ANY},
    {ATLS_CLAIM_INVALID, REALM, SET, 44237,
     "5861"
     "04" X32("00") X32("00") X32("00"),
     ANY},
    {ATLS_CLAIM_INVALID, REALM, SET, 44237, "44a1010203", ANY},
    {ATLS_ALGORITHM_UNSUPPORTED, REALM, SET, 44240, "63736861", ANY},
    {ATLS_ANCHOR_UNKNOWN, PLATFORM, SET, 256,
     "5821"
     "02" X32("02"),
     ANY},
    {ATLS_FORMAT_UNKNOWN, PLATFORM, SET, 265, "63736861", ANY},
    /* names that the token's own specification does not have */
    {ATLS_CLAIM_INVALID, REALM, SET, 265, "63736861", ANY},
    {ATLS_CLAIM_INVALID, REALM, SET, 265,
     /* tag:arm.com,2023:realm#1.0.1 */
     "781c7461673a61726d2e636f6d2c323032333a7265616c6d23312e302e31", ANY},
    {ATLS_CLAIM_INVALID, PLATFORM, SET, 2402, "63736861", ANY},
    {ATLS_CLAIM_INVALID, PLATFORM, SET, 2402, "677368612d323234", ANY},
    {ATLS_OK, PLATFORM, SET, 2402, SHA_512, ANY},
    {ATLS_CLAIM_INVALID, REALM, SET, 44236, "63736861", ANY},
    {ATLS_CLAIM_INVALID, REALM, SET, 44236, "675348412d323536", ANY},
    /* measurements that the realm's hash cannot have made */
    {ATLS_CLAIM_INVALID, REALM, SET, 44236, SHA_384, ANY},
    {ATLS_CLAIM_INVALID, REALM, SET, 44236, SHA_512, ANY},
    {ATLS_CLAIM_INVALID, REALM, SET, 44238, "5840" X64("43"), ANY},
    {ATLS_CLAIM_INVALID, REALM, SET, 44239, "84" X4("5830" X32("45") X16("45")),
     ANY},
    {ATLS_CLAIM_INVALID, REALM, SET, 44239,
     "84"
     "5820" X32("45") "5820" X32("45") "5820" X32("45") "5840" X64("45"),
     ANY},
    /* what a policy pins */
    {ATLS_OK, PLATFORM, SET, 2395, "194000",
     ANY ",\"lifecycle\":[\"secured\",\"non_cca_platform_rot_debug\"]"},
    {ATLS_LIFECYCLE_REFUSED, PLATFORM, SET, 2395, "194000", ANY},
    {ATLS_LIFECYCLE_REFUSED, PLATFORM, SET, 2395, "00", ANY},
    {ATLS_PROFILE_MISSING, OUTER, NOTHING, 0, NULL,
     ANY ",\"profile\":\"http://arm.com/CCA-SSD/1.0.0\""},
    {ATLS_OK, OUTER, NOTHING, 0, NULL, IMPL_ZERO},
    {ATLS_INSTANCE_REFUSED, OUTER, NOTHING, 0, NULL,
     "\"implementation_id\":[\"" X32("01") "\"]"},
    {ATLS_OK, OUTER, NOTHING, 0, NULL, "\"instance_id\":\"" ID_TWOS "\""},
    {ATLS_INSTANCE_REFUSED, OUTER, NOTHING, 0, NULL,
     "\"instance_id\":\"" ID_TFA "\""},
    {ATLS_OK, OUTER, NOTHING, 0, NULL, "\"config\":\"cfcfcfcf\""},
    {ATLS_INSTANCE_REFUSED, OUTER, NOTHING, 0, NULL, "\"config\":\"cfcfcfce\""},
    {ATLS_OK, OUTER, NOTHING, 0, NULL, "\"rim\":\"" X32("43") "\""},
    {ATLS_REALM_REFUSED, OUTER, NOTHING, 0, NULL, "\"rim\":\"" X32("42") "\""},
    {ATLS_REALM_REFUSED, OUTER, NOTHING, 0, NULL, RIM_43},
    {ATLS_OK, OUTER, NOTHING, 0, NULL,
     "\"rem0\":\"" X32("45") "\",\"rem3\":[\"" X32("45") "\"]"},
    {ATLS_REALM_REFUSED, OUTER, NOTHING, 0, NULL, "\"rem0\":\"" X32("46") "\""},
    {ATLS_REALM_REFUSED, OUTER, NOTHING, 0, NULL, "\"rem1\":\"" X32("46") "\""},
    {ATLS_REALM_REFUSED, OUTER, NOTHING, 0, NULL, "\"rem2\":\"" X32("46") "\""},
    {ATLS_REALM_REFUSED, OUTER, NOTHING, 0, NULL, "\"rem3\":\"" X32("46") "\""},
    {ATLS_OK, OUTER, NOTHING, 0, NULL, "\"personalization\":\"" X64("41") "\""},
    {ATLS_REALM_REFUSED, OUTER, NOTHING, 0, NULL,
     "\"personalization\":\"" X64("40") "\""},
    {ATLS_COMPONENT_REFUSED, OUTER, NOTHING, 0, NULL,
     "\"components\":[{\"signer_id\":\"" X32("05") "\",\"measurement\":\"" X32(
         "02") "\"}]"},
    {ATLS_OK, OUTER, NOTHING, 0, NULL,
     "\"components\":[{\"signer_id\":\"" X32("05") "\",\"measurement\":\"" X32(
         "02") "\"},{\"type\":\"NSPE\",\"signer_id\":\"" X32("06") "\","
                                                                   "\"measureme"
                                                                   "nt\":"
                                                                   "\"" X32(
                                                                       "03") "\",\"required\":true}]"},
};

static void break_outer(struct forge_cca *cca, enum edit edit)
{
    cca->is_legacy = edit == LEGACY;
    cca->is_unwrapped = edit == UNWRAP;
    cca->is_untagged = edit == UNTAG;
    cca->is_indefinite = edit == INDEFINITE;
    cca->outer_tag = edit == TAG_18 ? 18 : 0;
    cca->content_format = edit == FORMAT_10003 ? 10003 : 0;
}

START_TEST(changed_token_has_its_reason)
{
    const struct broken_row *row = &broken_rows[_i];
    static struct good good;
    struct forge_claims *claims;

    open_good(&good, row->reference);
    claims = row->place == PLATFORM ? &good.cca.platform : &good.cca.realm;
    if (row->edit == SET)
        forge_claim_set(claims, row->key, row->hex);
    else if (row->edit == DROP)
        forge_claim_drop(claims, row->key);
    else
        break_outer(&good.cca, row->edit);
    ck_assert_msg(judge(&good) == row->reason, "%d: %s: %s", _i,
                  atls_reason_name(good.verdict.reason), good.verdict.text);
    close_good(&good);
}
END_TEST

/* Tokens of others have 64 bytes for a SHA-256. */
START_TEST(measurements_may_be_as_wide_as_the_rmm_keeps_them)
{
    static const char *const hashes[] = {"677368612d323536", SHA_384, SHA_512};
    static struct good good;

    open_good(&good, RIM_43);
    forge_claim_set(&good.cca.realm, 44236, hashes[_i]);
    forge_claim_set(&good.cca.realm, 44238, "5840" X64("43"));
    forge_claim_set(&good.cca.realm, 44239, "84" X4("5840" X64("45")));
    ck_assert_reason(judge(&good), ATLS_OK);
    close_good(&good);
}
END_TEST

START_TEST(claim_that_repeats_is_malformed)
{
    static struct good good;

    open_good(&good, ANY);
    forge_claim_add(&good.cca.realm, 44238, "5820" X32("43"));
    ck_assert_reason(judge(&good), ATLS_EVIDENCE_MALFORMED);
    close_good(&good);
}
END_TEST

static bool holds(struct atls_view part, const uint8_t *at)
{
    return part.len > 0 && at >= part.data && at < part.data + part.len;
}

/* Claims whose value is told by reasons of their own. */
static const struct told {
    enum atls_cca_field field;
    enum atls_reason reason, other;
} told_fields[] = {
    {ATLS_CCA_REALM_CHALLENGE, ATLS_BINDER_MISMATCH, ATLS_BINDER_MISMATCH},
    {ATLS_CCA_PROFILE, ATLS_FORMAT_UNKNOWN, ATLS_FORMAT_UNKNOWN},
    {ATLS_CCA_INSTANCE, ATLS_ANCHOR_UNKNOWN, ATLS_ANCHOR_UNKNOWN},
    {ATLS_CCA_RAK, ATLS_CLAIM_INVALID, ATLS_REALM_UNBOUND},
    {ATLS_CCA_RAK_HASH, ATLS_ALGORITHM_UNSUPPORTED, ATLS_ALGORITHM_UNSUPPORTED},
};

static bool is_value(const struct atls_cca_claims *claims, const uint8_t *at)
{
    bool is_it = holds(claims->platform.signature, at) ||
                 holds(claims->realm.signature, at);

    for (unsigned i = 0; i < ATLS_NUM_CCA_FIELDS; i++)
        is_it |= i != ATLS_CCA_COMPONENTS && holds(claims->fields[i].view, at);
    for (unsigned i = 0; i < ATLS_CCA_NUM_REMS; i++)
        is_it |= holds(claims->rems[i], at);
    return is_it;
}

/* Claims that have another key then, heads, and what is signed alone */
static bool is_told_elsewhere(enum atls_reason reason)
{
    return reason == ATLS_EVIDENCE_MALFORMED ||
           reason == ATLS_SIGNATURE_INVALID || reason == ATLS_FORMAT_UNKNOWN ||
           reason == ATLS_CLAIM_MISSING || reason == ATLS_NONCE_MISSING ||
           reason == ATLS_ALGORITHM_UNSUPPORTED;
}

/* By which reasons a change of the byte there can be told. */
static bool is_told(const struct atls_cca_claims *claims, const uint8_t *at,
                    enum atls_reason reason)
{
    for (int i = 0; i < LENGTH(told_fields); i++)
        if (holds(claims->fields[told_fields[i].field].view, at))
            return reason == told_fields[i].reason ||
                   reason == told_fields[i].other;
    if (is_value(claims, at))
        return reason == ATLS_SIGNATURE_INVALID;
    return is_told_elsewhere(reason);
}

/* One bit of each byte of the whole token: none is free to change. */
START_TEST(no_bit_of_a_token_is_free)
{
    struct atls_cca_claims claims = {.dialect = ATLS_CCA_PLATFORM};
    struct atls_view nonce;
    static struct good good;

    open_good(&good, ANY);
    ck_assert_reason(judge(&good), ATLS_OK);
    ck_assert_reason(
        atls_cca_parse(atls_buf_view(&good.token), &claims, &nonce, NULL),
        ATLS_OK);
    for (size_t i = 0; i < good.token.len; i++) {
        good.token.data[i] ^= 1;
        ck_assert_msg(is_told(&claims, good.token.data + i, judge_bytes(&good)),
                      "byte %zu: %s: %s", i,
                      atls_reason_name(good.verdict.reason), good.verdict.text);
        good.token.data[i] ^= 1;
    }
    ck_assert_reason(judge_bytes(&good), ATLS_OK);
    close_good(&good);
}
END_TEST

/* The end of the platform token's signature, found by its length. */
static uint8_t *signature_end(struct good *good, bool of_realm)
{
    const struct atls_cca_claims *claims;
    struct atls_evidence *evidence = NULL;
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct atls_view signature;
    size_t at;

    forge_cmw(&cmw, TYPE_CCA, atls_buf_view(&good->token), 4);
    ck_assert_reason(
        atls_evidence_parse(atls_buf_view(&cmw), NULL, &evidence, NULL),
        ATLS_OK);
    claims = evidence->claims;
    signature = of_realm ? claims->realm.signature : claims->platform.signature;
    at = (size_t)(signature.data - evidence->value.data) + signature.len;
    atls_evidence_free(evidence);
    return good->token.data + at;
}

static const char p256_order[] =
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
static const char p384_order[] =
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
    "581a0db248b0a77aecec196accc52973";

/* Halves that are 0 or the order, and halves with one bit changed: of both
 * tokens (FIPS 186-5, 6.4.2). */
START_TEST(signature_outside_the_group_is_refused)
{
    for (unsigned i = 0; i < 12; i++) {
        bool of_realm = i >= 6;
        size_t len = of_realm ? 48 : 32;
        ATLS_AUTO_BUF order = atls_buf(48);
        static struct good good;
        uint8_t *half;

        forge_hex(&order, of_realm ? p384_order : p256_order);
        open_good(&good, ANY);
        ck_assert_reason(judge(&good), ATLS_OK);
        half = signature_end(&good, of_realm) - len * (1 + i % 2);
        if (i % 6 < 2)
            memset(half, 0, len);
        else if (i % 6 < 4)
            memcpy(half, order.data, len);
        else
            half[len / 2] ^= 0x10;
        ck_assert_reason(judge_bytes(&good), ATLS_SIGNATURE_INVALID);
        close_good(&good);
    }
}
END_TEST

START_TEST(truncated_or_longer_token_is_malformed)
{
    static struct good good;
    size_t len;

    open_good(&good, ANY);
    ck_assert_reason(judge(&good), ATLS_OK);
    len = good.token.len;
    for (good.token.len = 0; good.token.len < len; good.token.len++)
        ck_assert_reason(judge_bytes(&good), ATLS_EVIDENCE_MALFORMED);
    atls_buf_u8(&good.token, 0);
    ck_assert_reason(judge_bytes(&good), ATLS_EVIDENCE_MALFORMED);
    close_good(&good);
}
END_TEST

START_TEST(length_that_lies_is_malformed)
{
    static const uint8_t heads[][5] = {{0x59, 0x00, 0x00, 0, 0},
                                       {0x59, 0xff, 0xff, 0, 0},
                                       {0x5a, 0xff, 0xff, 0xff, 0xff},
                                       {0x5f, 0, 0, 0, 0}};
    static const size_t lens[] = {3, 3, 5, 1};
    ATLS_AUTO_BUF changed = atls_buf(FORGE_MAX);
    static struct good good;

    open_good(&good, ANY);
    good.cca.is_legacy = true;
    ck_assert_reason(judge(&good), ATLS_OK);
    /* d9018f a2 19acca 59 xxxx: the platform token's head stands at 7 */
    ck_assert_uint_eq(good.token.data[7], 0x59);
    atls_buf_put(&changed, atls_view(good.token.data, 7));
    atls_buf_put(&changed, atls_view(heads[_i], lens[_i]));
    atls_buf_put(&changed,
                 atls_view(good.token.data + 10, good.token.len - 10));
    ck_assert_reason(appraise(good.policy, TYPE_SSD, atls_buf_view(&changed),
                              forge_nonce(64), &good.verdict),
                     ATLS_EVIDENCE_MALFORMED);
    close_good(&good);
}
END_TEST

START_TEST(rak_on_another_curve_is_refused)
{
    ATLS_AUTO(EVP_PKEY) *key = EVP_EC_gen("P-384");
    struct atls_why why = {0};
    EVP_PKEY *out = NULL;

    ck_assert_reason(atls_ecdsa_point_key(atls_ecdsa_of_id(ATLS_COSE_ES256),
                                          atls_view("\x04", 1), &out, &why),
                     ATLS_CLAIM_INVALID);
    ck_assert_ptr_null(out);
    ck_assert_str_eq(why.text, "want a point on P-256, found none");
}
END_TEST

static const char *const bad_profiles[] = {
    "\"rim\":\"4343\"",
    "\"rim\":[]",
    "\"any\":true,\"lifecycle\":[]",
    "\"any\":true,\"lifecycle\":\"psa_rot_provisioning\"",
    "\"any\":true,\"profile\":\"tag:psacertified.org,2023:psa#tfm\"",
    "\"personalization\":\"41\"",
    "\"config\":\"\"",
    "\"any\":true,\"rem4\":\"" X32("00") "\"",
    "\"any\":true," RIM_43,
    "\"lifecycle\":\"secured\"",
};

START_TEST(wrong_profile_is_refused)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_key("psa");
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;

    put_policy(&text, key, ID_TWOS, bad_profiles[_i]);
    ck_assert_reason(atls_policy_parse(atls_buf_view(&text), "p", "", NULL,
                                       NULL, &policy, NULL),
                     ATLS_POLICY_INVALID);
}
END_TEST

/* A JWK in place of PEM, as text of the policy; `broken` moves its point off
 * the curve, as rust-ccatoken's ta-02-bad.json has it. */
static enum atls_reason load_jwk(EVP_PKEY *key, bool is_broken,
                                 struct atls_policy **out)
{
    ATLS_AUTO_BUF jwk = atls_buf(FORGE_MAX), text = atls_buf(FORGE_MAX);
    struct atls_why why = {0};
    char *x;

    ck_assert_reason(atls_jwk_put(&jwk, key, NULL, NULL), ATLS_OK);
    atls_buf_u8(&jwk, 0);
    jwk.len--;
    x = strstr((char *)jwk.data, "\"x\":\"");
    ck_assert_ptr_nonnull(x);
    if (is_broken)
        x[5] = x[5] == 'A' ? 'B' : 'A';
    atls_buf_text(&text, "{\"profiles\":{\"p\":{\"format\":\"cca\","
                         "\"any\":true,\"trust_anchors\":[{"
                         "\"instance_id\":\"" ID_TWOS "\",\"key\":\"");
    for (size_t i = 0; i < jwk.len; i++) {
        if (jwk.data[i] == '"')
            atls_buf_u8(&text, '\\');
        atls_buf_u8(&text, jwk.data[i]);
    }
    atls_buf_text(&text, "\"}]}}}");
    return atls_policy_parse(atls_buf_view(&text), "p", "", NULL, NULL, out,
                             &why);
}

START_TEST(anchor_may_be_a_jwk)
{
    static struct good good;

    open_good(&good, ANY);
    atls_policy_free(good.policy);
    ck_assert_reason(load_jwk(good.cpak, false, &good.policy), ATLS_OK);
    ck_assert_reason(judge(&good), ATLS_OK);
    atls_policy_free(good.policy);
    good.policy = NULL;
    ck_assert_reason(load_jwk(good.cpak, true, &good.policy),
                     ATLS_POLICY_INVALID);
    close_good(&good);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cca");
    TCase *cases = tcase_create("cca");
    ATLS_AUTO_BUF any = atls_buf(FORGE_MAX);

    if (forge_vector("cca/rust-ccatoken.cpak.json",
                     &any)) { /* else vectors.sh skips */
        tcase_add_loop_test(cases, token_of_others_is_judged, 0,
                            LENGTH(real_rows));
        tcase_add_loop_test(cases, realm_claims_of_others_are_read, 0,
                            LENGTH(realm_rows));
        tcase_add_test(cases, anchor_that_is_no_point_cannot_be_read);
    }
    tcase_add_test(cases, token_is_accepted_in_each_shape);
    tcase_add_test(cases, binder_of_48_bytes_stands_left_of_zeros);
    tcase_add_test(cases, realm_that_the_platform_does_not_name_is_refused);
    tcase_add_test(cases, rak_in_its_other_form_is_another_realm);
    tcase_add_test(cases, realm_token_that_rak_did_not_sign_is_refused);
    tcase_add_test(cases, platform_token_of_another_key_is_refused);
    tcase_add_loop_test(cases, changed_token_has_its_reason, 0,
                        LENGTH(broken_rows));
    tcase_add_loop_test(
        cases, measurements_may_be_as_wide_as_the_rmm_keeps_them, 0, 3);
    tcase_add_test(cases, claim_that_repeats_is_malformed);
    tcase_add_test(cases, no_bit_of_a_token_is_free);
    tcase_add_test(cases, signature_outside_the_group_is_refused);
    tcase_add_test(cases, truncated_or_longer_token_is_malformed);
    tcase_add_loop_test(cases, length_that_lies_is_malformed, 0, 4);
    tcase_add_test(cases, rak_on_another_curve_is_refused);
    tcase_add_test(cases, anchor_may_be_a_jwk);
    tcase_add_loop_test(cases, wrong_profile_is_refused, 0,
                        LENGTH(bad_profiles));
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
