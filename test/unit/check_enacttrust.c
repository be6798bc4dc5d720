/* SPDX-License-Identifier: Apache-2.0
 *
 * EnactTrust's Evidence: bytes one after the other, and a node that says who it
 * is without proof.
 */
#include <stdio.h>
#include <string.h>

#include "../check_main.h"
#include "forge.h"
#include "format.h"
#include "learn.h"
#include "policy.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

#define TYPE "application/vnd.enacttrust.tpm-evidence"
#define NOW  1795000000
#define NODE "00112233-4455-6677-8899-aabbccddeeff"
#define HEX  "00112233445566778899aabbccddeeff"
#define PEER "00112233-4455-6677-8899-aabbccddeefe"
#define ANY  "\"any\":true"

#define X4(text) text text text text
#define X32(text)                                                              \
    X4(text) X4(text) X4(text) X4(text) X4(text) X4(text) X4(text) X4(text)
#define PCR_0(byte) "\"pcrs\":{\"sha256\":{\"0\":\"" X32(byte) "\"}}"

static EVP_PKEY *ak;

static void setup(void)
{
    ak = forge_key("ak-ecc");
}

static void teardown(void)
{
    EVP_PKEY_free(ak);
}

static struct forge_quote good(void)
{
    return (struct forge_quote){.key = ak,
                                .nonce = forge_nonce(FORGE_NONCE),
                                .selections = {{0x0b, 0x01}}};
}

static void put(const char *node, const struct forge_quote *quote,
                struct atls_buf *out)
{
    ATLS_AUTO_BUF attest = atls_buf(FORGE_MAX), signature = atls_buf(FORGE_MAX);

    forge_quote_attest(quote, &attest);
    forge_quote_signature(quote, atls_buf_view(&attest), &signature);
    forge_hex(out, node);
    atls_buf_u16(out, (uint16_t)attest.len);
    atls_buf_put(out, atls_buf_view(&attest));
    atls_buf_put(out, atls_buf_view(&signature));
    ck_assert(!out->failed);
}

static enum atls_reason load(const char *node, EVP_PKEY *anchor,
                             const char *more, struct atls_policy **policy,
                             struct atls_why *why)
{
    ATLS_AUTO_HEAP char *pem = forge_pem(anchor);
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);

    atls_buf_text(&text, "{\"profiles\":{\"p\":{\"format\":\"enacttrust\","
                         "\"trust_anchors\":[{\"node_id\":\"");
    atls_buf_text(&text, node);
    atls_buf_text(&text, "\",\"key\":\"");
    atls_buf_text(&text, pem);
    atls_buf_text(&text, "\"}],");
    atls_buf_text(&text, more);
    atls_buf_text(&text, "}}}");
    return atls_policy_parse(atls_buf_view(&text), "p", "", NULL, NULL, policy,
                             why);
}

static enum atls_reason judge(struct atls_view value, const char *node,
                              EVP_PKEY *anchor, const char *more,
                              struct atls_verdict *verdict)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;

    ck_assert_reason(load(node, anchor, more, &policy, NULL), ATLS_OK);
    forge_cmw(&cmw, TYPE, value, 4);
    (void)atls_appraise(policy, atls_buf_view(&cmw), forge_nonce(FORGE_NONCE),
                        NOW, NULL, verdict);
    atls_policy_free(policy);
    return verdict->reason;
}

static enum atls_reason appraise(const struct forge_quote *quote,
                                 const char *more)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct atls_verdict verdict;

    put(HEX, quote, &value);
    return judge(atls_buf_view(&value), NODE, ak, more, &verdict);
}

