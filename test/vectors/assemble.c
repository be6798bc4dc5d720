/* SPDX-License-Identifier: Apache-2.0
 *
 *     assemble [-k PEM] VERB WORD...
 *
 * writes Evidence to standard output that is made of others' parts, stored as
 * they liked: what a row of test/vectors/real judges. Words are files of the
 * folder ATLS_VECTORS, or NAME=FILE: an entry of a TPM's map. With -k the key
 * that signed a quote is written to PEM, to be a row's trust anchor. Nothing is
 * verified here, and whatever is not as expected aborts.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "base64url.h"
#include "cbor.h"
#include "cmw.h"
#include "cose.h"
#include "json.h"
#include "provider/ccel.h"
#include "test/unit/diag.h"
#include "test/unit/forge.h"
#include "test/unit/real_quote.h"
#include "tsm_report.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)
ATLS_AUTO_FREE(BIO, BIO_free_all)

enum { MAX_REGION = 1 << 20, MAX_WORDS = 8 };

static const char *key_path; /* of -k */

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void read_file(const char *path, struct atls_buf *out)
{
    must(path != NULL && forge_vector(path, out));
}

static void write_key(const struct real_quote *quote)
{
    FILE *file;

    if (key_path == NULL || quote->key == NULL)
        return;
    file = fopen(key_path, "w");
    must(file != NULL && PEM_write_PUBKEY(file, quote->key) == 1 &&
         fclose(file) == 0);
}

/* NAME=FILE, all of them */
static void put_entries(char **words, struct atls_buf *map)
{
    for (; *words != NULL; words++) {
        ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX);
        char *path = strchr(*words, '=');

        must(path != NULL);
        *path++ = '\0';
        read_file(path, &bytes);
        real_quote_entry(map, *words, atls_buf_view(&bytes));
    }
}

static void put_quote(struct real_quote *quote, char **entries,
                      struct atls_buf *out)
{
    real_quote_put(quote, out);
    put_entries(entries, out);
    write_key(quote);
    real_quote_clear(quote);
}

/* A bare signature is as long as a modulus. */
static void take_signature(const char *path, struct real_quote *quote)
{
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX);

    read_file(path, &bytes);
    if (bytes.len == 256)
        real_rsassa(&quote->signature, atls_buf_view(&bytes));
    else
        atls_buf_put(&quote->signature, atls_buf_view(&bytes));
}

static EVP_PKEY *public_key(const char *path)
{
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);
    ATLS_AUTO(BIO) *bio = NULL;

    read_file(path, &pem);
    bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    return PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
}

/* ATTEST SIGNATURE KEY MASK: PCRs of SHA-256 that are zero, MASK in hex */
static void quote(char **words, struct atls_buf *out)
{
    struct real_quote parts;
    size_t len;

    real_quote_open(&parts);
    read_file(words[0], &parts.attest);
    take_signature(words[1], &parts);
    parts.key = public_key(words[2]);
    parts.mask = (uint32_t)strtoul(words[3], NULL, 16);
    len = 32 * (size_t)__builtin_popcount(parts.mask);
    memset(atls_buf_room(&parts.pcrs, len), 0, len);
    put_quote(&parts, words + 4, out);
}

/* JSON [NAME=FILE]... */
static void azure(char **words, struct atls_buf *out)
{
    struct real_quote parts;

    real_quote_open(&parts);
    real_quote_azure(&parts, words[0]);
    put_quote(&parts, words + 1, out);
}

static void bincode(char **words, struct atls_buf *out)
{
    struct real_quote parts;

    real_quote_open(&parts);
    real_quote_bincode(&parts, words[0]);
    put_quote(&parts, words + 1, out);
}

/* MESSAGE SIGNATURE JSON [NAME=FILE]...: with the PCRs of JSON */
static void azure_parts(char **words, struct atls_buf *out)
{
    struct real_quote parts;

    real_quote_open(&parts);
    real_quote_azure(&parts, words[2]);
    parts.attest.len = parts.signature.len = 0;
    read_file(words[0], &parts.attest);
    take_signature(words[1], &parts);
    put_quote(&parts, words + 3, out);
}

