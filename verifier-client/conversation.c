/* SPDX-License-Identifier: Apache-2.0
 *
 * What both protocols share: references between requests, and what an error
 * says.
 */
#include "conversation.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "http_url.h"
#include "json.h"

enum { MAX_QUOTED = 200 }; /* bytes of an error that we repeat */

void atls_conversation_clear(struct atls_conversation *conversation)
{
    atls_buf_clear(&conversation->body);
}

static const char *url_of(const struct atls_conversation *conversation)
{
    return conversation->question->verifier->peer.url;
}

/* The sentences of an error, one behind the other. */
static void quote_problem(struct atls_view body, char *out, size_t size)
{
    static const char *const members[] = {"title", "detail"};
    ATLS_AUTO(json_t) *problem =
        atls_json_parse(body, ATLS_VERIFIER_ANSWER, NULL);
    size_t len = 0;

    for (size_t i = 0; i < 2 && len < size; i++) {
        const char *text =
            json_string_value(json_object_get(problem, members[i]));

        if (text != NULL)
            len += (size_t)snprintf(out + len, size - len, "%s%s",
                                    len > 0 ? ": " : "", text);
    }
}

static void quote_text(struct atls_view body, char *out, size_t size)
{
    size_t len = body.len < size ? body.len : size - 1;

    for (size_t i = 0; i < len; i++)
        out[i] = body.data[i] >= ' ' && body.data[i] <= '~' ? (char)body.data[i]
                                                            : ' ';
    while (len > 0 && out[len - 1] == ' ')
        len--;
    out[len] = '\0';
}

static bool begins_with(const char *text, const char *start)
{
    return strncasecmp(text, start, strlen(start)) == 0;
}

static void quote(const struct atls_http_response *response,
                  struct atls_view body, char *out, size_t size)
{
    out[0] = '\0';
    if (begins_with(response->content_type, "application/problem+json"))
        quote_problem(body, out, size);
    else if (begins_with(response->content_type, "text/") ||
             response->content_type[0] == '\0')
        quote_text(body, out, size);
}

enum atls_reason
atls_conversation_refusal(const struct atls_conversation *conversation,
                          const struct atls_http_response *response,
                          struct atls_view body, struct atls_why *why)
{
    const char *url = url_of(conversation);
    char said[MAX_QUOTED];

    if (response->status >= 300 && response->status < 400)
        return atls_why(why, ATLS_VERIFIER_ANSWER,
                        "%s: want an answer, it redirects to %s; name that in "
                        "url",
                        url, response->location);
    if (response->status < 400)
        return atls_why(why, ATLS_VERIFIER_ANSWER,
                        "%s: %s %s: want status 200, saw %d", url,
                        conversation->request.method, conversation->path,
                        response->status);
    quote(response, body, said, sizeof(said));
    if (response->status == 415 && response->accept[0] != '\0')
        return atls_why(why, ATLS_VERIFIER_REFUSED,
                        "%s: does not take %s, but %s", url, conversation->type,
                        response->accept);
    return atls_why(why, ATLS_VERIFIER_REFUSED, "%s: %s %s: %d %s", url,
                    conversation->request.method, conversation->path,
                    response->status, said);
}

/* "https://host" and "https://HOST:443" are one. */
static bool origins_equal(const struct atls_http_url *a,
                          const struct atls_http_url *b)
{
    const char *port = a->is_plain ? ":80" : ":443";
    size_t a_len = strlen(a->origin), b_len = strlen(b->origin);
    size_t port_len = strlen(port);

    if (a_len > port_len && strcmp(a->origin + a_len - port_len, port) == 0)
        a_len -= port_len;
    if (b_len > port_len && strcmp(b->origin + b_len - port_len, port) == 0)
        b_len -= port_len;
    return a->is_plain == b->is_plain && a_len == b_len &&
           strncasecmp(a->origin, b->origin, a_len) == 0;
}

static bool is_own_origin(const struct atls_conversation *conversation,
                          const char *reference)
{
    struct atls_http_url own, other;
    bool is_own =
        atls_http_url_parse(url_of(conversation), true, &own, NULL) ==
            ATLS_OK &&
        atls_http_url_parse(reference, true, &other, NULL) == ATLS_OK &&
        origins_equal(&own, &other);

    atls_http_url_clear(&own);
    atls_http_url_clear(&other);
    return is_own;
}

/* RFC 3986, 5.2.3: the folder of the request, and the reference in it. */
static int merge(const struct atls_conversation *conversation,
                 const char *reference, char *path, size_t size)
{
    const char *base = conversation->path;
    size_t len = strcspn(base, "?");

    while (len > 0 && base[len - 1] != '/')
        len--;
    return snprintf(path, size, "%.*s%s", (int)len, base, reference);
}

bool atls_conversation_resolve(const struct atls_conversation *conversation,
                               const char *reference, char *path, size_t size)
{
    const char *rest = strstr(reference, "://");

    if (reference[0] == '\0' || strncmp(reference, "//", 2) == 0 ||
        strpbrk(reference, " \t#?\\") != NULL)
        return false;
    if (reference[0] == '/')
        return snprintf(path, size, "%s", reference) < (int)size;
    if (rest != NULL)
        return is_own_origin(conversation, reference) &&
               (rest = strchr(rest + 3, '/')) != NULL &&
               snprintf(path, size, "%s", rest) < (int)size;
    return strchr(reference, ':') == NULL &&
           merge(conversation, reference, path, size) < (int)size;
}
