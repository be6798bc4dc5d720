/* SPDX-License-Identifier: Apache-2.0
 *
 * When collateral ends, what is missing, and what the log says of it.
 */
#include "expiry_log.h"

#include <stdio.h>
#include <string.h>

#include "forge_snp.h"
#include "forge_tcb.h"
#include "../check_main.h"

enum { DAY = 86400, HOUR = 3600, NOW = FORGE_NOW, MAX_SEEN = 96 };

static struct forge_snp chip;
static struct forge_dcap dcap;
static struct forge_folder folder;
static struct atls_policy *policy;
static char log_path[128];
static struct atls_log *log_file;

static struct atls_expiry seen[MAX_SEEN];
static size_t num_seen;

static void set_up(void)
{
    char target[160];

    num_seen = 0;
    policy = NULL;
    forge_folder_open(&folder);
    snprintf(log_path, sizeof(log_path), "%s/log", folder.path);
    snprintf(target, sizeof(target), "file:%s", log_path);
    ck_assert_reason(atls_log_open(target, &log_file, NULL), ATLS_OK);
    forge_snp_open(&chip, ATLS_SNP_MILAN, forge_nonce(FORGE_NONCE));
    chip.from = NOW - 300 * DAY;
    chip.until = NOW + 300 * DAY;
    forge_dcap_open(&dcap);
}

static void tear_down(void)
{
    atls_policy_free(policy);
    atls_log_free(log_file);
    forge_folder_clear(&folder);
    forge_dcap_clear(&dcap);
    forge_snp_clear(&chip);
}

static void keep(void *arg, const struct atls_expiry *expiry)
{
    (void)arg;
    ck_assert_uint_lt(num_seen, MAX_SEEN);
    seen[num_seen++] = *expiry;
}

static const struct atls_expiry *find(const char *kind, const char *of)
{
    for (size_t i = 0; i < num_seen; i++)
        if (strcmp(seen[i].kind, kind) == 0 &&
            (of == NULL || strcmp(seen[i].of, of) == 0))
            return &seen[i];
    return NULL;
}

static void put_crl(const char *name, int64_t from, int64_t until)
{
    X509_CRL *crl;
    uint8_t *der = NULL;
    int len;

    forge_snp_certify(&chip);
    crl = forge_crl(chip.ark, forge_rsa(0), 0, from, until);
    len = i2d_X509_CRL(crl, &der);
    forge_folder_put(&folder, name, atls_view(der, (size_t)len));
    OPENSSL_free(der);
    X509_CRL_free(crl);
}

static void put_vcek(void)
{
    ATLS_AUTO_BUF der = atls_buf(FORGE_MAX);

    forge_snp_certify(&chip);
    forge_x509_der(&der, chip.certificate);
    forge_folder_put(&folder, "vcek.der", atls_buf_view(&der));
}

/* The profile "vm"; @ stands for the folder. */
static void read_policy(X509 *root, const char *format, const char *more)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_why why = {0};

    atls_buf_text(&text, "{\"profiles\":{\"vm\":{\"format\":\"");
    atls_buf_text(&text, format);
    atls_buf_text(&text, "\",\"any\":true,\"trust_anchors\":[\"");
    forge_x509_json(&text, root);
    atls_buf_text(&text, "\"]");
    for (; *more != '\0'; more++)
        if (*more == '@')
            atls_buf_text(&text, folder.path);
        else
            atls_buf_u8(&text, (uint8_t)*more);
    atls_buf_text(&text, "}}}");
    atls_policy_free(policy);
    ck_assert_msg(atls_policy_parse(atls_buf_view(&text), "p", "", NULL, NULL,
                                    &policy, &why) == ATLS_OK,
                  "%s", why.text);
}

static void look_at_policy(X509 *root, const char *format, const char *more)
{
    read_policy(root, format, more);
    num_seen = 0;
    ck_assert(atls_policy_expiries(policy, keep, NULL));
}

/* Times and states */

