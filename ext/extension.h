/* SPDX-License-Identifier: Apache-2.0
 *
 * The TLS extension remoteAttestation (doc/protocol.md): what we put into each
 * message and what we take from it. Whether that is enough is gate.c's.
 */
#ifndef ATLS_EXTENSION_H
#define ATLS_EXTENSION_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "bytes.h"

/* ExtensionType of the binding `bound`: private use, RFC 9847. The binding
 * `draft` (0xFF5A) has no row yet. */
#define ATLS_EXTENSION_BOUND 0xFF5B

/* atls_extension_install: on a new SSL_CTX. The same list goes into every
 * SSL_CTX, as libssl mishandles SSL_set_SSL_CTX between unequal lists. */
bool ATLS_MUST_USE atls_extension_install(SSL_CTX *ctx);

#endif
