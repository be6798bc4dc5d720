/* SPDX-License-Identifier: Apache-2.0
 *
 * How the connection's secret reaches us: libssl hands the handshake traffic
 * secrets to a key log callback. While an SSL_CTX has one, libssl prints five
 * secrets of every handshake byte by byte, which is 6 % of a plain one; so ours
 * is there only when somebody waits for a secret, or where it also has to be
 * the watchdog that sees clients which offer nothing.
 */
#ifndef ATLS_KEYLOG_H
#define ATLS_KEYLOG_H

#include <openssl/ssl.h>

#include "connection.h"

bool ATLS_MUST_USE atls_keylog_register(void); /* once, at load */

/* atls_keylog_attach: on a new SSL_CTX. is_kept: the callback is there from
 * now on. */
bool ATLS_MUST_USE atls_keylog_attach(SSL_CTX *ctx, bool is_kept);

/* atls_keylog_keep: from now on it stays on this SSL_CTX. */
void atls_keylog_keep(SSL_CTX *ctx);

/* atls_keylog_want: the handshake that is under way needs its server handshake
 * traffic secret, which libssl derives next. */
void atls_keylog_want(SSL *ssl, struct atls_connection *connection);

/* atls_keylog_reassert: where it is kept, it is ours again; an application's
 * own is kept and called. */
void atls_keylog_reassert(SSL_CTX *ctx);

#endif
