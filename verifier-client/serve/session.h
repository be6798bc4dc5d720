/* SPDX-License-Identifier: Apache-2.0
 *
 * A session of the challenge-response API that nobody stores: its nonce and its
 * end stand, sealed, in its id. Whoever has the key opens it, so any number of
 * instances with one key are one Verifier.
 */
#ifndef ATLS_SERVE_SESSION_H
#define ATLS_SERVE_SESSION_H

#include <openssl/evp.h>

#include "why.h"

#define ATLS_SESSION_KEY       64 /* bytes: AES-256-SIV takes two keys */
#define ATLS_SESSION_MIN_NONCE 8  /* bytes: RFC 9711, 4.1 */
#define ATLS_SESSION_MAX_NONCE 64
#define ATLS_SESSION_TTL_S     150
#define ATLS_SESSION_ID        160 /* bytes of an id with its NUL, and more */

struct atls_session {
    uint8_t nonce[ATLS_SESSION_MAX_NONCE];
    size_t nonce_len;
    int64_t expires; /* seconds since 1970; from then on it is no more */
};

struct atls_session_key { /* read by any number of threads */
    EVP_CIPHER *cipher;
    uint8_t bytes[ATLS_SESSION_KEY];
};

/* atls_session_key_make: a random one, for this process alone.
 * CRYPTO_FAILED. */
enum atls_reason ATLS_MUST_USE
atls_session_key_make(struct atls_session_key *key, struct atls_why *why);

/* atls_session_key_read: 128 hex digits from a file that others cannot read.
 * Where there is none it is made, 0600; of two instances that start at once
 * one makes it and both read it. FILE_UNREADABLE, SETTING_INVALID,
 * CRYPTO_FAILED, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_session_key_read(const char *path, struct atls_session_key *key,
                      struct atls_why *why);
void atls_session_key_clear(struct atls_session_key *key);

/* atls_session_seal: the id, in characters of base64url; never twice the same.
 * CRYPTO_FAILED, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_session_seal(const struct atls_session *session,
                  const struct atls_session_key *key, char id[ATLS_SESSION_ID],
                  struct atls_why *why);

/* atls_session_open: SESSION_MALFORMED: not what an id looks like.
 * SESSION_UNKNOWN: of another key, changed, or over at `now`.
 * CRYPTO_FAILED, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_session_open(const char *id, const struct atls_session_key *key,
                  int64_t now, struct atls_session *out, struct atls_why *why);

#endif
