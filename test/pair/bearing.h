/* SPDX-License-Identifier: Apache-2.0
 *
 * Peers that bear Evidence in their certificate (doc/protocol.md, "Evidence in
 * the certificate"), right where nothing is set, and wrong in what a test sets.
 * They are libssl without our hooks, and made here of nothing of ours.
 */
#ifndef ATLS_TEST_BEARING_H
#define ATLS_TEST_BEARING_H

#include "pair.h"

enum bearing_place {
    IN_LEAF,
    IN_LEAF_TWICE,
    IN_LEAF_CRITICAL,
    IN_ISSUER,
    NOWHERE
};

struct bearing {
    const char *attester; /* NULL: soft.key */
    void (*challenge)(struct atls_buf *digest);
    void (*change)(struct atls_buf *cmw);
    /* wrap: the value of the extension; NULL: bearing_octets. */
    void (*wrap)(struct atls_view cmw, struct atls_buf *out);
    enum bearing_place place;
    /* Of the certificate itself */
    const char *usage;    /* extendedKeyUsage; NULL: none */
    long from_s, until_s; /* from now; 0: valid since an hour, for a day */
};
extern const struct bearing bearing_right;

/* bearing_octets: the CMW as OCTET STRING; bearing_put_der: any element. */
void bearing_octets(struct atls_view cmw, struct atls_buf *out);
void bearing_put_der(int tag, struct atls_view content, struct atls_buf *out);

/* bearing_make: a new key and a certificate for that name, which
 * pair_use_identity(ctx, "bearer") takes, by an issuer that the CA certified.
 */
void bearing_make(const struct bearing *how, const char *name);

/* bearing_server, bearing_client: contexts that have one. */
SSL_CTX *bearing_server(const struct bearing *how);
SSL_CTX *bearing_client(const struct bearing *how);

/* bearing_key: a private key of the test's folder. bearing_put_digest: SHA-256
 * of its SubjectPublicKeyInfo. */
EVP_PKEY *bearing_key(const char *name);
void bearing_put_digest(EVP_PKEY *key, struct atls_buf *out);

#endif
