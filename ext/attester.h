/* SPDX-License-Identifier: Apache-2.0
 *
 * Our attester: any key of any provider that answers to "evidence-formats"
 * (atls(7), "Attester keys"). Only binders of our own handshakes come here.
 */
#ifndef ATLS_ATTESTER_H
#define ATLS_ATTESTER_H

#include "binder.h"
#include "wire.h"

struct atls_attester; /* a few a process, live as long as it */

/* atls_attester_open: the URI opens as a key that attests, by a provider that
 * is loaded; no device is touched. ATTESTER_ABSENT with what the provider
 * said, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE atls_attester_open(const char *uri,
                                                  unsigned share_percent,
                                                  struct atls_attester **out,
                                                  struct atls_why *why);
void atls_attester_free(struct atls_attester *attester);

/* atls_attester_prepare: opens the device while the program may still do so.
 * Called at each SSL_CTX_new; once it has succeeded it stays open. */
enum atls_reason ATLS_MUST_USE
atls_attester_prepare(struct atls_attester *attester, struct atls_why *why);

/* atls_attester_is_prepared: its device is open. */
bool atls_attester_is_prepared(const struct atls_attester *attester);

/* atls_attester_schemes: what it makes, best first. Borrowed. */
const struct atls_schemes *
atls_attester_schemes(const struct atls_attester *attester);

/* atls_attester_max_size: of one CMW, bytes; at most ATLS_CMW_MAX. */
size_t atls_attester_max_size(const struct atls_attester *attester);

/* atls_attester_takes_origin: once prepared: it wants to make each challenge
 * itself ("binder-origin"). */
bool atls_attester_takes_origin(const struct atls_attester *attester);

/* atls_attester_takes_subject: once prepared: it attests the TLS key, too
 * ("subject-key"). */
bool atls_attester_takes_subject(const struct atls_attester *attester);

/* What is asked for; all of it borrowed. */
struct atls_request {
    struct atls_type type;            /* of the Evidence */
    const struct atls_secret *binder; /* or a delegate's value */
    struct atls_view origin;  /* what that is made of, for an attester that
                                 takes it; empty: not told */
    struct atls_view subject; /* the TLS key's DER SubjectPublicKeyInfo, for an
                                 attester that takes it; empty: not told */
};

/* atls_attester_quote: Evidence as one CMW into out. Takes its share, waits and
 * quotes within timeout_ms. ATTESTER_BUSY, ATTESTER_TIMEOUT, ATTESTER_FAILED.
 */
enum atls_reason ATLS_MUST_USE
atls_attester_quote(struct atls_attester *attester,
                    const struct atls_request *request, unsigned timeout_ms,
                    struct atls_buf *out, struct atls_why *why);

#endif
