/* SPDX-License-Identifier: Apache-2.0
 *
 * One profile of a policy: a format, the keys that may sign, and the values
 * that its claims may have. Immutable once read.
 */
#ifndef ATLS_PROFILE_H
#define ATLS_PROFILE_H

#include "anchors.h"

#define ATLS_PROFILE_MAX_TYPES 4

struct atls_verifier;  /* verifier.h */
struct atls_verifiers; /* verifier.h */

struct atls_profile {
    char name[ATLS_PROFILE_NAME];
    const struct atls_format *format;
    /* What a peer may send under it, preferred first; of the format's types. */
    const char *types[ATLS_PROFILE_MAX_TYPES];
    size_t num_types;
    struct atls_anchors anchors; /* none: only the Verifier judges */
    bool has_anchors;
    const struct atls_verifier *verifier; /* borrowed; NULL: the setting's */
    void *reference;                      /* the format's reference values */
    bool is_pinned;      /* they say what software or device is meant */
    bool names_instance; /* they, or the anchors, say which one device it is */
};

/* atls_profile_read: from a member of "profiles". */
void atls_profile_read(const struct atls_node *node,
                       const struct atls_verifiers *verifiers,
                       struct atls_anchors *pool, struct atls_profile *profile);
void atls_profile_clear(struct atls_profile *profile);

/* Byte strings of equal length, in a row. */
struct atls_values {
    uint8_t *bytes;
    size_t value_len, num;
};

/* atls_values_read: a hex string of value_len (at most 64) bytes, or a list of
 * them; an absent node gives none. */
void atls_values_read(const struct atls_node *node, size_t value_len,
                      struct atls_values *out);
void atls_values_clear(struct atls_values *values);
bool atls_values_have(const struct atls_values *values, struct atls_view value);

#endif
