/* SPDX-License-Identifier: Apache-2.0
 *
 * Signed JSON (RFC 7515, compact), which Attestation Results come in, opened
 * for people. Nothing is verified.
 */
#ifndef ATLS_CLI_TOKEN_H
#define ATLS_CLI_TOKEN_H

#include "json.h"

/* atls_token_trim: without the white space that an editor leaves around it. */
struct atls_view atls_token_trim(struct atls_view text);

/* atls_token_describe: adds header and payload of a JWS, of an Attestation
 * Result also what it comes to, and the word on its signature ("not verified").
 * false: it is none, and nothing was added. */
bool atls_token_describe(json_t *report, struct atls_view text,
                         const char *standing);

#endif
