/* SPDX-License-Identifier: Apache-2.0
 *
 * Chains from Evidence to trust anchors: which are good, and by which reason
 * the others are not.
 */
#include "certificate_cache.h"
#include "chain.h"

#include <openssl/pem.h>

#include "forge.h"
#include "forge_x509.h"
#include "../check_main.h"

enum { LEAF_SERIAL = 7, MIDDLE_SERIAL = 8, DAY = 86400 };

/* As AMD's are: RSASSA-PSS down to an EC leaf, without key identifiers. */
static EVP_PKEY *leaf_key, *other_key;
static X509 *root, *middle, *leaf, *other_root;
static struct atls_anchors anchors;
static STACK_OF(X509) * others;
static X509_CRL *root_crl, *middle_crl;

static X509 *issue(const char *name, long serial, EVP_PKEY *key, X509 *issuer,
                   bool is_ca)
{
    struct forge_certificate wanted = {.name = name,
                                       .serial = serial,
                                       .key = key,
                                       .issuer = issuer,
                                       .is_ca = is_ca,
                                       .is_pss = true};

    wanted.issuer_key = forge_rsa(issuer == root ? 0 : 1);
    return forge_x509(&wanted);
}

static void push(STACK_OF(X509) * stack, X509 *certificate)
{
    ck_assert_int_eq(X509_up_ref(certificate), 1);
    ck_assert_int_gt(sk_X509_push(stack, certificate), 0);
}

static void set_up(void)
{
    leaf_key = forge_ec("P-384");
    other_key = forge_ec("P-384");
    root = issue("ROOT", 0, forge_rsa(0), NULL, true);
    middle = issue("MIDDLE", MIDDLE_SERIAL, forge_rsa(1), root, true);
    leaf = issue("LEAF", LEAF_SERIAL, leaf_key, middle, false);
    other_root = forge_x509(&(struct forge_certificate){
        .name = "ROOT", .key = other_key, .is_ca = true});
    anchors = (struct atls_anchors){.roots = sk_X509_new_null(),
                                    .intermediates = sk_X509_new_null(),
                                    .cache = atls_chain_cache_new()};
    push(anchors.roots, root);
    others = sk_X509_new_null();
    push(others, middle);
    root_crl =
        forge_crl(root, forge_rsa(0), 0, FORGE_NOW - DAY, FORGE_NOW + 30 * DAY);
    middle_crl = forge_crl(middle, forge_rsa(1), 0, FORGE_NOW - DAY,
                           FORGE_NOW + 30 * DAY);
}

static void tear_down(void)
{
    X509_CRL_free(root_crl);
    X509_CRL_free(middle_crl);
    atls_anchors_clear(&anchors);
    atls_chain_stack_free(others);
    X509_free(root);
    X509_free(middle);
    X509_free(leaf);
    X509_free(other_root);
    EVP_PKEY_free(leaf_key);
    EVP_PKEY_free(other_key);
}

static struct atls_chain_check good(void)
{
    return (struct atls_chain_check){
        .anchors = &anchors, .leaf = leaf, .others = others, .now = FORGE_NOW};
}

static void judge(const struct atls_chain_check *check, enum atls_reason reason)
{
    struct atls_why why = {0};

    ck_assert_msg(atls_chain_verify(check, &why) == reason, "%s: %s",
                  atls_reason_name(why.reason), why.text);
    ck_assert_reason(why.reason, reason);
}

START_TEST(chain_to_an_anchor_is_good)
{
    struct atls_chain_check check = good();

    judge(&check, ATLS_OK);
    judge(&check, ATLS_OK); /* as remembered */
}
END_TEST

START_TEST(chain_that_was_good_is_not_remembered_without_its_middle)
{
    struct atls_chain_check check = good();

    judge(&check, ATLS_OK);
    check.others = NULL;
    judge(&check, ATLS_CHAIN_UNTRUSTED);
    push(anchors.intermediates, middle);
    judge(&check, ATLS_OK);
}
END_TEST

