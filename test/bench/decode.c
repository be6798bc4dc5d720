/* SPDX-License-Identifier: Apache-2.0
 *
 * A PSA token of 2 KB: its claims decoded and held against a profile, without
 * the signature; the same from the CMW of the wire, copied; and the same
 * claims by libcbor, held against nothing.
 */
#define _GNU_SOURCE
#include "appraisal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cbor.h"
#include "format.h"
#include "policy.h"
#include "psa.h"
#include "rival.h"
#include "sample.h"
#include "test/unit/forge.h"

#define BLOCK          100 /* tokens */
#define NUM_COMPONENTS 20
#define BUDGET_US      10
#define AIM_US         2
#define AIM_RIVAL      0.1 /* of what libcbor takes */

enum { COMPONENTS = 2399, HASH = 32, NONCE = 32 };
enum series { OURS, FROM_CMW, RIVAL, NUM_SERIES };

struct token {
    EVP_PKEY *key;
    struct atls_policy *policy;
    const struct atls_profile *profile;
    struct atls_buf bytes, cmw;
    double us[NUM_SERIES][BENCH_APPRAISAL_ROUNDS];
};

static void put_hash(struct atls_buf *out, unsigned char byte)
{
    unsigned char bytes[HASH];

    memset(bytes, byte, sizeof(bytes));
    atls_cbor_put_bytes(out, atls_view(bytes, sizeof(bytes)));
}

static void put_component(struct atls_buf *out, unsigned i)
{
    char name[16];

    (void)snprintf(name, sizeof(name), "part-%02u", i);
    atls_cbor_put_map(out, 4);
    atls_cbor_put_uint(out, 1);
    atls_cbor_put_text(out, name);
    atls_cbor_put_uint(out, 2);
    put_hash(out, (unsigned char)(0x80 + i));
    atls_cbor_put_uint(out, 4);
    atls_cbor_put_text(out, "1.2.3");
    atls_cbor_put_uint(out, 5);
    put_hash(out, (unsigned char)(0xc0 + i));
}

static void put_components(struct forge_claims *claims)
{
    struct atls_buf *value = NULL;

    for (size_t i = 0; i < claims->num; i++)
        if (claims->items[i].key == COMPONENTS)
            value = &claims->items[i].value;
    value->len = 0;
    atls_cbor_put_array(value, NUM_COMPONENTS);
    for (unsigned i = 0; i < NUM_COMPONENTS; i++)
        put_component(value, i);
}

static bool make_token(struct token *token)
{
    struct forge_claims claims;

    token->key = EVP_EC_gen("P-256");
    token->bytes = atls_buf(FORGE_MAX);
    token->cmw = atls_buf(FORGE_MAX);
    if (token->key == NULL)
        return false;
    forge_claims(&claims, token->key, forge_nonce(NONCE));
    put_components(&claims);
    forge_psa(&token->bytes, &claims, token->key);
    forge_claims_clear(&claims);
    forge_cmw(&token->cmw, "10003", atls_buf_view(&token->bytes), 4);
    return !token->cmw.failed;
}

static void put_value(struct atls_buf *text, unsigned i)
{
    char value[256], measurement[2 * HASH + 1] = "", signer[2 * HASH + 1] = "";

    for (unsigned at = 0; at < HASH; at++) {
        (void)snprintf(measurement + 2 * (size_t)at, 3, "%02x", 0x80 + i);
        (void)snprintf(signer + 2 * (size_t)at, 3, "%02x", 0xc0 + i);
    }
    (void)snprintf(value, sizeof(value),
                   "%s{\"signer_id\":\"%s\",\"measurement\":\"%s\"}",
                   i > 0 ? "," : "", signer, measurement);
    atls_buf_text(text, value);
}

static bool make_policy(struct token *token)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    ATLS_AUTO_HEAP char *pem = forge_pem(token->key);
    struct atls_why why = {0};

    atls_buf_text(&text, "{\"profiles\":{\"token\":{\"format\":\"psa\","
                         "\"trust_anchors\":[\"");
    atls_buf_text(&text, pem);
    atls_buf_text(&text, "\"],\"components\":[");
    for (unsigned i = 0; i < NUM_COMPONENTS; i++)
        put_value(&text, i);
    atls_buf_text(&text, "]}}}");
    if (atls_policy_parse(atls_buf_view(&text), "policy", ".", NULL, NULL,
                          &token->policy, &why) != ATLS_OK) {
        fprintf(stderr, "bench: %s\n", why.text);
        return false;
    }
    token->profile = atls_policy_profile(token->policy, "token");
    return token->profile != NULL;
}

