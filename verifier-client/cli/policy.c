/* SPDX-License-Identifier: Apache-2.0
 *
 * atls policy: check finds every problem of a policy at once; learn writes one
 * that accepts what an attester shows now. Learning is trust on first use: the
 * operator vouches for the moment.
 */
#include "cli/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
    "       atls policy learn [OPTION]... ATTESTER-URI\n"
    "       atls policy learn [OPTION]... --trust-anchor PEM EVIDENCE\n"
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
    "EVIDENCE,\n"
    "                      or the vendor's root certificate\n"
    "  --collateral DIR    with a root: the profile's folder of certificates\n"
    "  --at TIME           with a root: judge at this time (default: now)\n"
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

/* What is learned, and from whom */
struct study {
    const char *source, *anchor, *collateral, *at;
    struct atls_buf cmw, anchor_text;
    struct atls_evidence *evidence;
};

static void study_clear(struct study *study)
{
    atls_buf_clear(&study->cmw);
    atls_buf_clear(&study->anchor_text);
    atls_evidence_free(study->evidence);
}

static EVP_PKEY *key_of(struct atls_view text)
{
    ATLS_AUTO(BIO) *bio = BIO_new_mem_buf(text.data, (int)text.len);
    ATLS_AUTO(X509) *certificate = NULL;
    EVP_PKEY *key = NULL;

    if (bio != NULL)
        key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    if (key == NULL && bio != NULL && BIO_reset(bio) == 1) {
        certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (certificate != NULL)
            key = X509_get_pubkey(certificate);
    }
    ERR_clear_error();
    return key;
}

static bool holds_certificate(struct atls_view text)
{
    ATLS_AUTO(BIO) *bio = BIO_new_mem_buf(text.data, (int)text.len);
    ATLS_AUTO(X509) *certificate =
        bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

    ERR_clear_error();
    return certificate != NULL;
}

static int print_learnt(const struct study *study,
                        const struct atls_lesson *lesson)
{
    ATLS_AUTO_HEAP char *text = NULL;
    struct atls_why why = {0};

    if (atls_policy_learn(study->evidence, lesson, &text, &why) != ATLS_OK) {
        atls_usage_failed("policy", &why);
        return ATLS_EXIT_NO;
    }
    return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? ATLS_EXIT_USAGE
                                                          : ATLS_EXIT_YES;
}

static int learn_with_key(const struct study *study, const char *path)
{
    ATLS_AUTO(EVP_PKEY) *key = key_of(atls_buf_view(&study->anchor_text));
    const struct atls_lesson lesson = {.key = key};
    struct atls_why why = {0};

    if (key != NULL)
        return print_learnt(study, &lesson);
    atls_why(&why, ATLS_FILE_UNREADABLE,
             "%s: want a public key or a certificate in PEM", path);
    return atls_usage_failed("policy", &why);
}

static int learn_with_certificates(struct study *study)
{
    ATLS_AUTO_HEAP char *folder =
        study->collateral != NULL ? realpath(study->collateral, NULL) : NULL;
    struct atls_lesson lesson = {.collateral = folder, .now = time(NULL)};
    struct atls_why why = {0};

    if (study->at != NULL && !atls_input_time(study->at, &lesson.now))
        return atls_usage_wrong("policy",
                                "--at: want a time such as "
                                "2026-11-23T21:00:00Z, found \"%s\"",
                                study->at);
    if (!holds_certificate(atls_buf_view(&study->anchor_text)))
        atls_why(&why, ATLS_FILE_UNREADABLE,
                 "%s: want a root certificate in PEM", study->anchor);
    else if (study->collateral != NULL && folder == NULL)
        atls_why(&why, ATLS_FILE_UNREADABLE, "%s: %s", study->collateral,
                 strerror(errno));
    if (why.reason != ATLS_OK)
        return atls_usage_failed("policy", &why);
    atls_buf_u8(&study->anchor_text, '\0');
    lesson.certificates = (const char *)study->anchor_text.data;
    return print_learnt(study, &lesson);
}

static int parse_study(struct study *study)
{
    struct atls_why why = {0};

    if (atls_evidence_parse(atls_buf_view(&study->cmw), NULL, &study->evidence,
                            &why) == ATLS_OK)
        return -1;
    atls_usage_failed("policy", &why);
    return ATLS_EXIT_NO;
}

