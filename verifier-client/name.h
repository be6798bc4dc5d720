/* SPDX-License-Identifier: Apache-2.0
 *
 * Host names and IP addresses, as a rule's "name" writes them.
 */
#ifndef ATLS_NAME_H
#define ATLS_NAME_H

#include <stdbool.h>

/* atls_name_is_pattern: a host in ASCII, "*." and a host, or an IP. */
bool atls_name_is_pattern(const char *text);

/* atls_name_matches: host or IP against a pattern: ASCII without regard to
 * case, "*." is exactly one leftmost label, IPs by value. */
bool atls_name_matches(const char *pattern, const char *name);

#endif
