/* SPDX-License-Identifier: Apache-2.0
 *
 * The CBOR decoder against what a peer may send, and the encoder against
 * RFC 8949, appendix A.
 */
#include "cbor.h"

#include <string.h>

#include "base64url.h"
#include "../check_main.h"

enum { MAX_BYTES = 4096 };

static struct atls_view from_hex(struct atls_buf *bytes, const char *hex)
{
    bytes->len = 0;
    ck_assert_msg(atls_hex_decode(atls_view_text(hex), bytes), "%s", hex);
    return atls_buf_view(bytes);
}

static void put_times(struct atls_buf *out, const char *hex, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        ck_assert(atls_hex_decode(atls_view_text(hex), out));
}

/* RFC 8949, appendix F, and the limits of doc/protocol.md */
static const char *const refused[] = {
    /* heads that are reserved or cut short */
    "",
    "1c",
    "1d",
    "1e",
    "1f",
    "3c",
    "3f",
    "5c",
    "5d",
    "5e",
    "7c",
    "7e",
    "9c",
    "9e",
    "bc",
    "be",
    "dc",
    "dd",
    "de",
    "df",
    "fc",
    "fd",
    "fe",
    "18",
    "19",
    "1900",
    "1a000000",
    "1b00000000000000",
    "38",
    "58",
    "78",
    "98",
    "9a0000",
    "b8",
    "d8",
    "d9d9",
    "f8",
    "f900",
    "fa000000",
    "fb00000000000000",
    /* simple values: ill-formed in two bytes, or with no meaning */
    "f800",
    "f818",
    "f81f",
    "f820",
    "e0",
    "f3",
    /* strings longer than the input */
    "41",
    "61",
    "5818",
    "5903e8",
    "5a80000000",
    "5b7fffffffffffffff",
    "5bffffffffffffffff",
    "7bffffffffffffffff",
    "5bfffffffffffffff661",
    /* containers that end too early or not at all */
    "81",
    "8201",
    "a1",
    "a101",
    "a20101",
    "9f",
    "9f01",
    "bf",
    "bf01",
    "bf0102",
    "9f9fff",
    "c0",
    "d818",
    "c0c0",
    /* containers longer than the input or than 64 entries */
    "9bffffffffffffffff",
    "9b8000000000000000",
    "bbffffffffffffffff",
    "bb8000000000000000",
    "9841",
    "b841",
    "9a00010000",
    /* a break where none may stand */
    "ff",
    "81ff",
    "82ff01",
    "a1ff",
    "a101ff",
    "bf01ff",
    "c0ff",
    "9fc0ff",
    /* strings of indefinite length */
    "5f",
    "5f4161",
    "5f6161ff",
    "7f4161ff",
    "5f5fffff",
    "5f01ff",
    "5f80ff",
    "7f61c361a9ff",
    "7f61",
    /* text that is not UTF-8: RFC 3629 */
    "6180",
    "61ff",
    "61c3",
    "62c328",
    "62c080",
    "62c1bf",
    "63e08080",
    "63e282",
    "63eda080",
    "63edbfbf",
    "64f0808080",
    "64f4908080",
    "64f5808080",
    "64f09f92",
    "6441c3a9ff",
    /* keys twice: by value, by characters, whatever their encoding */
    "a201000100",
    "a20100180100",
    "a2010019000100",
    "a21b0000000000000001000100",
    "a220003800",
    "a22000380000",
    "a261610061610000",
    "a2616100616100",
    "a26161007801610000",
    "a261610078016100",
    "a2413100413100",
    "bf01000100ff",
    "bf61610078016100ff",
    "a30100020019000100",
    "81a201000100",
    "a101a201000100",
    "c0a201000100",
    "9fbf01000100ffff",
    /* keys that are neither integer nor string */
    "a1f400",
    "a1f600",
    "a18000",
    "a1a000",
    "a1c00000",
    "a1f9000000",
    "a15fff00",
    "a17fff00",
};

