/* SPDX-License-Identifier: Apache-2.0
 *
 * Verdicts that a Verifier's result gave, kept until that result expires. Of
 * this process, bounded; nobody ever waits: who finds it in use does without.
 */
#ifndef ATLS_VERDICT_CACHE_H
#define ATLS_VERDICT_CACHE_H

#include "remote.h"

#define ATLS_VERDICT_CACHE_MAX 64 /* verdicts */

/* What a verdict holds for: the hash of Evidence, its type and challenge, the
 * peer's TLS key, the Verifier, the policy and the set of its keys. */
struct atls_verdict_key {
    uint8_t bytes[32];
};

/* atls_verdict_key: CRYPTO_FAILED, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_verdict_key(const struct atls_remote_question *question,
                 uint64_t policy_id, uint64_t key_version,
                 struct atls_verdict_key *out, struct atls_why *why);

/* atls_verdict_cache_find: one that has not expired at `now`. */
bool atls_verdict_cache_find(const struct atls_verdict_key *key, int64_t now,
                             struct atls_verdict *verdict);

/* atls_verdict_cache_keep: until expires_s; it may take the place of that which
 * was found or kept longest ago. */
void atls_verdict_cache_keep(const struct atls_verdict_key *key,
                             int64_t expires_s,
                             const struct atls_verdict *verdict);

#endif
