/* SPDX-License-Identifier: Apache-2.0
 *
 * A request and what is answered, without the transport: what comes from
 * libmicrohttpd or from a test goes in, and what goes out stands there.
 */
#ifndef ATLS_SERVE_EXCHANGE_H
#define ATLS_SERVE_EXCHANGE_H

#include "serve/service.h"
#include "serve/session.h"
#include "verdict.h"

#define ATLS_EXCHANGE_MAX_BODY 65536     /* bytes of a request's body */
#define ATLS_EXCHANGE_MAX_SENT (1 << 20) /* bytes of an answer's */

struct atls_request { /* strings are borrowed; NULL: not there */
    const char *method, *path;
    const char *accept, *content_type;
    const char *nonce, *nonce_size; /* of the query */
    struct atls_view body;
};

struct atls_answer {
    int status;
    const char *type; /* media type; NULL: no body */
    struct atls_buf body;
    char location[ATLS_SESSION_ID + 16]; /* header; "": none */
    const char *accept, *allow, *cache;  /* headers; NULL: none */
};

struct atls_route; /* route.h */
struct atls_metrics;

struct atls_exchange {
    struct atls_service *service; /* a reference of its own */
    const struct atls_session_key *session_key;
    struct atls_metrics *metrics;
    int64_t now; /* seconds since 1970 */
    struct atls_request request;
    struct atls_answer answer;

    /* for the log */
    const struct atls_route *route; /* NULL: none is like that */
    bool is_appraised;
    struct atls_verdict verdict;
    char type[ATLS_TYPE_MAX_TEXT + 1]; /* of the Evidence; "": none */
};

void atls_exchange_init(struct atls_exchange *exchange);
void atls_exchange_clear(struct atls_exchange *exchange);

/* atls_exchange_problem: an answer of RFC 9457 in place of whatever stands
 * there. */
void atls_exchange_problem(struct atls_exchange *exchange, int status,
                           const char *format, ...) ATLS_PRINTF(3, 4);

/* atls_exchange_accepts: one of the media types that the client takes, as its
 * header Accept says (RFC 9110, 12.5.1), is type. */
bool atls_exchange_accepts(const struct atls_exchange *exchange,
                           const char *type);

/* atls_exchange_run: fills the answer. */
void atls_exchange_run(struct atls_exchange *exchange);

#endif
