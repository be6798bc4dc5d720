/* SPDX-License-Identifier: Apache-2.0
 *
 * Key attestation by a realm: the key's token, the digest that binds it to the
 * CCA token, and what an attacker makes of a good pair.
 */
#include <stdio.h>
#include <string.h>

#include "../check_main.h"
#include "cbor.h"
#include "ecdsa.h"
#include "forge_cca.h"
#include "forge_parsec.h"
#include "format.h"
#include "learn.h"
#include "policy.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

#define TYPE     "application/vnd.parallaxsecond.key-attestation.cca"
#define NOW      1795000000
#define ANY      "\"any\":true"
#define X4(text) text text text text
#define X32(text)                                                              \
    X4(text) X4(text) X4(text) X4(text) X4(text) X4(text) X4(text) X4(text)
#define ID "01" X32("02")

static EVP_PKEY *cpak, *rak, *tls;

static void setup(void)
{
    cpak = forge_key("psa");
    rak = EVP_EC_gen("P-384");
    tls = EVP_EC_gen("P-256");
}

static void teardown(void)
{
    EVP_PKEY_free(cpak);
    EVP_PKEY_free(rak);
    EVP_PKEY_free(tls);
}

/* Right or wrong in one place. */
struct forge {
    EVP_PKEY *key;
    struct atls_view nonce;
    uint64_t tag;  /* 0: 601 */
    int64_t curve; /* of the COSE_Key; 0: the key's */
    bool has_two_in_cnf, has_no_cnf, has_no_nonce, has_more;
    bool is_altered_later; /* after the realm was challenged with it */
    bool is_tsm_report;    /* the pat is in one */
    bool has_no_kat, has_no_pat, has_unknown_key;
    const char *after; /* hex behind the map */
    EVP_PKEY *realm_signer;
};

static struct forge good(void)
{
    return (struct forge){.key = tls, .nonce = forge_nonce(FORGE_NONCE)};
}

static void put_cose_key(const struct forge *forge, struct atls_buf *out)
{
    uint8_t point[1 + 2 * 66];
    size_t len = 0, field;

    ck_assert_int_eq(EVP_PKEY_get_octet_string_param(forge->key,
                                                     "encoded-pub-key", point,
                                                     sizeof(point), &len),
                     1);
    field = (len - 1) / 2;
    atls_cbor_put_map(out, 4);
    atls_cbor_put_int(out, 1);
    atls_cbor_put_int(out, 2);
    atls_cbor_put_int(out, -1);
    atls_cbor_put_int(out, forge->curve != 0 ? forge->curve
                           : field == 32     ? 1
                           : field == 48     ? 2
                                             : 3);
    atls_cbor_put_int(out, -2);
    atls_cbor_put_bytes(out, atls_view(point + 1, field));
    atls_cbor_put_int(out, -3);
    atls_cbor_put_bytes(out, atls_view(point + 1 + field, field));
}

static void put_kat(const struct forge *forge, struct atls_buf *out)
{
    atls_cbor_put_tag(out, forge->tag != 0 ? forge->tag : 601);
    atls_cbor_put_map(out, 2u - forge->has_no_cnf - forge->has_no_nonce +
                               forge->has_more);
    if (!forge->has_no_nonce) {
        atls_cbor_put_int(out, 10);
        atls_cbor_put_bytes(out, forge->nonce);
    }
    if (!forge->has_no_cnf) {
        atls_cbor_put_int(out, 8);
        atls_cbor_put_map(out, forge->has_two_in_cnf ? 2 : 1);
        atls_cbor_put_int(out, 1);
        put_cose_key(forge, out);
    }
    if (forge->has_two_in_cnf) {
        atls_cbor_put_int(out, 3); /* kid */
        atls_cbor_put_bytes(out, atls_view_text("kid"));
    }
    if (forge->has_more) {
        atls_cbor_put_int(out, 99999);
        atls_cbor_put_text(out, "more");
    }
}

static void put_pat(const struct forge *forge, struct atls_view kat,
                    struct atls_buf *out)
{
    ATLS_AUTO_BUF token = atls_buf(FORGE_MAX);
    ATLS_AUTO_HEAP struct forge_cca *cca = calloc(1, sizeof(*cca));
    uint8_t digest[64];

