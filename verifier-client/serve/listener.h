/* SPDX-License-Identifier: Apache-2.0
 *
 * The socket that a Verifier listens on.
 */
#ifndef ATLS_SERVE_LISTENER_H
#define ATLS_SERVE_LISTENER_H

#include "why.h"

struct atls_listener {
    int fd; /* close-on-exec; -1: none */
    bool is_loopback;
    char host[64]; /* numeric, as in a URL: IPv6 in brackets */
    unsigned port; /* that the kernel gave, where 0 was asked for */
};

/* atls_listener_open: listen is ADDR:PORT. Unless may_be_far, only an address
 * of loopback is taken. SETTING_INVALID. */
enum atls_reason ATLS_MUST_USE atls_listener_open(const char *listen,
                                                  bool may_be_far,
                                                  struct atls_listener *out,
                                                  struct atls_why *why);

#endif
