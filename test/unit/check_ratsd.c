/* SPDX-License-Identifier: Apache-2.0
 *
 * What ratsd answers: a report over our challenge, or nothing.
 */
#include "provider/ratsd.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "../check_main.h"

static uint8_t challenge[ATLS_RATSD_CHALLENGE];

static void fill_challenge(void)
{
    for (size_t i = 0; i < sizeof(challenge); i++)
        challenge[i] = (uint8_t)(i + 1);
}

/* A JSON answer around the collection, with more members. */
static void put_answer(struct atls_buf *out, const char *collection,
                       const char *more)
{
    static uint8_t digits[4096];
    int len = EVP_EncodeBlock(digits, (const uint8_t *)collection,
                              (int)strlen(collection));

    atls_buf_text(out, "{\"eat_profile\":\"tag:github.com,2024:veraison/ratsd\""
                       ",\"cmw\":\"");
    atls_buf_put(out, atls_view(digits, (size_t)len));
    atls_buf_text(out, "\"");
    atls_buf_text(out, more);
    atls_buf_text(out, "}");
}

/* base64url of the 64 bytes 1 to 64 and of "AB" before and "CD" behind them */
#define BOUND                                                                  \
    "QUIBAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0" \
    "NTY3ODk6Ozw9Pj9AQ0Q"
#define TYPE "application/vnd.veraison.tsm-report+cbor"
#define COLLECTION(label, type, value)                                         \
    "{\"__cmwc_t\":\"tag:github.com,2025:veraison/ratsd/cmw\",\"" label        \
    "\":[\"" type "\",\"" value "\"]}"

static enum atls_reason read_answer(const char *collection, const char *more,
                                    struct atls_buf *report,
                                    struct atls_why *why)
{
    ATLS_AUTO_BUF answer = atls_buf(16384);

    fill_challenge();
    put_answer(&answer, collection, more);
    return atls_ratsd_read(atls_buf_view(&answer), challenge, report, why);
}

START_TEST(report_over_the_challenge_is_taken)
{
    ATLS_AUTO_BUF report = atls_buf(1024);
    struct atls_why why = {0};
    enum atls_reason reason =
        read_answer(COLLECTION("tsm-report", TYPE, BOUND), "", &report, &why);

    ck_assert_msg(reason == ATLS_OK, "%s", why.text);
    ck_assert_uint_eq(report.len, 68);
    ck_assert(memcmp(report.data, "AB\1\2", 4) == 0);
}
END_TEST

static const struct {
    const char *collection, *more, *message;
} refused[] = {
    {COLLECTION("tsm-report", TYPE, "QUJD"), "", "over the challenge"},
    {COLLECTION("tsm-report", TYPE, "QUJD"),
     ",\"vnd.veraison.nonce_adjust_function\":\"shake-256\"", "its shake-256"},
    {COLLECTION("mock-tsm", TYPE, BOUND), "", "want a tsm-report"},
    {COLLECTION("tsm-report", "application/other", BOUND), "",
     "want a tsm-report"},
    {"[\"" TYPE "\",\"" BOUND "\"]", "", "want a CMW collection"},
    {"{", "", "want a CMW collection"},
    {"", "", "want a CMW collection"},
};

START_TEST(anything_else_is_refused)
{
    ATLS_AUTO_BUF report = atls_buf(1024);
    struct atls_why why = {0};

    ck_assert_reason(
        read_answer(refused[_i].collection, refused[_i].more, &report, &why),
        ATLS_ATTESTER_FAILED);
    ck_assert_msg(strstr(why.text, refused[_i].message) != NULL, "%s",
                  why.text);
}
END_TEST

static const char *const malformed[] = {
    "",
    "{",
    "[]",
    "{}",
    "{\"cmw\":1}",
    "{\"cmw\":\"!\"}",
    "{\"cmw\":\"QQ==\",\"cmw\":\"QQ==\"}",
    "{\"cmw\":\"QQ==\"}",
};

START_TEST(answer_that_is_none_is_refused)
{
    ATLS_AUTO_BUF report = atls_buf(1024);
    struct atls_why why = {0};

    ck_assert_reason(atls_ratsd_read(atls_view_text(malformed[_i]), challenge,
                                     &report, &why),
                     ATLS_ATTESTER_FAILED);
}
END_TEST

START_TEST(request_asks_for_one_report_over_64_bytes)
{
    ATLS_AUTO_BUF request = atls_buf(1024);
    static const uint8_t zeros[ATLS_RATSD_CHALLENGE];
    char wanted[512];

    snprintf(wanted, sizeof(wanted),
             "{\"nonce\":\"%.86s\",\"attester-selection\":[\"tsm-report\"],"
             "\"tsm-report\":{\"content-type\":\"" TYPE "\"}}",
             "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
             "AAAAAAAAAAAAAAAAAAAAAA");
    atls_ratsd_put_request(&request, zeros);
    ck_assert_msg(atls_view_is(atls_buf_view(&request), wanted), "%.*s",
                  (int)request.len, (const char *)request.data);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ratsd");
    TCase *cases = tcase_create("ratsd");

    tcase_add_test(cases, report_over_the_challenge_is_taken);
    tcase_add_loop_test(cases, anything_else_is_refused, 0,
                        sizeof(refused) / sizeof(refused[0]));
    tcase_add_loop_test(cases, answer_that_is_none_is_refused, 0,
                        sizeof(malformed) / sizeof(malformed[0]));
    tcase_add_test(cases, request_asks_for_one_report_over_64_bytes);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
