/* SPDX-License-Identifier: Apache-2.0
 *
 * Logs of one hash. Whatever goes wrong here is the test's fault: abort.
 */
#include "forge_ccel.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

enum { DIGEST = 48, SHA384 = 0x0c, NO_ACTION = 3, SEPARATOR = 4 };

static void put_le(struct atls_buf *out, unsigned width, uint32_t value)
{
    for (unsigned i = 0; i < width; i++)
        atls_buf_u8(out, (uint8_t)(value >> (8 * i)));
}

void forge_ccel_put(struct atls_buf *out, uint32_t index, uint8_t byte,
                    uint16_t algorithm)
{
    put_le(out, 4, index);
    put_le(out, 4, SEPARATOR);
    put_le(out, 4, 1);
    put_le(out, 2, algorithm != 0 ? algorithm : SHA384);
    memset(atls_buf_room(out, DIGEST), byte, DIGEST);
    put_le(out, 4, 4);
    put_le(out, 4, 0); /* zeros, which are no padding */
}

void forge_ccel(struct atls_buf *out, const struct forge_ccel_event *events,
                uint16_t algorithm)
{
    put_le(out, 4, 1);
    put_le(out, 4, NO_ACTION);
    memset(atls_buf_room(out, 20), 0, 20);
    put_le(out, 4, 28 + 4 + 1);
    atls_buf_put(out, atls_view("Spec ID Event03", 16));
    put_le(out, 4, 0);
    put_le(out, 4, 0x02000200);
    put_le(out, 4, 1);
    put_le(out, 2, algorithm != 0 ? algorithm : SHA384);
    put_le(out, 2, DIGEST);
    put_le(out, 1, 0);
    for (; events->index != 0; events++)
        forge_ccel_put(out, events->index, events->byte, algorithm);
}

void forge_ccel_extend(uint8_t rtmrs[4 * DIGEST],
                       const struct forge_ccel_event *events)
{
    uint8_t both[2 * DIGEST];

    for (; events->index != 0; events++) {
        uint8_t *rtmr = rtmrs + (events->index - 1) * DIGEST;

        memcpy(both, rtmr, DIGEST);
        memset(both + DIGEST, events->byte, DIGEST);
        if (EVP_Q_digest(NULL, "SHA384", NULL, both, sizeof(both), rtmr,
                         NULL) != 1)
            abort();
    }
}
