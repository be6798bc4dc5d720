/* SPDX-License-Identifier: Apache-2.0
 *
 * What Intel says of a platform: TCB info (which TCB levels a family of
 * platforms has, and the state of each) and QE identity (which quoting
 * enclaves are Intel's), both signed JSON of the Provisioning Certification
 * Service, API version 4. Signatures are checked when the policy is read, over
 * the exact bytes; dates and the chain of the signer when a quote is judged.
 */
#ifndef ATLS_TCB_H
#define ATLS_TCB_H

#include "anchors.h"
#include "collateral.h"
#include "pck.h"
#include "quote.h"

/* A state is a set of these; UpToDate is none. States of platform, TDX module
 * and quoting enclave add up to the worst of them. */
enum atls_tcb_state {
    ATLS_TCB_SW_HARDENING = 1,
    ATLS_TCB_CONFIGURATION = 2,
    ATLS_TCB_OUT_OF_DATE = 4,
    ATLS_TCB_RELAUNCH = 8, /* in place of OUT_OF_DATE: the host is up to date,
                              the TD was started before it was */
    ATLS_TCB_REVOKED = 16
};

/* The states by Intel's names, NULL-ended; Revoked, the last, is none that a
 * policy could take. */
enum { ATLS_TCB_STATES = 8 };
extern const char *const atls_tcb_names[ATLS_TCB_STATES + 1];
/* atls_tcb_name: of a sum of states. */
const char *atls_tcb_name(unsigned state);

struct atls_tcb_level {
    uint16_t sgx[ATLS_PCK_SVNS], tdx[ATLS_QUOTE_SVNS];
    uint16_t svn; /* PCESVN; ISVSVN of modules and enclaves */
    unsigned state;
    const json_t *advisories; /* a list of strings, or NULL; of the document */
};
struct atls_tcb_levels {
    struct atls_tcb_level *items;
    size_t num;
};

struct atls_tcb_module { /* the TDX module; id 0: of version 1.0 */
    uint8_t id;
    uint8_t mr_signer[ATLS_QUOTE_MR], attributes[8], mask[8];
    struct atls_tcb_levels levels; /* none: of version 1.0 */
};

struct atls_tcb_enclave { /* what a quoting enclave must be */
    uint8_t misc_select[4], misc_mask[4];
    uint8_t attributes[16], mask[16];
    uint8_t mr_signer[32];
    uint16_t prod_id;
};

struct atls_tcb_document {
    char *name;   /* of the file */
    json_t *root; /* the inner object */
    X509 *signer;
    bool is_info;         /* TCB info, else QE identity */
    bool is_td;           /* "TDX", "TD_QE"; else "SGX", "QE" */
    int64_t issued, next; /* seconds since 1970: issueDate, nextUpdate */
    uint32_t evaluation;  /* tcbEvaluationDataNumber */
    uint8_t fmspc[ATLS_PCK_FMSPC], pce_id[ATLS_PCK_PCE_ID]; /* TCB info */
    struct atls_tcb_module *modules; /* TCB info of TDX */
    size_t num_modules;
    struct atls_tcb_enclave enclave; /* QE identity */
    struct atls_tcb_levels levels;
};

struct atls_tcb {
    struct atls_tcb_document *documents;
    size_t num;
};

/* atls_tcb_read: the TCB infos and QE identities among the documents of the
 * collateral; other JSON is passed over. Problems are node's:
 * COLLATERAL_INVALID: not of version 3 (QE identity: 2), something is missing
 * or of another type, no certificate of the collateral with Intel's name for it
 * has signed it. OUT_OF_MEMORY. */
void atls_tcb_read(const struct atls_node *node,
                   const struct atls_collateral *collateral,
                   struct atls_tcb *out);
void atls_tcb_clear(struct atls_tcb *tcb);

struct atls_tcb_check {
    const struct atls_tcb *tcb;
    const struct atls_collateral *collateral; /* CRLs, for the signer */
    const struct atls_anchors *anchors;
    const struct atls_quote *quote;
    const struct atls_pck *pck;
    int64_t now, grace_s;
    uint32_t min_evaluation;
};

enum { ATLS_TCB_MAX_LEVELS = 3 };
struct atls_tcb_result {
    unsigned state; /* the sum */
    const struct atls_tcb_level
        *levels[ATLS_TCB_MAX_LEVELS]; /* of platform, QE and TDX module; NULL:
                                         there is no module to judge */
    const struct atls_tcb_document *info, *identity;
};

/* atls_tcb_appraise: COLLATERAL_MISSING, COLLATERAL_STALE (dates, evaluation
 * number), CHAIN_* of the signer, QE_REFUSED (not Intel's), MODULE_REFUSED (not
 * Intel's), TCB_LEVEL_MISSING (below all levels), OUT_OF_MEMORY. What state is
 * good enough is the caller's. */
enum atls_reason ATLS_MUST_USE
atls_tcb_appraise(const struct atls_tcb_check *check,
                  struct atls_tcb_result *out, struct atls_why *why);

#endif
