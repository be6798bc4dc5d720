/* SPDX-License-Identifier: Apache-2.0
 *
 * What tools print of an attester key, provider-encoder(7): a description, the
 * public key that a verifier takes as trust anchor, and a refusal where the
 * private key is asked for.
 */
#include <string.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "provider/key.h"

#define SPKI_MAX 1024 /* bytes: RSA-4096 and more */

ATLS_AUTO_FREE(BIO, BIO_free_all)

struct encoder {
    const struct atls_provider *provider;
};

static void *newctx(void *context)
{
    struct encoder *encoder = calloc(1, sizeof(*encoder));

    if (encoder != NULL)
        encoder->provider = context;
    return encoder;
}

static void freectx(void *data)
{
    free(data);
}

static int does_public(void *context, int selection)
{
    (void)context;
    return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0;
}

static int does_private(void *context, int selection)
{
    (void)context;
    return selection == 0 || (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
}

static enum atls_reason get_spki(const struct atls_key *key,
                                 struct atls_buf *spki, struct atls_why *why)
{
    enum atls_reason reason;

    ERR_set_mark();
    reason = atls_key_public(key, spki, why);
    ERR_pop_to_mark();
    return reason;
}

static int write_spki(const struct encoder *encoder, OSSL_CORE_BIO *out,
                      const struct atls_key *key, bool is_pem)
{
    ATLS_AUTO(BIO) *bio = BIO_new_from_core_bio(encoder->provider->libctx, out);
    ATLS_AUTO_BUF spki = atls_buf(SPKI_MAX);
    struct atls_why why = {0};

    if (get_spki(key, &spki, &why) != ATLS_OK)
        return atls_provider_raise(encoder->provider, &why);
    if (bio == NULL)
        return 0;
    if (is_pem)
        return PEM_write_bio(bio, PEM_STRING_PUBLIC, "", spki.data,
                             (long)spki.len) > 0;
    return BIO_write(bio, spki.data, (int)spki.len) == (int)spki.len;
}

static int encode_der(void *data, OSSL_CORE_BIO *out, const void *object,
                      const OSSL_PARAM abstract[], int selection,
                      OSSL_PASSPHRASE_CALLBACK *callback, void *arg)
{
    (void)selection;
    (void)callback;
    (void)arg;
    return abstract == NULL && write_spki(data, out, object, false);
}

static int encode_pem(void *data, OSSL_CORE_BIO *out, const void *object,
                      const OSSL_PARAM abstract[], int selection,
                      OSSL_PASSPHRASE_CALLBACK *callback, void *arg)
{
    (void)selection;
    (void)callback;
    (void)arg;
    return abstract == NULL && write_spki(data, out, object, true);
}

/* Without this encoder `openssl pkey -in attest:...` fails in silence. */
static int encode_private(void *data, OSSL_CORE_BIO *out, const void *object,
                          const OSSL_PARAM abstract[], int selection,
                          OSSL_PASSPHRASE_CALLBACK *callback, void *arg)
{
    const struct encoder *encoder = data;
    struct atls_why why = {0};

    (void)out;
    (void)object;
    (void)abstract;
    (void)selection;
    (void)callback;
    (void)arg;
    (void)!atls_why(&why, ATLS_ATTESTER_PRIVATE,
                    "ask for the public key instead: openssl pkey -pubout");
    return atls_provider_raise(encoder->provider, &why);
}

static void print_formats(BIO *bio, const char *formats)
{
    for (int len; *formats != '\0'; formats += len + (formats[len] == '\n')) {
        len = (int)strcspn(formats, "\n");
        BIO_printf(bio, "    %.*s\n", len, formats);
    }
}

static void print_spki(BIO *bio, const struct atls_key *key)
{
    ATLS_AUTO_BUF spki = atls_buf(SPKI_MAX);
    struct atls_why why = {0};

    if (get_spki(key, &spki, &why) != ATLS_OK)
        BIO_printf(bio, "Attestation key: %s\n", why.text);
    else
        PEM_write_bio(bio, PEM_STRING_PUBLIC, "", spki.data, (long)spki.len);
}

static int encode_text(void *data, OSSL_CORE_BIO *out, const void *object,
                       const OSSL_PARAM abstract[], int selection,
                       OSSL_PASSPHRASE_CALLBACK *callback, void *arg)
{
    const struct encoder *encoder = data;
    const struct atls_key *key = object;
    ATLS_AUTO(BIO) *bio = BIO_new_from_core_bio(encoder->provider->libctx, out);

    (void)selection;
    (void)callback;
    (void)arg;
    if (bio == NULL || abstract != NULL)
        return 0;
    BIO_printf(bio, "Attester: %s (%s)\n", key->uri,
               key->attester->description);
    BIO_printf(bio, "Evidence formats:\n");
    print_formats(bio, atls_key_formats(key));
    BIO_printf(bio, "Evidence size: at most %zu bytes\n",
               atls_key_max_size(key));
    print_spki(bio, key);
    return 1;
}

#define ENCODER(name, selection_function, encode_function)                     \
    const OSSL_DISPATCH name[] = {                                             \
        ATLS_DISPATCH(OSSL_FUNC_ENCODER_NEWCTX, newctx),                       \
        ATLS_DISPATCH(OSSL_FUNC_ENCODER_FREECTX, freectx),                     \
        ATLS_DISPATCH(OSSL_FUNC_ENCODER_DOES_SELECTION, selection_function),   \
        ATLS_DISPATCH(OSSL_FUNC_ENCODER_ENCODE, encode_function),              \
        ATLS_DISPATCH_END,                                                     \
    }

static int does_any(void *context, int selection)
{
    (void)context;
    (void)selection;
    return 1;
}

ENCODER(atls_encoder_text_functions, does_any, encode_text);
ENCODER(atls_encoder_spki_der_functions, does_public, encode_der);
ENCODER(atls_encoder_spki_pem_functions, does_public, encode_pem);
ENCODER(atls_encoder_private_functions, does_private, encode_private);
