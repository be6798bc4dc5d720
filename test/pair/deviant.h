/* SPDX-License-Identifier: Apache-2.0
 *
 * A peer that breaks the rules on purpose: libssl without our hooks, and an
 * extension of type 0xFF5B of its own whose every byte a test decides. Left
 * alone it is a second implementation of the protocol (doc/protocol.md), made
 * here from nothing of ext/, and is accepted.
 */
#ifndef ATLS_TEST_DEVIANT_H
#define ATLS_TEST_DEVIANT_H

#include "pair.h"

enum deviant_how { DEVIANT_RIGHT, DEVIANT_SILENT, DEVIANT_BYTES };

/* What it puts into one message. */
struct deviant_part {
    enum deviant_how how;
    const void *data;
    size_t len;
};
#define DEVIANT_SENDS(text)                                                    \
    {                                                                          \
        DEVIANT_BYTES, text, sizeof(text) - 1                                  \
    }
#define DEVIANT_SENDS_NOTHING                                                  \
    {                                                                          \
        DEVIANT_SILENT, NULL, 0                                                \
    }

enum deviant_binder {
    BINDER_RIGHT,
    BINDER_FIRST_BIT,   /* one bit of the first byte is wrong */
    BINDER_LAST_BIT,    /* of the last byte */
    BINDER_SHORT,       /* a byte is missing */
    BINDER_LONG,        /* zeros follow, 64 bytes in all */
    BINDER_ZERO,        /* zeros */
    BINDER_OTHER_KEY,   /* of this connection, for the peer's key */
    BINDER_OTHER_ROLE,  /* for our key, as if we were the server */
    BINDER_OTHER_LABEL, /* "attestation" instead of "atls binder" */
    BINDER_PUBLIC       /* H(SPKI) alone, as a nonce-and-key binder */
};

struct deviant;

/* A delegate of its own (doc/protocol.md, "Delegation and passport"), right
 * where nothing is set. */
struct deviant_mandate {
    int64_t age_s;       /* may be negative */
    uint32_t lifetime_s; /* 0: 600 */
    bool other_tik;      /* the value is for the peer's key */
    bool other_delegate; /* the value is for another delegate */
    bool other_proof;    /* another key signs the binder */
    /* A result in place of Evidence; NULL: Evidence. value is what a Verifier
     * was challenged with. */
    void (*result)(struct atls_view value, struct atls_buf *jws);
};

/* deviant_speaks: it offers, asks for and chooses delegated Evidence of the PSA
 * type alone, or, verifier not NULL, that Verifier's results. */
void deviant_speaks(struct deviant *deviant, const char *verifier);
/* deviant_speaks_type: the same with Evidence of a media type. */
void deviant_speaks_type(struct deviant *deviant, const char *type);

struct deviant {
    /* What a test sets. */
    struct deviant_part hello, encrypted_extensions, certificate_request,
        certificate, ticket;
    size_t entry; /* of the Certificate message that has the Evidence */
    bool in_every_entry;
    const char *key; /* of the attester; NULL: soft.key */
    enum deviant_binder binder;
    const struct deviant_mandate *mandate; /* NULL: it has no delegate */
    void (*change)(struct atls_buf *cmw);  /* NULL: the CMW stays as it is */

    /* What the peer has sent. */
    struct atls_buf hello_seen, encrypted_extensions_seen,
        certificate_request_seen, certificate_seen;
    struct atls_buf sent; /* the last Certificate extension of its own */
    struct atls_buf traffic_secret; /* of the server's handshake */
    struct atls_buf spoken[3];      /* deviant_speaks: hello, choice, request */
};

/* deviant_ctx: takes no ownership; deviant outlives it. */
SSL_CTX *deviant_client(struct deviant *deviant);
SSL_CTX *deviant_server(struct deviant *deviant);
/* deviant_clear: frees what it saw. */
void deviant_clear(struct deviant *deviant);
/* deviant_add_to: its extension in a context made elsewhere. */
void deviant_add_to(SSL_CTX *ctx, struct deviant *deviant);

/* deviant_binder: what the Evidence of that side must carry, computed from
 * doc/protocol.md alone. ssl: the side's own, or (for a server) its peer's. */
void deviant_binder(struct deviant *deviant, SSL *ssl, bool of_server,
                    X509 *leaf, struct atls_buf *out);

/* deviant_expand: HKDF-Expand-Label(secret, label, context, L) of RFC 9846,
 * 7.1, with SHA-256 or SHA-384 as secret.len says; L = secret.len. */
void deviant_expand(struct atls_view secret, const char *label,
                    struct atls_view context, uint8_t *out);

#endif
