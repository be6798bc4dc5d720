/* SPDX-License-Identifier: Apache-2.0
 *
 * What is said of a handshake: one JSON line in the log (its keys are in
 * atls(7)), and for a refusal an entry on libcrypto's error queue, so that the
 * program itself can show the reason. The peer learns no more than the alert.
 */
#ifndef ATLS_REPORT_H
#define ATLS_REPORT_H

#include <openssl/ssl.h>

#include "evidence.h"
#include "log.h"

struct atls_connection;
struct atls_delegates_news;
struct atls_report; /* heap; made when there is something to say */

bool ATLS_MUST_USE atls_report_register(void); /* once, at load */
void atls_report_free(struct atls_report *report);

/* All of these make the report when *report is NULL; without memory they say
 * nothing, as what they report was decided already. */
void atls_report_refuse(struct atls_report **report,
                        const struct atls_why *why);
void atls_report_attested(struct atls_report **report, int64_t took_ns);
void atls_report_appraised(struct atls_report **report,
                           const struct atls_verdict *verdict, int64_t took_ns);

/* atls_report_at_gate: what is refused now gets the alert that libssl has for a
 * "no" of the security callback before CertificateVerify, whatever the reason.
 */
void atls_report_at_gate(struct atls_report **report);

bool atls_report_is_refused(const struct atls_report *report);

/* atls_report_raise: puts why on libcrypto's error queue. */
void atls_report_raise(const struct atls_why *why);

/* atls_report_delegate: a line of its own: a delegate for the scheme was made
 * or could not be. */
void atls_report_delegate(struct atls_log *log,
                          const struct atls_scheme *scheme,
                          const struct atls_delegates_news *news);

/* atls_report_write: the line, unless it was written, with the claims of the
 * connection's Evidence, which is still there; ssl may be NULL. */
void atls_report_write(struct atls_connection *connection, const SSL *ssl);

#endif
