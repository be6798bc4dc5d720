/* SPDX-License-Identifier: Apache-2.0
 *
 * COSE_Sign1: what is signed verifies, somebody else's example (RFC 8392, A.3)
 * verifies, and nothing else does.
 */
#include "cose.h"

#include <pthread.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "base64url.h"
#include "cbor.h"
#include "../check_main.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)
ATLS_AUTO_FREE(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
ATLS_AUTO_FREE(OSSL_LIB_CTX, OSSL_LIB_CTX_free)
ATLS_AUTO_FREE(OSSL_PROVIDER, OSSL_PROVIDER_unload)

enum { MAX_BYTES = 70000 };

/* RFC 8392, A.2.3: the public key, uncompressed */
static const char rfc_key[] =
    "04143329cce7868e416927599cf65a34f3ce2ffda55a7eca69ed8919a394d42f0f"
    "60f7f1a780d8a783bfb7a2dd6b2796e8128dbbcef9d3d168db9529971a36e7b9";
/* RFC 8392, A.3 */
static const char rfc_message[] =
    "d28443a10126a104524173796d6d657472696345434453413235365850a701756"
    "36f61703a2f2f61732e6578616d706c652e636f6d02656572696b77037818636f"
    "61703a2f2f6c696768742e6578616d706c652e636f6d041a5612aeb0051a5610d"
    "9f0061a5610d9f007420b7158405427c1ff28d23fbad1f29c4c7c6a555e601d6f"
    "a29f9179bc3d7438bacaca5acd08c8d4d4f96131680c429a01f85951ecee743a5"
    "2b9b63632c57209120e1c9e30";

static EVP_PKEY *public_key(OSSL_LIB_CTX *libctx, struct atls_view point)
{
    char group[] = "prime256v1";
    uint8_t copy[65];
    OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 10),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy, sizeof(copy)),
        OSSL_PARAM_END};
    ATLS_AUTO(EVP_PKEY_CTX) *context =
        EVP_PKEY_CTX_new_from_name(libctx, "EC", NULL);
    EVP_PKEY *key = NULL;

    ck_assert_uint_eq(point.len, sizeof(copy));
    memcpy(copy, point.data, sizeof(copy));
    ck_assert_int_eq(EVP_PKEY_fromdata_init(context), 1);
    ck_assert_int_eq(
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    return key;
}

static void put_hex(struct atls_buf *out, const char *hex)
{
    ck_assert_msg(atls_hex_decode(atls_view_text(hex), out), "%s", hex);
}

static EVP_PKEY *key_of_the_rfc(OSSL_LIB_CTX *libctx)
{
    ATLS_AUTO_BUF point = atls_buf(MAX_BYTES);

    put_hex(&point, rfc_key);
    return public_key(libctx, atls_buf_view(&point));
}

START_TEST(example_of_rfc_8392_verifies)
{
    ATLS_AUTO(EVP_PKEY) *key = key_of_the_rfc(NULL);
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
    struct atls_cose_sign1 message;
    struct atls_why why = {0};

    put_hex(&bytes, rfc_message);
    ck_assert_reason(
        atls_cose_sign1_parse(atls_buf_view(&bytes), &message, &why), ATLS_OK);
    ck_assert(message.is_tagged && message.has_unprotected);
    ck_assert_int_eq(message.algorithm, ATLS_COSE_ES256);
    ck_assert_uint_eq(message.payload.len, 80);
    ck_assert_reason(atls_cose_sign1_verify(&message, key, NULL, &why),
                     ATLS_OK);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    ck_assert_str_eq(why.text, "");
}
END_TEST

START_TEST(library_context_of_the_caller_is_used)
{
    ATLS_AUTO(OSSL_LIB_CTX) *libctx = OSSL_LIB_CTX_new();
    ATLS_AUTO(OSSL_PROVIDER) *provider = OSSL_PROVIDER_load(libctx, "default");
    ATLS_AUTO(EVP_PKEY) *key = key_of_the_rfc(libctx);
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
    struct atls_cose_sign1 message;

    put_hex(&bytes, rfc_message);
    ck_assert_reason(
        atls_cose_sign1_parse(atls_buf_view(&bytes), &message, NULL), ATLS_OK);
    ck_assert_reason(atls_cose_sign1_verify(&message, key, libctx, NULL),
                     ATLS_OK);
}
END_TEST

