/* SPDX-License-Identifier: Apache-2.0
 *
 * atls appraise: what libatls says of Evidence in a file. The outermost
 * caller, so the clock is read here, unless --at gives the time.
 */
#include "cli/command.h"

#include <getopt.h>
#include <time.h>

#include "cli/describe.h"
#include "cli/input.h"
#include "cli/options.h"
#include "cli/output.h"

static const char help[] =
    "usage: atls appraise --policy FILE --nonce HEX [OPTION]... EVIDENCE\n"
    "\n"
    "Judges Evidence (a CMW, or a bare token) as a peer would in a handshake,\n"
    "with the nonce in the place of the binder, and says which claim differs,\n"
    "what was expected and what was seen. EVIDENCE can be - for standard "
    "input.\n"
    "\n"
    "  --policy FILE    the policy to judge by\n"
    "  --nonce HEX      8 to 64 bytes that the Evidence must carry\n"
    "  --at TIME        judge at this time, RFC 3339: 2026-11-23T21:00:00Z\n"
    "                   (default: now)\n"
    "  --profile NAME   by this profile of the policy (default: those that "
    "its\n"
    "                   rules accept from a server without a name)\n"
    "  --json           the verdict as a JSON object\n"
    "  --help           this\n"
    "\n"
    "Exit status: 0 affirming, 1 refused, 2 bad usage, policy or file.\n";

struct question {
    const char *policy, *nonce, *at, *profile;
    struct atls_policy *good;
    int64_t now;
    struct atls_buf expected, file, cmw;
};

static void question_clear(struct question *q)
{
    atls_policy_free(q->good);
    atls_buf_clear(&q->expected);
    atls_buf_clear(&q->file);
    atls_buf_clear(&q->cmw);
}

static int check_words(struct question *q)
{
    if (q->policy == NULL || q->nonce == NULL)
        return atls_usage_wrong("appraise", "--%s is missing",
                                q->policy == NULL ? "policy" : "nonce");
    if (!atls_input_nonce(q->nonce, &q->expected))
        return atls_usage_wrong("appraise",
                                "--nonce: want 8 to 64 bytes in "
                                "hex, found \"%s\"",
                                q->nonce);
    q->now = (int64_t)time(NULL);
    if (q->at != NULL && !atls_input_time(q->at, &q->now))
        return atls_usage_wrong("appraise",
                                "--at: want a time such as "
                                "2026-11-23T21:00:00Z, found \"%s\"",
                                q->at);
    return -1;
}

static int read_files(struct question *q, const char *path)
{
    struct atls_why why = {0};
    enum atls_reason reason =
        atls_policy_read(q->policy, NULL, NULL, &q->good, &why);

    if (reason == ATLS_OK && q->profile != NULL &&
        atls_policy_profile(q->good, q->profile) == NULL)
        reason = atls_why(&why, ATLS_POLICY_INVALID,
                          "--profile: %s has no profile \"%s\"", q->policy,
                          q->profile);
    if (reason == ATLS_OK)
        reason = atls_input_read(path, &q->file, &why);
    if (reason == ATLS_OK &&
        atls_input_evidence(atls_buf_view(&q->file), &q->cmw) != ATLS_OK)
        reason = atls_why(&why, ATLS_OUT_OF_MEMORY, NULL);
    return reason == ATLS_OK ? -1 : atls_usage_failed("appraise", &why);
}

static int answer(const struct question *q, bool as_json)
{
    ATLS_AUTO(json_t) *report = json_object();
    struct atls_view cmw = atls_buf_view(&q->cmw);
    struct atls_evidence *evidence = NULL;
    struct atls_verdict verdict;
    enum atls_reason reason =
        atls_appraise(q->good, cmw, atls_buf_view(&q->expected), q->now,
                      q->profile, &verdict);

    atls_describe_verdict(report, &verdict);
    if (atls_evidence_parse(cmw, NULL, &evidence, NULL) == ATLS_OK)
        atls_output_add(report, "claims", atls_describe_claims(evidence));
    atls_evidence_free(evidence);
    return atls_output_print(report, as_json,
                             reason == ATLS_OK ? ATLS_EXIT_YES : ATLS_EXIT_NO);
}

int atls_command_appraise(int argc, char **argv)
{
    bool as_json = false;
    __attribute__((cleanup(question_clear))) struct question q = {
        .expected = atls_buf(64),
        .file = atls_buf(ATLS_INPUT_MAX),
        .cmw = atls_buf(ATLS_INPUT_MAX + 512)};
    const struct atls_option options[] = {
        {"policy", NULL, &q.policy, NULL}, {"nonce", NULL, &q.nonce, NULL},
        {"at", NULL, &q.at, NULL},         {"profile", NULL, &q.profile, NULL},
        {"json", &as_json, NULL, NULL},    {0}};
    const struct atls_usage usage = {"appraise", help, 1, 1};
    int status = atls_options_read(&usage, options, argc, argv);

    if (status < 0)
        status = check_words(&q);
    if (status < 0)
        status = read_files(&q, argv[optind]);
    return status < 0 ? answer(&q, as_json) : status;
}
