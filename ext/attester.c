/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening an attester through OSSL_STORE and quoting through EVP_PKEY_sign.
 */
#include "attester.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/store.h>

#include "cmw.h"
#include "share.h"

/* An attester is no FIPS algorithm; fips=yes as default must not hide it. */
#define QUERY       "-fips"
#define FORMATS_MAX 2048 /* bytes of "evidence-formats" */

struct atls_attester {
    EVP_PKEY *key;
    char *formats; /* the lines, cut at their newlines; schemes point here */
    struct atls_schemes schemes;
    size_t max_size; /* of one CMW, bytes */
    bool batches;
    atomic_bool is_prepared, takes_origin, takes_subject;
    struct atls_share share;
};

ATLS_AUTO_FREE(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
ATLS_AUTO_FREE(OSSL_STORE_CTX, OSSL_STORE_close)
ATLS_AUTO_FREE(OSSL_STORE_INFO, OSSL_STORE_INFO_free)

/* On a queue that had errors of the program's before: they stay, the newest is
 * the provider's, and who called us takes it off again. */
static enum atls_reason why_of_newest(struct atls_why *why,
                                      enum atls_reason reason, const char *what)
{
    const char *data = NULL, *said;
    int flags = 0;
    unsigned long code =
        ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);

    said = flags & ERR_TXT_STRING && *data != '\0'
               ? data
               : ERR_reason_error_string(code);
    return atls_why(why, reason, "%s: %s", what,
                    said != NULL ? said : "no error was given");
}