static void trustee(char **words, struct atls_buf *out)
{
    struct real_quote parts;

    real_quote_open(&parts);
    real_quote_trustee(&parts, words[0]);
    put_quote(&parts, words + 1, out);
}

/* FILE INDEX: with its event log */
static void google(char **words, struct atls_buf *out)
{
    struct real_quote parts;

    real_quote_open(&parts);
    must(real_quote_google(&parts, words[0],
                           (unsigned)strtoul(words[1], NULL, 10)));
    real_quote_put(&parts, out);
    real_quote_entry(out, "eventlog", atls_buf_view(&parts.eventlog));
    write_key(&parts);
    real_quote_clear(&parts);
}

/* QUOTE LOG: a TSM report of a TD, as attest:tsm makes it */
static void logged(char **words, struct atls_buf *out)
{
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX), log = atls_buf(MAX_REGION);

    read_file(words[0], &bytes);
    read_file(words[1], &log);
    atls_tsm_report_put(out, ATLS_TSM_TDX, atls_buf_view(&bytes));
    real_quote_entry(
        out, "eventlog",
        atls_view(log.data, atls_ccel_length(atls_buf_view(&log))));
}

static void put_diag(const char *path, struct atls_buf *out)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);

    read_file(path, &text);
    must(diag_encode(atls_buf_view(&text), out));
}

/* NOTATION: the CBOR that it is of */
static void diag(char **words, struct atls_buf *out)
{
    put_diag(words[0], out);
}

static void put_number(OSSL_PARAM_BLD *builder, const json_t *jwk,
                       struct atls_buf *point)
{
    ATLS_AUTO_BUF d = atls_buf(64);

    atls_buf_u8(point, 0x04);
    must(
        atls_base64url_decode(
            atls_view_text(json_string_value(json_object_get(jwk, "x"))),
            point) &&
        atls_base64url_decode(
            atls_view_text(json_string_value(json_object_get(jwk, "y"))),
            point) &&
        atls_base64url_decode(
            atls_view_text(json_string_value(json_object_get(jwk, "d"))), &d) &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY,
                               BN_bin2bn(d.data, (int)d.len, NULL)) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY,
                                         point->data, point->len) == 1);
}

static EVP_PKEY *key_of_jwk(const json_t *jwk)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    ATLS_AUTO_BUF point = atls_buf(160);
    EVP_PKEY *key = NULL;

    must(OSSL_PARAM_BLD_push_utf8_string(
             builder, OSSL_PKEY_PARAM_GROUP_NAME,
             json_string_value(json_object_get(jwk, "crv")), 0) == 1);
    put_number(builder, jwk, &point);
    must(EVP_PKEY_fromdata_init(context) == 1 &&
         EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR,
                           OSSL_PARAM_BLD_to_param(builder)) == 1);
    return key;
}

static json_t *read_json(const char *path)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    json_t *json;

    read_file(path, &text);
    json = json_loadb((const char *)text.data, text.len, 0, NULL);
    must(json != NULL);
    return json;
}

/* A private key in PEM or as a JWK: published for tests, all of them */
static EVP_PKEY *private_key(const char *path)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    ATLS_AUTO(BIO) *bio = NULL;
    ATLS_AUTO(json_t) *jwk = NULL;

    read_file(path, &text);
    if (text.data[0] != '-') {
        jwk = read_json(path);
        return key_of_jwk(jwk);
    }
    bio = BIO_new_mem_buf(text.data, (int)text.len);
    return PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
}

static void sign(struct atls_view payload, const char *path,
                 struct atls_buf *out)
{
    ATLS_AUTO(EVP_PKEY) *key = private_key(path);

    must(key != NULL &&
         atls_cose_sign1_put(out, payload, key, NULL, NULL) == ATLS_OK);
}

/* NOTATION KEY: a PSA token of these claims */
static void psa(char **words, struct atls_buf *out)
{
    ATLS_AUTO_BUF claims = atls_buf(FORGE_MAX);

    put_diag(words[0], &claims);
    sign(atls_buf_view(&claims), words[1], out);
}

