/* SPDX-License-Identifier: Apache-2.0
 *
 * atls_remote.so: one question, from the first request to the answer.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>

#include "clock.h"
#include "conversation.h"
#include "remote_client.h"
#include "remote_get.h"

enum { FAREWELL_MS = 200 }; /* for a request whose answer does not matter */

/* false: the deadline comes first. */
static bool pause_for(int64_t pause_ms, int64_t deadline_ns)
{
    struct timespec pause = {pause_ms / 1000, pause_ms % 1000 * 1000000};

    if (atls_clock_now() + pause_ms * 1000000 >= deadline_ns)
        return false;
    while (pause_ms > 0 && nanosleep(&pause, &pause) != 0 && errno == EINTR)
        continue;
    return true;
}

/* On the heap: callers may have small stacks. */
struct talk {
    struct atls_conversation conversation;
    struct atls_http_response response;
    struct atls_buf body;
};

static void talk_free(struct talk *talk)
{
    atls_conversation_clear(&talk->conversation);
    atls_buf_clear(&talk->body);
    free(talk);
}
typedef struct talk remote_talk;
ATLS_AUTO_FREE(remote_talk, talk_free)

static enum atls_reason exchange(struct talk *talk, struct atls_http *http,
                                 int64_t deadline_ns, struct atls_why *why)
{
    atls_buf_clear(&talk->body);
    return atls_http_exchange(http, &talk->conversation.request, deadline_ns,
                              &talk->response, &talk->body, why);
}

/* A handshake does not wait for it, unless a Verifier that closes connections
 * has to be connected to once more. */
static void say_goodbye(struct talk *talk, struct atls_http *http,
                        int64_t deadline_ns)
{
    int64_t soon = atls_clock_now() + INT64_C(1000000) * FAREWELL_MS;

    if (atls_http_send_off(http, &talk->conversation.request))
        return;
    (void)exchange(talk, http, soon < deadline_ns ? soon : deadline_ns, NULL);
}

static enum atls_reason converse(const struct atls_protocol *protocol,
                                 struct talk *talk, struct atls_http *http,
                                 struct atls_buf *result, struct atls_why *why)
{
    struct atls_conversation *conversation = &talk->conversation;
    const struct atls_remote_question *question = conversation->question;
    enum atls_reason reason = ATLS_OK;

    while (reason == ATLS_OK && !conversation->is_finished) {
        if (!pause_for(conversation->pause_ms, question->deadline_ns))
            return atls_why(why, ATLS_VERIFIER_TIMEOUT,
                            "%s: want a result before the timeout, it is "
                            "still at work",
                            question->verifier->peer.url);
        reason = exchange(talk, http, question->deadline_ns, why);
        if (reason == ATLS_OK)
            reason = protocol->next(conversation, &talk->response,
                                    atls_buf_view(&talk->body), result, why);
    }
    if (reason == ATLS_OK && conversation->has_farewell)
        say_goodbye(talk, http, question->deadline_ns);
    return reason;
}

static enum atls_reason ask_by(const struct atls_remote_question *question,
                               struct atls_http *http, struct atls_buf *result,
                               struct atls_why *why)
{
    const struct atls_protocol *protocol =
        question->verifier->kind == ATLS_VERIFIER_TRUSTEE ? &atls_trustee
                                                          : &atls_veraison;
    ATLS_AUTO(remote_talk) *talk = calloc(1, sizeof(*talk));
    enum atls_reason reason;

    if (talk == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    talk->body = atls_buf(ATLS_CONVERSATION_MAX_ANSWER);
    reason = protocol->begin(question, &talk->conversation, why);
    if (reason != ATLS_OK)
        return reason;
    return converse(protocol, talk, http, result, why);
}

static enum atls_reason ask(const struct atls_remote_question *question,
                            struct atls_buf *result, struct atls_why *why)
{
    struct atls_remote_client *client = NULL;
    enum atls_reason reason;
    int saved = errno;

    ERR_set_mark();
    reason = atls_remote_client_take(&question->verifier->peer, &client, why);
    if (reason == ATLS_OK)
        reason = ask_by(question, atls_remote_client_http(client), result, why);
    atls_remote_client_give(client);
    ERR_pop_to_mark();
    errno = saved;
    return reason;
}

extern const struct atls_remote_module atls_remote_module;

__attribute__((visibility("default")))
const struct atls_remote_module atls_remote_module = {
    .version = ATLS_REMOTE_VERSION,
    .ask = ask,
    .get = atls_remote_get_by_http,
};