START_TEST(chain_to_another_root_of_that_name_is_refused)
{
    struct atls_chain_check check = good();

    X509_free(sk_X509_pop(anchors.roots));
    push(anchors.roots, other_root);
    judge(&check, ATLS_CHAIN_UNTRUSTED);
    push(others, root); /* what the peer sends is no anchor */
    judge(&check, ATLS_CHAIN_UNTRUSTED);
}
END_TEST

START_TEST(chain_may_end_in_an_anchor_that_is_not_self_signed)
{
    struct atls_chain_check check = good();

    X509_free(sk_X509_pop(anchors.roots));
    push(anchors.roots, middle);
    check.others = NULL;
    judge(&check, ATLS_OK);
}
END_TEST

START_TEST(chain_in_any_order_is_good)
{
    struct atls_chain_check check = good();

    X509_free(sk_X509_pop(others));
    push(others, root);
    push(others, leaf);
    push(others, middle);
    judge(&check, ATLS_OK);
}
END_TEST

START_TEST(chain_is_judged_at_the_time_that_is_given)
{
    struct atls_chain_check check = good();

    judge(&check, ATLS_OK);
    check.now = FORGE_NOW + FORGE_YEAR - 1;
    judge(&check, ATLS_OK);
    check.now = FORGE_NOW + FORGE_YEAR + 1;
    judge(&check, ATLS_CHAIN_EXPIRED);
    check.now = FORGE_NOW - FORGE_YEAR - 1;
    judge(&check, ATLS_CHAIN_EXPIRED);
    check.now = FORGE_NOW - FORGE_YEAR;
    judge(&check, ATLS_OK);
}
END_TEST

START_TEST(chain_through_a_certificate_that_is_no_ca_is_refused)
{
    struct atls_chain_check check = good();
    X509 *below =
        forge_x509(&(struct forge_certificate){.name = "BELOW",
                                               .key = other_key,
                                               .issuer = leaf,
                                               .issuer_key = leaf_key});

    push(others, leaf);
    check.leaf = below;
    judge(&check, ATLS_CHAIN_UNTRUSTED);
    X509_free(below);
}
END_TEST

START_TEST(chain_by_a_weak_digest_is_refused)
{
    struct atls_chain_check check = good();

    check.leaf =
        forge_x509(&(struct forge_certificate){.name = "WEAK",
                                               .key = leaf_key,
                                               .issuer = middle,
                                               .issuer_key = forge_rsa(1),
                                               .digest = "SHA1"});
    judge(&check, ATLS_CHAIN_UNTRUSTED);
    X509_free(check.leaf);
}
END_TEST

START_TEST(unknown_critical_extension_is_refused)
{
    const struct forge_extension extensions[] = {
        {"1.3.6.1.4.1.3704.1.99", "0500", true}, {0}};
    struct atls_chain_check check = good();

    check.leaf =
        forge_x509(&(struct forge_certificate){.name = "CRITICAL",
                                               .key = leaf_key,
                                               .issuer = middle,
                                               .issuer_key = forge_rsa(1),
                                               .extensions = extensions});
    judge(&check, ATLS_CHAIN_UNTRUSTED);
    X509_free(check.leaf);
}
END_TEST

/* Which CRLs there are, and what that makes of the chain. */
enum { NONE, GOOD, REVOKED, STALE, FORGED, EARLY };
static const struct crl_row {
    int of_root, of_middle;
    bool leaf_has_no_crl;
    int64_t grace_s;
    enum atls_reason reason;
} crl_rows[] = {
    {GOOD, GOOD, false, 0, ATLS_OK},
    {GOOD, NONE, false, 0, ATLS_COLLATERAL_MISSING},
    {NONE, GOOD, false, 0, ATLS_COLLATERAL_MISSING},
    {NONE, NONE, false, 0, ATLS_COLLATERAL_MISSING},
    {GOOD, NONE, true, 0, ATLS_OK},
    {NONE, NONE, true, 0, ATLS_COLLATERAL_MISSING},
    {REVOKED, GOOD, false, 0, ATLS_CHAIN_REVOKED},
    {REVOKED, NONE, true, 0, ATLS_CHAIN_REVOKED},
    {GOOD, REVOKED, false, 0, ATLS_CHAIN_REVOKED},
    {GOOD, REVOKED, true, 0, ATLS_CHAIN_REVOKED},
    {STALE, GOOD, false, 0, ATLS_COLLATERAL_STALE},
    {GOOD, STALE, false, 0, ATLS_COLLATERAL_STALE},
    {GOOD, STALE, false, 2 * DAY, ATLS_OK},
    {GOOD, STALE, false, DAY / 2, ATLS_COLLATERAL_STALE},
    {EARLY, GOOD, false, 2 * DAY, ATLS_COLLATERAL_STALE},
    {FORGED, GOOD, false, 0, ATLS_COLLATERAL_MISSING},
    {GOOD, FORGED, false, 0, ATLS_COLLATERAL_MISSING},
};

