/* SPDX-License-Identifier: Apache-2.0
 *
 * The log line and the error queue.
 */
#include "report.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>

#include "base64url.h"
#include "connection.h"
#include "delegates.h"
#include "json.h"
#include "module.h"

struct atls_report {
    struct atls_why why; /* ATLS_OK: not refused */
    bool is_written, is_appraised, is_attested, is_at_gate;
    int64_t attest_ns, appraise_ns;
    enum atls_tier tier;
    char profile[ATLS_PROFILE_NAME];
};

static int error_library;

bool atls_report_register(void)
{
    /* Kept for ever: libcrypto holds on to the table. */
    static ERR_STRING_DATA strings[ATLS_NUM_REASONS + 1];
    static ERR_STRING_DATA library[2];

    error_library = ERR_get_next_error_library();
    for (int i = 1; i < ATLS_NUM_REASONS; i++)
        strings[i - 1] =
            (ERR_STRING_DATA){ERR_PACK(error_library, 0, i),
                              atls_reason_text((enum atls_reason)i)};
    library[0] = (ERR_STRING_DATA){ERR_PACK(error_library, 0, 0), "atls"};
    return ERR_load_strings(error_library, strings) &&
           ERR_load_strings(error_library, library);
}

void atls_report_raise(const struct atls_why *why)
{
    ERR_new();
    ERR_set_debug("atls", 0, "handshake"); /* no path of a build machine */
    ERR_set_error(error_library, (int)why->reason, "%s", why->text);
}

void atls_report_free(struct atls_report *report)
{
    if (report == NULL)
        return;
    free(report);
}

static struct atls_report *need(struct atls_report **report)
{
    if (*report == NULL)
        *report = calloc(1, sizeof(**report));
    return *report;
}

void atls_report_refuse(struct atls_report **report, const struct atls_why *why)
{
    if (need(report) != NULL && (*report)->why.reason == ATLS_OK)
        (*report)->why = *why;
}

void atls_report_at_gate(struct atls_report **report)
{
    if (need(report) != NULL)
        (*report)->is_at_gate = true;
}

bool atls_report_is_refused(const struct atls_report *report)
{
    return report != NULL && report->why.reason != ATLS_OK;
}

void atls_report_attested(struct atls_report **report, int64_t took_ns)
{
    if (need(report) == NULL)
        return;
    (*report)->is_attested = true;
    (*report)->attest_ns = took_ns;
}

void atls_report_appraised(struct atls_report **report,
                           const struct atls_verdict *verdict, int64_t took_ns)
{
    if (need(report) == NULL)
        return;
    (*report)->is_appraised = true;
    (*report)->appraise_ns = took_ns;
    (*report)->tier = verdict->tier;
    memcpy((*report)->profile, verdict->profile, sizeof(verdict->profile));
}

static void set_text(json_t *line, const char *key, const char *text)
{
    if (text != NULL && *text != '\0')
        json_object_set_new(line, key, atls_json_text(text));
}

static void set_time(json_t *line, const char *key, time_t when)
{
    struct tm parts;
    char text[32];

    if (gmtime_r(&when, &parts) != NULL &&
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts) > 0)
        set_text(line, key, text);
}

static bool address_text(const struct sockaddr_storage *address, char *text,
                         size_t size, unsigned *port)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

    switch (address->ss_family) {
    case AF_INET:
        *port = ntohs(v4->sin_port);
        return inet_ntop(AF_INET, &v4->sin_addr, text, (socklen_t)size) != NULL;
    case AF_INET6:
        *port = ntohs(v6->sin6_port);
        return inet_ntop(AF_INET6, &v6->sin6_addr, text, (socklen_t)size) !=
               NULL;
    default:
        return false;
    }
}

static void set_peer(json_t *line, const SSL *ssl)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    char host[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 16];
    int fd = ssl == NULL ? -1 : SSL_get_rfd(ssl);
    unsigned port;

    if (fd < 0 || getpeername(fd, (struct sockaddr *)&address, &len) != 0 ||
        !address_text(&address, host, sizeof(host), &port))
        return;
    snprintf(text, sizeof(text), strchr(host, ':') ? "[%s]:%u" : "%s:%u", host,
             port);
    set_text(line, "peer", text);
}

static void set_scheme(json_t *line, const char *key, bool is_known,
                       const struct atls_scheme *scheme)
{
    char text[ATLS_TYPE_MAX_TEXT + 1];

    if (!is_known)
        return;
    atls_scheme_text(scheme, text, sizeof(text));
    set_text(line, key, text);
}

static void set_ms(json_t *line, const char *key, bool is_known, int64_t ns)
{
    if (is_known) /* to the microsecond */
        json_object_set_new(line, key, json_real((double)(ns / 1000) / 1000.0));
}

