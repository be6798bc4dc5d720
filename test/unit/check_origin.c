/* SPDX-License-Identifier: Apache-2.0
 *
 * What a challenge is made of, as it goes to an attester that makes it itself.
 * The binder's own vectors are in check_vectors.c.
 */
#include <string.h>

#include <openssl/evp.h>

#include "../check_main.h"
#include "origin.h"

START_TEST(origin_of_a_certificate_gives_its_binder)
{
    struct atls_secret secret = {.bytes = {1, 2, 3}, .len = 48};
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_ORIGIN_MAX);
    struct atls_secret wanted, made;
    struct atls_origin origin;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *leaf = X509_new();

    ck_assert_int_eq(X509_set_pubkey(leaf, key), 1);
    ck_assert_reason(atls_origin_put_binder(&bytes, true, &secret, leaf, NULL),
                     ATLS_OK);
    ck_assert_reason(atls_origin_read(atls_buf_view(&bytes), &origin, NULL),
                     ATLS_OK);
    ck_assert_int_eq(origin.kind, ATLS_ORIGIN_CLIENT);
    ck_assert_reason(atls_origin_challenge(&origin, &made, NULL), ATLS_OK);
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
    {3, 32, 91, 0}, {0, 31, 91, 0},   {0, 33, 91, 0},
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
    struct atls_origin origin;

    put(&bytes, _i);
    ck_assert(!bytes.failed);
    ck_assert_reason(atls_origin_read(atls_buf_view(&bytes), &origin, NULL),
                     ATLS_ATTESTER_BINDER);
}
END_TEST

START_TEST(origin_that_is_cut_anywhere_is_refused)
{
    uint8_t bytes[1 + 1 + 32 + 2 + 91] = {0, 32};
    struct atls_origin origin;

    bytes[35] = 91;
    ck_assert_reason(
        atls_origin_read(atls_view(bytes, sizeof(bytes)), &origin, NULL),
        ATLS_OK);
    for (size_t len = 0; len < sizeof(bytes); len++)
        ck_assert_reason(atls_origin_read(atls_view(bytes, len), &origin, NULL),
                         ATLS_ATTESTER_BINDER);
}
END_TEST

static void make_mandate(struct atls_mandate *out, uint8_t *spki)
{
    EVP_PKEY *delegate = EVP_EC_gen("P-256");

    ck_assert_int_eq(i2d_PUBKEY(delegate, &(uint8_t *){spki}),
                     ATLS_DELEGATION_SPKI);
    EVP_PKEY_free(delegate);
    *out = (struct atls_mandate){.spki = {spki, ATLS_DELEGATION_SPKI},
                                 .not_before = 1800000000,
                                 .lifetime_s = 600};
}

START_TEST(origin_of_a_delegate_gives_its_value)
{
    static const uint8_t tik[ATLS_DELEGATION_HASH] = {1, 2, 3};
    uint8_t spki[ATLS_DELEGATION_SPKI];
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_ORIGIN_MAX);
    struct atls_secret wanted, made;
    struct atls_mandate mandate;
    struct atls_origin origin;

    make_mandate(&mandate, spki);
    atls_origin_put_delegate(&bytes, &mandate, tik);
    ck_assert_reason(atls_origin_read(atls_buf_view(&bytes), &origin, NULL),
                     ATLS_OK);
    ck_assert_int_eq(origin.kind, ATLS_ORIGIN_DELEGATE);
    ck_assert_reason(atls_origin_challenge(&origin, &made, NULL), ATLS_OK);
    ck_assert_reason(atls_mandate_value(&mandate, tik, &wanted, NULL), ATLS_OK);
    ck_assert(
        atls_view_equal(atls_secret_view(&made), atls_secret_view(&wanted)));
    for (size_t len = 0; len < bytes.len; len++)
        ck_assert_reason(
            atls_origin_read(atls_view(bytes.data, len), &origin, NULL),
            ATLS_ATTESTER_BINDER);
    atls_buf_u8(&bytes, 0);
    ck_assert_reason(atls_origin_read(atls_buf_view(&bytes), &origin, NULL),
                     ATLS_ATTESTER_BINDER);
}
END_TEST

START_TEST(delegate_with_another_key_than_p256_is_refused)
{
    static const uint8_t tik[ATLS_DELEGATION_HASH] = {1};
    uint8_t spki[ATLS_DELEGATION_SPKI];
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_ORIGIN_MAX);
    struct atls_mandate mandate;
    struct atls_origin origin;

    make_mandate(&mandate, spki);
    spki[_i]++;
    atls_origin_put_delegate(&bytes, &mandate, tik);
    ck_assert_reason(atls_origin_read(atls_buf_view(&bytes), &origin, NULL),
                     ATLS_ATTESTER_BINDER);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("origin");
    TCase *cases = tcase_create("origin");

    tcase_add_test(cases, origin_of_a_certificate_gives_its_binder);
    tcase_add_loop_test(cases, origin_of_another_shape_is_refused, 0,
                        sizeof(bad) / sizeof(bad[0]));
    tcase_add_test(cases, origin_that_is_cut_anywhere_is_refused);
    tcase_add_test(cases, origin_of_a_delegate_gives_its_value);
    tcase_add_loop_test(cases, delegate_with_another_key_than_p256_is_refused,
                        0, 27);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
