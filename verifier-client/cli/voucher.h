/* SPDX-License-Identifier: Apache-2.0
 *
 * What the operator vouches for on the command line: public keys and
 * certificates from files in PEM.
 */
#ifndef ATLS_CLI_VOUCHER_H
#define ATLS_CLI_VOUCHER_H

#include "learn.h"

#define ATLS_VOUCHER_MAX_KEYS 16

struct atls_voucher {
    struct atls_buf text; /* all of the files, one after the other */
    EVP_PKEY *keys[ATLS_VOUCHER_MAX_KEYS]; /* bare and of certificates */
    size_t num_keys;
    bool has_certificate;
};

/* atls_voucher_take: adds what stands in a file's text; other blocks are passed
 * over. FILE_UNREADABLE: too much of it, or OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE atls_voucher_take(struct atls_voucher *voucher,
                                                 struct atls_view text,
                                                 struct atls_why *why);
void atls_voucher_clear(struct atls_voucher *voucher);

#endif
