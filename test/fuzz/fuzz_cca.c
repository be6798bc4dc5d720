/* SPDX-License-Identifier: Apache-2.0
 *
 * Arm CCA tokens, old and new.
 */
#include "fuzz_format.h"

const char fuzz_target[] = "cca";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_format(&atls_format_cca, atls_view(data, size));
    return 0;
}
