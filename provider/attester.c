/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of attesters.
 */
#include "provider/attester.h"

#include <stdio.h>
#include <string.h>

const struct atls_attester *const atls_attesters[] = {
    &atls_attester_soft,
    &atls_attester_tpm,
    &atls_attester_tsm,
    &atls_attester_nitro,
    &atls_attester_broker,
    &atls_attester_ratsd,
    NULL,
};

static void list_names(char *text, size_t size)
{
    size_t len = 0;

    text[0] = '\0';
    for (unsigned i = 0; atls_attesters[i] != NULL && len < size; i++)
        len += (size_t)snprintf(text + len, size - len, "%sattest:%s",
                                i == 0 ? "" : ", ", atls_attesters[i]->name);
}

enum atls_reason atls_attester_find(const char *name,
                                    const struct atls_attester **out,
                                    struct atls_why *why)
{
    char names[256];

    for (unsigned i = 0; atls_attesters[i] != NULL; i++)
        if (strcmp(atls_attesters[i]->name, name) == 0) {
            *out = atls_attesters[i];
            return ATLS_OK;
        }
    list_names(names, sizeof(names));
    return atls_why(why, ATLS_ATTESTER_UNKNOWN, "\"%s\"; there are %s", name,
                    names);
}