static void push_crl(STACK_OF(X509_CRL) * crls, int state, X509 *issuer,
                     EVP_PKEY *key, long serial)
{
    int64_t from = FORGE_NOW - 3 * DAY, until = FORGE_NOW + DAY;

    if (state == NONE)
        return;
    if (state == STALE)
        until = FORGE_NOW - DAY;
    if (state == EARLY)
        from = FORGE_NOW + DAY / 2;
    ck_assert_int_gt(
        sk_X509_CRL_push(crls,
                         forge_crl(issuer, state == FORGED ? other_key : key,
                                   state == REVOKED ? serial : 0, from, until)),
        0);
}

START_TEST(crls_are_asked)
{
    const struct crl_row *row = &crl_rows[_i];
    struct atls_chain_check check = good();

    check.crls = sk_X509_CRL_new_null();
    check.leaf_has_no_crl = row->leaf_has_no_crl;
    check.grace_s = row->grace_s;
    push_crl(check.crls, row->of_root, root, forge_rsa(0), MIDDLE_SERIAL);
    push_crl(check.crls, row->of_middle, middle, forge_rsa(1), LEAF_SERIAL);
    judge(&check, row->reason);
    judge(&check, row->reason);
    sk_X509_CRL_pop_free(check.crls, X509_CRL_free);
}
END_TEST

/* Whatever is wrong with a CRL of this chain, it is not passed over. */
static const struct crl_row optional_rows[] = {
    {NONE, NONE, true, 0, ATLS_OK},
    {NONE, NONE, false, 0, ATLS_OK},
    {GOOD, NONE, true, 0, ATLS_OK},
    {GOOD, NONE, false, 0, ATLS_COLLATERAL_MISSING},
    {NONE, GOOD, true, 0, ATLS_COLLATERAL_MISSING},
    {FORGED, NONE, true, 0, ATLS_COLLATERAL_MISSING},
    {STALE, NONE, true, 0, ATLS_COLLATERAL_STALE},
    {REVOKED, NONE, true, 0, ATLS_CHAIN_REVOKED},
};

START_TEST(crls_are_optional_where_none_is_of_the_chain)
{
    const struct crl_row *row = &optional_rows[_i];
    struct atls_chain_check check = good();

    check.crls = sk_X509_CRL_new_null();
    check.leaf_has_no_crl = row->leaf_has_no_crl;
    check.crls_are_optional = true;
    push_crl(check.crls, row->of_root, root, forge_rsa(0), MIDDLE_SERIAL);
    push_crl(check.crls, row->of_middle, middle, forge_rsa(1), LEAF_SERIAL);
    push_crl(check.crls, GOOD, leaf, leaf_key, 0); /* which issues nothing */
    judge(&check, row->reason);
    check.crls_are_optional = false;
    judge(&check, row->of_root == NONE ? ATLS_COLLATERAL_MISSING : row->reason);
    sk_X509_CRL_pop_free(check.crls, X509_CRL_free);
}
END_TEST