START_TEST(what_is_not_well_formed_or_beyond_a_limit_is_refused)
{
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
    struct atls_cbor in = atls_cbor(from_hex(&bytes, refused[_i]));

    ck_assert_uint_eq(atls_cbor_skip(&in).len, 0);
    ck_assert_msg(atls_cbor_failed(&in), "%s", refused[_i]);
    ck_assert_int_eq(atls_cbor_peek(&in), ATLS_CBOR_NOTHING);
    ck_assert(!atls_cbor_done(&in));
}
END_TEST

static const char *const accepted[] = {
    "00",
    "1818",
    "1bffffffffffffffff",
    "3bffffffffffffffff",
    "40",
    "4401020304",
    "60",
    "62c3a9",
    "63e282ac",
    "64f09f9281",
    "63ed9fbf",
    "64f48fbfbf",
    "80",
    "83010203",
    "a0",
    "a201020304",
    "a26161016162820203",
    "c074323031332d30332d32315432303a30343a30305a",
    "d28443a10126a041414142",
    "d818456449455446",
    "f4",
    "f5",
    "f6",
    "f7",
    "f90000",
    "fa47c35000",
    "fb3ff199999999999a",
    "5fff",
    "5f42010243030405ff",
    "7fff",
    "7f657374726561646d696e67ff",
    "9fff",
    "9f018202039f0405ffff",
    "bfff",
    "bf6346756ef563416d7421ff",
    "a201002000",
    "a26131000100",
    "a2413100613100",
    "a10101",
    "d9d9f700",
    "c1c2c300",
    "d400",
    "a201a1010002a10100",
};

START_TEST(what_is_well_formed_is_skipped_whole)
{
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
    struct atls_cbor in = atls_cbor(from_hex(&bytes, accepted[_i]));

    ck_assert_msg(atls_view_equal(atls_cbor_skip(&in), atls_buf_view(&bytes)),
                  "%s", accepted[_i]);
    ck_assert(atls_cbor_done(&in));
}
END_TEST

static bool skips(const struct atls_buf *bytes)
{
    struct atls_cbor in = atls_cbor(atls_buf_view(bytes));

    (void)atls_cbor_skip(&in);
    return atls_cbor_done(&in);
}

/* doc/protocol.md, "Limits": the root is 1; arrays, maps and tags count */
static const struct nesting {
    const char *open, *close;
} nestings[] = {{"81", ""},     {"9f", "ff"}, {"a100", ""},
                {"bf00", "ff"}, {"c1", ""},   {"d818", ""}};

START_TEST(depth_of_16_is_skipped_and_of_17_refused)
{
    for (unsigned depth = 16; depth <= 17; depth++) {
        ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);

        put_times(&bytes, nestings[_i].open, depth);
        put_times(&bytes, "5f4100ff", 1);
        put_times(&bytes, nestings[_i].close, depth);
        ck_assert_msg(skips(&bytes) == (depth == 16), "%u", depth);
    }
}
END_TEST

START_TEST(depth_of_16_is_opened_and_of_17_refused)
{
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
    struct atls_cbor in;
    struct atls_cbor_iter iter;

    put_times(&bytes, "c181", 9);
    in = atls_cbor(atls_buf_view(&bytes));
    for (unsigned i = 0; i < 8; i++) {
        ck_assert_uint_eq(atls_cbor_tag(&in), 1);
        atls_cbor_array(&in, &iter);
        ck_assert(atls_cbor_next(&in, &iter));
    }
    ck_assert(!atls_cbor_failed(&in));
    ck_assert_uint_eq(atls_cbor_tag(&in), 0);
    ck_assert(atls_cbor_failed(&in));
}
END_TEST

