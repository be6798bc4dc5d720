/* SPDX-License-Identifier: Apache-2.0
 *
 * What an attester key refuses to sign, through EVP as a program would ask:
 * each with the reason of reason.def on the error queue.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/store.h>

#include "../check_main.h"
#include "bytes.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)
ATLS_AUTO_FREE(EVP_PKEY_CTX, EVP_PKEY_CTX_free)

static OSSL_PROVIDER *ours, *theirs;
static char key_path[512];
static EVP_PKEY *attester;

static void write_key(void)
{
    const char *parent = getenv("TMPDIR");
    ATLS_AUTO(EVP_PKEY) *key = EVP_EC_gen("P-256");
    FILE *file;

    snprintf(key_path, sizeof(key_path), "%s/atls-signature-XXXXXX",
             parent != NULL ? parent : "/tmp");
    file = fdopen(mkstemp(key_path), "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL),
                     1);
    fclose(file);
}

static EVP_PKEY *open_key(const char *uri)
{
    OSSL_STORE_CTX *store = OSSL_STORE_open(uri, NULL, NULL, NULL, NULL);
    EVP_PKEY *key = NULL;

    while (store != NULL && key == NULL && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);

        if (info != NULL &&
            OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
            key = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    OSSL_STORE_close(store);
    return key;
}

static void prepare(void)
{
    char folder[512], uri[600];

    snprintf(folder, sizeof(folder), "%s/.libs", getenv("top_builddir"));
    ck_assert_int_eq(OSSL_PROVIDER_set_default_search_path(NULL, folder), 1);
    ours = OSSL_PROVIDER_load(NULL, "atls");
    theirs = OSSL_PROVIDER_load(NULL, "default");
    ck_assert(ours != NULL && theirs != NULL);
    write_key();
    snprintf(uri, sizeof(uri), "attest:soft?key=%s", key_path);
    attester = open_key(uri);
    ck_assert_ptr_nonnull(attester);
    ERR_clear_error();
}

static void clean_up(void)
{
    EVP_PKEY_free(attester);
    unlink(key_path);
    OSSL_PROVIDER_unload(ours);
    OSSL_PROVIDER_unload(theirs);
}

/* The oldest error is ours, in the library that the module has. */
static void assert_raised(enum atls_reason reason)
{
    const char *text = ERR_reason_error_string(ERR_get_error());

    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(text, atls_reason_text(reason));
    /* OpenSSL 3.5 adds "provider signature failure" of its own */
    if (ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_EVP)
        (void)ERR_get_error();
}

static const struct {
    const char *name;
    const char *format; /* NULL: the attester's own */
    size_t binder_len, room;
    enum atls_reason reason;
} rows[] = {
    {"empty binder", NULL, 0, 4096, ATLS_ATTESTER_BINDER},
    {"binder of 1 byte", NULL, 1, 4096, ATLS_ATTESTER_BINDER},
    {"binder of 65 bytes", NULL, 65, 4096, ATLS_ATTESTER_BINDER},
    {"a number it does not make", "263", 32, 4096, ATLS_ATTESTER_FORMAT},
    {"no format at all", "?", 32, 4096, ATLS_ATTESTER_FORMAT},
    {"no room", NULL, 32, 0, ATLS_ATTESTER_ROOM},
    {"too little room", NULL, 32, 100, ATLS_ATTESTER_ROOM},
    {"enough of all", "10003", 32, 4096, ATLS_OK},
};

static int sign(const char *format, size_t binder_len, size_t room)
{
    static uint8_t binder[128], out[4096];
    ATLS_AUTO(EVP_PKEY_CTX) *context =
        EVP_PKEY_CTX_new_from_pkey(NULL, attester, NULL);
    char copy[32] = "";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string("evidence-format", copy, 0),
        OSSL_PARAM_END};

    ck_assert_int_eq(EVP_PKEY_sign_init(context), 1);
    if (format != NULL) {
        snprintf(copy, sizeof(copy), "%s", format);
        params[0].data_size = strlen(copy);
        if (EVP_PKEY_CTX_set_params(context, params) != 1)
            return 0;
    }
    return EVP_PKEY_sign(context, out, &room, binder, binder_len) == 1;
}

START_TEST(refusal_to_sign_has_its_reason)
{
    int is_signed = sign(rows[_i].format, rows[_i].binder_len, rows[_i].room);

    ck_assert_msg(is_signed == (rows[_i].reason == ATLS_OK), "%s",
                  rows[_i].name);
    if (!is_signed)
        assert_raised(rows[_i].reason);
    ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("signature");
    TCase *cases = tcase_create("signature");

    tcase_add_checked_fixture(cases, prepare, clean_up);
    tcase_add_loop_test(cases, refusal_to_sign_has_its_reason, 0,
                        sizeof(rows) / sizeof(rows[0]));
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