/* With the other's keys: libcrypto finds issuers by name and kind of key. */
START_TEST(chain_that_has_only_the_names_is_untrusted_whatever_crls_say)
{
    const struct crl_row *row = &crl_rows[_i];
    struct atls_chain_check check = good();
    struct forge_certificate wanted = {.name = "MIDDLE",
                                       .serial = MIDDLE_SERIAL,
                                       .key = forge_rsa(0),
                                       .issuer = root,
                                       .issuer_key = forge_rsa(1),
                                       .is_ca = true,
                                       .is_pss = true};
    X509 *other_middle = forge_x509(&wanted);

    wanted = (struct forge_certificate){.name = "LEAF",
                                        .serial = LEAF_SERIAL,
                                        .key = leaf_key,
                                        .issuer = other_middle,
                                        .issuer_key = forge_rsa(0),
                                        .is_pss = true};
    check.leaf = forge_x509(&wanted);
    X509_free(sk_X509_pop(others));
    push(others, other_middle);
    check.crls = sk_X509_CRL_new_null();
    check.leaf_has_no_crl = row->leaf_has_no_crl;
    push_crl(check.crls, row->of_root, root, forge_rsa(0), MIDDLE_SERIAL);
    push_crl(check.crls, row->of_middle, middle, forge_rsa(1), LEAF_SERIAL);
    judge(&check, ATLS_CHAIN_UNTRUSTED);
    sk_X509_CRL_pop_free(check.crls, X509_CRL_free);
    X509_free(check.leaf);
    X509_free(other_middle);
}
END_TEST

START_TEST(good_chain_is_remembered_no_longer_than_its_crls_hold)
{
    struct atls_chain_check check = good();

    check.crls = sk_X509_CRL_new_null();
    push_crl(check.crls, GOOD, root, forge_rsa(0), 0);
    push_crl(check.crls, GOOD, middle, forge_rsa(1), 0);
    judge(&check, ATLS_OK);
    check.now = FORGE_NOW + DAY - 1;
    judge(&check, ATLS_OK);
    check.now = FORGE_NOW + DAY + 1;
    judge(&check, ATLS_COLLATERAL_STALE);
    sk_X509_CRL_pop_free(check.crls, X509_CRL_free);
}
END_TEST

START_TEST(good_chain_is_remembered_for_these_crls_alone)
{
    struct atls_chain_check check = good();

    check.crls = sk_X509_CRL_new_null();
    push_crl(check.crls, GOOD, root, forge_rsa(0), 0);
    push_crl(check.crls, GOOD, middle, forge_rsa(1), 0);
    judge(&check, ATLS_OK);
    X509_CRL_free(sk_X509_CRL_pop(check.crls));
    push_crl(check.crls, REVOKED, middle, forge_rsa(1), LEAF_SERIAL);
    judge(&check, ATLS_CHAIN_REVOKED);
    sk_X509_CRL_pop_free(check.crls, X509_CRL_free);
}
END_TEST

static enum atls_reason read_into(STACK_OF(X509) * chain, struct atls_buf *text)
{
    struct atls_why why = {0};
    enum atls_reason reason = atls_chain_read(atls_buf_view(text), chain, &why);

    ck_assert_reason(why.reason, reason);
    return reason;
}

START_TEST(certificates_are_read_from_pem_and_der)
{
    ATLS_AUTO_CHAIN STACK_OF(X509) *chain = sk_X509_new_null();
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);

    forge_x509_pem(&text, leaf);
    forge_x509_pem(&text, middle);
    atls_buf_u8(&text, 0);
    atls_buf_u8(&text, 0);
    ck_assert_reason(read_into(chain, &text), ATLS_OK);
    atls_buf_clear(&text);
    forge_x509_der(&text, root);
    ck_assert_reason(read_into(chain, &text), ATLS_OK);
    ck_assert_int_eq(sk_X509_num(chain), 3);
    ck_assert_int_eq(X509_cmp(sk_X509_value(chain, 0), leaf), 0);
    ck_assert_int_eq(X509_cmp(sk_X509_value(chain, 1), middle), 0);
    ck_assert_int_eq(X509_cmp(sk_X509_value(chain, 2), root), 0);
}
END_TEST