START_TEST(skip_counts_the_depth_around_it)
{
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
    struct atls_cbor in;
    struct atls_cbor_iter iter;

    put_times(&bytes, "81", 17);
    put_times(&bytes, "00", 1);
    in = atls_cbor(atls_buf_view(&bytes));
    atls_cbor_array(&in, &iter);
    ck_assert(atls_cbor_next(&in, &iter));
    (void)atls_cbor_skip(&in);
    ck_assert(atls_cbor_failed(&in));
}
END_TEST

START_TEST(siblings_do_not_add_up_to_depth)
{
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
    struct atls_cbor in;
    struct atls_cbor_iter outer, inner;

    put_times(&bytes, "9828", 1);
    put_times(&bytes, "c180", 40);
    in = atls_cbor(atls_buf_view(&bytes));
    atls_cbor_array(&in, &outer);
    while (atls_cbor_next(&in, &outer)) {
        (void)atls_cbor_tag(&in);
        atls_cbor_array(&in, &inner);
        ck_assert(!atls_cbor_next(&in, &inner));
    }
    ck_assert(atls_cbor_done(&in));
    ck_assert_uint_eq(in.depth, 0);
}
END_TEST

static void put_entries(struct atls_buf *out, unsigned num, bool is_map)
{
    for (unsigned i = 0; i < num; i++) {
        atls_cbor_put_uint(out, i);
        if (is_map)
            atls_cbor_put_uint(out, 0);
    }
}

static const struct {
    const char *open, *close;
    unsigned num;
    bool is_map, is_taken;
} sizes[] = {
    {"9840", "", 64, false, true},  {"b840", "", 64, true, true},
    {"9841", "", 65, false, false}, {"b841", "", 65, true, false},
    {"9f", "ff", 64, false, true},  {"bf", "ff", 64, true, true},
    {"9f", "ff", 65, false, false}, {"bf", "ff", 65, true, false},
};

START_TEST(containers_hold_64_entries_and_not_65)
{
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
    struct atls_cbor in;
    struct atls_cbor_iter iter;

    put_times(&bytes, sizes[_i].open, 1);
    put_entries(&bytes, sizes[_i].num, sizes[_i].is_map);
    put_times(&bytes, sizes[_i].close, 1);
    ck_assert(skips(&bytes) == sizes[_i].is_taken);
    in = atls_cbor(atls_buf_view(&bytes));
    if (sizes[_i].is_map)
        atls_cbor_map(&in, &iter);
    else
        atls_cbor_array(&in, &iter);
    while (atls_cbor_next(&in, &iter)) {
        (void)atls_cbor_skip(&in);
        if (sizes[_i].is_map)
            (void)atls_cbor_skip(&in);
    }
    ck_assert(atls_cbor_done(&in) == sizes[_i].is_taken);
}
END_TEST

/* Maps inside the last value of maps, each with 64 keys */
START_TEST(skip_holds_256_keys_of_open_maps_and_not_more)
{
    for (unsigned num_maps = 4; num_maps <= 5; num_maps++) {
        ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);

        for (unsigned i = 0; i < num_maps; i++) {
            put_times(&bytes, "b840", 1);
            put_entries(&bytes, 63, true);
            atls_cbor_put_uint(&bytes, 63);
        }
        atls_cbor_put_uint(&bytes, 0);
        ck_assert(skips(&bytes) == (num_maps == 4));
    }
}
END_TEST

static const char *const twice[] = {"a201000100",     "a20100180100",
                                    "a2616100616100", "a261610078016100",
                                    "bf2000380000ff", "a2410000410000"};

START_TEST(second_key_fails_the_walk)
{
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
    struct atls_cbor in = atls_cbor(from_hex(&bytes, twice[_i]));
    struct atls_cbor_iter map;

    atls_cbor_map(&in, &map);
    ck_assert(atls_cbor_next(&in, &map));
    (void)atls_cbor_skip(&in);
    (void)atls_cbor_skip(&in);
    ck_assert(!atls_cbor_next(&in, &map));
    ck_assert(atls_cbor_failed(&in));
}
END_TEST

