/* SPDX-License-Identifier: Apache-2.0
 *
 * A Verifier's answers: discovery, sessions, results after the Evidence and
 * after a poll, and Trustee's. The first byte chooses the one that is fuzzed;
 * those before it, and after it where it is taken, are as they should be. The
 * second byte is its status and the third its content type, 0 the right one;
 * then up to a line break a Location, or what Accept lists; the rest is the
 * body.
 */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "conversation.h"

const char fuzz_target[] = "conversation";

#define SESSION   "application/vnd.veraison.challenge-response-session+json"
#define DISCOVERY "application/vnd.veraison.discovery+json"
#define NONCE     "12345678"
#define OF_NONCE  "\"nonce\":\"MTIzNDU2Nzg\""

enum step { DISCOVER, CREATE, SUBMIT, POLL, ATTEST, NUM_STEPS };

static const struct answer {
    int status;
    const char *type, *location, *body;
} good[NUM_STEPS] = {
    [DISCOVER] = {200, DISCOVERY, "",
                  "{\"api-endpoints\":{\"newChallengeResponseSession\":"
                  "\"/challenge-response/v1/newSession\"}}"},
    [CREATE] = {201, SESSION, "session/1",
                "{\"status\":\"waiting\"," OF_NONCE "}"},
    [SUBMIT] = {200, SESSION, "", "{\"status\":\"processing\"," OF_NONCE "}"},
    [POLL] = {200, SESSION, "",
              "{\"status\":\"complete\",\"result\":\"e30.e30.AAAA\"," OF_NONCE
              "}"},
    [ATTEST] = {200, "text/plain", "", "e30.e30.AAAA"},
};
/* NULL and 0: those of the step */
static const int statuses[] = {0, 200, 201, 202, 302, 400, 415, 500};
static const char *const types[] = {
    NULL,         SESSION, DISCOVERY, "application/problem+json",
    "text/plain", "",      "text"};
enum {
    NUM_STATUSES = sizeof(statuses) / sizeof(statuses[0]),
    NUM_TYPES = sizeof(types) / sizeof(types[0]),
    MAX_ROUNDS = 8,
    HEAD = 3 /* bytes before the Location */
};

struct run {
    enum step fuzzed;
    struct atls_http_response response;
    struct atls_view body;
    unsigned num_given; /* times that the answer was asked for */
};

static enum step step_of(const struct atls_conversation *conversation)
{
    const struct atls_http_request *request = &conversation->request;

    if (conversation->question->verifier->kind == ATLS_VERIFIER_TRUSTEE)
        return ATTEST;
    if (strcmp(request->method, "GET") == 0)
        return strstr(request->path, ".well-known") != NULL ? DISCOVER : POLL;
    return strstr(request->path, "?nonce=") != NULL ? CREATE : SUBMIT;
}

static void answer(struct run *run, enum step step,
                   struct atls_http_response *response, struct atls_view *body)
{
    const struct answer *given = &good[step];

    if (step == run->fuzzed) {
        *response = run->response;
        *body = run->body;
        run->num_given++;
        return;
    }
    memset(response, 0, sizeof(*response));
    response->status = given->status;
    snprintf(response->content_type, sizeof(response->content_type), "%s",
             given->type);
    snprintf(response->location, sizeof(response->location), "%s",
             given->location);
    *body = atls_view_text(given->body);
}

/* What remote_ask.c relies on. */
static void check(const struct atls_conversation *conversation,
                  enum atls_reason reason, const struct atls_why *why,
                  const struct atls_buf *result)
{
    fuzz_must(reason == why->reason);
    fuzz_must(reason == ATLS_OK || why->text[0] != '\0');
    fuzz_must(strlen(conversation->path) < ATLS_HTTP_MAX_URL);
    fuzz_must(conversation->pause_ms >= 0 && conversation->pause_ms <= 1000);
    fuzz_must(reason != ATLS_OK ||
              conversation->is_finished == (result->len > 0));
    fuzz_must(!conversation->is_finished || result->len <= ATLS_JWS_MAX);
}

static void converse(struct run *run, const struct atls_protocol *protocol,
                     const struct atls_remote_question *question)
{
    static struct atls_conversation conversation;
    static struct atls_http_response response;
    ATLS_AUTO_BUF result = atls_buf(ATLS_JWS_MAX);
    struct atls_why why = {0};
    struct atls_view body;

    fuzz_must(protocol->begin(question, &conversation, &why) == ATLS_OK);
    for (int i = 0;
         i < MAX_ROUNDS && why.reason == ATLS_OK && !conversation.is_finished;
         i++) {
        enum atls_reason reason;

        answer(run, step_of(&conversation), &response, &body);
        reason = protocol->next(&conversation, &response, body, &result, &why);
        check(&conversation, reason, &why, &result);
    }
    atls_conversation_clear(&conversation);
    fuzz_must(run->num_given > 0);
}

static bool read_run(const uint8_t *data, size_t size, struct run *run)
{
    const uint8_t *end =
        size > HEAD ? memchr(data + HEAD, '\n', size - HEAD) : NULL;
    const struct answer *right;
    const char *type;
    int status;

    if (end == NULL ||
        memchr(data + HEAD, '\0', (size_t)(end - data - HEAD)) != NULL)
        return false;
    run->num_given = 0;
    run->fuzzed = (enum step)(data[0] % NUM_STEPS);
    right = &good[run->fuzzed];
    status = statuses[data[1] % NUM_STATUSES];
    type = types[data[2] % NUM_TYPES];
    memset(&run->response, 0, sizeof(run->response));
    run->response.status = status != 0 ? status : right->status;
    snprintf(run->response.content_type, sizeof(run->response.content_type),
             "%s", type != NULL ? type : right->type);
    snprintf(run->response.location, sizeof(run->response.location), "%.*s",
             (int)(end - data - HEAD), (const char *)data + HEAD);
    snprintf(run->response.accept, sizeof(run->response.accept), "%s",
             run->response.location);
    run->body = atls_view(end + 1, size - (size_t)(end + 1 - data));
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run run;
    struct atls_verifier verifier = {.peer.url = "https://verifier.example"};
    struct atls_remote_question question = {.verifier = &verifier,
                                            .type = atls_type_of_format(10003),
                                            .value = atls_view_text("evidence"),
                                            .nonce = atls_view_text(NONCE),
                                            .tee = "tdx"};

    if (!read_run(data, size, &run))
        return 0;
    verifier.discovers = run.fuzzed == DISCOVER;
    verifier.kind =
        run.fuzzed == ATTEST ? ATLS_VERIFIER_TRUSTEE : ATLS_VERIFIER_VERAISON;
    converse(&run, run.fuzzed == ATTEST ? &atls_trustee : &atls_veraison,
             &question);
    return 0;
}
