/* SPDX-License-Identifier: Apache-2.0
 *
 * TPM response codes (TPM 2.0 part 2, 6.6): a table of those that an operator
 * can do something about; tpm2-tss names the others.
 */
#include "provider/tpm_error.h"

#include "provider/tss.h"

static const char no_room[] =
    "the TPM has no room for the key: other programs left objects in it; flush "
    "them (tpm2_flushcontext -t), or use the resource manager /dev/tpmrm0";
static const char later[] = "the TPM is busy and asks to try again later";
static const char missing[] =
    "there is no key at that handle; tpm2_getcap handles-persistent lists them";
static const char password[] =
    "the hierarchy or the key has a password, and atls gives none; name "
    "another key with ak=";

static const struct {
    uint32_t code; /* without handle, session and parameter numbers */
    enum atls_reason reason;
    const char *text;
} rows[] = {
    {TPM2_RC_OBJECT_MEMORY, ATLS_ATTESTER_FAILED, no_room},
    {TPM2_RC_OBJECT_HANDLES, ATLS_ATTESTER_FAILED, no_room},
    {TPM2_RC_SESSION_MEMORY, ATLS_ATTESTER_FAILED, no_room},
    {TPM2_RC_SESSION_HANDLES, ATLS_ATTESTER_FAILED, no_room},
    {TPM2_RC_MEMORY, ATLS_ATTESTER_FAILED, no_room},
    {TPM2_RC_RETRY, ATLS_ATTESTER_FAILED, later},
    {TPM2_RC_YIELDED, ATLS_ATTESTER_FAILED, later},
    {TPM2_RC_TESTING, ATLS_ATTESTER_FAILED, later},
    {TPM2_RC_CANCELED, ATLS_ATTESTER_FAILED, later},
    {TPM2_RC_NV_RATE, ATLS_ATTESTER_FAILED, later},
    {TPM2_RC_LOCKOUT, ATLS_ATTESTER_ABSENT,
     "the TPM is locked out after wrong passwords; wait, or its owner runs "
     "tpm2_dictionarylockout --clear-lockout"},
    {TPM2_RC_LOCALITY, ATLS_ATTESTER_ABSENT,
     "the TPM refuses this at our locality; the key's policy or the platform "
     "reserves it: name another key with ak="},
    {TPM2_RC_INITIALIZE, ATLS_ATTESTER_ABSENT,
     "the TPM was not started; that is the firmware's move (swtpm: --flags "
     "startup-clear)"},
    {TPM2_RC_REBOOT, ATLS_ATTESTER_ABSENT, "the TPM wants a reboot"},
    {TPM2_RC_FAILURE, ATLS_ATTESTER_ABSENT,
     "the TPM is in failure mode; only a reset of the machine helps"},
    {TPM2_RC_HIERARCHY, ATLS_ATTESTER_ABSENT,
     "the endorsement hierarchy is disabled; enable it in the firmware, or "
     "name another key with ak="},
    {TPM2_RC_AUTH_FAIL, ATLS_ATTESTER_KEY, password},
    {TPM2_RC_BAD_AUTH, ATLS_ATTESTER_KEY, password},
    {TPM2_RC_AUTH_MISSING, ATLS_ATTESTER_KEY, password},
    {TPM2_RC_AUTH_UNAVAILABLE, ATLS_ATTESTER_KEY,
     "the key is used by a policy, and atls has none; name another with ak="},
    {TPM2_RC_HANDLE, ATLS_ATTESTER_KEY, missing},
    {TPM2_RC_REFERENCE_H0, ATLS_ATTESTER_KEY, missing},
    {TPM2_RC_HASH, ATLS_ATTESTER_FAILED,
     "the TPM lacks that hash algorithm; tpm2_getcap pcrs lists its banks"},
    {TPM2_RC_INTEGRITY, ATLS_ATTESTER_KEY,
     "the key file is of another TPM, or of one that was cleared"},
    {TPM2_RC_COMMAND_CODE, ATLS_ATTESTER_ABSENT,
     "the TPM does not know this command"},
};

#define LAYER(rc) ((rc)&TSS2_RC_LAYER_MASK)

/* A resource manager's codes are the TPM's own, under its layer. */
bool atls_tpm_error_is_from_tpm(uint32_t rc)
{
    return LAYER(rc) == TSS2_TPM_RC_LAYER ||
           LAYER(rc) == TSS2_RESMGR_TPM_RC_LAYER;
}

/* Format one codes carry the number of a handle, session or parameter. */
static uint32_t bare_code(uint32_t rc)
{
    rc &= ~(uint32_t)TSS2_RC_LAYER_MASK;
    return (rc & TPM2_RC_FMT1) != 0 ? rc & (TPM2_RC_FMT1 | 0x3f) : rc;
}

enum atls_reason atls_tpm_error(uint32_t rc, const char *what,
                                struct atls_why *why)
{
    if (atls_tpm_error_is_from_tpm(rc))
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
            if (rows[i].code == bare_code(rc))
                return atls_why(why, rows[i].reason, "%s: %s (0x%x)", what,
                                rows[i].text, rc);
    if (LAYER(rc) == TSS2_TCTI_RC_LAYER)
        return atls_why(why, ATLS_ATTESTER_ABSENT,
                        "%s: the way to the TPM broke; is it running? (%s)",
                        what, Tss2_RC_Decode(rc));
    return atls_why(why, ATLS_ATTESTER_FAILED, "%s: %s (0x%x)", what,
                    Tss2_RC_Decode(rc), rc);
}
