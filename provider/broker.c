/* SPDX-License-Identifier: Apache-2.0
 *
 * attest:broker[?socket=PATH]: quotes of atlsd(8), for programs that may not
 * open the device themselves. The broker makes each challenge itself, so it has
 * to be told what that is made of: "binder-origin" of atls(7).
 */
#include <string.h>
#include <sys/un.h>

#include "cmw.h"
#include "provider/attester.h"
#include "provider/broker_line.h"

#define CONNECT_TIMEOUT_MS 5000 /* systemd may have to start it first */

struct broker {
    char *path;
    struct atls_broker_line line;
    size_t max_size;
    char formats[ATLS_BROKER_MAX_FORMATS + 1];
};

static void broker_free(void *state)
{
    struct broker *broker = state;

    atls_broker_line_clear(&broker->line);
    free(broker->path);
    free(broker);
}

/* What is left when the reply is taken apart: its body. */
static enum atls_reason take_reply(const struct broker *broker,
                                   const struct atls_buf *bytes,
                                   struct atls_view *body, struct atls_why *why)
{
    struct atls_broker_reply reply;

    if (!atls_broker_reply_read(atls_buf_view(bytes), &reply))
        return atls_why(why, ATLS_ATTESTER_FAILED,
                        "broker at %s: it speaks another version; restart it",
                        broker->path);
    if (reply.reason != ATLS_OK)
        return atls_why(why, reply.reason, "broker at %s: %.*s", broker->path,
                        (int)reply.text.len, (const char *)reply.text.data);
    *body = reply.body;
    return ATLS_OK;
}

static enum atls_reason take_description(struct broker *broker,
                                         struct atls_view body,
                                         struct atls_why *why)
{
    struct atls_reader in = atls_reader(body);
    uint32_t max_size = atls_reader_u32(&in);
    struct atls_view formats = atls_reader_u16_block(&in);

    if (!atls_reader_done(&in) || formats.len == 0 ||
        formats.len > ATLS_BROKER_MAX_FORMATS || max_size == 0 ||
        max_size > ATLS_CMW_MAX)
        return atls_why(why, ATLS_ATTESTER_FAILED,
                        "broker at %s: it speaks another version; restart it",
                        broker->path);
    broker->max_size = max_size;
    memcpy(broker->formats, formats.data, formats.len);
    return ATLS_OK;
}

/* What the broker makes has to be known as soon as the key is. */
static enum atls_reason describe(struct broker *broker, struct atls_why *why)
{
    const struct atls_broker_request request = {.kind = ATLS_BROKER_DESCRIBE};
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_BROKER_MAX_REPLY);
    struct atls_view body;
    enum atls_reason reason = atls_broker_line_ask(
        &broker->line, &request, atls_deadline_after(CONNECT_TIMEOUT_MS),
        &bytes, why);

    if (reason == ATLS_OK)
        reason = take_reply(broker, &bytes, &body, why);
    if (reason == ATLS_OK)
        reason = take_description(broker, body, why);
    return reason;
}

static enum atls_reason broker_check(OSSL_LIB_CTX *libctx,
                                     const struct atls_uri *uri, void **state,
                                     struct atls_why *why)
{
    const char *path = atls_uri_option(uri, "socket");
    struct broker *broker = calloc(1, sizeof(*broker));

    (void)libctx;
    if (broker == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    *state = broker;
    broker->path = strdup(path == NULL ? ATLS_BROKER_SOCKET : path);
    atls_broker_line_init(&broker->line, broker->path);
    if (broker->path == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (broker->path[0] != '/' ||
        strlen(broker->path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "socket \"%s\": want an absolute path of at most %zu "
                        "bytes",
                        path, sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
    return describe(broker, why);
}

static const char *broker_formats(const void *state)
{
    return ((const struct broker *)state)->formats;
}

static size_t broker_longest(const void *state)
{
    return ((const struct broker *)state)->max_size;
}

static enum atls_reason broker_open(void *state, struct atls_why *why)
{
    struct broker *broker = state;

    return atls_broker_line_open(&broker->line,
                                 atls_deadline_after(CONNECT_TIMEOUT_MS), why);
}

static enum atls_reason broker_public_key(void *state, struct atls_buf *spki,
                                          struct atls_why *why)
{
    (void)state;
    (void)spki;
    return atls_why(why, ATLS_ATTESTER_KEY,
                    "the broker gives none: ask its attester, as root: openssl "
                    "pkey -pubout -in URI, with the URI of atlsd --attester");
}

static enum atls_reason broker_attest(void *state,
                                      const struct atls_challenge *challenge,
                                      atls_deadline deadline,
                                      struct atls_buf *out,
                                      struct atls_why *why)
{
    struct broker *broker = state;
    const struct atls_broker_request request = {
        ATLS_BROKER_QUOTE, (uint32_t)atls_deadline_left(deadline),
        atls_view_text(challenge->format), challenge->origin};
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_BROKER_MAX_REPLY);
    struct atls_view body;
    enum atls_reason reason;

    if (challenge->origin.len == 0)
        return atls_why(why, ATLS_ATTESTER_BINDER,
                        "attest:broker quotes no bare value: want "
                        "binder-origin, which the module sets");
    reason =
        atls_broker_line_ask(&broker->line, &request, deadline, &bytes, why);
    if (reason == ATLS_OK)
        reason = take_reply(broker, &bytes, &body, why);
    if (reason == ATLS_OK)
        atls_buf_put(out, body);
    return reason;
}

static const char *const options[] = {"socket", NULL};

const struct atls_attester atls_attester_broker = {
    .name = "broker",
    .description = "quotes of atlsd(8)",
    .options = options,
    .takes_origin = true,
    .batches = true,
    .check = broker_check,
    .made_formats = broker_formats,
    .longest = broker_longest,
    .open = broker_open,
    .public_key = broker_public_key,
    .attest = broker_attest,
    .free = broker_free,
};