static void set_connection(json_t *line,
                           const struct atls_connection *connection,
                           const SSL *ssl)
{
    const char *name = connection->name;

    if (name == NULL && ssl != NULL)
        name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    set_text(line, "role", connection->is_server ? "server" : "client");
    set_peer(line, ssl);
    set_text(line, "name", name);
    set_text(line, "binding", connection->is_borne ? "certificate" : "bound");
    set_scheme(line, "peer_scheme", connection->peer_agreed,
               &connection->peer_scheme);
    set_scheme(line, "own_scheme", connection->own_agreed,
               &connection->own_scheme);
}

static void set_outcome(json_t *line, const struct atls_report *report,
                        bool enforces)
{
    enum atls_alert alert = report->is_at_gate
                                ? ATLS_ALERT_HANDSHAKE_FAILURE
                                : atls_reason_alert(report->why.reason);
    bool is_refused = report->why.reason != ATLS_OK;

    set_text(line, "verdict", atls_tier_name(report->tier));
    set_text(line, "profile", report->profile);
    set_text(line, "reason", atls_reason_name(report->why.reason));
    set_text(line, "text", report->why.text);
    if (is_refused && enforces && alert != ATLS_ALERT_NONE)
        json_object_set_new(line, "alert", json_integer(alert));
    if (is_refused && !enforces)
        json_object_set_new(line, "would_refuse", json_true());
    set_ms(line, "attest_ms", report->is_attested, report->attest_ns);
    set_ms(line, "appraise_ms", report->is_appraised, report->appraise_ns);
}

static void add_claim(void *arg, const char *name, const char *value)
{
    json_object_set_new(arg, name, json_string(value));
}

static void set_claims(json_t *line, const struct atls_connection *connection)
{
    json_t *claims;

    if (!connection->report->is_appraised || connection->evidence == NULL)
        return;
    claims = atls_json_object();
    atls_evidence_describe(connection->evidence, true, add_claim, claims);
    json_object_set_new(line, "claims", claims);
}

/* What a line that would be cut does without, so that it stays JSON: a peer
 * chose the claims, and as a client the name. */
static const char *const expendable[] = {"claims",     "name", "peer_scheme",
                                         "own_scheme", "text", NULL};

void atls_report_write(struct atls_connection *connection, const SSL *ssl)
{
    struct atls_report *report = connection->report;
    const struct atls_settings *settings = atls_module()->settings;
    ATLS_AUTO(json_t) *line = NULL;
    ATLS_AUTO_BUF text = atls_buf(ATLS_LOG_LINE);

    if (report == NULL || report->is_written)
        return;
    report->is_written = true;
    if (!atls_log_has_room(settings->log))
        return;
    line = atls_json_object();
    set_time(line, "time", time(NULL));
    set_text(line, "event", "handshake");
    set_connection(line, connection, ssl);
    set_outcome(line, report, settings->enforces);
    set_claims(line, connection);
    atls_json_fit(&text, line, expendable);
    if (!text.failed)
        atls_log_line(settings->log,
                      report->why.reason == ATLS_OK ? ATLS_LOG_INFO
                                                    : ATLS_LOG_WARNING,
                      atls_buf_view(&text));
}

static const char *const outcomes[] = {[ATLS_DELEGATES_MADE] = "made",
                                       [ATLS_DELEGATES_RENEWED] = "renewed",
                                       [ATLS_DELEGATES_FAILED] = "failed"};

static json_t *line_of_delegate(const struct atls_scheme *scheme,
                                const struct atls_delegates_news *news)
{
    char tik[2 * ATLS_DELEGATION_HASH + 1];
    json_t *line = atls_json_object();

    atls_hex(atls_view(news->tik, ATLS_DELEGATION_HASH), tik, sizeof(tik));
    set_time(line, "time", time(NULL));
    set_text(line, "event", "delegate");
    set_text(line, "outcome", outcomes[news->event]);
    json_object_set_new(line, "pid", json_integer(getpid()));
    set_scheme(line, "own_scheme", true, scheme);
    set_text(line, "tls_key", tik);
    if (news->expires_s != 0)
        set_time(line, "expires", news->expires_s);
    set_ms(line, "attest_ms", true, news->took_ns);
    set_text(line, "reason", atls_reason_name(news->why->reason));
    set_text(line, "text", news->why->text);
    return line;
}

void atls_report_delegate(struct atls_log *log,
                          const struct atls_scheme *scheme,
                          const struct atls_delegates_news *news)
{
    ATLS_AUTO_BUF text = atls_buf(ATLS_LOG_LINE);
    ATLS_AUTO(json_t) *line = NULL;

    if (!atls_log_has_room(log))
        return;
    line = line_of_delegate(scheme, news);
    atls_json_fit(&text, line, expendable);
    if (!text.failed)
        atls_log_line(log,
                      news->event == ATLS_DELEGATES_FAILED ? ATLS_LOG_WARNING
                                                           : ATLS_LOG_INFO,
                      atls_buf_view(&text));
}
