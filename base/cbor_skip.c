/* SPDX-License-Identifier: Apache-2.0
 *
 * Skipping an item whole, with a stack of its own, held to the same limits as
 * one that is taken apart.
 */
#include "cbor_token.h"

/* What stands open in a skip: containers, tags, or a string of indefinite
 * length, which is why there is one level more than the depth allows. */
struct level {
    enum atls_cbor_type type;
    bool is_indefinite;
    uint64_t left;      /* items; of a map, keys and values */
    unsigned num_items; /* taken */
    unsigned first_key; /* of a map, in the walk's keys */
};

struct walk {
    struct level levels[ATLS_CBOR_MAX_DEPTH + 1];
    unsigned num_levels;
    const uint8_t *start;
    unsigned num_keys;
    uint32_t keys[ATLS_CBOR_MAX_OPEN_KEYS];
};

static void walk_down(struct atls_cbor *in, struct walk *walk,
                      const struct atls_cbor_token *token)
{
    unsigned per_entry = token->type == ATLS_CBOR_MAP ? 2 : 1;

    if (token->type == ATLS_CBOR_ARRAY || token->type == ATLS_CBOR_MAP ||
        token->type == ATLS_CBOR_TAG)
        atls_cbor_go_deeper(in);
    if (token->type != ATLS_CBOR_TAG && !token->is_indefinite &&
        token->argument > ATLS_CBOR_MAX_ENTRIES)
        atls_cbor_fail(in);
    if (in->in.failed)
        return;
    walk->levels[walk->num_levels++] = (struct level){
        .type = token->type,
        .is_indefinite = token->is_indefinite,
        .left = token->type == ATLS_CBOR_TAG ? 1 : token->argument * per_entry,
        .first_key = walk->num_keys,
    };
}

static void walk_up(struct atls_cbor *in, struct walk *walk)
{
    struct level *level = &walk->levels[--walk->num_levels];

    if (level->type == ATLS_CBOR_MAP && level->num_items % 2 != 0)
        atls_cbor_fail(in);
    if (level->type != ATLS_CBOR_BYTES && level->type != ATLS_CBOR_TEXT)
        in->depth--;
    walk->num_keys = level->first_key;
}

static bool walk_key(struct walk *walk, const struct level *level,
                     const uint8_t *at, const struct atls_cbor_token *key)
{
    if (!atls_cbor_is_key(key) || walk->num_keys == ATLS_CBOR_MAX_OPEN_KEYS ||
        !atls_cbor_key_is_new(at, walk->start, walk->keys + level->first_key,
                              walk->num_keys - level->first_key))
        return false;
    walk->keys[walk->num_keys++] = (uint32_t)(at - walk->start);
    return true;
}

/* May this token stand as the next item of the innermost level? */
static bool walk_item(struct walk *walk, const uint8_t *at,
                      const struct atls_cbor_token *token)
{
    struct level *level = &walk->levels[walk->num_levels - 1];
    bool is_map = level->type == ATLS_CBOR_MAP;

    if (level->type == ATLS_CBOR_BYTES || level->type == ATLS_CBOR_TEXT)
        return token->type == level->type && !token->is_indefinite;
    if (is_map && level->num_items % 2 == 0 &&
        !walk_key(walk, level, at, token))
        return false;
    if (level->is_indefinite &&
        level->num_items == ATLS_CBOR_MAX_ENTRIES * (is_map ? 2U : 1U))
        return false;
    level->num_items++;
    if (!level->is_indefinite)
        level->left--;
    return true;
}

static bool opens(const struct atls_cbor_token *token)
{
    switch (token->type) {
    case ATLS_CBOR_ARRAY:
    case ATLS_CBOR_MAP:
    case ATLS_CBOR_TAG:
        return true;
    case ATLS_CBOR_BYTES:
    case ATLS_CBOR_TEXT:
        return token->is_indefinite;
    case ATLS_CBOR_UINT:
    case ATLS_CBOR_NEGINT:
    case ATLS_CBOR_BOOL:
    case ATLS_CBOR_NULL:
    case ATLS_CBOR_FLOAT:
    case ATLS_CBOR_BREAK:
    case ATLS_CBOR_NOTHING:
        return false;
    }
    return false;
}

static void walk_token(struct atls_cbor *in, struct walk *walk)
{
    const uint8_t *at = in->in.at;
    struct atls_cbor_token token = atls_cbor_take_token(in);

    if (token.type == ATLS_CBOR_BREAK ||
        (walk->num_levels > 0 && !walk_item(walk, at, &token)))
        atls_cbor_fail(in);
    else if (opens(&token))
        walk_down(in, walk, &token);
}

struct atls_view atls_cbor_skip(struct atls_cbor *in)
{
    const uint8_t *start = in->in.at;
    unsigned depth = in->depth;
    struct walk walk;

    walk.num_levels = walk.num_keys = 0;
    walk.start = start;
    do {
        walk_token(in, &walk);
        while (!in->in.failed && walk.num_levels > 0 &&
               atls_cbor_ends(in,
                              walk.levels[walk.num_levels - 1].is_indefinite,
                              walk.levels[walk.num_levels - 1].left))
            walk_up(in, &walk);
    } while (!in->in.failed && walk.num_levels > 0);
    in->depth = depth;
    return in->in.failed ? atls_view(NULL, 0)
                         : atls_view(start, (size_t)(in->in.at - start));
}
