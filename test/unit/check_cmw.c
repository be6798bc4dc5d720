/* SPDX-License-Identifier: Apache-2.0
 *
 * The examples of RFC 9999, and what must not pass for a CMW.
 */
#include "cmw.h"

#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "cbor.h"
#include "../check_main.h"

#define PSA                                                                    \
    "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\""
/* "application/eat+cwt" as a CBOR text */
#define CWT "736170706c69636174696f6e2f6561742b637774"
/* "__cmwc_t" as a CBOR text */
#define TYPE_KEY "685f5f636d77635f74"

enum { MAX_BYTES = 70000 };

/* hex, or JSON as it is */
static void put_input(struct atls_buf *bytes, const char *input)
{
    if (input[0] == '[' || input[0] == '{')
        atls_buf_text(bytes, input);
    else
        ck_assert_msg(atls_hex_decode(atls_view_text(input), bytes), "%s",
                      input);
}

static const struct {
    const char *input, *type, *value;
    uint32_t indicator;
} records[] = {
    {"8219fde7442347da55", "64999", "2347da55", 0},
    {"8319fde7442347da5504", "64999", "2347da55", 4},
    {"9f19fde7442347da55ff", "64999", "2347da55", 0},
    {"9f19fde7442347da5504ff", "64999", "2347da55", 4},
    {"82" CWT "4ad28443a10126a041a040", "application/eat+cwt",
     "d28443a10126a041a040", 0},
    {"8378446170706c69636174696f6e2f6561742b6377743b206561745f70726f66696c653d2"
     "27461673a7073616365727469666965642e6f72672c323032333a7073612374666d224423"
     "47da5504",
     PSA, "2347da55", 4},
    {"da6374ffe6442347da55", "64999", "2347da55", 0},
    {"da63740209442347da55", "application/eat+cwt", "2347da55", 0},
    {"da6374010140", "0", "", 0},
    {"da6374ffff40", "65024", "", 0},
    {"820040", "0", "", 0},
    {"8219ffff40", "65535", "", 0},
    {"8300401affffffff", "0", "", UINT32_MAX},
    {"[\"application/vnd.example.rats-conceptual-msg\",\"I0faVQ\"]",
     "application/vnd.example.rats-conceptual-msg", "2347da55", 0},
    {"[\"application/eat+jwt; eat_profile=\\\"tag:ietf.org,2026:rats/ear#03\\\""
     "\",\"ZTMwLmUzMC5BQQ\",8]",
     "application/eat+jwt; eat_profile=\"tag:ietf.org,2026:rats/ear#03\"",
     "6533302e6533302e4141", 8},
    {"[ \"a/b\" ,\t\"\", 4294967295 ]\r\n", "a/b", "", UINT32_MAX},
};

START_TEST(record_is_read)
{
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES), want = atls_buf(MAX_BYTES);
    ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX);
    struct atls_why why = {0};
    struct atls_type type;
    struct atls_cmw cmw;

    put_input(&bytes, records[_i].input);
    ck_assert_reason(
        atls_cmw_parse(atls_buf_view(&bytes), &storage, &cmw, &why), ATLS_OK);
    ck_assert(!cmw.is_collection);
    ck_assert(cmw.is_json == (records[_i].input[0] == '['));
    ck_assert(atls_type_parse(atls_view_text(records[_i].type), &type));
    ck_assert(atls_type_equal(cmw.type, type));
    ck_assert(atls_hex_decode(atls_view_text(records[_i].value), &want));
    ck_assert(atls_view_equal(cmw.value, atls_buf_view(&want)));
    ck_assert_uint_eq(cmw.indicator, records[_i].indicator);
}
END_TEST

