/* SPDX-License-Identifier: Apache-2.0
 *
 * atls_remote.so: one question, from the first request to the answer. Clients
 * are kept for the process, in a list that only grows, so that nobody waits
 * for a lock and fork leaves none shut.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>

#include "clock.h"
#include "conversation.h"

enum {
    MAX_CLIENTS = 16,
    SPKI_LEN = 32,
    FAREWELL_MS = 200, /* for a request whose answer does not matter */
};

/* A copy of what a policy says of a peer: policies come and go. */
struct client {
    struct client *next;
    struct atls_http_peer peer;
    struct atls_http *http;
};

static struct client *_Atomic clients;
static atomic_int num_clients;

static bool texts_equal(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool peers_equal(const struct atls_http_peer *a,
                        const struct atls_http_peer *b)
{
    return texts_equal(a->url, b->url) && texts_equal(a->ca, b->ca) &&
           texts_equal(a->certificate, b->certificate) &&
           texts_equal(a->key, b->key) &&
           texts_equal(a->token_file, b->token_file) &&
           a->allows_loopback_http == b->allows_loopback_http &&
           atls_view_equal(atls_view(a->spki, a->num_spki * SPKI_LEN),
                           atls_view(b->spki, b->num_spki * SPKI_LEN));
}

static void client_free(struct client *client)
{
    atls_http_free(client->http);
    free((void *)(uintptr_t)client->peer.url);
    free((void *)(uintptr_t)client->peer.ca);
    free((void *)(uintptr_t)client->peer.spki);
    free((void *)(uintptr_t)client->peer.certificate);
    free((void *)(uintptr_t)client->peer.key);
    free((void *)(uintptr_t)client->peer.token_file);
    free(client);
}
typedef struct client remote_client;
ATLS_AUTO_FREE(remote_client, client_free)

/* false: no memory, and *copy is NULL. */
static bool copy_text(const char *text, const char **copy)
{
    *copy = text == NULL ? NULL : strdup(text);
    return text == NULL || *copy != NULL;
}

static bool copy_peer(const struct atls_http_peer *from,
                      struct atls_http_peer *to)
{
    size_t len = from->num_spki * SPKI_LEN;
    uint8_t *spki = len > 0 ? malloc(len) : NULL;

    if (spki != NULL)
        memcpy(spki, from->spki, len);
    to->spki = spki;
    to->num_spki = from->num_spki;
    to->allows_loopback_http = from->allows_loopback_http;
    return (len == 0 || spki != NULL) && copy_text(from->url, &to->url) &&
           copy_text(from->ca, &to->ca) &&
           copy_text(from->certificate, &to->certificate) &&
           copy_text(from->key, &to->key) &&
           copy_text(from->token_file, &to->token_file);
}

static enum atls_reason client_new(const struct atls_http_peer *peer,
                                   struct client **out, struct atls_why *why)
{
    ATLS_AUTO(remote_client) *new = calloc(1, sizeof(*new));
    enum atls_reason reason;

    if (new == NULL || !copy_peer(peer, &new->peer))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    reason = atls_http_new(&new->peer, &new->http, why);
    if (reason == ATLS_OK)
        *out = ATLS_STEAL(new);
    return reason;
}

static struct client *find_client(const struct atls_http_peer *peer)
{
    struct client *client = clients;

    while (client != NULL && !peers_equal(&client->peer, peer))
        client = client->next;
    return client;
}

/* *is_ours: it did not go onto the list, and the caller frees it. */
static enum atls_reason need_client(const struct atls_http_peer *peer,
                                    struct client **out, bool *is_ours,
                                    struct atls_why *why)
{
    enum atls_reason reason;

    *is_ours = false;
    *out = find_client(peer);
    if (*out != NULL)
        return ATLS_OK;
    reason = client_new(peer, out, why);
    if (reason != ATLS_OK)
        return reason;
    *is_ours = atomic_fetch_add(&num_clients, 1) >= MAX_CLIENTS;
    if (*is_ours) {
        atomic_fetch_sub(&num_clients, 1);
        return ATLS_OK;
    }
    (*out)->next = clients;
    while (!atomic_compare_exchange_weak(&clients, &(*out)->next, *out))
        continue;
    return ATLS_OK;
}

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
    struct client *client = NULL;
    bool is_ours = false;
    enum atls_reason reason;
    int saved = errno;

    ERR_set_mark();
    reason = need_client(&question->verifier->peer, &client, &is_ours, why);
    if (reason == ATLS_OK)
        reason = ask_by(question, client->http, result, why);
    if (is_ours)
        client_free(client);
    ERR_pop_to_mark();
    errno = saved;
    return reason;
}

extern const struct atls_remote_module atls_remote_module;

__attribute__((visibility("default")))
const struct atls_remote_module atls_remote_module = {
    .version = ATLS_REMOTE_VERSION,
    .ask = ask,
};