/* In the payload and in the signature; the message's form stays good. */
START_TEST(flipped_bit_is_refused)
{
    ATLS_AUTO(EVP_PKEY) *key = key_of_the_rfc(NULL);
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
    struct atls_cose_sign1 message;
    size_t head;

    put_hex(&bytes, rfc_message);
    ck_assert_reason(
        atls_cose_sign1_parse(atls_buf_view(&bytes), &message, NULL), ATLS_OK);
    head = (size_t)(message.signature.data - bytes.data) - 2;
    for (size_t i = (size_t)(message.payload.data - bytes.data); i < bytes.len;
         i++) {
        if (i == head || i == head + 1)
            continue;
        bytes.data[i] ^= (uint8_t)(1 << i % 8);
        ck_assert_reason(atls_cose_sign1_verify(&message, key, NULL, NULL),
                         ATLS_SIGNATURE_INVALID);
        bytes.data[i] ^= (uint8_t)(1 << i % 8);
    }
    ck_assert_reason(atls_cose_sign1_verify(&message, key, NULL, NULL),
                     ATLS_OK);
    ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

static const struct row {
    const char *curve, *digest;
    int64_t algorithm;
    size_t signature_len;
} rows[] = {{"P-256", "SHA2-256", ATLS_COSE_ES256, 64},
            {"P-384", "SHA2-384", ATLS_COSE_ES384, 96},
            {"P-521", "SHA2-512", ATLS_COSE_ES512, 132}};

START_TEST(what_is_signed_verifies)
{
    const struct row *row = &rows[_i];
    ATLS_AUTO(EVP_PKEY) *key = EVP_EC_gen(row->curve);

    /* r and s of many lengths in DER */
    for (unsigned i = 0; i < 40; i++) {
        ATLS_AUTO_BUF out = atls_buf(1024);
        struct atls_cose_sign1 message;
        struct atls_why why = {0};

        ck_assert_reason(atls_cose_sign1_put(&out, atls_view_text("payload"),
                                             key, NULL, &why),
                         ATLS_OK);
        ck_assert_reason(
            atls_cose_sign1_parse(atls_buf_view(&out), &message, &why),
            ATLS_OK);
        ck_assert_int_eq(message.algorithm, row->algorithm);
        ck_assert(message.is_tagged && !message.has_unprotected);
        ck_assert(atls_view_is(message.payload, "payload"));
        ck_assert_uint_eq(message.signature.len, row->signature_len);
        ck_assert_reason(atls_cose_sign1_verify(&message, key, NULL, &why),
                         ATLS_OK);
    }
    ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

START_TEST(another_key_does_not_verify)
{
    ATLS_AUTO(EVP_PKEY) *key = EVP_EC_gen(rows[_i].curve);
    ATLS_AUTO(EVP_PKEY) *other = EVP_EC_gen(rows[_i].curve);
    ATLS_AUTO_BUF out = atls_buf(1024);
    struct atls_cose_sign1 message;

    ck_assert_reason(
        atls_cose_sign1_put(&out, atls_view_text("payload"), key, NULL, NULL),
        ATLS_OK);
    ck_assert_reason(atls_cose_sign1_parse(atls_buf_view(&out), &message, NULL),
                     ATLS_OK);
    ck_assert_reason(atls_cose_sign1_verify(&message, other, NULL, NULL),
                     ATLS_SIGNATURE_INVALID);
}
END_TEST

/* The order of the curve P-256, SEC 2, 2.4.2 */
#define ORDER "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define ZERO  "0000000000000000000000000000000000000000000000000000000000000000"
#define ONE   "0000000000000000000000000000000000000000000000000000000000000001"
#define FULL  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static const char *const degenerate[] = {ZERO ZERO, ZERO ONE,   ONE ZERO,
                                         ORDER ONE, ONE ORDER,  ORDER ORDER,
                                         FULL FULL, ZERO ORDER, ONE ONE};

START_TEST(r_and_s_of_zero_or_the_order_are_refused)
{
    ATLS_AUTO(EVP_PKEY) *key = key_of_the_rfc(NULL);
    ATLS_AUTO_BUF signature = atls_buf(64);
    struct atls_view part = atls_view_text("message");
    struct atls_why why = {0};

    put_hex(&signature, degenerate[_i]);
    ck_assert_reason(atls_ecdsa_verify(key, NULL, "SHA2-256", &part, 1,
                                       atls_buf_view(&signature), &why),
                     ATLS_SIGNATURE_INVALID);
    ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

START_TEST(signature_of_another_length_is_refused)
{
    ATLS_AUTO(EVP_PKEY) *key = key_of_the_rfc(NULL);
    uint8_t signature[200] = {1};
    struct atls_view part = atls_view_text("message");

    for (size_t len = 0; len < sizeof(signature); len++) {
        if (len == 64)
            continue;
        ck_assert_reason(atls_ecdsa_verify(key, NULL, "SHA2-256", &part, 1,
                                           atls_view(signature, len), NULL),
                         ATLS_SIGNATURE_INVALID);
    }
}
END_TEST

START_TEST(digest_that_nobody_has_is_unsupported)
{
    ATLS_AUTO(EVP_PKEY) *key = key_of_the_rfc(NULL);
    uint8_t signature[64] = {1};
    struct atls_why why = {0};

    ck_assert_reason(atls_ecdsa_verify(key, NULL, "SHA-0", NULL, 0,
                                       atls_view(signature, 64), &why),
                     ATLS_ALGORITHM_UNSUPPORTED);
    ck_assert_str_eq(why.text, "libcrypto has no digest SHA-0");
    ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

START_TEST(key_of_another_kind_is_unsupported)
{
    static const char *const curves[] = {"secp256k1", "P-384", "P-224"};
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES), out = atls_buf(MAX_BYTES);
    ATLS_AUTO(EVP_PKEY) *ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    struct atls_cose_sign1 message;

    put_hex(&bytes, rfc_message);
    ck_assert_reason(
        atls_cose_sign1_parse(atls_buf_view(&bytes), &message, NULL), ATLS_OK);
    for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
        ATLS_AUTO(EVP_PKEY) *key = EVP_EC_gen(curves[i]);

        ck_assert_reason(atls_cose_sign1_verify(&message, key, NULL, NULL),
                         ATLS_ALGORITHM_UNSUPPORTED);
    }
    ck_assert_reason(atls_cose_sign1_verify(&message, ed25519, NULL, NULL),
                     ATLS_ALGORITHM_UNSUPPORTED);
    ck_assert_reason(
        atls_cose_sign1_put(&out, message.payload, ed25519, NULL, NULL),
        ATLS_ALGORITHM_UNSUPPORTED);
    ck_assert_reason(atls_ecdsa_verify(ed25519, NULL, "SHA2-256", NULL, 0,
                                       message.signature, NULL),
                     ATLS_ALGORITHM_UNSUPPORTED);
}
END_TEST

START_TEST(public_key_cannot_sign)
{
    ATLS_AUTO(EVP_PKEY) *key = key_of_the_rfc(NULL);
    ATLS_AUTO_BUF out = atls_buf(1024);

    ck_assert_reason(
        atls_cose_sign1_put(&out, atls_view_text("payload"), key, NULL, NULL),
        ATLS_CRYPTO_FAILED);
    ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

/* S stands for a signature of 64 bytes. */
#define S "5840" ONE ONE

static const struct {
    const char *hex;
    enum atls_reason reason;
} messages[] = {
    {"d28443a10126a04101" S, ATLS_OK},
    {"8443a10126a04101" S, ATLS_OK},
    {"d29f43a10126a04101" S "ff", ATLS_OK},
    {"d28445bf0126ffffa04101" S, ATLS_EVIDENCE_MALFORMED},
    {"d28444bf0126ffa04101" S, ATLS_OK},
    {"d28443a10126bfff40" S, ATLS_OK},
    {"d28443a10126a10441014101" S, ATLS_OK},
    {"d28447a2012661616162a04101" S, ATLS_OK},
    /* crit: RFC 9052, 3.1 */
    {"d28446a20126028101a04101" S, ATLS_OK},
    {"d2844ca40126030004410102820304a04101" S, ATLS_OK},
    {"d28447a2012602820304a04101" S, ATLS_EVIDENCE_MALFORMED},
    {"d28448a20126029f0305ffa04101" S, ATLS_EVIDENCE_MALFORMED},
    {"d28446a20126029fffa04101" S, ATLS_EVIDENCE_MALFORMED},
    {"d28446a20126028105a04101" S, ATLS_ALGORITHM_UNSUPPORTED},
    {"d28447a2012602816161a04101" S, ATLS_ALGORITHM_UNSUPPORTED},
    {"d28447a2012602820161a04101" S, ATLS_EVIDENCE_MALFORMED},
    {"d28445a201260280a04101" S, ATLS_EVIDENCE_MALFORMED},
    {"d28445a201260201a04101" S, ATLS_EVIDENCE_MALFORMED},
    {"d28443a10126a10281014101" S, ATLS_EVIDENCE_MALFORMED},
    /* algorithms */
    {"d28443a10127a04101" S, ATLS_ALGORITHM_UNSUPPORTED},
    {"d28443a10105a04101" S, ATLS_ALGORITHM_UNSUPPORTED},
    {"d28443a10100a04101" S, ATLS_ALGORITHM_UNSUPPORTED},
    {"d28448a101654553323536a04101" S, ATLS_ALGORITHM_UNSUPPORTED},
    {"d28444a1013822a04101" S, ATLS_EVIDENCE_MALFORMED}, /* ES384, 64 bytes */
    {"d28440a101264101" S, ATLS_EVIDENCE_MALFORMED},
    {"d28441a0a101264101" S, ATLS_EVIDENCE_MALFORMED},
    {"d28443a10126a101264101" S, ATLS_EVIDENCE_MALFORMED},
    {"d28443a10426a04101" S, ATLS_EVIDENCE_MALFORMED},
    {"d28445a201260126a04101" S, ATLS_EVIDENCE_MALFORMED},
    {"d28444a1012600a04101" S, ATLS_EVIDENCE_MALFORMED},
    {"d284a10126a04101" S, ATLS_EVIDENCE_MALFORMED},
    /* Mac0, and what is no Sign1 */
    {"d18443a10105a041015820", ATLS_ALGORITHM_UNSUPPORTED},
    {"d8628443a10126a04101" S, ATLS_EVIDENCE_MALFORMED},
    {"d2d28443a10126a04101" S, ATLS_EVIDENCE_MALFORMED},
    {"d83dd28443a10126a04101" S, ATLS_EVIDENCE_MALFORMED},
    {"", ATLS_EVIDENCE_MALFORMED},
    {"d2", ATLS_EVIDENCE_MALFORMED},
    {"f6", ATLS_EVIDENCE_MALFORMED},
    {"d28343a10126a04101", ATLS_EVIDENCE_MALFORMED},
    {"d28543a10126a04101" S "40", ATLS_EVIDENCE_MALFORMED},
    {"d28443a10126a04101" S "00", ATLS_EVIDENCE_MALFORMED},
    {"d28443a10126a0f6" S, ATLS_EVIDENCE_MALFORMED}, /* detached */
    {"d28443a10126a05f4101ff" S, ATLS_EVIDENCE_MALFORMED},
    {"d28443a10126404101" S, ATLS_EVIDENCE_MALFORMED},
    {"d28443a10126a0410140", ATLS_EVIDENCE_MALFORMED},
    {"d28443a10126a041014101", ATLS_EVIDENCE_MALFORMED},
    {"d28443a10126a0410160", ATLS_EVIDENCE_MALFORMED},
};

START_TEST(form_of_a_message_is_checked)
{
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
    struct atls_cose_sign1 message;
    struct atls_why why = {0};

    put_hex(&bytes, messages[_i].hex);
    ck_assert_reason(
        atls_cose_sign1_parse(atls_buf_view(&bytes), &message, &why),
        messages[_i].reason);
    ck_assert_reason(why.reason, messages[_i].reason);
}
END_TEST

START_TEST(every_cut_of_a_message_is_malformed)
{
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
    struct atls_cose_sign1 message;

    put_hex(&bytes, rfc_message);
    for (size_t len = 0; len < bytes.len; len++)
        ck_assert_reason(
            atls_cose_sign1_parse(atls_view(bytes.data, len), &message, NULL),
            ATLS_EVIDENCE_MALFORMED);
}
END_TEST

START_TEST(signing_into_too_little_room_fails)
{
    ATLS_AUTO(EVP_PKEY) *key = EVP_EC_gen("P-256");

    for (size_t max = 0; max < 81; max++) {
        ATLS_AUTO_BUF out = atls_buf(max);

        ck_assert_reason(atls_cose_sign1_put(&out, atls_view_text("payload"),
                                             key, NULL, NULL),
                         ATLS_OUT_OF_MEMORY);
    }
}
END_TEST

static void *verify_often(void *arg)
{
    struct atls_cose_sign1 message;
    ATLS_AUTO(EVP_PKEY) *key = key_of_the_rfc(NULL);
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
    unsigned *num_good = arg;

    put_hex(&bytes, rfc_message);
    if (atls_cose_sign1_parse(atls_buf_view(&bytes), &message, NULL) != ATLS_OK)
        return NULL;
    for (unsigned i = 0; i < 50; i++)
        *num_good +=
            atls_cose_sign1_verify(&message, key, NULL, NULL) == ATLS_OK;
    return NULL;
}

START_TEST(threads_verify_at_the_same_time)
{
    pthread_t threads[4];
    unsigned num_good[4] = {0};

    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, verify_often, &num_good[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_uint_eq(num_good[i], 50);
    }
}
END_TEST

/* A program may talk TLS in its atexit handlers. */
START_TEST(nothing_is_verified_or_signed_after_openssl_cleanup)
{
    static EVP_PKEY *key; /* out of reach for EVP_PKEY_free by now */
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES), out = atls_buf(MAX_BYTES);
    struct atls_cose_sign1 message;
    struct atls_view part = atls_view_text("message");

    key = key_of_the_rfc(NULL);
    put_hex(&bytes, rfc_message);
    ck_assert_reason(
        atls_cose_sign1_parse(atls_buf_view(&bytes), &message, NULL), ATLS_OK);
    ck_assert_reason(atls_cose_sign1_verify(&message, key, NULL, NULL),
                     ATLS_OK);
    OPENSSL_cleanup();
    ck_assert_reason(
        atls_cose_sign1_parse(atls_buf_view(&bytes), &message, NULL), ATLS_OK);
    ck_assert_reason(atls_cose_sign1_verify(&message, key, NULL, NULL),
                     ATLS_CRYPTO_FAILED);
    ck_assert_reason(atls_ecdsa_verify(key, NULL, "SHA2-256", &part, 1,
                                       message.signature, NULL),
                     ATLS_CRYPTO_FAILED);
    ck_assert_reason(atls_cose_sign1_put(&out, part, key, NULL, NULL),
                     ATLS_CRYPTO_FAILED);
}
END_TEST

#define LOOP(test, rows)                                                       \
    tcase_add_loop_test(cases, test, 0, sizeof(rows) / sizeof(rows[0]))

int main(void)
{
    Suite *suite = suite_create("cose");
    TCase *cases = tcase_create("cose");

    tcase_add_test(cases, example_of_rfc_8392_verifies);
    tcase_add_test(cases, library_context_of_the_caller_is_used);
    tcase_add_test(cases, flipped_bit_is_refused);
    LOOP(what_is_signed_verifies, rows);
    LOOP(another_key_does_not_verify, rows);
    LOOP(r_and_s_of_zero_or_the_order_are_refused, degenerate);
    tcase_add_test(cases, signature_of_another_length_is_refused);
    tcase_add_test(cases, digest_that_nobody_has_is_unsupported);
    tcase_add_test(cases, key_of_another_kind_is_unsupported);
    tcase_add_test(cases, public_key_cannot_sign);
    LOOP(form_of_a_message_is_checked, messages);
    tcase_add_test(cases, every_cut_of_a_message_is_malformed);
    tcase_add_test(cases, signing_into_too_little_room_fails);
    tcase_add_test(cases, threads_verify_at_the_same_time);
    tcase_add_test(cases, nothing_is_verified_or_signed_after_openssl_cleanup);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
