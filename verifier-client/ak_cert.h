/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates of attestation keys of TPMs (TCG EK Credential Profile, 3.4;
 * TCG Credential Profiles, "AK certificate").
 */
#ifndef ATLS_AK_CERT_H
#define ATLS_AK_CERT_H

#include <openssl/x509.h>

#include "json.h"
#include "profile.h"
#include "texts.h"

/* atls_ak_cert_read: of Evidence. CHAIN_MISSING when empty, EVIDENCE_MALFORMED,
 * OUT_OF_MEMORY. Free *out with X509_free. */
enum atls_reason ATLS_MUST_USE
atls_ak_cert_read(struct atls_view ak_cert, X509 **out, struct atls_why *why);

/* atls_ak_cert_ekus_read: extended key usages of which a certificate must have
 * one, by OID, or "absent"; an absent node gives that of attestation keys,
 * tcg-kp-AIKCertificate. */
void atls_ak_cert_ekus_read(const struct atls_node *node,
                            struct atls_texts *out);

/* atls_ak_cert_check: it is no CA's, signs, and has one of the usages.
 * AK_UNFIT. */
enum atls_reason ATLS_MUST_USE
atls_ak_cert_check(X509 *certificate, const struct atls_texts *ekus,
                   const struct atls_profile *profile, struct atls_why *why);

/* atls_ak_cert_learn: adds "eku" where the default does not do. false: no
 * memory. */
bool ATLS_MUST_USE atls_ak_cert_learn(X509 *certificate, json_t *profile);

#endif
