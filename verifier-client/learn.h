/* SPDX-License-Identifier: Apache-2.0
 *
 * A policy from Evidence: what the operator trusts now, written down.
 */
#ifndef ATLS_LEARN_H
#define ATLS_LEARN_H

#include <openssl/evp.h>

#include "evidence.h"

struct atls_lesson {       /* what the operator vouches for; NULL: not given */
    EVP_PKEY *const *keys; /* of which one signed a record, or: */
    size_t num_keys;
    const char *certificates; /* PEM text: where chains end */
    const char *collateral;   /* with those, an absolute path */
    int64_t now;              /* with those */
};

struct atls_signers {        /* whose word must be taken */
    bool is_composite;       /* there are several, with profiles of their own */
    bool by_key;             /* of one at least: the lesson must have its key */
    bool by_certificates;    /* certificates vouch for one at least: likewise */
    bool brings_certificate; /* that of a key: its root is enough, too */
};
struct atls_signers atls_policy_signers(const struct atls_evidence *evidence);

/* atls_policy_learn: the text (malloc'ed, ends in a newline) of a policy that
 * accepts this Evidence: one profile "learned" with the trust anchor as inline
 * PEM and what the claims show, one rule. Of a composite each member has a
 * profile of its own, "learned.LABEL", which has no more trust anchors than it
 * needs, and "learned" names them. The signatures are checked first, and the
 * policy is loaded and tried before it is given out.
 * SIGNATURE_INVALID, ALGORITHM_UNSUPPORTED, AK_UNFIT, ANCHOR_UNKNOWN when the
 * Evidence names another key or no trust anchor is given, CHAIN_*,
 * CLAIM_MISSING, CLAIM_INVALID and what else the Evidence is refused for under
 * its own policy, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_policy_learn(const struct atls_evidence *evidence,
                  const struct atls_lesson *lesson, char **json,
                  struct atls_why *why);

#endif
