/* SPDX-License-Identifier: Apache-2.0
 *
 * Verdicts in the terms of draft-ietf-rats-ar4si: values of its section 2.3,
 * tiers of its section 3.2.
 */
#include "verdict.h"

#include <stdio.h>

void atls_verdict_init(struct atls_verdict *verdict)
{
    *verdict = (struct atls_verdict){.reason = ATLS_PROFILE_MISSING,
                                     .tier = ATLS_TIER_NONE};
}

/* -1, 0 and 1 say nothing: the Verifier's own fault, no claim, and Evidence
 * that it did not understand. */
enum atls_tier atls_tier_of(int8_t value)
{
    if (value >= 96 || value <= -97)
        return ATLS_TIER_CONTRAINDICATED;
    if (value >= 32 || value <= -33)
        return ATLS_TIER_WARNING;
    if (value >= 2 || value <= -2)
        return ATLS_TIER_AFFIRMING;
    return ATLS_TIER_NONE;
}

enum atls_tier atls_verdict_worst(const int8_t vector[ATLS_NUM_AR4SI_CLAIMS])
{
    enum atls_tier worst = ATLS_TIER_NONE;

    for (int i = 0; i < ATLS_NUM_AR4SI_CLAIMS; i++)
        if (atls_tier_of(vector[i]) > worst)
            worst = atls_tier_of(vector[i]);
    return worst;
}

enum atls_reason atls_verdict_refuse(struct atls_verdict *verdict,
                                     enum atls_ar4si_claim claim, int8_t value,
                                     const struct atls_why *why)
{
    enum atls_tier tier;

    verdict->reason =
        why->reason != ATLS_OK ? why->reason : ATLS_PROFILE_MISSING;
    snprintf(verdict->text, sizeof(verdict->text), "%s", why->text);
    verdict->vector[claim] = value;
    /* What was affirmed on the way to a refusal must not colour it. */
    tier = atls_verdict_worst(verdict->vector);
    verdict->tier = tier == ATLS_TIER_AFFIRMING ? ATLS_TIER_NONE : tier;
    return verdict->reason;
}

enum atls_reason atls_verdict_accept(struct atls_verdict *verdict)
{
    verdict->tier = atls_verdict_worst(verdict->vector);
    if (verdict->tier == ATLS_TIER_AFFIRMING)
        verdict->reason = ATLS_OK;
    return verdict->reason;
}

const char *atls_tier_name(enum atls_tier tier)
{
    switch (tier) {
    case ATLS_TIER_NONE:
        return "none";
    case ATLS_TIER_AFFIRMING:
        return "affirming";
    case ATLS_TIER_WARNING:
        return "warning";
    case ATLS_TIER_CONTRAINDICATED:
        return "contraindicated";
    }
    return "none";
}

const char *atls_ar4si_name(enum atls_ar4si_claim claim)
{
    static const char *const names[ATLS_NUM_AR4SI_CLAIMS] = {
        [ATLS_INSTANCE_IDENTITY] = "instance-identity",
        [ATLS_CONFIGURATION] = "configuration",
        [ATLS_EXECUTABLES] = "executables",
        [ATLS_FILE_SYSTEM] = "file-system",
        [ATLS_HARDWARE] = "hardware",
        [ATLS_RUNTIME_OPAQUE] = "runtime-opaque",
        [ATLS_STORAGE_OPAQUE] = "storage-opaque",
        [ATLS_SOURCED_DATA] = "sourced-data",
    };

    return (unsigned)claim < ATLS_NUM_AR4SI_CLAIMS ? names[claim] : "";
}