    ck_assert_ptr_nonnull(cca);
    ck_assert_int_eq(
        EVP_Q_digest(NULL, "SHA2-512", NULL, kat.data, kat.len, digest, NULL),
        1);
    forge_cca(cca, cpak, rak, atls_view(digest, sizeof(digest)));
    cca->realm_signer = forge->realm_signer;
    cca->is_legacy = !forge->is_tsm_report;
    forge_cca_put(cca, &token);
    forge_cca_clear(cca);
    if (!forge->is_tsm_report) {
        atls_buf_put(out, atls_buf_view(&token));
        return;
    }
    atls_cbor_put_map(out, 2);
    atls_cbor_put_text(out, "provider");
    atls_cbor_put_text(out, "arm_cca_guest\n");
    atls_cbor_put_text(out, "outblob");
    atls_cbor_put_bytes(out, atls_buf_view(&token));
}

static void put(const struct forge *forge, struct atls_buf *out)
{
    ATLS_AUTO_BUF kat = atls_buf(FORGE_MAX), pat = atls_buf(FORGE_MAX);

    put_kat(forge, &kat);
    put_pat(forge, atls_buf_view(&kat), &pat);
    if (forge->is_altered_later) /* the first byte of the nonce */
        kat.data[7] ^= 1;
    atls_cbor_put_map(out, 2u - forge->has_no_kat - forge->has_no_pat +
                               forge->has_unknown_key);
    if (!forge->has_no_kat) {
        atls_cbor_put_text(out, "kat");
        atls_buf_put(out, atls_buf_view(&kat));
    }
    if (!forge->has_no_pat) {
        atls_cbor_put_text(out, "pat");
        atls_buf_put(out, atls_buf_view(&pat));
    }
    if (forge->has_unknown_key) {
        atls_cbor_put_text(out, "more");
        atls_cbor_put_int(out, 1);
    }
    if (forge->after != NULL)
        forge_hex(out, forge->after);
}

static struct atls_policy *policy_for(const char *more)
{
    ATLS_AUTO_HEAP char *pem = forge_pem(cpak);
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    atls_buf_text(&text,
                  "{\"profiles\":{\"p\":{\"format\":\"parsec-cca\","
                  "\"trust_anchors\":[{\"instance_id\":\"" ID "\",\"key\":\"");
    atls_buf_text(&text, pem);
    atls_buf_text(&text, "\"}],");
    atls_buf_text(&text, more);
    atls_buf_text(&text, "}}}");
    ck_assert_msg(atls_policy_parse(atls_buf_view(&text), "p", "", NULL, NULL,
                                    &policy, &why) == ATLS_OK,
                  "%s", why.text);
    return policy;
}

static enum atls_reason judge(struct atls_view value, EVP_PKEY *of_peer,
                              struct atls_view nonce, const char *policy)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX), spki = atls_buf(FORGE_MAX);
    struct atls_policy *loaded = policy_for(policy);
    struct atls_verdict verdict;

    forge_cmw(&cmw, TYPE, value, 4);
    if (of_peer != NULL)
        forge_spki(of_peer, &spki);
    (void)atls_appraise_for_key(loaded, atls_buf_view(&cmw), nonce,
                                atls_buf_view(&spki), NOW, NULL, &verdict);
    atls_policy_free(loaded);
    return verdict.reason;
}

static enum atls_reason appraise(const struct forge *forge, const char *policy)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);

    put(forge, &value);
    return judge(atls_buf_view(&value), forge->key, forge_nonce(FORGE_NONCE),
                 policy);
}

START_TEST(key_of_a_realm_is_accepted)
{
    struct forge forge = good();

    ck_assert_reason(appraise(&forge, ANY), ATLS_OK);
    forge.has_more = true;
    ck_assert_reason(appraise(&forge, ANY), ATLS_OK);
}
END_TEST

