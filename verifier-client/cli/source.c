/* SPDX-License-Identifier: Apache-2.0
 *
 * OSSL_STORE and EVP only, as any caller of the contract in atls(7).
 */
#include "cli/source.h"

#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/store.h>

enum { MAX_CMW = 65528, MAX_FORMATS = 4096 };

ATLS_AUTO_FREE(OSSL_STORE_CTX, OSSL_STORE_close)
ATLS_AUTO_FREE(OSSL_STORE_INFO, OSSL_STORE_INFO_free)
ATLS_AUTO_FREE(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
ATLS_AUTO_FREE(BIO, BIO_free_all)

const char *atls_source_modules(void)
{
    const char *folder = getenv("ATLS_MODULES");

    return folder != NULL ? folder : ATLS_MODULESDIR;
}

char *atls_source_extension(void)
{
    const char *folder = getenv("ATLS_MODULES");
    char *path = NULL;

    if (asprintf(&path, "%s/atls_ext.so",
                 folder != NULL ? folder : ATLS_EXTDIR) < 0)
        return NULL;
    return path;
}

bool atls_source_is_uri(const char *text)
{
    size_t len = strcspn(text, ":/");

    return len > 1 && text[len] == ':';
}

const char *atls_source_split(const char *text, struct atls_view *label)
{
    size_t len = strcspn(text, "=:");

    if (text[len] != '=' || !atls_source_is_uri(text + len + 1)) {
        *label = atls_view(NULL, 0);
        return text;
    }
    *label = atls_view(text, len);
    return text + len + 1;
}

void atls_source_said(char *text, size_t size)
{
    const char *data, *library;
    unsigned long code;
    int flags;
    bool is_ours = false;

    snprintf(text, size, "it did not say why");
    for (bool is_first = true;
         (code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0;
         is_first = false) {
        library = ERR_lib_error_string(code);
        if (!is_first &&
            (is_ours || library == NULL || strcmp(library, "atls") != 0))
            continue;
        is_ours = library != NULL && strcmp(library, "atls") == 0;
        snprintf(text, size, "%s%s%s",
                 ERR_reason_error_string(code) != NULL
                     ? ERR_reason_error_string(code)
                     : "an error without a name",
                 (flags & ERR_TXT_STRING) && *data != '\0' ? ": " : "",
                 flags & ERR_TXT_STRING ? data : "");
    }
}

static enum atls_reason failed(struct atls_why *why, enum atls_reason reason,
                               const char *what)
{
    char said[256];

    atls_source_said(said, sizeof(said));
    return atls_why(why, reason, "%s: %s", what, said);
}

static enum atls_reason load(struct atls_source *source, struct atls_why *why)
{
    static const char *const names[] = {"default", "atls"};
    char path[300];

    source->libctx = OSSL_LIB_CTX_new();
    if (source->libctx == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    OSSL_PROVIDER_set_default_search_path(source->libctx,
                                          atls_source_modules());
    for (int i = 0; i < 2; i++) {
        source->providers[i] = OSSL_PROVIDER_load(source->libctx, names[i]);
        snprintf(path, sizeof(path), "%s/%s.so", atls_source_modules(),
                 names[i]);
        if (source->providers[i] == NULL)
            return failed(why, ATLS_FILE_UNREADABLE, path);
    }
    return ATLS_OK;
}

static EVP_PKEY *open_key(const char *uri, OSSL_LIB_CTX *libctx)
{
    ATLS_AUTO(OSSL_STORE_CTX) *store =
        OSSL_STORE_open_ex(uri, libctx, "-fips", NULL, NULL, NULL, NULL, NULL);
    EVP_PKEY *key = NULL;

    if (store == NULL || !OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY))
        return NULL;
    while (key == NULL && !OSSL_STORE_eof(store) && !OSSL_STORE_error(store)) {
        ATLS_AUTO(OSSL_STORE_INFO) *info = OSSL_STORE_load(store);

        if (info != NULL &&
            OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
            key = OSSL_STORE_INFO_get1_PKEY(info);
    }
    return key;
}

enum atls_reason atls_source_open(const char *uri, struct atls_source *source,
                                  struct atls_why *why)
{
    enum atls_reason reason = load(source, why);

    if (reason != ATLS_OK)
        return reason;
    source->key = open_key(uri, source->libctx);
    if (source->key == NULL)
        return failed(why, ATLS_ATTESTER_ABSENT, uri);
    source->formats = calloc(1, MAX_FORMATS);
    if (source->formats == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (!EVP_PKEY_get_utf8_string_param(source->key, "evidence-formats",
                                        source->formats, MAX_FORMATS, NULL)) {
        ERR_clear_error();
        return atls_why(why, ATLS_ATTESTER_ABSENT,
                        "%s: want an attester, found an ordinary key", uri);
    }
    return ATLS_OK;
}

void atls_source_close(struct atls_source *source)
{
    EVP_PKEY_free(source->key);
    free(source->formats);
    for (int i = 1; i >= 0; i--)
        if (source->providers[i] != NULL)
            OSSL_PROVIDER_unload(source->providers[i]);
    OSSL_LIB_CTX_free(source->libctx);
    *source = (struct atls_source){0};
}

enum atls_reason atls_source_quote(struct atls_source *source,
                                   struct atls_view nonce, struct atls_buf *out,
                                   struct atls_why *why)
{
    ATLS_AUTO(EVP_PKEY_CTX) *context =
        EVP_PKEY_CTX_new_from_pkey(source->libctx, source->key, "-fips");
    size_t len = MAX_CMW;
    uint8_t *room;

    atls_buf_clear(out);
    room = atls_buf_room(out, MAX_CMW);
    if (room == NULL || context == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (EVP_PKEY_sign_init(context) <= 0 ||
        EVP_PKEY_sign(context, room, &len, nonce.data, nonce.len) <= 0)
        return failed(why, ATLS_ATTESTER_FAILED, "no Evidence");
    out->len = len;
    return ATLS_OK;
}

enum atls_reason atls_source_pem(struct atls_source *source,
                                 struct atls_buf *out, struct atls_why *why)
{
    ATLS_AUTO(BIO) *bio = BIO_new(BIO_s_mem());
    char *data;
    long len;

    if (bio == NULL || PEM_write_bio_PUBKEY(bio, source->key) <= 0)
        return failed(why, ATLS_ATTESTER_FAILED, "no public key");
    len = BIO_get_mem_data(bio, &data);
    atls_buf_put(out, atls_view(data, len > 0 ? (size_t)len : 0));
    return out->failed ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL) : ATLS_OK;
}
