/* SPDX-License-Identifier: Apache-2.0
 *
 * PSA attestation tokens (RFC 9783): the claims of one, and the reference
 * values of a profile.
 */
#ifndef ATLS_PSA_H
#define ATLS_PSA_H

#include "cbor.h"
#include "component.h"
#include "cose.h"

enum atls_psa_dialect {                   /* what eat_profile says */
                        ATLS_PSA_RFC9783, /* tag:psacertified.org,2023:psa#tfm
                                           */
                        ATLS_PSA_2_0_0,   /* http://arm.com/psa/2.0.0 */
                        ATLS_PSA_IOT_1,   /* PSA_IOT_PROFILE_1, with keys of its
                                             own */
                        ATLS_NUM_PSA_DIALECTS
};
extern const char *const atls_psa_dialects[]; /* their names, NULL-ended */

enum atls_psa_field {
    ATLS_PSA_PROFILE,
    ATLS_PSA_NONCE,
    ATLS_PSA_INSTANCE,
    ATLS_PSA_CLIENT,
    ATLS_PSA_LIFECYCLE,
    ATLS_PSA_IMPLEMENTATION,
    ATLS_PSA_BOOT_SEED,
    ATLS_PSA_CERTIFICATION,
    ATLS_PSA_COMPONENTS,
    ATLS_PSA_SERVICE,
    ATLS_PSA_NO_MEASUREMENTS, /* PSA_IOT_PROFILE_1 alone */
    ATLS_NUM_PSA_FIELDS
};

struct atls_psa_claim { /* either, by the claim's type */
    bool is_present;
    int64_t number;
    struct atls_view view; /* of components: their encoding, checked */
};

struct atls_psa_claims { /* views into the token */
    struct atls_cose_sign1 message;
    enum atls_psa_dialect dialect;
    struct atls_psa_claim fields[ATLS_NUM_PSA_FIELDS];
};

extern const char *const atls_psa_field_names[ATLS_NUM_PSA_FIELDS];

/* atls_psa_parse: the row of atls_format_psa. */
enum atls_reason ATLS_MUST_USE atls_psa_parse(struct atls_view value, void *out,
                                              struct atls_view *nonce,
                                              struct atls_why *why);

/* atls_psa_check_form: every mandatory claim is there, and each has a value
 * that RFC 9783 allows. CLAIM_MISSING, CLAIM_INVALID. */
enum atls_reason ATLS_MUST_USE
atls_psa_check_form(const struct atls_psa_claims *claims, struct atls_why *why);

enum atls_psa_lifecycle {
    ATLS_PSA_UNKNOWN,
    ATLS_PSA_ASSEMBLY_AND_TEST,
    ATLS_PSA_ROT_PROVISIONING,
    ATLS_PSA_SECURED,
    ATLS_PSA_NON_ROT_DEBUG,
    ATLS_PSA_RECOVERABLE_ROT_DEBUG,
    ATLS_PSA_DECOMMISSIONED,
    ATLS_NUM_PSA_LIFECYCLES
};
extern const char *const atls_psa_lifecycles[]; /* their names, NULL-ended */
/* atls_psa_lifecycle: of the claim's value; -1: none of RFC 9783, 4.3.1. */
int atls_psa_lifecycle(int64_t value);

#define ATLS_PSA_INSTANCE_ID       33
#define ATLS_PSA_IMPLEMENTATION_ID 32

struct atls_psa_reference { /* of a profile */
    bool takes_dialect[ATLS_NUM_PSA_DIALECTS];
    bool takes_lifecycle[ATLS_NUM_PSA_LIFECYCLES];
    struct atls_component_values components;
    struct atls_values implementation_ids, instance_ids; /* none: any */
};

/* The rows of atls_format_psa that speak JSON: psa_profile.c */
extern const char *const atls_psa_keys[];
void atls_psa_read(const struct atls_node *node, struct atls_profile *profile);
void atls_psa_reference_free(void *reference);
bool atls_psa_learn(const void *claims, json_t *profile);

extern const char *const atls_psa_types[]; /* canonical first, NULL-ended */

#endif
