/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates of good chains, each decoded once in a process: libcrypto takes
 * longer to decode one than to verify a signature by it, and a peer's chain is
 * the same at each connection. Which is found says nothing of whether it is
 * trusted: chain.c does, each time.
 */
#ifndef ATLS_CERTIFICATE_CACHE_H
#define ATLS_CERTIFICATE_CACHE_H

#include <openssl/x509.h>

#include "bytes.h"

/* atls_certificate_read: one certificate in DER and nothing behind it, for the
 * caller to free: the one that is kept, if it was made of exactly these bytes.
 * NULL: something else, or no memory. */
X509 *atls_certificate_read(struct atls_view der);

/* atls_certificate_keep: of a chain that was found good, and of no other:
 * strangers shall fill no memory. The oldest of 128 makes room. */
void atls_certificate_keep(X509 *certificate);

#endif
