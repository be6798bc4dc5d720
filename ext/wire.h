/* SPDX-License-Identifier: Apache-2.0
 *
 * The extension's bytes, message by message, as doc/protocol.md, "Messages",
 * gives them. Syntax and limits only; what was offered and whether an answer
 * fits is for negotiation.c.
 */
#ifndef ATLS_WIRE_H
#define ATLS_WIRE_H

#include "scheme.h"
#include "why.h"

#define ATLS_WIRE_MAX_HELLO   1024 /* bytes of extension in a ClientHello */
#define ATLS_WIRE_MAX_SCHEMES 8    /* in each of its lists */
#define ATLS_WIRE_MAX_LIST                                                     \
    510 /* bytes of each list that we write, so that                           \
           both and their lengths fit */

struct atls_schemes { /* in the sender's order; borrowed */
    size_t num;
    struct atls_scheme list[ATLS_WIRE_MAX_SCHEMES];
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
    struct atls_view bytes, struct atls_scheme *out, struct atls_why *why);
/* NONCE_IN_HANDSHAKE when the nonce is not empty. */
enum atls_reason ATLS_MUST_USE atls_wire_read_certificate_request(
    struct atls_view bytes, struct atls_scheme *out, struct atls_why *why);
/* *cmw: at least one byte. */
enum atls_reason ATLS_MUST_USE
atls_wire_read_certificate(struct atls_view bytes, struct atls_view *cmw,
                           struct atls_why *why);

void atls_wire_put_hello(struct atls_buf *out,
                         const struct atls_wire_hello *hello);
void atls_wire_put_encrypted_extensions(struct atls_buf *out,
                                        const struct atls_scheme *scheme);
void atls_wire_put_certificate_request(struct atls_buf *out,
                                       const struct atls_scheme *scheme);

/* atls_schemes_add: at the end, unless it stands in the list or there is no
 * room for it, in number or in bytes. */
void atls_schemes_add(struct atls_schemes *schemes,
                      const struct atls_scheme *scheme);

/* atls_schemes_fit: leaves out what ATLS_WIRE_MAX_LIST has no room for. */
void atls_schemes_fit(struct atls_schemes *schemes);

/* atls_schemes_find: index of the scheme in the list, or -1. */
int atls_schemes_find(const struct atls_schemes *schemes,
                      const struct atls_scheme *scheme);

/* atls_schemes_choose: index in `preferred` of its first scheme that `able`
 * also has, or -1. */
int atls_schemes_choose(const struct atls_schemes *preferred,
                        const struct atls_schemes *able);

#endif
