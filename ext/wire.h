/* SPDX-License-Identifier: Apache-2.0
 *
 * The extension's bytes, message by message, as doc/protocol.md, "Messages",
 * gives them. Syntax and limits only; what was offered and whether an answer
 * fits is for negotiation.c.
 *
 * Of the two mechanisms, `evidence` is spoken; `result` is read and passed
 * over, so that a peer may offer both.
 */
#ifndef ATLS_WIRE_H
#define ATLS_WIRE_H

#include "type.h"
#include "why.h"

#define ATLS_WIRE_MAX_HELLO   1024 /* bytes of extension in a ClientHello */
#define ATLS_WIRE_MAX_SCHEMES 8    /* in each of its lists */

struct atls_schemes { /* Evidence types in the sender's order; borrowed */
    size_t num;
    size_t num_passed_over; /* schemes of other mechanisms that were read */
    struct atls_type types[ATLS_WIRE_MAX_SCHEMES];
};

struct atls_wire_hello {
    struct atls_schemes server; /* what the client can appraise */
    struct atls_schemes client; /* what the client can produce */
};

/* All read functions: the views in *out point into bytes.
 * EXTENSION_MALFORMED: short, long or trailing bytes, unknown mechanism.
 * EXTENSION_TOO_LARGE: a limit above. */
enum atls_reason ATLS_MUST_USE atls_wire_read_hello(struct atls_view bytes,
                                                    struct atls_wire_hello *out,
                                                    struct atls_why *why);
enum atls_reason ATLS_MUST_USE atls_wire_read_encrypted_extensions(
    struct atls_view bytes, struct atls_type *out, struct atls_why *why);
/* NONCE_IN_HANDSHAKE when the nonce is not empty. */
enum atls_reason ATLS_MUST_USE
atls_wire_read_certificate_request(struct atls_view bytes,
                                   struct atls_type *out, struct atls_why *why);
/* *cmw: at least one byte. */
enum atls_reason ATLS_MUST_USE
atls_wire_read_certificate(struct atls_view bytes, struct atls_view *cmw,
                           struct atls_why *why);

void atls_wire_put_hello(struct atls_buf *out,
                         const struct atls_wire_hello *hello);
void atls_wire_put_encrypted_extensions(struct atls_buf *out,
                                        struct atls_type type);
void atls_wire_put_certificate_request(struct atls_buf *out,
                                       struct atls_type type);

/* atls_schemes_find: index of the type in the list, or -1. */
int atls_schemes_find(const struct atls_schemes *schemes,
                      struct atls_type type);

/* atls_schemes_choose: index in `preferred` of its first type that `able` also
 * has, or -1. */
int atls_schemes_choose(const struct atls_schemes *preferred,
                        const struct atls_schemes *able);

#endif
