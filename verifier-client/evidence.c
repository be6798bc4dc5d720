/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence in one block of memory: this struct, the format's claims, the
 * record's value. The CMW around it is not kept.
 */
#include "evidence.h"

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "composite.h"
#include "format.h"
#include "parsed.h"
#include "spki.h"
#include "tsm_report.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

enum { FIXED_NONCE = 64 }; /* bytes of a nonce field that has one length */

static size_t claims_offset(void)
{
    size_t unit = alignof(max_align_t);

    return (sizeof(struct atls_evidence) + unit - 1) / unit * unit;
}

static enum atls_reason check_record(const struct atls_cmw *cmw,
                                     const struct atls_type *expected,
                                     struct atls_why *why)
{
    char wanted[ATLS_TYPE_MAX_TEXT + 1] = "a record", seen[sizeof(wanted)];

    atls_type_text(cmw->type, seen, sizeof(seen));
    if (expected != NULL)
        atls_type_text(*expected, wanted, sizeof(wanted));
    if (expected != NULL && !atls_type_equal(*expected, cmw->type))
        return atls_why(why, ATLS_CMW_TYPE, "CMW: want %s, peer sent %s",
                        wanted, seen);
    if (cmw->indicator != 0 && cmw->indicator != ATLS_CMW_EVIDENCE)
        return atls_why(why, ATLS_CMW_INDICATOR,
                        "CMW: want indicator 4 (evidence), peer sent %lu",
                        (unsigned long)cmw->indicator);
    return ATLS_OK;
}

static struct atls_view copy(uint8_t *room, struct atls_view bytes)
{
    if (bytes.len > 0)
        memcpy(room, bytes.data, bytes.len);
    return atls_view(room, bytes.len);
}

/* is_stored: it answers no challenge of ours, and may answer none at all. */
static enum atls_reason decode(const struct atls_format *format,
                               const struct atls_cmw *cmw, bool is_stored,
                               struct atls_evidence **out, struct atls_why *why)
{
    size_t offset = claims_offset();
    struct atls_evidence *evidence = calloc(
        1, offset + format->claims_size + cmw->value.len + cmw->type.text.len);
    enum atls_reason reason;
    uint8_t *room;

    if (evidence == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    evidence->format = format;
    evidence->claims = (char *)evidence + offset;
    room = (uint8_t *)evidence->claims + format->claims_size;
    evidence->value = copy(room, cmw->value);
    evidence->type = cmw->type;
    evidence->type.text = copy(room + cmw->value.len, cmw->type.text);
    reason =
        format->parse(evidence->value, evidence->claims, &evidence->nonce, why);
    if (reason != ATLS_OK && !(is_stored && reason == ATLS_NONCE_MISSING)) {
        free(evidence);
        return reason;
    }
    *out = evidence;
    return ATLS_OK;
}

static enum atls_reason find(const struct atls_cmw *cmw, bool is_stored,
                             struct atls_evidence **out, struct atls_why *why)
{
    const struct atls_format *format = atls_format_find(cmw->type, cmw->value);
    char type[ATLS_TYPE_MAX_TEXT + 1];

    if (format != NULL)
        return decode(format, cmw, is_stored, out, why);
    atls_type_text(cmw->type, type, sizeof(type));
    return atls_why(why, ATLS_FORMAT_UNKNOWN,
                    "CMW: want Evidence of a known format, peer sent %s", type);
}

static enum atls_reason take_plain(const struct atls_cmw *record,
                                   bool is_stored, struct atls_evidence **out,
                                   struct atls_why *why)
{
    ATLS_AUTO_BUF converted = atls_buf(ATLS_CMW_MAX);
    struct atls_cmw cmw = *record;
    enum atls_reason reason = ATLS_OK;

    if (atls_tsm_report_is_json(cmw.type)) {
        reason = atls_tsm_report_convert(cmw.value, &converted, why);
        cmw.value = atls_buf_view(&converted);
        cmw.type = atls_type_of_text(atls_view_text(atls_tsm_report_types[0]));
    }
    return reason == ATLS_OK ? find(&cmw, is_stored, out, why) : reason;
}

static bool is_batch(struct atls_type type)
{
    return atls_type_equal(type,
                           atls_type_of_text(atls_view_text(ATLS_BATCH_TYPE)));
}

/* A batch holds a quote, and no other batch. */
static enum atls_reason take_of_batch(struct atls_view bytes,
                                      struct atls_evidence **out,
                                      struct atls_why *why)
{
    ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX);
    struct atls_cmw cmw;
    enum atls_reason reason = atls_cmw_parse(bytes, &storage, &cmw, why);

