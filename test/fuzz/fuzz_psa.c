/* SPDX-License-Identifier: Apache-2.0
 *
 * PSA tokens (RFC 9783), profiles old and new.
 */
#include "fuzz_format.h"

const char fuzz_target[] = "psa";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_format(&atls_format_psa, atls_view(data, size));
    return 0;
}
