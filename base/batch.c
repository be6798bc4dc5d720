/* SPDX-License-Identifier: Apache-2.0
 *
 * Batches of binders.
 */
#include "batch.h"

#include <string.h>

#include <openssl/evp.h>

#include "cbor.h"
#include "cmw.h"

enum { LEAF = 0x00, NODE = 0x01 }; /* RFC 9162, 2.1.1 */
enum { LONGEST_BINDER = 64 };

static bool hash_leaf(struct atls_view binder, uint8_t out[ATLS_BATCH_HASH])
{
    uint8_t bytes[1 + LONGEST_BINDER] = {LEAF};

    if (binder.len > LONGEST_BINDER)
        return false;
    if (binder.len > 0)
        memcpy(bytes + 1, binder.data, binder.len);
    return EVP_Digest(bytes, 1 + binder.len, out, NULL, EVP_sha256(), NULL) ==
           1;
}

static bool hash_node(const uint8_t *left, const uint8_t *right,
                      uint8_t out[ATLS_BATCH_HASH])
{
    uint8_t bytes[1 + 2 * ATLS_BATCH_HASH] = {NODE};

    memcpy(bytes + 1, left, ATLS_BATCH_HASH);
    memcpy(bytes + 1 + ATLS_BATCH_HASH, right, ATLS_BATCH_HASH);
    return EVP_Digest(bytes, sizeof(bytes), out, NULL, EVP_sha256(), NULL) == 1;
}

static bool fill(struct atls_batch_tree *tree, const struct atls_view *binders,
                 size_t num_binders)
{
    size_t num_leaves = (size_t)1 << tree->depth;
    bool is_good = true;

    for (size_t i = 0; i < num_leaves && is_good; i++)
        is_good = hash_leaf(i < num_binders ? binders[i] : atls_view(NULL, 0),
                            tree->nodes[num_leaves + i]);
    for (size_t i = num_leaves - 1; i > 0 && is_good; i--)
        is_good = hash_node(tree->nodes[2 * i], tree->nodes[2 * i + 1],
                            tree->nodes[i]);
    return is_good;
}

enum atls_reason atls_batch_grow(const struct atls_view *binders,
                                 size_t num_binders,
                                 struct atls_batch_tree *out,
                                 struct atls_why *why)
{
    *out = (struct atls_batch_tree){.depth = 0};
    if (num_binders == 0 || num_binders > ATLS_BATCH_MAX)
        return atls_why(why, ATLS_ATTESTER_BINDER,
                        "%zu binders in a batch; 1 to %d are allowed",
                        num_binders, ATLS_BATCH_MAX);
    while ((size_t)1 << out->depth < num_binders)
        out->depth++;
    out->nodes = calloc((size_t)2 << out->depth, ATLS_BATCH_HASH);
    if (out->nodes == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (!fill(out, binders, num_binders))
        return atls_why(why, ATLS_CRYPTO_FAILED, "no SHA-256 of a binder");
    return ATLS_OK;
}

void atls_batch_clear(struct atls_batch_tree *tree)
{
    free(tree->nodes);
    *tree = (struct atls_batch_tree){.depth = 0};
}

struct atls_view atls_batch_root(const struct atls_batch_tree *tree)
{
    return atls_view(tree->nodes[1], ATLS_BATCH_HASH);
}

static void put_map(struct atls_buf *out, const struct atls_batch_tree *tree,
                    size_t index, struct atls_view evidence)
{
    size_t at = ((size_t)1 << tree->depth) + index;

    atls_cbor_put_map(out, 3);
    atls_cbor_put_text(out, "path");
    atls_cbor_put_array(out, tree->depth);
    for (; at > 1; at /= 2)
        atls_cbor_put_bytes(out,
                            atls_view(tree->nodes[at ^ 1], ATLS_BATCH_HASH));
    atls_cbor_put_text(out, "index");
    atls_cbor_put_uint(out, index);
    atls_cbor_put_text(out, "evidence");
    atls_cbor_put_bytes(out, evidence);
}

void atls_batch_put(struct atls_buf *out, const struct atls_batch_tree *tree,
                    size_t index, struct atls_view evidence)
{
    ATLS_AUTO_BUF map = atls_buf(ATLS_CMW_MAX);

    put_map(&map, tree, index, evidence);
    if (map.failed)
        out->failed = true;
    else
        atls_cmw_put(out, atls_type_of_text(atls_view_text(ATLS_BATCH_TYPE)),
                     atls_buf_view(&map), ATLS_CMW_EVIDENCE);
}

static void take_path(struct atls_cbor *in, struct atls_batch *out)
{
    struct atls_cbor_iter hashes;

    atls_cbor_array(in, &hashes);
    while (atls_cbor_next(in, &hashes)) {
        struct atls_view hash = atls_cbor_bytes(in);

        if (hash.len != ATLS_BATCH_HASH || out->depth == ATLS_BATCH_MAX_DEPTH) {
            atls_cbor_fail(in);
            return;
        }
        out->path[out->depth++] = hash.data;
    }
}

static void take_index(struct atls_cbor *in, struct atls_batch *out)
{
    uint64_t index = atls_cbor_uint(in);

    if (index >> ATLS_BATCH_MAX_DEPTH != 0)
        atls_cbor_fail(in);
    out->index = (uint32_t)index;
}

enum atls_reason atls_batch_read(struct atls_view value, struct atls_batch *out,
                                 struct atls_why *why)
{
    struct atls_cbor in = atls_cbor(value);
    struct atls_cbor_iter entries;
    bool has_path = false, has_index = false;

    *out = (struct atls_batch){.index = 0};
    atls_cbor_map(&in, &entries);
    while (atls_cbor_next(&in, &entries)) {
        struct atls_view key = atls_cbor_text(&in);

        if (atls_view_is(key, "path")) {
            has_path = true;
            take_path(&in, out);
        } else if (atls_view_is(key, "index")) {
            has_index = true;
            take_index(&in, out);
        } else if (atls_view_is(key, "evidence")) {
            out->evidence = atls_cbor_bytes(&in);
        } else {
            atls_cbor_fail(&in);
        }
    }
    if (atls_cbor_done(&in) && has_path && has_index && out->evidence.len > 0 &&
        out->index >> out->depth == 0)
        return ATLS_OK;
    return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                    "batch: want a map with path (at most %d hashes), an index "
                    "that it has room for and evidence, and no unknown key",
                    ATLS_BATCH_MAX_DEPTH);
}

bool atls_batch_climb(const struct atls_batch *batch, struct atls_view binder,
                      uint8_t root[ATLS_BATCH_HASH])
{
    bool is_good = binder.len > 0 && hash_leaf(binder, root);

    for (unsigned i = 0; i < batch->depth && is_good; i++) {
        bool is_right = (batch->index >> i & 1) != 0;

        is_good = is_right ? hash_node(batch->path[i], root, root)
                           : hash_node(root, batch->path[i], root);
    }
    return is_good;
}