static const struct soon_row {
    const char *sentence;
    int64_t life_s, ahead_s;
} soon_rows[] = {
    {"of 30 days 7 are ahead", 30 * DAY, 7 * DAY},
    {"of 7 years 7 days are ahead", 7 * 365 * DAY, 7 * DAY},
    {"of 21 days a third is 7", 21 * DAY, 7 * DAY},
    {"of 15 days 5 are ahead", 15 * DAY, 5 * DAY},
    {"of a day 8 hours are ahead", DAY, 8 * HOUR},
    {"of no life nothing is ahead", 0, 0},
};

START_TEST(soon_is_a_third_of_its_life_or_seven_days)
{
    const struct soon_row *row = &soon_rows[_i];
    const struct atls_expiry expiry = {
        .issued = NOW, .next = NOW + row->life_s, .end = NOW + row->life_s};

    ck_assert_int_eq(atls_expiry_soon(&expiry), expiry.next - row->ahead_s);
}
END_TEST

START_TEST(states_follow_one_another)
{
    const struct atls_expiry expiry = {.issued = NOW,
                                       .next = NOW + 30 * DAY,
                                       .end = NOW + 35 * DAY}; /* grace 5d */
    const struct atls_expiry never = {
        .issued = NOW, .next = ATLS_EXPIRY_NEVER, .end = ATLS_EXPIRY_NEVER};
    const struct atls_expiry missing = {.is_missing = true};

    ck_assert_int_eq(atls_expiry_state(&expiry, NOW), ATLS_EXPIRY_FRESH);
    ck_assert_int_eq(atls_expiry_state(&expiry, NOW + 23 * DAY - 1),
                     ATLS_EXPIRY_FRESH);
    ck_assert_int_eq(atls_expiry_state(&expiry, NOW + 23 * DAY),
                     ATLS_EXPIRY_SOON);
    ck_assert_int_eq(atls_expiry_state(&expiry, NOW + 35 * DAY - 1),
                     ATLS_EXPIRY_SOON);
    ck_assert_int_eq(atls_expiry_state(&expiry, NOW + 35 * DAY),
                     ATLS_EXPIRY_STALE);
    ck_assert_int_eq(atls_expiry_state(&never, NOW + 9000 * (int64_t)DAY),
                     ATLS_EXPIRY_FRESH);
    ck_assert_int_eq(atls_expiry_state(&missing, NOW), ATLS_EXPIRY_MISSING);
    ck_assert_str_eq(atls_expiry_name(ATLS_EXPIRY_SOON), "soon");
}
END_TEST

static const struct sentence_row {
    const char *sentence;
    int64_t at;
    bool is_missing;
    const char *says;
} sentence_rows[] = {
    {"what ends says when and whose move it is", NOW + 10 * DAY, false,
     "CRL of ARK-Milan ends 2026-01-31T00:00:00Z, 20 d from now: atls "
     "collateral fetch renews it"},
    {"what is in grace says until when", NOW + 31 * DAY, false,
     "CRL of ARK-Milan ended 2026-01-31T00:00:00Z, 24 h ago, and is taken "
     "until 2026-02-02T00:00:00Z by \"grace\": atls collateral fetch renews "
     "it"},
    {"what has ended says so", NOW + 40 * DAY, false,
     "CRL of ARK-Milan ended 2026-01-31T00:00:00Z, 10 d ago: atls collateral "
     "fetch renews it"},
    {"what is missing says where", NOW, true,
     "CRL of ARK-Milan is not in box: atls collateral fetch brings it"},
};

START_TEST(sentence_says_it)
{
    const struct sentence_row *row = &sentence_rows[_i];
    const struct atls_expiry expiry = {.kind = "CRL",
                                       .of = "ARK-Milan",
                                       .folder = "box",
                                       .is_missing = row->is_missing,
                                       .issued = NOW,
                                       .next = NOW + 30 * DAY,
                                       .end = NOW + 32 * DAY};
    char text[ATLS_EXPIRY_SENTENCE];

    atls_expiry_sentence(&expiry, row->at, text, sizeof(text));
    ck_assert_str_eq(text, row->says);
}
END_TEST