static bool decode(const struct token *token)
{
    struct atls_psa_claims claims = {.dialect = ATLS_PSA_RFC9783};
    struct atls_verdict verdict;
    struct atls_view nonce;

    atls_verdict_init(&verdict);
    return atls_format_psa.parse(atls_buf_view(&token->bytes), &claims, &nonce,
                                 NULL) == ATLS_OK &&
           atls_view_equal(nonce, forge_nonce(NONCE)) &&
           atls_format_psa.judge(&claims, token->profile, 0, &verdict) ==
               ATLS_OK;
}

static bool decode_cmw(const struct token *token)
{
    struct atls_evidence *evidence = NULL;
    bool is_well = atls_evidence_parse(atls_buf_view(&token->cmw), NULL,
                                       &evidence, NULL) == ATLS_OK &&
                   atls_evidence_nonce_equal(evidence, forge_nonce(NONCE));

    atls_evidence_free(evidence);
    return is_well;
}

static void look(const struct bench_rival_claims *claims, void *arg)
{
    *(bool *)arg =
        claims->num_components == NUM_COMPONENTS &&
        claims->nonce.len == NONCE && claims->lifecycle == 0x3000 &&
        memcmp(claims->nonce.data, forge_nonce(NONCE).data, NONCE) == 0;
}

static bool decode_rival(const struct token *token)
{
    bool has_seen = false;

    return bench_rival_decode(token->bytes.data, token->bytes.len, look,
                              &has_seen) &&
           has_seen;
}

static bool run_block(struct token *token, enum series series, unsigned round)
{
    static bool (*const runs[NUM_SERIES])(const struct token *token) = {
        decode, decode_cmw, decode_rival};
    double start = bench_appraisal_us();

    for (int i = 0; i < BLOCK; i++)
        if (!runs[series](token)) {
            fprintf(stderr, "bench: the token is not decoded\n");
            return false;
        }
    token->us[series][round] = (bench_appraisal_us() - start) / BLOCK;
    return true;
}

/* What is not checked is not measured: a token whose last component another
 * signed must be refused. */
static bool refuses(struct token *token)
{
    unsigned char signer[HASH];
    unsigned char *at;

    memset(signer, 0xc0 + NUM_COMPONENTS - 1, sizeof(signer));
    at = memmem(token->bytes.data, token->bytes.len, signer, sizeof(signer));
    if (at == NULL)
        return false;
    *at ^= 1;
    if (!decode(token)) {
        *at ^= 1;
        return true;
    }
    fprintf(stderr, "bench: a wrong component was accepted\n");
    return false;
}

/* The first round warms everything and is overwritten. */
static bool run_rounds(struct token *token, unsigned num_rounds)
{
    bool is_well = refuses(token);

    for (int i = 0; i < NUM_SERIES && is_well; i++)
        is_well = run_block(token, (enum series)i, 0);
    for (unsigned round = 0; round < num_rounds && is_well; round++)
        for (unsigned i = 0; i < NUM_SERIES && is_well; i++)
            is_well = run_block(token, (enum series)((i + round) % NUM_SERIES),
                                round);
    return is_well;
}

static json_t *interval(const struct token *token, enum series series,
                        size_t num, double budget)
{
    return bench_sample_json(bench_sample_interval(token->us[series], num),
                             budget);
}

static json_t *token_json(const struct token *token, size_t num)
{
    return json_pack(
        "{s:i,s:i,s:o,s:o,s:o,s:o,s:o}", "bytes", (int)token->bytes.len,
        "components", NUM_COMPONENTS, "ours_us",
        interval(token, OURS, num, BUDGET_US), "aim_us",
        interval(token, OURS, num, AIM_US), "cmw_us",
        interval(token, FROM_CMW, num, 0), "libcbor_us",
        interval(token, RIVAL, num, 0), "ours_over_libcbor",
        bench_sample_json(
            bench_sample_ratio(token->us[OURS], token->us[RIVAL], num),
            AIM_RIVAL));
}

json_t *bench_appraisal_decode(unsigned num_rounds)
{
    struct token *token = calloc(1, sizeof(*token));
    json_t *out = NULL;

    if (token == NULL)
        return NULL;
    if (make_token(token) && make_policy(token) &&
        run_rounds(token, num_rounds))
        out = token_json(token, num_rounds);
    atls_policy_free(token->policy);
    atls_buf_clear(&token->bytes);
    atls_buf_clear(&token->cmw);
    EVP_PKEY_free(token->key);
    free(token);
    return out;
}
