/* SPDX-License-Identifier: Apache-2.0
 *
 * Composites: a CMW collection (RFC 9999) of Evidence, as a host and its
 * devices give it. A profile names its members and the profile of each; all of
 * them must be there, nothing else, and every one must carry the binder.
 */
#ifndef ATLS_COMPOSITE_H
#define ATLS_COMPOSITE_H

#include "format.h"

#define ATLS_COMPOSITE_MAX   4  /* members of one collection */
#define ATLS_COMPOSITE_LABEL 64 /* bytes of a label, with the NUL */

struct atls_composite_member {
    char label[ATLS_COMPOSITE_LABEL];
    struct atls_evidence *evidence; /* owned */
};

struct atls_composite_claims {
    struct atls_composite_member members[ATLS_COMPOSITE_MAX];
    size_t num;
    char type[ATLS_TYPE_MAX_TEXT + 1]; /* its cmwc_t, or "" */
};

/* atls_composite_type: how a collection is named as Evidence: application/
 * cmw+cbor or +json, with its cmwc_t where it has one (RFC 9999, "Media
 * Types"). text has room for ATLS_TYPE_MAX_TEXT and a NUL; false: too long. */
bool ATLS_MUST_USE atls_composite_type(const struct atls_cmw *collection,
                                       char *text, size_t size);

#endif
