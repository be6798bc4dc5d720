/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a URL, strictly: what libcurl and we could read in two ways is
 * refused.
 */
#include "http_url.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static const char host_characters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";

/* The first len characters of text, which moves behind them. */
static char *take(const char **text, size_t len)
{
    char *copy = strndup(*text, len);

    *text += len;
    return copy;
}

static bool skip(const char **text, const char *start)
{
    bool has = strncasecmp(*text, start, strlen(start)) == 0;

    if (has)
        *text += strlen(start);
    return has;
}

/* RFC 3986, 3.2.2: [v6] or a name or IPv4 address; false: neither. */
static bool take_host(const char **text, char **host)
{
    bool is_bracketed = skip(text, "[");
    size_t len = strspn(*text, is_bracketed ? "0123456789abcdefABCDEF:."
                                            : host_characters);

    if (len == 0)
        return false;
    *host = take(text, len);
    return !is_bracketed || skip(text, "]");
}

/* RFC 3986, 3.2.3 */
static bool skip_port(const char **text)
{
    size_t len;
    unsigned long port;

    if (!skip(text, ":"))
        return true;
    len = strspn(*text, "0123456789");
    port = len > 0 && len <= 5 ? strtoul(*text, NULL, 10) : 0;
    *text += len;
    return port >= 1 && port <= 65535;
}

static bool is_path(const char *text)
{
    if (*text != '\0' && *text != '/')
        return false;
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~' || strchr("?#\"<>\\^`{|}", *text))
            return false;
    return true;
}

static bool is_loopback(const char *host)
{
    struct in_addr address;

    return strcasecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
           (inet_pton(AF_INET, host, &address) == 1 &&
            ntohl(address.s_addr) >> 24 == 127);
}

static char *with_slash(const char *path)
{
    size_t len = strlen(path);
    char *folder = malloc(len + 2);

    if (folder == NULL)
        return NULL;
    memcpy(folder, path, len + 1);
    if (len == 0 || path[len - 1] != '/')
        memcpy(folder + len, "/", 2);
    return folder;
}

static bool parse(const char *text, struct atls_http_url *out)
{
    const char *at = text;

    out->is_plain = skip(&at, "http://");
    if ((!out->is_plain && !skip(&at, "https://")) ||
        !take_host(&at, &out->host) || !skip_port(&at) || !is_path(at))
        return false;
    out->folder = with_slash(at);
    out->origin = take(&text, (size_t)(at - text));
    return true;
}

static bool parse_socket(const char *path, struct atls_http_url *out)
{
    out->is_plain = true;
    out->socket = strdup(path);
    out->host = strdup("localhost");
    out->origin = strdup("http://localhost");
    out->folder = strdup("/");
    return path[0] == '/';
}

enum atls_reason atls_http_url_parse(const char *text,
                                     bool allows_loopback_http,
                                     struct atls_http_url *out,
                                     struct atls_why *why)
{
    const char *path = text;
    bool is_socket = skip(&path, "unix:");

    memset(out, 0, sizeof(*out));
    if (strlen(text) >= ATLS_HTTP_MAX_URL ||
        !(is_socket ? parse_socket(path, out) : parse(text, out)))
        return atls_why(why, ATLS_VERIFIER_URL,
                        "%s: want scheme, host, port and path and nothing "
                        "else, or unix: and the absolute path of a socket",
                        text);
    if (out->host == NULL || out->origin == NULL || out->folder == NULL ||
        (is_socket && out->socket == NULL))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (out->is_plain && (!allows_loopback_http || !is_loopback(out->host)))
        return atls_why(why, ATLS_VERIFIER_URL,
                        "%s: want https, or http to 127.0.0.1, ::1, localhost "
                        "or a socket where that is allowed (\"http\": "
                        "\"loopback\")",
                        text);
    return ATLS_OK;
}

void atls_http_url_clear(struct atls_http_url *url)
{
    free(url->origin);
    free(url->folder);
    free(url->host);
    free(url->socket);
    memset(url, 0, sizeof(*url));
}
