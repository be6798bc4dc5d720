/* SPDX-License-Identifier: Apache-2.0
 *
 * The envelope of configfs-tsm. The CDDL has "provider" as bytes, ratsd writes
 * it as text: both are taken.
 */
#include "tsm_report.h"

#include <string.h>

#include "base64url.h"
#include "cbor.h"
#include "json.h"

enum { MAX_BLOB = 65536, SHOWN = 32 };

const char *const atls_tsm_report_types[] = {
    ATLS_TSM_REPORT_CBOR,
    ATLS_TSM_REPORT_JSON,
    NULL,
};

static const struct member {
    const char *name;
    size_t at; /* in struct atls_tsm_report */
    bool is_text;
} members[] = {
    {"provider", offsetof(struct atls_tsm_report, provider), true},
    {"outblob", offsetof(struct atls_tsm_report, outblob), false},
    {"auxblob", offsetof(struct atls_tsm_report, auxblob), false},
    {"manifestblob", offsetof(struct atls_tsm_report, manifestblob), false},
    {"service_provider", offsetof(struct atls_tsm_report, service_provider),
     true},
    {"eventlog", offsetof(struct atls_tsm_report, eventlog), false},
};
enum { NUM_MEMBERS = sizeof(members) / sizeof(members[0]) };

static const struct member *member_of(struct atls_view key)
{
    for (size_t i = 0; i < NUM_MEMBERS; i++)
        if (atls_view_is(key, members[i].name))
            return &members[i];
    return NULL;
}

/* An attribute of the kernel's that is text ends in a newline. */
static struct atls_view without_newline(struct atls_view text)
{
    if (text.len > 0 && text.data[text.len - 1] == '\n')
        text.len--;
    return text;
}

static struct atls_view take_value(struct atls_cbor *in,
                                   const struct member *member)
{
    struct atls_view value;

    if (member->is_text && atls_cbor_peek(in) == ATLS_CBOR_TEXT)
        value = atls_cbor_text(in);
    else
        value = atls_cbor_bytes(in);
    if (value.len > MAX_BLOB)
        atls_cbor_fail(in);
    return member->is_text ? without_newline(value) : value;
}

static bool read_map(struct atls_view value, struct atls_tsm_report *out)
{
    struct atls_cbor in = atls_cbor(value);
    struct atls_cbor_iter entries;

    *out = (struct atls_tsm_report){0};
    atls_cbor_map(&in, &entries);
    while (atls_cbor_next(&in, &entries)) {
        bool is_text = atls_cbor_peek(&in) == ATLS_CBOR_TEXT;
        struct atls_view key = atls_cbor_skip(&in);
        const struct member *member = NULL;

        if (is_text) {
            struct atls_cbor key_in = atls_cbor(key);

            member = member_of(atls_cbor_text(&key_in));
        }
        if (member == NULL)
            (void)atls_cbor_skip(&in);
        else
            *(struct atls_view *)((char *)out + member->at) =
                take_value(&in, member);
    }
    return atls_cbor_done(&in) && out->provider.len > 0 && out->outblob.len > 0;
}

/* Of a peer's text as much as a sentence needs, in printable ASCII. */
static void show(struct atls_view text, char out[SHOWN])
{
    size_t len = text.len < SHOWN - 1 ? text.len : SHOWN - 1;

    for (size_t i = 0; i < len; i++)
        out[i] =
            (char)(text.data[i] >= 0x20 && text.data[i] < 0x7f ? text.data[i]
                                                               : '?');
    out[len] = '\0';
}

/* Whoever may ask the SVSM is below it, and its reports all are of VMPL 0: one
 * that was taken for the guest's own would say more than is known. */
static enum atls_reason check_service(const struct atls_tsm_report *report,
                                      struct atls_why *why)
{
    char seen[SHOWN] = "a manifest";

    if (report->service_provider.len == 0 && report->manifestblob.len == 0)
        return ATLS_OK;
    if (report->service_provider.len > 0)
        show(report->service_provider, seen);
    return atls_why(why, ATLS_FORMAT_UNKNOWN,
                    "TSM report: want one that the guest asked for itself, "
                    "found one of a service (%s), whose challenge is hashed "
                    "with its manifest",
                    seen);
}

enum atls_reason atls_tsm_report_parse(struct atls_view value,
                                       const char *provider,
                                       struct atls_tsm_report *out,
                                       struct atls_why *why)
{
    char seen[SHOWN];

    if (!read_map(value, out))
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "TSM report: want a map of provider, outblob and what "
                        "else the kernel gave, found something else");
    if (provider == NULL || atls_view_is(out->provider, provider))
        return check_service(out, why);
    show(out->provider, seen);
    return atls_why(why, ATLS_FORMAT_UNKNOWN,
                    "TSM report: want provider " ATLS_TSM_SNP ", " ATLS_TSM_TDX
                    " or " ATLS_TSM_CCA ", found \"%s\"",
                    seen);
}

bool atls_tsm_report_is(struct atls_view value, const char *provider)
{
    struct atls_tsm_report report;

    return read_map(value, &report) && atls_view_is(report.provider, provider);
}

void atls_tsm_report_put(struct atls_buf *out, const char *provider,
                         struct atls_view outblob)
{
    atls_cbor_put_map(out, 2);
    atls_cbor_put_text(out, "provider");
    atls_cbor_put_text(out, provider);
    atls_cbor_put_text(out, "outblob");
    atls_cbor_put_bytes(out, outblob);
}

bool atls_tsm_report_is_json(struct atls_type type)
{
    struct atls_type json;

    return atls_type_parse(atls_view_text(atls_tsm_report_types[1]), &json) &&
           atls_type_equal(type, json);
}

static enum atls_reason malformed(const char *name, struct atls_why *why)
{
    return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                    "TSM report: want %s as a string%s", name,
                    strcmp(name, "provider") == 0 ? "" : ", in base64url");
}

static enum atls_reason put_member(struct atls_buf *out,
                                   const struct member *member,
                                   const json_t *value, struct atls_why *why)
{
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BLOB);
    struct atls_view text =
        atls_view(json_string_value(value), json_string_length(value));

    if (text.data == NULL)
        return malformed(member->name, why);
    atls_cbor_put_text(out, member->name);
    if (member->is_text) {
        atls_cbor_put_text_view(out, text);
        return ATLS_OK;
    }
    if (!atls_base64url_decode(text, &bytes))
        return bytes.failed ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL)
                            : malformed(member->name, why);
    atls_cbor_put_bytes(out, atls_buf_view(&bytes));
    return ATLS_OK;
}

static unsigned num_members(const json_t *map)
{
    unsigned num = 0;

    for (size_t i = 0; i < NUM_MEMBERS; i++)
        num += json_object_get(map, members[i].name) != NULL;
    return num;
}

enum atls_reason atls_tsm_report_convert(struct atls_view json,
                                         struct atls_buf *out,
                                         struct atls_why *why)
{
    ATLS_AUTO(json_t) *map =
        atls_json_parse(json, ATLS_EVIDENCE_MALFORMED, why);
    enum atls_reason reason = ATLS_OK;

    if (map == NULL)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED, NULL);
    atls_cbor_put_map(out, num_members(map));
    for (size_t i = 0; i < NUM_MEMBERS && reason == ATLS_OK; i++) {
        const json_t *value = json_object_get(map, members[i].name);

        if (value != NULL)
            reason = put_member(out, &members[i], value, why);
    }
    if (reason == ATLS_OK && out->failed)
        reason = atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return reason;
}
