/* SPDX-License-Identifier: Apache-2.0
 *
 * Sealed sessions and the key they are sealed with: what comes out is what went
 * in, and everything else is refused.
 */
#include "serve/session.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../check_main.h"
#include "base64url.h"

static const char *const lengths[] = {"12345678", "01234567890123456789",
                                      ("0123456789abcdef0123456789abcdef"
                                       "0123456789abcdef0123456789abcdef")};
static struct atls_session_key key, other;
static char folder[] = "session.XXXXXX", path[64];

static void setup(void)
{
    ck_assert_reason(atls_session_key_make(&key, NULL), ATLS_OK);
    ck_assert_reason(atls_session_key_make(&other, NULL), ATLS_OK);
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/key", folder);
}

static void teardown(void)
{
    atls_session_key_clear(&key);
    atls_session_key_clear(&other);
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0); /* nothing else was left there */
}

static struct atls_session make(const char *nonce, int64_t expires)
{
    struct atls_session session = {.nonce_len = strlen(nonce),
                                   .expires = expires};

    memcpy(session.nonce, nonce, strlen(nonce));
    return session;
}

START_TEST(a_session_comes_back_as_it_was)
{
    struct atls_session session = make(lengths[_i], 1000), found;
    char id[ATLS_SESSION_ID];

    ck_assert_reason(atls_session_seal(&session, &key, id, NULL), ATLS_OK);
    ck_assert_uint_lt(strlen(id), sizeof(id));
    ck_assert_reason(atls_session_open(id, &key, 999, &found, NULL), ATLS_OK);
    ck_assert_int_eq(found.expires, 1000);
    ck_assert_mem_eq(found.nonce, session.nonce, session.nonce_len);
    ck_assert_uint_eq(found.nonce_len, session.nonce_len);
}
END_TEST

START_TEST(a_session_is_over_when_its_time_has_come)
{
    struct atls_session session = make(lengths[1], 1000), found;
    char id[ATLS_SESSION_ID];

    ck_assert_reason(atls_session_seal(&session, &key, id, NULL), ATLS_OK);
    ck_assert_reason(atls_session_open(id, &key, 1000, &found, NULL),
                     ATLS_SESSION_UNKNOWN);
}
END_TEST

START_TEST(equal_sessions_have_different_ids)
{
    struct atls_session session = make(lengths[1], 1000);
    char first[ATLS_SESSION_ID], second[ATLS_SESSION_ID];

    ck_assert_reason(atls_session_seal(&session, &key, first, NULL), ATLS_OK);
    ck_assert_reason(atls_session_seal(&session, &key, second, NULL), ATLS_OK);
    ck_assert_str_ne(first, second);
}
END_TEST

START_TEST(another_key_opens_nothing)
{
    struct atls_session session = make(lengths[1], 1000), found;
    char id[ATLS_SESSION_ID];

    ck_assert_reason(atls_session_seal(&session, &other, id, NULL), ATLS_OK);
    ck_assert_reason(atls_session_open(id, &key, 1, &found, NULL),
                     ATLS_SESSION_UNKNOWN);
}
END_TEST

START_TEST(a_flipped_bit_anywhere_opens_nothing)
{
    struct atls_session session = make(lengths[1], 1000), found;
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_SESSION_ID);
    char id[ATLS_SESSION_ID];

    ck_assert_reason(atls_session_seal(&session, &key, id, NULL), ATLS_OK);
    ck_assert(atls_base64url_decode(atls_view_text(id), &bytes));
    for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
        ATLS_AUTO_BUF text = atls_buf(ATLS_SESSION_ID);

        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        atls_base64url_put(&text, atls_buf_view(&bytes));
        atls_buf_u8(&text, '\0');
        ck_assert_reason(
            atls_session_open((char *)text.data, &key, 1, &found, NULL),
            ATLS_SESSION_UNKNOWN);
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
END_TEST

