/* SPDX-License-Identifier: Apache-2.0
 *
 * Veraison's challenge-response API, version 1: a session with a nonce, and
 * Evidence for it. Checks come in Veraison's order and with its words, so that
 * its clients find what they know. A session is not stored (session.h): one
 * that is asked for is waiting, and one that is deleted ends with its time.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base64url.h"
#include "clock.h"
#include "cmw.h"
#include "json.h"
#include "serve/alias.h"
#include "serve/appraisal.h"
#include "serve/metrics.h"
#include "serve/route.h"

#define SESSION "application/vnd.veraison.challenge-response-session+json"

enum {
    NONCE = 48, /* bytes of one that nobody asked for: a length that a PSA
                   token can have (RFC 9783, 4.1.1), and without padding */
    MAX_DRAWS = 1000
};

static bool wants_session(struct atls_exchange *exchange)
{
    if (atls_exchange_accepts(exchange, SESSION))
        return true;
    atls_exchange_problem(exchange, 406,
                          "the only supported output format is %s", SESSION);
    return false;
}

static bool is_given(const char *parameter)
{
    return parameter != NULL && parameter[0] != '\0';
}

/* The text is the same in base64 and base64url, padded and not. */
static bool is_spelled_alike(const struct atls_session *session)
{
    ATLS_AUTO_BUF text = atls_buf(2 * ATLS_SESSION_MAX_NONCE);

    atls_base64url_put(&text, atls_view(session->nonce, session->nonce_len));
    return memchr(text.data, '-', text.len) == NULL &&
           memchr(text.data, '_', text.len) == NULL;
}

/* Services of Veraison write a session's nonce in base64url without padding, as
 * we do; they wrote padded base64 before, which is what clients of theirs from
 * that time read. So what we make is drawn until both read it, where its length
 * has no padding; of 48 bytes, one draw in eight will do. */
static const char *make_nonce(size_t len, struct atls_session *session)
{
    session->nonce_len = len;
    for (int i = 0; i < MAX_DRAWS; i++) {
        if (RAND_bytes(session->nonce, (int)len) != 1)
            break;
        if (len % 3 != 0 || is_spelled_alike(session))
            return NULL;
    }
    return "no random bytes";
}

/* RFC 4648, 5: base64url may come with padding, which then fills it up. */
static struct atls_view without_padding(struct atls_view text)
{
    bool is_full = text.len % 4 == 0;

    for (int i = 0; is_full && i < 2 && text.len > 0; i++)
        if (text.data[text.len - 1] == '=')
            text.len--;
    return text;
}

static const char *read_nonce(const char *text, struct atls_session *session)
{
    ATLS_AUTO_BUF nonce = atls_buf(ATLS_EXCHANGE_MAX_BODY);

    if (!atls_base64url_decode(without_padding(atls_view_text(text)), &nonce))
        return "nonce must be valid base64";
    if (nonce.len < ATLS_SESSION_MIN_NONCE ||
        nonce.len > ATLS_SESSION_MAX_NONCE)
        return "nonce must be between 8 and 64 bytes long";
    memcpy(session->nonce, nonce.data, nonce.len);
    session->nonce_len = nonce.len;
    return NULL;
}

static const char *read_nonce_size(const char *text,
                                   struct atls_session *session)
{
    size_t size = 0;

    for (const char *at = text; *at != '\0' && size < 100; at++)
        size = *at >= '0' && *at <= '9' ? 10 * size + (size_t)(*at - '0') : 100;
    if (size < ATLS_SESSION_MIN_NONCE || size > ATLS_SESSION_MAX_NONCE)
        return "nonceSize must be in range 8..64";
    return make_nonce(size, session);
}

/* NULL, or what is wrong with the request. */
static const char *choose_nonce(const struct atls_request *request,
                                struct atls_session *session)
{
    if (is_given(request->nonce) && is_given(request->nonce_size))
        return "nonce and nonceSize are mutually exclusive";
    if (is_given(request->nonce))
        return read_nonce(request->nonce, session);
    if (is_given(request->nonce_size))
        return read_nonce_size(request->nonce_size, session);
    return make_nonce(NONCE, session);
}

static json_t *nonce_json(const struct atls_session *session)
{
    ATLS_AUTO_BUF text = atls_buf(2 * ATLS_SESSION_MAX_NONCE);

    atls_base64url_put(&text, atls_view(session->nonce, session->nonce_len));
    return json_stringn((const char *)text.data, text.len);
}