START_TEST(keys_on_every_curve_are_compared)
{
    static const char *const curves[] = {"P-256", "P-384", "P-521"};
    ATLS_AUTO(EVP_PKEY) *key = EVP_EC_gen(curves[_i]);
    ATLS_AUTO(EVP_PKEY) *other = EVP_EC_gen(curves[_i]);
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct forge forge = good();

    forge.key = key;
    put(&forge, &value);
    ck_assert_reason(
        judge(atls_buf_view(&value), key, forge_nonce(FORGE_NONCE), ANY),
        ATLS_OK);
    ck_assert_reason(
        judge(atls_buf_view(&value), other, forge_nonce(FORGE_NONCE), ANY),
        ATLS_TLS_KEY_MISMATCH);
    ck_assert_reason(
        judge(atls_buf_view(&value), NULL, forge_nonce(FORGE_NONCE), ANY),
        ATLS_TLS_KEY_UNKNOWN);
}
END_TEST

/* What Veraison leaves out: the token is good for ever, the nonce is not. */
START_TEST(nonce_is_the_key_tokens)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct forge forge = good();
    uint8_t padded[64] = {0};

    put(&forge, &value);
    ck_assert_reason(
        judge(atls_buf_view(&value), tls, atls_view_text("another nonce"), ANY),
        ATLS_BINDER_MISMATCH);
    memcpy(padded, forge_nonce(FORGE_NONCE).data, FORGE_NONCE);
    ck_assert_reason(judge(atls_buf_view(&value), tls,
                           atls_view(padded, sizeof(padded)), ANY),
                     ATLS_BINDER_MISMATCH);
    forge.has_no_nonce = true;
    ck_assert_reason(appraise(&forge, ANY), ATLS_NONCE_MISSING);
    forge = good();
    forge.nonce = atls_view_text("seven b");
    ck_assert_reason(appraise(&forge, ANY), ATLS_NONCE_MISSING);
    forge.nonce = atls_view_text("a nonce of sixty-five bytes that is one "
                                 "more than a nonce can be.");
    ck_assert_uint_eq(forge.nonce.len, 65);
    ck_assert_reason(appraise(&forge, ANY), ATLS_EVIDENCE_MALFORMED);
}
END_TEST

START_TEST(key_token_that_the_realm_was_not_challenged_with_is_refused)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct forge forge = good();
    uint8_t nonce[FORGE_NONCE];

    memcpy(nonce, forge_nonce(FORGE_NONCE).data, sizeof(nonce));
    nonce[0] ^= 1;
    forge.is_altered_later = true;
    put(&forge, &value);
    ck_assert_reason(
        judge(atls_buf_view(&value), tls, atls_view(nonce, sizeof(nonce)), ANY),
        ATLS_TLS_KEY_UNBOUND);
}
END_TEST

START_TEST(realm_that_the_platform_does_not_know_is_refused)
{
    ATLS_AUTO(EVP_PKEY) *other = EVP_EC_gen("P-384");
    struct forge forge = good();

    forge.realm_signer = other;
    ck_assert_reason(appraise(&forge, ANY), ATLS_SIGNATURE_INVALID);
}
END_TEST

START_TEST(layout_is_that_of_parsec_and_no_other)
{
    struct forge forges[9];

    for (size_t i = 0; i < 9; i++)
        forges[i] = good();
    forges[0].tag = 61; /* of a CWT */
    forges[1].curve = 4;
    forges[2].curve = 2; /* of a key that is shorter */
    forges[3].has_two_in_cnf = true;
    forges[4].has_no_cnf = true;
    forges[5].has_no_kat = true;
    forges[6].has_no_pat = true;
    forges[7].has_unknown_key = true;
    forges[8].after = "00";
    for (size_t i = 0; i < 9; i++)
        ck_assert_reason(appraise(&forges[i], ANY), ATLS_EVIDENCE_MALFORMED);
    forges[0] = good();
    forges[0].is_tsm_report = true;
    ck_assert_reason(appraise(&forges[0], ANY), ATLS_EVIDENCE_MALFORMED);
}
END_TEST

