/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands in bytes of a format that nobody here knows: a CBOR item as a
 * JSON tree, with byte strings that wrap CBOR opened. For people; nothing is
 * decided from it.
 */
#ifndef ATLS_CLI_OUTLINE_H
#define ATLS_CLI_OUTLINE_H

#include "json.h"

/* atls_outline_cbor: a new reference, or NULL: not one CBOR item within the
 * limits of cbor.h, or no memory. */
json_t *atls_outline_cbor(struct atls_view bytes);

/* atls_outline_bytes: "32 bytes: 0011..." cut after max bytes. */
json_t *atls_outline_bytes(struct atls_view bytes, size_t max);

#endif
