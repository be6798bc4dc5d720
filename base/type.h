/* SPDX-License-Identifier: Apache-2.0
 *
 * The type of a conceptual message: a CoAP Content-Format number or a media
 * type, two spellings of one thing where a number is registered.
 */
#ifndef ATLS_TYPE_H
#define ATLS_TYPE_H

#include "bytes.h"

#define ATLS_TYPE_MAX_TEXT 255 /* bytes of a media type that we take */

struct atls_type {
    bool is_format;
    uint16_t format;       /* CoAP Content-Format, when is_format */
    struct atls_view text; /* media type with parameters, else; borrowed */
};

struct atls_type atls_type_of_format(uint16_t format);
struct atls_type atls_type_of_text(struct atls_view text);

/* atls_type_parse: a decimal Content-Format (0..65535) or a media type, as
 * evidence-formats and the policy spell them. false: neither. */
bool atls_type_parse(struct atls_view spelling, struct atls_type *out);

/* atls_type_equal: the same type after mapping registered numbers (18,
 * 10003, 10004, 263..268) to media types; type and subtype and parameter names
 * without regard to case, parameter order ignored, values exact and unquoted
 * (RFC 9110, 8.3.1). Malformed media types equal only themselves. */
bool atls_type_equal(struct atls_type a, struct atls_type b);

/* atls_type_is_collection: of a CMW collection as a whole, in CBOR or JSON,
 * whatever its parameters (RFC 9999). */
bool atls_type_is_collection(struct atls_type type);

/* atls_type_shortest: the type by its number where one is registered. */
struct atls_type atls_type_shortest(struct atls_type type);

/* atls_type_text: the media type where one is known, else the number, for
 * people; always NUL-terminated. */
void atls_type_text(struct atls_type type, char *text, size_t size);

#endif
