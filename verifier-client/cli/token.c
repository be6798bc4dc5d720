/* SPDX-License-Identifier: Apache-2.0
 *
 * Three segments of base64url, the first two of which hold JSON.
 */
#include "cli/token.h"

#include <string.h>
#include <time.h>

#include "base64url.h"
#include "cli/output.h"
#include "ear.h"

enum { MAX_JSON = 1 << 20 };

struct atls_view atls_token_trim(struct atls_view text)
{
    while (text.len > 0 && strchr(" \t\r\n", text.data[0]) != NULL) {
        text.data++;
        text.len--;
    }
    while (text.len > 0 && strchr(" \t\r\n", text.data[text.len - 1]) != NULL)
        text.len--;
    return text;
}

static bool take_segment(struct atls_view *rest, struct atls_buf *out)
{
    const uint8_t *dot =
        rest->len > 0 ? memchr(rest->data, '.', rest->len) : NULL;
    size_t len = dot != NULL ? (size_t)(dot - rest->data) : 0;

    if (len == 0 || !atls_base64url_decode(atls_view(rest->data, len), out))
        return false;
    *rest = atls_view(dot + 1, rest->len - len - 1);
    return true;
}

static void add_time(json_t *object, const char *name, int64_t seconds)
{
    time_t when = (time_t)seconds;
    char text[32] = "";
    struct tm tm;

    if (gmtime_r(&when, &tm) != NULL)
        (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
    atls_output_set(object, name, "%s", text);
}

static void add_nonce(json_t *object, const struct atls_ear_nonce *nonce)
{
    char hex[2 * sizeof(nonce->bytes) + 1];

    if (nonce->len == 0)
        return;
    atls_hex(atls_view(nonce->bytes, nonce->len), hex, sizeof(hex));
    atls_output_set(object, "nonce", "%s", hex);
}

static json_t *submod_of(const struct atls_ear_submod *submod)
{
    json_t *object = json_object();

    atls_output_set(object, "status", "%s", atls_tier_name(submod->status));
    add_nonce(object, &submod->nonce);
    return object;
}

/* What we make of it, beside what it says: the status is recomputed. */
static json_t *summary_of(const struct atls_ear *ear)
{
    json_t *summary = json_object(), *submods = json_object();

    add_time(summary, "made", ear->iat);
    if (ear->has_exp)
        add_time(summary, "ends", ear->exp);
    add_nonce(summary, &ear->nonce);
    for (size_t i = 0; i < ear->num_submods; i++)
        atls_output_add(submods, ear->submods[i].name,
                        submod_of(&ear->submods[i]));
    atls_output_add(summary, "submodules", submods);
    return summary;
}

static void add_summary(json_t *report, struct atls_view payload)
{
    static struct atls_ear ear; /* too large for a stack */
    struct atls_why why = {0};

    if (atls_ear_parse(payload, &ear, &why) == ATLS_OK)
        atls_output_add(report, "result", summary_of(&ear));
    else
        atls_output_set(report, "not_a_result", "%s", why.text);
    atls_ear_clear(&ear);
}

bool atls_token_describe(json_t *report, struct atls_view text,
                         const char *standing)
{
    ATLS_AUTO_BUF header = atls_buf(MAX_JSON), payload = atls_buf(MAX_JSON);
    struct atls_view rest = atls_token_trim(text);
    ATLS_AUTO(json_t) *head = NULL;
    ATLS_AUTO(json_t) *body = NULL;

    if (!take_segment(&rest, &header) || !take_segment(&rest, &payload) ||
        (rest.len > 0 && memchr(rest.data, '.', rest.len) != NULL))
        return false;
    head = atls_json_parse(atls_buf_view(&header), ATLS_RESULT_MALFORMED, NULL);
    body =
        atls_json_parse(atls_buf_view(&payload), ATLS_RESULT_MALFORMED, NULL);
    if (!json_is_object(head) || body == NULL)
        return false;
    atls_output_set(report, "jws", "%s", standing);
    atls_output_add(report, "header", ATLS_STEAL(head));
    add_summary(report, atls_buf_view(&payload));
    atls_output_add(report, "payload", ATLS_STEAL(body));
    return true;
}
