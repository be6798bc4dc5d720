/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON by jansson, made safe for a peer's bytes: depth is scanned before
 * json_loads sees them, duplicates and trailing bytes are refused.
 */
#ifndef ATLS_JSON_H
#define ATLS_JSON_H

#include <jansson.h>

#include "why.h"

#define ATLS_JSON_MAX_DEPTH 16

ATLS_AUTO_FREE(json_t, json_decref)

/* atls_json_parse: a new reference, or NULL with *why: reason `otherwise` and
 * a sentence with line and column, or OUT_OF_MEMORY. */
json_t *atls_json_parse(struct atls_view text, enum atls_reason otherwise,
                        struct atls_why *why);

/* atls_json_object: an empty object, or NULL. In place of json_object(), which
 * PostgreSQL exports with a meaning of its own: there our call would end in the
 * program. */
json_t *atls_json_object(void);

#endif
