/* SPDX-License-Identifier: Apache-2.0
 *
 * A Verifier's answers: sessions, discovery, problem details, results. The
 * first byte is the status, the second the content type, then up to a line
 * break a Location; the rest is the body, given in each state that there is.
 */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "conversation.h"

const char fuzz_target[] = "conversation";

static const int statuses[] = {200, 201, 202, 302, 400, 415, 500};
static const char *const types[] = {
    "application/vnd.veraison.challenge-response-session+json",
    "application/vnd.veraison.discovery+json", "application/problem+json",
    "text/plain", ""};
static struct atls_verifier verifier = {.peer.url = "https://verifier.example",
                                        .discovers = true};

static void answer(const struct atls_protocol *protocol,
                   const struct atls_remote_question *question,
                   const struct atls_http_response *response,
                   struct atls_view body)
{
    static struct atls_conversation conversation;
    struct atls_why why = {0};
    ATLS_AUTO_BUF result = atls_buf(ATLS_JWS_MAX);

    fuzz_must(protocol->begin(question, &conversation, &why) == ATLS_OK);
    for (int i = 0; i < 4 && why.reason == ATLS_OK; i++) {
        (void)protocol->next(&conversation, response, body, &result, &why);
        fuzz_must(strlen(conversation.path) < ATLS_HTTP_MAX_URL);
        fuzz_must(conversation.is_finished || result.len == 0);
        if (conversation.is_finished)
            break;
    }
    atls_conversation_clear(&conversation);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct atls_http_response response;
    struct atls_remote_question question = {.verifier = &verifier,
                                            .type = atls_type_of_format(10003),
                                            .value = atls_view_text("evidence"),
                                            .nonce = atls_view_text("12345678"),
                                            .tee = "tdx"};
    const uint8_t *end;

    if (size < 3 || (end = memchr(data + 2, '\n', size - 2)) == NULL ||
        memchr(data + 2, '\0', (size_t)(end - data - 2)) != NULL)
        return 0;
    memset(&response, 0, sizeof(response));
    response.status = statuses[data[0] % 7];
    snprintf(response.content_type, sizeof(response.content_type), "%s",
             types[data[1] % 5]);
    snprintf(response.location, sizeof(response.location), "%.*s",
             (int)(end - data - 2), (const char *)data + 2);
    snprintf(response.accept, sizeof(response.accept), "%s", response.location);
    end++;
    for (int i = 0; i < 2; i++) {
        verifier.discovers = i == 1;
        answer(&atls_veraison, &question, &response,
               atls_view(end, size - (size_t)(end - data)));
    }
    answer(&atls_trustee, &question, &response,
           atls_view(end, size - (size_t)(end - data)));
    return 0;
}
