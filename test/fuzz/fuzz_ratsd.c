/* SPDX-License-Identifier: Apache-2.0
 *
 * What ratsd answers, to a challenge of the bytes 0xa0, 0xa1, ...
 */
#include "fuzz.h"

#include "provider/ratsd.h"

const char fuzz_target[] = "ratsd";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ATLS_AUTO_BUF report = atls_buf(ATLS_RATSD_MAX_ANSWER);
    uint8_t challenge[ATLS_RATSD_CHALLENGE];
    struct atls_why why = {0};
    enum atls_reason reason;

    for (unsigned i = 0; i < sizeof(challenge); i++)
        challenge[i] = (uint8_t)(0xa0 + i);
    reason = atls_ratsd_read(atls_view(data, size), challenge, &report, &why);
    fuzz_must(reason == why.reason);
    fuzz_must(reason != ATLS_OK || report.len >= sizeof(challenge));
    return 0;
}
