/* SPDX-License-Identifier: Apache-2.0
 *
 * What all answers have in common.
 */
#include "serve/exchange.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>

#include "json.h"
#include "serve/route.h"

#define PROBLEM "application/problem+json"

void atls_exchange_init(struct atls_exchange *exchange)
{
    *exchange = (struct atls_exchange){0};
    exchange->answer.body = atls_buf(ATLS_EXCHANGE_MAX_SENT);
}

void atls_exchange_clear(struct atls_exchange *exchange)
{
    atls_buf_clear(&exchange->answer.body);
}

/* RFC 9110, 15 */
static const char *title_of(int status)
{
    static const struct {
        int status;
        const char *title;
    } titles[] = {{400, "Bad Request"},
                  {404, "Not Found"},
                  {405, "Method Not Allowed"},
                  {406, "Not Acceptable"},
                  {413, "Request Entity Too Large"},
                  {415, "Unsupported Media Type"},
                  {500, "Internal Server Error"}};

    for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
        if (titles[i].status == status)
            return titles[i].title;
    return "Error";
}

void atls_exchange_problem(struct atls_exchange *exchange, int status,
                           const char *format, ...)
{
    struct atls_answer *answer = &exchange->answer;
    ATLS_AUTO(json_t) *problem = NULL;
    char detail[512];
    va_list args;

    va_start(args, format);
    vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    problem = json_pack("{s:s,s:s,s:i,s:o}", "type", "about:blank", "title",
                        title_of(status), "status", status, "detail",
                        atls_json_text(detail));
    atls_buf_clear(&answer->body);
    answer->status = status;
    answer->type = PROBLEM;
    answer->location[0] = '\0';
    answer->cache = NULL;
    if (problem != NULL)
        atls_json_put(&answer->body, problem);
}

static struct atls_view trim(struct atls_view text)
{
    while (text.len > 0 && strchr(" \t", text.data[0]) != NULL)
        text = atls_view(text.data + 1, text.len - 1);
    while (text.len > 0 && strchr(" \t", text.data[text.len - 1]) != NULL)
        text.len--;
    return text;
}

/* The part before a character, which text then starts behind. */
static struct atls_view cut(struct atls_view *text, char c)
{
    const uint8_t *at = memchr(text->data, c, text->len);
    size_t len = at != NULL ? (size_t)(at - text->data) : text->len;
    struct atls_view part = atls_view(text->data, len);

    *text = at != NULL ? atls_view(at + 1, text->len - len - 1)
                       : atls_view(text->data + text->len, 0);
    return trim(part);
}

static bool text_equal(struct atls_view view, const char *text, size_t len)
{
    return view.len == len &&
           strncasecmp((const char *)view.data, text, len) == 0;
}

/* One range: a type, a main type with an asterisk, or an asterisk for both. */
static bool range_has(struct atls_view range, const char *type)
{
    size_t main_len = strcspn(type, "/") + 1;

    if (atls_view_is(range, "*/*") || text_equal(range, type, strlen(type)))
        return true;
    return range.len == main_len + 1 && range.data[main_len] == '*' &&
           strncasecmp((const char *)range.data, type, main_len) == 0;
}

static bool is_zero(struct atls_view parameter)
{
    struct atls_view weight = atls_view(parameter.data + 2, 0);

    if (parameter.len < 3 || strchr("qQ", parameter.data[0]) == NULL ||
        parameter.data[1] != '=')
        return false;
    weight.len = parameter.len - 2;
    for (size_t i = 0; i < weight.len; i++)
        if (strchr("0.", weight.data[i]) == NULL)
            return false;
    return true;
}

bool atls_exchange_accepts(const struct atls_exchange *exchange,
                           const char *type)
{
    const char *header = exchange->request.accept;
    struct atls_view rest;

    if (header == NULL || header[0] == '\0')
        return true;
    rest = atls_view_text(header);
    while (rest.len > 0) {
        struct atls_view item = cut(&rest, ',');
        struct atls_view range = cut(&item, ';');
        bool is_refused = false;

        while (item.len > 0)
            is_refused = is_zero(cut(&item, ';')) || is_refused;
        if (!is_refused && range.len > 0 && range_has(range, type))
            return true;
    }
    return false;
}

void atls_exchange_run(struct atls_exchange *exchange)
{
    const char *method = exchange->request.method;

    exchange->route = atls_route_find(exchange->request.path);
    if (exchange->route == NULL) {
        exchange->answer.status = 404;
        exchange->answer.type = "text/plain";
        atls_buf_text(&exchange->answer.body, "404 page not found");
    } else {
        atls_route_run(exchange->route, method, exchange);
    }
    ERR_clear_error();
    if (exchange->answer.body.failed)
        atls_exchange_problem(exchange, 500, "out of memory");
}
