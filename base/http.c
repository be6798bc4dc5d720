/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP by libcurl: what a handle is told, and what its end means. Each exchange
 * has a handle of its own while it lasts (http_connection.h).
 */
#include "config.h" /* dladdr */

#include "http.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <openssl/ssl.h>

#include "clock.h"
#include "http_connection.h"
#include "http_url.h"
#include "signals.h"
#include "token.h"

enum {
    MAX_HEADERS = 32768,              /* bytes of all headers of an answer */
    MAX_LINE = 2 * ATLS_HTTP_MAX_URL, /* bytes of a URL or header of ours */
    SPKI_LEN = 32,
    MAX_IGNORED = 65536, /* bytes of a body that does not matter */
    PIN_LEN = 53,        /* "sha256//", 44 digits of base64, ';' */
};

struct atls_http {
    struct atls_http_peer peer;
    struct atls_http_url url;
    char *pins; /* NULL: none */
    struct atls_http_connections connections;
};

struct exchange {
    const struct atls_http *http;
    const struct atls_http_request *request; /* NULL: it is gone by then */
    struct atls_http_response *response;
    struct atls_buf *body;
    bool only_kept; /* no new connection */
    size_t headers_len;
    bool is_too_large;
    char error[CURL_ERROR_SIZE];
};

/* libcurl itself */

static struct {
    const char *lacks;   /* NULL: nothing */
    bool has_our_libssl; /* what it calls an SSL_CTX, we may call so too */
} library;

/* A program that exports a curl_easy_init of its own would get our calls. */
static bool is_one_library(void)
{
    void (*const functions[])(void) = {(void (*)(void))curl_easy_init,
                                       (void (*)(void))curl_easy_cleanup,
                                       (void (*)(void))curl_easy_reset,
                                       (void (*)(void))curl_easy_setopt,
                                       (void (*)(void))curl_easy_getinfo,
                                       (void (*)(void))curl_global_init,
                                       (void (*)(void))curl_multi_init,
                                       (void (*)(void))curl_multi_setopt,
                                       (void (*)(void))curl_multi_perform,
                                       (void (*)(void))curl_multi_poll,
                                       (void (*)(void))curl_multi_cleanup,
                                       (void (*)(void))curl_multi_add_handle,
                                       (void (*)(void))curl_multi_remove_handle,
                                       (void (*)(void))curl_multi_info_read,
                                       (void (*)(void))curl_slist_append,
                                       (void (*)(void))curl_slist_free_all};
    Dl_info home = {0}, found = {0};

    if (dladdr((const void *)curl_easy_perform, &home) == 0)
        return false;
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
        if (dladdr((const void *)functions[i], &found) == 0 ||
            found.dli_fbase != home.dli_fbase)
            return false;
    return true;
}

/* Without a resolver that can be left, a name server that hangs holds us for
 * longer than any timeout; without the other, another thread's curl_global_init
 * may be under way. */
static const char *what_lacks(void)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

    if (!is_one_library())
        return "all of its functions, found others in their place";
    if (info->version_num < LIBCURL_VERSION_NUM)
        return "version " LIBCURL_VERSION " or later";
    if (!(info->features & CURL_VERSION_ASYNCHDNS))
        return "an asynchronous resolver (AsynchDNS)";
    if (!(info->features & CURL_VERSION_THREADSAFE))
        return "a thread-safe start (threadsafe)";
    return curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK ? NULL
                                                         : "a start that works";
}

/* Once a process, and never undone: the count that curl_global_init keeps has
 * our share for good, so a program's own cleanup takes nothing from us. */
static void open_library(void)
{
    const char *ssl = curl_version_info(CURLVERSION_NOW)->ssl_version;
    char wanted[64];

    snprintf(wanted, sizeof(wanted), "OpenSSL/%s",
             OpenSSL_version(OPENSSL_VERSION_STRING));
    library.has_our_libssl = ssl != NULL && strcmp(ssl, wanted) == 0;
    library.lacks = what_lacks();
}

static enum atls_reason need_library(struct atls_why *why)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, open_library);
    if (library.lacks == NULL)
        return ATLS_OK;
    return atls_why(why, ATLS_HOST_CONFLICT,
                    "libcurl %s of this program: want %s",
                    curl_version_info(CURLVERSION_NOW)->version, library.lacks);
}

static bool is_loopback(const struct sockaddr *address)
{
    const void *bytes = address;
    const struct sockaddr_in *v4 = bytes;
    const struct sockaddr_in6 *v6 = bytes;

    if (address->sa_family == AF_INET)
        return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
    return address->sa_family == AF_UNIX ||
           (address->sa_family == AF_INET6 &&
            IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr));
}

