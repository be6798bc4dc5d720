/* SPDX-License-Identifier: Apache-2.0
 *
 * Somebody else's attester, written against atls(7), "Attester keys: the
 * contract", and nothing of ours: `acme:KEY.pem` is a key of type ACME-TEE
 * that signs PSA tokens. The key that it is given to attest, too, goes into the
 * file that ACME_SUBJECT names, for a test to see. slow.c is the same with
 * faults, maker.c one that makes the binder itself, forged.c has Evidence of
 * other formats.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#ifndef ACME_SCHEME
#define ACME_SCHEME                  "acme"
#define ACME_TYPE                    "ACME-TEE"
#define ACME_MAX_SIZE(key)           1024
#define ACME_SET_OPTIONS(key, query) ((query) == NULL)
#define ACME_EVIDENCE                acme_evidence
#define ACME_CONTEXT
#define ACME_CONTEXT_ROWS                                                      \
    ROW(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, subject_set),                      \
        ROW(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, subject_settable),
#define ACME_SET_CONTEXT(sign, params)       subject_set(sign, params)
#define ACME_CHECK_CONTEXT(sign, nonce, len) 1
#endif
#ifndef ACME_BATCHES
#define ACME_BATCHES(key) 0
#endif
#ifndef ACME_CONTEXT /* what else a signature has; maker.c */
#define ACME_CONTEXT
#define ACME_CONTEXT_ROWS
#define ACME_SET_CONTEXT(sign, params)       1
#define ACME_CHECK_CONTEXT(sign, nonce, len) 1
#endif
#ifndef ACME_FORMATS
#define ACME_FORMATS(key) "10003"
#endif
#ifndef ACME_READ
#define ACME_WANT      "KEY.pem"
#define ACME_READ      acme_read
#define ACME_FREE(key) (void)(key)
#endif

OSSL_provider_init_fn OSSL_provider_init;

struct acme {
    OSSL_LIB_CTX *libctx;
    const OSSL_CORE_HANDLE *core;
    OSSL_FUNC_core_new_error_fn *new_error;
    OSSL_FUNC_core_vset_error_fn *vset_error;
};
struct acme_key {
    struct acme *acme;
    EVP_PKEY *key;
    int ms;         /* of slow.c: how long a quote takes */
    int batches;    /* of maker.c: quotes are made together */
    char fault[16]; /* of slow.c: what is wrong with it */
    void *device;   /* of forged.c: what makes its Evidence */
};
struct acme_store {
    struct acme *acme;
    struct acme_key *key;
    int is_good, is_eof;
};
struct acme_sign {
    struct acme *acme;
    const struct acme_key *key;
    ACME_CONTEXT
};

static int fail(const struct acme *acme, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    acme->new_error(acme->core);
    acme->vset_error(acme->core, 1, format, args);
    va_end(args);
    return 0;
}

static unsigned char *put(unsigned char *to, const void *bytes, size_t len)
{
    memcpy(to, bytes, len);
    return to + len;
}
#define PUT(to, literal) put(to, literal, sizeof(literal) - 1)

/* RFC 9783: the claims with nonce and instance ID; 0 or their length */
static size_t put_claims(EVP_PKEY *key, const unsigned char *nonce,
                         size_t nonce_len, unsigned char *out)
{
    static const unsigned char zero[32] = {0};
    unsigned char *spki = NULL, id[32], *at = out;
    int spki_len = i2d_PUBKEY(key, &spki);

    if (spki_len <= 0 ||
        !EVP_Digest(spki, (size_t)spki_len, id, NULL, EVP_sha256(), NULL))
        return 0;
    OPENSSL_free(spki);
    at = PUT(at, "\xa7\x0a\x58");
    *at++ = (unsigned char)nonce_len;
    at = put(at, nonce, nonce_len);
    at = put(PUT(at, "\x19\x01\x00\x58\x21\x01"), id, 32);
    at = PUT(at, "\x19\x01\x09\x78\x21tag:psacertified.org,2023:psa#tfm");
    at = PUT(at, "\x19\x09\x5a\x20\x19\x09\x5b\x19\x10\x00\x19\x09\x5c\x58\x20"
                 "acme implementation, revision 01");
    at = put(PUT(at, "\x19\x09\x5f\x81\xa2\x02\x58\x20"), zero, 32);
    at = put(PUT(at, "\x05\x58\x20"), zero, 32);
    return (size_t)(at - out);
}

