/* SPDX-License-Identifier: Apache-2.0
 *
 * The X.509 verdict and the name: Evidence of some genuine machine must not
 * stand in for this one (doc/protocol.md, "Identity").
 */
#ifndef ATLS_IDENTITY_H
#define ATLS_IDENTITY_H

#include <openssl/ssl.h>

#include "policy.h"

/* atls_identity_name: whom a client means to reach: the host or address that
 * the application set for verification, else its SNI. malloc'ed; NULL: none,
 * or no memory (which then is refused as no name). */
char *atls_identity_name(SSL *ssl);

/* atls_identity_chain: the peer's chain, leaf first, as libcrypto verified it
 * with X509_V_OK, else NULL. Borrowed. */
STACK_OF(X509) * atls_identity_chain(const SSL *ssl);

/* atls_identity_check: the peer's certificate as `identity` wants it, whatever
 * the application's verify mode. CERTIFICATE_UNTRUSTED, NAME_MISMATCH,
 * NAME_UNKNOWN. */
enum atls_reason ATLS_MUST_USE atls_identity_check(SSL *ssl,
                                                   enum atls_identity identity,
                                                   struct atls_why *why);

#endif
