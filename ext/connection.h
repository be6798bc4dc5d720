/* SPDX-License-Identifier: Apache-2.0
 *
 * What we know of one connection: made when attestation first concerns it,
 * reset at the start of every handshake (SSL_clear reuses an SSL), stripped to
 * a few flags when the handshake is over, and never shared with a copy made by
 * SSL_dup.
 */
#ifndef ATLS_CONNECTION_H
#define ATLS_CONNECTION_H

#include <openssl/ssl.h>

#include "binder.h"
#include "delegation.h"
#include "report.h"
#include "wire.h"

typedef int atls_security_fn(const SSL *ssl, const SSL_CTX *ctx, int op,
                             int bits, int nid, void *other, void *ex);

struct atls_connection {
    bool is_server;
    bool is_required;    /* the peer must attest */
    bool is_offered;     /* the ClientHello carried a scheme */
    bool peer_agreed;    /* the peer said it will attest by peer_scheme */
    bool own_agreed;     /* we said we will attest by own_scheme */
    bool is_asked;       /* server: our CertificateRequest asks for Evidence, or
                            for a certificate that bears it */
    bool is_borne;       /* the peer's Evidence stands in its certificate */
    bool is_verified;    /* the peer's Evidence was appraised and accepted */
    bool is_under_way;   /* past the hellos */
    bool is_finished;    /* nothing more to do for us in this handshake */
    bool is_shut;        /* server: resumption and PSKs are ruled out */
    bool is_missed;      /* its start: an application's callback stood there */
    bool is_in_security; /* re-entry guard of the chained callback */
    const SSL_CTX *waiting_on; /* whose key log counts us; only compared */
    enum atls_reason refused;  /* TLS_VERSION or TRANSPORT, if that ends it */

    struct atls_scheme peer_scheme; /* borrowed from policy */
    struct atls_scheme own_scheme;  /* borrowed from the module */
    struct atls_policy *policy;     /* ours by reference; NULL: none */
    char *name;                     /* whom we meant to reach; NULL: no name */

    struct atls_secret server_secret;   /* of the binder; unset: not needed */
    struct atls_evidence *evidence;     /* parsed and bound, not appraised */
    struct atls_delegation *delegation; /* what binds it; NULL: its nonce */
    struct atls_secret challenge;       /* the binder, of Evidence whose nonce
                                           only its Verifier can find */
    X509 *leaf;                         /* to whose key it is bound */

    struct atls_report *report; /* for the log line; NULL: nothing yet */
    atls_security_fn *chained;  /* the application's own; NULL: none */
};

bool ATLS_MUST_USE atls_connection_register(void); /* once, at load */

/* NULL: attestation does not concern this connection so far. */
struct atls_connection *atls_connection_get0(const SSL *ssl);

/* atls_connection_need: the same, made if there is none; NULL: no memory. */
struct atls_connection *atls_connection_need(SSL *ssl);

/* atls_connection_begin: a handshake is about to start: forgets the one
 * before, and finds out whether the peer must attest. Cheap, and harmless when
 * called again before the ClientHello. NULL: not concerned (or no memory, with
 * *failed set). */
struct atls_connection *atls_connection_begin(SSL *ssl, bool *failed);

/* atls_connection_is_stale: what is known is of another handshake than the one
 * that goes on, whose start we did not see. */
bool atls_connection_is_stale(const struct atls_connection *connection);

/* atls_connection_end: our part of the handshake is over: writes the log line,
 * lets go of everything that only it needed. */
void atls_connection_end(struct atls_connection *connection, const SSL *ssl);

/* atls_connection_takes_bearer: the peer has not spoken our extension so far,
 * and some rule for it takes Evidence in a certificate. Of a server it is known
 * once CertificateRequest would have been read. */
bool atls_connection_takes_bearer(const struct atls_connection *connection);

/* atls_connection_peer: how the policy sees the peer before the gate, without
 * a chain. Borrowed from connection. */
struct atls_peer atls_connection_peer(const struct atls_connection *connection);

#endif
