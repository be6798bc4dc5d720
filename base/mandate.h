/* SPDX-License-Identifier: Apache-2.0
 *
 * What a delegate is, and the value that vouches for it: what an attester signs
 * once so that a key may sign binders for a while (doc/protocol.md, "Delegation
 * and passport"). Nothing here knows whether it is its time.
 */
#ifndef ATLS_MANDATE_H
#define ATLS_MANDATE_H

#include "binder.h"

#define ATLS_DELEGATION_HASH   ATLS_SPKI_HASH /* of a TIK */
#define ATLS_DELEGATION_SPKI   91 /* bytes: of a P-256 key, RFC 5480 */
#define ATLS_DELEGATION_POINT  65 /* of these: 04 || x || y, at the end */
#define ATLS_DELEGATION_SKEW_S 60 /* by which the peer's clock may be ahead */

/* What a delegate is, but for the TIK that it serves. */
struct atls_mandate {
    struct atls_view
        spki;            /* of the delegate, DER, ATLS_DELEGATION_SPKI bytes */
    uint64_t not_before; /* seconds since 1970 */
    uint32_t lifetime_s;
};

/* atls_mandate_is_whole: its key has the form of P-256 with a named curve and
 * an uncompressed point, and it lives. */
bool atls_mandate_is_whole(const struct atls_mandate *mandate);

/* atls_mandate_value: what the Evidence is challenged with, 32 bytes.
 * CRYPTO_FAILED. */
enum atls_reason ATLS_MUST_USE
atls_mandate_value(const struct atls_mandate *mandate,
                   const uint8_t tik[ATLS_DELEGATION_HASH],
                   struct atls_secret *out, struct atls_why *why);

#endif
