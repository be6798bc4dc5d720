/* SPDX-License-Identifier: Apache-2.0
 *
 * Key management of attester keys, provider-keymgmt(7): they are loaded by
 * reference, described and freed. There is no export and no import: nothing
 * leaves, and libcrypto can therefore not hand such a key to another provider.
 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "provider/key.h"

#define SECURITY_BITS 128 /* P-256 */

static void *keymgmt_load(const void *reference, size_t reference_len)
{
    struct atls_key *key, **from;

    if (reference_len != sizeof(key))
        return NULL;
    /* The store's reference is the address of its pointer, which we take. */
    from = (struct atls_key **)(uintptr_t)reference;
    key = *from;
    *from = NULL;
    return key;
}

static void keymgmt_free(void *data)
{
    atls_key_free(data);
}

static int keymgmt_has(const void *data, int selection)
{
    /* An attester has both halves; parameters have no meaning. */
    (void)selection;
    return data != NULL;
}

static int keymgmt_match(const void *data1, const void *data2, int selection)
{
    const struct atls_key *a = data1, *b = data2;

    (void)selection;
    return a == b || strcmp(a->uri, b->uri) == 0;
}

static void *keymgmt_dup(const void *data, int selection)
{
    (void)selection;
    return atls_key_up_ref((struct atls_key *)(uintptr_t)data);
}

static const OSSL_PARAM *gettable_params(void *context)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
        OSSL_PARAM_utf8_string("evidence-formats", NULL, 0),
        OSSL_PARAM_int("batches", NULL),
        OSSL_PARAM_END,
    };

    (void)context;
    return params;
}

static int set_int(OSSL_PARAM params[], const char *name, size_t value)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);

    return p == NULL || OSSL_PARAM_set_size_t(p, value);
}

static int get_params(void *data, OSSL_PARAM params[])
{
    const struct atls_key *key = data;
    OSSL_PARAM *p = OSSL_PARAM_locate(params, "evidence-formats");

    if (p != NULL && !OSSL_PARAM_set_utf8_string(p, atls_key_formats(key)))
        return 0;
    return set_int(params, "batches", key->attester->batches) &&
           set_int(params, OSSL_PKEY_PARAM_BITS,
                   key->attester->public_key == NULL ? 0 : 2 * SECURITY_BITS) &&
           set_int(params, OSSL_PKEY_PARAM_SECURITY_BITS, SECURITY_BITS) &&
           set_int(params, OSSL_PKEY_PARAM_MAX_SIZE, atls_key_max_size(key));
}

const OSSL_DISPATCH atls_keymgmt_functions[] = {
    ATLS_DISPATCH(OSSL_FUNC_KEYMGMT_LOAD, keymgmt_load),
    ATLS_DISPATCH(OSSL_FUNC_KEYMGMT_FREE, keymgmt_free),
    ATLS_DISPATCH(OSSL_FUNC_KEYMGMT_HAS, keymgmt_has),
    ATLS_DISPATCH(OSSL_FUNC_KEYMGMT_MATCH, keymgmt_match),
    ATLS_DISPATCH(OSSL_FUNC_KEYMGMT_DUP, keymgmt_dup),
    ATLS_DISPATCH(OSSL_FUNC_KEYMGMT_GET_PARAMS, get_params),
    ATLS_DISPATCH(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, gettable_params),
    ATLS_DISPATCH_END,
};
