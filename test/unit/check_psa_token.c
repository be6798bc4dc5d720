/* SPDX-License-Identifier: Apache-2.0
 *
 * PSA tokens of real devices (Trusted Firmware-M), claim sets of other
 * implementations signed here, and what an attacker makes of a good token.
 */
#include "psa.h"

#include <string.h>

#include <openssl/ec.h>
#include <openssl/pem.h>

#include "base64url.h"
#include "diag.h"
#include "forge.h"
#include "../check_main.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)
ATLS_AUTO_FREE(BIO, BIO_free_all)

#define LENGTH(array) (int)(sizeof(array) / sizeof((array)[0]))

static EVP_PKEY *real_key(const char *path)
{
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);
    ATLS_AUTO(BIO) *bio = NULL;

    ck_assert(forge_vector(path, &pem));
    bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    return PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
}

/* A policy for key, by its bare or by a named instance ID. */
static struct atls_policy *policy_for(EVP_PKEY *key, const char *instance_id,
                                      const char *more)
{
    ATLS_AUTO_HEAP char *pem = forge_pem(key);
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    atls_buf_text(&text, "{\"profiles\":{\"p\":{\"format\":\"psa\","
                         "\"trust_anchors\":[");
    if (instance_id != NULL) {
        atls_buf_text(&text, "{\"instance_id\":\"");
        atls_buf_text(&text, instance_id);
        atls_buf_text(&text, "\",\"key\":");
    }
    atls_buf_text(&text, "\"");
    atls_buf_text(&text, pem);
    atls_buf_text(&text, instance_id != NULL ? "\"}]," : "\"],");
    atls_buf_text(&text, more);
    atls_buf_text(&text, "}}}");
    ck_assert_msg(atls_policy_parse(atls_buf_view(&text), "p", "", NULL, NULL,
                                    &policy, &why) == ATLS_OK,
                  "%s", why.text);
    return policy;
}

static enum atls_reason appraise(const struct atls_policy *policy,
                                 struct atls_view token, struct atls_view nonce,
                                 struct atls_verdict *verdict)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);

    forge_cmw(&cmw, "10004", token, 0);
    return atls_appraise(policy, atls_buf_view(&cmw), nonce, 1795000000, NULL,
                         verdict);
}

#define LEGACY                                                                 \
    "\"profile\":[\"http://arm.com/psa/2.0.0\",\"PSA_IOT_PROFILE_1\","         \
    "\"tag:psacertified.org,2023:psa#tfm\"]"
#define NSPE                                                                   \
    "{\"type\":\"NSPE\",\"signer_id\":"                                        \
    "\"b360caf5c98c6b942a4882fa9d4823efb166a9ef6a6e4aa37c1919ed1fccc049\","    \
    "\"measurement\":"                                                         \
    "\"087d13c68f32aaafb8c4fc0a2253445432009765e216fb85c398c9580522c1bf\"}"
#define SPE(measurement)                                                       \
    "{\"signer_id\":"                                                          \
    "\"bfe6d86f8826f4ff97fb96c4e6fbc4993e4619fc565da26adf34c329489adc38\","    \
    "\"measurement\":\"" measurement "\"}"
#define SPE_2                                                                  \
    SPE("96a2ec56c65120a60ce3a53ef8d2082233772aacd5b17935a92be12ac577f685")
#define SPE_IOT                                                                \
    SPE("f79f1fe6aa0445d620a017d3d5c5215a20367fc135b6ad355beda66a21b693a9")

