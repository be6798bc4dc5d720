/* SPDX-License-Identifier: Apache-2.0
 *
 * One quote for several binders: the tree, its encoding, and Evidence that
 * comes in it.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "../check_main.h"
#include "batch.h"
#include "cbor.h"
#include "cmw.h"
#include "evidence.h"
#include "forge.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

enum { MOST = 37 };

static uint8_t binders[MOST][48];

static struct atls_view binder(size_t i)
{
    memset(binders[i], (int)i + 1, sizeof(binders[i]));
    return atls_view(binders[i], i % 2 == 0 ? 32 : 48);
}

static void grow(size_t num, struct atls_batch_tree *tree)
{
    struct atls_view views[MOST];

    for (size_t i = 0; i < num; i++)
        views[i] = binder(i);
    ck_assert_reason(atls_batch_grow(views, num, tree, NULL), ATLS_OK);
}

static void wrap(const struct atls_batch_tree *tree, size_t index,
                 struct atls_view evidence, struct atls_buf *cmw,
                 struct atls_batch *out)
{
    struct atls_cmw record;

    atls_batch_put(cmw, tree, index, evidence);
    ck_assert_reason(atls_cmw_parse(atls_buf_view(cmw), NULL, &record, NULL),
                     ATLS_OK);
    ck_assert(atls_view_is(record.type.text, ATLS_BATCH_TYPE));
    ck_assert_uint_eq(record.indicator, ATLS_CMW_EVIDENCE);
    ck_assert_reason(atls_batch_read(record.value, out, NULL), ATLS_OK);
    ck_assert(atls_view_equal(out->evidence, evidence));
}

static const size_t sizes[] = {1, 2, 3, 4, 5, 8, 9, 31, 32, 33, 37};

START_TEST(each_binder_climbs_to_the_root_from_its_place_alone)
{
    struct atls_batch_tree tree;
    uint8_t root[ATLS_BATCH_HASH];

    grow(sizes[_i], &tree);
    for (size_t i = 0; i < sizes[_i]; i++) {
        ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
        struct atls_batch batch;

        wrap(&tree, i, atls_view_text("quote"), &cmw, &batch);
        ck_assert_uint_eq(batch.index, i);
        ck_assert_uint_le(cmw.len, 5 + ATLS_BATCH_OVERHEAD);
        for (size_t j = 0; j < sizes[_i]; j++) {
            ck_assert(atls_batch_climb(&batch, binder(j), root));
            ck_assert_int_eq(atls_view_equal(atls_view(root, sizeof(root)),
                                             atls_batch_root(&tree)),
                             i == j);
        }
    }
    atls_batch_clear(&tree);
}
END_TEST

START_TEST(tree_is_hashed_as_rfc_9162_hashes_one)
{
    /* SHA-256(00 || "a"), SHA-256(00 || "b"), SHA-256(01 || both) */
    static const char wanted[] =
        "b137985ff484fb600db93107c77b0365c80d78f5b429ded0fd97361d077999eb";
    const struct atls_view two[] = {atls_view_text("a"), atls_view_text("b")};
    struct atls_batch_tree tree;
    ATLS_AUTO_BUF root = atls_buf(32);

    forge_hex(&root, wanted);
    ck_assert_reason(atls_batch_grow(two, 2, &tree, NULL), ATLS_OK);
    ck_assert(atls_view_equal(atls_batch_root(&tree), atls_buf_view(&root)));
    atls_batch_clear(&tree);
}
END_TEST

START_TEST(node_is_no_leaf_and_nothing_is_no_binder)
{
    struct atls_batch_tree tree;
    struct atls_batch batch = {.index = 0, .depth = 1};
    uint8_t root[ATLS_BATCH_HASH], inner[2 * ATLS_BATCH_HASH];

    grow(3, &tree);
    /* the two hashes under a node, taken for a binder */
    memcpy(inner, tree.nodes[4], sizeof(inner));
    batch.path[0] = tree.nodes[3];
    ck_assert(atls_batch_climb(&batch, atls_view(inner, sizeof(inner)), root));
    ck_assert(!atls_view_equal(atls_view(root, sizeof(root)),
                               atls_batch_root(&tree)));
    /* the leaf that fills the fourth place */
    ck_assert(!atls_batch_climb(&batch, atls_view(NULL, 0), root));
    atls_batch_clear(&tree);
}
END_TEST

