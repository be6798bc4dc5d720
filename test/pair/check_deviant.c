/* SPDX-License-Identifier: Apache-2.0
 *
 * Every wrong thing that a peer can put into the extension, in both
 * directions: one row each, with the reason and the alert. Rows whose reason
 * is OK show that the row beside them fails for what it says.
 */
#include <string.h>

#include "base64url.h"
#include "cmw.h"
#include "deviant.h"

#define PSA "\0\0\x27\x13" /* Content-Format 10003 as a scheme */
#define PSA_TEXT                                                               \
    "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\""

struct row {
    const char *sentence;
    struct deviant peer;
    enum atls_reason reason;
};

static struct pair pair;

/* What a CMW can become. */

static void cmw_is_garbage(struct atls_buf *cmw)
{
    memset(cmw->data, 0xff, cmw->len);
}

static void cmw_is_cut(struct atls_buf *cmw)
{
    cmw->len--;
}

static void cmw_has_more(struct atls_buf *cmw)
{
    atls_buf_u8(cmw, 0);
}

static void cmw_fills_the_entry(struct atls_buf *cmw)
{
    size_t len = ATLS_CMW_MAX - cmw->len;

    memset(atls_buf_room(cmw, len), 0, len);
}

static void rewrap(struct atls_buf *cmw, struct atls_type type,
                   uint32_t indicator)
{
    ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX), out = atls_buf(1 << 17);
    struct atls_cmw parsed;

    ck_assert_reason(
        atls_cmw_parse(atls_buf_view(cmw), &storage, &parsed, NULL), ATLS_OK);
    atls_cmw_put(&out, type, parsed.value, indicator);
    cmw->len = 0;
    atls_buf_put(cmw, atls_buf_view(&out));
}

static void type_is_text(struct atls_buf *cmw)
{
    rewrap(cmw, atls_type_of_text(atls_view_text(PSA_TEXT)), 0);
}

static void type_is_legacy(struct atls_buf *cmw)
{
    rewrap(cmw, atls_type_of_format(10004), 0);
}

static void type_is_unknown(struct atls_buf *cmw)
{
    rewrap(cmw, atls_type_of_text(atls_view_text("application/x-other")), 0);
}

static void type_has_no_profile(struct atls_buf *cmw)
{
    rewrap(cmw, atls_type_of_text(atls_view_text("application/eat+cwt")), 0);
}

static void indicator_is_evidence(struct atls_buf *cmw)
{
    rewrap(cmw, atls_type_of_format(10003), ATLS_CMW_EVIDENCE);
}

static void indicator_is_results(struct atls_buf *cmw)
{
    rewrap(cmw, atls_type_of_format(10003), ATLS_CMW_RESULTS);
}

static void indicator_is_both(struct atls_buf *cmw)
{
    rewrap(cmw, atls_type_of_format(10003),
           ATLS_CMW_EVIDENCE | ATLS_CMW_RESULTS);
}

static void cmw_is_json(struct atls_buf *cmw)
{
    ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX), out = atls_buf(1 << 17);
    struct atls_cmw parsed;

    ck_assert_reason(
        atls_cmw_parse(atls_buf_view(cmw), &storage, &parsed, NULL), ATLS_OK);
    atls_buf_text(&out, "[\"application/eat+cwt; eat_profile=\\\""
                        "tag:psacertified.org,2023:psa#tfm\\\"\",\"");
    atls_base64url_put(&out, parsed.value);
    atls_buf_text(&out, "\"]");
    cmw->len = 0;
    atls_buf_put(cmw, atls_buf_view(&out));
}

/* {"x": record}, RFC 9999, 3.2 */
static void cmw_is_collection(struct atls_buf *cmw)
{
    size_t len = cmw->len;

    ck_assert_ptr_nonnull(atls_buf_room(cmw, 3));
    memmove(cmw->data + 3, cmw->data, len);
    memcpy(cmw->data, "\xa1\x61x", 3);
}

static void put_value(struct atls_buf *cmw, const char *text, size_t len)
{
    cmw->len = 0;
    atls_cmw_put(cmw, atls_type_of_format(10003), atls_view(text, len), 0);
}