/* What there is */

START_TEST(profile_of_snp_has_keys_crls_and_trust_anchors)
{
    const struct atls_expiry *item;

    put_vcek();
    put_crl("ark.crl", NOW - DAY, NOW + 30 * DAY);
    look_at_policy(chip.ark, "snp", ",\"collateral\":\"@\",\"grace\":\"2d\"");
    ck_assert_uint_eq(num_seen, 3);
    item = find("VCEK", NULL);
    ck_assert_ptr_nonnull(item);
    ck_assert_ptr_nonnull(strstr(item->of, "Milan, chip c1c1c1c1"));
    ck_assert_ptr_nonnull(strstr(item->of, "TCB 04000000000018d9"));
    ck_assert_int_eq(item->issued, NOW - 300 * DAY);
    ck_assert_int_eq(item->next, NOW + 300 * DAY);
    ck_assert_int_eq(item->end, item->next);
    item = find("CRL", "ARK-Milan");
    ck_assert_ptr_nonnull(item);
    ck_assert_int_eq(item->issued, NOW - DAY);
    ck_assert_int_eq(item->next, NOW + 30 * DAY);
    ck_assert_int_eq(item->end, NOW + 32 * DAY);
    ck_assert_str_eq(item->profile, "vm");
    ck_assert_str_eq(item->folder, folder.path);
    item = find("trust anchor", "ARK-Milan");
    ck_assert_ptr_nonnull(item);
    ck_assert_ptr_null(item->folder);
}
END_TEST

START_TEST(vlek_is_told_with_its_cloud)
{
    chip.leaf.csp_id = "a cloud";
    put_vcek();
    look_at_policy(chip.ark, "snp", ",\"collateral\":\"@\"");
    ck_assert_ptr_nonnull(
        find("VLEK", "Milan, CSP a cloud, TCB 04000000000018d9"));
}
END_TEST

START_TEST(of_several_crls_the_one_that_lasts_counts)
{
    put_crl("old.crl", NOW - 40 * DAY, NOW - 10 * DAY);
    put_crl("new.crl", NOW - DAY, NOW + 30 * DAY);
    put_crl("older.crl", NOW - 80 * DAY, NOW - 50 * DAY);
    look_at_policy(chip.ark, "snp", ",\"collateral\":\"@\"");
    ck_assert_uint_eq(num_seen, 2);
    ck_assert_int_eq(find("CRL", "ARK-Milan")->next, NOW + 30 * DAY);
}
END_TEST

START_TEST(crl_that_must_be_there_is_missed)
{
    put_vcek();
    look_at_policy(chip.ark, "snp", ",\"collateral\":\"@\",\"crl\":true");
    ck_assert(find("CRL", "the ARK")->is_missing);
    look_at_policy(chip.ark, "snp", ",\"crl\":true");
    ck_assert(find("CRL", "the ARK")->is_missing);
    look_at_policy(chip.ark, "snp", ",\"collateral\":\"@\"");
    ck_assert_ptr_null(find("CRL", "the ARK"));
}
END_TEST

static void put_document(const char *name, const struct forge_tcb *tcb,
                         bool is_info)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);

    if (is_info)
        forge_tcb_info(&dcap, tcb, &text);
    else
        forge_tcb_identity(&dcap, tcb, &text);
    forge_folder_put(&folder, name, atls_buf_view(&text));
}

static void put_tcb_signer(void)
{
    static const int signer[] = {FORGE_DCAP_TCB, -1};
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);

    forge_dcap_pem(&dcap, &pem, signer);
    forge_folder_put(&folder, "signer.pem", atls_buf_view(&pem));
}

static void look_at_tdx(const char *more)
{
    look_at_policy(dcap.certificates[FORGE_DCAP_ROOT], "tdx", more);
}

