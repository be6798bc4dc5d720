/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the CBOR decoder share, behind cbor.h.
 */
#ifndef ATLS_CBOR_TOKEN_H
#define ATLS_CBOR_TOKEN_H

#include "cbor.h"

/* A head, with the content of a definite string */
struct atls_cbor_token {
    enum atls_cbor_type type;
    bool is_indefinite;
    uint64_t argument;       /* of integers, tags and bools; entries */
    struct atls_view string; /* of definite strings */
};

/* atls_cbor_take_token: the next token, its text valid UTF-8; else the decoder
 * fails and the token is NOTHING. */
struct atls_cbor_token atls_cbor_take_token(struct atls_cbor *in);

/* atls_cbor_ends: nothing is left of a container; takes its break. */
bool atls_cbor_ends(struct atls_cbor *in, bool is_indefinite, uint64_t left);

/* atls_cbor_go_deeper: one more array, map or tag is open, or too many. */
void atls_cbor_go_deeper(struct atls_cbor *in);

/* atls_cbor_is_key: an integer or a definite string. */
bool atls_cbor_is_key(const struct atls_cbor_token *key);

/* atls_cbor_key_is_new: the key at `at` equals none of those whose offsets from
 * start are given, and has an offset itself. */
bool atls_cbor_key_is_new(const uint8_t *at, const uint8_t *start,
                          const uint32_t *keys, size_t num_keys);

#endif
