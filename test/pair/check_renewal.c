/* SPDX-License-Identifier: Apache-2.0
 *
 * What a policy is made of is renewed while a program runs that never makes
 * another SSL_CTX: collateral of a peer's chip, a trust anchor, and files that
 * are bad or gone.
 */
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "deviant.h"
#include "evidence.h"
#include "../unit/forge.h"
#include "../unit/forge_snp.h"

enum { DAY = 86400, PATIENCE_S = 60, MAX_MESSAGE = 16384 };

static struct pair pair;
static struct deviant peer;
static struct forge_snp chip;

/* A whole file in one step, as atls collateral fetch puts it. */
static void put_file(const char *name, struct atls_view bytes)
{
    FILE *file = fopen(pair_path("new"), "wb");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(rename(pair_path("new"), pair_path(name)), 0);
}

static void connect_again(void)
{
    pair_reconnect(&pair);
    pair_handshake(&pair);
}

/* The contexts stay: only time passes. */
static void connect_until(enum atls_reason reason)
{
    time_t end = time(NULL) + PATIENCE_S;

    do
        connect_again();
    while (strcmp(pair_log_text("client", "reason"),
                  atls_reason_name(reason)) != 0 &&
           time(NULL) < end);
    ck_assert_str_eq(pair_log_text("client", "reason"),
                     atls_reason_name(reason));
    ck_assert(pair.client.is_failed == (reason != ATLS_OK));
}

static void connect_until_log_says(const char *text)
{
    time_t end = time(NULL) + PATIENCE_S;

    while (!pair_log_says(text) && time(NULL) < end)
        connect_again();
    ck_assert(pair_log_says(text));
}

/* Collateral: the peer shows reports of a SEV-SNP chip of the test's own. */

#define SNP_TYPE "application/vnd.veraison.tsm-report+cbor"
static const char snp_choice[] = "\0\1\0\x28" SNP_TYPE;

static void as_report(struct atls_buf *cmw)
{
    struct atls_evidence *token = NULL;
    struct atls_view binder;

    ck_assert_reason(
        atls_evidence_parse(atls_buf_view(cmw), NULL, &token, NULL), ATLS_OK);
    binder = atls_evidence_nonce(token);
    memset(chip.report + 0x50, 0, 64);
    memcpy(chip.report + 0x50, binder.data, binder.len);
    atls_evidence_free(token);
    cmw->len = 0;
    forge_snp_cmw(&chip, cmw);
}

static void put_crl(int64_t from, int64_t until)
{
    X509_CRL *crl = forge_crl(chip.ark, forge_rsa(0), 0, from, until);
    uint8_t *der = NULL;
    int len = i2d_X509_CRL(crl, &der);

    ck_assert_int_gt(len, 0);
    put_file("collateral/ark.crl", atls_view(der, (size_t)len));
    OPENSSL_free(der);
    X509_CRL_free(crl);
}

static void put_root(void)
{
    ATLS_AUTO_BUF pem = atls_buf(MAX_MESSAGE);

    forge_x509_pem(&pem, chip.ark);
    put_file("ark.pem", atls_buf_view(&pem));
}

static const char chips[] =
    "{\"profiles\":{\"vm\":{\"format\":\"snp\",\"trust_anchors\":"
    "[\"ark.pem\"],\"crl\":true,\"any\":true,"
    "\"collateral\":\"collateral\"}}}";

/* Making its keys loads the module, which needs a policy by then. */
static void meet_a_chip(void)
{
    int64_t now = time(NULL);

    pair_setup(&(struct pair_config){.require = "server"});
    forge_snp_open(&chip, ATLS_SNP_MILAN, atls_view(NULL, 0));
    chip.from = now - 100 * DAY;
    chip.until = now + 100 * DAY;
    forge_snp_certify(&chip);
    ck_assert_int_eq(mkdir(pair_path("collateral"), 0755), 0);
    put_root();
    put_crl(now - 30 * DAY, now - DAY);
    put_file("policy.json", atls_view_text(chips));
    peer.change = as_report;
    peer.encrypted_extensions = (struct deviant_part){DEVIANT_BYTES, snp_choice,
                                                      sizeof(snp_choice) - 1};
    pair_new(&pair, NULL, deviant_server(&peer));
    pair_handshake(&pair);
}

static void part_from_the_chip(void)
{
    pair_free(&pair);
    deviant_clear(&peer);
    forge_snp_clear(&chip);
}

