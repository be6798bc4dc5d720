/* SPDX-License-Identifier: Apache-2.0
 *
 * Clients in a list that only grows, so that nobody waits for a lock and fork
 * leaves none shut.
 */
#include "remote_client.h"

#include <stdatomic.h>
#include <string.h>

enum { MAX_CLIENTS = 16, SPKI_LEN = 32 };

/* A copy of what a policy says of a peer: policies come and go. */
struct atls_remote_client {
    struct atls_remote_client *next;
    bool is_kept; /* on the list, for good */
    struct atls_http_peer peer;
    struct atls_http *http;
};

static struct atls_remote_client *_Atomic clients;
static atomic_int num_clients;

static bool texts_equal(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool peers_equal(const struct atls_http_peer *a,
                        const struct atls_http_peer *b)
{
    return texts_equal(a->url, b->url) && texts_equal(a->ca, b->ca) &&
           texts_equal(a->certificate, b->certificate) &&
           texts_equal(a->key, b->key) &&
           texts_equal(a->token_file, b->token_file) &&
           a->allows_loopback_http == b->allows_loopback_http &&
           atls_view_equal(atls_view(a->spki, a->num_spki * SPKI_LEN),
                           atls_view(b->spki, b->num_spki * SPKI_LEN));
}

static void client_free(struct atls_remote_client *client)
{
    atls_http_free(client->http);
    free((void *)(uintptr_t)client->peer.url);
    free((void *)(uintptr_t)client->peer.ca);
    free((void *)(uintptr_t)client->peer.spki);
    free((void *)(uintptr_t)client->peer.certificate);
    free((void *)(uintptr_t)client->peer.key);
    free((void *)(uintptr_t)client->peer.token_file);
    free(client);
}
typedef struct atls_remote_client remote_client;
ATLS_AUTO_FREE(remote_client, client_free)

/* false: no memory, and *copy is NULL. */
static bool copy_text(const char *text, const char **copy)
{
    *copy = text == NULL ? NULL : strdup(text);
    return text == NULL || *copy != NULL;
}

static bool copy_peer(const struct atls_http_peer *from,
                      struct atls_http_peer *to)
{
    size_t len = from->num_spki * SPKI_LEN;
    uint8_t *spki = len > 0 ? malloc(len) : NULL;

    if (spki != NULL)
        memcpy(spki, from->spki, len);
    to->spki = spki;
    to->num_spki = from->num_spki;
    to->allows_loopback_http = from->allows_loopback_http;
    return (len == 0 || spki != NULL) && copy_text(from->url, &to->url) &&
           copy_text(from->ca, &to->ca) &&
           copy_text(from->certificate, &to->certificate) &&
           copy_text(from->key, &to->key) &&
           copy_text(from->token_file, &to->token_file);
}

static enum atls_reason client_new(const struct atls_http_peer *peer,
                                   struct atls_remote_client **out,
                                   struct atls_why *why)
{
    ATLS_AUTO(remote_client) *new = calloc(1, sizeof(*new));
    enum atls_reason reason;

    if (new == NULL || !copy_peer(peer, &new->peer))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    reason = atls_http_new(&new->peer, &new->http, why);
    if (reason == ATLS_OK)
        *out = ATLS_STEAL(new);
    return reason;
}

static struct atls_remote_client *find_client(const struct atls_http_peer *peer)
{
    struct atls_remote_client *client = clients;

    while (client != NULL && !peers_equal(&client->peer, peer))
        client = client->next;
    return client;
}

enum atls_reason atls_remote_client_take(const struct atls_http_peer *peer,
                                         struct atls_remote_client **out,
                                         struct atls_why *why)
{
    enum atls_reason reason;

    *out = find_client(peer);
    if (*out != NULL)
        return ATLS_OK;
    reason = client_new(peer, out, why);
    if (reason != ATLS_OK)
        return reason;
    if (atomic_fetch_add(&num_clients, 1) >= MAX_CLIENTS) {
        atomic_fetch_sub(&num_clients, 1);
        return ATLS_OK;
    }
    (*out)->is_kept = true;
    (*out)->next = clients;
    while (!atomic_compare_exchange_weak(&clients, &(*out)->next, *out))
        continue;
    return ATLS_OK;
}

void atls_remote_client_give(struct atls_remote_client *client)
{
    if (client != NULL && !client->is_kept)
        client_free(client);
}

struct atls_http *atls_remote_client_http(struct atls_remote_client *client)
{
    return client->http;
}
