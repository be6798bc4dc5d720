/* SPDX-License-Identifier: Apache-2.0
 *
 * What this host attests with: one attester, and what it makes travels as it
 * is; or several with labels, a host and its devices, and what travels is a CMW
 * collection in CBOR (RFC 9999) with a record of each, all of them for the same
 * binder (doc/protocol.md, "Composites").
 */
#ifndef ATLS_ATTESTERS_H
#define ATLS_ATTESTERS_H

#include "attester.h"
#include "settings.h"

struct atls_attesters; /* one a process, lives as long as it */

/* atls_attesters_open: all that the settings, which are borrowed for its life,
 * name, one at least; no device is touched. The sentence begins with the
 * setting's key. What atls_attester_open says; ATTESTER_ABSENT, too, for one
 * that makes no record of its own for the collection, and for a collection that
 * may exceed ATLS_CMW_MAX. */
enum atls_reason ATLS_MUST_USE
atls_attesters_open(const struct atls_settings *settings,
                    struct atls_attesters **out, struct atls_why *why);
void atls_attesters_free(struct atls_attesters *attesters);

/* atls_attesters_prepare: opens each device, the others too where one cannot
 * be; the first failure is told. */
enum atls_reason ATLS_MUST_USE
atls_attesters_prepare(struct atls_attesters *attesters, struct atls_why *why);

/* atls_attesters_is_prepared: the devices of all of them are open. */
bool atls_attesters_is_prepared(const struct atls_attesters *attesters);

/* atls_attesters_schemes: what they make, best first: of a collection its type
 * and nothing else. Borrowed. */
const struct atls_schemes *
atls_attesters_schemes(const struct atls_attesters *attesters);

/* atls_attesters_takes_origin: as of one attester, if any of them does. */
bool atls_attesters_takes_origin(const struct atls_attesters *attesters);

/* atls_attesters_takes_subject: as of one attester, if any of them does. */
bool atls_attesters_takes_subject(const struct atls_attesters *attesters);

/* atls_attesters_quote: as of one attester. Of several each is asked at the
 * same time and has the same deadline, and its own share; all of them have
 * answered when this returns. One that fails fails the whole: the first of them
 * in the settings' order is told, with its label. request->type is one of
 * atls_attesters_schemes. */
enum atls_reason ATLS_MUST_USE
atls_attesters_quote(struct atls_attesters *attesters,
                     const struct atls_request *request, unsigned timeout_ms,
                     struct atls_buf *out, struct atls_why *why);

#endif
