/* SPDX-License-Identifier: Apache-2.0
 *
 * Schemes, compared and spelled.
 */
#include "scheme.h"

#include <stdio.h>

struct atls_scheme atls_scheme_of_type(struct atls_type type)
{
    return (struct atls_scheme){.mechanism = ATLS_MECHANISM_EVIDENCE,
                                .type = type};
}

struct atls_scheme atls_scheme_of_verifier(struct atls_view name)
{
    return (struct atls_scheme){.mechanism = ATLS_MECHANISM_RESULT,
                                .verifier = name};
}

bool atls_scheme_equal(const struct atls_scheme *a, const struct atls_scheme *b)
{
    if (a->mechanism != b->mechanism)
        return false;
    return a->mechanism == ATLS_MECHANISM_RESULT
               ? atls_view_equal(a->verifier, b->verifier)
               : atls_type_equal(a->type, b->type);
}

void atls_scheme_text(const struct atls_scheme *scheme, char *text, size_t size)
{
    struct atls_type name = scheme->mechanism == ATLS_MECHANISM_RESULT
                                ? atls_type_of_text(scheme->verifier)
                                : scheme->type;

    atls_type_text(name, text, size); /* printable, cut */
}

/* RFC 9110, 5.6.4 */
static void put_quoted(struct atls_buf *out, struct atls_view text)
{
    atls_buf_u8(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\')
            atls_buf_u8(out, '\\');
        atls_buf_u8(out, text.data[i]);
    }
    atls_buf_u8(out, '"');
}

void atls_scheme_put_delegated(struct atls_buf *out, struct atls_type type)
{
    char digits[8];

    type = atls_type_shortest(type);
    snprintf(digits, sizeof(digits), "%u", type.format);
    atls_buf_text(out, "application/cmw+cbor; "
                       "cmwc_t=\"" ATLS_DELEGATION_COLLECTION "\"; of=");
    put_quoted(out, type.is_format ? atls_view_text(digits) : type.text);
}
