/* SPDX-License-Identifier: Apache-2.0
 *
 * What an Intel of our own says of the platforms of forge_dcap.h: as good as
 * they can be, at dates of the test's choice.
 */
#ifndef ATLS_FORGE_TCB_H
#define ATLS_FORGE_TCB_H

#include "forge_dcap.h"

struct forge_tcb {
    bool is_td;
    const char *fmspc;    /* NULL: FORGE_DCAP_FMSPC */
    int64_t issued, next; /* seconds since 1970 */
    unsigned evaluation;  /* tcbEvaluationDataNumber */
};

/* forge_tcb_info, forge_tcb_identity: appends the signed document. */
void forge_tcb_info(const struct forge_dcap *dcap, const struct forge_tcb *tcb,
                    struct atls_buf *out);
void forge_tcb_identity(const struct forge_dcap *dcap,
                        const struct forge_tcb *tcb, struct atls_buf *out);

/* forge_tcb_collateral: writes both, as new as the platform's CRLs, these CRLs,
 * chain.pem and root.pem into the folder. */
void forge_tcb_collateral(const struct forge_dcap *dcap, bool is_td,
                          const char *folder);

#endif
