/* SPDX-License-Identifier: Apache-2.0
 *
 * Folders of collateral: what vendors and their caches serve, and what has
 * gone wrong on the way.
 */
#include "collateral.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base64url.h"
#include "forge_dcap.h"
#include "../check_main.h"

static struct forge_dcap dcap;
static struct forge_folder folder;

static void open_all(void)
{
    forge_dcap_open(&dcap);
    forge_folder_open(&folder);
}

static void clear_all(void)
{
    forge_folder_clear(&folder);
    forge_dcap_clear(&dcap);
}

/* Reads the folder as {"collateral": path} of a policy in folder "/". */
static enum atls_reason read_folder(const char *path,
                                    struct atls_collateral *out, char *problem,
                                    size_t size)
{
    struct atls_document document = {.source = "policy", .folder = "/"};
    struct atls_node root, node;
    enum atls_reason reason;
    char text[256];

    snprintf(text, sizeof(text), "{\"collateral\":\"%s\"}", path);
    ck_assert_reason(atls_document_open(&document, atls_view_text(text)),
                     ATLS_OK);
    root = atls_node_root(&document);
    node = atls_node_member(&root, "collateral");
    atls_collateral_read(&node, out);
    reason = document.why.reason;
    snprintf(problem, size, "%s", document.why.text);
    atls_document_clear(&document);
    return reason;
}

static enum atls_reason reason_of(const char *part)
{
    struct atls_collateral collateral = {0};
    char problem[512];
    enum atls_reason reason =
        read_folder(folder.path, &collateral, problem, sizeof(problem));

    ck_assert_msg(reason == ATLS_OK || strstr(problem, part) != NULL,
                  "\"%s\" does not name %s", problem, part);
    atls_collateral_clear(&collateral);
    return reason;
}

static void put_pem(const char *name, const int *roles)
{
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);

    forge_dcap_pem(&dcap, &pem, roles);
    forge_folder_put(&folder, name, atls_buf_view(&pem));
}

static void put_crl(const char *name, enum forge_dcap_role issuer)
{
    ATLS_AUTO_BUF crl = atls_buf(FORGE_MAX);

    forge_dcap_crl(&dcap, issuer, &crl);
    forge_folder_put(&folder, name, atls_buf_view(&crl));
}

START_TEST(folder_is_read_by_content)
{
    static const char json[] =
        "{\"tcbInfo\" : { \"a\":1},\"signature\":\"\"}\n";
    const int chain[] = {FORGE_DCAP_TCB, FORGE_DCAP_ROOT, -1};
    struct atls_collateral collateral = {0};
    char problem[512];
    uint8_t *der = NULL;
    int len = i2d_X509(dcap.certificates[FORGE_DCAP_CA], &der);

    put_pem("issuer-chain.pem", chain);
    put_pem("again.pem", chain);
    forge_folder_put(&folder, "ca.der", atls_view(der, (size_t)len));
    OPENSSL_free(der);
    put_crl("root.der", FORGE_DCAP_ROOT);
    put_crl("ca.crl", FORGE_DCAP_CA);
    forge_folder_put(&folder, "info.json", atls_view_text(json));
    forge_folder_put(&folder, "README", atls_view_text("not ours"));
    ck_assert_reason(
        read_folder(folder.path, &collateral, problem, sizeof(problem)),
        ATLS_OK);
    ck_assert_int_eq(sk_X509_num(collateral.certificates), 3);
    ck_assert_int_eq(sk_X509_CRL_num(collateral.crls), 2);
    ck_assert_uint_eq(collateral.num_documents, 1);
    ck_assert_str_eq(collateral.documents[0].name, "info.json");
    ck_assert_uint_eq(collateral.documents[0].len, strlen(json));
    ck_assert_mem_eq(collateral.documents[0].text, json, strlen(json));
    atls_collateral_clear(&collateral);
    ck_assert_ptr_null(collateral.documents);
}
END_TEST

START_TEST(one_object_may_hold_issuer_chains_and_crls)
{
    const int chain[] = {FORGE_DCAP_TCB, FORGE_DCAP_ROOT, -1};
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX), crl = atls_buf(FORGE_MAX);
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_collateral collateral = {0};
    static char problem[512], hex[2048];

    forge_dcap_pem(&dcap, &pem, chain);
    forge_dcap_crl(&dcap, FORGE_DCAP_ROOT, &crl);
    atls_hex(atls_buf_view(&crl), hex, sizeof(hex));
    atls_buf_text(&text, "{\"tcb_info_issuer_chain\":\"");
    for (size_t i = 0; i < pem.len; i++)
        if (pem.data[i] == '\n')
            atls_buf_text(&text, "\\n");
        else
            atls_buf_u8(&text, pem.data[i]);
    atls_buf_text(&text, "\",\"root_ca_crl\":\"");
    atls_buf_text(&text, hex);
    atls_buf_text(&text, "\",\"tcb_info\":\"{}\"}");
    forge_folder_put(&folder, "all.json", atls_buf_view(&text));
    ck_assert_reason(
        read_folder(folder.path, &collateral, problem, sizeof(problem)),
        ATLS_OK);
    ck_assert_int_eq(sk_X509_num(collateral.certificates), 2);
    ck_assert_int_eq(sk_X509_CRL_num(collateral.crls), 1);
    ck_assert_uint_eq(collateral.num_documents, 1);
    atls_collateral_clear(&collateral);
}
END_TEST

