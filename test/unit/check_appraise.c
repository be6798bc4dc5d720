/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence in, verdict out: every folder of test/vectors/psa and /tpm through
 * the public function, and what no file can show: profiles in order, threads,
 * clocks, guests' errno and error queue.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

#include "atls/atls.h"
#include "base64url.h"
#include "evidence.h"
#include "forge.h"
#include "policy.h"
#include "../check_main.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

enum { MAX_ROWS = 128, MAX_PATH = 512 };

static char rows[MAX_ROWS][128];
static int num_rows;

static void list_folder(const char *format)
{
    const char *top = getenv("top_srcdir");
    char path[MAX_PATH];
    struct dirent *entry;
    DIR *folder;

    snprintf(path, sizeof(path), "%s/test/vectors/%s", top != NULL ? top : ".",
             format);
    folder = opendir(path);
    while (folder != NULL && (entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.' && num_rows < MAX_ROWS)
            snprintf(rows[num_rows++], sizeof(rows[0]), "%s/%.100s", format,
                     entry->d_name);
    if (folder != NULL)
        closedir(folder);
}

static struct atls_view read_row(const char *row, const char *name,
                                 struct atls_buf *out)
{
    char path[MAX_PATH];
    struct atls_view view;

    snprintf(path, sizeof(path), "test/vectors/%s/%s", row, name);
    ck_assert_msg(forge_file(path, out), "%s", path);
    view = atls_buf_view(out);
    if (view.len > 0 && view.data[view.len - 1] == '\n')
        view.len--;
    return view;
}

static struct atls_policy *load_row(const char *row)
{
    const char *top = getenv("top_srcdir");
    struct atls_policy *policy = NULL;
    char path[MAX_PATH], text[ATLS_VERDICT_TEXT];
    enum atls_reason reason;

    snprintf(path, sizeof(path), "%s/test/vectors/%s/policy.json",
             top != NULL ? top : ".", row);
    reason = atls_policy_load(path, &policy, text, sizeof(text));
    ck_assert_msg(reason == ATLS_OK, "%s", text);
    return policy;
}

struct row {
    struct atls_buf cmw, nonce, expect;
    int64_t now;
    struct atls_policy *policy;
};

static void open_row(const char *name, struct row *row)
{
    ATLS_AUTO_BUF now = atls_buf(FORGE_MAX), hex = atls_buf(FORGE_MAX);

    *row = (struct row){.cmw = atls_buf(FORGE_MAX),
                        .nonce = atls_buf(64),
                        .expect = atls_buf(64)};
    (void)read_row(name, "now", &now);
    atls_buf_u8(&now, 0);
    row->now = strtoll((const char *)now.data, NULL, 10);
    ck_assert(atls_hex_decode(read_row(name, "nonce", &hex), &row->nonce));
    row->expect.len = read_row(name, "expect", &row->expect).len;
    (void)read_row(name, "evidence.cmw", &row->cmw);
    row->policy = load_row(name);
}

static void close_row(struct row *row)
{
    atls_buf_clear(&row->cmw);
    atls_buf_clear(&row->nonce);
    atls_buf_clear(&row->expect);
    atls_policy_free(row->policy);
}

START_TEST(vector_gets_the_reason_that_it_expects)
{
    struct atls_verdict verdict;
    struct row row;
    enum atls_reason reason;

    open_row(rows[_i], &row);
    reason = atls_appraise(row.policy, atls_buf_view(&row.cmw),
                           atls_buf_view(&row.nonce), row.now, NULL, &verdict);
    ck_assert_msg(
        atls_view_is(atls_buf_view(&row.expect), atls_reason_name(reason)),
        "%s: %s: %s", rows[_i], atls_reason_name(reason), verdict.text);
    ck_assert_int_eq(verdict.reason, reason);
    ck_assert((reason == ATLS_OK) == (verdict.tier == ATLS_TIER_AFFIRMING));
    ck_assert((reason == ATLS_OK) == (verdict.text[0] == '\0'));
    close_row(&row);
}
END_TEST

/* What a vector is refused for, but for its nonce: one that is another's is
 * nothing that stored Evidence is refused for, nor is one that is missing,
 * unless the format demands it. */
static const char *without_nonce(const char *name, struct atls_view expect)
{
    if (atls_view_is(expect, "BINDER_MISMATCH"))
        return "OK";
    if (atls_view_is(expect, "NONCE_MISSING"))
        return strncmp(name, "psa", 3) == 0 ? "CLAIM_MISSING" : "OK";
    return NULL;
}

START_TEST(stored_evidence_is_never_accepted_and_told_as_it_is)
{
    struct atls_verdict verdict, otherwise;
    struct atls_terms terms = {0};
    struct atls_view expect;
    const char *wanted;
    struct row row;

    open_row(rows[_i], &row);
    terms.policy = row.policy;
    terms.now = row.now;
    ck_assert_reason(atls_evidence_judge_stored(atls_buf_view(&row.cmw), &terms,
                                                &verdict, &otherwise),
                     ATLS_EVIDENCE_UNBOUND);
    ck_assert_reason(verdict.reason, ATLS_EVIDENCE_UNBOUND);
    ck_assert_int_eq(verdict.tier, ATLS_TIER_NONE);
    expect = atls_buf_view(&row.expect);
    wanted = without_nonce(rows[_i], expect);
    if (wanted != NULL)
        expect = atls_view_text(wanted);
    ck_assert_msg(atls_view_is(expect, atls_reason_name(otherwise.reason)),
                  "%s: %s: %s", rows[_i], atls_reason_name(otherwise.reason),
                  otherwise.text);
    close_row(&row);
}
END_TEST

/* What may be flipped: the case of a media type, and the indicator to 0, which
 * is as good as none. */
static bool is_harmless(const struct row *row, size_t at, uint8_t bit)
{
    bool is_last = at == row->cmw.len - 1;

    return (is_last && bit == 4) || (at < 40 && bit == 0x20);
}

START_TEST(flipped_bit_is_never_accepted)
{
    static const char *const names[] = {"psa/accept", "tpm/accept",
                                        "tpm/accept-rsapss"};
    struct atls_verdict verdict;
    struct row row;

    open_row(names[_i], &row);
    for (size_t i = 0; i < 8 * row.cmw.len; i++) {
        uint8_t bit = (uint8_t)(1u << (i % 8));

        row.cmw.data[i / 8] ^= bit;
        ck_assert_msg(atls_appraise(row.policy, atls_buf_view(&row.cmw),
                                    atls_buf_view(&row.nonce), row.now, NULL,
                                    &verdict) != ATLS_OK ||
                          is_harmless(&row, i / 8, bit),
                      "byte %zu, bit %02x", i / 8, bit);
        row.cmw.data[i / 8] ^= bit;
    }
    close_row(&row);
}
END_TEST

START_TEST(every_truncation_is_malformed)
{
    static const char *const names[] = {"psa/accept", "tpm/accept-two-banks"};
    struct atls_verdict verdict;
    struct row row;

    open_row(names[_i], &row);
    for (size_t i = 0; i < row.cmw.len; i++)
        ck_assert_reason(atls_appraise(row.policy, atls_view(row.cmw.data, i),
                                       atls_buf_view(&row.nonce), row.now, NULL,
                                       &verdict),
                         ATLS_CMW_MALFORMED);
    atls_buf_u8(&row.cmw, 0);
    ck_assert_reason(atls_appraise(row.policy, atls_buf_view(&row.cmw),
                                   atls_buf_view(&row.nonce), row.now, NULL,
                                   &verdict),
                     ATLS_CMW_MALFORMED);
    close_row(&row);
}
END_TEST

START_TEST(clock_of_the_caller_does_not_matter_to_tokens_without_time)
{
    static const int64_t times[] = {0, -1, INT64_MAX, INT64_MIN};
    struct atls_verdict verdict;
    struct row row;

    open_row("psa/accept", &row);
    ck_assert_reason(atls_appraise(row.policy, atls_buf_view(&row.cmw),
                                   atls_buf_view(&row.nonce), times[_i], NULL,
                                   &verdict),
                     ATLS_OK);
    close_row(&row);
}
END_TEST

START_TEST(nonce_of_other_length_or_value_is_refused)
{
    struct atls_verdict verdict;
    uint8_t longer[64] = {0};
    struct row row;

    open_row("psa/accept", &row);
    memcpy(longer, row.nonce.data, row.nonce.len);
    for (size_t len = 0; len <= sizeof(longer); len++)
        ck_assert_reason(atls_appraise(row.policy, atls_buf_view(&row.cmw),
                                       atls_view(longer, len), row.now, NULL,
                                       &verdict),
                         len == FORGE_NONCE ? ATLS_OK : ATLS_BINDER_MISMATCH);
    close_row(&row);
}
END_TEST

START_TEST(unknown_profile_by_name_is_refused)
{
    struct atls_verdict verdict;
    struct row row;

    open_row("psa/accept", &row);
    ck_assert_reason(atls_appraise(row.policy, atls_buf_view(&row.cmw),
                                   atls_buf_view(&row.nonce), row.now, "q",
                                   &verdict),
                     ATLS_PROFILE_MISSING);
    ck_assert_str_eq(verdict.profile, "");
    ck_assert_reason(atls_appraise(row.policy, atls_buf_view(&row.cmw),
                                   atls_buf_view(&row.nonce), row.now, "p",
                                   &verdict),
                     ATLS_OK);
    ck_assert_str_eq(verdict.profile, "p");
    close_row(&row);
}
END_TEST

/* A policy of several profiles, all for the key of the vectors. */
static struct atls_policy *policy_of(const char *rest)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_key("psa");
    ATLS_AUTO(EVP_PKEY) *other = forge_key("psa-other");
    ATLS_AUTO_HEAP char *pem = forge_pem(key), *other_pem = forge_pem(other);
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    atls_buf_text(&text, "{\"profiles\":{\"stranger\":{\"format\":\"psa\","
                         "\"any\":true,\"trust_anchors\":[\"");
    atls_buf_text(&text, other_pem);
    atls_buf_text(&text, "\"]},\"debug\":{\"format\":\"psa\",\"any\":true,"
                         "\"lifecycle\":\"non_psa_rot_debug\","
                         "\"trust_anchors\":[\"");
    atls_buf_text(&text, pem);
    atls_buf_text(&text, "\"]},\"good\":{\"format\":\"psa\",\"any\":true,"
                         "\"trust_anchors\":[\"");
    atls_buf_text(&text, pem);
    atls_buf_text(&text, "\"]}},");
    atls_buf_text(&text, rest);
    ck_assert_msg(atls_policy_parse(atls_buf_view(&text), "test", "", NULL,
                                    NULL, &policy, &why) == ATLS_OK,
                  "%s", why.text);
    return policy;
}

static const struct order_row {
    const char *rest, *profile;
    enum atls_reason reason;
} order_rows[] = {
    {"\"rules\":[{\"accept\":[\"stranger\",\"debug\",\"good\"]}]}", "good",
     ATLS_OK},
    {"\"rules\":[{\"accept\":[\"stranger\",\"debug\"]}]}", "debug",
     ATLS_LIFECYCLE_REFUSED},
    {"\"rules\":[{\"accept\":[\"stranger\"]},{\"accept\":[\"good\"]}]}",
     "stranger", ATLS_ANCHOR_UNKNOWN},
    {"\"rules\":[{\"match\":{\"name\":\"x\"},\"accept\":[\"good\"]}]}", "",
     ATLS_RULE_MISSING},
    {"\"rules\":[{\"match\":{\"role\":\"client\"}}]}", "", ATLS_RULE_MISSING},
};

START_TEST(first_rule_and_any_of_its_profiles_decide)
{
    const struct order_row *wanted = &order_rows[_i];
    struct atls_policy *policy = policy_of(wanted->rest);
    struct atls_verdict verdict;
    struct row row;

    open_row("psa/accept", &row);
    ck_assert_reason(atls_appraise(policy, atls_buf_view(&row.cmw),
                                   atls_buf_view(&row.nonce), row.now, NULL,
                                   &verdict),
                     wanted->reason);
    ck_assert_str_eq(verdict.profile, wanted->profile);
    atls_policy_free(policy);
    close_row(&row);
}
END_TEST

/* Each of the profiles has another key under the one instance ID. */
static struct atls_policy *policy_of_keys(unsigned num_wrong)
{
    ATLS_AUTO(EVP_PKEY) *right = forge_key("psa");
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};
    char hex[67], profile[1024];
    uint8_t id[33];

    forge_id(right, id);
    atls_hex(atls_view(id, sizeof(id)), hex, sizeof(hex));
    for (unsigned i = 0; i <= num_wrong; i++) {
        ATLS_AUTO(EVP_PKEY) *fresh = EVP_EC_gen("P-256");
        ATLS_AUTO_HEAP char *pem = forge_pem(i < num_wrong ? fresh : right);

        snprintf(profile, sizeof(profile),
                 "%s\"p%u\":{\"format\":\"psa\",\"any\":true,"
                 "\"trust_anchors\":[{\"instance_id\":\"%s\",\"key\":\"%s\"}"
                 "]}",
                 i == 0 ? "{\"profiles\":{" : ",", i, hex, pem);
        atls_buf_text(&text, profile);
    }
    atls_buf_text(&text, "}}");
    ck_assert_msg(atls_policy_parse(atls_buf_view(&text), "test", "", NULL,
                                    NULL, &policy, &why) == ATLS_OK,
                  "%s", why.text);
    return policy;
}

