/* SPDX-License-Identifier: Apache-2.0
 *
 * DER (X.690) by the cursor, for what stands in a certificate: nothing is
 * allocated, and lengths have at most two bytes.
 */
#ifndef ATLS_DER_H
#define ATLS_DER_H

#include "bytes.h"

enum {
    ATLS_DER_BOOLEAN = 0x01,
    ATLS_DER_INTEGER = 0x02,
    ATLS_DER_OCTET_STRING = 0x04,
    ATLS_DER_OID = 0x06,
    ATLS_DER_UTF8_STRING = 0x0c,
    ATLS_DER_SEQUENCE = 0x30,
    ATLS_DER_CONTEXT = 0xa0 /* of EXPLICIT tags, with the number */
};

/* atls_der_take_any: the next value and its tag; _take: of this tag; _uint: an
 * INTEGER that is not negative, of 64 bits at most. Others fail. */
struct atls_view atls_der_take_any(struct atls_reader *in, uint8_t *tag);
struct atls_view atls_der_take(struct atls_reader *in, uint8_t tag);
uint64_t atls_der_take_uint(struct atls_reader *in);
bool atls_der_take_boolean(struct atls_reader *in);

#endif