static const struct real_row {
    const char *file, *reference;
    enum atls_reason reason;
} real_rows[] = {
    {"psa/tfm.psa-2_0_0_sign1.bin", LEGACY ",\"any\":true", ATLS_OK},
    {"psa/tfm.psa-iot-1_sign1.bin", LEGACY ",\"any\":true", ATLS_OK},
    {"psa/tfm.psa-2_0_0_sign1.bin",
     LEGACY ",\"components\":[" SPE_2 "," NSPE "]", ATLS_OK},
    {"psa/tfm.psa-iot-1_sign1.bin",
     LEGACY ",\"components\":[" SPE_IOT "," NSPE "]", ATLS_OK},
    {"psa/tfm.psa-iot-1_sign1.bin",
     LEGACY ",\"components\":[" SPE_2 "," NSPE "]", ATLS_COMPONENT_REFUSED},
    {"psa/tfm.psa-2_0_0_sign1.bin", "\"any\":true", ATLS_PROFILE_MISSING},
    {"psa/tfm.psa-2_0_0_sign1.bin",
     "\"profile\":\"PSA_IOT_PROFILE_1\",\"any\":true", ATLS_PROFILE_MISSING},
    {"psa/tfm.psa-2_0_0_sign1.bin",
     LEGACY ",\"any\":true,\"lifecycle\":\"decommissioned\"",
     ATLS_LIFECYCLE_REFUSED},
    {"psa/tfm.psa-2_0_0_mac0.bin", LEGACY ",\"any\":true",
     ATLS_ALGORITHM_UNSUPPORTED},
    {"psa/tfm.psa-iot-1_mac0.bin", LEGACY ",\"any\":true",
     ATLS_ALGORITHM_UNSUPPORTED},
};

/* Their nonce is 64 zero bytes, which the binder of 64 zero bytes equals. */
START_TEST(token_of_trusted_firmware_m_is_judged)
{
    const struct real_row *row = &real_rows[_i];
    const uint8_t zeros[64] = {0};
    ATLS_AUTO(EVP_PKEY) *key = real_key("psa/tfm.key.pem");
    ATLS_AUTO_BUF token = atls_buf(FORGE_MAX);
    struct atls_policy *policy = policy_for(key, NULL, row->reference);
    struct atls_verdict verdict;

    ck_assert(forge_vector(row->file, &token));
    ck_assert_msg(appraise(policy, atls_buf_view(&token),
                           atls_view(zeros, sizeof(zeros)),
                           &verdict) == row->reason,
                  "%s: %s", atls_reason_name(verdict.reason), verdict.text);
    atls_policy_free(policy);
}
END_TEST

static const struct diag_row {
    const char *file, *instance_id;
    unsigned nonce_len;
    uint8_t nonce_byte;
    enum atls_reason reason;
} diag_rows[] = {
#define ONES "0102020202020202020202020202020202020202020202020202020202020202"
    {"psa/tfm.psa-2_0_0_claims.diag", NULL, 64, 0, ATLS_OK},
    {"psa/veraison.P1ClaimsTFM.diag", NULL, 64, 0, ATLS_OK},
    {"psa/veraison.P2ClaimsTFM.diag", NULL, 64, 0, ATLS_OK},
    {"psa/veraison.P1ClaimsAll.diag", ONES "02", 32, 1, ATLS_OK},
    {"psa/veraison.P2ClaimsAll.diag", ONES "02", 32, 1, ATLS_OK},
    {"psa/veraison.P2ClaimsMandatoryOnly.diag", ONES "02", 32, 1, ATLS_OK},
    {"psa/veraison.P2ClaimsInvalidMultiNonce.diag", ONES "02", 32, 1,
     ATLS_EVIDENCE_MALFORMED},
    {"psa/veraison.P2ClaimsMissingMandatoryNonce.diag", ONES "02", 32, 1,
     ATLS_NONCE_MISSING},
};

START_TEST(claim_set_of_others_is_judged_when_signed)
{
    const struct diag_row *row = &diag_rows[_i];
    ATLS_AUTO(EVP_PKEY) *key = real_key("psa/tfm.key.pem");
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX), payload = atls_buf(FORGE_MAX);
    ATLS_AUTO_BUF token = atls_buf(FORGE_MAX);
    struct atls_policy *policy =
        policy_for(key, row->instance_id, LEGACY ",\"any\":true");
    struct atls_verdict verdict;
    uint8_t nonce[64];

    memset(nonce, row->nonce_byte, sizeof(nonce));
    ck_assert(forge_vector(row->file, &text));
    ck_assert_msg(diag_encode(atls_buf_view(&text), &payload), "%s", row->file);
    ck_assert_reason(
        atls_cose_sign1_put(&token, atls_buf_view(&payload), key, NULL, NULL),
        ATLS_OK);
    ck_assert_msg(appraise(policy, atls_buf_view(&token),
                           atls_view(nonce, row->nonce_len),
                           &verdict) == row->reason,
                  "%s: %s", atls_reason_name(verdict.reason), verdict.text);
    atls_policy_free(policy);
}
END_TEST

