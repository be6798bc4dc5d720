/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON Web Signatures and Keys: the examples of RFC 7515, 7517 and 8037, real
 * results of a Veraison, and every way to talk a verifier into something else.
 */
#include "jws.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base64url.h"
#include "forge.h"
#include "../check_main.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)
ATLS_AUTO_FREE(EVP_MD_CTX, EVP_MD_CTX_free)

enum { MAX_TEXT = 8192 };

static struct atls_jws_keys keys;
static struct atls_buf payload, text;
static struct atls_why why;

static void setup(void)
{
    payload = atls_buf(ATLS_JWS_MAX);
    text = atls_buf(2 * ATLS_JWS_MAX);
    why = (struct atls_why){0};
}

static void teardown(void)
{
    ck_assert_uint_eq(ERR_peek_error(), 0); /* a guest leaves nothing behind */
    atls_jws_keys_clear(&keys);
    atls_buf_clear(&payload);
    atls_buf_clear(&text);
}

static enum atls_reason read_keys(const char *from)
{
    why = (struct atls_why){0};
    return atls_jws_keys_read(atls_view_text(from), "keys", &keys, &why);
}

static enum atls_reason verify(const char *compact)
{
    why = (struct atls_why){0};
    atls_buf_clear(&payload);
    return atls_jws_verify(atls_view_text(compact), &keys, &payload, &why);
}

/* RFC 7515, A.3 */
#define ES256_KEY_MEMBERS                                                      \
    "\"kty\":\"EC\",\"crv\":\"P-256\","                                        \
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                   \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define ES256_KEY    "{" ES256_KEY_MEMBERS "}"
#define ES256_HEADER "eyJhbGciOiJFUzI1NiJ9"
#define ES256_PAYLOAD                                                          \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNv" \
    "bS9pc19yb290Ijp0cnVlfQ"
#define ES256_SIGNATURE                                                        \
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKT" \
    "UJqPP3-Kg6NU1Q"
#define ES256_JWS ES256_HEADER "." ES256_PAYLOAD "." ES256_SIGNATURE
#define CLAIMS                                                                 \
    "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "                           \
    "\"http://example.com/is_root\":true}"
/* RFC 8037, A.2 and A.4 */
#define ED25519_KEY                                                            \
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","                                    \
    "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
#define ED25519_JWS                                                            \
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0J" \
    "zlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
/* RFC 7517, A.1 */
#define RSA_N                                                                  \
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aP" \
    "FFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl9" \
    "3lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA" \
    "ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3" \
    "XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
#define RSA_MEMBERS "\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\""
#define EC_OTHER                                                               \
    "\"kty\":\"EC\",\"crv\":\"P-256\","                                        \
    "\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\","                   \
    "\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\""
#define SET_OF_RFC7517                                                         \
    "{\"keys\":[{" EC_OTHER ",\"use\":\"enc\",\"kid\":\"1\"},{" RSA_MEMBERS    \
    ",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}]}"

START_TEST(examples_of_the_rfcs_verify)
{
    ck_assert_reason(read_keys(ES256_KEY), ATLS_OK);
    ck_assert_reason(read_keys(ED25519_KEY), ATLS_OK);
    ck_assert_uint_eq(keys.num, 2);
    ck_assert_reason(verify(ES256_JWS), ATLS_OK);
    ck_assert(atls_view_is(atls_buf_view(&payload), CLAIMS));
    ck_assert_reason(verify(ED25519_JWS), ATLS_OK);
    ck_assert(
        atls_view_is(atls_buf_view(&payload), "Example of Ed25519 signing"));
}
END_TEST