START_TEST(new_crl_is_taken_by_a_program_that_goes_on)
{
    int64_t now = time(NULL);

    meet_a_chip();
    ck_assert_str_eq(pair_log_text("client", "reason"), "COLLATERAL_STALE");
    ck_assert_uint_eq(pair_log_count("CRL of ARK-Milan ended"), 1);
    connect_again();
    ck_assert_str_eq(pair_log_text("client", "reason"), "COLLATERAL_STALE");
    put_crl(now - DAY, now + 30 * DAY);
    connect_until(ATLS_OK);
    /* and once when the chip's policy came */
    ck_assert_uint_eq(pair_log_count("read anew"), 2);
    ck_assert_uint_eq(pair_log_count("CRL of ARK-Milan ended"), 1);
    part_from_the_chip();
}
END_TEST

START_TEST(bad_collateral_is_not_taken_and_said_once)
{
    int64_t now = time(NULL);

    meet_a_chip();
    put_crl(now - DAY, now + 30 * DAY);
    connect_until(ATLS_OK);
    put_file("collateral/ark.crl", atls_view_text("cut short"));
    connect_until_log_says("ark.crl: want certificates or CRLs");
    connect_again();
    ck_assert_str_eq(pair_log_text("client", "reason"), "OK");
    SSL_CTX_free(SSL_CTX_new(TLS_client_method())); /* looks at once */
    ck_assert_uint_eq(pair_log_count("is not taken"), 1);
    part_from_the_chip();
}
END_TEST

/* Trust anchors, and files that are gone. */

static const char own_anchor[] =
    "{\"profiles\":{\"dev\":{\"format\":\"psa\",\"trust_anchors\":"
    "[\"anchor.pem\"],\"lifecycle\":[\"assembly_and_test\"],\"any\":true}}}";

static void put_anchor(const char *name)
{
    ATLS_AUTO_BUF pem = atls_buf(MAX_MESSAGE);

    ck_assert(forge_file(pair_path(name), &pem));
    put_file("anchor.pem", atls_buf_view(&pem));
}

static void meet_a_device(void)
{
    pair_setup(
        &(struct pair_config){.require = "server", .policy = own_anchor});
    put_anchor("../soft.pem");
    pair_new(&pair, NULL, deviant_server(&peer));
    pair_handshake(&pair);
    pair_accepted(&pair);
}

static void part_from_the_device(void)
{
    pair_free(&pair);
    deviant_clear(&peer);
}

START_TEST(new_trust_anchor_is_taken_by_a_program_that_goes_on)
{
    meet_a_device();
    put_anchor("../other.pem");
    connect_until(ATLS_ANCHOR_UNKNOWN);
    put_anchor("../soft.pem");
    connect_until(ATLS_OK);
    part_from_the_device();
}
END_TEST

START_TEST(child_takes_what_is_new_as_well)
{
    pid_t child;
    int status = 0;

    meet_a_device();
    child = fork();
    if (child == 0) {
        put_anchor("../other.pem");
        connect_until(ATLS_ANCHOR_UNKNOWN);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    part_from_the_device();
}
END_TEST

START_TEST(policy_that_is_gone_stays_in_force_and_is_missed_once)
{
    meet_a_device();
    ck_assert_int_eq(remove(pair_path("policy.json")), 0);
    ck_assert_int_eq(remove(pair_path("anchor.pem")), 0);
    connect_until_log_says("cannot be seen any more");
    connect_again();
    ck_assert_str_eq(pair_log_text("client", "reason"), "OK");
    SSL_CTX_free(SSL_CTX_new(TLS_client_method())); /* looks at once */
    ck_assert_uint_eq(pair_log_count("cannot be seen any more"), 1);
    put_anchor("../other.pem");
    pair_write_file("policy.json", own_anchor);
    connect_until(ATLS_ANCHOR_UNKNOWN);
    part_from_the_device();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("renewal");
    TCase *cases = tcase_create("renewal");

    tcase_set_timeout(cases, 5 * PATIENCE_S);
    tcase_add_test(cases, new_crl_is_taken_by_a_program_that_goes_on);
    tcase_add_test(cases, bad_collateral_is_not_taken_and_said_once);
    tcase_add_test(cases, new_trust_anchor_is_taken_by_a_program_that_goes_on);
    tcase_add_test(cases, child_takes_what_is_new_as_well);
    tcase_add_test(cases,
                   policy_that_is_gone_stays_in_force_and_is_missed_once);
    suite_add_tcase(suite, cases);
    return pair_main(suite);
}