START_TEST(quote_of_a_known_node_is_accepted)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct forge_quote quote = good();
    struct atls_verdict verdict;

    put(HEX, &quote, &value);
    ck_assert_reason(
        judge(atls_buf_view(&value), NODE, ak, PCR_0("00"), &verdict), ATLS_OK);
    ck_assert_int_eq(verdict.vector[ATLS_INSTANCE_IDENTITY], 2);
    ck_assert_int_eq(verdict.vector[ATLS_HARDWARE], 2);
    ck_assert_int_eq(verdict.vector[ATLS_EXECUTABLES], 3);
    ck_assert_reason(judge(atls_buf_view(&value), NODE, ak, ANY, &verdict),
                     ATLS_OK);
    ck_assert_int_eq(verdict.vector[ATLS_EXECUTABLES], 0);
}
END_TEST

START_TEST(attestation_keys_may_be_rsa)
{
    ATLS_AUTO(EVP_PKEY) *rsa = forge_key("ak-rsa");
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct forge_quote quote = good();
    struct atls_verdict verdict;

    quote.key = rsa;
    quote.algorithm = 0x14;
    put(HEX, &quote, &value);
    ck_assert_reason(
        judge(atls_buf_view(&value), NODE, rsa, PCR_0("00"), &verdict),
        ATLS_OK);
}
END_TEST

/* The ID is not signed: it finds the key, and the key decides. */
START_TEST(node_is_who_holds_its_key)
{
    ATLS_AUTO(EVP_PKEY) *other = forge_key("ak-other");
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct forge_quote quote = good();
    struct atls_verdict verdict;

    put(HEX, &quote, &value);
    ck_assert_reason(judge(atls_buf_view(&value), PEER, ak, ANY, &verdict),
                     ATLS_ANCHOR_UNKNOWN);
    ck_assert_reason(judge(atls_buf_view(&value), NODE, other, ANY, &verdict),
                     ATLS_SIGNATURE_INVALID);
}
END_TEST

START_TEST(challenge_is_compared)
{
    struct forge_quote quote = good();

    quote.nonce = atls_view_text("another nonce");
    ck_assert_reason(appraise(&quote, ANY), ATLS_BINDER_MISMATCH);
    quote.nonce = atls_view(NULL, 0);
    ck_assert_reason(appraise(&quote, ANY), ATLS_NONCE_MISSING);
}
END_TEST

START_TEST(what_a_tpm_did_not_quote_is_refused)
{
    struct forge_quote quote = good();

    quote.type = 0x8017; /* a certificate of a key */
    ck_assert_reason(appraise(&quote, ANY), ATLS_TPM_NOT_A_QUOTE);
    quote = good();
    quote.magic = 1;
    ck_assert_reason(appraise(&quote, ANY), ATLS_TPM_NOT_A_QUOTE);
    quote = good();
    quote.after_attest = "00";
    ck_assert_reason(appraise(&quote, ANY), ATLS_EVIDENCE_MALFORMED);
    quote = good();
    quote.after_signature = "00";
    ck_assert_reason(appraise(&quote, ANY), ATLS_EVIDENCE_MALFORMED);
}
END_TEST

/* What it is in hex of a policy, of a PCR 0 that is zero */
#define ONE_DIGEST                                                             \
    "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925"
#define DIGEST(pcr, digest)                                                    \
    "\"pcr_digest\":{\"pcrs\":{\"sha256\":[" pcr "]},\"digest\":\"" digest "\"}"

START_TEST(what_was_booted_is_judged)
{
    struct forge_quote quote = good();

    ck_assert_reason(appraise(&quote, DIGEST("0", ONE_DIGEST)), ATLS_OK);
    ck_assert_reason(appraise(&quote, DIGEST("0", X32("00"))),
                     ATLS_PCR_MISMATCH);
    ck_assert_reason(appraise(&quote, DIGEST("1", ONE_DIGEST)),
                     ATLS_PCR_MISSING);
    ck_assert_reason(appraise(&quote, PCR_0("01")), ATLS_PCR_MISMATCH);
    quote.selections[0].mask = 2;
    ck_assert_reason(appraise(&quote, PCR_0("01")), ATLS_PCR_MISSING);
    ck_assert_reason(
        appraise(&quote, ANY ",\"firmware_version\":\"0000000000000001\""),
        ATLS_FIRMWARE_REFUSED);
}
END_TEST

