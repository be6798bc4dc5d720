/* SPDX-License-Identifier: Apache-2.0
 *
 * The URL of a peer that is asked over HTTP: scheme, host, port and a path
 * (RFC 3986, 3), without user, query or fragment; or "unix:" and a socket.
 */
#ifndef ATLS_HTTP_URL_H
#define ATLS_HTTP_URL_H

#include "http.h"

struct atls_http_url { /* strings are owned */
    bool is_plain;     /* no TLS */
    char *origin;      /* "https://host:port", without a path */
    char *folder;      /* "/" or "/a/b/" */
    char *host;        /* without brackets */
    char *socket;      /* NULL: none */
};

/* atls_http_url_parse: http only to loopback (an address, or "localhost",
 * which libcurl resolves itself) and to sockets, and where that is allowed.
 * VERIFIER_URL, OUT_OF_MEMORY. Clear *out whatever the reason. */
enum atls_reason ATLS_MUST_USE atls_http_url_parse(const char *text,
                                                   bool allows_loopback_http,
                                                   struct atls_http_url *out,
                                                   struct atls_why *why);
void atls_http_url_clear(struct atls_http_url *url);

#endif
