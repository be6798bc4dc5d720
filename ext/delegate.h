/* SPDX-License-Identifier: Apache-2.0
 *
 * A delegate of our own: a P-256 key that never leaves memory, and what
 * vouches for it. Immutable once made, shared by reference, and of one process.
 */
#ifndef ATLS_DELEGATE_H
#define ATLS_DELEGATE_H

#include "delegation.h"

struct atls_delegate {
    unsigned num_references;
    EVP_PKEY *key;
    uint8_t spki[ATLS_DELEGATION_SPKI];
    struct atls_mandate mandate;
    struct atls_buf record; /* the CMW record, in CBOR, that vouches for it */
    int64_t expires_s; /* from then on it is shown to nobody; at most the end of
                          its mandate */
};

/* A voucher makes the CMW record for a value, appended to record. origin is
 * what the value is made of (origin.h). Where the record ends before the
 * mandate does, *expires_s is lowered to its end. now_s is when the mandate
 * begins. */
typedef enum atls_reason
atls_vouch_fn(void *arg, const struct atls_secret *value,
              struct atls_view origin, int64_t now_s, struct atls_buf *record,
              int64_t *expires_s, struct atls_why *why);

/* atls_delegate_make: a new key for the TIK, vouched for from now_s on for
 * lifetime_s. What vouch says, CRYPTO_FAILED, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_delegate_make(const uint8_t tik[ATLS_DELEGATION_HASH], int64_t now_s,
                   uint32_t lifetime_s, atls_vouch_fn *vouch, void *arg,
                   struct atls_delegate **out, struct atls_why *why);

void atls_delegate_up_ref(struct atls_delegate *delegate);
void atls_delegate_free(struct atls_delegate *delegate);

/* atls_delegate_is_valid: it can be shown at now_s. Not before its time either:
 * the clock may have been set back. */
bool atls_delegate_is_valid(const struct atls_delegate *delegate,
                            int64_t now_s);

/* atls_delegate_is_due: two thirds of its life are over. */
bool atls_delegate_is_due(const struct atls_delegate *delegate, int64_t now_s);

#endif