/* But the node's ID, of which another names no key or one that did not sign */
START_TEST(no_flipped_bit_is_accepted)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct forge_quote quote = good();
    struct atls_policy *policy = NULL;

    put(HEX, &quote, &value);
    ck_assert_reason(load(NODE, ak, PCR_0("00"), &policy, NULL), ATLS_OK);
    for (size_t i = 0; i < 8 * value.len; i++) {
        ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
        struct atls_verdict verdict;

        value.data[i / 8] ^= (uint8_t)(1u << i % 8);
        forge_cmw(&cmw, TYPE, atls_buf_view(&value), 4);
        value.data[i / 8] ^= (uint8_t)(1u << i % 8);
        ck_assert_msg(atls_appraise(policy, atls_buf_view(&cmw),
                                    forge_nonce(FORGE_NONCE), NOW, NULL,
                                    &verdict) != ATLS_OK,
                      "bit %zu", i);
    }
    atls_policy_free(policy);
}
END_TEST

START_TEST(cut_anywhere_it_is_malformed)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct forge_quote quote = good();
    struct atls_verdict verdict;

    put(HEX, &quote, &value);
    for (size_t i = 0; i < value.len; i++)
        ck_assert_reason(
            judge(atls_view(value.data, i), NODE, ak, ANY, &verdict),
            ATLS_EVIDENCE_MALFORMED);
}
END_TEST

static const char *const bad_ids[] = {
    HEX,
    "00112233-4455-6677-8899-aabbccddee",
    NODE "0",
    "00112233_4455-6677-8899-aabbccddeeff",
    "0011223g-4455-6677-8899-aabbccddeeff",
    "00112233-44556-677-8899-aabbccddeeff",
};

START_TEST(node_is_named_by_a_uuid)
{
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    ck_assert_reason(load(bad_ids[_i], ak, ANY, &policy, &why),
                     ATLS_POLICY_INVALID);
    ck_assert_msg(strstr(why.text, "node_id") != NULL &&
                      strstr(why.text, "want a UUID such as") != NULL,
                  "%s", why.text);
    ck_assert_reason(
        load("00112233-4455-6677-8899-AABBCCDDEEFF", ak, ANY, &policy, NULL),
        ATLS_OK);
    atls_policy_free(policy);
}
END_TEST

/* A key tells nothing of its node. */
START_TEST(bare_keys_are_refused)
{
    ATLS_AUTO_HEAP char *pem = forge_pem(ak);
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    atls_buf_text(&text, "{\"profiles\":{\"p\":{\"format\":\"enacttrust\","
                         "\"trust_anchors\":[\"");
    atls_buf_text(&text, pem);
    atls_buf_text(&text, "\"]," ANY "}}}");
    ck_assert_reason(atls_policy_parse(atls_buf_view(&text), "p", "", NULL,
                                       NULL, &policy, &why),
                     ATLS_POLICY_INVALID);
    ck_assert_msg(strstr(why.text, "want an object") != NULL, "%s", why.text);
}
END_TEST

START_TEST(one_node_has_one_key)
{
    ATLS_AUTO(EVP_PKEY) *other = forge_key("ak-other");
    ATLS_AUTO_HEAP char *first = forge_pem(ak), *second = forge_pem(other);
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    atls_buf_text(&text,
                  "{\"profiles\":{\"p\":{\"format\":\"enacttrust\","
                  "\"trust_anchors\":[{\"node_id\":\"" NODE "\",\"key\":\"");
    atls_buf_text(&text, first);
    atls_buf_text(&text, "\"},{\"node_id\":\"" NODE "\",\"key\":\"");
    atls_buf_text(&text, second);
    atls_buf_text(&text, "\"}]," ANY "}}}");
    ck_assert_reason(atls_policy_parse(atls_buf_view(&text), "p", "", NULL,
                                       NULL, &policy, &why),
                     ATLS_POLICY_INVALID);
    ck_assert_msg(strstr(why.text, "one key for each node_id") != NULL, "%s",
                  why.text);
}
END_TEST

