/* SPDX-License-Identifier: Apache-2.0
 *
 * Lengths of time as operators write them: "30s", "10m", "12h", "7d".
 */
#ifndef ATLS_DURATION_H
#define ATLS_DURATION_H

#include <stdint.h>

#include "bytes.h"

#define ATLS_DURATION_MAX_S (366 * 86400) /* longer ones are not taken */

/* atls_duration_parse: a whole number with its unit, or "0" without one. false:
 * something else, or longer than ATLS_DURATION_MAX_S. */
bool ATLS_MUST_USE atls_duration_parse(const char *text, int64_t *seconds);

#endif
