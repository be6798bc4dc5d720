/* SPDX-License-Identifier: Apache-2.0
 *
 * Arm CCA attestation tokens (RMM specification, A7.2;
 * draft-ffm-rats-cca-token, of which Arm's platform profile 1.0.0): a platform
 * token and a realm token that are bound to each other, and the reference
 * values of a profile.
 */
#ifndef ATLS_CCA_H
#define ATLS_CCA_H

#include "psa.h"

enum atls_cca_dialect {                    /* what the platform token says */
                        ATLS_CCA_PLATFORM, /* of RMM 1.1 and later */
                        ATLS_CCA_SSD,      /* of RMM 1.0 */
                        ATLS_NUM_CCA_DIALECTS
};
extern const char *const atls_cca_dialects[]; /* their names, NULL-ended */

enum atls_cca_field { /* of the platform, then of the realm */
                      ATLS_CCA_PROFILE,
                      ATLS_CCA_CHALLENGE,
                      ATLS_CCA_IMPLEMENTATION,
                      ATLS_CCA_INSTANCE,
                      ATLS_CCA_CONFIG,
                      ATLS_CCA_LIFECYCLE,
                      ATLS_CCA_COMPONENTS,
                      ATLS_CCA_HASH,
                      ATLS_CCA_SERVICE,
                      ATLS_CCA_REALM_PROFILE,
                      ATLS_CCA_REALM_CHALLENGE,
                      ATLS_CCA_PERSONALIZATION,
                      ATLS_CCA_RIM,
                      ATLS_CCA_REMS,
                      ATLS_CCA_REALM_HASH,
                      ATLS_CCA_RAK,
                      ATLS_CCA_RAK_HASH,
                      ATLS_NUM_CCA_FIELDS
};
extern const char *const atls_cca_field_names[ATLS_NUM_CCA_FIELDS];

#define ATLS_CCA_NUM_REMS 4

struct atls_cca_claim { /* either, by the claim's type */
    bool is_present;
    int64_t number;
    struct atls_view view; /* of components: their encoding, checked */
};

struct atls_cca_claims { /* views into the token */
    struct atls_cose_sign1 platform, realm;
    enum atls_cca_dialect dialect;
    struct atls_cca_claim fields[ATLS_NUM_CCA_FIELDS];
    struct atls_view rems[ATLS_CCA_NUM_REMS];
};

/* atls_cca_matches, atls_cca_parse: the rows of atls_format_cca. */
bool atls_cca_matches(struct atls_view value);
enum atls_reason ATLS_MUST_USE atls_cca_parse(struct atls_view value, void *out,
                                              struct atls_view *nonce,
                                              struct atls_why *why);

/* atls_cca_check_form: every mandatory claim is there, and each has a value
 * that the specification allows. CLAIM_MISSING, CLAIM_INVALID. */
enum atls_reason ATLS_MUST_USE
atls_cca_check_form(const struct atls_cca_claims *claims, struct atls_why *why);

/* atls_cca_rak: the realm's public key, P-384 in either form; a new reference.
 * CLAIM_MISSING, CLAIM_INVALID, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_cca_rak(const struct atls_cca_claims *claims, EVP_PKEY **out,
             struct atls_why *why);

struct atls_cca_hash {
    const char *name, *digest; /* as tokens and as libcrypto have it */
    size_t len;
};
/* atls_cca_hash_find: by its name in the IANA registry "Named Information Hash
 * Algorithm"; NULL: none that tokens use. */
const struct atls_cca_hash *atls_cca_hash_find(struct atls_view name);

extern const char *const atls_cca_lifecycles[]; /* their names, NULL-ended; in
                                                   the order of psa.h */

#define ATLS_CCA_INSTANCE_ID       33
#define ATLS_CCA_IMPLEMENTATION_ID 32
#define ATLS_CCA_MAX_VALUE         64 /* bytes of a value that is pinned */

struct atls_cca_value { /* of 1 to 64 bytes; each value has its own length */
    uint8_t bytes[ATLS_CCA_MAX_VALUE];
    size_t len;
};
struct atls_cca_values { /* none: any */
    struct atls_cca_value *items;
    size_t num;
};

struct atls_cca_reference { /* of a profile */
    bool takes_dialect[ATLS_NUM_CCA_DIALECTS];
    bool takes_lifecycle[ATLS_NUM_PSA_LIFECYCLES];
    struct atls_component_values components;
    struct atls_values implementation_ids, instance_ids; /* none: any */
    struct atls_cca_values config, personalization, rim;
    struct atls_cca_values rems[ATLS_CCA_NUM_REMS];
};

/* The rows of atls_format_cca that speak JSON: cca_profile.c */
extern const char *const atls_cca_keys[];
void atls_cca_read(const struct atls_node *node, struct atls_profile *profile);
void atls_cca_reference_free(void *reference);
bool atls_cca_learn(const void *claims, json_t *profile);

extern const char *const atls_cca_types[]; /* canonical first, NULL-ended */

#endif