static const char *const malformed[] = {
    "",
    /* first bytes of no form */
    "00",
    "20",
    "40",
    "442347da55",
    "60",
    "80",
    "8100",
    "84004000",
    "980200",
    "9900020040",
    "c140",
    "d81840",
    "d9d9f740",
    "db000000006374ffe640",
    "bc",
    "f6",
    "ff",
    "0a",
    "205b5d",
    "efbbbf5b5d",
    /* records */
    "82",
    "8200",
    "820041",
    "82004001",
    "8200",
    "83004000",
    "830040",
    "83004020",
    "8300404104",
    "830040f6",
    "8300401b0000000100000000",
    "82200040",
    "821a0001000040",
    "82f640",
    "826040",
    "824040",
    "82005f4100ff",
    "820060",
    "820080",
    "82004000",
    "9f00ff",
    "9f0040",
    "9fff",
    "9f00400401ff",
    "827f6161ff40",
    "8262c32840",
    "8200c140",
    "82c10040",
    /* tags: before, after and between those of RFC 9277 */
    "da6374010040",
    "da6375000040",
    "da6374010100",
    "da6374020040",
    "da6374ffe6",
    "da6374ffe6f6",
    "da6374ffe6c140",
    "da6374ffe64000",
    "da6374ffe6820040",
    "da0000001240",
    /* collections */
    "a0",
    "a1" TYPE_KEY "63613a62",
    "a1018200",
    "a10100",
    "a101f6",
    "a10140",
    "a1018082",
    "a20182004001820040",
    "a2018200401801820040",
    "a261618200406161820040",
    "a101a0",
    "bfff",
    "bf01820040",
    "a1f5820040",
    "a14101820040",
    "a2" TYPE_KEY "6001820040",
    "a2" TYPE_KEY "0101820040",
    "a2" TYPE_KEY "616101820040",
    "a2" TYPE_KEY "623a6101820040",
    "a2" TYPE_KEY "62613a01820040",
    "a2" TYPE_KEY "64613a206101820040",
    "a2" TYPE_KEY "613101820040",
    "a2" TYPE_KEY "63312e2e01820040",
    "a2" TYPE_KEY "632e312e01820040",
    "a2" TYPE_KEY "82004001820040",
    "a3" TYPE_KEY "63613a62" TYPE_KEY "63613a6201820040",
    "a10182004000",
    "a1015b5d",
    "a101625b5d",
    "a101da0000001240",
    "a2" TYPE_KEY "6461003a6201820040",
    "a2" TYPE_KEY "63313a6201820040",
    /* JSON */
    "[",
    "[]",
    "[\"a/b\"]",
    "[\"a/b\",\"\",4,1]",
    "[\"\",\"\"]",
    "[1,\"\"]",
    "[null,\"\"]",
    "[\"a/b\",1]",
    "[\"a/b\",null]",
    "[\"a/b\",\"\",0]",
    "[\"a/b\",\"\",-1]",
    "[\"a/b\",\"\",4294967296]",
    "[\"a/b\",\"\",4.0]",
    "[\"a/b\",\"\",\"4\"]",
    "[\"a/b\",\"\",null]",
    "[\"a/b\",\"\",true]",
    "[\"a/b\",\"Zg==\"]",
    "[\"a/b\",\"Z\"]",
    "[\"a/b\",\"Zh\"]",
    "[\"a/b\",\"+_+_\"]",
    "[\"a/b\",\"\"]x",
    "[\"a/b\",\"\"][]",
    "[[\"a/b\",\"\"],\"\"]",
    "[\"a/b\",[]]",
    "{",
    "{}",
    "{\"__cmwc_t\":\"a:b\"}",
    "{\"a\":[]}",
    "{\"a\":1}",
    "{\"a\":null}",
    "{\"a\":{}}",
    "{\"a\":\"b\"}",
    "{\"a\":[\"a/b\",\"\"],\"a\":[\"a/b\",\"\"]}",
    "{\"a\":[\"a/b\",\"\"],\"__cmwc_t\":1}",
    "{\"a\":[\"a/b\",\"\"],\"__cmwc_t\":\"\"}",
    "{\"a\":[\"a/b\",\"\"],\"__cmwc_t\":\"no uri\"}",
    "{\"a\":[\"a/b\",\"\"],\"b\":[\"a/b\",\"Z\"]}",
    "{\"a\":[\"a/b\",\"\"],\"b\":{\"__cmwc_t\":\"a:b\"}}",
};

START_TEST(what_is_no_cmw_is_refused)
{
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
    ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX);
    struct atls_why why = {0};
    struct atls_cmw cmw;

    put_input(&bytes, malformed[_i]);
    ck_assert_msg(atls_cmw_parse(atls_buf_view(&bytes), &storage, &cmw, &why) ==
                      ATLS_CMW_MALFORMED,
                  "%s: %s", malformed[_i], why.text);
    ck_assert_reason(why.reason, ATLS_CMW_MALFORMED);
    ck_assert_reason(
        atls_cmw_parse(atls_buf_view(&bytes), &storage, &cmw, NULL),
        ATLS_CMW_MALFORMED);
}
END_TEST

