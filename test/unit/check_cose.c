/* SPDX-License-Identifier: Apache-2.0
 *
 * COSE_Sign1: what is signed verifies, and nothing else does.
 */
#include "cose.h"

#include <string.h>

#include <openssl/ec.h>

#include "../check_main.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

static const struct row {
    const char *curve;
    int64_t algorithm;
} rows[] = {{"P-256", ATLS_COSE_ES256},
            {"P-384", ATLS_COSE_ES384},
            {"P-521", ATLS_COSE_ES512}};

START_TEST(what_is_signed_verifies)
{
    const struct row *row = &rows[_i];
    ATLS_AUTO(EVP_PKEY) *key = EVP_EC_gen(row->curve);
    ATLS_AUTO_BUF out = atls_buf(1024);
    struct atls_cose_sign1 message;
    struct atls_why why = {0};

    ck_assert_reason(
        atls_cose_sign1_put(&out, atls_view_text("payload"), key, NULL, &why),
        ATLS_OK);
    ck_assert_reason(atls_cose_sign1_parse(atls_buf_view(&out), &message, &why),
                     ATLS_OK);
    ck_assert_int_eq(message.algorithm, row->algorithm);
    ck_assert(message.is_tagged && !message.has_unprotected);
    ck_assert_reason(atls_cose_sign1_verify(&message, key, NULL, &why),
                     ATLS_OK);
    out.data[20] ^= 1;
    ck_assert_reason(atls_cose_sign1_verify(&message, key, NULL, &why),
                     ATLS_SIGNATURE_INVALID);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cose");
    TCase *cases = tcase_create("cose");

    tcase_add_loop_test(cases, what_is_signed_verifies, 0, 3);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