/* A good token of ours, to be broken. */
struct good {
    EVP_PKEY *key;
    struct atls_policy *policy;
    struct atls_buf token;
};

static void make_good(struct good *good, EVP_PKEY *key)
{
    struct forge_claims claims;

    good->key = key;
    good->policy = policy_for(key, NULL, "\"any\":true");
    good->token = atls_buf(FORGE_MAX);
    forge_claims(&claims, key, forge_nonce(FORGE_NONCE));
    forge_psa(&good->token, &claims, key);
    forge_claims_clear(&claims);
}

static void clear_good(struct good *good)
{
    EVP_PKEY_free(good->key);
    atls_policy_free(good->policy);
    atls_buf_clear(&good->token);
}

static enum atls_reason judge_good(const struct good *good)
{
    struct atls_verdict verdict;

    return appraise(good->policy, atls_buf_view(&good->token),
                    forge_nonce(FORGE_NONCE), &verdict);
}

START_TEST(token_is_accepted_under_each_algorithm)
{
    static const char *const curves[] = {"P-256", "P-384", "P-521"};
    struct good good;

    make_good(&good, EVP_EC_gen(curves[_i]));
    ck_assert_reason(judge_good(&good), ATLS_OK);
    good.token.data[good.token.len - 1] ^= 1;
    ck_assert_reason(judge_good(&good), ATLS_SIGNATURE_INVALID);
    clear_good(&good);
}
END_TEST

static const char p256_order[] =
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

/* r or s of 0 and of the group's order (RFC 9053, 2.1; FIPS 186-5, 6.4.2). */
START_TEST(signature_outside_the_group_is_refused)
{
    ATLS_AUTO_BUF order = atls_buf(32);
    uint8_t *half;
    struct good good;

    forge_hex(&order, p256_order);
    for (unsigned i = 0; i < 4; i++) {
        make_good(&good, forge_key("psa"));
        half = good.token.data + good.token.len - (i % 2 == 0 ? 64 : 32);
        if (i < 2)
            memset(half, 0, 32);
        else
            memcpy(half, order.data, 32);
        ck_assert_reason(judge_good(&good), ATLS_SIGNATURE_INVALID);
        clear_good(&good);
    }
}
END_TEST

/* The token ends everywhere, inside a wrapper that is whole. */
START_TEST(truncated_token_is_malformed)
{
    struct good good;
    size_t len;

    make_good(&good, forge_key("psa"));
    len = good.token.len;
    for (good.token.len = 0; good.token.len < len; good.token.len++)
        ck_assert_reason(judge_good(&good), ATLS_EVIDENCE_MALFORMED);
    atls_buf_u8(&good.token, 0);
    ck_assert_reason(judge_good(&good), ATLS_EVIDENCE_MALFORMED);
    clear_good(&good);
}
END_TEST

