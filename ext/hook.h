/* SPDX-License-Identifier: Apache-2.0
 *
 * How libssl comes to call us: an ex_data constructor that sees every SSL_CTX,
 * the callbacks that it installs, and the watchdog that puts them back where
 * an application replaced them.
 */
#ifndef ATLS_HOOK_H
#define ATLS_HOOK_H

#include <openssl/ssl.h>

#include "why.h"

/* atls_hook_register: from now on every new SSL_CTX is ours too. Once. */
bool ATLS_MUST_USE atls_hook_register(void);

/* atls_hook_deny: the module did not load, and programs go on without a word
 * (libcrypto reports the failure once, and curl and nginx ignore it): every new
 * SSL_CTX refuses every handshake with this reason, until a later load
 * succeeds. */
bool ATLS_MUST_USE atls_hook_deny(const struct atls_why *why);
void atls_hook_deny_no_more(void);

/* atls_hook_is_exempt: the SSL_CTX is of atls's own requests (base/http.h), and
 * no rule wants that server attested: it is left alone. */
bool atls_hook_is_exempt(const SSL_CTX *ctx);

/* atls_hook_reassert: the security and key log callbacks of this connection
 * are ours again; an application's own are kept and called. */
void atls_hook_reassert(SSL *ssl);

#endif
