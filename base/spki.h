/* SPDX-License-Identifier: Apache-2.0
 *
 * The DER SubjectPublicKeyInfo (RFC 5280, 4.1.2.7) of a TLS key.
 */
#ifndef ATLS_SPKI_H
#define ATLS_SPKI_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "why.h"

#define ATLS_SPKI_MAX  4096 /* bytes */
#define ATLS_SPKI_HASH 32   /* bytes: SHA-256 */

/* atls_spki_put: appends that of the certificate's key, as it stands there.
 * CRYPTO_FAILED: it has no encoding of 1 to ATLS_SPKI_MAX bytes. */
enum atls_reason ATLS_MUST_USE atls_spki_put(struct atls_buf *out, X509 *leaf,
                                             struct atls_why *why);

/* atls_spki_put_key: the same of a key. */
enum atls_reason ATLS_MUST_USE atls_spki_put_key(struct atls_buf *out,
                                                 const EVP_PKEY *key,
                                                 struct atls_why *why);

/* atls_spki_hash: its SHA-256, by which a TLS key is named. CRYPTO_FAILED. */
enum atls_reason ATLS_MUST_USE atls_spki_hash(struct atls_view spki,
                                              uint8_t hash[ATLS_SPKI_HASH],
                                              struct atls_why *why);

/* atls_spki_is: it is this key, whatever the encoding. */
bool atls_spki_is(struct atls_view spki, const EVP_PKEY *key);

#endif