    if (reason == ATLS_OK)
        reason = check_record(&cmw, NULL, why);
    if (reason == ATLS_OK && is_batch(cmw.type))
        reason = atls_why(why, ATLS_CMW_TYPE, "batch: found one in another");
    return reason == ATLS_OK ? take_plain(&cmw, false, out, why) : reason;
}

/* Where ours stands is kept; the quote is taken like any other. */
static enum atls_reason keep_place(struct atls_evidence *evidence,
                                   const struct atls_batch *batch,
                                   struct atls_why *why)
{
    struct atls_batch *kept =
        calloc(1, sizeof(*kept) + batch->depth * ATLS_BATCH_HASH);
    uint8_t *hashes = (uint8_t *)(kept + 1);

    if (kept == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    kept->index = batch->index;
    kept->depth = batch->depth;
    for (unsigned i = 0; i < batch->depth; i++) {
        kept->path[i] = hashes + i * ATLS_BATCH_HASH;
        memcpy(hashes + i * ATLS_BATCH_HASH, batch->path[i], ATLS_BATCH_HASH);
    }
    evidence->batch = kept;
    return ATLS_OK;
}

static enum atls_reason take_batch(struct atls_view value,
                                   struct atls_evidence **out,
                                   struct atls_why *why)
{
    struct atls_evidence *evidence = NULL;
    struct atls_batch batch;
    enum atls_reason reason = atls_batch_read(value, &batch, why);

    if (reason == ATLS_OK)
        reason = take_of_batch(batch.evidence, &evidence, why);
    if (reason == ATLS_OK)
        reason = keep_place(evidence, &batch, why);
    if (reason == ATLS_OK)
        *out = ATLS_STEAL(evidence);
    atls_evidence_free(evidence);
    return reason;
}

/* A collection is Evidence of the type that it has as a whole, and its own
 * encoding is the value. */
static enum atls_reason take_collection(const struct atls_cmw *collection,
                                        const struct atls_type *expected,
                                        struct atls_evidence **out,
                                        struct atls_why *why)
{
    char text[ATLS_TYPE_MAX_TEXT + 1];
    struct atls_cmw whole = {.value = collection->value};
    enum atls_reason reason;

    if (!atls_composite_type(collection, text, sizeof(text)))
        return atls_why(why, ATLS_CMW_TYPE, "CMW: its cmwc_t is too long");
    whole.type = atls_type_of_text(atls_view_text(text));
    reason = check_record(&whole, expected, why);
    return reason == ATLS_OK
               ? decode(&atls_format_composite, &whole, false, out, why)
               : reason;
}

static enum atls_reason take(const struct atls_cmw *record,
                             const struct atls_type *expected, bool is_stored,
                             struct atls_evidence **out, struct atls_why *why)
{
    enum atls_reason reason;

    *out = NULL;
    if (record->is_collection)
        return take_collection(record, expected, out, why);
    reason = check_record(record, expected, why);
    if (reason != ATLS_OK)
        return reason;
    return is_batch(record->type) ? take_batch(record->value, out, why)
                                  : take_plain(record, is_stored, out, why);
}

enum atls_reason atls_evidence_take(const struct atls_cmw *record,
                                    const struct atls_type *expected,
                                    struct atls_evidence **out,
                                    struct atls_why *why)
{
    return take(record, expected, false, out, why);
}

enum atls_reason atls_evidence_wrap(const struct atls_cmw *cmw,
                                    const struct atls_type *expected,
                                    struct atls_evidence **out,
                                    struct atls_why *why)
{
    enum atls_reason reason = check_record(cmw, expected, why);

    *out = NULL;
    if (reason != ATLS_OK)
        return reason;
    if (is_batch(cmw->type) || atls_format_find(cmw->type, cmw->value) != NULL)
        return atls_why(why, ATLS_CMW_TYPE,
                        "CMW: want Evidence that only a Verifier knows, found "
                        "a format of ours");
    return decode(&atls_format_other, cmw, false, out, why);
}

static enum atls_reason parse(struct atls_view bytes,
                              const struct atls_type *expected, bool is_stored,
                              struct atls_evidence **out, struct atls_why *why)
{
    ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX);
    struct atls_cmw cmw;
    enum atls_reason reason = atls_cmw_parse(bytes, &storage, &cmw, why);

