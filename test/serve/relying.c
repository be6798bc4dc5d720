/* SPDX-License-Identifier: Apache-2.0
 *
 * relying POLICY VERIFIER NONCE: a Relying Party that was given a result, on
 * standard input, for the challenge NONCE (hex). Prints the reason; exit status
 * 0 if it is believed.
 */
#include <stdio.h>
#include <time.h>

#include "base64url.h"
#include "file.h"
#include "policy.h"
#include "result.h"

static enum atls_reason appraise(const struct atls_policy *policy,
                                 const char *name, struct atls_view nonce,
                                 struct atls_view result)
{
    const struct atls_verifier *verifier =
        atls_policy_verifier(policy, atls_view_text(name));
    const struct atls_result_subject subject = {.nonce = nonce};
    struct atls_verdict verdict;
    int64_t expires_s;

    if (verifier == NULL)
        return ATLS_SETTING_INVALID;
    return atls_result_appraise(verifier, result, &subject, (int64_t)time(NULL),
                                &verdict, &expires_s);
}

static bool read_result(struct atls_buf *out)
{
    uint8_t block[1024];
    size_t len;

    while ((len = fread(block, 1, sizeof(block), stdin)) > 0)
        atls_buf_put(out, atls_view(block, len));
    return !out->failed;
}

int main(int argc, char **argv)
{
    ATLS_AUTO_BUF nonce = atls_buf(64), result = atls_buf(ATLS_JWS_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};
    enum atls_reason reason;

    if (argc != 4 || !atls_hex_decode(atls_view_text(argv[3]), &nonce) ||
        !read_result(&result))
        return 2;
    reason = atls_policy_read(argv[1], NULL, NULL, &policy, &why);
    if (reason == ATLS_OK)
        reason = appraise(policy, argv[2], atls_buf_view(&nonce),
                          atls_buf_view(&result));
    atls_policy_free(policy);
    puts(atls_reason_name(reason));
    return reason == ATLS_OK ? 0 : 1;
}