static enum atls_reason write_pins(struct atls_http *http, struct atls_why *why)
{
    const uint8_t *hash = http->peer.spki;
    size_t size = http->peer.num_spki * PIN_LEN + 1;
    char *at;

    if (http->peer.num_spki == 0)
        return ATLS_OK;
    at = http->pins = malloc(size);
    if (at == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    for (size_t i = 0; i < http->peer.num_spki; i++, hash += SPKI_LEN) {
        unsigned char digits[45];

        EVP_EncodeBlock(digits, hash, SPKI_LEN);
        at += snprintf(at, PIN_LEN + 1, "sha256//%s;", digits);
    }
    at[-1] = '\0';
    return ATLS_OK;
}

enum atls_reason atls_http_new(const struct atls_http_peer *peer,
                               struct atls_http **out, struct atls_why *why)
{
    struct atls_http *http;
    enum atls_reason reason = need_library(why);

    *out = NULL;
    if (reason != ATLS_OK)
        return reason;
    http = calloc(1, sizeof(*http));
    if (http == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    http->peer = *peer;
    reason = atls_http_url_parse(peer->url, peer->allows_loopback_http,
                                 &http->url, why);
    if (reason == ATLS_OK)
        reason = write_pins(http, why);
    if (reason == ATLS_OK)
        *out = ATLS_STEAL(http);
    atls_http_free(http);
    return reason;
}

void atls_http_free(struct atls_http *http)
{
    struct atls_signals held;

    if (http == NULL)
        return;
    atls_signals_hold(&held);
    atls_http_connection_close_all(&http->connections);
    atls_signals_release(&held);
    atls_http_url_clear(&http->url);
    free(http->pins);
    free(http);
}

/* What libcurl calls */

static curl_socket_t open_socket(void *arg, curlsocktype purpose,
                                 struct curl_sockaddr *address)
{
    const struct exchange *exchange = arg;

    if (purpose != CURLSOCKTYPE_IPCXN || exchange->only_kept ||
        (exchange->http->url.is_plain && !is_loopback(&address->addr)))
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC,
                  address->protocol);
}

/* See ATLS_HTTP_SECOP. */
static CURLcode mark_context(CURL *easy, void *context, void *arg)
{
    const struct atls_http *http = arg;
    SSL_CTX *ctx = context;
    int (*callback)(const SSL *, const SSL_CTX *, int, int, int, void *,
                    void *) = SSL_CTX_get_security_callback(ctx);

    (void)easy;
    if (callback != NULL)
        (void)callback(NULL, ctx, ATLS_HTTP_SECOP, 0, 0, http->url.host,
                       SSL_CTX_get0_security_ex_data(ctx));
    return CURLE_OK;
}

static size_t take_body(char *data, size_t size, size_t num, void *arg)
{
    struct exchange *exchange = arg;
    size_t len = size * num;

    if (len > exchange->body->max - exchange->body->len)
        exchange->is_too_large = true;
    else
        atls_buf_put(exchange->body, atls_view(data, len));
    return exchange->is_too_large || exchange->body->failed ? 0 : len;
}

/* The value of a header line of that name, without white space around it. */
static bool read_header(struct atls_view line, const char *name,
                        struct atls_view *value)
{
    size_t len = strlen(name);

