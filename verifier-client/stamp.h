/* SPDX-License-Identifier: Apache-2.0
 *
 * The files and folders that something was read from, each with what tells one
 * state of it from the next, so that a running process notices when one of them
 * is another. It says that they changed, never that what is there is good.
 */
#ifndef ATLS_STAMP_H
#define ATLS_STAMP_H

#include "bytes.h"

/* Members of folders that one look asks about: a folder itself tells of files
 * that come, go or are replaced, and those that are written in place can wait
 * for their turn. */
#define ATLS_STAMPS_TURN 64

struct atls_stamps; /* for one thread at a time */

/* atls_stamps_new: none yet; NULL: no memory. */
struct atls_stamps *atls_stamps_new(void);
void atls_stamps_free(struct atls_stamps *stamps);

/* atls_stamps_add: the file or folder at path, as it is now: to be called
 * before it is read, so that no stamp is ever too new. It need not exist.
 * is_member: of a folder that is added as well. false: no memory. */
bool ATLS_MUST_USE atls_stamps_add(struct atls_stamps *stamps, const char *path,
                                   bool is_member);

enum atls_stamps_state {
    ATLS_STAMPS_SAME,
    ATLS_STAMPS_CHANGED,
    ATLS_STAMPS_GONE /* the first is not there, or cannot be seen: nothing can
                        be read anew */
};

/* atls_stamps_look: at all but members, and at ATLS_STAMPS_TURN members. */
enum atls_stamps_state atls_stamps_look(struct atls_stamps *stamps);

#endif