static const char *const no_keys[] = {"a1f400",   "a1f600",     "a18000",
                                      "a1c00000", "a1f9000000", "a15fff00",
                                      "a17fff00", "a1ff"};

START_TEST(key_that_is_neither_integer_nor_string_fails_the_walk)
{
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
    struct atls_cbor in = atls_cbor(from_hex(&bytes, no_keys[_i]));
    struct atls_cbor_iter map;

    atls_cbor_map(&in, &map);
    ck_assert(!atls_cbor_next(&in, &map));
    ck_assert(atls_cbor_failed(&in));
}
END_TEST

START_TEST(integers_are_read_in_every_width)
{
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
    struct atls_cbor in = atls_cbor(
        from_hex(&bytes, "1718181901001a00010000203900061b0000000000000007"));

    ck_assert_uint_eq(atls_cbor_uint(&in), 23);
    ck_assert_uint_eq(atls_cbor_uint(&in), 24);
    ck_assert_uint_eq(atls_cbor_uint(&in), 256);
    ck_assert_uint_eq(atls_cbor_uint(&in), 65536);
    ck_assert_int_eq(atls_cbor_int(&in), -1);
    ck_assert_int_eq(atls_cbor_int(&in), -7);
    ck_assert_int_eq(atls_cbor_int(&in), 7);
    ck_assert(atls_cbor_done(&in));
}
END_TEST

static const struct {
    const char *hex;
    int64_t value;
    bool fits;
} integers[] = {
    {"1b7fffffffffffffff", INT64_MAX, true}, {"1b8000000000000000", 0, false},
    {"3b7fffffffffffffff", INT64_MIN, true}, {"3b8000000000000000", 0, false},
    {"3bffffffffffffffff", 0, false},
};

START_TEST(integer_beyond_64_bits_fails)
{
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
    struct atls_cbor in = atls_cbor(from_hex(&bytes, integers[_i].hex));

    ck_assert_int_eq(atls_cbor_int(&in), integers[_i].value);
    ck_assert(atls_cbor_done(&in) == integers[_i].fits);
}
END_TEST

/* Takes one item as that type, whatever it is. */
static void take_as(struct atls_cbor *in, enum atls_cbor_type type)
{
    struct atls_cbor_iter iter;

    switch (type) {
    case ATLS_CBOR_UINT:
        ck_assert_uint_eq(atls_cbor_uint(in), 0);
        break;
    case ATLS_CBOR_NEGINT:
        ck_assert_int_le(atls_cbor_int(in), 0);
        break;
    case ATLS_CBOR_BYTES:
        ck_assert_uint_eq(atls_cbor_bytes(in).len, 0);
        break;
    case ATLS_CBOR_TEXT:
        ck_assert_uint_eq(atls_cbor_text(in).len, 0);
        break;
    case ATLS_CBOR_ARRAY:
        atls_cbor_array(in, &iter);
        ck_assert(!atls_cbor_next(in, &iter));
        break;
    case ATLS_CBOR_MAP:
        atls_cbor_map(in, &iter);
        ck_assert(!atls_cbor_next(in, &iter));
        break;
    case ATLS_CBOR_TAG:
        ck_assert_uint_eq(atls_cbor_tag(in), 0);
        (void)atls_cbor_skip(in);
        break;
    case ATLS_CBOR_BOOL:
        ck_assert(!atls_cbor_bool(in));
        break;
    case ATLS_CBOR_NULL:
        atls_cbor_null(in);
        break;
    case ATLS_CBOR_FLOAT:
    case ATLS_CBOR_BREAK:
    case ATLS_CBOR_NOTHING:
        (void)atls_cbor_skip(in);
        break;
    }
}

