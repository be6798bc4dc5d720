/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence of every format in a certificate, by vendors of our own, for its key
 * and for others. How handshakes use it is for test/pair.
 */
#include "bearer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base64url.h"
#include "binder.h"
#include "policy.h"
#include "rule.h"
#include "test/provider/vendors.h"
#include "../check_main.h"

#define CMW_OID "1.3.6.1.5.5.7.1.35"

enum { DAY = 86400 };

static struct vendors vendors;
static struct forge_folder folder;
static EVP_PKEY *key;

static const struct atls_rule rule = {.bearer_max_age_s = DAY};

static void set_up(void)
{
    forge_folder_open(&folder);
    vendors_make(folder.path);
    ck_assert(vendors_open(&vendors, folder.path));
    key = forge_ec("P-256");
}

static void tear_down(void)
{
    EVP_PKEY_free(key);
    vendors_clear(&vendors);
    forge_folder_clear(&folder);
}

static X509 *certificate_of(const char *hex, int num)
{
    const struct forge_extension once[] = {{CMW_OID, hex, false},
                                           {.oid = NULL}};
    const struct forge_extension twice[] = {{CMW_OID, hex, false},
                                            {"1.2.3", "0500", false},
                                            {CMW_OID, hex, false},
                                            {.oid = NULL}};

    return forge_x509(&(struct forge_certificate){.name = "bearer",
                                                  .key = key,
                                                  .from = FORGE_NOW,
                                                  .extensions = num == 0 ? NULL
                                                                : num == 1
                                                                    ? once
                                                                    : twice});
}

static void put_spki_hash(EVP_PKEY *of, uint8_t out[32])
{
    uint8_t *spki = NULL;
    int len = i2d_PUBKEY(of, &spki);

    ck_assert_int_eq(
        EVP_Digest(spki, (size_t)len, out, NULL, EVP_sha256(), NULL), 1);
    OPENSSL_free(spki);
}

/* 04 82 .... and the CMW, in hex */
static char *hex_of(struct atls_view cmw)
{
    static char hex[1 << 17];
    uint8_t head[4] = {4, 0x82, (uint8_t)(cmw.len >> 8), (uint8_t)cmw.len};

    ck_assert(cmw.len > 255 && cmw.len < 65536);
    atls_hex(atls_view(head, sizeof(head)), hex, sizeof(hex));
    atls_hex(cmw, hex + 8, sizeof(hex) - 8);
    return hex;
}

static X509 *bearing(const struct vendors_format *format, EVP_PKEY *for_key,
                     const char *flaw)
{
    const struct vendors_flaw as = {flaw, ""};
    ATLS_AUTO_BUF cmw = atls_buf(1 << 16);
    uint8_t hash[32];

    put_spki_hash(for_key, hash);
    vendors_evidence(&vendors, format, atls_view(hash, sizeof(hash)), &as,
                     &cmw);
    ck_assert(!cmw.failed);
    return certificate_of(hex_of(atls_buf_view(&cmw)), 1);
}

static void takes(X509 *leaf, int64_t now, enum atls_reason reason,
                  const char *words)
{
    struct atls_evidence *evidence = NULL;
    struct atls_why why = {0};

    ck_assert_reason(atls_bearer_take(leaf, &rule, now, &evidence, &why),
                     reason);
    ck_assert((evidence != NULL) == (reason == ATLS_OK));
    ck_assert_msg(strstr(why.text, words) != NULL, "%s", why.text);
    if (evidence != NULL)
        ck_assert(atls_bearer_fits(leaf, evidence));
    atls_evidence_free(evidence);
    X509_free(leaf);
}

static int num_formats(void)
{
    int num = 0;

    while (vendors_formats[num].name != NULL)
        num++;
    return num;
}

START_TEST(evidence_of_each_format_is_taken_for_the_key_of_its_certificate)
{
    takes(bearing(&vendors_formats[_i], key, ""), FORGE_NOW, ATLS_OK, "");
}
END_TEST

START_TEST(evidence_of_each_format_is_refused_for_another_key)
{
    EVP_PKEY *other = forge_ec("P-256");

    takes(bearing(&vendors_formats[_i], other, ""), FORGE_NOW,
          ATLS_KEY_MISMATCH, "is not for its key");
    EVP_PKEY_free(other);
}
END_TEST

