/* SPDX-License-Identifier: Apache-2.0
 *
 * A platform, its TDX module and its quoting enclave against what Intel says
 * of them (Intel SGX DCAP Quote Verification Library, 4.1.2.4, and the
 * documentation of the Provisioning Certification Service, "TCB info").
 */
#include "tcb.h"

#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "chain.h"

const char *const atls_tcb_names[ATLS_TCB_STATES + 1] = {
    "UpToDate",
    "SWHardeningNeeded",
    "ConfigurationNeeded",
    "ConfigurationAndSWHardeningNeeded",
    "TDRelaunchAdvised",
    "TDRelaunchAdvisedConfigurationNeeded",
    "OutOfDate",
    "OutOfDateConfigurationNeeded",
    NULL,
};

/* From the worst down; hardening says nothing where more is wrong. */
const char *atls_tcb_name(unsigned state)
{
    unsigned configuration = (state & ATLS_TCB_CONFIGURATION) != 0;

    if ((state & ATLS_TCB_REVOKED) != 0)
        return "Revoked";
    if ((state & ATLS_TCB_OUT_OF_DATE) != 0)
        return atls_tcb_names[6 + configuration];
    if ((state & ATLS_TCB_RELAUNCH) != 0)
        return atls_tcb_names[4 + configuration];
    return atls_tcb_names[state & 3];
}

static bool is_newer(const struct atls_tcb_document *document,
                     const struct atls_tcb_document *other, int64_t now)
{
    if (other == NULL || (document->issued <= now) != (other->issued <= now))
        return other == NULL || document->issued <= now;
    return document->issued > other->issued;
}

static bool is_meant(const struct atls_tcb_check *check,
                     const struct atls_tcb_document *document, bool is_info)
{
    if (document->is_info != is_info || document->is_td != check->quote->is_td)
        return false;
    return !is_info ||
           (memcmp(document->fmspc, check->pck->fmspc, ATLS_PCK_FMSPC) == 0 &&
            memcmp(document->pce_id, check->pck->pce_id, ATLS_PCK_PCE_ID) == 0);
}

/* The newest of those that are issued. */
static const struct atls_tcb_document *find(const struct atls_tcb_check *check,
                                            bool is_info)
{
    const struct atls_tcb_document *found = NULL;

    for (size_t i = 0; i < check->tcb->num; i++)
        if (is_meant(check, &check->tcb->documents[i], is_info) &&
            is_newer(&check->tcb->documents[i], found, check->now))
            found = &check->tcb->documents[i];
    return found;
}

static enum atls_reason missing(const struct atls_tcb_check *check,
                                bool is_info, struct atls_why *why)
{
    const char *tee = check->quote->is_td ? "TDX" : "SGX";
    char fmspc[2 * ATLS_PCK_FMSPC + 1];

    atls_hex(atls_view(check->pck->fmspc, ATLS_PCK_FMSPC), fmspc,
             sizeof(fmspc));
    if (is_info)
        return atls_why(why, ATLS_COLLATERAL_MISSING,
                        "want TCB info of %s for FMSPC %s in the collateral "
                        "folder, found none: fetch it",
                        tee, fmspc);
    return atls_why(why, ATLS_COLLATERAL_MISSING,
                    "want the identity of Intel's quoting enclave for %s in "
                    "the collateral folder, found none: fetch it",
                    tee);
}

static enum atls_reason check_dates(const struct atls_tcb_check *check,
                                    const struct atls_tcb_document *document,
                                    struct atls_why *why)
{
    if (check->now < document->issued)
        return atls_why(why, ATLS_COLLATERAL_STALE,
                        "%s: want it issued by now, it will be in %lld s",
                        document->name,
                        (long long)(document->issued - check->now));
    if (check->now >= document->next + check->grace_s)
        return atls_why(why, ATLS_COLLATERAL_STALE,
                        "%s: want it before its nextUpdate, which was %lld s "
                        "ago: fetch it anew, or see \"grace\"",
                        document->name,
                        (long long)(check->now - document->next));
    if (document->evaluation < check->min_evaluation)
        return atls_why(why, ATLS_COLLATERAL_STALE,
                        "%s: want tcbEvaluationDataNumber %u or above, found "
                        "%u: fetch it anew",
                        document->name, (unsigned)check->min_evaluation,
                        (unsigned)document->evaluation);
    return ATLS_OK;
}

