/* SPDX-License-Identifier: Apache-2.0
 *
 * EnactTrust's Evidence: a node, and a quote without values.
 */
#include "fuzz_format.h"

const char fuzz_target[] = "enacttrust";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_format(&atls_format_enacttrust, atls_view(data, size));
    return 0;
}
