/* SPDX-License-Identifier: Apache-2.0
 *
 * SEV-SNP reports: as they travel, and the report and its table of certificates
 * by themselves, which a mutation of the map around them seldom reaches.
 */
#include "fuzz_format.h"
#include "snp.h"

const char fuzz_target[] = "snp";

static void parse_parts(struct atls_view bytes)
{
    struct atls_snp_report report;
    struct atls_snp_table table;

    (void)!atls_snp_report_parse(bytes, &report, NULL);
    (void)!atls_snp_table_parse(bytes, &table, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse_parts(atls_view(data, size));
    fuzz_format(&atls_format_snp, atls_view(data, size));
    return 0;
}
