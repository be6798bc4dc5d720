/* SPDX-License-Identifier: Apache-2.0
 *
 * CBOR diagnostic notation (RFC 8949, 8), as much of it as published claim
 * sets and CoRIMs use: maps, arrays, integers, text, h'' strings, tags, <<>>
 * around what is embedded, / comments /.
 */
#ifndef ATLS_DIAG_H
#define ATLS_DIAG_H

#include "bytes.h"

/* diag_encode: the CBOR of text; false: notation that is not known here. */
bool diag_encode(struct atls_view text, struct atls_buf *out);

#endif
