/* SPDX-License-Identifier: Apache-2.0
 *
 * One after the other: nobody waits for it.
 */
#include "cli/several.h"

#include <string.h>

#include <openssl/rand.h>

#include "cli/input.h"
#include "cli/source.h"
#include "cmw.h"
#include "ext/settings.h"

enum { NONCE = 32 };

/* One attester, and what it has shown. */
struct part {
    struct atls_view label, nonce;
    struct atls_voucher *voucher;
    struct atls_buf *collection;
};

static enum atls_reason vouch(struct atls_source *source, struct part *part,
                              struct atls_why *why)
{
    ATLS_AUTO_BUF pem = atls_buf(ATLS_INPUT_MAX);
    enum atls_reason reason = atls_source_pem(source, &pem, why);

    return reason != ATLS_OK
               ? reason
               : atls_voucher_take(part->voucher, atls_buf_view(&pem), why);
}

static enum atls_reason put(const struct part *part, struct atls_view bytes,
                            struct atls_why *why)
{
    ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX);
    struct atls_cmw cmw;
    enum atls_reason reason = atls_cmw_parse(bytes, &storage, &cmw, why);

    if (reason == ATLS_OK && cmw.is_collection)
        reason = atls_why(why, ATLS_ATTESTER_FAILED,
                          "want a record for a collection, it gave a "
                          "collection");
    if (reason != ATLS_OK)
        return reason;
    atls_cmw_put_label(part->collection, part->label);
    atls_cmw_put(part->collection, atls_type_shortest(cmw.type), cmw.value,
                 cmw.indicator);
    return ATLS_OK;
}

static enum atls_reason quote(const char *uri, struct part *part,
                              struct atls_why *why)
{
    ATLS_AUTO_SOURCE source = {0};
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_INPUT_MAX);
    struct atls_evidence *evidence = NULL;
    enum atls_reason reason = atls_source_open(uri, &source, why);

    if (reason == ATLS_OK)
        reason = atls_source_quote(&source, part->nonce, &cmw, why);
    if (reason == ATLS_OK)
        reason = put(part, atls_buf_view(&cmw), why);
    if (reason == ATLS_OK)
        reason = atls_evidence_parse(atls_buf_view(&cmw), NULL, &evidence, why);
    if (reason == ATLS_OK && atls_policy_signers(evidence).by_key)
        reason = vouch(&source, part, why);
    atls_evidence_free(evidence);
    return reason;
}

static bool is_repeated(const struct atls_several *several, size_t i)
{
    struct atls_view label, other;

    atls_source_split(several->words[i], &label);
    for (size_t j = 0; j < i; j++) {
        atls_source_split(several->words[j], &other);
        if (atls_view_equal(label, other))
            return true;
    }
    return false;
}

static enum atls_reason add(const struct atls_several *several, size_t i,
                            struct part *part, struct atls_why *why)
{
    const char *word = several->words[i];
    const char *uri = atls_source_split(word, &part->label);
    struct atls_why inner = {0};

    if (is_repeated(several, i))
        return atls_why(why, ATLS_SETTING_INVALID,
                        "%.*s: want each label once, found it twice",
                        (int)part->label.len, (const char *)part->label.data);
    if (!atls_settings_is_label(part->label))
        return atls_why(why, ATLS_SETTING_INVALID,
                        "want LABEL=URI, the label of 1 to %d letters, digits, "
                        "\".\", \"-\" and \"_\", found \"%s\"",
                        ATLS_COMPOSITE_LABEL - 1, word);
    if (quote(uri, part, &inner) != ATLS_OK)
        return atls_why(why, inner.reason, "%.*s: %s", (int)part->label.len,
                        (const char *)part->label.data, inner.text);
    return ATLS_OK;
}

enum atls_reason atls_several_quote(const struct atls_several *several,
                                    struct atls_buf *cmw,
                                    struct atls_voucher *voucher,
                                    struct atls_why *why)
{
    const char *type = several->collection != NULL ? several->collection : "";
    uint8_t nonce[NONCE];
    struct part part = {.nonce = atls_view(nonce, sizeof(nonce)),
                        .voucher = voucher,
                        .collection = cmw};
    enum atls_reason reason = ATLS_OK;

    if (!atls_settings_is_collection(type))
        return atls_why(why, ATLS_SETTING_INVALID,
                        "--collection: want a short URI or OID, found \"%s\"",
                        type);
    if (RAND_bytes(nonce, sizeof(nonce)) != 1)
        return atls_why(why, ATLS_CRYPTO_FAILED, NULL);
    atls_cmw_put_collection(cmw, atls_view_text(type), several->num);
    for (size_t i = 0; reason == ATLS_OK && i < several->num; i++)
        reason = add(several, i, &part, why);
    return reason == ATLS_OK && cmw->failed
               ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL)
               : reason;
}
