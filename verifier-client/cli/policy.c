/* SPDX-License-Identifier: Apache-2.0
 *
 * atls policy: check finds every problem of a policy at once; learn writes one
 * that accepts what an attester shows now, import one from CoRIMs. Learning is
 * trust on first use: the operator vouches for the moment.
 */
#include "cli/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/rand.h>

#include "cli/input.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/policy_import.h"
#include "cli/several.h"
#include "cli/source.h"
#include "cli/terminal.h"
#include "cli/voucher.h"
#include "cmw.h"
#include "evidence.h"

static const char help[] =
    "usage: atls policy check [--json] FILE\n"
    "       atls policy learn [OPTION]... ATTESTER-URI|LABEL=ATTESTER-URI...\n"
    "       atls policy learn [OPTION]... --trust-anchor PEM EVIDENCE\n"
    "       atls policy import [OPTION]... CORIM...   (--help tells more)\n"
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
    "                      or the vendor's root certificate; of a composite, "
    "again\n"
    "  --collateral DIR    with a root: the profile's folder of certificates\n"
    "  --at TIME           with a root: judge at this time (default: now)\n"
    "  --collection TYPE   of several attesters: that of the setting of this "
    "name\n"
    "  --json              check: a JSON object; learn prints JSON in any "
    "case\n"
    "  --help              this\n"
    "\n"
    "Exit status: 0 the policy is good; 1 it has problems, or nothing can be\n"
    "learnt from the Evidence; 2 bad usage, no such file or no such "
    "attester.\n";

enum { NONCE = 32 };

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
    const char *source, *collateral, *at, *collection;
    char *const *sources; /* source is the first */
    size_t num_sources;
    struct atls_words anchors;
    struct atls_buf cmw;
    struct atls_voucher voucher;
    struct atls_evidence *evidence;
};