static const struct row {
    const char *compact;
    enum atls_reason reason;
} refused[] = {
    {"", ATLS_RESULT_MALFORMED},
    {".", ATLS_RESULT_MALFORMED},
    {"..", ATLS_RESULT_MALFORMED},
    {ES256_HEADER "." ES256_PAYLOAD, ATLS_RESULT_MALFORMED},
    {ES256_JWS ".", ATLS_RESULT_MALFORMED},
    {ES256_JWS "." ES256_SIGNATURE, ATLS_RESULT_MALFORMED},
    {"." ES256_PAYLOAD "." ES256_SIGNATURE, ATLS_RESULT_MALFORMED},
    /* padding, white space, the other alphabet, stray bits */
    {ES256_JWS "==", ATLS_RESULT_MALFORMED},
    {ES256_JWS "\n", ATLS_RESULT_MALFORMED},
    {" " ES256_JWS, ATLS_RESULT_MALFORMED},
    {ES256_HEADER "." ES256_PAYLOAD "=." ES256_SIGNATURE,
     ATLS_RESULT_SIGNATURE},
    {ES256_HEADER "." ES256_PAYLOAD ".DtEhU3ljbEg8L38VWAfUAqOyKAM6+Xx+"
                  "F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3+Kg6NU1Q",
     ATLS_RESULT_MALFORMED},
    {ES256_HEADER "." ES256_PAYLOAD ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-"
                  "F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1R",
     ATLS_RESULT_MALFORMED},
    {ES256_HEADER "." ES256_PAYLOAD ".", ATLS_RESULT_SIGNATURE},
    {ES256_HEADER "." ES256_PAYLOAD "." ES256_SIGNATURE "AAAA",
     ATLS_RESULT_SIGNATURE},
    {ES256_HEADER "." ES256_PAYLOAD
                  ".AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
     ATLS_RESULT_SIGNATURE}, /* r = s = 0 */
    {ES256_HEADER ".e30." ES256_SIGNATURE, ATLS_RESULT_SIGNATURE},
    /* {"alg":"none"}: RFC 7515, A.5, and RFC 8725, 2.1 */
    {"eyJhbGciOiJub25lIn0." ES256_PAYLOAD ".", ATLS_RESULT_KEY_UNKNOWN},
    /* {"typ":"JWT",\r\n "alg":"HS256"}: RFC 7515, A.1 */
    {"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." ES256_PAYLOAD
     ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
     ATLS_RESULT_KEY_UNKNOWN},
    /* {"alg":"RS256"}: RFC 7515, A.2 */
    {"eyJhbGciOiJSUzI1NiJ9." ES256_PAYLOAD ".AAAA", ATLS_RESULT_KEY_UNKNOWN},
    {"eyJhbGciOiJFUzM4NCJ9." ES256_PAYLOAD "." ES256_SIGNATURE,
     ATLS_RESULT_KEY_UNKNOWN}, /* ES384 */
    {"eyJhbGciOiJlczI1NiJ9." ES256_PAYLOAD "." ES256_SIGNATURE,
     ATLS_RESULT_KEY_UNKNOWN}, /* es256 */
};

START_TEST(anything_but_a_jws_of_a_configured_key_is_refused)
{
    ck_assert_reason(read_keys(ES256_KEY), ATLS_OK);
    ck_assert_reason(verify(refused[_i].compact), refused[_i].reason);
    ck_assert_str_ne(why.text, "");
    ck_assert_uint_eq(payload.len, 0);
}
END_TEST

static const struct row headers[] = {
    {"{\"alg\":\"ES256\",\"alg\":\"ES256\"}", ATLS_RESULT_MALFORMED},
    {"{\"alg\":\"ES256\",\"a\":1,\"a\":1}", ATLS_RESULT_MALFORMED},
    {"{\"alg\":\"ES256\",\"crit\":[\"exp\"],\"exp\":1}", ATLS_RESULT_MALFORMED},
    {"{\"alg\":\"ES256\",\"crit\":[]}", ATLS_RESULT_MALFORMED},
    {"{\"alg\":\"ES256\",\"crit\":null}", ATLS_RESULT_MALFORMED},
    {"{\"alg\":256}", ATLS_RESULT_MALFORMED},
    {"{\"alg\":\"ES256\",\"kid\":1}", ATLS_RESULT_MALFORMED},
    {"{}", ATLS_RESULT_MALFORMED},
    {"[\"ES256\"]", ATLS_RESULT_MALFORMED},
    {"\"ES256\"", ATLS_RESULT_MALFORMED},
    {"{\"alg\":\"ES256\"", ATLS_RESULT_MALFORMED},
    {"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", ATLS_RESULT_MALFORMED},
    {"{\"alg\":\"ES256\",\"kid\":\"other\"}", ATLS_RESULT_KEY_UNKNOWN},
    {"{\"alg\":\"ES256\",\"kid\":\"\"}", ATLS_RESULT_KEY_UNKNOWN},
    /* headers that bring a key, or say where one is, are no key */
    {"{\"alg\":\"ES256\",\"jwk\":" ES256_KEY "}", ATLS_RESULT_SIGNATURE},
    {"{\"alg\":\"ES256\",\"kid\":\"mine\",\"jku\":\"https://a.example\"}",
     ATLS_RESULT_SIGNATURE},
};