static const struct {
    const char *hex;
    enum atls_cbor_type type;
} items[] = {
    {"00", ATLS_CBOR_UINT},      {"20", ATLS_CBOR_NEGINT},
    {"40", ATLS_CBOR_BYTES},     {"60", ATLS_CBOR_TEXT},
    {"80", ATLS_CBOR_ARRAY},     {"a0", ATLS_CBOR_MAP},
    {"c000", ATLS_CBOR_TAG},     {"f4", ATLS_CBOR_BOOL},
    {"f6", ATLS_CBOR_NULL},      {"f7", ATLS_CBOR_NULL},
    {"f90000", ATLS_CBOR_FLOAT},
};

START_TEST(item_of_another_type_fails)
{
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
    struct atls_view view = from_hex(&bytes, items[_i].hex);
    struct atls_cbor start = atls_cbor(view);

    ck_assert_int_eq(atls_cbor_peek(&start), items[_i].type);
    for (enum atls_cbor_type type = ATLS_CBOR_UINT; type < ATLS_CBOR_FLOAT;
         type++) {
        struct atls_cbor in = start;
        bool is_int = type == ATLS_CBOR_NEGINT &&
                      items[_i].type == ATLS_CBOR_UINT; /* atls_cbor_int */

        take_as(&in, type);
        ck_assert_msg(atls_cbor_done(&in) == (type == items[_i].type || is_int),
                      "%s as %d", items[_i].hex, (int)type);
    }
    ck_assert_uint_eq(start.in.left, view.len);
}
END_TEST

START_TEST(string_of_indefinite_length_fails_where_it_is_wanted)
{
    static const uint8_t bytes[] = {0x5f, 0x41, 'a', 0xff};
    static const uint8_t text[] = {0x7f, 0x61, 'a', 0xff};
    struct atls_cbor in = atls_cbor(atls_view(bytes, sizeof(bytes)));

    ck_assert_int_eq(atls_cbor_peek(&in), ATLS_CBOR_BYTES);
    ck_assert_uint_eq(atls_cbor_bytes(&in).len, 0);
    ck_assert(atls_cbor_failed(&in));
    in = atls_cbor(atls_view(text, sizeof(text)));
    ck_assert_int_eq(atls_cbor_peek(&in), ATLS_CBOR_TEXT);
    ck_assert_uint_eq(atls_cbor_text(&in).len, 0);
    ck_assert(atls_cbor_failed(&in));
}
END_TEST

START_TEST(map_is_walked_key_by_key)
{
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
    struct atls_cbor in =
        atls_cbor(from_hex(&bytes, "bf0143616263616b820102ff"));
    struct atls_cbor_iter map;

    atls_cbor_map(&in, &map);
    ck_assert(atls_cbor_next(&in, &map));
    ck_assert_int_eq(atls_cbor_int(&in), 1);
    ck_assert(atls_view_is(atls_cbor_bytes(&in), "abc"));
    ck_assert(atls_cbor_next(&in, &map));
    ck_assert(atls_view_is(atls_cbor_text(&in), "k"));
    ck_assert_uint_eq(atls_cbor_skip(&in).len, 3);
    ck_assert(!atls_cbor_next(&in, &map));
    ck_assert(atls_cbor_done(&in));
}
END_TEST

START_TEST(copy_of_a_decoder_comes_back)
{
    static const uint8_t bytes[] = {0x01, 0x02};
    struct atls_cbor in = atls_cbor(atls_view(bytes, sizeof(bytes)));
    struct atls_cbor copy = in;

    (void)atls_cbor_skip(&in);
    ck_assert(!atls_cbor_done(&in));
    ck_assert_uint_eq(atls_cbor_uint(&in), 2);
    ck_assert_uint_eq(atls_cbor_uint(&copy), 1);
    atls_cbor_fail(&copy);
    ck_assert(atls_cbor_failed(&copy) && atls_cbor_done(&in));
}
END_TEST

