/* SPDX-License-Identifier: Apache-2.0
 *
 * RSA public keys from their numbers. Whether a key is long enough, and its
 * exponent one that means anything, is for the caller.
 */
#ifndef ATLS_RSA_H
#define ATLS_RSA_H

#include <openssl/evp.h>

#include "atls/view.h"

/* atls_rsa_key: modulus and exponent, big-endian; a new reference, or NULL. */
EVP_PKEY *atls_rsa_key(struct atls_view n, struct atls_view e);

#endif
