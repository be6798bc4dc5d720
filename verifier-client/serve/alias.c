/* SPDX-License-Identifier: Apache-2.0
 *
 * Media types that Veraison's schemes register for formats of ours and that
 * no registry knows (its services repository, scheme/).
 */
#include "serve/alias.h"

#include <string.h>

static const struct {
    const char *format, *type;
} aliases[] = {
    {"psa", "application/psa-attestation-token"},
    {"psa", "application/eat-cwt; profile=\"http://arm.com/psa/2.0.0\""},
};
enum { NUM_ALIASES = sizeof(aliases) / sizeof(aliases[0]) };

const char *atls_alias_of(const struct atls_format *format, size_t i)
{
    for (size_t at = 0; at < NUM_ALIASES; at++)
        if (strcmp(aliases[at].format, format->name) == 0 && i-- == 0)
            return aliases[at].type;
    return NULL;
}

static bool is_alias(const struct atls_format *format, struct atls_type type)
{
    const char *text;

    for (size_t i = 0; (text = atls_alias_of(format, i)) != NULL; i++)
        if (atls_type_equal(type, atls_type_of_text(atls_view_text(text))))
            return true;
    return false;
}

const struct atls_format *atls_alias_format(struct atls_type *type,
                                            struct atls_view value)
{
    const struct atls_format *format = atls_format_find(*type, value);

    for (size_t i = 0; format == NULL && atls_formats[i] != NULL; i++)
        if (is_alias(atls_formats[i], *type) &&
            atls_type_parse(atls_view_text(atls_formats[i]->types[0]), type))
            format = atls_formats[i];
    return format;
}
