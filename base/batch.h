/* SPDX-License-Identifier: Apache-2.0
 *
 * One quote for several binders (doc/protocol.md, "Batches"): they are the
 * leaves of a hash tree, the quote is over its root, and each binder's Evidence
 * carries the way from its leaf to that root. Leaves and nodes are hashed as
 * RFC 9162, 2.1.1, does, with a byte before them that tells them apart; the
 * places up to a power of two are leaves of nothing.
 */
#ifndef ATLS_BATCH_H
#define ATLS_BATCH_H

#include "why.h"

#define ATLS_BATCH_TYPE      "application/vnd.atls.batch+cbor"
#define ATLS_BATCH_HASH      32   /* bytes: SHA-256 */
#define ATLS_BATCH_MAX_DEPTH 16   /* hashes of a path that is read */
#define ATLS_BATCH_MAX       1024 /* binders of a tree that is made */
/* Bytes that it adds to a CMW: ten hashes, and what holds them. */
#define ATLS_BATCH_OVERHEAD (10 * (ATLS_BATCH_HASH + 2) + 128)

struct atls_batch_tree {
    unsigned depth;                    /* hashes between a leaf and the root */
    uint8_t (*nodes)[ATLS_BATCH_HASH]; /* owned; 1 is the root, 2n and 2n+1
                                          stand under n */
};

/* atls_batch_grow: the tree over 1 to ATLS_BATCH_MAX binders. OUT_OF_MEMORY,
 * CRYPTO_FAILED, ATTESTER_BINDER for another number. Clear *out in any case. */
enum atls_reason ATLS_MUST_USE atls_batch_grow(const struct atls_view *binders,
                                               size_t num_binders,
                                               struct atls_batch_tree *out,
                                               struct atls_why *why);
void atls_batch_clear(struct atls_batch_tree *tree);
struct atls_view atls_batch_root(const struct atls_batch_tree *tree);

/* atls_batch_put: a CMW record for the binder of that index, around evidence,
 * which is the CMW of the quote over the root. */
void atls_batch_put(struct atls_buf *out, const struct atls_batch_tree *tree,
                    size_t index, struct atls_view evidence);

/* What such a record's value says; views into it. */
struct atls_batch {
    uint32_t index; /* of the leaf, from 0 */
    unsigned depth;
    const uint8_t *path[ATLS_BATCH_MAX_DEPTH]; /* from the leaf up */
    struct atls_view evidence;                 /* a CMW */
};

/* atls_batch_read: EVIDENCE_MALFORMED. */
enum atls_reason ATLS_MUST_USE atls_batch_read(struct atls_view value,
                                               struct atls_batch *out,
                                               struct atls_why *why);

/* atls_batch_climb: the root that a binder of that place has. false: libcrypto
 * refused, or binder is empty. */
bool ATLS_MUST_USE atls_batch_climb(const struct atls_batch *batch,
                                    struct atls_view binder,
                                    uint8_t root[ATLS_BATCH_HASH]);

#endif