START_TEST(header_that_asks_for_something_else_is_refused)
{
    ck_assert_reason(read_keys("{\"kid\":\"mine\"," ES256_KEY_MEMBERS "}"),
                     ATLS_OK);
    atls_base64url_put(&text, atls_view_text(headers[_i].compact));
    atls_buf_text(&text, "." ES256_PAYLOAD "." ES256_SIGNATURE);
    atls_buf_u8(&text, 0);
    ck_assert_reason(verify((const char *)text.data), headers[_i].reason);
    ck_assert_uint_eq(payload.len, 0);
}
END_TEST

/* RFC 8725, 2.1: the public key, which everybody has, as an HMAC key */
START_TEST(hmac_with_the_public_key_is_no_signature)
{
    static const char signed_part[] = "eyJhbGciOiJIUzI1NiJ9." ES256_PAYLOAD;
    ATLS_AUTO(EVP_PKEY) *key = forge_key("psa");
    ATLS_AUTO_HEAP char *pem = forge_pem(key);
    uint8_t mac[32];
    size_t len = 0;

    ck_assert_ptr_nonnull(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, pem,
                                    strlen(pem), (const uint8_t *)signed_part,
                                    strlen(signed_part), mac, sizeof(mac),
                                    &len));
    ck_assert_reason(read_keys(ES256_KEY), ATLS_OK);
    atls_buf_text(&text, signed_part);
    atls_buf_u8(&text, '.');
    atls_base64url_put(&text, atls_view(mac, len));
    atls_buf_u8(&text, 0);
    ck_assert_reason(verify((const char *)text.data), ATLS_RESULT_KEY_UNKNOWN);
}
END_TEST

START_TEST(jws_beyond_the_limit_is_refused_unread)
{
    ck_assert_reason(read_keys(ES256_KEY), ATLS_OK);
    memset(atls_buf_room(&text, ATLS_JWS_MAX + 1), 'A', ATLS_JWS_MAX + 1);
    memcpy(text.data, ES256_HEADER "..", sizeof(ES256_HEADER) + 1);
    ck_assert_reason(
        atls_jws_verify(atls_buf_view(&text), &keys, &payload, &why),
        ATLS_RESULT_MALFORMED);
    ck_assert_ptr_nonnull(strstr(why.text, "262144"));
}
END_TEST

START_TEST(payload_beyond_the_callers_room_is_refused)
{
    struct atls_buf small = atls_buf(8);

    ck_assert_reason(read_keys(ES256_KEY), ATLS_OK);
    ck_assert_reason(
        atls_jws_verify(atls_view_text(ES256_JWS), &keys, &small, &why),
        ATLS_RESULT_MALFORMED);
    atls_buf_clear(&small);
}
END_TEST

static EVP_PKEY *make_key(int kind)
{
    switch (kind) {
    case 0:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    case 1:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
    case 2:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case 3:
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    case 4:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521");
    default:
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
    }
}

static const struct {
    const char *algorithm, *prefix;
} kinds[] = {
    {"ES256", "{\"alg\":\"ES256\",\"kid\":\"k\",\"kty\":\"EC\",\"crv\":"
              "\"P-256\",\"x\":\""},
    {"ES384", "{\"alg\":\"ES384\",\"kid\":\"k\",\"kty\":\"EC\",\"crv\":"
              "\"P-384\",\"x\":\""},
    {"EdDSA", "{\"alg\":\"EdDSA\",\"kid\":\"k\",\"kty\":\"OKP\",\"crv\":"
              "\"Ed25519\",\"x\":\""},
    {"PS256", "{\"alg\":\"PS256\",\"kid\":\"k\",\"kty\":\"RSA\",\"n\":\""},
};

