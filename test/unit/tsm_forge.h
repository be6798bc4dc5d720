/* SPDX-License-Identifier: Apache-2.0
 *
 * What the TEEs behind configfs-tsm answer: reports of real layout that chain
 * to roots of the test's own, and what libatls makes of them.
 */
#ifndef ATLS_TSM_FORGE_H
#define ATLS_TSM_FORGE_H

#include "atls/atls.h"
#include "bytes.h"

/* tsm_forge_open: makes the roots and what stands below them, once a process;
 * before it forks. */
void tsm_forge_open(void);

/* tsm_forge_report: appends the blobs of "sev_guest", "tdx_guest" or
 * "arm_cca_guest" for all of inblob; other TEEs than SEV have no auxblob. */
void tsm_forge_report(const char *provider, unsigned privlevel,
                      struct atls_view inblob, struct atls_buf *outblob,
                      struct atls_buf *auxblob);

/* tsm_forge_nonce: where inblob stands in an outblob of that provider. */
struct atls_view tsm_forge_nonce(const char *provider,
                                 struct atls_view outblob);
/* tsm_forge_level: the privilege level in an outblob of "sev_guest". */
uint8_t tsm_forge_level(struct atls_view outblob);

/* tsm_forge_appraise: under a policy with the provider's root and the values
 * of its reports. */
enum atls_reason tsm_forge_appraise(const char *provider, struct atls_view cmw,
                                    struct atls_view binder,
                                    struct atls_verdict *verdict);

#endif