START_TEST(tree_of_no_or_too_many_binders_is_not_grown)
{
    static struct atls_view many[ATLS_BATCH_MAX + 1];
    struct atls_batch_tree tree;

    for (size_t i = 0; i <= ATLS_BATCH_MAX; i++)
        many[i] = binder(0);
    ck_assert_reason(atls_batch_grow(many, 0, &tree, NULL),
                     ATLS_ATTESTER_BINDER);
    ck_assert_reason(atls_batch_grow(many, ATLS_BATCH_MAX + 1, &tree, NULL),
                     ATLS_ATTESTER_BINDER);
    ck_assert_reason(atls_batch_grow(many, ATLS_BATCH_MAX, &tree, NULL),
                     ATLS_OK);
    ck_assert_uint_eq(tree.depth, 10);
    atls_batch_clear(&tree);
}
END_TEST

/* What of a batch is written wrong. */
enum wrong {
    DEEP,         /* seventeen hashes */
    SHORT_HASH,   /* of 31 bytes */
    LONG_HASH,    /* of 33 */
    INDEX_BEYOND, /* 2 in a tree of two */
    INDEX_HUGE,
    NO_PATH,
    NO_INDEX,
    NO_EVIDENCE,
    EMPTY_EVIDENCE,
    MORE,  /* a key that nobody knows */
    TWICE, /* index, again */
    TRAILING,
    NUM_WRONG
};

static void put_path(struct atls_buf *out, enum wrong wrong)
{
    static const uint8_t hash[33];
    size_t len = wrong == SHORT_HASH ? 31 : wrong == LONG_HASH ? 33 : 32;
    unsigned num = wrong == DEEP ? 17 : 1;

    atls_cbor_put_text(out, "path");
    atls_cbor_put_array(out, num);
    for (unsigned i = 0; i < num; i++)
        atls_cbor_put_bytes(out, atls_view(hash, len));
}

static void put_index(struct atls_buf *out, uint64_t index)
{
    atls_cbor_put_text(out, "index");
    atls_cbor_put_uint(out, index);
}

static void put_wrong(struct atls_buf *out, enum wrong wrong)
{
    bool is_less =
        wrong == NO_PATH || wrong == NO_INDEX || wrong == NO_EVIDENCE;

    atls_cbor_put_map(out, is_less                           ? 2
                           : wrong == MORE || wrong == TWICE ? 4
                                                             : 3);
    if (wrong != NO_PATH)
        put_path(out, wrong);
    if (wrong != NO_INDEX)
        put_index(out, wrong == INDEX_BEYOND ? 2
                       : wrong == INDEX_HUGE ? UINT64_MAX
                                             : 1);
    if (wrong == TWICE)
        put_index(out, 1);
    if (wrong != NO_EVIDENCE) {
        atls_cbor_put_text(out, "evidence");
        atls_cbor_put_bytes(
            out, atls_view_text(wrong == EMPTY_EVIDENCE ? "" : "quote"));
    }
    if (wrong == MORE) {
        atls_cbor_put_text(out, "size");
        atls_cbor_put_uint(out, 2);
    }
    if (wrong == TRAILING)
        atls_buf_u8(out, 0);
}

START_TEST(batch_of_another_shape_is_refused)
{
    ATLS_AUTO_BUF value = atls_buf(ATLS_CMW_MAX);
    struct atls_batch batch;

    put_wrong(&value, (enum wrong)_i);
    ck_assert_reason(atls_batch_read(atls_buf_view(&value), &batch, NULL),
                     _i == NUM_WRONG ? ATLS_OK : ATLS_EVIDENCE_MALFORMED);
}
END_TEST