static void sign(EVP_PKEY *key, const char *kid)
{
    atls_buf_clear(&text);
    ck_assert_reason(
        atls_jws_put(&text, atls_view_text(CLAIMS), key, kid, &why), ATLS_OK);
    atls_buf_u8(&text, 0);
}

static void publish(EVP_PKEY *key, const char *kid)
{
    ATLS_AUTO_BUF jwk = atls_buf(MAX_TEXT);

    ck_assert_reason(atls_jwk_put(&jwk, key, kid, &why), ATLS_OK);
    ck_assert_reason(
        atls_jws_keys_read(atls_buf_view(&jwk), "jwk", &keys, &why), ATLS_OK);
}

START_TEST(what_is_signed_verifies_under_the_published_key)
{
    ATLS_AUTO(EVP_PKEY) *key = make_key(_i);
    ATLS_AUTO_BUF jwk = atls_buf(MAX_TEXT), header = atls_buf(MAX_TEXT);
    char *dot;

    ck_assert_reason(atls_jwk_put(&jwk, key, "k", &why), ATLS_OK);
    ck_assert_mem_eq(jwk.data, kinds[_i].prefix, strlen(kinds[_i].prefix));
    publish(key, "k");
    ck_assert_str_eq(keys.items[0].kid, "k");
    ck_assert_int_eq(EVP_PKEY_eq(keys.items[0].key, key), 1);
    sign(key, "k");
    ck_assert_reason(verify((const char *)text.data), ATLS_OK);
    ck_assert(atls_view_is(atls_buf_view(&payload), CLAIMS));
    dot = strchr((const char *)text.data, '.');
    ck_assert(atls_base64url_decode(
        atls_view(text.data, (size_t)((uint8_t *)dot - text.data)), &header));
    atls_buf_u8(&header, 0);
    ck_assert_ptr_nonnull(
        strstr((const char *)header.data, kinds[_i].algorithm));
    ck_assert_ptr_nonnull(
        strstr((const char *)header.data, "\"typ\":\"JWT\",\"kid\":\"k\""));
}
END_TEST

START_TEST(flipped_bit_in_any_byte_is_refused)
{
    ATLS_AUTO(EVP_PKEY) *key = make_key(_i);

    publish(key, NULL);
    sign(key, NULL);
    for (size_t i = 0; i + 1 < text.len; i++) {
        text.data[i] ^= 4;
        ck_assert_reason(why.reason, ATLS_OK);
        ck_assert_int_ne(verify((const char *)text.data), ATLS_OK);
        why = (struct atls_why){0};
        text.data[i] ^= 4;
    }
    ck_assert_reason(verify((const char *)text.data), ATLS_OK);
}
END_TEST

/* RFC 7518, 3.5: the salt is as long as the hash */
START_TEST(pss_with_another_salt_is_refused)
{
    ATLS_AUTO(EVP_PKEY) *key = make_key(3);
    ATLS_AUTO(EVP_MD_CTX) *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *settings = NULL;
    uint8_t signature[256];
    size_t len = sizeof(signature);

    publish(key, NULL);
    atls_buf_text(&text, "eyJhbGciOiJQUzI1NiJ9.e30");
    ck_assert_int_eq(EVP_DigestSignInit_ex(context, &settings, "SHA256", NULL,
                                           NULL, key, NULL),
                     1);
    EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, _i == 0 ? 20 : 32);
    ck_assert_int_eq(
        EVP_DigestSign(context, signature, &len, text.data, text.len), 1);
    atls_buf_u8(&text, '.');
    atls_base64url_put(&text, atls_view(signature, len));
    atls_buf_u8(&text, 0);
    ck_assert_reason(verify((const char *)text.data),
                     _i == 0 ? ATLS_RESULT_SIGNATURE : ATLS_OK);
}
END_TEST