static enum atls_reason check_document(const struct atls_tcb_check *check,
                                       const struct atls_tcb_document *document,
                                       struct atls_why *why)
{
    struct atls_chain_check chain = {.anchors = check->anchors,
                                     .leaf = document->signer,
                                     .crls = check->collateral->crls,
                                     .now = check->now,
                                     .grace_s = check->grace_s};
    enum atls_reason reason = check_dates(check, document, why);

    return reason == ATLS_OK ? atls_chain_verify(&chain, why) : reason;
}

static enum atls_reason get_document(const struct atls_tcb_check *check,
                                     bool is_info,
                                     const struct atls_tcb_document **out,
                                     struct atls_why *why)
{
    *out = find(check, is_info);
    return *out != NULL ? check_document(check, *out, why)
                        : missing(check, is_info, why);
}

static bool is_masked(const uint8_t *value, const uint8_t *mask,
                      const uint8_t *want, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((value[i] & mask[i]) != want[i])
            return false;
    return true;
}

static enum atls_reason check_enclave(const struct atls_quote_enclave *qe,
                                      const struct atls_tcb_document *identity,
                                      struct atls_why *why)
{
    const struct atls_tcb_enclave *want = &identity->enclave;
    const char *wrong = NULL;

    if (qe->prod_id != want->prod_id)
        wrong = "ISVPRODID";
    if (!is_masked(qe->attributes.data, want->mask, want->attributes, 16))
        wrong = "ATTRIBUTES";
    if (!is_masked(qe->misc_select.data, want->misc_mask, want->misc_select, 4))
        wrong = "MISCSELECT";
    if (memcmp(qe->mr_signer.data, want->mr_signer, 32) != 0)
        wrong = "MRSIGNER";
    if (wrong == NULL)
        return ATLS_OK;
    return atls_why(why, ATLS_QE_REFUSED,
                    "quoting enclave: want Intel's as %s has it, found "
                    "another %s",
                    identity->name, wrong);
}

/* The first level, from the newest down, that is not above svn. */
static const struct atls_tcb_level *
level_of_svn(const struct atls_tcb_levels *levels, unsigned svn)
{
    for (size_t i = 0; i < levels->num; i++)
        if (levels->items[i].svn <= svn)
            return &levels->items[i];
    return NULL;
}

static bool reaches(const uint8_t *svns, const uint16_t *level, size_t from)
{
    for (size_t i = from; i < ATLS_PCK_SVNS; i++)
        if (svns[i] < level[i])
            return false;
    return true;
}

/* From the module's second version on components 0 and 1 are its own matter
 * (4.1.2.4.17.3): TEE_TCB_SVN[1] is the version. */
static bool reaches_tdx(const uint8_t *svns, const struct atls_tcb_level *level)
{
    return reaches(svns, level->tdx, svns[1] > 0 ? 2 : 0);
}

/* tdx_svns NULL: what the processor reaches, whatever its TDX module. */
static const struct atls_tcb_level *
level_of_platform(const struct atls_tcb_check *check,
                  const struct atls_tcb_document *info, const uint8_t *tdx_svns)
{
    for (size_t i = 0; i < info->levels.num; i++) {
        const struct atls_tcb_level *level = &info->levels.items[i];

        if (reaches(check->pck->svns, level->sgx, 0) &&
            level->svn <= check->pck->pce_svn &&
            (tdx_svns == NULL || reaches_tdx(tdx_svns, level)))
            return level;
    }
    return NULL;
}

static const struct atls_tcb_module *
module_of(const struct atls_tcb_document *info, uint8_t id)
{
    for (size_t i = 0; i < info->num_modules; i++)
        if (info->modules[i].id == id)
            return &info->modules[i];
    return NULL;
}

static enum atls_reason check_module(const struct atls_quote_td *td,
                                     const struct atls_tcb_module *module,
                                     struct atls_why *why)
{
    if (module == NULL)
        return atls_why(why, ATLS_MODULE_REFUSED,
                        "TDX module: want a version that the TCB info names, "
                        "found %u",
                        td->tee_tcb_svn.data[1]);
    if (memcmp(td->mr_signer_seam.data, module->mr_signer, ATLS_QUOTE_MR) != 0)
        return atls_why(why, ATLS_MODULE_REFUSED,
                        "TDX module: want MRSIGNERSEAM as the TCB info has "
                        "it, found another");
    if (!is_masked(td->seam_attributes.data, module->mask, module->attributes,
                   8))
        return atls_why(why, ATLS_MODULE_REFUSED,
                        "TDX module: want SEAMATTRIBUTES as the TCB info has "
                        "them, found others");
    return ATLS_OK;
}