START_TEST(batch_that_is_cut_anywhere_is_refused)
{
    ATLS_AUTO_BUF value = atls_buf(ATLS_CMW_MAX);
    struct atls_batch batch;

    put_wrong(&value, NUM_WRONG);
    for (size_t len = 0; len < value.len; len++)
        ck_assert_reason(
            atls_batch_read(atls_view(value.data, len), &batch, NULL),
            ATLS_EVIDENCE_MALFORMED);
}
END_TEST

/* Evidence */

static void put_psa(struct atls_buf *cmw, struct atls_view nonce,
                    uint32_t indicator)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_key("psa");
    ATLS_AUTO_BUF token = atls_buf(FORGE_MAX);
    struct forge_claims claims;

    forge_claims(&claims, key, nonce);
    forge_psa(&token, &claims, key);
    forge_cmw(cmw, "10003", atls_buf_view(&token), indicator);
    forge_claims_clear(&claims);
}

static enum atls_reason parse(const struct atls_buf *cmw, const char *expected,
                              struct atls_evidence **out)
{
    struct atls_type type;

    if (expected != NULL)
        ck_assert(atls_type_parse(atls_view_text(expected), &type));
    return atls_evidence_parse(atls_buf_view(cmw),
                               expected == NULL ? NULL : &type, out, NULL);
}

START_TEST(evidence_of_a_batch_is_for_the_binder_in_its_place_alone)
{
    ATLS_AUTO_BUF quote = atls_buf(ATLS_CMW_MAX), cmw = atls_buf(ATLS_CMW_MAX);
    struct atls_evidence *evidence = NULL;
    struct atls_batch_tree tree;

    grow(5, &tree);
    put_psa(&quote, atls_batch_root(&tree), 4);
    atls_batch_put(&cmw, &tree, 3, atls_buf_view(&quote));
    ck_assert_reason(parse(&cmw, ATLS_BATCH_TYPE, &evidence), ATLS_OK);
    atls_buf_clear(&cmw);
    for (size_t i = 0; i < 5; i++)
        ck_assert_int_eq(atls_evidence_nonce_equal(evidence, binder(i)),
                         i == 3);
    ck_assert(!atls_evidence_nonce_equal(evidence, atls_batch_root(&tree)));
    ck_assert(!atls_evidence_nonce_equal(evidence, atls_view(NULL, 0)));
    atls_evidence_free(evidence);
    atls_batch_clear(&tree);
}
END_TEST

START_TEST(batch_is_taken_where_one_was_agreed_on_and_nowhere_else)
{
    ATLS_AUTO_BUF quote = atls_buf(ATLS_CMW_MAX), cmw = atls_buf(ATLS_CMW_MAX);
    struct atls_evidence *evidence = NULL;
    struct atls_batch_tree tree;

    grow(2, &tree);
    put_psa(&quote, atls_batch_root(&tree), 4);
    atls_batch_put(&cmw, &tree, 0, atls_buf_view(&quote));
    ck_assert_reason(parse(&cmw, "10003", &evidence), ATLS_CMW_TYPE);
    ck_assert_reason(parse(&quote, ATLS_BATCH_TYPE, &evidence), ATLS_CMW_TYPE);
    ck_assert_ptr_null(evidence);
    ck_assert_reason(parse(&cmw, NULL, &evidence), ATLS_OK);
    atls_evidence_free(evidence);
    atls_batch_clear(&tree);
}
END_TEST