START_TEST(evidence_of_each_format_is_refused_for_one_bit)
{
    takes(bearing(&vendors_formats[_i], key, "binder"), FORGE_NOW,
          ATLS_KEY_MISMATCH, "is not for its key");
}
END_TEST

static const struct {
    int64_t age_s;
    enum atls_reason reason;
} ages[] = {
    {0, ATLS_OK},
    {DAY, ATLS_OK},
    {DAY + 1, ATLS_EVIDENCE_STALE},
    {-60, ATLS_OK},
    {-61, ATLS_EVIDENCE_STALE},
    {INT64_C(1) << 40, ATLS_EVIDENCE_STALE},
    {-(INT64_C(1) << 40), ATLS_EVIDENCE_STALE},
};

START_TEST(certificate_is_as_old_as_the_rule_takes)
{
    takes(bearing(&vendors_formats[0], key, ""), FORGE_NOW + ages[_i].age_s,
          ages[_i].reason, ages[_i].reason == ATLS_OK ? "" : "bearer_max_age");
}
END_TEST

/* A Nitro document says when it was made, and profiles take five minutes. */
static struct atls_policy *policy_of_nitro(void)
{
    static const char head[] = "{\"profiles\":{\"p\":{",
                      tail[] = "}},\"rules\":[{}]}";
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX), text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;

    forge_x509_pem(&pem, vendors.nitro.chain[NITRO_ROOT]);
    forge_write(folder.path, "nitro.pem", atls_buf_view(&pem));
    atls_buf_text(&text, head);
    atls_buf_text(&text, vendors_format("nitro")->profile);
    atls_buf_text(&text, tail);
    ck_assert_reason(atls_policy_parse(atls_buf_view(&text), "policy",
                                       folder.path, NULL, NULL, &policy, NULL),
                     ATLS_OK);
    return policy;
}

static const struct {
    int64_t later_s;
    enum atls_reason reason;
} laters[] = {{60, ATLS_OK}, {600, ATLS_EVIDENCE_STALE}};

START_TEST(evidence_in_a_certificate_ages_as_its_profile_says)
{
    X509 *leaf = bearing(vendors_format("nitro"), key, "");
    struct atls_peer peer = {.name = "a"};
    struct atls_policy *policy = policy_of_nitro();
    struct atls_terms terms = {.policy = policy,
                               .now = (int64_t)time(NULL) + laters[_i].later_s};
    struct atls_evidence *evidence = NULL;
    struct atls_verdict verdict;

    ck_assert_reason(atls_bearer_take(leaf, &rule, FORGE_NOW, &evidence, NULL),
                     ATLS_OK);
    terms.rule = atls_policy_match(policy, &peer);
    atls_evidence_appraise(evidence, &terms, &verdict);
    ck_assert_msg(verdict.reason == laters[_i].reason, "%s", verdict.text);
    atls_evidence_free(evidence);
    atls_policy_free(policy);
    X509_free(leaf);
}
END_TEST

START_TEST(rule_without_a_bearer_takes_nothing)
{
    const struct atls_rule none = {.bearer_max_age_s = 0};
    X509 *leaf = bearing(&vendors_formats[0], key, "");
    struct atls_evidence *evidence;

    ck_assert(!atls_rule_takes_bearer(&none) && atls_rule_takes_bearer(&rule));
    ck_assert_reason(
        atls_bearer_take(leaf, &none, FORGE_NOW + 1, &evidence, NULL),
        ATLS_EVIDENCE_STALE);
    ck_assert_ptr_null(evidence);
    X509_free(leaf);
}
END_TEST

