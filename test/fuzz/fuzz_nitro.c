/* SPDX-License-Identifier: Apache-2.0
 *
 * AWS Nitro attestation documents.
 */
#include "fuzz_format.h"

const char fuzz_target[] = "nitro";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_format(&atls_format_nitro, atls_view(data, size));
    return 0;
}
