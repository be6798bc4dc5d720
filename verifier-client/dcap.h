/* SPDX-License-Identifier: Apache-2.0
 *
 * What Evidence of TDX and of SGX has in common: a DCAP quote, the PCK
 * certificate chain in it, and what Intel says of the platform. tdx.c and sgx.c
 * have the rest.
 */
#ifndef ATLS_DCAP_H
#define ATLS_DCAP_H

#include "format.h"
#include "tcb.h"

struct atls_dcap_claims { /* views into the record's value */
    struct atls_quote quote;
    struct atls_pck pck;       /* of the first certificate of its chain */
    struct atls_view eventlog; /* TDX: stood beside it, unsigned */
};

#define ATLS_DCAP_MAX_VALUES 16

/* A claim that a profile pins by its bytes. */
struct atls_dcap_field {
    const char *key;  /* of the policy */
    const char *term; /* Intel's */
    size_t at;        /* of a view in struct atls_quote */
    size_t len;
    bool is_configuration; /* else a measurement: how it is refused */
    bool is_pin;           /* says what software is meant */
};

struct atls_dcap_reference { /* of a profile */
    struct atls_collateral collateral;
    struct atls_tcb tcb;
    bool takes_state[ATLS_TCB_STATES]; /* by atls_tcb_names */
    char **advisories; /* that are taken; has_advisories false: all are */
    size_t num_advisories;
    bool has_advisories;
    uint32_t min_evaluation;
    int64_t grace_s;
    bool takes_debug, ignores_trailing;
    struct atls_values values[ATLS_DCAP_MAX_VALUES]; /* by field; none: any */
    /* TDX */
    bool takes_migratable, needs_sept_ve_disable, wants_log;
    /* SGX */
    struct atls_values prod_ids; /* of two bytes, big-endian; none: any */
    uint16_t min_svn, min_config_svn;
};

/* atls_dcap_parse: a bare quote. What atls_quote_parse can return, and
 * CHAIN_MISSING, EVIDENCE_MALFORMED of its first certificate. */
enum atls_reason ATLS_MUST_USE atls_dcap_parse(struct atls_view quote,
                                               struct atls_dcap_claims *out,
                                               struct atls_why *why);

/* The row of the formats. */
enum atls_reason ATLS_MUST_USE
atls_dcap_verify_chain(const void *claims, const struct atls_profile *profile,
                       int64_t now, struct atls_why *why);

/* atls_dcap_judge_trailing, _tcb, _fields: parts of a judge. Each refuses and
 * returns its reason, or affirms and returns ATLS_OK. fields ends with key
 * NULL. */
enum atls_reason ATLS_MUST_USE
atls_dcap_judge_trailing(const struct atls_dcap_claims *claims,
                         const struct atls_profile *profile,
                         struct atls_verdict *verdict);
enum atls_reason ATLS_MUST_USE
atls_dcap_judge_tcb(const struct atls_dcap_claims *claims,
                    const struct atls_profile *profile, int64_t now,
                    struct atls_verdict *verdict);
enum atls_reason ATLS_MUST_USE atls_dcap_judge_fields(
    const struct atls_dcap_claims *claims, const struct atls_profile *profile,
    const struct atls_dcap_field *fields, struct atls_verdict *verdict);

/* atls_dcap_refuse: ends a judge with hardware or executables refused. */
enum atls_reason atls_dcap_refuse_hardware(struct atls_verdict *verdict,
                                           const struct atls_why *why);
enum atls_reason atls_dcap_refuse_software(struct atls_verdict *verdict,
                                           const struct atls_why *why);

/* atls_dcap_field_view: the claim's bytes; empty: the quote has no such. */
struct atls_view atls_dcap_field_view(const struct atls_quote *quote,
                                      const struct atls_dcap_field *field);

/* atls_dcap_describe: what both have; fields in full only when not brief. */
void atls_dcap_describe(const struct atls_dcap_claims *claims,
                        const struct atls_dcap_field *fields, bool brief,
                        atls_claim_fn *each, void *arg);

/* atls_dcap_reference_read: the keys that both have, and the fields. NULL: no
 * memory, which is reported. */
struct atls_dcap_reference *
atls_dcap_reference_read(const struct atls_node *node,
                         const struct atls_dcap_field *fields,
                         struct atls_profile *profile);
void atls_dcap_reference_free(void *reference);

/* atls_dcap_stock: the row of the formats, of "TDX" or "SGX". */
void atls_dcap_stock(const void *reference, const char *tee,
                     struct atls_stock *out);

/* atls_dcap_learn_fields: those that are not zero. false: no memory. */
bool ATLS_MUST_USE atls_dcap_learn_fields(const struct atls_quote *quote,
                                          const struct atls_dcap_field *fields,
                                          json_t *profile);

extern const struct atls_dcap_field atls_tdx_fields[], atls_sgx_fields[];
enum { ATLS_TDX_RTMR0 = 1, ATLS_TDX_SERVICE_TD = 10 }; /* places in the table */

/* atls_tdx_check_log: the log is there and adds up to the RTMRs: tdx_log.c.
 * CLAIM_MISSING, EVENTLOG_MISMATCH, EVIDENCE_MALFORMED, ALGORITHM_UNSUPPORTED,
 * CRYPTO_FAILED, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_tdx_check_log(const struct atls_dcap_claims *claims,
                   const struct atls_profile *profile, struct atls_why *why);

#endif