/* The anchor of a key is the attester's own word, so its quote is verified with
 * it: atls_policy_learn does that. A root certificate is its vendor's word. */
static int learn_from_attester(struct study *study)
{
    ATLS_AUTO_SOURCE source = {0};
    struct atls_why why = {0};
    uint8_t nonce[NONCE];
    int status = -1;

    if (RAND_bytes(nonce, sizeof(nonce)) != 1)
        atls_why(&why, ATLS_CRYPTO_FAILED, NULL);
    else if (atls_source_open(study->source, &source, &why) == ATLS_OK &&
             atls_source_quote(&source, atls_view(nonce, sizeof(nonce)),
                               &study->cmw, &why) == ATLS_OK)
        status = parse_study(study);
    if (why.reason != ATLS_OK)
        return atls_usage_failed("policy", &why);
    if (status >= 0)
        return status;
    if (atls_policy_wants_certificates(study->evidence))
        return study->anchor != NULL
                   ? learn_with_certificates(study)
                   : atls_usage_wrong("policy",
                                      "%s: its Evidence needs --trust-anchor, "
                                      "the vendor's root certificate",
                                      study->source);
    if (study->anchor != NULL)
        return atls_usage_wrong("policy", "--trust-anchor is for a file: an "
                                          "attester gives its own key");
    if (atls_source_pem(&source, &study->anchor_text, &why) != ATLS_OK)
        return atls_usage_failed("policy", &why);
    return learn_with_key(study, study->source);
}

static int learn_from_file(struct study *study)
{
    ATLS_AUTO_BUF file = atls_buf(ATLS_INPUT_MAX);
    struct atls_why why = {0};
    int status;

    if (atls_input_read(study->source, &file, &why) == ATLS_OK &&
        atls_input_evidence(atls_buf_view(&file), &study->cmw) != ATLS_OK)
        atls_why(&why, ATLS_OUT_OF_MEMORY, NULL);
    if (why.reason != ATLS_OK)
        return atls_usage_failed("policy", &why);
    status = parse_study(study);
    if (status >= 0)
        return status;
    return atls_policy_wants_certificates(study->evidence)
               ? learn_with_certificates(study)
               : learn_with_key(study, study->anchor);
}

/* A URI has a scheme; a file that is named like one can be given as ./FILE. */
static bool is_uri(const char *text)
{
    size_t len = strcspn(text, ":/");

    return len > 1 && text[len] == ':';
}

static int learn(struct study *study)
{
    struct atls_why why = {0};

    if (!is_uri(study->source) && study->anchor == NULL)
        return atls_usage_wrong("policy",
                                "%s: Evidence in a file needs --trust-anchor, "
                                "the key that it was signed with or its "
                                "vendor's root certificate",
                                study->source);
    if (study->anchor != NULL &&
        atls_input_read(study->anchor, &study->anchor_text, &why) != ATLS_OK)
        return atls_usage_failed("policy", &why);
    return is_uri(study->source) ? learn_from_attester(study)
                                 : learn_from_file(study);
}

int atls_command_policy(int argc, char **argv)
{
    bool as_json = false;
    __attribute__((cleanup(study_clear))) struct study study = {
        .cmw = atls_buf(ATLS_INPUT_MAX + 512),
        .anchor_text = atls_buf(ATLS_INPUT_MAX)};
    const struct atls_option options[] = {
        {"trust-anchor", NULL, &study.anchor, NULL},
        {"collateral", NULL, &study.collateral, NULL},
        {"at", NULL, &study.at, NULL},
        {"json", &as_json, NULL, NULL},
        {0}};
    const struct atls_usage usage = {"policy", help, 2, 2};
    int status = atls_options_read(&usage, options, argc, argv);

    if (status >= 0)
        return status;
    study.source = argv[optind + 1];
    if (strcmp(argv[optind], "learn") == 0)
        return learn(&study);
    if (strcmp(argv[optind], "check") != 0)
        return atls_usage_wrong("policy", "want check or learn, found \"%s\"",
                                argv[optind]);
    if (study.anchor != NULL || study.collateral != NULL || study.at != NULL)
        return atls_usage_wrong("policy", "--%s is for learn",
                                study.anchor != NULL       ? "trust-anchor"
                                : study.collateral != NULL ? "collateral"
                                                           : "at");
    return check(study.source, as_json);
}
