/* SPDX-License-Identifier: Apache-2.0
 *
 * From bytes to a description: a CMW with its members, Evidence of the formats
 * that we can appraise by its claims, anything else as an outline of its CBOR
 * or JSON, or by its first bytes.
 */
#include "cli/describe.h"

#include <string.h>

#include "cli/certificate.h"
#include "cli/input.h"
#include "cli/outline.h"
#include "cli/output.h"
#include "cli/token.h"
#include "cmw.h"

enum { SHOWN = 64 }; /* bytes of what cannot be read */

/* The last of the components, or a new one where this claim begins one: its
 * type does, and so does a claim that the last one has. */
static json_t *component_for(json_t *claims, const char *name)
{
    json_t *list = json_object_get(claims, "components");
    json_t *last = NULL;

    if (list == NULL) {
        list = json_array();
        atls_output_add(claims, "components", list);
    }
    if (json_array_size(list) > 0)
        last = json_array_get(list, json_array_size(list) - 1);
    if (last == NULL || strcmp(name, "type") == 0 ||
        json_object_get(last, name) != NULL) {
        last = json_object();
        json_array_append_new(list, last);
    }
    return last;
}

static void add_claim(void *claims, const char *name, const char *value)
{
    static const char prefix[] = "component_";
    json_t *object = claims;

    if (strncmp(name, prefix, sizeof(prefix) - 1) == 0) {
        name += sizeof(prefix) - 1;
        object = component_for(claims, name);
    }
    atls_output_add(object, name, atls_output_text(atls_view_text(value)));
}

json_t *atls_describe_claims(const struct atls_evidence *evidence)
{
    json_t *claims = json_object();

    if (claims != NULL)
        atls_evidence_describe(evidence, false, add_claim, claims);
    return claims;
}

void atls_describe_verdict(json_t *report, const struct atls_verdict *verdict)
{
    json_t *vector = json_object();

    atls_output_set(report, "verdict", "%s", atls_tier_name(verdict->tier));
    atls_output_set(report, "reason", "%s", atls_reason_name(verdict->reason));
    if (verdict->reason != ATLS_OK) {
        atls_output_set(report, "meaning", "%s",
                        atls_reason_text(verdict->reason));
        atls_output_set(report, "text", "%s", verdict->text);
    }
    if (verdict->profile[0] != '\0')
        atls_output_set(report, "profile", "%s", verdict->profile);
    for (int i = 0; i < ATLS_NUM_AR4SI_CLAIMS; i++)
        if (verdict->vector[i] != 0)
            atls_output_add(vector, atls_ar4si_name((enum atls_ar4si_claim)i),
                            json_integer(verdict->vector[i]));
    atls_output_add(report, "vector", vector);
}

/* What a record's value or a bare file holds, when no format of ours does. */
static bool outline(json_t *report, struct atls_view value)
{
    ATLS_AUTO(json_t) *json = NULL;
    json_t *tree = NULL;

    if (atls_token_describe(report, value, "not verified"))
        return true;
    tree = atls_outline_cbor(value);
    /* a lone CBOR scalar is more likely not CBOR */
    if (json_is_object(tree) || json_is_array(tree)) {
        atls_output_add(report, "cbor", tree);
        return true;
    }
    json_decref(tree);
    json = atls_json_parse(value, ATLS_EVIDENCE_MALFORMED, NULL);
    if (json != NULL)
        atls_output_add(report, "json", ATLS_STEAL(json));
    else
        atls_output_add(report, "content", atls_outline_bytes(value, SHOWN));
    return json_object_get(report, "json") != NULL;
}

static void add_indicator(json_t *report, uint32_t indicator)
{
    static const char *const names[] = {"reference values", "endorsements",
                                        "evidence", "results",
                                        "appraisal policy"};
    ATLS_AUTO_BUF text = atls_buf(256);

    for (unsigned i = 0; i < 5; i++)
        if (indicator >> i & 1) {
            atls_buf_text(&text, text.len > 0 ? ", " : "");
            atls_buf_text(&text, names[i]);
        }
    if (indicator != 0)
        atls_output_set(report, "indicator", "%u (%.*s)", indicator,
                        (int)text.len, (const char *)text.data);
}

static void add_type(json_t *report, struct atls_type type)
{
    char text[ATLS_TYPE_MAX_TEXT + 1];

    atls_type_text(type, text, sizeof(text));
    atls_output_add(report, "type", atls_output_text(atls_view_text(text)));
    if (type.is_format)
        atls_output_add(report, "content_format", json_integer(type.format));
}

/* NULL: no Evidence of ours; what it is then is shown. */
static struct atls_evidence *describe_value(json_t *report,
                                            const struct atls_cmw *cmw)
{
    ATLS_AUTO_BUF again = atls_buf(ATLS_CMW_MAX + 512);
    ATLS_AUTO_BUF carried = atls_buf(ATLS_INPUT_MAX); /* not Evidence here */
    struct atls_evidence *evidence = NULL;
    struct atls_why why = {0};

    atls_output_add(report, "size", json_integer((json_int_t)cmw->value.len));
    atls_cmw_put(&again, cmw->type, cmw->value, cmw->indicator);
    if (atls_evidence_parse(atls_buf_view(&again), NULL, &evidence, &why) ==
        ATLS_OK) {
        atls_output_add(report, "claims", atls_describe_claims(evidence));
        (void)atls_certificate_describe(
            report, atls_evidence_certificate(evidence), &carried);
    } else {
        atls_output_set(report, "not_appraisable", "%s", why.text);
        outline(report, cmw->value);
    }
    return evidence;
}

