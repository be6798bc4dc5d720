/* SPDX-License-Identifier: Apache-2.0
 *
 * attest:soft from URI to CMW, when the n-th allocation of ours fails, for
 * every n. Linked with --wrap: libcrypto's and jansson's own are not meant.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "../check_main.h"
#include "cmw.h"
#include "cose.h"
#include "provider/attester.h"

static unsigned num_allocations, fail_at; /* 0: none fails */
static char key_path[] = "/tmp/atls-key-XXXXXX";
static char claims_path[] = "/tmp/atls-claims-XXXXXX";
static char text[128];

void *__real_malloc(size_t size);
void *__real_calloc(size_t num, size_t size);
char *__real_strdup(const char *from);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t num, size_t size);
char *__wrap_strdup(const char *from);

static bool fails(void)
{
    return ++num_allocations == fail_at;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t num, size_t size)
{
    return fails() ? NULL : __real_calloc(num, size);
}

char *__wrap_strdup(const char *from)
{
    return fails() ? NULL : __real_strdup(from);
}

static void prepare(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *file = fdopen(mkstemp(key_path), "w");

    ck_assert_int_eq(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL),
                     1);
    fclose(file);
    EVP_PKEY_free(key);
    file = fdopen(mkstemp(claims_path), "w");
    fputs("{\"client_id\": -2}", file);
    fclose(file);
    snprintf(text, sizeof(text), "attest:soft?key=%s&claims=%s", key_path,
             claims_path);
}

static void clean_up(void)
{
    unlink(key_path);
    unlink(claims_path);
}

/* From URI to CMW, as store.c, key.c and signature.c go. */
static enum atls_reason run(struct atls_buf *cmw)
{
    static const uint8_t binder[32] = {1, 2, 3};
    const struct atls_challenge challenge = {
        .binder = atls_view(binder, sizeof(binder))};
    const struct atls_attester *attester = &atls_attester_soft;
    ATLS_AUTO_URI uri = {.name = ""};
    void *state = NULL;
    enum atls_reason reason = atls_uri_parse(text, &uri, NULL);

    if (reason == ATLS_OK)
        reason = attester->check(NULL, &uri, &state, NULL);
    if (reason == ATLS_OK)
        reason = attester->attest(state, &challenge, atls_deadline_after(1000),
                                  cmw, NULL);
    if (state != NULL)
        attester->free(state);
    return reason == ATLS_OK && cmw->failed ? ATLS_OUT_OF_MEMORY : reason;
}

START_TEST(failed_allocation_is_a_reason_and_nothing_else)
{
    enum atls_reason reason = ATLS_OK;
    bool is_hit = true;
    unsigned n = 0;

    while (is_hit) {
        ATLS_AUTO_BUF cmw = atls_buf(8192);

        num_allocations = 0;
        fail_at = ++n;
        reason = run(&cmw);
        is_hit = num_allocations >= n;
        fail_at = 0;
        ck_assert_msg(!is_hit || reason == ATLS_OUT_OF_MEMORY,
                      "allocation %u: %s", n, atls_reason_name(reason));
    }
    ck_assert_reason(reason, ATLS_OK);
    ck_assert_uint_gt(n, 5);
}
END_TEST

START_TEST(token_verifies_under_the_public_key_that_the_attester_gives)
{
    ATLS_AUTO_BUF cmw = atls_buf(8192), spki = atls_buf(1024);
    ATLS_AUTO_URI uri = {.name = ""};
    struct atls_cose_sign1 message;
    struct atls_cmw record;
    const unsigned char *der;
    void *state = NULL;
    EVP_PKEY *key;

    ck_assert_reason(run(&cmw), ATLS_OK);
    ck_assert_reason(atls_uri_parse(text, &uri, NULL), ATLS_OK);
    ck_assert_reason(atls_attester_soft.check(NULL, &uri, &state, NULL),
                     ATLS_OK);
    ck_assert_reason(atls_attester_soft.public_key(state, &spki, NULL),
                     ATLS_OK);
    der = spki.data;
    key = d2i_PUBKEY(NULL, &der, (long)spki.len);
    ck_assert_reason(atls_cmw_parse(atls_buf_view(&cmw), NULL, &record, NULL),
                     ATLS_OK);
    ck_assert_uint_eq(record.indicator, ATLS_CMW_EVIDENCE);
    ck_assert_reason(atls_cose_sign1_parse(record.value, &message, NULL),
                     ATLS_OK);
    ck_assert(message.is_tagged && !message.has_unprotected);
    ck_assert_int_eq(message.algorithm, ATLS_COSE_ES256);
    ck_assert_reason(atls_cose_sign1_verify(&message, key, NULL, NULL),
                     ATLS_OK);
    EVP_PKEY_free(key);
    atls_attester_soft.free(state);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("soft");
    TCase *cases = tcase_create("soft");

    tcase_add_unchecked_fixture(cases, prepare, clean_up);
    tcase_add_test(cases, failed_allocation_is_a_reason_and_nothing_else);
    tcase_add_test(cases,
                   token_verifies_under_the_public_key_that_the_attester_gives);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
