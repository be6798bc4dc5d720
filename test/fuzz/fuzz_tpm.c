/* SPDX-License-Identifier: Apache-2.0
 *
 * TPM quotes: the map, and the structures of TPM 2.0 in it.
 */
#include "fuzz_format.h"

const char fuzz_target[] = "tpm";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_format(&atls_format_tpm, atls_view(data, size));
    fuzz_format(&atls_format_tpm_cert, atls_view(data, size));
    return 0;
}
