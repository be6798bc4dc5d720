/* SPDX-License-Identifier: Apache-2.0
 *
 * atls appraise: what libatls says of Evidence in a file, or of a Verifier's
 * result for some. The outermost caller, so the clock is read here, unless --at
 * gives the time.
 */
#include "cli/command.h"

#include <getopt.h>
#include <time.h>

#include "cli/describe.h"
#include "cli/input.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/token.h"
#include "clock.h"
#include "result.h"
#include "spki.h"

static const char help[] =
    "usage: atls appraise --policy FILE --nonce HEX [OPTION]... EVIDENCE\n"
    "       atls appraise --policy FILE --no-nonce [OPTION]... EVIDENCE\n"
    "       atls appraise --result --verifier NAME --policy FILE --nonce HEX "
    "FILE\n"
    "\n"
    "Judges Evidence (a CMW, or a bare token) as a peer would in a handshake,\n"
    "with the nonce in the place of the binder, and says which claim differs,\n"
    "what was expected and what was seen. EVIDENCE can be - for standard "
    "input.\n"
    "\n"
    "  --policy FILE    the policy to judge by\n"
    "  --nonce HEX      8 to 64 bytes that the Evidence must carry\n"
    "  --no-nonce       for stored Evidence: say what it would be if its "
    "nonce\n"
    "                   were right; the verdict is unbound, and never accepts\n"
    "  --spki FILE, --cert FILE  the peer's TLS key, which must be the one "
    "that\n"
    "                   is attested: a public key, or that of a certificate\n"
    "  --at TIME        judge at this time, RFC 3339: 2026-11-23T21:00:00Z\n"
    "                   (default: now)\n"
    "  --profile NAME   by this profile of the policy (default: those that "
    "its\n"
    "                   rules accept from a server without a name)\n"
    "  --verifier NAME  one of the policy's: what the setting verifier would "
    "be\n"
    "  --result         FILE is that Verifier's Attestation Result\n"
    "  --json           the verdict as a JSON object\n"
    "  --help           this\n"
    "\n"
    "Exit status: 0 affirming, 1 refused, 2 bad usage, policy or file.\n";

enum { VERIFIER_S = 10 }; /* that a Verifier may take */
#define VERIFIER_NS (INT64_C(1000000000) * VERIFIER_S)

struct question {
    const char *policy, *nonce, *at, *profile, *verifier, *spki, *cert;
    bool is_result, is_unbound;
    struct atls_policy *good;
    int64_t now;
    struct atls_buf expected, file, cmw, tls_key;
    uint8_t tik[ATLS_SPKI_HASH]; /* of tls_key */
};

static void question_clear(struct question *q)
{
    atls_policy_free(q->good);
    atls_buf_clear(&q->expected);
    atls_buf_clear(&q->file);
    atls_buf_clear(&q->cmw);
    atls_buf_clear(&q->tls_key);
}

