/* SPDX-License-Identifier: Apache-2.0
 *
 * A Verifier that a policy trusts: how it is reached, under which keys its
 * results are signed, and what they must say. Immutable once read, but for the
 * keys, which follow their files.
 */
#ifndef ATLS_VERIFIER_H
#define ATLS_VERIFIER_H

#include "anchors.h"
#include "document.h"
#include "ear.h"
#include "http.h"
#include "jws.h"
#include "verifier_keys.h"

#define ATLS_VERIFIER_NAME       256 /* bytes of a name with the NUL */
#define ATLS_VERIFIER_MAX_AGE_S  86400
#define ATLS_VERIFIER_MAX_SKEW_S 600

enum atls_verifier_kind { ATLS_VERIFIER_VERAISON, ATLS_VERIFIER_TRUSTEE };

struct atls_result_submod {
    char name[ATLS_EAR_NAME];
    bool must_affirm[ATLS_NUM_AR4SI_CLAIMS]; /* claims that must be there and
                                                affirming */
};

/* One acceptable set: a result must have exactly these submodules. */
struct atls_result_set {
    struct atls_result_submod submods[ATLS_EAR_MAX_SUBMODS];
    size_t num_submods;
};

struct atls_verifier {
    char *name; /* key of "verifiers", the identity of result schemes: a URL,
                   "trustee+" before it for Trustee */
    enum atls_verifier_kind kind;
    struct atls_http_peer peer; /* its strings are ours */
    bool discovers;             /* may ask the service for its endpoints */
    char *policy_id;            /* Trustee's; NULL: its default */

    struct atls_result_set *sets; /* "accept"; none: any, as "any" says */
    size_t num_sets;
    char (*nonce_checked)[ATLS_EAR_NAME]; /* submodules whose Evidence's nonce
                                             it compares */
    size_t num_nonce_checked;
    const char *nonce_checker; /* developer in the verifier ID of results that
                                  the list is for; NULL: of all */
    bool allows_warning;       /* tier warning is enough */
    bool allows_unparsed;      /* Evidence that we cannot parse may be sent */
    int64_t max_age_s, skew_s; /* of results: 300 and 30 by default */

    struct atls_verifier_keys *keys;
};

/* Those of one policy. */
struct atls_verifiers {
    struct atls_verifier *items;
    size_t num;
};

/* atls_verifiers_read: "verifiers"; an absent node gives none. */
void atls_verifiers_read(const struct atls_node *node,
                         struct atls_verifiers *verifiers);
void atls_verifiers_clear(struct atls_verifiers *verifiers);

/* atls_verifiers_find: by name, byte by byte; NULL: none. */
const struct atls_verifier *
atls_verifiers_find(const struct atls_verifiers *verifiers,
                    struct atls_view name);

/* atls_verifiers_part: see atls_verifier_keys_part; node is "verifiers". */
void atls_verifiers_part(const struct atls_verifiers *verifiers,
                         const struct atls_anchors *pool,
                         const struct atls_node *node);

/* atls_verifiers_watch: see atls_verifier_keys_watch. */
void atls_verifiers_watch(const struct atls_verifiers *verifiers,
                          atls_verifier_keys_fn *tell, void *arg);

/* atls_verifier_verify: atls_jws_verify under the keys that it has now.
 * *key_version counts the key sets there were. */
enum atls_reason ATLS_MUST_USE
atls_verifier_verify(const struct atls_verifier *verifier,
                     struct atls_view compact, struct atls_buf *payload,
                     uint64_t *key_version, struct atls_why *why);

#endif