static void value_is_empty(struct atls_buf *cmw)
{
    put_value(cmw, "", 0);
}

static void value_is_garbage(struct atls_buf *cmw)
{
    put_value(cmw, "\xff\xff", 2);
}

/* 18([<<{1: -7}>>, {}, <<{265: profile}>>, 64 bytes]) */
static void value_has_no_nonce(struct atls_buf *cmw)
{
    static const char token[] =
        "\xd2\x84\x43\xa1\x01\x26\xa0\x58\x27\xa1\x19\x01\x09\x78\x21"
        "tag:psacertified.org,2023:psa#tfm"
        "\x58\x40"
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    put_value(cmw, token, sizeof(token) - 1);
}

/* The signature's last byte stands before the indicator. */
static void signature_is_wrong(struct atls_buf *cmw)
{
    cmw->data[cmw->len - 2] ^= 1;
}

#define CHANGED(sentence, change_, reason)                                     \
    {                                                                          \
        sentence, {.change = change_}, reason                                  \
    }
#define BOUND(sentence, binder_)                                               \
    {                                                                          \
        sentence, {.binder = binder_}, ATLS_BINDER_MISMATCH                    \
    }
#define SENDS(sentence, message, bytes, reason)                                \
    {                                                                          \
        sentence, {.message = DEVIANT_SENDS(bytes)}, reason                    \
    }

/* What the Certificate message of either role can be. */
static const struct row certificate_rows[] = {
    {"what is right is accepted", {.entry = 0}, ATLS_OK},
    {"Evidence in the second entry is refused",
     {.entry = 1},
     ATLS_EVIDENCE_WRONG_ENTRY},
    {"Evidence in the second entry besides is refused",
     {.in_every_entry = true},
     ATLS_EVIDENCE_WRONG_ENTRY},
    {"no Evidence after agreeing to it is refused",
     {.certificate = DEVIANT_SENDS_NOTHING},
     ATLS_EVIDENCE_MISSING},
    {"Evidence by an unknown attester is refused",
     {.key = "other.key"},
     ATLS_ANCHOR_UNKNOWN},
    SENDS("an empty extension is refused", certificate, "",
          ATLS_EXTENSION_MALFORMED),
    SENDS("a CMW of no bytes is refused", certificate, "\0\0\0",
          ATLS_EXTENSION_MALFORMED),
    SENDS("a CMW shorter than its length is refused", certificate,
          "\0\0\4\x82\0\0", ATLS_EXTENSION_MALFORMED),
    SENDS("bytes after the CMW are refused", certificate, "\0\0\3\x82\0\x40\0",
          ATLS_EXTENSION_MALFORMED),
    SENDS("a CMW of two bytes is refused", certificate, "\0\0\2\x82\0",
          ATLS_CMW_MALFORMED),
    CHANGED("a CMW of 0xFF is refused", cmw_is_garbage, ATLS_CMW_MALFORMED),
    CHANGED("a CMW without its last byte is refused", cmw_is_cut,
            ATLS_CMW_MALFORMED),
    CHANGED("a CMW with a byte behind it is refused", cmw_has_more,
            ATLS_CMW_MALFORMED),
    CHANGED("a CMW with 64 KiB behind it is refused", cmw_fills_the_entry,
            ATLS_CMW_MALFORMED),
    CHANGED("a CMW in JSON is accepted", cmw_is_json, ATLS_OK),
    CHANGED("a CMW collection is refused", cmw_is_collection, ATLS_CMW_TYPE),
    CHANGED("the media type for the number is accepted", type_is_text, ATLS_OK),
    CHANGED("the type of the legacy profile is refused", type_is_legacy,
            ATLS_CMW_TYPE),
    CHANGED("an unknown type is refused", type_is_unknown, ATLS_CMW_TYPE),
    CHANGED("the type without its parameter is refused", type_has_no_profile,
            ATLS_CMW_TYPE),
    CHANGED("the indicator of Evidence is accepted", indicator_is_evidence,
            ATLS_OK),
    CHANGED("the indicator of results is refused", indicator_is_results,
            ATLS_CMW_INDICATOR),
    CHANGED("the indicator of Evidence and results is refused",
            indicator_is_both, ATLS_CMW_INDICATOR),
    CHANGED("Evidence of no bytes is refused", value_is_empty,
            ATLS_EVIDENCE_MALFORMED),
    CHANGED("Evidence of 0xFF is refused", value_is_garbage,
            ATLS_EVIDENCE_MALFORMED),
    CHANGED("Evidence without a nonce is refused", value_has_no_nonce,
            ATLS_NONCE_MISSING),
    CHANGED("a wrong signature is refused", signature_is_wrong,
            ATLS_SIGNATURE_INVALID),
    BOUND("a binder with its first bit wrong is refused", BINDER_FIRST_BIT),
    BOUND("a binder with its last bit wrong is refused", BINDER_LAST_BIT),
    BOUND("a binder cut to 32 bytes is refused", BINDER_SHORT),
    BOUND("a binder with zeros behind it is refused", BINDER_LONG),
    BOUND("a binder of zeros is refused", BINDER_ZERO),
    BOUND("a binder of another label is refused", BINDER_OTHER_LABEL),
    BOUND("a binder of the key alone is refused", BINDER_PUBLIC),
};

