/* SPDX-License-Identifier: Apache-2.0
 *
 * The key of attest:soft: an unencrypted P-256 private key in PEM, as
 * `openssl genpkey` makes it. Nobody is asked for a passphrase.
 */
#ifndef ATLS_SOFT_KEY_H
#define ATLS_SOFT_KEY_H

#include <openssl/evp.h>

#include "why.h"

#define ATLS_SOFT_GENPKEY                                                      \
    "openssl genpkey -algorithm EC -pkeyopt group:P-256 -out FILE"

/* atls_soft_key_read: ATTESTER_KEY with the command that makes one: path is
 * NULL, the file unreadable, not PEM, encrypted, not P-256; CRYPTO_FAILED
 * when no provider handles EC keys; OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE atls_soft_key_read(OSSL_LIB_CTX *libctx,
                                                  const char *path,
                                                  EVP_PKEY **out,
                                                  struct atls_why *why);

#endif