/* All but the CCA token's unprotected headers is signed, or led to. */
START_TEST(no_flipped_bit_of_the_key_token_is_accepted)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), kat = atls_buf(FORGE_MAX);
    struct forge forge = good();

    put(&forge, &value);
    put_kat(&forge, &kat);
    for (size_t i = 0; i < 8 * (5 + kat.len); i++) {
        value.data[i / 8] ^= (uint8_t)(1u << i % 8);
        ck_assert_msg(judge(atls_buf_view(&value), tls,
                            forge_nonce(FORGE_NONCE), ANY) != ATLS_OK,
                      "bit %zu", i);
        value.data[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}
END_TEST

#define OTHER "\"" X32("44") "\""

static const struct judged_row {
    enum atls_reason reason;
    const char *policy;
} judged_rows[] = {
    {ATLS_OK, "\"instance_id\":\"" ID "\",\"rim\":\"" X32("43") "\""},
    {ATLS_OK, "\"config\":\"cfcfcfcf\",\"rem0\":\"" X32("45") "\""},
    {ATLS_PROFILE_MISSING, ANY ",\"profile\":\"http://arm.com/CCA-SSD/1.0.0\""},
    {ATLS_LIFECYCLE_REFUSED, ANY ",\"lifecycle\":\"decommissioned\""},
    {ATLS_COMPONENT_REFUSED,
     "\"components\":[{\"signer_id\":\"" X32("05") "\",\"measurement\":\"" X32(
         "02") "\"}]"},
    {ATLS_INSTANCE_REFUSED, "\"implementation_id\":" OTHER},
    {ATLS_INSTANCE_REFUSED, "\"instance_id\":\"01" X32("03") "\""},
    {ATLS_INSTANCE_REFUSED, "\"config\":\"cfcfcfce\""},
    {ATLS_REALM_REFUSED, "\"rim\":" OTHER},
    {ATLS_REALM_REFUSED, "\"rem0\":" OTHER},
    {ATLS_REALM_REFUSED, "\"rem1\":" OTHER},
    {ATLS_REALM_REFUSED, "\"rem2\":" OTHER},
    {ATLS_REALM_REFUSED, "\"rem3\":" OTHER},
    {ATLS_REALM_REFUSED, "\"personalization\":\"" X32("40") X32("40") "\""},
};

START_TEST(realm_is_judged_as_of_a_cca_profile)
{
    struct forge forge = good();

    ck_assert_reason(appraise(&forge, judged_rows[_i].policy),
                     judged_rows[_i].reason);
}
END_TEST

START_TEST(policy_that_was_learnt_accepts_it)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), cmw = atls_buf(FORGE_MAX);
    ATLS_AUTO_HEAP char *text = NULL;
    struct forge forge = good();
    struct atls_evidence *evidence = NULL;
    const struct atls_lesson lesson = {.keys = &cpak, .num_keys = 1};

    put(&forge, &value);
    forge_cmw(&cmw, TYPE, atls_buf_view(&value), 4);
    ck_assert_reason(
        atls_evidence_parse(atls_buf_view(&cmw), NULL, &evidence, NULL),
        ATLS_OK);
    ck_assert_reason(atls_policy_learn(evidence, &lesson, &text, NULL),
                     ATLS_OK);
    atls_evidence_free(evidence);
    ck_assert_ptr_nonnull(strstr(text, "\"parsec-cca\""));
    ck_assert_ptr_nonnull(strstr(text, "\"rim\": \"" X32("43") "\""));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("parsec_cca");
    TCase *cases = tcase_create("parsec_cca");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, key_of_a_realm_is_accepted);
    tcase_add_loop_test(cases, keys_on_every_curve_are_compared, 0, 3);
    tcase_add_test(cases, nonce_is_the_key_tokens);
    tcase_add_test(cases,
                   key_token_that_the_realm_was_not_challenged_with_is_refused);
    tcase_add_test(cases, realm_that_the_platform_does_not_know_is_refused);
    tcase_add_test(cases, layout_is_that_of_parsec_and_no_other);
    tcase_add_test(cases, no_flipped_bit_of_the_key_token_is_accepted);
    tcase_add_loop_test(cases, realm_is_judged_as_of_a_cca_profile, 0,
                        sizeof(judged_rows) / sizeof(judged_rows[0]));
    tcase_add_test(cases, policy_that_was_learnt_accepts_it);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
