/* SPDX-License-Identifier: Apache-2.0
 *
 * To sign is to attest, provider-signature(7): in goes a binder of 1 to 64
 * bytes, out comes a CMW of Evidence. There is no digest-sign and no verify,
 * so that no certificate, request, message or TLS handshake can be signed.
 */
#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include "origin.h"
#include "provider/key.h"
#include "type.h"

#define DEFAULT_TIMEOUT_MS 10000

struct signature {
    const struct atls_provider *provider;
    struct atls_key *key; /* a reference; NULL before sign_init */
    uint32_t timeout_ms;
    char format[ATLS_TYPE_MAX_TEXT + 1]; /* of the CMW, a line of formats */
    struct atls_buf origin;              /* "binder-origin"; empty: not set */
    struct atls_buf subject;             /* "subject-key"; empty: not set */
};

static void *newctx(void *context, const char *properties)
{
    struct signature *signature = calloc(1, sizeof(*signature));

    (void)properties;
    if (signature != NULL) {
        signature->provider = context;
        signature->timeout_ms = DEFAULT_TIMEOUT_MS;
        signature->origin = atls_buf(ATLS_ORIGIN_MAX);
        signature->subject = atls_buf(ATLS_SPKI_MAX);
    }
    return signature;
}

static void freectx(void *data)
{
    struct signature *signature = data;

    atls_key_free(signature->key);
    atls_buf_clear(&signature->origin);
    atls_buf_clear(&signature->subject);
    free(signature);
}

static void *dupctx(void *data)
{
    const struct signature *from = data;
    struct signature *signature = malloc(sizeof(*signature));

    if (signature == NULL)
        return NULL;
    *signature = *from;
    if (signature->key != NULL)
        atls_key_up_ref(signature->key);
    signature->origin = atls_buf(ATLS_ORIGIN_MAX);
    atls_buf_put(&signature->origin, atls_buf_view(&from->origin));
    signature->subject = atls_buf(ATLS_SPKI_MAX);
    atls_buf_put(&signature->subject, atls_buf_view(&from->subject));
    if (signature->origin.failed || signature->subject.failed) {
        freectx(signature);
        return NULL;
    }
    return signature;
}

/* No attester takes both: a binder that is made for several connections names
 * no key of one. */
static const OSSL_PARAM *settable_params(void *data, void *context)
{
    static const OSSL_PARAM with_origin[] = {
        OSSL_PARAM_utf8_string("evidence-format", NULL, 0),
        OSSL_PARAM_uint("timeout", NULL),
        OSSL_PARAM_octet_string("binder-origin", NULL, 0),
        OSSL_PARAM_END,
    };
    static const OSSL_PARAM with_subject[] = {
        OSSL_PARAM_utf8_string("evidence-format", NULL, 0),
        OSSL_PARAM_uint("timeout", NULL),
        OSSL_PARAM_octet_string("subject-key", NULL, 0),
        OSSL_PARAM_END,
    };
    static const OSSL_PARAM usual[] = {
        OSSL_PARAM_utf8_string("evidence-format", NULL, 0),
        OSSL_PARAM_uint("timeout", NULL),
        OSSL_PARAM_END,
    };
    const struct signature *signature = data;
    const struct atls_key *key = signature != NULL ? signature->key : NULL;

    (void)context;
    if (key != NULL && key->attester->takes_origin)
        return with_origin;
    return key != NULL && key->attester->takes_subject != NULL &&
                   key->attester->takes_subject(key->state)
               ? with_subject
               : usual;
}

static const OSSL_PARAM *gettable_params(void *data, void *context)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string("evidence-format", NULL, 0), OSSL_PARAM_END};

    (void)data;
    (void)context;
    return params;
}

static struct atls_view line_of(const char *lines)
{
    return atls_view(lines, strcspn(lines, "\n"));
}

static void set_format(struct signature *signature, struct atls_view line)
{
    memcpy(signature->format, line.data, line.len);
    signature->format[line.len] = '\0';
}

static enum atls_reason choose_format(struct signature *signature,
                                      const char *wanted, struct atls_why *why)
{
    const char *formats = atls_key_formats(signature->key);
    struct atls_type want, have;

    if (!atls_type_parse(atls_view_text(wanted), &want))
        return atls_why(why, ATLS_ATTESTER_FORMAT,
                        "\"%s\": want a Content-Format or a media type",
                        wanted);
    for (const char *at = formats; *at != '\0';) {
        struct atls_view line = line_of(at);

        if (atls_type_parse(line, &have) && atls_type_equal(want, have)) {
            set_format(signature, line);
            return ATLS_OK;
        }
        at += line.len + (at[line.len] == '\n');
    }
    return atls_why(why, ATLS_ATTESTER_FORMAT, "\"%s\"; attest:%s makes %s",
                    wanted, signature->key->attester->name, formats);
}

/* Of an origin it is a secret of a connection: kept until the next one. */
static int set_bytes(struct atls_buf *bytes, const OSSL_PARAM *p)
{
    const void *data = NULL;
    size_t len = 0;

    if (!OSSL_PARAM_get_octet_string_ptr(p, &data, &len))
        return 0;
    atls_buf_clear(bytes);
    atls_buf_put(bytes, atls_view(data, len));
    return !bytes->failed;
}

