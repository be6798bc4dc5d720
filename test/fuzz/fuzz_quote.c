/* SPDX-License-Identifier: Apache-2.0
 *
 * DCAP quotes of TDs and enclaves: parsed, described, learned from and judged
 * without collateral, as if their signatures were good.
 */
#include "fuzz_format.h"

#include <string.h>

#include "dcap.h"

const char fuzz_target[] = "quote";

static void read_claim(void *arg, const char *name, const char *value)
{
    *(size_t *)arg += strlen(name) + strlen(value);
}

static void judge(const struct atls_format *format, const void *claims,
                  bool is_open)
{
    struct atls_dcap_reference reference = {.takes_debug = is_open,
                                            .takes_migratable = is_open,
                                            .ignores_trailing = is_open,
                                            .needs_sept_ve_disable = !is_open,
                                            .wants_log = is_open};
    struct atls_profile profile = {
        .name = "p", .format = format, .reference = &reference};
    struct atls_verdict verdict;

    fuzz_must(atls_dcap_verify_chain(claims, &profile, 1800000000, NULL) !=
              ATLS_OK); /* no CRLs */
    atls_verdict_init(&verdict);
    fuzz_must(format->judge(claims, &profile, 1800000000, &verdict) ==
              verdict.reason);
    fuzz_must(verdict.reason != ATLS_OK);
}

static void try_format(const struct atls_format *format, struct atls_view value)
{
    ATLS_AUTO_HEAP void *claims = calloc(1, format->claims_size);
    struct atls_view nonce = {NULL, 0};
    struct atls_why why = {0};
    json_t *profile = json_object();
    size_t len = 0;

    fuzz_must(claims != NULL && profile != NULL);
    if (format->parse(value, claims, &nonce, &why) == ATLS_OK) {
        fuzz_must(nonce.len == ATLS_QUOTE_REPORT_DATA);
        format->describe(claims, true, read_claim, &len);
        format->describe(claims, false, read_claim, &len);
        fuzz_must(format->learn(claims, profile));
        judge(format, claims, false);
        judge(format, claims, true);
    } else {
        fuzz_must(why.reason != ATLS_OK);
    }
    json_decref(profile);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_format(&atls_format_tdx, atls_view(data, size));
    try_format(&atls_format_sgx, atls_view(data, size));
    return 0;
}