/* The shortest head, as the Sig_structure wants it (RFC 9052, 9). */
static unsigned char *put_bstr(unsigned char *to, size_t len)
{
    *to++ = len < 256 ? 0x58 : 0x59;
    if (len >= 256)
        *to++ = (unsigned char)(len >> 8);
    *to++ = (unsigned char)len;
    return to;
}

/* RFC 9052, 4.4: r || s of ES256 over the Sig_structure */
static int sign_claims(const struct acme_key *key, const unsigned char *payload,
                       size_t len, unsigned char *raw)
{
    unsigned char tbs[512], der[128], *at;
    const unsigned char *from = der;
    size_t der_len = sizeof(der);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    ECDSA_SIG *sig = NULL;
    int ok;

    at = PUT(tbs, "\x84\x6aSignature1\x43\xa1\x01\x26\x40");
    at = put(put_bstr(at, len), payload, len);
    ok = context != NULL &&
         EVP_DigestSignInit_ex(context, NULL, "SHA256", key->acme->libctx, NULL,
                               key->key, NULL) > 0 &&
         EVP_DigestSign(context, der, &der_len, tbs, (size_t)(at - tbs)) > 0 &&
         (sig = d2i_ECDSA_SIG(NULL, &from, (long)der_len)) != NULL &&
         BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, 32) == 32 &&
         BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + 32, 32) == 32;
    ECDSA_SIG_free(sig);
    EVP_MD_CTX_free(context);
    return ok;
}

/* RFC 9999: [10003, COSE_Sign1, evidence]. Unused by forged.c. */
__attribute__((unused)) static int
acme_evidence(const struct acme_key *key, const unsigned char *nonce,
              size_t nonce_len, unsigned char *out, size_t *out_len)
{
    unsigned char payload[400], raw[64], *at;
    size_t len;

    if (nonce_len != 32 && nonce_len != 48 && nonce_len != 64)
        return fail(key->acme, "bad binder: %zu bytes", nonce_len);
    len = put_claims(key->key, nonce, nonce_len, payload);
    if (len == 0 || !sign_claims(key, payload, len, raw))
        return fail(key->acme, "attester not available: it cannot sign");
    at = put_bstr(PUT(out, "\x83\x19\x27\x13"),
                  7 + (len < 256 ? 2U : 3U) + len + 2 + 64);
    at = put_bstr(PUT(at, "\xd2\x84\x43\xa1\x01\x26\xa0"), len);
    at = put(PUT(put(at, payload, len), "\x58\x40"), raw, 64);
    *out_len = (size_t)(PUT(at, "\x04") - out);
    return 1;
}

static void key_free(void *data)
{
    struct acme_key *key = data;

    if (key == NULL)
        return;
    EVP_PKEY_free(key->key);
    ACME_FREE(key);
    free(key);
}

static void *key_load(const void *reference, size_t len)
{
    struct acme_key **from = (struct acme_key **)(size_t)reference;
    struct acme_key *key = *from;

    (void)len;
    *from = NULL;
    return key;
}

static int key_has(const void *data, int selection)
{
    (void)selection;
    return data != NULL;
}

static int key_get_params(void *data, OSSL_PARAM params[])
{
    OSSL_PARAM *formats = OSSL_PARAM_locate(params, "evidence-formats");
    OSSL_PARAM *size = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_MAX_SIZE);
    OSSL_PARAM *batches = OSSL_PARAM_locate(params, "batches");

    (void)data;
    return (batches == NULL ||
            OSSL_PARAM_set_int(batches, ACME_BATCHES(data))) &&
           (formats == NULL ||
            OSSL_PARAM_set_utf8_string(formats, ACME_FORMATS(data))) &&
           (size == NULL || OSSL_PARAM_set_int(size, ACME_MAX_SIZE(data)));
}

