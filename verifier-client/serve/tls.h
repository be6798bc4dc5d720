/* SPDX-License-Identifier: Apache-2.0
 *
 * The certificate that a Verifier shows, with its key: PEM texts, read again at
 * each reload. What they hold is for the TLS library to check.
 */
#ifndef ATLS_SERVE_TLS_H
#define ATLS_SERVE_TLS_H

#include "serve/metrics.h"

struct atls_tls { /* each with a NUL at its end; empty: no TLS */
    struct atls_buf certificate, key;
};

/* atls_tls_read: certificate NULL: nothing. FILE_UNREADABLE, SETTING_INVALID (a
 * key that others may read), OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE atls_tls_read(const char *certificate,
                                             const char *key,
                                             struct atls_tls *out,
                                             struct atls_why *why);
void atls_tls_clear(struct atls_tls *tls);
bool atls_tls_equal(const struct atls_tls *a, const struct atls_tls *b);

/* atls_tls_note: when the certificates end goes to the metrics. */
void atls_tls_note(const struct atls_tls *tls, struct atls_metrics *metrics);

#endif
