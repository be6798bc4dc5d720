/* SPDX-License-Identifier: Apache-2.0
 *
 * A public key as a COSE_Key (RFC 9052, 7; RFC 9053, 7.1.1): EC2 on P-256,
 * P-384 or P-521 with both coordinates.
 */
#ifndef ATLS_COSE_KEY_H
#define ATLS_COSE_KEY_H

#include "cbor.h"
#include "ecdsa.h"

struct atls_cose_key { /* views into the bytes, each as long as the field */
    const struct atls_ecdsa *curve;
    struct atls_view x, y;
};

/* atls_cose_key_take: the map that stands at in; parameters that are not known
 * here are passed over. Fails the decoder for another key than above. */
void atls_cose_key_take(struct atls_cbor *in, struct atls_cose_key *out);

/* atls_cose_key_get: a new reference. CLAIM_INVALID: no point of its curve;
 * OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_cose_key_get(const struct atls_cose_key *key, EVP_PKEY **out,
                  struct atls_why *why);

#endif