/* Every cut of a good CMW is a bad one, and so is anything after it. */
START_TEST(cut_or_lengthened_cmw_is_refused)
{
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
    ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX);
    struct atls_cmw cmw;
    size_t len;

    put_input(&bytes, records[_i].input);
    len = bytes.len;
    while (bytes.data[len - 1] == '\n' || bytes.data[len - 1] == '\r')
        len--; /* white space after JSON is none of it */
    atls_buf_u8(&bytes, 0);
    for (size_t i = 0; i < len; i++)
        ck_assert_reason(
            atls_cmw_parse(atls_view(bytes.data, i), &storage, &cmw, NULL),
            ATLS_CMW_MALFORMED);
    ck_assert_reason(
        atls_cmw_parse(atls_buf_view(&bytes), &storage, &cmw, NULL),
        ATLS_CMW_MALFORMED);
}
END_TEST

START_TEST(media_type_of_255_bytes_is_taken_and_of_256_refused)
{
    for (size_t len = 255; len <= 256; len++) {
        ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
        char text[256];
        struct atls_cmw cmw;

        memset(text, 'a', sizeof(text));
        atls_cmw_put(&bytes, atls_type_of_text(atls_view(text, len)),
                     atls_view(NULL, 0), 0);
        ck_assert_reason(
            atls_cmw_parse(atls_buf_view(&bytes), NULL, &cmw, NULL),
            len == 255 ? ATLS_OK : ATLS_CMW_MALFORMED);
    }
}
END_TEST

START_TEST(cmw_of_65528_bytes_is_read_and_of_65529_refused)
{
    for (size_t len = ATLS_CMW_MAX; len <= ATLS_CMW_MAX + 1; len++) {
        ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES), value = atls_buf(MAX_BYTES);
        struct atls_cmw cmw;

        memset(atls_buf_room(&value, len - 7), 0, len - 7);
        atls_cmw_put(&bytes, atls_type_of_format(64999), atls_buf_view(&value),
                     0);
        ck_assert_uint_eq(bytes.len, len);
        ck_assert_reason(
            atls_cmw_parse(atls_buf_view(&bytes), NULL, &cmw, NULL),
            len == ATLS_CMW_MAX ? ATLS_OK : ATLS_CMW_TOO_LARGE);
    }
}
END_TEST

/* What the callback saw: "label=type:hex;" for each member. */
struct seen {
    char text[512];
    struct atls_buf *storage;
};

static enum atls_reason note_member(void *arg, struct atls_view label,
                                    const struct atls_cmw *member,
                                    struct atls_why *why)
{
    struct seen *seen = arg;
    size_t len = strlen(seen->text);
    char type[256], value[64];

    atls_type_text(member->type, type, sizeof(type));
    atls_hex(member->value, value, sizeof(value));
    snprintf(seen->text + len, sizeof(seen->text) - len, "%.*s=%s:%s/%u",
             (int)label.len, (const char *)label.data, type,
             member->is_collection ? "" : value, member->indicator);
    len = strlen(seen->text);
    if (!member->is_collection) {
        snprintf(seen->text + len, sizeof(seen->text) - len, ";");
        return ATLS_OK;
    }
    snprintf(seen->text + len, sizeof(seen->text) - len, "{");
    ck_assert_reason(
        atls_cmw_members(member, seen->storage, note_member, seen, why),
        ATLS_OK);
    len = strlen(seen->text);
    snprintf(seen->text + len, sizeof(seen->text) - len, "}");
    return ATLS_OK;
}

static const struct {
    const char *input, *type, *members;
} collections[] = {
    {"a4" TYPE_KEY
     "78277461673a6578616d706c652e636f6d2c323032343a636f6d706f736974652d6174746"
     "573746572008319fde7442347da550401da6374ffe6442347da550283736170706c696361"
     "74696f6e2f6561742b6a7774432e2e2e08",
     "tag:example.com,2024:composite-attester",
     "0=64999:2347da55/4;1=64999:2347da55/0;2=application/eat+jwt:2e2e2e/8;"},
    {"a3636b617482" CWT "44aaaaaaaa6370617482" CWT "44bbbbbbbb" TYPE_KEY
     "78207461673a696574662e6f72672c323032342d30322d32393a726174732f6b6174",
     "tag:ietf.org,2024-02-29:rats/kat",
     "kat=application/eat+cwt:aaaaaaaa/0;pat=application/eat+cwt:bbbbbbbb/0;"},
    {"bf208200401903e79f004001ffff", "", "-1=0:/0;999=0:/1;"},
    {"a160820040", "", "=0:/0;"},
    {"a2616182004001a2" TYPE_KEY "65312e322e3302a103820041ff", "",
     "a=0:/0;1=1.2.3:/0{2=:/0{3=0:ff/0;}}"},
    {"{\"__cmwc_t\":\"1.2.3\",\"key\":[\"a/b\",\"I0faVQ\",4],"
     "\"proof\":[\"c/d\",\"\"]}",
     "1.2.3", "key=a/b:2347da55/4;proof=c/d:/0;"},
    {"{\"x\": {\"__cmwc_t\": \"a:b\", \"y\": {\"\\u00e9\": [\"a/b\", "
     "\"_w\"]}}}",
     "", "x=a:b:/0{y=:/0{\xc3\xa9=a/b:ff/0;}}"},
};