static const OSSL_PARAM *key_gettable(void *context)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string("evidence-formats", NULL, 0),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
        OSSL_PARAM_int("batches", NULL), OSSL_PARAM_END};

    (void)context;
    return params;
}

static void *sign_new(void *context, const char *properties)
{
    struct acme_sign *sign = calloc(1, sizeof(*sign));

    (void)properties;
    if (sign != NULL)
        sign->acme = context;
    return sign;
}

__attribute__((unused)) static int subject_set(void *data,
                                               const OSSL_PARAM params[])
{
    const OSSL_PARAM *subject =
        params == NULL ? NULL : OSSL_PARAM_locate_const(params, "subject-key");
    const char *path = getenv("ACME_SUBJECT");
    FILE *file = subject == NULL || path == NULL ? NULL : fopen(path, "wb");
    int ok = 1;

    (void)data;
    if (file != NULL)
        ok = fwrite(subject->data, 1, subject->data_size, file) ==
             subject->data_size;
    if (file != NULL)
        fclose(file);
    return ok;
}

__attribute__((unused)) static const OSSL_PARAM *subject_settable(void *data,
                                                                  void *context)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string("subject-key", NULL, 0), OSSL_PARAM_END};

    (void)data, (void)context;
    return params;
}

static int sign_init(void *data, void *key, const OSSL_PARAM params[])
{
    (void)params;
    ((struct acme_sign *)data)->key = key;
    return ACME_SET_CONTEXT(data, params);
}

static int sign_sign(void *data, unsigned char *out, size_t *out_len,
                     size_t out_size, const unsigned char *in, size_t in_len)
{
    const struct acme_sign *sign = data;
    size_t max_size = (size_t)ACME_MAX_SIZE(sign->key);

    if (out == NULL) {
        *out_len = max_size;
        return 1;
    }
    if (out_size < max_size)
        return fail(sign->acme, "buffer too small: %zu bytes", out_size);
    if (!ACME_CHECK_CONTEXT(sign, in, in_len))
        return 0;
    return ACME_EVIDENCE(sign->key, in, in_len, out, out_len);
}

__attribute__((unused)) static int acme_read(struct acme_key *key,
                                             const char *path, char *query)
{
    BIO *bio = BIO_new_file(path, "r");

    if (bio != NULL && ACME_SET_OPTIONS(key, query))
        key->key = PEM_read_bio_PrivateKey_ex(bio, NULL, NULL, NULL,
                                              key->acme->libctx, NULL);
    BIO_free(bio);
    return key->key != NULL;
}

static void *store_open(void *context, const char *uri)
{
    struct acme_store *store = calloc(1, sizeof(*store));
    char path[1024], *query;

    strncpy(path, uri + sizeof(ACME_SCHEME ":") - 1, sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    query = strchr(path, '?');
    if (query != NULL)
        *query++ = '\0';
    store->acme = context;
    store->key = calloc(1, sizeof(*store->key));
    store->key->acme = context;
    store->is_good = ACME_READ(store->key, path, query);
    return store;
}

static int store_load(void *data, OSSL_CALLBACK *callback, void *arg,
                      OSSL_PASSPHRASE_CALLBACK *passphrase, void *phrase_arg)
{
    struct acme_store *store = data;
    int type = OSSL_OBJECT_PKEY;
    OSSL_PARAM params[] = {
        OSSL_PARAM_int(OSSL_OBJECT_PARAM_TYPE, &type),
        OSSL_PARAM_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, (char[]){ACME_TYPE},
                               sizeof(ACME_TYPE) - 1),
        OSSL_PARAM_octet_string(OSSL_OBJECT_PARAM_REFERENCE, &store->key,
                                sizeof(store->key)),
        OSSL_PARAM_END};

    (void)passphrase;
    (void)phrase_arg;
    store->is_eof = 1;
    if (!store->is_good)
        return fail(store->acme, "no key: want " ACME_SCHEME ":" ACME_WANT);
    return callback(params, arg);
}

static int store_eof(void *data)
{
    return ((struct acme_store *)data)->is_eof;
}