START_TEST(profile_of_tdx_has_documents)
{
    const struct forge_tcb tcb = {
        .is_td = true, .issued = NOW - DAY, .next = NOW + 29 * DAY};
    const struct atls_expiry *item;

    put_tcb_signer();
    put_document("info.json", &tcb, true);
    put_document("identity.json", &tcb, false);
    look_at_tdx(",\"collateral\":\"@\",\"grace\":\"3d\"");
    item = find("TCB info", "TDX, FMSPC 50806f000000");
    ck_assert_ptr_nonnull(item);
    ck_assert_int_eq(item->issued, NOW - DAY);
    ck_assert_int_eq(item->next, NOW + 29 * DAY);
    ck_assert_int_eq(item->end, NOW + 32 * DAY);
    ck_assert_ptr_nonnull(find("QE identity", "TDX"));
    ck_assert(find("CRL", "Intel's CAs")->is_missing);
    ck_assert_ptr_null(find("certificate", "Intel SGX TCB Signing"));
}
END_TEST

START_TEST(document_ends_with_its_signer)
{
    const struct forge_tcb tcb = {
        .is_td = true, .issued = NOW - DAY, .next = NOW + 29 * DAY};
    const struct atls_expiry *item;

    forge_dcap_expire(&dcap, FORGE_DCAP_TCB, NOW + 5 * DAY);
    put_tcb_signer();
    put_document("info.json", &tcb, true);
    look_at_tdx(",\"collateral\":\"@\",\"grace\":\"3d\"");
    item = find("TCB info", NULL);
    ck_assert_int_eq(item->next, NOW + 5 * DAY);
    ck_assert_int_eq(item->end, NOW + 5 * DAY);
}
END_TEST

START_TEST(documents_of_another_tee_are_no_use)
{
    const struct forge_tcb tcb = {
        .is_td = false, .issued = NOW - DAY, .next = NOW + 29 * DAY};

    put_tcb_signer();
    put_document("info.json", &tcb, true);
    put_document("identity.json", &tcb, false);
    look_at_tdx(",\"collateral\":\"@\"");
    ck_assert(find("TCB info", "TDX")->is_missing);
    ck_assert(find("QE identity", "TDX")->is_missing);
    ck_assert(!find("TCB info", "SGX, FMSPC 50806f000000")->is_missing);
}
END_TEST

/* The log */

static unsigned count_lines(const char *text)
{
    static char line[4096];
    FILE *file = fopen(log_path, "r");
    unsigned num = 0;

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file) != NULL)
        num += strstr(line, text) != NULL;
    fclose(file);
    return num;
}

START_TEST(log_tells_each_item_once_a_day)
{
    struct atls_expiry_log said = {.next = 0};
    int64_t now = NOW + 23 * DAY;

    put_crl("ark.crl", NOW, NOW + 30 * DAY);
    read_policy(chip.ark, "snp", ",\"collateral\":\"@\"");
    atls_expiry_log_say(&said, policy, NOW, log_file);
    ck_assert_uint_eq(count_lines("CRL of ARK-Milan"), 0);
    ck_assert_int_eq(said.next, NOW + DAY);
    atls_expiry_log_say(&said, policy, now - HOUR, log_file);
    ck_assert_int_eq(said.next, now); /* when it is soon */
    for (int hour = 0; hour < 24; hour++)
        atls_expiry_log_say(&said, policy, now + hour * HOUR, log_file);
    ck_assert_uint_eq(count_lines("CRL of ARK-Milan ends"), 1);
    ck_assert_uint_eq(count_lines("profile vm"), 1);
    ck_assert_uint_eq(count_lines("\"warning\""), 1);
    ck_assert_int_eq(said.next, now + DAY);
    atls_expiry_log_say(&said, policy, now + DAY, log_file);
    ck_assert_uint_eq(count_lines("CRL of ARK-Milan ends"), 2);
}
END_TEST

START_TEST(log_tells_at_once_that_an_item_has_ended)
{
    struct atls_expiry_log said = {.next = 0};
    int64_t end = NOW + 30 * DAY;

    put_crl("ark.crl", NOW, end);
    read_policy(chip.ark, "snp", ",\"collateral\":\"@\"");
    atls_expiry_log_say(&said, policy, end - HOUR, log_file);
    ck_assert_int_eq(said.next, end);
    atls_expiry_log_say(&said, policy, end, log_file);
    ck_assert_uint_eq(count_lines("CRL of ARK-Milan ended"), 1);
    ck_assert_uint_eq(count_lines("\"error\""), 1);
}
END_TEST

