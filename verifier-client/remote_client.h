/* SPDX-License-Identifier: Apache-2.0
 *
 * atls_remote.so: HTTP clients, one a peer, kept for the process.
 */
#ifndef ATLS_REMOTE_CLIENT_H
#define ATLS_REMOTE_CLIENT_H

#include "http.h"

struct atls_remote_client;

/* atls_remote_client_take: the client of that peer, of which nothing is
 * borrowed: policies come and go. What atls_http_new can return. Give it back
 * with atls_remote_client_give (NULL is fine). */
enum atls_reason ATLS_MUST_USE
atls_remote_client_take(const struct atls_http_peer *peer,
                        struct atls_remote_client **out, struct atls_why *why);
void atls_remote_client_give(struct atls_remote_client *client);

struct atls_http *atls_remote_client_http(struct atls_remote_client *client);

#endif
