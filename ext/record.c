/* SPDX-License-Identifier: Apache-2.0
 *
 * Attesters are other people's code: what they give is read before it is made
 * part of something.
 */
#include "record.h"

#include "batch.h"

bool atls_record_is_batch(const struct atls_scheme *scheme)
{
    return atls_type_equal(scheme->type,
                           atls_type_of_text(atls_view_text(ATLS_BATCH_TYPE)));
}

const struct atls_scheme *atls_record_first(const struct atls_schemes *schemes)
{
    const struct atls_scheme *first = NULL;

    for (size_t i = 0; i < schemes->num; i++)
        if (!atls_type_is_collection(schemes->list[i].type) &&
            (first == NULL || atls_record_is_batch(first)))
            first = &schemes->list[i];
    return first;
}

enum atls_reason atls_record_take(struct atls_view bytes,
                                  struct atls_type wanted,
                                  struct atls_buf *storage,
                                  struct atls_cmw *cmw, struct atls_why *why)
{
    struct atls_why inner = {0};

    if (atls_cmw_parse(bytes, storage, cmw, &inner) == ATLS_OK &&
        !cmw->is_collection && atls_type_equal(cmw->type, wanted))
        return ATLS_OK;
    return atls_why(why, ATLS_ATTESTER_FAILED,
                    "attester: want a record of the type asked for, got "
                    "another or none: %s",
                    inner.text);
}

enum atls_reason atls_record_put(struct atls_buf *out, struct atls_view bytes,
                                 struct atls_type wanted, struct atls_why *why)
{
    ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX);
    struct atls_cmw cmw;
    enum atls_reason reason =
        atls_record_take(bytes, wanted, &storage, &cmw, why);

    if (reason != ATLS_OK)
        return reason;
    atls_cmw_put(out, atls_type_shortest(cmw.type), cmw.value, cmw.indicator);
    return ATLS_OK;
}