    *out = NULL;
    return reason != ATLS_OK ? reason
                             : take(&cmw, expected, is_stored, out, why);
}

enum atls_reason atls_evidence_parse(struct atls_view bytes,
                                     const struct atls_type *expected,
                                     struct atls_evidence **out,
                                     struct atls_why *why)
{
    return parse(bytes, expected, false, out, why);
}

enum atls_reason atls_evidence_parse_stored(struct atls_view bytes,
                                            struct atls_evidence **out,
                                            struct atls_why *why)
{
    return parse(bytes, NULL, true, out, why);
}

void atls_evidence_free(struct atls_evidence *evidence)
{
    if (evidence != NULL && evidence->format->claims_clear != NULL)
        evidence->format->claims_clear(evidence->claims);
    if (evidence != NULL)
        free(evidence->batch);
    free(evidence);
}

struct atls_view atls_evidence_nonce(const struct atls_evidence *evidence)
{
    return evidence->nonce;
}

/* Where the field has a fixed length the binder is filled up with zeros; where
 * it has not, only the binder itself is equal. */
static bool is_challenge(const struct atls_evidence *evidence,
                         struct atls_view binder)
{
    struct atls_view nonce = evidence->nonce;
    uint8_t wanted[FIXED_NONCE] = {0};
    size_t wanted_len =
        evidence->format->has_64_byte_nonce ? sizeof(wanted) : binder.len;

    if (evidence->format->is_challenge != NULL)
        return evidence->format->is_challenge(evidence->claims, binder);
    if (binder.len == 0 || binder.len > sizeof(wanted) ||
        nonce.len != wanted_len)
        return false;
    memcpy(wanted, binder.data, binder.len);
    return CRYPTO_memcmp(wanted, nonce.data, wanted_len) == 0;
}

/* A batch was challenged with the root of its tree. */
bool atls_evidence_nonce_equal(const struct atls_evidence *evidence,
                               struct atls_view binder)
{
    uint8_t root[ATLS_BATCH_HASH];

    if (evidence->batch == NULL)
        return is_challenge(evidence, binder);
    return atls_batch_climb(evidence->batch, binder, root) &&
           is_challenge(evidence, atls_view(root, sizeof(root)));
}

/* Each member's is compared, too, when its turn comes. */
static enum atls_reason
subject_key_of_composite(const struct atls_composite_claims *composite,
                         EVP_PKEY **key, struct atls_why *why)
{
    enum atls_reason reason = ATLS_OK;

    for (size_t i = 0; reason == ATLS_OK && *key == NULL && i < composite->num;
         i++)
        reason =
            atls_evidence_subject_key(composite->members[i].evidence, key, why);
    return reason;
}

enum atls_reason atls_evidence_subject_key(const struct atls_evidence *evidence,
                                           EVP_PKEY **key, struct atls_why *why)
{
    const struct atls_format *format = evidence->format;

    *key = NULL;
    if (format == &atls_format_composite)
        return subject_key_of_composite(evidence->claims, key, why);
    return format->subject_key == NULL
               ? ATLS_OK
               : format->subject_key(evidence->claims, key, why);
}

enum atls_reason atls_evidence_subject(const struct atls_evidence *evidence,
                                       struct atls_buf *spki,
                                       struct atls_why *why)
{
    ATLS_AUTO(EVP_PKEY) *key = NULL;
    enum atls_reason reason = atls_evidence_subject_key(evidence, &key, why);

    return reason != ATLS_OK || key == NULL ? reason
                                            : atls_spki_put_key(spki, key, why);
}

static void describe_batch(const struct atls_batch *batch, atls_claim_fn *each,
                           void *arg)
{
    char text[64];

    snprintf(text, sizeof(text), "%u of %u", (unsigned)batch->index + 1,
             1u << batch->depth);
    each(arg, "batch", text);
}

struct atls_view atls_evidence_certificate(const struct atls_evidence *evidence)
{
    const struct atls_format *format = evidence->format;

    return format->certificate != NULL ? format->certificate(evidence->claims)
                                       : atls_view(NULL, 0);
}

void atls_evidence_describe(const struct atls_evidence *evidence, bool brief,
                            atls_claim_fn *each, void *arg)
{
    if (!brief)
        each(arg, "format", evidence->format->name);
    if (!brief && evidence->batch != NULL)
        describe_batch(evidence->batch, each, arg);
    evidence->format->describe(evidence->claims, brief, each, arg);
}