static const struct bad_row {
    const char *name, *text;
} bad_rows[] = {
    {"a.der", "neither"},
    {"a.der", ""},
    {"a.crl", "0"},
    {"a.pem", "no block"},
    {"a.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
    {"a.pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"},
    {"a.json", "{"},
    {"a.json", "{\"a\":1,\"a\":2}"},
    {"a.json", ""},
    {"a.json", "{\"root_ca_crl\":\"00zz\"}"},
    {"a.json", "{\"root_ca_crl\":\"3000\"}"},
    {"a.json", "{\"pck_crl_issuer_chain\":\"-----BEGIN X\"}"},
    {"a.json", "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"},
};

START_TEST(file_that_is_not_what_its_name_says_is_a_problem)
{
    const struct bad_row *row = &bad_rows[_i];

    forge_folder_put(&folder, row->name, atls_view_text(row->text));
    ck_assert_reason(reason_of(row->name), ATLS_COLLATERAL_INVALID);
}
END_TEST

START_TEST(sizes_are_bounded)
{
    ATLS_AUTO_BUF text = atls_buf(ATLS_COLLATERAL_MAX_JSON + 2);
    uint8_t *room = atls_buf_room(&text, ATLS_COLLATERAL_MAX_JSON);

    memset(room, ' ', ATLS_COLLATERAL_MAX_JSON);
    memcpy(room, "{}", 2);
    forge_folder_put(&folder, "a.json", atls_buf_view(&text));
    ck_assert_reason(reason_of("a.json"), ATLS_OK);
    atls_buf_u8(&text, ' ');
    forge_folder_put(&folder, "a.json", atls_buf_view(&text));
    ck_assert_reason(reason_of("at most"), ATLS_COLLATERAL_INVALID);
}
END_TEST

START_TEST(broken_block_behind_a_good_one_is_a_problem)
{
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);
    const int root[] = {FORGE_DCAP_ROOT, -1};

    forge_dcap_pem(&dcap, &pem, root);
    atls_buf_text(&pem, "-----BEGIN X509 CRL-----\n!!!!\n"
                        "-----END X509 CRL-----\n");
    forge_folder_put(&folder, "a.pem", atls_buf_view(&pem));
    ck_assert_reason(reason_of("a.pem"), ATLS_COLLATERAL_INVALID);
}
END_TEST

START_TEST(blocks_are_bounded)
{
    ATLS_AUTO_BUF pem = atls_buf(1 << 20);
    const int root[] = {FORGE_DCAP_ROOT, -1};

    for (unsigned i = 0; i < 64; i++)
        forge_dcap_pem(&dcap, &pem, root);
    forge_folder_put(&folder, "a.pem", atls_buf_view(&pem));
    ck_assert_reason(reason_of("a.pem"), ATLS_OK);
    forge_dcap_pem(&dcap, &pem, root);
    forge_folder_put(&folder, "a.pem", atls_buf_view(&pem));
    ck_assert_reason(reason_of("a.pem"), ATLS_COLLATERAL_INVALID);
}
END_TEST

START_TEST(files_are_counted)
{
    char name[32];

    for (unsigned i = 0; i < ATLS_COLLATERAL_MAX_FILES; i++) {
        snprintf(name, sizeof(name), "%u.json", i);
        forge_folder_put(&folder, name, atls_view_text("{}"));
    }
    ck_assert_reason(reason_of(""), ATLS_OK);
    forge_folder_put(&folder, "x.json", atls_view_text("{}"));
    ck_assert_reason(reason_of("at most"), ATLS_COLLATERAL_INVALID);
}
END_TEST

START_TEST(folder_that_is_not_there_is_a_problem)
{
    struct atls_collateral collateral = {0};
    char problem[512];

    ck_assert_reason(
        read_folder("no/such/folder", &collateral, problem, sizeof(problem)),
        ATLS_FILE_UNREADABLE);
    ck_assert_ptr_nonnull(strstr(problem, "/no/such/folder"));
    atls_collateral_clear(&collateral);
}
END_TEST

START_TEST(pipe_and_folder_are_no_files)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/a.json", folder.path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_reason(reason_of("a.json"), ATLS_FILE_UNREADABLE);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_reason(reason_of("a.json"), ATLS_FILE_UNREADABLE);
    ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

START_TEST(absent_folder_is_no_collateral)
{
    struct atls_document document = {.source = "policy", .folder = "/"};
    struct atls_collateral collateral = {0};
    struct atls_node root, node;

    ck_assert_reason(atls_document_open(&document, atls_view_text("{}")),
                     ATLS_OK);
    root = atls_node_root(&document);
    node = atls_node_member(&root, "collateral");
    atls_collateral_read(&node, &collateral);
    ck_assert_uint_eq(document.num_problems, 0);
    ck_assert_ptr_null(collateral.certificates);
    atls_document_clear(&document);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("collateral");
    TCase *cases = tcase_create("collateral");

    tcase_add_checked_fixture(cases, open_all, clear_all);
    tcase_add_test(cases, folder_is_read_by_content);
    tcase_add_test(cases, one_object_may_hold_issuer_chains_and_crls);
    tcase_add_loop_test(cases, file_that_is_not_what_its_name_says_is_a_problem,
                        0, sizeof(bad_rows) / sizeof(bad_rows[0]));
    tcase_add_test(cases, sizes_are_bounded);
    tcase_add_test(cases, broken_block_behind_a_good_one_is_a_problem);
    tcase_add_test(cases, blocks_are_bounded);
    tcase_add_test(cases, files_are_counted);
    tcase_add_test(cases, folder_that_is_not_there_is_a_problem);
    tcase_add_test(cases, pipe_and_folder_are_no_files);
    tcase_add_test(cases, absent_folder_is_no_collateral);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
