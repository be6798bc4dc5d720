/* SPDX-License-Identifier: Apache-2.0
 *
 * What this host can show of itself, and how each scheme of it is carried out:
 * by the attester for each connection, or by a delegate that the attester, or a
 * Verifier on its Evidence, has vouched for.
 */
#ifndef ATLS_OFFER_H
#define ATLS_OFFER_H

#include "attesters.h"
#include "ruleset.h"

struct atls_offer; /* one a process, lives as long as it */

/* atls_offer_open: settings, attesters (not NULL) and ruleset (NULL: no policy)
 * are borrowed for its life. OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_offer_open(const struct atls_settings *settings,
                struct atls_attesters *attesters, struct atls_ruleset *ruleset,
                struct atls_offer **out, struct atls_why *why);
void atls_offer_free(struct atls_offer *offer);

/* atls_offer_schemes: what it makes, in order of preference: what spares the
 * attester comes first, but for a passport that cannot be had just now. None
 * while a device could not be opened. Borrowed. offer may be NULL:
 * none. */
const struct atls_schemes *atls_offer_schemes(struct atls_offer *offer);

/* atls_offer_takes_origin: whoever asks for that scheme shall give it. */
bool atls_offer_takes_origin(const struct atls_offer *offer,
                             const struct atls_scheme *scheme);

/* atls_offer_make: the CMW of the scheme, one of atls_offer_schemes, for the
 * binder of a connection with that leaf, appended to out. origin is what the
 * binder is made of (binder.h), or empty. Takes at most the setting timeout.
 * ATTESTER_*, DELEGATE_*, of passports VERIFIER_* and RESULT_*, CRYPTO_FAILED,
 * OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_offer_make(struct atls_offer *offer, const struct atls_scheme *scheme,
                X509 *leaf, const struct atls_secret *binder,
                struct atls_view origin, struct atls_buf *out,
                struct atls_why *why);

#endif
