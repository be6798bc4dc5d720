/* SPDX-License-Identifier: Apache-2.0
 *
 * Whose a handle is, whether its socket is still its own, and how it is driven:
 * by a multi handle of its own, since curl_easy_perform always waits.
 */
#include "http_connection.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"

enum {
    POLL_MS = 1000,
    ERRAND_S = 5, /* for an answer that does not matter */
};

/* A program that becomes a daemon may close everything, and the number is
 * then another file's. */
static bool has_its_socket(const struct atls_http_connection *connection)
{
    struct stat now;

    return connection->fd < 0 || (fstat(connection->fd, &now) == 0 &&
                                  now.st_dev == connection->device &&
                                  now.st_ino == connection->inode);
}

static void drop_errand(struct atls_http_connection *connection)
{
    if (connection->errand == NULL)
        return;
    (void)curl_multi_remove_handle(connection->multi, connection->easy);
    curl_easy_reset(connection->easy); /* it knows the errand */
    connection->free_errand(connection->errand);
    connection->errand = NULL;
}

void atls_http_connection_close(struct atls_http_connection *connection)
{
    drop_errand(connection);
    curl_easy_cleanup(connection->easy);
    (void)curl_multi_cleanup(connection->multi);
    free(connection);
}

/* A parent's handle speaks on a TLS session that is not ours: to end it in
 * libcurl would say goodbye in the parent's name. So only our copy of the
 * socket is closed, and the rest put where nobody looks. There too goes a
 * handle whose socket is gone, as libcurl would write to whatever has the
 * number now. */
static void leave(struct atls_http_connection *connection)
{
    static struct atls_http_connection *_Atomic left;

    if (connection->pid != getpid() && connection->fd >= 0 &&
        has_its_socket(connection))
        close(connection->fd);
    connection->next = left;
    while (!atomic_compare_exchange_weak(&left, &connection->next, connection))
        continue;
}

static bool is_usable(const struct atls_http_connection *connection)
{
    return connection->pid == getpid() && has_its_socket(connection);
}

static struct atls_http_connection *new_connection(void)
{
    struct atls_http_connection *connection = calloc(1, sizeof(*connection));

    if (connection == NULL)
        return NULL;
    connection->easy = curl_easy_init();
    connection->multi = curl_multi_init();
    connection->pid = getpid();
    connection->fd = -1;
    if (connection->easy != NULL && connection->multi != NULL &&
        curl_multi_setopt(connection->multi, CURLMOPT_MAXCONNECTS, 1L) ==
            CURLM_OK)
        return connection;
    atls_http_connection_close(connection);
    return NULL;
}

/* While `easy` is the multi handle's: else it has no connection. */
static void note_socket(struct atls_http_connection *connection)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    struct stat now;

    connection->fd = -1;
    if (curl_easy_getinfo(connection->easy, CURLINFO_ACTIVESOCKET, &fd) !=
            CURLE_OK ||
        fd == CURL_SOCKET_BAD || fstat(fd, &now) != 0)
        return;
    connection->fd = fd;
    connection->device = now.st_dev;
    connection->inode = now.st_ino;
}

/* How the transfer ended that runs no more. */
static CURLcode result_of(const struct atls_http_connection *connection)
{
    int num_left;
    const CURLMsg *message = curl_multi_info_read(connection->multi, &num_left);

    return message != NULL && message->msg == CURLMSG_DONE
               ? message->data.result
               : CURLE_OUT_OF_MEMORY;
}

CURLcode atls_http_connection_run(struct atls_http_connection *connection)
{
    CURLM *multi = connection->multi;
    CURLMcode code = curl_multi_add_handle(multi, connection->easy);
    CURLcode result = CURLE_OUT_OF_MEMORY;
    int num_running = 1;

    while (code == CURLM_OK && num_running > 0) {
        code = curl_multi_perform(multi, &num_running);
        if (code == CURLM_OK && num_running > 0)
            code = curl_multi_poll(multi, NULL, 0, POLL_MS, NULL);
    }
    if (code == CURLM_OK)
        result = result_of(connection);
    note_socket(connection);
    (void)curl_multi_remove_handle(multi, connection->easy);
    return result;
}

enum progress { FINISHED, UNDER_WAY, FAILED };

static enum progress advance(struct atls_http_connection *connection)
{
    int num_running = 0;

    if (curl_multi_perform(connection->multi, &num_running) != CURLM_OK)
        return FAILED;
    if (num_running > 0)
        return UNDER_WAY;
    if (result_of(connection) != CURLE_OK)
        return FAILED;
    note_socket(connection);
    return FINISHED;
}

bool atls_http_connection_send_off(struct atls_http_connection *connection,
                                   void *errand, void (*free_errand)(void *))
{
    connection->errand = errand;
    connection->free_errand = free_errand;
    connection->sent_ns = atls_clock_now();
    if (curl_multi_add_handle(connection->multi, connection->easy) ==
        CURLM_OK) {
        switch (advance(connection)) {
        case UNDER_WAY:
            return true;
        case FINISHED:
            drop_errand(connection);
            return true;
        case FAILED:
            break;
        }
    }
    drop_errand(connection);
    return false;
}

static enum progress settle(struct atls_http_connection *connection)
{
    enum progress progress;

    if (connection->errand == NULL)
        return FINISHED;
    progress = advance(connection);
    if (progress == UNDER_WAY &&
        atls_clock_now() - connection->sent_ns > ERRAND_S * INT64_C(1000000000))
        progress = FAILED;
    if (progress != UNDER_WAY)
        drop_errand(connection);
    return progress;
}

static void put(struct atls_http_connections *connections,
                struct atls_http_connection *connection)
{
    struct atls_http_connection *none = NULL;

    for (size_t i = 0; i < ATLS_HTTP_MAX_IDLE; i++, none = NULL)
        if (atomic_compare_exchange_strong(&connections->idle[i], &none,
                                           connection))
            return;
    atls_http_connection_close(connection);
}

/* NULL: none in that slot, or not for now. */
static struct atls_http_connection *
take_idle(struct atls_http_connections *connections, size_t i)
{
    struct atls_http_connection *connection =
        atomic_exchange(&connections->idle[i], NULL);

    if (connection == NULL)
        return NULL;
    if (!is_usable(connection)) {
        leave(connection);
        return NULL;
    }
    switch (settle(connection)) {
    case FINISHED:
        return connection;
    case UNDER_WAY:
        put(connections, connection);
        break;
    case FAILED:
        atls_http_connection_close(connection);
        break;
    }
    return NULL;
}

struct atls_http_connection *
atls_http_connection_take(struct atls_http_connections *connections)
{
    struct atls_http_connection *connection = NULL;

    for (size_t i = 0; i < ATLS_HTTP_MAX_IDLE && connection == NULL; i++)
        connection = take_idle(connections, i);
    return connection != NULL ? connection : new_connection();
}

void atls_http_connection_keep(struct atls_http_connections *connections,
                               struct atls_http_connection *connection)
{
    put(connections, connection);
}

void atls_http_connection_close_all(struct atls_http_connections *connections)
{
    struct atls_http_connection *connection;

    for (size_t i = 0; i < ATLS_HTTP_MAX_IDLE; i++) {
        connection = atomic_exchange(&connections->idle[i], NULL);
        if (connection == NULL)
            continue;
        if (is_usable(connection))
            atls_http_connection_close(connection);
        else
            leave(connection);
    }
}