    if (line.len <= len || line.data[len] != ':' ||
        strncasecmp((const char *)line.data, name, len) != 0)
        return false;
    line = atls_view(line.data + len + 1, line.len - len - 1);
    while (line.len > 0 && strchr(" \t\r\n", line.data[line.len - 1]) != NULL)
        line.len--;
    while (line.len > 0 && strchr(" \t", line.data[0]) != NULL)
        line = atls_view(line.data + 1, line.len - 1);
    *value = line;
    return true;
}

static bool copy_header(struct atls_view line, const char *name, char *out,
                        size_t size)
{
    struct atls_view value;

    if (!read_header(line, name, &value))
        return true;
    if (value.len >= size)
        return false;
    memcpy(out, value.data, value.len);
    out[value.len] = '\0';
    return true;
}

/* false: there is no room for it. */
static bool copy_wanted(struct atls_view line,
                        const struct atls_http_request *request)
{
    struct atls_view value;

    if (request == NULL || request->value == NULL || request->value->len > 0 ||
        !read_header(line, request->header, &value))
        return true;
    atls_buf_put(request->value, value);
    return !request->value->failed;
}

static size_t take_header(char *data, size_t size, size_t num, void *arg)
{
    struct exchange *exchange = arg;
    struct atls_http_response *response = exchange->response;
    struct atls_view line = atls_view(data, size * num);

    exchange->headers_len += line.len;
    exchange->is_too_large =
        exchange->headers_len > MAX_HEADERS ||
        !copy_header(line, "Content-Type", response->content_type,
                     sizeof(response->content_type)) ||
        !copy_header(line, "Location", response->location,
                     sizeof(response->location)) ||
        !copy_header(line, "Accept", response->accept,
                     sizeof(response->accept)) ||
        !copy_wanted(line, exchange->request);
    return exchange->is_too_large ? 0 : line.len;
}

/* One exchange */

typedef struct curl_slist curl_slist;
ATLS_AUTO_FREE(curl_slist, curl_slist_free_all)

/* Without a value libcurl's own header is taken away. */
static bool add_header(curl_slist **list, const char *name, const char *value)
{
    ATLS_AUTO_BUF line = atls_buf(MAX_LINE);
    curl_slist *longer;

    atls_buf_text(&line, name);
    atls_buf_text(&line, value != NULL ? value : "");
    atls_buf_u8(&line, '\0');
    if (line.failed)
        return false;
    longer = curl_slist_append(*list, (const char *)line.data);
    if (longer != NULL)
        *list = longer;
    return longer != NULL;
}

static bool add_headers(const struct atls_http_request *request,
                        curl_slist **list)
{
    return add_header(list, "Accept: ",
                      request->accept != NULL ? request->accept : "*/*") &&
           add_header(list, "Content-Type: ", request->content_type) &&
           add_header(list, "Expect:", NULL);
}

#define SET(easy, option, value)                                               \
    (curl_easy_setopt(easy, CURLOPT_##option, value) == CURLE_OK)

/* Nothing of the environment, nobody else, no signals, no questions. */
static bool set_manners(CURL *easy, struct exchange *exchange)
{
    const struct atls_http *http = exchange->http;

    return SET(easy, NOSIGNAL, 1L) && SET(easy, QUICK_EXIT, 1L) &&
           SET(easy, PROXY, "") && SET(easy, FOLLOWLOCATION, 0L) &&
           SET(easy, PROTOCOLS_STR, http->url.is_plain ? "http" : "https") &&
           SET(easy, HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
           SET(easy, MAXCONNECTS, 1L) && SET(easy, USERAGENT, "atls") &&
           SET(easy, ERRORBUFFER, exchange->error) &&
           SET(easy, OPENSOCKETFUNCTION, open_socket) &&
           SET(easy, OPENSOCKETDATA, exchange) &&
           SET(easy, HEADERFUNCTION, take_header) &&
           SET(easy, HEADERDATA, exchange) &&
           SET(easy, WRITEFUNCTION, take_body) &&
           SET(easy, WRITEDATA, exchange) &&
           SET(easy, UNIX_SOCKET_PATH, http->url.socket);
}

/* A password callback keeps OpenSSL from asking on the terminal. A CA file
 * stands alone, without the folder that libcurl has by default; it is read for
 * each connection, and none goes on for long, so that another in its place is
 * followed. */
static bool set_tls(CURL *easy, const struct atls_http *http)
{
    const struct atls_http_peer *peer = &http->peer;

    return SET(easy, SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
           SET(easy, SSL_SESSIONID_CACHE, 0L) &&
           (peer->ca == NULL ||
            (SET(easy, CAINFO, peer->ca) && SET(easy, CAPATH, NULL))) &&
           SET(easy, CA_CACHE_TIMEOUT, 0L) &&
           SET(easy, MAXLIFETIME_CONN, (long)ATLS_HTTP_LIFETIME_S) &&
           SET(easy, PINNEDPUBLICKEY, http->pins) &&
           SET(easy, SSLCERT, peer->certificate) &&
           SET(easy, SSLKEY, peer->key) && SET(easy, KEYPASSWD, "") &&
           (!library.has_our_libssl ||
            (SET(easy, SSL_CTX_FUNCTION, mark_context) &&
             SET(easy, SSL_CTX_DATA, http)));
}

static bool set_request(CURL *easy, const struct atls_http *http,
                        const struct atls_http_request *request)
{
    ATLS_AUTO_BUF url = atls_buf(MAX_LINE);

    atls_buf_text(&url, http->url.origin);
    if (request->path[0] != '/')
        atls_buf_text(&url, http->url.folder);
    atls_buf_text(&url, request->path);
    atls_buf_u8(&url, '\0');
    if (url.failed || !SET(easy, URL, (const char *)url.data))
        return false;
    if (strcmp(request->method, "POST") != 0)
        return SET(easy, CUSTOMREQUEST, request->method);
    return SET(easy, POST, 1L) &&
           SET(easy, POSTFIELDS,
               request->body.len > 0 ? (const char *)request->body.data : "") &&
           SET(easy, POSTFIELDSIZE, (long)request->body.len);
}

static enum atls_reason set_token(CURL *easy, const struct atls_http *http,
                                  struct atls_why *why)
{
    ATLS_AUTO_BUF token = atls_buf(ATLS_TOKEN_MAX + 1);
    enum atls_reason reason = ATLS_OK;

    if (http->peer.token_file == NULL)
        return ATLS_OK;
    reason = atls_token_read(http->peer.token_file, &token, why);
    if (reason != ATLS_OK)
        return reason;
    if (SET(easy, HTTPAUTH, CURLAUTH_BEARER) &&
        SET(easy, XOAUTH2_BEARER, (const char *)token.data))
        return ATLS_OK;
    return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
}

static const struct {
    CURLcode code;
    enum atls_reason reason;
    const char *sentence;
} failures[] = {
    {CURLE_OPERATION_TIMEDOUT, ATLS_VERIFIER_TIMEOUT,
     "want an answer before the timeout"},
    {CURLE_PEER_FAILED_VERIFICATION, ATLS_VERIFIER_UNTRUSTED,
     "want a certificate that ca vouches for, in time and of that name"},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, ATLS_VERIFIER_UNTRUSTED,
     "want a key that spki names; add its hash when it was renewed"},
    {CURLE_SSL_CERTPROBLEM, ATLS_FILE_UNREADABLE,
     "want a certificate and its key, without a password, in certificate and "
     "key"},
    {CURLE_SSL_CACERT_BADFILE, ATLS_FILE_UNREADABLE,
     "want PEM certificates in ca"},
    {CURLE_UNSUPPORTED_PROTOCOL, ATLS_VERIFIER_ANSWER, "want HTTP/1.1"},
    {CURLE_WEIRD_SERVER_REPLY, ATLS_VERIFIER_ANSWER, "want HTTP/1.1"},
    {CURLE_BAD_CONTENT_ENCODING, ATLS_VERIFIER_ANSWER, "want HTTP/1.1"},
    {CURLE_URL_MALFORMAT, ATLS_VERIFIER_ANSWER, "want a Location to ask"},
    {CURLE_OUT_OF_MEMORY, ATLS_OUT_OF_MEMORY, "no memory"},
};

static enum atls_reason explain(const struct exchange *exchange, CURLcode code,
                                struct atls_why *why)
{
    const char *url = exchange->http->peer.url;
    const char *seen =
        exchange->error[0] != '\0' ? exchange->error : curl_easy_strerror(code);

    if (exchange->is_too_large)
        return atls_why(why, ATLS_VERIFIER_TOO_LARGE,
                        "%s: want at most %zu bytes of body and %d of headers",
                        url, exchange->body->max, MAX_HEADERS);
    if (exchange->body->failed)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
        if (failures[i].code == code)
            return atls_why(why, failures[i].reason, "%s: %s, saw: %s", url,
                            failures[i].sentence, seen);
    return atls_why(why, ATLS_VERIFIER_UNREACHABLE,
                    "%s: want a connection and a whole answer, saw: %s; is it "
                    "running, and is the URL its own?",
                    url, seen);
}

/* At least 1: 0 would be no limit. */
static long milliseconds_until(int64_t deadline_ns)
{
    return (long)((deadline_ns - atls_clock_now()) / 1000000) + 1;
}

static enum atls_reason set_all(CURL *easy,
                                const struct atls_http_request *request,
                                struct exchange *exchange,
                                const curl_slist *headers, struct atls_why *why)
{
    const struct atls_http *http = exchange->http;

    curl_easy_reset(easy);
    if (!set_manners(easy, exchange) || !set_tls(easy, http) ||
        !SET(easy, HTTPHEADER, headers))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (!set_request(easy, http, request))
        return atls_why(why, ATLS_VERIFIER_ANSWER,
                        "%s: want a shorter path than %d bytes", http->peer.url,
                        MAX_LINE);
    return set_token(easy, http, why);
}

static enum atls_reason perform(struct atls_http_connection *connection,
                                const struct atls_http_request *request,
                                int64_t deadline_ns, struct exchange *exchange,
                                struct atls_why *why)
{
    ATLS_AUTO(curl_slist) *headers = NULL;
    CURL *easy = connection->easy;
    enum atls_reason reason;
    CURLcode code = CURLE_OPERATION_TIMEDOUT;
    long status = 0, timeout_ms;

    if (!add_headers(request, &headers))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    reason = set_all(easy, request, exchange, headers, why);
    if (reason != ATLS_OK)
        return reason;
    timeout_ms = milliseconds_until(deadline_ns);
    if (timeout_ms > 0 && SET(easy, TIMEOUT_MS, timeout_ms))
        code = atls_http_connection_run(connection);
    if (code != CURLE_OK)
        return explain(exchange, code, why);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    exchange->response->status = (int)status;
    return ATLS_OK;
}

/* It may come from a peer's Evidence or a Verifier's answer. */
static bool is_printable(const char *text)
{
    for (; text != NULL && *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

static bool is_sendable(const struct atls_http_request *request)
{
    return is_printable(request->path) && strchr(request->path, ' ') == NULL &&
           is_printable(request->content_type);
}

static enum atls_reason run(struct atls_http *http,
                            const struct atls_http_request *request,
                            int64_t deadline_ns, struct exchange *exchange,
                            struct atls_why *why)
{
    struct atls_http_connection *connection =
        atls_http_connection_take(&http->connections);
    enum atls_reason reason;

    if (connection == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    reason = perform(connection, request, deadline_ns, exchange, why);
    if (reason == ATLS_OK)
        atls_http_connection_keep(&http->connections, connection);
    else
        atls_http_connection_close(connection);
    return reason;
}

enum atls_reason atls_http_exchange(struct atls_http *http,
                                    const struct atls_http_request *request,
                                    int64_t deadline_ns,
                                    struct atls_http_response *response,
                                    struct atls_buf *body, struct atls_why *why)
{
    struct exchange exchange = {
        .http = http, .request = request, .response = response, .body = body};
    struct atls_signals held;
    enum atls_reason reason;
    int saved = errno;

    memset(response, 0, sizeof(*response));
    if (!is_sendable(request))
        return atls_why(why, ATLS_VERIFIER_ANSWER,
                        "%s: want a path and a media type of printable ASCII",
                        http->peer.url);
    atls_signals_hold(&held);
    reason = run(http, request, deadline_ns, &exchange, why);
    atls_signals_release(&held);
    errno = saved;
    return reason;
}

/* Requests without an answer */

struct errand {
    struct exchange exchange;
    struct atls_http_response response;
    struct atls_buf body;
    curl_slist *headers;
};

static void errand_free(void *arg)
{
    struct errand *errand = arg;

    if (errand == NULL)
        return;
    curl_slist_free_all(errand->headers);
    atls_buf_clear(&errand->body);
    free(errand);
}

static struct errand *errand_new(const struct atls_http *http,
                                 const struct atls_http_request *request)
{
    struct errand *errand = calloc(1, sizeof(*errand));

    if (errand == NULL)
        return NULL;
    errand->body = atls_buf(MAX_IGNORED);
    errand->exchange = (struct exchange){.http = http,
                                         .response = &errand->response,
                                         .body = &errand->body,
                                         .only_kept = true};
    if (add_headers(request, &errand->headers))
        return errand;
    errand_free(errand);
    return NULL;
}

static bool send_over(struct atls_http_connection *connection,
                      const struct atls_http *http,
                      const struct atls_http_request *request)
{
    struct errand *errand = errand_new(http, request);

    if (errand != NULL && set_all(connection->easy, request, &errand->exchange,
                                  errand->headers, NULL) == ATLS_OK)
        return atls_http_connection_send_off(connection, errand, errand_free);
    curl_easy_reset(connection->easy); /* it knows the errand */
    errand_free(errand);
    return false;
}

static bool send_off(struct atls_http *http,
                     const struct atls_http_request *request)
{
    struct atls_http_connection *connection =
        atls_http_connection_take(&http->connections);
    bool is_sent = connection != NULL && send_over(connection, http, request);

    if (is_sent)
        atls_http_connection_keep(&http->connections, connection);
    else if (connection != NULL)
        atls_http_connection_close(connection);
    return is_sent;
}

bool atls_http_send_off(struct atls_http *http,
                        const struct atls_http_request *request)
{
    struct atls_signals held;
    int saved = errno;
    bool is_sent;

    if (!is_sendable(request))
        return false;
    atls_signals_hold(&held);
    is_sent = send_off(http, request);
    atls_signals_release(&held);
    errno = saved;
    return is_sent;
}
