/* SPDX-License-Identifier: Apache-2.0
 *
 * Attestation as most implementations do it: the binder is SHA-256 over a
 * nonce of the Relying Party and the attester's public key, and names no
 * connection. Here to be attacked; it lives only in the tests.
 *
 * On the wire, all in the extension that the real one uses:
 *     ClientHello          u8: 1, the server shall attest; 32 bytes of nonce
 *     CertificateRequest   32 bytes of nonce: the client shall attest
 *     CertificateEntry 0   a CMW
 */
#ifndef ATLS_TEST_WEAK_H
#define ATLS_TEST_WEAK_H

#include <openssl/ssl.h>

#include "atls/atls.h"

/* One a process, and one connection a process. */
struct weak {
    const char *attester;        /* URI; NULL: never attests */
    const char *policy;          /* path; NULL: requires nothing */
    struct atls_verdict verdict; /* of the peer's Evidence; denying first */
};

/* weak_install: before SSL_new. false: policy or attester cannot be used. */
bool weak_install(SSL_CTX *ctx, struct weak *weak);

/* weak_is_satisfied: after the handshake: nothing was required, or the peer's
 * Evidence was accepted. */
bool weak_is_satisfied(const struct weak *weak);

#endif