START_TEST(certificate_in_der_is_refused_when_cut_anywhere_or_longer)
{
    ATLS_AUTO_CHAIN STACK_OF(X509) *chain = sk_X509_new_null();
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    size_t len;

    forge_x509_der(&text, leaf);
    len = text.len;
    for (text.len = 0; text.len < len; text.len++)
        ck_assert_reason(read_into(chain, &text), ATLS_EVIDENCE_MALFORMED);
    atls_buf_u8(&text, 0);
    ck_assert_reason(read_into(chain, &text), ATLS_EVIDENCE_MALFORMED);
    ck_assert_int_eq(sk_X509_num(chain), 0);
}
END_TEST

static const char *const bad_texts[] = {
    "",
    "no PEM at all",
    "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
    "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
    "-----BEGIN CERTIFICATE-----\nMAA=\n",
    "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n",
    ("-----BEGIN TRUSTED CERTIFICATE-----\nMAA=\n"
     "-----END TRUSTED CERTIFICATE-----\n"),
};

START_TEST(text_that_holds_no_certificate_is_refused)
{
    ATLS_AUTO_CHAIN STACK_OF(X509) *chain = sk_X509_new_null();
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);

    atls_buf_text(&text, bad_texts[_i]);
    ck_assert_reason(read_into(chain, &text), ATLS_EVIDENCE_MALFORMED);
}
END_TEST

START_TEST(good_certificate_before_a_broken_one_is_refused)
{
    ATLS_AUTO_CHAIN STACK_OF(X509) *chain = sk_X509_new_null();
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);

    forge_x509_pem(&text, leaf);
    atls_buf_text(&text, bad_texts[3]);
    ck_assert_reason(read_into(chain, &text), ATLS_EVIDENCE_MALFORMED);
}
END_TEST

START_TEST(nine_certificates_are_refused)
{
    ATLS_AUTO_CHAIN STACK_OF(X509) *chain = sk_X509_new_null();
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);

    for (int i = 0; i < ATLS_CHAIN_MAX_CERTIFICATES; i++)
        forge_x509_pem(&text, leaf);
    ck_assert_reason(read_into(chain, &text), ATLS_OK);
    ck_assert_reason(read_into(chain, &text), ATLS_EVIDENCE_MALFORMED);
}
END_TEST

START_TEST(certificate_beyond_4096_bytes_is_refused)
{
    static char hex[2 * 4000 + 9] = "04820fa0";
    const struct forge_extension extensions[] = {
        {"1.3.6.1.4.1.3704.1.99", hex, false}, {0}};
    ATLS_AUTO_CHAIN STACK_OF(X509) *chain = sk_X509_new_null();
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    X509 *large;

    memset(hex + 8, '0', 2 * 4000);
    large = forge_x509(&(struct forge_certificate){
        .name = "LARGE", .key = leaf_key, .extensions = extensions});
    forge_x509_der(&text, large);
    ck_assert_reason(read_into(chain, &text), ATLS_EVIDENCE_MALFORMED);
    X509_free(large);
}
END_TEST

/* Its bytes are decoded to itself. */
static bool is_kept(X509 *certificate)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    bool is_itself;
    X509 *out;

    forge_x509_der(&text, certificate);
    out = atls_certificate_read(atls_buf_view(&text));
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(X509_cmp(out, certificate), 0);
    is_itself = out == certificate;
    X509_free(out);
    return is_itself;
}

START_TEST(certificates_of_a_good_chain_are_decoded_once)
{
    struct atls_chain_check check = good();

    judge(&check, ATLS_OK);
    ck_assert(is_kept(leaf));
    ck_assert(is_kept(middle));
    check.leaf = X509_dup(leaf); /* the same bytes */
    judge(&check, ATLS_OK);
    ck_assert(is_kept(leaf));
    X509_free(check.leaf);
}
END_TEST

START_TEST(certificates_of_a_refused_chain_are_not_kept)
{
    struct atls_chain_check check = good();

    check.now += 2 * FORGE_YEAR;
    judge(&check, ATLS_CHAIN_EXPIRED);
    ck_assert(!is_kept(leaf));
    ck_assert(!is_kept(middle));
}
END_TEST

