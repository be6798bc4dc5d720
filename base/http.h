/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP requests by libcurl, as a guest in other programs makes them: one
 * deadline for all, bounded bodies, no redirects, no signals, no environment
 * (proxies, .netrc), TLS verified. This is the only home of libcurl; what links
 * it is loaded when it is needed and not before.
 */
#ifndef ATLS_HTTP_H
#define ATLS_HTTP_H

#include "why.h"

#define ATLS_HTTP_MAX_URL  1024    /* bytes */
#define ATLS_HTTP_MAX_BODY 1048576 /* bytes that a caller may let come */
#define ATLS_HTTP_MAX_TYPE 256     /* bytes of a Content-Type, with the NUL */
#define ATLS_HTTP_LIFETIME_S                                                   \
    60 /* of a connection: then the files below are                            \
          read anew */

/* The operation with which the security callback of each SSL_CTX that is made
 * for such requests is called once, with the peer's host name as `other` and
 * without an SSL: this connection is atls's own. Hooks that came to be on that
 * SSL_CTX in a handshake of the program leave it alone. Other callbacks, like
 * libssl's own, do not know the number. */
#define ATLS_HTTP_SECOP 0x61746c73

/* Where requests go and who is believed there. Strings are borrowed and live
 * as long as the client; NULL: not used. */
struct atls_http_peer {
    const char *url;         /* scheme, host and port, maybe a path before ours:
                                https, or http where allowed below; or "unix:"
                                and the path of a socket */
    const char *ca;          /* PEM file; NULL: the system's CAs */
    const uint8_t *spki;     /* SHA-256 hashes of accepted server keys, */
    size_t num_spki;         /* 32 bytes each; besides the CA, not instead */
    const char *certificate; /* of ours, PEM file, with key */
    const char *key;
    const char *token_file;    /* a bearer token, read at each request */
    bool allows_loopback_http; /* http to 127.0.0.0/8, ::1 or a Unix socket */
};

struct atls_http; /* connections of one process to one peer, kept for reuse;
                     any thread, and remade after fork */

/* atls_http_new: checks the peer, connects to nobody. VERIFIER_URL for a URL
 * that cannot be used, HOST_CONFLICT (libcurl is not one that we can use),
 * OUT_OF_MEMORY. Free with atls_http_free. */
enum atls_reason ATLS_MUST_USE atls_http_new(const struct atls_http_peer *peer,
                                             struct atls_http **out,
                                             struct atls_why *why);
void atls_http_free(struct atls_http *http);

struct atls_http_request {
    const char *method;       /* "GET", "POST", "DELETE" */
    const char *path;         /* absolute: replaces the peer's path when it
                                 starts with '/', else goes behind it */
    const char *accept;       /* media type; NULL: any */
    const char *content_type; /* of body; NULL: no body */
    struct atls_view body;
    const char *header;     /* of the answer, whose value is wanted as well; */
    struct atls_buf *value; /* it is appended here, once; NULL: none is */
};

struct atls_http_response {
    int status;                            /* 100..599 */
    char content_type[ATLS_HTTP_MAX_TYPE]; /* "": none */
    char location[ATLS_HTTP_MAX_URL];      /* "": none; as it was sent */
    char accept[ATLS_HTTP_MAX_URL];        /* the header Accept of a 415 */
};

/* atls_http_exchange: one request, its body appended to `body` (whose maximum
 * is the limit). Any status is a success here. deadline_ns is of the monotonic
 * clock (atls_clock_now). VERIFIER_TIMEOUT, VERIFIER_UNREACHABLE (name, route,
 * refusal, half-open), VERIFIER_UNTRUSTED (its certificate or key),
 * VERIFIER_TOO_LARGE (body or header), VERIFIER_ANSWER (no HTTP, or a request
 * that no HTTP can carry), FILE_UNREADABLE (ca, certificate, key or token),
 * OUT_OF_MEMORY. libcurl empties the thread's OpenSSL error queue. */
enum atls_reason ATLS_MUST_USE
atls_http_exchange(struct atls_http *http,
                   const struct atls_http_request *request, int64_t deadline_ns,
                   struct atls_http_response *response, struct atls_buf *body,
                   struct atls_why *why);

/* atls_http_send_off: a request whose answer does not matter, over a connection
 * that is open, without waiting: what comes back is read before the connection
 * is used again. The request has no body. false: it was not sent; a connection
 * that the peer closed may be why, and nobody is connected to for this. */
bool atls_http_send_off(struct atls_http *http,
                        const struct atls_http_request *request);

#endif
