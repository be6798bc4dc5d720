/* SPDX-License-Identifier: Apache-2.0
 *
 * The access log. A path that is one of ours is named by its route: the id of
 * a session is for the client alone. What a client chose is escaped, and cut.
 */
#include "serve/access.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "json.h"
#include "serve/route.h"

enum { MAX_TEXT = 200 }; /* characters of what a client chose */

static void set_text(json_t *line, const char *name, const char *text)
{
    char cut[MAX_TEXT + 1];

    if (text == NULL || text[0] == '\0')
        return;
    snprintf(cut, sizeof(cut), "%.*s", MAX_TEXT, text);
    (void)json_object_set_new(line, name, atls_json_text(cut));
}

static void set_verdict(json_t *line, const struct atls_verdict *verdict)
{
    set_text(line, "verdict", atls_tier_name(verdict->tier));
    set_text(line, "reason", atls_reason_name(verdict->reason));
    set_text(line, "profile", verdict->profile);
    if (verdict->text[0] != '\0')
        (void)json_object_set_new(line, "text", atls_json_text(verdict->text));
}

void atls_access_put(const struct atls_exchange *exchange, const char *peer,
                     int64_t duration_ns, struct atls_buf *out)
{
    static const char *const expendable[] = {"text", "path", "type", NULL};
    const struct atls_request *request = &exchange->request;
    time_t now = (time_t)exchange->now;
    ATLS_AUTO(json_t) *line = NULL;
    char when[32] = "";
    struct tm parts;

    if (gmtime_r(&now, &parts) != NULL)
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &parts);
    line = json_pack("{s:s,s:s,s:i,s:I,s:I,s:f}", "time", when, "event",
                     "request", "status", exchange->answer.status, "received",
                     (json_int_t)request->body.len, "sent",
                     (json_int_t)exchange->answer.body.len, "ms",
                     (double)duration_ns / 1e6);
    set_text(line, "peer", peer);
    set_text(line, "method", request->method);
    if (exchange->route != NULL)
        set_text(line, "route", exchange->route->name);
    else if (strncmp(request->path, ATLS_ROUTE_SESSION,
                     strlen(ATLS_ROUTE_SESSION)) == 0)
        set_text(line, "path", ATLS_ROUTE_SESSION);
    else
        set_text(line, "path", request->path);
    set_text(line, "type", exchange->type);
    if (exchange->is_appraised)
        set_verdict(line, &exchange->verdict);
    atls_json_fit(out, line, expendable);
}