static void describe_record(json_t *report, const struct atls_cmw *cmw)
{
    add_type(report, cmw->type);
    add_indicator(report, cmw->indicator);
    atls_evidence_free(describe_value(report, cmw));
}

static const char *encoding(const struct atls_cmw *cmw)
{
    return cmw->is_json ? "JSON" : "CBOR";
}

static enum atls_reason describe_member(void *arg, struct atls_view label,
                                        const struct atls_cmw *member,
                                        struct atls_why *why);

/* Collections nest at most ATLS_CMW_MAX_DEPTH deep: atls_cmw_parse has seen
 * to it, and so has the depth of this recursion a limit of ours. */
static void describe_cmw(json_t *report, const struct atls_cmw *cmw)
{
    ATLS_AUTO_BUF storage = atls_buf(ATLS_INPUT_MAX);
    json_t *members;

    if (!cmw->is_collection) {
        atls_output_set(report, "cmw", "record, %s", encoding(cmw));
        describe_record(report, cmw);
        return;
    }
    atls_output_set(report, "cmw", "collection, %s", encoding(cmw));
    if (cmw->type.text.len > 0)
        add_type(report, cmw->type);
    members = json_object();
    if (members != NULL && atls_cmw_members(cmw, &storage, describe_member,
                                            members, NULL) != ATLS_OK)
        atls_output_set(report, "error", "its members cannot be read");
    atls_output_add(report, "members", members);
}

static enum atls_reason describe_member(void *arg, struct atls_view label,
                                        const struct atls_cmw *member,
                                        struct atls_why *why)
{
    ATLS_AUTO(json_t) *name = atls_output_text(label);
    json_t *report = json_object();

    (void)why;
    if (name == NULL || report == NULL) {
        json_decref(report);
        return ATLS_OUT_OF_MEMORY;
    }
    describe_cmw(report, member);
    atls_output_add(arg, json_string_value(name), report);
    return ATLS_OK;
}

/* A certificate, and the CMW that it carries. */
static bool describe_certificate(json_t *report, struct atls_view bytes)
{
    ATLS_AUTO_BUF inner = atls_buf(ATLS_INPUT_MAX);
    ATLS_AUTO_BUF storage = atls_buf(ATLS_INPUT_MAX);
    struct atls_why why = {0};
    struct atls_cmw cmw;

    if (!atls_certificate_describe(report, bytes, &inner))
        return false;
    if (inner.len == 0)
        return true;
    if (atls_cmw_parse(atls_buf_view(&inner), &storage, &cmw, &why) == ATLS_OK)
        describe_cmw(report, &cmw);
    else
        atls_output_set(report, "not_a_cmw", "%s", why.text);
    return true;
}

/* Open Enclave's tests have Evidence behind lines with a licence. */
static struct atls_view without_comments(struct atls_view bytes)
{
    const uint8_t *end;

    while (bytes.len > 0 && bytes.data[0] == '#') {
        end = memchr(bytes.data, '\n', bytes.len);
        if (end == NULL)
            break;
        bytes.len -= (size_t)(end + 1 - bytes.data);
        bytes.data = end + 1;
    }
    return bytes;
}

/* A CMW, or a token, quote or report without one. wrapped outlives *cmw. */
static bool open_cmw(struct atls_view bytes, struct atls_buf *wrapped,
                     struct atls_buf *storage, struct atls_cmw *cmw,
                     struct atls_why *why)
{
    return atls_input_evidence(bytes, wrapped) == ATLS_OK &&
           atls_cmw_parse(atls_buf_view(wrapped), storage, cmw, why) == ATLS_OK;
}

static bool describe_unknown(json_t *report, struct atls_view bytes,
                             const struct atls_why *why)
{
    atls_output_set(report, "not_a_cmw", "%s", why->text);
    return atls_describe_log(report, bytes) || outline(report, bytes);
}

struct atls_evidence *atls_describe_bare(json_t *report, struct atls_view bytes)
{
    ATLS_AUTO_BUF wrapped = atls_buf(ATLS_INPUT_MAX + 512);
    ATLS_AUTO_BUF storage = atls_buf(ATLS_INPUT_MAX);
    struct atls_why why = {0};
    struct atls_cmw cmw;

    if (!open_cmw(bytes, &wrapped, &storage, &cmw, &why)) {
        describe_unknown(report, bytes, &why);
        return NULL;
    }
    if (cmw.is_collection) {
        describe_cmw(report, &cmw);
        return NULL;
    }
    add_type(report, cmw.type);
    return describe_value(report, &cmw);
}

json_t *atls_describe_input(struct atls_view given, bool *is_known)
{
    ATLS_AUTO_BUF wrapped = atls_buf(ATLS_INPUT_MAX + 512);
    ATLS_AUTO_BUF storage = atls_buf(ATLS_INPUT_MAX);
    struct atls_view bytes = without_comments(given);
    struct atls_why why = {0};
    struct atls_cmw cmw;
    json_t *report = json_object();

    *is_known =
        report != NULL && (describe_certificate(report, bytes) ||
                           atls_token_describe(report, bytes, "not verified"));
    if (report == NULL || *is_known)
        return report;
    *is_known = open_cmw(bytes, &wrapped, &storage, &cmw, &why);
    if (!*is_known) {
        *is_known = atls_certificate_content(report, bytes) ||
                    describe_unknown(report, bytes, &why);
        return report;
    }
    if (!atls_view_equal(atls_buf_view(&wrapped), bytes)) {
        atls_output_set(report, "cmw", "none: a token without its wrapper");
        atls_evidence_free(describe_value(report, &cmw));
        return report;
    }
    describe_cmw(report, &cmw);
    return report;
}
