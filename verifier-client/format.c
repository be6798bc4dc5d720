/* SPDX-License-Identifier: Apache-2.0
 *
 * Which formats there are.
 */
#include "format.h"

const struct atls_format *const atls_formats[] = {
    &atls_format_psa,        &atls_format_tpm,        &atls_format_tpm_cert,
    &atls_format_snp,        &atls_format_cca,        &atls_format_nitro,
    &atls_format_tdx,        &atls_format_sgx,        &atls_format_vtpm,
    &atls_format_parsec_tpm, &atls_format_parsec_cca, &atls_format_enacttrust,
    &atls_format_composite,  &atls_format_other,      NULL,
};

static bool has_type(const struct atls_format *format, struct atls_type type)
{
    for (size_t i = 0; format->types[i] != NULL; i++) {
        struct atls_type known;

        if (atls_type_parse(atls_view_text(format->types[i]), &known) &&
            atls_type_equal(known, type))
            return true;
    }
    return false;
}

const struct atls_format *atls_format_find(struct atls_type type,
                                           struct atls_view value)
{
    const struct atls_format *first = NULL;

    for (size_t i = 0; atls_formats[i] != NULL; i++) {
        const struct atls_format *format = atls_formats[i];

        if (format->parsed_by != NULL || !has_type(format, type))
            continue;
        if (format->matches == NULL || format->matches(value))
            return format;
        if (first == NULL)
            first = format;
    }
    return first;
}