/* What else a server can do wrong. */
static const struct row server_rows[] = {
    {"a server that does not answer the offer is refused",
     {.encrypted_extensions = DEVIANT_SENDS_NOTHING,
      .certificate = DEVIANT_SENDS_NOTHING},
     ATLS_NOT_ANSWERED},
    {"Evidence of a server that did not answer is refused",
     {.encrypted_extensions = DEVIANT_SENDS_NOTHING},
     ATLS_EVIDENCE_UNSOLICITED},
    SENDS("an answer of a scheme that was not offered is refused",
          encrypted_extensions, "\0\0\1\7", ATLS_SCHEME_NOT_OFFERED),
    SENDS("an answer of a media type that was not offered is refused",
          encrypted_extensions, "\0\1\0\3a/b", ATLS_SCHEME_NOT_OFFERED),
    SENDS("an answer of the result mechanism is refused", encrypted_extensions,
          "\1\0\1v", ATLS_SCHEME_NOT_OFFERED),
    SENDS("an answer in the media type's spelling is accepted",
          encrypted_extensions, "\0\1\0\x44" PSA_TEXT, ATLS_OK),
    SENDS("an answer of no bytes is refused", encrypted_extensions, "",
          ATLS_EXTENSION_MALFORMED),
    SENDS("an answer of half a scheme is refused", encrypted_extensions,
          "\0\0\x27", ATLS_EXTENSION_MALFORMED),
    SENDS("an answer of two schemes is refused", encrypted_extensions, PSA PSA,
          ATLS_EXTENSION_MALFORMED),
    SENDS("an answer of an unknown mechanism is refused", encrypted_extensions,
          "\2\0\x27\x13", ATLS_EXTENSION_MALFORMED),
    SENDS("an answer in an unknown encoding is refused", encrypted_extensions,
          "\0\2\x27\x13", ATLS_EXTENSION_MALFORMED),
    SENDS("an answer with a length past its end is refused",
          encrypted_extensions,
          "\0\1\xff\xff"
          "a/b",
          ATLS_EXTENSION_MALFORMED),
};

