/* SPDX-License-Identifier: Apache-2.0
 *
 * exchange URL PATH [NAME=VALUE...]: one or more requests by base/http.c.
 * Prints the reason, or for each request the status, the headers that are kept,
 * and the body.
 */
#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "clock.h"
#include "http.h"

struct order {
    struct atls_http_peer peer;
    struct atls_http_request request;
    struct atls_buf spki;
    size_t max;
    int64_t timeout_ms;
    int num_requests;
    const char *next_ca; /* takes the place of ca after the first request */
};

static const char *value_of(const char *word, const char *name)
{
    size_t len = strlen(name);

    return strncmp(word, name, len) == 0 && word[len] == '=' ? word + len + 1
                                                             : NULL;
}

static void take_peer(struct order *order, const char *word)
{
    const char *value;

    if ((value = value_of(word, "ca")) != NULL)
        order->peer.ca = value;
    if ((value = value_of(word, "next_ca")) != NULL)
        order->next_ca = value;
    if ((value = value_of(word, "certificate")) != NULL)
        order->peer.certificate = value;
    if ((value = value_of(word, "key")) != NULL)
        order->peer.key = value;
    if ((value = value_of(word, "token")) != NULL)
        order->peer.token_file = value;
    if (strcmp(word, "http=loopback") == 0)
        order->peer.allows_loopback_http = true;
    if ((value = value_of(word, "spki")) != NULL &&
        !atls_hex_decode(atls_view_text(value), &order->spki))
        fputs("spki: not hex\n", stderr);
}

static void take_request(struct order *order, const char *word)
{
    const char *value;

    if ((value = value_of(word, "method")) != NULL)
        order->request.method = value;
    if ((value = value_of(word, "accept")) != NULL)
        order->request.accept = value;
    if ((value = value_of(word, "type")) != NULL)
        order->request.content_type = value;
    if ((value = value_of(word, "body")) != NULL)
        order->request.body = atls_view_text(value);
    if ((value = value_of(word, "max")) != NULL)
        order->max = strtoul(value, NULL, 10);
    if ((value = value_of(word, "timeout_ms")) != NULL)
        order->timeout_ms = strtol(value, NULL, 10);
    if ((value = value_of(word, "requests")) != NULL)
        order->num_requests = atoi(value);
}

static enum atls_reason ask(struct atls_http *http, const struct order *order,
                            struct atls_why *why)
{
    static struct atls_http_response response;
    ATLS_AUTO_BUF body = atls_buf(order->max);
    enum atls_reason reason = atls_http_exchange(
        http, &order->request, atls_clock_now() + order->timeout_ms * 1000000,
        &response, &body, why);

    if (reason != ATLS_OK)
        return reason;
    printf("OK %d type=%s location=%s accept=%s\n%.*s\n", response.status,
           response.content_type, response.location, response.accept,
           (int)body.len, body.len > 0 ? (const char *)body.data : "");
    return ATLS_OK;
}

static void ask_all(struct atls_http *http, const struct order *order,
                    struct atls_why *why)
{
    for (int i = 0; i < order->num_requests && why->reason == ATLS_OK; i++) {
        if (i == 1 && order->next_ca != NULL &&
            rename(order->next_ca, order->peer.ca) != 0)
            perror(order->next_ca);
        (void)ask(http, order, why);
    }
}

int main(int argc, char **argv)
{
    struct order order = {.request = {.method = "GET"},
                          .spki = atls_buf(256),
                          .max = 65536,
                          .timeout_ms = 20000,
                          .num_requests = 1};
    struct atls_http *http = NULL;
    struct atls_why why = {0};

    if (argc < 3)
        return 2;
    order.peer.url = argv[1];
    order.request.path = argv[2];
    for (int i = 3; i < argc; i++) {
        take_peer(&order, argv[i]);
        take_request(&order, argv[i]);
    }
    order.peer.spki = order.spki.data;
    order.peer.num_spki = order.spki.len / 32;
    if (atls_http_new(&order.peer, &http, &why) == ATLS_OK)
        ask_all(http, &order, &why);
    if (why.reason != ATLS_OK)
        printf("%s: %s\n", atls_reason_name(why.reason), why.text);
    atls_http_free(http);
    atls_buf_clear(&order.spki);
    return why.reason != ATLS_OK;
}
