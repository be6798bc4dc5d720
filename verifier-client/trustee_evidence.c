/* SPDX-License-Identifier: Apache-2.0
 *
 * Which TEE is written how for Trustee.
 */
#include <string.h>

#include <openssl/evp.h>

#include "trustee.h"
#include "tsm_report.h"

enum { MAX_VALUE = 262144 /* bytes of one part */ };

/* Standard base64, padded: what Trustee's structs hold. */
static void put_base64(struct atls_buf *out, struct atls_view bytes)
{
    uint8_t *room;

    if (bytes.len > MAX_VALUE) {
        out->failed = true;
        return;
    }
    room = atls_buf_room(out, (bytes.len + 2) / 3 * 4 + 1);
    if (room == NULL)
        return;
    EVP_EncodeBlock(room, bytes.data, (int)bytes.len);
    out->len--; /* its NUL */
}

/* SgxEvidence { quote }, TdxEvidence { cc_eventlog, quote } */
static void put_quote(const struct atls_tsm_report *report,
                      struct atls_buf *out)
{
    atls_buf_text(out, "{\"quote\":\"");
    put_base64(out, report->outblob);
    if (report->eventlog.len > 0) {
        atls_buf_text(out, "\",\"cc_eventlog\":\"");
        put_base64(out, report->eventlog);
    }
    atls_buf_text(out, "\"}");
}

static void put_number(struct atls_buf *out, unsigned value)
{
    if (value >= 100)
        atls_buf_u8(out, (uint8_t)('0' + value / 100));
    if (value >= 10)
        atls_buf_u8(out, (uint8_t)('0' + value / 10 % 10));
    atls_buf_u8(out, (uint8_t)('0' + value % 10));
}

/* CcaEvidence { token }, a Vec<u8>: an array of numbers */
static void put_token(const struct atls_tsm_report *report,
                      struct atls_buf *out)
{
    struct atls_view token = report->outblob;

    atls_buf_text(out, "{\"token\":[");
    for (size_t i = 0; i < token.len; i++) {
        if (i > 0)
            atls_buf_u8(out, ',');
        put_number(out, token.data[i]);
    }
    atls_buf_text(out, "]}");
}

static const struct tee {
    const char *name, *provider;
    void (*put)(const struct atls_tsm_report *report, struct atls_buf *out);
} tees[] = {
    {"snp", ATLS_TSM_SNP, NULL},
    {"tdx", ATLS_TSM_TDX, put_quote},
    {"sgx", NULL, put_quote},
    {"cca", ATLS_TSM_CCA, put_token},
};

static const struct tee *find_tee(const char *name)
{
    for (size_t i = 0; i < sizeof(tees) / sizeof(tees[0]); i++)
        if (strcmp(tees[i].name, name) == 0)
            return &tees[i];
    return NULL;
}

static bool is_tsm_report(struct atls_type type)
{
    for (const char *const *text = atls_tsm_report_types; *text != NULL; text++)
        if (atls_type_equal(type, atls_type_of_text(atls_view_text(*text))))
            return true;
    return false;
}

/* report: of a tsm-report, or the bare blob. storage holds what was JSON. */
static enum atls_reason take_report(const struct atls_remote_question *question,
                                    const struct tee *tee,
                                    struct atls_buf *storage,
                                    struct atls_tsm_report *report,
                                    struct atls_why *why)
{
    struct atls_view value = question->value;
    enum atls_reason reason = ATLS_OK;

    memset(report, 0, sizeof(*report));
    report->outblob = value;
    if (!is_tsm_report(question->type))
        return ATLS_OK;
    if (atls_tsm_report_is_json(question->type)) {
        reason = atls_tsm_report_convert(value, storage, why);
        value = atls_buf_view(storage);
    }
    return reason != ATLS_OK
               ? reason
               : atls_tsm_report_parse(value, tee->provider, report, why);
}

enum atls_reason
atls_trustee_put_evidence(const struct atls_remote_question *question,
                          struct atls_buf *out, struct atls_why *why)
{
    const struct tee *tee = find_tee(question->tee);
    ATLS_AUTO_BUF storage = atls_buf(MAX_VALUE);
    struct atls_tsm_report report;
    enum atls_reason reason;

    if (tee == NULL)
        return atls_why(why, ATLS_VERIFIER_REFUSED,
                        "Trustee: how %s Evidence is written for it is not "
                        "known",
                        question->tee);
    reason = take_report(question, tee, &storage, &report, why);
    if (reason != ATLS_OK)
        return reason;
    if (tee->put == NULL)
        return atls_trustee_put_snp(report.outblob, report.auxblob, out, why);
    tee->put(&report, out);
    return out->failed ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL) : ATLS_OK;
}
