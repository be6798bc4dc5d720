/* SPDX-License-Identifier: Apache-2.0
 *
 * Several attesters on the command line, LABEL=URI each, and the collection
 * that a handshake would show of them.
 */
#ifndef ATLS_CLI_SEVERAL_H
#define ATLS_CLI_SEVERAL_H

#include "cli/voucher.h"
#include "composite.h"

struct atls_several {
    char *const *words;     /* borrowed of argv */
    size_t num;             /* at most ATLS_COMPOSITE_MAX */
    const char *collection; /* its __cmwc_t; NULL: none */
};

/* atls_several_quote: one quote of each over one nonce, collected into cmw;
 * where no certificates vouch for an attester's key, its own word for it goes
 * into the voucher. SETTING_INVALID for a label or a collection that no
 * setting can have; of an attester what atls_source_open and _quote say, and
 * what its Evidence is refused for, with the label. */
enum atls_reason ATLS_MUST_USE
atls_several_quote(const struct atls_several *several, struct atls_buf *cmw,
                   struct atls_voucher *voucher, struct atls_why *why);

#endif