static int check_words(struct question *q)
{
    if (q->policy == NULL || (q->nonce == NULL && !q->is_unbound))
        return atls_usage_wrong("appraise", "--%s is missing",
                                q->policy == NULL ? "policy" : "nonce");
    if (q->is_unbound &&
        (q->nonce != NULL || q->is_result || q->verifier != NULL))
        return atls_usage_wrong("appraise", "--no-nonce is for Evidence that "
                                            "is judged here, without --nonce");
    if (q->is_result && (q->verifier == NULL || q->profile != NULL))
        return atls_usage_wrong("appraise", q->verifier == NULL
                                                ? "--verifier is missing"
                                                : "--profile is for Evidence");
    if (q->spki != NULL && q->cert != NULL)
        return atls_usage_wrong("appraise",
                                "--spki and --cert name the same key");
    if (!q->is_unbound && !atls_input_nonce(q->nonce, &q->expected))
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

static enum atls_reason read_key(struct question *q, struct atls_why *why)
{
    const char *path = q->spki != NULL ? q->spki : q->cert;
    enum atls_reason reason;

    if (path == NULL)
        return ATLS_OK;
    reason = atls_input_spki(path, q->cert != NULL, &q->tls_key, why);
    return reason == ATLS_OK
               ? atls_spki_hash(atls_buf_view(&q->tls_key), q->tik, why)
               : reason;
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
    if (reason == ATLS_OK && q->verifier != NULL &&
        atls_policy_verifier(q->good, atls_view_text(q->verifier)) == NULL)
        reason = atls_why(&why, ATLS_POLICY_INVALID,
                          "--verifier: %s has no Verifier \"%s\"", q->policy,
                          q->verifier);
    if (reason == ATLS_OK)
        reason = read_key(q, &why);
    if (reason == ATLS_OK)
        reason = atls_input_read(path, &q->file, &why);
    if (reason == ATLS_OK &&
        atls_input_evidence(atls_buf_view(&q->file), &q->cmw) != ATLS_OK)
        reason = atls_why(&why, ATLS_OUT_OF_MEMORY, NULL);
    return reason == ATLS_OK ? -1 : atls_usage_failed("appraise", &why);
}

static int print(json_t *report, enum atls_reason reason, bool as_json)
{
    return atls_output_print(report, as_json,
                             reason == ATLS_OK ? ATLS_EXIT_YES : ATLS_EXIT_NO);
}

/* What it would be goes beside the verdict, never in its place. */
static int answer_unbound(const struct question *q, bool as_json)
{
    ATLS_AUTO(json_t) *report = json_object();
    const struct atls_terms terms = {
        .policy = q->good, .only_profile = q->profile, .now = q->now};
    struct atls_view cmw = atls_buf_view(&q->cmw);
    struct atls_evidence *evidence = NULL;
    struct atls_verdict verdict, would_be;
    json_t *otherwise = json_object();

    (void)atls_evidence_judge_stored(cmw, &terms, &verdict, &would_be);
    atls_describe_verdict(report, &verdict);
    atls_output_set(report, "verdict", "unbound");
    atls_describe_verdict(otherwise, &would_be);
    atls_output_add(report, "otherwise", otherwise);
    if (atls_evidence_parse_stored(cmw, &evidence, NULL) == ATLS_OK)
        atls_output_add(report, "claims", atls_describe_claims(evidence));
    atls_evidence_free(evidence);
    return atls_output_print(report, as_json, ATLS_EXIT_NO);
}

static int answer(const struct question *q, bool as_json)
{
    ATLS_AUTO(json_t) *report = json_object();
    const struct atls_terms terms = {
        .policy = q->good,
        .only_profile = q->profile,
        .now = q->now,
        .verifier = q->verifier,
        .deadline_ns = atls_clock_now() + VERIFIER_NS,
        .tik = atls_buf_view(&q->tls_key),
    };
    struct atls_view cmw = atls_buf_view(&q->cmw);
    struct atls_evidence *evidence = NULL;
    struct atls_verdict verdict;
    enum atls_reason reason =
        atls_evidence_judge(cmw, atls_buf_view(&q->expected), &terms, &verdict);

    atls_describe_verdict(report, &verdict);
    if (atls_evidence_parse(cmw, NULL, &evidence, NULL) == ATLS_OK)
        atls_output_add(report, "claims", atls_describe_claims(evidence));
    atls_evidence_free(evidence);
    return print(report, reason, as_json);
}

static const char *standing_of(enum atls_reason reason)
{
    bool is_doubtful =
        reason == ATLS_RESULT_SIGNATURE || reason == ATLS_RESULT_KEY_UNKNOWN ||
        reason == ATLS_OUT_OF_MEMORY || reason == ATLS_CRYPTO_FAILED ||
        reason == ATLS_RESULT_MALFORMED;

    return is_doubtful ? "not verified" : "verified under the Verifier's key";
}

static int answer_result(const struct question *q, bool as_json)
{
    ATLS_AUTO(json_t) *report = json_object();
    struct atls_view jws = atls_token_trim(atls_buf_view(&q->file));
    struct atls_result_subject subject = {.nonce = atls_buf_view(&q->expected),
                                          .tik = q->tls_key.len > 0 ? q->tik
                                                                    : NULL};
    struct atls_verdict verdict;
    int64_t expires_s;
    enum atls_reason reason = atls_result_appraise(
        atls_policy_verifier(q->good, atls_view_text(q->verifier)), jws,
        &subject, q->now, &verdict, &expires_s);

    atls_describe_verdict(report, &verdict);
    (void)atls_token_describe(report, jws, standing_of(reason));
    return print(report, reason, as_json);
}

int atls_command_appraise(int argc, char **argv)
{
    bool as_json = false;
    __attribute__((cleanup(question_clear))) struct question q = {
        .expected = atls_buf(64),
        .file = atls_buf(ATLS_INPUT_MAX),
        .cmw = atls_buf(ATLS_INPUT_MAX + 512),
        .tls_key = atls_buf(ATLS_SPKI_MAX)};
    const struct atls_option options[] = {
        {"policy", NULL, &q.policy, NULL},
        {"nonce", NULL, &q.nonce, NULL},
        {"no-nonce", &q.is_unbound, NULL, NULL},
        {"at", NULL, &q.at, NULL},
        {"profile", NULL, &q.profile, NULL},
        {"verifier", NULL, &q.verifier, NULL},
        {"spki", NULL, &q.spki, NULL},
        {"cert", NULL, &q.cert, NULL},
        {"result", &q.is_result, NULL, NULL},
        {"json", &as_json, NULL, NULL},
        {0}};
    const struct atls_usage usage = {"appraise", help, 1, 1};
    int status = atls_options_read(&usage, options, argc, argv);

    if (status < 0)
        status = check_words(&q);
    if (status < 0)
        status = read_files(&q, argv[optind]);
    if (status >= 0)
        return status;
    if (q.is_unbound)
        return answer_unbound(&q, as_json);
    return q.is_result ? answer_result(&q, as_json) : answer(&q, as_json);
}
