/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence, described for people: what inspect prints, and what appraise and
 * probe print beside a verdict. Nothing is verified.
 */
#ifndef ATLS_CLI_DESCRIBE_H
#define ATLS_CLI_DESCRIBE_H

#include "evidence.h"
#include "json.h"

/* atls_describe_input: a CMW, JSON or CBOR as a new JSON object; *is_known
 * tells that it is well-formed. */
json_t *atls_describe_input(struct atls_view bytes, bool *is_known);

/* atls_describe_bare: adds what Evidence without a wrapper is: its type and
 * claims, or why it has none. The Evidence, or NULL. */
struct atls_evidence *atls_describe_bare(json_t *report,
                                         struct atls_view bytes);

/* atls_describe_claims: the claims of parsed Evidence. */
json_t *atls_describe_claims(const struct atls_evidence *evidence);

/* atls_describe_verdict: adds verdict, reason, text, profile and vector. */
void atls_describe_verdict(json_t *report, const struct atls_verdict *verdict);

/* atls_describe_log: an event log: its events and the registers that they add
 * up to. false: it is none. */
bool atls_describe_log(json_t *report, struct atls_view bytes);

#endif
