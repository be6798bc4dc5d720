/* SPDX-License-Identifier: Apache-2.0
 *
 * A policy from CoRIMs: trust anchors and reference values of PSA, CCA and
 * SEV-SNP. What a CoRIM pins is pinned in the policy; what a policy cannot hold
 * is refused by name, or left out where the operator says so. Nothing comes
 * out that would accept any software, or a key that no value is for.
 */
#ifndef ATLS_IMPORT_H
#define ATLS_IMPORT_H

#include "corim.h"
#include "policy.h"

#define ATLS_IMPORT_MAX_NAME (ATLS_PROFILE_NAME - 4) /* with ".64" and NUL */

struct atls_import_terms {
    struct atls_corim_terms corim;
    const char *name;       /* of the profile, or what the names start with */
    const char *anchors;    /* PEM text: beside those of CoRIMs; NULL: none */
    const char *collateral; /* of SEV-SNP profiles, an absolute path; or NULL */
    bool is_partial;        /* leave out what a policy cannot hold */
    atls_problem_fn *tell;  /* hears what was left out */
    void *arg;
};

struct atls_import;

/* atls_import_new: terms must outlive it. NULL: no memory. */
struct atls_import *atls_import_new(const struct atls_import_terms *terms);
void atls_import_free(struct atls_import *import);

/* atls_import_take: one CoRIM; source names it in sentences. What
 * atls_corim_open and atls_comid_read refuse; CORIM_PROFILE; CORIM_MALFORMED,
 * CORIM_UNSUPPORTED: not as its profile has it, or nothing that a policy can
 * hold; CORIM_CONFLICT: two values for one thing; CORIM_INCOMPLETE: it pins no
 * software. Nothing of the import is of use then. */
enum atls_reason ATLS_MUST_USE atls_import_take(struct atls_import *import,
                                                struct atls_view bytes,
                                                const char *source,
                                                struct atls_why *why);

/* atls_import_policy: the text (malloc'ed, ends in a newline) of a policy with
 * all that was taken, which was loaded once. CORIM_INCOMPLETE: there is
 * nothing, or values without keys, or keys without values; CORIM_UNSUPPORTED:
 * more than a policy can hold; POLICY_INVALID, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_import_policy(const struct atls_import *import, char **json,
                   struct atls_why *why);

#endif