START_TEST(log_tells_of_a_renewed_item_anew)
{
    struct atls_expiry_log said = {.next = 0};

    put_crl("ark.crl", NOW - 27 * DAY, NOW + 3 * DAY);
    read_policy(chip.ark, "snp", ",\"collateral\":\"@\"");
    atls_expiry_log_say(&said, policy, NOW, log_file);
    put_crl("ark.crl", NOW - 25 * DAY, NOW + 5 * DAY);
    read_policy(chip.ark, "snp", ",\"collateral\":\"@\"");
    atls_expiry_log_say(&said, policy, NOW, log_file);
    atls_expiry_log_say(&said, policy, NOW, log_file);
    ck_assert_uint_eq(count_lines("CRL of ARK-Milan ends"), 2);
}
END_TEST

START_TEST(log_tells_of_many_in_few_lines)
{
    struct forge_tcb tcb = {
        .is_td = true, .issued = NOW - 29 * DAY, .next = NOW + DAY};
    struct atls_expiry_log said = {.next = 0};
    char name[16], fmspc[16];

    put_tcb_signer();
    for (unsigned i = 0; i < ATLS_EXPIRY_LOG_MAX + 10; i++) {
        snprintf(name, sizeof(name), "%u.json", i);
        snprintf(fmspc, sizeof(fmspc), "%012x", i);
        tcb.fmspc = fmspc;
        put_document(name, &tcb, true);
    }
    read_policy(dcap.certificates[FORGE_DCAP_ROOT], "tdx",
                ",\"collateral\":\"@\"");
    atls_expiry_log_say(&said, policy, NOW, log_file);
    ck_assert_uint_eq(count_lines("profile vm"), ATLS_EXPIRY_LOG_MAX);
    ck_assert_uint_eq(count_lines("12 more that end or have ended"), 1);
}
END_TEST

static void add_row(TCase *cases, const TTest *test, const char *sentence,
                    int row)
{
    static TTest named[32];
    static size_t num;
    TTest *one = &named[num++];

    *one = *test;
    one->name = sentence;
    tcase_add_loop_test(cases, one, row, row + 1);
}

int main(void)
{
    Suite *suite = suite_create("expiry");
    TCase *cases = tcase_create("expiry");

    (void)forge_rsa(0), (void)forge_rsa(1); /* once for all tests */
    tcase_add_checked_fixture(cases, set_up, tear_down);
    for (size_t i = 0; i < sizeof(soon_rows) / sizeof(soon_rows[0]); i++)
        add_row(cases, soon_is_a_third_of_its_life_or_seven_days,
                soon_rows[i].sentence, (int)i);
    for (size_t i = 0; i < sizeof(sentence_rows) / sizeof(sentence_rows[0]);
         i++)
        add_row(cases, sentence_says_it, sentence_rows[i].sentence, (int)i);
    tcase_add_test(cases, states_follow_one_another);
    tcase_add_test(cases, profile_of_snp_has_keys_crls_and_trust_anchors);
    tcase_add_test(cases, vlek_is_told_with_its_cloud);
    tcase_add_test(cases, of_several_crls_the_one_that_lasts_counts);
    tcase_add_test(cases, crl_that_must_be_there_is_missed);
    tcase_add_test(cases, profile_of_tdx_has_documents);
    tcase_add_test(cases, document_ends_with_its_signer);
    tcase_add_test(cases, documents_of_another_tee_are_no_use);
    tcase_add_test(cases, log_tells_each_item_once_a_day);
    tcase_add_test(cases, log_tells_at_once_that_an_item_has_ended);
    tcase_add_test(cases, log_tells_of_a_renewed_item_anew);
    tcase_add_test(cases, log_tells_of_many_in_few_lines);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
