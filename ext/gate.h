/* SPDX-License-Identifier: Apache-2.0
 *
 * Is it enforced? Every way for a peer to get past attestation has its answer
 * here: the security callback's operations, in the order of a handshake, and
 * the last look before a ticket. An answer of "no" from SIGALG_CHECK is fatal
 * even under SSL_VERIFY_NONE, after the X.509 verdict and before
 * CertificateVerify is accepted.
 */
#ifndef ATLS_GATE_H
#define ATLS_GATE_H

#include "connection.h"

/* atls_gate_security: what we say to one operation (SSL_SECOP_...) of the
 * security callback; nid is its argument. 0 refuses. */
int atls_gate_security(SSL *ssl, int op, int nid);

/* atls_gate_force_client_certificate: on a server whose client must attest,
 * makes libssl ask for a certificate and insist on one. Called wherever an
 * application may have undone it. */
void atls_gate_force_client_certificate(SSL *ssl);

/* atls_gate_before_ticket: on a server, the last gate: a client that must
 * attest and is not verified gets no ticket and no connection. */
enum atls_reason ATLS_MUST_USE atls_gate_before_ticket(SSL *ssl,
                                                       struct atls_why *why);

/* atls_gate_after_start: on a client whose start we saw too late to drop its
 * session: no PSK, and RESUMED where there is a session to resume. */
enum atls_reason ATLS_MUST_USE atls_gate_after_start(SSL *ssl,
                                                     struct atls_why *why);

/* atls_gate_end: the handshake is over; with enforce = log, the last look. */
void atls_gate_end(SSL *ssl);

/* atls_gate_refuse: reports why. true: the caller refuses; false: enforce =
 * log, and the caller goes on. connection may be NULL. */
bool atls_gate_refuse(SSL *ssl, struct atls_connection *connection,
                      const struct atls_why *why);

#endif
