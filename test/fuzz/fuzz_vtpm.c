/* SPDX-License-Identifier: Apache-2.0
 *
 * Quotes of virtual TPMs: the map with the report and the certificates in it,
 * and the HCL's report and its runtime data by themselves.
 */
#include "fuzz_format.h"
#include "vtpm.h"

const char fuzz_target[] = "vtpm";

static void parse_parts(struct atls_view bytes)
{
    struct atls_hcl_report report = {.runtime_data = bytes};
    EVP_PKEY *key = NULL;

    if (atls_hcl_report_parse(bytes, &report, NULL) == ATLS_OK)
        fuzz_must(report.hardware_report.len == ATLS_SNP_REPORT &&
                  report.runtime_data.data + report.runtime_data.len <=
                      bytes.data + bytes.len);
    if (atls_hcl_key(report.runtime_data, &key, NULL) == ATLS_OK)
        fuzz_must(EVP_PKEY_is_a(key, "RSA"));
    EVP_PKEY_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse_parts(atls_view(data, size));
    fuzz_format(&atls_format_vtpm, atls_view(data, size));
    return 0;
}
