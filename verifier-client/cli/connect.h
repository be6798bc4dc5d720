/* SPDX-License-Identifier: Apache-2.0
 *
 * A TCP connection to HOST:PORT, and what must be said on it before TLS. Every
 * wait ends at one deadline.
 */
#ifndef ATLS_CLI_CONNECT_H
#define ATLS_CLI_CONNECT_H

#include "why.h"

struct atls_target {
    char host[256], port[16];
    bool is_address; /* the host is an IP address */
};

/* atls_target_parse: HOST:PORT, [IPv6]:PORT; false: neither. */
bool ATLS_MUST_USE atls_target_parse(const char *text, struct atls_target *out);

/* atls_connect_deadline: of the monotonic clock, ms. */
int64_t atls_connect_deadline(unsigned timeout_s);

/* atls_connect_wait: until fd can be read (or written), or the deadline. */
bool atls_connect_wait(int fd, bool to_write, int64_t deadline_ms);

/* atls_connect_open: a connected, non-blocking descriptor, or -1 and *why
 * (ABANDONED: nobody answered). */
int atls_connect_open(const struct atls_target *target, int64_t deadline_ms,
                      struct atls_why *why);

/* atls_connect_start_tls: speaks protocol ("postgres", "smtp", "imap") up to
 * where TLS begins. SETTING_INVALID: no such protocol; ABANDONED. */
enum atls_reason ATLS_MUST_USE atls_connect_start_tls(int fd,
                                                      const char *protocol,
                                                      int64_t deadline_ms,
                                                      struct atls_why *why);

#endif
