/* SPDX-License-Identifier: Apache-2.0
 *
 * A document that somebody publishes: its bytes, or why there are none.
 */
#include "remote_get.h"

#include <errno.h>

#include <openssl/err.h>

#include "http.h"
#include "remote_client.h"

enum { OK = 200, NOT_FOUND = 404, GONE = 410, TOO_MANY = 429, SERVER = 500 };

static const char *move_of(int status)
{
    if (status == NOT_FOUND || status == GONE)
        return "it has none by that name; is it the right one, and known to "
               "its maker?";
    if (status == TOO_MANY)
        return "it limits how often it is asked: try again later, or ask a "
               "cache";
    return status >= SERVER ? "that is its own failure: try again later"
                            : "it does not want to be asked so; is the URL "
                              "its own?";
}

static enum atls_reason
check_status(const struct atls_remote_document *document, int status,
             struct atls_why *why)
{
    if (status == OK)
        return ATLS_OK;
    return atls_why(
        why,
        status == NOT_FOUND || status == GONE ? ATLS_COLLATERAL_MISSING
                                              : ATLS_VERIFIER_REFUSED,
        "%s: %.160s: want status 200, saw %d: %s", document->peer->url,
        document->path, status, move_of(status));
}

static enum atls_reason get(const struct atls_remote_document *document,
                            struct atls_http *http, int64_t deadline_ns,
                            struct atls_remote_copy *out, struct atls_why *why)
{
    const struct atls_http_request request = {
        .method = "GET",
        .path = document->path,
        .header = document->header,
        .value = document->header != NULL ? &out->header : NULL};
    ATLS_AUTO_HEAP struct atls_http_response *response =
        calloc(1, sizeof(*response));
    enum atls_reason reason;

    if (response == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    reason = atls_http_exchange(http, &request, deadline_ns, response,
                                &out->body, why);
    return reason == ATLS_OK ? check_status(document, response->status, why)
                             : reason;
}

enum atls_reason
atls_remote_get_by_http(const struct atls_remote_document *document,
                        int64_t deadline_ns, struct atls_remote_copy *out,
                        struct atls_why *why)
{
    struct atls_remote_client *client = NULL;
    enum atls_reason reason;
    int saved = errno;

    ERR_set_mark();
    reason = atls_remote_client_take(document->peer, &client, why);
    if (reason == ATLS_OK)
        reason = get(document, atls_remote_client_http(client), deadline_ns,
                     out, why);
    atls_remote_client_give(client);
    ERR_pop_to_mark();
    errno = saved;
    return reason;
}
