/* SPDX-License-Identifier: Apache-2.0
 *
 * Key attestation in the formats of Parsec: the maps, and what is in them.
 */
#include "fuzz_format.h"

const char fuzz_target[] = "parsec";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_format(&atls_format_parsec_cca, atls_view(data, size));
    fuzz_format(&atls_format_parsec_tpm, atls_view(data, size));
    return 0;
}
