/* SPDX-License-Identifier: Apache-2.0
 *
 * What one side can prove and the other appraise: Evidence of a type, or an
 * Attestation Result of a Verifier (doc/protocol.md, "Messages").
 */
#ifndef ATLS_SCHEME_H
#define ATLS_SCHEME_H

#include "batch.h"
#include "type.h"

enum atls_mechanism { ATLS_MECHANISM_EVIDENCE = 0, ATLS_MECHANISM_RESULT = 1 };

/* The CMW collection in which a delegate's proof travels (doc/protocol.md,
 * "Delegation and passport"). */
#define ATLS_DELEGATION_COLLECTION                                             \
    "urn:uuid:8d7c5930-1019-4022-8189-65a0127b8fa9"

/* Of Evidence in a batch, by way of a delegate. */
#define ATLS_SCHEME_DELEGATED_BATCH                                            \
    "application/cmw+cbor; cmwc_t=\"" ATLS_DELEGATION_COLLECTION               \
    "\"; of=\"" ATLS_BATCH_TYPE "\""

struct atls_scheme {
    enum atls_mechanism mechanism;
    bool is_delegated;         /* Evidence by way of a delegate; only known of
                                  schemes of our own configuration */
    struct atls_type type;     /* of Evidence; borrowed */
    struct atls_view verifier; /* of a result: who made it; borrowed, compared
                                  byte by byte */
};

struct atls_scheme atls_scheme_of_type(struct atls_type type);
struct atls_scheme atls_scheme_of_verifier(struct atls_view name);

/* atls_scheme_equal: the same on the wire, whatever its spelling. */
bool atls_scheme_equal(const struct atls_scheme *a,
                       const struct atls_scheme *b);

/* atls_scheme_is_direct: Evidence for each connection of its own. */
static inline bool atls_scheme_is_direct(const struct atls_scheme *scheme)
{
    return scheme->mechanism == ATLS_MECHANISM_EVIDENCE &&
           !scheme->is_delegated;
}

/* atls_scheme_text: the media type, or the name of the Verifier, for people;
 * always NUL-terminated. */
void atls_scheme_text(const struct atls_scheme *scheme, char *text,
                      size_t size);

/* atls_scheme_put_delegated: the media type under which Evidence of the type
 * travels by way of a delegate: its "of" is the Content-Format where one is
 * registered, else the media type. Without a NUL. */
void atls_scheme_put_delegated(struct atls_buf *out, struct atls_type type);

#endif
