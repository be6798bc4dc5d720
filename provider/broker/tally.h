/* SPDX-License-Identifier: Apache-2.0
 *
 * Who a quote is for, as the log names them: each user and role (server, client
 * or delegate) once, with how often he is in it, so that nobody is lost in a
 * crowd.
 */
#ifndef ATLS_BROKER_TALLY_H
#define ATLS_BROKER_TALLY_H

#include "provider/broker/queue.h"

#define ATLS_TALLY_MAX_NAMED 12 /* users and roles in one text */
#define ATLS_TALLY_TEXT      (ATLS_TALLY_MAX_NAMED * 40)

/* atls_tally_name: "pid 7 uid 33 server, 40 of uid 34 client": those of the
 * list that have not been named yet, as many as one text names. false: all have
 * been. */
bool atls_tally_name(struct atls_pending *list, char text[ATLS_TALLY_TEXT]);

#endif