START_TEST(collection_shows_its_members_in_order)
{
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
    ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX);
    struct seen seen = {.storage = &storage};
    struct atls_why why = {0};
    struct atls_cmw cmw;
    char type[64];

    put_input(&bytes, collections[_i].input);
    ck_assert_reason(
        atls_cmw_parse(atls_buf_view(&bytes), &storage, &cmw, &why), ATLS_OK);
    ck_assert(cmw.is_collection);
    ck_assert(atls_view_equal(cmw.value, atls_buf_view(&bytes)));
    atls_type_text(cmw.type, type, sizeof(type));
    ck_assert_str_eq(type, collections[_i].type);
    ck_assert_reason(atls_cmw_members(&cmw, &storage, note_member, &seen, &why),
                     ATLS_OK);
    ck_assert_str_eq(seen.text, collections[_i].members);
}
END_TEST

static enum atls_reason stop(void *arg, struct atls_view label,
                             const struct atls_cmw *member,
                             struct atls_why *why)
{
    (void)label;
    (void)member;
    ++*(unsigned *)arg;
    return atls_why(why, ATLS_BINDER_MISMATCH, NULL);
}

START_TEST(first_refusal_ends_the_walk_through_a_collection)
{
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
    ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX);
    struct atls_cmw cmw;
    unsigned num_calls = 0;

    put_input(&bytes, collections[_i].input);
    ck_assert_reason(
        atls_cmw_parse(atls_buf_view(&bytes), &storage, &cmw, NULL), ATLS_OK);
    ck_assert_reason(atls_cmw_members(&cmw, &storage, stop, &num_calls, NULL),
                     ATLS_BINDER_MISMATCH);
    ck_assert_uint_eq(num_calls, 1);
}
END_TEST

START_TEST(record_has_no_members)
{
    struct atls_cmw cmw = {0};

    ck_assert_reason(atls_cmw_members(&cmw, NULL, stop, NULL, NULL),
                     ATLS_CMW_MALFORMED);
}
END_TEST

START_TEST(collections_are_read_4_deep_and_not_5)
{
    static const struct {
        const char *open, *record, *close;
    } forms[] = {{"a101", "820040", ""},
                 {"bf01", "820040", "ff"},
                 {"{\"a\":", "[\"a/b\",\"\"]", "}"}};

    for (unsigned depth = 4; depth <= 5; depth++) {
        ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES);
        ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX);
        struct atls_cmw cmw;

        for (unsigned i = 0; i < depth; i++)
            put_input(&bytes, forms[_i].open);
        put_input(&bytes, forms[_i].record);
        for (unsigned i = 0; i < depth; i++)
            if (forms[_i].close[0] == '}')
                atls_buf_text(&bytes, "}");
            else
                put_input(&bytes, forms[_i].close);
        ck_assert_reason(
            atls_cmw_parse(atls_buf_view(&bytes), &storage, &cmw, NULL),
            depth == 4 ? ATLS_OK : ATLS_CMW_TOO_LARGE);
    }
}
END_TEST

START_TEST(collections_have_64_members_and_not_65)
{
    for (unsigned num = 64; num <= 65; num++) {
        ATLS_AUTO_BUF cbor = atls_buf(MAX_BYTES), json = atls_buf(MAX_BYTES);
        ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX);
        struct atls_cmw cmw;

        atls_cbor_put_map(&cbor, num);
        for (unsigned i = 0; i < num; i++) {
            char member[40];

            atls_cbor_put_uint(&cbor, i);
            put_input(&cbor, "820040");
            snprintf(member, sizeof(member), "%c\"%u\":[\"a/b\",\"\"]",
                     i == 0 ? '{' : ',', i);
            atls_buf_text(&json, member);
        }
        atls_buf_text(&json, "}");
        ck_assert_reason(
            atls_cmw_parse(atls_buf_view(&cbor), &storage, &cmw, NULL),
            num == 64 ? ATLS_OK : ATLS_CMW_MALFORMED);
        ck_assert_reason(
            atls_cmw_parse(atls_buf_view(&json), &storage, &cmw, NULL),
            num == 64 ? ATLS_OK : ATLS_CMW_MALFORMED);
    }
}
END_TEST

