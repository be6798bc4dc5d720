/* SPDX-License-Identifier: Apache-2.0
 *
 * One datagram to the broker: its bytes, who sent them by the kernel's word,
 * and the socket that the reply goes to. What else came with it is closed.
 */
#ifndef ATLS_BROKER_LETTER_H
#define ATLS_BROKER_LETTER_H

#include <sys/types.h>

#include "bytes.h"

struct atls_letter {
    struct atls_view bytes; /* in the room that it was received into */
    pid_t pid;              /* of the sender; 0: the kernel did not say */
    uid_t uid;
    bool is_whole; /* nothing was cut off */
    int reply_to;  /* owned; -1: there is none that a reply may go to */
};

enum atls_letter_result {
    ATLS_LETTER_TAKEN,
    ATLS_LETTER_NONE,   /* just now */
    ATLS_LETTER_HUNG_UP /* there will be no other */
};

/* atls_letter_take: the next one that stands at fd; does not wait. */
enum atls_letter_result ATLS_MUST_USE
atls_letter_take(int fd, uint8_t *room, size_t size, struct atls_letter *out);

/* atls_letter_clear: closes what it owns. */
void atls_letter_clear(struct atls_letter *letter);

#endif