static json_t *expiry_json(const struct atls_session *session)
{
    time_t expires = (time_t)session->expires;
    char text[32] = "";
    struct tm parts;

    if (gmtime_r(&expires, &parts) != NULL)
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return json_string(text);
}

static json_t *accept_json(const struct atls_service *service)
{
    json_t *types = json_array();

    for (size_t i = 0; i < service->num_types; i++)
        (void)json_array_append_new(types, json_string(service->types[i]));
    return types;
}

/* Members in Veraison's order. */
static json_t *session_json(const struct atls_exchange *exchange,
                            const struct atls_session *session,
                            const char *status)
{
    return json_pack("{s:s,s:o,s:o,s:o}", "status", status, "nonce",
                     nonce_json(session), "expiry", expiry_json(session),
                     "accept", accept_json(exchange->service));
}

static void answer_session(struct atls_exchange *exchange, int status,
                           const json_t *session)
{
    exchange->answer.status = status;
    exchange->answer.type = SESSION;
    exchange->answer.cache = "no-store";
    atls_json_put(&exchange->answer.body, session);
}

void atls_challenge_new(struct atls_exchange *exchange)
{
    struct atls_session session = {.expires =
                                       exchange->now + ATLS_SESSION_TTL_S};
    char id[ATLS_SESSION_ID];
    ATLS_AUTO(json_t) *body = NULL;
    struct atls_why why = {0};
    const char *wrong;

    if (!wants_session(exchange))
        return;
    wrong = choose_nonce(&exchange->request, &session);
    if (wrong != NULL) {
        atls_exchange_problem(exchange, 400,
                              "failed handling nonce request: %s", wrong);
        return;
    }
    if (atls_session_seal(&session, exchange->session_key, id, &why) !=
        ATLS_OK) {
        atls_exchange_problem(exchange, 500, "%s", why.text);
        return;
    }
    body = session_json(exchange, &session, "waiting");
    snprintf(exchange->answer.location, sizeof(exchange->answer.location),
             "session/%s", id);
    answer_session(exchange, 201, body);
}

/* The session that the path names, or a problem. */
static bool open_session(struct atls_exchange *exchange,
                         struct atls_session *session)
{
    const char *id = exchange->request.path + strlen(ATLS_ROUTE_SESSION);
    struct atls_why why = {0};
    enum atls_reason reason = atls_session_open(id, exchange->session_key,
                                                exchange->now, session, &why);

    if (reason != ATLS_OK)
        atls_exchange_problem(exchange,
                              reason == ATLS_SESSION_MALFORMED ? 400 : 404,
                              "%s", why.text);
    return reason == ATLS_OK;
}

void atls_challenge_get(struct atls_exchange *exchange)
{
    struct atls_session session;
    ATLS_AUTO(json_t) *body = NULL;

    if (!wants_session(exchange) || !open_session(exchange, &session))
        return;
    body = session_json(exchange, &session, "waiting");
    answer_session(exchange, 200, body);
}

/* Also for one that is over, or was another's: as Veraison's, which does not
 * say what it did not have. */
void atls_challenge_delete(struct atls_exchange *exchange)
{
    const char *id = exchange->request.path + strlen(ATLS_ROUTE_SESSION);
    struct atls_session session;
    struct atls_why why = {0};

    if (atls_session_open(id, exchange->session_key, exchange->now, &session,
                          &why) == ATLS_SESSION_MALFORMED)
        atls_exchange_problem(exchange, 400, "%s", why.text);
    else
        exchange->answer.status = 204;
}

/* Evidence, out of its wrapper. */
struct evidence {
    struct atls_buf storage; /* of a JSON CMW's value */
    struct atls_type type;
    struct atls_view value;
    uint32_t indicator;
    const struct atls_format *format;
};

/* Exactly these, without parameters: what else looks like a CMW is a type that
 * we do not have. */
static bool is_cmw(const char *type)
{
    static const char *const types[] = {
        "application/cmw",
        "application/cmw+json",
        "application/cmw+cbor",
        "application/vnd.veraison.cmw",
        "application/vnd.veraison.cmw+json",
        "application/vnd.veraison.cmw+cbor",
    };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return false;
}

