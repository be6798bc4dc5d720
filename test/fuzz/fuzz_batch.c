/* SPDX-License-Identifier: Apache-2.0
 *
 * A batch's value: what is read has a path that the index fits, and leads each
 * binder to one root.
 */
#include "fuzz.h"

#include "batch.h"

const char fuzz_target[] = "batch";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t one[ATLS_BATCH_HASH], two[ATLS_BATCH_HASH];
    struct atls_batch batch;
    struct atls_why why = {0};
    enum atls_reason reason =
        atls_batch_read(atls_view(data, len), &batch, &why);

    fuzz_must(reason == why.reason);
    if (reason != ATLS_OK)
        return 0;
    fuzz_must(batch.depth <= ATLS_BATCH_MAX_DEPTH &&
              batch.index >> batch.depth == 0 && batch.evidence.len > 0);
    fuzz_must(atls_batch_climb(&batch, atls_view_text("binder"), one));
    fuzz_must(atls_batch_climb(&batch, atls_view_text("Binder"), two));
    fuzz_must(!atls_view_equal(atls_view(one, sizeof(one)),
                               atls_view(two, sizeof(two))));
    return 0;
}
