/* SPDX-License-Identifier: Apache-2.0
 *
 * What a challenge is made of, for an attester that makes it itself so that it
 * need not believe anybody ("binder-origin" in atls(7)): that of a connection,
 * or that of a delegate, which says in its first byte what it is.
 *
 *     struct {                             struct {
 *         uint8 role;                          uint8 kind = 2;
 *         opaque secret<32..48>;               opaque spki<1..2^16-1>;
 *         opaque spki<1..2^16-1>;              opaque tik[32];
 *     } OfConnection;                          uint64 not_before;
 *                                              uint32 lifetime;
 *                                          } OfDelegate;
 *
 * role: 0 server, 1 client; the secret has a length of one byte. spki is that
 * of the key which the binder is for, or the delegate's; tik the SHA-256 of the
 * SPKI of the TLS key that the delegate serves.
 */
#ifndef ATLS_ORIGIN_H
#define ATLS_ORIGIN_H

#include "mandate.h"

#define ATLS_ORIGIN_MAX (4 + ATLS_BINDER_MAX + ATLS_SPKI_MAX)

enum atls_origin_kind {
    ATLS_ORIGIN_SERVER = 0,
    ATLS_ORIGIN_CLIENT = 1,
    ATLS_ORIGIN_DELEGATE = 2
};

struct atls_origin { /* views point into what was read */
    enum atls_origin_kind kind;
    struct atls_secret secret; /* of a connection */
    struct atls_view spki;
    struct atls_mandate mandate; /* of a delegate */
    const uint8_t *tik;
};

/* atls_origin_kind_name: "server", "client" or "delegate". */
const char *atls_origin_kind_name(enum atls_origin_kind kind);

/* atls_origin_put_binder: of a connection, for the key of a certificate.
 * CRYPTO_FAILED. */
enum atls_reason ATLS_MUST_USE
atls_origin_put_binder(struct atls_buf *out, bool is_client,
                       const struct atls_secret *secret, X509 *leaf,
                       struct atls_why *why);

/* atls_origin_put_delegate: of a delegate. */
void atls_origin_put_delegate(struct atls_buf *out,
                              const struct atls_mandate *mandate,
                              const uint8_t tik[ATLS_DELEGATION_HASH]);

/* atls_origin_read: ATTESTER_BINDER. Clear *out in any case. */
enum atls_reason ATLS_MUST_USE atls_origin_read(struct atls_view bytes,
                                                struct atls_origin *out,
                                                struct atls_why *why);
void atls_origin_clear(struct atls_origin *origin); /* cleanses */

/* atls_origin_challenge: the binder, or the delegate's value. CRYPTO_FAILED. */
enum atls_reason ATLS_MUST_USE
atls_origin_challenge(const struct atls_origin *origin, struct atls_secret *out,
                      struct atls_why *why);

#endif