START_TEST(a_shorter_or_longer_id_opens_nothing)
{
    struct atls_session session = make(lengths[2], 1000), found;
    char id[ATLS_SESSION_ID + 1];

    ck_assert_reason(atls_session_seal(&session, &key, id, NULL), ATLS_OK);
    strcat(id, "A");
    ck_assert_reason(atls_session_open(id, &key, 1, &found, NULL),
                     ATLS_SESSION_MALFORMED);
    for (size_t len = strlen(id) - 1; len-- > 0;) {
        id[len] = '\0';
        ck_assert_int_ne(atls_session_open(id, &key, 1, &found, NULL), ATLS_OK);
    }
}
END_TEST

static const char *const malformed[] = {
    "A", "a*b", "a=", " AAAA", "AAAA/AAA", "AB"};

START_TEST(what_is_no_base64url_is_no_id)
{
    struct atls_session found;

    ck_assert_reason(atls_session_open(malformed[_i], &key, 1, &found, NULL),
                     ATLS_SESSION_MALFORMED);
}
END_TEST

START_TEST(a_key_file_is_made_once_and_for_its_owner_alone)
{
    struct atls_session_key first = {0}, second = {0};
    struct stat status;

    ck_assert_reason(atls_session_key_read(path, &first, NULL), ATLS_OK);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_mode & 07777, 0600);
    ck_assert_reason(atls_session_key_read(path, &second, NULL), ATLS_OK);
    ck_assert_mem_eq(first.bytes, second.bytes, ATLS_SESSION_KEY);
    atls_session_key_clear(&first);
    atls_session_key_clear(&second);
}
END_TEST

static enum atls_reason read_file(const char *text, mode_t mode)
{
    struct atls_session_key found = {0};
    FILE *file = fopen(path, "w");
    enum atls_reason reason;

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    ck_assert_int_eq(chmod(path, mode), 0);
    reason = atls_session_key_read(path, &found, NULL);
    atls_session_key_clear(&found);
    return reason;
}

#define HEX_32                                                                 \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX_64                                                                 \
    HEX_32 "ff0102030405060708090a0b0c0d0e0f101112131415161718191"             \
           "a1b1c1d1e1f"

START_TEST(a_key_file_that_others_may_read_is_refused)
{
    ck_assert_reason(read_file(HEX_64 "\n", 0640), ATLS_OK);
    ck_assert_reason(read_file(HEX_64 "\n", 0644), ATLS_SETTING_INVALID);
}
END_TEST

START_TEST(a_key_file_with_anything_else_is_refused)
{
    ck_assert_reason(read_file(HEX_32, 0600), ATLS_SETTING_INVALID);
    ck_assert_reason(read_file(HEX_64 "00", 0600), ATLS_SETTING_INVALID);
    ck_assert_reason(read_file("", 0600), ATLS_SETTING_INVALID);
    ck_assert_reason(read_file("x" HEX_64, 0600), ATLS_SETTING_INVALID);
}
END_TEST

START_TEST(a_key_file_that_cannot_be_made_is_named)
{
    struct atls_session_key found = {0};
    struct atls_why why = {0};

    ck_assert_reason(atls_session_key_read("nowhere/key", &found, &why),
                     ATLS_FILE_UNREADABLE);
    ck_assert_ptr_nonnull(strstr(why.text, "nowhere/key"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("session");
    TCase *cases = tcase_create("session");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, a_session_comes_back_as_it_was, 0, 3);
    tcase_add_test(cases, a_session_is_over_when_its_time_has_come);
    tcase_add_test(cases, equal_sessions_have_different_ids);
    tcase_add_test(cases, another_key_opens_nothing);
    tcase_add_test(cases, a_flipped_bit_anywhere_opens_nothing);
    tcase_add_test(cases, a_shorter_or_longer_id_opens_nothing);
    tcase_add_loop_test(cases, what_is_no_base64url_is_no_id, 0, 6);
    tcase_add_test(cases, a_key_file_is_made_once_and_for_its_owner_alone);
    tcase_add_test(cases, a_key_file_that_others_may_read_is_refused);
    tcase_add_test(cases, a_key_file_with_anything_else_is_refused);
    tcase_add_test(cases, a_key_file_that_cannot_be_made_is_named);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
