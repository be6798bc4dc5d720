/* SPDX-License-Identifier: Apache-2.0
 *
 * policy.json, which an operator writes: every problem is a sentence, and a
 * policy that was read answers for every peer.
 */
#include "fuzz.h"

#include <string.h>

#include "policy.h"

const char fuzz_target[] = "policy";

static void count_problem(void *arg, const char *sentence)
{
    fuzz_must(*sentence != '\0');
    ++*(unsigned *)arg;
}

static void ask(const struct atls_policy *policy, enum atls_role role,
                const char *name)
{
    struct atls_peer peer = {.role = role, .name = name};
    struct atls_scheme schemes[8];
    const struct atls_rule *rule = atls_policy_match(policy, &peer);

    fuzz_must(atls_policy_schemes(policy, &peer, schemes, 8) <= 8);
    (void)atls_policy_requires(policy, &peer);
    (void)atls_policy_requires_all(policy, role);
    if (rule != NULL)
        (void)atls_rule_identity(rule);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};
    unsigned num_problems = 0;
    enum atls_reason reason =
        atls_policy_parse(atls_view(data, size), "policy.json", "/nonexistent",
                          count_problem, &num_problems, &policy, &why);

    fuzz_must((reason == ATLS_OK) == (policy != NULL));
    fuzz_must(reason == why.reason);
    if (policy == NULL)
        return 0;
    ask(policy, ATLS_ROLE_SERVER, "www.example.com");
    ask(policy, ATLS_ROLE_SERVER, "192.0.2.1");
    ask(policy, ATLS_ROLE_SERVER, NULL);
    ask(policy, ATLS_ROLE_CLIENT, NULL);
    atls_policy_free(policy);
    return 0;
}