START_TEST(key_that_no_algorithm_is_for_is_refused)
{
    ATLS_AUTO(EVP_PKEY) *key = make_key(4 + _i);
    ATLS_AUTO_HEAP char *pem = NULL;
    ATLS_AUTO_BUF jwk = atls_buf(MAX_TEXT);
    BIO *bio = BIO_new(BIO_s_mem());
    char *data;
    long len;

    ck_assert_reason(atls_jwk_put(&jwk, key, NULL, &why), ATLS_VERIFIER_KEY);
    why = (struct atls_why){0};
    ck_assert_reason(atls_jws_put(&text, atls_view_text("{}"), key, NULL, &why),
                     ATLS_VERIFIER_KEY);
    ck_assert_int_eq(PEM_write_bio_PUBKEY(bio, key), 1);
    len = BIO_get_mem_data(bio, &data);
    pem = strndup(data, (size_t)len);
    BIO_free(bio);
    ck_assert_reason(read_keys(pem), ATLS_VERIFIER_KEY);
    ck_assert_uint_eq(keys.num, 0);
}
END_TEST

/* Rotation: the old key and the new one are both configured. */
START_TEST(each_of_several_keys_verifies_its_own)
{
    ATLS_AUTO(EVP_PKEY) *first = make_key(0);
    ATLS_AUTO(EVP_PKEY) *second = make_key(0);

    publish(first, NULL);
    sign(second, NULL);
    ck_assert_reason(verify((const char *)text.data), ATLS_RESULT_SIGNATURE);
    publish(second, NULL);
    ck_assert_reason(verify((const char *)text.data), ATLS_OK);
    sign(second, "whatever"); /* keys without kid are tried for any */
    ck_assert_reason(verify((const char *)text.data), ATLS_OK);
}
END_TEST

START_TEST(kid_chooses_and_only_four_keys_are_tried)
{
    ATLS_AUTO(EVP_PKEY) *last = make_key(0);
    char kid[8];

    for (int i = 0; i < ATLS_JWS_MAX_TRIES; i++) {
        ATLS_AUTO(EVP_PKEY) *key = make_key(0);

        snprintf(kid, sizeof(kid), "k%d", i);
        publish(key, kid);
    }
    publish(last, "last");
    sign(last, "last");
    ck_assert_reason(verify((const char *)text.data), ATLS_OK);
    sign(last, "k0");
    ck_assert_reason(verify((const char *)text.data), ATLS_RESULT_SIGNATURE);
    sign(last, NULL);
    ck_assert_reason(verify((const char *)text.data), ATLS_RESULT_SIGNATURE);
    ck_assert_ptr_nonnull(strstr(why.text, "tried 4 of 5"));
}
END_TEST

START_TEST(name_of_rfc_9864_is_taken_for_ed25519)
{
    ATLS_AUTO(EVP_PKEY) *key = make_key(2);
    ATLS_AUTO(EVP_MD_CTX) *context = EVP_MD_CTX_new();
    uint8_t signature[64];
    size_t len = sizeof(signature);

    publish(key, NULL);
    atls_base64url_put(&text, atls_view_text("{\"alg\":\"Ed25519\"}"));
    atls_buf_text(&text, ".e30");
    ck_assert_int_eq(
        EVP_DigestSignInit_ex(context, NULL, NULL, NULL, NULL, key, NULL), 1);
    ck_assert_int_eq(
        EVP_DigestSign(context, signature, &len, text.data, text.len), 1);
    atls_buf_u8(&text, '.');
    atls_base64url_put(&text, atls_view(signature, len));
    atls_buf_u8(&text, 0);
    ck_assert_reason(verify((const char *)text.data), ATLS_OK);
}
END_TEST

