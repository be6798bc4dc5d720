/* SPDX-License-Identifier: Apache-2.0
 *
 * The virtual TPM of a confidential VM of Azure's, made for tests: a quote, and
 * the report of the HCL that names the key which signed it.
 */
#ifndef ATLS_FORGE_VTPM_H
#define ATLS_FORGE_VTPM_H

#include "forge_dcap.h"
#include "forge_snp.h"

struct forge_vtpm {
    struct forge_snp *chip; /* its report_data is filled in when made */
    /* In its place, of a TD: the platform, and the quote that it signs, whose
     * report_data is filled in when the report is made. */
    const struct forge_dcap *platform;
    struct forge_dcap_quote *td;
    EVP_PKEY *ak;     /* RSA, of the runtime data */
    EVP_PKEY *signer; /* of the quote; NULL: ak */
    /* What is wrong with it; zeroed: nothing */
    const char *kid, *kty, *text; /* of the key; text: in place of all */
    uint32_t type, digest, len;
    size_t size; /* of the report, when not 0 */
    bool is_unsigned_data, hides_certificates, has_der, hides_report,
        hides_td_quote;
    uint8_t magic;
    uint8_t report_data_end; /* in place of a zero, of the TD's quote */
};

/* forge_vtpm_value: the record's value. */
void forge_vtpm_value(const struct forge_vtpm *vtpm, struct atls_view nonce,
                      struct atls_buf *out);
/* forge_vtpm_report: what the HCL says: the chip's report and the key's name.
 */
void forge_vtpm_report(const struct forge_vtpm *vtpm, struct atls_buf *out);
/* forge_vtpm_entry: one more in a map of less than 24. */
void forge_vtpm_entry(struct atls_buf *map, const char *key,
                      struct atls_view bytes);

#endif