/* DER of the extension's value, and what it is. */
static const struct {
    const char *hex;
    int num; /* of extensions */
    enum atls_reason reason;
} values[] = {
    {"0c025b5d", 1, ATLS_OK}, /* "[]", which is for the CMW's parser */
    {"040181", 1, ATLS_OK},
    {"0c027b7d", 1, ATLS_OK},
    {"", 0, ATLS_BEARER_MALFORMED},
    {"0c025b5d", 2, ATLS_BEARER_MALFORMED},
    {"", 1, ATLS_BEARER_MALFORMED},
    {"04", 1, ATLS_BEARER_MALFORMED},
    {"0400", 1, ATLS_BEARER_MALFORMED},
    {"0c00", 1, ATLS_BEARER_MALFORMED},
    {"04025b5d", 1, ATLS_BEARER_MALFORMED},     /* JSON as CBOR */
    {"0c0181", 1, ATLS_BEARER_MALFORMED},       /* and the other way round */
    {"03025b5d", 1, ATLS_BEARER_MALFORMED},     /* BIT STRING */
    {"13025b5d", 1, ATLS_BEARER_MALFORMED},     /* PrintableString */
    {"84025b5d", 1, ATLS_BEARER_MALFORMED},     /* [4] */
    {"44025b5d", 1, ATLS_BEARER_MALFORMED},     /* application */
    {"240404025b5d", 1, ATLS_BEARER_MALFORMED}, /* constructed */
    {"248004025b5d0000", 1, ATLS_BEARER_MALFORMED}, /* and without a length */
    {"0c81025b5d", 1, ATLS_BEARER_MALFORMED},       /* a length that is long */
    {"0c025b", 1, ATLS_BEARER_MALFORMED},
    {"0c025b5d00", 1, ATLS_BEARER_MALFORMED},
    {"0c847fffffff5b5d", 1, ATLS_BEARER_MALFORMED},
    {"0c88ffffffffffffffff5b", 1, ATLS_BEARER_MALFORMED},
    {"1f84805b5d", 1, ATLS_BEARER_MALFORMED}, /* a tag of several bytes */
};

START_TEST(extension_is_one_string_in_der)
{
    X509 *leaf = certificate_of(values[_i].hex, values[_i].num);
    struct atls_view cmw;
    struct atls_why why = {0};

    ck_assert(atls_bearer_is(leaf) == (values[_i].num > 0));
    ck_assert_reason(atls_bearer_read(leaf, &cmw, &why), values[_i].reason);
    ck_assert((why.text[0] != '\0') == (values[_i].reason != ATLS_OK));
    if (values[_i].reason == ATLS_OK)
        ck_assert_uint_gt(cmw.len, 0);
    X509_free(leaf);
}
END_TEST

/* By the vector of the binder's "bound-server-sha256": spki and its hash */
START_TEST(challenge_is_the_digest_of_the_spki)
{
    static const char spki[] =
        "3059301306072a8648ce3d020106082a8648ce3d0301070342000460fed4ba255a9d31"
        "c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9"
        "e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
    static const char hash[] =
        "5a7a78cca4a0f420d9bc62bb669c3c2759e39f723d3ae10dcbe0f0815a07ecd4";
    ATLS_AUTO_BUF der = atls_buf(256);
    X509 *leaf = X509_new();
    const uint8_t *at;
    struct atls_secret challenge;
    char seen[65];
    EVP_PKEY *public;

    forge_hex(&der, spki);
    at = der.data;
    public = d2i_PUBKEY(NULL, &at, (long)der.len);
    ck_assert_int_eq(X509_set_pubkey(leaf, public), 1);
    ck_assert_reason(atls_binder_of_certificate(leaf, &challenge, NULL),
                     ATLS_OK);
    atls_hex(atls_secret_view(&challenge), seen, sizeof(seen));
    ck_assert_str_eq(seen, hash);
    EVP_PKEY_free(public);
    X509_free(leaf);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bearer");
    TCase *formats = tcase_create("formats"), *cases = tcase_create("bearer");

    tcase_add_unchecked_fixture(formats, set_up, tear_down);
    tcase_add_unchecked_fixture(cases, set_up, tear_down);
    tcase_add_loop_test(
        formats,
        evidence_of_each_format_is_taken_for_the_key_of_its_certificate, 0,
        num_formats());
    tcase_add_loop_test(formats,
                        evidence_of_each_format_is_refused_for_another_key, 0,
                        num_formats());
    tcase_add_loop_test(formats, evidence_of_each_format_is_refused_for_one_bit,
                        0, num_formats());
    tcase_add_loop_test(cases, certificate_is_as_old_as_the_rule_takes, 0,
                        sizeof(ages) / sizeof(ages[0]));
    tcase_add_loop_test(cases,
                        evidence_in_a_certificate_ages_as_its_profile_says, 0,
                        sizeof(laters) / sizeof(laters[0]));
    tcase_add_test(cases, rule_without_a_bearer_takes_nothing);
    tcase_add_loop_test(cases, extension_is_one_string_in_der, 0,
                        sizeof(values) / sizeof(values[0]));
    tcase_add_test(cases, challenge_is_the_digest_of_the_spki);
    suite_add_tcase(suite, formats);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