static const char *const bad_keys[] = {
    "",
    "x",
    "[]",
    "{}",
    "{\"keys\":{}}",
    "{\"keys\":[]}",
    "{\"keys\":[1]}",
    SET_OF_RFC7517, /* one to encrypt with, one for RS256 */
    "{" ES256_KEY_MEMBERS ",\"use\":\"enc\"}",
    "{" ES256_KEY_MEMBERS ",\"use\":1}",
    "{" ES256_KEY_MEMBERS ",\"alg\":\"ES384\"}",
    "{" ES256_KEY_MEMBERS ",\"alg\":1}",
    "{" ES256_KEY_MEMBERS ",\"key_ops\":[\"sign\"]}",
    "{" ES256_KEY_MEMBERS ",\"key_ops\":\"verify\"}",
    "{" ES256_KEY_MEMBERS ",\"kid\":1}",
    "{" ES256_KEY_MEMBERS ",\"kid\":"
    "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}",
    "{" ES256_KEY_MEMBERS ",\"kty\":\"EC\"}", /* twice */
    "{\"kty\":\"EC\",\"crv\":\"P-256\"}",
    "{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AA\",\"y\":\"AA\"}",
    "{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AA\",\"y\":\"AA\"}",
    /* not of the field's length, padded, not on the curve */
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8T"
    "us9uPHvRVA\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8T"
    "us9uPHvRVEU=\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8T"
    "us9uPHvRVEU\",\"y\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"AA\"}",
    "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":"
    "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}",
    "{" RSA_MEMBERS ",\"alg\":\"RS256\"}",
    "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\"}",
    "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"\"}",
    "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQ\"}",
    "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAA\"}",
    "{\"kty\":\"RSA\",\"n\":\"0vx7\",\"e\":\"AQAB\"}",
    "-----BEGIN PUBLIC KEY-----\n",
    "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
    "-----BEGIN ",
};

START_TEST(what_is_no_key_to_verify_with_is_refused)
{
    ck_assert_reason(read_keys(bad_keys[_i]), ATLS_VERIFIER_KEY);
    ck_assert_ptr_nonnull(strstr(why.text, "keys: "));
    ck_assert_uint_eq(keys.num, 0);
}
END_TEST

static const char *const private_keys[] = {
    /* RFC 7517, A.2 and A.3; RFC 8037, A.1 */
    "{" EC_OTHER ",\"d\":\"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE\"}",
    "{\"keys\":[" ES256_KEY ",{" EC_OTHER ",\"use\":\"enc\",\"d\":\"AA\"}]}",
    "{" RSA_MEMBERS ",\"p\":\"AA\"}",
    "{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":\"AyM1SysPpbyDfgZld3umj1\"}",
    "{\"kty\":\"oct\"}",
    "{\"keys\":[{\"kty\":\"oct\",\"alg\":\"A128KW\",\"k\":"
    "\"GawgguFyGrWKav7AX4VKUg"
    "\"}]}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
    "\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\","
    "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
};

START_TEST(private_key_is_refused)
{
    ck_assert_reason(read_keys(private_keys[_i]), ATLS_VERIFIER_KEY);
    ck_assert_ptr_nonnull(strstr(why.text, "found a private one"));
}
END_TEST

START_TEST(keys_for_something_else_are_passed_over_in_a_set)
{
    ck_assert_reason(read_keys("{\"keys\":[{" EC_OTHER
                               ",\"use\":\"enc\"},{\"kty\":\"new\"},{"
                               "\"kty\":\"EC\",\"crv\":\"P-521\"},{" RSA_MEMBERS
                               ",\"alg\":\"RS256\"},{\"key_ops\":[\"verify\"],"
                               "\"alg\":\"ES256\",\"use\":\"sig\","
                               "\"kid\":\"2\",\"x5c\":[]," ES256_KEY_MEMBERS
                               "},{" RSA_MEMBERS ",\"alg\":\"PS256\"}]}"),
                     ATLS_OK);
    ck_assert_uint_eq(keys.num, 2);
    ck_assert_str_eq(keys.items[0].kid, "2");
    ck_assert_reason(verify(ES256_JWS), ATLS_OK);
}
END_TEST

START_TEST(seventeenth_key_is_refused)
{
    for (int i = 0; i < ATLS_JWK_MAX_KEYS; i++)
        ck_assert_reason(read_keys(ES256_KEY), ATLS_OK);
    ck_assert_reason(read_keys(ES256_KEY), ATLS_VERIFIER_KEY);
}
END_TEST

