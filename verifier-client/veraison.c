/* SPDX-License-Identifier: Apache-2.0
 *
 * Veraison's challenge-response API (github.com/veraison/docs, api/challenge-
 * response), as its services speak it: a session for our nonce, the Evidence,
 * an answer now or after polls, and goodbye. Bad Evidence is no HTTP error:
 * what counts is the signed result. Not checked here: its signature and what it
 * says.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base64url.h"
#include "conversation.h"
#include "json.h"

#define SESSION     "application/vnd.veraison.challenge-response-session+json"
#define DISCOVERY   "application/vnd.veraison.discovery+json"
#define WELL_KNOWN  "/.well-known/veraison/verification"
#define NEW_SESSION "challenge-response/v1/newSession"

enum { DISCOVER, CREATE, SUBMIT, POLL };
enum {
    MIN_NONCE = 8, /* bytes that it takes */
    MAX_NONCE = 64,
    FIRST_PAUSE_MS = 50, /* before a poll; doubles */
    MAX_PAUSE_MS = 1000,
};

static const char *url_of(const struct atls_conversation *conversation)
{
    return conversation->question->verifier->peer.url;
}

static enum atls_reason
not_understood(const struct atls_conversation *conversation, const char *wanted,
               struct atls_why *why)
{
    return atls_why(why, ATLS_VERIFIER_ANSWER, "%s: %s %s: want %s",
                    url_of(conversation), conversation->request.method,
                    conversation->path, wanted);
}

/* Requests */

/* path: of newSession, without a query. */
static enum atls_reason create(struct atls_conversation *conversation,
                               const char *path, struct atls_why *why)
{
    ATLS_AUTO_BUF whole = atls_buf(ATLS_HTTP_MAX_URL);

    atls_buf_text(&whole, path);
    atls_buf_text(&whole, "?nonce=");
    atls_base64url_put(&whole, conversation->question->nonce);
    atls_buf_u8(&whole, '\0');
    if (whole.failed)
        return not_understood(conversation, "a path that is not so long", why);
    memcpy(conversation->path, whole.data, whole.len);
    conversation->state = CREATE;
    conversation->request = (struct atls_http_request){
        .method = "POST", .path = conversation->path, .accept = SESSION};
    return ATLS_OK;
}

static enum atls_reason begin(const struct atls_remote_question *question,
                              struct atls_conversation *out,
                              struct atls_why *why)
{
    memset(out, 0, sizeof(*out));
    out->question = question;
    out->body = atls_buf(0);
    atls_type_text(question->type, out->type, sizeof(out->type));
    if (strchr(out->type, '/') == NULL)
        return atls_why(why, ATLS_VERIFIER_REFUSED,
                        "%s: want Evidence with a media type, that of "
                        "Content-Format %s is not known",
                        url_of(out), out->type);
    if (question->nonce.len < MIN_NONCE || question->nonce.len > MAX_NONCE)
        return atls_why(why, ATLS_VERIFIER_REFUSED,
                        "%s: takes nonces of %d to %d bytes, this has %zu",
                        url_of(out), MIN_NONCE, MAX_NONCE, question->nonce.len);
    if (!question->verifier->discovers)
        return create(out, NEW_SESSION, why);
    snprintf(out->path, sizeof(out->path), WELL_KNOWN);
    out->state = DISCOVER;
    out->request = (struct atls_http_request){
        .method = "GET", .path = out->path, .accept = DISCOVERY};
    return ATLS_OK;
}

static void submit(struct atls_conversation *conversation)
{
    memcpy(conversation->path, conversation->session,
           sizeof(conversation->path));
    conversation->state = SUBMIT;
    conversation->request =
        (struct atls_http_request){.method = "POST",
                                   .path = conversation->path,
                                   .accept = SESSION,
                                   .content_type = conversation->type,
                                   .body = conversation->question->value};
}

static void poll(struct atls_conversation *conversation)
{
    conversation->pause_ms = conversation->state != POLL ? FIRST_PAUSE_MS
                             : conversation->pause_ms < MAX_PAUSE_MS / 2
                                 ? 2 * conversation->pause_ms
                                 : MAX_PAUSE_MS;
    conversation->state = POLL;
    conversation->request = (struct atls_http_request){
        .method = "GET", .path = conversation->path, .accept = SESSION};
}

