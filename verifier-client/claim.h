/* SPDX-License-Identifier: Apache-2.0
 *
 * Claims, shown to people and written into a policy: what the formats share.
 * A peer's text is never printed as it came.
 */
#ifndef ATLS_CLAIM_H
#define ATLS_CLAIM_H

#include "evidence.h"
#include "json.h"

#define ATLS_CLAIM_MAX_SHOWN 160 /* characters, with the NUL */

/* atls_claim_ascii: a peer's text, cut to size and in printable ASCII. */
void atls_claim_ascii(struct atls_view text, char *out, size_t size);

/* Each calls each(arg, name, value) with a value in hex, in ASCII, or in
 * decimal. */
void atls_claim_bytes(struct atls_view bytes, const char *name,
                      atls_claim_fn *each, void *arg);
void atls_claim_text(struct atls_view text, const char *name,
                     atls_claim_fn *each, void *arg);
void atls_claim_number(int64_t number, const char *name, atls_claim_fn *each,
                       void *arg);

/* atls_claim_key: the key of a format's subject_key as what `openssl pkey
 * -pubin -outform DER | sha256sum` shows; nothing where there is none. */
typedef enum atls_reason atls_claim_key_fn(const void *claims, EVP_PKEY **key,
                                           struct atls_why *why);
void atls_claim_key(atls_claim_key_fn *subject_key, const void *claims,
                    const char *name, atls_claim_fn *each, void *arg);

/* atls_claim_learn_hex: sets key to at most 64 bytes in hex;
 * atls_claim_learn_word: to a list of one word. false: no memory. */
bool ATLS_MUST_USE atls_claim_learn_hex(json_t *object, const char *key,
                                        struct atls_view bytes);
bool ATLS_MUST_USE atls_claim_learn_word(json_t *object, const char *key,
                                         const char *word);

#endif
