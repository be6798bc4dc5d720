/* SPDX-License-Identifier: Apache-2.0
 *
 * When what a policy rests on comes to its end: collateral, trust anchors that
 * are certificates, and what is missing. Dates are read here and signatures are
 * not: appraisal has the last word. Of several of one kind, about the same and
 * in one folder, only the one that lasts longest counts.
 */
#ifndef ATLS_EXPIRY_H
#define ATLS_EXPIRY_H

#include "policy.h"
#include "stock.h"

#define ATLS_EXPIRY_OF       128         /* bytes, with the NUL */
#define ATLS_EXPIRY_SOON_S   (7 * 86400) /* at most: see atls_expiry_soon */
#define ATLS_EXPIRY_NEVER    INT64_MAX
#define ATLS_EXPIRY_SENTENCE 512 /* bytes, with the NUL */

struct atls_expiry {
    const char *kind; /* "TCB info", "QE identity", "CRL", "VCEK", "VLEK",
                         "certificate", "trust anchor" */
    char of[ATLS_EXPIRY_OF]; /* "TDX, FMSPC 50806f000000" */
    const char *profile;     /* the first that it is for; NULL: of a folder */
    const char *folder;      /* NULL: it is a trust anchor */
    bool is_missing;         /* and the dates say nothing */
    int64_t issued;          /* seconds since 1970; INT64_MIN: unknown */
    int64_t next;            /* when the next should be there; or NEVER */
    int64_t end;             /* when the policy takes it no more: next and its
                                "grace"; or NEVER */
};

/* Strings of it die with the call. */
typedef void atls_expiry_fn(void *arg, const struct atls_expiry *expiry);

/* atls_policy_expiries: calls each for everything of all profiles, by kind.
 * atls_profile_expiries: of one, without documents of another TEE in its
 * folder. atls_stock_expiries: of a folder. false: no
 * memory, and each was not called. */
bool ATLS_MUST_USE atls_policy_expiries(const struct atls_policy *policy,
                                        atls_expiry_fn *each, void *arg);
bool ATLS_MUST_USE atls_profile_expiries(const struct atls_profile *profile,
                                         atls_expiry_fn *each, void *arg);
bool ATLS_MUST_USE atls_stock_expiries(const struct atls_stock *stock,
                                       atls_expiry_fn *each, void *arg);

/* atls_expiry_soon: the time from which to worry: when a third of its life is
 * left, or 7 days, whichever is less: of what lives 30 days, 7; of what lives a
 * day, 8 hours. NEVER: it has no end. */
int64_t atls_expiry_soon(const struct atls_expiry *expiry);

enum atls_expiry_state {
    ATLS_EXPIRY_FRESH,
    ATLS_EXPIRY_SOON,
    ATLS_EXPIRY_STALE,
    ATLS_EXPIRY_MISSING
};
enum atls_expiry_state atls_expiry_state(const struct atls_expiry *expiry,
                                         int64_t now);
/* atls_expiry_name: "fresh", "soon", "stale", "missing". */
const char *atls_expiry_name(enum atls_expiry_state state);

/* atls_expiry_date: "2026-12-01T00:00:00Z", "never" or "unknown". */
void atls_expiry_date(int64_t when, char *text, size_t size);
/* atls_expiry_length: of a time span: "6 d", "23 h", "5 min". */
void atls_expiry_length(int64_t seconds, char *text, size_t size);

/* atls_expiry_sentence: what it is, when it ends or ended, and whose move it
 * is. */
void atls_expiry_sentence(const struct atls_expiry *expiry, int64_t now,
                          char *text, size_t size);

#endif
