/* SPDX-License-Identifier: Apache-2.0
 *
 * A request to atls serve, as seven lines: method, path ("S": a session that
 * there is), Accept, Content-Type, nonce, nonceSize, and the body. Every
 * request is answered, and an answer that says it is JSON is.
 */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>

#include "json.h"
#include "serve/exchange.h"
#include "serve/metrics.h"
#include "serve/route.h"

const char fuzz_target[] = "serve";

enum { NUM_LINES = 6, MAX_LINE = 300, NOW = 1000 };

static struct atls_setup setup;
static struct atls_service service;
static struct atls_session_key session_key;
static struct atls_metrics metrics;
static char session_path[sizeof(ATLS_ROUTE_SESSION) + ATLS_SESSION_ID];

static void make_policy(EVP_PKEY *key)
{
    static char text[2048];
    static const char *const types[] = {"application/psa-attestation-token"};
    const struct atls_peer nobody = {.role = ATLS_ROLE_SERVER};
    BIO *pem = BIO_new(BIO_s_mem());
    char *data;
    json_t *policy;

    fuzz_must(PEM_write_bio_PUBKEY(pem, key) == 1);
    policy =
        json_pack("{s:{s:{s:s,s:[s#],s:b}}}", "profiles", "p", "format", "psa",
                  "trust_anchors", (BIO_get_mem_data(pem, &data), data),
                  (int)BIO_get_mem_data(pem, &data), "any", true);
    fuzz_must(json_dumpb(policy, text, sizeof(text), 0) < sizeof(text));
    fuzz_must(atls_policy_parse(atls_view_text(text), "p", "", NULL, NULL,
                                &service.policy, NULL) == ATLS_OK);
    service.rule = atls_policy_match(service.policy, &nobody);
    memcpy(service.types, types, sizeof(types));
    service.num_types = 1;
    json_decref(policy);
    BIO_free(pem);
}

static void start(void)
{
    struct atls_session session = {
        .nonce = "a nonce", .nonce_len = 32, .expires = NOW + 1};
    char id[ATLS_SESSION_ID];
    EVP_PKEY *key = EVP_EC_gen("P-256");

    fuzz_must(key != NULL);
    make_policy(key);
    service.num_references = 1;
    service.setup = &setup;
    service.signers.items[0].key = key;
    service.signers.num = 1;
    service.accept = atls_buf(8);
    atls_buf_put(&service.accept, atls_view("a/b", 4));
    fuzz_must(atls_session_key_make(&session_key, NULL) == ATLS_OK);
    fuzz_must(atls_session_seal(&session, &session_key, id, NULL) == ATLS_OK);
    snprintf(session_path, sizeof(session_path), ATLS_ROUTE_SESSION "%s", id);
}

/* A line without its end; what is longer is cut. No line: NULL. */
static const char *take_line(struct atls_view *rest, char line[MAX_LINE])
{
    const uint8_t *end = memchr(rest->data, '\n', rest->len);
    size_t len = end != NULL ? (size_t)(end - rest->data) : 0;

    if (end == NULL)
        return NULL;
    snprintf(line, MAX_LINE, "%.*s", (int)len, (const char *)rest->data);
    *rest = atls_view(end + 1, rest->len - len - 1);
    return line;
}

static void check(const struct atls_exchange *exchange)
{
    const struct atls_answer *answer = &exchange->answer;
    json_t *body;

    fuzz_must(answer->status >= 200 && answer->status <= 500 &&
              !answer->body.failed);
    fuzz_must(answer->status != 500);
    if (answer->type == NULL || strstr(answer->type, "json") == NULL ||
        answer->body.len == 0)
        return;
    body = atls_json_parse(atls_buf_view(&answer->body), ATLS_POLICY_INVALID,
                           NULL);
    fuzz_must(body != NULL);
    json_decref(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char lines[NUM_LINES][MAX_LINE];
    static struct atls_exchange exchange;
    struct atls_view rest = atls_view(data, size);
    struct atls_request *request = &exchange.request;

    if (service.policy == NULL)
        start();
    atls_exchange_init(&exchange);
    request->method = take_line(&rest, lines[0]);
    request->path = take_line(&rest, lines[1]);
    request->accept = take_line(&rest, lines[2]);
    request->content_type = take_line(&rest, lines[3]);
    request->nonce = take_line(&rest, lines[4]);
    request->nonce_size = take_line(&rest, lines[5]);
    request->body = rest;
    if (request->path == NULL || rest.len > ATLS_EXCHANGE_MAX_BODY)
        return 0;
    if (strcmp(request->path, "S") == 0)
        request->path = session_path;
    exchange.service = &service;
    exchange.session_key = &session_key;
    exchange.metrics = &metrics;
    exchange.now = NOW;
    atls_exchange_run(&exchange);
    check(&exchange);
    atls_exchange_clear(&exchange);
    return 0;
}
