/* SPDX-License-Identifier: Apache-2.0
 *
 * Which PCRs a quote covers:
 *
 *     sha256:0-7,14+sha384:0
 *
 * Banks by name, each with indices and ranges, '+' between banks.
 */
#ifndef ATLS_PCRS_H
#define ATLS_PCRS_H

#include "why.h"

#define ATLS_PCRS_DEFAULT   "sha256:0-7"
#define ATLS_PCRS_MAX_BANKS 4
#define ATLS_PCRS_NUM       24 /* PCRs of a bank (PC Client Platform TPM) */

struct atls_pcr_bank {
    uint16_t algorithm; /* TPM_ALG_ID: 0x000b is SHA-256 */
    uint32_t indices;   /* bit i: PCR i */
};

struct atls_pcrs {
    struct atls_pcr_bank banks[ATLS_PCRS_MAX_BANKS];
    unsigned num_banks;
};

/* atls_pcrs_parse: ATTESTER_OPTION for unknown or repeated banks, SHA-1, empty
 * selections, indices over 23, ranges backwards. */
enum atls_reason ATLS_MUST_USE
atls_pcrs_parse(const char *text, struct atls_pcrs *out, struct atls_why *why);

/* atls_pcrs_bank_name: "sha256", or "?" for an algorithm of no bank. */
const char *atls_pcrs_bank_name(uint16_t algorithm);

#endif
