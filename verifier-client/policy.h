/* SPDX-License-Identifier: Apache-2.0
 *
 * policy.json, read: profiles (what good Evidence is) and rules (which peer
 * must show it). Immutable and reference-counted; see atls(5) for the words.
 */
#ifndef ATLS_POLICY_H
#define ATLS_POLICY_H

#include <openssl/x509.h>

#include "atls/atls.h"
#include "scheme.h"
#include "why.h"

enum atls_role { ATLS_ROLE_SERVER, ATLS_ROLE_CLIENT }; /* of the peer */

/* What is known of a peer. Before the gate, chain is NULL. */
struct atls_peer {
    enum atls_role role;
    const char *name; /* host or IP that we meant to reach; NULL: none known,
                         and always NULL for client peers */
    STACK_OF(X509) *
        chain; /* verified, X509_V_OK, leaf first; NULL: unknown or
                  untrusted, and rules with uri or ca do not match */
};

enum atls_identity { /* protocol.md 4; UNSET in a rule: the setting's */
                     ATLS_IDENTITY_UNSET,
                     ATLS_IDENTITY_X509,
                     ATLS_IDENTITY_APPLICATION,
                     ATLS_IDENTITY_ATTESTED
};

struct atls_rule;
struct atls_profile;
struct atls_policy;

/* atls_policy_parse: like atls_policy_load from text. folder is what relative
 * paths start from; source names the text in messages. With problems not NULL
 * every problem is reported through it, not only the first. */
typedef void atls_problem_fn(void *arg, const char *sentence);
enum atls_reason ATLS_MUST_USE
atls_policy_parse(struct atls_view text, const char *source, const char *folder,
                  atls_problem_fn *problems, void *arg,
                  struct atls_policy **out, struct atls_why *why);

/* atls_policy_read: atls_policy_load with problems and why. */
enum atls_reason ATLS_MUST_USE
atls_policy_read(const char *path, atls_problem_fn *problems, void *arg,
                 struct atls_policy **out, struct atls_why *why);

/* atls_policy_watch: atls_policy_read that adds to stamps, which are empty,
 * what the policy is read from: path first, then all that it names; whatever
 * the reason. */
struct atls_stamps; /* stamp.h */
enum atls_reason ATLS_MUST_USE atls_policy_watch(const char *path,
                                                 struct atls_stamps *stamps,
                                                 struct atls_policy **out,
                                                 struct atls_why *why);

void atls_policy_up_ref(struct atls_policy *policy);

/* atls_policy_requires: must this peer attest? Called before the gate: rules
 * with uri or ca are left out, as they never decide this. No rule matches:
 * true (and the gate refuses). */
bool atls_policy_requires(const struct atls_policy *policy,
                          const struct atls_peer *peer);

/* atls_policy_names: the first rule that matches without a chain is for this
 * peer by its name, and requires. */
bool atls_policy_names(const struct atls_policy *policy,
                       const struct atls_peer *peer);

/* atls_policy_requires_all: true when no rule with "require": false can ever
 * match a peer of that role. */
bool atls_policy_requires_all(const struct atls_policy *policy,
                              enum atls_role role);

/* atls_policy_match: the first rule that holds for all that is known at the
 * gate; NULL: refuse with RULE_MISSING. */
const struct atls_rule *atls_policy_match(const struct atls_policy *policy,
                                          const struct atls_peer *peer);

enum atls_identity atls_rule_identity(const struct atls_rule *rule);

/* atls_rule_takes_bearer: Evidence in the certificate of a peer that does not
 * speak the extension; atls_policy_takes_bearer: by some rule that could still
 * match it (rules with uri or ca count). */
bool atls_rule_takes_bearer(const struct atls_rule *rule);
bool atls_policy_takes_bearer(const struct atls_policy *policy,
                              const struct atls_peer *peer);

/* atls_policy_check_identity: the setting "identity" stands for rules that
 * name none; when it is attested each of them must be fit for that, as a rule
 * that names it must (rule.h): POLICY_INVALID. */
enum atls_reason ATLS_MUST_USE
atls_policy_check_identity(const struct atls_policy *policy,
                           enum atls_identity setting, struct atls_why *why);

/* atls_policy_watch_keys: before the policy is used. tell hears once of each
 * change of the files with a Verifier's keys, in the thread that saw it:
 * ATLS_OK in why: taken; else the keys that there were stay in force. arg lives
 * as long as the policy. */
typedef void atls_verifier_keys_fn(void *arg, const char *verifier,
                                   const struct atls_why *why);
void atls_policy_watch_keys(const struct atls_policy *policy,
                            atls_verifier_keys_fn *tell, void *arg);

/* atls_policy_verifier: a member of "verifiers", by name; or NULL; borrowed. */
struct atls_verifier; /* verifier.h */
const struct atls_verifier *
atls_policy_verifier(const struct atls_policy *policy, struct atls_view name);

/* atls_policy_id: tells the policies of a process apart, by load. Never 0. */
uint64_t atls_policy_id(const struct atls_policy *policy);

/* atls_policy_check_verifier: the setting "verifier" (a name, or NULL: none)
 * stands for profiles that name none: it must be one of "verifiers", a profile
 * without trust anchors needs one, and one of format other needs one that takes
 * what is not parsed: POLICY_INVALID. */
enum atls_reason ATLS_MUST_USE
atls_policy_check_verifier(const struct atls_policy *policy,
                           const char *setting, struct atls_why *why);

/* atls_policy_asks: some profile is judged by a Verifier elsewhere. */
bool atls_policy_asks(const struct atls_policy *policy);

/* atls_policy_profile: by name, or NULL; borrowed. */
const struct atls_profile *atls_policy_profile(const struct atls_policy *policy,
                                               const char *name);

/* atls_policy_profile_at: one after the other, in order; NULL: no more. */
const struct atls_profile *
atls_policy_profile_at(const struct atls_policy *policy, size_t index);

/* atls_policy_schemes: how a peer may attest, in order of preference, without
 * repeats: first the Evidence types of the profiles, then the same by way of
 * a delegate, then results, each of every rule that could still match (rules
 * with uri or ca count). Writes at most max (8 on the wire); returns how many.
 * Views live as long as the policy. */
size_t atls_policy_schemes(const struct atls_policy *policy,
                           const struct atls_peer *peer,
                           struct atls_scheme *schemes, size_t max);

#endif