/* doc/protocol.md, "What each side checks": at most 4 */
START_TEST(fifth_signature_of_one_evidence_is_not_verified)
{
    struct atls_policy *policy = policy_of_keys((unsigned)_i);
    struct atls_verdict verdict;
    struct row row;

    open_row("psa/accept", &row);
    ck_assert_reason(atls_appraise(policy, atls_buf_view(&row.cmw),
                                   atls_buf_view(&row.nonce), row.now, NULL,
                                   &verdict),
                     _i < 4 ? ATLS_OK : ATLS_SIGNATURE_INVALID);
    atls_policy_free(policy);
    close_row(&row);
}
END_TEST

START_TEST(errno_and_error_queue_are_left_as_found)
{
    static const char *const names[] = {"psa/accept", "psa/reject-signature",
                                        "psa/reject-mac0", "tpm/accept",
                                        "tpm/reject-pcr"};
    struct atls_verdict verdict;
    struct row row;

    ERR_clear_error();
    open_row(names[_i], &row);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    errno = ENOTTY;
    (void)atls_appraise(row.policy, atls_buf_view(&row.cmw),
                        atls_buf_view(&row.nonce), row.now, NULL, &verdict);
    ck_assert_int_eq(errno, ENOTTY);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    close_row(&row);
}
END_TEST

