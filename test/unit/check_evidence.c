/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence between parsing and appraisal: types, nonces, descriptions, and the
 * table of formats.
 */
#include "evidence.h"

#include <stdio.h>
#include <string.h>

#include "forge.h"
#include "format.h"
#include "../check_main.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

#define TYPE_TPM "application/vnd.atls.tpm-quote+cbor"
#define TYPE_PSA                                                               \
    "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\""

static void put_psa(struct atls_buf *cmw, const char *type,
                    struct atls_view nonce, uint32_t indicator)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_key("psa");
    ATLS_AUTO_BUF token = atls_buf(FORGE_MAX);
    struct forge_claims claims;

    forge_claims(&claims, key, nonce);
    forge_psa(&token, &claims, key);
    forge_cmw(cmw, type, atls_buf_view(&token), indicator);
    forge_claims_clear(&claims);
}

static void put_tpm(struct atls_buf *cmw, struct atls_view nonce)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_key("ak-ecc");
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct forge_quote quote = {
        .key = key, .nonce = nonce, .selections = {{0x0b, 0x81}}};

    forge_quote(&value, &quote);
    forge_cmw(cmw, TYPE_TPM, atls_buf_view(&value), 4);
}

static const struct type_row {
    const char *sent, *expected;
    uint32_t indicator;
    enum atls_reason reason;
} type_rows[] = {
    {"10003", "10003", 4, ATLS_OK},
    {"10003", TYPE_PSA, 0, ATLS_OK},
    {TYPE_PSA, "10003", 4, ATLS_OK},
    {"10003", NULL, 4, ATLS_OK},
    {"10004", "10003", 4, ATLS_CMW_TYPE},
    {"10003", TYPE_TPM, 4, ATLS_CMW_TYPE},
    {"10003", "10003", 1, ATLS_CMW_INDICATOR},
    {"10003", "10003", 8, ATLS_CMW_INDICATOR},
    {"10003", "10003", 12, ATLS_CMW_INDICATOR},
    {"263", NULL, 4, ATLS_FORMAT_UNKNOWN},
    {"263", "263", 4, ATLS_FORMAT_UNKNOWN},
    {"application/eat+cwt", NULL, 4, ATLS_FORMAT_UNKNOWN},
};

START_TEST(record_is_taken_for_what_was_agreed)
{
    const struct type_row *row = &type_rows[_i];
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct atls_evidence *evidence = NULL;
    struct atls_why why = {0};
    struct atls_type expected;

    put_psa(&cmw, row->sent, forge_nonce(32), row->indicator);
    if (row->expected != NULL)
        ck_assert(atls_type_parse(atls_view_text(row->expected), &expected));
    ck_assert_reason(
        atls_evidence_parse(atls_buf_view(&cmw),
                            row->expected != NULL ? &expected : NULL, &evidence,
                            &why),
        row->reason);
    ck_assert((row->reason == ATLS_OK) == (evidence != NULL));
    ck_assert_int_eq(why.reason, row->reason);
    atls_evidence_free(evidence);
}
END_TEST

START_TEST(collection_of_what_nobody_knows_is_not_taken)
{
    static const char text[] =
        "{\"__cmwc_t\":\"tag:a,2026:b\",\"x\":[\"a/b\",\"AA\"]}";
    struct atls_evidence *evidence = NULL;

    ck_assert_reason(
        atls_evidence_parse(atls_view_text(text), NULL, &evidence, NULL),
        ATLS_FORMAT_UNKNOWN);
    ck_assert_ptr_null(evidence);
}
END_TEST

/* Who parses may free what was parsed from. */
START_TEST(evidence_outlives_its_bytes)
{
    struct atls_buf cmw = atls_buf(FORGE_MAX);
    struct atls_evidence *evidence = NULL;

    put_tpm(&cmw, forge_nonce(48));
    ck_assert_reason(
        atls_evidence_parse(atls_buf_view(&cmw), NULL, &evidence, NULL),
        ATLS_OK);
    memset(cmw.data, 0, cmw.len);
    atls_buf_clear(&cmw);
    ck_assert(atls_view_equal(atls_evidence_nonce(evidence), forge_nonce(48)));
    atls_evidence_free(evidence);
    atls_evidence_free(NULL);
}
END_TEST

/* Neither format has a nonce field of one length, which zeros would fill. */
START_TEST(nonce_with_zeros_behind_it_is_another)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct atls_evidence *evidence = NULL;
    uint8_t field[64] = {0};

    memcpy(field, forge_nonce(48).data, 48);
    put_psa(&cmw, "10003", atls_view(field, 64), 4);
    ck_assert_reason(
        atls_evidence_parse(atls_buf_view(&cmw), NULL, &evidence, NULL),
        ATLS_OK);
    ck_assert(atls_evidence_nonce_equal(evidence, atls_view(field, 64)));
    ck_assert(!atls_evidence_nonce_equal(evidence, forge_nonce(48)));
    ck_assert(!atls_evidence_nonce_equal(evidence, forge_nonce(64)));
    ck_assert(!atls_evidence_nonce_equal(evidence, forge_nonce(0)));
    atls_evidence_free(evidence);
}
END_TEST