START_TEST(certificate_that_is_kept_stands_for_no_other_bytes)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    X509 *other;

    atls_certificate_keep(leaf);
    forge_x509_der(&text, leaf);
    text.data[text.len - 1] ^= 1; /* of the signature */
    other = atls_certificate_read(atls_buf_view(&text));
    ck_assert_ptr_nonnull(other);
    ck_assert_ptr_ne(other, leaf);
    ck_assert_int_ne(X509_cmp(other, leaf), 0);
    X509_free(other);
    text.data[text.len - 1] ^= 1;
    atls_buf_u8(&text, 0);
    ck_assert_ptr_null(atls_certificate_read(atls_buf_view(&text)));
}
END_TEST

START_TEST(newer_certificates_take_the_place_of_older_ones)
{
    enum { MANY = 128 };

    atls_certificate_keep(leaf);
    atls_certificate_keep(middle);
    for (long i = 0; i < MANY - 1; i++) {
        X509 *next = forge_x509(&(struct forge_certificate){
            .name = "NEXT", .key = other_key, .serial = i + 1});

        atls_certificate_keep(next);
        atls_certificate_keep(next);
        ck_assert(is_kept(next));
        X509_free(next);
    }
    ck_assert(!is_kept(leaf));
    ck_assert(is_kept(middle));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("chain");
    TCase *tests = tcase_create("chain");

    tcase_set_timeout(tests, 60);
    (void)forge_rsa(0); /* once, not in each test's process */
    (void)forge_rsa(1);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, chain_to_an_anchor_is_good);
    tcase_add_test(tests,
                   chain_that_was_good_is_not_remembered_without_its_middle);
    tcase_add_test(tests, chain_to_another_root_of_that_name_is_refused);
    tcase_add_test(tests, chain_may_end_in_an_anchor_that_is_not_self_signed);
    tcase_add_test(tests, chain_in_any_order_is_good);
    tcase_add_test(tests, chain_is_judged_at_the_time_that_is_given);
    tcase_add_test(tests, chain_through_a_certificate_that_is_no_ca_is_refused);
    tcase_add_test(tests, chain_by_a_weak_digest_is_refused);
    tcase_add_test(tests, unknown_critical_extension_is_refused);
    tcase_add_loop_test(tests, crls_are_asked, 0,
                        sizeof(crl_rows) / sizeof(crl_rows[0]));
    tcase_add_loop_test(tests, crls_are_optional_where_none_is_of_the_chain, 0,
                        sizeof(optional_rows) / sizeof(optional_rows[0]));
    tcase_add_loop_test(
        tests, chain_that_has_only_the_names_is_untrusted_whatever_crls_say, 0,
        sizeof(crl_rows) / sizeof(crl_rows[0]));
    tcase_add_test(tests,
                   good_chain_is_remembered_no_longer_than_its_crls_hold);
    tcase_add_test(tests, good_chain_is_remembered_for_these_crls_alone);
    tcase_add_test(tests, certificates_are_read_from_pem_and_der);
    tcase_add_test(tests,
                   certificate_in_der_is_refused_when_cut_anywhere_or_longer);
    tcase_add_loop_test(tests, text_that_holds_no_certificate_is_refused, 0,
                        sizeof(bad_texts) / sizeof(bad_texts[0]));
    tcase_add_test(tests, good_certificate_before_a_broken_one_is_refused);
    tcase_add_test(tests, nine_certificates_are_refused);
    tcase_add_test(tests, certificate_beyond_4096_bytes_is_refused);
    tcase_add_test(tests, certificates_of_a_good_chain_are_decoded_once);
    tcase_add_test(tests, certificates_of_a_refused_chain_are_not_kept);
    tcase_add_test(tests, certificate_that_is_kept_stands_for_no_other_bytes);
    tcase_add_test(tests, newer_certificates_take_the_place_of_older_ones);
    suite_add_tcase(suite, tests);
    return check_main(suite);
}
