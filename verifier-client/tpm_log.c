/* SPDX-License-Identifier: Apache-2.0
 *
 * The event log beside a quote: its events must add up to the PCRs that were
 * quoted, so that what it tells of the boot is the TPM's word.
 */
#include <stdio.h>

#include "base64url.h"
#include "eventlog.h"
#include "tpm.h"

static enum atls_reason differs(const struct atls_profile *profile,
                                const struct atls_tpm_hash *hash,
                                unsigned index, const uint8_t *replayed,
                                const uint8_t *quoted, struct atls_why *why)
{
    char want[2 * ATLS_TPM_MAX_HASH + 1], seen[sizeof(want)];

    atls_hex(atls_view(quoted, hash->len), want, sizeof(want));
    atls_hex(atls_view(replayed, hash->len), seen, sizeof(seen));
    return atls_why(why, ATLS_EVENTLOG_MISMATCH,
                    "profile %s: event log: want events that add up to PCR "
                    "%s:%u as quoted, %s, found %s",
                    profile->name, hash->name, index, want, seen);
}

/* PCRs that the log does not speak of stay as they are: the reference values
 * judge them. */
static enum atls_reason check_bank(const struct atls_tpm_claims *quote,
                                   const struct atls_profile *profile, int hash,
                                   unsigned *num_equal, struct atls_why *why)
{
    const struct atls_tpm_bank *bank = &quote->banks[hash];
    ATLS_AUTO_HEAP struct atls_eventlog_registers *found =
        calloc(1, sizeof(*found));
    enum atls_reason reason =
        found != NULL ? atls_eventlog_replay(quote->eventlog, hash, found, why)
                      : atls_why(why, ATLS_OUT_OF_MEMORY, NULL);

    for (unsigned i = 0; reason == ATLS_OK && i < ATLS_TPM_NUM_PCRS; i++) {
        if ((found->mask & bank->mask & 1u << i) == 0)
            continue;
        ++*num_equal;
        if (!atls_view_equal(
                atls_view(found->values[i], atls_tpm_hashes[hash].len),
                atls_view(bank->values[i], atls_tpm_hashes[hash].len)))
            reason = differs(profile, &atls_tpm_hashes[hash], i,
                             found->values[i], bank->values[i], why);
    }
    return reason;
}

enum atls_reason atls_tpm_check_log(const struct atls_tpm_claims *quote,
                                    const struct atls_profile *profile,
                                    struct atls_why *why)
{
    struct atls_eventlog log;
    unsigned num_equal = 0;
    enum atls_reason reason;

    if (quote->eventlog.len == 0)
        return atls_why(why, ATLS_CLAIM_MISSING,
                        "profile %s: want an event log beside the quote, found "
                        "none: add it to the attester's URI",
                        profile->name);
    reason = atls_eventlog_open(quote->eventlog, &log, why);
    for (int i = 0; reason == ATLS_OK && i < ATLS_TPM_NUM_HASHES; i++)
        if (quote->banks[i].mask != 0 && atls_eventlog_has_hash(&log, i))
            reason = check_bank(quote, profile, i, &num_equal, why);
    if (reason != ATLS_OK || num_equal > 0)
        return reason;
    return atls_why(why, ATLS_EVENTLOG_MISMATCH,
                    "profile %s: event log: want events of PCRs that were "
                    "quoted, found none",
                    profile->name);
}