static void study_clear(struct study *study)
{
    atls_buf_clear(&study->cmw);
    atls_voucher_clear(&study->voucher);
    atls_evidence_free(study->evidence);
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

/* Is there what can vouch for it? */
static enum atls_reason check_voucher(const struct study *study,
                                      struct atls_signers signers,
                                      const char *anchor, struct atls_why *why)
{
    if (signers.by_certificates && !study->voucher.has_certificate)
        return atls_why(why, ATLS_FILE_UNREADABLE,
                        "%s: want a root certificate in PEM", anchor);
    if (signers.by_key && study->voucher.num_keys == 0)
        return atls_why(why, ATLS_FILE_UNREADABLE,
                        "%s: want a public key or a certificate in PEM",
                        anchor);
    return ATLS_OK;
}

static int learn_from(struct study *study, struct atls_signers signers,
                      const char *anchor)
{
    bool has_folder = study->collateral != NULL && signers.by_certificates;
    ATLS_AUTO_HEAP char *folder =
        has_folder ? realpath(study->collateral, NULL) : NULL;
    struct atls_lesson lesson = {.keys = study->voucher.keys,
                                 .num_keys = study->voucher.num_keys,
                                 .collateral = folder,
                                 .now = time(NULL)};
    struct atls_why why = {0};

    if (study->at != NULL && !atls_input_time(study->at, &lesson.now))
        return atls_usage_wrong("policy",
                                "--at: want a time such as "
                                "2026-11-23T21:00:00Z, found \"%s\"",
                                study->at);
    if (check_voucher(study, signers, anchor, &why) == ATLS_OK && has_folder &&
        folder == NULL)
        atls_why(&why, ATLS_FILE_UNREADABLE, "%s: %s", study->collateral,
                 strerror(errno));
    if (why.reason != ATLS_OK)
        return atls_usage_failed("policy", &why);
    atls_buf_u8(&study->voucher.text, '\0');
    if (study->voucher.has_certificate)
        lesson.certificates = (const char *)study->voucher.text.data;
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

/* What the attester gives as its own key, when nothing else vouches for it. */
static int learn_with_own_key(struct study *study, struct atls_source *source,
                              struct atls_signers signers)
{
    ATLS_AUTO_BUF pem = atls_buf(ATLS_INPUT_MAX);
    struct atls_why why = {0};

    if (study->anchors.num > 0)
        return atls_usage_wrong("policy",
                                "--trust-anchor is for a file, or the root of "
                                "the certificate that the Evidence brings: an "
                                "attester gives its own key");
    if (atls_source_pem(source, &pem, &why) != ATLS_OK ||
        atls_voucher_take(&study->voucher, atls_buf_view(&pem), &why) !=
            ATLS_OK)
        return atls_usage_failed("policy", &why);
    return learn_from(study, signers, study->source);
}

/* The anchor of a key is the attester's own word, so its quote is verified with
 * it: atls_policy_learn does that. A root certificate is its vendor's word. */
static int learn_from_attester(struct study *study)
{
    ATLS_AUTO_SOURCE source = {0};
    struct atls_signers signers;
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
    signers = atls_policy_signers(study->evidence);
    if (!signers.is_composite && !signers.by_certificates &&
        !(signers.brings_certificate && study->anchors.num > 0))
        return learn_with_own_key(study, &source, signers);
    if (study->anchors.num == 0)
        return atls_usage_wrong(
            "policy", "%s: its Evidence needs --trust-anchor, %s",
            study->source,
            signers.is_composite ? "for each of its members"
                                 : "the vendor's root certificate");
    return learn_from(study, signers, study->anchors.items[0]);
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
    return learn_from(study, atls_policy_signers(study->evidence),
                      study->anchors.items[0]);
}

/* By the attester's own words for those that have a key, and the vendor's roots
 * for the others. */
static int learn_from_several(struct study *study)
{
    const struct atls_several several = {.words = study->sources,
                                         .num = study->num_sources,
                                         .collection = study->collection};
    struct atls_signers signers;
    struct atls_why why = {0};
    int status;

    if (atls_several_quote(&several, &study->cmw, &study->voucher, &why) !=
        ATLS_OK)
        return atls_usage_failed("policy", &why);
    status = parse_study(study);
    if (status >= 0)
        return status;
    signers = atls_policy_signers(study->evidence);
    if (signers.by_certificates && study->anchors.num == 0)
        return atls_usage_wrong("policy",
                                "want --trust-anchor: of one of them the "
                                "vendor's root certificate is needed");
    return learn_from(study, signers, study->source);
}

static enum atls_reason read_anchors(struct study *study, struct atls_why *why)
{
    for (unsigned i = 0; i < study->anchors.num; i++) {
        ATLS_AUTO_BUF file = atls_buf(ATLS_INPUT_MAX);

        if (atls_input_read(study->anchors.items[i], &file, why) != ATLS_OK ||
            atls_voucher_take(&study->voucher, atls_buf_view(&file), why) !=
                ATLS_OK)
            return why->reason;
    }
    return ATLS_OK;
}

/* Its sentences are not in the frame of who calls. */
static __attribute__((noinline)) int learn(struct study *study)
{
    struct atls_view label;
    bool has_label = atls_source_split(study->source, &label) != study->source;
    struct atls_why why = {0};

    if (study->collection != NULL && !has_label)
        return atls_usage_wrong("policy", "--collection is for attesters with "
                                          "a label each");
    if (!has_label && study->num_sources > 1)
        return atls_usage_wrong("policy",
                                "%s: want one, or several attesters with a "
                                "label each (LABEL=URI)",
                                study->source);
    if (!atls_source_is_uri(study->source) && study->anchors.num == 0)
        return atls_usage_wrong("policy",
                                "%s: Evidence in a file needs --trust-anchor, "
                                "the key that it was signed with or its "
                                "vendor's root certificate",
                                study->source);
    if (read_anchors(study, &why) != ATLS_OK)
        return atls_usage_failed("policy", &why);
    if (has_label)
        return learn_from_several(study);
    return atls_source_is_uri(study->source) ? learn_from_attester(study)
                                             : learn_from_file(study);
}

int atls_command_policy(int argc, char **argv)
{
    bool as_json = false;
    __attribute__((cleanup(study_clear))) struct study study = {
        .cmw = atls_buf(ATLS_INPUT_MAX + 512),
        .voucher = {.text = atls_buf(4 * ATLS_INPUT_MAX)}};
    const struct atls_option options[] = {
        {"trust-anchor", NULL, NULL, &study.anchors},
        {"collateral", NULL, &study.collateral, NULL},
        {"at", NULL, &study.at, NULL},
        {"collection", NULL, &study.collection, NULL},
        {"json", &as_json, NULL, NULL},
        {0}};
    const struct atls_usage usage = {"policy", help, 2, 1 + ATLS_COMPOSITE_MAX};
    int status = argc > 1 && strcmp(argv[1], "import") == 0
                     ? atls_policy_import(argc - 1, argv + 1)
                     : atls_options_read(&usage, options, argc, argv);

    if (status >= 0)
        return status;
    study.source = argv[optind + 1];
    study.sources = &argv[optind + 1];
    study.num_sources = (size_t)(argc - optind - 1);
    if (strcmp(argv[optind], "learn") == 0)
        return learn(&study);
    if (strcmp(argv[optind], "check") != 0)
        return atls_usage_wrong("policy",
                                "want check, learn or import, found \"%s\"",
                                argv[optind]);
    if (study.num_sources > 1)
        return atls_usage_wrong("policy", "unexpected argument \"%s\"",
                                study.sources[1]);
    if (study.anchors.num > 0 || study.collateral != NULL || study.at != NULL ||
        study.collection != NULL)
        return atls_usage_wrong("policy", "--%s is for learn",
                                study.anchors.num > 0      ? "trust-anchor"
                                : study.collateral != NULL ? "collateral"
                                : study.at != NULL         ? "at"
                                                           : "collection");
    return check(study.source, as_json);
}
