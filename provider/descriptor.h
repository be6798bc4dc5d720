/* SPDX-License-Identifier: Apache-2.0
 *
 * A descriptor that outlives what its program does: high, so that nobody
 * closes it by chance, close-on-exec, and known by the identity of what it
 * refers to, because a daemon that closes all descriptors makes room for a
 * client's socket of the same number.
 */
#ifndef ATLS_DESCRIPTOR_H
#define ATLS_DESCRIPTOR_H

#include <stdbool.h>
#include <sys/types.h>

struct atls_descriptor {
    int fd; /* -1: none */
    dev_t device, special;
    ino_t inode;
};
#define ATLS_NO_DESCRIPTOR                                                     \
    {                                                                          \
        .fd = -1                                                               \
    }

/* atls_descriptor_open: opens path, with O_CLOEXEC besides flags. 0 or an
 * errno; errno itself stays. */
int atls_descriptor_open(const char *path, int flags,
                         struct atls_descriptor *out);
/* atls_descriptor_take: the same with a descriptor that is open already; it is
 * moved, and closed in any case. */
int atls_descriptor_take(int fd, struct atls_descriptor *out);

/* atls_descriptor_is_ours: it still refers to what was opened. */
bool atls_descriptor_is_ours(const struct atls_descriptor *descriptor);

/* atls_descriptor_copy: another one for the same. 0 or an errno, EBADF when it
 * is no longer ours. */
int atls_descriptor_copy(const struct atls_descriptor *descriptor,
                         struct atls_descriptor *out);

/* atls_descriptor_close: unless it has become somebody else's. */
void atls_descriptor_close(struct atls_descriptor *descriptor);

#endif
