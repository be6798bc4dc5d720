/* SPDX-License-Identifier: Apache-2.0
 *
 * Is it bound? The binder of doc/protocol.md, "The binder": what an attester
 * signs so that its Evidence names one connection, one role and one key. Pure
 * functions of secrets and keys; nothing here knows a connection.
 */
#ifndef ATLS_BINDER_H
#define ATLS_BINDER_H

#include <openssl/x509.h>

#include "spki.h"

#define ATLS_BINDER_MAX 48 /* bytes: SHA-384, the longest hash of TLS 1.3 */

/* The client's secret is TLS-Exporter(label, "", L), RFC 9846, 7.5. */
#define ATLS_BINDER_EXPORTER "EXPORTER-atls-client"

/* L bytes, L the length of the cipher suite's hash: 32 or 48; 0: unset. */
struct atls_secret {
    uint8_t bytes[ATLS_BINDER_MAX];
    size_t len;
};
void atls_secret_clear(struct atls_secret *secret); /* cleanses */
static inline struct atls_view atls_secret_view(const struct atls_secret *s)
{
    return atls_view(s->bytes, s->len);
}

/* atls_binder_server_secret: the server's secret from its handshake traffic
 * secret (32 or 48 bytes), which may be wiped afterwards. SECRET_MISSING for
 * other lengths, CRYPTO_FAILED. */
enum atls_reason ATLS_MUST_USE
atls_binder_server_secret(struct atls_view server_handshake_traffic_secret,
                          struct atls_secret *out, struct atls_why *why);

/* atls_binder_make: the binder of either role, secret->len bytes, for the key
 * whose DER SubjectPublicKeyInfo is spki. SECRET_MISSING, CRYPTO_FAILED. */
enum atls_reason ATLS_MUST_USE
atls_binder_make(const struct atls_secret *secret, struct atls_view spki,
                 struct atls_secret *out, struct atls_why *why);

/* atls_binder_make_for: the same for the key of a certificate. */
enum atls_reason ATLS_MUST_USE
atls_binder_make_for(const struct atls_secret *secret, X509 *leaf,
                     struct atls_secret *out, struct atls_why *why);

/* atls_binder_of_certificate: what Evidence that a certificate bears must carry
 * in place of a binder: SHA-256 of its SubjectPublicKeyInfo, 32 bytes. It names
 * a key, and no connection. CRYPTO_FAILED. */
enum atls_reason ATLS_MUST_USE
atls_binder_of_certificate(X509 *leaf, struct atls_secret *out,
                           struct atls_why *why);

/* atls_expand_label: HKDF-Expand-Label (RFC 9846, 7.1); secret, context and out
 * are as long as the hash, 32 or 48 bytes; the context may be empty. The label
 * has at most 26 characters. SECRET_MISSING for other lengths, CRYPTO_FAILED.
 */
enum atls_reason ATLS_MUST_USE
atls_expand_label(struct atls_view secret, const char *label,
                  struct atls_view context, uint8_t *out, struct atls_why *why);

#endif
