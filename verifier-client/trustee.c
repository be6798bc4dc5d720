/* SPDX-License-Identifier: Apache-2.0
 *
 * Trustee's attestation service over REST (github.com/confidential-containers/
 * trustee, attestation-service/src/bin/restful): one POST, whose answer is the
 * result itself. It compares runtime_data with the report data of the
 * Evidence, cutting what is too long, and compares nothing when there is none:
 * so it is always sent, and its length checked here. The KBS in front of it is
 * for attesters: it makes the challenge itself, of a key that the attester
 * names, and so cannot appraise Evidence that is bound to a connection.
 */
#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "conversation.h"
#include "json.h"
#include "trustee.h"

enum {
    MAX_NONCE = 64,       /* bytes of report data */
    MAX_REQUEST = 1 << 20 /* bytes */
};

static const char *url_of(const struct atls_conversation *conversation)
{
    return conversation->question->verifier->peer.url;
}

static bool put_request(struct atls_conversation *conversation,
                        struct atls_view evidence)
{
    const struct atls_remote_question *question = conversation->question;
    struct atls_buf *body = &conversation->body;
    const char *policy = question->verifier->policy_id;
    ATLS_AUTO(json_t) *policies =
        policy == NULL ? json_array() : json_pack("[s]", policy);

    atls_buf_text(body, "{\"verification_requests\":[{\"tee\":\"");
    atls_buf_text(body, question->tee);
    atls_buf_text(body, "\",\"evidence\":\"");
    atls_base64url_put(body, evidence);
    atls_buf_text(body, "\",\"runtime_data\":{\"raw\":\"");
    atls_base64url_put(body, question->nonce);
    atls_buf_text(body, "\"},\"runtime_data_hash_algorithm\":\"sha384\"}],"
                        "\"policy_ids\":");
    if (policies != NULL)
        atls_json_put(body, policies);
    atls_buf_text(body, "}");
    return policies != NULL && !body->failed;
}

static enum atls_reason begin(const struct atls_remote_question *question,
                              struct atls_conversation *out,
                              struct atls_why *why)
{
    ATLS_AUTO_BUF evidence = atls_buf(MAX_REQUEST);
    enum atls_reason reason;

    memset(out, 0, sizeof(*out));
    out->question = question;
    out->body = atls_buf(MAX_REQUEST);
    atls_type_text(question->type, out->type, sizeof(out->type));
    if (question->tee == NULL)
        return atls_why(why, ATLS_VERIFIER_REFUSED,
                        "%s: Trustee has no appraisal for %s", url_of(out),
                        out->type);
    if (question->nonce.len == 0 || question->nonce.len > MAX_NONCE)
        return atls_why(why, ATLS_VERIFIER_REFUSED,
                        "%s: takes report data of at most %d bytes, this has "
                        "%zu",
                        url_of(out), MAX_NONCE, question->nonce.len);
    reason = atls_trustee_put_evidence(question, &evidence, why);
    if (reason != ATLS_OK)
        return reason;
    if (!put_request(out, atls_buf_view(&evidence)))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    snprintf(out->path, sizeof(out->path), "attestation");
    out->request =
        (struct atls_http_request){.method = "POST",
                                   .path = out->path,
                                   .content_type = "application/json",
                                   .body = atls_buf_view(&out->body)};
    return ATLS_OK;
}

/* RFC 7515, 7.1: three segments of base64url */
static bool is_compact(struct atls_view text)
{
    size_t num_dots = 0;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        bool is_digit = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                        (c >= '0' && c <= '9') || c == '-' || c == '_';

        num_dots += c == '.';
        if (!is_digit && c != '.')
            return false;
    }
    return num_dots == 2;
}

static enum atls_reason next(struct atls_conversation *conversation,
                             const struct atls_http_response *response,
                             struct atls_view body, struct atls_buf *result,
                             struct atls_why *why)
{
    if (response->status != 200)
        return atls_conversation_refusal(conversation, response, body, why);
    while (body.len > 0 && body.data[body.len - 1] == '\n')
        body.len--;
    if (body.len > ATLS_JWS_MAX)
        return atls_why(why, ATLS_VERIFIER_TOO_LARGE,
                        "%s: want a result of at most %d bytes",
                        url_of(conversation), ATLS_JWS_MAX);
    if (!is_compact(body))
        return atls_why(why, ATLS_VERIFIER_ANSWER,
                        "%s: want a compact JWS and nothing else as the answer",
                        url_of(conversation));
    atls_buf_put(result, body);
    conversation->is_finished = true;
    return result->failed ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL) : ATLS_OK;
}

const struct atls_protocol atls_trustee = {.begin = begin, .next = next};
