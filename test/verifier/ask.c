/* SPDX-License-Identifier: Apache-2.0
 *
 * ask URL [NAME=VALUE...]: a Verifier is asked by verifier-client/remote.c.
 * Prints "OK" and the result, or the reason and its sentence; one line a time.
 * With policy=FILE URL names one of its verifiers, and a verdict is printed, as
 * of now=SECONDS.
 */
#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "clock.h"
#include "file.h"
#include "policy.h"
#include "remote.h"

struct order {
    struct atls_verifier verifier;
    struct atls_remote_question question;
    struct atls_buf value, nonce;
    int64_t timeout_ms, now;
    int num_times;
    const char *policy_path;
    struct atls_policy *policy;
};

static const char *value_of(const char *word, const char *name)
{
    size_t len = strlen(name);

    return strncmp(word, name, len) == 0 && word[len] == '=' ? word + len + 1
                                                             : NULL;
}

static bool take_word(struct order *order, const char *word)
{
    const char *value;

    if ((value = value_of(word, "value")) != NULL)
        return atls_file_read(value, &order->value, NULL) == ATLS_OK;
    if ((value = value_of(word, "nonce")) != NULL) {
        order->nonce.len = 0; /* the last one counts */
        return atls_hex_decode(atls_view_text(value), &order->nonce);
    }
    if ((value = value_of(word, "type")) != NULL)
        return atls_type_parse(atls_view_text(value), &order->question.type);
    if ((value = value_of(word, "ca")) != NULL)
        order->verifier.peer.ca = value;
    else if ((value = value_of(word, "tee")) != NULL)
        order->question.tee = value;
    else if ((value = value_of(word, "timeout_ms")) != NULL)
        order->timeout_ms = strtol(value, NULL, 10);
    else if ((value = value_of(word, "now")) != NULL)
        order->now = strtoll(value, NULL, 10);
    else if ((value = value_of(word, "policy")) != NULL)
        order->policy_path = value;
    else if ((value = value_of(word, "times")) != NULL)
        order->num_times = atoi(value);
    else if (strcmp(word, "kind=trustee") == 0)
        order->verifier.kind = ATLS_VERIFIER_TRUSTEE;
    else if (strcmp(word, "discovery=true") == 0)
        order->verifier.discovers = true;
    else
        return false;
    return true;
}

static bool appraise(const struct order *order)
{
    static struct atls_verdict verdict;

    (void)atls_remote_appraise(&order->question, atls_policy_id(order->policy),
                               order->now, &verdict);
    printf("%s %s: %s\n", atls_reason_name(verdict.reason),
           atls_tier_name(verdict.tier), verdict.text);
    return verdict.reason == ATLS_OK;
}

static bool ask(struct order *order)
{
    ATLS_AUTO_BUF result = atls_buf(ATLS_JWS_MAX);
    static struct atls_why why;

    why = (struct atls_why){0};
    order->question.value = atls_buf_view(&order->value);
    order->question.nonce = atls_buf_view(&order->nonce);
    order->question.deadline_ns =
        atls_clock_now() + order->timeout_ms * 1000000;
    if (order->policy != NULL)
        return appraise(order);
    if (atls_remote_ask(&order->question, &result, &why) == ATLS_OK)
        printf("OK %.*s\n", (int)result.len, (const char *)result.data);
    else
        printf("%s: %s\n", atls_reason_name(why.reason), why.text);
    return why.reason == ATLS_OK;
}

static bool read_policy(struct order *order)
{
    static struct atls_why why;
    struct atls_view name = atls_view_text(order->verifier.peer.url);

    if (atls_policy_read(order->policy_path, NULL, NULL, &order->policy,
                         &why) != ATLS_OK) {
        puts(why.text);
        return false;
    }
    order->question.verifier = atls_policy_verifier(order->policy, name);
    return order->question.verifier != NULL;
}

int main(int argc, char **argv)
{
    static struct order order = {
        .verifier.peer.allows_loopback_http = true,
        .timeout_ms = 20000,
        .num_times = 1,
    };
    bool is_good = true;

    atls_remote_set_folder(getenv("ATLS_MODULES"));
    order.value = atls_buf(ATLS_FILE_MAX);
    order.nonce = atls_buf(256);
    order.question.verifier = &order.verifier;
    order.question.type = atls_type_of_format(10003);
    for (int i = 2; i < argc; i++)
        if (!take_word(&order, argv[i])) {
            printf("%s: not understood\n", argv[i]);
            return 2;
        }
    if (argc > 1)
        order.verifier.peer.url = argv[1];
    if (order.policy_path != NULL && !read_policy(&order))
        return 2;
    for (int i = 0; argc > 1 && i < order.num_times; i++)
        is_good = ask(&order) && is_good;
    atls_policy_free(order.policy);
    atls_buf_clear(&order.value);
    atls_buf_clear(&order.nonce);
    return is_good ? 0 : 1;
}
