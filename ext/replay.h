/* SPDX-License-Identifier: Apache-2.0
 *
 * ClientHellos that were answered with Evidence lately. A recorded one costs
 * its sender nothing and us a quote, so a client random that comes again gets
 * none: no honest client repeats one (RFC 9846, 4.1.2). Who makes a fresh
 * ClientHello each time is held back by the attester's share alone.
 */
#ifndef ATLS_REPLAY_H
#define ATLS_REPLAY_H

#include <openssl/ssl.h>

#include "bytes.h"

#define ATLS_REPLAY_KEPT 256 /* client randoms, the latest of this process */

/* atls_replay_is_again: whether this random is among the latest; from now on
 * it is. */
bool atls_replay_is_again(const uint8_t random[SSL3_RANDOM_SIZE]);

#endif