enum { NUM_THREADS = 4, NUM_TURNS = 50 };

static void *appraise_often(void *arg)
{
    const struct row *row = arg;
    struct atls_verdict verdict;

    for (unsigned i = 0; i < NUM_TURNS; i++)
        if (atls_appraise(row->policy, atls_buf_view(&row->cmw),
                          atls_buf_view(&row->nonce), row->now, NULL,
                          &verdict) != ATLS_OK)
            return arg;
    return NULL;
}

START_TEST(threads_share_one_policy)
{
    pthread_t threads[NUM_THREADS];
    struct row row;
    void *failed;

    open_row("psa/accept", &row);
    for (unsigned i = 0; i < NUM_THREADS; i++)
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, appraise_often, &row), 0);
    for (unsigned i = 0; i < NUM_THREADS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
    close_row(&row);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("appraise");
    TCase *cases = tcase_create("appraise");

    list_folder("psa");
    list_folder("tpm");
    if (num_rows == 0)
        return EXIT_FAILURE;
    tcase_add_loop_test(cases, vector_gets_the_reason_that_it_expects, 0,
                        num_rows);
    tcase_add_loop_test(cases,
                        stored_evidence_is_never_accepted_and_told_as_it_is, 0,
                        num_rows);
    tcase_add_loop_test(cases, flipped_bit_is_never_accepted, 0, 3);
    tcase_add_loop_test(cases, every_truncation_is_malformed, 0, 2);
    tcase_add_loop_test(
        cases, clock_of_the_caller_does_not_matter_to_tokens_without_time, 0,
        4);
    tcase_add_test(cases, nonce_of_other_length_or_value_is_refused);
    tcase_add_test(cases, unknown_profile_by_name_is_refused);
    tcase_add_loop_test(cases, fifth_signature_of_one_evidence_is_not_verified,
                        0, 8);
    tcase_add_loop_test(cases, first_rule_and_any_of_its_profiles_decide, 0,
                        (int)(sizeof(order_rows) / sizeof(order_rows[0])));
    tcase_add_loop_test(cases, errno_and_error_queue_are_left_as_found, 0, 5);
    tcase_add_test(cases, threads_share_one_policy);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