START_TEST(short_nonce_is_not_filled_up)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct atls_evidence *evidence = NULL;
    uint8_t longer[64] = {0};

    memcpy(longer, forge_nonce(32).data, 32);
    put_tpm(&cmw, forge_nonce(32));
    ck_assert_reason(
        atls_evidence_parse(atls_buf_view(&cmw), NULL, &evidence, NULL),
        ATLS_OK);
    ck_assert(atls_evidence_nonce_equal(evidence, forge_nonce(32)));
    ck_assert(!atls_evidence_nonce_equal(evidence, atls_view(longer, 33)));
    ck_assert(!atls_evidence_nonce_equal(evidence, atls_view(longer, 64)));
    ck_assert(!atls_evidence_nonce_equal(evidence, forge_nonce(31)));
    atls_evidence_free(evidence);
}
END_TEST

static void append(void *arg, const char *name, const char *value)
{
    struct atls_buf *out = arg;

    atls_buf_text(out, name);
    atls_buf_text(out, "=");
    atls_buf_text(out, value);
    atls_buf_text(out, "\n");
}

static void describe(struct atls_view cmw, bool brief, struct atls_buf *out)
{
    struct atls_evidence *evidence = NULL;

    ck_assert_reason(atls_evidence_parse(cmw, NULL, &evidence, NULL), ATLS_OK);
    atls_evidence_describe(evidence, brief, append, out);
    atls_buf_u8(out, 0);
    atls_evidence_free(evidence);
}

#define ck_assert_has(out, text)                                               \
    ck_assert_ptr_nonnull(strstr((const char *)(out).data, text))

START_TEST(token_is_described_in_words)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX), brief = atls_buf(FORGE_MAX);
    ATLS_AUTO_BUF full = atls_buf(FORGE_MAX);

    put_psa(&cmw, "10003", forge_nonce(32), 4);
    describe(atls_buf_view(&cmw), true, &brief);
    describe(atls_buf_view(&cmw), false, &full);
    ck_assert_has(brief, "lifecycle=secured\n");
    ck_assert_ptr_null(strstr((const char *)brief.data, "component"));
    ck_assert_has(full, "format=psa\n");
    ck_assert_has(full, "client_id=-1\n");
    ck_assert_has(full, "component_type=NSPE\n");
    ck_assert_has(full, "component_version=1.2.3\n");
}
END_TEST

START_TEST(quote_is_described_in_words)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX), brief = atls_buf(FORGE_MAX);
    ATLS_AUTO_BUF full = atls_buf(FORGE_MAX);

    put_tpm(&cmw, forge_nonce(32));
    describe(atls_buf_view(&cmw), true, &brief);
    describe(atls_buf_view(&cmw), false, &full);
    ck_assert_has(brief, "kid=");
    ck_assert_has(full, "format=tpm\n");
    ck_assert_has(full, "reset_count=7\n");
    ck_assert_has(full, "pcr_sha256_7=0707");
}
END_TEST

/* What a peer writes must not draw on a terminal, nor break a JSON line. */
START_TEST(texts_of_a_peer_come_out_printable)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_key("psa");
    ATLS_AUTO_BUF token = atls_buf(FORGE_MAX), cmw = atls_buf(FORGE_MAX);
    ATLS_AUTO_BUF full = atls_buf(FORGE_MAX);
    struct forge_claims claims;

    forge_claims(&claims, key, forge_nonce(32));
    forge_claim_set(&claims, 2400, "641b5b316d"); /* ESC [1m */
    forge_claim_set(&claims, 2398, "64610ac3a4"); /* a, newline, a umlaut */
    forge_psa(&token, &claims, key);
    forge_cmw(&cmw, "10003", atls_buf_view(&token), 4);
    describe(atls_buf_view(&cmw), false, &full);
    ck_assert_has(full, "verification_service=?[1m\n");
    ck_assert_has(full, "certification_reference=a???\n");
    forge_claims_clear(&claims);
}
END_TEST

START_TEST(formats_are_found_by_type)
{
    struct atls_type type = atls_type_of_format(10004);

    ck_assert_ptr_eq(atls_format_find(type, (struct atls_view){0}),
                     &atls_format_psa);
    type = atls_type_of_text(atls_view_text("Application/vnd.atls.TPM-quote+"
                                            "cbor"));
    ck_assert_ptr_eq(atls_format_find(type, (struct atls_view){0}),
                     &atls_format_tpm);
    ck_assert_ptr_null(
        atls_format_find(atls_type_of_format(263), (struct atls_view){0}));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("evidence");
    TCase *cases = tcase_create("evidence");

    tcase_add_loop_test(cases, record_is_taken_for_what_was_agreed, 0,
                        sizeof(type_rows) / sizeof(type_rows[0]));
    tcase_add_test(cases, collection_of_what_nobody_knows_is_not_taken);
    tcase_add_test(cases, evidence_outlives_its_bytes);
    tcase_add_test(cases, nonce_with_zeros_behind_it_is_another);
    tcase_add_test(cases, short_nonce_is_not_filled_up);
    tcase_add_test(cases, token_is_described_in_words);
    tcase_add_test(cases, quote_is_described_in_words);
    tcase_add_test(cases, texts_of_a_peer_come_out_printable);
    tcase_add_test(cases, formats_are_found_by_type);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
