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

/* atls_json_text: a string, in which '?' stands for every byte beyond ASCII
 * when it is no UTF-8 (cut in the middle, say); or NULL. */
json_t *atls_json_text(const char *text);

/* atls_json_put: appends value in compact form; out->failed when it has no
 * room. Unlike json_dumps, whose text must be freed by whatever allocator the
 * program gave to jansson. */
void atls_json_put(struct atls_buf *out, const json_t *value);

/* atls_json_print: value as people read it, with a newline behind it;
 * malloc'ed, or NULL. */
char *atls_json_print(const json_t *value);

/* atls_json_fit: object to the empty out; while it has no room, members that
 * are named in expendable (NULL-ended) are dropped, in that order. */
void atls_json_fit(struct atls_buf *out, json_t *object,
                   const char *const *expendable);

#endif
