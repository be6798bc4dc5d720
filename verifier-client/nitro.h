/* SPDX-License-Identifier: Apache-2.0
 *
 * AWS Nitro Enclaves attestation documents ("Nitro Enclaves Attestation
 * Process" of aws-nitro-enclaves-nsm-api), and the reference values of a
 * profile.
 */
#ifndef ATLS_NITRO_H
#define ATLS_NITRO_H

#include "cbor.h"
#include "chain.h"
#include "cose.h"
#include "format.h"

#define ATLS_NITRO_NUM_PCRS 32
#define ATLS_NITRO_PCR      48  /* bytes: SHA-384 */
#define ATLS_NITRO_MAX_AGE  300 /* seconds, unless the profile says */
#define ATLS_NITRO_MAX_ID   128 /* bytes of a module ID, with the NUL */

struct atls_nitro_claims { /* views into the document; empty: absent */
    struct atls_cose_sign1 message;
    struct atls_view module_id;
    int64_t timestamp_ms;
    struct atls_view pcrs[ATLS_NITRO_NUM_PCRS];
    struct atls_view certificate;
    struct atls_view cabundle[ATLS_CHAIN_MAX_CERTIFICATES]; /* root first */
    size_t num_cabundle;
    struct atls_view public_key, user_data, nonce;
};

/* atls_nitro_parse: the row of atls_format_nitro. The claims are filled even
 * where the nonce is missing. */
enum atls_reason ATLS_MUST_USE atls_nitro_parse(struct atls_view value,
                                                void *out,
                                                struct atls_view *nonce,
                                                struct atls_why *why);

/* atls_nitro_is_debug: an enclave that was started in debug mode has zeros in
 * PCR0 to PCR2. */
bool atls_nitro_is_debug(const struct atls_nitro_claims *claims);

struct atls_nitro_id {
    char text[ATLS_NITRO_MAX_ID];
};

struct atls_nitro_reference {                     /* of a profile */
    struct atls_values pcrs[ATLS_NITRO_NUM_PCRS]; /* none: any */
    struct atls_nitro_id *module_ids;             /* none: any */
    size_t num_module_ids;
    struct atls_values user_data, public_key; /* SHA-256; none: any */
    bool takes_debug;
    int64_t max_age_s;
};

/* The rows of atls_format_nitro that speak JSON: nitro_profile.c */
extern const char *const atls_nitro_keys[];
void atls_nitro_read(const struct atls_node *node,
                     struct atls_profile *profile);
void atls_nitro_reference_free(void *reference);
bool atls_nitro_learn(const void *claims, json_t *profile);

extern const char *const atls_nitro_types[]; /* canonical first, NULL-ended */

#endif
