/* SPDX-License-Identifier: Apache-2.0
 *
 * Why something was refused: the reason and one sentence that says what was
 * wanted, what was seen and whose move it is. The first cause wins: a reason
 * that is set stays.
 */
#ifndef ATLS_WHY_H
#define ATLS_WHY_H

#include "atls/reason.h"
#include "bytes.h"

#define ATLS_WHY_TEXT 384 /* bytes with the NUL; longer sentences are cut */

struct atls_why {
    enum atls_reason reason; /* ATLS_OK: nothing refused yet */
    char text[ATLS_WHY_TEXT];
};

/* atls_why: stores reason and sentence in *why unless one stands there, and
 * returns the reason that now stands there (so `return atls_why(why, ...)`).
 * why may be NULL: then reason is returned and nothing stored. format may be
 * NULL: the reason's own sentence. Bytes below 0x20 become '?'. */
enum atls_reason atls_why(struct atls_why *why, enum atls_reason reason,
                          const char *format, ...) ATLS_PRINTF(3, 4);

#endif
