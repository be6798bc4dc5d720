/* SPDX-License-Identifier: Apache-2.0
 *
 * What a binder is made of, as it goes to an attester that makes it itself.
 * The binder's own vectors are in check_vectors.c.
 */
#include <string.h>

#include <openssl/evp.h>

#include "../check_main.h"
#include "binder.h"

START_TEST(origin_of_a_certificate_gives_its_binder)
{
    struct atls_secret secret = {.bytes = {1, 2, 3}, .len = 48};
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_BINDER_MAX_ORIGIN);
    struct atls_secret wanted, made;
    struct atls_binder_origin origin;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *leaf = X509_new();

    ck_assert_int_eq(X509_set_pubkey(leaf, key), 1);
    ck_assert_reason(atls_binder_origin_put(&bytes, true, &secret, leaf, NULL),
                     ATLS_OK);
    ck_assert_reason(
        atls_binder_origin_read(atls_buf_view(&bytes), &origin, NULL), ATLS_OK);
    ck_assert(origin.is_client);
    ck_assert_reason(atls_binder_make(&origin.secret, origin.spki, &made, NULL),
                     ATLS_OK);
    ck_assert_reason(atls_binder_make_for(&secret, leaf, &wanted, NULL),
                     ATLS_OK);
    ck_assert(
        atls_view_equal(atls_secret_view(&made), atls_secret_view(&wanted)));
    X509_free(leaf);
    EVP_PKEY_free(key);
}
END_TEST

static const struct {
    uint8_t role, secret_len;
    uint16_t spki_len;
    uint8_t extra; /* bytes after the end */
} bad[] = {
    {2, 32, 91, 0}, {0, 31, 91, 0},   {0, 33, 91, 0},
    {0, 0, 91, 0},  {0, 64, 91, 0},   {0, 32, 0, 0},
    {0, 32, 91, 1}, {1, 48, 4097, 0}, {255, 48, 91, 0},
};

static void put(struct atls_buf *out, int i)
{
    atls_buf_u8(out, bad[i].role);
    atls_buf_u8(out, bad[i].secret_len);
    memset(atls_buf_room(out, bad[i].secret_len), 7, bad[i].secret_len);
    atls_buf_u16(out, bad[i].spki_len);
    if (bad[i].spki_len + bad[i].extra > 0)
        memset(atls_buf_room(out, bad[i].spki_len + bad[i].extra), 8,
               bad[i].spki_len + bad[i].extra);
}

START_TEST(origin_of_another_shape_is_refused)
{
    ATLS_AUTO_BUF bytes = atls_buf(65536);
    struct atls_binder_origin origin;

    put(&bytes, _i);
    ck_assert(!bytes.failed);
    ck_assert_reason(
        atls_binder_origin_read(atls_buf_view(&bytes), &origin, NULL),
        ATLS_ATTESTER_BINDER);
}
END_TEST

START_TEST(origin_that_is_cut_anywhere_is_refused)
{
    uint8_t bytes[1 + 1 + 32 + 2 + 91] = {0, 32};
    struct atls_binder_origin origin;

    bytes[35] = 91;
    ck_assert_reason(
        atls_binder_origin_read(atls_view(bytes, sizeof(bytes)), &origin, NULL),
        ATLS_OK);
    for (size_t len = 0; len < sizeof(bytes); len++)
        ck_assert_reason(
            atls_binder_origin_read(atls_view(bytes, len), &origin, NULL),
            ATLS_ATTESTER_BINDER);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("binder");
    TCase *cases = tcase_create("origin");

    tcase_add_test(cases, origin_of_a_certificate_gives_its_binder);
    tcase_add_loop_test(cases, origin_of_another_shape_is_refused, 0,
                        sizeof(bad) / sizeof(bad[0]));
    tcase_add_test(cases, origin_that_is_cut_anywhere_is_refused);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
