/* SPDX-License-Identifier: Apache-2.0
 *
 * Types of conceptual messages: two spellings, parted by a NUL. Equality is
 * reflexive and the same from both sides.
 */
#include "fuzz.h"

#include <string.h>

#include "type.h"

const char fuzz_target[] = "type";

static struct atls_type type_of(struct atls_view spelling)
{
    struct atls_type type;

    if (!atls_type_parse(spelling, &type))
        type = atls_type_of_text(spelling);
    return type;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size > 0 ? memchr(data, 0, size) : NULL;
    size_t len = nul != NULL ? (size_t)(nul - data) : size;
    struct atls_type a = type_of(atls_view(data, len));
    struct atls_type b = type_of(
        nul != NULL ? atls_view(nul + 1, size - len - 1) : atls_view(NULL, 0));
    char text[64];

    fuzz_must(atls_type_equal(a, a) && atls_type_equal(b, b));
    fuzz_must(atls_type_equal(a, b) == atls_type_equal(b, a));
    atls_type_text(a, text, sizeof(text));
    fuzz_must(strlen(text) < sizeof(text));
    return 0;
}
