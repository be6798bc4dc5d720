/* SPDX-License-Identifier: Apache-2.0
 *
 * The conceptual message wrapper, RFC 9999: records and collections, JSON and
 * CBOR, and tagged records, told apart by the first byte. Syntax only: whether
 * a type or an indicator is the right one is for the caller.
 */
#ifndef ATLS_CMW_H
#define ATLS_CMW_H

#include "type.h"
#include "why.h"

#define ATLS_CMW_MAX         65528 /* bytes; a CertificateEntry holds no more */
#define ATLS_CMW_MAX_DEPTH   4     /* collections in collections */
#define ATLS_CMW_MAX_MEMBERS 64

enum atls_cmw_indicator { /* RFC 9999, "ind": a bitmap; 0 is absent */
                          ATLS_CMW_REFERENCE_VALUES = 1,
                          ATLS_CMW_ENDORSEMENTS = 2,
                          ATLS_CMW_EVIDENCE = 4,
                          ATLS_CMW_RESULTS = 8,
                          ATLS_CMW_APPRAISAL_POLICY = 16
};

struct atls_cmw {
    bool is_collection;
    struct atls_type type; /* of a record; of a collection, __cmwc_t or empty */
    struct atls_view value; /* a record's value, decoded; of a collection, all
                               of its encoding */
    uint32_t indicator;     /* of a record; 0: absent */
    bool is_json;
};

/* atls_cmw_parse: reads one CMW, which must fill the view, collections with
 * all their members. Views in *out point into bytes, or, for JSON, into
 * storage, which must outlive *out and is written at its end; those hold until
 * storage is written again. CMW_TOO_LARGE beyond ATLS_CMW_MAX, its depth or
 * storage's maximum, CMW_MALFORMED, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE atls_cmw_parse(struct atls_view bytes,
                                              struct atls_buf *storage,
                                              struct atls_cmw *out,
                                              struct atls_why *why);

/* atls_cmw_members: calls each(arg, label, member) for the direct members of a
 * collection that atls_cmw_parse gave, in their order; stops at the first
 * reason that is not ATLS_OK and returns it. label is text; an integer label
 * comes as its decimal digits. Label and member hold for the call, or until
 * storage is written in it. */
typedef enum atls_reason atls_cmw_member_fn(void *arg, struct atls_view label,
                                            const struct atls_cmw *member,
                                            struct atls_why *why);
enum atls_reason ATLS_MUST_USE
atls_cmw_members(const struct atls_cmw *cmw, struct atls_buf *storage,
                 atls_cmw_member_fn *each, void *arg, struct atls_why *why);

/* atls_cmw_put: writes a CBOR record: [type, value, indicator], the indicator
 * left out when 0. */
void atls_cmw_put(struct atls_buf *out, struct atls_type type,
                  struct atls_view value, uint32_t indicator);

/* atls_cmw_put_collection: the head of a CBOR collection; type is its __cmwc_t,
 * left out when empty. num_members times a label and a CMW in CBOR follow, by
 * atls_cmw_put_label and atls_cmw_put. */
void atls_cmw_put_collection(struct atls_buf *out, struct atls_view type,
                             size_t num_members);
void atls_cmw_put_label(struct atls_buf *out, struct atls_view label);

/* atls_cmw_is_collection_type: an absolute URI or a dotted OID, as __cmwc_t
 * must be. */
bool atls_cmw_is_collection_type(struct atls_view text);

#endif
