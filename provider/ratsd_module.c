/* SPDX-License-Identifier: Apache-2.0
 *
 * atls_ratsd.so: one POST.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "json.h"
#include "provider/ratsd.h"

#define CHARES "application/vnd.veraison.chares+json"

static enum atls_reason open_peer(const struct atls_http_peer *peer,
                                  struct atls_http **out, struct atls_why *why)
{
    struct atls_why inner = {0};
    enum atls_reason reason = atls_http_new(peer, out, &inner);

    if (reason == ATLS_VERIFIER_URL)
        reason = ATLS_ATTESTER_OPTION;
    return reason == ATLS_OK ? reason
                             : atls_why(why, reason, "ratsd: %s", inner.text);
}

/* base/http.c speaks of Verifiers. */
static enum atls_reason translate(const struct atls_why *inner,
                                  struct atls_why *why)
{
    enum atls_reason reason =
        inner->reason == ATLS_VERIFIER_TIMEOUT ? ATLS_ATTESTER_TIMEOUT
        : inner->reason == ATLS_OUT_OF_MEMORY  ? ATLS_OUT_OF_MEMORY
                                               : ATLS_ATTESTER_FAILED;

    return atls_why(why, reason, "ratsd: %s", inner->text);
}

/* RFC 9457: title and detail */
static enum atls_reason refuse(int status, struct atls_view body,
                               struct atls_why *why)
{
    ATLS_AUTO(json_t) *problem =
        atls_json_parse(body, ATLS_ATTESTER_FAILED, NULL);
    const char *title = json_string_value(json_object_get(problem, "title"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));

    return atls_why(why, ATLS_ATTESTER_FAILED, "ratsd: %d %s: %.200s", status,
                    title != NULL ? title : "",
                    detail != NULL ? detail : "no details");
}

typedef struct atls_http_response http_response;
ATLS_AUTO_FREE(http_response, free)

static enum atls_reason ask(struct atls_http *http, struct atls_view body,
                            int64_t deadline_ns, struct atls_buf *answer,
                            struct atls_why *why)
{
    const struct atls_http_request request = {.method = "POST",
                                              .path = "ratsd/chares",
                                              .content_type = CHARES,
                                              .body = body};
    ATLS_AUTO(http_response) *response = calloc(1, sizeof(*response));
    struct atls_why inner = {0};

    if (response == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (atls_http_exchange(http, &request, deadline_ns, response, answer,
                           &inner) != ATLS_OK)
        return translate(&inner, why);
    if (response->status != 200)
        return refuse(response->status, atls_buf_view(answer), why);
    return ATLS_OK;
}

__attribute__((visibility("default")))
const struct atls_ratsd_module atls_ratsd_module = {
    .version = PACKAGE_VERSION,
    .open = open_peer,
    .close = atls_http_free,
    .ask = ask,
};