/* The provider's own words: the first error that carries some. */
static enum atls_reason
why_of_provider(struct atls_why *why, enum atls_reason reason, const char *what)
{
    const char *data = NULL, *said = NULL;
    unsigned long code;
    int flags;

    while ((code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0) {
        said = flags & ERR_TXT_STRING && *data != '\0'
                   ? data
                   : ERR_reason_error_string(code);
        if (said != NULL && flags & ERR_TXT_STRING)
            break;
    }
    reason = atls_why(why, reason, "%s: %s", what,
                      said != NULL ? said : "no error was given");
    ERR_clear_error();
    return reason;
}

static EVP_PKEY *load_key(const char *uri)
{
    ATLS_AUTO(OSSL_STORE_CTX) *store =
        OSSL_STORE_open_ex(uri, NULL, QUERY, NULL, NULL, NULL, NULL, NULL);
    EVP_PKEY *key = NULL;

    if (store == NULL || !OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY))
        return NULL;
    while (key == NULL && !OSSL_STORE_eof(store)) {
        ATLS_AUTO(OSSL_STORE_INFO) *info = OSSL_STORE_load(store);

        if (info == NULL)
            break;
        if (OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
            key = OSSL_STORE_INFO_get1_PKEY(info);
    }
    return key;
}

static void add_type(struct atls_schemes *schemes, struct atls_type type)
{
    struct atls_scheme scheme = atls_scheme_of_type(type);

    atls_schemes_add(schemes, &scheme);
}

/* One line a scheme, best first; what we cannot offer is left out. */
static void read_formats(struct atls_attester *attester)
{
    char *rest = NULL, *line = strtok_r(attester->formats, "\n", &rest);
    struct atls_schemes *schemes = &attester->schemes;

    struct atls_type type;

    for (; line != NULL; line = strtok_r(NULL, "\n", &rest))
        if (atls_type_parse(atls_view_text(line), &type))
            add_type(schemes, type);
}

static enum atls_reason read_properties(struct atls_attester *attester,
                                        struct atls_why *why)
{
    int max_size = 0, batches = 0;

    attester->formats = calloc(1, FORMATS_MAX);
    if (attester->formats == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (!EVP_PKEY_get_utf8_string_param(attester->key, "evidence-formats",
                                        attester->formats, FORMATS_MAX, NULL))
        return atls_why(why, ATLS_ATTESTER_ABSENT,
                        "want a key that attests (\"evidence-formats\"), found "
                        "one that does not");
    EVP_PKEY_get_int_param(attester->key, OSSL_PKEY_PARAM_MAX_SIZE, &max_size);
    if (max_size <= 0 || max_size > ATLS_CMW_MAX)
        return atls_why(why, ATLS_ATTESTER_ABSENT,
                        "want max-size of 1 to %d bytes, found %d",
                        ATLS_CMW_MAX, max_size);
    attester->max_size = (size_t)max_size;
    EVP_PKEY_get_int_param(attester->key, "batches", &batches);
    attester->batches = batches != 0;
    read_formats(attester);
    return attester->schemes.num > 0
               ? ATLS_OK
               : atls_why(why, ATLS_ATTESTER_ABSENT,
                          "evidence-formats names no type");
}

enum atls_reason atls_attester_open(const char *uri, unsigned share_percent,
                                    struct atls_attester **out,
                                    struct atls_why *why)
{
    struct atls_attester *attester = calloc(1, sizeof(*attester));
    enum atls_reason reason;

    *out = NULL;
    if (attester == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    attester->key = load_key(uri);
    reason = attester->key == NULL
                 ? why_of_provider(why, ATLS_ATTESTER_ABSENT, uri)
                 : read_properties(attester, why);
    atls_share_init(&attester->share, share_percent, attester->batches);
    if (reason == ATLS_OK)
        *out = attester;
    else
        atls_attester_free(attester);
    return reason;
}

void atls_attester_free(struct atls_attester *attester)
{
    if (attester == NULL)
        return;
    EVP_PKEY_free(attester->key);
    free(attester->formats);
    free(attester);
}

static bool has(const OSSL_PARAM *settable, const char *name)
{
    return settable != NULL && OSSL_PARAM_locate_const(settable, name) != NULL;
}

enum atls_reason atls_attester_prepare(struct atls_attester *attester,
                                       struct atls_why *why)
{
    ATLS_AUTO(EVP_PKEY_CTX) *context = NULL;
    const OSSL_PARAM *settable;
    bool was_clean = ERR_peek_error() == 0;

    if (atomic_load(&attester->is_prepared))
        return ATLS_OK;
    context = EVP_PKEY_CTX_new_from_pkey(NULL, attester->key, QUERY);
    if (context == NULL || EVP_PKEY_sign_init(context) <= 0)
        return (was_clean ? why_of_provider : why_of_newest)(
            why, ATLS_ATTESTER_ABSENT, "attester");
    settable = EVP_PKEY_CTX_settable_params(context);
    atomic_store(&attester->takes_origin, has(settable, "binder-origin"));
    atomic_store(&attester->takes_subject, has(settable, "subject-key"));
    atomic_store(&attester->is_prepared, true);
    return ATLS_OK;
}

bool atls_attester_takes_origin(const struct atls_attester *attester)
{
    return atomic_load(&attester->takes_origin);
}

bool atls_attester_takes_subject(const struct atls_attester *attester)
{
    return atomic_load(&attester->takes_subject);
}

bool atls_attester_is_prepared(const struct atls_attester *attester)
{
    return atomic_load(&attester->is_prepared);
}

size_t atls_attester_max_size(const struct atls_attester *attester)
{
    return attester->max_size;
}

const struct atls_schemes *
atls_attester_schemes(const struct atls_attester *attester)
{
    return &attester->schemes;
}

/* evidence-format takes the line as the attester spelled it. */
static void spell_type(struct atls_type type, char *text, size_t size)
{
    if (type.is_format)
        snprintf(text, size, "%u", type.format);
    else
        snprintf(text, size, "%.*s", (int)type.text.len,
                 (const char *)type.text.data);
}

static OSSL_PARAM octets(const char *name, struct atls_view bytes)
{
    return OSSL_PARAM_construct_octet_string(
        name, (void *)(uintptr_t)bytes.data, bytes.len);
}

static EVP_PKEY_CTX *new_context(struct atls_attester *attester,
                                 const struct atls_request *request,
                                 unsigned timeout_ms)
{
    ATLS_AUTO(EVP_PKEY_CTX) *context =
        EVP_PKEY_CTX_new_from_pkey(NULL, attester->key, QUERY);
    char format[ATLS_TYPE_MAX_TEXT + 1];
    OSSL_PARAM params[5], *next = params;

    spell_type(request->type, format, sizeof(format));
    *next++ = OSSL_PARAM_construct_utf8_string("evidence-format", format, 0);
    *next++ = OSSL_PARAM_construct_uint("timeout", &timeout_ms);
    if (request->origin.len > 0 && atls_attester_takes_origin(attester))
        *next++ = octets("binder-origin", request->origin);
    if (request->subject.len > 0 && atls_attester_takes_subject(attester))
        *next++ = octets("subject-key", request->subject);
    *next = OSSL_PARAM_construct_end();
    if (context == NULL || EVP_PKEY_sign_init_ex(context, params) <= 0)
        return NULL;
    return ATLS_STEAL(context);
}

static enum atls_reason quote(struct atls_attester *attester,
                              const struct atls_request *request,
                              unsigned timeout_ms, struct atls_buf *out,
                              struct atls_why *why)
{
    const struct atls_secret *binder = request->binder;
    ATLS_AUTO(EVP_PKEY_CTX) *context =
        new_context(attester, request, timeout_ms);
    size_t before = out->len, len = attester->max_size;
    uint8_t *room = atls_buf_room(out, len);

    if (room == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (context == NULL ||
        EVP_PKEY_sign(context, room, &len, binder->bytes, binder->len) <= 0)
        return why_of_provider(why, ATLS_ATTESTER_FAILED, "attester");
    if (len == 0 || len > attester->max_size)
        return atls_why(why, ATLS_ATTESTER_FAILED,
                        "attester: want 1 to %zu bytes, got %zu",
                        attester->max_size, len);
    out->len = before + len;
    return ATLS_OK;
}

enum atls_reason atls_attester_quote(struct atls_attester *attester,
                                     const struct atls_request *request,
                                     unsigned timeout_ms, struct atls_buf *out,
                                     struct atls_why *why)
{
    int64_t deadline_ns = atls_clock_now() + (int64_t)timeout_ms * 1000000;
    enum atls_reason reason =
        atls_share_take(&attester->share, deadline_ns, why);
    int64_t left_ms;

    if (reason != ATLS_OK)
        return reason;
    left_ms = (deadline_ns - atls_clock_now()) / 1000000;
    reason =
        quote(attester, request, left_ms < 1 ? 1 : (unsigned)left_ms, out, why);
    atls_share_give(&attester->share);
    return reason;
}
