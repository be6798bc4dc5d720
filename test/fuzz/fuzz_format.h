/* SPDX-License-Identifier: Apache-2.0
 *
 * What the targets of single Evidence formats share.
 */
#ifndef ATLS_FUZZ_FORMAT_H
#define ATLS_FUZZ_FORMAT_H

#include "fuzz.h"

#include "format.h"

/* fuzz_format: parses a record's value, describes its claims and judges them,
 * as if their signature were good, under profiles that pin what they can. */
void fuzz_format(const struct atls_format *format, struct atls_view value);

#endif
