/* SPDX-License-Identifier: Apache-2.0
 *
 * A list under a lock. shutdown() of a descriptor that the other thread still
 * has open makes it see the end; closing stays its own.
 */
#include "serve/client.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "clock.h"

void atls_clients_init(struct atls_clients *clients, int64_t limit_ns)
{
    *clients = (struct atls_clients){.limit_ns = limit_ns};
    pthread_mutex_init(&clients->mutex, NULL);
}

void atls_clients_clear(struct atls_clients *clients)
{
    while (clients->first != NULL)
        atls_clients_remove(clients, clients->first);
    pthread_mutex_destroy(&clients->mutex);
}

struct atls_client *atls_clients_add(struct atls_clients *clients, int fd)
{
    struct atls_client *client = calloc(1, sizeof(*client));

    if (client == NULL)
        return NULL;
    client->fd = fd;
    client->since_ns = atls_clock_now();
    pthread_mutex_lock(&clients->mutex);
    client->next = clients->first;
    if (client->next != NULL)
        client->next->previous = client;
    clients->first = client;
    pthread_mutex_unlock(&clients->mutex);
    return client;
}

void atls_clients_remove(struct atls_clients *clients,
                         struct atls_client *client)
{
    if (client == NULL)
        return;
    pthread_mutex_lock(&clients->mutex);
    if (client->next != NULL)
        client->next->previous = client->previous;
    if (client->previous != NULL)
        client->previous->next = client->next;
    else
        clients->first = client->next;
    pthread_mutex_unlock(&clients->mutex);
    free(client);
}

void atls_clients_renew(struct atls_clients *clients,
                        struct atls_client *client)
{
    if (client == NULL)
        return;
    pthread_mutex_lock(&clients->mutex);
    client->since_ns = atls_clock_now();
    pthread_mutex_unlock(&clients->mutex);
}

unsigned atls_clients_sweep(struct atls_clients *clients, int64_t now_ns)
{
    unsigned num = 0;

    pthread_mutex_lock(&clients->mutex);
    for (struct atls_client *client = clients->first; client != NULL;
         client = client->next)
        if (now_ns - client->since_ns > clients->limit_ns) {
            (void)shutdown(client->fd, SHUT_RDWR);
            client->since_ns = now_ns; /* counted once */
            num++;
        }
    pthread_mutex_unlock(&clients->mutex);
    return num;
}