static int set_ctx_params(void *data, const OSSL_PARAM params[])
{
    struct signature *signature = data;
    struct atls_why why = {0};
    char text[ATLS_TYPE_MAX_TEXT + 1], *to = text;
    const OSSL_PARAM *p;

    if (params == NULL)
        return 1;
    p = OSSL_PARAM_locate_const(params, "timeout");
    if (p != NULL && !OSSL_PARAM_get_uint32(p, &signature->timeout_ms))
        return 0;
    p = OSSL_PARAM_locate_const(params, "binder-origin");
    if (p != NULL && !set_bytes(&signature->origin, p))
        return 0;
    p = OSSL_PARAM_locate_const(params, "subject-key");
    if (p != NULL && !set_bytes(&signature->subject, p))
        return 0;
    p = OSSL_PARAM_locate_const(params, "evidence-format");
    if (p == NULL)
        return 1;
    if (signature->key == NULL ||
        !OSSL_PARAM_get_utf8_string(p, &to, sizeof(text)))
        return 0;
    if (choose_format(signature, text, &why) != ATLS_OK)
        return atls_provider_raise(signature->provider, &why);
    return 1;
}

static int get_ctx_params(void *data, OSSL_PARAM params[])
{
    const struct signature *signature = data;
    OSSL_PARAM *p = OSSL_PARAM_locate(params, "evidence-format");

    return p == NULL || OSSL_PARAM_set_utf8_string(p, signature->format);
}

static void take_key(struct signature *signature, struct atls_key *key)
{
    atls_key_up_ref(key);
    atls_key_free(signature->key);
    signature->key = key;
    set_format(signature, line_of(atls_key_formats(key)));
}

/* The device is opened here, while a program still has the rights to. */
static int sign_init(void *data, void *key_data, const OSSL_PARAM params[])
{
    int saved = errno;
    struct signature *signature = data;
    struct atls_key *key = key_data;
    struct atls_why why = {0};

    if (key != NULL)
        take_key(signature, key);
    key = signature->key;
    if (key == NULL)
        return 0;
    if (key->attester->open != NULL &&
        key->attester->open(key->state, &why) != ATLS_OK)
        return atls_provider_raise(signature->provider, &why);
    errno = saved;
    return set_ctx_params(signature, params);
}

/* What libcrypto raised on the way is dropped: on success nobody wants it, and
 * on failure our sentence must be the first one. */
static enum atls_reason attest(const struct signature *signature,
                               struct atls_view binder, struct atls_buf *out,
                               struct atls_why *why)
{
    const struct atls_key *key = signature->key;
    const struct atls_challenge challenge = {
        binder, atls_buf_view(&signature->origin),
        atls_buf_view(&signature->subject), signature->format};
    enum atls_reason reason;

    if (binder.len == 0 || binder.len > ATLS_CHALLENGE_MAX)
        return atls_why(why, ATLS_ATTESTER_BINDER,
                        "%zu bytes; 1 to %d are allowed", binder.len,
                        ATLS_CHALLENGE_MAX);
    ERR_set_mark();
    reason = key->attester->attest(key->state, &challenge,
                                   atls_deadline_after(signature->timeout_ms),
                                   out, why);
    ERR_pop_to_mark();
    if (reason == ATLS_OK && out->failed)
        reason = atls_why(why, ATLS_ATTESTER_FAILED,
                          "the CMW exceeds %zu bytes", out->max);
    return reason;
}

static int sign(void *data, unsigned char *out, size_t *out_len,
                size_t out_size, const unsigned char *in, size_t in_len)
{
    struct signature *signature = data;
    size_t max_size = atls_key_max_size(signature->key);
    ATLS_AUTO_BUF cmw = atls_buf(max_size);
    struct atls_why why = {0};
    int saved = errno;

    if (out == NULL) { /* the caller asks for the size: no quote for that */
        *out_len = max_size;
        return 1;
    }
    if (attest(signature, atls_view(in, in_len), &cmw, &why) == ATLS_OK &&
        cmw.len > out_size)
        atls_why(&why, ATLS_ATTESTER_ROOM,
                 "the CMW has %zu bytes, the buffer %zu; max-size is %zu",
                 cmw.len, out_size, max_size);
    if (why.reason != ATLS_OK)
        return atls_provider_raise(signature->provider, &why);
    memcpy(out, cmw.data, cmw.len);
    *out_len = cmw.len;
    errno = saved;
    return 1;
}

const OSSL_DISPATCH atls_signature_functions[] = {
    ATLS_DISPATCH(OSSL_FUNC_SIGNATURE_NEWCTX, newctx),
    ATLS_DISPATCH(OSSL_FUNC_SIGNATURE_FREECTX, freectx),
    ATLS_DISPATCH(OSSL_FUNC_SIGNATURE_DUPCTX, dupctx),
    ATLS_DISPATCH(OSSL_FUNC_SIGNATURE_SIGN_INIT, sign_init),
    ATLS_DISPATCH(OSSL_FUNC_SIGNATURE_SIGN, sign),
    ATLS_DISPATCH(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, set_ctx_params),
    ATLS_DISPATCH(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, settable_params),
    ATLS_DISPATCH(OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, get_ctx_params),
    ATLS_DISPATCH(OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, gettable_params),
    ATLS_DISPATCH_END,
};
