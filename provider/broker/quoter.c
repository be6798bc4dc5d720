/* SPDX-License-Identifier: Apache-2.0
 *
 * Quotes for those who wait.
 */
#include "provider/broker/quoter.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/store.h>

#include "cmw.h"
#include "provider/broker/tally.h"

/* An attester is no FIPS algorithm; fips=yes as default must not hide it. */
#define QUERY "-fips"

struct atls_quoter {
    struct atls_queue *queue;
    struct atls_log *log;
    EVP_PKEY *key;
    size_t max_size;                       /* of one CMW of the key, bytes */
    char formats[ATLS_BROKER_MAX_FORMATS]; /* the key's, lines */
};

ATLS_AUTO_FREE(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
ATLS_AUTO_FREE(OSSL_STORE_CTX, OSSL_STORE_close)
ATLS_AUTO_FREE(OSSL_STORE_INFO, OSSL_STORE_INFO_free)

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

static enum atls_reason read_properties(struct atls_quoter *quoter,
                                        struct atls_why *why)
{
    int max_size = 0;

    if (!EVP_PKEY_get_utf8_string_param(quoter->key, "evidence-formats",
                                        quoter->formats,
                                        sizeof(quoter->formats), NULL))
        return atls_why(why, ATLS_ATTESTER_ABSENT,
                        "want a key that attests (\"evidence-formats\"), found "
                        "one that does not");
    if (strstr(quoter->formats, ATLS_BATCH_TYPE) != NULL)
        return atls_why(why, ATLS_ATTESTER_ABSENT,
                        "want an attester, found another broker");
    EVP_PKEY_get_int_param(quoter->key, OSSL_PKEY_PARAM_MAX_SIZE, &max_size);
    if (max_size <= 0 || max_size > ATLS_CMW_MAX)
        return atls_why(why, ATLS_ATTESTER_ABSENT,
                        "want max-size of 1 to %d bytes, found %d",
                        ATLS_CMW_MAX, max_size);
    quoter->max_size = (size_t)max_size;
    return ATLS_OK;
}

static enum atls_reason open_device(const struct atls_quoter *quoter,
                                    struct atls_why *why)
{
    ATLS_AUTO(EVP_PKEY_CTX) *context =
        EVP_PKEY_CTX_new_from_pkey(NULL, quoter->key, QUERY);

    return context == NULL || EVP_PKEY_sign_init(context) <= 0
               ? why_of_provider(why, ATLS_ATTESTER_ABSENT, "attester")
               : ATLS_OK;
}

enum atls_reason atls_quoter_new(const char *uri, struct atls_queue *queue,
                                 struct atls_log *log, struct atls_quoter **out,
                                 struct atls_why *why)
{
    struct atls_quoter *quoter = calloc(1, sizeof(*quoter));
    enum atls_reason reason;

    if (quoter == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    quoter->queue = queue;
    quoter->log = log;
    quoter->key = load_key(uri);
    reason = quoter->key == NULL
                 ? why_of_provider(why, ATLS_ATTESTER_ABSENT, uri)
                 : read_properties(quoter, why);
    if (reason == ATLS_OK)
        reason = open_device(quoter, why);
    if (reason == ATLS_OK)
        *out = ATLS_STEAL(quoter);
    atls_quoter_free(quoter);
    return reason;
}

void atls_quoter_free(struct atls_quoter *quoter)
{
    if (quoter == NULL)
        return;
    EVP_PKEY_free(quoter->key);
    free(quoter);
}

void atls_quoter_describe(const struct atls_quoter *quoter,
                          struct atls_buf *out)
{
    size_t max_size = quoter->max_size + ATLS_BATCH_OVERHEAD, at;

    atls_buf_u32(out,
                 (uint32_t)(max_size < ATLS_CMW_MAX ? max_size : ATLS_CMW_MAX));
    at = atls_buf_begin(out, 2);
    atls_buf_text(out, ATLS_BATCH_TYPE "\n");
    atls_buf_text(out, quoter->formats);
    atls_buf_end(out, at, 2);
}

enum atls_reason atls_quoter_choose(const struct atls_quoter *quoter,
                                    struct atls_view format,
                                    struct atls_pending *pending,
                                    struct atls_why *why)
{
    size_t len;

    pending->is_batched =
        format.len == 0 || atls_view_is(format, ATLS_BATCH_TYPE);
    pending->format[0] = '\0';
    if (pending->is_batched)
        return ATLS_OK;
    for (const char *at = quoter->formats; *at != '\0';
         at += len + (at[len] == '\n')) {
        len = strcspn(at, "\n");
        if (atls_view_equal(format, atls_view(at, len))) {
            memcpy(pending->format, at, len);
            pending->format[len] = '\0';
            return ATLS_OK;
        }
    }
    return atls_why(why, ATLS_ATTESTER_FORMAT, "the broker's attester makes %s",
                    quoter->formats);
}

void atls_quoter_reply(int reply_to, enum atls_reason reason,
                       struct atls_view text, struct atls_view body)
{
    const struct atls_broker_reply reply = {reason, text, body};
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_BROKER_MAX_REPLY);

    atls_broker_reply_put(&bytes, &reply);
    /* who does not listen any more does not hear; nobody waits for him */
    if (!bytes.failed)
        (void)send(reply_to, bytes.data, bytes.len,
                   MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void refuse(const struct atls_pending *list, const struct atls_why *why)
{
    for (; list != NULL; list = list->next)
        atls_quoter_reply(list->reply_to, why->reason,
                          atls_view_text(why->text), atls_view(NULL, 0));
}

/* Those whose time is over cost no quote, and are told so: one whose socket is
 * closed without a word takes the broker for gone and asks again. */
static struct atls_pending *refuse_late(struct atls_pending *list)
{
    struct atls_pending *late = NULL, **at = &list;
    struct atls_why why = {0};

    while (*at != NULL) {
        struct atls_pending *one = *at;

        if (atls_deadline_left(one->deadline) > 0) {
            at = &one->next;
            continue;
        }
        *at = one->next;
        one->next = late;
        late = one;
    }
    (void)atls_why(&why, ATLS_ATTESTER_TIMEOUT,
                   "the attester was busy with others until the time was over");
    refuse(late, &why);
    atls_pending_free(late);
    return list;
}

static unsigned longest_patience(const struct atls_pending *list)
{
    int longest = 1;

    for (; list != NULL; list = list->next)
        if (atls_deadline_left(list->deadline) > longest)
            longest = atls_deadline_left(list->deadline);
    return (unsigned)longest;
}

static enum atls_reason quote(const struct atls_quoter *quoter,
                              const char *format, struct atls_view challenge,
                              unsigned timeout_ms, struct atls_buf *out,
                              struct atls_why *why)
{
    ATLS_AUTO(EVP_PKEY_CTX) *context =
        EVP_PKEY_CTX_new_from_pkey(NULL, quoter->key, QUERY);
    size_t len = quoter->max_size;
    uint8_t *room = atls_buf_room(out, len);
    OSSL_PARAM params[3], *next = params;

    *next++ = OSSL_PARAM_construct_uint("timeout", &timeout_ms);
    if (format[0] != '\0')
        *next++ = OSSL_PARAM_construct_utf8_string(
            "evidence-format", (char *)(uintptr_t)format, 0);
    *next = OSSL_PARAM_construct_end();
    if (room == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (context == NULL || EVP_PKEY_sign_init_ex(context, params) <= 0 ||
        EVP_PKEY_sign(context, room, &len, challenge.data, challenge.len) <= 0)
        return why_of_provider(why, ATLS_ATTESTER_FAILED, "attester");
    out->len = len;
    return ATLS_OK;
}

static enum atls_reason grow(const struct atls_pending *list,
                             struct atls_batch_tree *tree, struct atls_why *why)
{
    struct atls_view *binders = calloc(ATLS_BATCH_MAX, sizeof(*binders));
    enum atls_reason reason;
    size_t num = 0;

    if (binders == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    for (; list != NULL; list = list->next)
        binders[num++] = atls_secret_view(&list->challenge);
    reason = atls_batch_grow(binders, num, tree, why);
    free(binders);
    return reason;
}

static void deliver(const struct atls_pending *list,
                    const struct atls_batch_tree *tree,
                    struct atls_view evidence)
{
    for (size_t i = 0; list != NULL; list = list->next, i++) {
        ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);

        atls_batch_put(&cmw, tree, i, evidence);
        if (cmw.failed)
            atls_quoter_reply(list->reply_to, ATLS_ATTESTER_FAILED,
                              atls_view_text("the batch exceeds a CMW"),
                              atls_view(NULL, 0));
        else
            atls_quoter_reply(list->reply_to, ATLS_OK, atls_view(NULL, 0),
                              atls_buf_view(&cmw));
    }
}

static enum atls_reason quote_batch(const struct atls_quoter *quoter,
                                    const struct atls_pending *list,
                                    struct atls_why *why)
{
    ATLS_AUTO_BUF evidence = atls_buf(quoter->max_size);
    struct atls_batch_tree tree;
    enum atls_reason reason = grow(list, &tree, why);

    if (reason == ATLS_OK)
        reason = quote(quoter, "", atls_batch_root(&tree),
                       longest_patience(list), &evidence, why);
    if (reason == ATLS_OK)
        deliver(list, &tree, atls_buf_view(&evidence));
    atls_batch_clear(&tree);
    return reason;
}

static enum atls_reason quote_one(const struct atls_quoter *quoter,
                                  const struct atls_pending *one,
                                  struct atls_why *why)
{
    ATLS_AUTO_BUF evidence = atls_buf(quoter->max_size);
    enum atls_reason reason =
        quote(quoter, one->format, atls_secret_view(&one->challenge),
              longest_patience(one), &evidence, why);

    if (reason == ATLS_OK)
        atls_quoter_reply(one->reply_to, ATLS_OK, atls_view(NULL, 0),
                          atls_buf_view(&evidence));
    return reason;
}

/* Who was quoted for is told of every quote, whatever else there is to tell. */
static void tell(const struct atls_quoter *quoter, struct atls_pending *list,
                 int64_t begun_ms, const struct atls_why *why)
{
    int64_t took_ms = atls_monotonic_ms() - begun_ms;
    char callers[ATLS_TALLY_TEXT];

    while (atls_tally_name(list, callers))
        atls_log_text(quoter->log,
                      why->reason == ATLS_OK ? ATLS_LOG_INFO : ATLS_LOG_ERROR,
                      "quote for %s: %s%s%s, %lld ms", callers,
                      atls_reason_name(why->reason),
                      why->text[0] == '\0' ? "" : ": ", why->text,
                      (long long)took_ms);
}

void atls_quoter_run(struct atls_quoter *quoter)
{
    struct atls_pending *list;

    while ((list = atls_queue_take(quoter->queue)) != NULL) {
        int64_t begun_ms = atls_monotonic_ms();
        struct atls_why why = {0};

        list = refuse_late(list);
        if (list == NULL)
            continue;
        if ((list->is_batched ? quote_batch : quote_one)(quoter, list, &why) !=
            ATLS_OK)
            refuse(list, &why);
        tell(quoter, list, begun_ms, &why);
        atls_pending_free(list);
    }
}