/* What a server can ask of a client that has an attester. */
static const struct row request_rows[] = {
    SENDS("a request that is right is answered", certificate_request, PSA "\0",
          ATLS_OK),
    SENDS("a request with a nonce in the handshake is refused",
          certificate_request, PSA "\1n", ATLS_NONCE_IN_HANDSHAKE),
    SENDS("a request with 32 bytes of nonce in the handshake is refused",
          certificate_request,
          PSA "\x20"
              "0123456789abcdef0123456789abcdef",
          ATLS_NONCE_IN_HANDSHAKE),
    SENDS("a request for a scheme that was not offered is refused",
          certificate_request, "\0\0\1\7\0", ATLS_SCHEME_NOT_OFFERED),
    SENDS("a request for a result is refused", certificate_request, "\1\0\1v\0",
          ATLS_SCHEME_NOT_OFFERED),
    SENDS("a request without the nonce's length is refused",
          certificate_request, PSA, ATLS_EXTENSION_MALFORMED),
    SENDS("a request with bytes behind it is refused", certificate_request,
          PSA "\0\0", ATLS_EXTENSION_MALFORMED),
    SENDS("a request with a nonce shorter than its length is refused",
          certificate_request, PSA "\2n", ATLS_EXTENSION_MALFORMED),
    SENDS("a request of no bytes is refused", certificate_request, "",
          ATLS_EXTENSION_MALFORMED),
    SENDS("a request of an unknown mechanism is refused", certificate_request,
          "\7\0\x27\x13\0", ATLS_EXTENSION_MALFORMED),
};

#define RESULTS_1000 /* one result scheme of 1,000 bytes in all */             \
    "\1\3\xe5" X100 X100 X100 X100 X100 X100 X100 X100 X100 X90 "1234567"
#define X10  "xxxxxxxxxx"
#define X90  X10 X10 X10 X10 X10 X10 X10 X10 X10
#define X100 X90 X10

/* What else a client can do wrong. */
static const struct row client_rows[] = {
    {"a client that does not offer is refused",
     {.hello = DEVIANT_SENDS_NOTHING},
     ATLS_NOT_OFFERED},
    SENDS("a client that offers an empty list is refused", hello,
          "\0\4" PSA "\0\0", ATLS_NOT_OFFERED),
    SENDS("a client with another scheme alone is refused", hello,
          "\0\0\0\4\0\0\1\7", ATLS_SCHEME_NOT_SHARED),
    SENDS("a client with a result scheme alone is refused", hello,
          "\0\0\0\4\1\0\1v", ATLS_SCHEME_NOT_SHARED),
    SENDS("a client with a scheme among unknown ones is accepted", hello,
          "\0\0\0\x13\0\0\1\7\1\0\1v\0\1\0\3a/b" PSA, ATLS_OK),
    SENDS("eight schemes are accepted", hello,
          "\0\0\0\x20" PSA PSA PSA PSA PSA PSA PSA PSA, ATLS_OK),
    SENDS("nine schemes are refused", hello,
          "\0\0\0\x24" PSA PSA PSA PSA PSA PSA PSA PSA PSA,
          ATLS_EXTENSION_TOO_LARGE),
    SENDS("nine schemes for the server are refused", hello,
          "\0\x24" PSA PSA PSA PSA PSA PSA PSA PSA PSA "\0\4" PSA,
          ATLS_EXTENSION_TOO_LARGE),
    SENDS("1,008 bytes of extension are accepted", hello,
          "\3\xe8" RESULTS_1000 "\0\4" PSA, ATLS_OK),
    SENDS("1,025 bytes of extension are refused", hello,
          "\3\xe8" RESULTS_1000 "\0\x15\1\0\x0e" X10 "1234" PSA,
          ATLS_EXTENSION_TOO_LARGE),
    SENDS("an offer of no bytes is refused", hello, "",
          ATLS_EXTENSION_MALFORMED),
    SENDS("an offer of one list is refused", hello, "\0\4" PSA,
          ATLS_EXTENSION_MALFORMED),
    SENDS("an offer of three lists is refused", hello, "\0\0\0\4" PSA "\0\0",
          ATLS_EXTENSION_MALFORMED),
    SENDS("an offer with a list past its end is refused", hello, "\0\0\0\5" PSA,
          ATLS_EXTENSION_MALFORMED),
    SENDS("an offer of half a scheme is refused", hello, "\0\0\0\3\0\0\x27",
          ATLS_EXTENSION_MALFORMED),
    SENDS("an offer of an unknown mechanism is refused", hello,
          "\0\0\0\4\2\0\0\0", ATLS_EXTENSION_MALFORMED),
    SENDS("an offer in an unknown encoding is refused", hello,
          "\0\0\0\4\0\2\0\0", ATLS_EXTENSION_MALFORMED),
    BOUND("a binder for the server's key is refused", BINDER_OTHER_KEY),
    BOUND("a binder of the server's role is refused", BINDER_OTHER_ROLE),
};