/* Sessions die by themselves; this frees them earlier. */
static void say_goodbye(struct atls_conversation *conversation)
{
    conversation->pause_ms = 0;
    conversation->is_finished = true;
    conversation->has_farewell = true;
    conversation->request = (struct atls_http_request){
        .method = "DELETE", .path = conversation->path};
}

/* Answers */

/* RFC 9110, 8.3.1: parameters are not ours to judge. */
static bool is_type(const struct atls_http_response *response, const char *type)
{
    size_t len = strlen(type);

    return strncasecmp(response->content_type, type, len) == 0 &&
           strchr("; \t", response->content_type[len]) != NULL;
}

static enum atls_reason parse(const struct atls_conversation *conversation,
                              const struct atls_http_response *response,
                              struct atls_view body, const char *type,
                              json_t **out, struct atls_why *why)
{
    struct atls_why inner = {0};

    *out = NULL;
    if (!is_type(response, type))
        return atls_why(
            why, ATLS_VERIFIER_ANSWER,
            "%s: %s %s: want content of type %s, saw %s", url_of(conversation),
            conversation->request.method, conversation->path, type,
            response->content_type[0] != '\0' ? response->content_type
                                              : "none");
    *out = atls_json_parse(body, ATLS_VERIFIER_ANSWER, &inner);
    if (*out != NULL)
        return ATLS_OK;
    return atls_why(why, inner.reason, "%s: %s", url_of(conversation),
                    inner.text);
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* It has been base64 with and without padding, in either alphabet. */
static bool decode_nonce(const char *text, struct atls_buf *out)
{
    ATLS_AUTO_BUF plain = atls_buf(2 * MAX_NONCE);
    size_t len = strlen(text), num_padding = 0;

    while (len > 0 && num_padding < 2 && text[len - 1] == '=')
        len--, num_padding++;
    if (num_padding > 0 && (len + num_padding) % 4 != 0)
        return false;
    for (size_t i = 0; i < len; i++)
        atls_buf_u8(&plain, text[i] == '+'   ? '-'
                            : text[i] == '/' ? '_'
                                             : (uint8_t)text[i]);
    return !plain.failed && atls_base64url_decode(atls_buf_view(&plain), out);
}

static enum atls_reason
check_nonce(const struct atls_conversation *conversation, const json_t *session,
            struct atls_why *why)
{
    const char *text = text_of(session, "nonce");
    ATLS_AUTO_BUF nonce = atls_buf(MAX_NONCE);

    if (text == NULL || !decode_nonce(text, &nonce))
        return not_understood(conversation, "the session's nonce in base64",
                              why);
    if (!atls_view_equal(atls_buf_view(&nonce), conversation->question->nonce))
        return not_understood(conversation,
                              "the nonce that was asked for, and it has "
                              "another",
                              why);
    return ATLS_OK;
}

/* Its own spelling of our type; NULL: none that is equal. */
static const char *find_type(const struct atls_conversation *conversation,
                             const json_t *types)
{
    for (size_t i = 0; i < json_array_size(types); i++) {
        const char *text = json_string_value(json_array_get(types, i));

        if (text != NULL && strlen(text) <= ATLS_TYPE_MAX_TEXT &&
            atls_type_equal(atls_type_of_text(atls_view_text(text)),
                            conversation->question->type))
            return text;
    }
    return NULL;
}

static enum atls_reason choose_type(struct atls_conversation *conversation,
                                    const json_t *types, struct atls_why *why)
{
    ATLS_AUTO_BUF list = atls_buf(256);
    const char *found = find_type(conversation, types);

    if (types == NULL)
        return ATLS_OK; /* then it tells by 415 */
    if (found != NULL) {
        snprintf(conversation->type, sizeof(conversation->type), "%s", found);
        return ATLS_OK;
    }
    atls_json_put(&list, types);
    return atls_why(why, ATLS_VERIFIER_REFUSED,
                    "%s: does not take %s, but %.*s", url_of(conversation),
                    conversation->type, (int)list.len,
                    list.failed ? "" : (const char *)list.data);
}

static enum atls_reason take_discovery(struct atls_conversation *conversation,
                                       const json_t *document,
                                       struct atls_why *why)
{
    const char *path = text_of(json_object_get(document, "api-endpoints"),
                               "newChallengeResponseSession");
    char resolved[ATLS_HTTP_MAX_URL];
    enum atls_reason reason = choose_type(
        conversation, json_object_get(document, "media-types"), why);

    if (reason != ATLS_OK)
        return reason;
    if (path == NULL || !atls_conversation_resolve(conversation, path, resolved,
                                                   sizeof(resolved)))
        return not_understood(
            conversation, "newChallengeResponseSession at its own origin", why);
    return create(conversation, resolved, why);
}

static enum atls_reason take_session(struct atls_conversation *conversation,
                                     const struct atls_http_response *response,
                                     const json_t *session,
                                     struct atls_why *why)
{
    enum atls_reason reason;

    if (!atls_conversation_resolve(conversation, response->location,
                                   conversation->session,
                                   sizeof(conversation->session)))
        return not_understood(
            conversation, "a Location of a session, at its own origin", why);
    reason = choose_type(conversation, json_object_get(session, "accept"), why);
    if (reason == ATLS_OK)
        submit(conversation);
    return reason;
}

static enum atls_reason take_result(struct atls_conversation *conversation,
                                    const json_t *session,
                                    struct atls_buf *result,
                                    struct atls_why *why)
{
    const char *text = text_of(session, "result");

    if (text == NULL || *text == '\0')
        return not_understood(conversation, "a result that is one string", why);
    if (strlen(text) > ATLS_JWS_MAX)
        return atls_why(why, ATLS_VERIFIER_TOO_LARGE,
                        "%s: want a result of at most %d bytes",
                        url_of(conversation), ATLS_JWS_MAX);
    atls_buf_text(result, text);
    say_goodbye(conversation);
    return result->failed ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL) : ATLS_OK;
}

