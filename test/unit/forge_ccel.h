/* SPDX-License-Identifier: Apache-2.0
 *
 * Event logs of a TD (CCEL), made for tests, and the RTMRs that they add up to.
 */
#ifndef ATLS_FORGE_CCEL_H
#define ATLS_FORGE_CCEL_H

#include "bytes.h"

struct forge_ccel_event {
    uint32_t index; /* 1 to 4: RTMR index - 1; 0: the end of a list */
    uint8_t byte;   /* its digest is 48 of them */
};

/* forge_ccel: header and events. algorithm: TPM_ALG_ID, of 48 bytes anyway; 0:
 * SHA-384. */
void forge_ccel(struct atls_buf *out, const struct forge_ccel_event *events,
                uint16_t algorithm);
/* forge_ccel_put: one more event, whatever its index. */
void forge_ccel_put(struct atls_buf *out, uint32_t index, uint8_t byte,
                    uint16_t algorithm);
/* forge_ccel_extend: into the RTMRs, which follow one another. */
void forge_ccel_extend(uint8_t rtmrs[4 * 48],
                       const struct forge_ccel_event *events);

#endif