static struct atls_evidence *parsed(struct atls_buf *cmw, const char *node,
                                    const struct forge_quote *quote)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct atls_evidence *evidence = NULL;

    put(node, quote, &value);
    forge_cmw(cmw, TYPE, atls_buf_view(&value), 4);
    ck_assert_reason(
        atls_evidence_parse(atls_buf_view(cmw), NULL, &evidence, NULL),
        ATLS_OK);
    return evidence;
}

/* Of this node, in this state. */
START_TEST(policy_that_was_learnt_takes_no_other)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX), other = atls_buf(FORGE_MAX);
    struct forge_quote quote = good();
    const struct atls_lesson lesson = {.keys = &ak, .num_keys = 1, .now = NOW};
    struct atls_evidence *evidence = parsed(&cmw, HEX, &quote);
    ATLS_AUTO_HEAP char *text = NULL;
    struct atls_policy *policy = NULL;
    struct atls_verdict verdict;

    ck_assert_reason(atls_policy_learn(evidence, &lesson, &text, NULL),
                     ATLS_OK);
    ck_assert_ptr_nonnull(strstr(text, "\"node_id\": \"" NODE "\""));
    atls_evidence_free(evidence);
    ck_assert_reason(atls_policy_parse(atls_view_text(text), "learnt", "", NULL,
                                       NULL, &policy, NULL),
                     ATLS_OK);
    ck_assert_reason(atls_appraise(policy, atls_buf_view(&cmw),
                                   forge_nonce(FORGE_NONCE), NOW, NULL,
                                   &verdict),
                     ATLS_OK);
    quote.selections[0].mask = 2;
    atls_evidence_free(parsed(&other, HEX, &quote));
    ck_assert_reason(atls_appraise(policy, atls_buf_view(&other),
                                   forge_nonce(FORGE_NONCE), NOW, NULL,
                                   &verdict),
                     ATLS_PCR_MISSING);
    atls_policy_free(policy);
}
END_TEST

static void take_claim(void *arg, const char *name, const char *value)
{
    atls_buf_text(arg, name);
    atls_buf_text(arg, "=");
    atls_buf_text(arg, value);
    atls_buf_text(arg, "\n");
}

START_TEST(it_is_described_in_words)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX), words = atls_buf(FORGE_MAX);
    struct forge_quote quote = good();
    struct atls_evidence *evidence = parsed(&cmw, HEX, &quote);

    atls_evidence_describe(evidence, false, take_claim, &words);
    atls_evidence_free(evidence);
    atls_buf_u8(&words, 0);
    ck_assert_ptr_nonnull(
        strstr((const char *)words.data, "node_id=" NODE "\npcr_digest="));
    ck_assert_ptr_nonnull(strstr((const char *)words.data, "\nnonce=a0a1a2"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("enacttrust");
    TCase *cases = tcase_create("enacttrust");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, quote_of_a_known_node_is_accepted);
    tcase_add_test(cases, attestation_keys_may_be_rsa);
    tcase_add_test(cases, node_is_who_holds_its_key);
    tcase_add_test(cases, challenge_is_compared);
    tcase_add_test(cases, what_a_tpm_did_not_quote_is_refused);
    tcase_add_test(cases, what_was_booted_is_judged);
    tcase_add_test(cases, no_flipped_bit_is_accepted);
    tcase_add_test(cases, cut_anywhere_it_is_malformed);
    tcase_add_loop_test(cases, node_is_named_by_a_uuid, 0,
                        sizeof(bad_ids) / sizeof(bad_ids[0]));
    tcase_add_test(cases, bare_keys_are_refused);
    tcase_add_test(cases, one_node_has_one_key);
    tcase_add_test(cases, policy_that_was_learnt_takes_no_other);
    tcase_add_test(cases, it_is_described_in_words);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