/* Documents call it state, services call it status. */
static enum atls_reason take_status(struct atls_conversation *conversation,
                                    const json_t *session,
                                    struct atls_buf *result,
                                    struct atls_why *why)
{
    const char *status = text_of(session, "status");

    if (status == NULL)
        status = text_of(session, "state");
    if (status != NULL && strcmp(status, "complete") == 0)
        return take_result(conversation, session, result, why);
    if (status != NULL && strcmp(status, "failed") == 0)
        return atls_why(why, ATLS_VERIFIER_REFUSED,
                        "%s: the session failed; its log says why",
                        url_of(conversation));
    if (status == NULL || strcmp(status, "processing") != 0)
        return not_understood(conversation,
                              "the status complete, processing or failed", why);
    poll(conversation);
    return ATLS_OK;
}

static bool is_wanted(int state, int status)
{
    if (state == CREATE)
        return status == 201;
    return status == 200 || (status == 202 && state != DISCOVER);
}

static enum atls_reason next(struct atls_conversation *conversation,
                             const struct atls_http_response *response,
                             struct atls_view body, struct atls_buf *result,
                             struct atls_why *why)
{
    bool is_discovery = conversation->state == DISCOVER;
    ATLS_AUTO(json_t) *answer = NULL;
    enum atls_reason reason;

    if (!is_wanted(conversation->state, response->status))
        return atls_conversation_refusal(conversation, response, body, why);
    if (response->status == 202 && body.len == 0) {
        poll(conversation);
        return ATLS_OK;
    }
    reason = parse(conversation, response, body,
                   is_discovery ? DISCOVERY : SESSION, &answer, why);
    if (reason != ATLS_OK)
        return reason;
    if (is_discovery)
        return take_discovery(conversation, answer, why);
    reason = check_nonce(conversation, answer, why);
    if (reason != ATLS_OK)
        return reason;
    if (conversation->state == CREATE)
        return take_session(conversation, response, answer, why);
    return take_status(conversation, answer, result, why);
}

const struct atls_protocol atls_veraison = {.begin = begin, .next = next};
