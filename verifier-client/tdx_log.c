/* SPDX-License-Identifier: Apache-2.0
 *
 * The event log beside a TD's quote (CCEL; UEFI 2.10, 38.4): its events must
 * add up to the RTMRs that were quoted, so that what it tells of the boot is
 * the TDX module's word.
 */
#include <stdio.h>

#include "base64url.h"
#include "dcap.h"
#include "eventlog.h"

enum {
    ALG_SHA384 = 0x0c, /* TPM_ALG_ID: RTMRs have no other bank */
    FIRST_INDEX = 1    /* of the log's registers: RTMR[0]; 0 is MRTD */
};

static enum atls_reason differs(const struct atls_profile *profile,
                                unsigned rtmr, struct atls_view quoted,
                                struct atls_view replayed, struct atls_why *why)
{
    char want[2 * ATLS_QUOTE_MR + 1], seen[sizeof(want)];

    atls_hex(quoted, want, sizeof(want));
    atls_hex(replayed, seen, sizeof(seen));
    return atls_why(why, ATLS_EVENTLOG_MISMATCH,
                    "profile %s: event log: want events that add up to "
                    "RTMR[%u] as quoted, %s, found %s",
                    profile->name, rtmr, want, seen);
}

/* What the log does not speak of was measured by somebody who writes no log,
 * and is for the reference values to judge; without one, nobody may have. */
static bool is_judged_elsewhere(const struct atls_profile *profile,
                                const struct atls_eventlog_registers *found,
                                unsigned rtmr)
{
    const struct atls_dcap_reference *reference = profile->reference;

    return (found->mask >> (rtmr + FIRST_INDEX) & 1) == 0 &&
           reference->values[ATLS_TDX_RTMR0 + rtmr].num > 0;
}

static enum atls_reason check_registers(
    const struct atls_quote_td *td, const struct atls_profile *profile,
    const struct atls_eventlog_registers *found, struct atls_why *why)
{
    const uint32_t known = ((1u << ATLS_EVENTLOG_RTMRS) - 1) << FIRST_INDEX;

    if ((found->mask & ~known) != 0)
        return atls_why(why, ATLS_EVENTLOG_MISMATCH,
                        "profile %s: event log: want events of RTMR[0] to "
                        "RTMR[%d], found others",
                        profile->name, ATLS_EVENTLOG_RTMRS - 1);
    for (unsigned i = 0; i < ATLS_EVENTLOG_RTMRS; i++) {
        struct atls_view replayed =
            atls_view(found->values[i + FIRST_INDEX], ATLS_QUOTE_MR);

        if (!is_judged_elsewhere(profile, found, i) &&
            !atls_view_equal(td->rtmr[i], replayed))
            return differs(profile, i, td->rtmr[i], replayed, why);
    }
    return ATLS_OK;
}

enum atls_reason atls_tdx_check_log(const struct atls_dcap_claims *claims,
                                    const struct atls_profile *profile,
                                    struct atls_why *why)
{
    ATLS_AUTO_HEAP struct atls_eventlog_registers *found =
        calloc(1, sizeof(*found));
    enum atls_reason reason;

    if (found == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (claims->eventlog.len == 0)
        return atls_why(why, ATLS_CLAIM_MISSING,
                        "profile %s: want an event log beside the quote, found "
                        "none: add it to the attester's URI",
                        profile->name);
    reason = atls_eventlog_replay(claims->eventlog,
                                  atls_tpm_hash_index(ALG_SHA384), found, why);
    return reason == ATLS_OK
               ? check_registers(&claims->quote.td, profile, found, why)
               : reason;
}