/* A collection keeps its own type, which no format here has. */
static bool unwrap(struct atls_exchange *exchange, struct evidence *evidence)
{
    struct atls_why why = {0};
    struct atls_cmw cmw;

    if (atls_cmw_parse(evidence->value, &evidence->storage, &cmw, &why) !=
        ATLS_OK) {
        atls_exchange_problem(exchange, 400, "could not unwrap the CMW: %s",
                              why.text);
        return false;
    }
    if (cmw.is_collection)
        return true;
    evidence->type = cmw.type;
    evidence->value = cmw.value;
    evidence->indicator = cmw.indicator;
    return true;
}

static bool read_type(struct atls_exchange *exchange, struct evidence *evidence)
{
    const char *type = exchange->request.content_type;

    evidence->value = exchange->request.body;
    if (type == NULL ||
        !atls_type_parse(atls_view_text(type), &evidence->type) ||
        evidence->type.is_format) {
        atls_exchange_problem(
            exchange, 400, "could not check media type with verifier: %s",
            type == NULL ? "no media type" : "malformed media type");
        return false;
    }
    return !is_cmw(type) || unwrap(exchange, evidence);
}

static bool find_format(struct atls_exchange *exchange,
                        struct evidence *evidence)
{
    atls_type_text(evidence->type, exchange->type, sizeof(exchange->type));
    evidence->format = atls_alias_format(&evidence->type, evidence->value);
    if (evidence->format != NULL &&
        atls_service_takes(exchange->service, evidence->format))
        return true;
    exchange->answer.accept = (const char *)exchange->service->accept.data;
    atls_exchange_problem(exchange, 415, "no active plugin found for %s",
                          exchange->type);
    return false;
}

static bool read_evidence(struct atls_exchange *exchange,
                          struct evidence *evidence)
{
    if (exchange->request.body.len == 0) {
        atls_exchange_problem(exchange, 400,
                              "unable to read evidence from the request body");
        return false;
    }
    return read_type(exchange, evidence) && find_format(exchange, evidence);
}

/* RFC 4648, 4: encoding/json of Veraison writes byte strings so. */
static json_t *base64_json(struct atls_view bytes)
{
    ATLS_AUTO_BUF text = atls_buf(ATLS_EXCHANGE_MAX_SENT);
    uint8_t *room = atls_buf_room(&text, bytes.len / 3 * 4 + 5);

    return room == NULL ? NULL
                        : json_stringn((char *)room,
                                       (size_t)EVP_EncodeBlock(room, bytes.data,
                                                               (int)bytes.len));
}

static void answer_complete(struct atls_exchange *exchange,
                            const struct atls_session *session,
                            struct atls_view value,
                            const struct atls_buf *result)
{
    ATLS_AUTO(json_t) *body = session_json(exchange, session, "complete");
    json_t *evidence =
        json_pack("{s:o,s:o}", "type", atls_json_text(exchange->type), "value",
                  base64_json(value));
    json_t *jws = json_stringn((const char *)result->data, result->len);

    if (json_object_set_new(body, "evidence", evidence) != 0 ||
        json_object_set_new(body, "result", jws) != 0)
        exchange->answer.body.failed = true;
    answer_session(exchange, 200, body);
}

static void submit(struct atls_exchange *exchange,
                   const struct evidence *evidence,
                   const struct atls_session *session)
{
    const struct atls_submission submission = {
        session,         evidence->format,    evidence->type,
        evidence->value, evidence->indicator, exchange->now};
    ATLS_AUTO_BUF result = atls_buf(ATLS_EXCHANGE_MAX_SENT);
    struct atls_why why = {0};
    int64_t start_ns = atls_clock_now();
    enum atls_reason reason = atls_appraisal_run(
        exchange->service, &submission, &exchange->verdict, &result, &why);

    if (reason != ATLS_OK) {
        atls_exchange_problem(exchange, 500,
                              "error encountered while processing evidence");
        return;
    }
    exchange->is_appraised = true;
    atls_metrics_appraised(exchange->metrics, &exchange->verdict,
                           atls_clock_now() - start_ns);
    answer_complete(exchange, session, evidence->value, &result);
}

void atls_challenge_submit(struct atls_exchange *exchange)
{
    struct evidence evidence = {.storage = atls_buf(ATLS_CMW_MAX)};
    struct atls_session session;

    if (wants_session(exchange) && read_evidence(exchange, &evidence) &&
        open_session(exchange, &session))
        submit(exchange, &evidence, &session);
    atls_buf_clear(&evidence.storage);
}
