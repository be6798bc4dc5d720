/* SPDX-License-Identifier: Apache-2.0
 *
 * Compact JWS: three base64url segments, the first two of which are signed as
 * they stand.
 */
#include "jws.h"

#include <errno.h>
#include <string.h>

#include <openssl/err.h>

#include "base64url.h"
#include "json.h"
#include "jws_algorithm.h"

/* Views into the compact form. */
struct segments {
    struct atls_view header, payload, signature, signed_part;
};

static bool take_segment(struct atls_view *rest, struct atls_view *segment)
{
    const uint8_t *dot = memchr(rest->data, '.', rest->len);

    if (dot == NULL)
        return false;
    *segment = atls_view(rest->data, (size_t)(dot - rest->data));
    *rest = atls_view(dot + 1, rest->len - segment->len - 1);
    return true;
}

static enum atls_reason split(struct atls_view compact, struct segments *out,
                              struct atls_why *why)
{
    struct atls_view rest = compact;

    if (compact.len > ATLS_JWS_MAX)
        return atls_why(why, ATLS_RESULT_MALFORMED,
                        "JWS: want at most %d bytes, found %zu", ATLS_JWS_MAX,
                        compact.len);
    if (compact.len == 0 || !take_segment(&rest, &out->header) ||
        !take_segment(&rest, &out->payload) ||
        (rest.len > 0 && memchr(rest.data, '.', rest.len) != NULL))
        return atls_why(why, ATLS_RESULT_MALFORMED,
                        "JWS: want three segments between two dots");
    out->signature = rest;
    out->signed_part =
        atls_view(compact.data, out->header.len + 1 + out->payload.len);
    return ATLS_OK;
}

/* RFC 7515, 2: base64url without padding, line breaks or anything else */
static enum atls_reason decode(struct atls_view segment, const char *what,
                               struct atls_buf *out, struct atls_why *why)
{
    if (atls_base64url_decode(segment, out))
        return ATLS_OK;
    if (out->failed && segment.len / 4 * 3 <= out->max)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return atls_why(why, ATLS_RESULT_MALFORMED,
                    "JWS: want a %s in base64url without padding%s", what,
                    out->failed ? ", not as long as this one" : "");
}

struct header {
    json_t *root; /* owned */
    const char *algorithm;
    const char *kid; /* NULL: none */
};

static void header_clear(struct header *header)
{
    json_decref(header->root);
}

static enum atls_reason read_header(struct atls_view segment,
                                    struct header *header, struct atls_why *why)
{
    ATLS_AUTO_BUF text = atls_buf(ATLS_JWS_MAX);
    enum atls_reason reason = decode(segment, "header", &text, why);
    const json_t *kid;

    if (reason != ATLS_OK)
        return reason;
    header->root =
        atls_json_parse(atls_buf_view(&text), ATLS_RESULT_MALFORMED, why);
    if (header->root == NULL)
        return why->reason;
    header->algorithm = json_string_value(json_object_get(header->root, "alg"));
    kid = json_object_get(header->root, "kid");
    header->kid = json_string_value(kid);
    if (header->algorithm == NULL || (kid != NULL && header->kid == NULL))
        return atls_why(why, ATLS_RESULT_MALFORMED,
                        "JWS: want a header with \"alg\", and \"alg\" and "
                        "\"kid\" as strings");
    /* RFC 7515, 4.1.11: we understand no extension, so we must refuse all */
    if (json_object_get(header->root, "crit") != NULL)
        return atls_why(why, ATLS_RESULT_MALFORMED,
                        "JWS: want a header without \"crit\"");
    return ATLS_OK;
}

static bool may_fit(const struct atls_jws_key *key, const struct header *header)
{
    if (!atls_jws_algorithm_is(key->algorithm, header->algorithm))
        return false;
    return header->kid == NULL || key->kid[0] == '\0' ||
           strcmp(header->kid, key->kid) == 0;
}

static enum atls_reason no_key(const struct header *header,
                               struct atls_why *why)
{
    if (header->kid == NULL)
        return atls_why(why, ATLS_RESULT_KEY_UNKNOWN,
                        "JWS: no configured key is for algorithm %.32s",
                        header->algorithm);
    return atls_why(why, ATLS_RESULT_KEY_UNKNOWN,
                    "JWS: no configured key is for algorithm %.32s and kid "
                    "%.64s",
                    header->algorithm, header->kid);
}

