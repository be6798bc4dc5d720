/* SPDX-License-Identifier: Apache-2.0
 *
 * The two forms of a CMW, behind cmw.h. why is never NULL here.
 */
#ifndef ATLS_CMW_FORM_H
#define ATLS_CMW_FORM_H

#include "cmw.h"

#define ATLS_CMW_COLLECTION_TYPE "__cmwc_t"

/* What the forms have in common: 1 to 255 bytes, and a bitmap that is not 0. */
bool atls_cmw_is_media_type(struct atls_view text);
bool atls_cmw_is_indicator(uint64_t value);

/* As atls_cmw_parse, the form being known. *out is untouched on failure. */
enum atls_reason ATLS_MUST_USE atls_cmw_cbor_parse(struct atls_view bytes,
                                                   struct atls_cmw *out,
                                                   struct atls_why *why);
enum atls_reason ATLS_MUST_USE atls_cmw_json_parse(struct atls_view bytes,
                                                   struct atls_buf *storage,
                                                   struct atls_cmw *out,
                                                   struct atls_why *why);

/* As atls_cmw_members. */
enum atls_reason ATLS_MUST_USE
atls_cmw_cbor_members(struct atls_view collection, atls_cmw_member_fn *each,
                      void *arg, struct atls_why *why);
enum atls_reason ATLS_MUST_USE
atls_cmw_json_members(struct atls_view collection, struct atls_buf *storage,
                      atls_cmw_member_fn *each, void *arg,
                      struct atls_why *why);

#endif
