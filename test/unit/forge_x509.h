/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates and CRLs made for tests, under roots of the test's own.
 */
#ifndef ATLS_FORGE_X509_H
#define ATLS_FORGE_X509_H

#include <openssl/x509.h>

#include "bytes.h"

enum { FORGE_NOW = 1767225600, FORGE_YEAR = 31536000 }; /* 2026-01-01 */

struct forge_extension { /* the last of a list has oid NULL */
    const char *oid;
    const char *hex; /* of its value's DER */
    bool is_critical;
};
struct forge_certificate {
    const char *name; /* CN */
    EVP_PKEY *key;
    X509 *issuer; /* NULL: self-signed */
    EVP_PKEY *issuer_key;
    bool is_ca;
    bool is_pss;                              /* RSASSA-PSS, SHA-384, salt 48 */
    long serial;                              /* 0 is written as it is */
    int64_t from, until;                      /* 0: a year around FORGE_NOW */
    const char *digest;                       /* NULL: SHA384 */
    const struct forge_extension *extensions; /* NULL: none */
};
X509 *forge_x509(const struct forge_certificate *certificate);

/* forge_crl: of issuer, with the serial if it is not 0. */
X509_CRL *forge_crl(X509 *issuer, EVP_PKEY *key, long revoked, int64_t from,
                    int64_t until);

/* forge_crl_pem: appends it. */
void forge_crl_pem(struct atls_buf *out, X509_CRL *crl);

/* forge_ec: a new key on the curve. forge_rsa: one RSA key of 2048 bits for the
 * life of the program, by index 0 or 1, as making them takes long. */
EVP_PKEY *forge_ec(const char *curve);
EVP_PKEY *forge_rsa(unsigned index);

/* forge_x509_pem, _json: appends it in PEM; newlines as JSON writes them. */
void forge_x509_pem(struct atls_buf *out, X509 *certificate);
void forge_x509_json(struct atls_buf *out, X509 *certificate);
void forge_x509_der(struct atls_buf *out, X509 *certificate);

#endif