/* A failure stays, whatever is asked next. */
START_TEST(failed_decoder_gives_nothing_more)
{
    static const uint8_t bytes[] = {0x00, 0x00};
    struct atls_cbor in = atls_cbor(atls_view(bytes, sizeof(bytes)));

    (void)atls_cbor_text(&in);
    for (enum atls_cbor_type type = ATLS_CBOR_UINT; type <= ATLS_CBOR_FLOAT;
         type++)
        take_as(&in, type);
    ck_assert(atls_cbor_failed(&in) && !atls_cbor_done(&in));
}
END_TEST

START_TEST(heads_are_written_in_the_shortest_form)
{
    static const uint64_t values[] = {
        0, 23, 24, 255, 256, 65535, 65536, UINT32_MAX, 4294967296, UINT64_MAX};
    ATLS_AUTO_BUF out = atls_buf(MAX_BYTES), want = atls_buf(MAX_BYTES);

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        atls_cbor_put_uint(&out, values[i]);
    (void)from_hex(&want, "0017181818ff19010019ffff1a000100001affffffff1b000000"
                          "01000000001bffffffffffffffff");
    ck_assert(atls_view_equal(atls_buf_view(&out), atls_buf_view(&want)));
}
END_TEST

START_TEST(items_are_written_as_appendix_a_has_them)
{
    ATLS_AUTO_BUF out = atls_buf(MAX_BYTES), want = atls_buf(MAX_BYTES);

    atls_cbor_put_int(&out, -1);
    atls_cbor_put_int(&out, -1000);
    atls_cbor_put_int(&out, INT64_MIN);
    atls_cbor_put_int(&out, 100);
    atls_cbor_put_bytes(&out, atls_view_text("\1\2\3\4"));
    atls_cbor_put_text(&out, "IETF");
    atls_cbor_put_text_view(&out, atls_view("aXX", 1));
    atls_cbor_put_bytes_head(&out, 24);
    atls_cbor_put_array(&out, 3);
    atls_cbor_put_map(&out, 2);
    atls_cbor_put_tag(&out, 32);
    (void)from_hex(
        &want,
        "203903e73b7fffffffffffffff1864440102030464494554466161581883a2d820");
    ck_assert(atls_view_equal(atls_buf_view(&out), atls_buf_view(&want)));
}
END_TEST

#define LOOP(test, rows)                                                       \
    tcase_add_loop_test(cases, test, 0, sizeof(rows) / sizeof(rows[0]))

int main(void)
{
    Suite *suite = suite_create("cbor");
    TCase *cases = tcase_create("cbor");

    LOOP(what_is_not_well_formed_or_beyond_a_limit_is_refused, refused);
    LOOP(what_is_well_formed_is_skipped_whole, accepted);
    LOOP(depth_of_16_is_skipped_and_of_17_refused, nestings);
    tcase_add_test(cases, depth_of_16_is_opened_and_of_17_refused);
    tcase_add_test(cases, skip_counts_the_depth_around_it);
    tcase_add_test(cases, siblings_do_not_add_up_to_depth);
    LOOP(containers_hold_64_entries_and_not_65, sizes);
    tcase_add_test(cases, skip_holds_256_keys_of_open_maps_and_not_more);
    LOOP(second_key_fails_the_walk, twice);
    LOOP(key_that_is_neither_integer_nor_string_fails_the_walk, no_keys);
    tcase_add_test(cases, integers_are_read_in_every_width);
    LOOP(integer_beyond_64_bits_fails, integers);
    LOOP(item_of_another_type_fails, items);
    tcase_add_test(cases, string_of_indefinite_length_fails_where_it_is_wanted);
    tcase_add_test(cases, map_is_walked_key_by_key);
    tcase_add_test(cases, copy_of_a_decoder_comes_back);
    tcase_add_test(cases, failed_decoder_gives_nothing_more);
    tcase_add_test(cases, heads_are_written_in_the_shortest_form);
    tcase_add_test(cases, items_are_written_as_appendix_a_has_them);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