static enum atls_reason try_keys(const struct segments *segments,
                                 struct atls_view signature,
                                 const struct header *header,
                                 const struct atls_jws_keys *keys,
                                 struct atls_why *why)
{
    struct atls_why last = {0};
    unsigned num_tries = 0;

    for (size_t i = 0; i < keys->num && num_tries < ATLS_JWS_MAX_TRIES; i++) {
        const struct atls_jws_key *key = &keys->items[i];
        enum atls_reason reason;

        if (!may_fit(key, header))
            continue;
        num_tries++;
        last = (struct atls_why){0};
        reason = atls_jws_algorithm_verify(
            key->algorithm, key->key, segments->signed_part, signature, &last);
        if (reason != ATLS_RESULT_SIGNATURE)
            return reason == ATLS_OK ? reason
                                     : atls_why(why, reason, "%s", last.text);
    }
    if (num_tries == 0)
        return no_key(header, why);
    return atls_why(why, ATLS_RESULT_SIGNATURE,
                    "JWS: want a signature by a configured key, tried %u of "
                    "%zu: %s",
                    num_tries, keys->num, last.text);
}

static enum atls_reason verify(struct atls_view compact,
                               const struct atls_jws_keys *keys,
                               struct atls_buf *payload, struct atls_why *why)
{
    __attribute__((cleanup(header_clear))) struct header header = {0};
    ATLS_AUTO_BUF signature = atls_buf(ATLS_JWS_MAX);
    struct segments segments;
    enum atls_reason reason = split(compact, &segments, why);

    if (reason == ATLS_OK)
        reason = read_header(segments.header, &header, why);
    if (reason == ATLS_OK)
        reason = decode(segments.signature, "signature", &signature, why);
    if (reason == ATLS_OK)
        reason =
            try_keys(&segments, atls_buf_view(&signature), &header, keys, why);
    return reason == ATLS_OK ? decode(segments.payload, "payload", payload, why)
                             : reason;
}

enum atls_reason atls_jws_verify(struct atls_view compact,
                                 const struct atls_jws_keys *keys,
                                 struct atls_buf *payload, struct atls_why *why)
{
    struct atls_why found = {0};
    enum atls_reason reason;
    int saved = errno;

    ERR_set_mark();
    reason = verify(compact, keys, payload, &found);
    ERR_pop_to_mark();
    errno = saved;
    return reason == ATLS_OK ? ATLS_OK
                             : atls_why(why, reason, "%s", found.text);
}

static bool put_header(struct atls_buf *out, const char *algorithm,
                       const char *kid)
{
    ATLS_AUTO(json_t) *header = atls_json_object();
    ATLS_AUTO_BUF text = atls_buf(SIZE_MAX);

    if (json_object_set_new(header, "alg", json_string(algorithm)) != 0 ||
        json_object_set_new(header, "typ", json_string("JWT")) != 0 ||
        (kid != NULL &&
         json_object_set_new(header, "kid", json_string(kid)) != 0))
        return false;
    atls_json_put(&text, header);
    atls_base64url_put(out, atls_buf_view(&text));
    return !text.failed && !out->failed;
}

static enum atls_reason put(struct atls_buf *out, struct atls_view payload,
                            EVP_PKEY *key, const char *kid,
                            struct atls_why *why)
{
    const struct atls_jws_algorithm *algorithm = atls_jws_algorithm_of_key(key);
    ATLS_AUTO_BUF signature = atls_buf(SIZE_MAX);
    size_t at = out->len;
    enum atls_reason reason;

    if (algorithm == NULL)
        return atls_why(why, ATLS_VERIFIER_KEY,
                        "signing key: want one on P-256, P-384 or Ed25519, or "
                        "RSA of 2048 bits");
    if (!put_header(out, algorithm->name, kid))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    atls_buf_u8(out, '.');
    atls_base64url_put(out, payload);
    if (out->failed)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    reason =
        atls_jws_algorithm_put(&signature, algorithm, key,
                               atls_view(out->data + at, out->len - at), why);
    atls_buf_u8(out, '.');
    atls_base64url_put(out, atls_buf_view(&signature));
    if (reason != ATLS_OK)
        return reason;
    return out->failed ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL) : ATLS_OK;
}

enum atls_reason atls_jws_put(struct atls_buf *out, struct atls_view payload,
                              EVP_PKEY *key, const char *kid,
                              struct atls_why *why)
{
    enum atls_reason reason;

    ERR_set_mark();
    reason = put(out, payload, key, kid, why);
    ERR_pop_to_mark();
    return reason;
}
