/* SPDX-License-Identifier: Apache-2.0
 *
 * attest: URIs as an OSSL_STORE, provider-storemgmt(7). `attest:` alone lists
 * the attesters; a name gives the attester's key. Mistakes are found in open
 * and told in load: an error from open is buried under those of the attempt
 * to open a file of that name.
 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>
#include <openssl/store.h>

#include "provider/key.h"

struct store {
    const struct atls_provider *provider;
    struct atls_key *key; /* owned; NULL when listing, or failed */
    unsigned listed;      /* attesters listed so far */
    int expect;           /* OSSL_STORE_INFO_..., 0 for anything */
    bool is_list, is_eof;
    struct atls_why why;
};

static enum atls_reason find_key(struct store *store, const char *text,
                                 struct atls_why *why)
{
    const struct atls_attester *attester;
    ATLS_AUTO_URI uri = {.name = ""};
    enum atls_reason reason = atls_uri_parse(text, &uri, why);

    if (reason != ATLS_OK)
        return reason;
    store->is_list = uri.name[0] == '\0';
    if (store->is_list && uri.num_options > 0)
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "attest: alone lists names and has no options");
    if (store->is_list)
        return ATLS_OK;
    reason = atls_attester_find(uri.name, &attester, why);
    if (reason != ATLS_OK)
        return reason;
    return atls_key_new(store->provider, attester, &uri, text, &store->key,
                        why);
}

static void *store_open(void *context, const char *uri)
{
    struct store *store = calloc(1, sizeof(*store));

    if (store == NULL)
        return NULL;
    store->provider = context;
    store->why.reason = find_key(store, uri, &store->why);
    return store;
}

static const OSSL_PARAM *settable_params(void *context)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_int(OSSL_STORE_PARAM_EXPECT, NULL), OSSL_PARAM_END};

    (void)context;
    return params;
}

static int set_params(void *data, const OSSL_PARAM params[])
{
    struct store *store = data;
    const OSSL_PARAM *p =
        OSSL_PARAM_locate_const(params, OSSL_STORE_PARAM_EXPECT);

    return p == NULL || OSSL_PARAM_get_int(p, &store->expect);
}

static int give_key(struct store *store, OSSL_CALLBACK *callback, void *arg)
{
    int type = OSSL_OBJECT_PKEY;
    OSSL_PARAM params[] = {
        OSSL_PARAM_int(OSSL_OBJECT_PARAM_TYPE, &type),
        OSSL_PARAM_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE,
                               (char[]){ATLS_ALGORITHM},
                               sizeof(ATLS_ALGORITHM) - 1),
        OSSL_PARAM_octet_string(OSSL_OBJECT_PARAM_REFERENCE, &store->key,
                                sizeof(store->key)),
        OSSL_PARAM_END,
    };

    return callback(params, arg);
}

/* Whoever expects a public key gets a real one, which verifies signatures. */
static int give_public_key(struct store *store, OSSL_CALLBACK *callback,
                           void *arg)
{
    int type = OSSL_OBJECT_PKEY;
    ATLS_AUTO_BUF spki = atls_buf(1024);
    struct atls_why why = {0};
    OSSL_PARAM params[4];

    if (atls_key_public(store->key, &spki, &why) != ATLS_OK)
        return atls_provider_raise(store->provider, &why);
    params[0] = OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type);
    params[1] = OSSL_PARAM_construct_utf8_string(
        OSSL_OBJECT_PARAM_DATA_STRUCTURE, (char[]){"SubjectPublicKeyInfo"}, 0);
    params[2] = OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA,
                                                  spki.data, spki.len);
    params[3] = OSSL_PARAM_construct_end();
    return callback(params, arg);
}

static int give_name(struct store *store, OSSL_CALLBACK *callback, void *arg)
{
    const struct atls_attester *attester = atls_attesters[store->listed++];
    int type = OSSL_OBJECT_NAME;
    char name[64] = "attest:", description[128] = "";
    OSSL_PARAM params[] = {
        OSSL_PARAM_int(OSSL_OBJECT_PARAM_TYPE, &type),
        OSSL_PARAM_utf8_string(OSSL_OBJECT_PARAM_DATA, name, 0),
        OSSL_PARAM_utf8_string(OSSL_OBJECT_PARAM_DESC, description, 0),
        OSSL_PARAM_END,
    };

    store->is_eof = atls_attesters[store->listed] == NULL;
    strncat(name, attester->name, sizeof(name) - strlen(name) - 1);
    strncat(description, attester->description, sizeof(description) - 1);
    params[1].data_size = strlen(name);
    params[2].data_size = strlen(description);
    return callback(params, arg);
}

static int store_load(void *data, OSSL_CALLBACK *callback, void *arg,
                      OSSL_PASSPHRASE_CALLBACK *passphrase,
                      void *passphrase_arg)
{
    struct store *store = data;

    (void)passphrase; /* nobody is asked: a server has no terminal */
    (void)passphrase_arg;
    if (store->is_list && store->why.reason == ATLS_OK)
        return give_name(store, callback, arg);
    /* Before anything can fail: callers load until eof. */
    store->is_eof = true;
    if (store->why.reason != ATLS_OK)
        return atls_provider_raise(store->provider, &store->why);
    if (store->expect == OSSL_STORE_INFO_PUBKEY)
        return give_public_key(store, callback, arg);
    return give_key(store, callback, arg);
}

static int store_eof(void *data)
{
    return ((const struct store *)data)->is_eof;
}

static int store_close(void *data)
{
    struct store *store = data;

    atls_key_free(store->key);
    free(store);
    return 1;
}

const OSSL_DISPATCH atls_store_functions[] = {
    ATLS_DISPATCH(OSSL_FUNC_STORE_OPEN, store_open),
    ATLS_DISPATCH(OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, settable_params),
    ATLS_DISPATCH(OSSL_FUNC_STORE_SET_CTX_PARAMS, set_params),
    ATLS_DISPATCH(OSSL_FUNC_STORE_LOAD, store_load),
    ATLS_DISPATCH(OSSL_FUNC_STORE_EOF, store_eof),
    ATLS_DISPATCH(OSSL_FUNC_STORE_CLOSE, store_close),
    ATLS_DISPATCH_END,
};