START_TEST(json_that_does_not_fit_into_the_storage_is_too_large)
{
    ATLS_AUTO_BUF storage = atls_buf(8);
    struct atls_cmw cmw;

    ck_assert_reason(
        atls_cmw_parse(atls_view_text("[\"a/b\",\"I0faVQI0faVQ\"]"), &storage,
                       &cmw, NULL),
        ATLS_CMW_TOO_LARGE);
}
END_TEST

START_TEST(json_deeper_than_16_is_refused)
{
    ATLS_AUTO_BUF bytes = atls_buf(MAX_BYTES), storage = atls_buf(8);
    struct atls_why why = {0};
    struct atls_cmw cmw;

    memset(atls_buf_room(&bytes, 60000), '[', 60000);
    ck_assert_reason(
        atls_cmw_parse(atls_buf_view(&bytes), &storage, &cmw, &why),
        ATLS_CMW_MALFORMED);
    ck_assert_str_eq(why.text, "JSON: want at most 16 levels");
}
END_TEST

START_TEST(record_is_written_as_the_rfc_has_it)
{
    ATLS_AUTO_BUF out = atls_buf(MAX_BYTES), want = atls_buf(MAX_BYTES);

    atls_cmw_put(&out, atls_type_of_format(64999),
                 atls_view_text("\x23\x47\xda\x55"), 0);
    atls_cmw_put(&out, atls_type_of_format(64999),
                 atls_view_text("\x23\x47\xda\x55"), ATLS_CMW_EVIDENCE);
    atls_cmw_put(&out, atls_type_of_text(atls_view_text("application/eat+cwt")),
                 atls_view_text("..."), ATLS_CMW_RESULTS);
    put_input(&want,
              "8219fde7442347da558319fde7442347da550483" CWT "432e2e2e08");
    ck_assert(atls_view_equal(atls_buf_view(&out), atls_buf_view(&want)));
}
END_TEST

/* {"__cmwc_t": "1.2", "a": [10003, h'00']} and the same without a type */
START_TEST(collection_is_written_with_its_type_and_labels)
{
    static const char *const types[] = {"1.2", ""};
    static const char *const wanted[] = {
        "a2685f5f636d77635f7463312e3261618219271341"
        "00",
        "a161618219271341"
        "00"};

    for (int i = 0; i < 2; i++) {
        ATLS_AUTO_BUF out = atls_buf(MAX_BYTES), want = atls_buf(MAX_BYTES);
        struct atls_cmw cmw;

        atls_cmw_put_collection(&out, atls_view_text(types[i]), 1);
        atls_cmw_put_label(&out, atls_view_text("a"));
        atls_cmw_put(&out, atls_type_of_format(10003), atls_view("", 1), 0);
        put_input(&want, wanted[i]);
        ck_assert(atls_view_equal(atls_buf_view(&out), atls_buf_view(&want)));
        ck_assert_reason(atls_cmw_parse(atls_buf_view(&out), NULL, &cmw, NULL),
                         ATLS_OK);
        ck_assert(cmw.is_collection);
        ck_assert(atls_view_is(cmw.type.text, types[i]));
    }
}
END_TEST

#define LOOP(test, rows)                                                       \
    tcase_add_loop_test(cases, test, 0, sizeof(rows) / sizeof(rows[0]))

int main(void)
{
    Suite *suite = suite_create("cmw");
    TCase *cases = tcase_create("cmw");

    LOOP(record_is_read, records);
    LOOP(what_is_no_cmw_is_refused, malformed);
    LOOP(cut_or_lengthened_cmw_is_refused, records);
    tcase_add_test(cases, media_type_of_255_bytes_is_taken_and_of_256_refused);
    tcase_add_test(cases, cmw_of_65528_bytes_is_read_and_of_65529_refused);
    LOOP(collection_shows_its_members_in_order, collections);
    LOOP(first_refusal_ends_the_walk_through_a_collection, collections);
    tcase_add_test(cases, record_has_no_members);
    tcase_add_loop_test(cases, collections_are_read_4_deep_and_not_5, 0, 3);
    tcase_add_test(cases, collections_have_64_members_and_not_65);
    tcase_add_test(cases, json_that_does_not_fit_into_the_storage_is_too_large);
    tcase_add_test(cases, json_deeper_than_16_is_refused);
    tcase_add_test(cases, record_is_written_as_the_rfc_has_it);
    tcase_add_test(cases, collection_is_written_with_its_type_and_labels);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
