/* SPDX-License-Identifier: Apache-2.0
 *
 * The CMW decoder, through all members of a collection. A record that was
 * read is written again and must read the same.
 */
#include "fuzz.h"

#include "cmw.h"

const char fuzz_target[] = "cmw";

static void read_again(const struct atls_cmw *record)
{
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_CMW_MAX);
    ATLS_AUTO_BUF storage = atls_buf(0);
    struct atls_cmw again;

    atls_cmw_put(&bytes, record->type, record->value, record->indicator);
    if (bytes.failed)
        return;
    fuzz_must(atls_cmw_parse(atls_buf_view(&bytes), &storage, &again, NULL) ==
              ATLS_OK);
    fuzz_must(!again.is_collection && again.indicator == record->indicator &&
              atls_type_equal(again.type, record->type) &&
              atls_view_equal(again.value, record->value));
}

/* Members are at most ATLS_CMW_MAX_DEPTH deep; each level writes to storage of
 * its own, so that what it has been given stays. */
static enum atls_reason visit(void *arg, struct atls_view label,
                              const struct atls_cmw *member,
                              struct atls_why *why)
{
    ATLS_AUTO_BUF storage = atls_buf(4 * ATLS_CMW_MAX);

    (void)arg;
    (void)label;
    if (member->is_collection)
        return atls_cmw_members(member, &storage, visit, NULL, why);
    read_again(member);
    return ATLS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX);
    struct atls_why why = {0};
    struct atls_cmw cmw;
    enum atls_reason reason =
        atls_cmw_parse(atls_view(data, size), &storage, &cmw, &why);

    fuzz_must(why.reason == reason);
    if (reason != ATLS_OK)
        return 0;
    fuzz_must(visit(NULL, atls_view(NULL, 0), &cmw, &why) == ATLS_OK);
    return 0;
}
