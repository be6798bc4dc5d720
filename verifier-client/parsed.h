/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence from inside, for the files that judge it and learn from it.
 */
#ifndef ATLS_PARSED_H
#define ATLS_PARSED_H

#include "batch.h"
#include "format.h"

struct atls_evidence {
    const struct atls_format *format;
    void *claims;           /* the format's; its views point into value */
    struct atls_view value; /* our copy of the record's value */
    struct atls_type type;  /* of the record; text is our copy */
    struct atls_view nonce; /* points into value; empty: cannot be found */
    /* Of one quote for several binders: where ours stands. NULL: the quote is
     * for ours alone. Owned, with the hashes of its path. */
    struct atls_batch *batch;
};

#endif
