/* SPDX-License-Identifier: Apache-2.0
 *
 * What the Nitro Secure Module responds.
 */
#include "fuzz.h"

#include "provider/nsm.h"

const char fuzz_target[] = "nsm";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_view document = atls_view(NULL, 0);
    struct atls_why why = {0};
    enum atls_reason reason =
        atls_nsm_read(atls_view(data, size), &document, &why);

    fuzz_must(reason == why.reason);
    if (reason == ATLS_OK)
        fuzz_must(document.len > 0 && document.data >= data &&
                  document.data + document.len <= data + size);
    return 0;
}
