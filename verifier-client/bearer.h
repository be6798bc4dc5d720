/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence that a certificate bears: a CMW in its extension id-pe-cmw (RFC
 * 9999), for peers that do not speak the TLS extension (doc/protocol.md,
 * "Evidence in the certificate"). It is bound to the certificate's key and to
 * no connection. Whether the certificate is good is not judged here, nor
 * whether the peer may attest like this.
 */
#ifndef ATLS_BEARER_H
#define ATLS_BEARER_H

#include <openssl/x509.h>

#include "evidence.h"

/* atls_bearer_is: it has the extension. */
bool atls_bearer_is(const X509 *certificate);

/* atls_bearer_read: the CMW in it, borrowed from the certificate.
 * BEARER_MALFORMED: not exactly one such extension, or another value than CMW
 * ::= CHOICE { json UTF8String, cbor OCTET STRING } in DER. */
enum atls_reason ATLS_MUST_USE atls_bearer_read(const X509 *certificate,
                                                struct atls_view *cmw,
                                                struct atls_why *why);

/* atls_bearer_take: the Evidence in the leaf, as a rule that allows it takes
 * it: the certificate begins at most bearer_max_age before now
 * (EVIDENCE_STALE), and the Evidence is for its key (KEY_MISMATCH). Those of
 * atls_bearer_read and atls_evidence_parse; CRYPTO_FAILED. Free *out with
 * atls_evidence_free. */
enum atls_reason ATLS_MUST_USE
atls_bearer_take(X509 *leaf, const struct atls_rule *rule, int64_t now,
                 struct atls_evidence **out, struct atls_why *why);

/* atls_bearer_fits: the challenge of that Evidence is the digest of the
 * certificate's key. */
bool atls_bearer_fits(X509 *leaf, const struct atls_evidence *evidence);

#endif