static void judge(struct pair_side *side, enum atls_reason reason)
{
    pair_handshake(&pair);
    if (reason != ATLS_OK) {
        pair_refused(&pair, side, (int)atls_reason_alert(reason), reason);
        return;
    }
    pair_accepted(&pair);
    pair_free(&pair);
}

static void judge_server(const struct row *row)
{
    struct deviant server = row->peer;

    pair_setup(&(struct pair_config){.require = "server"});
    pair_new(&pair, NULL, deviant_server(&server));
    judge(&pair.client, row->reason);
    deviant_clear(&server);
}

static void judge_client(const struct row *row)
{
    struct deviant client = row->peer;

    pair_setup(&(struct pair_config){.require = "client"});
    pair_new(&pair, deviant_client(&client), NULL);
    judge(&pair.server, row->reason);
    deviant_clear(&client);
}

START_TEST(server_certificate)
{
    judge_server(&certificate_rows[_i]);
}
END_TEST

START_TEST(server_message)
{
    judge_server(&server_rows[_i]);
}
END_TEST

START_TEST(client_certificate)
{
    judge_client(&certificate_rows[_i]);
}
END_TEST

START_TEST(client_message)
{
    judge_client(&client_rows[_i]);
}
END_TEST

START_TEST(request)
{
    struct deviant server = request_rows[_i].peer;
    SSL_CTX *ctx;

    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "server"});
    ctx = deviant_server(&server);
    pair_ask_client(ctx);
    pair_new(&pair, NULL, ctx);
    judge(&pair.client, request_rows[_i].reason);
    deviant_clear(&server);
}
END_TEST

/* A request to a client that has offered the server's list alone, or nothing.
 */
START_TEST(client_without_an_attester_refuses_to_be_asked)
{
    struct deviant server = {0};
    SSL_CTX *ctx;

    pair_setup(&(struct pair_config){.require = "server"});
    ctx = deviant_server(&server);
    pair_ask_client(ctx);
    pair_new(&pair, NULL, ctx);
    judge(&pair.client, ATLS_SCHEME_NOT_OFFERED);
    deviant_clear(&server);
}
END_TEST

START_TEST(client_that_offered_nothing_refuses_to_be_asked)
{
    struct deviant server = {0};
    SSL_CTX *ctx;

    pair_setup(&(struct pair_config){.attester = "soft.key", .policy = ""});
    ctx = deviant_server(&server);
    pair_ask_client(ctx);
    pair_new(&pair, NULL, ctx);
    pair_handshake(&pair);
    ck_assert_uint_eq(server.hello_seen.len, 0);
    ck_assert(pair.client.is_failed);
    ck_assert_int_eq(pair.client.sent_alert, 47);
    ck_assert_ptr_nonnull(
        strstr(pair.client.errors, atls_reason_text(ATLS_SCHEME_NOT_OFFERED)));
    pair_free(&pair);
    deviant_clear(&server);
}
END_TEST

#define ADD_ROWS(cases, test, rows)                                            \
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)                \
    pair_add_row(cases, test, rows[i].sentence, (int)i)

int main(void)
{
    Suite *suite = suite_create("deviant");
    TCase *server = tcase_create("server"), *client = tcase_create("client");
    TCase *requests = tcase_create("request");

    ADD_ROWS(server, server_certificate, certificate_rows);
    ADD_ROWS(server, server_message, server_rows);
    ADD_ROWS(requests, request, request_rows);
    tcase_add_test(requests, client_without_an_attester_refuses_to_be_asked);
    tcase_add_test(requests, client_that_offered_nothing_refuses_to_be_asked);
    ADD_ROWS(client, client_certificate, certificate_rows);
    ADD_ROWS(client, client_message, client_rows);
    suite_add_tcase(suite, server);
    suite_add_tcase(suite, client);
    suite_add_tcase(suite, requests);
    return pair_main(suite);
}
