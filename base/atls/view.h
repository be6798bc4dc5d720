/* SPDX-License-Identifier: Apache-2.0
 *
 * Borrowed bytes. A view owns nothing: whoever hands it over keeps the bytes
 * alive for as long as the function's comment says, and for the call otherwise.
 */
#ifndef ATLS_VIEW_H
#define ATLS_VIEW_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct atls_view {
    const uint8_t *data; /* may be NULL when len is 0 */
    size_t len;          /* bytes */
};

#ifdef __cplusplus
}
#endif
#endif
