/* SPDX-License-Identifier: Apache-2.0
 *
 * Software components as PSA tokens list them (RFC 9783, 4.4.1) and CCA tokens
 * after them, and which of them a profile takes.
 */
#ifndef ATLS_COMPONENT_H
#define ATLS_COMPONENT_H

#include "cbor.h"
#include "format.h"

#define ATLS_COMPONENT_MAX_HASH 64
#define ATLS_COMPONENT_MAX_TEXT 128 /* bytes of a type or version, with NUL */

struct atls_component { /* empty views: absent */
    struct atls_view type, measurement, version, signer_id, description;
};

/* atls_components_take: the list that stands at in, still encoded, proven to
 * be one that can be walked. */
struct atls_view atls_components_take(struct atls_cbor *in);

/* A walk through what atls_components_take gave; an empty view has none. */
struct atls_component_walk {
    struct atls_cbor in;
    struct atls_cbor_iter items;
};
void atls_component_walk(struct atls_view list,
                         struct atls_component_walk *walk);
bool atls_component_next(struct atls_component_walk *walk,
                         struct atls_component *out);

/* atls_components_are_valid: at least one, each with a measurement and a signer
 * of a SHA-2 digest's length. */
bool atls_components_are_valid(struct atls_view list);

struct atls_component_value { /* one that is accepted */
    uint8_t signer_id[ATLS_COMPONENT_MAX_HASH];
    uint8_t measurement[ATLS_COMPONENT_MAX_HASH];
    size_t signer_id_len, measurement_len;
    char type[ATLS_COMPONENT_MAX_TEXT]; /* "": any */
    char version[ATLS_COMPONENT_MAX_TEXT];
    bool is_required;
};

struct atls_component_values { /* none: any */
    struct atls_component_value *items;
    size_t num;
};

void atls_component_values_read(const struct atls_node *node,
                                struct atls_component_values *out);
void atls_component_values_clear(struct atls_component_values *values);

/* atls_components_check: each of the list is among the values, and none that is
 * required is missing. profile_name is for the sentence. COMPONENT_REFUSED. */
enum atls_reason ATLS_MUST_USE
atls_components_check(struct atls_view list,
                      const struct atls_component_values *values,
                      const char *profile_name, struct atls_why *why);

/* atls_components_describe: calls each for component_type and so on. */
void atls_components_describe(struct atls_view list, atls_claim_fn *each,
                              void *arg);

/* atls_components_learn: adds "components" to a JSON profile. */
bool ATLS_MUST_USE atls_components_learn(struct atls_view list,
                                         json_t *profile);

#endif
