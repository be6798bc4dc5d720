/* SPDX-License-Identifier: Apache-2.0
 *
 * Loopback sockets of the relay's programs: blocking, with a deadline, so that
 * a test that went wrong ends.
 */
#ifndef ATLS_TEST_NET_H
#define ATLS_TEST_NET_H

#include <stdbool.h>

/* net_listen: address is HOST:PORT, port 0 lets the kernel pick; prints
 * "listening HOST:PORT" on stdout. A descriptor, or -1 after a complaint. */
int net_listen(const char *address);

/* net_accept, net_connect: a connected descriptor, or -1 after a complaint. */
int net_accept(int listener);
int net_connect(const char *address);

#endif
