/* SPDX-License-Identifier: Apache-2.0
 *
 * Is it bound, by way of a delegate? A short-lived key that was attested once,
 * by Evidence or an Attestation Result, signs the binder of each connection
 * (doc/protocol.md, "Delegation and passport"). What travels is written and
 * read here; nothing here knows a connection, a clock or a device.
 */
#ifndef ATLS_DELEGATION_H
#define ATLS_DELEGATION_H

#include "cose.h"
#include "evidence.h"
#include "mandate.h"
#include "scheme.h"

/* atls_delegation_tik: SHA-256 of the SPKI of a certificate's key.
 * CRYPTO_FAILED. */
enum atls_reason ATLS_MUST_USE
atls_delegation_tik(X509 *leaf, uint8_t tik[ATLS_DELEGATION_HASH],
                    struct atls_why *why);

/* atls_delegation_put: the collection: key is the CMW record, in CBOR, of the
 * Evidence or the result; delegate signs the binder. CRYPTO_FAILED,
 * OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_delegation_put(struct atls_buf *out, struct atls_view key,
                    const struct atls_mandate *mandate, EVP_PKEY *delegate,
                    const struct atls_secret *binder, struct atls_why *why);

struct atls_delegation { /* one block of memory; the views point into it */
    struct atls_mandate mandate;
    struct atls_cose_sign1 proof; /* not verified */
    struct atls_view result;      /* of a result scheme: a compact JWS */
};

/* atls_delegation_parse: cmw is as it travelled, scheme what was agreed on,
 * delegated or a result. The Evidence comes out parsed; of a result scheme it
 * is NULL. CMW_MALFORMED, CMW_TOO_LARGE, CMW_TYPE, CMW_INDICATOR,
 * DELEGATION_MALFORMED, ALGORITHM_UNSUPPORTED, OUT_OF_MEMORY, and what
 * atls_evidence_parse says of the Evidence. */
enum atls_reason ATLS_MUST_USE
atls_delegation_parse(struct atls_view cmw, const struct atls_scheme *scheme,
                      struct atls_delegation **out,
                      struct atls_evidence **evidence, struct atls_why *why);
void atls_delegation_free(struct atls_delegation *delegation);

/* atls_delegation_is_for: the proof names this binder; constant time. Whether
 * the delegate signed it is another question. */
bool atls_delegation_is_for(const struct atls_delegation *delegation,
                            const struct atls_secret *binder);

/* Under what a delegation is judged. */
struct atls_delegation_terms {
    const uint8_t *tik; /* ATLS_DELEGATION_HASH bytes */
    int64_t max_age_s;  /* of the rule; 0: none is taken */
    int64_t now;        /* seconds since 1970 */
};

/* atls_delegation_check: its times, then that the Evidence (NULL: of a result
 * scheme) was challenged for this delegate and this TIK, then the proof: one
 * signature verification. *value is what a result must name.
 * DELEGATION_REFUSED, DELEGATION_LIFETIME, DELEGATION_FUTURE,
 * DELEGATION_STALE, DELEGATION_VALUE, DELEGATION_PROOF, DELEGATION_MALFORMED
 * (the delegate's key is none), CRYPTO_FAILED, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_delegation_check(const struct atls_delegation *delegation,
                      const struct atls_evidence *evidence,
                      const struct atls_delegation_terms *terms,
                      struct atls_secret *value, struct atls_why *why);

#endif
