/* SPDX-License-Identifier: Apache-2.0
 *
 * What is in stock of collateral: of a profile, or of a folder by itself. What
 * a folder's files say is read as for a policy; of its certificates and CRLs
 * nothing is believed here.
 */
#ifndef ATLS_STOCK_H
#define ATLS_STOCK_H

#include "tcb.h"

struct atls_stock { /* all of it borrowed */
    const struct atls_collateral *collateral;
    const struct atls_tcb *tcb; /* NULL: such Evidence needs none */
    int64_t grace_s; /* that CRLs and documents may be past their nextUpdate */
    const char *tee; /* "TDX", "SGX": whose TCB info and QE identity must be
                        there; NULL: of none */
    const char *crl_of; /* whose CRL must be there; NULL: of nobody */
};

struct atls_stock_folder { /* zeroed: empty */
    struct atls_collateral collateral;
    struct atls_tcb tcb;
};

/* atls_stock_read: the folder at path. Problems are told one by one, by the
 * file, and the others are read all the same; the first is *why.
 * FILE_UNREADABLE, COLLATERAL_INVALID, OUT_OF_MEMORY. Clear *out whatever the
 * reason. */
enum atls_reason ATLS_MUST_USE
atls_stock_read(const char *path, atls_problem_fn *problems, void *arg,
                struct atls_stock_folder *out, struct atls_why *why);
void atls_stock_clear(struct atls_stock_folder *folder);

struct atls_stock atls_stock_of(const struct atls_stock_folder *folder);

#endif