static void put_signed(uint64_t label, const char *path, const char *key,
                       struct atls_buf *out)
{
    ATLS_AUTO_BUF claims = atls_buf(FORGE_MAX), token = atls_buf(FORGE_MAX);

    read_file(path, &claims);
    sign(atls_buf_view(&claims), key, &token);
    atls_cbor_put_uint(out, label);
    atls_cbor_put_bytes(out, atls_buf_view(&token));
}

/* PLATFORM KEY REALM KEY: a CCA token of these claims */
static void cca(char **words, struct atls_buf *out)
{
    atls_cbor_put_tag(out, 399);
    atls_cbor_put_map(out, 2);
    put_signed(44234, words[0], words[1], out);
    put_signed(44241, words[2], words[3], out);
}

/* Base64 of either alphabet, padded or not */
static void put_base64(const char *text, struct atls_buf *out)
{
    ATLS_AUTO_BUF url = atls_buf(FORGE_MAX);

    for (; *text != '\0' && *text != '='; text++)
        atls_buf_u8(&url, *text == '+'   ? '-'
                          : *text == '/' ? '_'
                                         : (uint8_t)*text);
    must(atls_base64url_decode(atls_buf_view(&url), out));
}

/* SESSION: what Veraison was given in it */
static void session(char **words, struct atls_buf *out)
{
    ATLS_AUTO(json_t) *json = read_json(words[0]);
    const json_t *evidence = json_object_get(json, "evidence");

    put_base64(json_string_value(json_object_get(evidence, "value")), out);
}

/* EAT: the CMW in its claim "cmw" */
static void ratsd(char **words, struct atls_buf *out)
{
    ATLS_AUTO(json_t) *json = read_json(words[0]);

    put_base64(json_string_value(json_object_get(json, "cmw")), out);
}

/* ANCHORS: the key of the first, a JWK */
static void anchor(char **words, struct atls_buf *out)
{
    ATLS_AUTO(json_t) *json = read_json(words[0]);
    json_t *jwk = json_object_get(json_array_get(json, 0), "pkey");

    must(jwk != NULL);
    atls_json_put(out, jwk);
}

#define TPM "application/vnd.atls.tpm-quote+cbor"
#define PSA "10004" /* of the dialects before RFC 9783, too */

static const struct verb {
    const char *name;
    int num_words; /* at least */
    void (*put)(char **words, struct atls_buf *out);
    const char *type; /* of the record; NULL: none is needed */
} verbs[] = {
    {"quote", 4, quote, TPM},
    {"azure", 1, azure, TPM},
    {"bincode", 1, bincode, TPM},
    {"azure-parts", 3, azure_parts, TPM},
    {"trustee", 1, trustee, TPM},
    {"google", 2, google, TPM},
    {"logged", 2, logged, ATLS_TSM_REPORT_CBOR},
    {"diag", 1, diag, NULL},
    {"psa", 2, psa, PSA},
    {"cca", 4, cca, NULL},
    {"session", 1, session, NULL},
    {"ratsd", 1, ratsd, NULL},
    {"anchor", 1, anchor, NULL},
};

static const struct verb *find(const char *name)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

int main(int argc, char **argv)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), out = atls_buf(FORGE_MAX);
    const struct verb *verb;

    if (argc > 2 && strcmp(argv[1], "-k") == 0) {
        key_path = argv[2];
        argv += 2;
        argc -= 2;
    }
    verb = argc > 1 ? find(argv[1]) : NULL;
    if (verb == NULL || argc - 2 < verb->num_words ||
        argc - 2 > verb->num_words + MAX_WORDS) {
        fprintf(stderr, "usage: assemble [-k PEM] VERB WORD...\n");
        return EXIT_FAILURE;
    }
    verb->put(argv + 2, &value);
    if (verb->type != NULL)
        forge_cmw(&out, verb->type, atls_buf_view(&value), ATLS_CMW_EVIDENCE);
    else
        atls_buf_put(&out, atls_buf_view(&value));
    must(!value.failed && !out.failed);
    return fwrite(out.data, 1, out.len, stdout) == out.len ? EXIT_SUCCESS
                                                           : EXIT_FAILURE;
}
