/* SPDX-License-Identifier: Apache-2.0
 *
 * TPM2_Quote and the PCRs that it covers, as the CBOR of atls(7), "TPM
 * Evidence".
 */
#ifndef ATLS_TPM_QUOTE_H
#define ATLS_TPM_QUOTE_H

#include "provider/tpm_line.h"

/* atls_tpm_quote: binder as qualifyingData, spki the key's for its kid. PCRs
 * that change between reading and quoting are read again. ATTESTER_... */
enum atls_reason ATLS_MUST_USE
atls_tpm_quote(const struct atls_tpm_line *line, ESYS_TR ak,
               const TPMT_PUBLIC *public_area, struct atls_view spki,
               const struct atls_tpm_settings *settings,
               struct atls_view binder, struct atls_buf *evidence,
               struct atls_why *why);

#endif
