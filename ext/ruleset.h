/* SPDX-License-Identifier: Apache-2.0
 *
 * The policy in force. It follows its files: policy.json, trust anchors,
 * folders of collateral. Connections go on under the policy that they began
 * with, and what cannot be taken leaves the old one in force and says so, once.
 */
#ifndef ATLS_RULESET_H
#define ATLS_RULESET_H

#include "settings.h"

struct atls_ruleset; /* one a process */

/* atls_ruleset_open: reads the policy that the settings name, which must fit
 * the others: identity, verifier, passport. They are borrowed for its life.
 * FILE_UNREADABLE, POLICY_INVALID, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_ruleset_open(const struct atls_settings *settings,
                  struct atls_ruleset **out, struct atls_why *why);
void atls_ruleset_free(struct atls_ruleset *ruleset);

/* atls_ruleset_refresh: looks at the files now, and reads them if they are
 * others. For any thread, and after fork. */
void atls_ruleset_refresh(struct atls_ruleset *ruleset);

/* atls_ruleset_get1: the policy in force; atls_policy_free gives it back.
 * ruleset may be NULL: NULL. Looks at the files once a second at most; while
 * one thread reads, others get what there was. */
struct atls_policy *atls_ruleset_get1(struct atls_ruleset *ruleset);

#endif
