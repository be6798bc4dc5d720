/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of paths. What is not in it is answered as Veraison's router does:
 * 404 in plain text.
 */
#include "serve/route.h"

#include <string.h>

const struct atls_route atls_routes[ATLS_NUM_ROUTES] = {
    {.name = "newSession",
     .path = "/challenge-response/v1/newSession",
     .allow = "POST",
     .post = atls_challenge_new},
    {.name = "session",
     .path = ATLS_ROUTE_SESSION,
     .allow = "DELETE, GET, HEAD, POST",
     .get = atls_challenge_get,
     .post = atls_challenge_submit,
     .delete = atls_challenge_delete},
    {.name = "discovery",
     .path = "/.well-known/veraison/verification",
     .allow = "GET, HEAD",
     .get = atls_published_discovery},
    {.name = "keys",
     .path = "/.well-known/jwks.json",
     .allow = "GET, HEAD",
     .get = atls_published_keys},
    {.name = "metrics",
     .path = "/metrics",
     .allow = "GET, HEAD",
     .get = atls_metrics_get},
};

static bool is_at(const struct atls_route *route, const char *path)
{
    size_t len = strlen(route->path);

    if (route->path[len - 1] != '/')
        return strcmp(path, route->path) == 0;
    return strncmp(path, route->path, len) == 0 && path[len] != '\0' &&
           strchr(path + len, '/') == NULL;
}

const struct atls_route *atls_route_find(const char *path)
{
    for (size_t i = 0; i < ATLS_NUM_ROUTES; i++)
        if (is_at(&atls_routes[i], path))
            return &atls_routes[i];
    return NULL;
}

static atls_route_fn *function_of(const struct atls_route *route,
                                  const char *method)
{
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        return route->get;
    if (strcmp(method, "POST") == 0)
        return route->post;
    return strcmp(method, "DELETE") == 0 ? route->delete : NULL;
}

void atls_route_run(const struct atls_route *route, const char *method,
                    struct atls_exchange *exchange)
{
    atls_route_fn *run = function_of(route, method);

    if (run != NULL) {
        run(exchange);
        return;
    }
    exchange->answer.allow = route->allow;
    atls_exchange_problem(exchange, 405, "want one of %s", route->allow);
}
