/* SPDX-License-Identifier: Apache-2.0
 *
 * What a subcommand found out, as one JSON object: printed as such, or as text
 * with one line a fact. Both say the same, as they are made from the same.
 */
#ifndef ATLS_CLI_OUTPUT_H
#define ATLS_CLI_OUTPUT_H

#include "json.h"

/* atls_output_set: object[name] = a formatted string, made valid UTF-8 by
 * writing other bytes as \xNN. */
void atls_output_set(json_t *object, const char *name, const char *format, ...)
    ATLS_PRINTF(3, 4);

/* atls_output_text: a JSON string of bytes that a peer chose, as above. */
json_t *atls_output_text(struct atls_view text);

/* atls_output_add: object[name] = value, whose reference is taken. */
void atls_output_add(json_t *object, const char *name, json_t *value);

/* atls_output_print: the report to stdout; ATLS_EXIT_USAGE if it could not be
 * written, else status. */
int atls_output_print(json_t *report, bool as_json, int status);

#endif
