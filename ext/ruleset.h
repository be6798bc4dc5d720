/* SPDX-License-Identifier: Apache-2.0
 *
 * The policy in force. A file that changed is read anew, at SSL_CTX_new and at
 * no other time; connections go on under the policy that they began with, and
 * a file that cannot be taken leaves the old one in force and says so.
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

/* atls_ruleset_refresh: looks at the file, and reads it if it is another. */
void atls_ruleset_refresh(struct atls_ruleset *ruleset, struct atls_log *log);

/* atls_ruleset_get1: the policy in force; atls_policy_free gives it back.
 * ruleset may be NULL: NULL. */
struct atls_policy *atls_ruleset_get1(struct atls_ruleset *ruleset);

#endif