START_TEST(pem_with_text_and_two_blocks_gives_two_keys)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_key("psa");
    ATLS_AUTO(EVP_PKEY) *other = forge_key("ak-ecc");
    BIO *bio = BIO_new(BIO_s_mem());
    char *data;
    long len;

    BIO_puts(bio, "the Verifier's keys\n");
    ck_assert_int_eq(PEM_write_bio_PUBKEY(bio, key), 1);
    ck_assert_int_eq(PEM_write_bio_PUBKEY(bio, other), 1);
    len = BIO_get_mem_data(bio, &data);
    ck_assert_reason(
        atls_jws_keys_read(atls_view(data, (size_t)len), "pem", &keys, &why),
        ATLS_OK);
    BIO_free(bio);
    ck_assert_uint_eq(keys.num, 2);
    ck_assert_int_eq(EVP_PKEY_eq(keys.items[1].key, other), 1);
}
END_TEST

static const char *const real[] = {
    "psa", "cca", "snp", "parsec-cca", "parsec-cca-rnd", "psa-badnonce",
};

static bool read_vector(const char *path)
{
    atls_buf_clear(&text);
    if (!forge_vector(path, &text))
        return false;
    while (text.len > 0 && text.data[text.len - 1] == '\n')
        text.len--;
    return true;
}

START_TEST(results_of_a_real_veraison_verify)
{
    char path[128];

    if (!read_vector("veraison/ear/arc-pkey.jwk.json"))
        return;
    ck_assert_reason(
        atls_jws_keys_read(atls_buf_view(&text), "jwk", &keys, &why), ATLS_OK);
    snprintf(path, sizeof(path), "veraison/live/%s.ear.jwt", real[_i]);
    ck_assert(read_vector(path));
    ck_assert_reason(
        atls_jws_verify(atls_buf_view(&text), &keys, &payload, &why), ATLS_OK);
    ck_assert_uint_gt(payload.len, 100);
}
END_TEST

START_TEST(example_of_c_ear_verifies_under_its_pem)
{
    if (!read_vector("veraison/ear/c-ear-example.pub.pem"))
        return;
    ck_assert_reason(
        atls_jws_keys_read(atls_buf_view(&text), "pem", &keys, &why), ATLS_OK);
    ck_assert(read_vector("veraison/ear/c-ear-example.jwt"));
    ck_assert_reason(
        atls_jws_verify(atls_buf_view(&text), &keys, &payload, &why), ATLS_OK);
}
END_TEST

#define ADD_ROWS(cases, test, list)                                            \
    tcase_add_loop_test(cases, test, 0, sizeof(list) / sizeof((list)[0]))

static void add_keys(TCase *cases)
{
    ADD_ROWS(cases, what_is_no_key_to_verify_with_is_refused, bad_keys);
    ADD_ROWS(cases, private_key_is_refused, private_keys);
    tcase_add_loop_test(cases, key_that_no_algorithm_is_for_is_refused, 0, 2);
    tcase_add_test(cases, keys_for_something_else_are_passed_over_in_a_set);
    tcase_add_test(cases, seventeenth_key_is_refused);
    tcase_add_test(cases, pem_with_text_and_two_blocks_gives_two_keys);
}

int main(void)
{
    Suite *suite = suite_create("jws");
    TCase *cases = tcase_create("jws");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, examples_of_the_rfcs_verify);
    ADD_ROWS(cases, anything_but_a_jws_of_a_configured_key_is_refused, refused);
    ADD_ROWS(cases, header_that_asks_for_something_else_is_refused, headers);
    tcase_add_test(cases, hmac_with_the_public_key_is_no_signature);
    tcase_add_test(cases, jws_beyond_the_limit_is_refused_unread);
    tcase_add_test(cases, payload_beyond_the_callers_room_is_refused);
    ADD_ROWS(cases, what_is_signed_verifies_under_the_published_key, kinds);
    ADD_ROWS(cases, flipped_bit_in_any_byte_is_refused, kinds);
    tcase_add_loop_test(cases, pss_with_another_salt_is_refused, 0, 2);
    tcase_add_test(cases, each_of_several_keys_verifies_its_own);
    tcase_add_test(cases, kid_chooses_and_only_four_keys_are_tried);
    tcase_add_test(cases, name_of_rfc_9864_is_taken_for_ed25519);
    add_keys(cases);
    if (getenv("ATLS_VECTORS") != NULL && *getenv("ATLS_VECTORS") != '\0') {
        ADD_ROWS(cases, results_of_a_real_veraison_verify, real);
        tcase_add_test(cases, example_of_c_ear_verifies_under_its_pem);
    }
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
