/* SPDX-License-Identifier: Apache-2.0
 *
 * The provider's entry: what it offers, its name, its reasons. Nothing is
 * opened or started here.
 */
#include "config.h"

#include "provider/provider.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#define PROPERTY "provider=atls"

/* RFC 9334 calls it an Attester; the row's first name is the key type. */
static const OSSL_ALGORITHM keymgmt[] = {
    {ATLS_ALGORITHM, PROPERTY, atls_keymgmt_functions, "attester key"},
    {NULL, NULL, NULL, NULL}};
static const OSSL_ALGORITHM signature[] = {{ATLS_ALGORITHM, PROPERTY,
                                            atls_signature_functions,
                                            "Evidence over a binder"},
                                           {NULL, NULL, NULL, NULL}};
static const OSSL_ALGORITHM store[] = {
    {"attest", PROPERTY, atls_store_functions, "attest: URIs"},
    {NULL, NULL, NULL, NULL}};
static const OSSL_ALGORITHM encoder[] = {
    {ATLS_ALGORITHM, PROPERTY ",output=text", atls_encoder_text_functions,
     "attester as text"},
    {ATLS_ALGORITHM, PROPERTY ",output=der,structure=SubjectPublicKeyInfo",
     atls_encoder_spki_der_functions, "attestation key as DER"},
    {ATLS_ALGORITHM, PROPERTY ",output=pem,structure=SubjectPublicKeyInfo",
     atls_encoder_spki_pem_functions, "attestation key as PEM"},
    {ATLS_ALGORITHM, PROPERTY ",output=der,structure=PrivateKeyInfo",
     atls_encoder_private_functions, "refuses"},
    {ATLS_ALGORITHM, PROPERTY ",output=pem,structure=PrivateKeyInfo",
     atls_encoder_private_functions, "refuses"},
    {NULL, NULL, NULL, NULL}};

static const OSSL_ALGORITHM *query(void *context, int operation, int *no_cache)
{
    (void)context;
    *no_cache = 0;
    switch (operation) {
    case OSSL_OP_KEYMGMT:
        return keymgmt;
    case OSSL_OP_SIGNATURE:
        return signature;
    case OSSL_OP_STORE:
        return store;
    case OSSL_OP_ENCODER:
        return encoder;
    default:
        return NULL;
    }
}

static const OSSL_ITEM *reason_strings(void *context)
{
    /* void * is the type that OSSL_ITEM has; nobody writes there */
#define REASON(name, alert, text) {ATLS_##name, (void *)(uintptr_t)(text)},
    static const OSSL_ITEM items[] = {
#include "atls/reason.def"
        {0, NULL}};
#undef REASON

    (void)context;
    return items;
}

static const OSSL_PARAM *gettable_params(void *context)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_NAME, NULL, 0),
        OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_VERSION, NULL, 0),
        OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, NULL),
        OSSL_PARAM_END,
    };

    (void)context;
    return params;
}

static int get_params(void *context, OSSL_PARAM params[])
{
    OSSL_PARAM *p;

    (void)context;
    p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_NAME);
    if (p != NULL && !OSSL_PARAM_set_utf8_ptr(p, "atls"))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_VERSION);
    if (p != NULL && !OSSL_PARAM_set_utf8_ptr(p, PACKAGE_VERSION))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
    return p == NULL || OSSL_PARAM_set_int(p, 1);
}

static void teardown(void *context)
{
    struct atls_provider *provider = context;

    OSSL_LIB_CTX_free(provider->libctx);
    OPENSSL_free(provider);
}

static const OSSL_DISPATCH provider_functions[] = {
    ATLS_DISPATCH(OSSL_FUNC_PROVIDER_TEARDOWN, teardown),
    ATLS_DISPATCH(OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, gettable_params),
    ATLS_DISPATCH(OSSL_FUNC_PROVIDER_GET_PARAMS, get_params),
    ATLS_DISPATCH(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
    ATLS_DISPATCH(OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, reason_strings),
    ATLS_DISPATCH_END,
};

static void take_upcalls(struct atls_provider *provider,
                         const OSSL_DISPATCH *in)
{
    for (; in->function_id != 0; in++)
        switch (in->function_id) {
        case OSSL_FUNC_CORE_NEW_ERROR:
            provider->new_error = OSSL_FUNC_core_new_error(in);
            break;
        case OSSL_FUNC_CORE_SET_ERROR_DEBUG:
            provider->set_error_debug = OSSL_FUNC_core_set_error_debug(in);
            break;
        case OSSL_FUNC_CORE_VSET_ERROR:
            provider->vset_error = OSSL_FUNC_core_vset_error(in);
            break;
        default:
            break;
        }
}

static void vset_error(const struct atls_provider *provider, uint32_t reason,
                       const char *format, ...)
{
    va_list args;

    va_start(args, format);
    provider->vset_error(provider->core, reason, format, args);
    va_end(args);
}

int atls_provider_raise_at(const struct atls_provider *provider,
                           const struct atls_why *why, const char *file,
                           int line, const char *function)
{
    provider->new_error(provider->core);
    provider->set_error_debug(provider->core, file, line, function);
    vset_error(provider, why->reason, "%s", why->text);
    return 0;
}

__attribute__((visibility("default"))) OSSL_provider_init_fn OSSL_provider_init;

int OSSL_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                       const OSSL_DISPATCH **out, void **context)
{
    struct atls_provider *provider = OPENSSL_zalloc(sizeof(*provider));

    if (provider == NULL)
        return 0;
    provider->core = handle;
    take_upcalls(provider, in);
    /* A child mirrors the application's providers and default properties, and
     * lets us use its BIOs (OSSL_LIB_CTX_new_child(3)). */
    provider->libctx = OSSL_LIB_CTX_new_child(handle, in);
    /* But the application may demand fips=yes by default, under which a soft
     * key would find no provider: we only prefer it. */
    if (provider->libctx == NULL ||
        !EVP_set_default_properties(provider->libctx, "?fips=yes") ||
        provider->new_error == NULL || provider->set_error_debug == NULL ||
        provider->vset_error == NULL) {
        teardown(provider);
        return 0;
    }
    *out = provider_functions;
    *context = provider;
    return 1;
}
