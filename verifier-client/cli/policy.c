/* SPDX-License-Identifier: Apache-2.0
 *
 * atls policy: check finds every problem of a policy at once; learn writes one
 * that accepts what an attester shows now. Learning is trust on first use: the
 * operator vouches for the moment.
 */
#include "cli/command.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include "cli/input.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/source.h"
#include "cli/terminal.h"
#include "cmw.h"
#include "evidence.h"
#include "learn.h"

static const char help[] =
    "usage: atls policy check [--json] FILE\n"
    "       atls policy learn [--json] ATTESTER-URI\n"
    "       atls policy learn [--json] --trust-anchor PEM EVIDENCE\n"
    "\n"
    "check reads a policy with every file that it names, and reports all its\n"
    "problems, each with line and JSON pointer.\n"
    "\n"
    "learn prints a policy that accepts what is shown now: by an attester, "
    "which\n"
    "is asked for one quote, or in a file. It holds everything itself, so it "
    "can\n"
    "be copied to other machines. Read it before you trust it.\n"
    "\n"
    "  --trust-anchor PEM  the public key (or certificate) that signed "
    "EVIDENCE\n"
    "  --json              check: a JSON object; learn prints JSON in any "
    "case\n"
    "  --help              this\n"
    "\n"
    "Exit status: 0 the policy is good; 1 it has problems, or nothing can be\n"
    "learnt from the Evidence; 2 bad usage, no such file or no such "
    "attester.\n";

enum { NONCE = 32 };

ATLS_AUTO_FREE(BIO, BIO_free_all)
ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)
ATLS_AUTO_FREE(X509, X509_free)

struct check {
    json_t *problems;
    bool as_json;
};

static void take_problem(void *arg, const char *sentence)
{
    struct check *check = arg;

    json_array_append_new(check->problems,
                          atls_output_text(atls_view_text(sentence)));
    if (check->as_json)
        return;
    atls_terminal_put(stdout, sentence);
    fputc('\n', stdout);
}

static int print_check(const char *path, const struct check *check,
                       enum atls_reason reason)
{
    ATLS_AUTO(json_t) *report = json_object();
    size_t num = json_array_size(check->problems);

    if (!check->as_json && reason == ATLS_OK)
        printf("%s: a good policy\n", path);
    else if (!check->as_json)
        printf("%s: %zu problem%s\n", path, num, num == 1 ? "" : "s");
    if (!check->as_json)
        return reason == ATLS_OK ? ATLS_EXIT_YES : ATLS_EXIT_NO;
    atls_output_set(report, "policy", "%s", path);
    atls_output_add(report, "is_good", json_boolean(reason == ATLS_OK));
    atls_output_add(report, "problems", json_incref(check->problems));
    return atls_output_print(report, true,
                             reason == ATLS_OK ? ATLS_EXIT_YES : ATLS_EXIT_NO);
}

static int check(const char *path, bool as_json)
{
    ATLS_AUTO(json_t) *problems = json_array();
    ATLS_AUTO_BUF text = atls_buf(ATLS_INPUT_MAX);
    struct check check = {problems, as_json};
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};
    enum atls_reason reason;

    if (atls_input_read(path, &text, &why) != ATLS_OK)
        return atls_usage_failed("policy", &why);
    reason = atls_policy_read(path, take_problem, &check, &policy, &why);
    atls_policy_free(policy);
    if (reason != ATLS_OK && json_array_size(problems) == 0)
        take_problem(&check, why.text);
    return print_check(path, &check, reason);
}

static EVP_PKEY *read_anchor(const char *path, struct atls_why *why)
{
    ATLS_AUTO_BUF text = atls_buf(ATLS_INPUT_MAX);
    ATLS_AUTO(BIO) *bio = NULL;
    ATLS_AUTO(X509) *certificate = NULL;
    EVP_PKEY *key = NULL;

    if (atls_input_read(path, &text, why) != ATLS_OK)
        return NULL;
    bio = BIO_new_mem_buf(text.data, (int)text.len);
    if (bio != NULL)
        key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    if (key == NULL && bio != NULL && BIO_reset(bio) == 1) {
        certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (certificate != NULL)
            key = X509_get_pubkey(certificate);
    }
    ERR_clear_error();
    if (key == NULL)
        atls_why(why, ATLS_FILE_UNREADABLE,
                 "%s: want a public key or a certificate in PEM", path);
    return key;
}

