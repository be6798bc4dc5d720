/* SPDX-License-Identifier: Apache-2.0
 *
 * What the policy rests on and when it ends: peers are refused from then on,
 * whatever they are.
 */
#include <time.h>

#include "cli/doctor.h"
#include "expiry.h"

struct search {
    struct atls_findings *findings;
    int64_t now;
    unsigned num;
    struct atls_expiry first; /* of the fresh ones */
};

static void look_at(void *arg, const struct atls_expiry *expiry)
{
    struct search *search = arg;
    enum atls_expiry_state state = atls_expiry_state(expiry, search->now);
    char text[ATLS_EXPIRY_SENTENCE];

    search->num++;
    if (state == ATLS_EXPIRY_FRESH) {
        if (expiry->next < search->first.next)
            search->first = *expiry;
        return;
    }
    atls_expiry_sentence(expiry, search->now, text, sizeof(text));
    atls_finding(search->findings,
                 state == ATLS_EXPIRY_SOON ? ATLS_LEVEL_WARN : ATLS_LEVEL_FAIL,
                 "collateral", "profile %s: %s", expiry->profile, text);
}

void atls_doctor_collateral(const struct atls_policy *policy,
                            struct atls_findings *findings)
{
    struct search search = {.findings = findings,
                            .now = (int64_t)time(NULL),
                            .first = {.next = ATLS_EXPIRY_NEVER}};
    char date[32];

    if (!atls_policy_expiries(policy, look_at, &search) ||
        search.first.next == ATLS_EXPIRY_NEVER)
        return;
    atls_expiry_date(search.first.next, date, sizeof(date));
    atls_finding(findings, ATLS_LEVEL_OK, "collateral",
                 "%u certificates, CRLs and documents; the next fresh one to "
                 "end is the %s of %s, %s",
                 search.num, search.first.kind, search.first.of, date);
}
