/* SPDX-License-Identifier: Apache-2.0
 *
 * A policy from Evidence: what the operator trusts now, written down.
 */
#ifndef ATLS_LEARN_H
#define ATLS_LEARN_H

#include <openssl/evp.h>

#include "evidence.h"

/* atls_policy_learn: the text (malloc'ed, ends in a newline) of a policy that
 * accepts this Evidence: one profile "learned" with anchor as inline PEM and
 * what the claims show, one rule. The signature is checked with anchor first,
 * and the policy is loaded and tried before it is given out.
 * SIGNATURE_INVALID, ALGORITHM_UNSUPPORTED, AK_UNFIT, ANCHOR_UNKNOWN when the
 * Evidence names another key, CLAIM_MISSING, CLAIM_INVALID and what else the
 * Evidence is refused for under its own policy, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_policy_learn(const struct atls_evidence *evidence, EVP_PKEY *anchor,
                  char **json, struct atls_why *why);

#endif