START_TEST(batch_in_a_batch_is_refused)
{
    ATLS_AUTO_BUF quote = atls_buf(ATLS_CMW_MAX), one = atls_buf(ATLS_CMW_MAX),
                  two = atls_buf(ATLS_CMW_MAX);
    struct atls_evidence *evidence = NULL;
    struct atls_batch_tree tree;

    grow(1, &tree);
    put_psa(&quote, atls_batch_root(&tree), 4);
    atls_batch_put(&one, &tree, 0, atls_buf_view(&quote));
    atls_batch_put(&two, &tree, 0, atls_buf_view(&one));
    ck_assert_reason(parse(&two, ATLS_BATCH_TYPE, &evidence), ATLS_CMW_TYPE);
    ck_assert_ptr_null(evidence);
    atls_batch_clear(&tree);
}
END_TEST

START_TEST(what_a_batch_holds_is_checked_like_what_comes_alone)
{
    ATLS_AUTO_BUF quote = atls_buf(ATLS_CMW_MAX), cmw = atls_buf(ATLS_CMW_MAX),
                  other = atls_buf(ATLS_CMW_MAX), more = atls_buf(ATLS_CMW_MAX);
    struct atls_evidence *evidence = NULL;
    struct atls_batch_tree tree;

    grow(1, &tree);
    put_psa(&quote, atls_batch_root(&tree), 8);
    atls_batch_put(&cmw, &tree, 0, atls_buf_view(&quote));
    ck_assert_reason(parse(&cmw, NULL, &evidence), ATLS_CMW_INDICATOR);
    forge_cmw(&other, "263", atls_view_text("token"), 4);
    atls_batch_put(&more, &tree, 0, atls_buf_view(&other));
    ck_assert_reason(parse(&more, NULL, &evidence), ATLS_FORMAT_UNKNOWN);
    atls_buf_clear(&more);
    more = atls_buf(ATLS_CMW_MAX);
    atls_batch_put(&more, &tree, 0, atls_view_text("quote"));
    ck_assert_reason(parse(&more, NULL, &evidence), ATLS_CMW_MALFORMED);
    ck_assert_ptr_null(evidence);
    atls_batch_clear(&tree);
}
END_TEST

static void note_batch(void *arg, const char *name, const char *value)
{
    if (strcmp(name, "batch") == 0)
        snprintf(arg, 32, "%s", value);
}

START_TEST(place_in_the_batch_is_described)
{
    ATLS_AUTO_BUF quote = atls_buf(ATLS_CMW_MAX), cmw = atls_buf(ATLS_CMW_MAX);
    struct atls_evidence *evidence = NULL;
    struct atls_batch_tree tree;
    char seen[32] = "";

    grow(3, &tree);
    put_psa(&quote, atls_batch_root(&tree), 4);
    atls_batch_put(&cmw, &tree, 2, atls_buf_view(&quote));
    ck_assert_reason(parse(&cmw, NULL, &evidence), ATLS_OK);
    atls_evidence_describe(evidence, false, note_batch, seen);
    ck_assert_str_eq(seen, "3 of 4");
    atls_evidence_free(evidence);
    atls_batch_clear(&tree);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("batch");
    TCase *cases = tcase_create("batch");

    tcase_add_loop_test(cases,
                        each_binder_climbs_to_the_root_from_its_place_alone, 0,
                        sizeof(sizes) / sizeof(sizes[0]));
    tcase_add_test(cases, tree_is_hashed_as_rfc_9162_hashes_one);
    tcase_add_test(cases, node_is_no_leaf_and_nothing_is_no_binder);
    tcase_add_test(cases, tree_of_no_or_too_many_binders_is_not_grown);
    tcase_add_loop_test(cases, batch_of_another_shape_is_refused, 0,
                        NUM_WRONG + 1);
    tcase_add_test(cases, batch_that_is_cut_anywhere_is_refused);
    tcase_add_test(cases,
                   evidence_of_a_batch_is_for_the_binder_in_its_place_alone);
    tcase_add_test(cases,
                   batch_is_taken_where_one_was_agreed_on_and_nowhere_else);
    tcase_add_test(cases, batch_in_a_batch_is_refused);
    tcase_add_test(cases, what_a_batch_holds_is_checked_like_what_comes_alone);
    tcase_add_test(cases, place_in_the_batch_is_described);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
