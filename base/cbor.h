/* SPDX-License-Identifier: Apache-2.0
 *
 * CBOR (RFC 8949): a pull decoder over libcbor's cbor_stream_decode, and a
 * small encoder. The decoder never recurses and never allocates; it holds the
 * limits of doc/protocol.md ("Limits"): depth 16, 64 entries a map or array,
 * no duplicate map keys. Like the reader it remembers failure: decode
 * everything, then ask once with atls_cbor_done.
 */
#ifndef ATLS_CBOR_H
#define ATLS_CBOR_H

#include "bytes.h"

#define ATLS_CBOR_MAX_DEPTH     16
#define ATLS_CBOR_MAX_ENTRIES   64
#define ATLS_CBOR_MAX_OPEN_KEYS 256 /* of maps that stand open in one skip */

enum atls_cbor_type {
    ATLS_CBOR_UINT,
    ATLS_CBOR_NEGINT,
    ATLS_CBOR_BYTES,
    ATLS_CBOR_TEXT,
    ATLS_CBOR_ARRAY,
    ATLS_CBOR_MAP,
    ATLS_CBOR_TAG,
    ATLS_CBOR_BOOL,
    ATLS_CBOR_NULL, /* null and undefined */
    ATLS_CBOR_FLOAT,
    ATLS_CBOR_BREAK,
    ATLS_CBOR_NOTHING /* end of input, or failed */
};

/* Where a decoder stands. Copy it to come back to this place. depth is put
 * right by atls_cbor_next at each turn, so a tag needs no closing. */
struct atls_cbor {
    struct atls_reader in;
    unsigned depth; /* arrays, maps and tags open around this place */
};

struct atls_cbor atls_cbor(struct atls_view bytes);

/* atls_cbor_peek: the type of the next item, which stays. */
enum atls_cbor_type atls_cbor_peek(const struct atls_cbor *in);

/* Each takes one item of its type, or fails the decoder and gives 0 or an
 * empty view. atls_cbor_int takes UINT or NEGINT that fits. Byte and text
 * strings must be of definite length; their views point into the input. */
uint64_t atls_cbor_uint(struct atls_cbor *in);
int64_t atls_cbor_int(struct atls_cbor *in);
struct atls_view atls_cbor_bytes(struct atls_cbor *in);
struct atls_view atls_cbor_text(struct atls_cbor *in); /* valid UTF-8 */
bool atls_cbor_bool(struct atls_cbor *in);
void atls_cbor_null(struct atls_cbor *in);
uint64_t atls_cbor_tag(struct atls_cbor *in); /* its content follows */

/* atls_cbor_skip: takes one item with all that it holds, within the limits and
 * without duplicate keys; returns the bytes of it. Strings in it may be of
 * indefinite length. */
struct atls_view atls_cbor_skip(struct atls_cbor *in);

void atls_cbor_fail(struct atls_cbor *in);
bool atls_cbor_failed(const struct atls_cbor *in);
/* atls_cbor_done: nothing failed, nothing is left. */
bool atls_cbor_done(const struct atls_cbor *in);

/* An open array or map, of definite or indefinite length. In a map, each turn
 * stands before a key: take key and value. Maps remember their keys (integer
 * keys by value, strings by content), and a second one fails the decoder, as
 * does a key that is neither integer nor string.
 *
 *     atls_cbor_map(&in, &map);
 *     while (atls_cbor_next(&in, &map))
 *         switch (atls_cbor_int(&in)) { ... default: atls_cbor_skip(&in); }
 */
struct atls_cbor_iter {
    uint64_t left; /* entries; UINT64_MAX for indefinite length */
    unsigned num_seen;
    unsigned depth; /* of the place around it */
    bool is_map;
    const uint8_t *start;                 /* of the first entry */
    uint32_t keys[ATLS_CBOR_MAX_ENTRIES]; /* offsets of the keys taken so far */
};
void atls_cbor_array(struct atls_cbor *in, struct atls_cbor_iter *iter);
void atls_cbor_map(struct atls_cbor *in, struct atls_cbor_iter *iter);
bool atls_cbor_next(struct atls_cbor *in, struct atls_cbor_iter *iter);

/* The encoder: shortest heads (RFC 8949, 4.2.1), definite lengths. Containers
 * and tags are heads; the caller writes the content. */
void atls_cbor_put_uint(struct atls_buf *out, uint64_t value);
void atls_cbor_put_int(struct atls_buf *out, int64_t value);
void atls_cbor_put_bytes(struct atls_buf *out, struct atls_view bytes);
void atls_cbor_put_text(struct atls_buf *out, const char *text);
/* atls_cbor_put_bytes_head: what stands before len bytes that follow. */
void atls_cbor_put_bytes_head(struct atls_buf *out, uint64_t len);
/* atls_cbor_put_text_view: text that no NUL ends; UTF-8 by the caller. */
void atls_cbor_put_text_view(struct atls_buf *out, struct atls_view text);
void atls_cbor_put_array(struct atls_buf *out, uint64_t num_items);
void atls_cbor_put_map(struct atls_buf *out, uint64_t num_pairs);
void atls_cbor_put_tag(struct atls_buf *out, uint64_t tag);

#endif
