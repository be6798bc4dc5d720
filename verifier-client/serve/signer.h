/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys of a Verifier: one that signs, and those that signed before or will
 * sign next, which are published beside it.
 */
#ifndef ATLS_SERVE_SIGNER_H
#define ATLS_SERVE_SIGNER_H

#include "cli/options.h"
#include "jws.h"

#define ATLS_SIGNER_KID 44 /* characters of a thumbprint, and a NUL */

struct atls_signer {
    EVP_PKEY *key;             /* of all but the first maybe a public one */
    char kid[ATLS_SIGNER_KID]; /* RFC 7638: SHA-256 */
};

struct atls_signers { /* zeroed: none; read by any number of threads */
    struct atls_signer items[ATLS_WORDS_MAX];
    size_t num;
};

/* atls_signers_read: PEM files of one key each; the first is private, the
 * others may be public. FILE_UNREADABLE, VERIFIER_KEY (no key, or none that we
 * sign with), SETTING_INVALID (a private one that others may read),
 * OUT_OF_MEMORY, CRYPTO_FAILED. */
enum atls_reason ATLS_MUST_USE atls_signers_read(const struct atls_words *paths,
                                                 struct atls_signers *signers,
                                                 struct atls_why *why);
void atls_signers_clear(struct atls_signers *signers);

/* atls_signers_put: the public halves as a JWK set (RFC 7517, 5). */
enum atls_reason ATLS_MUST_USE
atls_signers_put(const struct atls_signers *signers, struct atls_buf *out,
                 struct atls_why *why);

#endif
