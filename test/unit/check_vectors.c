/* SPDX-License-Identifier: Apache-2.0
 *
 * The published vectors of the binding `bound`, computed by base/binder.c. What
 * binder.c leaves to libssl, the exporter (RFC 9846, 7.5), is done here with
 * libcrypto's TLS13-KDF.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "base64url.h"
#include "json.h"
#include "binder.h"
#include "../check_main.h"

#define MAX_HEX 256 /* bytes of the longest value */

static const char *const server_vectors[] = {
    "bound-server-sha256", "bound-server-sha384", "bound-server-key"};
static const char *const client_vectors[] = {
    "bound-client-sha256", "bound-client-sha384", "bound-client-role"};

struct vector {
    json_t *root;
    const char *hash;
};

static struct vector vector_load(const char *name)
{
    const char *folder = getenv("top_srcdir");
    char path[512];
    struct vector vector;

    ck_assert_ptr_nonnull(folder);
    snprintf(path, sizeof(path), "%s/test/vectors/binder/%s.json", folder,
             name);
    vector.root = json_load_file(path, 0, NULL);
    ck_assert_msg(vector.root != NULL, "%s cannot be read", path);
    vector.hash = json_string_value(json_object_get(vector.root, "hash"));
    ck_assert_ptr_nonnull(vector.hash);
    return vector;
}

static struct atls_buf vector_bytes(const struct vector *vector,
                                    const char *part, const char *name)
{
    const char *hex = json_string_value(
        json_object_get(json_object_get(vector->root, part), name));
    struct atls_buf bytes = atls_buf(MAX_HEX);

    ck_assert_msg(hex != NULL, "no %s in %s", name, part);
    ck_assert(atls_hex_decode(atls_view_text(hex), &bytes));
    return bytes;
}

static void assert_step(const struct vector *vector, const char *name,
                        const struct atls_secret *got)
{
    ATLS_AUTO_BUF want = vector_bytes(vector, "steps", name);

    ck_assert_uint_eq(got->len, want.len);
    ck_assert_mem_eq(got->bytes, want.data, want.len);
}

static void assert_binder(const struct vector *vector,
                          const struct atls_secret *secret)
{
    ATLS_AUTO_BUF spki = vector_bytes(vector, "input", "spki");
    struct atls_secret binder;

    ck_assert_reason(
        atls_binder_make(secret, atls_buf_view(&spki), &binder, NULL), ATLS_OK);
    assert_step(vector, "binder", &binder);
}

static OSSL_PARAM octets(const char *name, const void *data, size_t len)
{
    return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)data,
                                             len);
}

/* HKDF-Expand-Label(secret, label, H(""), L) */
static void expand(const struct vector *vector, struct atls_view secret,
                   const char *label, struct atls_secret *out)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS13-KDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    unsigned char empty[EVP_MAX_MD_SIZE];
    OSSL_PARAM params[7];

    ck_assert(EVP_Q_digest(NULL, vector->hash, NULL, "", 0, empty, NULL));
    params[0] = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
    params[1] = OSSL_PARAM_construct_utf8_string(
        OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)vector->hash, 0);
    params[2] = octets(OSSL_KDF_PARAM_KEY, secret.data, secret.len);
    params[3] = octets(OSSL_KDF_PARAM_PREFIX, "tls13 ", 6);
    params[4] = octets(OSSL_KDF_PARAM_LABEL, label, strlen(label));
    params[5] = octets(OSSL_KDF_PARAM_DATA, empty, secret.len);
    params[6] = OSSL_PARAM_construct_end();
    out->len = secret.len;
    ck_assert_int_eq(EVP_KDF_derive(ctx, out->bytes, out->len, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

START_TEST(server_binder_is_the_published_one)
{
    struct vector vector = vector_load(server_vectors[_i]);
    ATLS_AUTO_BUF traffic =
        vector_bytes(&vector, "input", "server_handshake_traffic_secret");
    struct atls_secret secret;

    ck_assert_reason(
        atls_binder_server_secret(atls_buf_view(&traffic), &secret, NULL),
        ATLS_OK);
    assert_step(&vector, "secret", &secret);
    assert_binder(&vector, &secret);
    json_decref(vector.root);
}
END_TEST

START_TEST(client_binder_is_the_published_one)
{
    struct vector vector = vector_load(client_vectors[_i]);
    ATLS_AUTO_BUF exporter = vector_bytes(&vector, "input", "exporter_secret");
    struct atls_secret derived, secret;

    expand(&vector, atls_buf_view(&exporter), ATLS_BINDER_EXPORTER, &derived);
    assert_step(&vector, "exporter_derived_secret", &derived);
    expand(&vector, atls_secret_view(&derived), "exporter", &secret);
    assert_step(&vector, "secret", &secret);
    assert_binder(&vector, &secret);
    json_decref(vector.root);
}
END_TEST

START_TEST(secret_of_another_length_is_refused)
{
    static const uint8_t bytes[64] = {1};
    struct atls_secret out;

    for (size_t len = 0; len <= sizeof(bytes); len++)
        if (len != 32 && len != 48)
            ck_assert_reason(
                atls_binder_server_secret(atls_view(bytes, len), &out, NULL),
                ATLS_SECRET_MISSING);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vectors");
    TCase *cases = tcase_create("vectors");

    tcase_add_loop_test(cases, server_binder_is_the_published_one, 0, 3);
    tcase_add_loop_test(cases, client_binder_is_the_published_one, 0, 3);
    tcase_add_test(cases, secret_of_another_length_is_refused);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
