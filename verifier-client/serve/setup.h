/* SPDX-License-Identifier: Apache-2.0
 *
 * What the command line of atls serve asked for. Strings are borrowed from
 * argv.
 */
#ifndef ATLS_SERVE_SETUP_H
#define ATLS_SERVE_SETUP_H

#include "cli/options.h"

struct atls_setup {
    const char *policy;
    struct atls_words profiles;     /* none: those of the rule for a server
                                       without a name */
    struct atls_words signing_keys; /* the first signs, all are published */
    bool is_ietf;                   /* the profile of EARs; else Veraison's */
    bool is_nonce_unchecked;        /* for tests of Relying Parties */
    bool has_at;
    int64_t at; /* judge at this time; seconds since 1970 */
};

#endif