static enum atls_reason below_all(const char *what, struct atls_why *why)
{
    return atls_why(why, ATLS_TCB_LEVEL_MISSING,
                    "%s: want one of Intel's TCB levels, found it below all "
                    "of them: it needs an update of firmware or microcode",
                    what);
}

static enum atls_reason judge_module(const struct atls_tcb_check *check,
                                     struct atls_tcb_result *out,
                                     struct atls_why *why)
{
    const struct atls_quote_td *td = &check->quote->td;
    const struct atls_tcb_module *module =
        module_of(out->info, td->tee_tcb_svn.data[1]);
    enum atls_reason reason = check_module(td, module, why);

    if (reason != ATLS_OK || module->id == 0)
        return reason;
    out->levels[2] = level_of_svn(&module->levels, td->tee_tcb_svn.data[0]);
    return out->levels[2] != NULL ? ATLS_OK : below_all("TDX module", why);
}

static bool is_in(const struct atls_tcb_level *level, unsigned states)
{
    return level != NULL && (level->state & states) != 0;
}

/* What runs now, TEE_TCB_SVN2, is the newest. */
static bool is_newest(const struct atls_tcb_document *info, const uint8_t *svns)
{
    const uint16_t *newest = info->levels.items[0].tdx;
    const struct atls_tcb_module *module = module_of(info, svns[1]);

    if (module == NULL || svns[2] < newest[2])
        return false;
    return svns[0] >=
           (module->id == 0 ? newest[0] : module->levels.items[0].svn);
}

/* 4.1.2.4.17.4.3: the host's update came after the TD was started. */
static bool is_relaunch_enough(const struct atls_tcb_check *check,
                               const struct atls_tcb_result *result)
{
    enum { BAD = ATLS_TCB_OUT_OF_DATE | ATLS_TCB_REVOKED };
    const uint8_t *svns = check->quote->td.tee_tcb_svn2.data;
    const struct atls_tcb_level *processor =
        level_of_platform(check, result->info, NULL);

    return svns != NULL && !is_in(processor, BAD) &&
           !is_in(result->levels[1], BAD) &&
           is_in(result->levels[2], ATLS_TCB_OUT_OF_DATE) &&
           is_newest(result->info, svns);
}

static void sum_up(const struct atls_tcb_check *check,
                   struct atls_tcb_result *out)
{
    for (size_t i = 0; i < ATLS_TCB_MAX_LEVELS; i++)
        out->state |= out->levels[i] != NULL ? out->levels[i]->state : 0;
    if (check->quote->is_td && is_relaunch_enough(check, out))
        out->state =
            (out->state & ~(unsigned)ATLS_TCB_OUT_OF_DATE) | ATLS_TCB_RELAUNCH;
}

enum atls_reason atls_tcb_appraise(const struct atls_tcb_check *check,
                                   struct atls_tcb_result *out,
                                   struct atls_why *why)
{
    enum atls_reason reason = ATLS_OK;

    *out = (struct atls_tcb_result){0};
    reason = get_document(check, true, &out->info, why);
    if (reason == ATLS_OK)
        reason = get_document(check, false, &out->identity, why);
    if (reason == ATLS_OK)
        reason = check_enclave(&check->quote->qe, out->identity, why);
    if (reason != ATLS_OK)
        return reason;
    out->levels[0] =
        level_of_platform(check, out->info, check->quote->td.tee_tcb_svn.data);
    out->levels[1] = level_of_svn(&out->identity->levels, check->quote->qe.svn);
    if (check->quote->is_td)
        reason = judge_module(check, out, why);
    if (reason == ATLS_OK && out->levels[0] == NULL)
        reason = below_all("platform", why);
    if (reason == ATLS_OK && out->levels[1] == NULL)
        reason = below_all("quoting enclave", why);
    if (reason == ATLS_OK)
        sum_up(check, out);
    return reason;
}
