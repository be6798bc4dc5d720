/* SPDX-License-Identifier: Apache-2.0
 *
 * TPMT_PUBLIC (TPM 2.0 part 2, 12.2.4): is it fit to attest, and what is its
 * SubjectPublicKeyInfo.
 */
#ifndef ATLS_TPM_PUBLIC_H
#define ATLS_TPM_PUBLIC_H

#include <openssl/types.h>

#include "provider/tss.h"
#include "why.h"

/* atls_tpm_public_check: restricted, so that it signs nothing but what the TPM
 * says of itself, signing, made in this TPM and fixed to it. ATTESTER_KEY. */
enum atls_reason ATLS_MUST_USE
atls_tpm_public_check(const TPMT_PUBLIC *public_area, struct atls_why *why);

/* atls_tpm_public_check_inside: of a TLS key: it signs, was made in this TPM
 * and is fixed to it. ATTESTER_KEY. */
enum atls_reason ATLS_MUST_USE
atls_tpm_public_check_inside(const TPMT_PUBLIC *public_area,
                             struct atls_why *why);

/* atls_tpm_public_spki: appends the DER. ATTESTER_KEY for algorithms other
 * than RSA and ECDSA on P-256, P-384, P-521; CRYPTO_FAILED, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_tpm_public_spki(const TPMT_PUBLIC *public_area, OSSL_LIB_CTX *libctx,
                     struct atls_buf *spki, struct atls_why *why);

#endif
