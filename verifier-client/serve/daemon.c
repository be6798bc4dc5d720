/* SPDX-License-Identifier: Apache-2.0
 *
 * libmicrohttpd's callbacks, turned into exchanges. A transfer is made when a
 * request line has been read and freed when the answer is out or will never be.
 */
#include "serve/daemon.h"

#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

enum {
    MAX_HEADER = 16384,    /* bytes of a request line and all headers */
    MAX_DRAINED = 1 << 20, /* bytes that are read of a body too large, so that
                              its sender sees the answer */
    MAX_PEER = 80
};

struct atls_daemon {
    struct atls_server *server;
    struct MHD_Daemon *http;
    struct atls_clients clients;
    unsigned num_transfers; /* atomic: requests under way */
    bool is_quiet;          /* atomic */
    char said[256];         /* by libmicrohttpd while it starts */
};

struct transfer {
    struct atls_exchange exchange;
    struct atls_buf body;
    size_t received; /* bytes of the body, kept or not */
    int64_t start_ns;
    bool is_begun, is_answered;
};

__attribute__((format(printf, 2, 0))) static void
take_words(void *arg, const char *format, va_list args)
{
    struct atls_daemon *daemon = arg;

    if (daemon->http != NULL)
        return;
    vsnprintf(daemon->said, sizeof(daemon->said), format, args);
    daemon->said[strcspn(daemon->said, "\n")] = '\0';
}

static struct atls_client *client_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info != NULL ? info->socket_context : NULL;
}

static void on_connection(void *arg, struct MHD_Connection *connection,
                          void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct atls_daemon *daemon = arg;
    uint64_t *num = &daemon->server->metrics.connections;
    const union MHD_ConnectionInfo *info;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        atls_clients_remove(&daemon->clients, *context);
        *context = NULL;
        __atomic_sub_fetch(num, 1, __ATOMIC_RELAXED);
        return;
    }
    __atomic_add_fetch(num, 1, __ATOMIC_RELAXED);
    info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *context = info != NULL
                   ? atls_clients_add(&daemon->clients, info->connect_fd)
                   : NULL;
}

/* The first thing that is heard of a request. */
static void *on_request(void *arg, const char *uri,
                        struct MHD_Connection *connection)
{
    struct atls_daemon *daemon = arg;
    struct transfer *transfer = calloc(1, sizeof(*transfer));

    (void)uri;
    (void)connection;
    if (transfer == NULL)
        return NULL;
    atls_exchange_init(&transfer->exchange);
    transfer->body = atls_buf(ATLS_EXCHANGE_MAX_BODY);
    transfer->start_ns = atls_clock_now();
    __atomic_add_fetch(&daemon->num_transfers, 1, __ATOMIC_ACQ_REL);
    return transfer;
}

static void on_completed(void *arg, struct MHD_Connection *connection,
                         void **context, enum MHD_RequestTerminationCode code)
{
    struct atls_daemon *daemon = arg;
    struct transfer *transfer = *context;

    (void)code;
    *context = NULL;
    if (transfer == NULL)
        return;
    atls_clients_renew(&daemon->clients, client_of(connection));
    atls_exchange_clear(&transfer->exchange);
    atls_buf_clear(&transfer->body);
    free(transfer);
    __atomic_sub_fetch(&daemon->num_transfers, 1, __ATOMIC_ACQ_REL);
}

static void name_peer(struct MHD_Connection *connection, char *peer,
                      size_t size)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char host[48] = "?", port[8] = "?";
    socklen_t len;

    if (info != NULL && info->client_addr != NULL) {
        len = info->client_addr->sa_family == AF_INET6
                  ? sizeof(struct sockaddr_in6)
                  : sizeof(struct sockaddr_in);
        (void)getnameinfo(info->client_addr, len, host, sizeof(host), port,
                          sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
    }
    snprintf(peer, size, strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host,
             port);
}