static int print_learnt(struct atls_view cmw, EVP_PKEY *anchor)
{
    struct atls_evidence *evidence = NULL;
    ATLS_AUTO_HEAP char *text = NULL;
    struct atls_why why = {0};
    enum atls_reason reason = atls_evidence_parse(cmw, NULL, &evidence, &why);

    if (reason == ATLS_OK)
        reason = atls_policy_learn(evidence, anchor, &text, &why);
    atls_evidence_free(evidence);
    if (reason != ATLS_OK) {
        atls_usage_failed("policy", &why);
        return ATLS_EXIT_NO;
    }
    return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? ATLS_EXIT_USAGE
                                                          : ATLS_EXIT_YES;
}

/* The anchor is the attester's own word, so its quote is verified with it:
 * atls_policy_learn does that. */
static int learn_from_attester(const char *uri)
{
    ATLS_AUTO_SOURCE source = {0};
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    ATLS_AUTO_BUF pem = atls_buf(ATLS_INPUT_MAX);
    ATLS_AUTO(BIO) *bio = NULL;
    ATLS_AUTO(EVP_PKEY) *anchor = NULL;
    struct atls_why why = {0};
    uint8_t nonce[NONCE];

    if (RAND_bytes(nonce, sizeof(nonce)) != 1)
        atls_why(&why, ATLS_CRYPTO_FAILED, NULL);
    else if (atls_source_open(uri, &source, &why) == ATLS_OK &&
             atls_source_quote(&source, atls_view(nonce, sizeof(nonce)), &cmw,
                               &why) == ATLS_OK &&
             atls_source_pem(&source, &pem, &why) == ATLS_OK)
        bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    if (bio != NULL)
        anchor = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    if (anchor == NULL)
        atls_why(&why, ATLS_CRYPTO_FAILED, NULL);
    return why.reason == ATLS_OK ? print_learnt(atls_buf_view(&cmw), anchor)
                                 : atls_usage_failed("policy", &why);
}

static int learn_from_file(const char *path, const char *anchor_path)
{
    ATLS_AUTO_BUF file = atls_buf(ATLS_INPUT_MAX);
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_INPUT_MAX + 512);
    ATLS_AUTO(EVP_PKEY) *anchor = NULL;
    struct atls_why why = {0};

    if (atls_input_read(path, &file, &why) == ATLS_OK)
        anchor = read_anchor(anchor_path, &why);
    if (anchor != NULL &&
        atls_input_evidence(atls_buf_view(&file), &cmw) != ATLS_OK)
        atls_why(&why, ATLS_OUT_OF_MEMORY, NULL);
    return why.reason == ATLS_OK ? print_learnt(atls_buf_view(&cmw), anchor)
                                 : atls_usage_failed("policy", &why);
}

/* A URI has a scheme; a file that is named like one can be given as ./FILE. */
static bool is_uri(const char *text)
{
    size_t len = strcspn(text, ":/");

    return len > 1 && text[len] == ':';
}

static int learn(const char *source, const char *anchor)
{
    if (is_uri(source) && anchor != NULL)
        return atls_usage_wrong("policy", "--trust-anchor is for a file: an "
                                          "attester gives its own key");
    if (is_uri(source))
        return learn_from_attester(source);
    if (anchor == NULL)
        return atls_usage_wrong("policy",
                                "%s: Evidence in a file needs --trust-anchor, "
                                "the key that it was signed with",
                                source);
    return learn_from_file(source, anchor);
}

int atls_command_policy(int argc, char **argv)
{
    bool as_json = false;
    const char *anchor = NULL;
    const struct atls_option options[] = {{"trust-anchor", NULL, &anchor, NULL},
                                          {"json", &as_json, NULL, NULL},
                                          {0}};
    const struct atls_usage usage = {"policy", help, 2, 2};
    int status = atls_options_read(&usage, options, argc, argv);

    if (status >= 0)
        return status;
    if (strcmp(argv[optind], "learn") == 0)
        return learn(argv[optind + 1], anchor);
    if (strcmp(argv[optind], "check") != 0)
        return atls_usage_wrong("policy", "want check or learn, found \"%s\"",
                                argv[optind]);
    if (anchor != NULL)
        return atls_usage_wrong("policy", "--trust-anchor is for learn");
    return check(argv[optind + 1], as_json);
}
