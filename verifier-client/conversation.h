/* SPDX-License-Identifier: Apache-2.0
 *
 * A conversation with a Verifier, as data: the request that comes next, and
 * what an answer means. No I/O, no clock; the state says what it wants, and
 * remote_ask.c does it.
 */
#ifndef ATLS_CONVERSATION_H
#define ATLS_CONVERSATION_H

#include "http.h"
#include "remote.h"

#define ATLS_CONVERSATION_MAX_ANSWER 524288 /* bytes of a body */

struct atls_conversation {
    const struct atls_remote_question *question;

    /* what comes next; strings are in here */
    struct atls_http_request request;
    int64_t pause_ms;  /* to wait before it */
    bool is_finished;  /* nothing but `farewell` is left */
    bool has_farewell; /* a request whose answer does not matter */

    int state; /* the protocol's own */
    char path[ATLS_HTTP_MAX_URL];
    char session[ATLS_HTTP_MAX_URL]; /* path; "": none */
    char type[ATLS_TYPE_MAX_TEXT + 1];
    struct atls_buf body; /* of the request */
};

/* A protocol: begin fills the first request; next takes the answer to the
 * request and fills the following one, or appends the result, a compact JWS
 * that nobody has verified, and is finished. VERIFIER_ANSWER, VERIFIER_REFUSED,
 * OUT_OF_MEMORY. Clear the conversation whatever the reason. */
struct atls_protocol {
    enum atls_reason (*begin)(const struct atls_remote_question *question,
                              struct atls_conversation *out,
                              struct atls_why *why);
    enum atls_reason (*next)(struct atls_conversation *conversation,
                             const struct atls_http_response *response,
                             struct atls_view body, struct atls_buf *result,
                             struct atls_why *why);
};

extern const struct atls_protocol atls_veraison, atls_trustee;

void atls_conversation_clear(struct atls_conversation *conversation);

/* atls_conversation_refusal: VERIFIER_REFUSED with what an answer of 400 and
 * above says: problem details (RFC 9457), text, or the types that it takes
 * (RFC 9110, 15.5.16); VERIFIER_ANSWER for other statuses. */
enum atls_reason
atls_conversation_refusal(const struct atls_conversation *conversation,
                          const struct atls_http_response *response,
                          struct atls_view body, struct atls_why *why);

/* atls_conversation_resolve: where `reference` leads from the request's path
 * (RFC 3986, 5.2), as a path for the next request: a URL must be of the peer's
 * own origin. false: it is not, or is none. */
bool ATLS_MUST_USE
atls_conversation_resolve(const struct atls_conversation *conversation,
                          const char *reference, char *path, size_t size);

#endif
