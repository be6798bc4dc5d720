/* SPDX-License-Identifier: Apache-2.0
 *
 * What each message carries of the extension: `put` writes ours, `take` reads
 * the peer's. negotiation.c has the hellos and requests, certificate.c the
 * Evidence; extension.c has the table and stands between them and libssl.
 */
#ifndef ATLS_MESSAGE_H
#define ATLS_MESSAGE_H

#include <openssl/ssl.h>

#include "why.h"

/* One call of libssl: a message on its way out or in. */
struct atls_call {
    SSL *ssl;
    X509 *leaf;           /* of a CertificateEntry: its certificate */
    size_t entry;         /* of a CertificateEntry: its number */
    struct atls_buf *out; /* put: what stays empty is not sent */
    struct atls_view in;  /* take */
};

/* Any reason but ATLS_OK refuses the handshake with that reason's alert. */
typedef enum atls_reason atls_message_fn(struct atls_call *call,
                                         struct atls_why *why);

atls_message_fn atls_put_client_hello, atls_take_client_hello;
atls_message_fn atls_put_encrypted_extensions, atls_take_encrypted_extensions;
atls_message_fn atls_put_certificate_request, atls_take_certificate_request;
atls_message_fn atls_put_certificate, atls_take_certificate;

#endif