/* Nothing is settable, and yet libcrypto 3.0 calls this unasked when it opens
 * a URI with properties. */
static int store_set_ctx_params(void *data, const OSSL_PARAM params[])
{
    (void)data, (void)params;
    return 1;
}

static int store_close(void *data)
{
    key_free(((struct acme_store *)data)->key);
    free(data);
    return 1;
}

#define ROW(id, function)                                                      \
    {                                                                          \
        id, (void (*)(void))(function)                                         \
    }
static const OSSL_DISPATCH keymgmt_functions[] = {
    ROW(OSSL_FUNC_KEYMGMT_LOAD, key_load),
    ROW(OSSL_FUNC_KEYMGMT_FREE, key_free),
    ROW(OSSL_FUNC_KEYMGMT_HAS, key_has),
    ROW(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_get_params),
    ROW(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, key_gettable),
    {0, NULL}};
static const OSSL_DISPATCH signature_functions[] = {
    ROW(OSSL_FUNC_SIGNATURE_NEWCTX, sign_new),
    ROW(OSSL_FUNC_SIGNATURE_FREECTX, free),
    ROW(OSSL_FUNC_SIGNATURE_SIGN_INIT, sign_init),
    ROW(OSSL_FUNC_SIGNATURE_SIGN, sign_sign), ACME_CONTEXT_ROWS{0, NULL}};
static const OSSL_DISPATCH store_functions[] = {
    ROW(OSSL_FUNC_STORE_OPEN, store_open),
    ROW(OSSL_FUNC_STORE_LOAD, store_load),
    ROW(OSSL_FUNC_STORE_SET_CTX_PARAMS, store_set_ctx_params),
    ROW(OSSL_FUNC_STORE_EOF, store_eof),
    ROW(OSSL_FUNC_STORE_CLOSE, store_close),
    {0, NULL}};

static const OSSL_ALGORITHM *query_operation(void *context, int operation,
                                             int *no_cache)
{
    static const OSSL_ALGORITHM keymgmt[] = {
        {ACME_TYPE, "provider=" ACME_SCHEME, keymgmt_functions, NULL},
        {NULL, NULL, NULL, NULL}};
    static const OSSL_ALGORITHM signature[] = {
        {ACME_TYPE, "provider=" ACME_SCHEME, signature_functions, NULL},
        {NULL, NULL, NULL, NULL}};
    static const OSSL_ALGORITHM store[] = {
        {ACME_SCHEME, "provider=" ACME_SCHEME, store_functions, NULL},
        {NULL, NULL, NULL, NULL}};

    (void)context;
    *no_cache = 0;
    return operation == OSSL_OP_KEYMGMT     ? keymgmt
           : operation == OSSL_OP_SIGNATURE ? signature
           : operation == OSSL_OP_STORE     ? store
                                            : NULL;
}

static const OSSL_ITEM *reason_strings(void *context)
{
    static char text[] = "no Evidence";
    static const OSSL_ITEM items[] = {{1, text}, {0, NULL}};

    (void)context;
    return items;
}

static void teardown(void *context)
{
    OSSL_LIB_CTX_free(((struct acme *)context)->libctx);
    free(context);
}

static const OSSL_DISPATCH provider_functions[] = {
    ROW(OSSL_FUNC_PROVIDER_TEARDOWN, teardown),
    ROW(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query_operation),
    ROW(OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, reason_strings),
    {0, NULL}};

__attribute__((visibility("default"))) int
OSSL_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                   const OSSL_DISPATCH **out, void **context)
{
    struct acme *acme = calloc(1, sizeof(*acme));

    if (acme == NULL)
        return 0;
    acme->core = handle;
    acme->libctx = OSSL_LIB_CTX_new_child(handle, in);
    for (; in->function_id != 0; in++)
        if (in->function_id == OSSL_FUNC_CORE_NEW_ERROR)
            acme->new_error = OSSL_FUNC_core_new_error(in);
        else if (in->function_id == OSSL_FUNC_CORE_VSET_ERROR)
            acme->vset_error = OSSL_FUNC_core_vset_error(in);
    *out = provider_functions;
    *context = acme;
    return 1;
}
