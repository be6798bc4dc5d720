/* SPDX-License-Identifier: Apache-2.0
 *
 * Event logs: walked, and added up in each bank; what an attester cuts off is
 * what a walk does not come to.
 */
#include "fuzz.h"

#include "eventlog.h"
#include "provider/ccel.h"

const char fuzz_target[] = "eventlog";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_view bytes = atls_view(data, size);
    static struct atls_eventlog_registers registers;
    struct atls_eventlog_event event;
    struct atls_eventlog log;

    fuzz_must(atls_ccel_length(bytes) <= size);
    if (atls_eventlog_open(bytes, &log, NULL) != ATLS_OK)
        return 0;
    while (atls_eventlog_next(&log, &event))
        fuzz_must(event.data.len == 0 ||
                  (event.data.data >= data &&
                   event.data.data + event.data.len <= data + size));
    fuzz_must(log.failed || atls_ccel_length(bytes) == size - log.in.left);
    for (int i = 0; i < ATLS_TPM_NUM_HASHES; i++) {
        struct atls_why why = {0};
        enum atls_reason reason =
            atls_eventlog_replay(bytes, i, &registers, &why);

        fuzz_must(reason == why.reason);
        fuzz_must(reason != ATLS_OK || !log.failed);
    }
    return 0;
}