/* Where a byte string's length is written: the payload's, at its largest. */
START_TEST(length_that_lies_is_malformed)
{
    static const uint8_t heads[][9] = {
        {0x40},
        {0x59, 0x00, 0x00},
        {0x59, 0xff, 0xff},
        {0x5a, 0xff, 0xff, 0xff, 0xff},
        {0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
        {0x5f},
    };
    static const size_t lens[] = {1, 3, 3, 5, 9, 1};
    ATLS_AUTO_BUF token = atls_buf(FORGE_MAX);
    struct atls_verdict verdict;
    struct good good;

    make_good(&good, forge_key("psa"));
    /* d2 84 43 a10126 a0 59 xxxx: the payload's head stands at 7 */
    ck_assert_uint_eq(good.token.data[7], 0x59);
    atls_buf_put(&token, atls_view(good.token.data, 7));
    atls_buf_put(&token, atls_view(heads[_i], lens[_i]));
    atls_buf_put(&token, atls_view(good.token.data + 10, good.token.len - 10));
    ck_assert_reason(appraise(good.policy, atls_buf_view(&token),
                              forge_nonce(FORGE_NONCE), &verdict),
                     ATLS_EVIDENCE_MALFORMED);
    clear_good(&good);
}
END_TEST

START_TEST(nonce_of_each_hash_is_found)
{
    static const unsigned lens[] = {32, 48, 64};
    ATLS_AUTO(EVP_PKEY) *key = forge_key("psa");
    ATLS_AUTO_BUF token = atls_buf(FORGE_MAX);
    struct atls_policy *policy = policy_for(key, NULL, "\"any\":true");
    struct forge_claims claims;
    struct atls_verdict verdict;

    forge_claims(&claims, key, forge_nonce(lens[_i]));
    forge_psa(&token, &claims, key);
    ck_assert_reason(appraise(policy, atls_buf_view(&token),
                              forge_nonce(lens[_i]), &verdict),
                     ATLS_OK);
    ck_assert_reason(appraise(policy, atls_buf_view(&token),
                              forge_nonce(lens[_i] - 8), &verdict),
                     ATLS_BINDER_MISMATCH);
    forge_claims_clear(&claims);
    atls_policy_free(policy);
}
END_TEST

START_TEST(verdict_has_the_vector_of_a_psa_device)
{
    struct atls_verdict verdict;
    struct good good;

    make_good(&good, forge_key("psa"));
    ck_assert_reason(appraise(good.policy, atls_buf_view(&good.token),
                              forge_nonce(FORGE_NONCE), &verdict),
                     ATLS_OK);
    ck_assert_int_eq(verdict.vector[ATLS_INSTANCE_IDENTITY], 2);
    ck_assert_int_eq(verdict.vector[ATLS_HARDWARE], 2);
    ck_assert_int_eq(verdict.vector[ATLS_CONFIGURATION], 2);
    ck_assert_int_eq(verdict.vector[ATLS_EXECUTABLES], 0);
    clear_good(&good);
}
END_TEST

START_TEST(lifecycle_states_are_those_of_rfc_9783)
{
    ck_assert_int_eq(atls_psa_lifecycle(0), ATLS_PSA_UNKNOWN);
    ck_assert_int_eq(atls_psa_lifecycle(0xff), ATLS_PSA_UNKNOWN);
    ck_assert_int_eq(atls_psa_lifecycle(0x100), -1);
    ck_assert_int_eq(atls_psa_lifecycle(0x30ff), ATLS_PSA_SECURED);
    ck_assert_int_eq(atls_psa_lifecycle(0x60ff), ATLS_PSA_DECOMMISSIONED);
    ck_assert_int_eq(atls_psa_lifecycle(0x7000), -1);
    ck_assert_int_eq(atls_psa_lifecycle(-1), -1);
    ck_assert_int_eq(atls_psa_lifecycle(INT64_MAX), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("psa");
    TCase *cases = tcase_create("psa");
    ATLS_AUTO_BUF any = atls_buf(FORGE_MAX);

    if (forge_vector("psa/tfm.key.pem", &any)) { /* else vectors.sh skips */
        tcase_add_loop_test(cases, token_of_trusted_firmware_m_is_judged, 0,
                            LENGTH(real_rows));
        tcase_add_loop_test(cases, claim_set_of_others_is_judged_when_signed, 0,
                            LENGTH(diag_rows));
    }
    tcase_add_loop_test(cases, token_is_accepted_under_each_algorithm, 0, 3);
    tcase_add_test(cases, signature_outside_the_group_is_refused);
    tcase_add_test(cases, truncated_token_is_malformed);
    tcase_add_loop_test(cases, length_that_lies_is_malformed, 0, 6);
    tcase_add_loop_test(cases, nonce_of_each_hash_is_found, 0, 3);
    tcase_add_test(cases, verdict_has_the_vector_of_a_psa_device);
    tcase_add_test(cases, lifecycle_states_are_those_of_rfc_9783);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
