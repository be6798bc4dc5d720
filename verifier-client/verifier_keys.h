/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys that one Verifier signs with. They follow their files, so that a
 * rotation needs no restart: a file that changed is read anew; one that is gone
 * or wrong leaves the keys that there were, and somebody is told.
 */
#ifndef ATLS_VERIFIER_KEYS_H
#define ATLS_VERIFIER_KEYS_H

#include "anchors.h"
#include "jwk.h"

struct atls_verifier_keys;

/* atls_verifier_keys_new: none yet; NULL: no memory. */
struct atls_verifier_keys *atls_verifier_keys_new(void);
void atls_verifier_keys_free(struct atls_verifier_keys *keys);

/* atls_verifier_keys_add: what atls_jws_keys_read takes, or (is_path) a file
 * that holds it. VERIFIER_KEY, FILE_UNREADABLE, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_verifier_keys_add(struct atls_verifier_keys *keys, const char *text,
                       bool is_path, struct atls_why *why);

/* atls_verifier_keys_part: POLICY_INVALID if one of them is among the keys that
 * may sign Evidence, now and after every change: whoever holds it could answer
 * for both. pool must live as long as keys. */
enum atls_reason ATLS_MUST_USE
atls_verifier_keys_part(struct atls_verifier_keys *keys,
                        const struct atls_anchors *pool, struct atls_why *why);

/* atls_verifier_keys_watch: see atls_policy_watch_keys. All is borrowed. */
void atls_verifier_keys_watch(struct atls_verifier_keys *keys,
                              const char *verifier, atls_verifier_keys_fn *tell,
                              void *arg);

/* atls_verifier_keys_get0: those of now; lives as long as keys. Files are
 * looked at once a second at most. *version counts the sets there were. */
const struct atls_jws_keys *
atls_verifier_keys_get0(struct atls_verifier_keys *keys, uint64_t *version);

#endif
