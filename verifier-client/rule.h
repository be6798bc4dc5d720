/* SPDX-License-Identifier: Apache-2.0
 *
 * One rule of a policy: which peers it is for, and what they must show.
 * Immutable once read.
 */
#ifndef ATLS_RULE_H
#define ATLS_RULE_H

#include "profile.h"
#include "spki.h"

#define ATLS_RULE_MAX_DELEGATED_S 86400 /* a delegation is made to be short */

struct atls_verifiers; /* verifier.h */

struct atls_rule {
    /* match: all that are set must hold */
    bool has_role, has_ca;
    enum atls_role role;
    char *name; /* host, "*." and host, or IP; NULL: any */
    char *uri;  /* NULL: any */
    uint8_t ca[ATLS_SPKI_HASH];

    bool requires; /* "require" */
    bool no_oracle;
    enum atls_identity identity;
    const struct atls_profile **accept; /* preferred first; borrowed items */
    size_t num_accept;

    int64_t delegated_max_age_s; /* 0: no delegates */
    char **delegated;            /* media types of the accepted profiles' */
    size_t num_delegated;        /* Evidence by way of a delegate */
    const struct atls_verifier **passport; /* whose results are taken in place
                                              of Evidence; borrowed items */
    size_t num_passport;

    int64_t bearer_max_age_s; /* of certificates whose Evidence is taken from
                                 who does not speak the extension; 0: of none */
};

/* atls_rule_read: profiles are what accept may name, all of them by default;
 * verifiers what passport may. */
void atls_rule_read(const struct atls_node *node,
                    const struct atls_profile *profiles, size_t num_profiles,
                    const struct atls_verifiers *verifiers,
                    struct atls_rule *rule);

/* atls_rule_fill: a rule that matches everybody and accepts every profile. */
bool atls_rule_fill(const struct atls_profile *profiles, size_t num_profiles,
                    struct atls_rule *rule);
void atls_rule_clear(struct atls_rule *rule);

/* atls_rule_passport: the Verifier of that name, if its results are taken; else
 * NULL. */
const struct atls_verifier *atls_rule_passport(const struct atls_rule *rule,
                                               struct atls_view name);

/* atls_rule_needs_chain: it cannot be judged before the gate. */
bool atls_rule_needs_chain(const struct atls_rule *rule);
/* atls_rule_may_hold: role and name hold; uri and ca are left out. */
bool atls_rule_may_hold(const struct atls_rule *rule,
                        const struct atls_peer *peer);
/* atls_rule_holds: everything holds. */
bool atls_rule_holds(const struct atls_rule *rule,
                     const struct atls_peer *peer);

/* atls_rule_check_attested: may identity attested stand for it? Without X.509
 * nothing but Evidence names the peer (doc/protocol.md, "Identity"): so each
 * profile that it accepts pins one instance and is of a format that shows that
 * the TLS key was made inside, or it says no_oracle, or requires nothing; and
 * none takes Evidence from certificates, whose dates would be the peer's own.
 * POLICY_INVALID. */
enum atls_reason ATLS_MUST_USE
atls_rule_check_attested(const struct atls_rule *rule, struct atls_why *why);

#endif