static void add_header(struct MHD_Response *response, const char *name,
                       const char *value)
{
    if (value != NULL && value[0] != '\0')
        (void)MHD_add_response_header(response, name, value);
}

static enum MHD_Result send_answer(const struct atls_daemon *daemon,
                                   struct MHD_Connection *connection,
                                   const struct atls_answer *answer)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->body.len, answer->body.data, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result;

    if (response == NULL)
        return MHD_NO;
    add_header(response, "Content-Type", answer->type);
    add_header(response, "Location", answer->location);
    add_header(response, "Accept", answer->accept);
    add_header(response, "Allow", answer->allow);
    add_header(response, "Cache-Control", answer->cache);
    if (__atomic_load_n(&daemon->is_quiet, __ATOMIC_RELAXED))
        add_header(response, "Connection", "close");
    result = MHD_queue_response(connection, (unsigned)answer->status, response);
    MHD_destroy_response(response);
    return result;
}

static const char *header_of(struct MHD_Connection *connection,
                             const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static const char *argument_of(struct MHD_Connection *connection,
                               const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
}

static enum MHD_Result answer(struct atls_daemon *daemon,
                              struct MHD_Connection *connection,
                              struct transfer *transfer)
{
    struct atls_exchange *exchange = &transfer->exchange;
    char peer[MAX_PEER];
    enum MHD_Result result;

    transfer->is_answered = true;
    exchange->request.body = atls_buf_view(&transfer->body);
    atls_server_begin(daemon->server, exchange);
    if (transfer->received > ATLS_EXCHANGE_MAX_BODY)
        atls_exchange_problem(exchange, 413, "want at most %d bytes",
                              ATLS_EXCHANGE_MAX_BODY);
    else if (transfer->body.failed)
        atls_exchange_problem(exchange, 500, "out of memory");
    else
        atls_exchange_run(exchange);
    result = send_answer(daemon, connection, &exchange->answer);
    name_peer(connection, peer, sizeof(peer));
    atls_server_end(daemon->server, exchange, peer,
                    atls_clock_now() - transfer->start_ns);
    return result;
}

/* A body that says that it is far too large is not read at all. */
static bool is_hopeless(struct MHD_Connection *connection,
                        struct transfer *transfer)
{
    const char *length = header_of(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
    unsigned long long value;

    if (length == NULL || sscanf(length, "%llu", &value) != 1 ||
        value <= MAX_DRAINED)
        return false;
    transfer->received = (size_t)value;
    return true;
}

static enum MHD_Result begin(struct atls_daemon *daemon,
                             struct MHD_Connection *connection, const char *url,
                             const char *method, struct transfer *transfer)
{
    struct atls_request *request = &transfer->exchange.request;

    transfer->is_begun = true;
    request->method = method;
    request->path = url;
    request->accept = header_of(connection, MHD_HTTP_HEADER_ACCEPT);
    request->content_type = header_of(connection, MHD_HTTP_HEADER_CONTENT_TYPE);
    request->nonce = argument_of(connection, "nonce");
    request->nonce_size = argument_of(connection, "nonceSize");
    return is_hopeless(connection, transfer)
               ? answer(daemon, connection, transfer)
               : MHD_YES;
}

static enum MHD_Result receive(struct transfer *transfer, const char *data,
                               size_t *size)
{
    transfer->received += *size;
    if (transfer->received <= ATLS_EXCHANGE_MAX_BODY)
        atls_buf_put(&transfer->body, atls_view(data, *size));
    *size = 0;
    return transfer->received <= MAX_DRAINED ? MHD_YES : MHD_NO;
}

static enum MHD_Result on_data(void *arg, struct MHD_Connection *connection,
                               const char *url, const char *method,
                               const char *version, const char *data,
                               size_t *size, void **context)
{
    struct transfer *transfer = *context;

    (void)version;
    if (transfer == NULL || transfer->is_answered)
        return MHD_NO;
    if (!transfer->is_begun)
        return begin(arg, connection, url, method, transfer);
    if (*size > 0)
        return receive(transfer, data, size);
    return answer(arg, connection, transfer);
}

static unsigned num_cores(void)
{
    long num = sysconf(_SC_NPROCESSORS_ONLN);

    return num > 0 ? (unsigned)num : 1;
}

/* GnuTLS's words. RFC 9325: no key exchange without forward secrecy (4.1), and
 * of TLS 1.2 only suites with an AEAD (4.2). Not const, as libmicrohttpd's
 * arrays have no such pointers. */
static char priorities[] = "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:"
                           "-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-MAC-ALL:+AEAD";

static struct MHD_Daemon *start(struct atls_daemon *daemon,
                                const struct atls_daemon_terms *terms)
{
    unsigned flags =
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG;
    unsigned num_threads =
        terms->num_threads > 0 ? terms->num_threads : num_cores();
    bool has_tls = terms->certificate != NULL;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, terms->certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, terms->key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, priorities},
        {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem pool[] = {
        {MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)num_threads, NULL},
        {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};

    return MHD_start_daemon(
        has_tls ? flags | MHD_USE_TLS : flags, 0, NULL, NULL, on_data, daemon,
        MHD_OPTION_EXTERNAL_LOGGER, take_words, daemon,
        MHD_OPTION_LISTEN_SOCKET, terms->listen_fd, MHD_OPTION_URI_LOG_CALLBACK,
        on_request, daemon, MHD_OPTION_NOTIFY_COMPLETED, on_completed, daemon,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, daemon,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MAX_HEADER,
        MHD_OPTION_CONNECTION_LIMIT, terms->max_connections,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, terms->max_per_address,
        MHD_OPTION_CONNECTION_TIMEOUT, terms->request_timeout_s,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, has_tls ? tls : none,
        MHD_OPTION_ARRAY, num_threads > 1 ? pool : none, MHD_OPTION_END);
}

enum atls_reason atls_daemon_start(struct atls_server *server,
                                   const struct atls_daemon_terms *terms,
                                   struct atls_daemon **out,
                                   struct atls_why *why)
{
    struct atls_daemon *daemon = calloc(1, sizeof(*daemon));

    *out = NULL;
    if (daemon == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    daemon->server = server;
    atls_clients_init(&daemon->clients,
                      (int64_t)terms->request_timeout_s * 1000000000);
    daemon->http = start(daemon, terms);
    if (daemon->http != NULL) {
        *out = daemon;
        return ATLS_OK;
    }
    (void)atls_why(why, ATLS_SETTING_INVALID, "libmicrohttpd: %s",
                   daemon->said[0] != '\0' ? daemon->said : "does not start");
    atls_clients_clear(&daemon->clients);
    free(daemon);
    return ATLS_SETTING_INVALID;
}

void atls_daemon_sweep(struct atls_daemon *daemon)
{
    unsigned num = atls_clients_sweep(&daemon->clients, atls_clock_now());

    __atomic_add_fetch(&daemon->server->metrics.connections_cut, num,
                       __ATOMIC_RELAXED);
}

void atls_daemon_quiesce(struct atls_daemon *daemon)
{
    int fd;

    __atomic_store_n(&daemon->is_quiet, true, __ATOMIC_RELAXED);
    fd = MHD_quiesce_daemon(daemon->http);
    if (fd >= 0)
        close(fd);
}

bool atls_daemon_is_idle(const struct atls_daemon *daemon)
{
    return __atomic_load_n(&daemon->num_transfers, __ATOMIC_ACQUIRE) == 0;
}

void atls_daemon_stop(struct atls_daemon *daemon)
{
    if (daemon == NULL)
        return;
    MHD_stop_daemon(daemon->http);
    atls_clients_clear(&daemon->clients);
    free(daemon);
}
